"""The study of solution operators beside the FNO of neuraloperator, at small sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from freqnet.benchmarks.studies import operators as study
from freqnet.benchmarks.timing import threads

from freqnet.data import burgers, navier_stokes

SMALL = replace(
    study.PROBLEMS["burgers"],
    make=lambda count: burgers(count, points=64),
    modes=17, width=6, blocks=2, fno_blocks=2, epochs=2, batch=10,
)  # fmt: skip


def has_peer() -> bool:
    try:
        from neuralop.models import FNO
    except ImportError:
        return False
    return FNO is not None


with_peer = pytest.mark.skipif(not has_peer(), reason="neuraloperator is not installed")
NAMES = ["freqnet", pytest.param("FNO", marks=with_peer)]


@pytest.mark.parametrize("name", NAMES)
def test_a_row_has_errors_times_and_changes(name: str) -> None:
    row = study.measure(SMALL, name, seed=0, count=60)
    assert (row["problem"], row["network"], row["pairs"], row["epochs"]) == ("burgers", name, 50, 2)
    assert 0 < row["error"] < 10
    assert row["processor_seconds"] > 0
    changes = [row[f"change_{rate:g}x"] for rate in study.RATES]
    # A function of samples makes modes that alias; products of spectra do not.
    assert max(changes) < 1e-6 if name == "freqnet" else min(changes) > 1e-6


@with_peer
def test_the_peer_learns() -> None:
    data = burgers(20, points=32)
    peer = study.Peer(replace(SMALL, batch=10, fno_rate=0.01), data, seed=0)
    before = study.relative_error(peer.predict(data.images), data.targets)
    with threads(1):
        peer.fit(data, epochs=10)
    assert study.relative_error(peer.predict(data.images), data.targets) < 0.7 * before


@with_peer
def test_both_are_timed_in_turns() -> None:
    row = study.speed(SMALL, count=60, seconds=0.05)
    assert all(row[name] > 0 for name in ("step", "peer_step", "inference", "peer_inference"))


@pytest.mark.parametrize("name", NAMES)
def test_rollouts_are_compared_with_the_solver(name: str) -> None:
    problem = replace(study.PROBLEMS["navier-stokes"], modes=9, width=4, blocks=1, fno_blocks=1)
    data = navier_stokes(4, points=64, steps=2)
    network = (study.Peer if name == "FNO" else study.Ours)(problem, data, 0)
    row = study.rollout_errors(network, steps=3, count=2)
    assert row["rollout_steps"] == [1, 2, 3]
    later = study.rollout_errors(network, steps=3, count=2, first=1)
    assert later["rollout_steps"] == [1, 2]
    # The first step from the second field is not the second one from the first.
    assert later["rollout"][0] != pytest.approx(row["rollout"][1], rel=1e-3)
    # An untrained network is not right.
    assert min(row["rollout"]) > 0.1


def test_errors_are_relative_to_each_target() -> None:
    wanted = np.ones((2, 4, 1)) * np.array([1.0, 100.0])[:, None, None]
    assert study.relative_error(wanted * 1.1, wanted) == pytest.approx(0.1)
    assert study.relative_error(wanted + 1, wanted) == pytest.approx((1 + 0.01) / 2)


def test_inputs_at_another_rate_are_the_same_signal() -> None:
    samples = burgers(2, points=64).images
    coarse, fine = (study.at_rate(samples, rate, (15,)) for rate in (1, 4))
    assert fine.shape == (2, 256, 1)
    assert np.allclose(fine[:, ::4], coarse, atol=1e-12)
