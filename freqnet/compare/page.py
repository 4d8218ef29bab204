"""A comparison as one HTML file that needs nothing else."""

from __future__ import annotations

from html import escape

from freqnet.compare import plots
from freqnet.compare.figures import Compared
from freqnet.compare.tables import error_columns, error_rows, failures, figure_rows
from freqnet.report.style import to_svg
from freqnet.report.template import figure, page, section, table, tiles


def compare_page(compared: Compared) -> str:
    """Return the page of a comparison."""
    names = [domain.domain for domain in compared.domains]
    title = f"{compared.dataset}: {' and '.join([', '.join(names[:-1]), names[-1]] if len(names) > 1 else names)}"
    seeds = len({outcome.seed for outcome in compared.outcomes})
    lead = (
        f"The same networks, trained in {len(names)} domain{'s' if len(names) > 1 else ''} from {seeds} "
        f"seed{'s' if seeds > 1 else ''} each: the runs of a seed share weights, split, order and optimiser. "
        "Runs side by side share the machine; their times are longer than those of runs alone."
    )
    best = [(d.domain, "failed" if d.accuracy is None else f"{d.accuracy:.2%}") for d in compared.domains]
    header = f'<header>\n<h1>{escape(title)}</h1>\n<p class="quiet">{escape(lead)}</p>\n{tiles(best)}\n</header>'
    return page(title, "\n".join([header, *_failed(compared), *_sections(compared), _options(compared)]))


def _sections(compared: Compared) -> list[str]:
    names = [domain.domain for domain in compared.domains]
    curves = figure(to_svg(plots.learning_curves(compared), "curves"), "Accuracy over epochs and seconds, by domain.")
    dots = figure(to_svg(plots.accuracies_and_times(compared), "dots"), "Accuracy and time of a step, by domain.")
    errors = figure(to_svg(plots.errors(compared), "errors"), "Errors of operations by domain; the table has them.")
    own = table([("", False), *((name, True) for name in names)], _cells(figure_rows(compared)))
    columns = [(name, index > 0) for index, name in enumerate(error_columns(compared))]
    level = "" if compared.level is None else f" All runs reach {compared.level:.0%}."
    return [
        section("figures", "Figures", "Means over the seeds; memory is the most that a process held.", own),
        section("accuracy", "Accuracy and time", "Each seed is a dot, the mean a line.", dots),
        section("learning", "Learning curves", f"Means over the seeds, and their spread.{level}", curves),
        section(
            "errors",
            "Operations",
            "The largest difference from the same operation on samples in double precision, on a small random signal, "
            "from samples to samples. In double precision samples are what is compared with.",
            errors,
            table(columns, _cells(error_rows(compared))),
        ),
    ]


def _failed(compared: Compared) -> list[str]:
    lines = [f'<li class="free">{escape(line)}</li>' for line in failures(compared)]
    return [section("failed", "Runs that failed", "", f"<ul>{''.join(lines)}</ul>")] if lines else []


def _options(compared: Compared) -> str:
    options = compared.as_dict()["options"]
    rows = [[escape(name.replace("_", " ")), escape(_value(value))] for name, value in options.items()]
    own = section("options", "Options of every run", "", table([("name", False), ("value", False)], rows))
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
