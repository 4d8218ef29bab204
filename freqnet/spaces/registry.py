"""The domains by name: a table of functions that make spaces."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any

from freqnet.errors import ConfigurationError, got_expected

if TYPE_CHECKING:
    from freqnet.spaces.base import Space

# What makes a space: ``make(grid, band=None, kind="signal", support=None)``.
Factory = Callable[..., "Space"]
# Reads what follows the colon of a name, as keyword arguments of the factory.
Reader = Callable[[str], dict[str, Any]]

DOMAINS: dict[str, Factory] = {}
# The domain of networks that name none.
DEFAULT_DOMAIN = "fourier"
_READERS: dict[str, Reader] = {}


def register_domain(name: str, make: Factory, read: Reader | None = None) -> None:
    """Add a domain to the table that networks, the command line and the contract tests look names up in.

    Parameters
    ----------
    name : str
    make : callable
        ``make(grid, band=None, kind="signal", support=None)``, usually ``MySpace.on``.
    read : callable, optional
        Turns TEXT of a name ``name:TEXT`` into further keyword arguments of `make`.

    Raises
    ------
    ConfigurationError
        The name is taken.
    """
    if name in DOMAINS:
        raise ConfigurationError(got_expected("domain name", repr(name), "a new name", "rename the domain"))
    DOMAINS[name] = make
    if read is not None:
        _READERS[name] = read


def get_domain(name: str) -> Factory:
    """Return the function that makes spaces of a domain.

    Parameters
    ----------
    name : str
        As registered; some domains take parameters after a colon, such as ``laplace:rates=0.5``.

    Raises
    ------
    ConfigurationError
        There is no such domain, or its parameters cannot be read.

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
        # Options out of range are found now, not when the first space is made.
        make(1)
        return make
    near = get_close_matches(word, DOMAINS, 1)
    todo = f"did you mean {near[0]!r}?" if near else "choose one of these"
    raise ConfigurationError(got_expected("domain", repr(name), " or ".join(sorted(DOMAINS)), todo))
