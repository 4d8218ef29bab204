"""Rules for the real nodes at which a causal signal is evaluated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.errors import ConfigurationError, got_expected

FAMILIES = ("chebyshev", "chebyshev-positive", "rates", "nodes", "trained")


@dataclass(frozen=True)
class Nodes:
    """A rule for real nodes z = e^-p: a family, equispaced rates p, or given nodes.

    Parameters
    ----------
    family : {"chebyshev", "chebyshev-positive", "rates", "nodes", "trained"}
        "chebyshev" nodes lie on [-1, 1], "chebyshev-positive" nodes on (0, 1), where the rates are positive (arXiv
        2108.05690); "rates" are p = step, 2 step, ...; "nodes" are given in `values`; "trained" nodes are to be found
        by `train_nodes`.
    step : float
        Distance of equispaced rates, per sample, above 0.
    values : tuple of float
        Distinct nodes z from -1 to 1, for "nodes"; the same for any number of samples.

    Raises
    ------
    ConfigurationError
        There is no such family, the step is not positive, or the nodes are not distinct numbers from -1 to 1.

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
            raise ConfigurationError(got_expected("nodes", repr(self.family), known, "take chebyshev"))
        if self.family == "rates" and not (np.isfinite(self.step) and self.step > 0):
            raise ConfigurationError(got_expected("step of rates", self.step, "a number above 0", "pass step=0.25"))
        if self.family == "nodes":
            distinct = len(set(self.values)) == len(self.values) > 0
            if not distinct or not np.isfinite(self.values).all() or np.abs(self.values).max() > 1:
                expected = "distinct numbers from -1 to 1"
                raise ConfigurationError(got_expected("nodes", self.values, expected, "take 0.9, 0.5, -0.5"))

    @property
    def text(self) -> str:
        """The rule as text, which `read_nodes` reads.

        >>> from freqnet.spaces import Nodes
        >>> Nodes("rates", 0.5).text
        'rates=0.5'
        """
        numbers = {"rates": (self.step,), "nodes": self.values}.get(self.family, ())
        return self.family + (f"={','.join(map(repr, numbers))}" if numbers else "")

    def most(self, samples: int) -> int:
        """Return the largest number of nodes for a number of samples."""
        return min(samples, len(self.values)) if self.family == "nodes" else samples


def read_nodes(text: str) -> Nodes:
    """Return the rule for nodes that a text describes.

    Parameters
    ----------
    text : str
        "chebyshev", "chebyshev-positive", "trained", "rates=STEP" (equispaced rates), "rates=P,P,..." (the rates p of
        nodes e^-p), or "nodes=Z,Z,...".

    Returns
    -------
    Nodes

    Raises
    ------
    ConfigurationError
        The text is not of this form.

    Examples
    --------
    >>> from freqnet.spaces.nodes.rules import read_nodes
    >>> read_nodes("nodes=0.9,-0.5").values
    (0.9, -0.5)
    """
    family, _, values = text.partition("=")
    try:
        numbers = tuple(float(v) for v in values.split(",")) if "=" in text else ()
    except ValueError:
        todo = "pass rates=0.25 or nodes=0.9,0.5,-0.5"
        raise ConfigurationError(got_expected(f"nodes {family}", repr(values), "numbers", todo)) from None
    if family == "nodes":
        return Nodes(family, values=numbers)
    if family == "rates" and len(numbers) > 1:
        return Nodes("nodes", values=tuple(np.exp(-np.array(numbers)).tolist()))
    if numbers and family != "rates":
        raise ConfigurationError(got_expected(f"nodes {family}", repr(values), "no more numbers", f"take {family}"))
    return Nodes(family, numbers[0]) if numbers else Nodes(family)
