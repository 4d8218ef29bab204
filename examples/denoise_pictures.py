"""
Clean noisy pictures
====================

A map from signals to signals. The network gets the spectrum of a noisy patch and returns the spectrum of a clean one;
the loss compares spectra, and no transform runs inside. Samples of the result exist only where they are asked for, on
any grid. The pictures are those that come with scikit-image; patches for the test are from other pictures than those
for training.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from skimage import color, data
from sklearn.linear_model import RidgeCV

from freqnet.audit import audit
from freqnet.data import from_arrays, split
from freqnet.report import Run, write_report
from freqnet.training import Model, Settings, analyse, evaluate, fit

SIZE, NOISE, WINDOW = 20, 0.1, 7
generator = np.random.default_rng(0)

# %%
# Patches of pictures
# -------------------


def patches(names, count):
    """Return grey patches ``(patches, rows, columns)`` from random places of pictures, with values from 0 to 1."""
    found = []
    for name in names:
        picture = getattr(data, name)() / 255
        picture = color.rgb2gray(picture) if picture.ndim == 3 else picture
        for _ in range(count):
            row, column = (generator.integers(0, side - SIZE) for side in picture.shape)
            found.append(picture[row : row + SIZE, column : column + SIZE])
    return np.array(found)


trained, tested = ("astronaut", "chelsea", "coffee", "rocket", "brick"), ("camera", "coins", "moon")
clean = np.concatenate([patches(trained, 150), patches(tested, 100)])
noisy = clean + NOISE * generator.normal(size=clean.shape)
dataset = from_arrays(noisy, clean, task="field", official_test=300, name="pictures")
parts = split(dataset)
print(parts.train)

# %%
# The network
# -----------
#
# By default it keeps all modes, and corrects its input by three stages of convolution and activation.

errors = []
for seed in (2, 1, 0):
    network = Model(activation="gaussian").network(parts.train, seed)
    settings = Settings(epochs=10, learning_rate=0.005, seed=seed)
    history = fit(network, analyse(network, parts.train), settings=settings)
    result = evaluate(network, analyse(network, parts.test))
    errors.append(result.metrics["rmse"])
print(f"error of three seeds: mean {np.mean(errors):.4f}, {min(errors):.4f} to {max(errors):.4f}; the last:")
print({name: round(value, 4) for name, value in result.metrics.items()}, network.transforms_inside, "transforms inside")

# %%
# Beside scikit-learn
# -------------------
#
# A linear filter is a ridge regression of a pixel on the noisy pixels around it. It is the best that any linear network
# with this window can do.


def windows(samples):
    """Return the pixels around each pixel ``(pixels, WINDOW * WINDOW)``."""
    half = WINDOW // 2
    padded = np.pad(samples[..., 0], ((0, 0), (half, half), (half, half)), mode="reflect")
    return np.lib.stride_tricks.sliding_window_view(padded, (WINDOW, WINDOW), (1, 2)).reshape(-1, WINDOW * WINDOW)


few = generator.choice(len(parts.train), 200, replace=False)
ridge = RidgeCV(np.logspace(-3, 3, 7)).fit(windows(parts.train.images[few]), parts.train.targets[few].ravel())
filtered = ridge.predict(windows(parts.test.images)).reshape(parts.test.targets.shape)


def quality(values):
    """Return the ratio of the largest value to the error, in decibels."""
    return -10 * np.log10(np.mean((values - parts.test.targets) ** 2))


values = {"noisy": quality(parts.test.images), "linear filter": quality(filtered), "freqnet": quality(result.outputs)}
for name, value in values.items():
    print(f"{name:14s} {value:.2f} dB")
assert values["freqnet"] > values["linear filter"] > values["noisy"]

# %%
# On a finer grid
# ---------------
#
# The output is a band-limited signal. Three times as many samples along each axis interpolate it, and agree with the
# samples of the usual grid.

# The three patches that vary most.
picked = np.argsort(-parts.test.targets.std(axis=(1, 2, 3)))[:3]
fine = network.predict(parts.test.images[picked], grid=3 * SIZE)
assert np.allclose(fine[:, ::3, ::3], result.outputs[picked], atol=1e-4)
shown = {"noisy": parts.test.images, "linear filter": filtered, "freqnet": result.outputs}
columns = {name: values[picked] for name, values in shown.items()}
columns |= {"freqnet, 3 times as fine": fine, "clean": parts.test.targets[picked]}
figure, axes = plt.subplots(len(picked), len(columns), figsize=(10, 6.2), layout="constrained")
for column, (name, values) in zip(axes.T, columns.items(), strict=True):
    column[0].set_title(name)
    for ax, patch in zip(column, values, strict=True):
        ax.imshow(patch[..., 0], cmap="gray", vmin=0, vmax=1)
        ax.axis("off")
plt.show()

# %%
# Report and audit
# ----------------

found = audit(network, parts.test.images[:40])
print(f"{found.verdict}; an affine map explains {found.affine_share:.0%}, shift error {found.equivariance.worst:.0e}")
with tempfile.TemporaryDirectory() as folder:
    tested = parts.test.images, parts.test.targets, result.outputs, dataset.classes
    write_report(Path(folder, "report.html"), Run(network, *tested, "Pictures", {}, history.rows, dataset.task))
    print("report.html:", Path(folder, "report.html").stat().st_size // 1000, "kB")
