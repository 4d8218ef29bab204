"""Condition numbers and errors of operations of Laplace domains, by their number of nodes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from freqnet.errors import ConfigurationError, got_expected
from freqnet.experiments.operations import differences, random_samples
from freqnet.spaces import Nodes, get_domain
from freqnet.spaces.condition import REFUSED
from freqnet.spaces.trials import Trial

PRECISIONS = (np.float32, np.float64)
KINDS = tuple(np.dtype(precision).name for precision in PRECISIONS)
# Families of nodes in the figure of condition numbers.
FAMILIES = ("chebyshev", "chebyshev-positive", "rates")
# Known factors by which one more node multiplies the condition number.
GROWTH = {"chebyshev": 1 + math.sqrt(2), "chebyshev-positive": 3 + 2 * math.sqrt(2)}
MOST_NODES = 32
# Numbers of samples on an axis. Tables of bilinear products take n^4 operations in high precision: fewer sizes.
SIZES, SIZES_OF_PRODUCTS = (4, 6, 8, 10, 12, 16, 24, 32), 12
BILINEAR, FACTORED = "bilinear form", "factored"
OF_SIZE = ("convolution", f"product, {BILINEAR}", f"product, {FACTORED}", "mean", "power")
_TAPS = 3


@dataclass(frozen=True)
class SizeErrors:
    """The errors of operations on one axis of a Laplace domain, with as many nodes as samples.

    Attributes
    ----------
    samples : int
        Number of samples, and of nodes.
    precision : {"float32", "float64"}
        Precision of the samples and of the arithmetic.
    condition_number : float
        Condition number of the transform.
    errors : dict of float
        Errors by operation, as `operation_errors`, with the product computed in two ways. The bilinear form is left
        out where its table takes long to compute, or where its result has no correct digit.
    """

    samples: int
    precision: str
    condition_number: float
    errors: dict[str, float]


def errors_by_size(domain: str) -> tuple[SizeErrors, ...]:
    """Return the errors of operations for 4, 6, 8, ... samples, up to the largest size that each precision represents.

    Parameters
    ----------
    domain : str
        Name of a Laplace domain.

    Returns
    -------
    tuple of SizeErrors
        Rows for float32, then for float64, each by increasing size.

    Raises
    ------
    ConfigurationError
        There is no such domain, its nodes are not real, or they are trained.

    Examples
    --------
    >>> from freqnet.experiments import errors_by_size
    >>> first, *_, last = errors_by_size("laplace")
    >>> first.samples, first.precision, last.samples, last.precision
    (4, 'float32', 32, 'float64')
    >>> first.errors["convolution"] < 1e-5
    True
    """
    if not is_sized(domain):
        expected = "a domain with two ways to compute products, at nodes for any number of samples"
        raise ConfigurationError(got_expected("errors by size", domain, expected, "pass domain='laplace'"))
    # Domains with the same nodes have the same errors.
    return _errors_by_size(get_domain(domain)(1).product_forms[BILINEAR].domain)


def is_sized(domain: str) -> bool:
    """Return whether a domain has nodes for any number of samples, and two ways to compute products."""
    return bool(get_domain(domain)(1).product_forms)


@lru_cache(maxsize=16)
def _errors_by_size(domain: str) -> tuple[SizeErrors, ...]:
    spaces = [space for n in SIZES if (space := get_domain(domain)(n)).modes == (n,)]
    conditions = {space.grid[0]: space.condition_number for space in spaces}
    return tuple(
        _errors_of(domain, n, precision)
        for precision in PRECISIONS
        for n, k in conditions.items()
        if k * float(np.finfo(precision).eps) <= REFUSED
    )


def _errors_of(domain: str, samples: int, precision: Any) -> SizeErrors:
    trial = Trial((samples,), None, (samples // 2,), (samples // 2,), (1.0,), wraps=False)
    given = random_samples(trial, precision, samples, _TAPS)
    space = get_domain(domain)(samples)
    forms = space.product_forms
    errors = differences(given, trial, forms[FACTORED], ("convolution", "product", "mean", "power"))
    errors[f"product, {FACTORED}"] = errors.pop("product")
    if samples <= SIZES_OF_PRODUCTS:
        errors |= differences(given, trial, forms[BILINEAR], ("product",))
    if "product" in errors:
        errors[f"product, {BILINEAR}"] = errors.pop("product")
    ordered = {name: errors[name] for name in OF_SIZE if name in errors}
    return SizeErrors(samples, np.dtype(precision).name, space.condition_number, ordered)


def _of_all(nodes: Nodes, count: int) -> float:
    # Imported here because it loads mpmath.
    from freqnet.spaces.nodes.real import condition_of_all

    return condition_of_all(nodes, count)


@lru_cache(maxsize=1)
def conditions_by_size(most: int = MOST_NODES) -> dict[str, tuple[float, ...]]:
    """Return the condition numbers of 1, 2, ... nodes on as many samples, by family of nodes.

    Equispaced rates are 0.25 apart. The condition number of waves is 1.

    >>> found = conditions_by_size()
    >>> round(found["chebyshev"][31] / found["chebyshev"][30], 2)
    2.39
    """
    return {family: tuple(_of_all(Nodes(family), n) for n in range(1, most + 1)) for family in FAMILIES}
