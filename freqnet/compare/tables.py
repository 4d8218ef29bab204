"""The figures of a comparison as text: a row for each figure, a column for each domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from freqnet.compare.figures import PRECISIONS, Compared, DomainFigures
from freqnet.compare.operations import OPERATIONS
from freqnet.report.tables import exact

NONE = "-"
KINDS = tuple(np.dtype(precision).name for precision in PRECISIONS)


def figure_rows(compared: Compared) -> list[tuple[str, ...]]:
    """Return the name of every figure, and its value in each domain."""
    level = NONE if compared.level is None else f"{compared.level:.0%}"
    kind = "validation" if compared.watched == "validation_accuracy" else "training"
    columns: list[tuple[str, Callable[[DomainFigures], str]]] = [
        ("test accuracy, mean", lambda d: _text(d.accuracy, _percent)),
        ("  standard deviation", lambda d: _text(d.accuracy_deviation, _percent)),
        ("  lowest", lambda d: _text(min(d.accuracies, default=None), _percent)),
        ("  highest", lambda d: _text(max(d.accuracies, default=None), _percent)),
        ("training, s", lambda d: _text(d.train_seconds, "{:.2f}".format)),
        ("a training step, ms", lambda d: _text(d.step_milliseconds, "{:.2f}".format)),
        (f"to {level} {kind} accuracy, s", lambda d: _text(d.seconds_to_level, "{:.2f}".format)),
        ("parameters", lambda d: _text(d.parameters, exact)),
        ("multiply-adds of a prediction", lambda d: _text(d.multiply_adds, exact)),
        ("bytes of an example's spectrum", lambda d: _text(d.spectrum_bytes, exact)),
        ("memory of the process, peak, MiB", lambda d: _text(d.peak_bytes, lambda n: f"{n / 2**20:.0f}")),
        ("condition number", lambda d: _text(d.condition_number, "{:.3g}".format)),
        ("transforms inside the network", lambda d: _text(d.transforms, exact)),
        ("runs that failed", lambda d: f"{d.failed} of {d.runs}" if d.failed else "none"),
    ]
    return [(name, *(value(domain) for domain in compared.domains)) for name, value in columns]


def error_rows(compared: Compared, kinds: Sequence[str] = KINDS) -> list[tuple[str, ...]]:
    """Return the name of every operation, and its error in each domain, in each of the precisions."""
    found = [domain.operation_errors[kind] for domain in compared.domains for kind in kinds]
    return [(name, *(f"{errors[name]:.1e}" if errors[name] else "0" for errors in found)) for name in OPERATIONS]


def error_columns(compared: Compared) -> tuple[str, ...]:
    """Return the header of `error_rows`."""
    return ("operation", *(f"{domain.domain} {kind}" for domain in compared.domains for kind in KINDS))


def failures(compared: Compared) -> list[str]:
    """Return why runs failed, a line each."""
    return [f"{domain.domain}, {reason}" for domain in compared.domains for reason in domain.reasons]


def _percent(share: float) -> str:
    return f"{share:.2%}"


def _text(value: Any, form: Callable[[Any], str]) -> str:
    return NONE if value is None else form(value)
