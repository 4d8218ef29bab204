"""Figures of a comparison: a colour and a line style for each domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.errors import ConfigurationError, got_expected
from freqnet.experiments.figures import Compared, DomainFigures, step_milliseconds
from freqnet.experiments.operations import OPERATIONS
from freqnet.experiments.sizes import GROWTH, KINDS, OF_SIZE, PRECISIONS, SizeErrors, conditions_by_size
from freqnet.experiments.tables import names
from freqnet.plot.panels import given_axes, new_axes
from freqnet.plot.style import BLUE, INK, ORANGE, WIDTH, message, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Dashes and markers distinguish the domains as well: curves may coincide, and some readers do not see the colours.
LINES: tuple[tuple[str, Any, str], ...] = (
    (BLUE, "-", "o"),
    (ORANGE, (0, (3, 2)), "s"),
    ("#1b9e77", (0, (6, 1.5, 1, 1.5)), "^"),
    ("#b04fa0", (0, (1, 1.2)), "D"),
    ("#5a5f69", (0, (9, 2)), "v"),
    ("#d1495b", (0, (4, 1.5, 1, 1.5, 1, 1.5)), "P"),
    ("#58b4e5", (0, (2, 3)), "X"),
    ("#9a8700", (0, (12, 2, 2, 2)), "*"),
)


def line(index: int) -> dict[str, Any]:
    """Return the colour and the dashes of a domain."""
    colour, dashes, _ = LINES[index % len(LINES)]
    return {"color": colour, "linestyle": dashes}


def dot(index: int) -> dict[str, Any]:
    """Return the colour and the marker of a domain."""
    colour, _, marker = LINES[index % len(LINES)]
    # A star needs a larger size to look as large as the others.
    return {"color": colour, "marker": marker, "markersize": 8 if marker == "*" else 5.5}


@styled
def learning_curves(compared: Compared) -> Figure:
    """Draw the score over the epochs, and over the seconds, in a figure that fits the page."""
    from matplotlib.figure import Figure

    if not any(compared.of(domain.domain) for domain in compared.domains):
        return message("No run is complete.")
    figure = Figure(figsize=(WIDTH, 3.4), layout="constrained")
    panels = plot_learning(compared, figure.subplots(1, 2, sharey=True))
    panels[0].get_legend().remove()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4, handlelength=3.5)
    return figure


def plot_learning(compared: Compared, axes: Any = None) -> np.ndarray:
    """Draw the score over the epochs and over the seconds of training: means over the seeds, and their spread.

    Parameters
    ----------
    compared : Compared
    axes : array of matplotlib.axes.Axes, optional
        The two axes to draw on; by default those of a new figure.

    Returns
    -------
    numpy.ndarray
        The axes, ``(2,)``.

    Raises
    ------
    ConfigurationError
        No run is complete, or `axes` are not two.

    Examples
    --------
    >>> import tempfile
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> from matplotlib.figure import Figure
    >>> from freqnet.experiments import Comparison, compare, plot_learning
    >>> small = dict(model={"widths": (4, 4, 4)}, settings={"epochs": 2})
    >>> with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as executor:
    ...     found = compare(Comparison("digits", ("fourier",), (0,), folder, **small), executor)
    >>> [ax.get_xlabel() for ax in plot_learning(found, Figure().subplots(1, 2))]
    ['epoch', 'seconds of training']
    """
    runs = {name: compared.of(d.domain) for name, d in zip(names(compared), compared.domains, strict=True)}
    if not any(runs.values()):
        got, todo = "no complete run", "see the reasons in compared.domains"
        raise ConfigurationError(got_expected("comparison", got, "at least one", todo))
    panels = new_axes(2, (4.2, 3.0)) if axes is None else given_axes(axes, 2, "unit of time")
    factor = 1.0 if compared.watched == "loss" else compared.task.factor
    for index, (domain, own) in enumerate(runs.items()):
        if not own:
            continue
        # Runs that patience ended early are shorter: average up to the end of the shortest.
        count = min(len(outcome.history) for outcome in own)
        table = factor * np.array([[row[compared.watched] for row in o.history[:count]] for o in own])
        seconds = np.cumsum([[row["seconds"] for row in o.history[:count]] for o in own], axis=1).mean(axis=0)
        for panel, x in zip(panels, (np.arange(1, count + 1), seconds), strict=True):
            # Markers of different domains are at different epochs.
            every = max(1, count // 6)
            own_marks = {"markevery": (index % every, every), **dot(index)}
            panel.plot(x, table.mean(axis=0), label=domain, **{**own_marks, **line(index)})
            low, high = table.min(axis=0), table.max(axis=0)
            panel.fill_between(x, low, high, color=line(index)["color"], alpha=0.15, linewidth=0)
            panel.grid(True, alpha=0.3)
    kind = "validation" if compared.watched.startswith("validation") else "training"
    panels[0].set(xlabel="epoch", ylabel=f"{kind} {'loss' if compared.watched == 'loss' else compared.task.unit}")
    panels[0].xaxis.get_major_locator().set_params(integer=True)
    panels[1].set(xlabel="seconds of training")
    panels[1].set_xlim(left=0)
    panels[0].legend(handlelength=3.5)
    return panels


@styled
def scores_and_times(compared: Compared) -> Figure:
    """Draw the test score and the time of a step: one dot per seed, and a line at the mean."""
    from matplotlib.figure import Figure

    shown = names(compared)
    figure = Figure(figsize=(WIDTH, 1.3 + 0.42 * len(shown)), layout="constrained")
    score, time = figure.subplots(1, 2, sharey=True)
    task = compared.task
    for index, domain in enumerate(compared.domains):
        runs = compared.of(domain.domain)
        _dots(score, index, [task.factor * outcome.metrics[f"test_{task.score}"] for outcome in runs])
        _dots(time, index, [step_milliseconds(outcome) for outcome in runs])
    score.set(xlabel=f"test {task.unit}", ylim=(len(shown) - 0.4, -0.6))
    score.set_yticks(range(len(shown)), shown)
    time.set(xlabel="milliseconds a training step")
    time.set_xlim(left=0)
    for panel in (score, time):
        panel.grid(True, axis="x")
        panel.tick_params(axis="y", length=0)
    return figure


def _dots(panel: Any, place: int, values: list[float]) -> None:
    if values:
        # Dots of equal values are drawn beside each other.
        offsets = 0.16 * (np.arange(len(values)) - (len(values) - 1) / 2) / max(1, len(values) - 1)
        panel.plot(values, place + offsets, linestyle="", alpha=0.8, **dot(place))
        panel.vlines(np.mean(values), place - 0.28, place + 0.28, color=dot(place)["color"], linewidth=2)


@styled
def errors(compared: Compared) -> Figure:
    """Draw the error of every operation: float32 filled, float64 hollow."""
    from matplotlib.figure import Figure

    count = len(compared.domains)
    figure = Figure(figsize=(WIDTH, 1.3 + len(OPERATIONS) * max(0.36, 0.09 * count)), layout="constrained")
    panel = figure.subplots()
    for index, domain in enumerate(compared.domains):
        offset = 0.6 * (index - (count - 1) / 2) / max(1, count)
        for kind in KINDS:
            _errors_of(panel, domain.operation_errors[kind], offset, kind == "float32", index)
        # An empty curve is the entry of the legend.
        panel.plot([], [], linestyle="", label=names(compared)[index], **dot(index))
    for precision in PRECISIONS:
        panel.axvline(float(np.finfo(precision).eps), color=INK, linewidth=0.8, linestyle=":")
    text = "largest error, relative to the largest value; filled: float32, hollow: float64; dotted: the spacing at 1"
    panel.set(xscale="log", xlabel=text)
    # The logarithmic formatter would write TeX, which is off: class names may contain its signs.
    panel.xaxis.set_major_formatter("{x:g}")
    panel.set_yticks(np.arange(len(OPERATIONS)), list(OPERATIONS))
    panel.tick_params(axis="y", length=0)
    panel.invert_yaxis()
    panel.grid(True, axis="x")
    figure.legend(loc="outside upper center", ncols=min(count, 4))
    return figure


def _errors_of(panel: Any, errors: dict[str, float], offset: float, is_filled: bool, index: int) -> None:
    """Draw a domain's errors in one precision; exact results cannot be drawn on a logarithmic axis."""
    shown = [(place + offset, errors[name]) for place, name in enumerate(OPERATIONS) if errors.get(name)]
    if shown:
        places, values = zip(*shown, strict=True)
        face = {} if is_filled else {"markerfacecolor": "none"}
        panel.plot(values, places, linestyle="", **dot(index), **face)


# -- domains of nodes, by their number of nodes --------------------------------------------------------------
_SLOPES = {"chebyshev": "(1 + √2)^N", "chebyshev-positive": "(3 + 2√2)^N"}
# At an error of this size no digit of a signal is correct.
_LOST = 10.0


@styled
def conditions() -> Figure:
    """Draw the condition number against the number of nodes for every family, with the known growth."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.8), layout="constrained")
    panel = figure.subplots()
    found = conditions_by_size()
    places = np.arange(1, 1 + max(map(len, found.values())))
    named = {"fourier, hartley": (1.0,) * len(places), **found}
    for index, (family, values) in enumerate(named.items()):
        text = "rates, 0.25 apart" if family == "rates" else family
        panel.plot(places, values, label=text, markevery=4, **{**dot(index), **line(index)})
    for family, growth in GROWTH.items():
        # The line starts on the curve: only the growth is known.
        half = len(places) // 2
        slope = found[family][half] * growth ** (places - places[half]).astype(float)
        panel.plot(places, slope, color=INK, linewidth=0.8, linestyle=":")
        panel.annotate(_SLOPES[family], (places[-1], slope[-1]), xytext=(5, 0), textcoords="offset points", va="center")
    for kind in KINDS:
        limit = 1 / float(np.finfo(kind).eps)
        panel.axhline(limit, color=INK, linewidth=0.8, alpha=0.5)
        panel.annotate(f"1 / spacing of {kind}", (1, limit), xytext=(4, 3), textcoords="offset points")
    _powers(panel, "nodes N, on N samples", "condition number", (0.3, 1e26))
    panel.set_xlim(1, places[-1] * 1.12)
    panel.set_xticks([1, *range(4, 1 + len(places), 4)])
    figure.legend(loc="outside upper center", ncols=4, handlelength=3.5)
    return figure


@styled
def errors_of_sizes(rows: tuple[SizeErrors, ...]) -> Figure:
    """Draw the errors of operations against the number of samples, one panel per precision."""
    from matplotlib.figure import Figure

    if not rows:
        return message("Too few nodes are given for these samples.")
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True, sharex=True)
    for panel, kind in zip(panels, KINDS, strict=True):
        own, unit = [row for row in rows if row.precision == kind], float(np.finfo(kind).eps)
        for index, name in enumerate(OF_SIZE):
            shown = [(row.samples, row.errors[name]) for row in own if row.errors.get(name)]
            if shown:
                panel.plot(*zip(*shown, strict=True), label=name, **{**dot(index), **line(index)})
        lost = [row.condition_number * unit for row in own]
        label = "condition number times spacing"
        panel.plot([row.samples for row in own], lost, color=INK, linewidth=0.8, linestyle=":", label=label)
        ylabel = "largest error, relative" if kind == KINDS[0] else ""
        _powers(panel, "samples, and nodes", ylabel, (1e-17, _LOST))
        panel.set_xticks(sorted({row.samples for row in rows}))
        panel.set_title(kind)
    handles = {text: h for panel in panels for h, text in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=3, handlelength=3.5)
    return figure


@styled
def scores_of_nodes(compared: Compared) -> Figure:
    """Draw the test score against the number of nodes along an axis: one dot per seed, and a line through the means."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    panel = figure.subplots()
    counts: set[int] = set()
    factor = compared.task.factor
    every = list(dict.fromkeys(row.domain for row in compared.by_nodes))
    for order, domain in enumerate(every):
        index = [row.domain for row in compared.domains].index(domain)
        rows = [row for row in (*compared.by_nodes, *compared.domains) if row.domain == domain and row.scores]
        shown = sorted((along(row), row.scores) for row in rows)
        # Dots of equal values are drawn beside each other.
        offset = 0.1 * (order - (len(every) - 1) / 2)
        places = [place + offset for place, values in shown for _ in values]
        panel.plot(places, [factor * v for _, values in shown for v in values], linestyle="", alpha=0.6, **dot(index))
        panel.plot([n for n, _ in shown], [factor * float(np.mean(v)) for _, v in shown], **line(index))
        panel.plot([], [], label=names(compared)[index], **{**dot(index), **line(index)})
        counts |= {place for place, _ in shown}
    if not counts:
        return message("No run is complete.")
    panel.set(xlabel="nodes along an axis", ylabel=f"test {compared.task.unit}")
    panel.set_xticks(sorted(counts))
    panel.grid(True)
    figure.legend(loc="outside upper center", ncols=4, handlelength=3.5)
    return figure


def along(row: DomainFigures) -> int:
    """Return the number of nodes along the longest axis."""
    return row.nodes or max(int(n) for n in (row.kept or "0").split()[0].split("x"))


def _powers(panel: Any, xlabel: str, ylabel: str, limits: tuple[float, float]) -> None:
    panel.set(yscale="log", xlabel=xlabel, ylabel=ylabel, ylim=limits)
    # The logarithmic formatter would write TeX, which is off.
    panel.yaxis.set_major_formatter("{x:g}")
    panel.grid(True)
