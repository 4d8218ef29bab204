"""One network at any resolution: a digit sampled on 8x8, 16x16 or 20x20 points has the same logits.

The tensors of a network are coefficients of trigonometric polynomials, divided by the number of samples. They do not
depend on the grid of the samples, and so neither do the logits.
"""

import numpy as np

from freqnet import Fourier, ops
from freqnet.data import load, split
from freqnet.training import Model, Settings, analyse, evaluate, fit


def main() -> None:
    """Train on 8x8 samples, then predict the same digits on finer grids."""
    parts = split(load("digits"), seed=0)
    network = Model().network(parts.train)
    fit(network, analyse(network, parts.train), settings=Settings(epochs=8))
    accuracy = evaluate(network, analyse(network, parts.test)).accuracy
    print(f"trained on 8x8: test accuracy {accuracy:.2%}")

    images = parts.test.images
    reference = network.predict(images)
    # The signal leaves out the Nyquist mode of the 8x8 image, which does not commute with sub-pixel shifts.
    signal = ops.analysis(images.astype(float), Fourier.on((8, 8)))
    for grid in (16, 20):
        # The signal can be sampled on any grid.
        finer = ops.synthesis(signal, grid).data
        difference = np.abs(network.predict(finer) - reference).max()
        print(f"the same digits on {grid}x{grid}: logits differ by at most {difference:.1e}")
        assert difference < 1e-4, difference
        assert (network.predict(finer).argmax(1) == reference.argmax(1)).all()


if __name__ == "__main__":
    main()
