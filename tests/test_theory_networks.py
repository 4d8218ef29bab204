"""Claims on networks of filters and products: figures by code that shares nothing with the claims, and false claims."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from itertools import combinations, combinations_with_replacement, product
from typing import Any

import numpy as np
import pytest
from freqnet.theory import Bound, Identity, find, run_check
from freqnet.theory.checks import Check
from freqnet.theory.claims.truncated_products import truncated_power
from scipy.special import ive


# -- products that are truncated after every step --------------------------------------------------------------------
def has_order(ks: tuple[tuple[int, ...], ...], K: int) -> bool:
    """Tell whether some order of modes has all partial sums in the band."""

    @cache
    def reachable(rest: tuple[tuple[int, ...], ...]) -> bool:
        if not rest:
            return True
        is_inside = max(abs(sum(axis)) for axis in zip(*rest, strict=True)) <= K
        return is_inside and any(reachable(rest[:n] + rest[n + 1 :]) for n in range(len(rest)))

    return reachable(ks)


def sums_in_band(K: int, d: int, axes: int) -> list[tuple[tuple[int, ...], ...]]:
    """Return all multisets of d modes whose sum lies in the band."""
    modes = list(product(range(-K, K + 1), repeat=axes))
    sets = combinations_with_replacement(modes, d)
    return [ks for ks in sets if max(abs(sum(axis)) for axis in zip(*ks, strict=True)) <= K]


@pytest.mark.parametrize(("K", "d"), [(1, 6), (2, 5), (4, 4)])
def test_on_one_axis_every_monomial_has_an_order(K: int, d: int) -> None:
    assert all(has_order(ks, K) for ks in sums_in_band(K, d, 1))


def test_on_two_axes_four_modes_of_band_two_are_the_first_without_an_order() -> None:
    assert all(has_order(ks, 1) for ks in sums_in_band(1, 4, 2))
    assert all(has_order(ks, 2) for ks in sums_in_band(2, 3, 2))
    without = [ks for ks in sums_in_band(2, 4, 2) if not has_order(ks, 2)]
    assert len(without) == 4
    assert ((-2, -1), (-2, -1), (1, 2), (1, 2)) in without


@pytest.mark.parametrize(("K", "d"), [(1, 4), (2, 3)])
def test_on_two_axes_some_pair_has_its_sum_in_the_band(K: int, d: int) -> None:
    for ks in sums_in_band(K, d, 2):
        assert any(max(abs(a + b) for a, b in zip(*pair, strict=True)) <= K for pair in combinations(ks, 2)), ks


def test_on_three_axes_three_modes_need_not_have_an_order() -> None:
    without = [ks for ks in sums_in_band(1, 3, 3) if not has_order(ks, 1)]
    assert ((-1, 1, 1), (1, -1, 1), (1, 1, -1)) in without


# -- how large truncated squares are ------------------------------------------------------------------------------
@pytest.mark.parametrize(("K", "expected"), [(0, 1), (1, math.sqrt(2)), (2, math.sqrt((7 + math.sqrt(7)) / 3))])
def test_the_norm_of_a_truncated_square_by_ascent(K: int, expected: float) -> None:
    x = np.linspace(1, 2, 2 * K + 1) + np.linspace(2, 1, 2 * K + 1)
    for _ in range(500):
        x = x / np.linalg.norm(x)
        square = np.convolve(x, x)[K : 3 * K + 1]
        x = x + square
    assert np.linalg.norm(square) == pytest.approx(expected, rel=1e-12)
    generator = np.random.default_rng(0)
    for _ in range(2000):
        z = generator.normal(size=(2, 2 * K + 1)) + 1j * generator.normal(size=(2, 2 * K + 1))
        a, b = (v + v[::-1].conj() for v in z)
        size = np.linalg.norm(np.convolve(a, b)[K : 3 * K + 1])
        assert size <= expected * np.linalg.norm(a) * np.linalg.norm(b) * (1 + 1e-12)


# -- depth -------------------------------------------------------------------------------------------------------
def test_moments_of_the_parabola_by_gauss_hermite() -> None:
    z, w = np.polynomial.hermite_e.hermegauss(20)
    w = w / w.sum()
    y = z / 2 + (z * z - 1) / (2 * math.sqrt(2 * math.pi))
    power = w @ y**2
    assert w @ y**3 / power**1.5 == pytest.approx(1.91695, abs=5e-6)
    assert w @ y**4 / power**2 - 3 == pytest.approx(5.09528, abs=5e-6)


@pytest.mark.parametrize(("M", "share"), [(3, 6.48), (9, 4.18), (17, 3.65)])
def test_what_the_second_parabola_misses_by_the_noncentral_chi_distribution(M: int, share: float) -> None:
    a, b = 0.5, 1 / (2 * math.sqrt(2 * math.pi))
    length, order = math.sqrt(M) * a / (2 * b), M / 2 - 1
    edge = math.sqrt(M * (1 + (a / (2 * b)) ** 2))
    x, w = np.polynomial.legendre.leggauss(400)
    r = np.concatenate([(x + 1) * edge / 2, edge + (x + 1) * 8])
    weights = np.concatenate([w * edge / 2, w * 8])
    density = r * (r / length) ** order * ive(order, r * length) * np.exp(-((r - length) ** 2) / 2)
    U = b * (r * r - edge**2) / math.sqrt(M * (a * a + 2 * b * b))
    mean = lambda values: float(np.sum(weights * density * values))
    relu = np.maximum(U, 0)
    parabola = 1 / math.sqrt(2 * math.pi) + U / 2 + b * (U * U - 1)
    missed = mean((relu - parabola) ** 2) / (mean(relu**2) - mean(relu) ** 2)
    assert 100 * missed == pytest.approx(share, abs=0.005)
    assert f"{share} %" in find("second-layer-parabola").statement


# -- samples -----------------------------------------------------------------------------------------------------
def test_the_error_of_relu_against_a_fine_grid() -> None:
    generator = np.random.default_rng(1)
    worst = 0.0
    for _ in range(40):
        K = int(generator.integers(1, 5))
        X = np.zeros(2**15 + 1, complex)
        X[: K + 1] = generator.normal(size=K + 1) + 1j * generator.normal(size=K + 1) * (np.arange(K + 1) > 0)
        X[0] /= 4  # a small mean: the signal has zeros
        y = np.maximum(np.fft.irfft(X) * 2**16, 0)
        slope = np.diff(y, append=y[0]) * 2**16
        variation = float(np.sum(np.abs(np.diff(slope, append=slope[0]))))
        exact = np.fft.rfft(y)[: K + 1] / 2**16
        for step in (2**11, 2**12, 2**13):
            M = 2**16 // step
            if M > K:
                found = np.fft.fft(y[::step])[: K + 1] / M
                worst = max(worst, float(np.max(np.abs(found - exact))) * 12 * (M - K) ** 2 / variation)
    assert 0.05 < worst <= 1


# -- false claims ------------------------------------------------------------------------------------------------
def check(claim: str, name: str) -> Any:
    return next(check for check in find(claim).checks if check.name == name)


def bound(claim: str, name: str, **ends: Any) -> Bound:
    return replace(check(claim, name), **ends)


def without_the_second_term(m: Any, K: int, seed: int) -> list[Any]:
    return truncated_power(m, K, 3, seed)


def half_the_slope(m: Any, K: int, a: Any, b: Any, R: Any) -> Any:
    return m.abs(a) + m.abs(b) * R * m.sqrt([m.number(1), m.number(2), (7 + m.sqrt(m.number(7))) / 3][K])


def identity(claim: str, name: str, closed: Any) -> Identity:
    return replace(check(claim, name), closed=closed)


FALSE: list[Check] = [
    bound("truncated-power-monomials", "the smallest coefficient", low="2"),
    bound("truncated-power-monomials", "the largest partial sum, in the order of the proof", high="20"),
    identity("cube-by-truncated-products", "against the cube of samples", without_the_second_term),
    bound(
        "truncated-products-universal",
        "on three axes: pairs of the three modes with a sum in the band",
        low="1",
        high="3",
    ),
    bound("truncated-products-of-images", "orders with all partial sums in the band", low="1", high="24"),
    bound("truncated-square-norm", "its ratio, in units of the root of 2K + 1", low="0.764"),
    bound("truncated-square-norm", "nor by products of two", high="1.2"),
    identity("truncated-layer-lipschitz", "it is reached", half_the_slope),
    bound("truncated-layer-lipschitz", "differences inside the ball, in units of the constant", high="0.5"),
    bound("hermite-relu-moments", "skewness 1.91695", low="1.91696", high="1.92"),
    bound("second-layer-parabola", "the shares", low="0.04"),
    bound("second-layer-parabola", "the shares", high="0.06"),
    bound("sign-steps-gain", "any gradient", high="1"),
    bound("sign-steps-gain", "any gradient", low="1"),
    bound("sign-steps-gain", "the largest gain in units of the root of N", low="0.905"),
    bound("circulant-hessian-diagonal", "a rate for each of two taps", low="1.1"),
    bound("relu-sampling-error", "its errors, in units of the bound", high="0.45"),
    bound("relu-sampling-error", "its error in units of V/(24 M²)", low="1.03", high="2"),
]


@pytest.mark.parametrize("false", FALSE, ids=lambda check: check.name)
def test_a_changed_constant_makes_a_check_fail(false: Check) -> None:
    found = run_check(false, digits=30, rigorous=False)
    assert not found.passed
    assert "Error" not in found.message
    assert "compares it with itself" not in found.message
