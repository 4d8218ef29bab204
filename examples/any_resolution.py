"""
One network at any resolution
=============================

A digit sampled on 8x8, 16x16 or 40x40 points has the same logits: no retraining, no resizing. The tensors of a network
are coefficients of trigonometric polynomials. They belong to the signal, not to the grid on which it was sampled.
"""

import matplotlib.pyplot as plt
import numpy as np

from freqnet import Fourier, ops
from freqnet.data import load, split
from freqnet.training import Model, Settings, analyse, evaluate, fit

# %%
# Train on 8x8 samples
# --------------------

parts = split(load("digits"), seed=0)
network = Model().network(parts.train)
fit(network, analyse(network, parts.train), settings=Settings(epochs=8))
print(f"trained on 8x8: test accuracy {evaluate(network, analyse(network, parts.test)).accuracy:.2%}")

# %%
# Predict on finer grids
# ----------------------
#
# The signal behind the 8x8 samples can be sampled on any grid. It leaves out the Nyquist mode of the samples, which has
# no definite phase; the network does not read that mode either.

images = parts.test.images
signal = ops.analysis(images.astype(float), Fourier.on((8, 8)))
samples = {grid: ops.synthesis(signal, grid).data for grid in (8, 16, 40)}
logits = {grid: network.predict(finer) for grid, finer in samples.items()}
for grid in (16, 40):
    difference = np.abs(logits[grid] - logits[8]).max()
    print(f"the same {len(images)} digits on {grid}x{grid}: logits differ by at most {difference:.1e}")
    assert difference < 1e-4
    assert (logits[grid].argmax(1) == logits[8].argmax(1)).all()

# %%
# One digit: three samplings, one answer
# --------------------------------------

figure = plt.figure(figsize=(6.4, 4.4), layout="constrained")
top, bottom = figure.subfigures(2, 1, height_ratios=(1.2, 1))
for panel, (grid, finer) in zip(top.subplots(1, 3), samples.items(), strict=True):
    panel.imshow(finer[0, ..., 0], cmap="gray")
    panel.set(title=f"{grid}x{grid}", xticks=[], yticks=[])
panel = bottom.subplots()
for offset, (grid, found) in zip((-0.27, 0, 0.27), logits.items(), strict=True):
    panel.bar(np.arange(10) + offset, found[0], 0.27, label=f"{grid}x{grid}")
panel.set(title="the logits are the same", xlabel="digit", xticks=range(10))
panel.axhline(0, color="black", linewidth=0.7)
panel.legend()
plt.show()
