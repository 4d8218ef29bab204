"""Invariance under sub-pixel shifts, by heads that read the mean or the power spectrum.

Every layer here commutes exactly with sub-pixel shifts, because the products are free of aliasing. A head that is
invariant under shifts therefore makes the whole network invariant. A dense head on the modes is not invariant.
"""

import numpy as np

from freqnet import nn, no_grad, ops
from freqnet.data import load


def network(*head: nn.Module) -> nn.Network:
    """Return a small network with the given head."""
    body = [nn.Convolution(16), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(5), nn.Convolution(32)]
    body += [nn.PowerNorm(), nn.Polynomial(), *head, nn.Dense(10)]
    return nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(tuple(body)))


def main() -> None:
    """Shift digits by whole and fractional pixels and compare the logits."""
    images = load("digits").images[:100]
    shifts = [(1.0, 0.0), (0.5, 0.25), (-2.3, 1.7)]
    heads = {"mean (GlobalAverage)": (nn.GlobalAverage(),), "power spectrum": (nn.PowerSpectrum(),), "all modes": ()}
    worst = {}
    for name, head in heads.items():
        model = network(*head)
        with no_grad():
            spectra = model.analyse(images)
            logits = model(spectra).data
            worst[name] = max(np.abs(model(ops.shift(spectra, s)).data - logits).max() for s in shifts)
        print(f"{name:22s} logits change by at most {worst[name]:.1e}")
    assert worst["mean (GlobalAverage)"] < 1e-5
    assert worst["power spectrum"] < 1e-5
    assert worst["all modes"] > 1e-2


if __name__ == "__main__":
    main()
