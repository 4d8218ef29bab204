"""The tensor: an array with its space and the record of the op that made it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.autodiff.registry import FUNCTIONS, OPS
from freqnet.autodiff.space import EUCLIDEAN
from freqnet.display import Displayed
from freqnet.errors import ShapeError, SpaceError, got_expected, reason

if TYPE_CHECKING:
    from freqnet.autodiff.tape import Record


class Tensor(Displayed):
    """An array, its space and, while ops are recorded, the op that made it.

    Parameters
    ----------
    data : numpy.ndarray
        Plain numbers have any shape; a spectrum has the axes ``(*modes, batch, channels)``, a frequency response
        ``(*modes, inputs, outputs)``, samples on a grid ``(*grid, batch, channels)``.
    space : freqnet.spaces.Space, optional
        The space of the array; None for plain real numbers.
    requires_grad : bool
        Whether `backward` computes a gradient for this tensor.

    Raises
    ------
    SpaceError
        The array holds no real numbers, and no space is given.
    ShapeError
        The array is not an element of the space: other leading axes, or real numbers where complex ones are stored.

    Attributes
    ----------
    grad : numpy.ndarray or None
        Sum of the gradients that `backward` has computed.
    record : Record or None
        The op that made the tensor; None for a leaf.
    saved : tuple of Tensor
        What the op returned beside the tensor, while somebody observes.

    Examples
    --------
    >>> from freqnet.autodiff import Tensor, backward
    >>> import freqnet.ops
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> backward((x * x).sum())
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ("__weakref__", "data", "grad", "record", "requires_grad", "saved", "space")
    # Without this, NumPy would compute `array * tensor` element by element.
    __array_ufunc__ = None

    def __init__(self, data: Any, space: Any = None, requires_grad: bool = False) -> None:
        array: np.ndarray = data if isinstance(data, np.ndarray) else as_array(data)
        # Files from other machines may use another byte order; the kernels support the native one only.
        array = array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))
        if space is None:
            if array.dtype.kind != "f":
                array = _as_real(array)
        elif (array.shape[:-2], array.dtype.kind) != getattr(space, "array_form", None):
            _check_array(array, space)
        self.data = array
        self.space: Any = space
        self.requires_grad = requires_grad
        self.grad: np.ndarray | None = None
        self.record: Record | None = None
        self.saved: tuple[Tensor, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the stored array."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """Number of axes of the stored array."""
        return self.data.ndim

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the stored array."""
        return self.data.dtype

    @property
    def inner_product(self) -> Any:
        """The space whose inner product applies to this tensor."""
        return EUCLIDEAN if self.space is None else self.space

    @property
    def cotangent(self) -> Any:
        """Space of gradients with respect to this tensor; None for plain numbers."""
        return None if self.space is None else self.space.cotangent

    def item(self) -> float:
        """Return the number in a tensor of size 1.

        Raises
        ------
        SpaceError
            The tensor holds more or fewer numbers.
        """
        return float(self.data.reshape(-1)[0]) if self.data.size == 1 else self._not_scalar()

    def _not_scalar(self) -> float:
        raise SpaceError(got_expected("item()", f"shape {self.shape}", "one number", "call sum() first"))

    def detach(self) -> Tensor:
        """Return a tensor with the same array and no history."""
        return Tensor(self.data, self.space)

    def __repr__(self) -> str:
        where = "" if self.space is None else f", {self.space}"
        return f"Tensor(shape={self.shape}, dtype={self.dtype}{where})"

    def __add__(self, other: Any) -> Tensor:
        return FUNCTIONS["plus"](self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Tensor:
        return self + (-other)

    def __rsub__(self, other: Any) -> Tensor:
        return (-self) + other

    def __neg__(self) -> Tensor:
        return OPS["negate"](self)

    def __mul__(self, other: Any) -> Tensor:
        """Multiply by a number or pointwise by a tensor; a product of signals keeps the band of the first."""
        return FUNCTIONS["times"](self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Tensor:
        return FUNCTIONS["divide"](self, other)

    def __matmul__(self, other: Tensor) -> Tensor:
        return OPS["matmul"](self, other)

    def sum(self, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Tensor:
        """Return the sum over axes of a plain tensor."""
        return OPS["sum"](self, axis=axis, keepdims=keepdims)

    def reshape(self, *shape: int) -> Tensor:
        """Return a plain tensor with another shape."""
        return OPS["reshape"](self, shape=shape)


class Parameter(Tensor):
    """A trained array: an array that replaces it has the same shape, and is taken in the same precision.

    Raises
    ------
    ShapeError
        On assignment to ``data``: the new array has another shape, or holds no real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.autodiff.tensor import Parameter
    >>> weight = Parameter(np.zeros((2, 3), np.float32), requires_grad=True)
    >>> weight.data = np.ones((2, 3))
    >>> weight.dtype
    dtype('float32')
    """

    __slots__ = ("_array",)

    @property
    def data(self) -> np.ndarray:  # type: ignore[override]
        """The array."""
        return self._array

    @data.setter
    def data(self, value: Any) -> None:
        before = getattr(self, "_array", None)
        if before is None or value is before:
            self._array: np.ndarray = value
            return
        array = np.asarray(value)
        if array.shape != before.shape or array.dtype.kind not in "fiub":
            got, expected = f"{array.dtype} of shape {array.shape}", f"real numbers of shape {before.shape}"
            raise ShapeError(
                got_expected("data of a parameter", got, expected, "keep the shape, or build the layer again")
            )
        self._array = array.astype(before.dtype, copy=False)


def as_tensor(value: Any, like: Tensor | None = None) -> Tensor:
    """Return a tensor as it is, and other values as a plain tensor in the precision of `like`."""
    if isinstance(value, Tensor):
        return value
    out = Tensor(value)
    return out if like is None else Tensor(out.data.astype(like.data.real.dtype, copy=False))


def as_array(data: Any) -> np.ndarray:
    """Return array_like data as an array.

    Raises
    ------
    SpaceError
        Rows differ in length.
    """
    try:
        return np.asarray(data)
    except ValueError as error:
        todo = "give every row the same length"
        raise SpaceError(got_expected("tensor", f"no array ({reason(error)})", "an array of numbers", todo)) from None


def _check_array(array: np.ndarray, space: Any) -> None:
    """Raise an error unless the array is an element of the space."""
    if not hasattr(space, "check_array"):
        got, todo = f"{type(space).__name__} {space!r}", "pass space=Fourier.on((8, 8)), say, or None for plain numbers"
        raise SpaceError(got_expected("space of a tensor", got, "a space", todo))
    space.check_array(array)


def _as_real(array: np.ndarray) -> np.ndarray:
    """Return whole numbers as floats, since products with fractions would be cut to whole numbers."""
    if array.dtype.kind in "iub":
        return array.astype(np.float64)
    got, expected = f"an array of {array.dtype}", "real numbers, or a space"
    raise SpaceError(got_expected("tensor", got, expected, "pass Tensor(array, space) for a spectrum"))
