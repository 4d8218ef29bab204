"""Errors and condition numbers by size, and the reference samples for causal domains, against explicit sums."""

from __future__ import annotations

import numpy as np
import pytest

from freqnet.errors import ConfigurationError
from freqnet.experiments import conditions_by_size, errors_by_size
from freqnet.experiments.causal import Samples, averaged, convolved, held, moved, projected
from freqnet.experiments.sizes import BILINEAR, FACTORED
from freqnet.spaces import get_domain
from freqnet.spaces.nodes.real import _lagrange

SPACING = {"float32": 2.0**-23, "float64": 2.0**-52}


def samples(grid: tuple[int, ...], filled: tuple[int, ...], domain: str = "laplace") -> Samples:
    generator = np.random.default_rng(1)
    x, y = (held(generator.standard_normal((2, *grid, 2)), filled) for _ in range(2))
    taps = generator.standard_normal((3 ** len(grid), 2, 3))
    return Samples(x, y, taps, (3,) * len(grid), get_domain(domain)(grid))


# -- samples of causal signals -------------------------------------------------------------------------
def test_convolution_is_that_of_polynomials() -> None:
    given = samples((8,), (5,))
    found = convolved(given)
    for b in range(2):
        for o in range(3):
            whole = sum(np.convolve(given.x[b, :5, i], given.taps[:, i, o]) for i in range(2))
            # The kernel is centred: results before sample 0 are dropped.
            np.testing.assert_allclose(found[b, :, o], [*whole[1:], 0, 0], atol=1e-14)


def test_convolution_of_images() -> None:
    given = samples((5, 6), (3, 4))
    expected = np.zeros((2, 5, 6, 3))
    for m, n, i, j in np.ndindex(5, 6, 3, 3):
        if 0 <= m - i + 1 < 5 and 0 <= n - j + 1 < 6:
            expected[:, m, n] += given.x[:, m - i + 1, n - j + 1] @ given.taps[3 * i + j]
    np.testing.assert_allclose(convolved(given), expected, atol=1e-14)


def test_averages_and_shifts_meet_zeros() -> None:
    given = samples((7, 6), (4, 3))
    wide = np.pad(given.x, ((0, 0), (0, 2), (0, 2), (0, 0)))
    expected = sum(wide[:, i : i + 7, j : j + 6] for i in range(3) for j in range(3)) / 9
    np.testing.assert_allclose(averaged(given, 3), expected, atol=1e-15)
    later = moved(given.x, (1, -2))
    np.testing.assert_array_equal(later[:, 1:, :4], given.x[:, :-1, 2:])
    assert not later[:, 0].any()
    assert not later[:, :, 4:].any()
    assert not moved(given.x, (7, 0)).any()


def test_projections_are_those_of_least_squares() -> None:
    given = samples((7, 6), (4, 3))
    expected = given.x
    for axis, (n, kept) in enumerate(((7, 4), (6, 3)), 1):
        z = np.cos(np.pi * (2 * np.arange(n) + 1) / (2 * n))[:kept]
        exponentials = z[None, :] ** np.arange(n)[:, None]
        columns = np.moveaxis(expected, axis, 0).reshape(n, -1)
        nearest = exponentials @ np.linalg.lstsq(exponentials, columns, rcond=None)[0]
        rest = [size for index, size in enumerate(expected.shape) if index != axis]
        expected = np.moveaxis(nearest.reshape(n, *rest), 0, axis)
    found = projected(given, (3, 2))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    # The last nodes differ from the first.
    assert np.abs(projected(given, (2, 2)) - expected).max() > 0.01


# -- condition numbers ---------------------------------------------------------------------------------
def test_condition_numbers_of_few_nodes_are_those_of_their_powers() -> None:
    found = conditions_by_size()
    t = np.arange(1, 33)
    nodes = {
        "chebyshev": lambda n: np.cos(np.pi * (2 * t[:n] - 1) / (2 * n)),
        "chebyshev-positive": lambda n: (1 + np.cos(np.pi * (2 * t[:n] - 1) / (2 * n))) / 2,
        "rates": lambda n: np.exp(-0.25 * t[:n]),
    }
    assert set(found) == set(nodes)
    for family, make in nodes.items():
        assert len(found[family]) == 32
        for n in range(1, 7):
            assert found[family][n - 1] == pytest.approx(np.linalg.cond(np.vander(make(n))), rel=1e-5), (family, n)


def test_condition_numbers_grow_as_is_known() -> None:
    found = conditions_by_size()
    for family, growth in (("chebyshev", 1 + 2**0.5), ("chebyshev-positive", 3 + 8**0.5)):
        ratios = np.divide(found[family][1:], found[family][:-1])
        assert ratios[-1] == pytest.approx(growth, rel=0.02)
        # The test rejects another growth.
        assert ratios[-1] != pytest.approx(1.1 * growth, rel=0.02)
    assert found["rates"][31] > 1e50
    # The same as the domain's own.
    assert get_domain("laplace")((12,)).condition_numbers[0] == pytest.approx(found["chebyshev"][11], rel=1e-9)


def test_inverses_are_inverses() -> None:
    z = np.array([0.9, 0.5, 0.0, -0.3, -1.0])
    powers = np.vander(z, increasing=True)
    np.testing.assert_allclose(_lagrange(z, powers).astype(float) @ powers.T, np.eye(5), atol=1e-13)


# -- errors by size ------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", ["laplace", "laplace:chebyshev-positive"])
def test_errors_grow_with_the_condition_number(domain: str) -> None:
    rows = errors_by_size(domain)
    for row in rows:
        unit, k = SPACING[row.precision], row.condition_number
        assert k * unit <= 1
        assert all(
            row.errors[name] <= (32 + k / 2) * unit for name in ("convolution", f"product, {FACTORED}", "mean", "power")
        ), row
        # From samples to samples, the bilinear form loses more than one power of the condition number, at most three.
        assert row.errors.get(f"product, {BILINEAR}", 0) <= (32 + k**3) * unit
        if row.samples == 8 and row.precision == "float64":
            assert row.errors[f"product, {BILINEAR}"] > 100 * row.errors[f"product, {FACTORED}"]
    most = {kind: max(row.samples for row in rows if row.precision == kind) for kind in SPACING}
    assert most["float32"] < most["float64"]
    for kind in SPACING:
        own = [row.errors["convolution"] for row in rows if row.precision == kind]
        assert own[-1] > 1000 * own[0]


def test_errors_end_where_nodes_do() -> None:
    assert {row.samples for row in errors_by_size("laplace:nodes=0.9,0.4,0.1,-0.3,-0.7")} == {4}
    assert errors_by_size("laplace:nodes=0.9,0.5") == ()
    assert errors_by_size("laplace:factored") is errors_by_size("laplace")


@pytest.mark.parametrize("domain", ["fourier", "laplace:trained"])
def test_errors_by_size_are_those_of_known_nodes(domain: str) -> None:
    with pytest.raises(ConfigurationError, match="two ways to compute products"):
        errors_by_size(domain)
