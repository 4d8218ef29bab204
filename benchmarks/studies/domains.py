"""Write the tables of docs/fourier_or_laplace.rst from the files of ``freqnet compare --json``.

    python -m benchmarks.studies.domains digits=RUN/compare.json mnist-5k=RUN/compare.json

The figures are stored in benchmarks/results. Without arguments the tables are written from the stored figures.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parents[1] / "results"
TABLES = Path(__file__).parents[2] / "docs" / "study"
HEADER = ("domain", "mean, %", "lowest", "highest", "step, ms", "kept", "K", "kMAC", "transforms")
# Columns of a comparison of several numbers of nodes.
FEW = ("domain", "kept", "mean, %", "lowest", "highest", "K")


def keep(name: str, path: Path) -> None:
    """Store the figures of a comparison without the history of its trainings."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    kept = {key: figures[key] for key in ("dataset", "command", "options", "machine", "freqnet", "domains", "by_nodes")}
    (KEPT / f"domains-{name}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def row(domain: dict[str, Any]) -> tuple[str, ...]:
    """Return the row of a domain."""
    found = domain["accuracies"]
    if not found:
        return (domain["domain"], "none: " + "; ".join(domain["reasons"]), *[""] * (len(HEADER) - 2))
    return (
        domain["domain"],
        *(f"{100 * value:.2f}" for value in (domain["accuracy"], min(found), max(found))),
        f"{domain['step_milliseconds']:.3g}",
        domain["kept"].split()[0],
        f"{domain['condition_number']:.2g}",
        f"{domain['multiply_adds'] / 1e3:,.0f}",
        f"{domain['transforms']:,}",
    )


def rows_by_nodes(figures: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a row for each domain and number of nodes, in the order of their condition numbers."""
    every = [*figures["by_nodes"], *figures["domains"]]
    return [_few(row(d)) for d in sorted(every, key=lambda d: (d["domain"], d["condition_number"]))]


def _few(cells: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(cells[HEADER.index(name)] for name in FEW)


def table(name: str) -> list[tuple[str, ...]]:
    """Return the table of a stored comparison, with its header."""
    figures = json.loads((KEPT / f"domains-{name}.json").read_text(encoding="utf-8"))
    if figures["by_nodes"]:
        return [FEW, *rows_by_nodes(figures)]
    return [HEADER, *map(row, figures["domains"])]


def write(name: str) -> None:
    """Write the table of a stored comparison."""
    TABLES.mkdir(exist_ok=True)
    with (TABLES / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table(name))


def main() -> None:
    """Store the comparisons named on the command line, and write all tables."""
    for word in sys.argv[1:]:
        name, _, path = word.partition("=")
        keep(name, Path(path))
    for kept in sorted(KEPT.glob("domains-*.json")):
        write(kept.stem.removeprefix("domains-"))


if __name__ == "__main__":
    main()
