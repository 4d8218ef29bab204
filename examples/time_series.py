"""
Time series
===========

Series are signals of one axis. Networks classify them from their spectra, and forecast how they go on. The page
:doc:`/howto/time_series` has the options, files and limits, and the figures on published sets.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.integrate import solve_ivp
from scipy.signal import resample_poly
from sklearn.linear_model import RidgeClassifierCV, RidgeCV

from freqnet import nn
from freqnet.data import from_series, split, windows
from freqnet.training import Model, Settings, analyse, evaluate, fit

# %%
# Series of several lengths
# -------------------------
#
# A machine hums at one of three pairs of frequencies. Each recording begins at a random moment and lasts 90 to 120
# points. Padded after their end, all recordings keep their rate. Resampled to one length, the frequencies of each would
# change by another factor.

rng = np.random.default_rng(0)
hums = {"idle": (0.05, 0.11), "worn": (0.05, 0.13), "broken": (0.06, 0.13)}


def recording(kind):
    """Return a series ``(1, timepoints)``."""
    t = np.arange(rng.integers(90, 121))
    waves = [np.sin(2 * np.pi * (rate * t + rng.random())) for rate in hums[kind]]
    return (np.sum(waves, axis=0) + 0.5 * rng.normal(size=len(t)))[np.newaxis]


kinds = [list(hums)[number % 3] for number in range(300)]
recordings = [recording(kind) for kind in kinds]
accuracies = {}
for choice in ({"size_to": 121}, {"pad_to": 121}):
    parts = split(from_series(recordings, kinds, **choice), test=0.5, seed=0)
    network = Model(modes=41, head="power").network(parts.train, seed=0)
    fit(network, analyse(network, parts.train), settings=Settings(epochs=30, batch=16))
    accuracies[next(iter(choice))] = evaluate(network, analyse(network, parts.test)).accuracy

# %%
# The phases are random, so that a linear classifier of the samples learns next to nothing:

ridge = RidgeClassifierCV(np.logspace(-3, 3, 7)).fit(parts.train.images[:, :, 0], parts.train.targets)
accuracies["ridge classifier, padded"] = ridge.score(parts.test.images[:, :, 0], parts.test.targets)
for name, accuracy in accuracies.items():
    print(f"{name:25s} {accuracy:.1%}")
assert accuracies["pad_to"] > 0.9
assert accuracies["pad_to"] > accuracies["size_to"] + 0.05
assert accuracies["ridge classifier, padded"] < 0.6

# %%
# Shifts and sampling rates
# -------------------------
#
# With the power spectrum as its head, the network gives the same answer for a series that is moved around its circle. A
# series at half or double the rate of the training is the same signal to all layers. Only the filter of the resampling
# changes the answer a little.

samples = parts.test.images.astype(float)
usual = network.predict(samples)
moved = network.predict(np.roll(samples, 37, axis=1))
print(f"moved by 37 points: logits change by {np.abs(moved - usual).max() / np.abs(usual).max():.0e}")
assert np.abs(moved - usual).max() < 1e-4 * np.abs(usual).max()
for name, (up, down) in {"half": (1, 2), "double": (2, 1)}.items():
    other = network.predict(resample_poly(samples, up, down, axis=1, padtype="line"))
    accuracy = np.mean(other.argmax(axis=1) == parts.test.targets)
    print(f"{name:6s} the rate: accuracy {accuracy:.1%}")
    assert accuracy > accuracies["pad_to"] - 0.1

# %%
# Forecasts
# ---------
#
# The first coordinate of the Lorenz system jumps between two spirals. From each window of 31 points, the network
# forecasts the next 16: the target of a window is the window 16 points later. The last fifth of the series is the test.


def lorenz(t, state):
    """Return the derivative of the Lorenz system."""
    x, y, z = state
    return 10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z


times = np.arange(3000) * 0.03
series = solve_ivp(lorenz, (0, times[-1]), (1, 1, 20), t_eval=times, rtol=1e-8, atol=1e-8).y[0, 500:]
parts = split(windows(series, history=31, horizon=16), validation=0)
forecaster = Model(form="operator", modes=31, widths=(24, 24, 24)).network(parts.train, seed=0)
settings = Settings(epochs=12, batch=32, optimizer="muon", learning_rate=0.01, weight_decay=1e-4)
fit(forecaster, analyse(forecaster, parts.train), settings=settings)

# %%
# A ridge regression on the window is the best linear forecast, the last value the simplest. The ridge regression is
# better for the first points, where the series is nearly a line, and worse for all others:

new = slice(-16, None)
x, wanted = parts.test.images[:, :, 0], parts.test.targets[:, new, 0]
linear = RidgeCV(np.logspace(-6, 3, 10)).fit(parts.train.images[:, :, 0], parts.train.targets[:, new, 0])
forecasts = {
    "last value": np.repeat(x[:, -1:], 16, axis=1),
    "ridge": linear.predict(x),
    "freqnet": forecaster.predict(parts.test.images)[:, new, 0],
}
errors = {name: np.sqrt(np.mean((found - wanted) ** 2, axis=0)) for name, found in forecasts.items()}
for name, error in errors.items():
    print(f"{name:10s} root mean square error {np.sqrt(np.mean(error**2)):.2f}, of the last point {error[-1]:.2f}")
assert np.mean(errors["freqnet"] ** 2) < np.mean(errors["ridge"] ** 2) / 4

# %%
# `freqnet.nn.rollout` goes on from its own forecasts, without a transform between the steps.

start = parts.test.images[100:101]
states = nn.rollout(forecaster, forecaster.analyse(start), steps=3)
path = np.concatenate([forecaster.sampled(state, (31,))[0, new, 0] for state in states])
assert forecaster.transforms_inside == 0

figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained", width_ratios=(1.1, 0.8, 1.4))
for place, kind in enumerate(hums):
    axes[0].plot(recordings[kinds.index(kind)][0] + 5 * place)
axes[0].set(title="Recordings", xlabel="point", yticks=(0, 5, 10), yticklabels=list(hums))
for name, error in errors.items():
    axes[1].plot(np.arange(1, 17), error, label=name)
axes[1].set(title="Error of the forecast", xlabel="points ahead", ylabel="root mean square")
axes[1].legend(fontsize=8)
begin = len(series) - len(parts.test) - 46 + 100
truth = series[begin : begin + 31 + 48]
axes[2].plot(np.arange(-30, 49), truth, color="0.6", label="series")
axes[2].plot(np.arange(1, 49), path, "--", label="three forecasts of 16 points")
axes[2].axvline(0, color="0.8", linewidth=1)
axes[2].set(title="Lorenz system", xlabel="points from now")
axes[2].legend(fontsize=8)
plt.show()
