"""The command ``freqnet export``: write a trained model as an ONNX file, and compare the two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.cli.console import print_table
from freqnet.cli.inspect import load_model
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn import Network
from freqnet.spaces.base import extent
from freqnet.training.files import MODEL, check_target, write_atomically, write_json

# Examples of noise on which the file is compared with the model.
_COMPARED = 32


def export_run(folder: Path, file: Path, part: str, storage: str, json_file: Path | None) -> dict[str, Any]:
    """Write a model, or a part of it, as an ONNX file; print what it is, and write that to `json_file`."""
    check_target(file)
    _require_apart(folder if folder.is_file() else folder / MODEL, file, *([] if json_file is None else [json_file]))
    network, info = load_model(folder)
    facts = {"task": info.get("task", "classification"), "output_names": info["classes"], "dataset": info.get("data")}
    model = network.to_onnx(part, storage, {name: value for name, value in facts.items() if value is not None})
    content = model.SerializeToString()
    write_atomically(file, content)
    found = {
        "file": str(file),
        "bytes": len(content),
        "storage": storage,
        "operators": len(model.graph.node),
        "input": _port(model.graph.input[0]),
        "output": _port(model.graph.output[0]),
        "largest_difference": _difference(network, content) if part == "network" else None,
        "metadata": {entry.key: json.loads(entry.value) for entry in model.metadata_props},
    }
    if json_file is not None:
        write_json(json_file, found)
    _show(found)
    return found


def _require_apart(*files: Path) -> None:
    """Raise `ConfigurationError` if two of the files are the same: one would overwrite the other."""
    if len({path.resolve() for path in files}) < len(files):
        got, todo = "one file to read and to write, or to write twice", "choose another name"
        raise ConfigurationError(got_expected("files", got, "different files", todo))


def _port(port: Any) -> dict[str, Any]:
    shape = [axis.dim_param or axis.dim_value for axis in port.type.tensor_type.shape.dim]
    return {"name": port.name, "shape": shape}


def _difference(network: Network, content: bytes) -> float | None:
    """Return the largest difference of outputs on noise in ONNX Runtime; None where that is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    door, generator = network.door, np.random.default_rng(0)
    low, high = np.array(door.low or 0.0), np.array(door.high or 1.0)
    samples = generator.uniform(low, high, (_COMPARED, *door.grid, door.channels)).astype(network.precision)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (outputs,) = session.run(None, {"samples": samples})
    return float(np.max(np.abs(outputs - network.predict(samples))))


def _show(found: dict[str, Any]) -> None:
    largest = found["largest_difference"]
    rows = [
        ("file", f"{found['file']}, {found['bytes']:,} bytes"),
        *((word, f"{found[word]['name']}, {extent(found[word]['shape'])}") for word in ("input", "output")),
        ("operators", str(found["operators"])),
    ]
    if largest is not None:
        rows.append(("difference in ONNX Runtime", f"at most {largest:.1e} on {_COMPARED} examples of noise"))
    print_table(f"{found['metadata']['part']} as ONNX, weights in {found['storage']}", rows)
