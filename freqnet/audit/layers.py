"""What each layer does: whether every output mode comes from the same input mode, and whether it is affine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.audit.linearity import AFFINE, partners
from freqnet.audit.probe import Probe, disturbed, mode_power, rounding
from freqnet.audit.walk import Step
from freqnet.autodiff import Tensor, no_grad
from freqnet.domains.fourier import mode_numbers, mode_space

# Examples that are looked at, a mode: layers act on each by itself.
_EXAMPLES = 2
# What rounding leaves of a response's power, relative to the whole.
_ROUNDING = 1e-20
# Samples hold even a single mode only to rounding: less than this, relative to it, is shown as none.
_ROUNDING_OF_SAMPLES = 1e-12


@dataclass(frozen=True)
class LayerAudit:
    """One layer.

    Attributes
    ----------
    name, layer : str
        Path and class.
    is_affine : bool
    is_diagonal : bool or None
        Whether every output mode depends on the same input mode alone; None after the head.
    mixing : float or None
        The share of the response's power that lands on other modes than the one that was moved.
    multiply_adds : int
        For one example.
    """

    name: str
    layer: str
    is_affine: bool
    is_diagonal: bool | None
    mixing: float | None
    multiply_adds: int


def audit_layers(probe: Probe, costs: dict[str, int], generator: np.random.Generator) -> list[LayerAudit]:
    """Look at every layer by itself, on what really enters it."""
    rows = []
    with no_grad():
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
    before, after = mode_numbers(mode_space(x.space).band), mode_numbers(mode_space(step.output.space).band)
    scale = np.sqrt(np.mean(np.abs(x.data) ** 2)) + 1e-3
    total = elsewhere = 0.0
    for mode, number in enumerate(before):
        size = scale * generator.standard_normal((2, *x.shape[-2:]))
        moved = step.layer(disturbed(x, mode, size))
        change = mode_power(Tensor(moved.data - base.data, base.space)).sum(axis=(1, 2))
        total += float(change.sum())
        elsewhere += float(change[(after != number).any(axis=1)].sum())
    least = rounding(x.space, _ROUNDING_OF_SAMPLES) ** 2 * total
    # A layer that does not respond at all mixes nothing either.
    return 0.0 if elsewhere <= least else elsewhere / total
