"""
The accelerator's network
=========================

[Ko2017]_ designed a chip that trains convolutional networks wholly in the frequency domain. Four choices make this
possible: kernels of a few taps that are interpolated to all modes by a sinc, pooling by truncation, activations that
are replaced by straight lines, and half spectra, since the signals are real. This page builds the network for 5,000
digits of MNIST and asks three questions. What can it learn? What does it cost in arithmetic, memory traffic and energy?
How many bits does it need? :doc:`/theory/accelerator` has the mathematics, and :doc:`/concepts/audit` explains the
audit.

The short answers: with straight lines the network is a linear classifier, and takes less than half of the energy of its
spatial counterpart at 16 bits, half at 8. With two polynomials in their place it recognises 98 % of the digits, and the
saving is gone. Eight bits per number are enough for inference, not for training. The energies are those of a simple
model; the chip itself, in a process of 28 nm, is not modelled.
"""

import argparse
import sys
import warnings
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from freqnet.benchmarks.studies import energy, fixed_point
from freqnet.benchmarks.studies.store import EXAMPLES, Store
from freqnet.benchmarks.timing import threads
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from freqnet import nn, ops
from freqnet.audit import audit, summarize
from freqnet.data import load, split, stratified_folds
from freqnet.errors import DataWarning, DivergenceError
from freqnet.spaces import Fourier
from freqnet.training import Model, Settings, analyse, evaluate, fit

parser = argparse.ArgumentParser(description="The network of Ko et al. (2017), its energy and its number formats.")
parser.add_argument("--full", action="store_true", help="train everything with three seeds, and keep the results")
parser.add_argument("--choose", action="store_true", help="compare settings of training on folds, and stop")
parser.add_argument("--epochs", type=int, default=None, help="epochs of every training of the full mode")
parser.add_argument("--results", type=Path, default=EXAMPLES / "accelerator_network.json", help="their file")
options, _ = parser.parse_known_args()
store = Store(options.results)

# %%
# The network
# -----------
#
# Two stages of a convolution with 5x5 taps, a normalisation, an activation and a pooling; then a dense layer.
# ``kernel="sinc"`` trains the 25 numbers of the kernel's own spectrum. The tangent of tanh at 0 is :math:`x`: this
# activation does nothing at all. That of the sigmoid is :math:`1/2 + x/4`, which the next layer absorbs.
#
# The network of tangents keeps 9x9 modes for the dense layer, because what it drops is lost. Networks with polynomials
# mix modes before they drop them, and do better with 7x7. Of the settings of training, all four take those that come
# within a tenth of a point of the best mean on folds of the training part, with the fewest epochs; ``--choose``
# compares them. A thousand digits are held out, the same for every seed; they are in none of these folds. Seeds differ
# in the first weights and in the order of training.

TAPS, WIDTHS, MODES = 5, (8, 24), 27
TANGENT, POLYNOMIAL = partial(nn.Linearized, "tanh"), nn.Polynomial
GATED = partial(nn.Polynomial, gate_band=2)
NETWORKS = {
    "tangents": ((TANGENT, TANGENT), (13, 9)),
    "one polynomial": ((TANGENT, POLYNOMIAL), (13, 7)),
    "two polynomials": ((POLYNOMIAL, POLYNOMIAL), (13, 7)),
    "gated polynomials": ((GATED, GATED), (13, 7)),
}
RECIPE = {"epochs": 8, "learning_rate": 0.04, "weight_decay": 0.3}


def network(name, train, seed):
    """Return the untrained network with some activations."""
    layers = []
    for width, activation, size in zip(WIDTHS, *NETWORKS[name], strict=True):
        layers += [nn.Convolution(width, size=TAPS, kernel="sinc", bias=False), nn.PowerNorm(), activation()]
        layers.append(nn.TruncationPool(size))
    door = Model(modes=MODES).network(train).door
    return nn.Network(door, nn.Sequential((*layers, nn.Dense(10))), seed)


def settings(seed):
    """Return the settings of training, with random shifts of up to half a pixel."""
    epochs = {} if options.epochs is None else {"epochs": options.epochs}
    return Settings(**RECIPE | {"seed": seed, "shift": 0.5} | epochs)


def trained(name, parts, seed):
    """Return a trained network, and its accuracy on the held-out part."""
    made = network(name, parts.train, seed)
    fit(made, analyse(made, parts.train), settings=settings(seed))
    return made, evaluate(made, analyse(made, parts.test)).accuracy


def linear_classifier(parts, band=4):
    """Return the accuracy of logistic regression on 9x9 modes of the images, regularised by cross-validation."""
    modes = [ops.coordinates(ops.analysis(p.images, Fourier.on(p.grid, band))).data for p in (parts.train, parts.test)]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    search = GridSearchCV(model, {"logisticregression__C": [0.001, 0.01, 0.1]}, cv=3)
    # Its products of matrices are small: threads would wait for each other.
    with threads(1):
        return float(search.fit(modes[0], parts.train.targets).score(modes[1], parts.test.targets))


def choose(parts):
    """Print the accuracy of settings on three folds of the training part."""
    folds = [(parts.train.take(own), parts.train.take(held)) for own, held in stratified_folds(parts.train, 3, 0)]
    for name, rate, decay, epochs in product(NETWORKS, (0.005, 0.01, 0.02, 0.04), (0.05, 0.3), (6, 8, 15)):
        choice = Settings(learning_rate=rate, weight_decay=decay, epochs=epochs, shift=0.5)
        found = []
        for own, held in folds:
            made = network(name, own, 0)
            fit(made, analyse(made, own), settings=choice)
            found.append(evaluate(made, analyse(made, held)).accuracy)
        print(f"{name:18s} rate {rate:<6g} decay {decay:<5g} {epochs:2d} epochs: {np.mean(found):.2%}", flush=True)


parts = split(load("mnist-5k"), validation=0, seed=0)
if options.choose:
    choose(parts)
    sys.exit()
SEEDS = range(3)

# %%
# One affine map
# --------------
#
# The network of tangents is as accurate as a linear classifier of the same modes, because it is one.

tangents = {seed: trained("tangents", parts, seed) for seed in SEEDS}
linear = linear_classifier(parts)
print("tangents, three seeds: " + ", ".join(f"{accuracy:.2%}" for _, accuracy in tangents.values()))
mean = np.mean([accuracy for _, accuracy in tangents.values()])
print(f"tangents, mean: {mean:.2%}; logistic regression: {linear:.2%}")
assert options.epochs or abs(mean - linear) < 0.005

first = tangents[0][0]
found = audit(first, parts.test.images[:100])
print(f"audit: {found.verdict}, distance from an affine map {found.affine_residual:.1e}")
assert found.verdict == "affine"

# %%
# The whole network can be replaced by 784 x 10 numbers and ten offsets: its answers to an image with one bright pixel,
# less its answer to no image. These ten templates compute the same logits as the two convolutions, the two
# normalisations and the dense layer.

with warnings.catch_warnings():
    # Such images are unlike the training set, and the network says so.
    warnings.simplefilter("ignore", DataWarning)
    offset = first.predict(np.zeros((1, 28, 28, 1)))
    templates = first.predict(np.eye(784).reshape(784, 28, 28, 1)) - offset
logits = first.predict(parts.test.images)
one_map = parts.test.images.reshape(len(parts.test), -1) @ templates + offset
error = np.abs(one_map - logits).max() / logits.std()
print(f"largest difference between the network and the one map: {error:.1e} of the spread of the logits")
assert error < 1e-3

most = np.abs(templates).max()
figure, axes = plt.subplots(2, 5, figsize=(8, 3.6), layout="constrained")
for digit, ax in enumerate(axes.flat):
    ax.imshow(templates[:, digit].reshape(28, 28), cmap="RdBu_r", vmin=-most, vmax=most)
    ax.set_title(str(digit), fontsize=9)
    ax.axis("off")
figure.suptitle("all layers of the network of tangents, as one template per digit", fontsize=10)
plt.show()

# %%
# An activation that is none
# --------------------------
#
# Polynomials of degree 2 replace the tangents, by exact products of spectra. The rest of the network stays. In *gated*
# polynomials one factor of each product keeps its 5x5 lowest modes only, which takes fewer multiply-adds.

replaced = {name: trained(name, parts, 0) for name in NETWORKS if name != "tangents"}
for name, (made, accuracy) in {"tangents": tangents[0], **replaced}.items():
    verdict = audit(made, parts.test.images[:100]).verdict
    print(f"{name:16s} {accuracy:.2%}   {made.parameter_count():,} parameters   {verdict}")
assert options.epochs or replaced["two polynomials"][1] > 0.975

# %%
# Energy
# ------
#
# The cost model counts real multiply-adds, numbers that on-chip memory reads or writes, and numbers that come from
# memory outside the chip. It takes the energies of single operations from a published table [Horowitz2014]_, for a
# process of 45 nm; energies of whole numbers with 12 or 16 bits, where the table has none, are interpolated on
# logarithmic scales. The table is data, ``energy.EnergyTable``, and another process is another table.
#
# All rows of the table have the same sizes: 27x27, 13x13, then 7x7 samples or modes. A batch of 64 images shares the
# weights. *Spatial* convolves directly, *FFT per layer* transforms before and after each convolution.
# Complex numbers count as two real ones, and complex products as four. Normalisations are part of the convolutions, as
# usual in inference. Training is a pass forward, the gradients of inputs and those of weights.

BATCH = 64
plain = [energy.Stage(27, 1, WIDTHS[0], TAPS, 13), energy.Stage(13, *WIDTHS, TAPS, 7)]


def with_products(name):
    """Return the stages with the multiply-adds of the polynomials of a network."""
    counts = [row.multiply_adds for row in summarize(replaced[name][0]) if row.layer == "Polynomial"]
    return [replace(stage, products=count) for stage, count in zip(plain, counts, strict=True)]


WAYS = {
    "spatial": (energy.spatial, plain),
    "FFT per layer": (energy.fft, plain),
    "frequency, tangents": (energy.frequency, plain),
    "... and whole spectra": (partial(energy.frequency, hermitian=False), plain),
    "... and stored responses": (partial(energy.frequency, interpolated=False), plain),
    "frequency, gated": (energy.frequency, with_products("gated polynomials")),
    "frequency, polynomials": (energy.frequency, with_products("two polynomials")),
}
costs = {
    (name, backward): energy.network(way, stages, 10, BATCH, backward)
    for name, (way, stages) in WAYS.items()
    for backward in (False, True)
}
table = energy.HOROWITZ
micro = lambda name, backward, number: table.energy(costs[name, backward], number).total / 1e6
print(
    f"{'per image':27s} {'MACs':>9s} {'on chip':>8s} {'off chip':>8s}   energy, uJ: {'float32':>7s} {'16 bits':>7s} "
    f"{'8 bits':>7s}   training, 16 bits"
)
for name in WAYS:
    cost = costs[name, False]
    figures = "".join(f" {micro(name, False, number):7.3f}" for number in ("float32", 16, 8))
    print(
        f"{name:27s} {cost.multiply_adds:9,.0f} {cost.on_chip:8,.0f} {cost.off_chip:8,.0f}   {'':11s}{figures}   "
        f"{micro(name, True, 16):7.3f}"
    )
ratio = lambda a, b, number=16: micro(a, False, number) / micro(b, False, number)
tangent, curve = "frequency, tangents", "frequency, polynomials"
hermitian = costs["... and whole spectra", False].multiply_adds / costs[tangent, False].multiply_adds
print(
    f"at 16 bits, half spectra save a factor {hermitian:.2f} of the multiply-adds and "
    f"{ratio('... and whole spectra', tangent):.2f} of the energy, interpolated kernels "
    f"{ratio('... and stored responses', tangent):.2f} of the energy"
)
for name in (tangent, "frequency, gated", curve):
    print(
        f"{name}: energy of the spatial network / its own {ratio('spatial', name):.2f}, "
        f"of FFT per layer / its own {ratio('FFT per layer', name):.2f}"
    )
assert 1.5 < hermitian < 2
assert micro(tangent, False, 16) < min(micro("spatial", False, 16), micro("FFT per layer", False, 16))
assert micro(curve, False, 16) > micro(tangent, False, 16)

figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
for ax, backward in zip(axes, (False, True), strict=True):
    parts_of = [table.energy(costs[name, backward], 16) for name in WAYS]
    start = np.zeros(len(WAYS))
    for label in ("arithmetic", "on_chip", "off_chip"):
        values = np.array([getattr(found, label) for found in parts_of]) / 1e6
        ax.barh(list(WAYS), values, left=start, label=label.replace("_", " "))
        start += values
    ax.set(xlabel="microjoules per image, 16 bits", title="training" if backward else "inference")
axes[0].invert_yaxis()
axes[1].legend(frameon=False, loc="center right")
plt.show()

# %%
# At 16 bits the network of tangents takes less than half of the energy of the other two, because a convolution is one
# product per mode, whatever the number of taps. But it computes no nonlinearity. Polynomials by direct products of
# spectra take nine times as many multiply-adds as all convolutions together, and at 16 bits 15 % more energy than the
# spatial network. Gated ones are between the two, in energy and in accuracy. (The table counts networks with 7x7 modes
# at the end; the network of tangents that was trained has 9x9.)
#
# How many bits?
# --------------
#
# Numbers in fixed point are whole multiples of a power of two, one per tensor. Every result of an op is rounded,
# forward and backward; sums inside an op are exact. In inference, the scales are fixed on training images. These
# networks are trained in floating point, then rounded:

BITS = (16, 12, 8, 6, 5, 4)


def in_fixed_point(made, parts, count, bits=BITS):
    """Return the accuracy of a trained network at several numbers of bits; ``count`` training images set the scales."""
    calibration, test = analyse(made, parts.train.take(np.arange(count))), analyse(made, parts.test)
    return {b: fixed_point.accuracy(made, test, b, calibration) for b in bits}


rounded = {"tangents": tangents[0], "two polynomials": replaced["two polynomials"]}
found = {name: in_fixed_point(made, parts, 500) for name, (made, _) in rounded.items()}
for name, at in found.items():
    print(f"{name:18s}" + "".join(f"  {bits} bits {accuracy:.2%}" for bits, accuracy in at.items()))
for name, (_, exact) in rounded.items():
    assert options.epochs or abs(found[name][16] - exact) < 0.005
assert options.epochs or found["two polynomials"][4] < found["two polynomials"][16]

# %%
# Training rounds weights, activations and gradients as well. The optimiser adds its steps to weights with more bits, or
# (*stored*) only to rounded ones, with rounding up or down at random so that small steps are not lost
# [Gupta2015]_. Here is one pass over 640 images with 8 bits, beside the same pass in single precision:

few = parts.train.take(np.arange(640))
brief = replace(settings(0), epochs=1)
short = {}
for bits in (None, 8):
    made = network("tangents", few, 0)
    if bits is None:
        fit(made, analyse(made, few), settings=brief)
    else:
        fixed_point.train(made, analyse(made, few), brief, bits)
    short[bits] = evaluate(made, analyse(made, parts.test)).accuracy
print(f"one pass over 640 images: {short[None]:.2%} in float32, {short[8]:.2%} in 8 bits")
assert abs(short[8] - short[None]) < 0.05

# %%
# The full mode, ``python examples/accelerator_network.py --full``, trains with all 4,000 images and three seeds.


def rows_of(name, seed):
    """Yield the rows of a network and a seed that the file of results lacks; each row is a training."""
    choice = settings(seed)
    for bits, stored in ((None, False), *((b, s) for b in (16, 12, 8) for s in (False, True))):
        entries = {"network": name, "seed": seed, "bits": bits, "stored": stored, "epochs": choice.epochs}
        if store.has(**entries):
            continue
        made = network(name, parts.train, seed)
        spectra = analyse(made, parts.train)
        try:
            if bits is None:
                fit(made, spectra, settings=choice)
            else:
                fixed_point.train(made, spectra, choice, bits, stored)
        except DivergenceError:
            # A diverged network is no better than a guess.
            yield {**entries, "diverged": True, "accuracy": 0.1, "fixed": {str(bits): 0.1}}
            continue
        exact = evaluate(made, analyse(made, parts.test)).accuracy
        at = in_fixed_point(made, parts, len(parts.train), BITS if bits is None else (bits,))
        yield {**entries, "accuracy": exact, "fixed": {str(b): accuracy for b, accuracy in at.items()}}


if options.full:
    for seed in SEEDS:
        for name in ("tangents", "two polynomials"):
            for row in rows_of(name, seed):
                store.add(row)
                print(row, flush=True)

# %%
# Its results, as far as they are in ``examples/results/accelerator_network.json``; each is a mean and the range over
# seeds:


def shown(values):
    """Return the mean and the range of accuracies, in percent."""
    values = 100 * np.array(values)
    return (
        f"{values.mean():.2f} % ({values.min():.1f} to {values.max():.1f}, {len(values)} seeds)" if len(values) else ""
    )


for name in ("tangents", "two polynomials"):
    exact = store.rows(network=name, bits=None)
    if not exact:
        print(f"{name}: no results yet")
        continue
    print(f"{name}, trained in float32: {shown([row['accuracy'] for row in exact])}")
    for bits in BITS:
        print(f"   rounded to {bits:2d} bits after training   {shown([row['fixed'][str(bits)] for row in exact])}")
    for bits in (16, 12, 8):
        for stored in (False, True):
            rows = store.rows(network=name, bits=bits, stored=stored)
            kept = "weights stored with these" if stored else "weights of the optimiser in float32"
            print(f"   trained with {bits:2d} bits, {kept:35s} {shown([row['fixed'][str(bits)] for row in rows])}")

figure, ax = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for color, (name, at) in enumerate(found.items()):
    ax.plot(list(at), [100 * accuracy for accuracy in at.values()], "o-", color=f"C{color}", label=f"{name}, rounded")
    rows = [row for row in store.rows(network=name) if row["bits"] and not row["stored"]]
    if rows:
        points = [(row["bits"], 100 * row["fixed"][str(row["bits"])]) for row in rows]
        ax.plot(*np.transpose(points), "x", color=f"C{color}", label=f"{name}, trained in fixed point")
ax.set(xlabel="bits per number", ylabel="accuracy on held-out digits, %", xticks=BITS)
ax.legend(frameon=False, fontsize=8)
ax.grid(alpha=0.3)
plt.show()

# %%
# Rounded after training, both networks keep their accuracy at 8 bits: 89.7 % beside 90.0 % in float32, and 98.4 %
# beside 98.3 %. At 6 bits the tangents lose 2.6 points and the polynomials 1.4; at 5 bits they have 84.8 and 54.7 %, at
# 4 bits 58.9 and 12.5 %. Training in fixed point costs nothing at 16 and 12 bits, even where the stored weights have no
# more bits. At 8 bits the affine network loses less than half a point. The network with polynomials falls to 89 and 78
# %, and diverges from the third seed. Where it does not, its weights are good: in float32 they give 97 to 98 %; what
# fails is their inference with 8 bits. With stored weights of 8 bits it has 37 and 82 %, and diverges from the third
# seed as well. So train it with 12 bits, and round it to 8 afterwards.
