"""
Scattering: a modulus or a polynomial before the low-pass
=========================================================

Wavelet scattering (Mallat 2012, Bruna and Mallat 2013) filters an image with wavelets, takes the modulus, and then
averages with a low-pass. The modulus moves power from high to low frequencies before they are dropped, which was the
second answer in the debate about frequency pooling (:doc:`frequency_pooling_debate`). But a modulus takes a transform to
samples and another one back. A polynomial moves power as well, and is exact inside the Fourier domain. This page puts
both before the same low-pass, and compares what they keep, how stable they are, and what a linear classifier makes of
them.
"""

import argparse
from itertools import pairwise
from importlib.util import find_spec
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy import ndimage
from sklearn.linear_model import RidgeClassifierCV, RidgeCV
from sklearn.metrics import r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from freqnet import Fourier, Tensor, nn, no_transforms, ops
from freqnet.benchmarks.studies.store import Store
from freqnet.data import load
from freqnet.spaces import counted_transforms

parser = argparse.ArgumentParser(description="Compare scattering with polynomials that are truncated.")
parser.add_argument("--full", action="store_true", help="measure all 5,000 digits from three seeds, and keep the results")
options, _ = parser.parse_known_args()
STORE = Store(Path(__file__).parent / "results" / "scattering.json")

# %%
# The digits
# ----------
#
# 28x28 pixels of MNIST, with a border of 4 zeros: 36x36 samples, and an averaging over windows of 2^J = 4 pixels leaves
# 9x9 numbers per path. Of these the inner 7x7 are used, as kymatio does.

GRID, SCALES, ANGLES, BORDER = (36, 36), 2, 8, 4
COARSE = GRID[0] // 2**SCALES
TRAIN, TEST = (4000, 1000) if options.full else (500, 400)

digits = load("mnist-5k")
order = np.random.default_rng(0).permutation(len(digits))[: TRAIN + TEST]
images = np.pad(digits.images[order, ..., 0].astype(np.float32), ((0, 0), (BORDER, BORDER), (BORDER, BORDER)))
labels = digits.targets[order]

# %%
# The wavelets
# ------------
#
# A Morlet wavelet is a Gaussian times a wave, minus as much of the Gaussian as makes its mean zero. There are two scales
# and eight angles. The parameters are those of kymatio.


def gaussian(deviation, slant=1.0, angle=0.0, frequency=0.0):
    """Return samples of a Gaussian, times a wave of an angular frequency, on the periodic grid."""
    rows, columns = (np.arange(-3 * n, 3 * n) for n in GRID)
    along = np.add.outer(rows * np.cos(angle), columns * np.sin(angle))
    across = np.add.outer(-rows * np.sin(angle), columns * np.cos(angle))
    wave = np.exp(-(along**2 + slant**2 * across**2) / (2 * deviation**2) + 1j * frequency * along)
    folded = wave.reshape(6, GRID[0], 6, GRID[1]).sum((0, 2))
    return folded * slant / (2 * np.pi * deviation**2)


def morlet(scale, angle):
    """Return samples of a Morlet wavelet."""
    envelope = 0.8 * 2**scale, 4 / ANGLES, angle
    wave, plain = gaussian(*envelope, 3 * np.pi / 4 / 2**scale), gaussian(*envelope)
    return wave - wave.sum() / plain.sum() * plain


WAVELETS = [(scale, (ANGLES / 2 - 1 - turn) * np.pi / ANGLES) for scale in range(SCALES) for turn in range(ANGLES)]
PSI = np.array([morlet(*wavelet) for wavelet in WAVELETS])
PHI = gaussian(0.8 * 2 ** (SCALES - 1)).real
# Second wavelets are those of larger scales than the first: pairs of their numbers.
PAIRS = [(i, j) for i, (first, _) in enumerate(WAVELETS) for j, (second, _) in enumerate(WAVELETS) if second > first]

# %%
# Scattering by its formula
# -------------------------
#
# The paths are :math:`x * \phi`, :math:`|x * \psi_i| * \phi` and :math:`||x * \psi_i| * \psi_j| * \phi`: 81 of them.


def scattering(images):
    """Return the scattering coefficients ``(images, paths, 7, 7)``, by NumPy."""
    filtered = lambda samples, kernel: np.fft.ifft2(np.fft.fft2(samples) * np.fft.fft2(kernel))
    first = [np.abs(filtered(images, psi)) for psi in PSI]
    second = [np.abs(filtered(first[i], PSI[j])) for i, j in PAIRS]
    paths = [filtered(u, PHI).real[:, :: 2**SCALES, :: 2**SCALES] for u in (images, *first, *second)]
    return np.stack(paths, axis=1)[..., 1:-1, 1:-1]


# %%
# In the Fourier domain
# ---------------------
#
# The real and the imaginary part of a wavelet are two real filters. With u for the sum of the squares of their outputs,
# the modulus is :math:`\sqrt u`. Five nonlinearities are compared:
#
# - *modulus*: two transforms each time, to samples and back.
# - *square*: u itself, a polynomial of degree 2 of the pair of filters.
# - *quartic*: the parabola in u that comes closest to the modulus on the training images.
# - *one square*: the square of the real part alone, as after one ordinary filter.
# - *none*: the real part.
#
# Then all paths are truncated to 9x9 modes (`freqnet.nn.TruncationPool`). Products are exact in the modes that are kept,
# so nothing aliases. On these modes, the Gaussian of scattering only multiplies each by a number: with or without it, a
# linear classifier has the same information.

SPACE = Fourier.on(GRID)
POOL = nn.TruncationPool(COARSE)


def response(kernels):
    """Return real kernels ``(kernels, *grid)`` as frequency responses ``(*modes, 1, kernels)``."""
    spectrum = ops.analysis(np.moveaxis(kernels, 0, -1)[None], SPACE)
    return Tensor((spectrum.data * np.prod(GRID)).astype(np.complex64), SPACE.response())


REAL, IMAGINARY = response(PSI.real), response(PSI.imag)


def picked(x, channels):
    """Return channels of a signal or a response, in any order."""
    return Tensor(np.ascontiguousarray(x.data[..., channels]), x.space)


def none(real, imaginary, path):
    """Return the real part."""
    return real


def one_square(real, imaginary, path):
    """Return the square of the real part."""
    return ops.multiply(real, real)


def square(real, imaginary, path):
    """Return the squared modulus."""
    return ops.multiply(real, real) + ops.multiply(imaginary, imaginary)


def modulus(real, imaginary, path):
    """Return the modulus, by way of samples."""
    return ops.analysis(np.hypot(ops.synthesis(real).data, ops.synthesis(imaginary).data), SPACE)


class Quartic:
    """A parabola in the squared modulus, fitted to the modulus of the images that it sees first."""

    def __init__(self):
        self.coefficients = {}

    def __call__(self, real, imaginary, path):
        u = square(real, imaginary, path)
        if path not in self.coefficients:
            samples = ops.synthesis(u).data.reshape(-1, u.shape[-1]).clip(0)
            fits = [np.polyfit(channel, np.sqrt(channel), 2)[::-1] for channel in samples.T.astype(float)]
            self.coefficients[path] = Tensor(np.transpose(fits).astype(np.float32))
        return ops.polynomial(u, self.coefficients[path])


def levels(x, activation):
    """Return the signals of orders 0, 1 and 2 before the truncation, by their channels."""
    first = activation(*(ops.convolve(x, part) for part in (REAL, IMAGINARY)), "first")
    before, after = np.transpose(PAIRS)
    chosen = picked(first, before)
    filtered = (ops.convolve(chosen, picked(part, after), groups=len(PAIRS)) for part in (REAL, IMAGINARY))
    return x, first, activation(*filtered, "second")


def inner(x):
    """Return the inner 7x7 samples of truncated paths ``(images, paths, 7, 7)``."""
    return np.moveaxis(ops.synthesis(x).data[:, 1:-1, 1:-1], -1, 1)


BATCH = 100


def features(images, activation):
    """Return the truncated paths of images in the order of scattering, one row per image."""
    rows = []
    for start in range(0, len(images), BATCH):
        x = ops.analysis(images[start : start + BATCH, ..., None], SPACE)
        rows.append(np.concatenate([inner(POOL.forward(level)) for level in levels(x, activation)], axis=1))
    return np.concatenate(rows).reshape(len(images), -1)


ACTIVATIONS = {"modulus": modulus, "square": square, "quartic": Quartic(), "one square": one_square, "none": none}
# The quartic is fitted to training images, which come first.
features(images[:BATCH], ACTIVATIONS["quartic"])
x = ops.analysis(images[:BATCH, ..., None], SPACE)
for name, activation in ACTIVATIONS.items():
    with counted_transforms() as counter:
        levels(x, activation)
    print(f"{name:12s} {counter.count} transforms inside")
    assert counter.count == (6 if name == "modulus" else 0)
with no_transforms():
    levels(x, square)

# %%
# Scattering by its formula is the modulus, the Gaussian, and every fourth sample (`freqnet.ops.alias`). The Fourier domain
# has no Nyquist mode, so the images for this comparison have none.


def scattering_of_modes(images):
    """Return the scattering coefficients like `scattering`, by ops of the Fourier domain."""
    found = levels(ops.analysis(images[..., None], SPACE), modulus)
    low = [picked(response(PHI[None]), [0] * level.shape[-1]) for level in found]
    smooth = (ops.convolve(level, h, groups=level.shape[-1]) for level, h in zip(found, low, strict=True))
    return np.concatenate([inner(ops.alias(level, 2**SCALES)) for level in smooth], axis=1)


without_nyquist = ops.synthesis(x).data[..., 0]
by_formula, by_modes = scattering(without_nyquist), scattering_of_modes(without_nyquist)
difference = np.linalg.norm(by_formula - by_modes) / np.linalg.norm(by_formula)
print(f"scattering by its formula and by modes differ by {difference:.1e}")
assert difference < 5e-3

# %%
# What the truncation keeps
# -------------------------
#
# The share of each signal's power that its 9x9 lowest modes hold, on average over the images. A filter's output has little
# of it there. The square of one filter's output has it at low modes and around twice the frequency of the filter, and the
# latter is dropped. The squared modulus of the pair has nothing around twice the frequency, and the modulus itself varies
# less and is smoother.


def share(x):
    """Return the share of a signal's power that truncation keeps, averaged over images ``(channels,)``."""
    whole, kept = (ops.signal_power(signal).data for signal in (x, POOL.forward(x)))
    return (kept.sum(0) / whole.sum(0)).astype(float)


shares = {}
for name, activation in ACTIVATIONS.items():
    _, first, second = levels(x, activation)
    fine, coarse = share(first)[:ANGLES].mean(), share(first)[ANGLES:].mean()
    shares[name] = (fine, coarse, share(second).mean())
    print(f"{name:12s} keeps {fine:6.1%} after fine filters, {coarse:6.1%} after coarse ones, {shares[name][2]:6.1%} of order 2")
for lower, higher in pairwise(("none", "one square", "square", "quartic", "modulus")):
    assert all(a < b for a, b in zip(shares[lower], shares[higher], strict=True)), (lower, higher)

# %%
# How much of the image that is, measured by a linear map that reads the image from the numbers kept: the share of the
# variance of new images that ridge regression explains, for the modes up to 4 that truncation keeps and for those above.

train, test = slice(0, TRAIN), slice(TRAIN, TRAIN + TEST)
SETS = {name: features(images, activation) for name, activation in ACTIVATIONS.items()}
SETS = {"scattering": scattering(images).reshape(len(images), -1).astype(np.float32)} | SETS
SETS["pixels"] = images[:, BORDER:-BORDER, BORDER:-BORDER].reshape(len(images), -1)
for values in SETS.values():
    values -= values[train].mean(0)
    # Pixels at the border are constant.
    values /= np.maximum(values[train].std(0), 1e-6)

spectra = ops.analysis(images[..., None], SPACE)
low = ops.coordinates(ops.truncate(spectra, (COARSE - 1) // 2)).data
high = ops.coordinates(spectra + ops.zero_pad(ops.truncate(spectra, (COARSE - 1) // 2), SPACE.band) * -1.0).data


def read(values):
    """Return the share of the variance of low and of high modes of test images that a linear map explains."""
    model = RidgeCV(np.logspace(0, 5, 6)).fit(values[train], np.hstack([low, high])[train])
    found = np.split(model.predict(values[test]), [low.shape[1]], axis=1)
    return [r2_score(y[test], f, multioutput="variance_weighted") for y, f in zip((low, high), found, strict=True)]


kept = {name: read(values) for name, values in SETS.items() if name != "pixels"}
for name, (lower, higher) in kept.items():
    print(f"{name:12s} explains {lower:6.1%} of the modes up to 4, {higher:6.1%} of those above")
assert min(kept[name][1] for name in ("modulus", "square")) > kept["none"][1] + 0.03

# %%
# How stable that is
# ------------------
#
# How far the features of changed images are from those of the images, relative to the distance between the features of two
# different images. Every feature is divided by its standard deviation first.

MOVED = images[test][:200]


def shifted(images, pixels):
    """Shift images by fractions of a pixel to the right and down."""
    return ops.synthesis(ops.shift(ops.analysis(images[..., None], SPACE), [pixels, pixels])).data[..., 0]


def warped(images, pixels, generator):
    """Move each pixel by a smooth random field, of a root mean square in pixels along each axis."""
    fields = ndimage.gaussian_filter(generator.normal(size=(2, len(images), *GRID)), (0, 0, 5, 5), mode="wrap")
    fields *= pixels / fields.std()
    places = np.indices(images.shape, dtype=float)
    places[1:] += fields
    return ndimage.map_coordinates(images, places, order=3, mode="grid-wrap").astype(images.dtype)


def changed():
    """Return changed images by a name of the change."""
    generator = np.random.default_rng(1)
    noise = generator.normal(size=MOVED.shape).astype(np.float32)
    spectrum = ops.analysis(noise[..., None], SPACE)
    slow = ops.synthesis(ops.truncate(spectrum, (COARSE - 1) // 2), GRID).data[..., 0]
    fast = ops.synthesis(spectrum).data[..., 0] - slow
    return {
        "shift by 0.5 pixels": shifted(MOVED, 0.5),
        "shift by 1 pixel": shifted(MOVED, 1.0),
        "warp by 0.5 pixels": warped(MOVED, 0.5, generator),
        "warp by 1 pixel": warped(MOVED, 1.0, generator),
        "noise of 0.1": MOVED + 0.1 * noise,
        "noise of 0.1, modes up to 4": MOVED + 0.1 * slow / slow.std(),
        "noise of 0.1, modes above 4": MOVED + 0.1 * fast / fast.std(),
    }


def described(name, images):
    """Return the features of images, without standardisation."""
    if name == "pixels":
        return images[:, BORDER:-BORDER, BORDER:-BORDER].reshape(len(images), -1)
    return scattering(images).reshape(len(images), -1) if name == "scattering" else features(images, ACTIVATIONS[name])


def distances(name, changes):
    """Return the median relative distance between the features of changed images and those of the images."""
    own = described(name, MOVED)
    # The deviations over the test images, which are those of the training images but for chance.
    scale = np.maximum(own.std(0), 1e-3 * own.std(0).max())
    apart = np.median(np.linalg.norm((own - np.roll(own, 1, axis=0)) / scale, axis=1))
    return {key: np.median(np.linalg.norm((described(name, v) - own) / scale, axis=1)) / apart for key, v in changes.items()}


changes = changed()
moves = {name: distances(name, changes) for name in SETS}
print(f"{'':28s}" + "".join(f"{name:>12s}" for name in moves))
for change in changes:
    print(f"{change:28s}" + "".join(f"{moves[name][change]:12.3f}" for name in moves))

# %%
# A linear classifier
# -------------------
#
# Ridge regression on the ten classes, with the penalty chosen by leave-one-out. Beside them are the pixels themselves.


def accuracy(values, labels, train, test):
    """Return the share of test images that a linear classifier gets right."""
    model = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(0, 5, 11)))
    return model.fit(values[train], labels[train]).score(values[test], labels[test])


scores = {name: accuracy(values, labels, train, test) for name, values in SETS.items()}
for name, score in scores.items():
    print(f"{name:12s} {score:.1%} of {TEST} digits right, from {TRAIN}")
