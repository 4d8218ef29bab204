"""The cost model of networks against the costs of ops, sums by hand, and entries of its table."""

from __future__ import annotations

from dataclasses import replace
from math import isclose

import pytest
from freqnet.benchmarks.studies import energy
from freqnet.benchmarks.studies.energy import HOROWITZ, Cost, Stage

from freqnet import nn
from freqnet.audit import summarize
from freqnet.errors import ConfigurationError

STAGES = (Stage(27, 1, 8, 5, 13), Stage(13, 8, 24, 5, 7))
NEVER = 10**9


def rows(domain: str) -> list:
    layers = []
    for stage in STAGES:
        layers += [nn.Convolution(stage.outputs, size=5, kernel="sinc", bias=False), nn.TruncationPool(stage.pooled)]
    return summarize(nn.Network(nn.Door(domain, (27, 27), (13, 13), 1), nn.Sequential((*layers, nn.Dense(10)))))


@pytest.mark.parametrize(("domain", "way"), [("fourier", energy.frequency), ("grid", energy.spatial)])
def test_multiply_adds_are_those_of_the_ops(domain: str, way: energy.Way) -> None:
    # A batch without end, so that the spectra of kernels cost nothing.
    found = [row.multiply_adds for row in rows(domain) if row.layer == "Convolution"]
    assert [way(stage, NEVER, False).multiply_adds for stage in STAGES] == pytest.approx(found, rel=1e-4)


def test_spectra_of_kernels_cost_what_the_ops_cost_once_per_batch() -> None:
    setup = [row.setup_multiply_adds for row in rows("fourier") if row.layer == "Convolution"]
    extra = [
        energy.frequency(stage, 1).multiply_adds - energy.frequency(stage, NEVER).multiply_adds for stage in STAGES
    ]
    assert extra == pytest.approx(setup, rel=1e-4)


def test_traffic_by_hand() -> None:
    stage = Stage(side=5, inputs=2, outputs=3, taps=3, pooled=3)
    # 50 samples are read and 27 written; 54 weights are read once for 6 images.
    assert energy.spatial(stage, 6) == Cost(25 * 54, 50 + 27 + 9, 9)
    # 15 complex numbers per input, 6 per output.
    found = energy.frequency(stage, 6, interpolated=False)
    assert found == Cost(4 * 15 * 6, 2 * 15 * 2 + 2 * 6 * 3 + 2 * 15 * 6 / 6, 2 * 15 * 6 / 6)
    whole = energy.frequency(stage, 6, interpolated=False, hermitian=False)
    assert whole.multiply_adds / found.multiply_adds == pytest.approx(25 / 15)
    # Training: three products, and weights that are written as well.
    trained = energy.spatial(stage, 6, backward=True)
    assert trained == Cost(3 * 25 * 54, 3 * 77 + 2 * 9, 18)


def test_one_image_pays_for_all_weights() -> None:
    for way in (energy.spatial, energy.fft, energy.frequency):
        one, many = (energy.network(way, STAGES, 10, batch) for batch in (1, 64))
        assert one.off_chip == pytest.approx(64 * many.off_chip)
        assert one.on_chip > many.on_chip


def test_energies_are_those_of_the_table() -> None:
    assert HOROWITZ.multiply_add(32) == pytest.approx(3.2)
    assert HOROWITZ.multiply_add("float16") == pytest.approx(1.5)
    # A product of numbers with half the bits takes about a quarter of the energy.
    assert HOROWITZ.multiply_add(8) < HOROWITZ.multiply_add(12) < HOROWITZ.multiply_add(16) < HOROWITZ.multiply_add(32)
    assert isclose(HOROWITZ.multiply_add(16), 0.05 + (0.2 * 3.1) ** 0.5)
    found = HOROWITZ.energy(Cost(1000, 64, 64), 8)
    assert (found.arithmetic, found.on_chip, found.off_chip) == pytest.approx((230, 800, 15_600))
    assert found.total == pytest.approx(16_630)


def test_the_table_can_be_replaced_and_refuses_unknown_formats() -> None:
    free = replace(HOROWITZ, off_chip=0.0)
    assert free.energy(Cost(1, 2, 3), 16).off_chip == 0
    for number in (4, 64, "bfloat16"):
        with pytest.raises(ConfigurationError, match="format of numbers: got"):
            HOROWITZ.multiply_add(number)
