"""Exact pointwise functions of plain numbers and of signals that are stored as samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, register
from freqnet.errors import SpaceError, got_expected
from freqnet.ops.arithmetic import elementwise, per_element, scale_by
from freqnet.ops.multiply import multiply_op


def _samples_only(x: Tensor, name: str) -> Any:
    """Return the space of a pointwise result.

    Raises
    ------
    SpaceError
        `x` is a spectrum or a response: its entries are not samples.
    """
    if x.space is None:
        return None
    if x.space.is_spectral or x.space.kind != "signal":
        expected = "samples (plain numbers or the grid domain)"
        todo = f"{name} of a spectrum's entries is not the spectrum of {name}: use polynomial()"
        raise SpaceError(got_expected(name, str(x.space), expected, todo))
    return x.space.full


def _chain(g: Tensor, derivative: Tensor, x: Tensor) -> Tensor:
    if x.space is None:
        return elementwise(g, derivative)
    return multiply_op(g, derivative, band=x.space.band)


def pointwise(name: str, function: Callable[..., Any], derivative: Callable[..., Tensor], source: str) -> Op:
    """Register a pointwise function of samples.

    Parameters
    ----------
    name : str
        Unique name in the registry.
    function : callable
        ``function(x, **parameters) -> array``.
    derivative : callable
        ``derivative(x, out, **parameters) -> Tensor``, written in ops.
    source : str
        The formula of the derivative.

    Returns
    -------
    Op
    """
    return register(
        Op(
            name,
            forward=lambda x, **p: Tensor(np.asarray(function(x.data, **p)), _samples_only(x, name)),
            vjps=(lambda g, out, x, **p: _chain(g, derivative(x, out, **p), x),),
            cost=per_element,
            source=source,
        )
    )


def _erf(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return erf(x)


exp: Op = pointwise("exp", np.exp, lambda x, out: out, "exp' = exp")
log: Op = pointwise("log", np.log, lambda x, out: power(x, exponent=-1.0), "log' = 1/x")
power: Op = pointwise(
    "power",
    lambda x, exponent: x ** x.dtype.type(exponent),
    lambda x, out, exponent: scale_by(power(x, exponent=exponent - 1.0), factor=exponent),
    "(x^p)' = p x^(p - 1)",
)
tanh: Op = pointwise("tanh", np.tanh, lambda x, out: out * out * -1.0 + 1.0, "tanh' = 1 - tanh^2")
step: Op = pointwise(
    "step", lambda x: (x > 0).astype(x.dtype), lambda x, out: scale_by(out, factor=0.0), "0 almost everywhere"
)
relu: Op = pointwise("relu", lambda x: np.maximum(x, 0), lambda x, out: step(x), "relu' = step")
erf: Op = pointwise(
    "erf",
    _erf,
    lambda x, out: exp(power(x, exponent=2.0) * -1.0) * (2 / np.sqrt(np.pi)),
    "erf' = 2 exp(-x^2) / sqrt(pi)",
)


def sigmoid(x: Tensor) -> Tensor:
    """Return ``1 / (1 + exp(-x))`` of samples.

    Examples
    --------
    >>> from freqnet.autodiff import Tensor
    >>> from freqnet.ops import sigmoid
    >>> sigmoid(Tensor([0.0])).data
    array([0.5])
    """
    return tanh(x * 0.5) * 0.5 + 0.5


def gelu(x: Tensor) -> Tensor:
    """Return x times the standard normal distribution function of x, for samples x (Hendrycks and Gimpel 2016)."""
    # A product keeps the band of its first factor: here the largest band, that of the function values.
    return (erf(x * 0.5**0.5) * 0.5 + 0.5) * x


def silu(x: Tensor) -> Tensor:
    """Return ``x sigmoid(x)`` of samples."""
    return sigmoid(x) * x
