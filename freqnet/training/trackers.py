"""Trackers: callbacks that write the figures of every epoch to files of a common format.

Each tracker begins a resumed run with the epochs of its history, so that no epoch is missing or repeated.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freqnet.errors import require_package
from freqnet.training.callbacks import Callback
from freqnet.training.files import EVENTS, write_atomically, write_lines

if TYPE_CHECKING:
    from freqnet.training.fit import Run


class _Table(Callback):
    """Writes the whole history anew, atomically, after every epoch."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def begin(self, run: Run) -> None:
        """Write the epochs of earlier sessions, if there are any."""
        if run.history.rows:
            self.write(run.history.rows)

    def epoch(self, row: dict[str, Any], run: Run) -> None:
        """Write all epochs."""
        self.write(run.history.rows)

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Write the file."""
        raise NotImplementedError


class JSONLines(_Table):
    """Writes one JSON object per epoch, as in ``history.jsonl``.

    Parameters
    ----------
    path : path
        File to write.
    """

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Write the file, atomically."""
        write_lines(self.path, rows)


class CSV(_Table):
    """Writes one line per epoch with commas between the figures, under a line with their names.

    Parameters
    ----------
    path : path
        File to write.

    Examples
    --------
    >>> import tempfile
    >>> from freqnet.training import CSV
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     CSV(f"{folder}/curve.csv").write([{"epoch": 1, "loss": 0.5}])
    ...     print(Path(folder, "curve.csv").read_text().splitlines())
    ['epoch,loss', '1,0.5']
    """

    def write(self, rows: list[dict[str, Any]]) -> None:
        """Write the file, atomically."""
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        write_atomically(self.path, text.getvalue().encode())


class TensorBoard(Callback):
    """Writes event files of TensorBoard: one scalar per figure and epoch.

    The curves of a folder are those of one run: when the training begins, event files that an earlier `TensorBoard` has
    written to the folder are replaced. The command ``tensorboard --logdir FOLDER`` shows the curves. The package
    tensorboardX is needed; the extra ``track`` installs it.

    Parameters
    ----------
    folder : path
        Folder of the event files; it is made.

    Raises
    ------
    ConfigurationError
        The package tensorboardX is not installed.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._writer: Any = None
        require_tensorboard()

    def begin(self, run: Run) -> None:
        """Replace earlier event files by one that has the epochs of earlier sessions."""
        from tensorboardX import SummaryWriter

        for path in self.folder.glob(EVENTS):
            path.unlink(missing_ok=True)
        self._writer = SummaryWriter(str(self.folder), filename_suffix=EVENTS.rpartition("*")[2])
        for row in run.history.rows:
            self.epoch(row, run)

    def epoch(self, row: dict[str, Any], run: Run) -> None:
        """Write the figures of an epoch."""
        for name, value in row.items():
            if name != "epoch":
                self._writer.add_scalar(name, value, row["epoch"])
        self._writer.flush()

    def close(self) -> None:
        """Close the event file."""
        if self._writer is not None:
            self._writer.close()


def require_tensorboard() -> None:
    """Raise `ConfigurationError` if the package that writes event files is missing."""
    require_package("tensorboardX", "tensorboard", "track")
