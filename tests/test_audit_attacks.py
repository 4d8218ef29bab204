"""The audit's verdict is right for networks at the edges: large constants, tiny curvature, dead and broken networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from freqnet import nn
from freqnet.audit import audit
from freqnet.errors import CheckpointError, DataError

SAMPLES = np.random.default_rng(0).normal(size=(60, 8, 8, 1))


def audited(*layers: nn.Module, change: Callable[[dict[str, Any]], Any] = lambda arrays: None) -> Any:
    network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(*layers))
    change({name: p.data for name, p in network.named_parameters().items()})
    return audit(network, SAMPLES)


@pytest.mark.parametrize("bias", [0.0, 1.0, 1e4, 1e8, -1e10])
def test_a_constant_in_the_logits_is_no_nonlinearity(bias: float) -> None:
    found = audited(nn.TruncationPool(5), nn.Dense(3), change=lambda a: a["1.bias"].fill(bias))
    assert (found.verdict, found.low_pass) == ("affine", (2, 2))
    curved = audited(
        nn.TruncationPool(5), nn.Polynomial((0.0, 1.0, 0.5)), nn.Dense(3), change=lambda a: a["2.bias"].fill(bias)
    )
    assert (curved.verdict, curved.low_pass) == ("low-passed", (2, 2))


@pytest.mark.parametrize(("curvature", "verdict"), [(1e-1, "mixing"), (1e-6, "mixing"), (0.0, "affine")])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e9])
def test_curvature_counts_whatever_the_size_of_the_logits(curvature: float, verdict: str, scale: float) -> None:
    polynomial = nn.Polynomial((0.0, 1.0, curvature))
    assert audited(polynomial, nn.Dense(3), change=lambda a: a["1.weight"].__imul__(scale)).verdict == verdict


def test_one_curved_logit_of_three_is_seen() -> None:
    def straight(arrays: dict[str, Any]) -> None:
        arrays["1.weight"][:, 1:] = 0

    assert audited(nn.Polynomial((0.0, 1.0, 1.0)), nn.Dense(3), change=straight).verdict == "mixing"


def test_a_constant_network_is_affine_and_sees_no_mode() -> None:
    for layers, change in (
        ((nn.Polynomial(), nn.Dense(3)), lambda a: a["1.weight"].fill(0)),
        ((nn.PowerNorm("sample"), nn.GlobalAverage(), nn.Dense(3)), lambda a: a["2.bias"].fill(1e6)),
    ):
        found = audited(*layers, change=change)
        assert found.verdict == "affine"
        assert not found.reach.reachable.any()


def test_a_network_that_is_not_finite_has_no_verdict() -> None:
    steep = [nn.Polynomial((0.0, 1.0, 1e38)) for _ in range(5)]
    with pytest.raises(DataError, match="audit: got logits that are not finite"):
        audited(*steep, nn.Dense(3))
    with pytest.raises(CheckpointError, match=r"weights 1.weight: got numbers that are not finite"):
        audited(nn.Polynomial(), nn.Dense(3), change=lambda a: a["1.weight"].fill(np.nan))
