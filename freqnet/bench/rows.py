"""A benchmark's figures: one row a pair, as JSON and as CSV."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from freqnet.errors import DataError, got_expected
from freqnet.training.files import write_atomically, write_json

COLUMNS = ("group", "name", "freqnet_s", "peer", "peer_s", "ratio")


@dataclass(frozen=True)
class Row:
    """One pair.

    Attributes
    ----------
    group : str
        The suite the row belongs to.
    name : str
        What was done.
    freqnet_s, peer_s : float
        Median seconds; for ``memory`` rows, peak MiB.
    peer : str
        What it is compared with.
    details : dict
        Plain numbers that go with the row: sizes, accuracies, fits.

    Examples
    --------
    >>> Row("products", "13x13", 0.5, "SciPy", 2.0).ratio
    4.0
    """

    group: str
    name: str
    freqnet_s: float
    peer: str
    peer_s: float
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """How many times faster freqnet is."""
        return self.peer_s / self.freqnet_s if self.freqnet_s else float("nan")

    @property
    def key(self) -> str:
        """What tells this row from all others."""
        return f"{self.group}: {self.name} / {self.peer}"


def write_rows(path: Path, rows: list[Row], machine: dict[str, Any]) -> None:
    """Write rows to `path` as JSON, and beside it as CSV; each file whole or not at all."""
    record = {"machine": machine, "rows": [{**asdict(row), "ratio": row.ratio} for row in rows]}
    write_json(path, record)
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow((*COLUMNS, "details"))
    for row in rows:
        table.writerow([*(getattr(row, name) for name in COLUMNS), json.dumps(row.details)])
    write_atomically(path.with_suffix(".csv"), text.getvalue().encode())


def read_rows(path: Path) -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of a file and the machine they were measured on.

    Raises
    ------
    DataError
        The file is not one `write_rows` wrote.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        rows = [Row(**{k: v for k, v in row.items() if k != "ratio"}) for row in record["rows"]]
        return rows, record["machine"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(got_expected(f"benchmark {path}", error, "rows that freqnet bench wrote", "run it")) from None
