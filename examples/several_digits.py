"""
Which digits are in a picture?
==============================

Several labels per sample: two or three digits stand in a picture at random places, and the network says which. Each
label has a probability of its own, so that any number of them can be present.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier

from freqnet.audit import audit
from freqnet.data import from_arrays, load, split
from freqnet.report import Run, write_report
from freqnet.training import Model, Settings, analyse, evaluate, fit

# %%
# Composed pictures
# -----------------
#
# Four places of 8x8 points, of which two or three have a digit. Digits of the training and of the test pictures are
# drawn from different parts of the data set.

generator = np.random.default_rng(0)
source = split(load("digits"), test=0.3, seed=0)


def composed(part, count):
    """Return pictures of 16x16 points and the names of the digits in each."""
    pictures, names = np.zeros((count, 16, 16)), []
    for picture in pictures:
        places = generator.choice(4, generator.integers(2, 4), replace=False)
        chosen = generator.integers(0, len(part), len(places))
        for place, index in zip(places, chosen, strict=True):
            row, column = 8 * (place // 2), 8 * (place % 2)
            picture[row : row + 8, column : column + 8] = part.images[index, ..., 0]
        names.append(sorted({part.classes[part.targets[index]] for index in chosen}))
    return pictures, names


made = [composed(source.train, 2500), composed(source.test, 500)]
pictures, names = np.concatenate([m[0] for m in made]), made[0][1] + made[1][1]
dataset = from_arrays(pictures, names, task="multi-label", official_test=500, name="composed digits")
parts = split(dataset)
print(parts.train)

# %%
# The network
# -----------

found = []
for seed in (2, 1, 0):
    network = Model(modes=15).network(parts.train, seed)
    settings = Settings(epochs=20, learning_rate=0.01, batch=100, seed=seed)
    history = fit(network, analyse(network, parts.train), settings=settings)
    result = evaluate(network, analyse(network, parts.test))
    found.append(result.score)
print(f"F1 of three seeds: mean {np.mean(found):.3f}, {min(found):.3f} to {max(found):.3f}")

# %%
# Beside scikit-learn
# -------------------
#
# One logistic regression per label, and nearest neighbours.

flat = [part.images.reshape(len(part), -1) for part in (parts.train, parts.test)]
peers = {"logistic regression": OneVsRestClassifier(LogisticRegression(C=0.1, max_iter=200))}
peers["neighbours"] = KNeighborsClassifier(3)
scores = {"freqnet": result.metrics}
for name, peer in peers.items():
    predicted = peer.fit(flat[0], parts.train.targets).predict(flat[1])
    # Logits of one sign: the metrics of the task take outputs.
    scores[name] = dataset.task.metrics(np.where(np.asarray(predicted) > 0, 1.0, -1.0), parts.test.targets)
for name, found in scores.items():
    print(f"{name:20s} F1 {found['f1']:.3f}, all labels right {found['all_labels_right']:.3f}")
assert scores["freqnet"]["f1"] > scores["logistic regression"]["f1"]

figure, axes = plt.subplots(2, 4, figsize=(9, 5.2), layout="constrained")
for index, ax in enumerate(axes.flat):
    ax.imshow(parts.test.images[index, ..., 0], cmap="gray")
    shares = 1 / (1 + np.exp(-result.outputs[index]))
    said = ", ".join(f"{dataset.classes[i]} ({shares[i]:.0%})" for i in np.flatnonzero(shares > 0.5))
    ax.set_title(said, fontsize=9)
    ax.axis("off")
plt.show()

# %%
# Report and audit
# ----------------

print(audit(network, parts.test.images[:200]).verdict)
with tempfile.TemporaryDirectory() as folder:
    tested = parts.test.images, parts.test.targets, result.outputs, dataset.classes
    write_report(Path(folder, "report.html"), Run(network, *tested, "Digits", {}, history.rows, dataset.task))
    print("report.html:", Path(folder, "report.html").stat().st_size // 1000, "kB")
