"""Valid and invalid examples of every layer: a new layer needs a line in both tables."""

from __future__ import annotations

from freqnet import nn
from freqnet.errors import ConfigurationError, FreqnetError, ShapeError
from freqnet.spaces import KERNELS

EXAMPLES: dict[str, list[nn.Module]] = {
    "AveragePool": [nn.AveragePool(2), nn.AveragePool(3, 2, "sinc"), nn.AveragePool(2, 1)],
    "ChannelDropout": [nn.ChannelDropout(0.5)],
    "Convolution": [
        *(nn.Convolution(6, 3, kernel) for kernel in KERNELS),
        nn.Convolution(6, 2, groups=2, bias=False),
        nn.Convolution(4, 3, "sinc", groups=4),
    ],
    "DataConsistency": [
        nn.DataConsistency(nn.PowerNorm(epsilon=0.1)),
        nn.DataConsistency(nn.Sequential((nn.PowerNorm(epsilon=0.1), nn.Polynomial())), mask=2, keep_mask=False),
    ],
    "Dense": [nn.Dense(3)],
    "FrequencyDropout": [nn.FrequencyDropout(0), nn.FrequencyDropout(2)],
    "FourierSeries": [nn.FourierSeries(), nn.FourierSeries("gelu", 2, 3.0, wide=2)],
    "Gaussian": [
        nn.Gaussian(epsilon=0.1),
        nn.Gaussian("gelu", 1),
        nn.Gaussian("silu", 3, exact=True),
        nn.Gaussian("erf", 2, gate_band=1, statistics="batch", epsilon=0.1),
    ],
    "GlobalAverage": [nn.GlobalAverage()],
    "MagnitudeGain": [nn.MagnitudeGain(0.5), nn.MagnitudeGain(1.0)],
    "PhaseGate": [nn.PhaseGate()],
    "RealImaginary": [nn.RealImaginary("tanh"), nn.RealImaginary("sigmoid")],
    "SecondHarmonic": [nn.SecondHarmonic()],
    "Linearized": [nn.Linearized("sigmoid"), nn.Linearized("softplus", unit_slope=True), nn.Linearized("tanh")],
    "LowPass": [nn.LowPass(1), nn.LowPass(0)],
    "Pointwise": [nn.Pointwise(name) for name in ("tanh", "sigmoid", "gelu", "silu", "erf")],
    "Polynomial": [
        nn.Polynomial(),
        nn.Polynomial((0.1, 1.0, 0.5, -0.2), exact=True),
        nn.Polynomial((0.1, 1.0, 0.5), trainable=False, gate_band=1),
        nn.Polynomial("gelu", degree=4, method="least-squares", interval=(-2.0, 3.0)),
    ],
    "PositionAffine": [
        nn.PositionAffine(),
        nn.PositionAffine(band=0),
        nn.PositionAffine(gain=False),
        nn.PositionAffine(band=1, offset=False),
    ],
    "PowerNorm": [nn.PowerNorm(epsilon=0.1), nn.PowerNorm("sample", epsilon=0.1)],
    "PowerSpectrum": [nn.PowerSpectrum()],
    "Rescale": [nn.Rescale(), nn.Rescale(2.0, -4.0)],
    "Residual": [
        nn.Residual(nn.Convolution(4)),
        nn.Residual(nn.Sequential((nn.Convolution(3), nn.TruncationPool(3), nn.PowerNorm(epsilon=0.1)))),
        nn.Residual(nn.Convolution(3), nn.Sequential((nn.Convolution(5, 1), nn.TruncationPool(4)))),
    ],
    "Sequential": [
        nn.Sequential(()),
        nn.Sequential((nn.Convolution(2), nn.PowerNorm(epsilon=0.1), nn.Polynomial(), nn.FrequencyDropout())),
        nn.Sequential((nn.LowPass(1), nn.GlobalAverage(), nn.Dense(3))),
    ],
    "SqueezeExcitation": [nn.SqueezeExcitation(2)],
    "StochasticDepth": [nn.StochasticDepth(0.5)],
    "Take": [nn.Take((1, 3, -1)), nn.Take((0, 0, 2, 3, 1, -1, -1)), nn.Take((2,))],
    "TruncationPool": [nn.TruncationPool(3), nn.TruncationPool(4), nn.TruncationPool(1)],
    "Window": [nn.Window(3), nn.Window(1)],
}

# Layers that cannot take a signal of 4 channels on 8 samples, with the error and a part of its message.
INVALID: dict[str, list[tuple[nn.Module, type[FreqnetError], str]]] = {
    "AveragePool": [
        (nn.AveragePool(3), ShapeError, "stride: got .* divisors of the grid"),
        (nn.AveragePool(0, 1), ShapeError, "window: got .* at least 1"),
        (nn.AveragePool((2, 2)), ShapeError, "1 numbers"),
        (nn.AveragePool((2, 2), 1), ShapeError, "1 numbers"),
        (nn.AveragePool(2, 2, "mean"), ConfigurationError, "method: got 'mean'"),
    ],
    "ChannelDropout": [
        (nn.ChannelDropout(1.0), ConfigurationError, "rate of ChannelDropout: got 1.0, expected a number from 0")
    ],
    "Convolution": [
        (nn.Convolution(2, kernel="wavelet"), ConfigurationError, "kernel: got 'wavelet', expected taps or spectral"),
        (nn.Convolution(2, boundary="reflect"), ConfigurationError, "boundary: got 'reflect'"),
        (nn.Convolution(2, boundary="linear"), ShapeError, "linear convolution: got support unknown"),
        (nn.Convolution(3, groups=2), ShapeError, "groups: got 2, expected a divisor of 4 and 3"),
        (nn.Convolution(6, groups=3), ShapeError, "groups: got 3"),
        (nn.Convolution(4, groups=0), ShapeError, "groups: got 0"),
        (nn.Convolution(4, groups=-1), ShapeError, "groups: got -1"),
        (nn.Convolution(4, size=0), ShapeError, "kernel size: got .* at least 1"),
        (nn.Convolution(4, size=(3, 3)), ShapeError, "kernel size: got .* 1 numbers"),
    ],
    "DataConsistency": [
        (nn.DataConsistency(nn.Convolution(3), mask=3), ConfigurationError, "mask of DataConsistency: got 3"),
        (nn.DataConsistency(nn.Convolution(3), mask=0), ConfigurationError, "mask of DataConsistency: got 0"),
        (nn.DataConsistency(nn.Convolution(4)), ShapeError, "body of DataConsistency: got 4 channels"),
        (nn.DataConsistency(nn.TruncationPool(3)), ShapeError, "body of DataConsistency: got 3 channels"),
        (nn.DataConsistency(nn.GlobalAverage()), ShapeError, "body of DataConsistency: got 3 features"),
    ],
    "Dense": [],
    "FrequencyDropout": [
        (nn.FrequencyDropout(8), ConfigurationError, "minimum radius: got 8"),
        (nn.FrequencyDropout(-1), ConfigurationError, "minimum radius: got -1"),
    ],
    "FourierSeries": [
        (nn.FourierSeries("softsign"), ConfigurationError, "series of: got 'softsign', expected sigmoid or"),
        (nn.FourierSeries("step"), ConfigurationError, "function: got 'step'"),
        (nn.FourierSeries(harmonics=0), ConfigurationError, "series: got 0 harmonics"),
        (nn.FourierSeries(reach=0.0), ConfigurationError, "series: got 4 harmonics, reach 0.0"),
        (nn.FourierSeries(wide=0), ConfigurationError, "wide: got 0"),
    ],
    "Gaussian": [
        (nn.Gaussian("step"), ConfigurationError, "activation: got 'step'"),
        (nn.Gaussian(degree=0), ConfigurationError, "degree: got 0, expected 1 to 9"),
        (nn.Gaussian(degree=10), ConfigurationError, "degree: got 10, expected 1 to 9"),
        (nn.Gaussian(statistics="layer"), ConfigurationError, "statistics: got 'layer'"),
        (nn.Gaussian(gate_band=-1), ShapeError, "gate band: got -1"),
    ],
    "GlobalAverage": [],
    "MagnitudeGain": [(nn.MagnitudeGain(0.0), ConfigurationError, "threshold: got 0.0, expected a number above 0")],
    "PhaseGate": [],
    "RealImaginary": [(nn.RealImaginary("softsign"), ConfigurationError, "activation: got 'softsign', expected relu")],
    "SecondHarmonic": [],
    "Linearized": [(nn.Linearized("step"), ConfigurationError, "activation: got 'step', expected identity or sigmoid")],
    "LowPass": [
        (nn.LowPass(8), ShapeError, "band: got .* expected 0 to"),
        (nn.LowPass(-1), ShapeError, "band: got .* expected 0 to"),
    ],
    "Pointwise": [(nn.Pointwise("softsign"), ConfigurationError, "activation: got 'softsign', expected relu")],
    "Polynomial": [
        (nn.Polynomial((1.0,)), ShapeError, "coefficients: got .* at least two"),
        (nn.Polynomial(()), ShapeError, "coefficients: got .* at least two"),
        (nn.Polynomial(gate_band=-1), ShapeError, "gate band: got .* 0 or more"),
        (nn.Polynomial(gate_band=(1, 1)), ShapeError, "gate band: got .* 1 numbers"),
        (nn.Polynomial("step"), ConfigurationError, "activation: got 'step'"),
        (nn.Polynomial("tanh", degree=10), ConfigurationError, "degree: got 10, expected 1 to 9"),
        (nn.Polynomial("tanh", method="best"), ConfigurationError, "method: got 'best', expected taylor or"),
        (nn.Polynomial("tanh", interval=(1.0, 1.0)), ConfigurationError, "interval: got"),
    ],
    "PositionAffine": [
        (nn.PositionAffine(9), ShapeError, "band of PositionAffine: got .* expected 0 to"),
        (nn.PositionAffine(-1), ShapeError, "band of PositionAffine: got .*-1"),
        (nn.PositionAffine(gain=False, offset=False), ConfigurationError, "PositionAffine: got neither field"),
    ],
    "PowerNorm": [(nn.PowerNorm("layer"), ConfigurationError, "statistics: got 'layer'")],
    "PowerSpectrum": [],
    "Rescale": [
        (nn.Rescale((1.0, 2.0)), ConfigurationError, "Rescale scale: got .* 1 or 4 finite numbers other than 0"),
        (nn.Rescale(0.0), ConfigurationError, "Rescale scale"),
        (nn.Rescale(1.0, (float("nan"),)), ConfigurationError, "Rescale offset"),
    ],
    "Residual": [(nn.Residual(nn.GlobalAverage()), ShapeError, "Residual body: got 4 features, expected a signal")],
    "Sequential": [(nn.Sequential((nn.Dense(3), nn.Convolution(2))), ShapeError, "Convolution: got 3 features")],
    "SqueezeExcitation": [(nn.SqueezeExcitation(0), ShapeError, "reduction: got 0")],
    "StochasticDepth": [(nn.StochasticDepth(-0.1), ConfigurationError, "rate of StochasticDepth: got -0.1")],
    "Take": [
        (nn.Take(()), ShapeError, "places: got"),
        (nn.Take((0, 8)), ShapeError, "places: got 8, expected whole numbers from -1 to 7"),
        (nn.Take((-2,)), ShapeError, "places: got -2"),
        (nn.Take(((0,), (1,))), ShapeError, "places: got places for 2 axes"),
        (nn.Take((0.5,)), ShapeError, "places: got"),
    ],
    "TruncationPool": [
        (nn.TruncationPool(9), ShapeError, "pooling size: got"),
        (nn.TruncationPool(0), ShapeError, "pooling size: got"),
    ],
    "Window": [(nn.Window(9), ShapeError, "window: got"), (nn.Window(0), ShapeError, "window: got")],
}
