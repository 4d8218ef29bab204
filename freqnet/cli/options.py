"""The options that commands share, and what a training run makes of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from freqnet.errors import ConfigurationError, got_expected

# Weights grow with the square of it: beyond this a slip of the pen fills the memory.
WIDEST = 4096


def opt(name: str, text: str) -> Any:
    """Return an option that says its default itself."""
    return typer.Option(f"--{name}", help=text, show_default=False)


def _target(path: Path | None) -> Path | None:
    """Find out before the work, not after it, that its result cannot be kept."""
    if path is not None:
        from freqnet.training.files import check_target

        check_target(path)
    return path


def file_option(name: str, text: str) -> Any:
    """Return an option for a file to be written."""
    return typer.Option(f"--{name}", help=text, show_default=False, callback=_target)


Data = Annotated[str, typer.Argument(help="digits, mnist-5k, mnist, FILE.npz, or a folder of images by class.")]
Folder = Annotated[Path | None, typer.Option("--folder", help="Where the IDX files of mnist are.", show_default=False)]
RunFolder = Annotated[Path, typer.Argument(help="The folder a training run wrote.")]
Json = Annotated[Path | None, file_option("json", "Also write the result to this file.")]
Modes = Annotated[int | None, opt("modes", "Modes kept along each axis, odd [17, or all]; laplace: nodes.")]
Pool = Annotated[int | None, opt("pool", "Average blocks of so many pixels an axis first [1].")]
Precision = Annotated[str | None, opt("precision", "float32 or float64 [what the domain needs].")]
Kernel = Annotated[str | None, opt("kernel", "taps (default), spectral, sinc or modes.")]
Activation = Annotated[str | None, opt("activation", "polynomial (default), gaussian, ...; grid: relu.")]
GateBand = Annotated[int | None, opt("gate-band", "Band of the polynomial's factor, 0 up [all].")]
Size = Annotated[str | None, opt("size", "small, medium or large (default).")]
Widths = Annotated[str | None, opt("widths", "Channels of the convolutions, as 16,32,64.")]
Epochs = Annotated[int | None, opt("epochs", "Passes over the training set.")]
Batch = Annotated[int | None, opt("batch", "Examples a step.")]
Rate = Annotated[float | None, opt("lr", "Peak learning rate.")]
Optimizer = Annotated[str | None, opt("optimizer", "adamw (default), adam, momentum or sgd.")]
Schedule = Annotated[str | None, opt("schedule", "cosine (default), one-cycle or constant.")]
WeightDecay = Annotated[float | None, opt("weight-decay", "On kernels and weights.")]
Smoothing = Annotated[float | None, opt("smoothing", "Label smoothing.")]
Shift = Annotated[float | None, opt("shift", "Move examples by up to this many pixels, sub-pixel.")]
Clip = Annotated[float | None, opt("clip", "Largest gradient norm, 0 for none.")]
Patience = Annotated[int | None, opt("patience", "Stop after so many epochs without a better one.")]
Test = Annotated[float | None, opt("test", "Share of examples held out for the test [0.2].")]
Validation = Annotated[float | None, opt("validation", "Share of the rest to validate on [0].")]

_MODEL = ("domain", "modes", "kernel", "activation", "gate_band", "size", "widths", "pool", "precision")
_SETTINGS = (
    "epochs",
    "batch",
    "lr",
    "optimizer",
    "schedule",
    "weight_decay",
    "smoothing",
    "shift",
    "clip",
    "patience",
    "seed",
)
_FRACTIONS = ("test", "validation")


def choices(options: dict[str, Any]) -> tuple[dict[str, float], dict[str, Any], dict[str, Any]]:
    """Return what was given of the shares of the data, of the model and of the settings."""
    known = given({**options, "widths": _numbers(options["widths"])})
    fractions, model, settings = (
        {n: known[n] for n in names if n in known} for names in (_FRACTIONS, _MODEL, _SETTINGS)
    )
    if "lr" in settings:
        settings["learning_rate"] = settings.pop("lr")
    return fractions, model, settings


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def _numbers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < 1 or max(numbers) > WIDEST:
        expected = f"numbers from 1 to {WIDEST} such as 16,32,64"
        raise ConfigurationError(got_expected("widths", repr(text), expected, "change --widths"))
    return numbers
