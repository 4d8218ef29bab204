"""Writing without half-written files, and output folders that never swallow earlier results."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from freqnet.errors import ConfigurationError, got_expected

MODEL = "model.safetensors"
CHECKPOINT = "checkpoint.safetensors"
METRICS = "metrics.json"
HISTORY = "history.jsonl"
REPORT = "report.html"
RUN_FILES = (MODEL, CHECKPOINT, METRICS, HISTORY, REPORT)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: a temporary one beside it, then a rename.

    Raises
    ------
    ConfigurationError
        The folder cannot be written to, or the disk is full.
    """
    real = check_target(path)
    # The name is known before the file is there: no interrupt can leave a file that nobody knows of.
    partial = real.with_name(f".{real.name}.{os.getpid()}.partial")
    try:
        try:
            with partial.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, real)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _unusable(path, error.strerror or error, "a place that can be written to", "choose another") from error


def check_target(path: Path) -> Path:
    """Return where a file can be written, links followed; before the work, not after it, if asked before.

    Raises
    ------
    ConfigurationError
        There is a folder or a device, which would be replaced and not written to, or no folder to write in.
    """
    real = Path(os.path.realpath(path))
    if os.path.isdir(real):
        raise _unusable(path, "a folder", "the name of a file", "add one")
    if os.path.exists(real) and not os.path.isfile(real):
        raise _unusable(path, "a device", "the name of a file", "choose another")
    if not os.path.isdir(real.parent):
        raise _unusable(path, f"no folder {real.parent}", "a file in a folder that exists", "make the folder first")
    return real


def write_json(path: Path, value: Any) -> None:
    """Write plain data as JSON, atomically."""
    write_atomically(path, (json.dumps(value, indent=2, default=float) + "\n").encode())


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write one JSON object a line, atomically."""
    write_atomically(path, "".join(json.dumps(row, default=float) + "\n" for row in rows).encode())


def claim_folder(folder: Path, *, resume: bool = False, overwrite: bool = False) -> None:
    """Make an output folder ready, or say why it cannot be used.

    With `overwrite`, only the files that a run writes are removed.

    Raises
    ------
    ConfigurationError
        The folder is not empty, is a file, cannot be made or written to, or holds nothing to resume.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise _unusable(folder, "a file", "a folder", "choose another")
        if resume and not (folder / CHECKPOINT).is_file():
            raise _unusable(folder, f"no {CHECKPOINT}", "one to resume from", "leave resume=True out")
        if folder.exists() and any(folder.iterdir()) and not (resume or overwrite):
            todo = "pass overwrite=True or resume=True, or choose another folder"
            raise _unusable(folder, "a folder that is not empty", "a new or empty one", todo)
        folder.mkdir(parents=True, exist_ok=True)
        _check_writable(folder)
        for name in RUN_FILES:
            # What a killed run left half written is of no use to anyone.
            for path in folder.glob(f".{name}.*"):
                path.unlink(missing_ok=True)
            if overwrite and not resume:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise _unusable(folder, error.strerror or error, "a folder that can be written to", "choose another") from error


def _check_writable(folder: Path) -> None:
    probe = folder / f".{MODEL}.{os.getpid()}.partial"
    try:
        probe.touch()
    finally:
        probe.unlink(missing_ok=True)


def _unusable(path: Path, got: object, expected: str, todo: str) -> ConfigurationError:
    return ConfigurationError(got_expected(f"output {path}", got, expected, todo))
