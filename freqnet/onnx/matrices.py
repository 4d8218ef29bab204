"""Linear maps of stored signals as a few small matrices, found by applying the map to test signals.

A map is a function of real arrays ``(*axes, lanes)`` that treats every lane alike. Domains give their verbs as such
functions, not as matrices, so the same code serves all of them, also those of users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from freqnet.spaces import Axes, Space

Array = np.ndarray
Map = Callable[[Array], Array]
# Numbers in the test signals of one call.
_AT_ONCE = 1 << 22
# Test signals per axis, one more than the largest rank that is worth while.
_TESTS = 4
_CLOSE = 1e-9


# -- real arrays of signals ----------------------------------------------------------------------------
def real_axes(space: Space) -> Axes:
    """Return the leading axes of a signal as real numbers; imaginary parts follow the real parts along the first.

    >>> from freqnet.spaces import Fourier, Hartley
    >>> real_axes(Fourier.on((5, 5))), real_axes(Hartley.on((5, 5)))
    ((10, 3), (5, 5))
    """
    first, *others = space.shape
    return (2 * first if space.is_complex else first, *others)


def to_real(array: Array) -> Array:
    """Return a stored array ``(*modes, ...)`` as real numbers."""
    return np.concatenate([array.real, array.imag]) if np.iscomplexobj(array) else array


def from_real(array: Array, space: Space) -> Array:
    """Return the stored array of real numbers: the inverse of `to_real`."""
    if not space.is_complex:
        return array
    half = len(array) // 2
    return array[:half] + 1j * array[half:]


# -- forms of a map ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Selection:
    """Output row i is ``scale[i]`` times input row ``index[i]``."""

    index: Array
    scale: Array


@dataclass(frozen=True)
class Product:
    """A sum of ``rank`` products of a matrix on the first axis and a matrix on the others.

    Attributes
    ----------
    first : ndarray
        ``(rows, columns, rank)``.
    others : ndarray
        ``(rank, rows, columns)``.
    """

    first: Array
    others: Array

    @property
    def costs(self) -> tuple[int, int]:
        """Multiply-adds per lane with the first axis first, and with the other axes first."""
        (rows, columns, rank), (_, out, into) = self.first.shape, self.others.shape
        return rank * rows * columns * into + rows * out * rank * into, columns * rank * out * (into + rows)


@dataclass(frozen=True)
class Dense:
    """One matrix ``(rows, columns)``."""

    matrix: Array


Form = Selection | Product | Dense


def form_of(apply: Map, source: Axes, target: Axes) -> Form:
    """Return the cheapest form of a linear map from ``(*source, lanes)`` to ``(*target, lanes)``.

    Examples
    --------
    >>> import numpy as np
    >>> form_of(lambda x: 2 * x[::-1], (3,), (3,))
    Selection(index=array([2, 1, 0]), scale=array([2., 2., 2.]))
    >>> a, b = np.random.default_rng(0).normal(size=(2, 9, 9))
    >>> product = form_of(lambda x: np.einsum("ij,kl,jlb->ikb", a, b, x), (9, 9), (9, 9))
    >>> product.first.shape, product.others.shape
    ((9, 9, 1), (1, 9, 9))
    """
    found = _selection(apply, source, target)
    if found is not None:
        return found
    product = _product(apply, source, target) if len(source) == len(target) > 1 else None
    if product is not None and min(product.costs) < prod(source) * prod(target):
        return product
    return Dense(matrix_of(apply, source))


def apply_form(form: Form, array: Array) -> Array:
    """Apply a form to an array ``(rows, lanes)``."""
    if isinstance(form, Selection):
        return form.scale[:, None] * array[form.index]
    if isinstance(form, Dense):
        return form.matrix @ array
    apart = array.reshape(form.first.shape[1], form.others.shape[2], -1)
    return _flat(
        np.einsum("rct,toi,cib->rob", form.first, form.others, apart, optimize=True).reshape(-1, array.shape[1])
    )


def matrix_of(apply: Map, source: Axes) -> Array:
    """Return the matrix ``(rows, columns)`` of a linear map."""
    count = prod(source)
    made = [_flat(apply(unit.reshape(*source, -1))) for unit in _units(count, count)]
    return np.concatenate(made, axis=1)


def _flat(array: Array) -> Array:
    return array.reshape(-1, array.shape[-1])


def _units(count: int, size: int) -> Iterator[Array]:
    """Yield the columns of a unit matrix in parts, for signals of `size` numbers."""
    step = max(1, _AT_ONCE // max(1, size))
    for first in range(0, count, step):
        yield np.eye(count, min(step, count - first), -first)


def _selection(apply: Map, source: Axes, target: Axes) -> Selection | None:
    count = prod(source)
    noise = np.random.default_rng(0).standard_normal(count)
    tests = np.stack([np.ones(count), np.arange(count, dtype=float), noise], axis=1)
    scale, place, values = _flat(apply(tests.reshape(*source, 3))).T
    is_zero = np.abs(scale) <= _CLOSE * np.max(np.abs(scale), initial=0)
    scale = np.where(is_zero, 0.0, scale)
    index = np.round(place / np.where(is_zero, 1.0, scale)) * ~is_zero
    if not np.all((index >= 0) & (index < count)):
        return None
    index = index.astype(np.int64)
    is_right = _are_close(scale * noise[index], values) and _are_close(scale * index, place)
    return Selection(index, scale) if is_right else None


def _product(apply: Map, source: Axes, target: Axes) -> Product | None:
    """Return the map as a sum of few products, from its results for signals that vary along one part of the axes.

    Of the matrix with the rows (row, column of the first axis) and the columns (row, column of the others), these
    results are random combinations of columns and of rows; where the rank is small, they determine it.
    """
    columns, rows = source[0], target[0]
    into, out = prod(source[1:]), prod(target[1:])
    generator = np.random.default_rng(0)
    along_others, along_first = generator.standard_normal((into, 1)), generator.standard_normal((columns, 1, 1))
    from_first, from_others = (generator.standard_normal((n, _TESTS)) for n in (rows, out))

    def run(signals: Array) -> Array:
        return apply(signals.reshape(*source, -1)).reshape(rows, out, -1)

    made = (run(unit[:, None] * along_others) for unit in _units(columns, columns * into))
    first = np.concatenate([np.einsum("roc,ot->rct", part, from_others) for part in made], axis=1)
    made = (run(along_first * unit) for unit in _units(into, columns * into))
    others = np.concatenate([np.einsum("roi,rt->toi", part, from_first) for part in made], axis=2)
    core = np.einsum("rs,c,rct->st", from_first, along_first.ravel(), first)
    left, values, right = np.linalg.svd(core)
    rank = int(np.sum(values > _CLOSE * values[0]))
    if not 0 < rank < _TESTS:
        return None
    found = Product(first @ (right[:rank].T / values[:rank]), np.einsum("st,soi->toi", left[:, :rank], others))
    trial = generator.standard_normal((columns, into, 1))
    wanted, got = run(trial).reshape(-1, 1), apply_form(found, trial.reshape(-1, 1))
    return found if _are_close(got, wanted) else None


def _are_close(found: Array, wanted: Array) -> bool:
    return bool(np.max(np.abs(found - wanted), initial=0) <= _CLOSE * np.max(np.abs(wanted), initial=0))
