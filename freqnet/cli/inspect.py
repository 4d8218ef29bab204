"""The commands ``freqnet evaluate``, ``predict`` and ``info``: measure, use and describe a trained model."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.cli.console import print_rich, print_table, say
from freqnet.data import Dataset, load, split
from freqnet.data.blocks import Block, grouped, join
from freqnet.data.loaders import load_blocks
from freqnet.errors import CheckpointError, DataError, DataWarning, ShapeError, echo, got_expected, printable
from freqnet.experiments import matching, resume_command, stored_reading
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import Network
from freqnet.spaces.base import extent
from freqnet.training import analyse, evaluate, load_checkpoint
from freqnet.training.files import CHECKPOINT, MODEL, write_json
from freqnet.training.locks import is_locked


def load_model(folder: Path) -> tuple[Network, dict[str, Any]]:
    """Return the network of a run, or of a file, and the information stored with it.

    Raises
    ------
    CheckpointError
        There is no model, the run is unfinished, or the file is damaged.
    """
    path = folder if folder.is_file() else folder / MODEL
    if not path.is_file() and folder.is_dir() and is_locked(folder):
        todo = "wait until the training ends"
        raise CheckpointError(got_expected(f"run {folder}", "one that is being trained", "a trained model", todo))
    if not path.is_file() and (folder / CHECKPOINT).is_file():
        info = load_checkpoint(folder / CHECKPOINT).run_info()
        source = info.get("folder")
        command = resume_command(info.get("data", "DATA"), source and Path(source), folder)
        raise CheckpointError(got_expected(f"run {folder}", "an unfinished one", "a trained model", f"run {command}"))
    checkpoint = load_checkpoint(path)
    info = checkpoint.run_info()
    network = checkpoint.restore()
    # A model that was saved from Python may lack the names of its classes.
    classes = info.get("classes", [str(number) for number in range(network.outputs)])
    if len(classes) < network.outputs:
        got, todo = f"{len(classes)} names of classes", "train again"
        raise CheckpointError(got_expected(f"checkpoint {path}", got, f"{network.outputs}, one per output", todo))
    return network, {**info, "classes": [str(name) for name in classes]}


def evaluate_run(
    folder: Path, data: str | None, data_folder: Path | None, reading: dict[str, Any], json_file: Path | None
) -> dict[str, Any]:
    """Measure a trained model on the examples that its run held out, or on all of another dataset."""
    network, info = load_model(folder)
    dataset, own = examples_of(network, info, data, data_folder, reading)
    dataset = dataset.with_classes(info["classes"])
    _check_fits(network, dataset)
    with one_blas_thread():
        result = evaluate(network, analyse(network, dataset))
    metrics = {
        "dataset": dataset.name,
        "samples": len(dataset),
        "held_out": own,
        "accuracy": result.accuracy,
        "loss": result.loss,
        "domain": network.door.domain,
        "transforms_inside_network": network.transforms_inside,
    }
    if json_file is not None:
        write_json(json_file, metrics)
    what = "held-out test examples" if own else "all examples"
    rows = [("accuracy", f"{result.accuracy:.2%}"), ("loss", f"{result.loss:.4f}"), ("examples", len(dataset))]
    print_table(f"{dataset.name}, {what}", rows)
    return metrics


def examples_of(
    network: Network, info: dict[str, Any], data: str | None, data_folder: Path | None, reading: dict[str, Any]
) -> tuple[Dataset, bool]:
    """Return the examples to measure on, and whether they are those that the run held out.

    They are read like those of the run, unless ``reading`` has other arguments of `freqnet.data.load`.
    """
    if data is None and "data" not in info:
        raise DataError(
            got_expected(
                "evaluate", "a model without stored data", "data to measure on", "name the data, such as digits"
            )
        )
    stored = info.get("folder") if data in (None, info.get("data")) else None
    arguments = {**stored_reading(info, asdict(network.door)), **reading}
    dataset = load(data or info["data"], folder=data_folder or stored, **arguments)
    own = matching(dataset, info["fingerprint"], network.door.full_scale) if "fingerprint" in info else None
    if own is not None:
        return split(own, **info["fractions"], seed=info["settings"]["seed"]).test, True
    if data is None:
        got = f"{dataset.name}, {len(dataset)} examples that have changed"
        todo = f"name {info['data']} to measure on all its examples"
        raise DataError(got_expected("data of the run", got, "the data it was trained on", todo))
    _check_rate(info, dataset.rate, dataset.name)
    return dataset, False


def _check_rate(info: dict[str, Any], rate: str, name: str) -> None:
    """Refuse sounds of another sampling rate than those of the training: they would be read as other sounds."""
    own = info.get("rate")
    if own and rate and rate != own:
        raise DataError(
            got_expected(f"sampling rate of {name}", rate, f"the model's {own}", "resample the sounds first")
        )


def _check_fits(network: Network, dataset: Dataset) -> None:
    if dataset.channels != network.door.channels or len(dataset.grid) != len(network.door.grid):
        got = f"{len(dataset.grid)} axes and {dataset.channels} channels"
        expected = f"{len(network.door.grid)} and {network.door.channels}"
        todo = "name data like those that the model was trained on"
        raise DataError(got_expected(f"dataset {dataset.name}", got, expected, todo))


def predict_files(
    folder: Path, files: list[Path], reading: dict[str, Any], json_file: Path | None
) -> list[dict[str, Any]]:
    """Predict the class of every sample in the files, which may differ in size."""
    network, info = load_model(folder)
    channels = network.door.channels if network.door.channels in (1, 3) else None
    arguments = {**stored_reading(info, asdict(network.door)), **reading}
    blocks = load_blocks(files, channels=channels, layout=arguments["layout"])
    for block in blocks:
        _check_rate(info, block.rate, str(block.path))
    names = [name for block in blocks for name in block.names]
    with one_blas_thread():
        shares = _shares_of(network, blocks, arguments["size_to"])
    rows = [
        {"file": name, "class": info["classes"][int(p.argmax())], "probability": float(p.max())}
        for name, p in zip(names, shares, strict=True)
    ]
    if json_file is not None:
        write_json(json_file, rows)
    print_table(
        f"{len(rows)} prediction{'s' if len(rows) != 1 else ''}",
        [(row["file"], row["class"], f"{row['probability']:.1%}") for row in rows],
        ("file", "class", "probability"),
    )
    return rows


def _shares_of(network: Network, blocks: list[Block], size_to: Sequence[int] | None) -> np.ndarray:
    """Return the probabilities of the classes for all samples, in order, computed for all samples of a size at once."""
    ends = np.cumsum([len(block.values) for block in blocks])
    shares = np.empty((int(ends[-1]), network.outputs))
    for places in grouped(blocks):
        group = [blocks[place] for place in places]
        size = size_to or _readable_size(network, group[0])
        if size is None:
            _tell_resolution(network, group[0])
        samples = join(group, size, keep_whole=True)
        rows = [np.arange(ends[place] - len(blocks[place].values), ends[place]) for place in places]
        shares[np.concatenate(rows)] = _probabilities(network, samples)
    return shares


def _tell_resolution(network: Network, block: Block) -> None:
    """Tell that samples of another size are read as the same signal, more finely or coarsely sampled."""
    grid, own = block.values.shape[1:-1], network.door.grid
    if len(grid) == len(own) and grid != own:
        sizes = f"{extent(grid)} points are read as the same signals as those of {extent(own)} points in training"
        say(f"note: samples of {sizes}; a part of a signal is another signal")


def _readable_size(network: Network, block: Block) -> Sequence[int] | None:
    """Return the size to which samples must be resampled, and tell it, where the domain reads a single size."""
    grid, own = block.values.shape[1:-1], network.door.grid
    if len(grid) != len(own):
        return None
    try:
        network.door.space.check_resolution(grid, own)
    except ShapeError:
        todo = f"the {network.door.domain} domain reads no other size; they are resampled by their modes"
        warnings.warn(got_expected(str(block.path), f"samples of {grid}", own, todo), DataWarning, 2)
        return own
    return None


def _probabilities(network: Network, samples: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        logits = network.predict(samples).astype(np.float64)
    if not np.isfinite(logits).all():
        largest = f"values up to {np.abs(samples).max():.3g}"
        raise DataError(got_expected("samples", largest, "values like those of the training data", "scale the samples"))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def model_info(folder: Path, json_file: Path | None) -> None:
    """Show the layers of a model and their costs, beside the same layers on samples."""
    from freqnet.audit import summarize
    from freqnet.report import layer_table

    network, info = load_model(folder)
    rows, metrics = summarize(network), info.get("metrics", {})
    if json_file is not None:
        write_json(json_file, {"layers": [asdict(row) for row in rows], "metrics": metrics})
    print_rich(layer_table(rows))
    if metrics.keys() >= {"dataset", "domain", "seed", "test_accuracy", "train_seconds", "command"}:
        where = f"{echo(metrics['dataset'])}, {echo(metrics['domain'])} domain, seed {metrics['seed']}"
        found = f"test accuracy {metrics['test_accuracy']:.2%}, {metrics['train_seconds']:.1f} s of training"
        say(f"{where}: {found}")
        # A command is repeated as a whole, but without characters that a terminal would obey.
        say(f"repeat: {printable(metrics['command'])}")


def _kernel_text(kernel: str) -> str:
    import os

    from freqnet.kernels.threads import thread_count

    if kernel == "numpy":
        todo = "install a C compiler, then reinstall freqnet" if sys.platform != "win32" else "use Linux or macOS"
        if os.environ.get("FREQNET_KERNEL"):
            todo = "unset FREQNET_KERNEL"
        return f"NumPy, correct but slow; for the C kernel {todo}"
    from freqnet.kernels.native import INSTRUCTIONS

    count = thread_count()
    return f"C ({INSTRUCTIONS}), {count} thread{'s' if count > 1 else ''}"


def program_info(json_file: Path | None) -> None:
    """Show the versions of the program, and the domains, layers, activations, datasets and files that it knows."""
    import platform

    from freqnet import __version__
    from freqnet.data import READERS, dataset_names
    from freqnet.data.image_files import IMAGE_SUFFIXES
    from freqnet.kernels import KERNEL
    from freqnet.nn import LAYERS
    from freqnet.spaces import DOMAINS
    from freqnet.training import ACTIVATIONS

    facts = {
        "freqnet": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "product kernel": _kernel_text(KERNEL),
        "domains": list(DOMAINS),
        "layers": sorted(LAYERS),
        "activations": list(ACTIVATIONS),
        "datasets": list(dataset_names()),
        "files": [*IMAGE_SUFFIXES, *READERS],
    }
    if json_file is not None:
        write_json(json_file, facts)
    for name, value in facts.items():
        say(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
