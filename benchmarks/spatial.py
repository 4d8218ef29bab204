"""Training of networks on pixels, in PyTorch, with the choices of a freqnet training.

This file imports PyTorch, an optional dependency; other files import it only inside functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from freqnet.training import Settings

from .peers import adamw, step

# Changes a batch of images (batch, channels, height, width) at random.
Augment = Callable[[torch.Tensor, np.random.Generator], torch.Tensor]


class Muon:
    """PyTorch's Muon for the kernels, and fused AdamW for the last layer and all vectors.

    The step is as long as that of `freqnet.optim.Muon`, so that both share learning rate and weight decay. PyTorch's
    Muon takes matrices alone: it gets a view of each kernel, which shares its memory.

    Parameters
    ----------
    model : Module
    learning_rate, weight_decay : float
    """

    def __init__(self, model: nn.Module, learning_rate: float, weight_decay: float) -> None:
        *self.kernels, last = (p for p in model.parameters() if p.ndim > 1)
        rest = [p for p in model.parameters() if p.ndim <= 1]
        self.matrices = [nn.Parameter(_matrix(p.detach())) for p in self.kernels]
        self.muon = torch.optim.Muon(
            self.matrices, learning_rate, weight_decay, adjust_lr_fn="match_rms_adamw", ns_steps=5
        )
        groups = [{"params": [last], "weight_decay": weight_decay}, {"params": rest, "weight_decay": 0.0}]
        self.adamw = torch.optim.AdamW(groups, lr=learning_rate, fused=True)
        self.param_groups = [*self.muon.param_groups, *self.adamw.param_groups]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for parameter in (*self.kernels, *self.matrices):
            parameter.grad = None
        self.adamw.zero_grad(set_to_none)

    def step(self) -> None:
        """Update all parameters."""
        for kernel, matrix in zip(self.kernels, self.matrices, strict=True):
            matrix.grad = None if kernel.grad is None else _matrix(kernel.grad)
        self.muon.step()
        self.adamw.step()


def _matrix(kernel: torch.Tensor) -> torch.Tensor:
    """Return a kernel as a matrix with one row per output, as a view."""
    if kernel.ndim == 4 and kernel.is_contiguous(memory_format=torch.channels_last):
        kernel = kernel.permute(0, 2, 3, 1)
    return kernel.view(len(kernel), -1)


def make_optimizer(model: nn.Module, settings: Settings) -> torch.optim.Optimizer | Muon:
    """Return the optimiser that the settings name: Muon, or AdamW in place of all others."""
    make = Muon if settings.optimizer == "muon" else adamw
    return make(model, settings.learning_rate, settings.weight_decay)


def fit(
    model: nn.Module,
    images: torch.Tensor,
    labels: torch.Tensor,
    settings: Settings,
    augment: Augment | None = None,
    after_epoch: Callable[[float], None] | None = None,
) -> None:
    """Train a model with the epochs, batches, schedule and optimiser of freqnet's settings.

    Parameters
    ----------
    model : Module
    images : Tensor
        Standardised images ``(examples, channels, height, width)``, in the memory layout of the model.
    labels : Tensor
        Classes ``(examples,)``.
    settings : Settings
        Its shift and its augmentations are not used.
    augment : callable, optional
        Changes a batch of images at random.
    after_epoch : callable, optional
        Called after each epoch with the seconds of training so far; its own time does not count.
    """
    optimizer, generator = make_optimizer(model, settings), np.random.default_rng(settings.seed)
    layout = torch.channels_last if images.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    count = settings.epochs * -(-len(images) // settings.batch)
    schedule, seconds, done = settings.make_schedule(count), 0.0, 0
    for _ in range(settings.epochs):
        start = time.perf_counter()
        model.train()
        for index in torch.from_numpy(generator.permutation(len(images))).split(settings.batch):
            x = images[index] if augment is None else augment(images[index], generator)
            for group in optimizer.param_groups:
                group["lr"] = schedule(done)
            step(model, optimizer, x.contiguous(memory_format=layout), labels[index])
            done += 1
        seconds += time.perf_counter() - start
        if after_epoch is not None:
            model.eval()
            after_epoch(seconds)


def shifted(x: torch.Tensor, most: float, generator: np.random.Generator) -> torch.Tensor:
    """Move images by up to ``most`` pixels along each axis, fractions included, bilinearly."""
    moves = torch.from_numpy(generator.uniform(-most, most, (len(x), 2)).astype(np.float32))
    theta = torch.zeros(len(x), 2, 3)
    theta[:, 0, 0] = theta[:, 1, 1] = 1.0
    theta[:, :, 2] = moves * 2 / x.shape[-1]
    grid = nn.functional.affine_grid(theta, list(x.shape), align_corners=False)
    return nn.functional.grid_sample(x, grid, padding_mode="border", align_corners=False)


def cropped(x: torch.Tensor, most: int, generator: np.random.Generator) -> torch.Tensor:
    """Move images by up to ``most`` whole pixels along each axis: crops of images with a reflected border.

    >>> x = torch.arange(9.0).view(1, 1, 3, 3)
    >>> bool(torch.isin(cropped(x, 1, np.random.default_rng(0)), x).all())
    True
    """
    count, _, height, width = x.shape
    wide = nn.functional.pad(x, (most,) * 4, mode="reflect")
    windows = wide.unfold(2, height, 1).unfold(3, width, 1)
    y, z = torch.from_numpy(generator.integers(0, 2 * most + 1, (2, count)))
    return windows[torch.arange(count), :, y, z]


def mirrored(x: torch.Tensor, generator: np.random.Generator) -> torch.Tensor:
    """Mirror half of the images, at random, from left to right."""
    chosen = torch.from_numpy(generator.random(len(x)) < 0.5)
    return torch.where(chosen[:, None, None, None], x.flip(-1), x)
