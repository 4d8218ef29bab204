"""The command ``freqnet bench``: print each row as it is measured, and write all rows to files; the check of speed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from freqnet.benchmarks import GROUPS, Plan, Row, machine, run, write_rows, write_table
from freqnet.benchmarks.guard import ALLOWED, Finding, check, is_disturbed
from freqnet.benchmarks.plots import save
from freqnet.benchmarks.ratios import Ratio, ratios
from freqnet.benchmarks.timing import missing_peers
from freqnet.cli.console import print_table, say
from freqnet.cli.interrupt import Interrupted
from freqnet.errors import ConfigurationError, got_expected, how_to_install
from freqnet.kernels.threads import MOST_THREADS
from freqnet.training.files import check_folder, check_target, write_json

RECORD, TABLE = "bench.json", "bench.csv"


def bench(quick: bool, choices: dict[str, Any], only: str | None, out: Path | None, json_file: Path | None) -> None:
    """Run the chosen groups, and write the measured rows, also after an interrupt."""
    plan, groups = _plan(quick, choices), _groups(only)
    if all(plan.leaves_out(group) for group in groups):
        got, todo = f"--only {only}, which takes minutes", "leave out --quick, or name another group"
        raise ConfigurationError(got_expected("--quick", got, "a group that is quick", todo))
    if out is not None:
        _check_folder(out)
    about = machine(plan)
    _introduce(plan, groups, about)
    rows: list[Row] = []
    stopped = False
    try:
        for row in run(plan, groups):
            rows.append(row)
            _show(row)
    except Interrupted:
        stopped = True
    finally:
        if rows:
            _write(rows, about, out, json_file)
    if any(row.is_disturbed for row in rows):
        say(
            "*: other programs used the machine meanwhile, and the ratio is not to be trusted; measure these rows again"
        )
    if stopped:
        raise Interrupted(f"interrupted; {len(rows)} rows were measured{' and are kept' if rows else ''}")
    if not rows:
        say("no rows: these groups need PyTorch, the compiled kernels or Linux; name others with --only")


def _introduce(plan: Plan, groups: list[str], about: dict[str, Any]) -> None:
    """Print the machine, what is left out, and the head of the table of rows."""
    say(
        f"{about['processor']}, {plan.threads} thread{'s' if plan.threads > 1 else ''}, kernels: {about['kernel']} "
        f"({about['instructions']}), BLAS: {about['blas']}"
    )
    say(f"{'group':9s}  {'what':40s} {'freqnet':>10s}   {'beside':36s} {'takes':>10s}    ratio")
    _tell_missing()
    if "accuracy" in groups and not plan.leaves_out("accuracy"):
        say("accuracy: trains every network on several splits, which takes minutes before its rows come")


def _tell_missing() -> None:
    for name, extra in missing_peers().items():
        say(f"{name} is not installed: rows that need it are left out; {how_to_install(extra)}")


def _show(row: Row) -> None:
    times = f"{_seconds(row):>10s}   {row.peer:36s} {_seconds(row, peer=True):>10s}"
    say(f"{row.group:9s}  {row.name:40s} {times}  {row.ratio:7.2f}x{' *' if row.is_disturbed else ''}")


def _write(rows: list[Row], about: dict[str, Any], out: Path | None, json_file: Path | None) -> None:
    """Write the rows to the file, and with the figures to the folder; say where they are."""
    if json_file is not None:
        write_rows(json_file, rows, about)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_rows(out / RECORD, rows, about)
        write_table(out / TABLE, rows)
        save(rows, out)
    places = [str(json_file)] * (json_file is not None) + [f"the folder {out}"] * (out is not None)
    say(f"\n{len(rows)} rows in {' and '.join(places)}")


def check_speed(quick: bool, choices: dict[str, Any], json_file: Path | None) -> None:
    """Compare kernels with their records and networks with the wanted ratios; exit with 1 where one is missed."""
    plan = _plan(quick, choices)
    say("measuring every kernel, which takes a minute or two")
    findings = check(plan)
    _show_kernels(findings)
    say("measuring whole networks, which takes some minutes")
    found = list(ratios(plan))
    _show_ratios(found)
    if json_file is not None:
        record = {"machine": machine(plan), "kernels": list(map(asdict, findings)), "ratios": list(map(asdict, found))}
        write_json(json_file, record)
    if any(f.fell for f in findings) or any(ratio.missed for ratio in found):
        raise typer.Exit(1)


def _show_kernels(findings: list[Finding]) -> None:
    """Print the kernels, and which became slower: they lost more than a quarter of their share of the GEMM rate."""
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
    known = sum(f.recorded is not None for f in findings)
    if fell:
        say(f"slower than {ALLOWED:.0%} of the record: {', '.join(fell)}")
    else:
        say(f"{known} of {len(findings)} kernels have a record for this kind of machine; none lost more than a quarter")


def _show_ratios(found: list[Ratio]) -> None:
    """Print the ratios, how many are missed, and how many could not be decided."""
    table = [
        (
            ratio.name,
            "" if ratio.measured is None else f"{ratio.measured:.2f}",
            f"{'at most' if ratio.is_most else 'at least'} {ratio.wanted:g}",
            "undecided" if ratio.measured is None else "missed" if ratio.missed else "ok",
        )
        for ratio in found
    ]
    if table:
        print_table("ratios of whole networks", table, ("what", "measured", "wanted", "verdict"))
    _tell_missing()
    missed, open_ = (sum(row[-1] == verdict for row in table) for verdict in ("missed", "undecided"))
    say(f"{missed} of {len(found)} ratios are missed")
    if open_:
        say(f"{open_} are undecided, because other programs used the machine meanwhile; run this again when it is idle")


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


def _check_folder(out: Path) -> None:
    """Check before the work that its results can be written; files of an earlier measurement are replaced."""
    if out.suffix == ".json":
        todo = f"pass --json {out} for a file alone"
        raise ConfigurationError(got_expected(f"--out {out}", "the name of a file", "a folder", todo))
    check_folder(out, resume=False, overwrite=True)
    for name in (RECORD, TABLE):
        if out.is_dir():
            check_target(out / name)


def _seconds(row: Row, peer: bool = False) -> str:
    value = row.peer_s if peer else row.freqnet_s
    if row.group == "memory":
        return f"{value:.0f} MiB"
    unit, factor = next(((u, f) for u, f in (("s", 1), ("ms", 1e3)) if value * f >= 1), ("us", 1e6))
    return f"{value * factor:.3g} {unit}"
