"""Products of the Laplace domain: on samples, their costs, and their precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import oracles
import pytest
from laplace_networks import network, outgrows
from laplace_oracles import eighty_digits  # noqa: F401  (a fixture that every test uses)

from freqnet import nn, ops
from freqnet.autodiff import OPS, Tensor
from freqnet.errors import ConditionWarning, TransformError
from freqnet.spaces import Laplace, Space, get_domain, no_transforms, transform_count
from freqnet.spaces.nodes.laplace import check_products

Axes = tuple[int, ...]


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
