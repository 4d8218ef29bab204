"""Trained parameters: the checks of their arrays and gradients, and the clipping of the gradients."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Protocol, cast

import numpy as np

from freqnet import kernels
from freqnet.errors import ConfigurationError, ShapeError, got_expected


class Parameter(Protocol):
    """Anything with a real array to train and that array's gradient.

    Attributes
    ----------
    data : ndarray of float32 or float64
        Values, updated in place.
    grad : ndarray, optional
        Gradient, of the shape of ``data``; ``None`` where this update has none.
    """

    data: np.ndarray
    grad: np.ndarray | None


Parameters = Mapping[str, Parameter] | Iterable[Parameter]


def is_weight(name: str) -> bool:
    """Return whether a parameter of a network is by its name a kernel or a weight, and no bias, gain or coefficient.

    >>> is_weight("0.kernel"), is_weight("3.weight"), is_weight("3.bias")
    (True, True, False)
    """
    return name.rpartition(".")[2] in ("kernel", "weight")


def named_parameters(parameters: Parameters) -> dict[str, Parameter]:
    """Return parameters by name, after checking that an optimiser can update them.

    Parameters
    ----------
    parameters : Network, Module, mapping of str to Parameter, or iterable of Parameter
        A network or a layer stands for all its parameters. Members of an iterable are named "0", "1", ...

    Returns
    -------
    dict of str to Parameter
        The parameters, in the order given.

    Raises
    ------
    ConfigurationError
        A parameter is not a writeable float32 or float64 array, or an array occurs twice.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> list(named_parameters([SimpleNamespace(data=np.zeros(3), grad=None)]))
    ['0']
    """
    own = getattr(parameters, "named_parameters", None)
    if own is not None:  # a network or a layer
        parameters = own()
    if isinstance(parameters, Mapping):
        named = dict(cast("Mapping[str, Parameter]", parameters))
    else:
        named = {str(i): parameter for i, parameter in enumerate(parameters)}
    seen: dict[int, str] = {}
    for name, parameter in named.items():
        data, problem = getattr(parameter, "data", None), ""
        if not isinstance(data, np.ndarray):
            problem = type(parameter).__name__
        elif data.dtype not in (np.float32, np.float64) or not data.flags.writeable:
            problem = f"{data.dtype}{'' if data.flags.writeable else ', read-only'}"
        elif id(data) in seen:  # it would be updated twice per step
            problem = f"the array of {seen[id(data)]!r} again"
        if problem:
            expected = "its own writeable float32 or float64 array"
            todo = "pass each array once, and store complex values as real and imaginary parts"
            raise ConfigurationError(got_expected(f"parameter {name!r}", problem, expected, todo))
        seen[id(data)] = name
    return named


def checked_gradient(name: str, parameter: Parameter) -> np.ndarray | None:
    """Return the gradient of a parameter, or ``None`` where it has none.

    Parameters
    ----------
    name : str
        Name of the parameter, for the message.
    parameter : Parameter
        The parameter.

    Returns
    -------
    ndarray, optional
        The gradient itself, not a copy.

    Raises
    ------
    ShapeError
        The gradient is complex, or its shape is not that of the parameter.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> checked_gradient("w", SimpleNamespace(data=np.zeros(2), grad=np.ones(2)))
    array([1., 1.])
    """
    grad, shape = parameter.grad, parameter.data.shape
    # A copy would silently broadcast a wrong shape, and drop an imaginary part.
    if grad is None or (isinstance(grad, np.ndarray) and grad.shape == shape and grad.dtype.kind == "f"):
        return grad
    got = f"{getattr(grad, 'dtype', type(grad).__name__)} of shape {np.shape(grad)}"
    expected, todo = f"a real array of shape {shape}", "give it the shape of its parameter"
    raise ShapeError(got_expected(f"gradient of {name!r}", got, expected, todo))


def check_norm(maximum_norm: object) -> None:
    """Raise `ConfigurationError` if a largest norm is not a positive number."""
    if not isinstance(maximum_norm, Real) or not float(maximum_norm) > 0:
        todo = "pass maximum_norm=1.0, say, or math.inf to measure the norm only"
        raise ConfigurationError(got_expected("maximum_norm", repr(maximum_norm), "a positive number", todo))


def clip_gradients(parameters: Parameters, maximum_norm: float) -> float:
    """Scale all gradients in place to a joint Euclidean norm of at most ``maximum_norm``.

    Source: Pascanu, Mikolov & Bengio 2013.

    Parameters
    ----------
    parameters : Network, Module, mapping of str to Parameter, or iterable of Parameter
        Parameters whose gradients are scaled; those without a gradient are ignored.
    maximum_norm : float
        Largest norm allowed, above zero; ``math.inf`` measures the norm and changes nothing.

    Returns
    -------
    float
        Norm before clipping. Where it is not finite, the gradients are unchanged.

    Raises
    ------
    ConfigurationError
        The maximum is not a positive number.
    ShapeError
        A gradient is complex, or its shape is not that of its parameter.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.zeros(2), grad=np.array([3.0, 4.0]))
    >>> clip_gradients([w], maximum_norm=1.0), w.grad
    (5.0, array([0.6, 0.8]))
    """
    check_norm(maximum_norm)
    found = [checked_gradient(name, parameter) for name, parameter in named_parameters(parameters).items()]
    grads = [grad for grad in found if grad is not None]
    # The sum is in float64, because squares in float32 overflow above 2e19. It avoids BLAS, whose threads can cost
    # 100 times as much as the sum.
    with np.errstate(over="ignore"):  # a norm that overflows float64 counts as infinite
        whole = np.concatenate([grad.ravel() for grad in grads] or [np.zeros(0)], dtype=np.float64)
        norm = math.sqrt(np.square(whole, out=whole).sum())
    if maximum_norm < norm < math.inf:
        # By identity: a gradient that two parameters share counts twice but is scaled once.
        for grad in {id(grad): grad for grad in grads}.values():
            kernels.scale(grad, maximum_norm / norm)
    return norm
