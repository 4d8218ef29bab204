"""The rows of `summarize` as text: exact numbers for the page, short numbers for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from freqnet.audit.summary import LayerSummary

if TYPE_CHECKING:
    from rich.table import Table

# Header of each column of `cells`, and whether the column holds numbers.
COLUMNS = (
    ("name", False),
    ("layer", False),
    ("output", False),
    ("parameters", True),
    ("multiply-adds", True),
    ("in space", True),
    ("setup", True),
    ("bytes", True),
    ("in space", True),
)


def exact(count: int | None) -> str:
    """Return a count with separators, or a dash for None.

    >>> exact(12345), exact(None)
    ('12,345', '-')
    """
    return "-" if count is None else f"{count:,}"


def short(count: int | None) -> str:
    """Return a count to three significant digits.

    >>> [short(n) for n in (0, 999, 12_345, 999_999, 2_500_000_000, None)]
    ['0', '999', '12.3 k', '1 M', '2.5 G', '-']
    """
    if count is None:
        return "-"
    value, prefix = float(f"{count:.3g}"), ""
    for larger in "kMGT":
        if value < 1000:
            break
        value, prefix = value / 1000, f" {larger}"
    return f"{value:.3g}{prefix}"


def cells(row: LayerSummary, number: Callable[[int | None], str] = exact) -> list[str]:
    """Return the text of a row, one entry per column of `COLUMNS`.

    >>> row = LayerSummary("0", "Convolution", "7x7 modes x 8", (7, 7), 80, 1344, 4032, 1792, None, None)
    >>> cells(row)
    ['0', 'Convolution', '7x7 modes x 8', '80', '1,344', '-', '4,032', '1,792', '-']
    """
    counts = (
        row.parameters,
        row.multiply_adds,
        row.twin_multiply_adds,
        row.setup_multiply_adds,
        row.bytes,
        row.twin_bytes,
    )
    return [row.name, row.layer, row.output, *map(number, counts)]


def layer_table(rows: Sequence[LayerSummary]) -> Table:
    """Return the rows as a table for the terminal; a line separates the total.

    Numbers are short, and for one example; "in space" is the spatial counterpart.

    Parameters
    ----------
    rows : sequence of LayerSummary

    Returns
    -------
    rich.table.Table

    >>> row = LayerSummary("0", "Convolution", "7x7 modes x 8", (7, 7), 80, 1344, 4032, 1792, 5120, 2048)
    >>> layer_table([row]).row_count
    1
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    # Name and layer share a column, and long headers are broken, so that most tables fit 80 characters.
    table.add_column("layer", no_wrap=True)
    for header, is_number in COLUMNS[2:]:
        header = header.replace("-", "-\n").replace("parameters", "para-\nmeters")
        table.add_column(header, justify="right" if is_number else "left", no_wrap=True)
    for index, row in enumerate(rows):
        if row.name == "total" and index:
            table.add_section()
        name, layer, *rest = cells(row, short)
        first = name if name == layer.lower() else f"{name} {layer}"
        # Text, because rich takes square brackets in a string for markup.
        table.add_row(*(Text(cell) for cell in (first, *rest)), style="bold" if row.name == "total" else "")
    return table
