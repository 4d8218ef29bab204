"""Resampling of samples by their band, compared with explicit sums of waves."""

from __future__ import annotations

import tracemalloc

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freqnet.errors import ShapeError, TransformError
from freqnet.spaces import counted_transforms, no_transforms, resample_samples

Axes = tuple[int, ...]
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17)
GRIDS = st.integers(1, 3).flatmap(lambda n: st.tuples(*(st.tuples(*[st.sampled_from(SIZES)] * n),) * 2))


def interpolation(n: int, target: int) -> np.ndarray:
    """Matrix ``(target, n)`` that resamples one axis: a sum over the modes below both Nyquist modes."""
    if n == target:
        return np.eye(n)
    modes = np.arange(-((min(n, target) - 1) // 2), (min(n, target) - 1) // 2 + 1)
    turns = np.arange(target)[:, None] / target - np.arange(n)[None, :] / n
    return np.cos(2 * np.pi * turns[..., None] * modes).sum(axis=-1) / n


def naive(samples: np.ndarray, grid: Axes) -> np.ndarray:
    return oracles.along([interpolation(n, t) for n, t in zip(samples.shape[1:-1], grid, strict=True)], samples)


@settings(deadline=None, max_examples=60)
@given(grids=GRIDS, batch=st.integers(0, 3), channels=st.integers(1, 3), seed=st.integers(0, 99))
def test_samples_of_any_grid_are_those_of_explicit_sums(
    grids: tuple[Axes, Axes], batch: int, channels: int, seed: int
) -> None:
    own, target = grids
    samples = np.random.default_rng(seed).standard_normal((batch, *own, channels))
    kept = samples.copy()
    found = resample_samples(samples, target)
    assert found.shape == (batch, *target, channels)
    oracles.assert_close(found, naive(samples, target), f"{own} to {target}", 1e-12)
    np.testing.assert_array_equal(samples, kept)


@pytest.mark.parametrize(("own", "target"), [(441, 160), (160, 441), (101, 97), (997, 1000), (1024, 37)])
def test_a_band_limited_signal_is_exact_on_every_grid_that_holds_it(own: int, target: int) -> None:
    """A sum of waves below both Nyquist modes has the values of the same sum on the other grid."""
    rng = np.random.default_rng(0)
    modes = np.arange((min(own, target) - 1) // 2 + 1)
    sizes, phases = rng.standard_normal(len(modes)) / np.sqrt(len(modes)), rng.uniform(0, 6, len(modes))
    sample = lambda n: np.cos(2 * np.pi * (np.outer(np.arange(n), modes) % n) / n + phases) @ sizes
    found = resample_samples(sample(own)[None, :, None], target)
    oracles.assert_close(found.ravel(), sample(target), "band-limited signal", 1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_the_precision_is_that_of_the_samples(dtype: type, rng: np.random.Generator) -> None:
    samples = rng.standard_normal((2, 12, 3)).astype(dtype)
    found = resample_samples(samples, 9)
    assert found.dtype == dtype
    spacing = max(float(np.finfo(dtype).eps), 1e-15)
    oracles.assert_close(found.astype(float), naive(samples.astype(float), (9,)), "values", 10 * spacing)
    assert resample_samples(samples > 0, 9).dtype == resample_samples(np.ones((1, 4, 1), np.uint8), 9).dtype == float


def test_an_equal_grid_changes_nothing_and_counts_nothing(rng: np.random.Generator) -> None:
    samples = rng.standard_normal((2, 8, 6, 3))
    with counted_transforms() as counter, no_transforms():
        assert resample_samples(samples, (8, 6)) is samples
    assert counter.count == 0
    with counted_transforms() as counter:
        # The Nyquist mode of the first axis stays, because the size of this axis does.
        nyquist = resample_samples(np.tile([1.0, -1.0], 4)[None, :, None, None] * np.ones((1, 8, 6, 1)), (8, 5))
    assert counter.count == 2
    np.testing.assert_allclose(nyquist[0, :, 0, 0], np.tile([1.0, -1.0], 4), atol=1e-14)
    with no_transforms(), pytest.raises(TransformError, match="analysis inside no_transforms"):
        resample_samples(samples, (8, 5))


@pytest.mark.parametrize(
    ("samples", "grid", "words"),
    [
        (np.ones((1, 4, 1)), 0, "grid: got \\(0,\\), expected sizes of at least 1"),
        (np.ones((1, 4, 1)), (3, 3), "grid: got \\(3, 3\\), expected 1 numbers"),
        (np.ones((1, 4, 1)), 2.5, "grid: got '?2.5'?, expected whole numbers"),
        (np.ones((4, 1)), 3, "samples: got shape \\(4, 1\\)"),
        (np.ones((1, 0, 1)), 3, "samples: got shape \\(1, 0, 1\\)"),
        (np.ones((1, 4, 1), complex), 3, "numbers of complex128"),
    ],
)
def test_errors_name_the_argument(samples: np.ndarray, grid: int | Axes, words: str) -> None:
    with pytest.raises(ShapeError, match=words):
        resample_samples(samples, grid)


def test_long_samples_take_little_memory(rng: np.random.Generator) -> None:
    samples = rng.standard_normal((2, 100_000, 2), np.float32)
    tracemalloc.start()
    try:
        found = resample_samples(samples, 44_100)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1.1 * found.nbytes
    assert peak < 4 * samples.nbytes
