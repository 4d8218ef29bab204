"""A function as a short sum of sines, from the closed form of its spectrum.

An activation that grows or saturates has no Fourier transform in the plain sense, but one of its derivatives has: the
first of sigmoid, tanh and erf, the second of relu, gelu, silu and softplus. That derivative, repeated every 2 L with
alternating sign, has a Fourier series whose coefficients are values of the transform at ``w_k = (2k - 1) pi / 2L``.
Integration gives a sum of sines (or of cosines plus a straight line) that follows the function up to the first
repetition.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np

from freqnet.approximate.functions import FUNCTIONS, ScalarFunction, Values, scalar_function
from freqnet.approximate.polynomials import errors
from freqnet.checks import is_finite, is_whole
from freqnet.errors import ConfigurationError, got_expected


# More than 8 fields: seven define the series, and its two errors are computed once, when the series is made.
@dataclass(frozen=True, eq=False)
class SineSeries:
    """``constant + slope x + sum_k amplitude_k sin(w_k x)``, or with cosines for functions that grow.

    Attributes
    ----------
    function : ScalarFunction
        The approximated function.
    reach : float
        The series approximates the function on [-reach, reach].
    constant, slope : float
        The straight line.
    amplitudes : ndarray
        Amplitudes ``(harmonics,)`` at the odd multiples w_1, 3 w_1, 5 w_1, ... of the lowest frequency.
    frequency : float
        Lowest angular frequency, w_1.
    is_even : bool
        Whether the waves are cosines.
    sup_error, rms_error : float
        Largest error and root of the mean square error on [-reach, reach].
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
    """Return a sum of sines that approximates a function on [-reach, reach].

    Parameters
    ----------
    function : str
        Name of a function that is registered with its spectrum: sigmoid, tanh, softplus, silu, erf, gelu, relu or
        leaky_relu.
    harmonics : int
        Number of sines, at least 1.
    reach : float
        Half the length of the interval, above 0.

    Returns
    -------
    SineSeries
        The series and its errors.

    Raises
    ------
    ConfigurationError
        The function has no known spectrum, or ``harmonics`` or ``reach`` is out of range.

    Examples
    --------
    >>> from freqnet.approximate import sine_series
    >>> sine_series("sigmoid", harmonics=4).sup_error < 6e-3
    True
    """
    found = scalar_function(function)
    spectrum = found.spectrum
    if spectrum is None:
        known = " or ".join(name for name, known in FUNCTIONS.items() if known.spectrum)
        todo = "use approximate() for a polynomial"
        raise ConfigurationError(got_expected("series of", repr(found.name), known, todo))
    if not (is_whole(harmonics) and harmonics >= 1 and is_finite(reach) and reach > 0):
        got = f"{harmonics!r} harmonics, reach {reach!r}"
        expected, todo = "at least 1, a reach above 0", "pass harmonics=4, reach=4.0, say"
        raise ConfigurationError(got_expected("series", got, expected, todo))
    length = (reach + spectrum.spread) / 2
    w = (2 * np.arange(1, harmonics + 1) - 1) * pi / (2 * length)
    is_even = spectrum.order == 2
    amplitudes = spectrum.transform(w) / (length * w**spectrum.order) * (-1 if is_even else 1)
    # The even wave is |x| / 2 far from 0 and runs from 0 to L, so its mean is L / 2 times the change of slope.
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
