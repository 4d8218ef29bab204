"""Find the input modes that can change each logit, by exact perturbation and by the Jacobian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from freqnet.audit.probe import Probe, disturbed, mode_power, plain_outputs
from freqnet.autodiff import Tensor, gradient
from freqnet.spaces import Axes, mode_numbers

# Most logits that are differentiated: each costs one backward pass.
MOST_LOGITS = 32
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
        ``(pairs, differentiated)``: root mean square over examples of the derivative of the logit by the mode.
    differentiated : numpy.ndarray
        Numbers of the logits of ``jacobian``: all, or 32 drawn at random where there are more.
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
    differentiated: np.ndarray
    reachable: np.ndarray
    low_pass: Axes
    low_pass_error: float


# Called with what is measured, the number of steps that are done, and their total.
Progress = Callable[[str, int, int], None]


def silent(what: str, done: int, total: int) -> None:
    """Show no progress."""


def reach(probe: Probe, generator: np.random.Generator, progress: Progress = silent) -> Reach:
    """Move every input mode of every example by itself, and record which logits change.

    Parameters
    ----------
    probe : Probe
    generator : numpy.random.Generator
        Draws the phases of the added waves, and the logits to differentiate where there are more than 32.
    progress : callable
        Called before each pass with the name of the measurement, the number of finished passes, and their total.

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
    # Ten times as far as well, so that no threshold hides a mode, such as that of a ReLU.
    passes = [(mode, factor * size) for factor in (1.0, 10.0) for mode, size in enumerate(sizes)]
    responses = []
    with probe.network.constants():
        # The same code path as for the moved modes: fused layers round differently from separate ones.
        base = probe.run(probe.spectra)
        for done, (mode, size) in enumerate(passes):
            progress("modes moved", done, len(passes))
            responses.append(_response(probe, base, mode, size, generator))
    response, farther = np.stack(responses[: len(sizes)]), np.stack(responses[len(sizes) :])
    least = space.mode_rounding(_ROUNDING) * response.max()
    differentiated = _some_logits(probe.logits.shape[1], generator)
    jacobian = _jacobian(probe, differentiated, progress)
    reachable = ((response > least) | (farther > least)).any(axis=1) | (jacobian > least).any(axis=1)
    seen = np.abs(modes[reachable]).max(axis=0) if reachable.any() else np.zeros(modes.shape[1], int)
    low_pass = tuple(int(m) for m in seen)
    cut = np.abs(probe.run(_cut(probe.spectra, low_pass)) - base)
    return Reach(modes, response, jacobian, differentiated, reachable, low_pass, float(cut.max()))


def _mode_sizes(x: Tensor) -> np.ndarray:
    """Return the root mean square of each mode, ``(pairs,)``, and at least 1/1000 of the largest."""
    sizes = np.sqrt(mode_power(x).mean(axis=(1, 2)))
    return np.maximum(sizes, 1e-3 * (sizes.max() or 1.0))


def _response(probe: Probe, base: np.ndarray, mode: int, size: float, generator: np.random.Generator) -> np.ndarray:
    waves = size * generator.standard_normal((2, *probe.spectra.shape[-2:]))
    return np.abs(probe.run(disturbed(probe.spectra, mode, waves)) - base).max(axis=0)


def _some_logits(count: int, generator: np.random.Generator) -> np.ndarray:
    """Return the numbers of the logits to differentiate, in order."""
    if count <= MOST_LOGITS:
        return np.arange(count)
    return np.sort(generator.choice(count, MOST_LOGITS, replace=False))


def _jacobian(probe: Probe, outputs: np.ndarray, progress: Progress) -> np.ndarray:
    columns = []
    for done, output in enumerate(outputs):
        progress("logits differentiated", done, len(outputs))
        x = Tensor(probe.spectra.data, probe.spectra.space, requires_grad=True)
        pick = np.zeros((probe.logits.shape[1], 1))
        pick[output] = 1
        (g,) = gradient((plain_outputs(probe.network(x)) @ Tensor(pick)).sum(), [x])
        power = mode_power(g)
        columns.append(np.sqrt(power.sum(axis=-1).mean(axis=-1)))
    return np.stack(columns, axis=1)


def _cut(x: Tensor, band: Axes) -> Tensor:
    space = x.space.mode_space
    narrow = space.change_band(x.space.as_modes(x.data), band)
    return Tensor(x.space.from_modes(space.with_band(band).change_band(narrow, space.band)), x.space)
