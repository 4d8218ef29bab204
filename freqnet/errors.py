"""The errors a user can cause, each with one message: what was got, what was expected, what to do.

The command line prints the message on one line and exits with status 2; a library user catches
`FreqnetError` or one of its few children.
"""

from __future__ import annotations


class FreqnetError(Exception):
    """Base of every error that freqnet raises on purpose."""


class ShapeError(FreqnetError, ValueError):
    """An array, a band or a grid has the wrong shape for what was asked of it."""


class SpaceError(FreqnetError, TypeError):
    """Tensors of different domains, grids, bands or normalisations were mixed."""


class TransformError(FreqnetError, RuntimeError):
    """A transform was asked for inside a region that must stay in its domain."""


class DataError(FreqnetError, ValueError):
    """A dataset is missing, damaged, or not usable for training."""


class CheckpointError(FreqnetError, ValueError):
    """A checkpoint is missing, damaged, of another version, or not one of ours."""


class ConfigurationError(FreqnetError, ValueError):
    """A name, a choice or an output folder that was asked for is not usable."""


class DivergenceError(FreqnetError, ArithmeticError):
    """Training diverged: the loss or a layer's power is no longer finite."""


class GradientError(FreqnetError, AssertionError):
    """A gradient check failed: the derivative rule and the differences disagree."""


class NetworkWarning(UserWarning):
    """What a network is warned of when it is made or run."""


class ConditionWarning(NetworkWarning):
    """Numbers of this precision hold a signal badly: the condition number is large."""


class ModuloWarning(NetworkWarning):
    """A linear convolution outgrows its nodes: its result is the remainder modulo their polynomial."""


class RangeWarning(UserWarning):
    """An activation is used beyond the range it was fitted on."""


def got_expected(what: str, got: object, expected: object, todo: str) -> str:
    """Format the one message every error carries.

    >>> got_expected("band", 5, "at most 3 on a grid of 8", "pass --modes 7 or fewer")
    'band: got 5, expected at most 3 on a grid of 8; pass --modes 7 or fewer'
    """
    return f"{what}: got {got}, expected {expected}; {todo}"


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
    return " ".join(str(error).split()) or type(error).__name__
