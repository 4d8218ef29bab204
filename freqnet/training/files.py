"""Writing without half-written files, and output folders that never swallow earlier results."""

from __future__ import annotations

import json
import os
import tempfile
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
        The folder cannot be written to.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            # mkstemp makes files for the owner alone; results are for whoever the umask lets read.
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigurationError(
            got_expected(f"output {path}", error.strerror or error, "a folder that can be written to", "choose another")
        ) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


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
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(got_expected(f"output {folder}", "a file", "a folder", "choose another"))
    if resume and not (folder / CHECKPOINT).is_file():
        raise ConfigurationError(
            got_expected(f"output {folder}", f"no {CHECKPOINT}", "one to resume from", "train without --resume")
        )
    if folder.exists() and any(folder.iterdir()) and not (resume or overwrite):
        raise ConfigurationError(
            got_expected(
                f"output {folder}",
                "a folder that is not empty",
                "a new or empty one",
                "pass --overwrite or --resume, or another --out",
            )
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        for name in RUN_FILES if overwrite and not resume else ():
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            got_expected(
                f"output {folder}", error.strerror or error, "a folder that can be written to", "choose another"
            )
        ) from None
