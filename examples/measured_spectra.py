"""
Scans without a transform
=========================

A scanner measures spectra, line by line. Half of the lines take half of the time, and a network has to do without the
others. The usual network sees images, which a transform makes of the spectra with zeros for what is missing. Here the
network takes the spectra as they are measured: nothing is transformed, neither in training nor in prediction. The
page :doc:`/howto/measured_spectra` describes the conventions, the files and the figures beside a CNN.
"""

import matplotlib.pyplot as plt
import numpy as np
from skimage import color, data
from skimage.metrics import structural_similarity

from freqnet.data import from_spectra, load, split
from freqnet.spaces import counted_transforms
from freqnet.training import Model, Settings, analyse, evaluate, fit

rng = np.random.default_rng(0)

# %%
# Simulated scans
# ---------------
#
# Scans are simulated from pictures: a smooth phase makes an image complex, as in magnetic resonance, and each number
# has noise. Of the lines of a spectrum, those in the centre are measured, and some others.


def scans(images, acceleration):
    """Return measured spectra, their masks, and the whole spectra without noise."""
    count, rows, columns = images.shape
    y, x = (np.linspace(-1, 1, n) for n in (rows, columns))
    slopes = rng.uniform(-0.5, 0.5, (3, count, 1, 1))
    phase = slopes[0] + slopes[1] * x + slopes[2] * y[:, None]
    whole = np.fft.fftshift(np.fft.fft2(images * np.exp(1j * phase), norm="ortho"), (1, 2))
    mask = np.zeros((count, rows, 1), bool)
    centre = abs(np.arange(rows) - rows // 2) <= rows // 16
    density = (1 - abs(np.arange(rows) - rows // 2) / rows) ** 4 * ~centre
    for one in mask:
        one[centre] = True
        more = max(0, rows // acceleration - centre.sum())
        one[rng.choice(rows, more, replace=False, p=density / density.sum())] = True
    noise = rng.normal(0, 0.01, (2, *whole.shape))
    return (whole + noise[0] + 1j * noise[1]) * mask, mask, whole


# %%
# Digits from a quarter of their spectra
# --------------------------------------
#
# ``centred,ortho`` says how the spectra are stored. Each complex image becomes two real channels.

digits = load("digits")
measured, mask, _ = scans(digits.images[..., 0], 4)
dataset = from_spectra(measured, digits.targets, "centred,ortho", mask=mask, name="digits", layout="nyx")
parts = split(dataset, seed=0)
print(parts.train)
with counted_transforms() as counter:
    network = Model(widths=(16, 24, 32)).network(parts.train)
    fit(network, analyse(network, parts.train), settings=Settings(epochs=20))
    accuracy = evaluate(network, analyse(network, parts.test)).accuracy
print(f"{accuracy:.1%} of the digits, {mask.mean():.0%} of the lines, {counter.count} transforms")
assert accuracy > 0.8
assert counter.count == 0

# %%
# Fill in what was not measured
# -----------------------------
#
# Patches of pictures. The targets are whole spectra, and the mask is part of the input: the network may change only
# what was not measured. Patches for the test are from other pictures.

SIZE = 25
TRAINED, TESTED = ("astronaut", "chelsea", "coffee", "rocket", "brick"), ("camera", "coins")


def patches(names, count):
    """Return grey patches of pictures at half of their size, with values from 0 to 1."""
    found = []
    for name in names:
        picture = getattr(data, name)() / 255
        picture = color.rgb2gray(picture) if picture.ndim == 3 else picture
        picture = (picture[:-1:2, :-1:2] + picture[1::2, 1::2]) / 2
        for _ in range(count):
            row, column = (rng.integers(0, side - SIZE) for side in picture.shape)
            found.append(picture[row : row + SIZE, column : column + SIZE])
    return np.array(found)


images = np.concatenate([patches(TRAINED, 120), patches(TESTED, 50)])
measured, mask, whole = scans(images, 3)
field = from_spectra(
    measured, whole, "centred,ortho", mask=mask, task="field", official_test=100, name="patches", layout="nyx"
)
parts = split(field)
with counted_transforms() as counter:
    filling = Model(form="operator", widths=(12, 12)).network(parts.train)
    settings = Settings(epochs=12, batch=32, optimizer="muon", learning_rate=0.003, loss="relative")
    history = fit(filling, analyse(filling, parts.train), settings=settings)
    result = evaluate(filling, analyse(filling, parts.test))
print(f"{history.seconds:.0f} s of training, {counter.count} transforms")
assert counter.count == 0

# %%
# Images are computed for the comparison only.

how = parts.test.measured
empty, filled, wanted = (
    abs(how.images(bins)[..., 0]) for bins in (how.without_mask(parts.test.images), result.outputs, parts.test.targets)
)
scores = {}
for name, found in {"zero-filled": empty, "filled in": filled}.items():
    error = np.mean([np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(found, wanted, strict=True)])
    ssim = np.mean([structural_similarity(a, b, data_range=b.max()) for a, b in zip(found, wanted, strict=True)])
    scores[name] = error
    print(f"{name:12s} relative error {error:.3f}, SSIM {ssim:.3f}")
assert scores["filled in"] < 0.95 * scores["zero-filled"]

# %%
# What was measured stays as it is, up to rounding. That holds for all bins in the band.

z = how.spectra(result.outputs)[..., 0]
seen = how.mask_of(parts.test.images)
difference = abs(z - how.spectra(how.without_mask(parts.test.images))[..., 0])
print(
    f"measured bins differ by at most {difference[seen].max():.0e}, the others by up to {difference[~seen].max():.1f}"
)
assert difference[seen].max() < 1e-4

# %%
# The picture shows some patches of the test: spectra as they were measured, their images, those of the filled spectra,
# and the images of the whole spectra.

# Patches with much to see.
contrast = np.argsort(wanted.std(axis=(1, 2)))
shown = contrast[(np.linspace(0.5, 0.95, 4) * len(contrast)).astype(int)]
figure, axes = plt.subplots(4, 4, figsize=(8, 8), layout="constrained")
for column, sample in enumerate(shown):
    spectrum = np.log10(abs(how.spectra(how.without_mask(parts.test.images[sample : sample + 1]))[0, ..., 0]) + 1e-3)
    axes[0, column].imshow(np.ma.masked_where(~seen[sample], spectrum), cmap="viridis")
    for row, picture in enumerate((empty, filled, wanted), 1):
        axes[row, column].imshow(picture[sample], cmap="gray", vmin=wanted[sample].min(), vmax=wanted[sample].max())
for row, name in enumerate(("measured spectrum", "zero-filled", "filled in", "whole")):
    axes[row, 0].set_ylabel(name)
for ax in axes.ravel():
    ax.set(xticks=[], yticks=[])
plt.show()
