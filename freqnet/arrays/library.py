"""Array libraries by the functions of the array API standard, and by a few that the standard lacks.

The standard (https://data-apis.org/array-api) names functions that NumPy, PyTorch, CuPy, JAX and others share;
array-api-compat gives them where a library names them in another way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from math import prod
from typing import Any

import numpy as np

# Coefficients of W. J. Cody, Rational Chebyshev approximations for the error function (1969), for |x| below 15/32 and
# above, the highest power first.
_CENTRE = 0.46875
_CENTRE_ABOVE = (
    1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3
)  # fmt: skip
_CENTRE_BELOW = (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3)
_TAIL_ABOVE = (
    2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0, 6.61191906371416295e1,
    2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3,
)  # fmt: skip
_TAIL_BELOW = (
    1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
    3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3,
)  # fmt: skip
# Beyond this number, the error function is 1 in double precision.
_ONE = 6.0


class Library:
    """An array library: its functions, and how arrays of NumPy become its own.

    Parameters
    ----------
    namespace : module
        The functions of the standard.
    """

    def __init__(self, namespace: Any) -> None:
        self.namespace = namespace

    def function(self, name: str) -> Callable[..., Any]:
        """Return a function of the standard, or one of `BESIDE` that the standard lacks, by its name."""
        return partial(BESIDE[name], self.namespace) if name in BESIDE else getattr(self.namespace, name)

    def dtype(self, name: str) -> Any:
        """Return a dtype of the standard by its name."""
        return getattr(self.namespace, name)

    def kind(self, x: Any) -> str:
        """Return the kind of an array's numbers: ``"real"``, ``"complex"``, or ``"whole"``, also of truth values."""
        kinds = {"real floating": "real", "complex floating": "complex"}
        return next((own for name, own in kinds.items() if self.namespace.isdtype(x.dtype, name)), "whole")

    def hand_over(self, array: np.ndarray, device: Any) -> Any:
        """Return an array of NumPy as one of the library; this is the only place where numbers leave the host."""
        return self.namespace.asarray(array, device=device, copy=True)

    def device(self, x: Any) -> Any:
        """Return where an array is."""
        from array_api_compat import device

        return device(x)

    def computing(self, device: Any) -> AbstractContextManager[Any]:
        """Return the context in which functions compute: numbers that overflow need no warning of the library's."""
        return np.errstate(all="ignore")

    def without_gradients(self) -> AbstractContextManager[Any]:
        """Return a context in which the library records no derivatives, where it does."""
        return nullcontext()


# -- what the standard lacks ---------------------------------------------------------------------------
def _relu(xp: Any, x: Any) -> Any:
    return xp.maximum(x, xp.zeros_like(x))


def _sigmoid(xp: Any, x: Any) -> Any:
    # Unlike 1 / (1 + exp(-x)), this does not overflow.
    return 0.5 * xp.tanh(0.5 * x) + 0.5


def _softplus(xp: Any, x: Any) -> Any:
    return xp.logaddexp(x, xp.zeros_like(x))


def _horner(x: Any, coefficients: Sequence[float]) -> Any:
    made = coefficients[0] * x + coefficients[1]
    for coefficient in coefficients[2:]:
        made = made * x + coefficient
    return made


def _erf(xp: Any, x: Any) -> Any:
    """Return the error function: see the coefficients."""
    size = xp.abs(x)
    near, far = xp.clip(size, None, _CENTRE), xp.clip(size, _CENTRE, _ONE)
    square = near * near
    centre = near * _horner(square, _CENTRE_ABOVE) / _horner(square, _CENTRE_BELOW)
    tail = 1.0 - xp.exp(-far * far) * _horner(far, _TAIL_ABOVE) / _horner(far, _TAIL_BELOW)
    return xp.sign(x) * xp.where(size <= _CENTRE, centre, tail)


def _select(xp: Any, x: Any, axis: int, index: int) -> Any:
    return x[(*(slice(None),) * axis, index, ...)]


def _pad(xp: Any, x: Any, before: Sequence[int], after: Sequence[int]) -> Any:
    from array_api_extra import pad

    return pad(x, list(zip(before, after, strict=True)), xp=xp)


def _complex(xp: Any, real: Any, imaginary: Any) -> Any:
    kind = xp.complex64 if real.dtype == xp.float32 else xp.complex128
    return xp.astype(real, kind) + 1j * xp.astype(imaginary, kind)


def _correlate(xp: Any, x: Any, weights: Any, groups: int) -> Any:
    """Return the correlation of images ``(batch, inputs, *grid)`` with ``(outputs, inputs / groups, *size)``.

    This is the convolution of neural networks without padding: one matrix product over the channels per tap.
    """
    batch, (outputs, inputs), size = x.shape[0], weights.shape[:2], weights.shape[2:]
    grid = tuple(n - k + 1 for n, k in zip(x.shape[2:], size, strict=True))
    total = None
    for tap in np.ndindex(*size):
        window = tuple(slice(start, start + n) for start, n in zip(tap, grid, strict=True))
        part = xp.reshape(x[(slice(None), slice(None), *window)], (batch, groups, inputs, prod(grid)))
        matrix = xp.reshape(weights[(slice(None), slice(None), *tap)], (groups, outputs // groups, inputs))
        term = xp.matmul(matrix, part)
        total = term if total is None else total + term
    return xp.reshape(total, (batch, outputs, *grid))


# ``function(namespace, *arrays)``.
BESIDE: dict[str, Callable[..., Any]] = {
    "relu": _relu, "sigmoid": _sigmoid, "softplus": _softplus, "erf": _erf, "pad": _pad, "complex": _complex,
    "correlate": _correlate, "select": _select,
}  # fmt: skip
