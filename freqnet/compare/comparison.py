"""What is to be compared: the same training runs in several domains."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from freqnet.checks import is_whole
from freqnet.domains import DOMAINS
from freqnet.errors import ConfigurationError, got_expected
from freqnet.runs import Job


@dataclass(frozen=True)
class Comparison:
    """The same training runs in several domains: one for each domain and seed.

    Runs of one seed have the same split, order of examples, shifts, optimiser and random weights. In spectral
    domains these weights are the same function; on samples products may alias, and so it is a close relative.

    Parameters
    ----------
    data : str
        As `freqnet.data.load` takes it.
    domains : sequence of str
        Names of the domains to compare.
    seeds : sequence of int
        Of split, weights, order and shifts.
    out : path
        The folder of the comparison; each run has a folder in it, ``DOMAIN-seedS``.
    folder : path, optional
        Where the IDX files of ``mnist`` are.
    fractions : dict
        ``test`` and ``validation``, where they differ from the defaults 0.2 and 0.
    model : dict
        Fields of `freqnet.training.Model`, without the domain.
    settings : dict
        Fields of `freqnet.training.Settings`, without the seed.

    Raises
    ------
    ConfigurationError
        No domain or seed, one of them twice, or a domain that there is none of.

    Examples
    --------
    >>> from freqnet.compare import Comparison
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

    def __post_init__(self) -> None:
        check_domains(self.domains)
        if not self.seeds or not all(is_whole(seed) and seed >= 0 for seed in self.seeds):
            expected = "at least one whole number of 0 or more"
            raise ConfigurationError(got_expected("seeds", tuple(self.seeds), expected, "change them"))
        _refuse_twice("seeds", self.seeds)
        for name, group in (("domain", self.model), ("seed", self.settings)):
            if name in group:
                raise ConfigurationError(got_expected(name, group[name], "none here", f"list it among the {name}s"))

    @property
    def path(self) -> Path:
        """The folder of the comparison, as a path that is the same in every process."""
        return Path(self.out).expanduser().resolve()

    def command(self) -> str:
        """Return the command that repeats this comparison; empty where its seeds are not 0, 1, ...

        >>> Comparison("digits", ("fourier", "grid"), (0, 1), "compared", settings={"epochs": 3}).command()
        'freqnet compare digits --epochs 3 --domains fourier,grid --seeds 2'
        """
        if list(self.seeds) != list(range(len(self.seeds))):
            return ""
        words = shlex.split(Job(self.data, self.folder, None, self.fractions, self.model, self.settings).command())
        words[1] = "compare"
        return shlex.join([*words, "--domains", ",".join(self.domains), "--seeds", str(len(self.seeds))])

    def jobs(self) -> list[Job]:
        """Return the runs: all domains of the first seed, then of the next."""
        return [self.job(domain, seed) for seed in self.seeds for domain in self.domains]

    def job(self, domain: str, seed: int) -> Job:
        """Return the run of a domain and a seed."""
        return Job(
            self.data,
            self.folder,
            self.path / f"{domain}-seed{seed}",
            self.fractions,
            {"domain": domain, **self.model},
            {**self.settings, "seed": int(seed)},
        )


def check_domains(names: Sequence[str]) -> None:
    """Check that there are domains of these names, each named once."""
    known = " or ".join(DOMAINS)
    if isinstance(names, str) or not names:
        raise ConfigurationError(got_expected("domains", repr(names), f"a list of {known}", "name at least one"))
    for name in names:
        if name not in DOMAINS:
            near = get_close_matches(str(name), DOMAINS, 1)
            todo = f"did you mean {near[0]!r}?" if near else "choose among these"
            raise ConfigurationError(got_expected("domain", repr(name), known, todo))
    _refuse_twice("domains", names)


def _refuse_twice(what: str, values: Sequence[Any]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ConfigurationError(got_expected(what, f"{twice[0]} twice", "each once", "leave one out"))
