"""The picture of the parts of the library and of the direction of imports; `figures.py` draws it."""

from __future__ import annotations

import matplotlib.pyplot as plt
from drawing import BLUE, GREY, INK, ORANGE, figure
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

# From the bottom up: a part may import from its own row and from the rows below it. Name, content, colour.
# `test_docs.py` compares the names with the rows that the tests of the structure enforce.
ROWS = (
    (
        (
            "errors, checks, display, processes, caches, launcher",
            "messages, checks, how values are shown, child processes, kept arrays, processes started together",
            GREY,
        ),
    ),
    (
        ("kernels", "C, and NumPy that defines it", GREY),
        ("autodiff", "tensors, tape, registry of ops", BLUE),
        ("approximate", "functions as polynomials", BLUE),
        ("values", "sample values", GREY),
        ("on_disk", "arrays in files", GREY),
    ),
    (("spaces", "one class per domain: grid, band and the verbs   x.space.mean(x.data)", ORANGE),),
    (("ops", "one block per op: forward, derivative, cost, source", BLUE),),
    (
        ("plan", "recorded ops as kernel calls over arrays that stay in place", BLUE),
        ("onnx", "recorded ops as an ONNX model", BLUE),
    ),
    (("nn", "layers, Sequential, Network", BLUE),),
    (("optim", "optimisers, schedules", GREY), ("tasks", "targets, losses, metrics", BLUE)),
    (
        ("arrays", "other libraries", BLUE),
        ("augment", "changes of spectra", BLUE),
        ("convert", "trained CNNs", BLUE),
        ("data", "datasets, splits", GREY),
        ("torch", "modules of PyTorch", BLUE),
    ),
    (("training", "fit, evaluate, checkpoints, choices, default networks", BLUE),),
    (("audit", "walk through the layers, reach, linearity, shifts", BLUE),),
    (("plot", "plots on Matplotlib axes", BLUE),),
    (("report", "tables, figures, pages", GREY),),
    (
        ("experiments", "runs and comparisons", BLUE),
        ("theory", "claims and their checks", ORANGE),
        ("benchmarks", "freqnet bench", GREY),
    ),
    (("sklearn", "estimators and transformers of scikit-learn", BLUE),),
    (("cli", "freqnet train, compare, audit, verify, ...", GREY),),
)
WIDTH, HEIGHT, GAP = 78.0, 4.6, 1.5


@figure
def house() -> Figure:
    """Draw the rows of the house, and an arrow from the parts that import to the parts that they import."""
    drawn = plt.figure(figsize=(8.4, 7.2))
    panel = drawn.add_axes((0, 0, 1, 1))
    panel.set(xlim=(0, 84), ylim=(-1, len(ROWS) * (HEIGHT + GAP) + 1))
    panel.axis("off")
    for index, row in enumerate(ROWS):
        width = (WIDTH - GAP * (len(row) - 1)) / len(row)
        for place, (name, text, colour) in enumerate(row):
            _room(panel, 5 + place * (width + GAP), index * (HEIGHT + GAP) + 0.5, width, (name, text, colour))
    top = len(ROWS) * (HEIGHT + GAP) - GAP
    arrow = FancyArrowPatch((2.4, top), (2.4, 0.5), arrowstyle="-|>", mutation_scale=10, color=INK, linewidth=1)
    panel.add_patch(arrow)
    panel.text(1.3, top / 2, "imports", rotation=90, ha="center", va="center", fontsize=8.5)
    return drawn


def _room(panel: Axes, x: float, y: float, width: float, room: tuple[str, str, str]) -> None:
    name, text, colour = room
    box = FancyBboxPatch((x, y), width, HEIGHT, boxstyle="round,pad=0,rounding_size=0.6", linewidth=1.2)
    box.set(facecolor=colour + "22", edgecolor=colour)
    panel.add_patch(box)
    panel.text(x + 1.2, y + HEIGHT * 0.64, name, va="center", fontsize=9.5, weight="bold")
    panel.text(x + 1.2, y + HEIGHT * 0.27, text, va="center", fontsize=8)
