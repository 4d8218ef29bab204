"""Choices of a training run: declared once as fields of dataclasses, offered as options, stored as plain values."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, get_args

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.main import get_command
from typer.testing import CliRunner

from freqnet.cli.commands import app
from freqnet.cli.options import takes_choices
from freqnet.errors import ConfigurationError
from freqnet.experiments import Comparison, Job
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


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**400),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.one_of(st.floats(), st.text(max_size=3)), max_size=3),
    st.just({"a": 1}),
)
ANY = st.one_of(PLAIN, st.floats(width=32).map(np.float32), st.integers(-3, 99).map(np.int64), PLAIN.map(np.array))


@given(st.data())
def test_any_value_is_stored_plainly_or_refused_in_one_line(data: st.DataObject) -> None:
    """Runs store their choices as JSON, and read them back equal."""
    kind = GROUPS[data.draw(st.sampled_from(("fractions", "model", "settings")))]
    name = data.draw(st.sampled_from([choice.name for choice in choices(kind)]))
    value = data.draw(ANY)
    try:
        chosen = kind(**{name: value})
    except ConfigurationError as error:
        message = str(error)
        assert "\n" not in message
        assert len(message) < 400
        assert f"{name}" in message
        assert re.search(rf"; .*(pass|leave) .*{name}", message), message
        return
    stored = json.loads(json.dumps(asdict(chosen)))
    assert kind(**{n: tuple(v) if isinstance(v, list) else v for n, v in stored.items()}) == chosen


@pytest.mark.parametrize("value", [np.array([]), np.array([1.0, 2.0]), np.array("x"), [], {"a": 1}])
@pytest.mark.parametrize("name", ["loss", "optimizer", "schedule", "order", "smoothing", "epochs"])
def test_arrays_are_no_choices(name: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=f"{name}: got .*(pass|leave)"):
        Settings(**{name: value})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 5.0, "epochs: got 5.0, expected a whole number of 1 or more; pass epochs=5"),
        ("epochs", np.float64(5), "epochs: got 5.0, expected a whole number of 1 or more; pass epochs=5"),
        (
            "epochs",
            "5",
            "epochs: got '5', expected a whole number .*; leave it out for the dataset's default",
        ),
        ("epochs", np.array(5), r"epochs: got array\(5\), expected a whole number"),
        ("seed", 2**32, "seed: got 4294967296, expected a whole number of at most 4294967295; pass seed=0"),
        ("clip", None, "clip: got None, expected a finite number of 0 or more; pass clip=1.0"),
        ("class_weights", "some", "class_weights: got 'some', expected 'balanced', or one finite number"),
        ("class_weights", [0, 0], r"class_weights: got \[0, 0\], expected"),
        ("freeze", "0", "freeze: got '0', expected a list of names or patterns; pass freeze="),
    ],
)
def test_messages_say_what_to_write(name: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Settings(**{name: value})


def test_lists_of_options_are_read() -> None:
    given = {"--class-weights": "1,2.5", "--freeze": "0, *.gain", "--widths": "4,8"}
    found: list[Any] = []
    new = typer.Typer()

    @new.command()
    @takes_choices()
    def train(choices: dict[str, Any]) -> None:
        found.append({**choices["settings"], **choices["model"]})

    outcome = CliRunner().invoke(new, [word for pair in given.items() for word in pair])
    assert outcome.exit_code == 0, outcome.output
    CliRunner().invoke(new, ["--class-weights", "balanced"])
    assert found[0] == {"class_weights": (1.0, 2.5), "freeze": ("0", "*.gain"), "widths": (4, 8)}
    assert found[1] == {"class_weights": "balanced"}
    job = Job("digits", settings={"class_weights": (1.0, 2.5), "freeze": ("0", "*.gain"), "clip": None})
    assert job.command() == "freqnet train digits --class-weights 1.0,2.5 --freeze '0,*.gain'"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Job("digits", settings={"epoch": 3}), "settings: got 'epoch', expected .*; did you mean 'epochs'"),
        (lambda: Job("digits", model=None), "model: got None, expected a dictionary; pass model={}"),
        (
            lambda: Comparison("digits", ("fourier",), 3, "out"),
            r"seeds: got 3, .*; pass seeds=range\(3\)",
        ),
        (lambda: Comparison("digits", ("fourier",), (0,), "out", nodes=3), "nodes: got 3, expected a list"),
        (lambda: Comparison("digits", ("fourier",), (0,), "out", model={"width": 3}), "model: got 'width'"),
        (lambda: Comparison("digits", ("fourier",), (0.0,), "out"), "seeds: got"),
    ],
)
def test_jobs_and_comparisons_name_the_field_at_fault(make: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_jobs_take_paths_as_text_and_comparisons_any_iterable(tmp_path: Path) -> None:
    job = Job(tmp_path / "a.npz", out=str(tmp_path / "run"))  # type: ignore[arg-type]
    assert (job.data, job.out) == (str(tmp_path / "a.npz"), tmp_path / "run")
    comparison = Comparison("digits", ("fourier",), np.arange(2), "out")  # type: ignore[arg-type]
    assert [task.settings["seed"] for task in comparison.jobs()] == [0, 1]
    assert comparison.command() == "freqnet compare digits --domains fourier --seeds 2"


def test_whole_numbers_of_numpy_are_stored_as_whole_numbers() -> None:
    settings = Settings(epochs=np.int64(5), seed=np.uint8(3))  # type: ignore[arg-type]
    assert json.loads(json.dumps(asdict(settings))) == asdict(Settings(epochs=5, seed=3))
    with pytest.raises(ConfigurationError, match="epochs: got True"):
        Settings(epochs=True)
