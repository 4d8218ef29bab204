"""A picture of augmentations; `figures.py` draws it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from drawing import GREY, figure, panels
from matplotlib.figure import Figure

from freqnet import Fourier, Tensor, ops
from freqnet.augment import (
    Augmentation,
    Batch,
    Brightness,
    ColourMix,
    Contrast,
    CutMix,
    Cutout,
    LowPass,
    Mirror,
    Mixup,
    Move,
    Noise,
    QuarterTurns,
    Rotate,
    Shift,
    Zoom,
)

SIZE, BAND = 64, 25


def photographs() -> np.ndarray:
    """Return two square photographs that come with scikit-learn, ``(2, SIZE, SIZE, 3)``, from 0 to 1."""
    from sklearn.datasets import load_sample_images

    china, flower = (image[14:414, 140:540].astype(float) / 255 for image in load_sample_images().images)
    pair = ops.analysis(np.stack([flower, china]), Fourier.on((400, 400), BAND))
    return ops.synthesis(pair, (SIZE, SIZE)).data


def moved(change: Move, *moves: float) -> Callable[[Batch], Tensor]:
    """Return a function that moves the first example of a batch."""
    return lambda batch: change.moved(batch.x, np.array([moves, moves]), batch.space)


def drawn(change: Augmentation, seed: int) -> Callable[[Batch], Tensor]:
    """Return a function that changes a batch at random."""
    return lambda batch: change(batch, np.random.default_rng(seed)).x


CHANGES: dict[str, Callable[[Batch], Tensor]] = {
    "as it is": lambda batch: batch.x,
    "mirror": drawn(Mirror(1), 0),
    "turns": moved(QuarterTurns(), 1),
    "shift": moved(Shift(20), 6.5, 18.25),
    "rotate": moved(Rotate(20), 16),
    "zoom": moved(Zoom(0.5), 16),
    "brightness": drawn(Brightness(1), 4),
    "contrast": drawn(Contrast(0.9), 4),
    "colour": drawn(ColourMix(0.4), 3),
    "noise": drawn(Noise(0.4), 0),
    "lowpass": drawn(LowPass(0.15), 11),
    "cutout": drawn(Cutout(0.4, 1), 3),
    "mixup": drawn(Mixup(3), 8),
    "cutmix": drawn(CutMix(1, 1), 6),
}


@figure
def augmentations() -> Figure:
    """Draw one photograph under each augmentation."""
    images = photographs()
    mean, scale = images.mean((0, 1, 2)), images.std((0, 1, 2))
    x = ops.analysis((images - mean) / scale, Fourier.on((SIZE, SIZE), BAND))
    batch = Batch(x, np.array([0, 1]))
    with panels(2, 7, (8.4, 2.75)) as (drawing, axes):
        for panel, (title, change) in zip(axes.ravel(), CHANGES.items(), strict=True):
            panel.imshow(np.clip(ops.synthesis(change(batch)).data[0] * scale + mean, 0, 1), interpolation="nearest")
            panel.set(title=title, xticks=[], yticks=[])
            for spine in panel.spines.values():
                spine.set(visible=True, color=GREY)
    return drawing
