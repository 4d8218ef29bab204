"""Time series: files ``.ts`` and ``.arff`` with a training and a test part, and those that the package aeon ships.

Values are read by the loaders of aeon. What they would read wrongly, such as time stamps, is refused before.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from freqnet.data.readers import Contents, register_reader
from freqnet.data.registry import SHIPPED
from freqnet.data.test_sets import tell_missing_test
from freqnet.errors import ConfigurationError, DataError, did_you_mean, got_expected, how_to_install, require_package

_TRAIN, _TEST = "_TRAIN", "_TEST"
# In the order in which they are looked for: archives hold the same series in both formats.
_SUFFIXES = (".ts", ".arff")
_LAYOUT = "n c t"
# Longer lines are data without a header, or no text.
_LONGEST_LINE = 1_000_000


# -- reading ---------------------------------------------------------------------------------------------------
def read_ts(path: Path) -> Contents:
    """Return the series of a ``.ts`` file, with the names of the classes as its header writes them.

    ``@targetLabel true`` in the header makes them targets of a regression.
    """
    require_package("aeon", f"file {path}", "series")
    tags = {tag.lower(): rest for tag, _, rest in (line.partition(" ") for line in _header(path))}
    if tags.get("@timestamps", "").strip().lower() == "true":
        # aeon 1.6 drops the signs of values with time stamps.
        got, todo = "values with time stamps", "write the values alone, at equal distances, with @timeStamps false"
        raise DataError(got_expected(f"file {path}", got, "@timeStamps false", todo))
    if not tags.keys() & {"@classlabel", "@targetlabel"}:
        # aeon would read the last channel as classes.
        got, todo = "no line @classLabel or @targetLabel", "add @classLabel false for series without targets"
        raise DataError(got_expected(f"file {path}", got, "one of them", todo))
    from aeon.datasets import load_from_ts_file

    x, y, found = load_from_ts_file(str(path), return_meta_data=True)
    if found["targetlabel"]:
        return _contents(path, x, y, None)
    names = tags.get("@classlabel", "").split()[1:]
    return _contents(path, x, y if found["classlabel"] else None, names)


def read_arff(path: Path) -> Contents:
    """Return the series of an ``.arff`` file of one or several channels; its last attribute is the target."""
    require_package("aeon", f"file {path}", "series")
    attributes = [line for line in _header(path) if line.lower().startswith("@attribute")]
    target = attributes[-1] if attributes else ""
    from aeon.datasets import load_from_arff_file

    x, y = load_from_arff_file(str(path))
    names = None
    if "{" in target:
        names = [name.strip().strip("'\"") for name in target.partition("{")[2].rpartition("}")[0].split(",")]
        y = np.array([str(label).strip("'\"") for label in y])
    return _contents(path, x, y, names)


def _header(path: Path) -> list[str]:
    """Return the lines before ``@data``."""
    lines: list[str] = []
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            if line.strip().lower() == "@data":
                return lines
            if line.strip():
                lines.append(" ".join(line.split()))
            if len(line) > _LONGEST_LINE:
                break
    got, todo = "no line @data", "write a header, as the archive of time series has it"
    raise DataError(got_expected(f"file {path}", got, "a header that ends in @data", todo))


def _contents(path: Path, x: Sequence[np.ndarray], y: np.ndarray | None, names: Sequence[str] | None) -> Contents:
    """Return the series as they are, after checking them; without names, the targets are numbers."""
    if len(x) == 0:
        raise DataError(got_expected(f"file {path}", "no series", "series after @data", "write the file again"))
    missing = [int(np.isnan(one).sum()) for one in x]
    if any(missing):
        first = next(number for number, count in enumerate(missing) if count)
        got = f"{sum(missing)} missing values, the first in series {first}"
        todo = "fill them, as by aeon.transformations.collection.SimpleImputer, or leave these series out"
        raise DataError(got_expected(f"file {path}", got, "a value at each time", todo))
    if y is None or names is None:
        return Contents(
            x, None if y is None else y.astype(float), layout=_LAYOUT, task="" if y is None else "regression"
        )
    return Contents(x, _as_written(path, y, names), names, _LAYOUT, task="classification")


def _as_written(path: Path, labels: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return labels as the header writes them: aeon returns those of ``.ts`` files in lower case."""
    known = {name.lower(): name for name in names}
    if len(known) < len(names):
        got, todo = f"the classes {', '.join(names)}", "give the classes names that differ in more than their case"
        raise DataError(got_expected(f"file {path}", got, "each class once", todo))
    lower = [str(label).strip().lower() for label in labels]
    odd = next((number for number, label in enumerate(lower) if label not in known), None)
    if odd is not None:
        got, expected = f"the class {lower[odd]!r} of series {odd}", f"one of {', '.join(names)}, as in the header"
        raise DataError(got_expected(f"file {path}", got, expected, "write the file again, or add it to the header"))
    return np.array([known[label] for label in lower])


# -- training and test parts -----------------------------------------------------------------------------------
def is_series_folder(path: Path) -> bool:
    """Return whether a folder holds a training part, ``NAME_TRAIN.ts`` or ``NAME_TRAIN.arff``."""
    return path.is_dir() and bool(_train_files(path))


def train_file(folder: Path) -> Path:
    """Return the training part in a folder.

    Raises
    ------
    DataError
        There are several.
    """
    found = _train_files(folder)
    if len(found) > 1:
        got, todo = " and ".join(file.name for file in found), f"name one of them, such as {found[0]}"
        raise DataError(got_expected(f"folder {folder}", got, f"one file *{_TRAIN}.ts", todo))
    return found[0]


def _train_files(folder: Path) -> list[Path]:
    """Return the training parts in a folder, each in the first format that it has."""
    found: dict[str, Path] = {}
    for suffix in _SUFFIXES:
        for file in sorted(folder.glob(f"*{_TRAIN}{suffix}")):
            found.setdefault(file.stem, file)
    return list(found.values())


def is_training_part(path: Path) -> bool:
    """Return whether a file has the name of a training part."""
    return path.suffix in _SUFFIXES and path.stem.endswith(_TRAIN)


def official_test_file(path: Path) -> Path | None:
    """Return the test part that lies beside a training part; None where there is none, or for other files.

    Warns
    -----
    DataWarning
        A training part has no test part.
    """
    if not is_training_part(path):
        return None
    tested = _test_file_of(path)
    if tested.is_file():
        return tested
    tell_missing_test(f"file {path}", f"no {tested.name} beside it", "add it")
    return None


def _test_file_of(path: Path) -> Path:
    return path.with_name(part_name(path) + _TEST + path.suffix)


def part_name(path: Path) -> str:
    """Return the name of the data of which a file is the training part.

    >>> part_name(Path("GunPoint_TRAIN.ts")), part_name(Path("waves.ts"))
    ('GunPoint', 'waves')
    """
    return path.stem.removesuffix(_TRAIN)


# -- what aeon ships -------------------------------------------------------------------------------------------
def shipped_file(source: str) -> Path:
    """Return the training part of data that lie in the package aeon: shipped with it, or loaded by it before.

    Nothing is loaded from elsewhere.

    Parameters
    ----------
    source : str
        A name such as ``"aeon:GunPoint"``.

    Raises
    ------
    ConfigurationError
        aeon is not installed.
    DataError
        There are no such data.
    """
    # find_spec does not import aeon, which takes seconds.
    spec = importlib.util.find_spec("aeon")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(got_expected(f"data {source}", "no package aeon", "it", how_to_install("series")))
    root = Path(next(iter(spec.submodule_search_locations)), "datasets")
    files = [file for own in ("data", "local_data") for file in sorted((root / own).glob(f"*/*{_TRAIN}.ts"))]
    known = {part_name(file): file for file in files if _test_file_of(file).is_file()}
    name = source.removeprefix(SHIPPED)
    if name not in known:
        todo = did_you_mean(name, known, "choose one of these, or name the path of a file")
        raise DataError(got_expected("data of aeon", repr(name), ", ".join(known), todo))
    return known[name]


register_reader(".ts", read=read_ts)
register_reader(".arff", read=read_arff)
