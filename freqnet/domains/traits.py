"""What distinguishes domains; what is said here holds for waves on a period, and others say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from freqnet.domains.space import Axes, Space

if TYPE_CHECKING:
    from freqnet.domains.base import Domain


class Traits:
    """What code that is written for every domain asks of one, beside the work of its verbs."""

    name: str
    is_complex: bool
    # Whether arrays hold a transform: then there are no pointwise functions, and no transform may run inside a network.
    is_spectral: bool = False
    # What an axis of stored numbers counts.
    unit: str = "modes"
    # Whether it is that of waves: then signals have a power spectrum, and shifts by fractions of a sample.
    has_modes: bool = False
    # Whether gradients are stored as signals are. Elsewhere they live in `Space.cotangent`, and "adjoint" refers
    # to the sum of products of stored numbers.
    is_self_dual: bool = True
    # Whether signals begin at a first sample, and convolution is linear: elsewhere both go around a period.
    is_causal: bool = False
    # Real multiply-adds that convolution takes for each stored number, or each tap.
    products_a_number: int = 1
    # Whether layers run transforms of their own: true only for baselines that switch domains.
    switches: bool = False

    def band_of(self, modes: int) -> int:
        """The band that has so many modes along an axis."""
        return (modes - 1) // 2

    def modes(self, space: Space) -> Axes:
        """How many modes a space has along each axis: the inverse of `band_of`."""
        return tuple(2 * m + 1 for m in space.band)

    def fitted(self, samples: Callable[[], np.ndarray], modes: int) -> Domain:
        """The domain to hold samples ``(batch, *grid, channels)`` in: itself, unless it is to be trained on them."""
        return self  # type: ignore[return-value]

    def beyond(self, space: Space) -> str:
        """How a convolution's result that outgrows the grid comes back, in words."""
        return "around the period"

    def delay(self, ahead: Axes) -> Axes:
        """How many places later sample 0 lies once samples so far ahead of it are held: none on a period."""
        return (0,) * len(ahead)

    def limit(self, band: Axes, grid: Axes) -> Axes:
        """What there can be of a product's band."""
        return band

    def exact_band(self, band: Axes, grid: Axes) -> Axes:
        """The band that holds a product whole, if `band` does so of waves."""
        return band

    def condition_numbers(self, space: Space) -> tuple[float, ...]:
        """The condition number of the transform along each axis."""
        return (1.0,) * space.ndim
