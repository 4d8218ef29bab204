"""Write the tables and the figures of docs/speed.rst, and a CSV file, from the rows of ``freqnet bench``.

python -m benchmarks.studies.tables benchmarks/results/bench.json
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import Row, read_rows, write_table
from ..colour import BATCHES, NAMES
from ..networks import COMPILED, EQUALS, ONNX
from ..plots import save
from ..products import GEMM
from ..race import TARGETS
from .store import list_table

FOLDER = Path(__file__).parents[2] / "docs" / "speed"
PRODUCTS = [f"{n}x{n}, full" for n in (5, 9, 13, 21, 31, 41)]
PRODUCTS += ["13x13, square", *(f"31x31, gate band {g}" for g in (0, 1, 2, 3))]
# How peers begin that are freqnet's own networks in another form.
SAME = "the same, "
Table = tuple[tuple[str, ...], Sequence[tuple[str, ...]]]


def milliseconds(seconds: float) -> str:
    """Format seconds as milliseconds, with three significant digits."""
    return f"{1e3 * seconds:.3g}" if seconds < 1 else f"{1e3 * seconds:,.0f}"


def find(rows: list[Row], group: str, name: str, peer: str) -> Row:
    """Return the row of a group, name and peer."""
    return next(row for row in rows if (row.group, row.name, row.peer) == (group, name, peer))


def accuracies(rows: list[Row]) -> dict[str, np.ndarray]:
    """Return the final accuracies of each network, one per seed."""
    out = {}
    for row in rows:
        if row.group == "accuracy" and row.name.endswith("all epochs"):
            out[row.name.removesuffix(", all epochs")] = np.array(row.details["accuracy"])
            out[row.peer] = np.array(row.details["peer_accuracy"])
    return out


def networks(rows: list[Row]) -> Table:
    """Return accuracy, time of a step and time of inference of every network."""
    accuracy, body = accuracies(rows), []
    times: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        if row.group in ("step", "inference"):
            times.setdefault(f"freqnet {row.name}", {}).setdefault(row.group, []).append(row.freqnet_s)
            # The same network in another form.
            own = f"freqnet {row.name}, {row.peer.removeprefix(SAME)}"
            peer = own if row.peer.startswith(SAME) else row.peer
            times.setdefault(peer, {}).setdefault(row.group, []).append(row.peer_s)
    # Networks without plans and a GEMM have steps alone, and ONNX Runtime inference alone.
    times = {name: groups for name, groups in times.items() if len(groups) == 2}
    for name, groups in sorted(times.items(), key=lambda item: np.median(item[1]["step"])):
        reached = accuracy.get(name)
        text = "" if reached is None else f"{reached.mean():.2%} ({reached.min():.1%} to {reached.max():.1%})"
        body.append((name, text, *(milliseconds(float(np.median(groups[g]))) for g in ("step", "inference"))))
    return ("network", "accuracy, mean (lowest to highest)", "step of 100, ms", "inference of 1,000, ms"), body


def equals(rows: list[Row]) -> Table:
    """Return the ratios of networks of about equal accuracy, and of the same network with round trips."""
    accuracy, body = accuracies(rows), []
    for size, peer in EQUALS.items():
        step, inference = (find(rows, group, size, peer) for group in ("step", "inference"))
        reached = [f"{accuracy[name].mean():.2%}" for name in (f"freqnet {size}", peer)]
        body.append((f"{size} ({reached[0]})", f"{peer} ({reached[1]})", f"{step.ratio:.1f}", f"{inference.ratio:.1f}"))
    trips = [row for row in rows if row.group == "step" and row.peer == f"{SAME}FFT round trips"]
    for row in trips:
        inference = find(rows, "inference", row.name, row.peer)
        body.append((row.name, "the same network, FFT round trips", f"{row.ratio:.1f}", f"{inference.ratio:.1f}"))
    return ("freqnet", "PyTorch", "step, times faster", "inference, times faster"), body


def latency(rows: list[Row]) -> Table:
    """Return the latency of one image and the peak memory."""
    body = []
    for size, peer in EQUALS.items():
        one, memory = find(rows, "latency", size, peer), find(rows, "memory", f"{size}, training, MiB", peer)
        times = (milliseconds(one.freqnet_s), milliseconds(one.peer_s), f"{one.ratio:.1f}")
        body.append((size, peer, *times, f"{memory.freqnet_s:.0f}", f"{memory.peer_s:.0f}"))
    head = ("freqnet", "PyTorch", "one image, ms", "PyTorch, ms", "times faster", "peak memory, MiB", "PyTorch, MiB")
    return head, body


def colour(rows: list[Row]) -> Table:
    """Return the times of steps and of inference on colour images, and how many times faster they are than a CNN."""
    own, body = [row for row in rows if row.group == "colour"], []
    for name in NAMES:
        for what in ("step", *(f"inference of {count:,}" for count in BATCHES)):
            found = [row for row in own if row.name == f"{name}, {what}" and row.peer != GEMM]
            share = [row.ratio for row in own if row.name == f"{name}, {what}" and row.peer == GEMM]
            if found:
                ours = float(np.median([row.freqnet_s for row in found]))
                forms = {next((f for f in (COMPILED, ONNX) if row.peer.endswith(f)), "eager"): row for row in found}
                cells = (f"{forms[f].ratio:.2f}" if f in forms else "" for f in ("eager", COMPILED, ONNX))
                body.append((f"{name}, {what}", milliseconds(ours), *cells, *(f"{value:.2f}" for value in share)))
    body = [(*row, *[""] * (6 - len(row))) for row in body]
    return ("network", "freqnet, ms", *(f"times faster, {f}" for f in ("eager", COMPILED, ONNX)), "share of GEMM"), body


def race(rows: list[Row]) -> Table:
    """Return the seconds of training until each target accuracy."""
    own = [row for row in rows if row.group == "accuracy"]
    names = dict.fromkeys([row.name.split(",")[0] for row in own] + [row.peer for row in own])
    body = []
    for name in names:
        cells = []
        for target in TARGETS:
            for row in own:
                if row.details.get("target") == target and name in (row.name.split(",")[0], row.peer):
                    cells.append(f"{row.freqnet_s if row.name.startswith(name) else row.peer_s:.1f}")
                    break
            else:
                cells.append("never")
        body.append((name, *cells))
    return ("network", *(f"to {target:.1%}, s" for target in TARGETS)), body


def products(rows: list[Row]) -> Table:
    """Return the times of products beside the faster FFT round trip."""
    body = []
    for name in PRODUCTS:
        trips = [row for row in rows if row.group == "products" and row.name == name and "FFT" in row.peer]
        best = min(trips, key=lambda row: row.peer_s)
        gemm = [row for row in rows if row.name == name and row.peer.startswith("float32")]
        share = f"{gemm[0].ratio:.2f}" if gemm else ""
        ours = float(np.median([row.freqnet_s for row in trips]))
        body.append((name, milliseconds(ours), milliseconds(best.peer_s), f"{best.peer_s / ours:.1f}", share))
    head = ("modes", "freqnet, ms", "better round trip, ms", "times faster", "share of the GEMM rate")
    return head, body


def channels(rows: list[Row]) -> Table:
    """Return the times of products over channels beside einsum."""
    body = []
    for row in rows:
        if row.group == "channels" and "einsum" in row.peer:
            gemm = find(rows, "channels", row.name, GEMM)
            times = (milliseconds(row.freqnet_s), milliseconds(row.peer_s))
            body.append((row.name, *times, f"{row.ratio:.1f}", f"{gemm.ratio:.2f}"))
    return ("product", "freqnet, ms", "einsum, ms", "times faster", "share of the GEMM rate"), body


def profile(rows: list[Row]) -> Table:
    """Return milliseconds and shares of the parts of a training step."""
    own = [row for row in rows if row.group == "profile"]
    sizes = list(dict.fromkeys(row.name.split(", ", 1)[0] for row in own))
    shown = {row.name: row for row in own}
    parts = list(dict.fromkeys(row.name.split(", ", 1)[1] for row in own))
    body = []
    for part in parts:
        cells = [shown.get(f"{size}, {part}") for size in sizes]
        texts = ("" if c is None else f"{milliseconds(c.freqnet_s)} ms, {c.details['share']:.0%}" for c in cells)
        body.append((part, *texts))
    return ("part", *sizes), body


def growth(rows: list[Row]) -> Table:
    """Return the fit of the cost model in each series."""
    own, body = [row for row in rows if row.group == "growth"], []
    for series in ("gate band", "modes", "batch", "channels"):
        points = [row for row in own if row.name.startswith(f"{series} ") and "r2" in row.details]
        off = max(abs(row.ratio - 1) for row in points)
        details = points[0].details
        span = f"{points[0].name.removeprefix(series).strip()} to {points[-1].name.removeprefix(series).strip()}"
        body.append((series, span, f"{details['r2']:.4f}", f"{off:.0%}", f"{details['exponent']:.2f}"))
    return ("what grows", "from, to", "R²", "largest deviation from the line", "exponent of time against cost"), body


def write(name: str, table: Table) -> None:
    """Write one table as a list-table of reStructuredText."""
    header, body = table
    (FOLDER / f"{name}.txt").write_text(list_table([header, *body]), encoding="utf-8")


def main() -> None:
    """Write all tables and figures."""
    path = Path(sys.argv[1])
    rows, _ = read_rows(path)
    for row in rows:
        if row.is_disturbed:
            print(f"disturbed by other programs, measure again: {row.group}, {row.name}, {row.peer}")
    FOLDER.mkdir(exist_ok=True)
    for make in (networks, equals, latency, colour, race, products, channels, profile, growth):
        write(make.__name__, make(rows))
    save(rows, FOLDER.parent / "_static")
    write_table(path.with_suffix(".csv"), rows)


if __name__ == "__main__":
    main()
