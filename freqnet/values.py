"""Sample values as floats: the reading of dtypes, and the range of values on which a model was trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet import kernels
from freqnet.errors import DataError, got_expected, reason
from freqnet.on_disk import DiskArray, in_blocks

# float32 holds all whole numbers up to here.
_LARGEST_EXACT = 2**24
# float64 values are kept as such where the spread of a channel is below this share of its largest value: float32 would
# then keep fewer than four of its seven digits.
_FINE = 1e-3
# Samples that are counted at a time: counting makes 8 bytes of each byte.
_SLICE = 256


def as_numbers(values: Any, what: str = "samples") -> np.ndarray:
    """Return values as an array of real numbers, in their own dtype and the machine's byte order.

    Parameters
    ----------
    values : array_like
        Real numbers; booleans count as 0 and 1.
    what : str
        Name of the values, for the message.

    Returns
    -------
    ndarray
        Array of bool, whole numbers or floats.

    Raises
    ------
    DataError
        The values are not real numbers, are masked, sparse, or lists of different lengths.

    Examples
    --------
    >>> as_numbers([[1, 2], [3, 4]]).dtype.kind
    'i'
    >>> as_numbers([1j])
    Traceback (most recent call last):
        ...
    freqnet.errors.DataError: samples: got numbers of complex128, expected real numbers; pass their real part, or \
real and imaginary parts as two channels
    """
    if np.ma.isMaskedArray(values) and np.ma.is_masked(values):
        todo = "fill them, as with values.filled(0)"
        raise DataError(got_expected(what, "an array with masked values", "a value everywhere", todo))
    if hasattr(values, "toarray"):
        got, todo = f"a sparse {type(values).__name__}", "pass values.toarray()"
        raise DataError(got_expected(what, got, "a dense array", todo))
    try:
        array = np.asarray(values)
    # Objects of other libraries raise errors of their own.
    except Exception as error:
        got = f"a {type(values).__name__} that NumPy cannot read ({reason(error)})"
        raise DataError(got_expected(what, got, "an array of numbers", "pass a NumPy array")) from None
    if array.dtype.kind == "c":
        todo = "pass their real part, or real and imaginary parts as two channels"
        raise DataError(got_expected(what, f"numbers of {array.dtype}", "real numbers", todo))
    if array.dtype.kind not in "biuf":
        got = f"values of dtype {array.dtype}"
        raise DataError(got_expected(what, got, "real numbers", "convert them, as with values.astype(float)"))
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def as_floats(values: Any, full_scale: float | None = None, what: str = "samples") -> np.ndarray:
    """Return values as floats, with whole numbers divided by the number that stands for 1.

    Parameters
    ----------
    values : array_like
        Real numbers.
    full_scale : float, optional
        Divisor of whole numbers; floats and booleans are not divided. By default it is 255 for numbers of dtype uint8,
        which are usually grey levels, and 1 for all others.
    what : str
        Name of the values, for the message.

    Returns
    -------
    ndarray of float32 or float64
        float64 where the values are float64, or whole numbers that float32 cannot hold.

    Raises
    ------
    DataError
        The values are not real numbers.

    Examples
    --------
    >>> as_floats(np.array([0, 255], dtype=np.uint8))
    array([0., 1.], dtype=float32)
    >>> as_floats(np.array([0, 255]))
    array([  0., 255.], dtype=float32)
    >>> as_floats(np.array([0, 255]), full_scale=255)
    array([0., 1.], dtype=float32)
    """
    if type(values) is np.ndarray and values.dtype in (np.float32, np.float64):
        # The usual case, without the checks that it cannot fail.
        return values
    array = as_numbers(values, what)
    floats = float_type(array)
    own = full_scale_of(array)
    if own is None:
        return array.astype(floats, copy=False)
    divisor = own if full_scale is None else full_scale
    return array.astype(floats) if divisor == 1 else np.divide(array, divisor, dtype=floats)


def float_type(array: np.ndarray) -> type:
    """Return the type of floats that hold the numbers of an array: float32, or float64 where it would lose digits.

    Examples
    --------
    >>> float_type(np.array([2**24 + 1])), float_type(np.zeros(2, dtype=np.float16))
    (<class 'numpy.float64'>, <class 'numpy.float32'>)
    """
    if array.dtype.kind == "b":
        return np.float32
    if array.dtype.kind == "f":
        return np.float64 if array.dtype.itemsize > 4 else np.float32
    is_large = array.dtype.itemsize > 2 and array.size and max(-int(array.min()), int(array.max())) > _LARGEST_EXACT
    return np.float64 if is_large else np.float32


def full_scale_of(values: np.ndarray) -> float | None:
    """Return the whole number that stands for 1 in what `as_floats` makes of an array; None where there is none.

    Examples
    --------
    >>> full_scale_of(np.zeros(2, dtype=np.uint8)), full_scale_of(np.zeros(2, dtype=int)), full_scale_of(np.zeros(2))
    (255.0, 1.0, None)
    """
    if values.dtype.kind not in "iu":
        return None
    return 255.0 if values.dtype == np.uint8 else 1.0


def compact(samples: np.ndarray) -> np.ndarray:
    """Return samples ``(samples, *grid, channels)`` as float32, unless float32 would lose what varies in a channel.

    Examples
    --------
    >>> compact(np.array([0.0, 0.5]).reshape(1, 2, 1)).dtype, compact(np.array([1e6, 1e6 + 1]).reshape(1, 2, 1)).dtype
    (dtype('float32'), dtype('float64'))
    """
    if samples.dtype == np.float32 or samples.size == 0:
        return samples.astype(np.float32, copy=False)
    return samples if needs_double(*value_range(samples)) else _to_single(samples)


def _to_single(samples: np.ndarray) -> np.ndarray:
    # Values beyond float32 become infinite; they are refused elsewhere.
    with np.errstate(over="ignore"):
        return samples.astype(np.float32)


def needs_double(low: np.ndarray, high: np.ndarray) -> bool:
    """Return whether float32 would lose what varies between the lowest and the highest values of some channel.

    Examples
    --------
    >>> needs_double(np.array([0.0]), np.array([1.0])), needs_double(np.array([1e6]), np.array([1e6 + 1]))
    (False, True)
    """
    with np.errstate(over="ignore", invalid="ignore"):
        largest = np.maximum(np.abs(low), np.abs(high))
        # A channel that does not vary has nothing to lose.
        return bool(np.any((high > low) & (high - low < _FINE * largest)))


def value_range(samples: np.ndarray | DiskArray, full_scale: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest value of each channel of samples ``(samples, *grid, channels)``, as floats.

    Both are NaN in a channel with a value that is not finite. Whole numbers are divided as by `as_floats`.
    """
    if isinstance(samples, DiskArray):
        low, high = kernels.extremes(np.stack(sample_ranges(samples)))
    else:
        low, high = kernels.extremes(samples)
    return as_floats(low, full_scale), as_floats(high, full_scale)


def sample_ranges(samples: np.ndarray | DiskArray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest value of each sample and channel, both ``(samples, channels)``."""
    if isinstance(samples, DiskArray):
        low, high, _ = samples.figures(_figures)
        return low, high
    low = high = samples if samples.shape[-1] > 1 else samples.reshape(len(samples), -1)
    # One axis at a time: NumPy reduces all but a short last axis slowly.
    while low.ndim > 2:
        low, high = low.min(axis=1), high.max(axis=1)
    return (low, high) if samples.shape[-1] > 1 else (low.min(axis=1, keepdims=True), high.max(axis=1, keepdims=True))


def sample_keys(samples: np.ndarray | DiskArray) -> np.ndarray:
    """Return a number for each sample ``(samples,)``; samples with equal values have equal ones."""
    if isinstance(samples, DiskArray):
        return samples.figures(_figures)[2]
    return np.fromiter((hash(sample.tobytes()) for sample in samples), np.int64, len(samples))


def _figures(samples: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return what is wanted of each sample in files, which are read once for it."""
    return *sample_ranges(samples), sample_keys(samples)


def mean_and_scale(
    samples: np.ndarray | DiskArray, full_scale: float | None = None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and the standard deviation of each channel, with 1 for a channel that does not vary.

    A deviation as small as the rounding errors of the values counts as none: dividing by it would turn rounding errors
    into the signal.

    Parameters
    ----------
    samples : ndarray of float, or of uint8
        ``(samples, *grid, channels)``.
    full_scale : float, optional
        The whole number that stands for 1, as in `as_floats`.

    Examples
    --------
    >>> mean_and_scale(np.full((2, 3, 1), 0.1)), mean_and_scale(np.array([0, 255, 255, 0], np.uint8).reshape(2, 2, 1))
    (((0.1,), (1.0,)), ((0.5,), (0.5,)))
    """
    if samples.dtype == np.uint8:
        mean, deviation = _moments_of_bytes(samples, full_scale)
    elif isinstance(samples, DiskArray):
        mean, deviation = _moments_in_blocks(samples)
    else:
        axes = tuple(range(samples.ndim - 1))
        mean, deviation = (moment(axis=axes, dtype=np.float64) for moment in (samples.mean, samples.std))
    limits = value_range(samples, full_scale)
    low, high = (limit.astype(np.float64) for limit in limits)
    rounding = 8 * np.finfo(limits[0].dtype).eps * np.maximum(np.abs(low), np.abs(high))
    is_constant = (low == high) | (deviation <= rounding)
    # The mean of equal numbers can differ from them by a rounding error.
    mean = np.where(low == high, low, mean)
    return tuple(mean.tolist()), tuple(np.where(is_constant, 1.0, deviation).tolist())


def _moments_in_blocks(samples: DiskArray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the deviation of each channel, from those of blocks.

    Sums of squared distances from the own means of two sets add up, with the squared distance of these means (Chan,
    Golub and LeVeque 1983, equation 2.1).
    """
    count, mean, squares = 0, np.zeros(samples.shape[-1]), np.zeros(samples.shape[-1])
    for block in samples.blocks():
        numbers = block.reshape(-1, block.shape[-1])
        own, more = numbers.mean(axis=0, dtype=np.float64), len(numbers)
        distance, whole = own - mean, count + more
        squares += more * numbers.var(axis=0, dtype=np.float64) + distance**2 * count * more / whole
        mean, count = mean + distance * more / whole, whole
    return mean, np.sqrt(squares / count)


def _moments_of_bytes(samples: np.ndarray | DiskArray, full_scale: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the deviation of each channel, from the number of times that each of 256 levels occurs."""
    channels = samples.shape[-1]
    counts = np.zeros((channels, 256))
    for block in in_blocks(samples):
        for start in range(0, len(block), _SLICE):
            pixels = block[start : start + _SLICE].reshape(-1, channels)
            for channel in range(channels):
                counts[channel] += np.bincount(pixels[:, channel], minlength=256)
    levels = as_floats(np.arange(256, dtype=np.uint8), full_scale).astype(np.float64)
    shares = counts / counts.sum(axis=1, keepdims=True)
    mean = shares @ levels
    return mean, np.sqrt((shares * (levels - mean[:, np.newaxis]) ** 2).sum(axis=1))


def describe_not_finite(values: np.ndarray) -> str:
    """Return how many values are not finite, and where the first of them is.

    >>> describe_not_finite(np.array([[1.0, np.nan], [np.inf, 2.0]]))
    '2 values that are NaN or infinite, the first at index (0, 1)'
    """
    broken = ~np.isfinite(values)
    first = tuple(int(i) for i in np.unravel_index(int(np.argmax(broken)), broken.shape))
    return f"{int(broken.sum())} values that are NaN or infinite, the first at index {first}"
