"""
Solution operators of differential equations
============================================

A network learns the map from the state of an equation to a later state, from pairs of both. Its layers act on Fourier
coefficients from the input to the output, its nonlinearity is an exact product of spectra, and its time steps follow
each other without a transform. The answer is therefore the same at any resolution that holds the input. The page
:doc:`/howto/operators` has the options, the limits, and the figures beside a Fourier neural operator [Li2021]_.
"""

import matplotlib.pyplot as plt
import numpy as np

from freqnet import Fourier, nn, ops
from freqnet.data import burgers, kuramoto_sivashinsky, solve_kuramoto_sivashinsky, split
from freqnet.training import Model, Settings, analyse, evaluate, fit

# %%
# Burgers' equation
# -----------------
#
# The viscous Burgers equation steepens waves and smooths them. A pseudo-spectral solver of freqnet makes the pairs; the
# tests compare it with the formula of Cole and Hopf.

parts = split(burgers(480, points=256), validation=0)
print(parts.train)

# %%
# The default network for these data lifts the field to several channels, passes it through blocks that have a free
# response per mode, and keeps 65 modes.

network = Model(widths=(24, 24, 24)).network(parts.train, seed=0)
settings = Settings(epochs=30, batch=20, optimizer="muon", learning_rate=0.003, loss="relative", weight_decay=1e-4)
history = fit(network, analyse(network, parts.train), settings=settings)
result = evaluate(network, analyse(network, parts.test))
print(
    f"{network.parameter_count():,} parameters, {history.seconds:.0f} s, {network.transforms_inside} transforms inside"
)

# %%
# Without its nonlinearity, the network could not be better than the best linear map of each mode:


def sizes(values):
    """Return the size of each field."""
    return np.linalg.norm(values.reshape(len(values), -1), axis=1)


def relative(found, wanted):
    """Return the mean relative error."""
    return float(np.mean(sizes(found - wanted) / sizes(wanted)))


x, y = (np.fft.rfft(values[..., 0]) for values in (parts.train.images, parts.train.targets))
response = np.sum(x.conj() * y, axis=0) / np.sum(np.abs(x) ** 2, axis=0)
linear = np.fft.irfft(response * np.fft.rfft(parts.test.images[..., 0]), 256)[..., None]
errors = {"the input itself": relative(parts.test.images, parts.test.targets)}
errors |= {"linear": relative(linear, parts.test.targets), "freqnet": relative(result.outputs, parts.test.targets)}
for name, error in errors.items():
    print(f"{name:16s} {error:.2%}")
assert errors["freqnet"] < errors["linear"] / 3

# %%
# At other resolutions
# --------------------
#
# The same inputs are sampled at half, twice and four times as many points. The coefficients of the answer stay the same
# up to rounding: no product has aliases, so no layer notices the grid.

samples = parts.test.images[:40].astype(float)
smooth = ops.analysis(samples, Fourier.on(256, 31))
usual = network.infer(network.analyse(ops.synthesis(smooth, (256,)).data))
for points in (128, 512, 1024):
    other = network.infer(network.analyse(ops.synthesis(smooth, (points,)).data))
    change = np.linalg.norm(other - usual) / np.linalg.norm(usual)
    print(f"{points:5d} points: the answer changes by {change:.0e}")
    assert change < 1e-6

# %%
# Time steps
# ----------
#
# The Kuramoto-Sivashinsky equation is chaotic: small errors double in every ten units of time or so. A network learns
# one unit, and `freqnet.nn.rollout` feeds its output back, as spectra.

steps = split(kuramoto_sivashinsky(1200), validation=0)
stepper = Model(widths=(24, 24, 24), modes=43).network(steps.train, seed=0)
fit(stepper, analyse(stepper, steps.train), settings=Settings(**{**vars(settings), "epochs": 16}))
one_step = evaluate(stepper, analyse(stepper, steps.test)).metrics["relative_error"]
start = steps.test.images[:1].astype(float)
found = nn.rollout(stepper, stepper.analyse(start), steps=100)
path = np.array([start[0, :, 0], *(stepper.sampled(state, (128,))[0, :, 0] for state in found)])
truth = solve_kuramoto_sivashinsky(start[..., 0], records=100)[0]
apart = sizes(path - truth) / sizes(truth)
print(f"error of one step {one_step:.2%}; the first step with an error above 50 %: {np.argmax(apart > 0.5)}")
assert one_step < 0.05
assert np.isfinite(path).all()
assert np.argmax(apart > 0.5) > 5
assert stepper.transforms_inside == 0

# %%
# The picture shows the answer for Burgers' equation whose error is the median of the test set, and a hundred steps of
# chaos beside those of the solver. After the errors have grown, the network still follows a solution of the same kind.

figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained", width_ratios=(1.3, 1, 1))
place = np.arange(256) / 256
of_each = sizes(result.outputs - parts.test.targets) / sizes(parts.test.targets)
shown = int(np.argsort(of_each)[len(of_each) // 2])
axes[0].plot(place, parts.test.images[shown, :, 0], color="0.7", label="at time 0")
axes[0].plot(place, parts.test.targets[shown, :, 0], label="at time 1")
axes[0].plot(place, result.outputs[shown, :, 0], "--", label="network")
axes[0].set(title="Burgers", xlabel="place")
axes[0].legend()
for ax, (title, values) in zip(axes[1:], {"Solver": truth, "Network": path}.items(), strict=True):
    ax.imshow(values, aspect="auto", origin="lower", cmap="RdBu_r", vmin=-3, vmax=3)
    ax.set(title=f"Kuramoto-Sivashinsky: {title.lower()}", xlabel="point", ylabel="step")
plt.show()
