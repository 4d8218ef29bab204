"""What a training would take: the model against arithmetic by hand, its files, and its command."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_cli_train import refused, succeed

from freqnet.errors import ConfigurationError
from freqnet.experiments import Job
from freqnet.experiments.forecast import Cluster, Rates, Times, forecast, measure_rates
from freqnet.experiments.work import peak_bytes

# Of a machine with four cores; a fifth of the samples is held out.
RATES = Rates(
    machine="m",
    cores=4,
    dataset="d",
    samples=1000,
    kept=800,
    epochs=3,
    batch=80,
    on_disk=False,
    whole=Times((10, 20, 40, 80), (0.01, 0.02, 0.03, 0.04)),
    part=Times((10, 20, 40, 80), (0.02, 0.03, 0.05, 0.09)),
    optimizer=0.001,
    optimizer_shared=0.002,
    divided=0.0,
    longest=0.0,
    matrices=0,
    addition=0.0004,
    copying=1e9,
    preparation=1e-4,
    prediction=1e-3,
    vector=1_000_000,
    sample=100,
    spectrum=200,
    workspace=50_000_000,
)


def test_one_process() -> None:
    found = forecast(RATES)
    assert (found.processes, found.machines, found.shards, found.steps, found.traffic) == (1, 1, 1, 30, 0)
    assert found.step == pytest.approx(0.041)
    assert found.seconds == pytest.approx(1000 * 1e-4 + 30 * 0.041 + 200 * 1e-3)
    assert found.efficiency == pytest.approx(0.092 / 4 / 0.041)
    assert found.memory == 50_000_000 + 1000 * 200 + 800 * 200


def test_processes_of_one_machine() -> None:
    found = forecast(RATES, Cluster(4))
    # Four parts of 20 examples, one for each; two pieces of a quarter stay.
    traffic = 2 * 1_000_000 * 3 / 4
    exchange = 2 * traffic / 1e9 + 45e-4 + 0.0004
    assert found.machines == 1
    assert found.traffic == traffic
    assert found.exchange == pytest.approx(exchange)
    assert found.step == pytest.approx(0.03 + 0.002 + exchange)
    assert found.efficiency == pytest.approx(0.092 / 4 / found.step)
    assert found.machine_memory == 4 * found.memory


def test_what_the_optimiser_divides() -> None:
    rates = replace(RATES, optimizer_shared=0.012, divided=0.008, longest=0.003, matrices=400_000)
    two, four = (forecast(rates, Cluster(count)) for count in (2, 4))
    # Half of it; then the longest piece, which is more than a quarter.
    assert two.step - two.exchange == pytest.approx(2 * 0.03 + 0.012 - 0.008 + 0.004)
    assert four.step - four.exchange == pytest.approx(0.03 + 0.012 - 0.008 + 0.003)
    assert four.traffic == (2 * 1_000_000 + 400_000) * 3 / 4
    # One process has all of it.
    assert forecast(rates).step == forecast(RATES).step


def test_processes_of_several_machines() -> None:
    found = forecast(RATES, Cluster(8, bandwidth=1e8, latency=1e-3), images=1e6)
    # Eight parts of 10 examples; four processes of a machine share its network.
    traffic = 2 * 1_000_000 * 7 / 8
    exchange = traffic * 4 / 1e8 + 21e-3 + 0.0004
    assert (found.machines, found.shards, found.images, found.steps) == (2, 8, 1_000_000, 30_000)
    assert found.step == pytest.approx(0.02 + 0.002 + exchange)
    assert found.seconds == pytest.approx(100 + 30_000 * found.step + 200)


def test_processes_that_share_cores_wait_for_each_other() -> None:
    one, two = forecast(RATES, Cluster(4)), forecast(RATES, Cluster(8, machines=1))
    assert two.machines == 1
    # Half the examples for each, at half the speed.
    assert two.step - two.exchange == pytest.approx(2 * (0.02 + 0.002))
    assert one.preparation * 2 == pytest.approx(two.preparation)


def test_numbers_of_processes_that_do_not_divide() -> None:
    found = forecast(RATES, Cluster(3))
    # Six parts of 13.3 examples, two for each.
    assert found.shards == 6
    assert found.step - found.exchange == pytest.approx(2 * (0.02 + 0.01 / 3) + 0.002)
    assert found.traffic == round(3 * 1_000_000 * 2 / 3)


def test_data_on_disk_take_no_memory_of_their_own() -> None:
    inside, whole = (forecast(replace(RATES, on_disk=disk), images=1e9) for disk in (True, False))
    assert inside.memory < whole.memory
    assert inside.spectra == whole.spectra == 200_000_000_000


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"processes": 0}, "processes: got 0"),
        ({"processes": 2.5}, "processes: got 2.5"),
        ({"machines": 0}, "machines: got 0"),
        ({"bandwidth": 0}, "bandwidth: got 0"),
        ({"latency": float("nan")}, "latency: got nan"),
    ],
)
def test_clusters_that_cannot_be(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Cluster(**wrong)


@pytest.mark.parametrize("images", [0, float("inf"), float("nan"), -5, 1e308])
def test_images_that_cannot_be(images: float) -> None:
    with pytest.raises(ConfigurationError, match="images: got"):
        forecast(RATES, images=images)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cores": 0},
        {"samples": 0},
        {"batch": 0},
        {"copying": 0.0},
        {"optimizer": -1.0},
        {"kept": 1001},
        {"part": Times((), ())},
        {"part": Times((1, 2), (1.0,))},
        {"whole": Times((8, 8), (0.1, 0.2))},
        {"whole": Times((8, 16), (0.1, -0.2))},
    ],
)
def test_rates_that_nobody_can_have_measured(tmp_path: Path, wrong: dict[str, Any]) -> None:
    replace(RATES, **wrong).save(tmp_path / "rates.json")
    with pytest.raises(ConfigurationError, match="expected a file of rates"):
        Rates.load(tmp_path / "rates.json")


def test_no_machine_is_without_a_process() -> None:
    assert forecast(RATES, Cluster(2, machines=5)) == forecast(RATES, Cluster(2, machines=2))


def test_rates_are_read_back(tmp_path: Path) -> None:
    RATES.save(tmp_path / "rates.json")
    assert Rates.load(tmp_path / "rates.json") == RATES
    (tmp_path / "rates.json").write_text('{"machine": "m"}', encoding="utf-8")
    for name in ("rates.json", "none.json"):
        with pytest.raises(ConfigurationError, match=r"a file of rates; write one with freqnet plan"):
            Rates.load(tmp_path / name)


def test_the_command(tmp_path: Path) -> None:
    RATES.save(tmp_path / "rates.json")
    words = ["plan", "--rates", str(tmp_path / "rates.json"), "--images", "1e9"]
    shown = succeed(*words, "--processes", "1,8,8", "--json", tmp_path / "plan.json")
    assert "1,000,000,000 samples, 3 epochs of batches of 80" in shown
    assert "measured with 1,000 samples" in shown
    found = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["forecasts"]
    assert [one["processes"] for one in found] == [1, 8]
    for wrong in ("digits",), ("--domain", "hartley"), ("--bandwidth", "0"):
        refused(*words, *wrong)
    refused("plan")
    refused("plan", "--rates", tmp_path / "none")


def test_rates_of_this_machine() -> None:
    job = Job("digits", model={"widths": (4,)}, settings={"epochs": 2, "batch": 64})
    told: list[str] = []
    rates = measure_rates(job, tell=told.append, seconds=0.02)
    assert len(told) == 3
    assert (rates.samples, rates.kept, rates.epochs, rates.batch, rates.sample) == (1797, 1437, 2, 64, 256)
    assert rates.whole.examples == (2, 8, 16, 32, 64)
    assert all(0 < seconds < 1 for seconds in (*rates.whole.seconds, *rates.part.seconds, rates.optimizer))
    # 7 x 4 complex modes.
    assert rates.spectrum == 7 * 4 * 8
    peak = peak_bytes()
    # What draws the report is in it.
    assert peak is None or 1e8 < rates.workspace < 1e9
    with pytest.raises(ConfigurationError, match="widths"):
        measure_rates(Job("digits", model={"widths": ()}))
