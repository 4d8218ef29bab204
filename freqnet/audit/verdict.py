"""The whole audit: all measurements, and the verdict that follows from them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from freqnet.audit.layers import LayerAudit, audit_layers
from freqnet.audit.linearity import AFFINE, affine_residual, affine_share
from freqnet.audit.probe import Probe, probe
from freqnet.audit.ranges import SignalRange, signal_ranges
from freqnet.audit.reach import Progress, Reach, reach, silent
from freqnet.audit.shifts import Equivariance, equivariance
from freqnet.audit.walk import walk
from freqnet.checks import is_whole
from freqnet.display import Displayed
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn import Network
from freqnet.spaces import Axes

# Number of examples on which every mode is moved by itself: each costs one pass per mode.
_MOVED = 8
VERDICTS = {
    "affine": "one affine map of the input: a linear classifier can do the same",
    "mode-diagonal": "nonlinear, but no two modes mix before the head",
    "low-passed": "a nonlinear network of a low-passed input: no mode outside the low-pass can change the logits",
    "mixing": "modes mix before any is dropped: every mode that passes the door can change the logits",
}


@dataclass(frozen=True, eq=False, repr=False)
class Audit(Displayed):
    """The findings on a network.

    It has more than eight fields: one per measurement, and those the verdict needs beside them.

    Attributes
    ----------
    verdict : str
        One of "affine", "mode-diagonal", "low-passed", "mixing".
    reach : Reach
        The input modes that can change each logit.
    door_band, image_band : tuple of int
        Band that the door keeps, and band of the images.
    affine_residual : float
        Deviation from an affine map on the data, relative to the spread of the logits.
    affine_share : float
        Share of the logits' variance that the best affine map of the input explains, on held-out examples.
    layers : list of LayerAudit
    equivariance : Equivariance
    ranges : list of SignalRange
    transforms_inside : int
        Number of transforms that ran inside the network on the examples.
    """

    verdict: str
    reach: Reach
    door_band: Axes
    image_band: Axes
    affine_residual: float
    affine_share: float
    layers: list[LayerAudit]
    equivariance: Equivariance
    ranges: list[SignalRange]
    transforms_inside: int

    def __repr__(self) -> str:
        seen = f"{int(self.reach.reachable.sum())} of {len(self.reach.modes)} pairs of modes reachable"
        return f"Audit({self.verdict}: {seen}, {len(self.layers)} layers, affine residual {self.affine_residual:.2g})"

    @property
    def is_affine(self) -> bool:
        """Whether the network is one affine map on the data."""
        return self.affine_residual <= AFFINE

    @property
    def low_pass(self) -> Axes | None:
        """Band of the low-pass of the input that leaves the logits as they are; None if no narrower than the door's."""
        narrower = any(m < d for m, d in zip(self.reach.low_pass, self.door_band, strict=True))
        return self.reach.low_pass if narrower else None

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data, as ``freqnet audit --json`` writes it."""
        reachable = self.reach.reachable
        moves = self.equivariance
        return {
            "verdict": self.verdict,
            "meaning": VERDICTS[self.verdict],
            "dead_modes": self.reach.modes[~reachable].tolist(),
            "reachable_modes": self.reach.modes[reachable].tolist(),
            "door_band": list(self.door_band),
            "image_band": list(self.image_band),
            "low_pass": None if self.low_pass is None else list(self.low_pass),
            "low_pass_error": self.reach.low_pass_error,
            "logits": self.reach.response.shape[1],
            "logits_differentiated": self.reach.differentiated.tolist(),
            "is_affine": self.is_affine,
            "affine_residual": self.affine_residual,
            # Too few examples to fit on have no share.
            "affine_share": self.affine_share if np.isfinite(self.affine_share) else None,
            "equivariance_error": moves.worst,
            "logits_shift_error": {"whole": moves.logits_whole, "fraction": moves.logits_fraction},
            "transforms_inside_network": self.transforms_inside,
            "layers": [
                asdict(row) | {"shift_whole": moves.whole.get(row.name), "shift_fraction": moves.fraction.get(row.name)}
                for row in self.layers
            ],
            "ranges": [asdict(row) | {"is_exceeded": row.is_exceeded} for row in self.ranges],
        }


def audit(network: Network, samples: np.ndarray, seed: int = 0, progress: Progress = silent) -> Audit:
    """Measure which input modes a network uses, whether it is affine or mixes modes, and how it responds to shifts.

    The audit copies the network in double precision; the original is not changed.

    Parameters
    ----------
    network : Network
        Trained or not, in any domain.
    samples : numpy.ndarray
        ``(batch, *grid, channels)``, typical examples. The affine fit needs some hundreds; modes are moved on the
        first 8 only.
    seed : int
        Seed of the random phases and pairs, and of the 32 logits that are differentiated where there are more; verdicts
        do not depend on it.
    progress : callable
        Called with the name of a measurement, the number of its steps that are done, and their total.

    Returns
    -------
    Audit

    Raises
    ------
    ShapeError
        The samples do not fit the network, or there are none.
    DataError
        The samples or the logits are not finite, or the samples are no numbers.
    ConfigurationError
        The seed is not a whole number of 0 or more.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.audit import audit
    >>> body = nn.Sequential(nn.TruncationPool(3), nn.Polynomial(), nn.Dense(2))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> found = audit(network, np.random.default_rng(0).normal(size=(40, 8, 8, 1)))
    >>> found.verdict, found.low_pass
    ('low-passed', (1, 1))
    """
    if not is_whole(seed) or seed < 0:
        raise ConfigurationError(got_expected("seed", repr(seed), "a whole number of 0 or more", "give seed=0"))
    generator = np.random.default_rng(seed)
    every = probe(network, samples)
    few = Probe(every.network, walk(every.network, samples[:_MOVED]))
    costs = {step.name: step.multiply_adds for step in walk(every.network, samples[:1])}
    residual, reached = affine_residual(every, generator), reach(few, generator, progress)
    layers = audit_layers(few, costs, generator)
    door = network.door
    return Audit(
        _verdict(residual, reached, layers),
        reached,
        door.space.mode_space.band,
        tuple((n - 1) // 2 for n in door.pooled),
        residual,
        affine_share(every),
        layers,
        equivariance(few),
        signal_ranges(every),
        every.transforms_inside,
    )


def _verdict(residual: float, reached: Reach, layers: list[LayerAudit]) -> str:
    if residual <= AFFINE:
        return "affine"
    signal_layers = [row for row in layers if row.is_diagonal is not None]
    if all(row.is_diagonal for row in signal_layers):
        return "mode-diagonal"
    widest = np.abs(reached.modes).max(axis=0)
    return "low-passed" if any(m < w for m, w in zip(reached.low_pass, widest, strict=True)) else "mixing"
