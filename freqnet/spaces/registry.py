"""The registry of domains: functions that make spaces, by name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from freqnet.errors import ConfigurationError, got_expected

if TYPE_CHECKING:
    from freqnet.spaces.base import Space

# Makes a space: ``make(grid, band=None, kind="signal", support=None)``.
Factory = Callable[..., "Space"]
# Turns the text after the colon of a name into keyword arguments of the factory.
Reader = Callable[[str], dict[str, Any]]

DOMAINS: dict[str, Factory] = {}
# The domain of networks for which none is given.
DEFAULT_DOMAIN = "fourier"
_READERS: dict[str, Reader] = {}


def register_domain(name: str, make: Factory, read: Reader | None = None) -> None:
    """Add a domain to the registry, where networks, the command line and the contract tests find it.

    Parameters
    ----------
    name : str
        A new name.
    make : callable
        ``make(grid, band=None, kind="signal", support=None)``, usually ``MySpace.on``.
    read : callable, optional
        ``read(text)`` turns the text of a name ``name:text`` into further keyword arguments of `make`.

    Raises
    ------
    ConfigurationError
        The name is taken.
    """
    if name in DOMAINS:
        raise ConfigurationError(
            got_expected("domain name", repr(name), "a new name", "register it under another name")
        )
    DOMAINS[name] = make
    if read is not None:
        _READERS[name] = read


def get_domain(name: str) -> Factory:
    """Return the function that makes the spaces of a domain.

    Parameters
    ----------
    name : str
        A registered name; some domains take parameters after a colon, such as ``laplace:rates=0.5``.

    Returns
    -------
    callable
        ``make(grid, band=None, kind="signal", support=None) -> Space``.

    Raises
    ------
    ConfigurationError
        There is no such domain, or its parameters are not valid.

    Examples
    --------
    >>> from freqnet.spaces import get_domain
    >>> print(get_domain("fourier")((8, 8), band=2))
    fourier signal, grid 8x8, band 2x2
    """
    if name in DOMAINS:
        return DOMAINS[name]
    word, colon, text = str(name).partition(":")
    if colon and word in _READERS:
        options = _READERS[word](text)
        make = partial(DOMAINS[word], **options)
        # Make a space now, so that options out of range raise here.
        make(1)
        return make
    near = get_close_matches(word, DOMAINS, 1)
    todo = f"did you mean {near[0]!r}?" if near else "take 'fourier'"
    raise ConfigurationError(got_expected("domain", repr(name), " or ".join(sorted(DOMAINS)), todo))
