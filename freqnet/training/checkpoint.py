"""Checkpoints in safetensors files: arrays, and the description of the model as text; without pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.errors import CheckpointError, got_expected, reason
from freqnet.nn import Network
from freqnet.nn.module import weights_up_to
from freqnet.training.files import write_atomically
from freqnet.training.stored import misfit_of_network, misfit_of_run

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

        A description from a file is not trusted: no layer may have more weights than the file holds.

        Raises
        ------
        CheckpointError
            The description and the arrays do not fit each other.
        """
        held = sum(array.size for array in self.arrays.values())
        try:
            with weights_up_to(max(held, 1)):
                network = Network.from_description(self.network)
        # Layers, which users may have written, do not expect settings of every type.
        except Exception as error:
            raise _damaged("description", reason(error), "the description of a network") from error
        network.body.load_arrays(self.arrays)
        names = self.info.get("classes", ())
        if isinstance(names, list) and len(names) == network.outputs:
            network.output_names = tuple(map(str, names))
        return network

    def run_info(self) -> dict[str, Any]:
        """Return the information that a run has stored, after checking the types of what the commands use.

        Raises
        ------
        CheckpointError
            An entry has another type or is out of its range, or entries of a run do not fit each other.
        """
        found = misfit_of_run(self.info, self.arrays, self.extra) if self.network else "a run without a network"
        if found:
            raise _damaged("information", found, "what a run stores")
        return self.info


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
        The file is missing, truncated, damaged, of another version, or of another program, or its description of the
        network has other types than those of a network or nests more than 300 deep.
    """
    from safetensors import safe_open

    path = Path(path)
    if path.is_dir():
        raise _unusable(path, "a folder", "a file", f"pass {path / 'model.safetensors'}, if it is the folder of a run")
    if not path.is_file():
        raise _unusable(path, "no such file", "a trained model", "train a model first")
    try:
        # Where there is no permission, safetensors says that there is no file.
        path.open("rb").close()
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except PermissionError as error:
        raise _unusable(path, "no permission to read it", "a readable file", f"chmod u+r {path}") from error
    # On damaged bytes safetensors raises its own errors and those of NumPy and the system.
    except Exception as error:
        got = f"a truncated or damaged file ({reason(error)})"
        raise _unusable(path, got, "a safetensors file", "train again") from error
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
        if not isinstance(network, dict) or not isinstance(info, dict):
            raise ValueError("types")
    except (KeyError, ValueError, RecursionError):
        todo = "copy it again, or train again"
        raise _unusable(path, "changed contents", "contents that match their checksum", todo) from None
    # Arrays may be stored without a description.
    if network and (found := misfit_of_network(network)):
        got, todo = f"a damaged description ({found})", "copy it again, or train again"
        raise _unusable(path, got, "the description of a network", todo)
    parts: dict[str, dict[str, np.ndarray]] = {"network": {}, "extra": {}}
    for name, array in arrays.items():
        group, _, rest = name.partition("/")
        parts.setdefault(group, {})[rest] = array
    return Checkpoint(network, parts["network"], parts["extra"], info)


def _damaged(what: str, got: str, expected: str) -> CheckpointError:
    return CheckpointError(
        got_expected("checkpoint", f"a damaged {what} ({got})", expected, "copy it again, or train again")
    )


def _unusable(path: Path, got: str, expected: str, todo: str) -> CheckpointError:
    return CheckpointError(got_expected(f"checkpoint {path}", got, expected, todo))
