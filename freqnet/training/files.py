"""Atomic writing of files, and output folders that protect earlier results."""

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
    """Write a file atomically: write a temporary file beside it, then rename that.

    Raises
    ------
    ConfigurationError
        The folder cannot be written to, or the disk is full.
    """
    real = check_target(path)
    # The name is fixed before the file exists, so that an interrupt at any time leaves no unknown file.
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
        raise _unusable(
            path, error.strerror or error, "a path that can be written to", "choose another path"
        ) from error


def check_target(path: Path) -> Path:
    """Return the path where a file can be written, with links resolved; call this before the work.

    Raises
    ------
    ConfigurationError
        The path is a folder or a device, or its folder does not exist.
    """
    real = Path(os.path.realpath(path))
    if os.path.isdir(real):
        raise _unusable(path, "a folder", "the name of a file", "add a file name")
    if os.path.exists(real) and not os.path.isfile(real):
        raise _unusable(path, "a device", "the name of a file", "choose another path")
    if not os.path.isdir(real.parent):
        raise _unusable(path, f"no folder {real.parent}", "a file in a folder that exists", "make the folder first")
    return real


def write_json(path: Path, value: Any) -> None:
    """Write plain data as a JSON file, atomically."""
    write_atomically(path, (json.dumps(value, indent=2, default=float) + "\n").encode())


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write one JSON object per line, atomically."""
    write_atomically(path, "".join(json.dumps(row, default=float) + "\n" for row in rows).encode())


def claim_folder(
    folder: Path, *, resume: bool = False, overwrite: bool | None = False, marker: str = CHECKPOINT
) -> None:
    """Prepare an output folder, or raise the reason why it cannot be used.

    Parameters
    ----------
    folder : Path
        The folder of a run.
    resume : bool
        The folder must have the file `marker`.
    overwrite : bool or None
        Remove the files of an earlier run; other files stay. None if the caller has no such choice.
    marker : str
        Name of the file that work which can be resumed has written.

    Raises
    ------
    ConfigurationError
        The folder is not empty, is a file, cannot be made or written to, or has nothing to resume from.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise _unusable(folder, "a file", "a folder", "choose another path")
        if resume and not (folder / marker).is_file():
            raise _unusable(folder, f"no {marker}", "one to resume from", "leave resume=True out")
        if folder.exists() and any(folder.iterdir()) and not (resume or overwrite):
            todo = f"pass {'' if overwrite is None else 'overwrite=True or '}resume=True, or choose another folder"
            raise _unusable(folder, "a folder that is not empty", "a new or empty one", todo)
        folder.mkdir(parents=True, exist_ok=True)
        _check_writable(folder)
        for name in RUN_FILES:
            # Remove partial files of a run that was killed.
            for path in folder.glob(f".{name}.*"):
                path.unlink(missing_ok=True)
            if overwrite and not resume:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise _unusable(
            folder, error.strerror or error, "a folder that can be written to", "choose another folder"
        ) from error


def _check_writable(folder: Path) -> None:
    probe = folder / f".{MODEL}.{os.getpid()}.partial"
    try:
        probe.touch()
    finally:
        probe.unlink(missing_ok=True)


def _unusable(path: Path, got: object, expected: str, todo: str) -> ConfigurationError:
    return ConfigurationError(got_expected(f"output {path}", got, expected, todo))
