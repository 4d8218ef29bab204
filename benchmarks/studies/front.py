"""Study of accuracy against time, on CIFAR-10: freqnet at five sizes and PyTorch CNNs at five sizes.

    python -m benchmarks.studies.front train --folder DIR --seeds 2
    python -m benchmarks.studies.front curves --folder DIR --seeds 2
    python -m benchmarks.studies.front time --folder DIR
    python -m benchmarks.studies.front tables

``train`` and ``curves`` add the rows that benchmarks/results/front.json lacks, one training after another, and go on
after an interrupt. ``time`` measures steps and inference in turns, and wants a machine that does nothing else.
``tables`` writes the tables of docs/front.

All networks have the images, splits, epochs, batches, optimiser (Muon), schedule, label smoothing and augmentation of
freqnet's default: mirror images, and shifts of up to 4 pixels. In freqnet these are circular and have fractions; CNNs
get the usual crops of whole pixels, with a reflected border. ``tune`` chose the learning rate and the weight decay of
the CNNs on a fold of the training part. Held-out images take no part in any choice.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, product
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
from scipy import ndimage

from freqnet.data import Dataset, split, stratified_folds
from freqnet.training import Model, Settings, analyse, fit, training_defaults
from freqnet.training.presets import PHOTOGRAPHIC as PASSES

from .. import Plan, machine
from ..networks import OnnxPeer, Ours, Peer
from ..timing import alternate, threads
from .sets import cifar10, some
from .store import Store
from .tables import Table, milliseconds, write

STORE = Store(Path(__file__).parents[1] / "results" / "front.json", "runs")
FOUR = "25-9-7-5 modes"
OURS = {
    "large": Model(size="large"),
    FOUR: Model(stages=(25, 9, 7, 5), widths=(8, 24, 48, 96)),
    **{size: Model(size=size) for size in ("xxlarge", "huge", "giant")},
}
SIZES = tuple(OURS)
# Networks that do not depend on circular shifts.
HEADS = {f"huge, {head} head": Model(size="huge", head=head) for head in ("power", "average")}
CNNS = (
    "CNN 3x3, 8-16-16",
    "CNN 3x3, 16-32-32",
    "CNN 3x3, 32-64-128",
    "CNN 3x3, twice 16-32-64",
    "CNN 3x3, twice 32-64-128",
)
MIDDLE = CNNS[2]
SMOOTHED = f"{MIDDLE}, anti-aliased"
NAMES = (*OURS, *CNNS, *HEADS, SMOOTHED)
# Two networks of about equal accuracy, trained on fewer images, for no fewer steps than this.
COMPARED, COUNTS, LEAST_STEPS = ("xxlarge", MIDDLE), (500, 1000, 2000, 5000, 10_000), 1000
SHIFT = 4
# The share of the images that is held out.
TEST = 0.2
# The choices of `tune`, for all CNNs.
CHOSEN = {"learning_rate": 1e-2, "weight_decay": 0.01}
TUNED = {"learning_rate": (3e-3, 1e-2, 3e-2), "weight_decay": (0.01, 0.1)}
MOVES, CHUNK = 4, 250
# Accuracies that differ by less than this count as equal: it is below the spread of seeds.
EQUAL = 0.002
FORMS = ("eager", "ONNX Runtime")
# The smallest and the largest of each kind.
ENDS = (FOUR, "giant", CNNS[1], CNNS[-1])
# Logits of images (examples, height, width, channels), from 0 to 1.
Predict = Callable[[np.ndarray], np.ndarray]


def settings_for(train: Dataset, seed: int, **choices: Any) -> Settings:
    """Return freqnet's default settings for a part of CIFAR-10, with more epochs where images are few."""
    defaults = training_defaults(train)
    epochs = max(defaults["epochs"], -(-LEAST_STEPS // -(-len(train) // defaults["batch"])))
    return Settings(**defaults | {"epochs": epochs, "seed": seed} | choices)


def trained(name: str, train: Dataset, seed: int) -> tuple[Predict, float, int]:
    """Train a network, and return its predictions, the seconds of training, and its number of parameters."""
    if name in OURS or name in HEADS:
        network = (OURS | HEADS)[name].network(train, seed)
        start = perf_counter()
        fit(network, analyse(network, train), settings=settings_for(train, seed))
        seconds, compiled = perf_counter() - start, network.compile()
        return partial(compiled, batch=CHUNK), seconds, network.parameter_count()
    start = perf_counter()
    model, inputs = trained_cnn(name, train, settings_for(train, seed, **CHOSEN))
    seconds = perf_counter() - start
    return partial(_predict, model, inputs), seconds, sum(p.numel() for p in model.parameters())


def trained_cnn(name: str, train: Dataset, settings: Settings) -> tuple[Any, Callable[[np.ndarray], Any]]:
    """Return a trained CNN, and the function that standardises images for it."""
    import torch

    from ..peers import cnn
    from ..spatial import fit as fit_cnn

    torch.manual_seed(settings.seed)
    model, inputs = cnn(name, len(train.classes), (32, 32, 3)), standardiser(train)
    fit_cnn(model, inputs(train.images), torch.from_numpy(train.targets), settings, augment)
    return model.eval(), inputs


def standardiser(train: Dataset) -> Callable[[np.ndarray], Any]:
    """Return a function that standardises images by the mean and the deviation of each channel of a dataset."""
    from ..peers import images_of

    images = train.images
    return partial(images_of, mean=images.mean((0, 1, 2)), deviation=images.std((0, 1, 2)))


def augment(x: Any, generator: np.random.Generator) -> Any:
    """Mirror and shift images at random, as CNNs are usually trained."""
    from ..spatial import cropped, mirrored

    return cropped(mirrored(x, generator), SHIFT, generator)


def _predict(model: Any, inputs: Callable[[np.ndarray], Any], images: np.ndarray) -> np.ndarray:
    import torch

    with torch.inference_mode():
        return torch.cat([model(inputs(images[i : i + CHUNK])) for i in range(0, len(images), CHUNK)]).numpy()


# -- changed images ------------------------------------------------------------------------------------
def changes(images: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield changed images by a name of the change; the same for all networks."""
    generator = np.random.default_rng(0)
    for amount in (0.05, 0.1):
        noise = generator.normal(0, amount, images.shape).astype(np.float32)
        yield f"noise of {amount:g}", np.clip(images + noise, 0, 1)
    for amount in (0.5, 1.0):
        yield f"blur of {amount:g}", ndimage.gaussian_filter(images, (0, amount, amount, 0), mode="reflect")
    for amount in (0.6, 1.4):
        yield f"brightness times {amount:g}", np.clip(amount * images, 0, 1)


def circular_shift(images: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Shift images ``(examples, height, width, channels)`` in a circle by fractions of pixels ``(examples, 2)``.

    The Nyquist mode, which has no shift by a fraction that is real and of the same size, is left out first.

    >>> x = np.zeros((1, 5, 5, 1))
    >>> x[0, 0, 0] = 1
    >>> float(circular_shift(x, np.array([[1.0, 2.0]]))[0, 1, 2, 0].round(12))
    1.0
    """
    spectra = np.fft.rfft2(images, axes=(1, 2))
    for axis, size in zip((1, 2), images.shape[1:3], strict=True):
        modes = np.fft.fftfreq(size, 1 / size) if axis == 1 else np.arange(spectra.shape[2])
        ramp = np.exp(-2j * np.pi * modes / size * amounts[:, axis - 1, None])
        ramp[:, 2 * np.abs(modes) == size] = 0
        spectra *= np.expand_dims(ramp, (3 - axis, 3))
    return np.fft.irfft2(spectra, images.shape[1:3], axes=(1, 2)).astype(images.dtype)


def border_shift(images: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """Shift images by fractions of pixels, by cubic splines; what comes in at the border is reflected."""
    moved = (
        ndimage.shift(image, (*amount, 0), order=3, mode="reflect")
        for image, amount in zip(images, amounts, strict=True)
    )
    return np.stack(list(moved))


def robustness(predict: Predict, images: np.ndarray, targets: np.ndarray) -> dict[str, Any]:
    """Return the accuracy on changed images, and the consistency under shifts by fractions of pixels.

    The consistency is the share of pairs of two shifted images with the same prediction, as in Zhang (2019).
    """
    accuracy = lambda changed: float(np.mean(predict(changed).argmax(1) == targets))
    out: dict[str, Any] = {name: accuracy(changed) for name, changed in changes(images)}
    generator = np.random.default_rng(1)
    for kind, shift in (("circular", circular_shift), ("border", border_shift)):
        first, *others = (
            predict(shift(images, generator.uniform(-SHIFT, SHIFT, (len(images), 2)))).argmax(1) for _ in range(MOVES)
        )
        out[f"{kind} shifts"] = float(np.mean([first == targets, *(other == targets for other in others)]))
        out[f"{kind} consistency"] = float(np.mean([other == first for other in others]))
    return out


# -- commands ------------------------------------------------------------------------------------------
def train(options: argparse.Namespace) -> None:
    """Train the networks that are not in the results yet, and measure their accuracy and robustness."""
    is_curve = options.command == "curves"
    names, counts = (COMPARED, COUNTS) if is_curve else (NAMES, (None,))
    dataset = cifar10(options.folder)
    for seed, count, name in product(range(options.seeds), counts, options.only or names):
        parts = split(dataset, test=TEST, seed=seed)
        subset = parts.train if count is None else some(parts.train, count, seed)
        key = {"name": name, "seed": seed, "images": len(subset)}
        if STORE.has(**key):
            continue
        predict, seconds, parameters = trained(name, subset, seed)
        images, targets = parts.test.images, parts.test.targets
        row = key | {"accuracy": float(np.mean(predict(images).argmax(1) == targets)), "parameters": parameters}
        row["seconds_under_load"] = seconds
        if not is_curve:
            row["robustness"] = robustness(predict, images, targets)
        print(json.dumps(row), flush=True)
        STORE.add(row)


def tune(options: argparse.Namespace) -> None:
    """Print the accuracy of a CNN for every choice, on a fold of 10,000 images of the training part."""
    train = some(split(cifar10(options.folder), test=TEST, seed=0).train, 10_000, 0)
    own, held = next(iter(stratified_folds(train, 5, 0)))
    for choices in product(*TUNED.values()):
        named = dict(zip(TUNED, choices, strict=True))
        model, inputs = trained_cnn(options.only[0] if options.only else MIDDLE, train.take(own),
                                    settings_for(train, 0, **named))  # fmt: skip
        found = _predict(model, inputs, train.take(held).images).argmax(1)
        print(named, f"{np.mean(found == train.targets[held]):.2%}", flush=True)


def time(options: argparse.Namespace) -> None:
    """Measure a training step with its augmentation, and inference, of every pair of networks, in turns."""
    plan = Plan(threads=options.threads)
    train = split(cifar10(options.folder), test=TEST, seed=0).train.take(np.arange(2000))
    rows, images = [], train.images[:1000]
    theirs = {name: their_operations(name, train, plan) for name in CNNS}
    for size in SIZES:
        ours = Ours.on(OURS[size].network(train, 0), train, 128)
        step, our_pass = our_step(ours, train), ours.predict(images, CHUNK)
        for name, (their_step, passes, work) in theirs.items():
            a, b = alternate(step, their_step, plan.seconds)
            row = {"name": size, "peer": name, "step_s": a, "peer_step_s": b, "peer_work": work}
            row["work"] = ours.work() // 3 // 128
            for form, their_pass in passes.items():
                c, d = alternate(our_pass, their_pass, plan.seconds)
                row |= {f"inference_s, {form}": c, f"peer_inference_s, {form}": d}
            rows.append(row)
            print(json.dumps(row), flush=True)
    STORE.put(times=rows, machine=machine(plan))


def our_step(ours: Ours, train: Dataset) -> Callable[[], Any]:
    """Return a training step of freqnet on random examples, which are changed at random first."""
    spectra, generator = analyse(ours.network, train), np.random.default_rng(0)
    change = ours.run.settings.augmentation
    ours.network.train()
    return lambda: ours.run.step(change(spectra.take(generator.permutation(len(train))[:128]), generator))


def their_operations(name: str, train: Dataset, plan: Plan) -> tuple[Callable[[], Any], dict[str, Any], int]:
    """Return a training step of a CNN, its inference in PyTorch and ONNX Runtime, and its multiply-adds per image."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    from ..peers import cnn, step
    from ..spatial import Muon

    peer = Peer(cnn(name, 10, (32, 32, 3)), standardiser(train), train.images[:128], np.asarray(train.targets[:128]))
    fast = peer.for_training()
    optimizer = Muon(fast.model, 1e-6, 0.0)
    images, targets = peer.inputs(train.images), torch.from_numpy(train.targets)
    layout = fast.layout or torch.channels_last
    images, generator = images.clone(memory_format=layout), np.random.default_rng(0)

    def one_step() -> None:
        index = torch.from_numpy(generator.permutation(len(images))[:128])
        fast.model.train()
        step(fast.model, optimizer, augment(images[index], generator).contiguous(memory_format=layout), targets[index])

    x = peer.inputs(train.images[:1000])
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        peer.model.eval()(x[:1])
    forms: tuple[Any, ...] = (peer, OnnxPeer(peer, plan.threads))
    passes = {name: form.predict(x, CHUNK) for name, form in zip(FORMS, forms, strict=True)}
    return one_step, passes, counter.get_total_flops() // 2


# -- tables --------------------------------------------------------------------------------------------
def summary(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return figures of every network that was trained on all images, by its name.

    These are ``accuracy`` (one per seed), ``parameters``, ``robustness`` (means), and, of networks that were timed,
    ``work`` (multiply-adds per image), ``step`` and ``inference`` (seconds), and ``training`` (seconds of all steps of
    one training). Each network was timed beside each of the other kind. Times of CNNs differ between these pairs by up
    to a factor of 2, and the lowest counts; of freqnet it is the median.
    """
    runs = [row for row in record["runs"] if "robustness" in row]
    out: dict[str, dict[str, Any]] = {}
    for name in (name for name in NAMES if any(row["name"] == name for row in runs)):
        own = [row for row in runs if row["name"] == name]
        means = {key: float(np.mean([row["robustness"][key] for row in own])) for key in own[0]["robustness"]}
        out[name] = {"accuracy": [row["accuracy"] for row in own], "parameters": own[0]["parameters"]}
        out[name] |= {"robustness": means, "images": own[0]["images"]}
        for role, start in (("name", ""), ("peer", "peer_")):
            timed = [row for row in record.get("times", []) if row[role] == name]
            if timed:
                typical = median if role == "name" else min
                step = typical(row[f"{start}step_s"] for row in timed)
                forms = [[row[f"{start}inference_s, {form}"] for row in timed] for form in FORMS]
                # The same network in both forms, where it is freqnet's.
                passes = [median(chain(*forms))] * 2 if role == "name" else [min(form) for form in forms]
                steps = PASSES["epochs"] * -(-own[0]["images"] // PASSES["batch"])
                out[name] |= {"work": timed[0][f"{start}work"], "step": step, "training": steps * step}
                out[name] |= {"inference": dict(zip(FORMS, passes, strict=True))}
    return out


def spread(values: list[float]) -> str:
    """Format a mean with the lowest and the highest value.

    >>> spread([0.80, 0.82]), spread([0.8])
    ('81.00 % (80.00 to 82.00)', '80.00 %')
    """
    if len(values) == 1:
        return f"{100 * values[0]:.2f} %"
    return f"{100 * np.mean(values):.2f} % ({100 * min(values):.2f} to {100 * max(values):.2f})"


def front(record: dict[str, Any]) -> Table:
    """Return accuracy, cost and time of all networks that were timed."""
    header = ("network", "held-out accuracy, mean (lowest to highest)", "parameters", "million multiply-adds per image",
              "training step, ms", "training, s", "inference of 1,000 images, ms", "in ONNX Runtime, ms")  # fmt: skip
    body = []
    for name, own in summary(record).items():
        if "step" in own:
            eager, other = (milliseconds(own["inference"][form]) for form in FORMS)
            costs = (f"{own['parameters']:,}", f"{own['work'] / 1e6:.1f}", milliseconds(own["step"]))
            times = (f"{own['training']:.0f}", eager, "" if name in OURS else other)
            body.append((_title(name), spread(own["accuracy"]), *costs, *times))
    return header, body


def equals(record: dict[str, Any]) -> Table:
    """Return, for each CNN, the fastest network of freqnet that is as accurate, or else the most accurate one."""
    found, body = {name: own for name, own in summary(record).items() if "step" in own}, []
    mean = lambda name: float(np.mean(found[name]["accuracy"]))
    sizes = [size for size in SIZES if size in found]
    for name in (name for name in CNNS if name in found):
        able = [size for size in sizes if mean(size) >= mean(name) - EQUAL] or [max(sizes, key=mean)]
        size = min(able, key=lambda size: found[size]["step"])
        ours, theirs = found[size], found[name]
        ratios = [theirs["step"] / ours["step"]]
        ratios += [theirs["inference"][form] / ours["inference"][form] for form in FORMS]
        accuracies = (f"{mean(name):.1%}", f"{size}, {mean(size):.1%}")
        body.append((name, *accuracies, *(f"{ratio:.1f}" for ratio in ratios)))
    return (
        "CNN",
        "accuracy",
        "freqnet",
        "training, times faster",
        "inference, times faster",
        "than ONNX Runtime",
    ), body


def robust(record: dict[str, Any]) -> Table:
    """Return accuracies on changed images, and consistencies under shifts."""
    found = {name: own for name, own in summary(record).items() if name in (*COMPARED, *HEADS, SMOOTHED, *ENDS)}
    keys = list(next(iter(found.values()))["robustness"])
    rows = [("unchanged", *(f"{100 * np.mean(own['accuracy']):.1f}" for own in found.values()))]
    rows += [(key, *(f"{100 * own['robustness'][key]:.1f}" for own in found.values())) for key in keys]
    return ("images, %", *map(_title, found)), rows


def learning(record: dict[str, Any]) -> Table:
    """Return the accuracy against the number of training images."""
    body = []
    for count in sorted({row["images"] for row in record["runs"]}):
        runs = [
            [row["accuracy"] for row in record["runs"] if (row["name"], row["images"]) == (name, count)]
            for name in COMPARED
        ]
        body.append((f"{count:,}", *(spread(own) if own else "" for own in runs)))
    return ("training images", *map(_title, COMPARED)), body


def _title(name: str) -> str:
    return f"freqnet {name}" if name in OURS or name in HEADS else name


def tables(options: argparse.Namespace) -> None:
    """Write all tables."""
    record = STORE.record()
    for make in (front, equals, robust, learning):
        write(f"front-{make.__name__}" if make is not front else "front", make(record))


def main() -> None:
    """Run a command of the study."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = {"train": train, "curves": train, "tune": tune, "time": time, "tables": tables}
    parser.add_argument("command", choices=commands)
    parser.add_argument("--folder", help="folder with CIFAR-10")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--only", action="append", choices=NAMES, help="a network; may be repeated")
    parser.add_argument("--threads", type=int, default=0, help="threads of every network [all cores]")
    options = parser.parse_args()
    with threads(Plan(threads=options.threads).threads):
        commands[options.command](options)


if __name__ == "__main__":
    main()
