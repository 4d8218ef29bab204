"""Does a shift of the input shift every signal in the network, for whole samples and for fractions of a sample?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.audit.linearity import spread
from freqnet.audit.probe import Probe, plain_outputs
from freqnet.autodiff import Tensor, no_grad
from freqnet.errors import ShapeError

WHOLE, FRACTION = 1.0, 0.37


@dataclass(frozen=True)
class Equivariance:
    """Relative errors of shifts by 1 sample and by 0.37 samples.

    Attributes
    ----------
    whole, fraction : dict of str to float
        For each layer whose output is a signal: the distance between its output for the shifted input and its
        shifted output for the original input.
    logits_whole, logits_fraction : float
        The change of the logits, relative to their spread: 0 is invariance. Where the outputs are signals, the distance
        from the shifted outputs: 0 is equivariance. `logits_fraction` is None, and `fraction` is empty, where a domain
        has no fractional shifts.
    """

    whole: dict[str, float]
    fraction: dict[str, float]
    logits_whole: float
    logits_fraction: float | None

    @property
    def worst(self) -> float:
        """The largest error of any signal, over both shifts."""
        return max([0.0, *self.whole.values(), *self.fraction.values()])


def equivariance(probe: Probe) -> Equivariance:
    """Shift the input, and compare the output of every layer with its shifted original output.

    Parameters
    ----------
    probe : Probe

    Returns
    -------
    Equivariance

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.audit import equivariance, probe
    >>> body = nn.Sequential(nn.TruncationPool(3), nn.Dense(2))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> samples = np.random.default_rng(0).normal(size=(4, 8, 8, 1))
    >>> equivariance(probe(network, samples)).worst < 1e-12
    True
    """
    whole, logits_whole = _shifted(probe, WHOLE)
    try:
        fraction, logits_fraction = _shifted(probe, FRACTION)
    except ShapeError:
        # Negative nodes support integer shifts only.
        return Equivariance(whole, {}, logits_whole, None)
    return Equivariance(whole, fraction, logits_whole, logits_fraction)


def _shifted(probe: Probe, samples: float) -> tuple[dict[str, float], float]:
    x, found = _moved(probe.spectra, samples, probe.spectra.space.grid), {}
    with no_grad():
        for step in probe.layers:
            x = step.layer(x)
            if step.output.space is not None:
                wanted = _moved(step.output, samples, probe.spectra.space.grid).data
                size = float(np.sqrt(np.mean(np.abs(wanted) ** 2))) or 1.0
                found[step.name] = float(np.sqrt(np.mean(np.abs(x.data - wanted) ** 2))) / size
    last = probe.steps[-1].output
    promised = last if last.space is None else _moved(last, samples, probe.spectra.space.grid)
    difference = plain_outputs(x).data - plain_outputs(promised).data
    return found, float(np.sqrt(np.mean(difference**2))) / spread(probe.logits)


def _moved(x: Tensor, samples: float, grid: tuple[int, ...]) -> Tensor:
    """Shift by samples of the input's grid: after a layer of stride 2 a sample is twice as long."""
    shift = np.array([samples * own / n for own, n in zip(x.space.grid, grid, strict=True)])
    return Tensor(x.space.shift(x.data, shift), x.space)
