"""The figures of a comparison as text: one row per figure, one column per domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from freqnet.experiments.figures import Compared, DomainFigures
from freqnet.experiments.operations import OPERATIONS
from freqnet.experiments.sizes import BILINEAR, KINDS, OF_SIZE, SizeErrors
from freqnet.plot.style import label
from freqnet.report.tables import exact

NONE = "-"


def figure_rows(compared: Compared) -> list[tuple[str, ...]]:
    """Return the name of every figure and its value in each domain."""
    text = compared.task.text
    columns: list[tuple[str, Callable[[DomainFigures], str]]] = [
        (f"test {compared.task.score}, mean", lambda d: _text(d.score, text)),
        ("  standard deviation", lambda d: _text(d.score_deviation, text)),
        ("  lowest", lambda d: _text(min(d.scores, default=None), text)),
        ("  highest", lambda d: _text(max(d.scores, default=None), text)),
        ("training time, s", lambda d: _text(d.train_seconds, "{:.2f}".format)),
        ("time per training step, ms", lambda d: _text(d.step_milliseconds, "{:.2f}".format)),
        (f"time to {compared.level_in_words or NONE}, s", lambda d: _text(d.seconds_to_level, "{:.2f}".format)),
        ("parameters", lambda d: _text(d.parameters, exact)),
        ("real multiply-adds of a prediction", lambda d: _text(d.multiply_adds, exact)),
        ("bytes per spectrum of an example", lambda d: _text(d.spectrum_bytes, exact)),
        ("peak memory of the process, MiB", lambda d: _text(d.peak_bytes, lambda n: f"{n / 2**20:.0f}")),
        ("kept at the input", lambda d: d.kept or NONE),
        ("condition number", lambda d: _text(d.condition_number, "{:.3g}".format)),
        ("precision", lambda d: d.precision or NONE),
        ("transforms inside the network", lambda d: _text(d.transforms, exact)),
        ("failed runs", _failed),
    ]
    return [(name, *(value(domain) for domain in compared.domains)) for name, value in columns]


def error_rows(compared: Compared, kinds: Sequence[str] = KINDS) -> list[tuple[str, ...]]:
    """Return the name of every operation and its error in each domain and precision."""
    found = [domain.operation_errors[kind] for domain in compared.domains for kind in kinds]
    return [(name, *(_text(errors.get(name), _error) for errors in found)) for name in OPERATIONS]


def names(compared: Compared) -> tuple[str, ...]:
    """Return the names of the domains as headers."""
    return short([domain.domain for domain in compared.domains])


def short(texts: Sequence[str], most: int = 30) -> tuple[str, ...]:
    """Shorten names that list many nodes, unless two names would become equal.

    >>> short(("fourier", "laplace:nodes=0.99,0.87,0.5,-0.5,-0.87,-0.99"))
    ('fourier', 'laplace:nodes=0.99,0.87,0.5,-…')
    """
    cut = tuple(label(text, most) for text in texts)
    return cut if len(set(cut)) == len(texts) else tuple(texts)


def blocks(
    header: tuple[str, ...], rows: Sequence[tuple[str, ...]], width: int
) -> list[tuple[tuple[str, ...], list[tuple[str, ...]]]]:
    """Split a table into tables of at most `width` characters, each with the first column; return headers and rows.

    >>> blocks(("", "a", "b"), [("row", "1", "2")], 12)
    [(('', 'a'), [('row', '1')]), (('', 'b'), [('row', '2')])]
    """
    # Three characters separate the columns.
    widths = [3 + max(map(len, column)) for column in zip(header, *rows, strict=True)]
    groups: list[list[int]] = [[0]]
    for index, own in enumerate(widths[1:], 1):
        if len(groups[-1]) > 1 and sum(widths[i] for i in groups[-1]) + own > width:
            groups.append([0])
        groups[-1].append(index)
    return [(tuple(header[i] for i in g), [tuple(row[i] for i in g) for row in rows]) for g in groups]


def error_columns(compared: Compared) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the header and the rows of the transposed table: one row per domain and precision."""
    rows = []
    for name, domain in zip(names(compared), compared.domains, strict=True):
        for kind, errors in domain.operation_errors.items():
            rows.append((name, kind, *(_text(errors.get(name), _error) for name in OPERATIONS)))
    return ["domain", "precision", *OPERATIONS], rows


def node_columns(compared: Compared) -> tuple[str, ...]:
    """Return the columns of `node_rows`."""
    score = f"test {compared.task.score}"
    return "domain", "nodes", score, "deviation", "time per step, ms", "multiply-adds", "condition", "failed"


def node_rows(compared: Compared) -> list[tuple[str, ...]]:
    """Return one row per number of nodes, with the columns `node_columns`; none if the comparison does not vary it."""
    rows = []
    for name, own in zip(names(compared), compared.domains, strict=True):
        varied = [row for row in compared.by_nodes if row.domain == own.domain]
        rows += [
            _node_row(compared, name, row) for row in (*sorted(varied, key=lambda row: row.nodes or 0), own) if varied
        ]
    return rows


def _node_row(compared: Compared, name: str, row: DomainFigures) -> tuple[str, ...]:
    return (
        name,
        (row.kept or str(row.nodes or NONE)).removesuffix(" nodes"),
        _text(row.score, compared.task.text),
        _text(row.score_deviation, compared.task.text),
        _text(row.step_milliseconds, "{:.2f}".format),
        _text(row.multiply_adds, exact),
        _text(row.condition_number, "{:.3g}".format),
        _failed(row),
    )


SIZES = ("samples", "precision", "condition", *(name.replace(BILINEAR, "bilinear") for name in OF_SIZE))


def size_rows(rows: Sequence[SizeErrors]) -> list[tuple[str, ...]]:
    """Return the errors of operations by size, with the columns `SIZES`."""
    return [
        (
            str(row.samples),
            row.precision,
            f"{row.condition_number:.3g}",
            *(_text(row.errors.get(name), _error) for name in OF_SIZE),
        )
        for row in rows
    ]


def failures(compared: Compared) -> list[str]:
    """Return the reasons why runs failed, one line per reason."""
    return [f"{row.label}, {reason}" for row in (*compared.domains, *compared.by_nodes) for reason in row.reasons]


def notes(compared: Compared) -> list[str]:
    """Return the warnings, one per line; a warning of a domain is not repeated for its other numbers of nodes."""
    lines: list[str] = []
    for row in compared.domains:
        lines += [f"{row.label}: {note}" for note in row.notes]
        varied = [other for other in compared.by_nodes if other.domain == row.domain]
        for note in dict.fromkeys(note for other in varied for note in other.notes if note not in row.notes):
            counts = ", ".join(str(other.nodes) for other in varied if note in other.notes)
            lines.append(f"{row.domain}, {counts} nodes: {note}")
    return lines


def _failed(row: DomainFigures) -> str:
    return f"{row.failed} of {row.runs}" if row.failed else "none"


def _error(value: float) -> str:
    return f"{value:.1e}" if value else "0"


def _text(value: Any, form: Callable[[Any], str]) -> str:
    return NONE if value is None else form(value)
