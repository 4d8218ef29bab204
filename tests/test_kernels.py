"""The product of two signals by their coefficients, against a loop over all pairs of modes.

The same tests run on the NumPy reference and on the compiled kernels, where these were built.
"""

from __future__ import annotations

import importlib
from itertools import product as ranges

import numpy as np
import oracles
import pytest

from freqnet import kernels

Axes = tuple[int, ...]
IMPLEMENTATIONS = {}
for module in ("reference", "native"):
    try:
        IMPLEMENTATIONS[module] = importlib.import_module(f"freqnet.kernels.{module}")
    except ImportError:  # not built here
        continue
TOLERANCE = {"D": 1e-12, "F": 1e-5}


def naive(a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes]) -> np.ndarray:
    """c[k] = sum over j of a[j] b[k - j], one pair of modes at a time."""
    full = [oracles.mirrored(x.astype(complex), m) for x, m in zip((a, b), bands, strict=False)]
    kept = [range(-m, m + 1) for m in bands[2][:-1]] + [range(bands[2][-1] + 1)]
    lanes = np.broadcast_shapes(a.shape[-2:], b.shape[-2:])
    out = np.zeros((*map(len, kept), *lanes), complex)
    for k in ranges(*kept):
        at = tuple(i - r[0] for i, r in zip(k, kept, strict=True))
        for j in ranges(*(range(-m, m + 1) for m in bands[0])):
            rest = tuple(x - y for x, y in zip(k, j, strict=True))
            if all(abs(i) <= m for i, m in zip(rest, bands[1], strict=True)):
                left, right = (
                    (np.array(i) + m for i, m in zip(n, bands[s], strict=True)) for s, n in enumerate((j, rest))
                )
                out[at] += full[0][tuple(left)] * full[1][tuple(right)]
    return out


def spectrum(rng: np.random.Generator, band: Axes, lanes: Axes, dtype: str = "D") -> np.ndarray:
    """The half spectrum of random samples, by explicit sums."""
    samples = rng.standard_normal((lanes[0], *(2 * m + 1 for m in band), lanes[1]))
    scale = np.sqrt(samples[0, ..., 0].size)
    return np.ascontiguousarray(oracles.spectrum(samples, band) * scale).astype(dtype)


def random_problem(rng: np.random.Generator, ndim: int) -> tuple:
    largest = {1: 7, 2: 3, 3: 1}[ndim]
    bands = [tuple(int(m) for m in rng.integers(0, largest + 1, ndim)) for _ in range(2)]
    bands.append(tuple(int(m) for m in rng.integers(0, 2 * largest + 2, ndim)))
    batch, channels = (int(n) for n in rng.integers(1, 4, 2))
    lanes = [(batch, channels), (batch, 1), (1, channels), (1, 1)]
    pair = [lanes[rng.integers(4)], lanes[rng.integers(4)]]
    return tuple(bands), pair


@pytest.fixture(params=IMPLEMENTATIONS)
def kernel(request: pytest.FixtureRequest):
    return IMPLEMENTATIONS[request.param]


def test_the_kernels_in_use_are_those_of_one_implementation() -> None:
    """What the tests find of an implementation is then true of the kernels in use."""
    used = IMPLEMENTATIONS[{"native": "native", "numpy": "reference"}[kernels.KERNEL]]
    names = set(kernels.__all__) - {"KERNEL"}
    assert len(names) > 10
    assert {name for name in names if getattr(kernels, name) is not getattr(used, name)} == set()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_product_equals_the_plain_loop(kernel, ndim: int, dtype: str) -> None:
    rng = np.random.default_rng(ndim)
    for _ in range(35):
        bands, lanes = random_problem(rng, ndim)
        a, b = (spectrum(rng, m, n, dtype) for m, n in zip(bands, lanes, strict=False))
        out = kernel.product(a, b, bands)
        assert out.dtype == np.dtype(dtype)
        oracles.assert_close(out, naive(a, b, bands), f"bands {bands}, lanes {lanes}", TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_square_equals_the_plain_loop(kernel, ndim: int, dtype: str) -> None:
    rng = np.random.default_rng(ndim)
    for _ in range(35):
        (band, _, kept), lanes = random_problem(rng, ndim)
        a = spectrum(rng, band, lanes[0], dtype)
        out = kernel.square(a, (band, kept))
        assert out.dtype == np.dtype(dtype)
        oracles.assert_close(out, naive(a, a, (band, band, kept)), f"band {band} kept to {kept}", TOLERANCE[dtype])


@pytest.mark.parametrize("band", [(40,), (5, 4), (2, 2, 2)])
def test_many_lanes_are_taken_in_slices(kernel, band: Axes, rng: np.random.Generator) -> None:
    """With many lanes, the work is split for the cache and for threads; each lane gives the same result as alone."""
    a, b = (rng.standard_normal((*(2 * m + 1 for m in band[:-1]), band[-1] + 1, 97, 31)) + 0j for _ in range(2))
    for x in (a, b):
        column = x[(slice(None),) * (len(band) - 1) + (0,)]
        column[...] = column + np.flip(column, tuple(range(len(band) - 1))).conj()
    bands = (band, band, band)
    whole, square = kernel.product(a, b, bands), kernel.square(a, bands[:2])
    pick = (..., np.array([0, 48, 96])[:, None], np.array([0, 7, 30]))
    oracles.assert_close(whole[pick], naive(a[pick], b[pick], bands), "product", 1e-12)
    oracles.assert_close(square[pick], naive(a[pick], a[pick], bands), "square", 1e-12)


def test_operands_may_be_views_and_are_left_alone(kernel, rng: np.random.Generator) -> None:
    whole = spectrum(rng, (3, 2), (4, 6))
    a, b = whole[..., ::2, ::3], whole[..., 1::2, 1::3]
    before = whole.copy()
    bands = ((3, 2),) * 3
    oracles.assert_close(kernel.product(a, b, bands), naive(a, b, bands), "product of views", 1e-12)
    oracles.assert_close(kernel.square(a, bands[:2]), naive(a, a, bands), "square of a view", 1e-12)
    assert np.array_equal(whole, before)


def test_modes_out_of_reach_are_zero(kernel, rng: np.random.Generator) -> None:
    a, b = spectrum(rng, (1,), (2, 2)), spectrum(rng, (2,), (2, 2))
    out = kernel.product(a, b, ((1,), (2,), (6,)))
    assert out.shape == (7, 2, 2)
    assert not out[4:].any()
    assert out[:4].all()


def test_product_with_the_mean_is_a_scaling(kernel, rng: np.random.Generator) -> None:
    a, mean = spectrum(rng, (2, 3), (2, 3)), spectrum(rng, (0, 0), (2, 3))
    out = kernel.product(a, mean, ((2, 3), (0, 0), (2, 3)))
    oracles.assert_close(out, a * mean, "product with a mean", 1e-14)


def test_empty_batch(kernel) -> None:
    assert kernel.product(np.zeros((3, 0, 2), complex), np.zeros((3, 1, 2), complex), ((2,),) * 3).shape == (3, 0, 2)


def test_the_comparison_finds_a_wrapped_product(rng: np.random.Generator) -> None:
    a = spectrum(rng, (3,), (2, 2))
    samples = oracles.synthesis(a, (3,), (7,))
    wrapped = oracles.spectrum(samples**2, (3,))
    with pytest.raises(AssertionError, match="relative error"):
        oracles.assert_close(wrapped, naive(a, a, ((3,),) * 3), "product on the grid")
