"""The default network for solution operators of differential equations: a map from fields to fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from freqnet.nn import Convolution, Module, PositionAffine, Residual, Sequential
from freqnet.spaces import Axes

# Modes along each axis of fields of one, two and three dimensions. The time of a product of signals grows with the
# square of the number of all modes.
OPERATOR_MODES = (65, 25, 11)
# Channels of each block, by the size of the network.
OPERATOR_WIDTHS = {
    "small": (16, 16),
    "medium": (24, 24, 24),
    "large": (32, 32, 32, 32),
    "xlarge": (32, 32, 32, 32),
    "xxlarge": (48, 48, 48, 48),
    "huge": (64, 64, 64, 64),
    "giant": (64, 64, 64, 64, 64, 64),
}
# Channels per output that fields with edges multiply before they are mixed into the outputs.
_SHAPED = 2


def operator_layers(
    widths: Sequence[int], outputs: int, activation: Callable[[], Module], output_band: Axes | None = None
) -> tuple[Module, ...]:
    """Return the layers of a network for a solution operator.

    A matrix over channels lifts the input, and a trained field is added to it, by which the result may depend on the
    place. Each block adds to its input what a convolution with a free response per mode, the activation and a matrix
    over channels make of it. At the end, trained fields multiply a few channels, which a matrix mixes into the outputs.

    Parameters
    ----------
    widths : sequence of int
        Channels of each block.
    outputs : int
        Channels of the output.
    activation : callable
        Returns a new activation.
    output_band : tuple of int, optional
        Band of the output, by default that of the input.

    Returns
    -------
    tuple of Module

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.spaces import Fourier
    >>> body = nn.Sequential(operator_layers((16, 16), 1, nn.Gaussian, output_band=(31, 31)))
    >>> print(body.build(nn.Signal(Fourier.on((64, 64), band=(8, 8)), 3), np.random.default_rng(0)))
    1 channels of fourier signal, grid 64x64, band 31x31
    """
    layers: list[Module] = [_matrix(widths[0]), PositionAffine(gain=False)]
    layers += [_block(width, activation()) for width in widths]
    shape = PositionAffine(output_band)
    return (*layers, _matrix(_SHAPED * outputs), shape, _matrix(outputs))


def _block(width: int, activation: Module) -> Module:
    return Residual(Sequential((Convolution(width, kernel="modes", bias=False), activation, _matrix(width))))


def _matrix(channels: int) -> Convolution:
    """Return a convolution of one tap: a matrix over channels."""
    return Convolution(channels, size=1, bias=False)
