"""Is the network one affine map, and if not, how much of it is."""

from __future__ import annotations

import numpy as np

from freqnet.audit.probe import Probe
from freqnet.autodiff import Tensor
from freqnet.ops import coordinates

# In double precision an affine network shows less than this.
AFFINE = 1e-8
_RIDGES = 10.0 ** np.arange(-8, 3)


def affine_residual(probe: Probe, generator: np.random.Generator) -> float:
    """Return how far ``f((x + y) / 2)`` is from ``(f(x) + f(y)) / 2`` on the data, relative to the spread of logits.

    An affine map gives 0 for every pair; the pairs are examples of the data in random order.
    """
    first, second = generator.permutation(len(probe.logits)), generator.permutation(len(probe.logits))
    data = probe.spectra.data
    middle = Tensor((data[..., first, :] + data[..., second, :]) / 2, probe.spectra.space)
    difference = probe.run(middle) - (probe.logits[first] + probe.logits[second]) / 2
    return float(np.sqrt(np.mean(difference**2)) / spread(probe.logits))


def affine_share(probe: Probe) -> float:
    """Return how much of the logits' variance the best affine map of the input explains (R^2).

    Fitted by ridge regression on one half of the examples, and measured on the other; the strength of the ridge
    is chosen by leave-one-out inside the first half.
    """
    from sklearn.linear_model import RidgeCV

    inputs, logits = coordinates(probe.spectra).data, probe.logits
    half = len(inputs) // 2
    if half < 2:
        return float("nan")
    scale = np.sqrt(np.mean(inputs[:half].var(axis=0))) or 1.0
    fit = RidgeCV(alphas=_RIDGES * half).fit(inputs[:half] / scale, logits[:half])
    left = logits[half:] - fit.predict(inputs[half:] / scale).reshape(logits[half:].shape)
    total = np.sum((logits[half:] - logits[half:].mean(axis=0)) ** 2)
    return float(1 - np.sum(left**2) / total) if total > 0 else 1.0


def spread(values: np.ndarray) -> float:
    """The root mean square of values about their means over the examples: the unit of relative errors."""
    return float(np.sqrt(np.mean((values - values.mean(axis=0)) ** 2))) or 1.0
