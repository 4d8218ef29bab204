"""For each layer: does every output mode depend on the same input mode alone, and is the layer affine?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.audit.linearity import AFFINE, partners
from freqnet.audit.probe import Probe, disturbed, mode_power
from freqnet.audit.walk import Step
from freqnet.autodiff import Tensor, no_grad
from freqnet.spaces import mode_numbers

# Number of examples per moved mode: layers act on each example independently.
_EXAMPLES = 2
# Share of a response's power that counts as rounding.
_ROUNDING = 1e-20
# Samples represent a single mode only to rounding: a relative response below this counts as none.
_ROUNDING_OF_SAMPLES = 1e-12


@dataclass(frozen=True)
class LayerAudit:
    """The findings on one layer.

    Attributes
    ----------
    name, layer : str
        Path and class of the layer.
    is_affine : bool
    is_diagonal : bool or None
        Whether every output mode depends on the same input mode alone; None after the head.
    mixing : float or None
        Share of the response's power at modes other than the moved one; None after the head.
    multiply_adds : int
        Real multiply-adds for one example.
    """

    name: str
    layer: str
    is_affine: bool
    is_diagonal: bool | None
    mixing: float | None
    multiply_adds: int


def audit_layers(probe: Probe, costs: dict[str, int], generator: np.random.Generator) -> list[LayerAudit]:
    """Examine every layer by itself, on the input that it has in the network.

    Parameters
    ----------
    probe : Probe
    costs : dict of str to int
        Real multiply-adds per example, by the name of the layer.
    generator : numpy.random.Generator
        Draws the changes of the input.
    """
    rows = []
    with no_grad(), probe.network.constants():
        for step in probe.layers:
            mixing = _mixing(step, generator)
            rows.append(
                LayerAudit(
                    step.name,
                    type(step.layer).__name__,
                    _is_affine(step, generator),
                    None if mixing is None else mixing <= _ROUNDING,
                    mixing,
                    costs.get(step.name, 0),
                )
            )
    return rows


def _is_affine(step: Step, generator: np.random.Generator) -> bool:
    x = step.input
    if x.space is None:
        noise = generator.standard_normal(x.shape) * (float(np.abs(x.data).mean()) + 1e-3)
        other = Tensor(x.data[generator.permutation(len(x.data))] + noise)
    else:
        other = partners(x, generator)
    here, there = step.layer(x).data, step.layer(other).data
    found = step.layer(Tensor((x.data + other.data) / 2, x.space)).data
    size = max(float(np.abs(here).max()), float(np.abs(there).max())) or 1.0
    return bool(np.abs(found - (here + there) / 2).max() <= AFFINE * size)


def _mixing(step: Step, generator: np.random.Generator) -> float | None:
    if step.input.space is None or step.output.space is None:
        return None
    x = Tensor(np.ascontiguousarray(step.input.data[..., :_EXAMPLES, :]), step.input.space)
    base = step.layer(x)
    before, after = mode_numbers(x.space.mode_space.band), mode_numbers(step.output.space.mode_space.band)
    scale = np.sqrt(np.mean(np.abs(x.data) ** 2)) + 1e-3
    total = elsewhere = 0.0
    for mode, number in enumerate(before):
        size = scale * generator.standard_normal((2, *x.shape[-2:]))
        moved = step.layer(disturbed(x, mode, size))
        change = mode_power(Tensor(moved.data - base.data, base.space)).sum(axis=(1, 2))
        total += float(change.sum())
        elsewhere += float(change[(after != number).any(axis=1)].sum())
    least = x.space.mode_rounding(_ROUNDING_OF_SAMPLES) ** 2 * total
    # A layer that does not respond at all mixes nothing either.
    return 0.0 if elsewhere <= least else elsewhere / total
