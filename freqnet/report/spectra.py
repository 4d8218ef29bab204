"""The figure of spectra: the power of a few signals at every mode after each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from freqnet.nn import Network
from freqnet.plot.panels import label_modes
from freqnet.plot.signals import draw_kept, kept_steps
from freqnet.plot.style import WIDTH, message, styled
from freqnet.report.panels import LEFT, RIGHT, add_panel, colour_bar

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def layer_spectra(network: Network, images: np.ndarray, most: int = 4) -> Figure:
    """Draw the power at every mode after each layer, for a few images; DC is in the centre.

    Parameters
    ----------
    network : Network
    images : numpy.ndarray
        ``(samples, *grid, channels)``.
    most : int
        Number of images that are drawn, from the first.

    Returns
    -------
    matplotlib.figure.Figure
        One row per image, as `freqnet.plot.plot_kept` draws it.

    Examples
    --------
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> figure = layer_spectra(network, np.random.default_rng(0).normal(size=(2, 8, 8, 1)))
    >>> len(figure.axes) - 1  # the colour bar has axes as well
    10
    """
    from matplotlib.figure import Figure

    samples = np.asarray(images)[:most]
    if len(samples) == 0:
        return message("There are no images to show.")
    steps = kept_steps(network, samples)
    gap, head, foot = 0.08, 0.6, 0.42
    side = min(1.3, (WIDTH - LEFT - RIGHT - gap) / (len(steps) + 1) - gap)
    figure = Figure(figsize=(WIDTH, head + len(samples) * (side + gap) + foot))
    lefts = [LEFT - 0.45, *(LEFT + 0.1 + column * (side + gap) for column in range(1, len(steps) + 1))]
    for row, sample in enumerate(samples):
        top = head + row * (side + gap)
        axes = [add_panel(figure, (left, top, side, side)) for left in lefts]
        band = draw_kept(axes, sample, steps, row)
        for panel in axes if row else ():
            panel.set_title("")
    label_modes(axes[1], band, "power, dB", size=7)
    tall = min(1.8, len(samples) * (side + gap) - gap)
    image = axes[1].images[0] if axes[1].images else None
    colour_bar(figure, image, (WIDTH - RIGHT + 0.2, head, 0.11, tall), "power, dB")
    return figure
