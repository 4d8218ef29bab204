"""
Frequency dropout: what a random resolution changes
===================================================

Rippel, Snoek and Adams (2015, section 3.2) regularise a network by a random resolution: in training, each pooling drops
all modes outside a random square. The paper reports the best network with it, but none without. This page trains the
same networks with and without, from the same weights on the same images, and compares their generalisation gaps: the
accuracy on training images minus that on test images.

The short answer: with few images, frequency dropout narrows the gap, by 5 to 6 points with 1,000 images of CIFAR-10 and
by 2 to 3 with 4,000, and by one with 1,000 digits; with 40,000 images the gap is small, and no change of it can be
resolved. It narrows because the accuracy
on training images falls more than that on test images: these networks fit about half of their images, and a network
that fits too little has nothing to gain from dropout. The accuracy on test images falls in all eight settings, by 2 to
7 points. Networks that are trained for longer than these may gain from it.
"""

import argparse
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from freqnet.benchmarks.studies.sets import cifar10
from freqnet.benchmarks.studies.store import EXAMPLES, Store
from scipy import stats

from freqnet import nn, ops
from freqnet.data import load, split
from freqnet.spaces import Fourier, get_domain
from freqnet.training import Settings, analyse, evaluate, fit

parser = argparse.ArgumentParser(description="Train with and without frequency dropout.")
parser.add_argument("--full", action="store_true", help="train on CIFAR-10 and more digits, and keep the results")
parser.add_argument("--folder", help="folder with the binary files of CIFAR-10")
options, _ = parser.parse_known_args()
STORE = Store(EXAMPLES / "frequency_dropout.json")

# %%
# The layer
# ---------
#
# :class:`freqnet.nn.FrequencyDropout` draws one radius per training step, uniformly from a minimum to the largest mode.
# It sets all modes beyond the radius to zero and scales nothing. In evaluation, it changes nothing.

images = load("mnist-5k").images
digit = ops.analysis(images[:1], Fourier.on((28, 28)))
drop = nn.FrequencyDropout(minimum=2)
drop.build(nn.Signal(digit.space, 1), np.random.default_rng(0))
assert np.array_equal(drop.forward(digit).data, digit.data), "evaluation changes nothing"
drop.train()
outside = np.maximum(np.abs(np.arange(-13, 14))[:, None], np.arange(14)[None, :])
drawn = {}
for _ in range(400):
    found = drop.forward(digit)
    radius = int(outside[found.data[..., 0, 0] != 0].max())
    assert np.array_equal(found.data[..., 0, 0], np.where(outside <= radius, digit.data[..., 0, 0], 0))
    drawn.setdefault(radius, []).append(found)
assert sorted(drawn) == list(range(2, 14))
uniform = stats.chisquare([len(same) for same in drawn.values()])
print(f"400 draws: radii {min(drawn)} to {max(drawn)}; chi-square test of uniformity: p = {uniform.pvalue:.2f}")
assert uniform.pvalue > 0.01

# %%
# The network
# -----------
#
# The network is that of the paper (equation 5), with three layers and a tenth of the channels. A layer is a convolution
# with 9.6 + 3.2m channels and a pooling to 0.6 of the rows and columns (0.85 in the paper's best network, which has
# more layers); then come two 1x1 convolutions and the mean. One form has ReLU on samples. In the other, all layers are
# in the Fourier domain, with :class:`freqnet.nn.Gaussian` in the place of ReLU.
#
# With dropout, the sides of the squares are at least c H after a pooling to H rows, where, as in the paper,
# c = alpha + m/M (beta - alpha), alpha = 0.30 and beta = 0.15. A square of 2r + 1 or 2r + 2 modes has the radius r. On
# samples, an even side counts its empty Nyquist mode as one radius more.
#
# There is no weight decay, augmentation or other dropout. Unlike in the paper, the power of each channel is normalised
# after a convolution, because trainings are short. Dropout changes this power in training only, so
# :func:`freqnet.training.fit` measures the averages for evaluation anew without dropout.

LAYERS, GAMMA, WIDTH, ALPHA, BETA = 3, 0.6, 0.1, 0.30, 0.15
FORMS = {"samples": ("grid", lambda: nn.Pointwise("relu")), "fourier": ("fourier", nn.Gaussian)}


def smallest_radius(layer, side):
    """Return the smallest radius of dropout after a pooling to a side."""
    c = ALPHA + layer / LAYERS * (BETA - ALPHA)
    return max(0, int(c * side + 1e-9) - 1) // 2


def network(form, with_dropout, train, seed):
    """Return an untrained network; with or without dropout, it has the same weights."""
    (domain, curve), side, layers = FORMS[form], train.grid[0], []
    for m in range(1, LAYERS + 1):
        side, channels = int(GAMMA * side), round(WIDTH * (96 + 32 * m))
        layers += [nn.Convolution(channels, 3), nn.PowerNorm(), curve(), nn.TruncationPool(side)]
        layers += [nn.FrequencyDropout(smallest_radius(m, side))] if with_dropout else []
        layers.append(curve())
    layers += [nn.Convolution(channels, 1), nn.PowerNorm(), curve()]
    layers += [nn.Convolution(len(train.classes), 1), nn.GlobalAverage()]
    offset, scale = (tuple(f(train.images, axis=(0, 1, 2)).tolist()) for f in (np.mean, np.std))
    band = get_domain(domain)(train.grid).band
    door = nn.Door(domain, train.grid, band, train.channels, offset, scale, full_scale=train.full_scale)
    return nn.Network(door, nn.Sequential(layers), seed)


@dataclass(frozen=True)
class Part:
    """A part of a dataset, and how to train on it."""

    data: str
    images: int
    epochs: int
    seeds: int


def measure(form, with_dropout, part, train, test, seed):
    """Train a network, and return its accuracies on at most 4,000 training images and on the test images."""
    made = network(form, with_dropout, train, seed)
    settings = Settings(
        epochs=part.epochs, seed=seed, learning_rate=0.01, optimizer="adamw", schedule="one-cycle", weight_decay=0,
        smoothing=0,
    )  # fmt: skip
    fit(made, analyse(made, train), settings=settings)
    seen = evaluate(made, analyse(made, train.take(np.arange(min(len(train), 4000)))))
    held = evaluate(made, analyse(made, test))
    key = {"data": part.data, "images": part.images, "form": form, "dropout": with_dropout, "seed": seed}
    return key | {"epochs": part.epochs, "train": seen.accuracy, "test": held.accuracy, "train_loss": seen.loss,
                  "test_loss": held.loss}  # fmt: skip


def drawn_part(train, count, seed):
    """Return a number of training images, as many of each class."""
    return train if count >= len(train) else split(train, test=count / len(train), seed=seed).test


def accuracies(rows, form, part):
    """Return accuracies on training and test images, without and with dropout ``(seeds, 2, 2)``."""
    own = {(row["seed"], row["dropout"]): (row["train"], row["test"]) for row in rows
           if (row["form"], row["data"], row["images"]) == (form, part.data, part.images)}  # fmt: skip
    seeds = sorted(seed for seed, with_dropout in own if with_dropout and (seed, False) in own)
    return np.array([[own[seed, False], own[seed, True]] for seed in seeds]).reshape(-1, 2, 2)


def changes(found):
    """Return what dropout changes of the gap and of the test accuracy, one value per seed."""
    return {"gap": np.diff(found[..., 0] - found[..., 1])[:, 0], "test accuracy": np.diff(found[..., 1])[:, 0]}


def interval(values):
    """Return the mean of paired differences and half the width of its interval of 95 %, by Student's distribution."""
    return np.mean(values), stats.sem(values) * stats.t.ppf(0.975, len(values) - 1)


def show(rows, parts, forms):
    """Print the mean accuracies in per cent, and what dropout changes, in points of per cent."""
    print("                                     without dropout   with dropout      change by dropout, 95 %")
    print("data      images  epochs  form      seeds  train   test    train   test     gap            test accuracy")
    for part in parts:
        for form in forms:
            found = accuracies(rows, form, part)
            if len(found) > 1:
                means = "  ".join(f"{train:6.1%} {test:6.1%}" for train, test in found.mean(0))
                ends = "  ".join("{:+5.1f} +- {:4.1f}".format(*(100 * np.array(interval(values))))
                                 for values in changes(found).values())  # fmt: skip
                print(f"{part.data:9s} {part.images:6d} {part.epochs:6d}   {form:8s} {len(found):5d}  {means}   {ends}")


# %%
# 500 digits
# ----------
#
# The Fourier form on 500 digits of MNIST, tested on 1,000 others. Numbers are points of per cent, and intervals of
# 95 % are those of the mean over seeds of paired differences.

QUICK = Part("mnist-5k", 500, 20, 4)
parts = split(load("mnist-5k"), test=0.2, seed=0)
rows = [measure("fourier", with_dropout, QUICK, drawn_part(parts.train, QUICK.images, seed), parts.test, seed)
        for seed in range(QUICK.seeds) for with_dropout in (False, True)]  # fmt: skip
show(rows, [QUICK], ["fourier"])
found = accuracies(rows, "fourier", QUICK)
assert np.all(found[:, 1, 0] < found[:, 0, 0]), "with dropout, each network fits its training images less well"
assert sum(interval(changes(found)["test accuracy"])) < 0, "and so few epochs make it worse on test images, too"

# %%
# CIFAR-10
# --------
#
# ``python examples/frequency_dropout.py --full --folder FOLDER`` trains both forms on 1,000, 4,000 and 40,000 images of
# CIFAR-10, tested on 10,000 others, and on 1,000 digits. The results are kept in
# ``examples/results/frequency_dropout.json``, each as soon as it is there. The networks are small and the trainings
# short: on 40,000 images, two epochs leave little to regularise.

FULL = (Part("cifar10", 1000, 20, 5), Part("cifar10", 4000, 10, 5), Part("cifar10", 40000, 2, 3),
        Part("mnist-5k", 1000, 15, 5))  # fmt: skip


def measure_all(sources, wanted):
    """Do the trainings that are not stored."""
    for part in wanted:
        source = sources[part.data]
        for seed in range(part.seeds):
            train = drawn_part(source.train, part.images, seed)
            for form in FORMS:
                for with_dropout in (False, True):
                    key = {"data": part.data, "images": part.images, "form": form, "seed": seed}
                    if not STORE.has(**key, dropout=with_dropout):
                        STORE.add(measure(form, with_dropout, part, train, source.test, seed))
                        print(STORE.rows()[-1], flush=True)


if options.full:
    measure_all({"cifar10": split(cifar10(options.folder), test=0.2, seed=0), "mnist-5k": parts}, FULL)
show(STORE.rows(), FULL, FORMS)

# %%
# The pictures
# ------------
#
# On the left, one digit at four radii that were drawn. On the right, what dropout changes, with its interval.

figure = plt.figure(figsize=(10, 3.8), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=(1, 1.6))
for axis, radius in zip(left.subplots(2, 2).flat, (13, 8, 4, 2), strict=True):
    axis.imshow(ops.synthesis(drawn[radius][0]).data[0, ..., 0], cmap="gray", vmin=0, vmax=1)
    axis.set(title=f"modes up to {radius}", xticks=[], yticks=[])
axes, ticks = right.subplots(1, 2, sharey=True), []
for part in (QUICK, *FULL):
    for form, colour in zip(FORMS, ("C0", "C1"), strict=True):
        found = accuracies(rows if part is QUICK else STORE.rows(), form, part)
        if len(found) > 1:
            for axis, values in zip(axes, changes(found).values(), strict=True):
                mean, half = interval(100 * values)
                axis.errorbar(mean, len(ticks), xerr=half, fmt="o", color=colour, capsize=3)
            ticks.append(f"{part.data}, {part.images:,}, {form}")
for axis, name in zip(axes, ("gap", "test accuracy"), strict=True):
    axis.axvline(0, color="0.5", linewidth=0.8)
    axis.set(title=name)
    axis.margins(y=0.2)
axes[0].set(yticks=range(len(ticks)), yticklabels=ticks)
axes[0].invert_yaxis()
right.suptitle("change by dropout, in points of per cent")
plt.show()
