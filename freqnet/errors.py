"""The errors that a user can cause. Each message says what was got, what was expected and what to do.

The command line prints the message on one line and exits with status 2; a library user catches `FreqnetError` or one of
its subclasses.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType

__all__ = [
    "CheckpointError",
    "ConditionWarning",
    "ConfigurationError",
    "DataError",
    "DataWarning",
    "DivergenceError",
    "FreqnetError",
    "GradientError",
    "ModuloWarning",
    "NetworkWarning",
    "PlanWarning",
    "RangeWarning",
    "ShapeError",
    "SpaceError",
    "TransformError",
    "got_expected",
]


class FreqnetError(Exception):
    """Base of every error that freqnet raises on purpose."""


class ShapeError(FreqnetError, ValueError):
    """An array, a band or a grid does not fit the operation."""


class SpaceError(FreqnetError, TypeError):
    """A tensor is in the wrong space, or two tensors are in different spaces."""


class TransformError(FreqnetError, RuntimeError):
    """A transform was called inside ``no_transforms()``."""


class DataError(FreqnetError, ValueError):
    """A dataset is missing, damaged or unusable."""


class CheckpointError(FreqnetError, ValueError):
    """A checkpoint is missing, damaged, of another version, or was not written by freqnet."""


class ConfigurationError(FreqnetError, ValueError):
    """An option, a name or an output folder is not usable."""


class DivergenceError(FreqnetError, ArithmeticError):
    """The loss or the power of a layer is no longer finite."""


class TeamError(FreqnetError, RuntimeError):
    """A process that takes part in a training is lost, or fails."""


class GradientError(FreqnetError, AssertionError):
    """A gradient disagrees with finite differences."""


class NetworkWarning(UserWarning):
    """Base of the warnings about a network that is built or run."""


class ConditionWarning(NetworkWarning):
    """The condition number of a space is large for the precision of its numbers."""


class ModuloWarning(NetworkWarning):
    """A linear convolution does not fit its nodes: the result is reduced modulo their polynomial."""


class PlanWarning(NetworkWarning):
    """A layer keeps a network from running as a plan: training and prediction run op by op, and take longer."""


class DataWarning(NetworkWarning):
    """Samples are unlike those of the training set or unlike each other, as where they are in other units."""


class RangeWarning(UserWarning):
    """An activation is used outside the range that it was fitted on."""


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line outside of the library that led here, however deep the library is in its own calls."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == "freqnet":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, level)


# Longest word that a message repeats, in characters, and longest text of several words. A path counts as several words:
# without its middle it could not be found.
LONGEST_WORD = 100
LONGEST_TEXT = 600


def echo(value: object) -> str:
    r"""Return a value as text for a message: one line, without control characters, the middle left out if it is long.

    Parameters
    ----------
    value : object
        Text of a user, of a file, or any value.

    Returns
    -------
    str
        Printable text. Line breaks become spaces, and other characters that cannot be printed are escaped.

    Examples
    --------
    >>> echo("two\nlines \x1b[31m")
    'two lines \\x1b[31m'
    >>> len(echo("x" * 300)), len(echo("words " * 300))
    (100, 600)
    """
    # Escapes are at least as long as what they replace: the middle is left out in any case.
    text = printable(_shortened(str(value), 4 * LONGEST_TEXT))
    text = re.sub(rf"[^\s/\\]{{{LONGEST_WORD + 1},}}", lambda word: _shortened(word[0], LONGEST_WORD), text)
    return _shortened(text, LONGEST_TEXT)


def printable(text: str) -> str:
    r"""Return text on one line: line breaks become spaces, and characters that cannot be printed are escaped.

    Examples
    --------
    >>> printable("two\nlines \x1b[31m")
    'two lines \\x1b[31m'
    """
    if text.isprintable():
        return text
    return "".join(_visible(c) for c in re.sub(r"\s*[\r\n]\s*", " ", text))


def _shortened(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    tail = (longest - 3) // 3
    return f"{text[: longest - 3 - tail]}...{text[-tail:]}"


def _visible(character: str) -> str:
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def got_expected(what: str, got: object, expected: object, todo: str) -> str:
    """Return the one-line message of an error.

    Parameters
    ----------
    what : str
        The argument, option or file at fault.
    got, expected : object
        The value that was given, and the values that are allowed.
    todo : str
        Advice: the argument to change, and a value that works.

    Returns
    -------
    str
        One line. The middle of a long `what` or `got` is left out: see `echo`.

    Examples
    --------
    >>> from freqnet.errors import got_expected
    >>> got_expected("band", 5, "at most 3 on a grid of 8", "pass band=3")
    'band: got 5, expected at most 3 on a grid of 8; pass band=3'
    """
    return f"{echo(what)}: got {echo(got)}, expected {echo(expected)}; {echo(todo)}"


def reason(error: BaseException) -> str:
    r"""Return the message of an error on one line, or its type where it has no message.

    Parameters
    ----------
    error : BaseException
        Error of another library, to be quoted in a message of ours.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> reason(ValueError("the header is long.\nTrust it?")), reason(EOFError())
    ('the header is long. Trust it?', 'EOFError')
    """
    return echo(" ".join(str(error).split()) or type(error).__name__)


def did_you_mean(word: object, known: Iterable[str], otherwise: str) -> str:
    """Return what to do about an unknown word: take a known one that is spelt nearly like it, or something else.

    >>> did_you_mean("polynomal", ["gaussian", "polynomial"], "pass activation='gaussian'")
    "did you mean 'polynomial'?"
    >>> did_you_mean(3, ["gaussian", "polynomial"], "pass activation='gaussian'")
    "pass activation='gaussian'"
    """
    near = get_close_matches(str(word), list(known), 1)
    return f"did you mean {near[0]!r}?" if near else otherwise


def how_to_install(extra: str) -> str:
    """Return what to do about a missing package that an extra of freqnet installs.

    >>> how_to_install("onnx")
    'run pip install -e ".[onnx]" in the clone of freqnet'
    """
    return f'run pip install -e ".[{extra}]" in the clone of freqnet'


def require_package(name: str, what: str, extra: str) -> ModuleType:
    """Return a package that an extra of freqnet installs.

    Parameters
    ----------
    name : str
        Name of the package.
    what : str
        What needs it, for the message.
    extra : str
        Name of the extra.

    Raises
    ------
    ConfigurationError
        The package is not installed.

    Examples
    --------
    >>> require_package("json", "report", "none").__name__
    'json'
    """
    try:
        return import_module(name)
    except ImportError:
        todo = how_to_install(extra)
        raise ConfigurationError(got_expected(what, f"no package {name}", f"the extra {extra}", todo)) from None
