"""Networks on measured spectra beside networks on images: simulated scans, undersampled 4 and 8 times.

``python -m freqnet.benchmarks.studies.measured`` measures what is missing, one row per problem, acceleration, network
and seed, and keeps each row in ``benchmarks/results/measured.json``. Names of problems, seeds and networks choose a
part. Both networks get the same spectra. freqnet's reads them as they are, and transforms nothing. The peer, a CNN in
PyTorch, reads the images of the zero-filled spectra; its outputs are made consistent with the measured bins, like those
of freqnet. It needs PyTorch, scikit-image and mlxtend.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from freqnet.benchmarks.studies.operators import relative_error
from freqnet.benchmarks.studies.store import Row, Store
from freqnet.benchmarks.timing import steps_and_inference, threads

from freqnet.data import Dataset, Measured, from_spectra, load, split
from freqnet.data.splits import Split
from freqnet.spaces import transform_count
from freqnet.training import Model, Settings, analyse, evaluate, fit

RESULTS = Path(__file__).parents[1] / "results" / "measured.json"
NETWORKS = ("freqnet", "CNN")
ACCELERATIONS = (4, 8)
# As scanners of fastMRI store their spectra.
CONVENTION = Measured("ortho", centred=True)
PICTURES = ("astronaut", "chelsea", "coffee", "rocket", "brick"), ("camera", "coins", "moon")


@dataclass(frozen=True)
class Problem:
    """Images of which scans are simulated, and how both networks are trained.

    Attributes
    ----------
    name : str
    make : callable
        ``make()`` returns images ``(samples, rows, columns)`` from 0 to 1, targets or None for a reconstruction, and
        the number of images at the end that form the test set, 0 for a fifth at random.
    model : Model
        freqnet's network.
    settings : Settings
        Its training.
    cnn : str or tuple of int
        Name of the peer in `freqnet.benchmarks.peers`, or channels of each of its layers.
    peer_rate : float
        Learning rate of the peer.
    """

    name: str
    make: Callable[[], tuple[np.ndarray, np.ndarray | None, int]]
    model: Model
    settings: Settings
    cnn: str | tuple[int, ...]
    peer_rate: float = 3e-3

    @property
    def is_field(self) -> bool:
        """Whether images are to be reconstructed."""
        return not isinstance(self.cnn, str)


# -- images and scans ----------------------------------------------------------------------------------
def _digits() -> tuple[np.ndarray, np.ndarray | None, int]:
    data = load("digits")
    return data.images[..., 0], data.targets, 0


def _mnist(count: int | None = None) -> tuple[np.ndarray, np.ndarray | None, int]:
    data = load("mnist-5k")
    # They are sorted by class.
    order = np.random.default_rng(0).permutation(len(data))[:count]
    return data.images[order, ..., 0], data.targets[order], 0


def _mnist_images() -> tuple[np.ndarray, np.ndarray | None, int]:
    return _mnist(1500)[0], None, 300


def pictures(size: int = 32, count: int = 160, kept: int = 60) -> tuple[np.ndarray, np.ndarray | None, int]:
    """Return grey patches of scikit-image's pictures; those at the end are from other pictures than the first."""
    from skimage import color, data

    generator, found = np.random.default_rng(0), []
    for names, each in zip(PICTURES, (count, kept), strict=True):
        for name in names:
            picture = getattr(data, name)() / 255
            picture = color.rgb2gray(picture) if picture.ndim == 3 else picture
            # Two points of the picture make one of the patch, which has less noise then.
            picture = (picture[:-1:2, :-1:2] + picture[1::2, 1::2]) / 2
            for _ in range(each):
                row, column = (generator.integers(0, side - size) for side in picture.shape)
                found.append(picture[row : row + size, column : column + size])
    return np.array(found), None, kept * len(PICTURES[1])


def lines(count: int, rows: int, acceleration: int, generator: np.random.Generator) -> np.ndarray:
    """Return Cartesian masks ``(count, rows, 1)``: the centre is whole, other lines are drawn with falling density.

    A twelfth of the lines, or one, is the centre; the density falls with the square of the distance from it.
    """
    total, whole = max(1, round(rows / acceleration)), max(1, rows // 12)
    first = rows // 2 - whole // 2
    density = (1 - np.abs(np.arange(rows) - rows // 2) / (rows // 2 + 1)) ** 2
    density[first : first + whole] = 0
    mask = np.zeros((count, rows, 1), bool)
    mask[:, first : first + whole] = True
    for one in mask:
        one[generator.choice(rows, max(0, total - whole), replace=False, p=density / density.sum())] = True
    return mask


def scans(images: np.ndarray, acceleration: int, seed: int = 0, noise: float = 0.01) -> tuple[np.ndarray, ...]:
    """Simulate scans of images with a smooth phase, in complex noise.

    Parameters
    ----------
    images : ndarray
        ``(samples, rows, columns)``.
    acceleration : int
        Lines of a whole scan per measured line.
    seed : int
        Seed of phases, masks and noise.
    noise : float
        Deviation of the real and of the imaginary part of the noise, per point of the image.

    Returns
    -------
    tuple of ndarray
        The spectra ``(samples, rows, columns)`` with noise, the masks ``(samples, rows, 1)``, and the spectra of the
        images without noise.
    """
    generator = np.random.default_rng(seed)
    count, rows, columns = images.shape
    y, x = (np.linspace(-1, 1, n) for n in (rows, columns))
    slopes = generator.uniform(-0.5, 0.5, (4, count, 1, 1))
    phase = slopes[0] + slopes[1] * x + slopes[2] * y[:, None] + slopes[3] * x * y[:, None]
    whole = np.fft.fftshift(np.fft.fft2(images * np.exp(1j * phase), norm="ortho"), (1, 2))
    spread = generator.normal(0, noise, (2, *whole.shape))
    mask = lines(count, rows, acceleration, generator)
    measured = whole + spread[0] + 1j * spread[1]
    return (measured * mask).astype(np.complex64), mask, whole.astype(np.complex64)


def dataset_of(problem: Problem, acceleration: int) -> Dataset:
    """Return the scans of a problem as a dataset of measured spectra."""
    images, targets, tested = problem.make()
    measured, mask, whole = scans(images, acceleration)
    wanted, task = (whole, "field") if problem.is_field else (targets, "classification")
    return from_spectra(
        measured, wanted, CONVENTION, mask=mask, name=problem.name, official_test=tested, task=task, layout="nyx"
    )


# -- the networks --------------------------------------------------------------------------------------
class Ours:
    """freqnet's default network on measured spectra."""

    def __init__(self, problem: Problem, train: Dataset, seed: int) -> None:
        self.problem, self.seed = problem, seed
        self.network = problem.model.network(train, seed)
        self.parameters = self.network.parameter_count()

    def fit(self, train: Dataset) -> None:
        """Train on the spectra."""
        settings = replace(self.problem.settings, seed=self.seed)
        fit(self.network, analyse(self.network, train), settings=settings)

    def outputs(self, data: Dataset) -> np.ndarray:
        """Return logits, or numbers of bins."""
        return evaluate(self.network, analyse(self.network, data)).outputs


class Peer:
    """A CNN in PyTorch on the images of the zero-filled spectra.

    For classes it is one of `freqnet.benchmarks.peers`; for reconstruction, layers of 3x3 that correct their input,
    whose output keeps the measured bins, by two transforms.
    """

    def __init__(self, problem: Problem, train: Dataset, seed: int) -> None:
        import torch
        from freqnet.benchmarks.peers import adamw, cnn

        torch.manual_seed(seed)
        self.problem, self.torch, self.seed = problem, torch, seed
        if isinstance(problem.cnn, str):
            self.module = cnn(problem.cnn, len(train.classes), (*train.grid, 2))
        else:
            self.module = _corrections(problem.cnn)
        self.optimizer = adamw(self.module, problem.peer_rate, problem.settings.weight_decay)
        self.parameters = sum(p.numel() for p in self.module.parameters())
        images = self.images(train)
        self.mean, self.deviation = images.mean((0, 2, 3), keepdim=True), images.std()

    def images(self, data: Dataset) -> Any:
        """Return the zero-filled images ``(samples, 2, rows, columns)``."""
        measured = data.measured
        assert measured is not None
        return self.tensor(measured.images(measured.without_mask(data.images)))

    def tensor(self, images: np.ndarray) -> Any:
        """Return complex images as real and imaginary channels."""
        parts = np.stack([images[..., 0].real, images[..., 0].imag], axis=1)
        return self.torch.from_numpy(parts.astype(np.float32))

    def forward(self, images: Any, mask: Any) -> Any:
        """Return logits, or reconstructed images."""
        found = self.module((images - self.mean) / self.deviation)
        if not self.problem.is_field:
            return found
        torch = self.torch
        found = images + self.deviation * found
        missing = torch.fft.fft2(torch.complex(*(images - found).unbind(1))) * mask
        kept = torch.fft.ifft2(missing)
        return found + torch.stack([kept.real, kept.imag], 1)

    def masks(self, data: Dataset) -> Any:
        """Return the masks of a field, with bin 0 at index 0, else zeros."""
        if not self.problem.is_field:
            return self.torch.zeros(len(data))
        assert data.measured is not None
        return self.torch.from_numpy(np.fft.ifftshift(data.measured.mask_of(data.images), (1, 2)))

    def wanted(self, data: Dataset) -> Any:
        """Return class numbers, or the images to reconstruct."""
        if not self.problem.is_field:
            return self.torch.from_numpy(data.targets)
        assert data.measured is not None
        return self.tensor(data.measured.images(data.targets))

    def fit(self, train: Dataset) -> None:
        """Train with AdamW, whose learning rate falls like a cosine."""
        torch, settings = self.torch, self.problem.settings
        images, masks, wanted = self.images(train), self.masks(train), self.wanted(train)
        steps = settings.epochs * -(-len(train) // settings.batch)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, steps)
        self.module.train()
        for _ in range(settings.epochs):
            for rows in torch.randperm(len(train)).split(settings.batch):
                self.step(images[rows], masks[rows], wanted[rows])
                schedule.step()

    def step(self, images: Any, masks: Any, wanted: Any) -> None:
        """Take one training step."""
        self.optimizer.zero_grad(set_to_none=True)
        found = self.forward(images, masks)
        if self.problem.is_field:
            # The relative squared error, which is the loss of freqnet's network.
            loss = ((found - wanted).square().sum((1, 2, 3)) / wanted.square().sum((1, 2, 3))).mean()
        else:
            loss = self.torch.nn.functional.cross_entropy(found, wanted, label_smoothing=0.1)
        loss.backward()
        self.optimizer.step()

    def predict(self, images: Any, masks: Any) -> Any:
        """Return logits or images in evaluation mode."""
        self.module.eval()
        with self.torch.no_grad():
            return self.forward(images, masks)

    def outputs(self, data: Dataset) -> np.ndarray:
        """Return logits, or numbers of bins."""
        found = self.predict(self.images(data), self.masks(data)).numpy()
        if not self.problem.is_field:
            return found
        assert data.measured is not None
        return data.measured.bins_of_images((found[:, 0] + 1j * found[:, 1])[..., None])


def _corrections(widths: tuple[int, ...]) -> Any:
    """Return convolutions of 3x3 pixels with batch norm and ReLU, the last of them to two channels."""
    from torch import nn

    layers: list[Any] = []
    channels = 2
    for width in widths:
        layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
        channels = width
    return nn.Sequential(*layers, nn.Conv2d(channels, 2, 3, padding=1))


# -- measures ------------------------------------------------------------------------------------------
def quality(found: np.ndarray, data: Dataset) -> dict[str, float]:
    """Return the mean relative error of complex images, and the mean PSNR and SSIM of their magnitudes.

    Parameters
    ----------
    found : ndarray
        Numbers of bins ``(samples, *grid, channels)``.
    data : Dataset
        A field of measured spectra.
    """
    from skimage.metrics import peak_signal_noise_ratio, structural_similarity

    assert data.measured is not None
    images, wanted = (data.measured.images(bins)[..., 0] for bins in (found, data.targets))
    pairs = list(zip(np.abs(wanted), np.abs(images), strict=True))
    window = min(7, min(images.shape[1:]) - 1 + min(images.shape[1:]) % 2)
    psnr = [peak_signal_noise_ratio(a, b, data_range=a.max()) for a, b in pairs]
    ssim = [structural_similarity(a, b, data_range=a.max(), win_size=window) for a, b in pairs]
    return {"error": relative_error(images, wanted), "psnr": float(np.mean(psnr)), "ssim": float(np.mean(ssim))}


def parts_of(problem: Problem, acceleration: int, seed: int, tuning: bool = False) -> Split:
    """Return the parts of a problem; with `tuning`, a part of the training set stands for the test set."""
    parts = split(dataset_of(problem, acceleration), seed=seed, validation=0.2 if tuning else 0.0)
    return replace(parts, test=parts.validation) if tuning and parts.validation else parts


def measure(problem: Problem, acceleration: int, name: str, seed: int, tuning: bool = False) -> Row:
    """Train a network on scans, and return what it does on the test set.

    Parameters
    ----------
    problem : Problem
    acceleration : int
    name : {"freqnet", "CNN"}
    seed : int
        Seed of the split, of the weights and of the order of examples; the scans are the same for all.
    tuning : bool
        Whether choices are compared: the test set is then not used.
    """
    parts = parts_of(problem, acceleration, seed, tuning)
    before = transform_count()
    with threads(1):
        network = (Peer if name == "CNN" else Ours)(problem, parts.train, seed)
        processor = time.process_time()
        network.fit(parts.train)
        used = time.process_time() - processor
        outputs = network.outputs(parts.test)
    transforms = transform_count() - before
    row: Row = {"problem": problem.name, "acceleration": acceleration, "network": name, "seed": seed}
    if problem.is_field:
        row |= quality(outputs, parts.test)
    else:
        row["accuracy"] = float(np.mean(outputs.argmax(axis=1) == parts.test.targets))
    row |= {"processor_seconds": used, "parameters": network.parameters, "examples": len(parts.train)}
    return row | {"epochs": problem.settings.epochs} | ({"transforms": transforms} if name == "freqnet" else {})


def zero_filled(problem: Problem, acceleration: int) -> Row:
    """Return the quality of the images of the spectra as they were measured, on the test set of seed 0."""
    test = parts_of(problem, acceleration, 0).test
    assert test.measured is not None
    bins = test.measured.without_mask(test.images)
    return {"problem": problem.name, "acceleration": acceleration, "network": "zero-filled", **quality(bins, test)}


def speed(problem: Problem, acceleration: int = 4, batch: int = 64, seconds: float = 0.5) -> Row:
    """Return seconds of a training step and of the inference of a batch, of both networks in turns on one core.

    The inference of the peer includes the transform of its input, as that of freqnet includes its door.
    """
    from freqnet.training.fit import Run

    train = parts_of(problem, acceleration, 0).train.take(np.arange(batch))
    ours, peer = Ours(problem, train, 0), Peer(problem, train, 0)
    ours.network.train()
    run = Run.begin(ours.network, replace(problem.settings, batch=batch), analyse(ours.network, train))
    drawn = next(iter(run.batches(np.random.default_rng(0))))
    images, masks, wanted = peer.images(train), peer.masks(train), peer.wanted(train)
    peer.module.train()
    steps = lambda: run.step(drawn), lambda: peer.step(images, masks, wanted)
    inference = lambda: ours.network.predict(train.images), lambda: peer.predict(peer.images(train), masks)
    return {"problem": problem.name, "batch": batch, **steps_and_inference(steps, inference, seconds)}


# Chosen on validation parts of the training sets.
_CLASSES = Settings(epochs=15, batch=64, learning_rate=1e-2, optimizer="muon", weight_decay=1e-2)
_IMAGES = Settings(epochs=15, batch=32, learning_rate=1e-2, optimizer="muon", loss="relative", weight_decay=1e-4)
PROBLEMS = {
    "digits": Problem("digits", _digits, Model(), replace(_CLASSES, epochs=30), "CNN 5x5, 16-32-32"),
    "mnist-5k": Problem("mnist-5k", _mnist, Model(), _CLASSES, "CNN 5x5, 16-32-32", peer_rate=1e-2),
    "mnist-images": Problem(
        "mnist-images", _mnist_images, Model(form="operator", widths=(16, 16)), _IMAGES, (32, 32, 32)
    ),
    "pictures": Problem("pictures", pictures, Model(form="operator", widths=(16, 16)), _IMAGES, (32, 32, 32)),
}


def main() -> None:
    """Measure what is missing, and print each row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", default=",".join(PROBLEMS), help="names of problems, with commas")
    parser.add_argument("--networks", default=",".join(NETWORKS), help="freqnet, CNN or both")
    parser.add_argument("--seeds", default="0,1,2", help="seeds, with commas")
    parser.add_argument("--speed", action="store_true", help="only time both networks in turns")
    options = parser.parse_args()
    rows, ratios = Store(RESULTS), Store(RESULTS, "speed")
    for name in options.problems.split(","):
        problem = PROBLEMS[name]
        ratios.fill(speed, problem, problem=name)
        for acceleration in () if options.speed else ACCELERATIONS:
            own = {"problem": name, "acceleration": acceleration}
            if problem.is_field:
                rows.fill(zero_filled, problem, acceleration, **own, network="zero-filled")
            for seed in map(int, options.seeds.split(",")):
                for network in options.networks.split(","):
                    rows.fill(measure, problem, acceleration, network, seed, **own, network=network, seed=seed)


if __name__ == "__main__":
    main()
