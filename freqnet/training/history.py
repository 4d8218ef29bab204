"""The history of a training run: the figures of each epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from freqnet.display import Displayed, brief_value

# Figures of an epoch or a step that are no score of the network.
_NO_SCORES = ("epoch", "step", "seconds", "learning_rate")


@dataclass(repr=False)
class History(Displayed):
    """One row per epoch: loss, accuracy, learning rate, seconds, and validation figures if there are any.

    Attributes
    ----------
    rows : list of dict
        The figures of each epoch, by name.

    Examples
    --------

    >>> from freqnet.training import History
    >>> history = History()
    >>> history.add({"epoch": 1, "loss": 0.5, "accuracy": 0.9, "seconds": 1.0})
    >>> history.column("loss"), history.seconds
    ([0.5], 1.0)
    """

    rows: list[dict[str, Any]] = field(default_factory=list)

    def __repr__(self) -> str:
        last = self.rows[-1] if self.rows else {}
        figures = "".join(f", {name}={brief_value(value)}" for name, value in last.items() if name != "epoch")
        return f"History({len(self.rows)} epochs{figures})"

    def add(self, row: dict[str, Any]) -> None:
        """Append the figures of an epoch."""
        self.rows.append(row)

    def column(self, name: str) -> list[float]:
        """Return one figure of all epochs that have it."""
        return [row[name] for row in self.rows if name in row]

    @property
    def scores(self) -> list[str]:
        """Names of the scores, such as the loss and the accuracy."""
        return score_names(self.rows)

    @property
    def seconds(self) -> float:
        """Training time, over all sessions of a resumed run."""
        return float(sum(self.column("seconds")))


def score_names(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of the scores in the rows of a history; ``validation_NAME`` is a score on validation examples.

    >>> score_names([{"epoch": 1, "loss": 0.5, "validation_r2": 0.2, "learning_rate": 0.1}])
    ['loss', 'r2']
    """
    known = (n for row in rows for n, value in row.items() if isinstance(value, Real) and not isinstance(value, bool))
    names = (name.removeprefix("validation_") for name in known if not name.endswith("_per_second"))
    return [name for name in dict.fromkeys(names) if name not in _NO_SCORES]
