"""Reused buffers: never while an array still uses them, and never more memory than allowed."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from freqnet.kernels import buffers
from freqnet.kernels.buffers import empty

LARGE = (300, 100)


@pytest.fixture(autouse=True)
def own_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers._Shelf, "blocks", {})
    monkeypatch.setattr(buffers._Shelf, "held", 0)


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_memory_comes_back_once_nobody_holds_it() -> None:
    first = empty(LARGE, "f4")
    place = address(first)
    second = empty(LARGE, "f4")
    assert address(second) != place
    del first
    assert address(empty(LARGE, "f4")) == place


@pytest.mark.parametrize(
    "view", [lambda a: a[3:].T, lambda a: a.view("i4"), lambda a: a.reshape(-1)[::7], lambda a: memoryview(a)]
)
def test_a_view_keeps_the_memory(view) -> None:
    whole = empty(LARGE, "f4")
    place, part = address(whole), view(whole)
    del whole
    assert address(empty(LARGE, "f4")) != place
    del part
    gc.collect()
    assert address(empty(LARGE, "f4")) == place


@pytest.mark.parametrize("shape", [(), (0, 5), (2, 3), LARGE, (1 << 16,), ((1 << 16) + 1,)])
@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16"])
def test_arrays_are_what_was_asked_for(shape: tuple[int, ...], dtype: str) -> None:
    array = empty(shape, dtype)
    assert (array.shape, array.dtype) == (shape, np.dtype(dtype))
    assert array.flags.c_contiguous
    assert array.flags.writeable
    array[...] = 1
    assert array.all()


def test_live_arrays_never_share_memory() -> None:
    arrays = [empty((20_000 + 10 * i,), "f4") for i in range(20)]
    for i, array in enumerate(arrays):
        array[...] = i
    assert all((array == i).all() for i, array in enumerate(arrays))


def test_an_array_larger_than_the_bound_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "_MOST", 1 << 20)
    assert empty((1 << 21,), "u1").nbytes == 1 << 21
    assert buffers._Shelf.held == 0
    empty((1 << 20,), "u1")
    assert buffers._Shelf.held == 1 << 20


def test_unused_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buffers, "_MOST", 1 << 20)
    kept = empty((1 << 17,), "u1")
    kept[...] = 7
    for i in range(100):
        empty(((1 << 17) + 5000 * i,), "u1")[...] = 1
    assert buffers._Shelf.held <= (1 << 20) + (1 << 20)
    assert (kept == 7).all()
