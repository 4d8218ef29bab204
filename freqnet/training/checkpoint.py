"""Checkpoints in safetensors files: arrays, and the description of the model as text; without pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.errors import CheckpointError, FreqnetError, got_expected
from freqnet.nn import Network
from freqnet.training.files import write_atomically

FORMAT = "freqnet"
VERSION = "1"


@dataclass
class Checkpoint:
    """The content of a checkpoint file.

    Attributes
    ----------
    network : dict
        The description that `Network.from_description` takes.
    arrays : dict of numpy.ndarray
        The network's parameters and running statistics.
    extra : dict of numpy.ndarray
        Other arrays: the optimiser's state, the best weights so far.
    info : dict
        Plain data: dataset, classes, settings, progress.
    """

    network: dict[str, Any]
    arrays: dict[str, np.ndarray]
    extra: dict[str, np.ndarray] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)

    def restore(self) -> Network:
        """Return the network with its weights.

        Raises
        ------
        CheckpointError
            The description and the arrays do not fit each other.
        """
        try:
            network = Network.from_description(self.network)
        except FreqnetError as error:
            raise CheckpointError(
                got_expected(
                    "checkpoint", f"a damaged description ({error})", "the description of a network", "train again"
                )
            ) from None
        network.body.load_arrays(self.arrays)
        return network


def save(path: str | Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint atomically.

    Parameters
    ----------
    path : path
        Path of the file, usually ``DIR/model.safetensors``.
    checkpoint : Checkpoint
        Its content.

    Examples
    --------
    >>> import tempfile
    >>> from freqnet import nn
    >>> from freqnet.training import Checkpoint, load_checkpoint, save
    >>> body = nn.Sequential((nn.GlobalAverage(), nn.Dense(2)))
    >>> network = nn.Network(nn.Door("fourier", (5,), (2,), 1), body)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/model.safetensors", Checkpoint(network.describe(), network.arrays()))
    ...     load_checkpoint(f"{folder}/model.safetensors").restore().outputs
    2
    """
    from safetensors.numpy import save as to_bytes

    # np.ascontiguousarray would give a scalar an axis.
    arrays = {f"network/{k}": np.asarray(v, order="C") for k, v in checkpoint.arrays.items()}
    arrays |= {f"extra/{k}": np.asarray(v, order="C") for k, v in checkpoint.extra.items()}
    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "network": json.dumps(checkpoint.network),
        "info": json.dumps(checkpoint.info, default=float),
    }
    metadata["checksum"] = _checksum(metadata, arrays)
    write_atomically(Path(path), to_bytes(arrays, metadata))


def _checksum(metadata: dict[str, str], arrays: dict[str, np.ndarray]) -> str:
    """Return a checksum of weights and description; safetensors has none."""
    digest = hashlib.sha256()
    for name in ("network", "info"):
        digest.update(metadata[name].encode())
    for name, array in sorted(arrays.items()):
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def load_checkpoint(path: str | Path) -> Checkpoint:
    """Read a checkpoint.

    Parameters
    ----------
    path : path
        Path of the file.

    Returns
    -------
    Checkpoint
        Its content.

    Raises
    ------
    CheckpointError
        The file is missing, truncated, damaged, of another version, or of another program.
    """
    from safetensors import safe_open

    path = Path(path)
    if not path.is_file():
        raise _unusable(path, "no such file", "a trained model", "train a model first")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    # On damaged bytes safetensors raises its own errors and those of NumPy and the system.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise _unusable(path, f"a truncated or damaged file ({reason})", "a safetensors file", "train again") from error
    return _decode(path, metadata, arrays)


def _decode(path: Path, metadata: dict[str, str], arrays: dict[str, np.ndarray]) -> Checkpoint:
    if metadata.get("format") != FORMAT:
        raise _unusable(path, "a safetensors file of another program", "a file of freqnet", "train a model first")
    if metadata.get("version") != VERSION:
        raise _unusable(
            path, f"version {metadata.get('version')}", f"version {VERSION}", "use the version of freqnet that wrote it"
        )
    try:
        network, info = json.loads(metadata["network"]), json.loads(metadata["info"])
        if metadata["checksum"] != _checksum(metadata, arrays):
            raise ValueError("checksum")
    except (KeyError, ValueError):
        todo = "copy it again, or train again"
        raise _unusable(path, "changed contents", "contents that match their checksum", todo) from None
    parts: dict[str, dict[str, np.ndarray]] = {"network": {}, "extra": {}}
    for name, array in arrays.items():
        group, _, rest = name.partition("/")
        parts.setdefault(group, {})[rest] = array
    return Checkpoint(network, parts["network"], parts["extra"], info)


def _unusable(path: Path, got: str, expected: str, todo: str) -> CheckpointError:
    return CheckpointError(got_expected(f"checkpoint {path}", got, expected, todo))
