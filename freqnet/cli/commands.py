"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from freqnet.errors import ConfigurationError, got_expected

app = typer.Typer(
    name="freqnet",
    help="Neural networks that stay in the frequency domain, from the input to the logits.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# Weights grow with the square of it: beyond this a slip of the pen fills the memory.
WIDEST = 4096

Data = Annotated[str, typer.Argument(help="digits, mnist-5k, mnist, FILE.npz, or a folder of images by class.")]
Folder = Annotated[Path | None, typer.Option("--folder", help="Where the IDX files of mnist are.", show_default=False)]
RunFolder = Annotated[Path, typer.Argument(help="The folder a training run wrote.")]


def _opt(name: str, text: str) -> Any:
    return typer.Option(f"--{name}", help=text, show_default=False)


def _target(path: Path | None) -> Path | None:
    """Find out before the work, not after it, that its result cannot be kept."""
    if path is not None:
        from freqnet.training.files import check_target

        check_target(path)
    return path


def _file(name: str, text: str) -> Any:
    return typer.Option(f"--{name}", help=text, show_default=False, callback=_target)


Json = Annotated[Path | None, _file("json", "Also write the result to this file.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from freqnet import __version__

        print(f"freqnet {__version__}")
        raise typer.Exit


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Neural networks that stay in the frequency domain, from the input to the logits."""


@app.command()
def train(
    data: Data,
    out: Annotated[Path | None, _opt("out", "Where the run goes [runs/DATA-DOMAIN-seedS].")] = None,
    domain: Annotated[str | None, _opt("domain", "fourier (default), hartley, grid or grid-fft.")] = None,
    modes: Annotated[int | None, _opt("modes", "Modes kept along each axis, odd [17, or all].")] = None,
    kernel: Annotated[str | None, _opt("kernel", "taps (default), spectral, sinc or modes.")] = None,
    activation: Annotated[str | None, _opt("activation", "polynomial (default), gaussian, ...; grid: relu.")] = None,
    gate_band: Annotated[int | None, _opt("gate-band", "Band of the polynomial's factor, 0 up [all].")] = None,
    size: Annotated[str | None, _opt("size", "small, medium or large (default).")] = None,
    widths: Annotated[str | None, _opt("widths", "Channels of the convolutions, as 16,32,64.")] = None,
    epochs: Annotated[int | None, _opt("epochs", "Passes over the training set.")] = None,
    batch: Annotated[int | None, _opt("batch", "Examples a step.")] = None,
    lr: Annotated[float | None, _opt("lr", "Peak learning rate.")] = None,
    optimizer: Annotated[str | None, _opt("optimizer", "adamw (default), adam, momentum or sgd.")] = None,
    schedule: Annotated[str | None, _opt("schedule", "cosine (default), one-cycle or constant.")] = None,
    weight_decay: Annotated[float | None, _opt("weight-decay", "On kernels and weights.")] = None,
    smoothing: Annotated[float | None, _opt("smoothing", "Label smoothing.")] = None,
    shift: Annotated[float | None, _opt("shift", "Move examples by up to this many pixels, sub-pixel.")] = None,
    clip: Annotated[float | None, _opt("clip", "Largest gradient norm, 0 for none.")] = None,
    patience: Annotated[int | None, _opt("patience", "Stop after so many epochs without a better one.")] = None,
    seed: Annotated[int | None, _opt("seed", "Of split, weights, order and shifts [0].")] = None,
    test: Annotated[float | None, _opt("test", "Share of examples held out for the test [0.2].")] = None,
    validation: Annotated[float | None, _opt("validation", "Share of the rest to validate on [0].")] = None,
    folder: Folder = None,
    resume: Annotated[bool, typer.Option("--resume", help="Take up an interrupted run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in the folder.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Train a network and write weights, metrics, history and a report."""
    from freqnet.cli.job import Job
    from freqnet.cli.train import train as run

    model = {
        "domain": domain,
        "modes": modes,
        "kernel": kernel,
        "activation": activation,
        "gate_band": gate_band,
        "size": size,
        "widths": _numbers(widths),
    }
    settings = {
        "epochs": epochs,
        "batch": batch,
        "learning_rate": lr,
        "optimizer": optimizer,
        "schedule": schedule,
        "weight_decay": weight_decay,
        "smoothing": smoothing,
        "shift": shift,
        "clip": clip,
        "patience": patience,
        "seed": seed,
    }
    fractions = {"test": test, "validation": validation}
    job = Job(data, folder, out, _given(fractions), _given(model), _given(settings))
    run(job, resume=resume, overwrite=overwrite, quiet=quiet)


def _given(options: dict[str, Any]) -> dict[str, Any]:
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


@app.command()
def evaluate(
    run: RunFolder,
    data: Annotated[str | None, typer.Argument(help="By default the run's own held-out examples.")] = None,
    folder: Folder = None,
    json: Json = None,
) -> None:
    """Measure a trained model."""
    from freqnet.cli.inspect import evaluate_run

    evaluate_run(run, data, folder, json)


@app.command()
def predict(
    run: RunFolder,
    files: Annotated[list[Path], typer.Argument(help="Images, folders of images, .npz or .npy files.")],
    json: Json = None,
) -> None:
    """Name the class of images."""
    from freqnet.cli.inspect import predict_files

    predict_files(run, files, json)


@app.command()
def info(
    run: Annotated[Path | None, typer.Argument(help="The folder of a run; without it, the program.")] = None,
    json: Json = None,
) -> None:
    """Show what a model is made of, or what this program has."""
    from freqnet.cli.inspect import model_info, program_info

    program_info(json) if run is None else model_info(run, json)


@app.command()
def audit(
    run: RunFolder,
    data: Annotated[str | None, typer.Argument(help="By default the run's own held-out examples.")] = None,
    samples: Annotated[int, typer.Option("--samples", help="Examples to look at.")] = 500,
    folder: Folder = None,
    json: Json = None,
    page: Annotated[Path | None, _file("page", "Also write the audit as an HTML page.")] = None,
) -> None:
    """Find out what a model really does: what it can see, whether it is affine, how it meets shifts."""
    from freqnet.cli.audit import audit_run

    audit_run(run, data, folder, samples, json, page)


@app.command()
def verify(
    claim: Annotated[list[str] | None, typer.Option("--claim", help="Id of a claim; may be repeated [all].")] = None,
    source: Annotated[
        str | None, _opt("source", "Claims of pan2021, rippel2015, ko2017, keras, dsp76875, or own.")
    ] = None,
    digits: Annotated[int, typer.Option("--digits", help="Decimal digits, 15 to 2000.")] = 50,
    rigorous: Annotated[
        bool, typer.Option("--rigorous", help="Enclose both sides in balls (pip install python-flint).")
    ] = False,
    show: Annotated[str | None, _opt("show", "Check one claim and print all there is to know of it.")] = None,
    page: Annotated[Path | None, _file("page", "With --show: also write an HTML page.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Name the claims, without checking them.")] = False,
    add: Annotated[list[Path] | None, typer.Option("--add", help="Python file with claims of one's own.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the random points.")] = 0,
    processes: Annotated[int | None, _opt("processes", "How many work at a time [one a core].")] = None,
    json: Json = None,
) -> int:
    """Check the field's claims again, to as many digits as one likes."""
    from freqnet.cli.verify import Request, list_claims, show_claim, verify_claims

    request = Request(tuple(claim or ()), source, digits, seed, rigorous, processes, tuple(add or ()))
    if page is not None and show is None:
        raise ConfigurationError(got_expected("--page", "no --show", "a claim to write a page of", "add --show ID"))
    if show is not None and (claim or source or list_):
        todo = "leave out --claim, --source and --list"
        raise ConfigurationError(got_expected("--show", "choices of claims", "one claim alone", todo))
    if list_ and json is not None:
        todo = "leave --json or --list away"
        raise ConfigurationError(got_expected("--list", "a file for evidence", "names alone", todo))
    files = [path.resolve() for path in (json, page, *request.files) if path is not None]
    if len(set(files)) < len(files):
        raise ConfigurationError(got_expected("files", "one of them twice", "each another", "rename one"))
    if list_:
        return list_claims(request)
    return verify_claims(request, json) if show is None else show_claim(request, show, page, json)


@app.command()
def bench(
    quick: Annotated[bool, typer.Option("--quick", help="The rows that matter most, within two minutes.")] = False,
    only: Annotated[
        str | None, _opt("only", "Groups of products, channels, networks, profile, growth, accuracy, memory [all].")
    ] = None,
    threads: Annotated[
        int | None, _opt("threads", "For freqnet and every peer [one a core, or as the environment says].")
    ] = None,
    seeds: Annotated[int | None, _opt("seeds", "Runs of each network in the race to an accuracy [3].")] = None,
    out: Annotated[Path | None, _opt("out", "JSON file for the rows; a CSV goes beside it [bench.json].")] = None,
    figures: Annotated[Path | None, _opt("figures", "Folder for figures of the rows.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare the kernels with what was recorded.")] = False,
) -> None:
    """Time freqnet beside SciPy and PyTorch, pair by pair."""
    from freqnet.cli.bench import bench as run
    from freqnet.cli.bench import check_records

    choices = _given({"threads": threads, "seeds": seeds})
    if check and (only or out or figures):
        todo = "leave out --only, --out and --figures"
        raise ConfigurationError(got_expected("--check", "choices of rows or files", "all kernels", todo))
    if check:
        check_records(quick, choices)
    else:
        run(quick, choices, only, out or Path("bench.json"), figures)
