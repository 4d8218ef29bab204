"""Activations that approximate a given function: by the signal's own statistics, or by a sum of sines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import pi
from typing import TYPE_CHECKING

import numpy as np

from freqnet import ops
from freqnet.approximate.gaussian import require_degree
from freqnet.autodiff import Tensor
from freqnet.checks import is_finite, is_whole
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn.activation import known_function, require_gate, unbounded
from freqnet.nn.module import Module, Signal, layer, require_incoming
from freqnet.nn.normalization import PowerNorm, WithStatistics
from freqnet.ops.gaussian import gaussian_polynomial, normalized_gaussian
from freqnet.spaces import Axes

if TYPE_CHECKING:
    from freqnet.approximate import Approximation


@layer
@dataclass(eq=False)
class Gaussian(WithStatistics):
    """Approximate a function by the polynomial that is best for the signal's mean and power, per channel.

    The mean is the DC mode, and the power follows from Parseval's sum. For normally distributed values, no polynomial
    of this degree has a smaller mean squared error. Degree 1 is statistical linearisation,
    ``E[f] + E[f'] (x - mean)`` (Bussgang 1952), and costs one multiplication per mode; degree 2 costs one square.

    Parameters
    ----------
    function : str
        Name of a registered scalar function; relu, gelu, leaky_relu and erf have fast closed forms.
    degree : int
        Degree of the polynomial, 1 to 9.
    gate_band, exact
        As in `Polynomial`.
    statistics : {"sample", "batch"}
        Mean and power of each example, or of the whole batch, with running averages in evaluation.
    momentum, epsilon : float
        As in `PowerNorm`.

    Raises
    ------
    ConfigurationError
        The function, the degree or the statistics are not usable.
    ShapeError
        The gate band is below 0.

    Examples
    --------
    >>> from freqnet import nn
    >>> nn.Gaussian("relu", degree=2)
    Gaussian(function='relu', degree=2, gate_band=None, exact=False, statistics='sample', momentum=0.1, epsilon=1e-05)
    """

    is_static = True

    function: str = "relu"
    degree: int = 2
    gate_band: int | Axes | None = None
    exact: bool = False
    statistics: str = "sample"
    momentum: float = 0.1
    epsilon: float = 1e-5

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "Gaussian")
        known_function(self.function)
        require_degree(self.degree)
        require_gate(self.gate_band, incoming.space.ndim)
        self._start_statistics(incoming.channels)
        return unbounded(incoming)

    def keep(self, out: Signal, band: Axes) -> Signal:
        self.kept = band
        return replace(out, space=out.space.with_band(band))

    @property
    def product_degree(self) -> int:
        return self.degree

    @property
    def fitted_range(self) -> None:
        """None: the polynomial is fitted to every signal."""
        return None

    @property
    def is_low_degree(self) -> bool:
        """Whether statistics and polynomial are one op: degree 1 or 2, without a gate band."""
        return self.degree in (1, 2) and self.gate_band is None

    def forward(self, x: Tensor) -> Tensor:
        if self.uses_running:
            return self._apply(x, self.running())
        per_sample = self.statistics == "sample"
        if self.is_low_degree:
            out, found = gaussian_polynomial(
                x, function=self.function, degree=self.degree, epsilon=self.epsilon, band=self.kept or x.space.band,
                per_sample=per_sample,
            )  # fmt: skip
        else:
            found = ops.moments(x, per_sample=per_sample)
            out = self._apply(x, found)
        self.update_running(found)
        return out

    def of_normalized(self, x: Tensor, norm: PowerNorm) -> Tensor:
        """Normalise a signal and apply the polynomial of degree 1 or 2 for each example, in one pass.

        Parameters
        ----------
        x : Tensor
            Signal ``(*modes, batch, channels)``.
        norm : PowerNorm
            Normalisation over the batch; it may use its running averages.
        """
        out, _, shared = normalized_gaussian(
            x, norm.parameters["gain"], norm.parameters["offset"],
            function=self.function, degree=self.degree, epsilon=self.epsilon, norm_epsilon=norm.epsilon,
            band=self.kept or x.space.band, per_sample=True,
            running=norm.running().data if norm.uses_running else None,
        )  # fmt: skip
        if not norm.uses_running:
            norm.update_running(shared)
        return out

    def _apply(self, x: Tensor, found: Tensor) -> Tensor:
        return ops.gaussian_activation(
            x, self.function, self.degree, found, self.gate_band, self.exact, self.kept, self.epsilon
        )


# Each harmonic takes one product of signals.
_MOST_HARMONICS = 1000
_LARGEST_REACH = 1e6


@cache
def _sine_and_cosine() -> tuple[Approximation, Approximation]:
    """Return polynomials for half of the lowest angle, which stays below a quarter turn: there, short ones suffice."""
    from freqnet.approximate import approximate

    ends = (-pi / 2, pi / 2)
    return approximate(np.sin, 7, "minimax", ends), approximate(np.cos, 8, "minimax", ends)


@layer
@dataclass(eq=False)
class FourierSeries(Module):
    """Approximate a function by a short sum of sines of the signal, with coefficients in closed form.

    Polynomials give the sine and cosine of a fraction of the signal, then each harmonic takes one product. The sum
    approximates the function for values in ``[-reach, reach]``, and commutes with shifts. It costs several products
    more than a polynomial of the same error.

    Parameters
    ----------
    function : {"sigmoid", "tanh", "erf", "softplus", "silu", "gelu", "relu", "leaky_relu"}
    harmonics : int
        Number of sines.
    reach : float
        Half the width of the range of the approximation. Put `PowerNorm` before it to keep the signal inside.
    wide : int
        Band of intermediate products, as a multiple of the signal's band; 1 low-passes each of them.

    Raises
    ------
    ConfigurationError
        The function has no closed form, or `harmonics`, `reach` or `wide` is not positive.

    Examples
    --------
    >>> from freqnet import nn
    >>> nn.FourierSeries("tanh", harmonics=3)
    FourierSeries(function='tanh', harmonics=3, reach=4.0, wide=1)
    """

    is_static = True

    function: str = "sigmoid"
    harmonics: int = 4
    reach: float = 4.0
    wide: int = 1

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        from freqnet.approximate import sine_series

        incoming = require_incoming(incoming, Signal, "FourierSeries")
        if not is_whole(self.wide) or self.wide < 1:
            raise ConfigurationError(got_expected("wide", repr(self.wide), "1 or more", "pass wide=1"))
        for name, value, most in (
            ("harmonics", self.harmonics, _MOST_HARMONICS),
            ("reach", self.reach, _LARGEST_REACH),
        ):
            if is_finite(value) and value > most:
                raise ConfigurationError(got_expected(name, repr(value), f"at most {most}", f"pass {name}=4"))
        self._series = sine_series(self.function, self.harmonics, self.reach)
        self._sine, self._cosine = _sine_and_cosine()
        return unbounded(incoming)

    @property
    def product_degree(self) -> int:
        # Products of two signals, each of `wide` times the band.
        return 3 * self.wide - 1

    @property
    def fitted_range(self) -> tuple[float, float]:
        """The interval on which the series approximates the function."""
        return -self.reach, self.reach

    def forward(self, x: Tensor) -> Tensor:
        series, kept = self._series, x.space.band
        band = tuple(min(self.wide * m, most) for m, most in zip(kept, x.space.largest_band, strict=True))
        wide = ops.zero_pad(x, band) if band != kept else x
        half = wide * (series.frequency / 2)
        sine, cosine = self._polynomial(half, self._sine), self._polynomial(half, self._cosine)
        cosine_of_angle = ops.multiply(sine, sine) * -2.0 + 1.0
        twice = ops.multiply(cosine_of_angle, cosine_of_angle) * 2.0 + -1.0
        if series.is_even:
            before, now = cosine_of_angle, cosine_of_angle
        else:
            now = ops.multiply(sine, cosine) * 2.0
            before = now * -1.0
        out = wide * series.slope + series.constant + now * float(series.amplitudes[0])
        for amplitude in series.amplitudes[1:]:
            # sin((n + 2) a) = 2 cos(2 a) sin(n a) - sin((n - 2) a), and the same for cosines
            before, now = now, ops.multiply(now, twice) * 2.0 + before * -1.0
            out = out + now * float(amplitude)
        return ops.truncate(out, kept) if band != kept else out

    def _polynomial(self, x: Tensor, fitted) -> Tensor:
        return ops.polynomial(x, Tensor(fitted.coefficients.astype(self.precision)[:, None]))
