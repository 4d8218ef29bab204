"""
A re-implementation in Keras, run again
=======================================

A student report on Rippel, Snoek and Adams (2015) re-implements spectral pooling, spectral parametrisation and
frequency dropout in Keras. It reports that networks with spectral kernels converge within 10 to 50 epochs where
networks with spatial kernels do not (its Figure 7). :doc:`/theory/keras_report` has what is known of its algorithms.
This page measures what they do to a picture, and trains its generic and its deep network on CIFAR-10 again, with all
three parts in the Fourier domain. What is said of its code refers to
`its repository <https://github.com/aye21874/Spectral-Representations-for-Convolutional-Neural-Networks>`__.
"""

import argparse
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from freqnet.benchmarks.studies.sets import cifar10, parts_of
from freqnet.benchmarks.studies.store import EXAMPLES, Store
from skimage import data

from freqnet import Fourier, Grid, Tensor, nn, ops
from freqnet.data import load
from freqnet.kernels.threads import thread_limit
from freqnet.training import Settings, analyse, fit

parser = argparse.ArgumentParser(description="Train the networks of a re-implementation of Rippel et al. again.")
parser.add_argument("--full", action="store_true", help="train all networks on CIFAR-10, and keep the results")
parser.add_argument("--folder", help="folder with the binary files of CIFAR-10")
parser.add_argument("--images", type=int, default=3000, help="training images [3000]")
parser.add_argument("--test", type=int, default=1000, help="held-out images [1000]")
parser.add_argument("--epochs", type=int, default=50, help="epochs of each training [50]")
parser.add_argument("--seeds", type=int, default=3, help="seeds of each setting [3]")
parser.add_argument("--width", type=int, default=8, help="channels of the first convolution [8]; the report has 96")
parser.add_argument("--results", default=EXAMPLES / "keras_reimplementation.json", help="file of the results")
options, _ = parser.parse_known_args()
STORE = Store(Path(options.results))
STUDY = {name: getattr(options, name) for name in ("images", "test", "epochs", "width")}

# %%
# Spectral pooling, as printed and as coded
# -----------------------------------------
#
# The report prints a crop of the centred spectrum from index :math:`\lfloor (A - C)/2 \rfloor`. Its code rounds the
# size up where the two sizes differ in parity, so that the index is right and the size is not the one that was asked
# for. After the crop, the code sets some imaginary parts to zero; the row *printed* has this step too. Neither divides
# by the change of size, :math:`(C/A)^2`: where the index is right, the mean grows by its inverse.


def without_imaginary_corners(centred):
    """Return a centred spectrum with zeros in the imaginary parts that the report's code sets to zero."""
    out, (rows, columns) = centred.copy(), centred.shape
    ends = [(0, rows // 2) if rows % 2 == 0 else (0,), (0, columns // 2) if columns % 2 == 0 else (0,)]
    for place in product(*ends):
        out[place] = out[place].real
    return out


def cropped(picture, side):
    """Return the complex samples of a square picture, pooled from the index that the report prints."""
    begin = (len(picture) - side) // 2
    centred = np.fft.fftshift(np.fft.fft2(picture))[begin : begin + side, begin : begin + side]
    return np.fft.ifft2(np.fft.ifftshift(without_imaginary_corners(centred)))


def coded(picture, side):
    """Return the same with the size that the report's code takes."""
    return cropped(picture, side + (len(picture) + side) % 2)


def exact(picture, side):
    """Return the picture after `freqnet.nn.TruncationPool`."""
    spectrum = ops.analysis(picture[None, :, :, None], Fourier.on(picture.shape))
    return ops.synthesis(nn.TruncationPool(side).forward(spectrum)).data[0, :, :, 0]


def low_modes(samples, band):
    """Return the modes of real samples up to a band."""
    return ops.truncate(ops.analysis(samples[None, :, :, None], Fourier.on(samples.shape)), band).data


def compared(picture, side, pool):
    """Return the side, the gain of the mean, the share of imaginary parts, and the error of the modes below Nyquist."""
    ours, theirs = exact(picture, side), pool(picture, side)
    gain, band = theirs.real.mean() / picture.mean(), (side - 1) // 2
    scaled = theirs * (len(theirs) / len(picture)) ** 2
    wanted, got = low_modes(ours, band), low_modes(scaled.real, band)
    imaginary = np.linalg.norm(theirs.imag) / np.linalg.norm(theirs)
    return len(theirs), gain, imaginary, np.linalg.norm(got - wanted) / np.linalg.norm(wanted)


camera = data.camera()[::2, ::2] / 255
print("from  to   algorithm   side  gain of mean  imaginary  error of modes")
errors = {}
for before, side, (name, pool) in product((256, 255), (32, 31), (("printed", cropped), ("coded", coded))):
    found = errors[before, side, name] = compared(camera[:before, :before], side, pool)
    print(f"{before:4d} {side:3d}   {name:10s} {found[0]:5d} {found[1]:13.2f} {found[2]:10.1%} {found[3]:15.1e}")
assert errors[256, 31, "printed"][3] > 0.5, "the modes have moved"
assert errors[256, 31, "coded"][0] != 31, "another size"
assert errors[255, 31, "printed"][2] > 1e-6, "a real map has become complex"
assert min(found[1] for (*_, name), found in errors.items() if name == "coded") > 59, "the mean has grown"
assert max(errors[256, 32, name][3] for name in ("printed", "coded")) < 1e-12, "even to even is right"
assert abs(exact(camera, 31).mean() - camera.mean()) < 1e-12

# %%
# Three parametrisations
# ----------------------
#
# The report's text trains two real arrays, the real and the imaginary part of the spectrum of each kernel, and takes
# the real part of the inverse transform. Both arrays have as many entries as the kernel has taps; of each pair of
# mirrored frequencies, only a sum and a difference matter. Adam moves mirrored entries alike, so that this is
# ``kernel="sinc"`` of `freqnet.nn.Convolution`, which stores one of each pair; a test compares the two paths. At one
# learning rate, Adam's first step moves each wave by :math:`\sqrt{2/n}` of what it moves with the unitary spectrum,
# for a kernel of n taps.
#
# In the report's code, the imaginary part is commented out: the layer transforms a real kernel forward and back again.
# That is the kernel itself, so that training it is training taps. If this code made Figure 7, the difference that it
# shows is not one of parametrisation. Its frequency dropout is off, and cannot be on: it calls a number as a function.


def from_two_arrays(real, imaginary):
    """Return the kernel of the report's text."""
    return np.fft.ifft2(real + 1j * imaginary).real


def as_coded(kernel):
    """Return the kernel of the report's code."""
    return np.fft.ifft2(np.fft.fft2(kernel)).real


generator = np.random.default_rng(0)
for size in (3, 5):
    kernel = generator.normal(size=(size, size))
    spectrum = np.fft.fft2(kernel)
    assert np.allclose(as_coded(kernel), kernel, atol=1e-14)
    assert np.allclose(from_two_arrays(spectrum.real, spectrum.imag), kernel, atol=1e-14)

# %%
# The networks
# ------------
#
# Convolutions, spectral pooling and frequency dropout stay in the Fourier domain, from modes up to 8 at the door. The
# polynomials after them take the place of ReLU, each with a normalisation. Unlike the report's networks, these have no
# max pooling and no dropout of numbers. Training changes the images at random by
# mirrors, shifts, brightness, contrast and mixed colours.

KERNELS = {"taps": "taps, as in the code", "sinc": "parts of spectra, as in the text", "spectral": "unitary spectra"}
AUGMENT = ("mirror", "shift=2", "brightness=0.2", "contrast=0.2", "colour=0.1")


@nn.layer
@dataclass(eq=False)
class Rectifier(nn.Module):
    """Apply ReLU to plain numbers, as between dense layers."""

    is_static = True

    def _build(self, incoming, generator):
        return incoming

    def forward(self, x):
        return ops.relu(x)


def conv(channels, size, kernel):
    """Return a convolution and the nonlinearity after it."""
    return nn.Convolution(channels, size, kernel), nn.PowerNorm(), nn.Polynomial()


def pool(side, minimum):
    """Return spectral pooling and frequency dropout."""
    return nn.TruncationPool(side), nn.FrequencyDropout(minimum)


def generic(width, size, kernel):
    """Return the layers of the generic network, with one hidden dense layer, where the paper has two."""
    first, second = conv(width, size, kernel), conv(2 * width, size, kernel)
    return *first, *pool(9, 3), *second, *pool(5, 2), nn.Dense(32 * width // 3), Rectifier(), nn.Dense(10)


def deep(width, size, kernel):
    """Return the layers of the deep network."""
    first, second = (conv(channels, size, kernel) for channels in (width, 2 * width))
    again, more = conv(width, size, kernel), [layer for _ in range(2) for layer in conv(2 * width, size, kernel)]
    ending = *conv(2 * width, 1, "taps"), nn.Convolution(10, 1), nn.GlobalAverage()
    return *first, *again, *pool(9, 3), *second, *more, *pool(5, 2), *ending


NETWORKS = {"deep": deep, "generic": generic}


def matrix(kernel, size):
    """Return the matrix of a parametrisation (taps, parameters)."""
    one_each = Tensor(np.eye(size**2)[:, None])
    return ops.frequency_response(one_each, Grid.on((size, size)), kernel, size).data.reshape(size**2, size**2)


def network(name, channels, size, kernel, seed, width, grid=(32, 32)):
    """Return a network whose first function depends on the seed only, whatever the parametrisation."""
    make = lambda kernel: nn.Network(
        nn.Door("fourier", grid, (8, 8), channels), nn.Sequential(NETWORKS[name](width, size, kernel)), seed
    )
    own, taps = make(kernel), make("taps")
    for layer, other in zip(own.layers, taps.layers, strict=True):
        if isinstance(layer, nn.Convolution) and layer.kernel != "taps":
            values = other.parameters["kernel"].data.reshape(size**2, -1).astype(float)
            own_values = np.linalg.solve(matrix(kernel, size), values)
            layer.parameters["kernel"].data[...] = own_values.reshape(layer.parameters["kernel"].shape)
        else:
            for entry, parameter in layer.parameters.items():
                parameter.data[...] = other.parameters[entry].data
    return own


def trained(name, size, kernel, seed, parts, width, epochs, augment, rate=2e-3):
    """Train a network and return its curves."""
    train, test = parts
    own = network(name, train.images.shape[3], size, kernel, seed, width, train.images.shape[1:3])
    settings = Settings(epochs, 64, rate, "adam", "constant", 0.0, 0.0, seed=seed, augment=augment)
    began = time.process_time()
    history = fit(own, analyse(own, train), analyse(own, test), settings).rows
    return {
        "training errors": [round(1 - row["accuracy"], 4) for row in history],
        "held-out errors": [round(1 - row["validation_accuracy"], 4) for row in history],
        "seconds": round(time.process_time() - began, 1),
    }


# %%
# On this page, the generic network with 5x5 taps reads 1,000 digits for five epochs, with each parametrisation:

small = parts_of(load("mnist-5k"), 1000, 500)
probe = analyse(network("generic", 1, 5, "taps", 0, 8, (28, 28)), small[1]).take(np.arange(50))
firsts = [network("generic", 1, 5, kernel, 0, 8, (28, 28)) for kernel in KERNELS]
with nn.evaluation():
    outputs = [own.body(probe.x).data for own in firsts]
assert max(np.abs(out - outputs[0]).max() for out in outputs) < 1e-3 * np.abs(outputs[0]).max(), "the same function"
quick = {kernel: trained("generic", 5, kernel, 0, small, 8, 5, ("shift=2",)) for kernel in KERNELS}
for kernel, curves in quick.items():
    print(f"{KERNELS[kernel]:34s} training errors", *(f"{error:.1%}" for error in curves["training errors"]))
assert all(curves["training errors"][-1] < 0.7 * curves["training errors"][0] for curves in quick.values())

# %%
# Figure 7
# --------
#
# ``python examples/keras_reimplementation.py --full --folder FOLDER`` trains both networks with 3x3 and 5x5 taps, with
# each parametrisation from three seeds, on 3,000 images of CIFAR-10, for the 50 epochs within which the report sees its
# difference. The report trains on all of CIFAR-10, at a width of 96: ``--images 47000 --width 96`` comes close.

SETTINGS = tuple(product(NETWORKS, (3, 5)))


def measure():
    """Train what is not in the results yet."""
    dataset = cifar10(options.folder)
    for seed, (name, size), kernel in product(range(options.seeds), SETTINGS, KERNELS):
        key = {"network": name, "size": size, "kernel": kernel, "seed": seed} | STUDY
        if STORE.has(**key):
            continue
        parts = parts_of(dataset, options.images, options.test, seed)
        with thread_limit(1):
            curves = trained(name, size, kernel, seed, parts, options.width, options.epochs, AUGMENT)
        STORE.add(key | curves)
        print(*key.values(), f"{curves['training errors'][-1]:.1%}, {curves['seconds']} s", flush=True)


if options.full:
    measure()


def curves_of(name, size, kernel, what="training errors"):
    """Return the stored curves of a setting, ``(seeds, epochs)``."""
    return np.array([row[what] for row in STORE.rows(network=name, size=size, kernel=kernel, **STUDY)])


def spread(values):
    """Format a mean with the lowest and the highest value."""
    return f"{np.mean(values):.1%} ({min(values):.1%} to {max(values):.1%})"


# %%
# Errors after the last epoch, means with the range over three seeds; each curve has the range as a band. The report's
# figure has no numbers to compare with.


def draw():
    """Draw Figure 7 from the stored curves."""
    figure, axes = plt.subplots(1, 4, figsize=(10, 3.4), sharey=True, layout="constrained")
    for axis, (name, size) in zip(axes, SETTINGS, strict=True):
        for number, kernel in enumerate(KERNELS):
            curves = curves_of(name, size, kernel)
            if len(curves):
                epochs = range(1, curves.shape[1] + 1)
                axis.plot(epochs, curves.mean(0), color=f"C{number}", label=KERNELS[kernel])
                axis.fill_between(epochs, curves.min(0), curves.max(0), color=f"C{number}", alpha=0.15, linewidth=0)
        axis.set(title=f"{name}, {size}x{size}", xlabel="epoch")
    axes[0].set_ylabel("training error")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    plt.show()


if STORE.has(**STUDY):
    print(f"{'':49s}{'training error':26s} held-out error")
for (name, size), kernel in product(SETTINGS, KERNELS):
    if len(curves_of(name, size, kernel)):
        last = (curves_of(name, size, kernel, what)[:, -1] for what in ("training errors", "held-out errors"))
        training, held_out = map(spread, last)
        print(f"{name:8s} {size}x{size}  {KERNELS[kernel]:34s} {training:26s} {held_out}")
if STORE.has(**STUDY):
    draw()

# %%
# In the mean of each setting unitary spectra have the least training error, and the text's two arrays lie between them
# and taps: they lower the error of taps by about 5 % (deep, 3x3), a quarter (deep, 5x5) and a tenth (generic, where
# ranges overlap with 5x5 taps). So there is a difference of the sign of Figure 7 if the text was run, but a smaller
# one, and none of these networks has converged after 50 epochs, while the report's deep ones have after 10 and 20. It
# is one of fitting: mean held-out errors, with 3,000 training images, lie within three points of each other, and the
# smallest training error does not go with the smallest of them.

# %%
# The picture
# -----------
#
# 256x256 samples pooled to 31x31. The printed index moves each mode by one, which shows as fringes; the code returns
# 32x32 samples.

figure, axes = plt.subplots(1, 4, figsize=(10, 2.9), layout="constrained")
shown = {"256x256 samples": camera, "as printed, real part": cropped(camera, 31).real}
shown |= {"as coded": coded(camera, 31).real, "TruncationPool(31)": exact(camera, 31)}
for axis, (title, picture) in zip(axes, shown.items(), strict=True):
    axis.imshow(picture, cmap="gray")
    axis.set(
        title=title, xticks=[], yticks=[], xlabel=f"{picture.shape[0]}x{picture.shape[1]}, mean {picture.mean():.3g}"
    )
plt.show()
