"""The networks people would use instead: small PyTorch CNNs, trained on the same split and schedule.

Every network has batch normalisation, ReLU and max pooling, runs channels-last, and is trained with AdamW,
label smoothing and a cosine schedule with warm-up, as freqnet's own runs are. Shift augmentation moves
each image by a random sub-pixel amount (bilinear), as a phase ramp does in freqnet.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from freqnet.data import Split
from freqnet.optim import Cosine
from freqnet.training import Settings

# Kernel size, channels of the convolutions, hidden units of the head. LeNet-5 has its own two layers.
PEERS = {
    "LeNet-5": (5, (6, 16), (120, 84)),
    "CNN 3x3, 8-16-16": (3, (8, 16, 16), ()),
    "CNN 3x3, 16-32-32": (3, (16, 32, 32), ()),
    "CNN 5x5, 16-32-32": (5, (16, 32, 32), ()),
}


@dataclass(frozen=True)
class PeerResult:
    """What a peer reached: accuracy on the held-out part, seconds of training, parameters."""

    accuracy: float
    seconds: float
    parameters: int


def build(name: str, classes: int = 10):
    """Return an untrained peer for 28x28 grey images."""
    import torch
    from torch import nn

    size, widths, hidden = PEERS[name]
    layers: list[nn.Module] = []
    channels, side = 1, 28
    for width in widths:
        layers += [
            nn.Conv2d(channels, width, size, padding=size // 2, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        ]
        channels, side = width, side // 2
    layers.append(nn.Flatten())
    count = channels * side * side
    for width in hidden:
        layers += [nn.Linear(count, width), nn.ReLU(inplace=True)]
        count = width
    layers.append(nn.Linear(count, classes))
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def train_peer(name: str, parts: Split, settings: Settings, threads: int = 2) -> PeerResult:
    """Train a peer on the same split, settings and seed, and measure it on the held-out part."""
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(settings.seed)
    model = build(name, len(parts.train.classes))
    images, labels = _tensors(parts.train)
    kernels = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": kernels, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=settings.learning_rate,
        fused=True,
    )
    generator = np.random.default_rng(settings.seed)
    steps = -(-len(images) // settings.batch)
    schedule = Cosine(settings.learning_rate, settings.epochs * steps, warmup=settings.epochs * steps // 20)
    start, step = time.perf_counter(), 0
    for _ in range(settings.epochs):
        model.train()
        order = torch.from_numpy(generator.permutation(len(images)))
        for first in range(0, len(images), settings.batch):
            index = order[first : first + settings.batch]
            x = _shifted(images[index], settings.shift, generator) if settings.shift else images[index]
            loss = torch.nn.functional.cross_entropy(model(x), labels[index], label_smoothing=settings.smoothing)
            for group in optimizer.param_groups:
                group["lr"] = schedule(step)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            step += 1
    seconds = time.perf_counter() - start
    model.eval()
    test_images, test_labels = _tensors(parts.test)
    with torch.no_grad():
        accuracy = float((model(test_images).argmax(1) == test_labels).float().mean())
    return PeerResult(accuracy, seconds, sum(p.numel() for p in model.parameters()))


def _tensors(dataset):
    import torch

    images = torch.from_numpy(np.moveaxis(dataset.images, -1, 1).copy()).to(memory_format=torch.channels_last)
    mean, std = 0.1307, 0.3081
    return (images - mean) / std, torch.from_numpy(dataset.labels)


def _shifted(x, most: float, generator: np.random.Generator):
    import torch

    moves = torch.from_numpy(generator.uniform(-most, most, (len(x), 2)).astype(np.float32))
    theta = torch.zeros(len(x), 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 1.0
    theta[:, :, 2] = moves * 2 / x.shape[-1]
    grid = torch.nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
    return torch.nn.functional.grid_sample(x, grid, padding_mode="border", align_corners=False).contiguous(
        memory_format=torch.channels_last
    )
