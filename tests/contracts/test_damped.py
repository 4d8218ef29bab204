"""The contract of the damped domain, the purpose of its damping, its errors, and negative controls."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import pytest
from damped_checks import CHECKS, Axes, close, drawn, projected
from oracles import assert_close

from freqnet import ops
from freqnet.errors import ConfigurationError, ShapeError, SpaceError
from freqnet.spaces import Damped, get_domain
from freqnet.spaces.registry import Factory

GRIDS = ((1,), (2,), (5,), (8,), (4, 4), (3, 6), (2, 3, 4))


@pytest.mark.parametrize("grid", GRIDS, ids=lambda g: "x".join(map(str, g)))
@pytest.mark.parametrize("name", CHECKS)
@pytest.mark.parametrize("domain", ["damped", "damped:r=0.6", "damped:wrap=1"])
def test_damped(domain: str, name: str, grid: Axes, rng: np.random.Generator) -> None:
    CHECKS[name](get_domain(domain), grid, rng)


class OnAllNodes(Damped):
    """Compute products always by a convolution over all nodes."""

    def _is_wrapped(self, other: Axes, band: Axes, is_square: bool) -> bool:
        return True


class ByForms(Damped):
    """Compute products always by the bilinear form."""

    def _is_wrapped(self, other: Axes, band: Axes, is_square: bool) -> bool:
        return False


@pytest.mark.parametrize("grid", GRIDS, ids=lambda g: "x".join(map(str, g)))
@pytest.mark.parametrize("name", ["products", "adjoints"])
@pytest.mark.parametrize("domain", [OnAllNodes.on, ByForms.on], ids=["OnAllNodes", "ByForms"])
def test_both_ways_to_multiply(domain: Factory, name: str, grid: Axes, rng: np.random.Generator) -> None:
    CHECKS[name](domain, grid, rng)


# -- purpose of the damping ----------------------------------------------------------------------------
def test_what_wraps_comes_back_weakened(rng: np.random.Generator) -> None:
    """A sample shifted beyond the end appears at the start, multiplied by r^n, whatever the number of samples."""
    for n in (4, 9, 28):
        end = np.zeros((1, n, 1))
        end[0, -1] = 1
        x = ops.analysis(end, Damped.on(n))
        out = x.space.synthesis(x.space.shift(x.data, np.array([1])), (n,)).ravel()
        assert out == pytest.approx([1 / 8] + [0] * (n - 1), abs=1e-13)


def test_subsampling_folds_where_the_wrap_is_fixed(rng: np.random.Generator) -> None:
    _, x = drawn(Damped.on, (12,), rng)
    full = np.concatenate([x.data[1:6][::-1].conj(), x.data])  # k = -5 .. 6
    expected = np.stack([(full[5 + q] + full[(5 + q + 4) % 12] + full[(5 + q + 8) % 12]) / 3 for q in range(3)])
    assert_close(ops.alias(x, 3).data, expected, "folded", 1e-13)


def test_samples_of_a_smaller_grid_are_followed_by_zeros(rng: np.random.Generator) -> None:
    samples = rng.standard_normal((2, 3, 4, 1))
    space = Damped.on((5, 6))
    padded = np.pad(samples, ((0, 0), (0, 2), (0, 2), (0, 0)))
    assert_close(ops.analysis(samples, space).data, ops.analysis(padded, space).data, "zeros after", 1e-13)


def test_costs_are_those_of_what_is_done() -> None:
    # 5 nodes: linear convolution of 5 by 5 modes onto k = 0 .. 4 takes 5 + 4 + 3 + 2 + 1 complex products; a matrix of
    # 3 stored by 5 nodes for one factor; and 2 additions for each of the 5 modes that fold.
    bands = ((2,), (2,), (2,))
    assert Damped.on((5,), bands[0]).product_cost(bands[1], bands[2], is_square=False) == 4 * 15 + 4 * 15 + 2 * 5
    assert Damped.on((5,), bands[0]).product_cost(bands[1], bands[2], is_square=True) == 4 * 8 + 4 * 15 + 2 * 5
    # The root of the Gram matrix, and two squares for each of the 3 that are stored.
    assert Damped.on(5).power_cost == 4 * 15 + 2 * 3
    # With fewer nodes the bilinear form costs less: 1 by 1 onto 3 stored nodes, then the sum over the second axis.
    assert Damped.on((5,), (0,)).product_cost((0,), (2,), is_square=False) == 4 * (3 + 3)


def test_pooling_keeps_no_more_nodes_than_samples(rng: np.random.Generator) -> None:
    samples, x = drawn(Damped.on, (8, 7), rng)
    for size, band in (((8, 7), (4, 3)), ((8, 4), (4, 1)), ((5, 1), (2, 0)), ((7, 6), (3, 2))):
        out = ops.resample(x, size)
        assert (out.space.grid, out.space.band) == ((8, 7), band)
        close(ops.synthesis(out).data, projected(Damped.on, samples, band), x.space, f"pooled to {size}")


# -- errors --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("damped:r=0", "radius of a circle: got 0.0, expected above 0"),
        ("damped:r=1.5", "radius of a circle: got 1.5"),
        ("damped:wrap=nan", "wrap of a circle: got nan"),
        ("damped:r=half", "domain: got 'damped:r=half', expected r=RADIUS"),
        ("damped:size=1", "domain: got 'damped:size=1'"),
        ("damped:", "domain: got 'damped:'"),
    ],
)
def test_names_of_no_circle(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        get_domain(name)


def test_what_a_circle_does_not_have(rng: np.random.Generator) -> None:
    _, x = drawn(Damped.on, (6,), rng)
    with pytest.raises(ShapeError, match="shift: got a fraction of a sample, expected whole samples forward"):
        ops.shift(x, [0.5])
    with pytest.raises(ShapeError, match=r"shift: got .* expected whole samples forward"):
        x.space.shift(x.data, np.array([-1]))
    with pytest.raises(ConfigurationError, match="average: got 'sinc' on a damped circle"):
        ops.average(x, 2, "sinc")
    with pytest.raises(SpaceError, match=r"resample: got \(7,\) samples, expected 1 to \(6,\)"):
        ops.resample(x, 7)
    with pytest.raises(SpaceError, match="power spectrum"):
        ops.power_spectrum(x)
    with pytest.raises(ShapeError, match=r"samples: got \(7,\), expected at most \(6,\)"):
        ops.analysis(np.ones((1, 7, 1)), Damped.on(6))
    with pytest.raises(ShapeError, match=r"band: got \(4,\), expected at most \(3,\) on \(6,\) samples"):
        ops.analysis(np.ones((1, 6, 1)), Damped.on(6, 4))
    # 2^23 units of rounding are 1, and 2^13 units are about 1/1000.
    advice = r"float32 numbers: got condition number 9.2e\+18 .* take at most 24 \(without a warning 14\) samples"
    with pytest.raises(ConfigurationError, match=advice):
        ops.analysis(np.ones((1, 64, 1), np.float32), get_domain("damped:r=0.5")(64))


# -- negative controls: domains that are wrong on purpose, never registered ------------------------------
class WrapsWhole(Damped):
    """Nodes on the unit circle, under the name of damped ones."""

    def radius_of(self, samples: int) -> float:
        return 1.0


class PlainWeights(Damped):
    """Count conjugate pairs once."""

    @property
    def weights(self) -> np.ndarray:
        return np.ones_like(super().weights)


class IgnoresTheDual(Damped):
    """Project gradients as if they were signals."""

    def change_band(self, array: np.ndarray, band: Axes) -> np.ndarray:
        return Damped.change_band(replace(self, dual=False), array, band)


class NeverAhead(Damped):
    """Treat a kernel with look-ahead as if it had none."""

    def response(self, ahead: Axes = ()) -> NeverAhead:
        return super().response()


class KeepsDamping(Damped):
    """Multiply two damped signals without removing the damping of one."""

    def multiply(self, a: np.ndarray, b: np.ndarray, other: Axes, band: Axes) -> np.ndarray:
        return self._wrapped(a, b) / prod(self.grid)


class TurnsBack(Damped):
    """Omit the conjugate in the adjoint of a shift."""

    def shift_adjoint(self, array: np.ndarray, samples: np.ndarray) -> np.ndarray:
        return self.shift(array, samples)


BROKEN = (
    (WrapsWhole, "values_and_the_way_back"),
    (WrapsWhole, "convolution"),
    (WrapsWhole, "condition"),
    (PlainWeights, "statistics"),
    (PlainWeights, "values_and_the_way_back"),
    (IgnoresTheDual, "adjoints"),
    (NeverAhead, "centred_kernels_with_room"),
    (KeepsDamping, "products"),
    (TurnsBack, "adjoints"),
)


@pytest.mark.parametrize(("domain", "name"), BROKEN, ids=lambda v: v if isinstance(v, str) else v.__name__)
def test_a_broken_circle_fails(domain: type[Damped], name: str, rng: np.random.Generator) -> None:
    with pytest.raises(AssertionError):
        CHECKS[name](domain.on, (8,), rng)
