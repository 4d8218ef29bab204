"""Features of spectra: orthonormal real coordinates, linear functionals, and the power of each mode."""

from __future__ import annotations

import numpy as np

from freqnet.autodiff import Op, Tensor, linear, register, trilinear
from freqnet.errors import ShapeError, got_expected
from freqnet.ops.arithmetic import per_element, plain, reshape, same_space, signal_space, sum_like, transpose
from freqnet.spaces.base import Space

coordinates_op: Op = linear(
    "coordinates",
    lambda x: Tensor(x.space.coordinates(x.data)),
    adjoint=lambda g, x: from_coordinates(g, space=x.space.cotangent),
    source="X[0], and sqrt(2) Re X[k], sqrt(2) Im X[k] for one of each pair (k, -k)",
    cost=per_element,
)

from_coordinates: Op = linear(
    "from_coordinates",
    lambda values, space: Tensor(space.from_coordinates(values.data), space),
    adjoint=lambda g, values, space: coordinates_op(g),
    source="inverse of coordinates; for gradients, its adjoint",
    cost=per_element,
)

mode_inner: Op = register(
    Op(
        "mode_inner",
        forward=lambda a, b: Tensor(same_space(a, b, "mode_inner").mode_inner(a.data, b.data)),
        vjps=(
            lambda g, out, a, b: sum_like(mode_scale(b, g), a),
            lambda g, out, a, b: sum_like(mode_scale(a, g), b),
        ),
        cost=lambda out, a, b: per_element(a),
        source="w[k] Re(conj(A[k]) B[k]), one of each pair (k, -k)",
    )
)

mode_scale: Op = register(
    Op(
        "mode_scale",
        forward=lambda x, factors: Tensor(x.space.mode_scale(x.data, factors.data), x.space.unbounded),
        vjps=(
            lambda g, out, x, factors: sum_like(mode_scale(g, factors), x),
            lambda g, out, x, factors: sum_like(mode_inner(g, x), factors),
        ),
        cost=per_element,
        source="one real factor for each pair (k, -k)",
    )
)

gather: Op = linear(
    "gather",
    lambda values, index: Tensor(_gathered(plain(values, "gather").data, index)),
    adjoint=lambda g, values, index: scatter(g, index=index, rows=values.shape[0]),
    source="row index[i] of the values, or zeros where the index is -1",
)

scatter: Op = linear(
    "scatter",
    lambda values, index, rows: Tensor(_scattered(plain(values, "scatter").data, index, rows)),
    adjoint=lambda g, values, index, rows: gather(g, index=index),
    source="adjoint of gather",
)


def _gathered(values: np.ndarray, index: tuple[int, ...]) -> np.ndarray:
    out = values[np.array(index, int)]
    out[np.array(index) < 0] = 0
    return out


def _scattered(values: np.ndarray, index: tuple[int, ...], rows: int) -> np.ndarray:
    out = np.zeros((rows, *values.shape[1:]), values.dtype)
    kept = np.flatnonzero(np.array(index) >= 0)
    np.add.at(out, np.array(index, int)[kept], values[kept])
    return out


def _functional(x: Tensor, v: Tensor) -> Tensor:
    if x.space != v.space.cotangent:
        same_space(x, v, "functional")
    weighted = v.data * x.space.weights
    parts = _real_rows(x.data) @ _real_columns(weighted)
    return Tensor(parts.reshape(-1, *parts.shape[-2:]).sum(axis=0))


def _functional_input(g: Tensor, v: Tensor) -> Tensor:
    columns = _real_columns(v.data)
    return Tensor((g.data @ np.swapaxes(columns, -1, -2)).view(v.dtype), v.space)


def _functional_signal(x: Tensor, g: Tensor) -> Tensor:
    columns = np.swapaxes(_real_rows(x.data), -1, -2) @ g.data
    if not np.iscomplexobj(x.data):
        return Tensor(columns, x.space)
    out = np.empty((*x.shape[:-2], x.shape[-1], g.shape[-1]), x.dtype)
    out.real, out.imag = columns[..., 0::2, :], columns[..., 1::2, :]
    return Tensor(out, x.space)


def _real_rows(array: np.ndarray) -> np.ndarray:
    """Return ``(*modes, batch, channels)`` as real numbers, with real and imaginary parts interleaved in each row."""
    return np.ascontiguousarray(array).view(array.real.dtype)


def _real_columns(array: np.ndarray) -> np.ndarray:
    """Return ``(*modes, channels, outputs)`` as real numbers, with real and imaginary parts in alternate rows."""
    if not np.iscomplexobj(array):
        return array
    *modes, channels, outputs = array.shape
    return np.stack([array.real, array.imag], axis=-2).reshape(*modes, 2 * channels, outputs)


def _functional_cost(out: Tensor, a: Tensor, b: Tensor) -> int:
    signal, matrix = (out, a) if out.space is not None and a.space is None else (a, b)
    outputs = out.shape[-1] if out.space is None else matrix.shape[-1]
    return per_element(signal) * outputs


functional, functional_input, functional_signal = trilinear(
    ("functional", "functional_input", "functional_signal"),
    (_functional, _functional_input, _functional_signal),
    (
        "y[b, o] = sum_c <x[b, c], v[c, o]> (Parseval): any linear functional is an inner product (Riesz)",
        "sum_o g[b, o] v[c, o], the adjoint of functional in its first argument",
        "sum_b x[b, c] g[b, o], the adjoint of functional in its second argument",
    ),
    cost=_functional_cost,
)


def linear_map(x: Tensor, weight: Tensor) -> Tensor:
    """Return ``coordinates(x) @ weight`` without computing the coordinates of the signal.

    Each column of `weight` holds the coordinates of a signal; the results are inner products with these signals.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    weight : Tensor
        Plain ``(coordinates * channels, outputs)``.

    Returns
    -------
    Tensor
        Plain ``(batch, outputs)``.

    Raises
    ------
    SpaceError
        `x` is not a signal, or `weight` is not plain.
    ShapeError
        `weight` does not fit the coordinates and channels of `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.autodiff import Tensor
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, coordinates, linear_map
    >>> x = analysis(np.arange(10.0).reshape(1, 5, 2), Fourier.on(5))
    >>> weight = Tensor(np.arange(10.0).reshape(10, 1))
    >>> bool(np.allclose(linear_map(x, weight).data, coordinates(x).data @ weight.data))
    True
    """
    return functional(x, signals_of(weight, signal_space(x, "linear_map"), x.shape[-1]))


def signals_of(weight: Tensor, space: Space, channels: int) -> Tensor:
    """Return the columns of `weight` as signals ``(*modes, channels, outputs)``, stored as gradients."""
    count = space.coordinate_count
    if plain(weight, "weight").ndim != 2 or weight.shape[0] != count * channels:
        expected = f"({count} coordinates * {channels} channels, outputs)"
        raise ShapeError(got_expected("weight", weight.shape, expected, "give weight this shape"))
    values = reshape(weight, shape=(count, channels, weight.shape[1]))
    return from_coordinates(values, space=space.cotangent)


def coordinates(x: Tensor) -> Tensor:
    """Return the orthonormal real coordinates of every example, ``(batch, coordinates * channels)``.

    Every linear functional of the signal is a linear functional of its coordinates, and distances are preserved.

    Raises
    ------
    SpaceError
        `x` is not a signal.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, coordinates
    >>> coordinates(analysis(np.ones((2, 5, 5, 3)), Fourier.on((5, 5)))).shape
    (2, 75)
    """
    signal_space(x, "coordinates")
    return _features(coordinates_op(x))


def power_spectrum(x: Tensor) -> Tensor:
    """Return the power of each pair of modes (k, -k), ``(batch, pairs * channels)``, which shifts do not change.

    Raises
    ------
    SpaceError
        `x` is not a signal, or its domain does not store modes.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, power_spectrum
    >>> x = analysis(np.cos(2 * np.pi * np.arange(5) / 5).reshape(1, 5, 1), Fourier.on(5))
    >>> power_spectrum(x).data.round(6)
    array([[0. , 0.5, 0. ]])
    """
    signal_space(x, "power_spectrum")
    return _features(mode_inner(x, x))


def _features(values: Tensor) -> Tensor:
    """Return ``(coordinates, batch, channels)`` as one row per example."""
    count, batch, channels = values.shape
    return reshape(transpose(values, axes=(1, 0, 2)), shape=(batch, count * channels))
