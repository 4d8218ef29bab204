"""Pictures of accuracy against time, and of robustness, from the rows of a study; `figures.py` draws them."""

from __future__ import annotations

import numpy as np
from drawing import BLUE, GREY, ORANGE, figure, panels
from freqnet.benchmarks.studies import front as study
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

LIGHT = "#8a63b8"
AXES = {
    "training of 16 epochs, s": lambda own: own["training"],
    "inference of 1,000 images, ms": lambda own: 1e3 * own["inference"]["eager"],
    "million multiply-adds per image": lambda own: own["work"] / 1e6,
    "parameters, thousands": lambda own: own["parameters"] / 1e3,
}


def plain_numbers(panel: Axes) -> None:
    """Label a logarithmic axis with plain numbers."""
    panel.set(xscale="log")
    panel.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    panel.xaxis.set_major_formatter("{x:g}")
    panel.xaxis.set_minor_formatter(NullFormatter())


@figure
def front() -> Figure:
    """Draw the accuracy of freqnet and of CNNs against four costs."""
    found = {name: own for name, own in study.summary(study.STORE.record()).items() if "step" in own}
    with panels(2, 2, (8.4, 6.2), sharey=True) as (drawn, axes):
        for panel, (label, cost) in zip(axes.ravel(), AXES.items(), strict=True):
            for names, colour, kind in ((study.SIZES, BLUE, "freqnet"), (study.CNNS, ORANGE, "CNN 3x3, PyTorch")):
                own = [found[name] for name in names if name in found]
                x, y = [cost(one) for one in own], [100 * np.mean(one["accuracy"]) for one in own]
                low, high = ([abs(100 * limit(one["accuracy"]) - mean) for one, mean in zip(own, y, strict=True)]
                             for limit in (min, max))  # fmt: skip
                panel.errorbar(x, y, (low, high), fmt="o", color=colour, markersize=4.5, linewidth=1, label=kind)
                panel.plot(x, y, color=colour, linewidth=0.6, alpha=0.5)
                for name, place in zip((name for name in names if name in found), zip(x, y, strict=True), strict=True):
                    # freqnet is to the left of CNNs of its accuracy, but for the number of parameters.
                    is_left = (names is study.SIZES) != label.startswith("parameters")
                    is_high = names is study.SIZES or "twice" in name
                    offset, side = (
                        ((-6, 3 if is_high else -9), "right") if is_left else ((6, -9 + 7 * ("twice" in name)), "left")
                    )
                    # It lies close to the next smaller size.
                    offset, side = ((2, 6), "center") if name == "giant" else (offset, side)
                    panel.annotate(
                        name.removeprefix("CNN 3x3, "), place, offset, textcoords="offset points", fontsize=7.5,
                        color=colour, ha=side,
                    )  # fmt: skip
            panel.margins(x=0.24, y=0.08)
            panel.set(xlabel=label)
            plain_numbers(panel)
        for panel in axes[:, 0]:
            panel.set(ylabel="held-out accuracy, %")
        axes[0, 0].legend(loc="upper left")
    return drawn


@figure
def learning() -> Figure:
    """Draw the accuracy against the number of training images, and under noise, blur and shifts."""
    record = study.STORE.record()
    with panels(1, 2, (8.4, 3.8), width_ratios=(1, 1.25)) as (drawn, (left, right)):
        for name, colour in zip(study.COMPARED, (BLUE, ORANGE), strict=True):
            points: dict[int, list[float]] = {}
            for row in record["runs"]:
                if row["name"] == name:
                    points.setdefault(row["images"], []).append(100 * row["accuracy"])
            x = sorted(points)
            left.plot(x, [np.mean(points[i]) for i in x], "o-", color=colour, markersize=4, label=name)
        left.set(xlabel="training images", ylabel="held-out accuracy, %", title="By the number of training images")
        plain_numbers(left)
        found = study.summary(record)
        names = [name for name in (*study.COMPARED, study.SMOOTHED, "huge, power head") if name in found]
        keys = ["unchanged", *(key for key in found[names[0]]["robustness"] if "consistency" not in key)]
        for offset, (name, colour) in enumerate(zip(names, (BLUE, ORANGE, GREY, LIGHT), strict=False)):
            whole = found[name]["robustness"] | {"unchanged": np.mean(found[name]["accuracy"])}
            places = np.arange(len(keys)) + 0.2 * (offset - 1.5)
            right.barh(places, [100 * whole[key] for key in keys], 0.18, color=colour, label=name)
        right.set(xlabel="held-out accuracy, %", title="On changed images", xlim=(30, None))
        right.set_yticks(range(len(keys)), keys)
        right.invert_yaxis()
        right.tick_params(axis="y", length=0)
        drawn.legend(*right.get_legend_handles_labels(), fontsize=8, loc="outside lower center", ncols=2)
    return drawn
