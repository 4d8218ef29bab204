"""Shapes of default networks, and the choice of one by the data."""

from __future__ import annotations

from dataclasses import dataclass

from freqnet.data import Dataset


@dataclass(frozen=True)
class Size:
    """The shape of a default network.

    Attributes
    ----------
    shares : tuple of float
        Share of the door's modes that each stage keeps.
    widths : tuple of int
        Channels of each stage.
    taps : int
        Taps of the kernels along each axis.
    depth : tuple of int
        Residual blocks at the end of each stage; further stages have as many as the last.
    head : float
        Share of the door's modes that the head keeps.
    """

    shares: tuple[float, ...]
    widths: tuple[int, ...]
    taps: int = 3
    depth: tuple[int, ...] = (0,)
    head: float = 1.0


# Few modes distinguish digits, but squares of fine detail reach these modes too. Hence a first stage with many modes
# and few channels, then few modes and many channels. Natural images need the finer modes in later stages as well.
SIZES = {
    "small": Size((1.0, 0.34, 0.2), (6, 12, 24)),
    "medium": Size((1.0, 0.34, 0.2), (8, 16, 32)),
    "large": Size((1.0, 0.34, 0.2), (16, 32, 64)),
    "xlarge": Size((1.0, 0.76, 0.53), (32, 64, 128), 5, head=0.3),
    "xxlarge": Size((1.0, 0.76, 0.53), (32, 64, 128), 5, (1,), head=0.3),
}
# From so many examples on, and in colour, the finer modes are worth their time.
_MANY = 2000


def size_for(dataset: Dataset) -> str:
    """Return the name of the size that suits a dataset.

    Colour images need the modes of their textures; grey ones and signals of other kinds get a size that trains in
    seconds.

    >>> from freqnet.data import load
    >>> size_for(load("digits"))
    'large'
    """
    is_colour = dataset.channels == 3 and len(dataset.grid) == 2 and min(dataset.grid) > 16
    return "xlarge" if is_colour and len(dataset) >= _MANY else "large"
