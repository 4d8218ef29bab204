"""
Volumes
=======

Volumes are signals with three axes, and need no layers of their own: a convolution is a product of each mode with its
response, in three dimensions as in one. The page :doc:`/howto/images` has the files that are read, and the figures
beside a CNN with kernels in three dimensions.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.transform import Rotation

from freqnet import Fourier, ops
from freqnet.data import from_arrays, split
from freqnet.training import Model, Settings, analyse, evaluate, fit

rng = np.random.default_rng(0)

# %%
# Solids in noise
# ---------------
#
# Four kinds of solids of nearly the same size, turned and moved at random. The noise is as strong as the solids, so
# that they are hard to see in a slice.

SIDE, KINDS = 20, ("ball", "box", "cylinder", "ring")


def distance(kind, points):
    """Return the distance of points ``(..., 3)`` from the surface of a solid, negative inside."""
    x, y, z = np.moveaxis(points, -1, 0)
    if kind == "ball":
        return np.linalg.norm(points, axis=-1) - 0.5
    if kind == "box":
        return abs(points).max(axis=-1) - 0.4
    if kind == "cylinder":
        return np.maximum(np.hypot(x, y) - 0.35, abs(z) - 0.65)
    return np.hypot(np.hypot(x, y) - 0.45, z) - 0.22


def solid(kind, turn, move, side):
    """Return a solid as a volume ``(side, side, side)`` of values from 0 to 1."""
    ticks = (np.arange(side) + 0.5) / side * 2 - 1
    points = np.stack(np.meshgrid(ticks, ticks, ticks, indexing="ij"), axis=-1)
    turned = turn.apply((points - move).reshape(-1, 3)).reshape(points.shape)
    # Edges are one voxel wide.
    return np.clip(0.5 - distance(kind, turned) * side / 2, 0, 1)


kinds = [KINDS[number % 4] for number in range(1000)]
places, new = ([(Rotation.random(rng=rng), rng.uniform(-0.2, 0.2, 3)) for _ in range(n)] for n in (1000, 200))
clean = np.array([solid(kind, turn, move, SIDE) for kind, (turn, move) in zip(kinds, places, strict=True)])
volumes = (clean + rng.normal(0, 1, clean.shape)).astype(np.float32)

# %%
# All of the volume, or a slice
# -----------------------------
#
# The default network keeps 11 modes along each axis. The same network for images sees the slice in the middle only.

accuracies, networks = {}, {}
for name, samples, layout in (("volume", volumes, "nzyx"), ("slice", volumes[:, SIDE // 2], "nyx")):
    parts = split(from_arrays(samples, kinds, layout=layout), test=0.3, seed=0)
    network = networks[name] = Model(modes=11).network(parts.train, seed=0)
    history = fit(network, analyse(network, parts.train), settings=Settings(epochs=10, learning_rate=8e-3))
    accuracies[name] = evaluate(network, analyse(network, parts.test)).accuracy
    size = network.parameter_count()
    print(f"{name:7s} accuracy {accuracies[name]:.1%}, {size:,} parameters, {history.seconds:.0f} s of training")
assert accuracies["volume"] > accuracies["slice"] + 0.1

# %%
# Another resolution
# ------------------
#
# The network reads volumes with any number of voxels that holds its modes. Smaller voxels have more noise, as in a
# scanner that takes the same time for all of them.

wanted = np.array([parts.train.classes.index(kind) for kind in kinds[:200]])
for side in (14, SIDE, 32):
    scans = np.array([solid(kind, turn, move, side) for kind, (turn, move) in zip(kinds[:200], new, strict=False)])
    scans += rng.normal(0, (side / SIDE) ** 1.5, scans.shape)
    answers = networks["volume"].predict(scans[..., np.newaxis].astype(np.float32)).argmax(axis=1)
    print(f"{side}^3 voxels: accuracy {np.mean(answers == wanted):.1%}")
    assert np.mean(answers == wanted) > accuracies["volume"] - 0.1

# %%
# The picture shows the slice in the middle of four solids, of their scans, and of what the network keeps of the scans:
# the 11 lowest modes along each axis. The noise lies in all modes alike, the solid mostly in the lowest.

kept = Fourier.on((SIDE,) * 3, 5)
seen = ops.synthesis(ops.analysis(volumes[:4, ..., np.newaxis].astype(float), kept), (SIDE,) * 3).data[..., 0]
figure, axes = plt.subplots(3, 4, figsize=(7, 5.4), layout="constrained")
for row, (name, shown) in enumerate({"solid": clean, "scan": volumes, "11 modes": seen}.items()):
    axes[row, 0].set_ylabel(name)
    for column, kind in enumerate(KINDS):
        axes[row, column].imshow(shown[column, SIDE // 2], cmap="gray")
        axes[row, column].set(xticks=[], yticks=[])
        axes[0, column].set_title(kind)
plt.show()
