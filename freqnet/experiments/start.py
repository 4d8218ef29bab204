"""Fine-tuning: a run that starts from the network and the weights of another run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from freqnet.data import Dataset
from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.nn import Dense, Network
from freqnet.tasks import get_task
from freqnet.training import Checkpoint, load_checkpoint
from freqnet.training.batches import needs_float64
from freqnet.training.files import MODEL
from freqnet.training.presets import units_of


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

    def network(self, dataset: Dataset, seed: int) -> tuple[Network, list[str]]:
        """Return the network with its weights, and the names of the arrays that are new.

        If the task or the names of the outputs differ from those of the model, the last layer is new.

        Parameters
        ----------
        dataset : Dataset
            The training examples of the run.
        seed : int
            Seed of the new weights.

        Raises
        ------
        ConfigurationError
            The outputs differ, and the last layer of the network is not a `Dense` layer.
        """
        source = self.checkpoint
        trained, info = source.restore(), source.run_info()
        # A model that was saved from Python may lack the names of its classes.
        known, same_task = info.get("classes"), get_task(info.get("task")) == dataset.task
        is_same = list(known) == list(dataset.classes) if known else trained.outputs == len(dataset.classes)
        if same_task and is_same:
            return trained, []
        body = _with_outputs(source.network["body"], dataset)
        precision = "float64" if needs_float64(dataset) else source.network["precision"]
        network = Network.from_description({**source.network, "body": body, "precision": precision}, seed)
        head = [path for path, module in network.body.modules() if isinstance(module, Dense)][-1]
        arrays = network.arrays()
        new = [name for name in arrays if name.rpartition(".")[0] == head]
        taken = {name: array for name, array in source.arrays.items() if name in arrays}
        network.body.load_arrays({**taken, **{name: arrays[name] for name in new}})
        network.output_names = dataset.classes
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


def _with_outputs(body: dict[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Return the description of a body with the outputs of a dataset, in its units."""
    layers = list(body["layers"]) if body["layer"] == "Sequential" else [body]
    if layers and layers[-1]["layer"] == "Rescale":
        layers.pop()
    last = layers[-1]["layer"] if layers else "none"
    if last == "Sequential":
        return {"layer": "Sequential", "layers": [*layers[:-1], _with_outputs(layers[-1], dataset)]}
    if last != "Dense" or dataset.task.is_field:
        expected = "a Dense layer, which can be replaced for other outputs"
        got = f"{last}, for a {dataset.task.name}" if dataset.task.name != "classification" else last
        todo = "take data with the same task and outputs"
        raise ConfigurationError(got_expected("last layer of the weights' network", got, expected, todo))
    layers[-1] = {**layers[-1], "outputs": len(dataset.classes)}
    layers += [layer.describe() for layer in units_of(dataset)]
    if body["layer"] != "Sequential" and len(layers) == 1:
        return layers[0]
    return {"layer": "Sequential", "layers": layers}
