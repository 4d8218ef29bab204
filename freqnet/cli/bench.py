"""The command ``freqnet bench``: print each row as it is measured, and write all rows to files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from freqnet.benchmarks import GROUPS, Plan, Row, machine, run, write_rows
from freqnet.benchmarks.guard import ALLOWED, check, is_disturbed
from freqnet.benchmarks.plots import save
from freqnet.benchmarks.timing import torch_or_none
from freqnet.cli.console import print_table, say
from freqnet.cli.interrupt import Interrupted
from freqnet.errors import ConfigurationError, got_expected
from freqnet.kernels.threads import MOST_THREADS
from freqnet.training.files import check_target


def bench(quick: bool, choices: dict[str, Any], only: str | None, out: Path, figures: Path | None) -> None:
    """Run the chosen groups, and write the measured rows, also after an interrupt."""
    plan, groups = _plan(quick, choices), _groups(only)
    if all(plan.leaves_out(group) for group in groups):
        got, todo = f"--only {only}, which takes minutes", "leave out --quick, or name another group"
        raise ConfigurationError(got_expected("--quick", got, "a group that is quick", todo))
    _check_target(out)
    if figures is not None and not figures.is_dir():
        got = "a file" if figures.exists() else "no such folder"
        raise ConfigurationError(
            got_expected(f"--figures {figures}", got, "a folder that exists", "make the folder first")
        )
    about = machine(plan)
    say(
        f"{about['processor']}, {plan.threads} thread{'s' if plan.threads > 1 else ''}, kernels: {about['kernel']} "
        f"({about['instructions']}), BLAS: {about['blas']}"
    )
    say(f"{'group':9s}  {'what':40s} {'freqnet':>10s}   {'beside':36s} {'takes':>10s}    ratio")
    if torch_or_none() is None:
        say("PyTorch is not installed: rows against it are left out (pip install 'freqnet[bench]')")
    if "accuracy" in groups and not plan.leaves_out("accuracy"):
        say("accuracy: trains every network on several splits, which takes minutes before its rows come")
    rows: list[Row] = []
    stopped = False
    try:
        for row in run(plan, groups):
            rows.append(row)
            times = f"{_seconds(row):>10s}   {row.peer:36s} {_seconds(row, peer=True):>10s}"
            say(f"{row.group:9s}  {row.name:40s} {times}  {row.ratio:7.2f}x")
    except Interrupted:
        stopped = True
    finally:
        if rows:
            write_rows(out, rows, about)
            say(f"\n{len(rows)} rows in {out} and {out.with_suffix('.csv')}")
            if figures is not None:
                say(f"figures: {', '.join(map(str, save(rows, figures)))}")
    if stopped:
        raise Interrupted(f"interrupted; {len(rows)} rows were measured{' and are kept' if rows else ''}")
    if not rows:
        say("no rows: these groups are measured beside PyTorch alone, memory on Linux alone; name others with --only")


def check_records(quick: bool, choices: dict[str, Any]) -> None:
    """Print the kernels that became slower: they lost more than a quarter of their share of the machine's GEMM rate."""
    say("measuring every kernel, which takes a minute or two")
    findings = check(_plan(quick, choices))
    table = [
        (f.name, f"{f.share:.2f}", "new" if f.recorded is None else f"{f.recorded:.2f}", "slower" if f.fell else "ok")
        for f in findings
    ]
    print_table("share of the machine's own float32 GEMM rate", table, ("kernel", "now", "recorded", "verdict"))
    if is_disturbed(findings):
        say(
            "shares lie well above the records: the machine is busy, and a slower kernel may hide; run this again later"
        )
    fell = [f.name for f in findings if f.fell]
    if fell:
        say(f"slower than {ALLOWED:.0%} of the record: {', '.join(fell)}")
        raise typer.Exit(1)
    known = sum(f.recorded is not None for f in findings)
    say(f"{known} of {len(findings)} kernels have a record for this kind of machine; none lost more than a quarter")


def _plan(quick: bool, choices: dict[str, Any]) -> Plan:
    for name in ("threads", "seeds"):
        if not 1 <= choices.get(name, 1) <= MOST_THREADS:
            raise ConfigurationError(got_expected(name, choices[name], f"1 to {MOST_THREADS}", f"pass --{name} 1"))
    return Plan(quick=quick, **choices)


def _groups(only: str | None) -> list[str]:
    if only is None:
        return list(GROUPS)
    names = list(dict.fromkeys(name.strip() for name in only.split(",")))
    for name in names:
        if name not in GROUPS:
            raise ConfigurationError(got_expected("group", repr(name), " or ".join(GROUPS), "leave --only out for all"))
    return names


def _check_target(out: Path) -> None:
    """Check before the work that its result can be written."""
    if out.suffix == ".csv":
        got = "the name of the CSV file"
        raise ConfigurationError(got_expected(f"--out {out}", got, "the name of a JSON file", "end it in .json"))
    for path in (out, out.with_suffix(".csv")):
        check_target(path)


def _seconds(row: Row, peer: bool = False) -> str:
    value = row.peer_s if peer else row.freqnet_s
    if row.group == "memory":
        return f"{value:.0f} MiB"
    unit, factor = next(((u, f) for u, f in (("s", 1), ("ms", 1e3)) if value * f >= 1), ("us", 1e6))
    return f"{value * factor:.3g} {unit}"
