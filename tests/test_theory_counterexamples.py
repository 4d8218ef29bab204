"""The counterexamples and figures behind hypotheses, computed again by code that shares nothing with the claims."""

from __future__ import annotations

import cmath
import math
import random
from itertools import combinations, pairwise

import mpmath
import numpy as np
import pytest
from freqnet.theory import find
from freqnet.theory.checks import Bound


# -- truncation-distortion ------------------------------------------------------------------------------
def squared_distortion(X: np.ndarray, kept: np.ndarray) -> float:
    """Return the squared distance of a map and its reconstruction from some modes of its unitary transform."""
    x = np.fft.ifft2(X, norm="ortho")
    y = np.fft.ifft2(np.where(kept, np.fft.fft2(x, norm="ortho"), 0), norm="ortho")
    return float(np.sum(abs(x - y) ** 2))


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    k = np.fft.fftfreq(size, 1 / size)
    return np.meshgrid(k, k)


def test_a_square_crop_of_modes_that_decrease_with_their_length_is_not_the_best() -> None:
    u, v = grid(33)
    X = 1 / (1 + np.hypot(u, v))
    crop = np.maximum(abs(u), abs(v)) <= 4
    exchanged = crop & ~((abs(u) == 4) & (abs(v) == 4)) | ((abs(u) == 5) & (v == 0)) | ((u == 0) & (abs(v) == 5))
    assert crop.sum() == exchanged.sum() == 81
    assert squared_distortion(X, crop) == pytest.approx(6.62039, abs=5e-6)
    assert squared_distortion(X, exchanged) == pytest.approx(6.59954, abs=5e-6)


def test_a_crop_is_the_best_choice_if_and_only_if_no_dropped_mode_is_larger() -> None:
    generator = np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        X = np.sort(generator.integers(1, 9, 5))[::-1] + generator.integers(0, 3, 5)
        kept = [0, 1]
        best = min(sum(float(X[k]) ** 2 for k in range(5) if k not in c) for c in combinations(range(5), 2))
        is_best = sum(float(X[k]) ** 2 for k in range(2, 5)) == best
        assert is_best == (min(X[kept]) >= max(X[2:]))
        seen.add(is_best)
    assert seen == {True, False}


def test_a_square_crop_is_best_if_modes_decrease_with_the_larger_index() -> None:
    u, v = grid(33)
    X = 1 / (1 + np.maximum(abs(u), abs(v)))
    crop = np.maximum(abs(u), abs(v)) <= 4
    largest = np.sort((X**2).ravel())[::-1]
    assert squared_distortion(X, crop) == pytest.approx(largest[81:].sum(), rel=1e-12)


# -- average-pooling-sinc -------------------------------------------------------------------------------
def test_a_window_that_is_not_centred_adds_a_phase() -> None:
    w, T = 1.3, 2.0
    x = np.linspace(-14, 14, 200_001)
    step = x[1] - x[0]

    def transform(f: np.ndarray) -> complex:
        return complex(np.sum(f * np.exp(-1j * w * x)) * step)

    own = transform(np.exp(-x * x / 2))
    # The average of exp(-t^2/2) over [x + a, x + a + T] by the error function.
    part = np.vectorize(math.erf)
    average = lambda a: math.sqrt(math.pi / 2) * (part((x + a + T) / 2**0.5) - part((x + a) / 2**0.5)) / T
    sinc = math.sin(w * T / 2) / (w * T / 2)
    assert transform(average(-T / 2)) == pytest.approx(own * sinc, rel=1e-9)
    off = abs(transform(average(0.0)) / (own * sinc) - 1)
    assert off == pytest.approx(abs(cmath.exp(1j * w * T / 2) - 1), rel=1e-8)
    assert round(100 * off) == 121
    assert "121 %" in find("average-pooling-sinc").corrected


# -- laplace-convolution --------------------------------------------------------------------------------
def test_left_of_the_abscissa_the_transform_of_a_convolution_diverges() -> None:
    step = 1e-3
    t = np.arange(0, 12, step)
    f, g = np.exp(2 * t), np.ones_like(t)
    convolved = np.convolve(f, g)[: len(t)] * step
    assert convolved[5000] == pytest.approx((math.exp(10) - 1) / 2, rel=3e-3)
    up_to = np.cumsum(convolved * np.exp(-t)) * step
    # The product of the continued transforms at p = 1 is 1/(1 - 2) * 1/1 = -1.
    assert np.all(np.diff(up_to) >= 0)
    assert up_to[6000] > 150
    assert up_to[-1] > 50 * up_to[8000 - 1] / 2
    assert "$-1$" in find("laplace-convolution").corrected


def test_right_of_both_abscissae_it_is_the_product() -> None:
    step = 1e-3
    t = np.arange(0, 16, step)
    p = 4.0
    convolved = np.convolve(np.exp(2 * t), np.ones_like(t))[: len(t)] * step
    assert np.sum(convolved * np.exp(-p * t)) * step == pytest.approx(1 / (p - 2) / p, rel=5e-3)


# -- bussgang-line --------------------------------------------------------------------------------------
def weighted_variation(pieces: int) -> float:
    """Sum |f'| times the density over x > 0 up to an extremum of f = sin(e^{x^4}), by a sum over fine steps of x."""
    end = math.log(math.pi * (2 * pieces + 1) / 2) ** 0.25
    x = np.linspace(0, end, 400 * pieces + 200_001)
    middle = (x[1:] + x[:-1]) / 2
    density = np.exp(-(middle**2) / 2) / math.sqrt(2 * math.pi)
    return float(np.sum(abs(np.diff(np.sin(np.exp(x**4)))) * density))


def test_a_bounded_function_can_have_a_slope_without_a_mean() -> None:
    found = [weighted_variation(pieces) for pieces in (10, 100, 1000, 10_000)]
    # Ten times as many extrema: more than six times the sum, so it has no limit.
    assert all(b > 5 * a for a, b in pairwise(found))
    assert found[-1] > 1000
    # The regression itself is finite.
    z = np.random.default_rng(0).normal(size=100_000)
    assert abs(np.mean(z * np.sin(np.exp(np.minimum(z**4, 700))))) < 1


def test_the_claim_about_lines_asks_for_a_finite_mean_slope() -> None:
    claim = find("bussgang-line")
    assert "$E|f'(X)|$" in claim.hypotheses
    assert "polynomial growth" not in claim.hypotheses


# -- gauss-series ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("w", [1.0, -2.5, 0.01])
def test_the_series_converges_at_minus_one(w: float) -> None:
    b = 1j * w
    terms = 40_000
    partial = 0j
    for n in range(terms):
        partial += (-1) ** n * b / (b + n)
    mean = partial + (-1) ** terms * b / (b + terms) / 2
    assert abs(mean - complex(mpmath.hyp2f1(1, b, 1 + b, -1))) < 1e-8


@pytest.mark.parametrize("angle", [0.3, 2.0, 3.0])
def test_the_series_converges_on_the_circle_except_at_one(angle: float) -> None:
    b, z = 1j, cmath.exp(1j * angle)
    sums, partial = [], 0j
    for n in range(60_000):
        partial += z**n * b / (b + n)
        sums.append(partial)
    # The mean of the last sums smooths the oscillation of size 1/n.
    period = np.array(sums[-40_000:])
    assert abs(period.mean() - complex(mpmath.hyp2f1(1, b, 1 + b, z))) < 1e-3
    # At z = 1 the terms are about b/n, and the sums grow as log n.
    growing = [sum(b / (b + n) for n in range(size)) for size in (1000, 10_000, 100_000)]
    assert abs(growing[2] - growing[1]) == pytest.approx(math.log(10), rel=1e-3)


# -- real-nodes-conditioning ----------------------------------------------------------------------------
def frobenius(nodes: list[mpmath.mpf]) -> mpmath.mpf:
    T = mpmath.matrix([[x**j for j in range(len(nodes))] for x in nodes])
    return mpmath.mnorm(T, "f") * mpmath.mnorm(T**-1, "f")


def test_the_bounds_of_condition_numbers_are_checked_where_they_say_something() -> None:
    for check in find("real-nodes-conditioning").checks:
        if "proved" in check.name and check.name.startswith(("Chebyshev", "nodes")):
            assert isinstance(check, Bound)
            for point in check.points:
                N, family = int(point["N"]), int(point["family"])
                anywhere = 2 ** ((N - 1) / 2) / math.sqrt(2 * (2 * N - 1))
                in_interval = (1 + math.sqrt(2)) ** ((1 + family) * (N - 1)) / 2 / math.sqrt(N)
                # N bounds every condition number in the Frobenius norm from below.
                assert (anywhere if check.name.startswith("nodes") else in_interval) > N


def test_the_bound_in_the_two_norm_exceeds_1_from_ten_nodes_on() -> None:
    bound = [2 ** ((N - 1) / 2) / math.sqrt(2 * N * (2 * N - 1)) for N in range(1, 40)]
    assert [N for N, value in enumerate(bound, 1) if value > 1] == list(range(10, 40))
    assert "from $N = 10$ on" in find("real-nodes-conditioning").statement


def test_equispaced_rates_grow_faster_than_any_exponential() -> None:
    with mpmath.workdps(60):
        numbers = [frobenius([mpmath.exp(-mpmath.mpf(k) / 4) for k in range(1, N + 1)]) for N in (8, 9, 16, 17, 24, 25)]
        ratios = [numbers[i + 1] / numbers[i] for i in (0, 2, 4)]
        # Each ratio of neighbours exceeds e^{N/4}, so that no exponential is a bound.
        assert all(ratio > mpmath.exp(N / mpmath.mpf(4)) for ratio, N in zip(ratios, (8, 16, 24), strict=True))
        assert all(
            value > mpmath.exp(mpmath.mpf(N * (N - 1)) / 8) for value, N in zip(numbers[::2], (8, 16, 24), strict=True)
        )
        tangents = [mpmath.tan(mpmath.pi * (2 * k - 15) / 32) for k in range(16)]
        assert frobenius(tangents) > mpmath.sqrt(mpmath.mpf(2) ** 15 / (2 * 31)) > 16


def test_eight_samples_cost_2_6_digits_on_the_best_interval() -> None:
    nodes = [math.cos(math.pi * (2 * k + 1) / 16) for k in range(8)]
    for points, digits in ((nodes, 2.6), ([(1 + x) / 2 for x in nodes], 5.1)):
        T = np.vander(points)
        number = np.linalg.norm(T) * np.linalg.norm(np.linalg.inv(T))
        assert math.log10(number) == pytest.approx(digits, abs=0.05)
        assert f"{digits}" in find("laplace-real-domain").hypotheses


# -- cross-entropy-exponential-objective -----------------------------------------------------------------
def test_the_gradient_at_chance_or_worse_is_at_most_half_of_what_was_claimed() -> None:
    generator = random.Random(0)
    for size in (1, 2, 5, 12):
        largest = 0.0
        for _ in range(400):
            logits = [-abs(generator.gauss(0, 1)) for _ in range(size)]
            product = lambda z: math.prod(1 / (1 + math.exp(-v)) for v in z)
            moved = [logits[0] + 1e-6, *logits[1:]]
            back = [logits[0] - 1e-6, *logits[1:]]
            largest = max(largest, abs(product(moved) - product(back)) / 2e-6)
        assert largest <= 2.0 ** (-size - 1) * (1 + 1e-6)
        at_chance = (1 / (1 + math.exp(-1e-6)) - 1 / (1 + math.exp(1e-6))) / 2e-6 / 2 ** (size - 1)
        assert at_chance == pytest.approx(2.0 ** (-size - 1), rel=1e-6)
    assert "$2^{-J-1}$" in find("cross-entropy-exponential-objective").corrected


# -- descent-under-reparametrisation ---------------------------------------------------------------------
def descend(x: np.ndarray, to_v: np.ndarray, optimiser: str, steps: int = 6) -> np.ndarray:
    """Descend on a loss of x in the real coordinates v = to_v x, to_v orthogonal up to a factor."""
    curvature = 1 + np.arange(len(x)) % 3
    target = np.cos(np.arange(len(x)) ** 2)
    A = np.linalg.inv(to_v)
    v, first, second = to_v @ x, np.zeros(len(x)), np.zeros(len(x))
    for t in range(1, steps + 1):
        g = A.T @ (curvature * (A @ v - target))
        if optimiser == "momentum":
            first = 0.6 * first + g
            v = v - first / 7
        else:
            first, second = 0.9 * first + 0.1 * g, 0.99 * second + 0.01 * g * g
            v = v - first / (1 - 0.9**t) / np.sqrt(second / (1 - 0.99**t) + 1e-16) / 7
    return A @ v


@pytest.mark.parametrize("size", [5, 8])
def test_momentum_commutes_with_an_orthogonal_transform_and_adam_does_not(size: int) -> None:
    x = np.sin(1 + np.arange(size) ** 1.5)
    n = np.arange(size)
    # The Hartley transform is real and orthogonal.
    hartley = (np.cos(2 * np.pi * np.outer(n, n) / size) + np.sin(2 * np.pi * np.outer(n, n) / size)) / math.sqrt(size)
    assert np.allclose(hartley @ hartley, np.eye(size))
    same = np.eye(size)
    assert np.allclose(descend(x, hartley, "momentum"), descend(x, same, "momentum"), rtol=0, atol=1e-12)
    stretched = np.diag(np.where(n % 2, 2.0, 1.0)) @ hartley
    assert abs(descend(x, stretched, "momentum") - descend(x, same, "momentum")).max() > 0.05
    assert abs(descend(x, hartley, "adam") - descend(x, same, "adam")).max() > 0.05


# -- figures over 2,000 fields ----------------------------------------------------------------------------
def field_errors(K: int, first: int, count: int) -> dict[str, np.ndarray]:
    """Return the errors of four activations relative to ReLU, from samples on 1,000 points without an FFT."""
    found: dict[str, list[float]] = {name: [] for name in ("grid", "parabola", "parts", "phase")}
    k = np.arange(K + 1)
    waves = {size: np.exp(2j * np.pi * np.outer(k, np.arange(size)) / size) for size in (1000, 2 * K + 1)}
    twice = np.where(k > 0, 2.0, 1.0)
    length = lambda Y: math.sqrt(np.sum(twice * abs(Y) ** 2))
    for seed in range(first, first + count):
        generator = random.Random(f"{2 * K + 1} {seed}")
        v = [generator.randint(-200, 200) / 101 for _ in range(2 * K + 1)]
        X = np.array([v[0], *(complex(v[2 * j - 1], v[2 * j]) for j in range(1, K + 1))])
        samples = {size: (twice * X) @ wave for size, wave in waves.items()}
        spectrum = lambda y: waves[len(y)].conj() @ y / len(y)
        fine = samples[1000].real
        exact = spectrum(np.maximum(fine, 0))
        mean, deviation = fine.mean(), fine.std()
        z = (fine - mean) / deviation
        a = mean / deviation
        low, chance = math.exp(-a * a / 2) / math.sqrt(2 * math.pi), (1 + math.erf(a / math.sqrt(2))) / 2
        values = deviation * (low + a * chance + chance * z + low * (z * z - 1) / 2)
        results = {
            "grid": spectrum(np.maximum(samples[2 * K + 1].real, 0)),
            "parabola": spectrum(values),
            "parts": np.maximum(X.real, 0) + 1j * np.maximum(X.imag, 0),
            "phase": np.where((np.angle(X) >= 0) & (np.angle(X) <= np.pi / 2), X, 0),
        }
        for name, Y in results.items():
            found[name].append(length(Y - exact) / length(exact))
    return {name: np.array(errors) for name, errors in found.items()}


@pytest.mark.slow
def test_the_figures_of_random_fields_are_those_of_2000_of_them() -> None:
    errors = field_errors(4, 0, 2000)
    in_words = {name: (100 * e.mean(), 100 * e.std()) for name, e in errors.items()}
    parabola, parts, phase = (find(name).corrected for name in _FIELDS)
    for name, text, digits in (
        ("grid", parabola, 1),
        ("parabola", parabola, 1),
        ("parts", parts, 0),
        ("phase", phase, 0),
    ):
        for figure in in_words[name]:
            assert f"{figure:.{digits}f} %" in text, (name, figure)
    assert int(np.sum(errors["grid"] < errors["parabola"])) == 41
    assert "On 41 of these fields" in parabola


_FIELDS = ("relu-parabola-of-fields", "activation-of-parts", "phase-relu")
