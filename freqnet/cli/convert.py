"""The command ``freqnet convert``: a trained spatial network in ONNX becomes a model in the frequency domain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from freqnet.cli.console import print_table, say
from freqnet.convert import Conversion, from_onnx
from freqnet.data import Dataset, load
from freqnet.errors import DataError, got_expected
from freqnet.tasks import Classification
from freqnet.training import Checkpoint, save
from freqnet.training.files import MODEL, check_folder, claim_folder, write_json

ERRORS = "conversion.json"
_COLUMNS = ("layer", "name", "converted to", "error", "on other samples")


def convert_model(
    model: Path, data: str, out: Path, *, folder: Path | None, reading: dict[str, Any], **choices: Any
) -> Conversion:
    """Convert a model, print the error of each layer, and write the model and the errors to a folder."""
    check_folder(out, overwrite=None)
    dataset = load(data, folder=folder, **reading)
    found = _converted(model, dataset, choices)
    # Only now: a model that cannot be converted leaves no folder.
    with claim_folder(out, overwrite=None):
        classes = list(dataset.classes)
        info = {"classes": classes, "task": dataset.task.name, "converted_from": model.name}
        network = found.network
        save(out / MODEL, Checkpoint(network.describe(), network.arrays(), info=info))
        write_json(out / ERRORS, found.as_dict())
    _show(found)
    say(f"{out}: {MODEL}, {ERRORS}")
    say(f"measure it: freqnet evaluate {out} {data}; train on: freqnet train {data} --from {out} --epochs 1 --lr 3e-4")
    return found


def _converted(model: Path, dataset: Dataset, choices: dict[str, Any]) -> Conversion:
    # Fits see 512 samples at most: others need not be converted to floats.
    picks = np.sort(np.random.default_rng(0).permutation(len(dataset))[:512])
    found = from_onnx(model, data=dataset.take(picks).images, **choices)
    count = found.network.outputs
    if isinstance(dataset.task, Classification) and count != len(dataset.classes):
        todo = "name the data that the model was trained on"
        got = f"a model of {count} outputs, and {len(dataset.classes)} classes in {dataset.name}"
        raise DataError(got_expected(str(model), got, "one output per class", todo))
    return found


def _show(found: Conversion) -> None:
    rows = [
        (row.operator, row.name, f"{row.path} {row.layer}", f"{row.error:.2g}", f"{row.other_error:.2g}")
        for row in found.layers
    ]
    title = f"relative errors, fitted to {found.fitted} samples and measured on {found.measured} others"
    print_table(title, rows, _COLUMNS)
