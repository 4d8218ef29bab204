"""Figures of what a Laplace domain loses, or keeps, with its number of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.compare.plots import dot, line
from freqnet.compare.sizes import GROWTH, KINDS, OF_SIZE, SizeErrors, conditions_by_size
from freqnet.compare.tables import names
from freqnet.report.style import INK, WIDTH, message, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from freqnet.compare.figures import Compared, DomainFigures

_SLOPES = {"chebyshev": "(1 + √2)^N", "chebyshev-positive": "(3 + 2√2)^N"}
# Nothing of a signal is left where the error is as large as it is.
_LOST = 10.0


@styled
def conditions() -> Figure:
    """Draw the condition number against the number of nodes, for every family, with the growth that is known."""
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
        # From the curve's own height: what is known is the growth.
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
    """Draw the errors of operations against the number of samples, a panel for each precision."""
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
def accuracies_of_nodes(compared: Compared) -> Figure:
    """Draw test accuracy against the number of nodes along an axis: each seed a dot, the mean a line."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
    panel = figure.subplots()
    counts: set[int] = set()
    every = list(dict.fromkeys(row.domain for row in compared.by_nodes))
    for order, domain in enumerate(every):
        index = [row.domain for row in compared.domains].index(domain)
        rows = [row for row in (*compared.by_nodes, *compared.domains) if row.domain == domain and row.accuracies]
        shown = sorted((along(row), row.accuracies) for row in rows)
        # Dots of equal values stay apart.
        offset = 0.1 * (order - (len(every) - 1) / 2)
        places = [place + offset for place, values in shown for _ in values]
        panel.plot(places, [100 * v for _, values in shown for v in values], linestyle="", alpha=0.6, **dot(index))
        panel.plot([n for n, _ in shown], [100 * float(np.mean(v)) for _, v in shown], **line(index))
        panel.plot([], [], label=names(compared)[index], **{**dot(index), **line(index)})
        counts |= {place for place, _ in shown}
    if not counts:
        return message("No run is complete.")
    panel.set(xlabel="nodes along an axis", ylabel="test accuracy, %")
    panel.set_xticks(sorted(counts))
    panel.grid(True)
    figure.legend(loc="outside upper center", ncols=4, handlelength=3.5)
    return figure


def along(row: DomainFigures) -> int:
    """How many nodes there are along the longest axis."""
    return row.nodes or max(int(n) for n in (row.kept or "0").split()[0].split("x"))


def _powers(panel: Any, xlabel: str, ylabel: str, limits: tuple[float, float]) -> None:
    panel.set(yscale="log", xlabel=xlabel, ylabel=ylabel, ylim=limits)
    # The formatter of logarithms writes mathematics, which is off here.
    panel.yaxis.set_major_formatter("{x:g}")
    panel.grid(True)
