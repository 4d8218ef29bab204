"""The commands ``freqnet evaluate``, ``predict`` and ``info``: measure, use and describe a trained model."""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.cli.console import print_rich, print_table, say
from freqnet.cli.train import metric_rows, output_rows
from freqnet.data import Dataset, Measured, images_checksum, load, read_measured, split
from freqnet.data.blocks import Block, grouped, join
from freqnet.data.lengths import NewSize
from freqnet.data.loaders import load_blocks
from freqnet.data.measured_files import spectra_blocks
from freqnet.data.on_disk import can_stay_on_disk
from freqnet.data.registry import is_named
from freqnet.errors import (
    CheckpointError,
    ConfigurationError,
    DataError,
    DataWarning,
    ShapeError,
    echo,
    got_expected,
    printable,
    warn,
)
from freqnet.experiments import matching, resume_command, stored_reading
from freqnet.experiments.job import stored_test_data
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import MeasuredDoor, Network
from freqnet.spaces.base import extent
from freqnet.tasks import Task, get_task
from freqnet.training import analyse, evaluate, load_checkpoint
from freqnet.training.averaging import Copies
from freqnet.training.files import CHECKPOINT, MODEL, write_atomically, write_json
from freqnet.training.locks import is_locked


def load_model(folder: Path) -> tuple[Network, dict[str, Any]]:
    """Return the network of a run, or of a file, and the information stored with it.

    Raises
    ------
    CheckpointError
        There is no model, the run is unfinished, the folder is one of several runs, or the file is damaged.
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
    runs = [] if path.is_file() or not folder.is_dir() else sorted(own.parent for own in folder.glob(f"*/{MODEL}"))
    if runs:
        todo = f"name one of them, such as {runs[0]}"
        raise CheckpointError(got_expected(f"run {folder}", f"a folder of {len(runs)} runs", "one run", todo))
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
    folder: Path,
    data: str | None,
    data_folder: Path | None,
    reading: dict[str, Any],
    json_file: Path | None,
    tta: str | None = None,
) -> dict[str, Any]:
    """Measure a trained model on the examples that its run held out, or on all of another dataset."""
    network, info = load_model(folder)
    # Before the data are read.
    Copies(network, get_task(info.get("task")), tta)
    dataset, own = examples_of(network, info, data, data_folder, reading)
    dataset = dataset.with_classes(info["classes"])
    _check_fits(network, dataset)
    with one_blas_thread():
        result = evaluate(network, analyse(network, dataset), tta=tta or ())
    by_output = result.task.by_output(result.outputs, dataset.targets, dataset.classes)
    metrics = {
        "dataset": dataset.name,
        "samples": len(dataset),
        "held_out": own,
        "task": result.task.name,
        **result.metrics,
        **({"outputs": by_output} if by_output else {}),
        "loss": result.loss,
        "domain": network.door.domain,
        **({"tta": tta} if tta else {}),
        "transforms_inside_network": network.transforms_inside,
    }
    if json_file is not None:
        write_json(json_file, metrics)
    what = "held-out test examples" if own else "all examples"
    rows = [*metric_rows(result.task, result.metrics), *output_rows(by_output)]
    rows += [("loss", f"{result.loss:.4f}"), ("examples", str(len(dataset)))]
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
                "data", "a model that does not say its data", "data to measure on", "name the data, such as digits"
            )
        )
    stored = info.get("folder") if data in (None, info.get("data")) else None
    arguments = {**stored_reading(info, asdict(network.door)), **reading}
    # Other data may be of a kind that is read as a whole.
    arguments["on_disk"] &= data is None or can_stay_on_disk(Path(data).expanduser())
    test_data = stored_test_data(info) if _is_own(data, info) else None
    dataset = load(data or info["data"], folder=data_folder or stored, test_data=test_data, **arguments)
    own = matching(dataset, info["fingerprint"], network.door.full_scale) if "fingerprint" in info else None
    if own is not None:
        return split(own, **info["fractions"], seed=info["settings"]["seed"]).test, True
    if data is None:
        got = f"{dataset.name}, {len(dataset)} examples that have changed"
        todo = f"name {info['data']} to measure on all its examples"
        raise DataError(got_expected("data of the run", got, "the data it was trained on", todo))
    _check_rate(info, dataset.rate, dataset.name)
    if stored_test_data(info) and info.get("images") == images_checksum(dataset):
        got, todo = "the examples that the model was trained on", "leave the data out for those of the test"
        warn(got_expected(f"dataset {dataset.name}", got, "other examples", todo), DataWarning)
    return dataset, False


def _is_own(data: str | None, info: dict[str, Any]) -> bool:
    """Return whether data that were named are those of the run, by their path."""
    own = info.get("data")
    return data in (None, own) or (not is_named(data) and str(Path(str(data)).expanduser().resolve()) == own)


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
    folder: Path,
    files: list[Path],
    reading: dict[str, Any],
    json_file: Path | None,
    arrays: Path | None = None,
    grid: tuple[int, ...] | None = None,
    tta: str | None = None,
) -> list[dict[str, Any]]:
    """Predict the target of every sample in the files, which may differ in size.

    Signals are written to an ``.npz`` file, as the array ``y`` beside the ``names`` of the samples.
    """
    network, info = load_model(folder)
    task = get_task(info.get("task"))
    _check_outputs_of(task, arrays, grid)
    copies = Copies(network, task, tta)
    channels = network.door.channels if network.door.channels in (1, 3) else None
    arguments = {**stored_reading(info, asdict(network.door)), **reading}
    measured = _convention(network, arguments)
    if measured is None:
        blocks = load_blocks(files, channels=channels, layout=arguments["layout"])
    else:
        blocks = spectra_blocks(files, measured, arguments["layout"])
    for block in blocks:
        _check_rate(info, block.rate, str(block.path))
    names = [name for block in blocks for name in block.names]
    with one_blas_thread():
        outputs = _outputs_of(copies, blocks, NewSize(arguments["size_to"], arguments["pad_to"]), grid)
    rows = [{"file": name, **row} for name, row in zip(names, _rows(task, info["classes"], outputs), strict=True)]
    if json_file is not None:
        write_json(json_file, rows)
    if arrays is not None:
        memory = io.BytesIO()
        # Spectra are written as they were read.
        signals = outputs if measured is None else measured.spectra(outputs)
        np.savez_compressed(memory, y=signals, names=np.array(names))
        write_atomically(arrays, memory.getvalue())
    shown = [tuple(f"{v:.1%}" if k == "probability" else _shown(v) for k, v in row.items()) for row in rows]
    print_table(f"{len(rows)} prediction{'s' if len(rows) != 1 else ''}", shown, tuple(rows[0]))
    if arrays is not None:
        say(f"{arrays}: y {outputs.shape}, names")
    return rows


def _convention(network: Network, arguments: dict[str, Any]) -> Measured | None:
    """Return the convention in which measured spectra are read; None for a network that takes samples."""
    words, is_measured = arguments.get("measured"), isinstance(network.door, MeasuredDoor)
    if is_measured != (words is not None):
        got = "no convention of spectra" if is_measured else f"the convention {words}"
        todo = "pass measured='centred,ortho', say" if is_measured else "leave it out"
        expected = "one, as the network takes measured spectra" if is_measured else "none: the network takes samples"
        raise ConfigurationError(got_expected("measured", got, expected, todo))
    return None if words is None else replace(read_measured(words), masked=bool(network.door.masks))


def _check_outputs_of(task: Task, arrays: Path | None, grid: tuple[int, ...] | None) -> None:
    """Raise an error if signals have no file to go to, or other outputs have one."""
    if task.is_field and arrays is None:
        todo = "pass --arrays FILE.npz"
        raise ConfigurationError(got_expected("predict", "no file for the predicted signals", "one", todo))
    if not task.is_field and (arrays is not None or grid is not None):
        what, todo = "--arrays" if arrays is not None else "--grid", "leave it out; --json writes predictions to a file"
        raise ConfigurationError(got_expected(what, f"one for a {task.name}", "one for a field only", todo))
    if arrays is not None and arrays.suffix != ".npz":
        raise ConfigurationError(
            got_expected("--arrays", arrays, "the name of an .npz file", f"pass --arrays {arrays}.npz")
        )


def _rows(task: Task, names: Sequence[str], outputs: np.ndarray) -> Iterator[dict[str, Any]]:
    """Yield the prediction of each sample, by column."""
    for row in outputs.astype(np.float64):
        if task.is_field:
            yield {"mean": float(row.mean()), "lowest": float(row.min()), "highest": float(row.max())}
        elif task.name == "multi-label":
            yield {"labels": [name for name, logit in zip(names, row, strict=True) if logit > 0]}
        elif task.has_classes:
            shares = np.exp(row - row.max())
            yield {"class": names[int(row.argmax())], "probability": float(shares.max() / shares.sum())}
        else:
            yield {str(name): float(value) for name, value in zip(names, row, strict=True)}


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _outputs_of(copies: Copies, blocks: list[Block], new: NewSize, grid: tuple[int, ...] | None) -> np.ndarray:
    """Return the outputs for all samples, in order, computed for all samples of a size at once."""
    network = copies.network
    ends = np.cumsum([len(block.values) for block in blocks])
    parts, order = [], []
    for places in grouped(blocks):
        group = [blocks[place] for place in places]
        size = new or NewSize(_readable_size(network, group[0]))
        if not size:
            _tell_resolution(network, group[0])
        parts.append(_finite_outputs(copies, join(group, size, keep_whole=True), grid))
        order += [np.arange(ends[place] - len(blocks[place].values), ends[place]) for place in places]
    outputs = np.concatenate(parts)
    found = np.empty_like(outputs)
    found[np.concatenate(order)] = outputs
    return found


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


def _finite_outputs(copies: Copies, samples: np.ndarray, grid: tuple[int, ...] | None) -> np.ndarray:
    with np.errstate(over="ignore", invalid="ignore"):
        outputs = copies.predict(samples, grid=grid)
    if not np.isfinite(outputs).all():
        largest = f"values up to {np.abs(samples).max():.3g}"
        raise DataError(got_expected("samples", largest, "values like those of the training data", "scale the samples"))
    return outputs


def model_info(folder: Path, json_file: Path | None) -> None:
    """Show the layers of a model and their costs, beside the same layers on samples."""
    from freqnet.audit import summarize
    from freqnet.report import layer_table

    network, info = load_model(folder)
    rows, metrics = summarize(network), info.get("metrics", {})
    if json_file is not None:
        write_json(json_file, {"layers": [asdict(row) for row in rows], "metrics": metrics})
    print_rich(layer_table(rows))
    task = get_task(info.get("task"))
    score = f"test_{task.score}"
    if metrics.keys() >= {"dataset", "domain", "seed", score, "train_seconds", "command"}:
        where = f"{echo(metrics['dataset'])}, {echo(metrics['domain'])} domain, seed {metrics['seed']}"
        found = f"test {task.score} {task.text(metrics[score])}, {metrics['train_seconds']:.1f} s of training"
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
    """Show the versions of the program, and the domains, layers, augmentations and other parts that it knows."""
    import platform

    from freqnet import __version__
    from freqnet.augment import AUGMENTATIONS
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
        "augmentations": list(AUGMENTATIONS),
        "datasets": list(dataset_names()),
        "files": [*IMAGE_SUFFIXES, *READERS],
    }
    if json_file is not None:
        write_json(json_file, facts)
    for name, value in facts.items():
        say(f"{name}: {', '.join(value) if isinstance(value, list) else value}")
