"""Trial signals: the sizes on which the operations of a domain are compared with the same operations on samples."""

from __future__ import annotations

from typing import NamedTuple

Axes = tuple[int, ...]


class Trial(NamedTuple):
    """The signals and operations of a test.

    Attributes
    ----------
    grid : tuple of int
        Number of samples along each axis.
    band : tuple of int or None
        Band of the signals; None is the largest band of the domain.
    filled : tuple of int
        Number of samples, from sample 0, that are not zero.
    kept : tuple of int
        Band after truncation.
    by : tuple of float
        Shift, in samples.
    wraps : bool
        Whether signals are periodic. If not, they are zero outside the grid.
    """

    grid: Axes
    band: Axes | None
    filled: Axes
    kept: Axes
    by: tuple[float, ...]
    wraps: bool


# One even and one odd axis, both wide enough that the product of two signals of the band does not alias on samples.
PERIODIC = Trial((13, 12), (3, 3), (13, 12), (2, 1), (0.37, -1.6), wraps=True)
# All nodes, which represent every signal, and room for the samples that a kernel or a shift adds.
CAUSAL = Trial((7, 6), None, (4, 3), (3, 2), (1, -2), wraps=False)
