"""The contract of a domain, for every domain in the registry, on many grids with two bands each.

A new domain is tested here as soon as it is registered. Each negative control breaks one verb and must fail.
"""

from __future__ import annotations

import adjoint_checks  # noqa: F401  (adds its checks to CHECKS)
import numpy as np
import pytest
from domain_checks import CHECKS, Case

from freqnet.spaces import DOMAINS, Fourier, Grid, NodeSpace, Space

GRIDS = (
    *((n,) for n in (1, 2, 3, 7, 8, 9)),
    *((1, 1), (2, 3), (5, 8), (7, 4), (3, 3)),
    *((3, 2, 5), (2, 2, 2)),
)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda g: "x".join(map(str, g)))
@pytest.mark.parametrize("name", CHECKS)
# Causal domains have their own oracles: see laplace_checks.py and damped_checks.py.
@pytest.mark.parametrize("domain", [name for name, make in DOMAINS.items() if not isinstance(make(1), NodeSpace)])
def test_domain(domain: str, name: str, grid: tuple[int, ...], rng: np.random.Generator) -> None:
    full = DOMAINS[domain](grid).band
    for band in {full, tuple(m // 2 for m in full)}:
        CHECKS[name](Case(DOMAINS[domain], grid, band, rng))


class WrappedProduct(Fourier):
    """Multiply on the grid itself, so that modes beyond Nyquist alias."""

    def multiply(self, a, b, other, band):
        there = [Fourier.on(self.grid, m).synthesis(v, self.grid) for v, m in ((a, self.band), (b, other))]
        return Fourier.on(self.grid, band).analysis(there[0] * there[1])


class ConjugatedResponse(Fourier):
    """Compute the correlation with a kernel instead of the convolution."""

    def frequency_response(self, theta, kernel, size):
        return super().frequency_response(theta, kernel, size).conj()


class SumsModes(Fourier):
    """Do not divide the transform by the number of samples."""

    def sample_modes(self, samples):
        return super().sample_modes(samples) * np.prod(samples.shape[1:-1])


class PlainWeights(Fourier):
    """Count modes k and -k once in the inner product."""

    @property
    def weights(self):
        return np.ones_like(super().weights)


class ShiftsBack(Fourier):
    def shift(self, array, samples):
        return super().shift(array, -samples)


class AverageIsItsOwnAdjoint(Fourier):
    def average(self, array, window, method, adjoint):
        return super().average(array, window, method, False)


class KeepsNyquist(Fourier):
    """Keep the Nyquist mode without splitting it between k = n/2 and k = -n/2."""

    @property
    def largest_band(self):
        return tuple(n // 2 for n in self.grid)

    def split_nyquist(self, array, grid):
        return array


class DropsInsteadOfFolding(Fourier):
    """Subsample without folding the modes beyond the coarse grid's band."""

    def alias(self, array, coarse, stride, adjoint):
        return (coarse if adjoint else self).change_band(array, (self if adjoint else coarse).band)


class UnevenCoordinates(Fourier):
    """Omit the factor sqrt(2) of the coordinates, so that they are not orthonormal."""

    def coordinates(self, array):
        return np.concatenate([super().coordinates(array)[:1], super().coordinates(array)[1:] / 2**0.5])


class KeepsTheWholeSquare(Grid):
    """Do not truncate products to the band asked for."""

    def multiply(self, a, b, other, band):
        return a * b


BROKEN = (
    (WrappedProduct, "products"),
    (ConjugatedResponse, "convolution"),
    (SumsModes, "round_trip"),
    (PlainWeights, "statistics"),
    (ShiftsBack, "shifts"),
    (AverageIsItsOwnAdjoint, "adjoint_of_averages"),
    (KeepsNyquist, "round_trip"),
    (DropsInsteadOfFolding, "aliasing"),
    (UnevenCoordinates, "orthonormal_coordinates"),
    (KeepsTheWholeSquare, "products"),
)


@pytest.mark.parametrize(("domain", "name"), BROKEN, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_a_broken_domain_fails(domain: type[Space], name: str, rng: np.random.Generator) -> None:
    case = Case(domain.on, (8,), domain.on((8,)).band, rng)
    with pytest.raises(AssertionError, match="relative error"):
        CHECKS[name](case)


def test_negative_controls_are_not_registered() -> None:
    assert not {kind for kind, _ in BROKEN} & {type(make(1)) for make in DOMAINS.values()}
