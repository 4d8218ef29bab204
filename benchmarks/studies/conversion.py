"""Study of conversion: CNNs that PyTorch has trained, converted through ONNX and from PyTorch, and trained on.

    python -m benchmarks.studies.conversion

writes benchmarks/results/conversion.json: accuracy on held-out digits of the original, after conversion, and after
one more epoch; the error of each layer; the difference between both ways; and seconds. Each seed has its own weights
and held-out digits. ``--only NAME`` measures one network. With other programs on the machine, set OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from freqnet.convert import Conversion, from_onnx, from_torch
from freqnet.data import Split, load, split
from freqnet.training import Settings, analyse, evaluate, fit
from freqnet.training.files import write_json

from .. import spatial
from ..peers import cnn, images_of

RESULTS = Path(__file__).parents[1] / "results" / "conversion.json"
MEAN, DEVIATION = 0.1307, 0.3081
SEEDS = 3
# Epochs of the originals, and the one epoch after conversion.
TRAINED = Settings(epochs=8)
TUNED = Settings(epochs=1, learning_rate=1e-3)
# Modes along each axis; all of them take several times as long for the same accuracy.
MODES = 17


class Block(nn.Module):
    """Two convolutions with a shortcut around them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*convolution(channels, channels), *convolution(channels, channels)[:-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.body(x))


def convolution(inputs: int, outputs: int, size: int = 3) -> list[nn.Module]:
    """Return a convolution with zero padding, batch norm and ReLU."""
    return [nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]


def with_maxima() -> nn.Module:
    """Return the CNN of the benchmarks, with max pooling."""
    return cnn("CNN 3x3, 16-32-32").to(memory_format=torch.contiguous_format)


def with_averages() -> nn.Module:
    """Return the same CNN with average pooling."""
    return nn.Sequential(*(nn.AvgPool2d(2) if isinstance(m, nn.MaxPool2d) else m for m in with_maxima().children()))


def lenet() -> nn.Module:
    """Return LeNet-5 with average pooling and ReLU."""
    stages = [*convolution(1, 6, 5), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten()]
    return nn.Sequential(*stages, nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


def residual() -> nn.Module:
    """Return a CNN with two residual blocks."""
    first = [*convolution(1, 16), nn.AvgPool2d(2), Block(16)]
    second = [*convolution(16, 32), nn.AvgPool2d(2), Block(32)]
    return nn.Sequential(*first, *second, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "LeNet-5": lenet,
    "CNN 3x3, 16-32-32, average pooling": with_averages,
    "CNN 3x3, 16-32-32, max pooling": with_maxima,
    "CNN 3x3, residual blocks": residual,
}


def trained(name: str, parts: Split, seed: int) -> nn.Module:
    """Return a CNN that is trained on the training part."""
    torch.manual_seed(seed)
    model = NETWORKS[name]()
    images = images_of(parts.train.images, MEAN, DEVIATION).contiguous()
    spatial.fit(model, images, torch.from_numpy(parts.train.targets), replace(TRAINED, seed=seed))
    return model.eval()


def logits_of(model: nn.Module, images: torch.Tensor) -> np.ndarray:
    """Return the logits of images in evaluation mode."""
    with torch.no_grad():
        return model(images).numpy()  # type: ignore[no-any-return]


def timed(function: Callable[[], Any]) -> tuple[Any, float]:
    """Return a result, and the seconds that it took."""
    start = time.perf_counter()
    return function(), time.perf_counter() - start


def measured(name: str, seed: int) -> dict[str, Any]:
    """Return the figures of one network: of the original, and of its conversion by both ways."""
    parts = split(load("mnist-5k"), seed=seed)
    model, seconds = timed(lambda: trained(name, parts, seed))
    images = images_of(parts.test.images, MEAN, DEVIATION).contiguous()
    logits, inference = timed(lambda: logits_of(model, images))
    accuracy = float((logits.argmax(axis=1) == parts.test.targets).mean())
    row = {"accuracy": accuracy, "training_s": seconds, "inference_s": inference}
    choices: dict[str, Any] = {"standardise": (MEAN, DEVIATION), "modes": MODES}
    data = parts.train.images[:512]
    example = images_of(data, MEAN, DEVIATION).contiguous()
    from_module, by_torch = timed(lambda: from_torch(model, example, **choices))
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/model.onnx"
        with warnings.catch_warnings():
            # The older exporter writes another graph than that of `from_torch`, and says that it is deprecated.
            warnings.simplefilter("ignore")
            axes = {"x": {0: "n"}}
            torch.onnx.export(model, (example[:2],), file, dynamo=False, input_names=["x"], dynamic_axes=axes)
        from_file, by_onnx = timed(lambda: from_onnx(file, data=data, **choices))
    by_file = from_file.network.predict(parts.test.images)
    both = {
        "conversion_s": by_onnx,
        "accuracy": float((by_file.argmax(axis=1) == parts.test.targets).mean()),
        "largest_difference_of_logits": float(np.abs(by_file - from_module.network.predict(parts.test.images)).max()),
    }
    ours = figures(from_module, by_torch, parts, seed)
    return {"name": name, "seed": seed, "original": row, "from_torch": ours, "from_onnx": both}


def figures(found: Conversion, seconds: float, parts: Split, seed: int) -> dict[str, Any]:
    """Return the figures of a conversion: accuracy before and after one more epoch, errors and seconds."""
    test, network = analyse(found.network, parts.test), deepcopy(found.network)
    network.predict(parts.test.images)
    _, inference = timed(lambda: network.predict(parts.test.images))
    before = evaluate(network, test).accuracy
    _, tuning = timed(lambda: fit(network, analyse(network, parts.train), settings=replace(TUNED, seed=seed)))
    times = {"conversion_s": seconds, "inference_s": inference, "epoch_s": tuning}
    after = evaluate(network, test).accuracy
    return {"accuracy": before, "after_one_epoch": after, **times, **found.as_dict()}


def main() -> None:
    """Measure all networks, or one, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(NETWORKS))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name, seed in product([given.only] if given.only else NETWORKS, range(given.seeds)):
        rows.append(measured(name, seed))
        original, ours = rows[-1]["original"], rows[-1]["from_torch"]
        accuracies = (original["accuracy"], ours["accuracy"], ours["after_one_epoch"])
        shown = " / ".join(f"{100 * accuracy:.1f}" for accuracy in accuracies)
        print(f"{name}, seed {seed}: {shown} %, {rows[-1]['from_onnx']}", flush=True)
        # After each network, so that an interrupted study leaves its figures.
        write_json(RESULTS, {"modes": MODES, "networks": rows})


if __name__ == "__main__":
    main()
