"""Activations: tangents and polynomials for every domain, and exact pointwise functions for the grid domain."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from freqnet import ops
from freqnet.approximate import FUNCTIONS, ScalarFunction, approximate, scalar_function, taylor
from freqnet.autodiff import Tensor
from freqnet.checks import is_finite
from freqnet.errors import ConfigurationError, ShapeError, did_you_mean, got_expected
from freqnet.nn.module import Features, Module, Signal, layer, require_incoming
from freqnet.spaces.base import Axes, per_axis

# x + x^2 / 4 is close to the identity: deep stacks start stable, and training adapts the curvature.
CURVED_IDENTITY = (0.0, 1.0, 0.25)

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
    """Apply the tangent of an activation at 0: sigmoid becomes 1/2 + x/4, tanh becomes x (Ko et al. 2017).

    A network with no other activation is one affine map of its input, whatever its depth.

    Parameters
    ----------
    function : str
        Name of a registered scalar function; the slope of relu at 0 is the mean of its one-sided slopes.
    unit_slope : bool
        Divide by the slope at 0, so that depth neither shrinks nor grows the signal.

    Raises
    ------
    ConfigurationError
        The function is not known, or its slope is 0 and `unit_slope` is set.
    """

    is_static = True

    function: str = "tanh"
    unit_slope: bool = False

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "Linearized")
        known_function(self.function)
        return incoming if self._tangent()[0] == 0 else unbounded(incoming)

    def _tangent(self) -> tuple[float, float]:
        value, slope = _at_zero(scalar_function(self.function))
        if self.unit_slope and slope == 0:
            todo = "pass unit_slope=False"
            raise ConfigurationError(got_expected(f"slope of {self.function} at 0", "0", "a slope other than 0", todo))
        return (value / slope, 1.0) if self.unit_slope else (value, slope)

    def forward(self, x: Tensor) -> Tensor:
        value, slope = self._tangent()
        out = x if slope == 1.0 else x * slope
        return out if value == 0.0 else out + value


# Cached per function, not per layer: the cache stays right where the layer's function is replaced.
@lru_cache(maxsize=64)
def _at_zero(function: ScalarFunction) -> tuple[float, ...]:
    """Return the value and the slope at 0."""
    return taylor(function, 1)


@layer
@dataclass(eq=False)
class Polynomial(Module):
    """Apply a polynomial to the signal, by products of spectra: the nonlinearity of a spectral network.

    Parameters
    ----------
    coefficients : tuple of float, or str
        Coefficients from the constant up, by default those of ``x + x^2 / 4``, or the name of a function to
        approximate. The default suits signals of unit power: put `PowerNorm` before it.
    trainable : bool
        Train the coefficients, one set per channel.
    gate_band : int or tuple of int, optional
        Band of the factor in each product: 0 keeps only its mean (cheapest), None the whole signal.
    exact : bool
        Keep the wider band that intermediate powers need, from degree 3 on: see `freqnet.ops.polynomial`.
    degree : int
        Degree of the approximation to a function, 1 to 9.
    method : {"minimax", "least-squares", "chebyshev", "taylor", "gaussian"}
        Method of the approximation: see `freqnet.approximate.approximate`.
    interval : tuple of float
        Range of the approximation; `freqnet.audit.calibrate` tells whether the signal stays inside it.

    Raises
    ------
    ShapeError
        There are fewer than two coefficients, or the gate band is below 0.
    ConfigurationError
        The function, the method, the degree or the interval is not usable.

    Examples
    --------
    >>> from freqnet import nn
    >>> nn.Polynomial((0.0, 1.0, 0.5), gate_band=2).is_low_degree
    False
    >>> [round(c, 3) for c in nn.Polynomial("gelu", degree=2, method="least-squares").initial]
    [0.256, 0.5, 0.128]
    """

    is_static = True

    coefficients: tuple[float, ...] | str = CURVED_IDENTITY
    trainable: bool = True
    gate_band: int | Axes | None = None
    exact: bool = False
    degree: int = 2
    method: str = "minimax"
    interval: tuple[float, float] = (-4.0, 4.0)

    @cached_property
    def initial(self) -> tuple[float, ...]:
        """The initial coefficients, from the constant up."""
        if isinstance(self.coefficients, str):
            found = approximate(self.coefficients, self.degree, self.method, self.interval)
            return tuple(float(c) for c in found.coefficients)
        given = tuple(self.coefficients) if np.iterable(self.coefficients) else ()
        if len(given) < 2 or not all(is_finite(c) for c in given):
            expected = "a function's name, or at least two numbers, from the constant up"
            todo = f"pass coefficients={CURVED_IDENTITY}"
            raise ShapeError(got_expected("coefficients", repr(self.coefficients), expected, todo))
        return tuple(float(c) for c in given)

    @property
    def product_degree(self) -> int:
        return len(self.initial) - 1

    @property
    def fitted_range(self) -> tuple[float, float] | None:
        """The interval on which the polynomial approximates its function; None where coefficients were given."""
        return self.interval if isinstance(self.coefficients, str) else None

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "Polynomial")
        if isinstance(self.coefficients, str):
            known_function(self.coefficients)
        require_gate(self.gate_band, incoming.space.ndim)
        columns = np.repeat(np.asarray(self.initial)[:, None], incoming.channels, axis=1)
        if self.trainable:
            self.add_parameter("coefficients", columns)
        return unbounded(incoming)

    def keep(self, out: Signal, band: Axes) -> Signal:
        self.kept = band
        return replace(out, space=out.space.with_band(band))

    def forward(self, x: Tensor) -> Tensor:
        return ops.polynomial(x, self.current, self.gate_band, self.exact, self.kept)

    @property
    def is_low_degree(self) -> bool:
        """Whether the polynomial has degree 1 or 2 and is not gated."""
        return len(self.initial) <= 3 and self.gate_band is None

    @property
    def current(self) -> Tensor:
        """The current coefficients, ``(degree + 1, channels or 1)``."""
        if self.trainable:
            return self.parameters["coefficients"]
        return Tensor(np.asarray(self.initial, self.precision)[:, None])


@layer
@dataclass(eq=False)
class Pointwise(Module):
    """Apply an exact activation to features, or to samples in the grid domain.

    Features are plain numbers behind a head, in any domain. Samples are for spatial counterparts and baselines.

    Parameters
    ----------
    function : {"relu", "tanh", "sigmoid", "gelu", "silu", "erf"}

    Raises
    ------
    ConfigurationError
        The function is not known.
    ShapeError
        The domain is spectral. A function of each coefficient is not a function of the samples.
    """

    is_static = True

    function: str = "relu"

    def _build(self, incoming: Signal | Features, generator: np.random.Generator) -> Signal | Features:
        known_function(self.function, POINTWISE)
        if isinstance(incoming, Features):
            return incoming
        if incoming.space.is_spectral:
            raise ShapeError(
                got_expected(
                    f"Pointwise {self.function}",
                    incoming,
                    "samples (domain='grid')",
                    "use Gaussian or Polynomial in a spectral domain",
                )
            )
        return Signal(incoming.space.full, incoming.channels)

    def forward(self, x: Tensor) -> Tensor:
        return POINTWISE[self.function](x)


def known_function(function: str, table: Collection[str] = FUNCTIONS) -> None:
    """Raise `ConfigurationError` unless a table, by default that of all scalar functions, has the name."""
    if not isinstance(function, str) or function not in table:
        todo = did_you_mean(function, table, f"take one of these names, such as '{next(iter(table))}'")
        raise ConfigurationError(got_expected("activation", repr(function), " or ".join(table), todo))


def require_gate(gate_band: int | Axes | None, ndim: int) -> None:
    """Raise `ShapeError` for a gate band below 0."""
    if gate_band is not None and min(per_axis(gate_band, ndim, "gate band")) < 0:
        todo = "pass gate_band=0 for the mean, None for the whole signal"
        raise ShapeError(got_expected("gate band", gate_band, "0 or more", todo))


def unbounded(incoming: Signal) -> Signal:
    """Return the signal's description without a known support."""
    return Signal(incoming.space.unbounded, incoming.channels)
