"""Is the network one affine map of its input? If not, how much of it does the best affine map explain?"""

from __future__ import annotations

import numpy as np

from freqnet.audit.probe import Probe
from freqnet.autodiff import Tensor
from freqnet.ops import coordinates

# The residual of an affine network in double precision stays below this.
AFFINE = 1e-8
_RIDGES = 10.0 ** np.arange(-8, 3)


def affine_residual(probe: Probe, generator: np.random.Generator) -> float:
    """Return how far ``f((x + y) / 2)`` is from ``(f(x) + f(y)) / 2`` on the data, relative to the spread of logits.

    An affine map gives 0 for every pair. The x are the examples; the y are the same in random order with some noise,
    so that no example is its own partner.
    """
    x = probe.spectra
    other = partners(x, generator)
    base, there = probe.run(x), probe.run(other)
    difference = probe.run(Tensor((x.data + other.data) / 2, x.space)) - (base + there) / 2
    # Large constants in the logits have rounding errors, which are no deviation.
    rounding = 8 * np.finfo(float).eps * np.maximum(np.abs(base), np.abs(there))
    difference = np.maximum(np.abs(difference) - rounding, 0)
    return float(np.sqrt(np.mean(difference**2)) / spread(np.concatenate([base, there])))


def partners(x: Tensor, generator: np.random.Generator) -> Tensor:
    """Return signals like the given ones: the same in random order, plus noise of half their size."""
    size = 0.5 * float(np.sqrt(np.mean(np.abs(x.data) ** 2))) + 1e-3
    order = generator.permutation(x.shape[-2])
    noise = x.space.random(np.empty_like(x.data), generator)
    return Tensor(np.take(x.data, order, x.data.ndim - 2) + size * noise, x.space)


def affine_share(probe: Probe) -> float:
    """Return how much of the logits' variance the best affine map of the input explains (R^2).

    The map is fitted by ridge regression on one half of the examples, and measured on the other. The strength of the
    ridge is chosen by leave-one-out validation inside the first half. The share is NaN below four examples.
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
    """Return the root mean square of values about their means over the examples: the unit of relative errors."""
    return float(np.sqrt(np.mean((values - values.mean(axis=0)) ** 2))) or 1.0
