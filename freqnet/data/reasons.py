"""Quote the error of another library inside one of our one-line messages."""

from __future__ import annotations


def reason(error: BaseException) -> str:
    r"""Return what an error says on one line, or its type where it says nothing.

    >>> reason(ValueError("the header is long.\nTrust it?")), reason(EOFError())
    ('the header is long. Trust it?', 'EOFError')
    """
    return " ".join(str(error).split()) or type(error).__name__
