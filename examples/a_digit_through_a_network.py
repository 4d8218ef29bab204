"""
A digit through a network
=========================

A network of freqnet transforms an image once. From then on its tensors are spectra, up to the ten logits. This example
trains a small network and shows what each layer makes of one digit: the spectrum that the layer holds, and the picture
for which this spectrum stands.
"""

import matplotlib.pyplot as plt
import numpy as np

from freqnet import nn, ops
from freqnet.audit import walk
from freqnet.data import load, split
from freqnet.training import Settings, analyse, evaluate, fit

# %%
# A network of two blocks
# -----------------------
#
# The door is the input stage: it transforms the 8x8 pixels and keeps the modes -3 to 3 of each axis. A convolution
# multiplies modes by numbers. The polynomial is the nonlinearity: an exact product of spectra. Pooling keeps the 5x5
# lowest modes.

parts = split(load("digits"), seed=0)
body = nn.Sequential(
    (
        nn.Convolution(8, size=3, bias=False),
        nn.PowerNorm(),
        nn.Polynomial(),
        nn.TruncationPool(5),
        nn.Convolution(16, size=3, bias=False),
        nn.PowerNorm(),
        nn.Polynomial(),
        nn.Dense(10),
    )
)
network = nn.Network(nn.Door("fourier", grid=(8, 8), band=(3, 3), channels=1), body)
fit(network, analyse(network, parts.train), settings=Settings(epochs=10))
accuracy = evaluate(network, analyse(network, parts.test)).accuracy
print(f"test accuracy {accuracy:.2%}, {network.transforms_inside} transforms inside the network")
assert accuracy > 0.95
assert network.transforms_inside == 0

# %%
# Spectra, and the pictures they stand for
# ----------------------------------------
#
# :func:`~freqnet.audit.walk` runs the network layer by layer. A tensor stores half of the modes of a real signal; the
# other half is its complex conjugate. ``synthesis`` returns the samples of a spectrum on any grid, here 40x40 points.
# Each layer is shown by the channel with the most power besides its mean. The polynomial computes only those modes that
# the pooling after it keeps.

image = parts.test.images[np.argmax(parts.test.targets == 3)][None]
names = {"Door": "door", "Convolution": "convolution", "Polynomial": "polynomial", "TruncationPool": "pooling"}
signals = [step for step in walk(network, image) if type(step.layer).__name__ in names]

# The door and the first block; the second one looks alike, on fewer modes.
figure, axes = plt.subplots(2, 4, figsize=(7, 3.8), layout="constrained")
for column, step in enumerate(signals[:4]):
    half = step.output.data[:, :, 0]
    strength = np.abs(half) ** 2
    strength[half.shape[0] // 2, 0] = 0  # the mean of the signal
    channel = strength.sum((0, 1)).argmax()
    full = np.concatenate([half[::-1, :0:-1, channel].conj(), half[..., channel]], axis=1)
    samples = ops.synthesis(step.output, 40).data[0, ..., channel]
    decibels = 20 * np.log10(np.abs(full) / np.abs(full).max() + 1e-9)
    axes[0, column].imshow(samples, cmap="gray")
    extent = (-full.shape[1] / 2, full.shape[1] / 2) * 2
    shown = axes[1, column].imshow(decibels, cmap="magma", vmin=-40, vmax=0, extent=extent)
    axes[1, column].set(xlim=(-3.5, 3.5), ylim=(3.5, -3.5))
    axes[0, column].set_title(names[type(step.layer).__name__], fontsize=9)
for panel in axes.ravel():
    panel.set(xticks=[], yticks=[])
    panel.spines[:].set_visible(False)
axes[0, 0].set_ylabel("signal")
axes[1, 0].set_ylabel("spectrum")
figure.colorbar(shown, ax=axes[1], label="dB", aspect=12)
plt.show()
