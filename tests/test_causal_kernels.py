"""Causal kernels in every kind of domain, and averages at the rate zero."""

from __future__ import annotations

from decimal import Decimal

import laplace_oracles as lo
import numpy as np
import oracles
import pytest
from laplace_networks import condition
from laplace_oracles import EPS, eighty_digits, exact  # noqa: F401  (a fixture that every test uses)

from freqnet import nn, ops
from freqnet.spaces import Fourier, Grid, Hartley, Laplace, get_domain
from freqnet.spaces.registry import Factory

Axes = tuple[int, ...]


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
