"""The registry of claims by id: the library's own and those that users add."""

from __future__ import annotations

import difflib
import traceback
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from pathlib import Path

from freqnet.errors import ConfigurationError, got_expected

from .claim import Claim
from .papers import current_key
from .unicode import in_unicode

_added: dict[str, Claim] = {}
_from_files: set[str] = set()


def register(claim: Claim) -> Claim:
    """Add a claim to those that `catalogue` returns.

    Raises
    ------
    ConfigurationError
        Another claim has the same id, or no picture has the name that the claim gives.
    """
    if claim.picture:
        from .pictures import PICTURES  # which loads the plots

        if claim.picture not in PICTURES:
            expected = f"one of {', '.join(PICTURES)}"
            raise ConfigurationError(got_expected("picture", repr(claim.picture), expected, "leave picture out"))
    known = _own() | _added
    others = [other for other in known.values() if other.id != claim.id]
    taken = {name for other in others for name in (other.id, *other.aliases)}
    if known.get(claim.id, claim) != claim or taken & {claim.id, *claim.aliases}:
        raise ConfigurationError(got_expected("claim id", repr(claim.id), "one that is not taken", "choose another id"))
    _added[claim.id] = claim
    return claim


@cache
def _own() -> dict[str, Claim]:
    """Return the library's claims: each module of `freqnet.theory.claims` has CLAIMS."""
    package = import_module(f"{__package__}.claims")
    found: dict[str, Claim] = {}
    for subject in package.SUBJECTS:
        for claim in import_module(f"{package.__name__}.{subject}").CLAIMS:
            if claim.id in found:
                raise ConfigurationError(
                    got_expected("claim id", repr(claim.id), "one that is not taken", "choose another id")
                )
            found[claim.id] = claim
    return found


def is_added(claim: Claim) -> bool:
    """Tell whether a claim is none of the library's own."""
    return claim.id not in _own()


def catalogue(source: str | None = None) -> list[Claim]:
    """Return all claims, or those of one source: a key of `freqnet.theory.papers.PAPERS`, or "own".

    Keys of earlier versions still work, such as "pan2021" for "zhu2021".

    Raises
    ------
    ConfigurationError
        No source has this key.

    >>> len(catalogue()) > 60
    True
    >>> "ko2017" in {source.paper for source in catalogue("ko2017")[0].sources}
    True
    """
    every = list((_own() | _added).values())
    if source is None:
        return every
    papers = {where.paper for claim in every for where in claim.sources} | {"own"}
    source = current_key(source)
    if source not in papers:
        raise ConfigurationError(
            got_expected("source", repr(source), f"one of {', '.join(sorted(papers))}", _near(source, papers))
        )
    return [c for c in every if (source in {s.paper for s in c.sources} if source != "own" else not c.sources)]


def find(name: str) -> Claim:
    """Return the claim with an id, or with an id that it had in an earlier version.

    Raises
    ------
    ConfigurationError
        No claim has this id; the message lists similar ids.

    >>> find("sigmoid-fourier-interval").verdict
    'conditional'
    """
    every = {claim.id: claim for claim in catalogue()}
    former = {alias: claim for claim in every.values() for alias in claim.aliases}
    if name in every or name in former:
        return every.get(name) or former[name]
    raise ConfigurationError(got_expected("claim", repr(name), "the id of a claim", _near(name, every)))


def search(words: str) -> list[Claim]:
    """Return the claims whose id, title and statement contain all of these words, in small or capital letters.

    Raises
    ------
    ConfigurationError
        No claim contains all words, or there is no word.

    >>> "max-pooling-convolution" in [claim.id for claim in search("max pooling")]
    True
    """
    wanted = words.lower().split()
    found = [c for c in catalogue() if wanted and all(word in _searched(c) for word in wanted)]
    if not found:
        expected = "words of the title or the statement of a claim"
        raise ConfigurationError(
            got_expected("search", repr(words), expected, "freqnet verify --list shows all titles")
        )
    return found


def _searched(claim: Claim) -> str:
    """Return the text in which `search` looks, with formulas both in TeX and in Unicode."""
    return " ".join((claim.id, claim.title, claim.statement, in_unicode(claim.statement))).lower()


def _near(name: str, known: Iterable[str]) -> str:
    """Return the advice for an unknown name: similar names."""
    words = [key for key in known if any(len(word) > 2 and word in key for word in name.lower().split("-"))]
    near = list(dict.fromkeys([*difflib.get_close_matches(name.lower(), known, n=5, cutoff=0.5), *words]))[:5]
    return f"did you mean {', '.join(near)}?" if near else "freqnet verify --list names all"


def is_known_elsewhere(claim: Claim, with_files: bool) -> bool:
    """Tell whether another process that has run the same files can find a claim by its id."""
    return _own().get(claim.id) is claim or (with_files and claim.id in _from_files)


def load_files(paths: list[Path | str]) -> None:
    """Run several Python files that register claims."""
    for path in paths:
        load_file(path)


def load_file(path: Path | str) -> None:
    """Run a Python file that registers claims.

    Parameters
    ----------
    path : path or str

    Raises
    ------
    ConfigurationError
        The file does not exist, it raised an error, or it registers no new claim.
    """
    path = Path(path)
    try:
        code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    except (OSError, SyntaxError, ValueError) as error:
        raise ConfigurationError(
            got_expected(
                "file of claims", f"{path} ({error})", "a readable Python file", "check the path and the syntax"
            )
        ) from error
    before = set(_added)
    try:
        exec(code, {"__name__": path.stem, "__file__": str(path)})
    except ConfigurationError:
        raise
    except (Exception, SystemExit) as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        got = f"{path}, line {lines[-1] if lines else 1}: {type(error).__name__}: {error}".rstrip(": ")
        raise ConfigurationError(
            got_expected("file of claims", got, "a file that runs without errors", "correct this line")
        ) from error
    new = set(_added) - before
    if not new:
        todo = "call freqnet.theory.register(Claim(...)) in it"
        raise ConfigurationError(got_expected("file of claims", f"{path}, no new claim", "a file with claims", todo))
    _from_files.update(new)
