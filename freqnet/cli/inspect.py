"""``freqnet evaluate``, ``predict`` and ``info``: what a trained model does, and what it is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from freqnet.cli.console import print_table, say
from freqnet.data import Dataset, load, load_images, split
from freqnet.errors import DataError, got_expected
from freqnet.nn import Network
from freqnet.training import Checkpoint, analyse, evaluate, load_checkpoint
from freqnet.training.files import MODEL, write_json
from freqnet.training.fit import one_blas_thread


def _model(folder: Path) -> tuple[Network, Checkpoint]:
    path = folder if folder.is_file() else folder / MODEL
    checkpoint = load_checkpoint(path)
    return checkpoint.restore(), checkpoint


def evaluate_run(folder: Path, data: str | None, data_folder: Path | None, json_file: Path | None) -> dict[str, Any]:
    """Measure a trained model on its own held-out examples, or on all of another dataset."""
    network, checkpoint = _model(folder)
    info = checkpoint.info
    own = data is None or data == info.get("data")
    dataset = load(data or info["data"], folder=data_folder or info.get("folder"))
    if own:
        seed = info["metrics"]["seed"]
        dataset = split(dataset, test=info["test"], validation=info["validation"], seed=seed).test
    _check_fits(network, dataset, info["classes"])
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
    what = "held-out test examples" if own else "all examples"
    rows = [("accuracy", f"{result.accuracy:.2%}"), ("loss", f"{result.loss:.4f}"), ("examples", len(dataset))]
    print_table(f"{dataset.name}, {what}", rows)
    if json_file is not None:
        write_json(json_file, metrics)
    return metrics


def _check_fits(network: Network, dataset: Dataset, classes: list[str]) -> None:
    if dataset.channels != network.door.channels or len(dataset.grid) != len(network.door.grid):
        raise DataError(
            got_expected(
                "dataset",
                f"{len(dataset.grid)} axes and {dataset.channels} channels",
                f"{len(network.door.grid)} and {network.door.channels}",
                "give data of the kind the model was trained on",
            )
        )
    if len(dataset.classes) > len(classes):
        raise DataError(
            got_expected(
                "dataset", f"{len(dataset.classes)} classes", f"at most {len(classes)}", "give the model's classes"
            )
        )


def predict_files(folder: Path, files: list[Path], json_file: Path | None) -> list[dict[str, Any]]:
    """Name the class of every image in the files."""
    network, checkpoint = _model(folder)
    classes = checkpoint.info["classes"]
    channels = network.door.channels if network.door.channels in (1, 3) else None
    samples, names = load_images(files, channels=channels)
    with one_blas_thread():
        logits = network.predict(samples).astype(np.float64)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    rows = [
        {"file": name, "class": classes[int(p.argmax())], "probability": float(p.max())}
        for name, p in zip(names, shares, strict=True)
    ]
    print_table(
        f"{len(rows)} predictions",
        [(row["file"], row["class"], f"{row['probability']:.1%}") for row in rows],
        ("file", "class", "probability"),
    )
    if json_file is not None:
        write_json(json_file, rows)
    return rows


def model_info(folder: Path, json_file: Path | None) -> None:
    """Show what a model is made of, layer by layer, beside its spatial twin."""
    from dataclasses import asdict

    from freqnet.report import summarize

    network, checkpoint = _model(folder)
    rows = summarize(network)
    print_table(
        str(folder),
        [
            (
                f"{row.name} {row.layer}".strip(),
                row.output,
                row.modes,
                f"{row.parameters:,}",
                f"{row.multiply_adds:,}",
                f"{row.bytes:,}",
                f"{row.twin_multiply_adds:,}",
                f"{row.twin_bytes:,}",
            )
            for row in rows
        ],
        ("layer", "output", "modes", "parameters", "MACs", "bytes", "twin MACs", "twin bytes"),
    )
    metrics = checkpoint.info.get("metrics", {})
    if metrics:
        say(
            f"{metrics['dataset']}, {metrics['domain']} domain, seed {metrics['seed']}: "
            f"test accuracy {metrics['test_accuracy']:.2%}, {metrics['train_seconds']:.1f} s of training"
        )
        say(f"repeat: {metrics['command']}")
    if json_file is not None:
        write_json(json_file, {"layers": [asdict(row) for row in rows], "metrics": metrics})


def program_info() -> None:
    """Show the program's version, domains and layers."""
    import platform

    from freqnet import __version__
    from freqnet.domains import DOMAINS
    from freqnet.nn import LAYERS

    print_table(
        f"freqnet {__version__}",
        [
            ("Python", platform.python_version()),
            ("NumPy", np.__version__),
            ("domains", ", ".join(DOMAINS)),
            ("layers", ", ".join(sorted(LAYERS))),
        ],
    )
