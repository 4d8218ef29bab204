"""The learning-rate range test: which rates it trains with, what it tells of a curve, and its files."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from test_cli_train import command, refused, succeed
from test_training_resume import PARTS, bits, network

from freqnet.errors import ConfigurationError, DataError, DivergenceError
from freqnet.plot import plot_range_test
from freqnet.training import RangeTest, Settings, analyse, fit, learning_rate_range_test
from freqnet.training.fit import Run

QUICK = Settings(batch=40, learning_rate=0.02, seed=3)


def swept(settings: Settings = QUICK, **options: Any) -> RangeTest:
    net = network(0)
    return learning_rate_range_test(net, analyse(net, PARTS.train), settings, **options)


# -- the sweep -------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"accumulate": 3, "class_weights": "balanced"},
        {"shift": 0.5, "augment": ("mirror", "mixup"), "freeze": ("1",)},
    ],
)
def test_it_takes_the_steps_of_training_at_rising_rates(change: dict[str, Any]) -> None:
    settings = replace(QUICK, **change)
    found = swept(settings, low=1e-4, high=1e-2, steps=20)
    np.testing.assert_allclose(found.rates, 1e-4 * 100 ** (np.arange(20) / 19), rtol=1e-12)
    # The oracle: the same steps, one by one.
    net = network(0)
    run = Run.begin(net, settings, analyse(net, PARTS.train))
    losses: list[float] = []
    epoch = 0
    while len(losses) < 20:
        generator = np.random.default_rng([3, epoch])
        net.train()
        for parameter in run.frozen.values():
            parameter.requires_grad = False
        net.body.set_generator(generator)
        taken = list(run.train.shuffled(40, generator, augment=settings.augmentation))
        for start in range(0, len(taken), settings.accumulate):
            group = taken[start : start + settings.accumulate]
            if len(losses) < 20:
                run.optimizer.learning_rate = found.rates[len(losses)]
                values = [run.step(batch, is_last=batch is group[-1])[0] for batch in group]
                sizes = [run.loss.weight(batch.targets, len(batch.targets)) for batch in group]
                losses.append(float(np.dot(values, sizes) / sum(sizes)))
        epoch += 1
    np.testing.assert_allclose(found.losses, losses, rtol=1e-5)


def test_the_network_does_not_change() -> None:
    net = network(0)
    train, before = analyse(net, PARTS.train), bits(net)
    modes = [layer.training for _, layer in net.body.modules()]
    learning_rate_range_test(net, train, QUICK)
    assert bits(net) == before
    assert [layer.training for _, layer in net.body.modules()] == modes
    assert net.transforms_inside == 0
    other = network(0)
    fit(net, train, settings=replace(QUICK, epochs=2))
    fit(other, train, settings=replace(QUICK, epochs=2))
    assert bits(net) == bits(other)


def test_the_same_seed_gives_the_same_curve_and_the_schedule_none() -> None:
    first = swept(steps=40)
    whole = Settings(**{**vars(QUICK), "schedule": "restarts", "restart_epochs": 2, "ema": 0.9, "epochs": 7})
    assert (swept(whole, steps=40).losses == first.losses).all()
    assert not np.array_equal(swept(replace(QUICK, seed=4), steps=40).losses, first.losses)


def test_it_ends_where_the_loss_diverges() -> None:
    found = swept(replace(QUICK, optimizer="sgd", clip=0.0), high=1e6)
    assert found.is_diverged
    assert found.highest == found.rates[-1] < 1e6
    assert found.lowest < found.highest
    assert found.remark == ""
    with pytest.raises(DivergenceError):
        swept(replace(QUICK, optimizer="sgd", clip=0.0), low=1e20, high=1e30)


def test_the_steps_are_told() -> None:
    told: list[tuple[int, int]] = []
    swept(steps=20, high=1e-3, progress=lambda *numbers: told.append(numbers))
    assert told == [(n, 20) for n in range(1, 21)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 0.0}, "low: got 0.0"),
        ({"high": np.inf}, "high: got inf"),
        ({"low": 1.0, "high": 0.1}, "range of rates: got low=1, high=0.1, expected low below high"),
        ({"steps": 19}, r"steps: got 19, expected a number in \[20, inf\)"),
        ({"steps": 20.5}, "steps: got 20.5, expected a whole number"),
    ],
)
def test_unusable_ranges(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        swept(**options)


def test_unusable_arguments() -> None:
    net = network(0)
    train = analyse(net, PARTS.train)
    with pytest.raises(ConfigurationError, match="settings: got a dict"):
        learning_rate_range_test(net, train, {"batch": 3})  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="got a Sequential, expected a Network"):
        learning_rate_range_test(net.body, train)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="spectra"):
        learning_rate_range_test(net, PARTS.train)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="freeze"):
        learning_rate_range_test(net, train, Settings(freeze=("nothing",)))


# -- what a curve tells ----------------------------------------------------------------------------------
def curve(noise: float = 0.0, rise: float = 9.0, spike: float = 0.0) -> RangeTest:
    """A plateau at 2.3, a fall that is steepest at the rate 0.01, the lowest loss at 0.1, and a rise."""
    exponents = np.linspace(-5, 0.5, 111)
    fall = 2.3 - 1.8 * np.clip((np.tanh((exponents + 2) * 2) + 1) / 2, 0, 1)
    losses = fall + rise * np.clip(exponents + 1, 0, None) ** 2
    losses += noise * np.random.default_rng(0).normal(size=len(losses))
    losses[-1] += spike
    return RangeTest(10.0**exponents, losses, width=2.5, is_diverged=rise > 0)


@pytest.mark.parametrize("spike", [0.0, 1e9])
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_rates_of_a_known_curve(noise: float, spike: float) -> None:
    found = curve(noise, spike=spike)
    assert found.has_fallen
    assert 0.005 < found.steepest < 0.02
    assert 0.05 < found.lowest < 0.2
    assert found.suggestion == found.lowest / 2
    assert found.highest == found.rates[-1]
    assert np.abs(found.smoothed[:80] - curve().losses[:80]).max() < 0.1
    assert "suggestion=" in repr(found)


def test_smoothing_is_a_weighted_mean_over_both_sides() -> None:
    found = curve(0.1)
    for i in (0, 1, 50, 110):
        weights = np.exp(-0.5 * ((np.arange(111) - i) / 2.5) ** 2) * (abs(np.arange(111) - i) <= 10)
        limited = np.minimum(found.losses, max(4 * found.losses.min(), *found.losses[:5]))
        assert found.smoothed[i] == pytest.approx(np.average(limited, weights=weights), rel=1e-12)


def test_curves_that_tell_nothing_say_so() -> None:
    flat = RangeTest(np.geomspace(1e-5, 1, 50), np.full(50, 2.3), 1.0, False)
    assert (flat.has_fallen, flat.suggestion, flat.steepest, flat.highest) == (False, None, None, None)
    assert "does not fall" in flat.remark
    rising = replace(flat, losses=np.linspace(2, 8, 50), is_diverged=True)
    assert rising.suggestion is None
    assert "begin at a lower one" in rising.remark
    falling = replace(flat, losses=np.linspace(2, 1, 50))
    assert "end at a higher one" in falling.remark
    assert curve().remark == ""
    for found in (flat, rising, falling):
        ax = plot_range_test(found, Figure().subplots())
        assert len(ax.lines) == (5 if found.has_fallen else 2)
    with pytest.raises(ConfigurationError, match="range test: got a list"):
        plot_range_test([1, 2])  # type: ignore[arg-type]


def test_the_plot_shows_the_fall_and_not_the_spike() -> None:
    ax = plot_range_test(curve(spike=1e9), Figure().subplots())
    assert ax.get_xscale() == "log"
    low, high = ax.get_ylim()
    assert 0 < low < 0.6
    assert 2.3 < high < 5


# -- the command -----------------------------------------------------------------------------------------
def test_the_command_writes_a_table_and_a_plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ("lr-range", "digits", "--widths", "4,4,4", "--batch", 100, "--steps", 60, "--optimizer", "momentum")
    shown = succeed(*words)
    rows = list(csv.DictReader((tmp_path / "runs/digits-lr-range/lr-range.csv").read_text().splitlines()))
    assert list(rows[0]) == ["learning_rate", "loss", "smoothed_loss"]
    assert 20 <= len(rows) <= 60
    assert (tmp_path / "runs/digits-lr-range/lr-range.png").read_bytes().startswith(b"\x89PNG")
    assert "suggested peak" in shown
    assert "freqnet train digits --widths 4,4,4 --batch 100 --optimizer momentum --lr " in shown
    assert sorted(path.name for path in (tmp_path / "runs/digits-lr-range").iterdir()) == [
        "lr-range.csv",
        "lr-range.png",
    ]
    # A second test replaces the files of the first, and nothing else.
    (tmp_path / "runs/digits-lr-range/notes").write_text("mine")
    outcome = command(*words, "--low", 1e-9, "--high", 1e-8)
    assert outcome.status == 0
    assert "the loss does not fall" in outcome.err
    assert "freqnet train" not in outcome.out
    assert (tmp_path / "runs/digits-lr-range/notes").read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--low", "1", "--high", "0.1"), "range of rates: got --low 1, --high 0.1"),
        (("--steps", "3"), "steps: got 3"),
        (("--out", "/proc/nothing"), "output /proc/nothing: got"),
        (("--epochs", "3"), "--epochs"),
        (("--optimizer", "lion"), "optimizer: got 'lion'"),
    ],
)
def test_mistakes(words: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in refused("lr-range", "digits", *words)
    assert not list(tmp_path.rglob("*.csv"))
