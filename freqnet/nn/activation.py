"""Activations inside a domain (tangents, polynomials), and exact pointwise ones for the grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, pi, sqrt

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.domains.space import Axes, per_axis
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.nn.module import Module, Signal, layer, require_incoming
from freqnet.nn.normalization import PowerNorm

# Value and slope at 0; the slope of ReLU is the mean of its two one-sided slopes.
TANGENTS = {
    "identity": (0.0, 1.0),
    "tanh": (0.0, 1.0),
    "softsign": (0.0, 1.0),
    "sigmoid": (0.5, 0.25),
    "relu": (0.0, 0.5),
    "gelu": (0.0, 0.5),
    "silu": (0.0, 0.5),
    "softplus": (log(2.0), 0.5),
    "erf": (0.0, 2 / sqrt(pi)),
}

# Near the identity, bent by a quarter of the square: deep stacks start stable, and train the bend.
BENT_IDENTITY = (0.0, 1.0, 0.25)

POINTWISE: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": ops.relu,
    "tanh": ops.tanh,
    "sigmoid": ops.sigmoid,
    "gelu": ops.gelu,
    "silu": ops.silu,
    "erf": ops.erf,
}


@layer
@dataclass(eq=False)
class Linearized(Module):
    """The tangent of an activation at 0: sigmoid becomes 1/2 + x/4, tanh becomes x (Ko et al. 2017).

    Layers with these alone make one affine map of the input, however many there are.

    Parameters
    ----------
    function : str
        One of identity, tanh, softsign, sigmoid, relu, gelu, silu, softplus, erf.
    unit_slope : bool
        Divide by the slope at 0, so that depth neither shrinks nor grows the signal.

    Raises
    ------
    ConfigurationError
        The function is not known.
    """

    function: str = "tanh"
    unit_slope: bool = False

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "Linearized")
        _known(self.function, TANGENTS)
        return incoming if self._tangent()[0] == 0 else _unbounded(incoming)

    def _tangent(self) -> tuple[float, float]:
        value, slope = TANGENTS[self.function]
        return (value / slope, 1.0) if self.unit_slope else (value, slope)

    def forward(self, x: Tensor) -> Tensor:
        value, slope = self._tangent()
        out = x if slope == 1.0 else x * slope
        return out if value == 0.0 else out + value


@layer
@dataclass(eq=False)
class Polynomial(Module):
    """A polynomial of the signal, by products of spectra: the nonlinearity of a spectral network.

    Parameters
    ----------
    coefficients : tuple of float
        From the constant up; by default ``x + x^2 / 4``, meant for a signal of unit power, so put
        `PowerNorm` in front.
    trainable : bool
        Train the coefficients, a set for each channel.
    gate_band : int or tuple of int, optional
        The band of the factor in each product: 0 is the mean alone (cheapest), None the whole signal.
    exact : bool
        From degree 3 on, keep the wider band that intermediate powers need: see `freqnet.ops.polynomial`.

    Raises
    ------
    ShapeError
        Fewer than two coefficients, or a gate band below 0.

    Examples
    --------
    >>> from freqnet import nn
    >>> nn.Polynomial((0.0, 1.0, 0.5), gate_band=2)
    Polynomial(coefficients=(0.0, 1.0, 0.5), trainable=True, gate_band=2, exact=False)
    """

    coefficients: tuple[float, ...] = BENT_IDENTITY
    trainable: bool = True
    gate_band: int | Axes | None = None
    exact: bool = False

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "Polynomial")
        if len(self.coefficients) < 2:
            raise ShapeError(
                got_expected("coefficients", self.coefficients, "at least two, from the constant up", "add the slope")
            )
        if self.gate_band is not None and min(per_axis(self.gate_band, incoming.space.ndim, "gate band")) < 0:
            raise ShapeError(
                got_expected("gate band", self.gate_band, "0 or more", "0 keeps the mean, None the whole signal")
            )
        columns = np.repeat(np.asarray(self.coefficients, float)[:, None], incoming.channels, axis=1)
        if self.trainable:
            self.add_parameter("coefficients", columns)
        return _unbounded(incoming)

    def forward(self, x: Tensor) -> Tensor:
        return ops.polynomial(x, self._coefficients(), self.gate_band, self.exact, self.wanted_band)

    def after(self, norm: PowerNorm, x: Tensor) -> Tensor:
        """Compute ``self(norm(x))`` in one pass over the signal: both are one polynomial of it.

        Only for a polynomial that `is_low_degree`.
        """
        return norm.bend(x, self._coefficients(), self.wanted_band or x.space.band)

    @property
    def is_low_degree(self) -> bool:
        """Whether the polynomial has degree 1 or 2 and is not gated."""
        return len(self.coefficients) <= 3 and self.gate_band is None

    def _coefficients(self) -> Tensor:
        if self.trainable:
            return self.parameters["coefficients"]
        return Tensor(np.asarray(self.coefficients, self.precision)[:, None])


@layer
@dataclass(eq=False)
class Pointwise(Module):
    """An exact activation of samples: for the grid domain only, to build spatial twins and baselines.

    Parameters
    ----------
    function : str
        One of relu, tanh, sigmoid, gelu, silu, erf.

    Raises
    ------
    ConfigurationError
        The function is not known.
    ShapeError
        The domain is spectral: a function of a spectrum's entries is not a function of the samples.
    """

    function: str = "relu"

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "Pointwise")
        _known(self.function, POINTWISE)
        if incoming.space.domain.is_complex:
            raise ShapeError(
                got_expected(
                    f"Pointwise {self.function}",
                    incoming,
                    "samples (--domain grid)",
                    "use Polynomial in a spectral domain",
                )
            )
        return Signal(incoming.space.domain.space(incoming.space.grid), incoming.channels)

    def forward(self, x: Tensor) -> Tensor:
        return POINTWISE[self.function](x)


def _known(function: str, table: dict) -> None:
    if function not in table:
        raise ConfigurationError(got_expected("activation", repr(function), " or ".join(table), "choose one of these"))


def _unbounded(incoming: Signal) -> Signal:
    """The same signal, no longer known to be zero anywhere."""
    return Signal(incoming.space.domain.space(incoming.space.grid, incoming.space.band), incoming.channels)
