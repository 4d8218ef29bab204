"""Figures of spectra: the power of a signal at every mode after each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from freqnet.audit.walk import Step, walk
from freqnet.autodiff import Tensor
from freqnet.kernels.reference import full_spectrum
from freqnet.nn import Network
from freqnet.report.panels import LEFT, RIGHT, add_panel, colour_bar, draw_modes, draw_sample, label_modes, spread
from freqnet.report.style import POWER_MAP, WIDTH, message, styled
from freqnet.spaces import Axes, Space

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Decibels below the strongest mode of a spectrum at which the colour scale ends.
FLOOR = -40.0
# Largest number of spectra per row: more would be too small to read.
_MOST_SPECTRA = 12


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
        One row per image: the image, its spectrum at the door, and the spectrum after each layer whose output is a
        signal, as the mean over channels in decibels below the strongest mode. In a deep network layers at even
        distances are left out.

    Examples
    --------
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> figure = layer_spectra(network, np.random.default_rng(0).normal(size=(2, 8, 8, 1)))
    >>> len(figure.axes) - 1  # the colour bar has axes as well
    10
    """
    samples = np.asarray(images)[:most]
    if len(samples) == 0:
        return message("There are no images to show.")
    steps = [step for step in walk(network, samples) if step.output.space is not None]
    return _draw_spectra(samples, spread(steps, _MOST_SPECTRA))


def _draw_spectra(samples: np.ndarray, steps: list[Step]) -> Figure:
    from matplotlib.figure import Figure

    powers = [decibels(step.output) for step in steps]
    shown = tuple(max(band) for band in zip(*(band for _, band in powers), strict=True))
    gap, head, foot = 0.08, 0.6, 0.42
    side = min(1.3, (WIDTH - LEFT - RIGHT - gap) / (len(steps) + 1) - gap)
    figure = Figure(figsize=(WIDTH, head + len(samples) * (side + gap) + foot))
    image = None
    for row, sample in enumerate(samples):
        top = head + row * (side + gap)
        picture = add_panel(figure, (LEFT - 0.45, top, side, side))
        draw_sample(picture, sample)
        picture.set_title(("image" if sample.ndim > 2 else "signal") if row == 0 else "", fontsize=7, pad=3)
        for column, (step, (power, band)) in enumerate(zip(steps, powers, strict=True), 1):
            panel = add_panel(figure, (LEFT + 0.1 + column * (side + gap), top, side, side))
            panel.patch.set(alpha=0.0)
            image = draw_modes(panel, power[..., row], band, (FLOOR, 0.0), POWER_MAP, shown) or image
            panel.set_title(_title(step) if row == 0 else "", fontsize=7, pad=3)
            if column == 1 and row == len(samples) - 1:
                label_modes(panel, shown, "power, dB")
    tall = min(1.8, len(samples) * (side + gap) - gap)
    colour_bar(figure, image, (WIDTH - RIGHT + 0.2, head, 0.11, tall), "power, dB")
    return figure


def decibels(x: Tensor) -> tuple[np.ndarray, Axes]:
    """Return the mean over channels of a signal's power at each mode, and the band.

    Parameters
    ----------
    x : Tensor
        Signal ``(*stored modes, batch, channels)`` of any domain.

    Returns
    -------
    numpy.ndarray
        ``(*modes, batch)``, two-sided with DC in the centre, in decibels below each example's strongest mode.
    tuple of int
        Largest mode along each axis.
    """
    space: Space = x.space
    # Where modes are not stored, this transforms: the transform belongs to the figure, not to the network.
    half, band = space.half_spectrum(x.data), space.mode_space.band
    full = np.nan_to_num(full_spectrum(half, space.ndim).astype(complex), posinf=0.0, neginf=0.0)
    power = np.mean(np.abs(full) ** 2, axis=-1)
    greatest = np.maximum(power.max(axis=tuple(range(space.ndim))), np.finfo(float).tiny)
    return 10 * np.log10(np.maximum(power / greatest, 1e-12)), band


def _title(step: Step) -> str:
    if step.name == "door":
        return "door"
    name = type(step.layer).__name__
    for word in ("Pool", "Norm"):
        name = name.replace(word, f"\n{word.lower()}")
    return f"{step.name}\n{name.lower()}"
