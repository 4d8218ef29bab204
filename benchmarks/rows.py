"""Rows of a benchmark, one per pair of operations, and their files."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from freqnet.errors import DataError, got_expected
from freqnet.training.files import write_atomically, write_json

TODO = "run freqnet bench --out FILE.json to write such a file"
COLUMNS = ("group", "name", "freqnet_s", "peer", "peer_s", "ratio")


@dataclass(frozen=True)
class Row:
    """One operation of freqnet beside one peer.

    Attributes
    ----------
    group : str
        Group of the row, such as "products".
    name : str
        Operation and size.
    freqnet_s, peer_s : float
        Median seconds; in the group ``memory``, peak MiB.
    peer : str
        Library or network that freqnet is compared with.
    details : dict
        Further plain numbers: sizes, accuracies, fits.

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
        """Time of the peer over that of freqnet: above 1, freqnet is faster."""
        return self.peer_s / self.freqnet_s if self.freqnet_s else float("nan")


def write_rows(path: Path, rows: list[Row], machine: dict[str, Any]) -> None:
    """Write rows to ``path`` as JSON, and to a CSV file beside it; each file is written whole or not at all."""
    record = {"machine": machine, "rows": [{**asdict(row), "ratio": row.ratio} for row in rows]}
    write_json(path, record)
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow((*COLUMNS, "details"))
    for row in rows:
        table.writerow([*(getattr(row, name) for name in COLUMNS), json.dumps(row.details)])
    write_atomically(path.with_suffix(".csv"), text.getvalue().encode())


def read_rows(path: Path) -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of a file, and the description of the machine they were measured on.

    Raises
    ------
    DataError
        The file was not written by `write_rows`.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        rows = [Row(**{k: v for k, v in row.items() if k != "ratio"}) for row in record["rows"]]
        return rows, record["machine"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(got_expected(f"benchmark {path}", error, "rows that freqnet bench wrote", TODO)) from None
