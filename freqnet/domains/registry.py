"""The domains there are, by name."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches

from freqnet.domains.base import Domain
from freqnet.errors import ConfigurationError, got_expected

DOMAINS: dict[str, Domain] = {}


def register_domain(domain: Domain) -> Domain:
    """Add a domain to the registry that the contract tests and the command line read."""
    if domain.name in DOMAINS:
        raise ConfigurationError(got_expected("domain name", repr(domain.name), "a new name", "rename the domain"))
    DOMAINS[domain.name] = domain
    return domain


# What makes domains of names with parameters, ``word:...``, and those it has made.
_MAKERS: dict[str, Callable[[str], Domain]] = {}
_MADE: dict[str, Domain] = {}


def register_maker(word: str, make: Callable[[str], Domain]) -> None:
    """Let names ``word:...`` make domains."""
    _MAKERS[word] = make


def known(domain: Domain) -> bool:
    """Whether `get_domain` finds this domain by its name."""
    return domain in (DOMAINS.get(domain.name), _MADE.get(domain.name))


def get_domain(name: str) -> Domain:
    """Return the domain of that name.

    >>> from freqnet.domains import get_domain
    >>> get_domain("fourier")
    <domain fourier>

    Raises
    ------
    ConfigurationError
        There is none.
    """
    if name in DOMAINS:
        return DOMAINS[name]
    word = str(name).partition(":")[0]
    if word not in _MAKERS:
        near = get_close_matches(word, DOMAINS, 1)
        todo = f"did you mean {near[0]!r}?" if near else "choose one of these"
        raise ConfigurationError(got_expected("domain", repr(name), " or ".join(DOMAINS), todo))
    if name not in _MADE:
        _MADE[name] = _MAKERS[word](name)
    return _MADE[name]
