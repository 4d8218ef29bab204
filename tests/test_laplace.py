"""Properties of the Laplace domain: causal signals, conditioning, a network at 80 digits, real arithmetic.

`contracts/test_laplace_contract.py` tests every verb.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from math import prod
from typing import Any

import laplace_oracles as lo
import mpmath
import numpy as np
import oracles
import pytest
from laplace_oracles import EPS, eighty_digits, exact  # noqa: F401  (a fixture that every test uses)
from real_only import complex_arrays

from freqnet import nn, ops
from freqnet.autodiff import OPS, Tensor
from freqnet.data import Dataset
from freqnet.errors import ConditionWarning, ConfigurationError, ModuloWarning, ShapeError, TransformError
from freqnet.spaces import Fourier, Grid, Hartley, Laplace, Nodes, Space, get_domain, no_transforms, transform_count
from freqnet.spaces.nodes.laplace import check_products
from freqnet.spaces.registry import Factory
from freqnet.training import Settings, analyse, evaluate, fit

Axes = tuple[int, ...]
# Two convolutions with a bias between them: the second has no room, and takes the remainder.
outgrows = pytest.mark.filterwarnings("ignore::freqnet.errors.ModuloWarning")


def condition(space: Space) -> float:
    return prod(space.condition_numbers)


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


# -- a network, at 80 digits -------------------------------------------------------------------------
def network(domain: str, grid: Axes, pool: nn.Module, precision: Any = np.float64) -> nn.Network:
    body = nn.Sequential(
        (
            *(nn.Convolution(3, 3), nn.PowerNorm(), nn.Polynomial(), pool),
            *(nn.Convolution(2, 2), nn.PowerNorm(), nn.Polynomial((0.1, 1.0, 0.3, -0.1)), nn.Dense(3)),
        )
    )
    padded = tuple(n + 2 for n in grid)
    band = get_domain(domain)(padded).band
    door = nn.Door(domain, grid, band, 1, offset=(0.2,), scale=(1.3,), pad=(2,) * len(grid))
    return nn.Network(door, body, precision=precision)


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


# -- warnings and errors -----------------------------------------------------------------------------
def body(channels: int = 2) -> nn.Module:
    return nn.Sequential((nn.PowerNorm(), nn.Dense(channels)))


def opened(grid: Axes, band: Axes, precision: Any = np.float32) -> list[str]:
    """The warnings of a network with this grid and band."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.Network(nn.Door("laplace", grid, band, 1), body(), precision=precision)
    assert all(issubclass(w.category, ConditionWarning) for w in caught)
    return [str(w.message) for w in caught]


def test_eight_by_eight_nodes_warn_in_single_precision() -> None:
    (message,) = opened((8, 8), (7, 7))
    assert message.startswith("float32 numbers: got condition number 6.6e+04 (8x8 nodes of laplace)")
    assert "about 2.1 digits are left" in message
    with pytest.warns(ConditionWarning, match="float32 numbers: got condition number"):
        ops.analysis(np.zeros((1, 8, 8, 1), np.float32), Laplace.on((8, 8)))
    assert opened((8, 8), (7, 7), np.float64) == []
    named_sizes_are_true(message, (8, 8))


def test_twelve_by_twelve_nodes_are_refused_in_single_precision() -> None:
    with pytest.raises(ConfigurationError, match=r"float32 numbers: got .* \(12x12 nodes of laplace\)") as caught:
        opened((12, 12), (11, 11))
    assert "or take float64" in str(caught.value)
    with pytest.raises(ConfigurationError, match="float32 numbers"):
        ops.analysis(np.zeros((1, 12, 12, 1), np.float32), Laplace.on((12, 12)))
    assert opened((12, 12), (11, 11), np.float64) == []
    named_sizes_are_true(str(caught.value), (12, 12))


def named_sizes_are_true(message: str, grid: Axes) -> None:
    """The largest sizes that a message names work; one more raises or warns."""
    sizes = re.search(
        r"at most (\d+) \(without a warning (\d+)\) .* at most (\d+) \(without a warning (\d+)\)", message
    )
    assert sizes, message
    whole, quiet_whole, kept, quiet = map(int, sizes.groups())
    of_grid = lambda k: opened(grid, (k - 1, k - 1))
    of_size = lambda k: opened((k, k), (k - 1, k - 1))
    for make, most, silent in ((of_grid, kept, quiet), (of_size, whole, quiet_whole)):
        assert make(silent) == []
        if silent < most:
            assert make(silent + 1) != []
            assert make(most) != []
        if make is of_size or most < grid[0]:
            with pytest.raises(ConfigurationError, match="float32 numbers"):
                make(most + 1)


def built(layer: nn.Module, space: Space) -> list[type[Warning]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        layer.build(nn.Signal(space, 1), np.random.default_rng(0))
    return [w.category for w in caught]


def test_a_convolution_that_outgrows_its_nodes_warns() -> None:
    with pytest.warns(ModuloWarning, match=r"linear convolution: got \(6,\) samples and \(3,\) taps on \(7,\) samples"):
        nn.Convolution(1, 3).build(nn.Signal(Laplace.on(7, support=(6,)), 1), np.random.default_rng(0))
    assert built(nn.Convolution(1, 3), Laplace.on(8, support=(6,))) == []
    assert built(nn.Convolution(1, 3), Laplace.on((8, 8), support=(6, 6))) == []
    assert built(nn.Convolution(1, 3), Laplace.on((8, 8), support=(6, 7))) == [ModuloWarning]
    assert built(nn.Convolution(1, 3), Laplace.on(8)) == [ModuloWarning]
    assert built(nn.Convolution(1, 1), Laplace.on(8, support=(8,))) == []
    # On a periodic grid, boundary="circular" says that results wrap around: no warning.
    assert built(nn.Convolution(1, 3), Fourier.on(8)) == []


def test_linear_convolution_is_refused_without_room() -> None:
    layer = lambda: nn.Convolution(1, 3, boundary="linear")
    assert built(layer(), Laplace.on(8, support=(6,))) == []
    for space in (Laplace.on(8), Laplace.on(8, support=(7,))):
        with pytest.raises(ShapeError, match=r"linear convolution: got support .* room for"):
            built(layer(), space)


# -- causal kernels ----------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", [Fourier.on, Hartley.on, Grid.on, Laplace.on], ids=lambda d: d.__self__.name)
@pytest.mark.parametrize("kernel", ["taps", "spectral", "sinc"])
@pytest.mark.parametrize(
    ("grid", "support", "size"), [((9,), (6,), (4,)), ((9,), (5,), (3,)), ((5, 7), (3, 5), (3, 2))]
)
def test_causal_kernels_look_at_no_later_sample(
    domain: Factory, kernel: str, grid: Axes, support: Axes, size: Axes, rng: np.random.Generator
) -> None:
    space, x = domain(grid, support=support), rng.standard_normal((2, *support, 2))
    causal, centred = (
        nn.Convolution(3, size, kernel, boundary="linear", bias=False, causal=word) for word in (True, False)
    )

    def output(layer: nn.Convolution, samples: np.ndarray) -> np.ndarray:
        promised = layer.build(nn.Signal(space, 2), np.random.default_rng(0), np.float64)
        padded = np.zeros((2, *grid, 2))
        padded[(slice(None), *map(slice, support))] = samples
        y = layer(ops.analysis(padded, space))
        assert y.space == promised.space
        return ops.synthesis(y).data

    found = output(causal, x)
    theta = causal.parameters["kernel"].data
    taps = np.tensordot(exact(oracles.tap_matrix(kernel, size)), exact(theta), 1)
    expected = lo.placed(lo.convolved(exact(x), taps, size), grid, (0,) * len(grid))
    lo.assert_within(found, expected, condition(space), "explicit sums")
    changed, start = x.copy(), support[0] - 1
    changed[:, start:] += 1.0
    differs = lambda layer: np.abs(output(layer, x) - output(layer, changed)).max(axis=(0, *range(2, x.ndim)))
    assert differs(causal)[:start].max() < 100 * condition(space) * EPS
    assert differs(causal)[start] > 1e-2
    assert differs(centred)[start - 1] > 1e-2


@pytest.mark.parametrize("method", ["dirichlet", "sinc"])
def test_at_rate_zero_an_average_is_one(method: str) -> None:
    """The value at z = 1 is the sum of the samples, although the real sinc is 0 / 0 there."""
    space = get_domain("laplace:nodes=1,0.5")(4)
    factors = space.average(np.ones((2, 1, 1)), (3,), method, False).ravel()
    of_half = (1 + 0.5 + 0.25) / 3 if method == "dirichlet" else float(lo.continuous_mean(Decimal("0.5"), 3))
    assert factors == pytest.approx([1.0, of_half], abs=1e-14)


# -- products on samples are switches of domains -----------------------------------------------------
def signals(space: Space, count: int = 1) -> list[Tensor]:
    rng = np.random.default_rng(1)
    return [Tensor(space.random(np.empty((*space.shape, 2, 3)), rng), space) for _ in range(count)]


def transforms(run: Callable[[], Any]) -> int:
    before = transform_count()
    run()
    return transform_count() - before


def test_products_on_samples_are_counted_as_transforms() -> None:
    for name, square, product in (("laplace", 0, 0), ("laplace:factored", 2, 3)):
        a, b = signals(get_domain(name)((4, 3)), 2)
        assert transforms(lambda a=a: ops.multiply(a, a)) == square
        assert transforms(lambda a=a, b=b: ops.multiply(a, b)) == product
        rows = Tensor(np.ones((3, 3)))
        assert transforms(lambda a=a, rows=rows: ops.polynomial(a, rows)) == square


def test_products_on_samples_are_refused_where_none_may_run() -> None:
    a, b = signals(Laplace.on(4), 2)
    with no_transforms():
        ops.multiply(a, a), ops.multiply(a, b)
    a, b = signals(get_domain("laplace:factored")(4), 2)
    for product in (lambda: ops.multiply(a, a), lambda: ops.multiply(a, b)):
        with no_transforms(), pytest.raises(TransformError, match="transform: got synthesis inside no_transforms"):
            product()


@outgrows
def test_a_network_counts_its_switches() -> None:
    for name, inside in (("laplace", 0), ("laplace:factored", 2 + 2 + 3)):
        net = network(name, (4,), nn.LowPass(3))
        net.predict(np.zeros((2, 4, 1)))
        # A square takes two transforms, a square and a product three, a network without switches none.
        assert net.transforms_inside == inside


@pytest.mark.parametrize(
    ("name", "grid", "band", "square", "product"),
    [
        # 9 sums over 3 nodes with the first factor, then 3 over 3 with the second.
        ("laplace", (3,), (2,), 27 + 9, 27 + 9),
        # Last axis: 2 rows, 9 sums over 3; 2 x 3 x 2 pairs, sums over 3; first axis: 6 results, sums over 2 x 2.
        ("laplace", (2, 3), (1, 2), 54 + 36 + 24, 54 + 36 + 24),
        # 3 samples of 3 nodes each, 3 products, and 3 nodes of 3 samples each.
        ("laplace:factored", (3,), (2,), 9 + 3 + 9, 9 + 9 + 3 + 9),
        # From 2 x 2 nodes to 4 x 2 (of 2) to 4 x 3 (of 2); 12 products; back to 2 x 3 (of 4) and 2 x 2 (of 3).
        ("laplace:factored", (4, 3), (1, 1), 16 + 24 + 12 + 24 + 12, 2 * (16 + 24) + 12 + 24 + 12),
    ],
)
def test_costs_are_the_multiply_adds(name: str, grid: Axes, band: Axes, square: int, product: int) -> None:
    """Costs counted by hand, for each of the six signals of a batch."""
    a, b = signals(get_domain(name)(grid, band), 2)
    for op, inputs, cost in (("square", (a,), square), ("multiply", (a, b), product)):
        out = OPS[op](*inputs, band=band)
        assert OPS[op].cost(out, *inputs, band=band) == 6 * cost


# -- names -------------------------------------------------------------------------------------------
def test_names_make_domains_once() -> None:
    for name, nodes, switches in (
        ("laplace", Nodes(), False),
        ("laplace:chebyshev-positive", Nodes("chebyshev-positive"), False),
        ("laplace:rates=0.5", Nodes("rates", 0.5), False),
        ("laplace:rates=0.5:factored", Nodes("rates", 0.5), True),
        ("laplace:factored", Nodes(), True),
        ("laplace:nodes=0.9,-0.5", Nodes("nodes", values=(0.9, -0.5)), False),
    ):
        space = get_domain(name)(5)
        assert get_domain(name)(5) == space
        assert (space.domain, space.nodes, space.switches) == (name, nodes, switches)
    assert get_domain("laplace")(5) == get_domain("laplace:chebyshev")(5) == Laplace.on(5)


@outgrows
def test_descriptions_of_networks_keep_the_nodes() -> None:
    net = network("laplace:rates=0.5", (4,), nn.TruncationPool(3))
    again = nn.Network.from_description(json.loads(json.dumps(net.describe())))
    assert again.describe() == net.describe()
    assert again.door.space.domain == "laplace:rates=0.5"
    again.body.load_arrays(net.arrays())
    samples = np.random.default_rng(0).standard_normal((3, 4, 1))
    assert np.array_equal(again.predict(samples), net.predict(samples))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("laplace:foo", "nodes: got 'foo', expected chebyshev or chebyshev-positive or rates or nodes"),
        ("laplace:rates=-1", "step of rates: got -1.0, expected a number above 0"),
        ("laplace:rates=nan", "step of rates: got nan"),
        ("laplace:rates=0.5,-1", "nodes: got (0.6065306597126334, 2.718281828459045), expected distinct"),
        ("laplace:rates=fast", "nodes rates: got 'fast', expected numbers"),
        ("laplace:nodes=0.5,0.5", "nodes: got (0.5, 0.5), expected distinct numbers from -1 to 1"),
        ("laplace:nodes=1.5", "nodes: got (1.5,), expected distinct numbers"),
        ("laplace:nodes=", "nodes nodes: got '', expected numbers"),
        ("laplace:chebyshev:bar", "nodes: got 'chebyshev:bar', expected chebyshev or"),
        ("laplace:chebyshev=3", "nodes chebyshev: got '3', expected no more numbers"),
        ("fourier:foo", "domain: got 'fourier:foo', expected "),
    ],
)
def test_names_of_no_domain(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}"):
        get_domain(name)


# -- precision of products-----------------------------------------------------------------------------
def test_products_that_lose_too_much_are_warned_of() -> None:
    """The condition numbers are acceptable, but the bilinear form loses up to their square."""
    check_products.cache_clear()  # it warns once
    positive = get_domain("laplace:chebyshev-positive")
    x = ops.analysis(np.ones((1, 8, 8, 1)), positive((8, 8), 5))
    assert np.isfinite(ops.multiply(x, x).data).all()
    wide = ops.analysis(np.ones((1, 9, 9, 1)), positive((9, 9)))
    with pytest.warns(ConditionWarning, match=r"float64 products by the bilinear form .* relative error of 0\.\d"):
        ops.multiply(wide, wide)
    line = ops.analysis(np.ones((1, 26, 1)), get_domain("laplace:factored")(26))
    assert ops.synthesis(ops.multiply(line, line)).data == pytest.approx(np.ones((1, 26, 1)), abs=1e-4)


def test_the_error_of_products_is_what_is_measured(rng: np.random.Generator) -> None:
    for name, grid in (("laplace", (14,)), ("laplace", (10, 8)), ("laplace:chebyshev-positive", (7,))):
        domain, factored = get_domain(name), get_domain(f"{name}:factored")
        space = domain(grid)
        a, b = (space.random(np.empty((*space.shape, 1, 50)), rng) for _ in range(2))
        band = space.band
        exact = factored(grid).multiply(a, b, band, band)
        own = np.linalg.norm(space.multiply(a, b, band, band) - exact) / np.linalg.norm(exact)
        assert 1 / 30 < space.product_error(band, band, "float64") / own < 30


@pytest.mark.parametrize("degree", [3, 4, 5])
@pytest.mark.parametrize("band", [2, 4, 7])
def test_exact_polynomials_are_exact_on_few_nodes(degree: int, band: int, rng: np.random.Generator) -> None:
    """Products of exponentials do not lie in the span of the kept ones: intermediate powers use all nodes."""
    space = Laplace.on(8, band)
    x = Tensor(space.random(np.empty((*space.shape, 1, 1)), rng), space)
    c = rng.standard_normal((degree + 1, 1))
    samples = ops.synthesis(x).data
    whole = ops.analysis(sum(c[p, 0] * samples**p for p in range(degree + 1)), Laplace.on(8))
    expected = ops.truncate(whole, band).data
    found = ops.polynomial(x, Tensor(c), exact=True).data
    assert oracles.relative_error(found, expected) < 1e-8


def test_rates_that_are_given() -> None:
    domain = get_domain("laplace:rates=0.1,1,0.4")
    assert domain(5).tables[0].z == pytest.approx(np.exp([-0.1, -0.4, -1.0]), rel=1e-15)
