"""Augmentation inside the domain: random changes of the examples of a batch, without a transform."""

from freqnet.augment.base import Augmentation, Batch, Compose, Kind
from freqnet.augment.mixing import Box, CutMix, Cutout, Mixup
from freqnet.augment.moves import Mirror, Move, QuarterTurns, Shift
from freqnet.augment.values import Brightness, ColourMix, Contrast, LowPass, Noise
from freqnet.augment.warps import Rotate, Warp, Zoom
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
    "Box",
    "Brightness",
    "ColourMix",
    "Compose",
    "Contrast",
    "CutMix",
    "Cutout",
    "Kind",
    "LowPass",
    "Mirror",
    "Mixup",
    "Move",
    "Noise",
    "QuarterTurns",
    "Rotate",
    "Shift",
    "Warp",
    "Word",
    "Zoom",
    "augmentation_words",
    "read_augmentation",
    "read_augmentations",
    "register_augmentation",
]
