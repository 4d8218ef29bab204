"""A function as a short sum of sines, read off the closed form of its spectrum.

An activation that grows or saturates has no Fourier transform in the plain sense, but a derivative of it does: the
first of sigmoid, tanh and erf, the second of relu, gelu, silu and softplus. Repeated with alternating sign every
2 L, that derivative has a Fourier series whose coefficients are the transform's values at ``w_k = (2k - 1) pi / 2L``;
integrated back, a sum of sines (or of cosines, beside a straight line) that follows the function until the first
repetition makes itself felt.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import pi

import numpy as np

from freqnet.approximate.functions import LEAK, ScalarFunction, Values, scalar_function
from freqnet.approximate.polynomials import errors
from freqnet.checks import is_finite, is_whole
from freqnet.errors import ConfigurationError, got_expected


@dataclass(frozen=True)
class _Spectrum:
    """The transform of a function's derivative of an order, what is left besides, and how far its bend reaches."""

    order: int
    transform: Callable[[Values], Values]
    constant: float
    slope: float
    spread: float


def _logistic(w: Values) -> Values:
    return pi * w / np.sinh(pi * w)


SPECTRA = {
    "sigmoid": _Spectrum(1, _logistic, 0.5, 0.0, 7.0),
    "tanh": _Spectrum(1, lambda w: 2 * _logistic(w / 2), 0.0, 0.0, 3.5),
    "erf": _Spectrum(1, lambda w: 2 * np.exp(-(w**2) / 4), 0.0, 0.0, 2.0),
    "softplus": _Spectrum(2, _logistic, 0.0, 0.5, 7.0),
    "silu": _Spectrum(2, lambda w: _logistic(w) ** 2 * np.cosh(pi * w), 0.0, 0.5, 7.0),
    "gelu": _Spectrum(2, lambda w: (1 + w**2) * np.exp(-(w**2) / 2), 0.0, 0.5, 3.0),
    "relu": _Spectrum(2, np.ones_like, 0.0, 0.5, 0.0),
    "leaky_relu": _Spectrum(2, lambda w: np.full_like(w, 1 - LEAK), 0.0, (1 + LEAK) / 2, 0.0),
}


@dataclass(frozen=True, eq=False)
class SineSeries:
    """``constant + slope x + sum_k amplitude_k sin(w_k x)``, or with cosines for functions that grow.

    Attributes
    ----------
    function : ScalarFunction
    reach : float
        The series stands for the function on [-reach, reach].
    constant, slope : float
    amplitudes : numpy.ndarray
        Of the odd multiples w_1, 3 w_1, 5 w_1, ... of the lowest frequency.
    frequency : float
        The lowest one, w_1.
    is_even : bool
        Cosines rather than sines.
    sup_error, rms_error : float
        On [-reach, reach].
    """

    function: ScalarFunction
    reach: float
    constant: float
    slope: float
    amplitudes: Values
    frequency: float
    is_even: bool
    sup_error: float
    rms_error: float

    def __call__(self, x: Values) -> Values:
        return _series(np.asarray(x, float), self.constant, self.slope, self.amplitudes, self.frequency, self.is_even)


def sine_series(function: str, harmonics: int = 4, reach: float = 4.0) -> SineSeries:
    """Return the sum of sines that follows a function on [-reach, reach].

    Parameters
    ----------
    function : str
        One of sigmoid, tanh, erf, softplus, silu, gelu, relu, leaky_relu: those with a closed form.
    harmonics : int
        How many sines.
    reach : float

    Raises
    ------
    ConfigurationError
        A function without a closed form, no harmonics, or no reach.

    Examples
    --------
    >>> from freqnet.approximate import sine_series
    >>> sine_series("sigmoid", harmonics=4).sup_error < 6e-3
    True
    """
    found = scalar_function(function)
    if found.name not in SPECTRA:
        known = " or ".join(SPECTRA)
        raise ConfigurationError(got_expected("series of", repr(found.name), known, "use a polynomial"))
    if not (is_whole(harmonics) and harmonics >= 1 and is_finite(reach) and reach > 0):
        got = f"{harmonics!r} harmonics, reach {reach!r}"
        raise ConfigurationError(got_expected("series", got, "at least 1, a reach above 0", "change it"))
    spectrum = SPECTRA[found.name]
    length = (reach + spectrum.spread) / 2
    w = (2 * np.arange(1, harmonics + 1) - 1) * pi / (2 * length)
    is_even = spectrum.order == 2
    amplitudes = spectrum.transform(w) / (length * w**spectrum.order) * (-1 if is_even else 1)
    # The even wave is |x| / 2 far from 0: it runs from 0 to L, and so around L / 2 times the change of slope.
    constant = spectrum.constant + (length / 2 * float(spectrum.transform(np.array([1e-9]))[0]) if is_even else 0.0)
    parts = (constant, spectrum.slope, amplitudes, float(w[0]), is_even)
    sup, rms = errors(lambda x: found(x) - _series(x, *parts), (-reach, reach), found.kinks)
    return SineSeries(found, reach, *parts, sup, rms)


def _series(x: Values, constant: float, slope: float, amplitudes: Values, frequency: float, is_even: bool) -> Values:
    out = constant + slope * x
    for k, amplitude in enumerate(amplitudes):
        angle = (2 * k + 1) * frequency * x
        out = out + amplitude * (np.cos(angle) if is_even else np.sin(angle))
    return out
