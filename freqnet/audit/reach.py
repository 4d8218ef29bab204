"""Find the input modes that can change each logit, by exact perturbation and by the Jacobian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.audit.probe import Probe, disturbed, mode_power
from freqnet.autodiff import Tensor, gradient
from freqnet.spaces import Axes, mode_numbers

# A response below this share of the largest counts as none in domains that do not store modes.
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Reach:
    """The effect of each input mode on the logits.

    Attributes
    ----------
    modes : numpy.ndarray
        ``(pairs, axes)``: the mode numbers of one mode of each pair (k, -k).
    response : numpy.ndarray
        ``(pairs, outputs)``: the largest change of a logit when the mode is moved by about its own size. In a
        spectral domain an unreachable mode changes the logits by exactly 0.
    jacobian : numpy.ndarray
        ``(pairs, outputs)``: root mean square over examples of the derivative of the logit by the mode.
    reachable : numpy.ndarray
        ``(pairs,)``: whether any logit changed.
    low_pass : tuple of int
        The smallest band that contains all reachable modes.
    low_pass_error : float
        The largest change of a logit when the input is truncated to that band.
    """

    modes: np.ndarray
    response: np.ndarray
    jacobian: np.ndarray
    reachable: np.ndarray
    low_pass: Axes
    low_pass_error: float


def reach(probe: Probe, generator: np.random.Generator) -> Reach:
    """Move every input mode of every example by itself, and record which logits change.

    Parameters
    ----------
    probe : Probe
    generator : numpy.random.Generator
        Draws the phases of the added waves.

    Returns
    -------
    Reach

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.audit import probe, reach
    >>> body = nn.Sequential(nn.TruncationPool(3), nn.Dense(2))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> samples = np.random.default_rng(0).normal(size=(4, 8, 8, 1))
    >>> found = reach(probe(network, samples), np.random.default_rng(0))
    >>> found.low_pass, int(found.reachable.sum()), len(found.modes)
    ((1, 1), 5, 25)
    """
    space = probe.spectra.space
    modes, sizes = mode_numbers(space.mode_space.band), _mode_sizes(probe.spectra)
    # The same code path as for the moved modes: fused layers round differently from separate ones.
    base = probe.run(probe.spectra)
    moved = lambda factor: [_response(probe, base, i, factor * size, generator) for i, size in enumerate(sizes)]
    # Ten times as far as well, so that no threshold hides a mode, such as that of a ReLU.
    response, farther = np.stack(moved(1.0)), np.stack(moved(10.0))
    least = space.mode_rounding(_ROUNDING) * response.max()
    jacobian = _jacobian(probe)
    reachable = np.any((response > least) | (farther > least) | (jacobian > least), axis=1)
    seen = np.abs(modes[reachable]).max(axis=0) if reachable.any() else np.zeros(modes.shape[1], int)
    low_pass = tuple(int(m) for m in seen)
    cut = np.abs(probe.run(_cut(probe.spectra, low_pass)) - base)
    return Reach(modes, response, jacobian, reachable, low_pass, float(cut.max()))


def _mode_sizes(x: Tensor) -> np.ndarray:
    """Return the root mean square of each mode, ``(pairs,)``, and at least 1/1000 of the largest."""
    sizes = np.sqrt(mode_power(x).mean(axis=(1, 2)))
    return np.maximum(sizes, 1e-3 * (sizes.max() or 1.0))


def _response(probe: Probe, base: np.ndarray, mode: int, size: float, generator: np.random.Generator) -> np.ndarray:
    waves = size * generator.standard_normal((2, *probe.spectra.shape[-2:]))
    return np.abs(probe.run(disturbed(probe.spectra, mode, waves)) - base).max(axis=0)


def _jacobian(probe: Probe) -> np.ndarray:
    columns = []
    for output in range(probe.logits.shape[1]):
        x = Tensor(probe.spectra.data, probe.spectra.space, requires_grad=True)
        pick = np.zeros((probe.logits.shape[1], 1))
        pick[output] = 1
        (g,) = gradient((probe.network(x) @ Tensor(pick)).sum(), [x])
        power = mode_power(g)
        columns.append(np.sqrt(power.sum(axis=-1).mean(axis=-1)))
    return np.stack(columns, axis=1)


def _cut(x: Tensor, band: Axes) -> Tensor:
    space = x.space.mode_space
    narrow = space.change_band(x.space.as_modes(x.data), band)
    return Tensor(x.space.from_modes(space.with_band(band).change_band(narrow, space.band)), x.space)
