"""Rules for real nodes: where a causal signal is evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.errors import ConfigurationError, got_expected

FAMILIES = ("chebyshev", "chebyshev-positive", "rates", "nodes", "trained")


@dataclass(frozen=True)
class Nodes:
    """A rule for nodes, the smallest rates first: a family, equispaced rates, or nodes that are given.

    Parameters
    ----------
    family : {"chebyshev", "chebyshev-positive", "rates", "nodes", "trained"}
        Chebyshev's nodes on [-1, 1], or on (0, 1), where e^-p lies for the positive rates p of arXiv 2108.05690;
        "rates" are p = step, 2 step, ...; "nodes" are given, "trained" are to be found by `train_nodes`.
    step : float
        Between equispaced rates, per sample.
    values : tuple of float
        The nodes z themselves, for "nodes": distinct, the same for any number of samples.

    Raises
    ------
    ConfigurationError
        No such family, no positive step, nodes that are not distinct or not finite.

    Examples
    --------
    >>> from freqnet.spaces import Nodes
    >>> Nodes("rates", 0.5).most(8), Nodes("nodes", values=(0.9, 0.5)).most(8)
    (8, 2)
    """

    family: str = "chebyshev"
    step: float = 0.25
    values: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            known = " or ".join(FAMILIES)
            raise ConfigurationError(got_expected("nodes", repr(self.family), known, "choose one of these"))
        if self.family == "rates" and not (np.isfinite(self.step) and self.step > 0):
            raise ConfigurationError(got_expected("step of rates", self.step, "a number above 0", "change it"))
        if self.family == "nodes":
            distinct = len(set(self.values)) == len(self.values) > 0
            if not distinct or not np.isfinite(self.values).all() or np.abs(self.values).max() > 1:
                expected = "distinct numbers from -1 to 1"
                raise ConfigurationError(got_expected("nodes", self.values, expected, "change them"))

    @property
    def text(self) -> str:
        """What `read_nodes` reads.

        >>> Nodes("rates", 0.5).text
        'rates=0.5'
        """
        numbers = {"rates": (self.step,), "nodes": self.values}.get(self.family, ())
        return self.family + (f"={','.join(map(repr, numbers))}" if numbers else "")

    def most(self, samples: int) -> int:
        """How many nodes there can be for so many samples."""
        return min(samples, len(self.values)) if self.family == "nodes" else samples


def read_nodes(text: str) -> Nodes:
    """Return the nodes of a text: chebyshev, chebyshev-positive, rates=STEP, rates=P,P,..., nodes=Z,Z,... or trained.

    One rate is the step between equispaced ones, several are the rates p themselves, of the nodes e^-p.

    Raises
    ------
    ConfigurationError
        The text is not of this form.

    Examples
    --------
    >>> read_nodes("nodes=0.9,-0.5").values
    (0.9, -0.5)
    """
    family, _, values = text.partition("=")
    try:
        numbers = tuple(float(v) for v in values.split(",")) if "=" in text else ()
    except ValueError:
        todo = "rates=0.25, or nodes=0.9,0.5,-0.5"
        raise ConfigurationError(got_expected(f"nodes {family}", repr(values), "numbers", todo)) from None
    if family == "nodes":
        return Nodes(family, values=numbers)
    if family == "rates" and len(numbers) > 1:
        return Nodes("nodes", values=tuple(np.exp(-np.array(numbers)).tolist()))
    if numbers and family != "rates":
        raise ConfigurationError(got_expected(f"nodes {family}", repr(values), "no more numbers", "leave them out"))
    return Nodes(family, numbers[0]) if numbers else Nodes(family)
