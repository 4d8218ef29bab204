"""Figures of learned filters: the gain of each at every mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.audit.walk import walk
from freqnet.autodiff import Tensor, observe
from freqnet.errors import ConfigurationError, got_expected
from freqnet.kernels.reference import full_spectrum
from freqnet.nn import Network
from freqnet.report.panels import LEFT, RIGHT, add_panel, add_text, colour_bar, draw_modes, label_modes, spread
from freqnet.report.style import COUNT_MAP, WIDTH, message, styled
from freqnet.spaces import Axes, Space
from freqnet.spaces.base import volume

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Largest number of layers in one figure.
_MOST_LAYERS = 8


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
    """

    name: str
    gain: np.ndarray
    band: Axes

    def strongest(self, most: int) -> list[tuple[int, int, np.ndarray]]:
        """Return (input, output, gain ``(*modes,)``) of the strongest filters, from low-pass to high-pass.

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
        return [(i, o, self.gain[..., i, o]) for i, o in sorted(pairs, key=lambda pair: centre[pair])]


def filters(network: Network) -> list[Filters]:
    """Return the filters of the convolutions of a network, in the order they run.

    A convolution of one tap passes all modes equally, and is left out.

    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(8), nn.TruncationPool(5), nn.Convolution(4), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> [(f.name, f.gain.shape) for f in filters(network)]
    [('0', (7, 7, 1, 8)), ('2', (5, 5, 8, 4))]
    """
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
    gain = _gain(theta, kernel, size, space)
    return Filters(name, gain, tuple((n - 1) // 2 for n in gain.shape[:-2]))


def _gain(theta: np.ndarray, kernel: str, size: Axes, space: Space) -> np.ndarray:
    """Return the gain at the modes of the layer's signals, for every domain."""
    with np.errstate(all="ignore"):
        half = space.kernel_modes(theta, kernel, size)
        # Diverged weights are drawn as zeros.
        return np.nan_to_num(np.abs(full_spectrum(half, space.ndim)).astype(float), posinf=0.0)


@styled
def filter_responses(network: Network, layer_index: int | None = None, most: int = 32) -> Figure:
    """Draw the learned filters: the gain of each at every mode, DC in the centre.

    Each output channel shows its strongest filter, relative to its largest gain. The filters of a layer are in order
    from low-pass to high-pass.

    Parameters
    ----------
    network : Network
    layer_index : int, optional
        Position among the convolution layers of more than one tap, from 0. By default all of them are drawn, or
        eight at even distances.
    most : int
        Number of filters per layer; the strongest are drawn.

    Returns
    -------
    matplotlib.figure.Figure
        One block of panels per layer, and a colour bar.

    Raises
    ------
    ConfigurationError
        There is no such convolution layer.

    Examples
    --------
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(4), nn.Dense(10)))
    >>> figure = filter_responses(nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body))
    >>> len(figure.axes) - 1  # the colour bar has axes as well
    4
    """
    found = filters(network)
    if layer_index is not None:
        if not -len(found) <= layer_index < len(found):
            expected = f"0 to {len(found) - 1}" if found else "None, since no convolution has more than one tap"
            todo = f"pass layer_index={0 if found else None}"
            raise ConfigurationError(got_expected("convolution layer", layer_index, expected, todo))
        found = [found[layer_index]]
    if not found:
        return message("This network has no convolution layers of more than one tap: no filters to show.")
    return _draw_filters([(f, f.strongest(most)) for f in spread(found, _MOST_LAYERS)])


def _draw_filters(blocks: list[tuple[Filters, list[tuple[int, int, np.ndarray]]]]) -> Figure:
    from matplotlib.figure import Figure

    lines = len(blocks[0][0].band) == 1
    columns, gap, title, foot = (8, 0.12, 0.2, 0.5) if lines else (16, 0.07, 0.15, 0.42)
    side = (WIDTH - LEFT - RIGHT + gap) / columns - gap
    tall = side * 0.6 if lines else side
    heights = [0.28 + -(-len(chosen) // columns) * (tall + title) + foot for _, chosen in blocks]
    figure = Figure(figsize=(WIDTH, sum(heights)))
    top, image = 0.0, None
    for (layer, chosen), height in zip(blocks, heights, strict=True):
        add_text(figure, LEFT, top + 0.14, _heading(layer, len(chosen)), va="center", weight="bold")
        for index, (source, output, gain) in enumerate(chosen):
            row, column = divmod(index, columns)
            box = (LEFT + column * (side + gap), top + 0.28 + row * (tall + title) + title, side, tall)
            panel = add_panel(figure, box)
            image = draw_modes(panel, gain / (gain.max() or 1.0), layer.band, (0.0, 1.0), COUNT_MAP) or image
            panel.set_title(_name(layer, source, output), fontsize=6, pad=1.5, alpha=0.75)
            if column == 0 and index + columns >= len(chosen):
                label_modes(panel, layer.band, "gain")
        top += height
    colour_bar(figure, image, (WIDTH - RIGHT + 0.2, 0.43, 0.11, min(1.6, sum(heights) - 0.6)), "relative gain")
    return figure


def _name(layer: Filters, source: int, output: int) -> str:
    return f"{source}→{output}" if layer.gain.shape[-2] > 1 else str(output)


def _heading(layer: Filters, shown: int) -> str:
    inputs, outputs = layer.gain.shape[-2:]
    part = f"{shown} of {outputs} output channels" if shown < outputs else f"{outputs} output channels"
    of = f", of each the strongest of {inputs} filters (input→output)" if inputs > 1 else ", one filter each"
    return f"layer {layer.name}: {part}{of}"
