"""Folders in which the files of named datasets are searched for."""

from __future__ import annotations

import os
from pathlib import Path

CACHE = "~/.cache/freqnet"


def data_places(*subfolders: str) -> list[Path]:
    """Return the folders that may hold the files of a dataset, in the order of the search.

    Parameters
    ----------
    *subfolders : str
        Subfolders of ``$FREQNET_DATA`` and of ``~/.cache/freqnet``, the usual one first. ``$FREQNET_DATA`` itself comes
        after its subfolders.

    Examples
    --------
    >>> [place.name for place in data_places("mnist", "MNIST/raw")][-2:]
    ['mnist', 'raw']
    """
    cache = Path(CACHE).expanduser()
    variable = os.environ.get("FREQNET_DATA")
    chosen = Path(variable).expanduser() if variable else None
    own = [] if chosen is None else [*(chosen / name for name in subfolders), chosen]
    return [*own, *(cache / name for name in subfolders)]
