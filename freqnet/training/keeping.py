"""Models that a run keeps on its way: those of every n-th epoch, and the best."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freqnet.checks import is_whole, shown
from freqnet.errors import ConfigurationError, got_expected
from freqnet.training.callbacks import Callback
from freqnet.training.checkpoint import Checkpoint, save

if TYPE_CHECKING:
    from freqnet.training.fit import Run


class KeepModels(Callback):
    """Keeps the models of every n-th epoch, and those of the lowest validation losses.

    The file of an epoch is ``epoch-005.safetensors``. It has the weights as they were validated, without the state of
    the optimiser, and every command that takes a model takes it. A file that is no longer among the best is removed
    after the new one is written; other files stay. Each run, and each `KeepModels` of a run, needs a folder of its own.

    Parameters
    ----------
    folder : path
        Folder of the models; it is made.
    every : int, optional
        Keep the model of every n-th epoch.
    best : int, optional
        Keep the models of this many epochs with the lowest validation losses; of equal losses, the earlier.
    info : dict, optional
        Plain data to store with each model.

    Raises
    ------
    ConfigurationError
        A number is not usable; or the best are to be kept, but there is no validation set: raised when the training
        begins.

    Examples
    --------
    >>> from freqnet.training import KeepModels
    >>> keep = KeepModels("models", every=2, best=1)
    >>> keep.chosen([{"epoch": 1, "validation_loss": 0.5}, {"epoch": 2, "validation_loss": 0.6}])
    {1, 2}
    """

    def __init__(
        self,
        folder: str | Path,
        every: int | None = None,
        best: int | None = None,
        info: dict[str, Any] | None = None,
    ) -> None:
        for name, value in (("every", every), ("best", best)):
            if value is not None and (not is_whole(value) or value < 1):
                expected, todo = "a whole number of 1 or more, or None", f"pass {name}=1"
                raise ConfigurationError(got_expected(name, shown(value), expected, todo))
        self.folder, self.every, self.best, self.info = Path(folder), every, best, info or {}

    def begin(self, run: Run) -> None:
        """Check that there is validation for the best, and write the model that an interrupt has left out."""
        if self.best:
            check_validation(run.validation)
        epoch = run.epoch
        if epoch in self.chosen(run.history.rows) and not self.path(epoch).is_file():
            self._write(run)

    def epoch(self, row: dict[str, Any], run: Run) -> None:
        """Write the model of the epoch if it is to be kept, and remove those that no longer are."""
        rows = run.history.rows
        chosen = self.chosen(rows)
        if run.epoch in chosen:
            self._write(run)
        for epoch in self.chosen(rows[:-1]) - chosen:
            self.path(epoch).unlink(missing_ok=True)

    def chosen(self, rows: list[dict[str, Any]]) -> set[int]:
        """Return the epochs, by their number, whose models are kept after the epochs of a history."""
        ranked = sorted(rows, key=lambda row: row["validation_loss"]) if self.best else []
        return {row["epoch"] for row in ranked[: self.best]} | {
            row["epoch"] for row in rows if self.every and row["epoch"] % self.every == 0
        }

    def path(self, epoch: int) -> Path:
        """Return the file of the model of an epoch."""
        return self.folder / f"epoch-{epoch:03d}.safetensors"

    def _write(self, run: Run) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        save(self.path(run.epoch), Checkpoint(run.network.describe(), run.model_arrays(), info=self.info))


def kept_models(folder: Path) -> dict[int, Path]:
    """Return the models that a run has kept in a folder, by the number of their epoch."""
    names = ((re.fullmatch(r"epoch-(\d{3,})\.safetensors", path.name), path) for path in sorted(folder.glob("epoch-*")))
    return {int(name[1]): path for name, path in names if name}


def check_validation(validation: object) -> None:
    """Raise `ConfigurationError` if the best models are to be kept, but there are no validation examples."""
    if validation is None:
        todo = "set a share of them aside, such as validation=0.1"
        raise ConfigurationError(got_expected("keep_best", "no validation examples", "some to choose by", todo))
