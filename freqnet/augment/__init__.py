"""Augmentation inside the domain: random changes of the examples of a batch, without a transform."""

from freqnet.augment.base import Augmentation, Batch, Compose, Kind
from freqnet.augment.moves import Mirror, Move, QuarterTurns, Shift
from freqnet.augment.values import Brightness, ColourMix, Contrast, LowPass, Noise
from freqnet.augment.words import (
    AUGMENTATIONS,
    Word,
    augmentation_words,
    read_augmentation,
    read_augmentations,
    register_augmentation,
)

__all__ = [
    "AUGMENTATIONS",
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
    "Word",
    "augmentation_words",
    "read_augmentation",
    "read_augmentations",
    "register_augmentation",
]
