"""Rows of a long study in a JSON file: what has been measured is kept, and the study goes on after an interrupt."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from freqnet.training.files import write_json

Row = dict[str, Any]
# Results of the pages of the gallery. The gallery gives its scripts no path of their own.
EXAMPLES = Path(__file__).parents[2] / "examples" / "results"


class Store:
    """A JSON file of an object, one of whose entries is a list of rows.

    Several processes may add rows, as long as they do not write in the same instant.

    Parameters
    ----------
    path : Path
        The file; it is made with the first row.
    name : str
        Name of the list.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     store = Store(Path(folder) / "rows.json")
    ...     store.add({"seed": 0, "accuracy": 0.9})
    ...     store.has(seed=0), store.has(seed=1), store.rows(seed=0)
    (True, False, [{'seed': 0, 'accuracy': 0.9}])
    """

    def __init__(self, path: Path, name: str = "rows") -> None:
        self.path, self.name = path, name

    def record(self) -> dict[str, Any]:
        """Return the whole object."""
        return json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}

    def rows(self, **entries: Any) -> list[Row]:
        """Return the rows with these entries, in their order."""
        return [row for row in self.record().get(self.name, []) if entries.items() <= row.items()]

    def has(self, **entries: Any) -> bool:
        """Return whether there is a row with these entries."""
        return bool(self.rows(**entries))

    def add(self, row: Row) -> None:
        """Add a row, and write the file at once."""
        self.put(**{self.name: [*self.rows(), row]})

    def fill(self, measure: Callable[..., Row], *arguments: Any, **entries: Any) -> None:
        """Add what a function of these arguments returns, and print it, unless there is a row with these entries."""
        if not self.has(**entries):
            row = measure(*arguments)
            self.add(row)
            print(row, flush=True)

    def put(self, **entries: Any) -> None:
        """Set entries of the object, such as the description of the machine."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self.path, self.record() | entries)


def list_table(rows: Sequence[Sequence[str]], *options: str) -> str:
    """Return rows, the first of them the header, as a table of reStructuredText.

    >>> print(list_table([("a", "b"), ("1", "")]), end="")
    .. list-table::
       :header-rows: 1
    <BLANKLINE>
       * - a
         - b
       * - 1
         -
    """
    lines = [".. list-table::", "   :header-rows: 1", *(f"   {option}" for option in options), ""]
    for row in rows:
        lines += [f"   {'*' if number == 0 else ' '} - {cell}".rstrip() for number, cell in enumerate(row)]
    return "\n".join(lines) + "\n"
