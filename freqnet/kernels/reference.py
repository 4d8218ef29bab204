"""The kernels in NumPy, which define the result of each kernel.

The product of two real signals is the convolution of their coefficients, c[k] = sum_j a[j] b[k - j]: it is free of
aliasing in every kept mode k, for any three bands.

Two layouts of spectra are told apart by their dtype: half spectra (complex, modes with a last number of 0 or more) and
Hartley spectra (real, all modes), with the coefficients H[k] = Re c[k] - Im c[k].
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product as ranges
from math import prod

import numpy as np

Axes = tuple[int, ...]
# Batches are processed in slices small enough for an operand to stay in the cache.
_CACHE_BYTES = 1 << 19
# Lanes are processed in groups whose pairs of nodes take about this many numbers.
_PAIRS = 1 << 21


def full_spectrum(half: np.ndarray, ndim: int) -> np.ndarray:
    """Return all modes of a real signal from its half spectrum."""
    mirrored = np.flip(half[(slice(None),) * (ndim - 1) + (slice(1, None),)], axis=tuple(range(ndim)))
    return np.concatenate([mirrored.conj(), half], axis=ndim - 1)


def stored(band: Axes, is_hartley: bool) -> Axes:
    """Return the shape of the mode axes of a half spectrum or a Hartley spectrum.

    >>> from freqnet.kernels.reference import stored
    >>> stored((2, 3), False), stored((2, 3), True)
    ((5, 4), (5, 7))
    """
    return (*(2 * m + 1 for m in band[:-1]), 2 * band[-1] + 1 if is_hartley else band[-1] + 1)


def parts(hartley: np.ndarray, ndim: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the real and the imaginary parts of the Fourier coefficients of a Hartley spectrum."""
    mirrored = np.flip(hartley, tuple(range(ndim)))
    return (mirrored + hartley) / 2, (mirrored - hartley) / 2


def half_of_hartley(hartley: np.ndarray, ndim: int) -> np.ndarray:
    """Return the half spectrum of a Hartley spectrum.

    >>> import numpy as np
    >>> from freqnet.kernels.reference import half_of_hartley, hartley_of_half
    >>> half_of_hartley(np.array([3.0, 1.0, 1.0]), 1)
    array([1.+0.j, 2.+1.j])
    >>> hartley_of_half(np.array([1, 2 + 1j]), 1)
    array([3., 1., 1.])
    """
    real, imag = parts(hartley, ndim)
    return (real + 1j * imag)[(slice(None),) * (ndim - 1) + (slice(hartley.shape[ndim - 1] // 2, None),)]


def hartley_of_half(half: np.ndarray, ndim: int) -> np.ndarray:
    """Return the Hartley spectrum of a half spectrum: the inverse of `half_of_hartley`."""
    opposite = half[(slice(None),) * (ndim - 1) + (slice(1, None),)]
    lower = np.flip(opposite.real + opposite.imag, tuple(range(ndim)))
    return np.concatenate([lower, half.real - half.imag], axis=ndim - 1)


def product(a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes]) -> np.ndarray:
    """Return the spectrum of the product of two signals, truncated to the third band.

    Parameters
    ----------
    a, b : numpy.ndarray
        Spectra ``(*modes, batch, channels)`` of the bands ``bands[0]`` and ``bands[1]``, both half or both
        Hartley; the batch and channel axes broadcast.
    bands : three tuples of int
        Bands of `a`, of `b` and of the result.

    Returns
    -------
    numpy.ndarray
        Spectrum ``(*modes, batch, channels)`` of band ``bands[2]``.

    Examples
    --------
    The square of ``2 cos x`` is ``2 + 2 cos 2x``:

    >>> import numpy as np
    >>> from freqnet.kernels.reference import product
    >>> a = np.array([0, 1], complex).reshape(2, 1, 1)
    >>> product(a, a, ((1,), (1,), (2,))).ravel().real
    array([2., 0., 1.])
    """
    if np.prod(bands[0]) > np.prod(bands[1]):
        a, b, bands = b, a, (bands[1], bands[0], bands[2])
    ndim = len(bands[0])
    if np.iscomplexobj(a):
        return _product(full_spectrum(a, ndim), full_spectrum(b, ndim), bands)
    (p, q), (r, s) = parts(a, ndim), parts(b, ndim)
    re, im = _product(p, r, bands) - _product(q, s, bands), _product(p, s, bands) + _product(q, r, bands)
    lower = np.flip((re + im)[(slice(None),) * (ndim - 1) + (slice(1, None),)], tuple(range(ndim)))
    return np.concatenate([lower, re - im], axis=ndim - 1)


def _product(a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes]) -> np.ndarray:
    """Return the half spectrum of the convolution of two full spectra, real or complex."""
    ndim = len(bands[0])
    lanes = np.broadcast_shapes(a.shape[ndim:], b.shape[ndim:])
    out = np.zeros((*stored(bands[2], False), *lanes), np.result_type(a, b))
    bytes_per_lane = max(1, b.itemsize * int(np.prod(b.shape[:ndim])) * lanes[-1])
    step = max(1, _CACHE_BYTES // bytes_per_lane)
    for start in range(0, lanes[0], step):
        part = (..., slice(start, start + step), slice(None))
        _accumulate(out[part], _batch(a, part), _batch(b, part), bands)
    return out


def square(a: np.ndarray, bands: tuple[Axes, Axes]) -> np.ndarray:
    """Return the spectrum of the square of a signal of band ``bands[0]``, truncated to ``bands[1]``."""
    return product(a, a, (bands[0], bands[0], bands[1]))


def quadratic(x: np.ndarray, coefficients: np.ndarray, bands: tuple[Axes, Axes]) -> np.ndarray:
    """Return the spectrum of ``c[0] + c[1] x + c[2] x^2``, truncated to the second band.

    Parameters
    ----------
    x : numpy.ndarray
        Spectrum ``(*modes, batch, channels)`` of band ``bands[0]``.
    coefficients : numpy.ndarray
        Real, ``(3, batch, channels)``, from ``c[0]`` to ``c[2]``; batch and channels broadcast.
    bands : two tuples of int
        Bands of `x` and of the result.

    Returns
    -------
    numpy.ndarray
        Spectrum ``(*modes, batch, channels)`` of band ``bands[1]``.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.kernels.reference import quadratic
    >>> wave = np.array([0, 1], complex).reshape(2, 1, 1)
    >>> quadratic(wave, np.array([5.0, 3.0, 1.0]).reshape(3, 1, 1), ((1,), (2,))).ravel().real
    array([7., 3., 1.])
    """
    out = square(x, bands) * coefficients[2]
    out += coefficients[1] * resized(x, *bands)
    out[centre(bands[1], not np.iscomplexobj(x))] += coefficients[0]
    return out


def quadratic_adjoint(
    g: np.ndarray, x: np.ndarray, coefficients: np.ndarray, bands: tuple[Axes, Axes]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of `quadratic` with respect to its signal and its coefficients.

    Parameters
    ----------
    g : numpy.ndarray
        Cotangent ``(*modes, batch, channels)`` of band ``bands[1]``, at most ``bands[0]``.
    x, coefficients, bands
        As for `quadratic`.

    Returns
    -------
    tuple of numpy.ndarray
        Gradient by `x`, a spectrum of band ``bands[0]``, and gradient by the coefficients, ``(3, batch, channels)``:
        the mean of g and the inner products of g with x and with x^2.
    """
    shared = product(g, x, (bands[1], bands[0], bands[0]))
    wide = resized(g, bands[1], bands[0])
    ndim = len(bands[0])
    at = centre(bands[0], not np.iscomplexobj(x))
    sums = np.stack([wide[at].real, inner(wide, x, ndim), inner(shared, x, ndim)])
    return coefficients[1] * wide + 2 * coefficients[2] * shared, sums


def channel_product(a: np.ndarray, b: np.ndarray, form: str) -> np.ndarray:
    """Return one matrix product over channels per mode: a convolution or one of its two adjoints.

    Parameters
    ----------
    a, b : numpy.ndarray
        For "forward", a signal ``(*modes, batch, inputs)`` and a response ``(*modes, inputs, outputs)``; for "input", a
        cotangent ``(*modes, batch, outputs)`` and the response; for "response", the signal and the cotangent.
    form : {"forward", "input", "response"}

    Notes
    -----
    Products of Hartley spectra combine the modes k and -k. With R[k] a response and p = (X[k] + X[-k]) / 2,
    q = (X[k] - X[-k]) / 2, convolution is Y[k] = p R[k] + q R[-k] and Y[-k] = p R[-k] - q R[k]. The adjoint in the
    input exchanges R[k] and R[-k].
    """
    if not np.iscomplexobj(a):
        return _pair_product(a, b, form)
    return matrix_product(a, b, form)


def matrix_product(a: np.ndarray, b: np.ndarray, form: str) -> np.ndarray:
    """Return the products of `channel_product` for complex modes or real nodes, each independent of the others."""
    if form == "input":
        return a @ np.swapaxes(b.conj(), -1, -2)
    return np.swapaxes(a.conj(), -1, -2) @ b if form == "response" else a @ b


def _pair_product(a: np.ndarray, b: np.ndarray, form: str) -> np.ndarray:
    modes = a.shape[:-2]
    (x, opposite), (r, mirrored) = (_by_pair(v) for v in (a, b))
    p, q = (x + opposite) / 2, (x - opposite) / 2
    if form == "response":
        p, q = np.swapaxes(p, -1, -2), np.swapaxes(q, -1, -2)
        upper, lower = p @ r - q @ mirrored, q @ r + p @ mirrored
    else:
        if form == "input":
            r, mirrored = np.swapaxes(mirrored, -1, -2), np.swapaxes(r, -1, -2)
        upper, lower = p @ r + q @ mirrored, p @ mirrored - q @ r
    # The last entry of both halves is the mean.
    return np.concatenate([upper, lower[-2::-1]]).reshape(*modes, *upper.shape[1:])


def _by_pair(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the modes up to the mean and their mirror images, each ``(pairs, rows, columns)``."""
    flat = array.reshape(-1, *array.shape[-2:])
    middle = len(flat) // 2
    return flat[: middle + 1], flat[: middle - 1 if middle else None : -1]


def inner(a: np.ndarray, b: np.ndarray, ndim: int) -> np.ndarray:
    """Return Parseval's inner product over the modes, ``(batch, channels)``, of two spectra of equal shape."""
    if not np.iscomplexobj(a):
        return np.einsum("k...,k...->...", *(v.reshape(-1, *v.shape[ndim:]) for v in (a, b)))
    rows = int(np.prod(a.shape[: ndim - 1]))
    x, y = (np.ascontiguousarray(v).view(v.real.dtype).reshape(rows, v.shape[ndim - 1], -1) for v in (a, b))
    # Modes outside the first column count twice, for themselves and for their mirror images.
    total = 2 * np.einsum("ijl,ijl->l", x, y) - np.einsum("il,il->l", x[:, 0], y[:, 0])
    return total.reshape(*a.shape[ndim:], 2).sum(axis=-1)


def combine(
    a: np.ndarray,
    p: np.ndarray,
    b: np.ndarray | None = None,
    q: np.ndarray | None = None,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Return ``p a`` or ``p a + q b`` for half spectra `a`, `b` and real `p`, `q` of shape ``(batch, channels)``.

    The result is written to `out` if it is given; `out` may be `a` or `b`.
    """
    result = a * p if b is None or q is None else a * p + b * q
    if out is None:
        return result
    out[...] = result
    return out


def gather(arrays: Sequence[np.ndarray], vector: np.ndarray) -> float:
    """Copy arrays end to end into a vector, and return the sum of their squares in double precision."""
    np.concatenate([array.ravel() for array in arrays], out=vector)
    # It avoids BLAS, whose threads can cost 100 times as much as the sum.
    with np.errstate(over="ignore"):
        return float(np.square(vector, dtype=np.float64).sum())


def scale(vector: np.ndarray, factor: float) -> None:
    """Multiply an array in place by a number, which can be below the smallest number of the array's precision."""
    wide = np.result_type(vector.dtype, np.float64)
    np.multiply(vector, factor, out=vector, dtype=wide, casting="same_kind")


def bfloat16_bits(values: np.ndarray) -> np.ndarray:
    """Return float32 or complex64 numbers rounded to bfloat16, as bits; parts of complex numbers get a last axis.

    >>> bfloat16_bits(np.array([1.0, 1 / 3], np.float32)).tolist()
    [16256, 16043]
    """
    parts = np.stack([values.real, values.imag], axis=-1) if values.dtype.kind == "c" else values
    bits = np.ascontiguousarray(parts, np.float32).view(np.uint32)
    # To the nearest, ties to even.
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def extremes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest number of each channel ``(..., channels)``; NaN where one is not finite."""
    *_, points, channels = values.shape
    # Long rows first: NumPy reduces a short last axis slowly.
    rows = values.reshape(-1, points * channels)
    low, high = (limit.reshape(points, channels) for limit in (rows.min(axis=0), rows.max(axis=0)))
    low, high = low.min(axis=0), high.max(axis=0)
    if low.dtype.kind == "f":
        is_odd = ~(np.isfinite(low) & np.isfinite(high))
        low[is_odd] = high[is_odd] = np.nan
    return low, high


@np.errstate(over="ignore", invalid="ignore")
def adam(
    work: np.ndarray,
    gradient_sum: np.ndarray,
    square_sum: np.ndarray,
    betas: tuple[float, float],
    shift: float,
    scale: float,
) -> None:
    """Replace the gradient in `work` by ``scale m / (sqrt(v) + shift)``, with ``m = beta m + g``, ``v = beta v + g^2``.

    The sums m and v change in place.
    """
    gradient_sum *= betas[0]
    gradient_sum += work
    square_sum *= betas[1]
    np.square(work, out=work)
    square_sum += work
    np.sqrt(square_sum, out=work)
    work += shift
    np.divide(gradient_sum, work, out=work)
    work *= scale


@np.errstate(over="ignore", invalid="ignore")
def spread(vector: np.ndarray, arrays: Sequence[np.ndarray], factor: float, scaled: np.ndarray) -> None:
    """Add its part of the vector to each array, multiplied by the factor first where `scaled` (bool) says so."""
    ends = np.cumsum([array.size for array in arrays])
    for array, part, is_scaled in zip(arrays, np.split(vector, ends[:-1]), scaled, strict=True):
        if is_scaled and factor != 1:
            array *= array.dtype.type(factor)
        array += part.reshape(array.shape)


def resized(spectrum: np.ndarray, band: Axes, target: Axes) -> np.ndarray:
    """Return a spectrum truncated or zero-padded to another band."""
    common = tuple(map(min, band, target))
    is_hartley = not np.iscomplexobj(spectrum)
    cut = spectrum[slices(band, common, is_hartley)]
    if common == target:
        return cut
    out = np.zeros((*stored(target, is_hartley), *spectrum.shape[len(band) :]), spectrum.dtype)
    out[slices(target, common, is_hartley)] = cut
    return out


def slices(band: Axes, kept: Axes, is_hartley: bool = False) -> tuple[slice, ...]:
    """Return the index of the modes of a smaller band in a half spectrum or a Hartley spectrum."""
    rows = tuple(slice(m - c, m + c + 1) for m, c in zip(band, kept, strict=True))
    return rows if is_hartley else (*rows[:-1], slice(0, kept[-1] + 1))


def centre(band: Axes, is_hartley: bool = False) -> Axes:
    """Return the index of the mean in a half spectrum or a Hartley spectrum."""
    return band if is_hartley else (*band[:-1], 0)


def _batch(array: np.ndarray, part: tuple) -> np.ndarray:
    return array if array.shape[-2] == 1 else array[part]


def _accumulate(out: np.ndarray, a: np.ndarray, b: np.ndarray, bands: tuple[Axes, Axes, Axes]) -> None:
    """Add ``a[j] b[k - j]`` to ``out[k]`` for every mode j of `a`, one shifted block of `b` at a time."""
    band_a, band_b, kept = bands
    scratch = np.empty_like(out)
    for j in ranges(*(range(-m, m + 1) for m in band_a)):
        low = [max(-c, i - m) for i, m, c in zip(j, band_b, kept, strict=True)]
        high = [min(c, i + m) for i, m, c in zip(j, band_b, kept, strict=True)]
        low[-1] = max(0, low[-1])
        if any(first > last for first, last in zip(low, high, strict=True)):
            continue
        target = [slice(first + c, last + c + 1) for first, last, c in zip(low, high, kept, strict=True)]
        target[-1] = slice(low[-1], high[-1] + 1)
        source = tuple(
            slice(first - i + m, last - i + m + 1) for first, last, i, m in zip(low, high, j, band_b, strict=True)
        )
        term = scratch[tuple(target)]
        np.multiply(a[tuple(i + m for i, m in zip(j, band_a, strict=True))], b[source], out=term)
        out[tuple(target)] += term


# -- node domains ----------------------------------------------------------------------------------
def bilinear(forms: Sequence[np.ndarray], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``c[k..] = sum_i sum_j f[k1, i1, j1] f[k2, i2, j2] ... a[i..] b[j..]`` for every lane.

    Parameters
    ----------
    forms : sequence of numpy.ndarray
        One per axis, ``(outputs, inputs of a, inputs of b)``.
    a, b : numpy.ndarray
        ``(*inputs, batch, channels)``; batch and channels broadcast.

    Returns
    -------
    numpy.ndarray
        ``(*outputs, batch, channels)``.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.kernels.reference import bilinear
    >>> convolution = np.zeros((3, 2, 2))
    >>> convolution[0, 0, 0] = convolution[1, 0, 1] = convolution[1, 1, 0] = convolution[2, 1, 1] = 1
    >>> x = np.array([1.0, 2.0]).reshape(2, 1, 1)
    >>> bilinear([convolution], x, x).ravel()
    array([1., 4., 4.])
    """
    ndim = len(forms)
    forms = [form.astype(a.dtype, copy=False) for form in forms]
    lanes = np.broadcast_shapes(a.shape[ndim:], b.shape[ndim:])
    first, second = (_lanes_first(v, ndim, lanes) for v in (a, b))
    out = np.empty((len(first), *(form.shape[0] for form in forms)), a.dtype)
    pairs = prod(a.shape[: ndim - 1]) * prod(b.shape[: ndim - 1]) * forms[-1].shape[0]
    step = max(1, _PAIRS // pairs)
    for start in range(0, len(first), step):
        part = slice(start, start + step)
        out[part] = _contracted(forms, first[part], second[part])
    return np.ascontiguousarray(np.moveaxis(out, 0, -1)).reshape(*out.shape[1:], *lanes)


def _lanes_first(array: np.ndarray, ndim: int, lanes: tuple[int, ...]) -> np.ndarray:
    spread = np.broadcast_to(array, (*array.shape[:ndim], *lanes)).reshape(*array.shape[:ndim], -1)
    return np.ascontiguousarray(np.moveaxis(spread, -1, 0))


def _contracted(forms: Sequence[np.ndarray], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Contract the last axis with `a`, then with `b`, then every other axis with both of its inputs."""
    count, last = len(a), forms[-1]
    outputs, inputs, others = last.shape
    halved = a.reshape(-1, inputs) @ last.transpose(1, 0, 2).reshape(inputs, outputs * others)
    pairs = halved.reshape(count, -1, others) @ np.swapaxes(b.reshape(count, -1, others), 1, 2)
    # (lanes, *inputs of a, outputs, *inputs of b), without the last axis of a and b.
    pairs = pairs.reshape(count, *a.shape[1:-1], outputs, *b.shape[1:-1])
    for axis in range(len(forms) - 2, -1, -1):
        done = len(forms) - 1 - axis
        pairs = np.tensordot(pairs, forms[axis], ((1 + axis, 2 + 2 * axis + done), (1, 2)))
        # Move the new output axis before those of the later axes.
        pairs = np.moveaxis(pairs, -1, 1 + axis)
    return pairs
