"""Optimisers, schedules, gradient clipping and averaged weights, for real parameters that are updated in place."""

from freqnet.optim.averages import AveragedWeights
from freqnet.optim.clipping import Parameter, clip_gradients
from freqnet.optim.muon import Muon
from freqnet.optim.optimizers import SGD, Adam, AdamW, Momentum, Optimizer
from freqnet.optim.schedules import Constant, Cosine, OneCycle, WarmRestarts

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "AveragedWeights",
    "Constant",
    "Cosine",
    "Momentum",
    "Muon",
    "OneCycle",
    "Optimizer",
    "Parameter",
    "WarmRestarts",
    "clip_gradients",
]
