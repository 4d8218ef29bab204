"""
A network and a training loop of your own
=========================================

Residual blocks, kernels that are free frequency responses, and a narrow gate: parts combine as in any other framework.
The loop is written out here, so that each step can be seen. Spectra go in, logits come out, and the only transform is
before the loop. :func:`freqnet.training.fit` does the same with a progress bar, checkpoints and resume.
"""

import matplotlib.pyplot as plt
import numpy as np

from freqnet import backward, nn, no_transforms, ops
from freqnet.data import load, split
from freqnet.optim import AdamW, Cosine
from freqnet.training import analyse, evaluate

# %%
# Blocks
# ------
#
# ``kernel="modes"`` trains one complex number per mode in place of taps: a global filter. ``gate_band=2`` lets only the
# 5x5 lowest modes of the signal multiply it in the quadratic term, which saves work.


def block(width: int) -> nn.Module:
    """Return a convolution with a free response per mode, a normalisation and a quadratic polynomial."""
    return nn.Sequential(
        (nn.Convolution(width, kernel="modes", bias=False), nn.PowerNorm(), nn.Polynomial(gate_band=2))
    )


body = nn.Sequential((block(16), nn.Residual(block(16)), nn.TruncationPool(5), nn.Residual(block(32)), nn.Dense(10)))
door = nn.Door("fourier", grid=(8, 8), band=(3, 3), channels=1, offset=(0.3,), scale=(0.38,))
network = nn.Network(door, body, seed=1)

# %%
# The loop
# --------
#
# ``no_transforms`` raises an error if anything inside its block transforms. ``shuffled`` returns batches of spectra,
# shifted by up to 0.3 pixels.

EPOCHS, BATCH = 15, 64
parts = split(load("digits"), seed=1)
train = analyse(network, parts.train)
steps = EPOCHS * -(-len(parts.train.images) // BATCH)
optimizer = AdamW(network.body.named_parameters(), learning_rate=3e-3)
schedule = Cosine(3e-3, steps=steps, warmup=20)
generator = np.random.default_rng(1)
losses = []
network.body.train(True)
with no_transforms():
    for _ in range(EPOCHS):
        for x, labels in train.shuffled(BATCH, generator, shift=0.3):
            loss = ops.cross_entropy(network(x), labels)
            optimizer.clear_gradients()
            backward(loss)
            optimizer.learning_rate = schedule(len(losses))
            optimizer.step()
            losses.append(loss.item())
accuracy = evaluate(network, analyse(network, parts.test)).accuracy
print(f"test accuracy {accuracy:.2%}, {network.parameter_count():,} parameters, no transform inside")
assert accuracy > 0.96

# %%
# The loss
# --------

figure, panel = plt.subplots(figsize=(5.6, 3), layout="constrained")
panel.plot(losses, linewidth=0.8)
panel.set(xlabel="step", ylabel="cross entropy, in nats")
plt.show()

# %%
# What the first layer has learned
# --------------------------------
#
# Each small map is the response of one channel of the first convolution: how strongly it passes each of the 7x7 modes.
# The mean of the image is in the middle. Responses are free, so that neighbouring modes need not be alike: compare
# ``kernel="taps"``, whose responses are smooth.

# sphinx_gallery_thumbnail_number = 2
kernel = network.body.layers[0].layers[0].parameters["kernel"]
half = np.abs(ops.frequency_response(kernel, network.door.space, "modes", (8, 8)).data[:, :, 0])
gains = np.concatenate([half[::-1, :0:-1], half], axis=1)

figure, axes = plt.subplots(4, 4, figsize=(4.8, 3.6), layout="constrained")
for channel, panel in enumerate(axes.ravel()):
    panel.imshow(gains[..., channel], cmap="viridis", vmin=0)
    panel.set(xticks=[], yticks=[])
figure.suptitle("gain of each mode in 16 channels")
plt.show()
