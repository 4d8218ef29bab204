"""Peers in PyTorch: small CNNs, a Fourier neural operator, and a network that switches domains; CNNs also in ONNX.

Each is written in its fastest form: CNNs with fused AdamW and in the faster of two memory layouts (see
`freqnet.benchmarks.networks.Peer`), spectral networks with batched matrix products where these are faster than einsum.
This file imports PyTorch, an optional dependency; other files import it only inside functions.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch._inductor.config
from scipy.fft import next_fast_len
from torch import nn

from freqnet.nn import Convolution, Network, Polynomial, PowerNorm, TruncationPool
from freqnet.ops.pool import resampled
from freqnet.spaces.base import per_axis

# Kernel size, channels of the convolutions, hidden units of the head; a group of convolutions has one pooling after it.
# The CNNs with 64 channels are for colour images.
CNNS: dict[str, tuple[int, tuple[int | tuple[int, ...], ...], tuple[int, ...]]] = {
    "LeNet-5": (5, (6, 16), (120, 84)),
    "CNN 3x3, 8-16-16": (3, (8, 16, 16), ()),
    "CNN 3x3, 16-32-32": (3, (16, 32, 32), ()),
    "CNN 5x5, 16-32-32": (5, (16, 32, 32), ()),
    "CNN 3x3, 32-64-128": (3, (32, 64, 128), ()),
    "CNN 3x3, 32-64-96-128": (3, (32, 64, 96, 128), ()),
    "CNN 3x3, twice 16-32-64": (3, ((16, 16), (32, 32), (64, 64)), ()),
    "CNN 3x3, twice 32-64-128": (3, ((32, 32), (64, 64), (128, 128)), ()),
}
# The end of the name of a CNN whose max pooling is without aliases.
SMOOTH = ", anti-aliased"
GREY = (28, 28, 1)


def cnn(name: str, classes: int = 10, shape: tuple[int, int, int] = GREY) -> nn.Module:
    """Return an untrained CNN: convolutions, each with batch norm and ReLU, max pooling, and a dense head.

    Parameters
    ----------
    name : str
        One of `CNNS`, or one with ``, anti-aliased`` after it: the maximum of each 2x2 pixels is then smoothed before
        it is sampled (Zhang 2019).
    classes : int
        Number of logits.
    shape : tuple of int
        Height, width and channels of the images; they are square.
    """
    size, groups, hidden = CNNS[name.removesuffix(SMOOTH)]
    layers: list[nn.Module] = []
    _, side, channels = shape
    for group in groups:
        for width in (group,) if isinstance(group, int) else group:
            convolution = nn.Conv2d(channels, width, size, padding=size // 2, bias=False)
            layers += [convolution, nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
            channels = width
        layers += [nn.MaxPool2d(2, stride=1), _Blur(channels)] if name.endswith(SMOOTH) else [nn.MaxPool2d(2)]
        side //= 2
    layers.append(nn.Flatten())
    count = channels * side * side
    for width in hidden:
        layers += [nn.Linear(count, width), nn.ReLU(inplace=True)]
        count = width
    layers.append(nn.Linear(count, classes))
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


class _Blur(nn.Module):
    """Smooth by a triangle of 3x3 pixels, and keep every other pixel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        line = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("kernel", (line[:, None] * line).expand(channels, 1, 3, 3).clone())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        wide = nn.functional.pad(x, (1, 1, 1, 1), mode="reflect")
        return nn.functional.conv2d(wide, self.kernel, stride=2, groups=x.shape[1])


def images_of(array: np.ndarray, mean: Any = 0.1307, deviation: Any = 0.3081) -> torch.Tensor:
    """Convert images ``(batch, height, width, channels)`` to a standardised channels-last tensor.

    The mean and the standard deviation are those of MNIST, or one number or one per channel.
    """
    images = ((array - mean) / deviation).astype(np.float32)
    return torch.from_numpy(np.moveaxis(images, -1, 1)).contiguous(memory_format=torch.channels_last)


def adamw(model: nn.Module, learning_rate: float = 1e-3, weight_decay: float = 0.0) -> torch.optim.Optimizer:
    """Return fused AdamW, with weight decay on kernels and matrices only."""
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=learning_rate, fused=not any(p.is_complex() for p in model.parameters()))


def step(model: nn.Module, optimizer: Any, x: torch.Tensor, y: torch.Tensor) -> None:
    """Take one training step on the cross entropy with label smoothing."""
    loss = nn.functional.cross_entropy(model(x), y, label_smoothing=0.1)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()


def compiled(model: nn.Module) -> nn.Module:
    """Return a model that compiles itself by ``torch.compile`` at its first call, once for each shape of batches."""
    # A full graph and fixed shapes: the fastest code, and an error in place of a silent return to the eager model.
    torch._dynamo.reset()
    # The compiler's own processes would count as other programs (`freqnet.benchmarks.timing.Load`).
    torch._inductor.config.compile_threads = 1
    return torch.compile(model, dynamic=False, fullgraph=True)  # type: ignore[return-value]


def onnx_session(model: nn.Module, images: torch.Tensor, threads: int) -> Any:
    """Return an ONNX Runtime session of a model in evaluation mode, for batches of any size.

    The exporter and the runtime merge batch norm into the convolutions. The weights have no influence on the time.

    Parameters
    ----------
    model : Module
    images : Tensor
        Two or more images, as the model takes them.
    threads : int
        Threads of the session.
    """
    import onnxruntime

    model.eval()
    file, log = io.BytesIO(), logging.getLogger("torch.onnx")
    level, batch = log.level, torch.export.Dim("batch")
    # The exporter warns about packages that it could use, and uses deprecated parts of PyTorch itself.
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                model, (images[:2],), file, input_names=["x"], dynamic_shapes=({0: batch},), dynamo=True, verbose=False
            )
    finally:
        log.setLevel(level)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])


# -- the same network, switching domains ---------------------------------------------------------------
class RoundTrip(nn.Module):
    """A freqnet network that switches domains: products per mode on the spectrum, activations on samples.

    Spectra are ``(batch, channels, ky, kx)`` in FFT order, with kx from 0 up. Each activation transforms to samples, on
    the smallest grid on which the square does not alias, and back.

    Parameters
    ----------
    network : Network
        Network on 2-D images, of truncation pooling, convolutions by taps, normalised quadratics and a dense head.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        space, channels = network.door.space, network.door.channels
        layers = list(network.body.layers)  # type: ignore[attr-defined]
        for layer, after in zip(layers, [*layers[1:], None], strict=True):
            if isinstance(layer, TruncationPool):
                stages.append(_Crop(layer.kept_band(space)))
                space = resampled(space, per_axis(layer.size, 2, "size"))
            elif isinstance(layer, Convolution):
                stages.append(_ModeProducts(layer, space, channels))
                channels = layer.channels
            elif isinstance(layer, PowerNorm) and isinstance(after, Polynomial):
                stages.append(_ActivateSamples(channels, space.band, after.kept or space.band))
            elif isinstance(layer, PowerNorm):
                stages.append(_Norm(channels, space))
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(2 * channels * (2 * space.band[0] + 1) * (space.band[1] + 1), network.outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute logits of spectra ``(batch, channels, ky, kx)``."""
        return self.head(torch.view_as_real(self.stages(x)).flatten(1))


def spectra_of(array: np.ndarray) -> torch.Tensor:
    """Convert spectra ``(ky, kx, batch, channels)`` of freqnet to ``(batch, channels, ky, kx)`` in FFT order."""
    ordered = np.fft.ifftshift(array, axes=0)
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(ordered, (2, 3), (0, 1))))


def crop(x: torch.Tensor, band: Sequence[int]) -> torch.Tensor:
    """Keep ``|k| <= band`` of spectra in FFT order."""
    # By slices, because indexing by a list is slow to differentiate.
    low, high = x[..., : band[0] + 1, : band[1] + 1], x[..., x.shape[-2] - band[0] :, : band[1] + 1]
    return torch.cat([low, high], dim=-2)


def pad(x: torch.Tensor, grid: Sequence[int]) -> torch.Tensor:
    """Zero-pad a half spectrum in FFT order to that of a finer grid."""
    band, width = (x.shape[-2] - 1) // 2, x.shape[-1]
    padded = x.new_zeros(*x.shape[:-2], grid[0], grid[1] // 2 + 1)
    padded[..., : band + 1, :width] = x[..., : band + 1, :]
    padded[..., grid[0] - band :, :width] = x[..., band + 1 :, :]
    return padded


class _Crop(nn.Module):
    def __init__(self, band: Sequence[int]) -> None:
        super().__init__()
        self.band = tuple(band)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x if x.shape[-2] == 2 * self.band[0] + 1 else crop(x, self.band)


class _ModeProducts(nn.Module):
    """One matrix product over channels per mode, with the frequency response of kernels of a few taps."""

    def __init__(self, layer: Convolution, space: Any, inputs: int) -> None:
        super().__init__()
        from freqnet.spaces.parametrisations import kernel_response

        size = (layer.size, layer.size) if isinstance(layer.size, int) else tuple(layer.size)
        basis = kernel_response("taps", size, space.grid, space.band).reshape(*space.shape, -1)
        basis = np.fft.ifftshift(basis, axes=0).reshape(-1, size[0] * size[1])
        self.register_buffer("basis", torch.from_numpy(basis.astype(np.complex64)))
        count = size[0] * size[1]
        self.taps = nn.Parameter(torch.randn(count, inputs * layer.channels) / (count * inputs) ** 0.5)
        self.shape = (inputs, layer.channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, _, height, width = x.shape
        response = (self.basis @ self.taps.to(self.basis.dtype)).view(height * width, *self.shape)
        # One batched product with modes first: einsum is slower on this layout.
        y = torch.bmm(x.flatten(2).permute(2, 0, 1), response)
        return y.permute(1, 2, 0).reshape(batch, self.shape[1], height, width)


class _ActivateSamples(nn.Module):
    """Transform to samples, normalise and apply the quadratic there, and transform back."""

    def __init__(self, channels: int, band: Sequence[int], kept: Sequence[int]) -> None:
        super().__init__()
        # The square has the band 2m and may alias only onto modes that are not kept.
        self.grid = tuple(next_fast_len(2 * m + c + 1, real=True) for m, c in zip(band, kept, strict=True))
        self.kept = tuple(kept)
        self.norm = nn.BatchNorm2d(channels)
        start = torch.tensor([0.0, 1.0, 0.25]).view(3, 1, 1, 1)
        self.coefficients = nn.Parameter(start.repeat(1, channels, 1, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        samples = self.norm(torch.fft.irfft2(pad(x, self.grid), s=self.grid, norm="forward"))
        constant, linear, quadratic = self.coefficients
        samples = constant + samples * (linear + quadratic * samples)
        return crop(torch.fft.rfft2(samples, norm="forward"), self.kept)


class _Norm(nn.Module):
    """Batch normalisation of the spectrum by Parseval's sum: before the head no transform is needed."""

    def __init__(self, channels: int, space: Any) -> None:
        super().__init__()
        self.gain, self.offset = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        self.register_buffer("weights", torch.tensor([1.0] + [2.0] * space.band[1]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        mean = x[..., 0, 0].real.mean(dim=0)
        parts = torch.view_as_real(x)
        power = (parts.square().sum(dim=(0, 2, 4)) * self.weights).sum(dim=-1) / x.shape[0]
        factor = self.gain * (power - mean.square() + 1e-5).rsqrt()
        out = x * factor[:, None, None]
        start = torch.zeros_like(out[:1])
        start[..., 0, 0] = self.offset - mean * factor
        return out + start


# -- Fourier neural operator ---------------------------------------------------------------------------
class FNO(nn.Module):
    """Fourier neural operator of Li et al. 2021 (as in the package neuraloperator), on images, with a dense head.

    Parameters
    ----------
    modes : int
        Modes kept along each axis: ``|k| <= (modes - 1) / 2``.
    width : int
        Channels of every layer.
    layers : int
        Number of Fourier layers.
    classes : int
        Number of logits.
    """

    def __init__(self, modes: int, width: int, layers: int = 3, classes: int = 10) -> None:
        super().__init__()
        self.lift = nn.Conv2d(1, width, 1)
        self.layers = nn.ModuleList(_FourierLayer(modes, width) for _ in range(layers))
        self.head = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute logits of images ``(batch, 1, height, width)``."""
        x = self.lift(x)
        for layer in self.layers:
            x = nn.functional.gelu(layer(x))
        return self.head(x.mean(dim=(-2, -1)))


class _FourierLayer(nn.Module):
    def __init__(self, modes: int, width: int) -> None:
        super().__init__()
        self.band = (modes - 1) // 2
        shape = (width, width, 2 * self.band + 1, self.band + 1)
        self.weight = nn.Parameter(torch.randn(*shape, dtype=torch.cfloat) / width)
        self.skip = nn.Conv2d(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        spectrum = torch.fft.rfft2(x)
        kept = torch.einsum("bixy,ioxy->boxy", crop(spectrum, (self.band, self.band)), self.weight)
        return torch.fft.irfft2(pad(kept, x.shape[-2:]), s=x.shape[-2:]) + self.skip(x)
