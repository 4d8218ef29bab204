"""
The angle of a digit
====================

A regression: each digit of scikit-learn is turned by a random angle, and a network computes that angle. Three models of
scikit-learn stand beside it on the same split. The network's outputs are in degrees, because its last layer holds the
mean and the deviation of the targets.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import rotate
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR

from freqnet.audit import audit
from freqnet.data import from_arrays, load, split
from freqnet.report import Run, write_report
from freqnet.training import Model, Settings, analyse, evaluate, fit

# %%
# The data
# --------
#
# A target is a number, so the task is a regression. ``classes`` names the outputs.

generator = np.random.default_rng(0)
digits = load("digits")
angles = generator.uniform(-45, 45, len(digits))
turned = np.stack([rotate(d[..., 0], a, reshape=False, order=1) for d, a in zip(digits.images, angles, strict=True)])
dataset = from_arrays(turned, angles, task="regression", classes=["angle"], name="turned digits")
parts = split(dataset, seed=0)
print(parts.train)

# %%
# The network
# -----------
#
# Activation and weight decay were chosen on the training part.

scores = []
for seed in (2, 1, 0):
    network = Model(activation="gaussian").network(parts.train, seed)
    settings = Settings(epochs=60, learning_rate=0.01, weight_decay=0.3, seed=seed)
    history = fit(network, analyse(network, parts.train), settings=settings)
    result = evaluate(network, analyse(network, parts.test))
    scores.append(result.score)
print(f"R2 of three seeds: mean {np.mean(scores):.3f}, {min(scores):.3f} to {max(scores):.3f}")
print("the last:", {name: round(value, 3) for name, value in result.metrics.items()})

# %%
# Beside scikit-learn
# -------------------
#
# The parameter of the support vectors was chosen on the training part as well. On 1,437 pictures of 8x8 points they are
# ahead of the network, as kernel methods often are on small data.

flat = [part.images.reshape(len(part), -1) for part in (parts.train, parts.test)]
target = parts.train.targets[:, 0]
peers = {"ridge": RidgeCV(np.logspace(-3, 3, 13)), "neighbours": KNeighborsRegressor(5, weights="distance")}
peers["support vectors"] = SVR(C=1000, gamma="scale")
said = {name: peer.fit(flat[0], target).predict(flat[1]) for name, peer in peers.items()}
said["freqnet"] = result.outputs[:, 0]
true = parts.test.targets[:, 0]
for name, values in said.items():
    print(f"{name:16s} R2 {r2_score(true, values):.3f}, mean error {mean_absolute_error(true, values):.2f} degrees")
assert result.score > r2_score(true, said["ridge"])

figure, axes = plt.subplots(2, 2, figsize=(7, 7), sharex=True, sharey=True, layout="constrained")
for ax, (name, values) in zip(axes.flat, said.items(), strict=True):
    ax.plot([-45, 45], [-45, 45], color="tab:orange")
    ax.plot(true, values, ".", markersize=3)
    ax.set(title=f"{name}: R2 {r2_score(true, values):.3f}", aspect="equal")
figure.supxlabel("true angle, degrees")
figure.supylabel("predicted angle, degrees")
plt.show()

# %%
# Report and audit
# ----------------
#
# Both work as for classes: the page shows predictions beside true values, the audit says which modes reach the angle.

found = audit(network, parts.test.images[:200])
print(found.verdict, f"; an affine map explains {found.affine_share:.0%} of the variance of the output")
with tempfile.TemporaryDirectory() as folder:
    run = Run(
        network, parts.test.images, parts.test.targets, result.outputs, dataset.classes, "Angles", {}, history.rows,
        dataset.task,
    )  # fmt: skip
    write_report(Path(folder, "report.html"), run)
    print("report.html:", Path(folder, "report.html").stat().st_size // 1000, "kB")
