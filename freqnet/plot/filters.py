"""Plots of the filters that convolutions have learned: frequency responses and kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.audit.walk import walk
from freqnet.autodiff import Tensor, observe
from freqnet.errors import ConfigurationError, got_expected
from freqnet.kernels.reference import full_spectrum
from freqnet.nn import Network
from freqnet.plot.panels import draw_modes, frame, given_axes, label_modes, middle, new_ax, new_axes, require, scale
from freqnet.plot.style import BLUE, COUNT_MAP, SIGNED_MAP
from freqnet.spaces import Axes, Space
from freqnet.spaces.base import volume
from freqnet.spaces.parametrisations import kernel_taps

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Panel


@dataclass(frozen=True, eq=False)
class Filters:
    """The filters of one convolution layer.

    Attributes
    ----------
    name : str
        Path of the layer.
    gain : numpy.ndarray
        ``(*modes, inputs, outputs)``, two-sided with DC in the centre: the magnitude of the frequency
        response (1 leaves a mode unchanged).
    band : tuple of int
        Largest mode along each axis.
    taps : numpy.ndarray
        ``(*taps, inputs, outputs)``: the kernel. A free response per mode has as many taps as modes, with the sample
        that a filter acts on in the centre.
    """

    name: str
    gain: np.ndarray
    band: Axes
    taps: np.ndarray

    def strongest_pairs(self, most: int) -> list[tuple[int, int]]:
        """Return the (input, output) channels of the strongest filters, from low-pass to high-pass.

        Each output channel shows the filter of the input channel that it takes most energy from.
        """
        square = self.gain**2
        modes = tuple(range(len(self.band)))
        energy = square.sum(axis=modes)
        pairs = [(int(energy[:, o].argmax()), o) for o in range(energy.shape[1])]
        pairs = sorted(pairs, key=lambda pair: -energy[pair])[:most]
        axes = [np.arange(-m, m + 1) / max(m, 1) for m in self.band]
        radius = np.sqrt(sum(k**2 for k in np.meshgrid(*axes, indexing="ij")))
        centre = np.tensordot(radius, square, (modes, modes)) / np.maximum(energy, np.finfo(float).tiny)
        return sorted(pairs, key=lambda pair: centre[pair])

    def pair_name(self, source: int, output: int) -> str:
        """Return the numbers of an input and an output channel; that of the output alone, if there is one input."""
        return f"{source}→{output}" if self.gain.shape[-2] > 1 else str(output)


def filters(network: Network) -> list[Filters]:
    """Return the filters of the convolutions of a network, in the order they run.

    A convolution of one tap passes all modes equally, and is left out.

    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(8), nn.TruncationPool(5), nn.Convolution(4), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> [(f.name, f.gain.shape, f.taps.shape) for f in filters(network)]
    [('0', (7, 7, 1, 8), (3, 3, 1, 8)), ('2', (5, 5, 8, 4), (3, 3, 8, 4))]
    """
    require(network, Network, "filters", "pass the network, and the layer as layer=0")
    names = {id(p): name.rpartition(".")[0] or "body" for name, p in network.body.named_parameters().items()}
    seen: list[tuple[str, np.ndarray, str, Axes, Space]] = []

    def look(op: Any, out: Tensor, inputs: tuple[Tensor, ...], parameters: dict[str, Any]) -> None:
        # Inside composite layers too: every response made of trained numbers is a convolution.
        if op.name == "frequency_response" and id(inputs[0]) in names and volume(parameters["size"]) > 1:
            seen.append((names[id(inputs[0])], inputs[0].data, parameters["kernel"], parameters["size"], out.space))

    with observe(look):
        walk(network, network.door.blank(network.precision))
    # After the walk: inside the network no transform may run.
    return [_filters(*filter) for filter in seen]


def _filters(name: str, theta: np.ndarray, kernel: str, size: Axes, space: Space) -> Filters:
    with np.errstate(all="ignore"):
        half = space.kernel_modes(theta, kernel, size)
        response = full_spectrum(half, space.ndim)
        # Diverged weights are drawn as zeros.
        gain = np.nan_to_num(np.abs(response).astype(float), posinf=0.0)
        taps = np.nan_to_num(_taps(theta, kernel, size, response).astype(float), posinf=0.0, neginf=0.0)
    return Filters(name, gain, tuple((n - 1) // 2 for n in gain.shape[:-2]), taps)


def _taps(theta: np.ndarray, kernel: str, size: Axes, response: np.ndarray) -> np.ndarray:
    """Return the kernel ``(*taps, inputs, outputs)``, from its parameters, or from the response at the modes."""
    if kernel != "modes":
        return np.tensordot(kernel_taps(kernel, size), theta, 1).reshape(*size, *theta.shape[1:])
    modes = tuple(range(len(size)))
    finite = np.nan_to_num(response, posinf=0.0, neginf=0.0)
    return np.fft.fftshift(np.fft.ifftn(np.fft.ifftshift(finite, modes), axes=modes).real, modes)


def chosen_filters(network: Network | Filters, layer: int | str) -> Filters:
    """Return the filters of one layer, by its position among the convolutions of more than one tap, or by its path.

    Raises
    ------
    ConfigurationError
        There is no such convolution layer.
    """
    if isinstance(network, Filters):
        return network
    found = {f.name: f for f in filters(network)}
    if isinstance(layer, str) and layer in found:
        return found[layer]
    if not isinstance(layer, str) and -len(found) <= layer < len(found):
        return list(found.values())[layer]
    positions = f"0 to {len(found) - 1}" if len(found) > 1 else "0"
    expected = f"{positions}, or a path among {', '.join(found)}" if found else "a network whose kernels have more taps"
    todo = "pass layer=0" if found else "add nn.Convolution(8)"
    raise ConfigurationError(got_expected("convolution layer", repr(layer), expected, todo))


def plot_response(
    network: Network | Filters,
    layer: int | str = 0,
    pair: tuple[int, int] | None = None,
    *,
    ax: Panel | None = None,
    labels: bool = True,
) -> Panel:
    """Draw the frequency response of a convolution: its gain at every mode, with DC in the centre.

    A low-pass is strong in the centre, an edge detector is weak there; a gain of 1 leaves a mode unchanged. In 3-D the
    plane at mode 0 of the first axis is drawn.

    Parameters
    ----------
    network : Network or Filters
        A network; or the filters of one layer, from `filters`.
    layer : int or str
        Position among the convolutions of more than one tap, from 0; or the path of the layer, such as ``"4"``.
    pair : tuple of int, optional
        Numbers of an input and an output channel. By default the root mean square over all pairs of channels is drawn.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.
    labels : bool
        Whether to label the axes, with a colour bar in 2-D and 3-D. Without labels the gain is relative to its largest.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ConfigurationError
        There is no such convolution layer, or no such pair of channels.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(4), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (32,), (9,), 1), body)
    >>> plot_response(network, pair=(0, 3), ax=Figure().subplots()).get_ylabel()
    'gain'
    """
    own = chosen_filters(network, layer)
    gain, is_line = _gain_of(own, pair), len(own.band) == 1
    largest = float(gain.max()) or 1.0
    ax = new_ax((4.2, 2.6) if is_line else (3.4, 2.8)) if ax is None else ax
    if not labels:
        draw_modes(ax, gain / largest, own.band, (0.0, 1.0), COUNT_MAP)
    else:
        # A line needs room above its top.
        image = draw_modes(ax, gain, own.band, (0.0, largest * (1.05 if is_line else 1.0)), COUNT_MAP)
        label_modes(ax, own.band, "gain")
        scale(ax, image, "gain")
    return ax


def _gain_of(own: Filters, pair: tuple[int, int] | None) -> np.ndarray:
    if pair is None:
        return np.sqrt((own.gain**2).mean(axis=(-2, -1)))
    source, output = pair
    inputs, outputs = own.gain.shape[-2:]
    if not (0 <= source < inputs and 0 <= output < outputs):
        expected = f"an input below {inputs} and an output below {outputs}"
        raise ConfigurationError(got_expected(f"channels of layer {own.name}", pair, expected, "pass pair=(0, 0)"))
    return own.gain[..., source, output]  # type: ignore[no-any-return]


def plot_kernels(network: Network | Filters, layer: int | str = 0, most: int = 8, axes: Any = None) -> np.ndarray:
    """Draw the taps of the strongest kernels of a convolution, from low-pass to high-pass.

    Each output channel shows the kernel of the input channel that it takes most energy from. In 2-D, orange taps are
    above 0 and purple taps below, and each kernel is relative to its largest tap; in 3-D the middle slice is drawn.

    Parameters
    ----------
    network : Network or Filters
        A network; or the filters of one layer, from `filters`.
    layer : int or str
        Position among the convolutions of more than one tap, from 0; or the path of the layer, such as ``"4"``.
    most : int
        Number of kernels; the strongest are drawn.
    axes : array of matplotlib.axes.Axes, optional
        The axes to draw on, one per kernel; by default those of a new figure.

    Returns
    -------
    numpy.ndarray
        The axes, ``(kernels,)``, each with the numbers of its input and output channel as its title.

    Raises
    ------
    ConfigurationError
        There is no such convolution layer, or `axes` are too few or too many.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(4, size=5), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> axes = plot_kernels(network, axes=Figure().subplots(1, 4))
    >>> axes[0].images[0].get_array().shape
    (5, 5)
    """
    own = chosen_filters(network, layer)
    pairs = own.strongest_pairs(max(1, most))
    is_line = len(own.band) == 1
    size = (1.6, 1.3) if is_line else (1.1, 1.25)
    axes = new_axes(len(pairs), size) if axes is None else given_axes(axes, len(pairs), "kernel")
    for ax, (source, output) in zip(axes, pairs, strict=True):
        _draw_taps(ax, own.taps[..., source, output])
        ax.set_title(own.pair_name(source, output), fontsize=7.5, pad=2)
    if is_line:
        axes[0].set_xlabel("tap, samples", fontsize=7, labelpad=1, loc="left")
    return axes


def _draw_taps(ax: Panel, taps: np.ndarray) -> None:
    frame(ax)
    largest = float(np.abs(taps).max()) or 1.0
    if taps.ndim == 1:
        places = np.arange(len(taps))
        ax.axhline(0.0, color="0.6", linewidth=0.6)
        ax.vlines(places, 0.0, taps, color=BLUE, linewidth=1.2)
        ax.plot(places, taps, linestyle="", marker="o", markersize=3, color=BLUE)
        ax.set_ylim(-1.15 * largest, 1.15 * largest)
        return
    plane = middle(taps, taps.ndim)
    look: dict[str, Any] = {"interpolation": "none", "origin": "upper"}
    ax.imshow(plane, cmap=SIGNED_MAP, vmin=-largest, vmax=largest, **look)
