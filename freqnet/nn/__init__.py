"""Layers, each written once against the verbs of a space, and networks with one transform at the door."""

from freqnet.nn.activation import Linearized, Pointwise, Polynomial
from freqnet.nn.containers import NormalizedGaussian, NormalizedPolynomial, Residual, Sequential
from freqnet.nn.convolution import Convolution, Window
from freqnet.nn.door import Door
from freqnet.nn.dropout import ChannelDropout, FrequencyDropout, StochasticDepth
from freqnet.nn.fitted import FourierSeries, Gaussian
from freqnet.nn.head import Dense, GlobalAverage, PowerSpectrum, Rescale
from freqnet.nn.measured import DataConsistency, MeasuredDoor
from freqnet.nn.module import LAYERS, Features, Module, Signal, evaluation, from_description, layer
from freqnet.nn.network import Network
from freqnet.nn.normalization import PowerNorm
from freqnet.nn.perbin import MagnitudeGain, PhaseGate, RealImaginary, SecondHarmonic
from freqnet.nn.plans import Compiled, tape_only
from freqnet.nn.pooling import AveragePool, LowPass, Take, TruncationPool
from freqnet.nn.position import PositionAffine
from freqnet.nn.rollout import rollout
from freqnet.nn.squeeze import SqueezeExcitation
from freqnet.nn.twin import TwinReport, compare_with_twin

__all__ = [
    "LAYERS",
    "AveragePool",
    "ChannelDropout",
    "Compiled",
    "Convolution",
    "DataConsistency",
    "Dense",
    "Door",
    "Features",
    "FourierSeries",
    "FrequencyDropout",
    "Gaussian",
    "GlobalAverage",
    "Linearized",
    "LowPass",
    "MagnitudeGain",
    "MeasuredDoor",
    "Module",
    "Network",
    "NormalizedGaussian",
    "NormalizedPolynomial",
    "PhaseGate",
    "Pointwise",
    "Polynomial",
    "PositionAffine",
    "PowerNorm",
    "PowerSpectrum",
    "RealImaginary",
    "Rescale",
    "Residual",
    "SecondHarmonic",
    "Sequential",
    "Signal",
    "SqueezeExcitation",
    "StochasticDepth",
    "Take",
    "TruncationPool",
    "TwinReport",
    "Window",
    "compare_with_twin",
    "evaluation",
    "from_description",
    "layer",
    "rollout",
    "tape_only",
]
