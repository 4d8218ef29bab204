"""The command ``freqnet convert``: a trained spatial network in ONNX becomes a model in the frequency domain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from freqnet.cli.console import print_table, say
from freqnet.convert import Conversion, from_onnx
from freqnet.convert.conversion import MOST
from freqnet.data import Dataset, load
from freqnet.errors import DataError, got_expected
from freqnet.experiments import Job
from freqnet.tasks import Classification
from freqnet.training import Checkpoint, save
from freqnet.training.files import MODEL, check_folder, claim_folder, write_json

ERRORS = "conversion.json"
_COLUMNS = ("layer", "name", "converted to", "error", "on other samples")


def convert_model(
    model: Path, data: str, out: Path, *, folder: Path | None, reading: dict[str, Any], **choices: Any
) -> Conversion:
    """Convert a model, print the error of each layer, and write the model and the errors to a folder."""
    check_folder(out, resume=None, overwrite=None)
    dataset = load(data, folder=folder, **reading)
    picks = np.sort(np.random.default_rng(0).permutation(len(dataset))[:MOST])
    found = _converted(model, dataset, picks, choices)
    measured = _measured(found, dataset, picks)
    # Only now: a model that cannot be converted leaves no folder.
    with claim_folder(out, resume=None, overwrite=None):
        classes = list(dataset.classes)
        info = {"classes": classes, "task": dataset.task.name, "converted_from": model.name}
        network = found.network
        save(out / MODEL, Checkpoint(network.describe(), network.arrays(), info=info))
        write_json(out / ERRORS, found.as_dict() | measured)
    _show(found, measured)
    if choices["standardise"] is None:
        say("the original was given the samples as they are; --mean and --deviation standardise them first")
    say(f"{out}: {MODEL}, {ERRORS}")
    more = Job(data, folder, weights=out, reading=reading, settings={"epochs": 1, "learning_rate": 1e-3})
    say(f"train on: {more.command()}")
    return found


def _converted(model: Path, dataset: Dataset, picks: np.ndarray, choices: dict[str, Any]) -> Conversion:
    # Fits see no others: these need not be converted to floats.
    found = from_onnx(model, data=dataset.take(picks).images, full_scale=dataset.full_scale, **choices)
    count = found.network.outputs
    if isinstance(dataset.task, Classification) and count != len(dataset.classes):
        todo = "name the data that the model was trained on"
        got = f"a model of {count} outputs, and {len(dataset.classes)} classes in {dataset.name}"
        raise DataError(got_expected(str(model), got, "one output per class", todo))
    return found


def _measured(found: Conversion, dataset: Dataset, picks: np.ndarray) -> dict[str, Any]:
    """Return the accuracies of both networks, if possible on samples that no fit has seen."""
    if not isinstance(dataset.task, Classification):
        return {}
    others = np.setdiff1d(np.arange(len(dataset)), picks)
    others = np.random.default_rng(1).permutation(others)[: 4 * MOST] if len(others) >= MOST else picks
    part = dataset.take(np.sort(others))
    outputs = {"original": found.original(part.images), "converted": found.network.predict(part.images)}
    right = {name: float(np.mean(logits.argmax(axis=1) == part.targets)) for name, logits in outputs.items()}
    return {"accuracy": right | {"samples": len(part)}}


def _show(found: Conversion, measured: dict[str, Any]) -> None:
    rows = [
        (row.operator, row.name, f"{row.path} {row.layer}", f"{row.error:.2g}", f"{row.other_error:.2g}")
        for row in found.layers
    ]
    title = f"relative errors, fitted to {found.fitted} samples and measured on {found.measured} others"
    print_table(title, rows, _COLUMNS)
    for name in found.left_out:
        say(f"left out: {name}, so that outputs are logits")
    if measured:
        accuracy = measured["accuracy"]
        figures = f"original {accuracy['original']:.2%}, converted {accuracy['converted']:.2%}"
        say(f"accuracy on {accuracy['samples']} samples of the data: {figures}")
