"""The cache of arrays: bounded in bytes, shared by threads, and never written to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from freqnet import caches
from freqnet.caches import cached
from freqnet.errors import ConfigurationError
from freqnet.spaces import Damped, Fourier, Grid, Hartley, Laplace


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    caches.clear()
    yield
    caches.clear()


@pytest.fixture
def calls() -> list[int]:
    return []


def test_results_are_kept_until_the_bytes_are_used_up(calls: list[int]) -> None:
    part = caches.MOST_KEPT // 4

    @cached
    def zeros(number: int) -> np.ndarray:
        calls.append(number)
        return np.zeros(part, np.int8)

    first = zeros(0)
    assert zeros(0) is first
    for number in (1, 2, 0, 3):  # the entry of a key takes a little, so that three fit
        zeros(number)
    assert calls == [0, 1, 2, 3]
    assert part < caches.kept_bytes() <= caches.MOST_KEPT
    zeros(0)
    zeros(1)  # it was used the longest time ago
    assert calls == [0, 1, 2, 3, 1]


def test_one_result_larger_than_the_bound_is_kept_alone(calls: list[int]) -> None:
    @cached
    def large(number: int) -> np.ndarray:
        calls.append(number)
        return np.broadcast_to(np.int8(number), caches.MOST_KEPT + 1)

    assert large(1) is large(1)
    large(2)
    large(1)
    assert calls == [1, 2, 1]
    assert caches.kept_bytes() < 1.1 * caches.MOST_KEPT


def test_a_view_counts_as_the_whole_array() -> None:
    assert caches.size_of(np.zeros(1000)[:2]) == 8000
    assert caches.size_of((np.zeros(10), np.zeros(10)[::2])) >= 160
    assert caches.size_of(np.array([object()] * 10, object)) > 1000
    tables = Damped.on(16).tables[0]
    assert caches.size_of(tables) >= 6 * tables.evaluate.nbytes


def test_results_cannot_be_written_to() -> None:
    @cached
    def pair() -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(2), np.zeros(3)

    for array in pair():
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_threads_receive_the_same_result() -> None:
    @cached
    def slow(number: int) -> np.ndarray:
        time.sleep(0.01)
        return np.full(10, number)

    found: list[list[np.ndarray]] = [[] for _ in range(8)]
    threads = [threading.Thread(target=lambda out=out: out.extend(slow(n) for n in range(5))) for out in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(5):
        assert {id(out[n]) for out in found} == {id(slow(n))}
        assert (slow(n) == n).all()


def test_the_results_of_a_function_that_raises_are_not_kept(calls: list[int]) -> None:
    @cached
    def fails(number: int) -> np.ndarray:
        calls.append(number)
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            fails(1)
    assert calls == [1, 1]


def test_tables_that_left_the_cache_are_not_kept_alive() -> None:
    """What is computed from tables is kept under their description, not under the tables."""
    space = Damped.on(64, band=5)
    space.change_band(np.zeros((*space.shape, 1, 1), complex), (9,))
    kept = caches._Shared.values
    assert len(kept) >= 3
    keys = [entry for key in kept for entry in key]
    assert not any(hasattr(entry, "nbytes") for entry in keys)
    assert not any(hasattr(item, "nbytes") for entry in keys if isinstance(entry, tuple) for item in entry)


@pytest.mark.parametrize("make", [Fourier.on, Hartley.on, Grid.on, Damped.on, Laplace.on])
def test_many_lengths_do_not_fill_the_memory(make: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty lengths of each domain keep less than the bound, which is lowered so that the test is fast."""
    bound = 1 << 21
    monkeypatch.setattr(caches._Shared, "values", type(caches._Shared.values)(bound, caches._Shared.values.getsizeof))
    for n in range(4, 14) if make == Laplace.on else range(60, 110):
        space = make(n, band=2)
        wide = make(n)
        samples = np.ones((1, n, 1))
        space.change_band(space.analysis(samples), wide.band)
        space.average(space.analysis(samples), (3,), "dirichlet", False)
        space.frequency_response(np.ones((5, 1, 1)), "spectral", (5,))
        np.testing.assert_allclose(space.synthesis(space.analysis(samples), (n,)).mean(), 1, atol=0.5)
    assert 0 < caches.kept_bytes() <= bound + (1 << 20)


def test_absurd_arrays_are_refused_with_the_memory_they_take() -> None:
    caches.require_memory("matrix", 1 << 27, 8, "pass n=8")
    with pytest.raises(ConfigurationError, match="got 2\\.147 GB, expected at most 1\\.07 GB; pass n=8"):
        caches.require_memory("matrix", 1 << 28, 8, "pass n=8")
