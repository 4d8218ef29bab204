"""Gradient checks against finite differences, of first and second order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from freqnet.autodiff.registry import FUNCTIONS
from freqnet.autodiff.tape import gradient
from freqnet.autodiff.tensor import Tensor
from freqnet.checks import is_finite, is_whole
from freqnet.errors import ConfigurationError, GradientError, got_expected

# Central differences of fourth order have a relative error of about eps**(4/5). The rest is margin for functions whose
# values are much larger than their derivatives.
TOLERANCE = {np.dtype(np.float64): 1e-7, np.dtype(np.float32): 2e-2}
_STEP = {np.dtype(np.float64): 1e-3, np.dtype(np.float32): 5e-2}


class GradientReport(NamedTuple):
    """Errors measured by a gradient check.

    Attributes
    ----------
    errors : tuple of float
        Largest relative error of a directional derivative; one per order checked.
    outside : float
        Relative distance of the gradients from their space; above 0 for a spectrum that is not Hermitian, for example.
    tolerance : float
        The largest error allowed.
    """

    errors: tuple[float, ...]
    outside: float
    tolerance: float


def check_gradients(
    function: Callable[..., Tensor],
    inputs: Sequence[Tensor],
    *,
    order: int = 2,
    directions: int = 3,
    seed: int = 0,
    tolerance: float | None = None,
) -> GradientReport:
    """Compare the gradients of a function with finite differences along random directions.

    Each direction moves all inputs, and further ones move each input alone: a gradient that is small beside the others
    is compared with itself, down to a thousandth of the largest.

    Parameters
    ----------
    function : callable
        ``function(*inputs) -> Tensor``. Its output, of any shape and space, is paired with a random cotangent.
    inputs : sequence of Tensor
        The point at which to check. Gradients with respect to every input are compared.
    order : {1, 2}
        2 also checks second derivatives.
    directions : int
        Number of random directions in which all inputs move, 1 or more.
    seed : int
        Seed of the generator that draws directions and cotangents.
    tolerance : float, optional
        Largest relative error allowed; by default 1e-7 in float64 and 2e-2 in float32.

    Returns
    -------
    GradientReport

    Raises
    ------
    ConfigurationError
        There are no inputs, or `order`, `directions` or `tolerance` is out of its range.
    GradientError
        A directional derivative disagrees with the differences, a gradient is not in its space, or one of them is not
        finite.

    Examples
    --------
    >>> import freqnet.ops
    >>> from freqnet.autodiff import Tensor, check_gradients
    >>> report = check_gradients(lambda x: x * x, [Tensor([1.0, -2.0])])
    >>> max(report.errors) < 1e-7
    True
    """
    _check_arguments(inputs, order, directions, tolerance)
    generator = np.random.default_rng(seed)
    precision = min((x.data.real.dtype for x in inputs), key=lambda dtype: dtype.itemsize)
    limit = TOLERANCE[precision] if tolerance is None else tolerance
    scalar = _paired(function, inputs, generator)
    errors, outside = [], 0.0
    for level in range(1, order + 1):
        gradients = _gradients(scalar, inputs)
        found = [
            _directional_error(scalar, inputs, gradients, direction, _STEP[precision])
            for direction in _directions(inputs, directions, generator)
        ]
        # NumPy's maximum keeps NaN, which Python's drops.
        worst, leak = float(np.max(found)), float(np.max([_outside(g) for g in gradients]))
        errors.append(worst)
        outside = max(outside, leak)
        if not (worst <= limit and leak <= limit):
            raise GradientError(
                got_expected(
                    f"gradient check of order {level}",
                    f"relative error {worst:.2e}, {leak:.2e} outside the space",
                    f"at most {limit:.0e}",
                    "correct the vjp of the op",
                )
            )
        scalar = _derivative(scalar, [_draw(x, generator) for x in inputs])
    return GradientReport(tuple(errors), outside, limit)


def _check_arguments(inputs: Sequence[Tensor], order: int, directions: int, tolerance: float | None) -> None:
    """Raise `ConfigurationError` for arguments with which nothing would be compared."""
    if not inputs:
        raise ConfigurationError(got_expected("inputs", "none", "at least one tensor", "pass inputs=[x]"))
    if not is_whole(order) or order not in (1, 2):
        raise ConfigurationError(got_expected("order", repr(order), "1 or 2", "pass order=2"))
    if not is_whole(directions) or directions < 1:
        raise ConfigurationError(got_expected("directions", repr(directions), "1 or more", "pass directions=3"))
    if tolerance is not None and not (is_finite(tolerance) and tolerance > 0):
        raise ConfigurationError(got_expected("tolerance", repr(tolerance), "a number above 0", "pass tolerance=1e-7"))


def _directions(inputs: Sequence[Tensor], count: int, generator: np.random.Generator) -> list[list[np.ndarray]]:
    """Draw directions that move all inputs, then, where there are several, one for each input that moves it alone."""
    every = [[_draw(x, generator) for x in inputs] for _ in range(count)]
    if len(inputs) == 1:
        return every
    # The same numbers as before for the first ones, so that seeds of earlier checks keep their meaning.
    alone = [_draw(x, np.random.default_rng([count, i])) for i, x in enumerate(inputs)]
    return every + [[v if j == i else 0 * v for j, v in enumerate(alone)] for i in range(len(inputs))]


# Called with the inputs, and with whether the value is to be differentiated, not only compared.
Scalar = Callable[[Sequence[Tensor], bool], Tensor]


def _paired(function: Callable[..., Tensor], inputs: Sequence[Tensor], generator: np.random.Generator) -> Scalar:
    """Return <output, cotangent> as a function of the inputs, for a fixed random cotangent."""
    cotangent = _draw(function(*inputs), generator)
    return lambda tensors, again: _inner(function(*tensors), cotangent)


def _derivative(scalar: Scalar, direction: list[np.ndarray]) -> Scalar:
    """Return the derivative of `scalar` along `direction`, as a scalar function."""

    def along(tensors: Sequence[Tensor], again: bool) -> Tensor:
        out = scalar(tensors, True)
        if not out.requires_grad:
            return Tensor(np.zeros(()))
        gradients = gradient(out, list(tensors), create_graph=again)
        terms = [_inner(g, v) for g, v in zip(gradients, direction, strict=True)]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    return along


def _gradients(scalar: Scalar, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradients with respect to all inputs, which serve every direction."""
    tensors = [Tensor(x.data, x.space, requires_grad=True) for x in inputs]
    out = scalar(tensors, True)
    gradients = gradient(out, tensors) if out.requires_grad else [Tensor(x.data * 0, x.cotangent) for x in tensors]
    for g, x in zip(gradients, tensors, strict=True):
        if (g.shape, g.space) != (x.shape, x.cotangent):
            raise GradientError(got_expected("gradient", repr(g), repr(x), "correct the vjp of the op"))
    return gradients


def _directional_error(
    scalar: Scalar, inputs: Sequence[Tensor], gradients: list[Tensor], direction: list[np.ndarray], step: float
) -> float:
    """Return the relative error of the derivative along a direction, beside differences of fourth order."""
    exact = sum(g.inner_product.vdot(g.data, v) for g, v in zip(gradients, direction, strict=True))
    # The values need no tape of their own reverse pass, which would take most of the time.
    moved = {m: scalar(_move(inputs, direction, m * step), False) for m in (-2, -1, 1, 2)}
    values = {m: float(value.data) for m, value in moved.items()}
    differences = (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / (12 * step)
    # Where the derivative is near 0, the error is relative to the size of the gradient of what moves, and at least to a
    # thousandth of that of all.
    sizes = [np.sqrt(g.inner_product.vdot(g.data, g.data)) for g in gradients]
    moving = [size for size, v in zip(sizes, direction, strict=True) if np.any(v)]
    scale = np.max([abs(exact), abs(differences), *moving, 1e-3 * np.max(sizes), 1e-8])
    # The differences have the rounding errors of the values, which says nothing about the gradient.
    rounding = 4 * np.finfo(moved[1].dtype).eps * max(map(abs, values.values())) / step
    return float(np.maximum(abs(exact - differences) - rounding, 0) / scale)


def _outside(g: Tensor) -> float:
    size = float(np.max(np.abs(g.data), initial=0.0))
    if size == 0.0:
        return 0.0
    return float(np.max(np.abs(g.inner_product.project(g.data) - g.data))) / size


def _inner(a: Tensor, v: np.ndarray) -> Tensor:
    return FUNCTIONS["inner_product"](a, Tensor(v, a.cotangent))


def _draw(x: Tensor, generator: np.random.Generator) -> np.ndarray:
    return x.inner_product.random(x.data, generator)


def _move(inputs: Sequence[Tensor], direction: list[np.ndarray], step: float) -> list[Tensor]:
    moved = (x.data + x.data.real.dtype.type(step) * v for x, v in zip(inputs, direction, strict=True))
    return [Tensor(np.asarray(data), x.space, requires_grad=True) for data, x in zip(moved, inputs, strict=True)]
