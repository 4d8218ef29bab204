"""The command ``freqnet lr-range``: run a learning-rate range test, and write its table and its plot."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from freqnet.cli.console import complain, counted, print_table, say
from freqnet.errors import ConfigurationError, got_expected
from freqnet.experiments import Job
from freqnet.experiments.execute import untrained
from freqnet.experiments.job import slug
from freqnet.plot import plot_range_test
from freqnet.plot.style import styled
from freqnet.training import CSV, RangeTest, learning_rate_range_test
from freqnet.training.files import check_folder, check_target, write_atomically

TABLE, PLOT = "lr-range.csv", "lr-range.png"


def show_range(job: Job, out: Path | None, low: float, high: float, steps: int) -> RangeTest:
    """Test the rates, print what they tell, and write the table and the plot to a folder."""
    plan, network, train, _ = untrained(job)
    out = out or Path("runs") / f"{slug(plan.info['dataset'])}-lr-range"
    _make_folder(out)
    with counted() as progress:
        show = lambda done, total: progress("steps", done, total)
        found = learning_rate_range_test(network, train, plan.settings, low=low, high=high, steps=steps, progress=show)
    CSV(out / TABLE).write(found.rows())
    write_atomically(out / PLOT, _picture(found))
    _show(found, plan.info["dataset"], job)
    say(f"{out}: {TABLE}, {PLOT}")
    return found


def _make_folder(out: Path) -> None:
    """Make the folder before the work; the files of an earlier test in it will be replaced."""
    check_folder(out, overwrite=True)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        got, todo = error.strerror or error, "choose another folder"
        raise ConfigurationError(got_expected(f"output {out}", got, "a folder that can be written to", todo)) from error
    for name in (TABLE, PLOT):
        check_target(out / name)


@styled
def _picture(found: RangeTest) -> bytes:
    """Return the plot as a PNG file."""
    from matplotlib.figure import Figure

    figure, data = Figure(figsize=(6.0, 3.6), layout="constrained"), io.BytesIO()
    plot_range_test(found, figure.subplots())
    figure.savefig(data, format="png")
    return data.getvalue()


def _show(found: RangeTest, name: str, job: Job) -> None:
    """Print the rates that the test tells, and the command that trains with the suggested one."""
    rates = {
        "steepest descent": found.steepest,
        "lowest loss": found.lowest,
        "diverged": found.highest,
        "suggested peak": found.suggestion,
    }
    rows = [(label, "-" if rate is None else f"{rate:.3g}") for label, rate in rates.items()]
    print_table(f"learning rates on {name}, {len(found.rates)} steps", rows)
    if found.remark:
        complain(f"note: {found.remark}")
    if found.suggestion is not None:
        settings = {**job.settings, "learning_rate": float(f"{found.suggestion:.2g}")}
        say(f"train with it: {replace(job, settings=settings).command()}")
