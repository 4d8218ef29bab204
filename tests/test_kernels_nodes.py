"""Kernels for values at real nodes are compared with NumPy, and between numbers of threads."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from freqnet import kernels
from freqnet.errors import ShapeError
from freqnet.kernels import reference
from freqnet.spaces import Laplace

pytestmark = pytest.mark.skipif(kernels.KERNEL == "numpy", reason="the compiled kernels are not built")
SIZES = ((1,), (2,), (13,), (25,), (1, 1), (2, 3), (5, 4), (10, 10), (7, 13))
LANES = ((1, 1), (3, 7), (9, 32))
ROUNDING = {np.float32: 2e-5, np.float64: 1e-13}
PRECISIONS = pytest.mark.parametrize("precision", [np.float32, np.float64])


def program(precision: Any) -> Any:
    from freqnet.kernels.program import Program

    return Program(precision)


def problems(precision: Any) -> Any:
    """Random values at nodes, with a generator for more."""
    generator = np.random.default_rng(0)
    for nodes in SIZES:
        for lanes in LANES:
            yield generator.normal(size=(*nodes, *lanes)).astype(precision), nodes, generator


def assert_close(found: np.ndarray, wanted: np.ndarray, size: np.ndarray) -> None:
    assert found.dtype == wanted.dtype
    assert np.abs(found - wanted).max() <= ROUNDING[found.real.dtype.type] * np.abs(size).max()


@PRECISIONS
def test_matrices_along_the_axes(precision: Any):
    for x, nodes, generator in problems(precision):
        matrices = [generator.normal(size=(n, n + 1)).astype(precision) for n in nodes]
        p, out = program(precision), np.empty((*(n + 1 for n in nodes), *x.shape[-2:]), precision)
        p.matrices(matrices, x, out)
        p.run()
        axes = "ab"[: len(nodes)], "kl"[: len(nodes)]
        pairs = [i + k for i, k in zip(*axes, strict=True)]
        wanted = np.einsum(f"{','.join(pairs)},{axes[0]}...->{axes[1]}...", *matrices, x)
        assert_close(out, wanted, sum(map(len, matrices)) * np.abs(wanted))


@PRECISIONS
def test_sums_and_affine_maps(precision: Any):
    for x, nodes, generator in problems(precision):
        draw = lambda *shape, g=generator: g.normal(size=shape).astype(precision)
        lanes, y, row = x.shape[-2:], draw(*x.shape), draw(int(np.prod(nodes)))
        column = row.reshape(*nodes, 1, 1)
        a, q, s = (draw(*lanes) for _ in range(3))
        p = program(precision)
        sums, means, both = (np.empty(shape, precision) for shape in (lanes, lanes, x.shape))
        plain, shifted, two = (np.empty_like(x) for _ in range(3))
        p.node_sums(x, y, None, sums)
        p.node_sums(x, None, row, means)
        p.node_combine(x, a, y, q, s, row, both)
        p.node_combine(x, a, None, None, None, None, plain)
        p.node_combine(x, a, None, None, s, row, shifted)
        p.node_combine(x, a, y, q, None, None, two)
        p.run()
        axes, size = tuple(range(len(nodes))), np.full(1, 9 * row.size)
        pairs = (sums, (x * y).sum(axes)), (means, (x * column).sum(axes)), (both, a * x + q * y + s * column)
        for found, wanted in (*pairs, (plain, a * x), (shifted, a * x + s * column), (two, a * x + q * y)):
            assert_close(found, wanted, size)


@PRECISIONS
def test_any_number_of_threads_gives_the_same_bits(precision: Any):
    from freqnet.kernels import native

    x = np.random.default_rng(0).normal(size=(5, 4, 9, 32)).astype(precision)
    forms = [np.random.default_rng(n).normal(size=(6, n, n)).astype(precision) for n in (5, 4)]
    row, lanes = np.ones(20, precision), np.ones((9, 32), precision)
    found = []
    for threads in (1, 2, 4):
        with (
            patch.multiple("freqnet.kernels.program", _threads=lambda *given, n=threads: n),
            patch.multiple(native, _threads=lambda *given, n=threads: n),
        ):
            p, outs = program(precision), [np.empty_like(x), np.empty_like(x), np.empty_like(lanes)]
            p.matrices(
                [form[:n, 0, :n] * np.eye(n, dtype=precision) + 1 for form, n in zip(forms, (5, 4), strict=True)],
                x,
                outs[0],
            )
            p.node_combine(x, lanes, x, lanes, lanes, row, outs[1])
            p.node_sums(x, x, None, outs[2])
            p.run()
            found.append([native.bilinear(forms, x, x.copy()), *outs])
    for others in found[1:]:
        assert all(np.array_equal(one, other) for one, other in zip(found[0], others, strict=True))


def test_wrong_sizes_are_an_error():
    x, form = np.ones((3, 2, 2)), np.ones((3, 4, 3))
    with pytest.raises(ShapeError, match="bilinear"):
        kernels.bilinear([form], x, x)


def test_a_signal_as_its_own_factor_with_a_form_that_is_not_symmetric():
    x = np.random.default_rng(0).normal(size=(3, 4, 2, 2))
    forms = [np.random.default_rng(n).normal(size=(2, n, n)) for n in (3, 4)]
    assert np.allclose(kernels.bilinear(forms, x, x), reference.bilinear(forms, x, x), rtol=1e-12, atol=1e-12)


@PRECISIONS
@pytest.mark.parametrize("sizes", [((3, 4, 5),), ((3, 4, 5), (2, 3, 1)), ((5, 7, 7), (3, 2, 2)), ((2, 2, 2),) * 3])
def test_complex_forms_at_complex_nodes(precision: Any, sizes: tuple[tuple[int, int, int], ...]):
    generator = np.random.default_rng(0)
    draw = lambda *shape: generator.normal(size=shape) + 1j * generator.normal(size=shape)
    dtype = np.result_type(precision, np.complex64)
    forms = [draw(*size) for size in sizes]
    a, b = (draw(*(size[k] for size in sizes), 3, 2).astype(dtype) for k in (1, 2))
    names = ["kab", "lcd", "mef"][: len(sizes)]
    outs, firsts, seconds = ("".join(name[k] for name in names) for k in range(3))
    products = lambda x, y, forms: np.einsum(
        f"{','.join(names)},{firsts}...,{seconds}...->{outs}...", *forms, x, y, optimize=True
    )
    wanted = products(a, b, forms)
    assert_close(kernels.bilinear(forms, a, b), wanted.astype(dtype), 30 * np.abs(wanted))
    if all(size[1] == size[2] for size in sizes):
        both = [form + form.transpose(0, 2, 1) for form in forms]
        wanted = products(a, a, both)
        assert_close(kernels.bilinear(both, a, a), wanted.astype(dtype), 30 * np.abs(wanted))


@pytest.mark.parametrize("grid", [(5,), (6, 4), (3, 4, 3)])
def test_the_adjoint_of_dropping_nodes_fills_up_with_zeros(grid: tuple[int, ...]):
    space, generator = Laplace.on(grid), np.random.default_rng(0)
    fewer = space.with_band((1,) * len(grid))
    x = generator.normal(size=(*space.shape, 2, 3))
    g = generator.normal(size=(*fewer.shape, 2, 3))
    wide = fewer.cotangent.change_band(g, space.band)
    assert wide.shape == x.shape
    assert np.count_nonzero(wide) == g.size
    assert np.sum(wide * x) == pytest.approx(np.sum(g * space.change_band(x, fewer.band)), rel=1e-13)
