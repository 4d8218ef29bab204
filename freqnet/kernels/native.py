"""The kernels in C, with the same functions as `reference.py`.

`freqnet.kernels` uses them if they were built. Environment variables: ``FREQNET_KERNEL=numpy`` turns them off;
``FREQNET_NUM_THREADS`` (or ``OMP_NUM_THREADS``) sets the number of threads, by default one per core;
``FREQNET_INSTRUCTIONS`` (avx512, avx2 or baseline) sets the widest instruction set.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

import freqnet.kernels._native as _native  # type: ignore[import-not-found]
from freqnet.errors import ShapeError, got_expected
from freqnet.kernels import reference
from freqnet.kernels.buffers import empty
from freqnet.kernels.reference import stored
from freqnet.kernels.threads import thread_count

Axes = tuple[int, ...]
# With fewer multiply-adds (_ALONE) or numbers in a pass (_SHORT), waking a second thread costs more than it gains.
_ALONE = 30_000
_SHORT = 20_000
INSTRUCTIONS: str = _native.instruction_set


def product(a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes]) -> np.ndarray:
    """Return the spectrum of the product of two signals: see `freqnet.kernels.reference.product`."""
    if prod(bands[0]) > prod(bands[1]):
        a, b, bands = b, a, (bands[1], bands[0], bands[2])
    ndim = len(bands[0])
    lanes = np.broadcast_shapes(a.shape[ndim:], b.shape[ndim:])
    dtype = np.result_type(a, b, np.float32)
    return _product(_lanes(a, ndim, lanes, dtype), _lanes(b, ndim, lanes, dtype), bands, False)


def square(a: np.ndarray, bands: tuple[Axes, Axes]) -> np.ndarray:
    """Return the spectrum of the square of a signal, in about half the time of a product."""
    a = np.ascontiguousarray(a, np.result_type(a, np.float32))
    return _product(a, a, (bands[0], bands[0], bands[1]), True)


def quadratic(x: np.ndarray, coefficients: np.ndarray, bands: tuple[Axes, Axes]) -> np.ndarray:
    """Return ``c[0] + c[1] x + c[2] x^2`` in one pass: see `freqnet.kernels.reference.quadratic`."""
    ndim = len(bands[0])
    x = np.ascontiguousarray(x, np.result_type(x, np.float32))
    ends = _spread(coefficients, (3, *x.shape[ndim:]), x.real.dtype)
    return _product(x, x, (bands[0], bands[0], bands[1]), True, ends)


def quadratic_adjoint(
    g: np.ndarray, x: np.ndarray, coefficients: np.ndarray, bands: tuple[Axes, Axes]
) -> tuple[np.ndarray, np.ndarray]:
    """Return both gradients of `quadratic` in one pass: see `freqnet.kernels.reference.quadratic_adjoint`."""
    lanes = x.shape[len(bands[0]) :]
    g, x = _in_one_dtype(g, x, least=np.float32)
    ends = _spread(coefficients, (3, *lanes), x.real.dtype)
    ends[0], ends[2] = 0, 2 * ends[2]
    sums = np.empty((3, *lanes), x.real.dtype)
    return _product(g, x, (bands[1], bands[0], bands[0]), False, ends, sums), sums


def channel_product(a: np.ndarray, b: np.ndarray, form: str) -> np.ndarray:
    """Return one matrix product over channels per mode: see `freqnet.kernels.reference.channel_product`."""
    a, b = _in_one_dtype(a, b, least=np.float32)
    (first, width), modes, dtype = a.shape[-2:], a.shape[:-2], a.dtype
    if form == "response":
        rows, inner_count, columns, strides = width, first, b.shape[-1], (1, width)
    else:
        rows, inner_count, columns, strides = first, width, b.shape[-2 if form == "input" else -1], (width, 1)
    if b.shape != (*modes, *((columns, inner_count) if form == "input" else (inner_count, columns))):
        raise _shape_error(
            f"channel product ({form})", f"{a.shape} and {b.shape}", "matrices of matching sizes for each mode"
        )
    count = prod(modes)
    out = empty((*modes, rows, columns), dtype)
    is_hartley = dtype.kind == "f"
    threads = _threads((2 if is_hartley else 4) * count * rows * inner_count * columns, _ALONE)
    forms = form == "response", form == "input"
    is_double = out.real.dtype == np.float64
    _native.channels(a, b, out, count, rows, inner_count, columns, *strides, *forms, is_double, is_hartley, threads)
    return out


def bilinear(forms: Sequence[np.ndarray], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the pointwise product of values at nodes: see `freqnet.kernels.reference.bilinear`.

    Three axes take the NumPy version.
    """
    ndim, dtype = len(forms), a.dtype
    if ndim > 2 or b.dtype != dtype:
        return reference.bilinear(forms, a, b)
    if dtype.kind == "c":
        return _complex_bilinear(forms, a, b)
    lanes = np.broadcast_shapes(a.shape[ndim:], b.shape[ndim:])
    first, second = _lanes(a, ndim, lanes, dtype), _lanes(b, ndim, lanes, dtype)
    forms = [np.ascontiguousarray(form, dtype) for form in forms]
    for axis, form in enumerate(forms):
        if form.shape[1:] != (a.shape[axis], b.shape[axis]):
            raise _shape_error("bilinear", f"{a.shape} and {b.shape}", f"{form.shape[1:]} nodes on axis {axis}")
    outputs = tuple(len(form) for form in forms)
    out = empty((*outputs, *lanes), dtype)
    # One axis counts as two, the first of them with one node.
    forms = [np.ones((1, 1, 1), dtype)] * (2 - ndim) + forms
    sizes = [form.shape for form in forms]
    count = prod(lanes)
    # Only symmetric forms allow the shortcut of a square.
    is_square = a is b and all(np.array_equal(form, form.transpose(0, 2, 1)) for form in forms)
    threads = _threads(prod(sizes[0]) * sizes[1][0] * count, _ALONE)
    if out.size:
        _native.bilinear(*forms, first, second, out, *sizes, count, dtype == np.float64, is_square, threads)
    return out


def _complex_bilinear(forms: Sequence[np.ndarray], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product by complex forms, as one by real forms of twice the size.

    Along the last axis a node becomes two real ones, its real and its imaginary part; another axis has the real and the
    imaginary part of its form as outputs of their own.
    """
    *others, last = forms
    count, half, axis = len(last), len(others[0]) if others else 1, len(others)
    # The parts of a product of two parts, as (part of the product, part of a, part of b).
    parts = np.array([[[1, 0], [0, -1]], [[0, 1], [1, 0]]])
    turned = np.stack([[last.real, -last.imag], [last.imag, last.real]])
    table = np.einsum("xzlpq,zuv->lxpuqv", turned, parts).reshape([2 * n for n in last.shape])
    first = _parts_as_nodes(a, axis)
    second = first if b is a else _parts_as_nodes(b, axis)
    found = bilinear([*(np.concatenate([form.real, form.imag]) for form in others), table], first, second)
    split = found.reshape(*found.shape[:axis], count, 2, *found.shape[axis + 1 :])
    made = empty((*found.shape[:axis], count, *found.shape[axis + 1 :]), a.dtype)
    made.real, made.imag = np.moveaxis(split, axis + 1, 0)
    return made[:half] + 1j * made[half:] if others else made


def _parts_as_nodes(x: np.ndarray, axis: int) -> np.ndarray:
    """Return real numbers with twice as many nodes along an axis: real and imaginary part of the first, and so on."""
    both = np.stack([x.real, x.imag], axis=axis + 1)
    return both.reshape(*x.shape[:axis], 2 * x.shape[axis], *x.shape[axis + 1 :])


def inner(a: np.ndarray, b: np.ndarray, ndim: int) -> np.ndarray:
    """Return Parseval's inner product over the modes: see `freqnet.kernels.reference.inner`."""
    a, b = _in_one_dtype(a, b)
    if a.shape != b.shape:
        raise _shape_error("inner product", f"{a.shape} and {b.shape}", "equal shapes")
    out = np.empty(a.shape[ndim:], a.real.dtype)
    columns = a.shape[ndim - 1]
    rows = prod(a.shape[: ndim - 1])
    _native.inner(a, b, out, rows, columns, out.size, a.dtype == np.complex128, _threads(a.size, _SHORT))
    return out


def combine(
    a: np.ndarray,
    p: np.ndarray,
    b: np.ndarray | None = None,
    q: np.ndarray | None = None,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Return ``p a``, or ``p a + q b``: see `freqnet.kernels.reference.combine`."""
    if b is None or q is None:
        (a,), b, q = _in_one_dtype(a), None, None
    else:
        a, b = _in_one_dtype(a, np.broadcast_to(b, a.shape))
    lanes, dtype = a.shape[-2:], a.real.dtype
    out = empty(a.shape, a.dtype) if out is None else out
    if out.shape != a.shape or out.dtype != a.dtype or not out.flags.c_contiguous:
        raise _shape_error("out", f"{out.dtype} {out.shape}", f"contiguous {a.dtype} {a.shape}")
    p, q = _spread(p, lanes, dtype), None if q is None else _spread(q, lanes, dtype)
    modes = prod(a.shape[:-2])
    _native.combine(a, b, p, q, out, modes, lanes[0] * lanes[1], dtype == np.float64, _threads(a.size, _SHORT))
    return out


def gather(arrays: Sequence[np.ndarray], vector: np.ndarray) -> float:
    """Copy arrays end to end into a vector, and return the sum of squares: see `freqnet.kernels.reference.gather`."""
    is_double = vector.itemsize == 8
    try:
        return _native.gather(list(arrays), vector, is_double)
    except ValueError:
        return _native.gather([np.ascontiguousarray(a, vector.dtype) for a in arrays], vector, is_double)


def scale(vector: np.ndarray, factor: float) -> None:
    """Multiply an array in place: see `freqnet.kernels.reference.scale`."""
    if vector.flags.c_contiguous and vector.dtype in (np.float32, np.float64):
        _native.scale(vector, factor, vector.itemsize == 8)
    else:
        reference.scale(vector, factor)


def extremes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest number of each channel: see `freqnet.kernels.reference.extremes`."""
    if values.dtype.kind != "f" or values.dtype.itemsize not in (4, 8) or not values.flags.c_contiguous:
        return reference.extremes(values)
    low, high = np.empty(values.shape[-1], values.dtype), np.empty(values.shape[-1], values.dtype)
    _native.extremes(values, low, high, values.dtype == np.float64)
    return low, high


def adam(
    work: np.ndarray,
    gradient_sum: np.ndarray,
    square_sum: np.ndarray,
    betas: tuple[float, float],
    shift: float,
    scale: float,
) -> None:
    """Take one step of Adam, in one pass: see `freqnet.kernels.reference.adam`."""
    _native.adam(work, gradient_sum, square_sum, *betas, shift, scale, work.itemsize == 8)


def spread(vector: np.ndarray, arrays: Sequence[np.ndarray], factor: float, scaled: np.ndarray) -> None:
    """Add its part of a vector to each array: see `freqnet.kernels.reference.spread`."""
    try:
        _native.spread(vector, list(arrays), factor, scaled, vector.itemsize == 8)
    except ValueError:
        # Arrays in another order or precision; nothing has changed yet.
        reference.spread(vector, arrays, factor, scaled)


def _in_one_dtype(*arrays: np.ndarray, least: type = np.complex64) -> list[np.ndarray]:
    """Return contiguous arrays of one dtype that holds all of them and `least`."""
    dtype = np.result_type(*arrays, least)
    return [np.ascontiguousarray(array, dtype) for array in arrays]


def _shape_error(what: str, got: str, expected: str) -> ShapeError:
    return ShapeError(got_expected(what, got, expected, "make the axes (*modes, batch, channels) agree"))


def _lanes(array: np.ndarray, ndim: int, lanes: Axes, dtype: np.dtype) -> np.ndarray:
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:ndim], *lanes)), dtype)


def _spread(values: np.ndarray, lanes: Axes, dtype: np.dtype) -> np.ndarray:
    """Return the values broadcast to one number per lane (batch and channel)."""
    out = np.empty(lanes, dtype)
    out[...] = values
    return out


def _product(
    a: np.ndarray,
    b: np.ndarray,
    bands: tuple[Axes, Axes, Axes],
    is_square: bool,
    ends: np.ndarray | tuple[None, None, None] = (None, None, None),
    sums: np.ndarray | None = None,
) -> np.ndarray:
    kept = bands[2]
    lanes = a.shape[len(kept) :]
    # Hartley spectra are real, half spectra complex.
    is_hartley = a.dtype.kind == "f"
    for array, band in ((a, bands[0]), (b, bands[1])):
        if array.shape[: len(band)] != stored(band, is_hartley):
            raise _shape_error("product", f"modes {array.shape[: len(band)]}", f"those of the band {band}")
    out = empty((*stored(kept, is_hartley), *lanes), a.dtype)
    count = prod(lanes)
    zyx = [(0,) * (3 - len(m)) + m for m in bands]
    threads = _threads(out.size * (a.size // max(1, count)), _ALONE)
    if out.size:
        is_double = a.real.dtype == np.float64
        _native.product(a, b, out, *ends, sums, *zyx, count, is_double, is_square, is_hartley, threads)
    return out


def _threads(work: int, alone: int) -> int:
    return thread_count() if work > alone else 1
