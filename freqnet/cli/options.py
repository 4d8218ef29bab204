"""Options that several commands share; those of a training run are made from the fields of its dataclasses."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer

from freqnet.data import dataset_names
from freqnet.data.registry import SHIPPED
from freqnet.errors import ConfigurationError, got_expected
from freqnet.training.choices import GROUPS, choices, is_list, read_choice, read_numbers


def opt(name: str, text: str) -> Any:
    """Return an option whose help text names its default."""
    return typer.Option(f"--{name}", help=text, show_default=False)


def _target(path: Path | None) -> Path | None:
    """Check before the work that its result can be written."""
    if path is not None:
        from freqnet.training.files import check_target

        check_target(path)
    return path


def file_option(name: str, text: str) -> Any:
    """Return an option that names a file to write."""
    return typer.Option(f"--{name}", help=text, show_default=False, callback=_target)


Data = Annotated[
    str,
    typer.Argument(
        help=f"Data: {', '.join(dataset_names())}, {SHIPPED}NAME, a .npz, .h5, .mat or .ts file, or a folder with a "
        "subfolder per class."
    ),
]
OptionalData = Annotated[
    str | None, typer.Argument(metavar="DATA", help=Data.__metadata__[0].help + " It may also stand in --config.")  # type: ignore[attr-defined]
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", help="TOML file with data and choices; options on the line replace them.", show_default=False
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--folder", help="Folder with the files of a named dataset, such as mnist or cifar10.", show_default=False
    ),
]
Layout = Annotated[
    str | None, typer.Option("--layout", help="Order of the axes of an array [as in the run].", show_default=False)
]
SizeTo = Annotated[
    str | None,
    typer.Option("--size-to", help="Size to which samples are resampled [as in the run].", show_default=False),
]
PadTo = Annotated[
    str | None,
    typer.Option(
        "--pad-to", help="Size to which samples are padded after their end [as in the run].", show_default=False
    ),
]
MeasuredAs = Annotated[
    str | None,
    typer.Option(
        "--measured", help="Convention of measured spectra, such as centred,ortho [as in the run].", show_default=False
    ),
]
Tta = Annotated[
    str | None,
    typer.Option(
        "--tta",
        help="Average over moved copies of each sample, by words such as mirror,shift=1 [no copies].",
        show_default=False,
    ),
]
RunFolder = Annotated[Path, typer.Argument(help="Folder of a training run.")]
Json = Annotated[Path | None, file_option("json", "Also write the result to this file.")]


# -- the choices of a training run ----------------------------------------------------------------------
def takes_choices(*without: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a command take one option per choice of a training run in place of its parameter ``choices``.

    The command gets a dictionary of `GROUPS`, each with only the choices that were given, as
    `freqnet.experiments.Job` takes them.

    Parameters
    ----------
    *without : str
        Choices that the command does not offer.
    """
    offered = {name: [c for c in choices(group) if c.name not in without] for name, group in GROUPS.items()}

    offered = {name: own for name, own in offered.items() if own}

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def run(**words: Any) -> Any:
            found = {
                name: given({c.name: read_choice(c, words.pop(c.name)) for c in own}) for name, own in offered.items()
            }
            return command(**words, choices=found)

        parameters = [p for p in signature(command, eval_str=True).parameters.values() if p.name != "choices"]
        for choice in (choice for own in offered.values() for choice in own):
            kind = str if is_list(choice) else choice.type
            option = Annotated[kind | None, typer.Option(choice.option, help=choice.help, show_default=False)]  # type: ignore[valid-type]
            parameters.append(Parameter(choice.name, Parameter.KEYWORD_ONLY, default=None, annotation=option))
        run.__signature__ = Signature([p.replace(kind=Parameter.KEYWORD_ONLY) for p in parameters])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def job_arguments(
    config: Path | None, data: str | None, choices: dict[str, Any], **given_here: Path | None
) -> dict[str, Any]:
    """Return the arguments of `freqnet.experiments.Job`: those of a configuration file, replaced by those given here.

    Raises
    ------
    ConfigurationError
        The file cannot be used, or neither names the data.
    """
    from freqnet.experiments import read_config

    stored = {} if config is None else read_config(config)
    if data is not None:
        # The folder belongs to the data.
        stored = {**stored, "data": data, "folder": None}
    if "data" not in stored:
        todo = "name the data, such as digits, or a file with --config"
        raise ConfigurationError(got_expected("DATA", "none", "the data to train on", todo))
    groups = {group: {**stored.get(group, {}), **own} for group, own in choices.items()}
    return {**stored, **groups, **given(given_here)}


def reading(
    layout: str | None, size_to: str | None, pad_to: str | None = None, measured: str | None = None
) -> dict[str, Any]:
    """Return those arguments of `freqnet.data.load` that were given as options; a new size replaces that of a run."""
    sizes = {"size_to": size_to, "pad_to": pad_to}
    new = {name: text and read_numbers(f"--{name.replace('_', '-')}", text) for name, text in sizes.items()}
    found = given({"layout": layout, "measured": measured})
    return found | (new if any(text is not None for text in sizes.values()) else {})


def read_floats(name: str, text: str) -> tuple[float, ...]:
    """Return the numbers of an option, such as ``0.5`` or ``0.49,0.48,0.45``.

    Raises
    ------
    ConfigurationError
        The text is no list of finite numbers.
    """
    try:
        numbers = tuple(float(word) for word in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(map(isfinite, numbers)):
        expected = "a number, or one per channel with commas between them"
        raise ConfigurationError(got_expected(name, repr(text), expected, f"write {name} 0.5, say"))
    return numbers


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}
