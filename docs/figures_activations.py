"""Pictures of activations and of the audit; `figures.py` draws them."""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from drawing import INK, ORANGE, figure
from matplotlib.figure import Figure

from freqnet import nn
from freqnet.approximate import approximate, sine_series
from freqnet.audit import audit
from freqnet.data import load
from freqnet.report import reach_map

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
import frequency_pooling_debate

METHODS = {"taylor": ":", "chebyshev": "--", "least-squares": "-.", "minimax": "-"}


@figure
def approximations() -> Figure:
    """Draw the largest error of each method against the degree."""
    drawn, panels = plt.subplots(1, 4, figsize=(10, 2.9), sharey=True, layout="constrained")
    degrees = np.arange(1, 10)
    for panel, name in zip(panels, ("sigmoid", "tanh", "relu", "gelu"), strict=True):
        for method, style in METHODS.items():
            errors = [approximate(name, int(d), method).sup_error for d in degrees]
            panel.plot(degrees, errors, style, color=INK, label=method)
        series = [sine_series(name, int(n)).sup_error for n in degrees]
        panel.plot(degrees, series, "o-", color=ORANGE, markersize=3, label="sines")
        panel.set(title=name, yscale="log", ylim=(5e-4, 10), xlabel="degree, or sines", xticks=degrees[::2])
    panels[0].set_ylabel("largest error on [-4, 4]")
    panels[2].legend(fontsize=7.5, loc="lower left", ncols=2)
    return drawn


@figure
def reach() -> Figure:
    """Draw the modes of a digit that reach a network that pools before its only polynomial."""
    body = nn.Sequential(
        (nn.Convolution(8), nn.TruncationPool(9), nn.PowerNorm("sample"), nn.Polynomial(), nn.Dense(10))
    )
    digits = load("mnist-5k").images[:64]
    return reach_map(audit(nn.Network(nn.Door("fourier", (28, 28), (8, 8), 1), body), digits))


@figure
def debate() -> Figure:
    """Draw the experiment of the debate, and the audits of its networks."""
    return frequency_pooling_debate.draw(frequency_pooling_debate.experiment((0, 1)), frequency_pooling_debate.audits())
