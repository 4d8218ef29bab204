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

TODO = "run freqnet bench --json FILE to write such a file"
# Other programs slow threads that wait for each other often, and other code hardly: ratios are wrong then. Rows count
# as undisturbed while other programs use less than this share of the machine.
MOST_OTHERS = 0.05
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
    def is_disturbed(self) -> bool:
        """Whether other programs kept the machine busy meanwhile, so that the ratio cannot be trusted."""
        return self.details.get("others", 0.0) > MOST_OTHERS

    @property
    def ratio(self) -> float:
        """Time of the peer over that of freqnet: above 1, freqnet is faster."""
        return self.peer_s / self.freqnet_s if self.freqnet_s else float("nan")


def write_rows(path: Path, rows: list[Row], machine: dict[str, Any]) -> None:
    """Write rows and the description of the machine as a JSON file."""
    write_json(path, {"machine": machine, "rows": [{**asdict(row), "ratio": row.ratio} for row in rows]})


def write_table(path: Path, rows: list[Row]) -> None:
    """Write rows as a CSV file."""
    text = StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow((*COLUMNS, "details"))
    for row in rows:
        table.writerow([*(getattr(row, name) for name in COLUMNS), json.dumps(row.details)])
    write_atomically(path, text.getvalue().encode())


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
