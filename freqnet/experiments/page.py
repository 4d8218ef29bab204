"""The page of a comparison: one HTML file without other files."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from freqnet.experiments import plots
from freqnet.experiments.figures import Compared
from freqnet.experiments.sizes import errors_by_size
from freqnet.experiments.tables import (
    NODES,
    SIZES,
    blocks,
    error_columns,
    failures,
    figure_rows,
    names,
    node_rows,
    notes,
    size_rows,
)
from freqnet.report.style import to_svg
from freqnet.report.template import figure, page, section, table, tiles

# Characters per row of a table that fit on the page.
_CHARACTERS = 125


def compare_page(compared: Compared) -> str:
    """Return the page of a comparison."""
    shown = names(compared)
    title = f"{compared.dataset}: {' and '.join([', '.join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)}"
    seeds = len({outcome.seed for outcome in compared.outcomes})
    lead = (
        f"The same networks, trained in {len(shown)} domain{'s' if len(shown) > 1 else ''} from {seeds} "
        f"seed{'s' if seeds > 1 else ''} each: the runs of a seed share weights, split, order and optimiser. "
        "Runs side by side share the machine; their times are longer than those of runs alone."
    )
    best = [(d.domain, "failed" if d.accuracy is None else f"{d.accuracy:.2%}") for d in compared.domains]
    header = f'<header>\n<h1>{escape(title)}</h1>\n<p class="quiet">{escape(lead)}</p>\n{tiles(best)}\n</header>'
    parts = [*_failed(compared), *_sections(compared), *_nodes(compared), *_sizes(compared), _options(compared)]
    return page(title, "\n".join([header, *parts]))


def _sections(compared: Compared) -> list[str]:
    curves = figure(to_svg(plots.learning_curves(compared), "curves"), "Accuracy over epochs and seconds, by domain.")
    dots = figure(to_svg(plots.accuracies_and_times(compared), "dots"), "Accuracy and time of a step, by domain.")
    errors = figure(to_svg(plots.errors(compared), "errors"), "Errors of operations by domain; the table has them.")
    parts = blocks(("", *names(compared)), figure_rows(compared), _CHARACTERS)
    own = "\n".join(_table(header, rows, 1) for header, rows in parts)
    header, rows = error_columns(compared)
    level = "" if compared.level is None else f" All runs reach {compared.level:.0%}."
    return [
        section("figures", "Figures", "Means over the seeds; memory is the peak of any process.", own),
        *_list("notes", "Notes", "Warnings while networks were made and trained.", notes(compared)),
        section("accuracy", "Accuracy and time", "One dot per seed, and a line at the mean.", dots),
        section("learning", "Learning curves", f"Means over the seeds, and their spread.{level}", curves),
        section(
            "errors",
            "Operations",
            "The largest difference from the same operation on samples in double precision, on a small random signal, "
            "from samples to samples. Causal signals have zeros around them, and nothing wraps.",
            errors,
            _table(header, rows, 2),
        ),
    ]


def _nodes(compared: Compared) -> list[str]:
    """Return the section on accuracy by number of nodes, if the comparison varies that."""
    rows = node_rows(compared)
    if not rows:
        return []
    drawn = figure(to_svg(plots.accuracies_of_nodes(compared), "nodes"), "Accuracy by number of nodes.")
    text = (
        "Node domains with fewer nodes, and the same seeds, splits and orders. One dot per seed; the line is the mean."
    )
    return [section("nodes", "Accuracy and number of nodes", text, drawn, _table(NODES, rows, 1))]


def _sizes(compared: Compared) -> list[str]:
    """Return the sections on condition numbers and errors by size, if a Laplace domain is compared."""
    if not compared.laplace:
        return []
    parts = []
    # Domains with the same nodes have the same errors: products are computed in both ways for each.
    found: dict[int, list[str]] = {}
    for name in compared.laplace:
        found.setdefault(id(errors_by_size(name)), []).append(name)
    for index, alike in enumerate(found.values()):
        rows, text = errors_by_size(alike[0]), ", ".join(alike)
        drawn = figure(to_svg(plots.errors_of_sizes(rows), f"sizes{index}"), f"Errors by size in {text}.")
        parts += [f"<h3>{escape(text)}</h3>", drawn, *([_table(SIZES, size_rows(rows), 2, tall=True)] if rows else [])]
    conditions = figure(to_svg(plots.conditions(), "conditions"), "Condition numbers by number of nodes.")
    return [
        section(
            "conditions",
            "Condition number and number of nodes",
            "The condition number is the factor by which the transform amplifies rounding. Waves are orthogonal; "
            "real nodes are not, and the dotted lines show the known growth of their condition numbers. Above the "
            "horizontal lines a precision does not represent signals at all.",
            conditions,
        ),
        section(
            "sizes",
            "Errors and size",
            "Errors of operations on one axis with as many nodes as samples, from samples to samples, up to the "
            "largest size that each precision represents. Most errors grow with the condition number, those of "
            "products by the bilinear form with up to its cube, and those of products on samples (factored) do not.",
            *parts,
        ),
    ]


def _table(header: Sequence[str], rows: list[tuple[str, ...]], first: int, tall: bool = False) -> str:
    """Return a table whose numbers begin in column `first`."""
    return table([(name, index >= first) for index, name in enumerate(header)], _cells(rows), tall=tall)


def _failed(compared: Compared) -> list[str]:
    return _list("failed", "Runs that failed", "", failures(compared))


def _list(name: str, heading: str, text: str, lines: list[str]) -> list[str]:
    """Return a section that lists lines, if there are any."""
    items = [f'<li class="free">{escape(line)}</li>' for line in lines]
    return [section(name, heading, text, f"<ul>{''.join(items)}</ul>")] if items else []


def _options(compared: Compared) -> str:
    options = compared.as_dict()["options"]
    rows = [[escape(name.replace("_", " ")), escape(_value(value))] for name, value in options.items()]
    own = section("options", "Choices of all runs", "", table([("name", False), ("value", False)], rows))
    if not compared.command:
        return own
    text = "The same command, data and versions give the same weights."
    return f"{own}\n" + section("reproduce", "How to reproduce", text, f"<pre>{escape(compared.command)}</pre>")


def _value(value: object) -> str:
    if value is None:
        return "default"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _cells(rows: list[tuple[str, ...]]) -> list[list[str]]:
    return [[escape(cell.strip()) for cell in row] for row in rows]
