"""Comparisons: the choices of the same training runs in several domains."""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from freqnet.checks import is_whole, shown
from freqnet.errors import ConfigurationError, got_expected
from freqnet.experiments.job import Job, check_names
from freqnet.spaces import DOMAINS, get_domain
from freqnet.training.choices import GROUPS

# Characters of a domain's name in a folder's name; file systems allow 255 for the whole name.
_LONGEST = 120


# More than 8 fields: the seven of `Job`, and the domains, seeds and numbers of nodes that vary between runs.
@dataclass(frozen=True)
class Comparison:
    """The same training runs in several domains: one for each domain and seed.

    Runs of one seed have the same split, order of examples, shifts, optimiser and random weights. In spectral
    domains equal weights are the same function; on samples the function differs where products alias.

    Parameters
    ----------
    data : str
        Name or path of the data, as `freqnet.data.load` takes it.
    domains : sequence of str
        Names of the domains to compare, as `freqnet.spaces.get_domain` takes them.
    seeds : sequence of int
        Seeds of the splits, weights, orders and shifts.
    out : path
        Folder of the comparison; each run has a folder in it, ``DOMAIN-seedS``, as `folder_name` writes it.
    folder : path, optional
        Folder with the files of a named dataset, such as ``mnist``.
    fractions : dict
        Fields of `freqnet.training.Shares`.
    model : dict
        Fields of `freqnet.training.Model`, without the domain.
    settings : dict
        Fields of `freqnet.training.Settings`, without the seed.
    nodes : sequence of int
        Numbers of nodes along each axis for further runs of node domains (the causal ones, such as ``laplace``): one
        run per number and seed.
    reading : dict
        Fields of `freqnet.training.Reading`.
    records : dict
        Fields of `freqnet.training.Records`.

    Raises
    ------
    ConfigurationError
        There is no domain or no seed, a domain or seed is repeated, a domain is unknown, or there are nodes but no
        node domain.

    Examples
    --------
    >>> from freqnet.experiments import Comparison
    >>> comparison = Comparison("digits", ("fourier", "grid"), seeds=(0, 1), out="compared")
    >>> [job.out.name for job in comparison.jobs()]
    ['fourier-seed0', 'grid-seed0', 'fourier-seed1', 'grid-seed1']
    """

    data: str
    domains: Sequence[str]
    seeds: Sequence[int]
    out: str | Path
    folder: Path | None = None
    fractions: dict[str, float] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    nodes: Sequence[int] = ()
    reading: dict[str, Any] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_domains(self.domains)
        for name, works in (("seeds", "range(3)"), ("nodes", "(6, 8)")):
            value = getattr(self, name)
            if isinstance(value, str) or not isinstance(value, Iterable):
                expected, todo = "a list of whole numbers", f"pass {name}={works}"
                raise ConfigurationError(got_expected(name, shown(value), expected, todo))
            object.__setattr__(self, name, tuple(value))
        for part, kind in GROUPS.items():
            check_names(part, getattr(self, part), kind)
        if not self.seeds or not all(is_whole(seed) and seed >= 0 for seed in self.seeds):
            expected = "at least one whole number of 0 or more"
            raise ConfigurationError(got_expected("seeds", tuple(self.seeds), expected, "pass seeds=(0, 1, 2)"))
        _refuse_twice("seeds", self.seeds)
        for name, group in (("domain", self.model), ("seed", self.settings)):
            if name in group:
                raise ConfigurationError(got_expected(name, group[name], "none here", f"list it among the {name}s"))
        self._check_nodes()

    def _check_nodes(self) -> None:
        if not all(is_whole(count) and count > 0 for count in self.nodes):
            raise ConfigurationError(
                got_expected("nodes", self.nodes, "whole numbers of 1 or more", "pass nodes=(6, 8)")
            )
        _refuse_twice("nodes", self.nodes)
        if self.nodes and not any(get_domain(name)(1).has_nodes for name in self.domains):
            got, todo = ",".join(self.domains), "add laplace to the domains, or leave nodes out"
            raise ConfigurationError(got_expected("domains with nodes", got, "a domain of nodes", todo))

    @property
    def path(self) -> Path:
        """Folder of the comparison, as an absolute path, which is the same in every process."""
        return Path(self.out).expanduser().resolve()

    def command(self) -> str:
        """Return the command that repeats this comparison; empty if its seeds are not 0, 1, ...

        >>> Comparison("digits", ("fourier", "grid"), (0, 1), "compared", settings={"epochs": 3}).command()
        'freqnet compare digits --epochs 3 --domains fourier,grid --seeds 2'
        """
        if list(self.seeds) != list(range(len(self.seeds))):
            return ""
        groups = {group: getattr(self, group) for group in GROUPS}
        words = shlex.split(Job(self.data, self.folder, **groups).command())
        words[1] = "compare"
        words += ["--domains", ",".join(self.domains), "--seeds", str(len(self.seeds))]
        return shlex.join([*words, *(("--nodes", ",".join(map(str, self.nodes))) if self.nodes else ())])

    def variants(self) -> list[tuple[str, int | None]]:
        """Return every domain, then the node domains with each of the numbers of nodes.

        >>> Comparison("digits", ("laplace", "grid"), (0,), "out", nodes=(6, 8)).variants()
        [('laplace', None), ('grid', None), ('laplace', 6), ('laplace', 8)]
        """
        fewer = [(name, int(count)) for name in self.domains if get_domain(name)(1).has_nodes for count in self.nodes]
        return [*((name, None) for name in self.domains), *fewer]

    def jobs(self) -> list[Job]:
        """Return the runs: all domains for each seed in turn, then those with other numbers of nodes."""
        return [self.job(*variant, seed) for variant, seed in self.runs()]

    def runs(self) -> list[tuple[tuple[str, int | None], int]]:
        """Return the variant and the seed of every run, in the order of `jobs`."""
        named, fewer = ([v for v in self.variants() if (v[1] is None) == is_named] for is_named in (True, False))
        return [(variant, seed) for group in (named, fewer) for seed in self.seeds for variant in group]

    def job(self, domain: str, nodes: int | None, seed: int) -> Job:
        """Return the run of a domain and a seed, with its default number of nodes or another number."""
        count = {} if nodes is None else {"modes": nodes}
        return Job(
            self.data,
            self.folder,
            self.path / folder_name(domain, nodes, seed),
            self.fractions,
            {"domain": domain, **self.model, **count},
            {**self.settings, "seed": int(seed)},
            self.reading,
            records=self.records,
        )


def check_domains(names: Sequence[str]) -> None:
    """Check that domains of these names exist and that none is repeated."""
    known = " or ".join(DOMAINS)
    if isinstance(names, str) or not names:
        raise ConfigurationError(got_expected("domains", repr(names), f"a list of {known}", "name at least one"))
    for name in names:
        # The domain itself reads the parameters in its name.
        word, colon, rest = str(name).partition(":")
        if not isinstance(name, str) or word not in DOMAINS:
            near = get_close_matches(word, DOMAINS, 1)
            todo = f"did you mean {near[0] + colon + rest!r}?" if near else "choose among these"
            raise ConfigurationError(got_expected("domain", repr(name), known, todo))
        get_domain(name)
    _refuse_twice("domains", names)


def read_domains(text: str) -> tuple[str, ...]:
    """Return the names of domains in a text that separates them by commas.

    A name may contain commas between numbers. No name begins like a number, and thus a part that does continues the
    name before it.

    >>> read_domains("fourier, laplace:nodes=0.9,0.5,-.3:factored, grid")
    ('fourier', 'laplace:nodes=0.9,0.5,-.3:factored', 'grid')
    """
    names: list[str] = []
    for part in (part.strip() for part in text.split(",")):
        if names and part[:1] and part[0] in "0123456789.+-":
            names[-1] += f",{part}"
        elif part:
            names.append(part)
    return tuple(names)


def folder_name(domain: str, nodes: int | None, seed: int) -> str:
    """Return the name of a run's folder: distinct for each domain, and valid in every file system.

    >>> folder_name("fourier", None, 0), folder_name("laplace:nodes=0.9,0.5", 2, 1)
    ('fourier-seed0', 'laplace_nodes~0.9+0.5-2nodes-seed1')
    """
    # Replacement signs in a name are escaped themselves, so that no two names become one. Capitals are escaped as well:
    # some file systems do not distinguish them.
    signs = {":": "_", "=": "~", ",": "+"}
    plain = set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    safe = "".join(signs.get(c, c if c in plain else f"%{ord(c):x}%") for c in domain)
    if len(safe) > _LONGEST:
        safe = f"{safe[:_LONGEST]}-{hashlib.sha256(domain.encode()).hexdigest()[:12]}"
    return safe + ("" if nodes is None else f"-{nodes}nodes") + f"-seed{seed}"


def _refuse_twice(what: str, values: Sequence[Any]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ConfigurationError(got_expected(what, f"{twice[0]} twice", "each once", "leave one out"))
