"""The contract of the Laplace domain: every check, for several families of nodes on many grids."""

from __future__ import annotations

import laplace_adjoint_checks  # noqa: F401  (adds its checks to CHECKS)
import laplace_oracles as lo
import numpy as np
import pytest
from laplace_checks import CHECKS, Axes, Case, cases, product_bands
from laplace_oracles import eighty_digits  # noqa: F401  (a fixture that every test uses)

from freqnet.spaces import get_domain

FAMILIES = (
    "laplace",
    "laplace:chebyshev-positive",
    "laplace:rates=0.5",
    "laplace:nodes=0.9,0.35,-0.4,-0.85",
    "laplace:factored",
)
GRIDS: tuple[Axes, ...] = (*((n,) for n in (1, 2, 3, 7, 8)), (2, 3), (5, 4), (3, 2, 2))
# Domains with products on samples share all other verbs, which are not tested twice.
OF_PRODUCTS = ("products", "squares", "adjoints_of_products", "adjoint_of_the_quadratic", "round_trip")


@pytest.mark.parametrize("axes", [1, 2, 3])
@pytest.mark.parametrize(
    ("domain", "name"),
    [(d, name) for d in FAMILIES for name in CHECKS if name in OF_PRODUCTS or not d.endswith("factored")],
)
def test_laplace(domain: str, name: str, axes: int, rng: np.random.Generator) -> None:
    for grid in (grid for grid in GRIDS if len(grid) == axes):
        for case in cases(get_domain(domain), grid, rng):
            try:
                CHECKS[name](case)
            except Exception as error:
                error.add_note(f"in {case.space}")
                raise


def test_every_family_is_tested_where_products_keep_digits(rng: np.random.Generator) -> None:
    """Bands that are reduced for products still have several nodes per axis on the larger grids."""
    for name in FAMILIES:
        for grid in GRIDS:
            domain = get_domain(name)
            wide = product_bands(Case(domain, domain(grid), rng))[0][0]
            assert all(k >= min(n, 3, len(lo.nodes(lo.family(name), n))) for k, n in zip(wide.shape, grid, strict=True))
