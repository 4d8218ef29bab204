"""
Shifts by fractions of a pixel
==============================

A strided convolution changes its answer when the image moves by half a pixel. Here every layer commutes with shifts by
any distance, because products of spectra are free of aliasing. With a head that reads the mean or the power of each
mode, the whole network does not react to circular shifts at all.
"""

import matplotlib.pyplot as plt
import numpy as np

from freqnet import nn, no_grad, ops
from freqnet.data import load, split
from freqnet.training import Settings, analyse, fit

# %%
# Three heads on one body
# -----------------------
#
# ``Dense`` alone reads all modes with their phases, and phases hold the position. ``PowerSpectrum`` drops the phases,
# ``GlobalAverage`` keeps the mean of each channel.

HEADS = {"all modes": (), "power spectrum": (nn.PowerSpectrum(),), "mean": (nn.GlobalAverage(),)}
parts = split(load("digits"), seed=0)


def trained(*head: nn.Module) -> nn.Network:
    """Return a small trained network with the given head."""
    body = [nn.Convolution(16), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(5), nn.Convolution(32)]
    body += [nn.PowerNorm(), nn.Polynomial(), *head, nn.Dense(10)]
    network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(tuple(body)))
    fit(network, analyse(network, parts.train), settings=Settings(epochs=10))
    return network


# %%
# Move the test digits
# --------------------
#
# ``shift`` moves a signal by a whole or fractional number of samples: a phase ramp on its modes.

distances = np.linspace(0, 4, 17)
changes, accuracies = {}, {}
for name, head in HEADS.items():
    network = trained(*head)
    with no_grad():
        spectra = network.analyse(parts.test.images)
        found = np.array([network(ops.shift(spectra, (d, d / 2))).data for d in distances])
    changes[name] = np.abs(found - found[0]).max((1, 2))
    accuracies[name] = (found.argmax(2) == parts.test.targets).mean(1)
    print(f"{name:14s}: logits change by at most {changes[name].max():.1e}, accuracy {accuracies[name][0]:.1%} unmoved")
assert changes["mean"].max() < 1e-4
assert changes["power spectrum"].max() < 1e-4
assert changes["all modes"].max() > 1

# %%
# What a shift costs
# ------------------
#
# The head that reads all modes is lost after two pixels. The power spectrum is as accurate on unmoved digits, and does
# not react to shifts; the mean of each channel says too little about a digit. To tolerate small shifts, but not all of
# them, train with random ones: ``freqnet train digits --shift 1.5``.

figure, panel = plt.subplots(figsize=(5.6, 3.6), layout="constrained")
for name in HEADS:
    panel.plot(distances, accuracies[name], "o-", markersize=4, label=name)
panel.set(xlabel="shift, in pixels", ylabel="test accuracy", ylim=(0, 1.02))
panel.legend(title="the head reads", loc="center right")
plt.show()

# %%
# The logits themselves
# ---------------------
#
# The invariance is exact: what is left is rounding in single precision.

figure, panel = plt.subplots(figsize=(5.6, 3.2), layout="constrained")
for name in HEADS:
    panel.semilogy(distances[1:], changes[name][1:], "o-", markersize=4, label=name)
panel.set(xlabel="shift, in pixels", ylabel="largest change of a logit")
panel.legend(loc="center right")
plt.show()
