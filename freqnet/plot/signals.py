"""Plots of signals: an example, its spectrum, and its spectrum after each layer of a network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.audit.walk import Step, walk
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, ShapeError, SpaceError, got_expected
from freqnet.kernels.reference import full_spectrum
from freqnet.nn import Network
from freqnet.ops import analysis
from freqnet.plot.panels import (
    draw_modes,
    frame,
    given_axes,
    label_modes,
    middle,
    new_ax,
    new_axes,
    require,
    scale,
    spread,
)
from freqnet.plot.style import BLUE, INK, ORANGE, POWER_MAP, shrink
from freqnet.spaces import Axes, Space

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Panel

# Decibels below the strongest mode of a spectrum at which the colour scale ends.
FLOOR = -40.0
# Largest number of spectra per row: more would be too small to read.
MOST_SPECTRA = 12
# More pixels than this are invisible in panels of an inch, and make pages large.
_PIXELS = 96


def plot_sample(sample: Any, ax: Panel | None = None, *, limits: tuple[float, float] | None = None) -> Panel:
    """Draw an example: a line in 1-D, an image in 2-D, the middle slice in 3-D.

    Up to three channels are lines in 1-D. In 2-D and 3-D, three channels are shown as colours and any other number as
    the grey mean.

    Parameters
    ----------
    sample : array_like
        ``(*grid, channels)``.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.
    limits : tuple of float, optional
        Values that are black and white, or the ends of the vertical axis; by default the lowest and the highest value.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ShapeError
        The example does not have one to three axes and channels.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from freqnet.data import load
    >>> ax = plot_sample(load("digits").images[0], ax=Figure().subplots())
    >>> ax.images[0].get_array().shape
    (8, 8)
    """
    values = np.asarray(sample)
    ndim = values.ndim - 1
    if ndim not in (1, 2, 3) or values.size == 0 or values.dtype.kind not in "fiub":
        got, todo = f"{values.dtype} of shape {values.shape}", "pass one example, such as images[0]"
        raise ShapeError(got_expected("sample", got, "real numbers (*grid, channels) on 1 to 3 axes", todo))
    values = np.nan_to_num(np.asarray(middle(values, ndim), float))
    if ax is None:
        ax = new_ax((3.2, 2.2) if ndim == 1 else (2.4, 2.4))
        ax.set_xlabel("samples" if ndim == 1 else "")
    if ndim == 1:
        for channel, colour in zip(values.T, (BLUE, ORANGE, INK), strict=False):
            ax.plot(channel, color=colour, linewidth=0.9)
        ax.margins(x=0)
        if limits is not None:
            margin = 0.05 * (limits[1] - limits[0]) or 1.0
            ax.set_ylim(limits[0] - margin, limits[1] + margin)
        return ax
    image = shrink(values if values.shape[-1] == 3 else values.mean(axis=-1), _PIXELS)
    low, high = limits or (float(image.min()), float(image.max()))
    image = np.clip((image - low) / ((high - low) or 1.0), 0, 1)
    long = max(image.shape[:2]) > 4 * min(image.shape[:2])
    look: dict[str, Any] = {"interpolation": "none", "origin": "upper", "aspect": "auto" if long else "equal"}
    ax.imshow(image, cmap="gray", vmin=0, vmax=1, **look)
    frame(ax)
    return ax


def plot_spectrum(
    x: Any,
    space: Space | None = None,
    *,
    example: int = 0,
    floor: float = -60.0,
    ax: Panel | None = None,
    colour_bar: bool = True,
) -> Panel:
    """Draw the power of a signal at every mode, with DC in the centre.

    The power is the mean over channels, in decibels below the strongest mode. In 3-D the plane at mode 0 of the first
    axis is drawn. A signal of any domain can be drawn; where no modes are stored, they are computed.

    Parameters
    ----------
    x : Tensor or array_like
        A signal ``(*modes, batch, channels)``; or samples ``(*grid)``, ``(*grid, channels)`` or
        ``(batch, *grid, channels)``, together with `space`.
    space : Space, optional
        The space in which samples are analysed, such as ``Fourier.on(64)``.
    example : int
        Number of the example in the batch.
    floor : float
        The lowest power that is distinguished, in decibels; below 0.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.
    colour_bar : bool
        Whether to add a colour bar in 2-D and 3-D.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    SpaceError
        `x` is no signal, or samples come without a space.
    ShapeError
        The samples do not fit the space, or there is no such example.
    ConfigurationError
        The floor is not below 0.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from freqnet import Fourier
    >>> ax = plot_spectrum(np.cos(np.arange(16)), Fourier.on(16), ax=Figure().subplots())
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('cycles per period', 'power, dB')
    """
    if not floor < 0:
        todo = "pass floor=-60"
        raise ConfigurationError(got_expected("floor", floor, "decibels below 0", todo))
    signal = _signal(x, space)
    count = signal.shape[-2]
    if not -count <= example < count:
        raise ShapeError(got_expected("example", example, f"a number below {count}", "pass example=0"))
    power, band = decibels(signal)
    ax = new_ax((4.2, 2.6) if len(band) == 1 else (3.4, 2.8)) if ax is None else ax
    image = draw_modes(ax, np.maximum(power[..., example], floor), band, (floor, 0.0), POWER_MAP)
    label_modes(ax, band, "power, dB")
    if colour_bar:
        scale(ax, image, "power, dB")
    return ax


def _signal(x: Any, space: Space | None) -> Tensor:
    """Return a signal, or samples as a signal in their space."""
    if isinstance(x, Tensor):
        if x.space is None or x.space.kind != "signal":
            got = "plain numbers" if x.space is None else str(x.space)
            raise SpaceError(got_expected("spectrum", got, "a signal", "pass samples through analyse() first"))
        return x
    if space is None:
        todo = "pass plot_spectrum(samples, Fourier.on(64)), say"
        raise SpaceError(got_expected("spectrum", "samples without a space", "a Tensor, or samples and a space", todo))
    samples = np.asarray(x)
    extra = samples.ndim - space.ndim
    if extra in (0, 1):
        samples = samples[None] if extra else samples[None, ..., None]
    if extra not in (0, 1, 2):
        expected = f"(*grid), (*grid, channels) or (batch, *grid, channels) with {space.ndim} axes of the grid"
        raise ShapeError(got_expected("samples", f"shape {np.shape(x)}", expected, "pass a space on their grid"))
    return analysis(samples, space)


def plot_kept(network: Network, sample: Any, axes: Any = None) -> np.ndarray:
    """Draw what each layer of a network keeps of an example: the power at every mode, after each layer.

    The first panel is the example itself, the second its spectrum behind the door, and each further one the spectrum
    after a layer whose output is a signal. The power is the mean over channels, in decibels below the strongest mode of
    the panel; all panels span the same modes, so that pooled spectra look smaller. Of a deep network, 12 spectra at
    even distances are drawn.

    Parameters
    ----------
    network : Network
    sample : array_like
        An example ``(*grid, channels)``, in the units of the network's training set.
    axes : array of matplotlib.axes.Axes, optional
        The axes to draw on, one per panel; by default those of a new figure, which also has a colour bar.

    Returns
    -------
    numpy.ndarray
        The axes of the panels, ``(1 + spectra,)``.

    Raises
    ------
    ShapeError
        The example does not fit the network.
    ConfigurationError
        `axes` are too few or too many.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(4), nn.TruncationPool(3), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> axes = plot_kept(network, np.eye(8)[:, :, None], axes=Figure().subplots(1, 4))
    >>> [" ".join(ax.get_title().split()) for ax in axes]
    ['image', 'door', '0 convolution', '1 truncation pool']
    """
    require(network, Network, "plot_kept", "pass the network first")
    steps = kept_steps(network, np.asarray(sample)[None])
    own = axes is None
    axes = new_axes(1 + len(steps), (1.35, 1.7), columns=7) if own else given_axes(axes, 1 + len(steps), "panel")
    band = draw_kept(axes, np.asarray(sample), steps)
    if own and axes[1].images:
        axes[0].figure.colorbar(axes[1].images[0], ax=list(axes), label="power, dB", aspect=15, pad=0.01)
    for ax in axes[1:] if len(band) > 1 else ():
        ax.set_box_aspect(1)
    label_modes(axes[1], band, "power, dB", size=7)
    return axes


def draw_kept(axes: Sequence[Panel], sample: np.ndarray, steps: list[Step], example: int = 0) -> Axes:
    """Draw an example and its spectra, one per panel, and return the band that all panels span."""
    powers = [decibels(step.output) for step in steps]
    shown = tuple(max(band) for band in zip(*(band for _, band in powers), strict=True))
    plot_sample(sample, axes[0])
    axes[0].set_title("image" if len(shown) > 1 else "signal", fontsize=7, pad=3)
    for ax, step, (power, band) in zip(axes[1:], steps, powers, strict=True):
        ax.patch.set(alpha=0.0)
        draw_modes(ax, np.maximum(power[..., example], FLOOR), band, (FLOOR, 0.0), POWER_MAP, shown)
        frame(ax)
        ax.set_title(_title(step), fontsize=7, pad=3)
    frame(axes[0])
    return shown


def kept_steps(network: Network, samples: np.ndarray) -> list[Step]:
    """Return the steps that `plot_kept` draws: the door, and layers whose output is a signal."""
    return spread([step for step in walk(network, samples) if step.output.space is not None], MOST_SPECTRA)


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
