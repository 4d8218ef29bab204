"""The registry of the files that can be read: a function for each suffix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from freqnet.errors import ConfigurationError, DataError, FreqnetError, got_expected, reason


class Contents(NamedTuple):
    """The arrays of a file.

    Attributes
    ----------
    x : ndarray, or list of ndarray
        Samples, with the axes of ``layout``; a list of samples that differ in size, each with these axes but ``n``.
    y : array_like, optional
        Class numbers or names ``(samples,)``.
    classes : array_like of str, optional
        Class names, in the order of their numbers.
    layout : str
        Names of the axes of ``x`` where the format states them, such as ``"t c"`` for one signal; empty where the sizes
        of the axes have to tell.
    full_scale : float, optional
        The whole number that stands for 1 in ``x``. By default it is 255 for dtype uint8, and 1 for other dtypes.
    rate : str
        A property that all files of a dataset must share, such as ``"8000 Hz"``.
    task : str
        Name of the task where the format states it; empty where the user says it.
    """

    x: Any
    y: Any = None
    classes: Any = None
    layout: str = ""
    full_scale: float | None = None
    rate: str = ""
    task: str = ""


# Readers by suffix. Images are read all together instead: one in colour gives all of them three channels.
READERS: dict[str, Callable[[Path], Contents]] = {}


def register_reader(*suffixes: str, read: Callable[[Path], Contents]) -> None:
    """Register the function that reads files of some suffixes.

    `load`, `load_images` and ``freqnet predict`` then read such files, alone and in folders with a subfolder per class.

    Parameters
    ----------
    *suffixes : str
        Suffixes with their dot, such as ``".npy"`` or ``".nii.gz"``, in lower case.
    read : callable
        Function that takes the path of a file and returns its `Contents`. If it raises an error of its own, the message
        names the file and quotes the error.

    Raises
    ------
    ConfigurationError
        A suffix is taken, or does not begin with a dot.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from freqnet.data import READERS, Contents, load_images, register_reader
    >>> register_reader(".txt", read=lambda path: Contents(np.loadtxt(path), layout="t"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savetxt(Path(folder, "wave.txt"), np.sin(np.arange(16)))
    ...     samples, names = load_images(Path(folder, "wave.txt"))
    >>> samples.shape
    (1, 16, 1)
    >>> _ = READERS.pop(".txt")
    """
    for suffix in suffixes:
        if not suffix.startswith(".") or suffix != suffix.lower() or suffix in READERS:
            expected = f"a suffix in lower case with its dot, other than {', '.join(READERS)}"
            raise ConfigurationError(got_expected("suffix", repr(suffix), expected, "pass '.txt', say"))
        READERS[suffix] = read


def suffix_of(path: Path) -> str:
    """Return the suffix of a file that has a reader; empty where none has, and for hidden files."""
    name = path.name.lower()
    fitting = [suffix for suffix in READERS if name.endswith(suffix) and not name.startswith(".")]
    return max(fitting, key=len, default="")


def read_file(path: Path) -> Contents:
    """Return the arrays of a file, by the reader of its suffix.

    Raises
    ------
    DataError
        The file is missing, empty or damaged, or is not what its name says.
    """
    with reading_file(path, f"complete {suffix_of(path)} file"):
        if path.stat().st_size == 0:
            raise ValueError("the file is empty")
        return READERS[suffix_of(path)](path)


@contextmanager
def reading_file(path: Path, expected: str) -> Iterator[None]:
    """Name the file in errors of a block that reads it.

    Raises
    ------
    DataError
        The file is missing, or reading it raised any other error than one of freqnet.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise DataError(got_expected("file", f"no file {path}", "an existing file", "check the path")) from error
    except FreqnetError:
        raise
    # Libraries raise dozens of unrelated types on damaged bytes, MemoryError included.
    except Exception as error:
        got, todo = f"a file that cannot be read ({reason(error)})", "write it again, or remove it"
        raise DataError(got_expected(f"file {path}", got, f"a {expected}", todo)) from error
