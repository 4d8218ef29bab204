"""Scalar functions, such as activations, as polynomials of low degree and as sums of sines."""

from freqnet.approximate.functions import FUNCTIONS, ScalarFunction, Spectrum, register_function, scalar_function
from freqnet.approximate.gaussian import gaussian_coefficients, gaussian_moment, hermite_coefficients
from freqnet.approximate.polynomials import METHODS, Approximation, approximate, taylor
from freqnet.approximate.series import SineSeries, sine_series

__all__ = [
    "FUNCTIONS",
    "METHODS",
    "Approximation",
    "ScalarFunction",
    "SineSeries",
    "Spectrum",
    "approximate",
    "gaussian_coefficients",
    "gaussian_moment",
    "hermite_coefficients",
    "register_function",
    "scalar_function",
    "sine_series",
    "taylor",
]
