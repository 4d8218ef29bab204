"""Scalar functions as polynomials of low degree: what an activation becomes in a frequency network."""

from freqnet.approximate.functions import FUNCTIONS, ScalarFunction, register_function, scalar_function
from freqnet.approximate.gaussian import gaussian_coefficients, gaussian_moment, hermite_coefficients
from freqnet.approximate.polynomials import METHODS, Approximation, approximate, taylor
from freqnet.approximate.series import SineSeries, sine_series

__all__ = [
    "FUNCTIONS",
    "METHODS",
    "Approximation",
    "ScalarFunction",
    "SineSeries",
    "approximate",
    "gaussian_coefficients",
    "gaussian_moment",
    "hermite_coefficients",
    "register_function",
    "scalar_function",
    "sine_series",
    "taylor",
]
