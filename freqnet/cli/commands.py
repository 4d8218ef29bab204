"""The commands of the command line and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from freqnet.cli.options import (
    Config,
    Data,
    Folder,
    Json,
    Layout,
    MeasuredAs,
    OptionalData,
    PadTo,
    RunFolder,
    SizeTo,
    Tta,
    file_option,
    given,
    job_arguments,
    opt,
    read_floats,
    read_numbers,
    reading,
    takes_choices,
)
from freqnet.errors import ConfigurationError, got_expected
from freqnet.spaces.registry import DEFAULT_DOMAIN
from freqnet.training.presets import COMPARED
from freqnet.training.range_test import HIGH, LOW, STEPS

# Choices of whole runs, which a learning-rate range test does not have.
NOT_OF_A_RANGE = (
    *("epochs", "learning_rate", "schedule", "restart_epochs", "restart_factor", "patience", "ema"),
    *("keep_every", "keep_best", "tensorboard"),
)

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
@takes_choices()
def train(
    choices: dict[str, Any],
    data: OptionalData = None,
    config: Config = None,
    out: Annotated[Path | None, opt("out", "Folder of the run [runs/DATA-DOMAIN-seedS].")] = None,
    folder: Folder = None,
    weights: Annotated[
        Path | None, opt("from", "Folder of a run whose network and weights this run starts from [none].")
    ] = None,
    seeds: Annotated[
        int | None, opt("seeds", "Number of runs with the seeds S, S+1, ..., each in a folder of its own [one run].")
    ] = None,
    processes: Annotated[int | None, opt("processes", "With --seeds: number of runs at a time [one per core].")] = None,
    scheduler: Annotated[
        str | None, opt("scheduler", "Address of a Dask scheduler whose workers share the work [this process alone].")
    ] = None,
    device: Annotated[
        str | None, opt("device", "Where to compute: cpu, or by PyTorch on cuda, cuda:1 or torch:cpu, say [cpu].")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the run in the folder.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print errors only.")] = False,
) -> int:
    """Train a network and write weights, metrics, history and a report.

    Started by mpirun -n 4, say, four processes share the work.
    """
    from freqnet.cli.reading import reading_shown
    from freqnet.cli.train import train as run
    from freqnet.experiments import Job
    from freqnet.launcher import launched, launched_rank

    arguments = job_arguments(config, data, choices, folder=folder, out=out, weights=weights)
    quiet = quiet or launched_rank() > 0
    how = {"resume": resume, "overwrite": overwrite, "quiet": quiet}
    if seeds is not None and (launched() > 1 or scheduler is not None):
        todo = "train one seed after the other, each with --seed"
        raise ConfigurationError(got_expected("--seeds", "several processes for each run", "one process", todo))
    if processes is not None and seeds is None:
        todo = "leave --processes out, or add --seeds 5"
        raise ConfigurationError(got_expected("--processes", "a single run", "several seeds", todo))
    with reading_shown(not quiet):
        if seeds is None:
            run(Job(**arguments), **how, scheduler=scheduler, device=device)
            return 0
        from freqnet.cli.seeds import train_seeds

        return train_seeds(Job(**arguments), seeds, processes=processes, **how, device=device)


@app.command()
@takes_choices("domain", "seed")
def compare(
    data: Data,
    choices: dict[str, Any],
    domains: Annotated[str, opt("domains", f"Domains to compare [{COMPARED}].")] = COMPARED,
    seeds: Annotated[int, opt("seeds", "Number of runs in each domain, with the seeds 0, 1, ... [3].")] = 3,
    out: Annotated[Path | None, opt("out", "Folder of the comparison [runs/DATA-compare].")] = None,
    folder: Folder = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted comparison.")] = False,
    processes: Annotated[int | None, opt("processes", "Number of runs at a time [one per core].")] = None,
    nodes: Annotated[
        str | None, opt("nodes", "Repeat node domains (laplace, damped) with these numbers of nodes, such as 6,8,10.")
    ] = None,
    json: Json = None,
) -> int:
    """Train the same networks in several domains, and compare their scores and costs."""
    from freqnet.cli.compare import compare_domains
    from freqnet.experiments import Comparison
    from freqnet.experiments.comparison import read_domains

    if seeds < 1:
        raise ConfigurationError(got_expected("seeds", seeds, "at least 1", "the default is --seeds 3"))
    counts = () if nodes is None else read_numbers("--nodes", nodes)
    out = out or Path("runs") / f"{Path(data).stem}-compare"
    comparison = Comparison(data, read_domains(domains), range(seeds), out, folder, **choices, nodes=counts)
    return compare_domains(comparison, resume=resume, processes=processes, json_file=json)


@app.command()
@takes_choices("keep_every", "keep_best", "tensorboard")
def search(
    choices: dict[str, Any],
    data: OptionalData = None,
    config: Config = None,
    space: Annotated[
        list[str] | None,
        typer.Option(
            "--space",
            help="A choice that varies, such as lr=1e-3:1e-1:log or 'widths=8,16|16,32', or a TOML file of them; may "
            "be repeated.",
            show_default=False,
        ),
    ] = None,
    trials: Annotated[int, opt("trials", "Number of trials, the first with the default choices [20].")] = 20,
    objective: Annotated[str, opt("objective", "Figure of the fold to improve: loss or score [loss].")] = "loss",
    pruner: Annotated[
        str, opt("pruner", "How bad trials are stopped early: median, hyperband or none [median].")
    ] = "median",
    out: Annotated[Path | None, opt("out", "Folder of the search [runs/DATA-search].")] = None,
    folder: Folder = None,
    weights: Annotated[
        Path | None, opt("from", "Folder of a run whose network and weights each trial starts from [none].")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a search, also beside other processes that work on it.")
    ] = False,
    processes: Annotated[int, opt("processes", "Number of trials at a time [1].")] = 1,
    json: Json = None,
) -> int:
    """Search for better choices of a training run, on a validation fold of its training part."""
    from freqnet.cli.search import search_choices
    from freqnet.experiments import Job, Search

    job = Job(**job_arguments(config, data, choices, folder=folder, out=out, weights=weights))
    asked = Search(job, space or (), trials, objective, pruner)
    return search_choices(asked, resume=resume, processes=processes, json_file=json)


@app.command(name="lr-range")
@takes_choices(*NOT_OF_A_RANGE)
def lr_range(
    choices: dict[str, Any],
    data: OptionalData = None,
    config: Config = None,
    low: Annotated[float, opt("low", f"First learning rate [{LOW:g}].")] = LOW,
    high: Annotated[float, opt("high", f"Last learning rate [{HIGH:g}].")] = HIGH,
    steps: Annotated[int, opt("steps", f"Steps from the first rate to the last [{STEPS}].")] = STEPS,
    out: Annotated[Path | None, opt("out", "Folder for lr-range.csv and lr-range.png [runs/DATA-lr-range].")] = None,
    folder: Folder = None,
    weights: Annotated[
        Path | None, opt("from", "Folder of a run whose network and weights the test starts from [none].")
    ] = None,
) -> None:
    """Find a good learning rate: train for a few steps while the rate grows, and plot the loss."""
    from freqnet.cli.lr_range import show_range
    from freqnet.experiments import Job

    job = Job(**job_arguments(config, data, choices, folder=folder, weights=weights))
    show_range(job, out, low, high, steps)


@app.command()
@takes_choices("keep_every", "keep_best", "tensorboard", "shards")
def plan(
    choices: dict[str, Any],
    data: OptionalData = None,
    config: Config = None,
    processes: Annotated[str, opt("processes", "Numbers of processes, such as 1,2,64 [1 and one per core].")] = "",
    machines: Annotated[
        int | None, opt("machines", "Machines that share the processes [as many as have a core for each].")
    ] = None,
    images: Annotated[float | None, opt("images", "Samples of the data, such as 1e9 [those of DATA].")] = None,
    bandwidth: Annotated[float | None, opt("bandwidth", "Bytes per second between machines [1.25e9].")] = None,
    latency: Annotated[float | None, opt("latency", "Seconds per message between machines [5e-5].")] = None,
    rates: Annotated[Path | None, opt("rates", "File of rates that were measured before, in place of DATA.")] = None,
    save_rates: Annotated[Path | None, file_option("save-rates", "Write the rates to this file.")] = None,
    json: Json = None,
    folder: Folder = None,
) -> None:
    """Say what a training would take with more data and processes: time, memory and traffic."""
    from freqnet.cli.plan import show_plan
    from freqnet.experiments import Job
    from freqnet.experiments.forecast import Cluster
    from freqnet.kernels.threads import core_count

    if rates is not None and (data is not None or config is not None):
        todo = "leave one out: the file says of which data it is"
        raise ConfigurationError(got_expected("rates", f"{rates} and other data", "one of them", todo))
    odd = [name for own in choices.values() for name in own]
    if rates is not None and odd:
        todo = "leave it out: the file says of which training it is"
        raise ConfigurationError(got_expected("rates", f"{rates} and {odd[0]}", "the file alone", todo))
    counts = read_numbers("--processes", processes) if processes else tuple(sorted({1, core_count()}))
    links = given({"bandwidth": bandwidth, "latency": latency})
    clusters = [Cluster(count, machines, **links) for count in dict.fromkeys(counts)]
    job = None if rates is not None else Job(**job_arguments(config, data, choices, folder=folder))
    show_plan(job, rates, clusters, images, save_rates, json)


@app.command()
def convert(
    model: Annotated[Path, typer.Argument(help="ONNX file of a trained network on samples.")],
    data: Annotated[str, opt("data", "Data like those of its training, to fit the activations to.")],
    out: Annotated[Path, opt("out", "Folder for the converted model and the errors of its layers.")],
    folder: Folder = None,
    layout: Layout = None,
    size_to: SizeTo = None,
    pad_to: PadTo = None,
    domain: Annotated[str, opt("domain", "Domain of the converted network [fourier].")] = DEFAULT_DOMAIN,
    degree: Annotated[int, opt("degree", "Degree of the polynomials in place of activations, 1 to 9 [4].")] = 4,
    method: Annotated[
        str,
        opt("method", "How they are fitted: data, least-squares, chebyshev, minimax, taylor or gaussian [data]."),
    ] = "data",
    max_pool: Annotated[str, opt("max-pool", "What replaces a maximum: power or average [power].")] = "power",
    modes: Annotated[int | None, opt("modes", "Largest number of modes along each axis, odd [all].")] = None,
    mean: Annotated[str | None, opt("mean", "Mean that the original's samples were freed of, such as 0.1307.")] = None,
    deviation: Annotated[
        str | None, opt("deviation", "Deviation that they were divided by, such as 0.3081; both may be lists.")
    ] = None,
) -> None:
    """Convert a trained spatial network to the frequency domain, and show the error of each layer."""
    from freqnet.cli.convert import convert_model

    if (mean is None) != (deviation is None):
        todo = "add the other, or leave both out"
        raise ConfigurationError(got_expected("--mean", "only one of --mean and --deviation", "both", todo))
    numbers = [read_floats(name, text) for name, text in (("--mean", mean), ("--deviation", deviation)) if text]
    choices = {"domain": domain, "degree": degree, "method": method, "max_pool": max_pool, "modes": modes}
    choices |= {"standardise": tuple(numbers) or None}
    convert_model(model, data, out, folder=folder, reading=reading(layout, size_to, pad_to), **choices)


@app.command()
def evaluate(
    run: RunFolder,
    data: Annotated[
        str | None, typer.Argument(help="Data to measure on; by default the examples that the run held out.")
    ] = None,
    folder: Folder = None,
    layout: Layout = None,
    size_to: SizeTo = None,
    pad_to: PadTo = None,
    measured: MeasuredAs = None,
    tta: Tta = None,
    json: Json = None,
) -> None:
    """Measure the score and the loss of a trained model."""
    from freqnet.cli.inspect import evaluate_run

    evaluate_run(run, data, folder, reading(layout, size_to, pad_to, measured), json, tta)


@app.command()
def predict(
    run: RunFolder,
    files: Annotated[
        list[Path],
        typer.Argument(help="Images, arrays, sounds or volumes, or folders of them."),
    ],
    layout: Layout = None,
    size_to: SizeTo = None,
    pad_to: PadTo = None,
    measured: MeasuredAs = None,
    tta: Tta = None,
    json: Json = None,
    arrays: Annotated[Path | None, file_option("arrays", "Write predicted signals to this .npz file.")] = None,
    grid: Annotated[
        str | None, opt("grid", "Size on which predicted signals are sampled, such as 64x64 [that of the training].")
    ] = None,
) -> None:
    """Predict the classes, labels, numbers or signals of samples."""
    from freqnet.cli.inspect import predict_files

    sizes = None if grid is None else read_numbers("--grid", grid)
    predict_files(run, files, reading(layout, size_to, pad_to, measured), json, arrays, sizes, tta)


@app.command()
def info(
    run: Annotated[
        Path | None, typer.Argument(help="Folder of a run; without it, the command shows the installed program.")
    ] = None,
    json: Json = None,
) -> None:
    """Show the layers of a model, or the versions, domains and layers of this program."""
    from freqnet.cli.inspect import model_info, program_info

    program_info(json) if run is None else model_info(run, json)


@app.command()
def export(
    run: RunFolder,
    file: Annotated[Path, typer.Argument(metavar="FILE.onnx", help="File to write.")],
    part: Annotated[
        str, opt("part", "What to write: network; or door, from samples to spectra; or body [network].")
    ] = "network",
    storage: Annotated[str, opt("storage", "How weights are stored: float32 or float16 [float32].")] = "float32",
    json: Json = None,
) -> None:
    """Write a trained model as an ONNX file, which other programs and languages run."""
    from freqnet.cli.export import export_run

    export_run(run, file, part, storage, json)


@app.command()
def audit(
    run: RunFolder,
    data: Annotated[
        str | None, typer.Argument(help="Data to measure on; by default the examples that the run held out.")
    ] = None,
    samples: Annotated[int, typer.Option("--samples", help="Number of examples to measure on.")] = 500,
    folder: Folder = None,
    layout: Layout = None,
    size_to: SizeTo = None,
    pad_to: PadTo = None,
    measured: MeasuredAs = None,
    json: Json = None,
    page: Annotated[Path | None, file_option("page", "Also write the audit as an HTML page.")] = None,
) -> None:
    """Measure which modes a model can see, whether it is affine, and how its output changes under shifts."""
    from freqnet.cli.audit import audit_run

    audit_run(run, data, folder, reading(layout, size_to, pad_to, measured), samples, json, page)


@app.command()
def verify(
    claim: Annotated[
        list[str] | None, typer.Option("--claim", help="Id of a claim to check; may be repeated [all].")
    ] = None,
    source: Annotated[
        str | None, opt("source", "Source of the claims: zhu2021, rippel2015, ko2017, keras, dsp76875, ..., or own.")
    ] = None,
    search: Annotated[
        str | None, opt("search", "Words that the title or the statement of a claim must contain, all of them.")
    ] = None,
    digits: Annotated[int, typer.Option("--digits", help="Decimal digits, 15 to 2000.")] = 50,
    rigorous: Annotated[
        bool, typer.Option("--rigorous", help="Require balls (python-flint), and print their radii.")
    ] = False,
    show: Annotated[str | None, opt("show", "Check one claim and print all its details.")] = None,
    page: Annotated[Path | None, file_option("page", "With --show: also write the claim as an HTML page.")] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the claims, without checking them.")] = False,
    add: Annotated[
        list[Path] | None, typer.Option("--add", help="Python file with your own claims; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the random points.")] = 0,
    processes: Annotated[int | None, opt("processes", "Number of processes [one per core].")] = None,
    json: Json = None,
) -> int:
    """Check the claims of the field's papers numerically."""
    from freqnet.cli.verify import Request, list_claims, show_claim, verify_claims

    request = Request(tuple(claim or ()), source, digits, seed, rigorous or None, processes, tuple(add or ()), search)
    if page is not None and show is None:
        raise ConfigurationError(got_expected("--page", "no claim", "one claim to write a page about", "add --show ID"))
    if show is not None and (claim or source or search is not None or list_):
        todo = "leave out --claim, --source, --search and --list"
        raise ConfigurationError(got_expected("--show", "other options that choose claims", "only one claim", todo))
    if list_ and json is not None:
        todo = "leave --json or --list out"
        raise ConfigurationError(got_expected("--list", "a file for evidence", "no file, as nothing is checked", todo))
    files = [path.resolve() for path in (json, page, *request.files) if path is not None]
    if len(set(files)) < len(files):
        raise ConfigurationError(
            got_expected("files", "two options that name the same file", "different files", "rename one")
        )
    if list_:
        return list_claims(request)
    return verify_claims(request, json) if show is None else show_claim(request, show, page, json)


@app.command()
def bench(
    quick: Annotated[
        bool, typer.Option("--quick", help="Measure only the most important rows, within two minutes.")
    ] = False,
    only: Annotated[
        str | None,
        opt(
            "only", "Groups to measure: products, channels, networks, colour, profile, growth, accuracy, memory [all]."
        ),
    ] = None,
    threads: Annotated[
        int | None,
        opt("threads", "Number of threads of freqnet and every peer [one per core, or as the environment says]."),
    ] = None,
    seeds: Annotated[int | None, opt("seeds", "Number of runs of each network in the group accuracy [3].")] = None,
    out: Annotated[
        Path | None, opt("out", "Folder for bench.json, bench.csv and figures [bench, unless --json is given].")
    ] = None,
    json: Json = None,
    check: Annotated[
        bool, typer.Option("--check", help="Compare kernels with their records, and networks with the wanted ratios.")
    ] = False,
) -> None:
    """Measure the speed of freqnet, SciPy, PyTorch and ONNX Runtime, pair by pair."""
    from freqnet.cli.bench import bench as run
    from freqnet.cli.bench import check_speed

    choices = given({"threads": threads, "seeds": seeds})
    if check and (only or out):
        got, todo = "options that choose rows or a folder", "leave --only and --out out"
        raise ConfigurationError(got_expected("--check", got, "none of these", todo))
    if check:
        check_speed(quick, choices, json)
    else:
        run(quick, choices, only, out or (None if json else Path("bench")), json)
