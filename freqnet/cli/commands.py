"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from freqnet.cli.options import (
    Activation,
    Batch,
    Clip,
    Data,
    Epochs,
    Folder,
    GateBand,
    Json,
    Kernel,
    Modes,
    Optimizer,
    Patience,
    Pool,
    Precision,
    Rate,
    RunFolder,
    Schedule,
    Shift,
    Size,
    Smoothing,
    Test,
    Validation,
    WeightDecay,
    Widths,
    choices,
    file_option,
    given,
    opt,
)
from freqnet.errors import ConfigurationError, got_expected

app = typer.Typer(
    name="freqnet",
    help="Neural networks that stay in the frequency domain, from the input to the logits.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
    out: Annotated[Path | None, opt("out", "Where the run goes [runs/DATA-DOMAIN-seedS].")] = None,
    domain: Annotated[str | None, opt("domain", "fourier (default), hartley, laplace, grid, ...")] = None,
    modes: Modes = None,
    kernel: Kernel = None,
    activation: Activation = None,
    gate_band: GateBand = None,
    size: Size = None,
    widths: Widths = None,
    pool: Pool = None,
    precision: Precision = None,
    epochs: Epochs = None,
    batch: Batch = None,
    lr: Rate = None,
    optimizer: Optimizer = None,
    schedule: Schedule = None,
    weight_decay: WeightDecay = None,
    smoothing: Smoothing = None,
    shift: Shift = None,
    clip: Clip = None,
    patience: Patience = None,
    seed: Annotated[int | None, opt("seed", "Of split, weights, order and shifts [0].")] = None,
    test: Test = None,
    validation: Validation = None,
    folder: Folder = None,
    resume: Annotated[bool, typer.Option("--resume", help="Take up an interrupted run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in the folder.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> None:
    """Train a network and write weights, metrics, history and a report."""
    fractions, model, settings = choices(locals())
    from freqnet.cli.train import train as run
    from freqnet.experiments import Job

    run(Job(data, folder, out, fractions, model, settings), resume=resume, overwrite=overwrite, quiet=quiet)


@app.command()
def compare(
    data: Data,
    domains: Annotated[str, opt("domains", "To compare [fourier,hartley,grid].")] = "fourier,hartley,grid",
    seeds: Annotated[int, opt("seeds", "Runs of each domain, from the seeds 0, 1, ... [3].")] = 3,
    out: Annotated[Path | None, opt("out", "Where the runs go [runs/DATA-compare].")] = None,
    modes: Modes = None,
    kernel: Kernel = None,
    activation: Activation = None,
    gate_band: GateBand = None,
    size: Size = None,
    widths: Widths = None,
    pool: Pool = None,
    precision: Precision = None,
    epochs: Epochs = None,
    batch: Batch = None,
    lr: Rate = None,
    optimizer: Optimizer = None,
    schedule: Schedule = None,
    weight_decay: WeightDecay = None,
    smoothing: Smoothing = None,
    shift: Shift = None,
    clip: Clip = None,
    patience: Patience = None,
    test: Test = None,
    validation: Validation = None,
    folder: Folder = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a comparison that was stopped.")] = False,
    processes: Annotated[int | None, opt("processes", "How many runs at a time [one a core].")] = None,
    nodes: Annotated[str | None, opt("nodes", "Also Laplace domains with so many nodes, as 6,8,10.")] = None,
    json: Json = None,
) -> int:
    """Train the same networks in several domains, and compare what they reach and cost."""
    fractions, model, settings = choices(locals())
    from freqnet.cli.compare import compare_domains, make_comparison

    comparison = make_comparison(data, domains, seeds, out, folder, fractions, model, settings, nodes=nodes)
    return compare_domains(comparison, resume=resume, processes=processes, json_file=json)


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
    page: Annotated[Path | None, file_option("page", "Also write the audit as an HTML page.")] = None,
) -> None:
    """Find out what a model really does: what it can see, whether it is affine, how it meets shifts."""
    from freqnet.cli.audit import audit_run

    audit_run(run, data, folder, samples, json, page)


@app.command()
def verify(
    claim: Annotated[list[str] | None, typer.Option("--claim", help="Id of a claim; may be repeated [all].")] = None,
    source: Annotated[
        str | None, opt("source", "Claims of pan2021, rippel2015, ko2017, keras, dsp76875, or own.")
    ] = None,
    digits: Annotated[int, typer.Option("--digits", help="Decimal digits, 15 to 2000.")] = 50,
    rigorous: Annotated[
        bool, typer.Option("--rigorous", help="Enclose both sides in balls (pip install python-flint).")
    ] = False,
    show: Annotated[str | None, opt("show", "Check one claim and print all there is to know of it.")] = None,
    page: Annotated[Path | None, file_option("page", "With --show: also write an HTML page.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="Name the claims, without checking them.")] = False,
    add: Annotated[list[Path] | None, typer.Option("--add", help="Python file with claims of one's own.")] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the random points.")] = 0,
    processes: Annotated[int | None, opt("processes", "How many work at a time [one a core].")] = None,
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
        str | None, opt("only", "Groups of products, channels, networks, profile, growth, accuracy, memory [all].")
    ] = None,
    threads: Annotated[
        int | None, opt("threads", "For freqnet and every peer [one a core, or as the environment says].")
    ] = None,
    seeds: Annotated[int | None, opt("seeds", "Runs of each network in the race to an accuracy [3].")] = None,
    out: Annotated[Path | None, opt("out", "JSON file for the rows; a CSV goes beside it [bench.json].")] = None,
    figures: Annotated[Path | None, opt("figures", "Folder for figures of the rows.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare the kernels with what was recorded.")] = False,
) -> None:
    """Time freqnet beside SciPy and PyTorch, pair by pair."""
    from freqnet.cli.bench import bench as run
    from freqnet.cli.bench import check_records

    choices = given({"threads": threads, "seeds": seeds})
    if check and (only or out or figures):
        todo = "leave out --only, --out and --figures"
        raise ConfigurationError(got_expected("--check", "choices of rows or files", "all kernels", todo))
    if check:
        check_records(quick, choices)
    else:
        run(quick, choices, only, out or Path("bench.json"), figures)
