"""Choices of a training run: declared once as fields of dataclasses, offered as options, stored as plain values."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, get_args

import numpy as np
import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from freqnet.cli.commands import app
from freqnet.cli.options import takes_choices
from freqnet.errors import ConfigurationError
from freqnet.experiments import Job
from freqnet.training import Settings
from freqnet.training.choices import GROUPS, choices, option_name

COMMANDS = get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize(("command", "without"), [("train", set()), ("compare", {"domain", "seed"})])
def test_every_field_is_an_option_of_both_commands(command: str, without: set[str]) -> None:
    options = {p.name: p for p in COMMANDS[command].params}
    for choice in (choice for group in GROUPS.values() for choice in choices(group)):
        assert (choice.name in options) == (choice.name not in without)
        if choice.name in options:
            assert options[choice.name].opts == [choice.option]
            assert options[choice.name].help == choice.help
            assert len(choice.help) > 10


def test_an_option_has_the_name_of_its_field_unless_the_field_says_otherwise() -> None:
    assert option_name("gate_band") == "--gate-band"
    assert option_name("learning_rate") == "--lr"
    job = Job("digits", model={"widths": (4, 8)}, settings={"learning_rate": 0.1}, fractions={"test": 0.3})
    assert job.command() == "freqnet train digits --widths 4,8 --lr 0.1 --test 0.3"


@dataclass(frozen=True)
class Extended(Settings):
    """Settings with one more field.

    Parameters
    ----------
    momentum : float
        Share of the last step that is kept. More about it.
    """

    momentum: float = field(default=0.9, metadata={"option": "keep"})


def test_a_new_field_needs_no_other_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GROUPS, "settings", Extended)
    found: list[Any] = []
    new = typer.Typer()

    @new.command()
    @takes_choices()
    def train(data: Annotated[str, typer.Argument()], choices: dict[str, Any]) -> None:
        found.append(Job(data, **choices))

    assert "Share of the last step that is kept." in CliRunner().invoke(new, ["--help"]).output
    outcome = CliRunner().invoke(new, ["digits", "--keep", "0.5", "--modes", "3", "--widths", "4,4"])
    assert outcome.exit_code == 0, outcome.output
    (job,) = found
    assert (job.model, job.settings, job.fractions) == ({"modes": 3, "widths": (4, 4)}, {"momentum": 0.5}, {})


def test_types_of_options_are_those_of_the_fields() -> None:
    types = {choice.name: choice.type for group in GROUPS.values() for choice in choices(group)}
    assert types["epochs"] is int
    assert set(get_args(types["modes"])) == {int, type(None)}
    assert types["domain"] is str


def test_whole_numbers_of_numpy_are_stored_as_whole_numbers() -> None:
    settings = Settings(epochs=np.int64(5), seed=np.uint8(3))  # type: ignore[arg-type]
    assert json.loads(json.dumps(asdict(settings))) == asdict(Settings(epochs=5, seed=3))
    with pytest.raises(ConfigurationError, match="epochs: got True"):
        Settings(epochs=True)
