"""The figure of all learned filters of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freqnet.nn import Network
from freqnet.plot.filters import Filters, chosen_filters, filters, plot_response
from freqnet.plot.panels import label_modes, spread
from freqnet.plot.style import WIDTH, message, styled
from freqnet.report.panels import LEFT, RIGHT, add_panel, add_text, colour_bar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Largest number of layers in one figure.
_MOST_LAYERS = 8


@styled
def filter_responses(network: Network, layer_index: int | None = None, most: int = 32) -> Figure:
    """Draw the learned filters: the gain of each at every mode, DC in the centre.

    Each output channel shows its strongest filter, relative to its largest gain. The filters of a layer are in order
    from low-pass to high-pass. `freqnet.plot.plot_response` draws one of them.

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
    found = filters(network) if layer_index is None else [chosen_filters(network, layer_index)]
    if not found:
        return message("This network has no convolution layers of more than one tap: no filters to show.")
    return _draw_filters([(f, f.strongest_pairs(most)) for f in spread(found, _MOST_LAYERS)])


def _draw_filters(blocks: list[tuple[Filters, list[tuple[int, int]]]]) -> Figure:
    from matplotlib.figure import Figure

    lines = len(blocks[0][0].band) == 1
    columns, gap, title, foot = (8, 0.12, 0.2, 0.5) if lines else (16, 0.07, 0.15, 0.42)
    side = (WIDTH - LEFT - RIGHT + gap) / columns - gap
    tall = side * 0.6 if lines else side
    heights = [0.28 + -(-len(pairs) // columns) * (tall + title) + foot for _, pairs in blocks]
    figure = Figure(figsize=(WIDTH, sum(heights)))
    top, image = 0.0, None
    for (layer, pairs), height in zip(blocks, heights, strict=True):
        add_text(figure, LEFT, top + 0.14, _heading(layer, len(pairs)), va="center", weight="bold")
        for index, pair in enumerate(pairs):
            row, column = divmod(index, columns)
            box = (LEFT + column * (side + gap), top + 0.28 + row * (tall + title) + title, side, tall)
            panel = plot_response(layer, pair=pair, ax=add_panel(figure, box), labels=False)
            image = panel.images[0] if panel.images else None
            panel.set_title(layer.pair_name(*pair), fontsize=6, pad=1.5, alpha=0.75)
            if column == 0 and index + columns >= len(pairs):
                label_modes(panel, layer.band, "gain", size=7)
        top += height
    colour_bar(figure, image, (WIDTH - RIGHT + 0.2, 0.43, 0.11, min(1.6, sum(heights) - 0.6)), "relative gain")
    return figure


def _heading(layer: Filters, shown: int) -> str:
    inputs, outputs = layer.gain.shape[-2:]
    part = f"{shown} of {outputs} output channels" if shown < outputs else f"{outputs} output channels"
    of = f", of each the strongest of {inputs} filters (input→output)" if inputs > 1 else ", one filter each"
    return f"layer {layer.name}: {part}{of}"
