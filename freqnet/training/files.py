"""Atomic writing of files, and output folders that protect earlier results."""

from __future__ import annotations

import json
import math
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from freqnet.errors import ConfigurationError, got_expected
from freqnet.training.locks import LOCK, FolderLock

MODEL = "model.safetensors"
CHECKPOINT = "checkpoint.safetensors"
METRICS = "metrics.json"
HISTORY = "history.jsonl"
REPORT = "report.html"
CONFIG = "run.toml"
RUN_FILES = (MODEL, CHECKPOINT, METRICS, HISTORY, REPORT, CONFIG)
# Folders of a run, and the names of the files that it writes to them.
EVENTS = "events.out.tfevents.*.freqnet"
MODELS, TRACKED = "checkpoints", "tensorboard"
RUN_FOLDERS = {MODELS: "epoch-*.safetensors", TRACKED: EVENTS}


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file atomically: write a temporary file beside it, then rename that.

    Raises
    ------
    ConfigurationError
        The folder cannot be written to, or the disk is full.
    """
    real = check_target(path)
    # The name is fixed before the file exists, so that an interrupt at any time leaves no unknown file.
    # The name is random: two threads, or two machines, may write the same file at the same time.
    partial = real.with_name(f".{real.name}.{secrets.token_hex(6)}.partial")
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
    write_atomically(path, (json.dumps(_finite(value), indent=2, default=float) + "\n").encode())


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write one JSON object per line, atomically."""
    write_atomically(path, "".join(json.dumps(_finite(row), default=float) + "\n" for row in rows).encode())


def _finite(value: Any) -> Any:
    """Return plain data with null for numbers that are not finite, for which JSON has no word."""
    if isinstance(value, dict):
        return {name: _finite(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def check_folder(
    folder: Path, *, resume: bool | None = False, overwrite: bool | None = False, marker: str = CHECKPOINT
) -> None:
    """Raise an error if a run may not use an output folder; change nothing.

    The parameters and errors are those of `claim_folder`.
    """
    if folder.exists() and not folder.is_dir():
        raise _unusable(folder, "a file", "a folder", "choose another path")
    if resume and not (folder / marker).is_file():
        raise _unusable(folder, f"no {marker}", "one to resume from", "leave resume=True out")
    is_used = folder.exists() and any(path.name != LOCK for path in folder.iterdir())
    if is_used and not (resume or overwrite):
        choices = [
            f"{name}=True" for name, value in (("overwrite", overwrite), ("resume", resume)) if value is not None
        ]
        todo = f"pass {' or '.join(choices)}, or choose another folder" if choices else "choose another folder"
        raise _unusable(folder, "a folder that is not empty", "a new or empty one", todo)


def claim_folder(
    folder: Path, *, resume: bool | None = False, overwrite: bool | None = False, marker: str = CHECKPOINT
) -> FolderLock:
    """Prepare an output folder and lock it, or raise the reason why it cannot be used.

    Parameters
    ----------
    folder : Path
        The folder of a run.
    resume : bool or None
        The folder must have the file `marker`. None if the caller has no such choice.
    overwrite : bool or None
        Remove the files of an earlier run; other files stay. None if the caller has no such choice.
    marker : str
        Name of the file that work which can be resumed has written.

    Returns
    -------
    FolderLock
        The lock, which the caller releases after the last file is written.

    Raises
    ------
    ConfigurationError
        The folder is not empty, is a file, cannot be made or written to, has nothing to resume from, or another run
        is writing to it.
    """
    try:
        # A folder that cannot be resumed from is not made.
        check_folder(folder, resume=resume, overwrite=True, marker=marker)
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder)
        try:
            # Only now, because another run may have written to the folder until now.
            check_folder(folder, resume=resume, overwrite=overwrite, marker=marker)
            _clear(folder, everything=bool(overwrite) and not resume)
        except BaseException:
            lock.release()
            raise
    except OSError as error:
        raise _unusable(
            folder, error.strerror or error, "a folder that can be written to", "choose another folder"
        ) from error
    return lock


def _clear(folder: Path, everything: bool) -> None:
    """Remove the partial files of a run that was killed and, with `everything`, all files of the run."""
    # An error here tells that the folder cannot be written to; the loop removes the file.
    (folder / f".{MODEL}.probe.partial").touch()
    for name in RUN_FILES:
        for path in folder.glob(f".{name}.*"):
            path.unlink(missing_ok=True)
        if everything:
            (folder / name).unlink(missing_ok=True)
    for name, own in RUN_FOLDERS.items():
        for path in (*(folder / name).glob(f".{own}.*.partial"), *((folder / name).glob(own) if everything else ())):
            path.unlink(missing_ok=True)
        # It stays if it has files of others.
        with suppress(OSError):
            (folder / name).rmdir()


def _unusable(path: Path, got: object, expected: str, todo: str) -> ConfigurationError:
    return ConfigurationError(got_expected(f"output {path}", got, expected, todo))
