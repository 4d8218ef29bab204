"""What happened in each epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class History:
    """One row an epoch: loss, accuracy, learning rate, seconds, and validation figures if there are any.

    >>> from freqnet.training import History
    >>> history = History()
    >>> history.add({"epoch": 1, "loss": 0.5, "accuracy": 0.9, "seconds": 1.0})
    >>> history.column("loss"), history.seconds
    ([0.5], 1.0)
    """

    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, row: dict[str, Any]) -> None:
        """Append the figures of an epoch."""
        self.rows.append(row)

    def column(self, name: str) -> list[float]:
        """Return one figure over the epochs that have it."""
        return [row[name] for row in self.rows if name in row]

    @property
    def seconds(self) -> float:
        """Time spent training, over all sessions of a resumed run."""
        return float(sum(self.column("seconds")))
