"""Operations on tensors, one family per module, all registered in `freqnet.autodiff.OPS`."""

from freqnet.ops.convolve import convolve, frequency_response
from freqnet.ops.gaussian import gaussian_activation
from freqnet.ops.linear import coordinates, linear_map, power_spectrum
from freqnet.ops.loss import cross_entropy, log_softmax, mean_squared_error, sobolev_error
from freqnet.ops.multiply import multiply
from freqnet.ops.normalize import inner_product, mean, signal_power
from freqnet.ops.operators import plus, times
from freqnet.ops.pointwise import erf, exp, gelu, log, power, relu, sigmoid, silu, tanh
from freqnet.ops.polynomial import polynomial
from freqnet.ops.pool import alias, average, resample, shift, truncate, zero_pad
from freqnet.ops.quadratic import moments
from freqnet.ops.take import take
from freqnet.ops.transform import analysis, synthesis

__all__ = [
    "alias",
    "analysis",
    "average",
    "convolve",
    "coordinates",
    "cross_entropy",
    "erf",
    "exp",
    "frequency_response",
    "gaussian_activation",
    "gelu",
    "inner_product",
    "linear_map",
    "log",
    "log_softmax",
    "mean",
    "mean_squared_error",
    "moments",
    "multiply",
    "plus",
    "polynomial",
    "power",
    "power_spectrum",
    "relu",
    "resample",
    "shift",
    "sigmoid",
    "signal_power",
    "silu",
    "sobolev_error",
    "synthesis",
    "take",
    "tanh",
    "times",
    "truncate",
    "zero_pad",
]
