"""Fine-tuning: a run that starts from the network and the weights of another run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqnet.data import Dataset
from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.nn import Network
from freqnet.training import Checkpoint, load_checkpoint
from freqnet.training.files import MODEL


@dataclass(frozen=True)
class Start:
    """A trained model that a run starts from.

    Attributes
    ----------
    path : Path
        The model's file.
    checkpoint : Checkpoint
        Its content.
    """

    path: Path
    checkpoint: Checkpoint

    def network(self, classes: Sequence[str], seed: int) -> tuple[Network, list[str]]:
        """Return the network with its weights, and the names of the arrays that are new.

        If the classes differ from those of the model, the last layer is new.

        Parameters
        ----------
        classes : sequence of str
            Names of the classes of the run.
        seed : int
            Seed of the new weights.

        Raises
        ------
        ConfigurationError
            The classes differ, and the last layer of the network is not a `Dense` layer.
        """
        source = self.checkpoint
        trained = source.restore()
        # A model that was saved from Python may lack the names of its classes.
        known = source.run_info().get("classes")
        if list(known) == list(classes) if known else trained.outputs == len(classes):
            return trained, []
        body = _with_outputs(source.network["body"], len(classes))
        network = Network.from_description({**source.network, "body": body}, seed)
        head = list(network.body.modules())[-1][0]
        arrays = network.arrays()
        new = [name for name in arrays if name.rpartition(".")[0] == head]
        network.body.load_arrays({**source.arrays, **{name: arrays[name] for name in new}})
        return network, new

    def check_fits(self, dataset: Dataset) -> None:
        """Raise `DataError` if examples cannot pass the network's door."""
        door = self.checkpoint.restore().door
        if (dataset.channels, len(dataset.grid)) != (door.channels, len(door.grid)):
            got = f"{len(dataset.grid)} axes and {dataset.channels} channels"
            expected = f"the {len(door.grid)} and {door.channels} of {self.path}"
            todo = "take the weights of a run on data like these"
            raise DataError(got_expected(f"dataset {dataset.name}", got, expected, todo))


def model_path(path: Path) -> Path:
    """Return the file of a model: that in a run's folder, or the file itself."""
    return path / MODEL if path.is_dir() else path


def load_start(path: Path) -> Start:
    """Return the model in a run's folder, or in a file.

    Raises
    ------
    CheckpointError
        There is no model, or its file is damaged.
    """
    own = model_path(path).resolve()
    return Start(own, load_checkpoint(own))


def check_same(what: str, given: dict[str, Any], own: dict[str, Any], why: str) -> None:
    """Raise `ConfigurationError` if a choice was given that differs from that of the run whose weights are taken."""
    for name, value in given.items():
        if value != own.get(name):
            todo = f"leave {name} out"
            raise ConfigurationError(got_expected(what, f"{name}={value!r}", f"{name}={own.get(name)!r}, {why}", todo))


def _with_outputs(body: dict[str, Any], count: int) -> dict[str, Any]:
    """Return the description of a body with another number of outputs."""
    if body["layer"] == "Sequential" and body["layers"]:
        return {**body, "layers": [*body["layers"][:-1], _with_outputs(body["layers"][-1], count)]}
    if body["layer"] != "Dense":
        expected, todo = "a Dense layer, which can be replaced for other classes", "take data with the same classes"
        raise ConfigurationError(got_expected("last layer of the weights' network", body["layer"], expected, todo))
    return {**body, "outputs": count}
