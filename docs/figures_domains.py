"""Pictures of the node domains: approximations by few nodes, and condition numbers; `figures.py` draws them."""

from __future__ import annotations

import numpy as np
from drawing import BLUE, GREY, INK, ORANGE, figure, line, panels
from matplotlib.figure import Figure

from freqnet import Fourier, ops
from freqnet.data import load
from freqnet.experiments import errors_by_size
from freqnet.spaces import Laplace, Space, get_domain

GREEN, VIOLET = "#3b8f5a", "#8a63b8"


@figure
def exponentials() -> Figure:
    """Draw a row of a digit, and its approximations by few nodes and by few modes."""
    row = load("digits").images[0][3, :, 0]
    padded = np.concatenate([row, np.zeros(2)])
    places = np.arange(len(padded))
    with panels(1, 3, (8.4, 2.4)) as (drawn, (left, middle, right)):
        nodes = Laplace.on(len(padded)).tables[0].z[:5]
        for z, colour in zip(nodes, (INK, BLUE, GREEN, VIOLET, ORANGE), strict=True):
            left.plot(places, z**places, color=colour, marker="o", markersize=2.5, linewidth=1.2, label=f"{z:.2f}")
        left.set(title="The exponentials of 5 rates of 10", xlabel="sample t", ylabel="$z^t$", ylim=(-0.05, 1.65))
        left.legend(title="z", loc="upper right", ncols=3, handlelength=1.2)
        for panel, make, counts in ((middle, Laplace.on, (3, 5, 8)), (right, Fourier.on, (3, 5, 7))):
            space = make(len(padded))
            panel.plot(places, padded, "o", color=GREY, markersize=4, label="samples")
            for count, colour in zip(counts, (ORANGE, BLUE, INK), strict=True):
                label = f"{count} {space.unit}"
                panel.plot(places, _kept(padded, space, count), color=colour, linewidth=1.2, label=label)
            panel.set(xlabel="sample t", ylim=(-0.3, 1.65), title=f"A row of a digit, by {space.unit}")
            panel.legend(loc="upper right", ncols=2, handlelength=1.2)
    return drawn


def _kept(samples: np.ndarray, space: Space, count: int) -> np.ndarray:
    x = ops.analysis(line(samples), space)
    return ops.synthesis(ops.truncate(x, space.band_of(count))).data[0, :, 0]


@figure
def condition_by_nodes() -> Figure:
    """Draw the growth of the condition number, and the errors of operations."""
    families = {
        "rates 0.25, 0.5, ...": ("laplace:rates=0.25", GREEN, (10.2, 1e18)),
        "Chebyshev on (0, 1)": ("laplace:chebyshev-positive", ORANGE, (17.5, 3e11)),
        "Chebyshev on [-1, 1]": ("laplace", BLUE, (20.5, 3e5)),
        "damped circle": ("damped", VIOLET, (22.5, 30)),
        "Fourier, Hartley": ("hartley", INK, (22.5, 0.02)),
    }
    sizes = np.arange(1, 33)
    with panels(1, 2, (8.4, 3.1)) as (drawn, (left, right)):
        for label, (name, colour, place) in families.items():
            numbers = [get_domain(name)(int(n)).condition_numbers[0] for n in sizes]
            left.plot(sizes, numbers, color=colour)
            left.text(*place, label, color=colour, ha="right" if place[0] < 10 else "left", fontsize=8)
        for precision, eps in (("float32", 2.0**-23), ("float64", 2.0**-52)):
            left.axhline(1 / eps, color=GREY, linewidth=0.8, linestyle="--")
            left.text(0.5, 1.6 / eps, f"{precision} ends", fontsize=7, color=INK)
        left.set(yscale="log", ylim=(3e-3, 1e20), xlabel="nodes, as many as samples")
        left.set_title("Condition number, one axis")
        kinds = {"product, bilinear form": (ORANGE, "o"), "product, factored": (BLUE, "s"), "convolution": (INK, "^")}
        for operation, (colour, marker) in kinds.items():
            for precision, dashes in (("float32", "--"), ("float64", "-")):
                rows = [r for r in errors_by_size("laplace") if r.precision == precision and operation in r.errors]
                label = operation if precision == "float64" else None
                values = [r.errors[operation] for r in rows]
                points = [r.samples for r in rows]
                right.plot(points, values, dashes, color=colour, marker=marker, markersize=3, label=label)
        right.set(yscale="log", xlabel="Chebyshev's nodes, as many as samples")
        right.set_title("Relative error; dashed: float32")
        right.legend(loc="lower right")
    return drawn
