"""Bounds of the theory that a changed constant breaks, and figures computed again by code that shares nothing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import islice, product

import numpy as np
import pytest
from freqnet.theory import Arithmetic, Claim, Digits, catalogue, find, run_check
from freqnet.theory.arithmetic import GUARD, Number
from freqnet.theory.balls import is_installed
from freqnet.theory.checks import Bound, Point, flat, parameters_at
from freqnet.theory.judges import is_broken
from thinning import one_in


def check_named(claim: str, words: str) -> Bound:
    [check] = [check for check in find(claim).checks if words in check.name]
    assert isinstance(check, Bound)
    return check


# -- a changed constant --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("claim", "words", "low", "high"),
    [
        ("real-nodes-sharp-rate", "two vectors", "2", None),
        ("scaled-real-nodes", "irregular nodes and factors", "3", None),
        ("scaled-real-nodes", "bound in closed form", "1.1", None),
        ("scaled-real-nodes", "between the bounds", "2.1", None),
        ("laguerre-error", "other scales are no better for them", "1.3", None),
        ("scattering-dilation", "divided by |u|", None, "0.95"),
        ("descent-per-mode", "divide the error", None, "0.99"),
        ("deformation-of-a-mode", "first zero", None, "0.95"),
    ],
)
def test_a_tighter_bound_fails(claim: str, words: str, low: str | None, high: str | None) -> None:
    check = check_named(claim, words)
    assert run_check(check, 15, rigorous=False).passed

    def end(old: object, factor: str | None) -> object:
        if factor is None or old is None:
            return old
        return lambda m, **at: m.number(factor) * (old(m, **at) if callable(old) else m.number(old))

    changed = replace(check, low=end(check.low, low), high=end(check.high, high), outside={}, outside_points=())
    assert not run_check(changed, 15, rigorous=False).passed


BOUNDS = [(claim, check) for claim in catalogue() for check in claim.checks if isinstance(check, Bound)]
#: A bound is sharp if the quantity comes as near to it, relative to the larger of the two.
SHARP = 0.1


def nearest(check: Bound, end: str) -> tuple[Point, float, Fraction]:
    """Return the point where a quantity comes nearest to an end, how near relative to both, and how far it is."""
    found = []
    with Digits(15, GUARD + check.guard) as m:
        m.panellings = 1
        for point in (*check.all_points(0), *islice(check.screening_points(0), 30)):
            at = parameters_at(m, point)
            [value] = flat(check.quantity(m, **at))
            bound = check.ends(m, at)[end == "high"]
            value, bound = m.re(value), m.re(bound)
            size = max(abs(value), abs(bound))
            found.append((abs(value - bound), float(abs(value - bound) / size) if size else 0.0, point))
    distance, _, point = min(found, key=lambda entry: entry[0])
    return point, min(share for _, share, _ in found), Fraction(str(distance))


ENDS = [(claim, check, end) for claim, check in BOUNDS for end in ("low", "high") if getattr(check, end) is not None]


@pytest.mark.parametrize(
    ("claim", "check", "end"), one_in(3, ENDS), ids=lambda part: getattr(part, "id", getattr(part, "name", part))
)
def test_every_bound_fails_when_it_is_made_tighter_than_the_quantity(claim: Claim, check: Bound, end: str) -> None:
    """Move an end past the value that is nearest to it, by a thousandth of the distance or of the value."""
    point, share, distance = nearest(check, end)
    assert (share <= SHARP) or check.loose, f"{claim.id}: {check.name}: {end} is missed by {share:.0%} at least"
    old, sign = getattr(check, end), 1 if end == "low" else -1

    def moved(m: Arithmetic, **at: object) -> Number:
        bound = old(m, **at) if callable(old) else m.number(old)
        past = m.abs(bound) / 1000 if distance == 0 and old != "0" else m.number(distance / 1000 or Fraction(1, 1000))
        return bound + sign * (m.number(distance) + past)

    # The other end is given up, which the moved one may have passed.
    other = {"low": "high", "high": "low"}[end]
    alone = {"points": (point,), "random": {}, "outside": {}, "outside_points": ()}
    before, after = replace(check, **alone, **{other: None}), replace(check, **alone, **{end: moved, other: None})
    for rigorous in (False, True) if is_installed() and not check.not_enclosed else (False,):
        assert run_check(before, 15, rigorous=rigorous).passed
        found = run_check(after, 15, rigorous=rigorous)
        assert not found.passed
        assert is_broken(after, found), found.message


def test_what_is_loose_is_not_sharp() -> None:
    for claim, check in BOUNDS:
        if check.loose:
            shares = [nearest(check, end)[1] for end in ("low", "high") if getattr(check, end) is not None]
            assert max(shares) > SHARP / 2, f"{claim.id}: {check.name}"


# -- the number of products -----------------------------------------------------------------------------------
def rank_over_two(forms: list[int], places: list[tuple[int, int]], most: int) -> int:
    """Return the rank of forms over the field of two elements, as masks of entries, by adding products to sums."""
    ones = set()
    rows, columns = 1 + max(r for r, _ in places), 1 + max(c for _, c in places)
    for u, v in product(range(1, 2**rows), range(1, 2**columns)):
        ones.add(sum(1 << i for i, (r, c) in enumerate(places) if u >> r & 1 and v >> c & 1))

    def spans(basis: list[int]) -> set[int]:
        sums = {0}
        for vector in basis:
            sums |= {s ^ vector for s in sums}
        return sums

    def search(chosen: list[int], start: int, left: int) -> bool:
        sums = spans(chosen)
        if all(form in sums for form in forms):
            return True
        return left > 0 and any(search([*chosen, listed[i]], i + 1, left - 1) for i in range(start, len(listed)))

    listed = sorted(ones)
    return next(r for r in range(most + 1) if search([], 0, r))


@pytest.mark.parametrize(("rows", "columns", "rank"), [(2, 2, 3), (1, 3, 3), (2, 3, 5)])
def test_the_rank_of_short_products_over_two_elements(rows: int, columns: int, rank: int) -> None:
    places = list(product(range(rows), range(columns)))
    forms = [sum(1 << i for i, (r, c) in enumerate(places) if r + c == n) for n in range(rows + columns - 1)]
    assert rank_over_two(forms, places, 6) == rank


# -- real nodes ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("N", [4, 8])
def test_no_nodes_and_factors_that_are_searched_for_beat_the_bound(N: int) -> None:
    """Descend at random from many starts: the best condition number is between the bound and that of the claim."""
    q = np.poly(np.exp(1j * np.pi * np.arange(1, N) / N))
    floor = np.sqrt((abs(q) ** 2).sum())
    generator = np.random.default_rng(0)

    def condition(at: np.ndarray) -> float:
        # Nodes are tangents of angles; rows have length exp(scale).
        angles, scales = at[:N], at[N:]
        rows = np.stack([np.sin(angles) ** j * np.cos(angles) ** (N - 1 - j) for j in range(N)], axis=1)
        rows *= (np.exp(scales) / np.linalg.norm(rows, axis=1))[:, None]
        return float(np.linalg.norm(rows) * np.linalg.norm(np.linalg.inv(rows)))

    best = np.inf
    for _ in range(4):
        at = np.concatenate([np.sort(generator.uniform(-1.5, 1.5, N)), np.zeros(N)])
        here = condition(at)
        for step in np.geomspace(0.3, 1e-3, 1500):
            there = at + step * generator.normal(size=2 * N)
            value = condition(there)
            if value < here:
                at, here = there, value
        best = min(best, here)
    assert floor <= best <= 1.6 * floor


# -- wavelets ----------------------------------------------------------------------------------------------------
def test_power_spectra_move_and_integrated_moduli_do_not() -> None:
    """Sample a packet at frequency 60 and its dilation by 10 %, and sum moduli on a grid."""
    b, a, u = 60, 2, 0.1
    w = np.linspace(1e-6, 200, 2**15)

    def length(v: np.ndarray) -> float:
        return float(np.sqrt((v**2).sum()))

    packet = lambda s: np.exp(b * np.log(w / s) - w / s - (b * np.log(b) - b))
    before, after = packet(1.0), packet(np.exp(u)) / np.exp(u / 2)
    assert length(before - after) / length(before) == pytest.approx(
        np.sqrt(2 - 2 / np.cosh(u / 2) ** (2 * b + 1)), rel=1e-4
    )
    moved = []
    scales = np.exp(np.linspace(np.log(2), np.log(4000), 120))
    for s in (1.0, np.exp(u)):
        spectra = packet(s)[None] * np.exp(a * np.log(w / scales[:, None]) - w / scales[:, None])
        moved.append(abs(np.fft.ifft(spectra, axis=1)).sum(1))
    assert u / 2 < length(moved[1] - moved[0]) / length(moved[0]) < u
    assert length(before - after) / length(before) > 4 * u
