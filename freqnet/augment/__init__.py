"""Augmentation inside the domain: random changes of the examples of a batch, without a transform."""

from freqnet.augment.base import Augmentation, Batch, Compose, Kind
from freqnet.augment.moves import Mirror, Move, QuarterTurns, Shift
from freqnet.augment.values import Brightness, ColourMix, Contrast, LowPass, Noise

__all__ = [
    "Augmentation",
    "Batch",
    "Brightness",
    "ColourMix",
    "Compose",
    "Contrast",
    "Kind",
    "LowPass",
    "Mirror",
    "Move",
    "Noise",
    "QuarterTurns",
    "Shift",
]
