"""A comparison as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from freqnet.experiments import plots
from freqnet.experiments.figures import Compared
from freqnet.experiments.sizes import errors_by_size
from freqnet.experiments.tables import (
    SIZES,
    blocks,
    error_columns,
    failures,
    figure_rows,
    names,
    node_columns,
    node_rows,
    notes,
    size_rows,
)
from freqnet.report.cells import Cell, cell
from freqnet.report.page import Block, Page, Picture, Section, Table, render
from freqnet.report.run import reproduction

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
    best = [(d.domain, "failed" if d.score is None else compared.task.text(d.score)) for d in compared.domains]
    made = [_failed(compared), *_sections(compared), _nodes(compared), *_sizes(compared), _options(compared)]
    sections = [section for section in (*made, reproduction(compared.command or "")) if section is not None]
    return render(Page(title, lead, best, sections))


@cell.register
def _(compared: Compared) -> Cell:
    seeds = len({outcome.seed for outcome in compared.outcomes})
    parts: list[Table | Block] = [_table(("", *names(compared)), figure_rows(compared), 1)]
    for name, lines in (("Runs that failed", failures(compared)), ("Notes", notes(compared))):
        parts += [Block("heading", name), Block("list", lines)] if lines else []
    text = f"{compared.dataset}, means over {seeds} seed{'s' if seeds > 1 else ''}"
    return Cell("Comparison", text, parts)


def _sections(compared: Compared) -> list[Section | None]:
    score = compared.task.score
    curves = Picture(
        "curves", plots.learning_curves(compared), f"{score.capitalize()} over epochs and seconds, by domain."
    )
    dots = Picture("dots", plots.scores_and_times(compared), f"{score.capitalize()} and time of a step, by domain.")
    errors = Picture("errors", plots.errors(compared), "Errors of operations by domain; the table has them.")
    own = [_table(*part, 1) for part in blocks(("", *names(compared)), figure_rows(compared), _CHARACTERS)]
    level = f" All runs reach {compared.level_in_words}." if compared.level_in_words else ""
    return [
        Section("figures", "Figures", "Means over the seeds; memory is the peak of any process.", tuple(own)),
        _list("notes", "Notes", "Warnings while networks were made and trained.", notes(compared)),
        Section("score", f"{score.capitalize()} and time", "One dot per seed, and a line at the mean.", (dots,)),
        Section("learning", "Learning curves", f"Means over the seeds, and their spread.{level}", (curves,)),
        Section(
            "errors",
            "Operations",
            "The largest difference from the same operation on samples in double precision, on a small random signal, "
            "from samples to samples. Causal signals have zeros around them, and nothing wraps.",
            (errors, _table(*error_columns(compared), 2)),
        ),
    ]


def _nodes(compared: Compared) -> Section | None:
    """Return the section on the score by number of nodes, if the comparison varies that."""
    rows = node_rows(compared)
    if not rows:
        return None
    drawn = Picture("nodes", plots.scores_of_nodes(compared), "Score by number of nodes.")
    text = (
        "Node domains with fewer nodes, and the same seeds, splits and orders. One dot per seed; the line is the mean."
    )
    return Section("nodes", "Score and number of nodes", text, (drawn, _table(node_columns(compared), rows, 1)))


def _sizes(compared: Compared) -> list[Section]:
    """Return the sections on condition numbers and errors by size, if a Laplace domain is compared."""
    if not compared.laplace:
        return []
    conditions = Picture("conditions", plots.conditions(), "Condition numbers by number of nodes.")
    return [
        Section(
            "conditions",
            "Condition number and number of nodes",
            "The condition number is the factor by which the transform amplifies rounding. Waves are orthogonal; "
            "real nodes are not, and the dotted lines show the known growth of their condition numbers. Above the "
            "horizontal lines a precision does not represent signals at all.",
            (conditions,),
        ),
        Section(
            "sizes",
            "Errors and size",
            "Errors of operations on one axis with as many nodes as samples, from samples to samples, up to the "
            "largest size that each precision represents. Most errors grow with the condition number, those of "
            "products by the bilinear form with up to its cube, and those of products on samples (factored) do not.",
            tuple(_size_parts(compared)),
        ),
    ]


def _size_parts(compared: Compared) -> Iterator[Picture | Table | Block]:
    # Domains with the same nodes have the same errors: products are computed in both ways for each.
    found: dict[int, list[str]] = {}
    for name in compared.laplace:
        found.setdefault(id(errors_by_size(name)), []).append(name)
    for index, alike in enumerate(found.values()):
        rows, text = errors_by_size(alike[0]), ", ".join(alike)
        yield Block("heading", text)
        yield Picture(f"sizes{index}", plots.errors_of_sizes(rows), f"Errors by size in {text}.")
        if rows:
            yield _table(SIZES, size_rows(rows), 2, is_tall=True)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], first: int, is_tall: bool = False) -> Table:
    """Return a table whose numbers begin in column `first`."""
    cells = [[cell.strip() for cell in row] for row in rows]
    return Table([(name, index >= first) for index, name in enumerate(header)], cells, is_tall=is_tall)


def _failed(compared: Compared) -> Section | None:
    return _list("failed", "Runs that failed", "", failures(compared))


def _list(name: str, heading: str, text: str, lines: list[str]) -> Section | None:
    return Section(name, heading, text, (Block("list", lines),)) if lines else None


def _options(compared: Compared) -> Section:
    options = compared.as_dict()["options"]
    rows = [(name.replace("_", " "), _value(value)) for name, value in options.items()]
    return Section("options", "Choices of all runs", parts=(_table(("name", "value"), rows, 2),))


def _value(value: object) -> str:
    if value is None:
        return "default"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
