"""Write the tables of docs/fourier_or_laplace.rst from what `freqnet compare --json` wrote.

python -m benchmarks.domains digits=RUN/compare.json mnist-5k=RUN/compare.json

Without arguments the tables are written again from the figures that are kept in benchmarks/results.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

KEPT = Path(__file__).parent / "results"
TABLES = Path(__file__).parents[1] / "docs" / "study"
HEADER = (
    "domain",
    "accuracy, mean (lowest to highest)",
    "sd",
    "step, ms",
    "precision",
    "kept",
    "condition number",
    "multiply-adds",
    "transforms",
)


def keep(name: str, path: Path) -> None:
    """Store a comparison's figures, without the history of every run."""
    figures = json.loads(path.read_text(encoding="utf-8"))
    kept = {key: figures[key] for key in ("dataset", "command", "options", "machine", "freqnet", "domains")}
    (KEPT / f"domains-{name}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def row(domain: dict[str, Any]) -> tuple[str, ...]:
    """A domain's line of the table."""
    found = domain["accuracies"]
    if not found:
        return (domain["domain"], "none: " + "; ".join(domain["reasons"]), *[""] * (len(HEADER) - 2))
    spread = domain["accuracy_deviation"]
    return (
        domain["domain"],
        f"{domain['accuracy']:.2%} ({min(found):.2%} to {max(found):.2%})",
        "" if spread is None else f"{100 * spread:.2f}",
        f"{domain['step_milliseconds']:.3g}",
        domain["precision"],
        domain["kept"],
        f"{domain['condition_number']:.2g}",
        f"{domain['multiply_adds'] / 1e3:,.0f} k",
        f"{domain['transforms']:,}",
    )


def write(name: str) -> None:
    """Write the table of a comparison that is kept."""
    figures = json.loads((KEPT / f"domains-{name}.json").read_text(encoding="utf-8"))
    TABLES.mkdir(exist_ok=True)
    with (TABLES / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *map(row, figures["domains"])])


def main() -> None:
    """Keep what is named on the command line, and write every table."""
    for word in sys.argv[1:]:
        name, _, path = word.partition("=")
        keep(name, Path(path))
    for path in sorted(KEPT.glob("domains-*.json")):
        write(path.stem.removeprefix("domains-"))


if __name__ == "__main__":
    main()
