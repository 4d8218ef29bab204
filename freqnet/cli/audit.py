"""The command ``freqnet audit``: measure what a trained model computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from freqnet.audit import VERDICTS, Audit, audit
from freqnet.audit.ranges import range_message
from freqnet.cli.console import complain, counted, print_table, say
from freqnet.cli.inspect import examples_of, load_model
from freqnet.errors import ConfigurationError, got_expected
from freqnet.report.audit import LAYER_COLUMNS, audit_page, layer_rows, summary_rows
from freqnet.training.files import write_atomically, write_json


def audit_run(
    folder: Path,
    data: str | None,
    data_folder: Path | None,
    reading: dict[str, Any],
    samples: int,
    json_file: Path | None,
    page: Path | None,
) -> Audit:
    """Audit a model on examples of its data, print the results, and write them to the given files."""
    if samples < 4:
        raise ConfigurationError(got_expected("samples", samples, "at least 4", "the default is --samples 500"))
    network, info = load_model(folder)
    dataset, _ = examples_of(network, info, data, data_folder, reading)
    # Random examples: in files that are sorted by class, the first ones would be of few classes.
    picks = np.random.default_rng(0).permutation(len(dataset))[:samples]
    with counted() as progress:
        images = dataset.take(np.sort(picks)).scaled_to(network.door.full_scale).images
        found = audit(network, images, progress=progress)
    if json_file is not None:
        write_json(json_file, {"dataset": dataset.name, "samples": len(picks), **found.as_dict()})
    if page is not None:
        write_atomically(page, audit_page(found, f"Audit of {folder}").encode())
    show(found, len(picks), dataset.name)
    return found


def show(found: Audit, count: int, name: str) -> None:
    """Print an audit: the verdict, the measurements behind it, and one row per layer."""
    say(f"verdict: {found.verdict}: {VERDICTS[found.verdict]}")
    print_table(f"measured on {count} examples of {name}, in double precision", summary_rows(found))
    print_table("layer by layer", layer_rows(found), LAYER_COLUMNS)
    for row in found.ranges:
        if row.is_exceeded:
            complain(f"warning: {range_message(row)}")
