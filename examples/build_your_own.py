"""A network of your own in a few lines, with residual blocks, free frequency responses and a narrow gate.

The training loop is written out: spectra go in, logits come out, and the only transform is before the loop.
`freqnet.training.fit` does the same with a progress bar, checkpoints and resume.
"""

import numpy as np

from freqnet import backward, nn, no_transforms, ops
from freqnet.data import load, split
from freqnet.optim import AdamW, Cosine
from freqnet.training import analyse, evaluate


def block(width: int) -> nn.Module:
    """Return a convolution with a free response per mode, normalisation, a quadratic with a gate of 5x5 modes."""
    return nn.Sequential(
        (nn.Convolution(width, kernel="modes", bias=False), nn.PowerNorm(), nn.Polynomial(gate_band=2))
    )


def main() -> None:
    """Train on the digits and check the accuracy."""
    parts = split(load("digits"), seed=1)
    body = nn.Sequential(
        (block(16), nn.Residual(block(16)), nn.TruncationPool(5), nn.Residual(block(32)), nn.Dense(10))
    )
    network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1, offset=(0.3,), scale=(0.38,)), body, seed=1)
    train = analyse(network, parts.train)
    optimizer = AdamW(network.body.named_parameters(), learning_rate=3e-3)
    schedule = Cosine(3e-3, steps=15 * 21, warmup=20)
    generator = np.random.default_rng(1)
    step = 0
    with no_transforms():
        for epoch in range(15):
            network.body.train(True)
            for x, labels in train.shuffled(64, generator, shift=0.3):
                loss = ops.cross_entropy(network(x), labels)
                optimizer.clear_gradients()
                backward(loss)
                optimizer.learning_rate = schedule(step)
                optimizer.step()
                step += 1
            if epoch % 5 == 4:
                print(f"epoch {epoch + 1}: loss {loss.item():.3f}")
    accuracy = evaluate(network, analyse(network, parts.test)).accuracy
    print(f"test accuracy {accuracy:.2%}, {network.parameter_count():,} parameters, no transform inside")
    assert accuracy > 0.96


if __name__ == "__main__":
    main()
