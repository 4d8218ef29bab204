"""Properties of the Laplace domain: causal signals, conditioning, a network at 80 digits, real arithmetic.

`contracts/test_laplace_contract.py` tests every verb.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import prod
from typing import Any

import laplace_oracles as lo
import mpmath
import numpy as np
import oracles
import pytest
from laplace_networks import condition, network, outgrows
from laplace_oracles import eighty_digits, exact  # noqa: F401  (a fixture that every test uses)
from real_only import complex_arrays

from freqnet import nn, ops
from freqnet.autodiff import Tensor
from freqnet.data import Dataset
from freqnet.spaces import Fourier, Laplace, Space, get_domain
from freqnet.training import Settings, analyse, evaluate, fit

Axes = tuple[int, ...]


# -- theorem 4.1: L{f * g} = L{f} L{g}, of causal signals --------------------------------------------
def line(*values: float) -> np.ndarray:
    """One example of one channel."""
    return np.array(values, float).reshape(1, -1, 1)


def random_line(rng: np.random.Generator, count: int) -> np.ndarray:
    return line(*rng.standard_normal(count))


def filtered(x: np.ndarray, taps: np.ndarray, space: Space, centred: bool) -> Tensor:
    """The engine's convolution of a signal and a kernel."""
    layer = nn.Convolution(1, taps.size, bias=False, boundary="linear", causal=not centred)
    layer.build(nn.Signal(replace(space, support=(x.shape[1],)), 1), np.random.default_rng(0), np.float64)
    layer.parameters["kernel"].data[...] = taps.reshape(-1, 1, 1)
    return layer(ops.analysis(x, space))


def whole_sum(x: np.ndarray, taps: np.ndarray) -> np.ndarray:
    return lo.rounded(lo.convolved(exact(x), exact(taps.reshape(-1, 1, 1)), (taps.size,))).ravel()


def test_values_of_a_convolution_are_products_of_values(rng: np.random.Generator) -> None:
    x, taps, space = random_line(rng, 5), rng.standard_normal(4), Laplace.on(8)
    y = filtered(x, taps, space, centred=False)
    for j, z in enumerate(lo.nodes("chebyshev", 8)):
        transform = lambda values, z=z: sum(Decimal(float(v)) * z**t for t, v in enumerate(values))
        expected = transform(x.ravel()) * transform(taps)
        assert abs(float(transform(whole_sum(x, taps)) - expected)) < 1e-14
        assert float(y.data[j, 0, 0]) == pytest.approx(float(expected), abs=1e-13)
    expected = whole_sum(x, taps)
    lo.assert_within(ops.synthesis(y).data.ravel(), exact(expected), condition(space), "causal kernel")


@pytest.mark.parametrize("taps", [2, 3, 4, 5])
def test_centred_kernels_are_right_by_their_origin(taps: int, rng: np.random.Generator) -> None:
    x, kernel, space = random_line(rng, 4), rng.standard_normal(taps), Laplace.on(8)
    y = filtered(x, kernel, space, centred=True)
    ahead = (taps - 1) // 2
    total = np.concatenate([whole_sum(x, kernel), np.zeros(8)])
    found = ops.synthesis(y, 4).data.ravel()
    lo.assert_within(found, exact(total[ahead : ahead + 4]), condition(space), "centred kernel")
    # Counterexample: the same numbers, as if the signal began at sample 0.
    if ahead:
        causal = ops.synthesis(Tensor(y.data, replace(y.space, origin=None)), 4).data.ravel()
        assert oracles.relative_error(causal, total[ahead : ahead + 4]) > 1e-2


def test_a_two_sided_signal_that_is_cut_is_another_one(rng: np.random.Generator) -> None:
    """The theorem's integral starts at 0 and loses the earlier samples f[-3], f[-2], f[-1]."""
    f, kernel, space = random_line(rng, 7), rng.standard_normal(3), Laplace.on(9)
    expected = whole_sum(f, kernel)[3:]
    cut = ops.synthesis(filtered(f[:, 3:], kernel, space, centred=False), 6).data.ravel()
    assert oracles.relative_error(cut, expected) > 1e-2
    # The signal is complete where there is room before sample 0.
    held = filtered(f, kernel, space, centred=False)
    kept = ops.synthesis(Tensor(held.data, held.space.moved((3,))), 6).data.ravel()
    lo.assert_within(kept, exact(expected), condition(space), "room before sample 0")


# -- condition numbers -------------------------------------------------------------------------------
@pytest.mark.parametrize(("name", "base"), [("laplace", 1 + 2**0.5), ("laplace:chebyshev-positive", 3 + 2 * 2**0.5)])
def test_condition_grows_like_a_power(name: str, base: float) -> None:
    """log kappa = a + b N + c log N, b of Chebyshev's nodes on [-1, 1] and on (0, 1)."""
    sizes = np.array([4, 6, 8, 12, 16, 22, 32])
    logs = np.log([condition(get_domain(name)(int(n))) for n in sizes])
    terms = np.stack([np.ones(len(sizes)), sizes, np.log(sizes)], axis=1)
    (_, slope, _), *_ = np.linalg.lstsq(terms, logs, rcond=None)
    assert np.exp(slope) == pytest.approx(base, rel=0.02)
    assert np.abs(terms @ np.linalg.lstsq(terms, logs, rcond=None)[0] - logs).max() < 0.05


def test_condition_of_equispaced_rates_grows_faster_than_any_power() -> None:
    logs = np.log([condition(get_domain("laplace:rates=0.5")(n)) for n in range(4, 13)])
    growth = np.diff(logs)
    assert (np.diff(growth) > 0.2).all()
    # Control: the logarithm for Chebyshev nodes grows by a constant.
    logs = np.log([condition(Laplace.on(n)) for n in range(4, 13)])
    assert np.abs(np.diff(np.diff(logs))).max() < 0.1


@pytest.mark.parametrize(
    ("name", "samples", "band"),
    [
        *(("laplace", n, n - 1) for n in (1, 2, 6, 11)),
        *(("laplace:chebyshev-positive", n, n - 1) for n in (3, 8)),
        *(("laplace:rates=0.5", n, n - 1) for n in (4, 9)),
        ("laplace", 9, 3),
        ("laplace:nodes=0.9,0.35,-0.4", 6, 2),
    ],
)
def test_condition_numbers_are_those_of_singular_values(name: str, samples: int, band: int) -> None:
    values = lo.Nodes(lo.family(name), samples, band + 1).values
    with mpmath.workdps(60):
        matrix = mpmath.matrix([[mpmath.mpf(str(v)) for v in row] for row in values])
        singular = mpmath.svd_r(matrix, compute_uv=False)
        expected = float(max(singular) / min(singular))
    assert get_domain(name)(samples, band).condition_numbers == pytest.approx((expected,), rel=1e-12)


def test_condition_numbers_of_axes_are_each_their_own() -> None:
    both = Laplace.on((5, 4)).condition_numbers
    assert both == (*Laplace.on(5).condition_numbers, *Laplace.on(4).condition_numbers)
    assert Fourier.on((5, 4)).condition_numbers == (1.0, 1.0)


def examples(grid: Axes, count: int) -> Dataset:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, count)
    images = rng.standard_normal((count, *grid, 1)) + labels.reshape(-1, *(1,) * len(grid), 1)
    return Dataset("noise", images.astype(np.float32), labels, ("a", "b", "c"))


def trained(net: nn.Network) -> nn.Network:
    """A network after a few training steps, which change every array."""
    before = {name: array.copy() for name, array in net.arrays().items()}
    fit(net, analyse(net, examples(net.door.grid, 48)), settings=Settings(epochs=4, batch=12, learning_rate=0.02))
    assert not any(np.array_equal(array, before[name]) for name, array in net.arrays().items())
    return net


def logits(net: nn.Network, samples: np.ndarray, kept: Axes) -> np.ndarray:
    """Logits of the network in evaluation mode, from samples and its arrays, in decimal numbers."""
    arrays = {name: exact(array) for name, array in net.arrays().items()}
    grid = tuple(n + 2 for n in samples.shape[1:-1])
    rule = lo.family(net.door.domain)
    wide = [lo.Nodes(rule, n, len(lo.nodes(rule, n))) for n in grid]
    narrow = [lo.Nodes(rule, n, k) for n, k in zip(grid, kept, strict=True)]
    x = (exact(samples) - exact(0.2)) / exact(1.3)
    x = block(lo.placed(x, grid, (0,) * len(grid)), arrays, 0, 3, wide)
    x = lo.projected(x, narrow)
    x = block(x, arrays, 4, 2, narrow)
    values = np.moveaxis(lo.along([axis.coordinates for axis in narrow], x), 0, -2)
    rows = np.moveaxis(values.reshape(prod(kept), len(samples), -1), 1, 0).reshape(len(samples), -1)
    return rows.dot(arrays["7.weight"]) + arrays["7.bias"]


def block(x: Any, arrays: dict[str, Any], first: int, taps: int, axes: list[lo.Nodes]) -> Any:
    """Convolution, normalisation and polynomial; all results and constants are projected onto the kept exponentials."""
    own = lambda layer, name: arrays[f"{first + layer}.{name}"]
    size = (taps,) * len(axes)
    flat = lambda values: lo.projected(np.broadcast_to(values, (1, *(a.samples for a in axes), values.shape[-1])), axes)
    y = lo.outgrown(lo.convolved(x, own(0, "kernel"), size), axes) + flat(own(0, "bias"))
    root = np.array([[(v + exact(1e-5).item()).sqrt() for v in own(1, "variance")[0]]], dtype=object)
    factor = own(1, "gain") / root
    y = y * factor + flat(own(1, "offset") - own(1, "mean") * factor)
    coefficients = own(2, "coefficients")
    # Degree 3 is (c3 y + c2) y^2 + ...; the square, the constant c2 and the product are projected.
    last = coefficients[3] * y + flat(coefficients[2:3]) if len(coefficients) == 4 else coefficients[2]
    return lo.projected(last * lo.projected(y * y, axes), axes) + coefficients[1] * y + flat(coefficients[:1])


@outgrows
@pytest.mark.parametrize("factored", [False, True], ids=["bilinear", "factored"])
@pytest.mark.parametrize(
    ("name", "grid", "pool", "kept"),
    [
        ("laplace", (6, 5), nn.TruncationPool((5, 4)), (5, 4)),
        ("laplace", (6,), nn.LowPass(4), (5,)),
        ("laplace:chebyshev-positive", (4,), nn.LowPass(5), (6,)),
    ],
)
def test_logits_are_those_of_decimal_numbers(name: str, grid: Axes, pool: nn.Module, kept: Axes, factored: bool):
    """The error is at most 100 eps times the condition number of the door's space, with products on samples.

    The bilinear form needs the square of the condition number. The condition number of the last network is 3.6e3: the
    bilinear form loses 0.97 times its square, products on samples 0.13 times the number itself.
    """
    net = trained(network(name + ":factored" * factored, grid, nn.from_description(pool.describe())))
    samples = np.random.default_rng(8).standard_normal((4, *grid, 1))
    found, expected = net.predict(samples), logits(net, samples, kept)
    allowed = condition(net.door.space) ** (1 if factored else 2)
    lo.assert_within(found, expected, allowed, "logits")
    # Negative control: a change larger than rounding is found.
    net.arrays()["4.kernel"][0, 0, 0] += 0.1
    with pytest.raises(AssertionError, match="logits: relative error"):
        lo.assert_within(net.predict(samples), expected, allowed, "logits")


# -- real arithmetic ---------------------------------------------------------------------------------
@outgrows
@pytest.mark.parametrize(
    "name", ["laplace:nodes=0.95,0.6,0.2,-0.3,-0.8", "laplace", "laplace:chebyshev-positive:factored"]
)
def test_no_number_is_complex(name: str) -> None:
    """No complex number occurs in the door, the new tables, the layers, the training steps or the evaluation."""

    def run() -> None:
        net = network(name, (4, 3), nn.TruncationPool(4))
        data = analyse(net, examples((4, 3), 24))
        fit(net, data, settings=Settings(epochs=1, batch=12))
        evaluate(net, data)

    assert complex_arrays(run) == set()


@pytest.mark.parametrize("kernel", ["taps", "spectral", "sinc", "modes"])
@outgrows
def test_no_kernel_is_complex(kernel: str, rng: np.random.Generator) -> None:
    space = Laplace.on((5, 4))
    layer = nn.Convolution(4, size=(4, 3), kernel=kernel)

    def run() -> None:
        layer.build(nn.Signal(space, 2), rng)
        layer(ops.analysis(rng.standard_normal((2, 5, 4, 2)), space))

    assert complex_arrays(run) == set()


class Detour(Laplace):
    """Products that use complex numbers."""

    def channel_product(self, a, b, form, groups, size):
        return super().channel_product(a + 0j, b + 0j, form, groups, size).real


@outgrows
def test_a_complex_number_is_noticed(rng: np.random.Generator) -> None:
    space = Detour.on(4)
    layer = nn.Convolution(2, size=2)
    layer.build(nn.Signal(space, 1), rng, np.float64)
    x = ops.analysis(rng.standard_normal((2, 4, 1)), space)
    assert any("product" in name for name in complex_arrays(lambda: layer(x)))
