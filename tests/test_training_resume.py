"""A resumed run ends with the same bits as a run that was never interrupted."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from thinning import one_in

from freqnet import nn
from freqnet.data import load, split
from freqnet.errors import CheckpointError, SpaceError
from freqnet.nn import Network
from freqnet.training import Checkpoint, History, Model, Progress, Settings, analyse, fit, load_checkpoint, save

PARTS = split(load("digits").take(np.arange(200)), test=0.25, seed=1)
BASE = Settings(epochs=4, batch=40)


class StoppedError(Exception):
    """The error that the progress callback raises in place of an interrupt."""


def stop_at(call: int) -> Any:
    """Return a progress callback that raises at the given call."""
    calls = iter(range(1, call + 1))

    def progress(figures: dict[str, Any]) -> None:
        if "restored" not in figures and next(calls) == call:
            raise StoppedError

    return progress


def network(seed: int, domain: str = "fourier") -> Network:
    return Model(domain, widths=(4, 4, 4)).network(PARTS.train, seed)


def dropout_network(seed: int) -> Network:
    layers = (nn.Convolution(6), nn.PowerNorm(), nn.Polynomial(), nn.FrequencyDropout(), nn.Dense(10))
    return Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(layers), seed)


def run(net: Network, settings: Settings, path: Path | None = None, **options: Any) -> History:
    train, validation = analyse(net, PARTS.train), None
    if options.pop("validate", False):
        # With wrong labels, the best epoch is an early one and patience runs out.
        validation = analyse(net, replace(PARTS.test, targets=(PARTS.test.targets + 1) % 10))
    return fit(net, train, validation, settings, checkpoint=path, **options)


def bits(net: Network) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in net.arrays().items()}


def timeless(history: History) -> list[dict[str, Any]]:
    return [{k: v for k, v in row.items() if k not in ("seconds", "images_per_second")} for row in history.rows]


SIGNALS = ("mirror-all", "turns", "rotate", "zoom", "brightness=0.2", "contrast=0.2", "noise=0.1", "lowpass=0.5")
CHANGES = (*SIGNALS, "cutout", "mixup=1", "cutmix=1")

VARIANTS = {
    "adamw": BASE,
    "adam, one cycle": replace(BASE, optimizer="adam", schedule="one-cycle"),
    "momentum, shifts": replace(BASE, optimizer="momentum", learning_rate=0.02, shift=0.7, seed=3),
    "sgd, constant": replace(BASE, optimizer="sgd", schedule="constant", learning_rate=0.05, smoothing=0.0),
    "validation": replace(BASE, learning_rate=0.1, schedule="constant"),
    "validation, patience": replace(BASE, learning_rate=0.01, epochs=12, patience=3, shift=0.5),
    "muon": replace(BASE, optimizer="muon"),
    "restarts": replace(BASE, schedule="restarts", restart_epochs=0.6, restart_factor=1.5),
    "accumulated": replace(BASE, batch=30, accumulate=2),
    "averaged": replace(BASE, ema=0.9),
    "validation, averaged": replace(BASE, ema=0.9, learning_rate=0.03),
    "grid": BASE,
    "dropout": replace(BASE, shift=0.3, augment=CHANGES),
}


# 150 examples in batches of 40: four steps and the end of the epoch are five calls.
@pytest.mark.parametrize(("name", "calls"), one_in(3, product(VARIANTS, [(1,), (6,), (13,), (10, 5)])))
def test_resumed_runs_are_the_same_to_the_bit(name: str, calls: tuple[int, ...], tmp_path: Path) -> None:
    settings, validate = VARIANTS[name], "validation" in name
    make = dropout_network if name == "dropout" else lambda seed: network(seed, "grid" if name == "grid" else "fourier")
    straight = make(0)
    expected = run(straight, settings, validate=validate)
    path = tmp_path / "checkpoint.safetensors"
    for attempt, call in enumerate(calls):
        # Initial weights differ each time: all of the state must come from the checkpoint.
        resume = path.exists()
        with pytest.raises(StoppedError):
            run(make(attempt), settings, path, validate=validate, resume=resume, callbacks=[Progress(stop_at(call))])
    resume = path.exists()
    resumed = make(99 if resume else 0)
    history = run(resumed, settings, path, validate=validate, resume=resume)
    assert ("patience" in name) == (len(history.rows) < settings.epochs)
    assert bits(resumed) == bits(straight)
    assert timeless(history) == timeless(expected)


def test_checkpoint_after_each_epoch_and_none_before(tmp_path: Path) -> None:
    path, seen = tmp_path / "c.safetensors", []

    def progress(figures: dict[str, Any]) -> None:
        seen.append(load_checkpoint(path).info["progress"]["epoch"] if path.exists() else 0)

    run(network(0), BASE, path, callbacks=[Progress(progress)])
    assert seen == [0] * 4 + [1] * 5 + [2] * 5 + [3] * 5 + [4]
    assert list(tmp_path.iterdir()) == [path]


def test_a_finished_run_trains_no_more(tmp_path: Path) -> None:
    path, rows = tmp_path / "c.safetensors", []
    first = network(0, "grid-fft")
    run(first, replace(BASE, epochs=2), path)
    before = path.read_bytes()
    again = network(7, "grid-fft")
    history = run(again, replace(BASE, epochs=2), path, resume=True, callbacks=[Progress(rows.append)])
    assert bits(again) == bits(first)
    assert [row["restored"] for row in rows] == [True, True]
    assert history.rows == [{k: v for k, v in row.items() if k != "restored"} for row in rows]
    assert again.transforms_inside == first.transforms_inside > 0
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 5}, "resume: got epochs=5, expected the run's own epochs=4, at which its cosine schedule ends"),
        ({"learning_rate": 0.5}, "resume: got learning_rate = 0.5"),
        ({"optimizer": "sgd"}, "resume: got optimizer = sgd"),
        ({"seed": 1}, "resume: got seed = 1"),
        ({"ema": 0.9}, r"resume: got ema = 0.9, expected the run.s own 0.0"),
    ],
)
def test_other_settings_are_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = interrupted(tmp_path)
    with pytest.raises(CheckpointError, match=message):
        run(network(0), replace(BASE, **change), path, resume=True)


# -- more epochs -------------------------------------------------------------------------------------
@pytest.mark.parametrize("options", [{}, {"validate": True}, {"validate": True, "patience": 2}, {"restarts": True}])
@pytest.mark.parametrize("first", [2, 4])
def test_more_epochs_give_the_bits_of_a_run_that_had_them(first: int, options: dict[str, Any], tmp_path: Path) -> None:
    patience = options.get("patience", 0)
    settings = replace(BASE, schedule="constant", learning_rate=0.02, patience=patience, shift=0.3)
    if "restarts" in options:
        settings = replace(settings, schedule="restarts", restart_epochs=1.3)
    chosen = {name: value for name, value in options.items() if name == "validate"}
    straight, resumed, path = dropout_network(0), dropout_network(0), tmp_path / "c.safetensors"
    expected = run(straight, replace(settings, epochs=7), **chosen)
    run(resumed, replace(settings, epochs=first), path, **chosen)
    again = dropout_network(5)
    history = run(again, replace(settings, epochs=7), path, resume=True, **chosen)
    assert bits(again) == bits(straight)
    assert timeless(history) == timeless(expected)


def test_fewer_epochs_than_are_finished_are_refused(tmp_path: Path) -> None:
    settings, path = replace(BASE, schedule="constant"), tmp_path / "c.safetensors"
    run(network(0), settings, path)
    with pytest.raises(CheckpointError, match="got epochs=2, expected at least the 4 that are finished"):
        run(network(0), replace(settings, epochs=2), path, resume=True)
    run(network(0), settings, path, resume=True)


@pytest.mark.parametrize("schedule", ["cosine", "one-cycle", "restarts"])
def test_a_schedule_that_has_ended_has_no_more_epochs(schedule: str, tmp_path: Path) -> None:
    settings, path = replace(BASE, schedule=schedule), tmp_path / "c.safetensors"
    run(network(0), settings, path)
    before = path.read_bytes()
    with pytest.raises(CheckpointError, match=f"the run's own epochs=4, at which its {schedule} schedule ends"):
        run(network(0), replace(settings, epochs=8), path, resume=True)
    assert path.read_bytes() == before


def test_checkpoints_of_before_have_fewer_settings(tmp_path: Path) -> None:
    path = interrupted(tmp_path)
    old = load_checkpoint(path)
    for name in ("class_weights", "freeze", "ema", "accumulate", "restart_epochs", "restart_factor"):
        del old.info["progress"]["settings"][name]
    save(path, old)
    straight, resumed = network(0), network(1)
    run(straight, BASE)
    run(resumed, BASE, path, resume=True)
    assert bits(resumed) == bits(straight)


def interrupted(folder: Path, **options: Any) -> Path:
    path = folder / "c.safetensors"
    with pytest.raises(StoppedError):
        run(network(0), BASE, path, callbacks=[Progress(stop_at(7))], **options)
    return path


def test_another_network_or_other_information_is_refused(tmp_path: Path) -> None:
    path = interrupted(tmp_path, info={"data": "digits"})
    with pytest.raises(CheckpointError, match="checkpoint: got one of another network"):
        run(network(0, "grid"), BASE, path, resume=True, info={"data": "digits"})
    with pytest.raises(CheckpointError, match="resume: got data = mnist, expected the run's own digits"):
        run(network(0), BASE, path, resume=True, info={"data": "mnist"})
    run(network(0), BASE, path, resume=True, info={"data": "digits"})


def test_a_checkpoint_that_is_no_training_state_is_refused(tmp_path: Path) -> None:
    net = network(0)
    save(tmp_path / "m.safetensors", Checkpoint(net.describe(), net.arrays()))
    with pytest.raises(CheckpointError, match="checkpoint: got no training state"):
        run(net, BASE, tmp_path / "m.safetensors", resume=True)
    with pytest.raises(CheckpointError, match="no such file"):
        run(net, BASE, tmp_path / "none.safetensors", resume=True)


def test_resume_without_a_checkpoint_file_is_refused() -> None:
    with pytest.raises(CheckpointError, match="resume: got no checkpoint"):
        run(network(0), BASE, resume=True)


def test_spectra_of_another_door_do_not_slip_in() -> None:
    own, foreign = (analyse(network(0, domain), PARTS.train) for domain in ("fourier", "grid"))
    for train, validation in ((foreign, None), (own, foreign)):
        with pytest.raises(SpaceError, match="spectra: got grid"):
            fit(network(0), train, validation, BASE)
