"""
Spectral pooling keeps more of a picture than max pooling
=========================================================

Rippel, Snoek and Adams (2015) pool by truncation of the spectrum, and compare this with max pooling on pictures: each
picture is pooled, enlarged again, and compared with itself (their Figures 2 and 4a). This page repeats both figures on
the photographs that come with scikit-image and scikit-learn, and on 1,000 images of CIFAR-10; the paper used ImageNet's
validation set.
"""

import argparse

import matplotlib.pyplot as plt
import numpy as np
from freqnet.benchmarks.studies.sets import cifar10
from freqnet.benchmarks.studies.store import EXAMPLES, Store
from scipy import stats
from skimage import color, data
from sklearn.datasets import load_sample_image

from freqnet import Fourier, Grid, nn, ops

parser = argparse.ArgumentParser(description="Compare spectral pooling with max pooling.")
parser.add_argument("--full", action="store_true", help="also measure 1,000 images of CIFAR-10, and keep all results")
parser.add_argument("--folder", help="folder with the binary files of CIFAR-10")
options, _ = parser.parse_known_args()
STORE = Store(EXAMPLES / "spectral_pooling.json")

# %%
# The pictures
# ------------
#
# There are 15 photographs, nine of them in colour: the middle of each, at most 512x512 pixels, with sides that are
# multiples of 32. In addition, this middle is cut into squares of 256x256 pixels, which count as images of their own.
# The picture of the moon comes with every pixel four times, so that every second row and column is left out.

PHOTOGRAPHS = (
    *("astronaut", "brick", "camera", "chelsea", "coffee", "coins", "grass", "gravel", "hubble_deep_field", "moon"),
    *("retina", "rocket", "stereo_motorcycle", "china.jpg", "flower.jpg"),
)
STRIDES, COARSEST, SIDE = (2, 4, 8, 16, 32), 32, 256


def photograph(name):
    """Return the middle of a picture ``(rows, columns, channels)`` with values from 0 to 1."""
    found = load_sample_image(name) if "." in name else getattr(data, name)()
    # A pair of pictures for stereo vision: take the left one.
    picture = np.atleast_3d(found[0] if isinstance(found, tuple) else found) / 255
    picture = picture[::2, ::2] if name == "moon" else picture
    return middle(picture, *(min(COARSEST * (side // COARSEST), 2 * SIDE) for side in picture.shape[:2]))


def middle(picture, rows, columns):
    """Return the middle of a picture."""
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    return picture[top : top + rows, left : left + columns]


def squares(picture):
    """Return the middle of a picture in squares."""
    rows, columns = (side // SIDE for side in picture.shape[:2])
    part = middle(picture, SIDE * rows, SIDE * columns)
    return [tile for band in np.split(part, rows) for tile in np.split(band, columns, axis=1)]


def grey(picture):
    """Return the luminance of a picture; a grey one is returned as it is."""
    return picture if picture.shape[-1] == 1 else color.rgb2gray(picture)[..., None]


whole = {name: photograph(name) for name in PHOTOGRAPHS}
tiles = [tile for picture in whole.values() for tile in squares(picture)]
sets = {("whole", "grey"): [grey(p) for p in whole.values()], ("256x256", "grey"): [grey(p) for p in tiles]}
sets |= {(name, "colour"): [p for p in found if p.shape[-1] == 3]
         for name, found in (("whole", whole.values()), ("256x256", tiles))}  # fmt: skip
for (name, kind), found in sets.items():
    print(f"{name:8s} {kind:7s} {len(found):3d} images")

# %%
# Four ways to pool
# -----------------
#
# `freqnet.nn.TruncationPool` is spectral pooling, to any size. The other three keep one number per window, so that
# their size is that of the picture divided by a whole stride: the average (`freqnet.nn.AveragePool`), the first sample
# (`freqnet.ops.alias`), and the maximum. The first two have an exact counterpart on spectra. The maximum has none,
# which is why the library does not have it; NumPy computes it.
#
# The paper does not say how a max-pooled picture is enlarged again; the usual way repeats each value. In addition, each
# of these three poolings gets the best of four ways for each picture and size: repeated values or linear interpolation,
# without or with the brightness and contrast that fit the original best. A spectrum is enlarged by zeros.


def pooled(picture, stride):
    """Return a picture after each pooling that has a stride, with the place of its first value in the window."""
    rows, columns, channels = picture.shape
    windows = picture.reshape(rows // stride, stride, columns // stride, stride, channels)
    samples = ops.analysis(picture[None], Grid.on((rows, columns)))
    average, first = nn.AveragePool(stride).forward(samples), ops.alias(samples, stride)
    centre = (stride - 1) / 2
    return {
        "max": (windows.max((1, 3)), centre),
        "average": (ops.synthesis(average).data[0], centre),
        "subsampling": (ops.synthesis(first).data[0], 0.0),
    }


def repeated(small, stride):
    """Enlarge a pooled picture by repeating each value."""
    return small.repeat(stride, axis=0).repeat(stride, axis=1)


def interpolated(small, stride, place):
    """Enlarge a pooled picture by linear interpolation between the places of its values."""
    hats = []
    for count in small.shape[:2]:
        places = np.clip((np.arange(stride * count) - place) / stride, 0, count - 1)
        hats.append(np.maximum(1 - np.abs(places[:, None] - np.arange(count)), 0))
    return np.einsum("rc,cdk,sd->rsk", hats[0], small, hats[1], optimize=True)


def relative(picture, other):
    """Return the error of a picture, relative to its norm."""
    return float(np.linalg.norm(picture - other) / np.linalg.norm(picture))


def best_fit(picture, other):
    """Return the relative error of the second picture with the brightness and contrast that fit the first one best."""
    centred = other - other.mean()
    explained = np.vdot(centred, picture) ** 2 / max(np.vdot(centred, centred), np.finfo(float).tiny)
    power = np.vdot(picture, picture)
    return float(np.sqrt(max(power - picture.size * picture.mean() ** 2 - explained, 0) / power))


def strided_errors(picture, stride):
    """Return the error of each pooling with a stride: with repeated values, and after the best way to enlarge it."""
    errors = {}
    for name, (small, place) in pooled(picture, stride).items():
        ways = [repeated(small, stride), interpolated(small, stride, place)]
        found = [error(picture, way) for error in (relative, best_fit) for way in ways]
        errors |= {name: found[0], f"best {name}": min(found)}
    return errors


def spectral(picture, size):
    """Return a picture after spectral pooling to a size, and enlarged again."""
    grid = picture.shape[:2]
    spectrum = ops.analysis(picture[None], Fourier.on(grid))
    return ops.synthesis(ops.resample(nn.TruncationPool(size).forward(spectrum), grid), grid).data[0]


# %%
# The curve
# ---------
#
# By Parseval's theorem, the squared error of spectral pooling is the power of the modes that it drops. So the curve for
# all sizes takes one transform per picture. Our pooling keeps the modes up to m along each axis, an odd number 2m + 1
# of them. Beside max pooling to 64x64 it thus keeps 63x65 modes: one number less.
#
# Factors are errors divided by that of spectral pooling: the geometric mean over images and, in brackets, the smallest.
# "Best" means the best of the four ways to enlarge, with the share of images in which spectral pooling's error is
# lower.

FRACTIONS = np.geomspace(0.001, 0.8, 25)


def band_for(grid, fraction):
    """Return the band that keeps at most a fraction of the numbers of a grid, about the same along each axis."""
    rows, columns = (int(np.sqrt(fraction) * n * (1 + 1e-12)) for n in grid)
    if rows % 2 == 0 and columns % 2 == 0 and (rows - 1) * (columns + 1) <= rows * columns:
        return rows // 2 - 1, columns // 2
    return max(rows - 1, 0) // 2, max(columns - 1, 0) // 2


def truncated(picture, fractions):
    """Return the fractions of numbers that spectral pooling keeps, at most those given, and its errors."""
    grid = picture.shape[:2]
    spectrum = ops.analysis(picture[None], Fourier.on(grid))
    power = np.mean(picture**2, axis=(0, 1)).sum()
    found = {}
    # From the most modes down, so that each truncation begins with those of the one before.
    for fraction in sorted(fractions, reverse=True):
        band = band_for(grid, fraction)
        spectrum = ops.truncate(spectrum, band)
        numbers = np.prod([2 * m + 1 for m in band]) / np.prod(grid)
        found[fraction] = numbers, np.sqrt(max(1 - ops.signal_power(spectrum).data.sum() / power, 0))
    return np.array([found[fraction] for fraction in fractions])


def compare(pictures, strides):
    """Return the errors of all poolings by name, each ``(pictures, strides)``, and the curves of spectral pooling."""
    strided = [[strided_errors(picture, stride) for stride in strides] for picture in pictures]
    errors = {name: np.array([[at[name] for at in row] for row in strided]) for name in strided[0][0]}
    errors["spectral"] = np.array([truncated(picture, [s**-2 for s in strides])[:, 1] for picture in pictures])
    return errors, np.array([truncated(picture, FRACTIONS) for picture in pictures])


def row_of(name, kind, errors, strides, column):
    """Return the mean errors at a stride, and the factors by which they are larger than spectral pooling's."""
    row = {"images": name, "colour": kind, "stride": strides[column], "count": len(errors["max"])}
    for method, values in errors.items():
        row[method] = float(values[:, column].mean())
    for method in ("max", "best max", "average", "best average"):
        factor = (errors[method] / errors["spectral"])[:, column]
        row[f"{method}, factor"] = [float(stats.gmean(factor)), float(factor.min())]
        row[f"{method}, above"] = float((factor > 1).mean())
    return row


def show(rows):
    """Print the errors of rows, and the factors between other poolings and spectral pooling."""
    print("images   colour  numbers  max     average subsam. spectral  factor of max  best max          best average")
    for row in rows:
        errors = "  ".join(f"{row[name]:.4f}" for name in ("max", "average", "subsampling", "spectral"))
        factors = "  ".join(
            "{:.2f} ({:.2f})".format(*row[f"{name}, factor"])
            + (f" {row[f'{name}, above']:4.0%}" if "best" in name else "")
            for name in ("max", "best max", "best average")
        )
        print(f"{row['images']:8s} {row['colour']:7s} 1/{row['stride'] ** 2:<5d}  {errors}    {factors}")


results = {key: compare(found, STRIDES) for key, found in sets.items()}
rows = [row_of(*key, errors, STRIDES, i) for key, (errors, _) in results.items() for i in range(len(STRIDES))]
show(rows)
assert all(row["max, above"] == 1 for row in rows), "spectral pooling's error is below max pooling's in every image"
assert all(row["best max, factor"][0] > 1 for row in rows), (
    "and on average also where max pooling is enlarged at its best"
)
curves = np.concatenate([curve[..., 1] for _, curve in results.values()])
assert np.all(np.diff(curves, axis=1) <= 1e-12), "more modes never add to the error"
# The curve by Parseval is the error of the pictures.
by_pictures = [relative(tiles[0], spectral(tiles[0], (SIDE // s - 1, SIDE // s + 1))) for s in STRIDES]
assert np.allclose(by_pictures, truncated(tiles[0], [s**-2 for s in STRIDES])[:, 1], rtol=1e-10)

# %%
# 1,000 images of CIFAR-10
# ------------------------
#
# These were measured with ``python examples/spectral_pooling.py --full --folder FOLDER`` and are kept in
# ``examples/results/spectral_pooling.json``. Their sides of 32 pixels leave strides from 2 to 16. At 2x2 numbers,
# truncation keeps one mode by three. With repeated values, max pooling's error is the larger one in every image down to
# 4x4 numbers, and in all but two of a thousand at 2x2.


def measure_cifar(folder):
    """Measure the first 1,000 images of CIFAR-10, in grey and in colour, and keep the results."""
    images = cifar10(folder).take(np.arange(1000)).images.astype(float)
    for kind, found in (("grey", [grey(p) for p in images]), ("colour", list(images))):
        if STORE.has(images="CIFAR-10", colour=kind):
            continue
        errors, curve = compare(found, STRIDES[:-1])
        STORE.put(**{f"curve, {kind}": curve.mean(0).tolist()})
        STORE.put(
            rows=STORE.rows() + [row_of("CIFAR-10", kind, errors, STRIDES[:-1], i) for i in range(len(STRIDES) - 1)]
        )


if options.full:
    measure_cifar(options.folder)
record = STORE.record()
show(STORE.rows())
assert all(row["max, above"] > 0.99 for row in STORE.rows())

# %%
# Figure 4a
# ---------
#
# The lines are spectral pooling, with the range of the middle half of the images; the marks are the poolings with a
# stride. As in the paper, a horizontal line is the least error of max pooling: with repeated values (solid), and
# enlarged in the best of the four ways (dashed). The paper shows such a curve for ImageNet and prints no numbers of it.

figure, axes = plt.subplots(1, 3, figsize=(10, 3.9), sharey=True, layout="constrained")
for axis, key in zip(axes, (("whole", "grey"), ("256x256", "colour"), ("CIFAR-10", "colour")), strict=True):
    measured = [row for row in (*rows, *STORE.rows()) if (row["images"], row["colour"]) == key]
    axis.set(title=f"{key[0]}, {key[1]}" + (f", {measured[0]['count']} images" if measured else ""))
    axis.set(xlabel="fraction of numbers kept", yscale="log", xlim=(0, 0.8))
    if key in results:
        kept, errors = np.moveaxis(results[key][1], -1, 0)
        axis.plot(kept.mean(0), errors.mean(0), label="spectral pooling")
        axis.fill_between(kept.mean(0), *np.percentile(errors, (25, 75), axis=0), alpha=0.2)
    elif measured:
        axis.plot(*np.transpose(record[f"curve, {key[1]}"]), label="spectral pooling")
    for method, mark in (("max", "s"), ("average", "o"), ("subsampling", "x")):
        at = [1 / row["stride"] ** 2 for row in measured]
        axis.plot(at, [row[method] for row in measured], mark, color="C3" if method == "max" else "0.5", label=method)
    if measured:
        for name, style in (("max", "-"), ("best max", "--")):
            axis.axhline(min(row[name] for row in measured), color="C3", linewidth=0.8, linestyle=style)
axes[0].set_ylabel("relative error")
axes[0].set_yscale("log", base=2)
axes[0].legend()
plt.show()

# %%
# Figure 2
# --------
#
# The same picture after all four poolings, at the sizes of the strides. Max pooling makes bright parts larger;
# subsampling aliases, as in the hair; spectral pooling rings near edges.


def shown(picture, stride):
    """Return the picture after each pooling with a stride, enlarged."""
    strided = {name: repeated(small, stride) for name, (small, _) in pooled(picture, stride).items()}
    return strided | {"spectral": spectral(picture, tuple(side // stride for side in picture.shape[:2]))}


def draw(picture):
    """Draw the grid of Figure 2 for one picture."""
    columns = {stride: shown(picture, stride) for stride in STRIDES[1:]}
    figure, axes = plt.subplots(4, len(columns), figsize=(9, 9.4), layout="constrained")
    for axis, (stride, pictures) in zip(axes.T, columns.items(), strict=True):
        for cell, (name, values) in zip(axis, pictures.items(), strict=True):
            cell.imshow(np.clip(values, 0, 1).squeeze(), cmap="gray", vmin=0, vmax=1)
            cell.set(xticks=[], yticks=[])
            cell.set_ylabel(name if stride == STRIDES[1] else "")
        axis[0].set_title(f"1/{stride**2} of the numbers")
    return figure


draw(middle(whole["astronaut"], 512, 512)[:SIDE, 96 : 96 + SIDE])
plt.show()

# %%
# The same in grey.

draw(middle(grey(whole["camera"]), 512, 512)[32 : 32 + SIDE, 128 : 128 + SIDE])
plt.show()

# %%
# Pictures without high frequencies
# ---------------------------------
#
# If a picture has only modes that fit into the size, spectral pooling loses nothing but rounding errors. Max pooling of
# the same picture does.

smooth = [spectral(tile, SIDE // 4 - 1) for tile in tiles]
exact = max(relative(p, spectral(p, SIDE // 4 - 1)) for p in smooth)
maxima = min(strided_errors(p, 4)["best max"] for p in smooth)
print(f"band-limited pictures: spectral pooling's error is at most {exact:.1e}, max pooling's at least {maxima:.1e}")
assert exact < 1e-12 < 1e-4 < maxima

# %%
# Where it is not the best
# ------------------------
#
# The advantage comes from the pictures, whose power is at low frequencies, and is smallest at the coarsest sizes. A
# picture is not periodic, and the jump between opposite sides costs modes. If a max-pooled picture is interpolated and
# gets its brightness and contrast from the original, it comes closer than spectral pooling in 10 to 17 % of the squares
# at 8x8 numbers, and in about half of CIFAR-10's images at 2x2.
#
# The average is a closer rival than the maximum. Enlarged at its best, its error is 10 to 22 % above that of spectral
# pooling at a quarter of the numbers, and from 10 % below to 1 % above it at the coarsest sizes. On a checkerboard,
# which is all edges, every pooling with a stride of 5 pixels beats truncation to as many numbers.

board = np.atleast_3d(data.checkerboard() / 255)
on_board = strided_errors(board, 5) | {"spectral": truncated(board, [1 / 25])[0, 1]}
print("checkerboard:", {name: round(float(error), 3) for name, error in on_board.items() if "best" not in name})
assert max(on_board[name] for name in ("max", "average", "subsampling")) < on_board["spectral"]

# %%
# What differs from the paper
# ---------------------------
#
# - **Even sizes.** Algorithm 1 crops the middle H x W entries of the shifted spectrum. If H is even, the crop has the
#   modes -H/2 to H/2 - 1: one row of the Nyquist mode -H/2, without its counterpart H/2. The paper then makes the
#   entries real that must be ("corner cases"). The other entries of that row still lack their conjugates, so that the
#   result is not real until its imaginary part is dropped. Our pooling drops the Nyquist mode, and is a real signal
#   without special cases. At odd sizes, both are the same.
# - **Shifts.** For this reason, our pooling commutes with every shift of the picture, also by fractions of a pixel of
#   the small picture. The crop does not at even sizes.
# - **Scale.** The paper's transforms are unitary, which multiplies the pooled values by the square root of the ratio of
#   the numbers of pixels. Here the mean of a picture stays the same.
#
# The tests compare the algorithms, written as explicit sums, with the library (``tests/test_spectral_pooling.py``).
# Here is the crop beside our pooling, on a picture that is shifted by one pixel, which is a quarter of a pixel after
# pooling:


def crop(picture, size):
    """Return a grey picture after Algorithm 1 to an even size, scaled to the same mean."""
    spectrum = np.fft.fftshift(np.fft.fft2(picture[..., 0], norm="forward"))
    top, left = (n // 2 - size // 2 for n in spectrum.shape)
    small = np.fft.ifftshift(spectrum[top : top + size, left : left + size])
    for row in (0, size // 2):
        for column in (0, size // 2):
            small[row, column] = small[row, column].real
    return np.fft.ifft2(small, norm="forward")


def moved(small, pixels):
    """Shift a real picture by fractions of a pixel along both axes; the Nyquist mode is left as it is."""
    k = np.fft.fftfreq(len(small)) * (np.arange(len(small)) != len(small) // 2)
    ramp = np.exp(-2j * np.pi * pixels * np.add.outer(k, k))
    return np.fft.ifft2(np.fft.fft2(small.real) * ramp).real


def ours(picture, size):
    """Return a grey picture after our pooling."""
    return ops.synthesis(nn.TruncationPool(size).forward(ops.analysis(picture[None], Fourier.on((SIDE, SIDE))))).data[
        0, ..., 0
    ]


picture = grey(tiles[0])
cropped = crop(picture, 64)
imaginary = np.linalg.norm(cropped.imag) / np.linalg.norm(cropped)
print(f"the crop to 64x64 has an imaginary part of {imaginary:.1e} of its norm")
by_shift = {
    name: relative(moved(pool(picture, 64), 0.25), pool(np.roll(picture, (1, 1), (0, 1)), 64).real)
    for name, pool in (("the paper's crop", crop), ("ours", ours))
}
for name, error in by_shift.items():
    print(f"{name:17s} pooling after a shift differs from a shift after pooling by {error:.1e}")
assert by_shift["ours"] < 1e-12 < 1e-5 < min(by_shift["the paper's crop"], imaginary)
