"""The checker of claims finds wrong claims, in digits and in balls."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath
import pytest
from freqnet.theory import (
    Bound,
    Claim,
    Contradiction,
    Digits,
    Identity,
    Range,
    catalogue,
    quadrature,
    run_check,
    verify,
)
from freqnet.theory.arithmetic import FUNCTIONS
from freqnet.theory.independence import shared_formula

from freqnet.errors import ConfigurationError

BOTH = [False, pytest.param(True, marks=pytest.mark.rigorous)]


@pytest.fixture(autouse=True)
def balls_where_asked_for(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("rigorous"):
        pytest.importorskip("flint")


def gauss(m, w):
    return m.sqrt(2 * m.pi) * m.exp(-w * w / 2)


def gauss_by_quadrature(m, w):
    R = m.cut(0.5, 2)
    half = m.integral(lambda x: m.cos(w * x) * m.exp(-x * x / 2), *m.panels(0, R))
    return 2 * half + m.tail(2 * m.exp(-m.number(R * R) / 2))


def half_gauss(m, w):
    return m.sqrt(m.pi / 2) * m.exp(-w * w / 2)


def through_gauss(m, w):
    return gauss(m, w) + 0


GOOD = Identity(
    name="gauss",
    closed=gauss,
    independent=gauss_by_quadrature,
    points=({"w": "0.7"}, {"w": "0"}),
    random={"w": Range("-3", "3")},
)
EXAMPLE = Claim(id="an-example", title="An example", statement="A Gaussian.", verdict="holds", checks=(GOOD,))


# -- claims that pass, claims that fail-------------------------------------------------------------------
@pytest.mark.parametrize("digits", [15, 50, pytest.param(400, marks=pytest.mark.slow)])
@pytest.mark.parametrize("rigorous", BOTH)
def test_a_true_identity_passes(rigorous: bool, digits: int) -> None:
    found = run_check(GOOD, digits, rigorous=rigorous)
    assert found.passed, found.message
    if rigorous:
        assert found.radius is not None
        assert found.radius < -digits
    else:
        assert found.digits is not None
        assert found.digits > digits


@pytest.mark.parametrize("rigorous", BOTH)
def test_a_factor_is_noticed(rigorous: bool) -> None:
    found = run_check(replace(GOOD, closed=half_gauss), rigorous=rigorous)
    assert not found.passed
    assert found.worst == {"w": "0.7"}
    assert ("overlap" if rigorous else "0.3 digits") in found.message


def slightly_off(m, w):
    return gauss(m, w) * (1 + m.number("1e-44"))


@pytest.mark.parametrize("rigorous", BOTH)
def test_an_error_in_the_44th_digit_is_noticed(rigorous: bool) -> None:
    assert not run_check(replace(GOOD, closed=slightly_off), 50, rigorous=rigorous).passed
    assert run_check(replace(GOOD, closed=slightly_off), 30, rigorous=False).passed


@pytest.mark.parametrize("rigorous", BOTH)
def test_a_contradiction_needs_a_difference(rigorous: bool) -> None:
    check = Contradiction(name="factor", claimed=half_gauss, actual=gauss_by_quadrature, points=({"w": "1"},))
    found = run_check(check, rigorous=rigorous)
    assert found.passed
    assert found.gap == pytest.approx(0.5)
    same = replace(check, claimed=gauss)
    assert not run_check(same, rigorous=rigorous).passed
    assert "only" in run_check(same, rigorous=rigorous).message


@pytest.mark.parametrize("rigorous", BOTH)
@pytest.mark.parametrize(("low", "high", "passes"), [("2", "3", True), ("2.6", None, False), (None, "2.5", False)])
def test_bounds_are_kept_to(low: str | None, high: str | None, passes: bool, rigorous: bool) -> None:
    check = Bound(name="root of 2 pi", quantity=lambda m: m.sqrt(2 * m.pi), low=low, high=high)
    found = run_check(check, rigorous=rigorous)
    assert found.passed is passes
    distance = (3 - math.sqrt(2 * math.pi)) / 3
    assert found.gap == (pytest.approx(distance, rel=1e-12) if passes else None)


@pytest.mark.parametrize("rigorous", BOTH)
def test_a_bound_that_is_just_missed_does_not_look_kept(rigorous: bool) -> None:
    check = Bound(name="above", quantity=lambda m: 1 + m.number("1e-12"), high="1")
    assert re.match(r"1\.000000000001(000)? is not at most 1$", run_check(check, rigorous=rigorous).message)


def test_the_ends_of_ranges_outside_are_points() -> None:
    ranges = {"w": Range("1", "2"), "n": Range(3, 5)}
    points = list(replace(GOOD, outside=ranges).points_outside(seed=0))
    assert len(points) == 7
    assert {point["w"] for point in points[:2]} == {"1", "2"}
    assert {point["n"] for point in points[:2]} == {3, 5}


@pytest.mark.parametrize("claimed", [lambda m, w: m.ctx.nan, lambda m, w: [gauss(m, w), gauss(m, w)]])
def test_what_is_not_a_number_contradicts_nothing(claimed: Callable[..., Any]) -> None:
    check = Contradiction(name="nan", claimed=claimed, actual=gauss_by_quadrature, points=({"w": "1"},))
    assert not run_check(check).passed


def test_bounds_may_depend_on_the_point() -> None:
    check = Bound(
        name="square", quantity=lambda m, n: m.number(n * n), low=lambda m, n: m.number(n), points=({"n": 3},)
    )
    assert run_check(check).passed
    assert not run_check(replace(check, points=({"n": 0}, {"n": -3}), quantity=lambda m, n: m.number(n - 1))).passed


# -- checks without any content ------------------------------------------------------------------------
def other_name(m, w):
    """Another name."""
    return m.sqrt(2 * m.pi) * m.exp(-w * w / 2)


def within(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda m, w: function(m, w)


@pytest.mark.parametrize(
    "closed", [gauss_by_quadrature, lambda m, w: gauss_by_quadrature(m, w), within(gauss_by_quadrature)]
)
def test_a_formula_is_not_compared_with_itself(closed: Callable[..., Any]) -> None:
    found = run_check(replace(GOOD, closed=closed))
    assert not found.passed
    assert "compares it with itself" in found.message


def test_the_same_code_under_another_name_is_noticed() -> None:
    check = Identity(name="copy", closed=gauss, independent=other_name, points=({"w": "1"},))
    assert shared_formula(check) == "gauss"
    assert not run_check(check).passed
    assert shared_formula(replace(check, independent=through_gauss)) == "gauss"


def test_two_computations_share_no_formula() -> None:
    assert shared_formula(GOOD) == ""
    for claim in catalogue():
        for check in claim.checks:
            assert not isinstance(check, Identity) or shared_formula(check) == "", f"{claim.id}: {check.name}"


@pytest.mark.parametrize("rigorous", BOTH)
def test_zero_against_zero_says_nothing(rigorous: bool) -> None:
    check = Identity(name="zero", closed=lambda m: m.sin(m.number(0)), independent=lambda m: m.number(0))
    found = run_check(check, rigorous=rigorous)
    assert not found.passed
    assert "compares nothing" in found.message


@pytest.mark.rigorous
def test_a_wide_ball_says_nothing() -> None:
    def wide(m, w):
        return gauss(m, w) + m.tail(m.number("1e-30"))

    found = run_check(replace(GOOD, closed=wide), rigorous=True)
    assert not found.passed
    assert "says nothing" in found.message
    assert run_check(replace(GOOD, closed=wide), 35, rigorous=True).passed


@pytest.mark.rigorous
def test_a_ball_that_is_not_finite_fails() -> None:
    check = replace(GOOD, closed=lambda m, w: 1 / m.tail(m.number(1)))
    assert not run_check(check, rigorous=True).passed


@pytest.mark.rigorous
def test_balls_that_touch_contradict_nothing() -> None:
    near = Contradiction(name="near", claimed=lambda m: m.pi, actual=lambda m: m.pi + m.tail(m.number("1e-45")))
    assert not run_check(near, rigorous=True).passed


def test_numbers_that_are_not_finite_fail() -> None:
    found = run_check(replace(GOOD, closed=lambda m, w: m.ctx.inf), rigorous=False)
    assert not found.passed
    assert "not finite" in found.message


def test_lists_of_other_lengths_fail() -> None:
    check = Identity(name="lengths", closed=lambda m: [m.pi], independent=lambda m: [m.pi, m.pi + 0])
    assert "1 numbers against 2" in run_check(check).message


@pytest.mark.parametrize("rigorous", BOTH)
def test_an_error_in_a_check_is_its_finding(rigorous: bool) -> None:
    found = run_check(replace(GOOD, closed=lambda m, w: 1 / 0), rigorous=rigorous)
    assert not found.passed
    assert "ZeroDivisionError" in found.message


def test_a_check_that_ends_the_process_is_its_finding() -> None:
    def leaves(m, w):
        raise SystemExit(0)

    found = run_check(replace(GOOD, closed=leaves))
    assert not found.passed
    assert "SystemExit" in found.message


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Range("5", "-5"), "in order"),
        (lambda: Range("a", 3), "in order"),
        (lambda: replace(GOOD, random={"w": ("-3", "3")}), "wrap it"),
        (lambda: replace(GOOD, closed=3), "a function of m"),
        (lambda: replace(GOOD, given=gauss), "given: got .*gauss.*, expected a tuple of functions; add the comma"),
        (
            lambda: Bound(name="b", quantity=gauss, high=("1",)),
            r"bounds: got \('1',\), expected a number or a function",
        ),
        (lambda: replace(EXAMPLE, checks=GOOD), "add the comma"),
        (lambda: replace(EXAMPLE, checks=(GOOD, gauss)), "a tuple of checks"),
    ],
)
def test_slips_in_a_declaration_are_found_at_once(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


def test_random_parameters_read_as_decimals() -> None:
    point = list(GOOD.all_points(0))[-1]
    assert "/" not in point["w"]


def test_a_wrong_verdict_does_not_come_out_as_recorded() -> None:
    wrong = replace(EXAMPLE, checks=(GOOD, replace(GOOD, name="wrong", closed=half_gauss)))
    [evidence] = verify([wrong])
    assert not evidence.as_recorded
    assert evidence.complaint.startswith("wrong at w = 0.7: agrees to")
    assert evidence.as_dict()["as_recorded"] is False


# -- the arithmetics -----------------------------------------------------------------------------------
ARGUMENTS = ("0.3", "-1.7", "2/3")


@pytest.mark.rigorous
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("argument", ARGUMENTS)
def test_both_arithmetics_have_the_same_functions(name: str, argument: str) -> None:
    check = Identity(name=name, closed=lambda m, z: getattr(m, name)(z), independent=lambda m, z: z)
    values = {}
    for rigorous in (False, True):
        from freqnet.theory import Balls

        with (Balls if rigorous else Digits)(40) as m:
            z = m.number(argument) + m.i / 3
            values[rigorous] = complex(m.re(check.closed(m, z))) + 1j * complex(m.im(check.closed(m, z)))
    assert values[True] == pytest.approx(values[False], rel=1e-15)


@pytest.mark.rigorous
@pytest.mark.parametrize(
    "formula",
    [
        lambda m: m.psi(0, m.number("0.3")),
        lambda m: m.psi(1, m.number("2.5")),
        lambda m: m.besselj(3, m.number("4.5")),
        lambda m: m.hyp2f1(1, m.i / 2, 1 + m.i / 2, m.number(-20)),
        lambda m: m.lerch(m.number(-20), 2, m.i / 2),
        lambda m: m.lerch(m.number("-0.3"), 1, m.number("0.7")),
        lambda m: m.unit(3, 7),
        lambda m: m.conj(m.unit(1, 5)),
        lambda m: m.abs(3 + 4 * m.i),
        lambda m: m.integral(lambda x: m.sqrt(x) * m.log(x), 1, 2, 3),
        lambda m: m.number(0.1) * 3,
        lambda m: m.number(1 - 2j),
        lambda m: m.number("1/3"),
    ],
)
def test_both_arithmetics_agree(formula: Callable[..., Any]) -> None:
    from freqnet.theory import Balls

    with Digits(40) as m:
        value = formula(m)
        digits = complex(m.re(value), m.im(value))
    with Balls(40) as m:
        ball = complex(formula(m))
    assert ball == pytest.approx(digits, rel=1e-15)


@pytest.mark.rigorous
@pytest.mark.parametrize("name", ["abs", "re", "im", "conj"])
def test_what_is_not_holomorphic_is_refused_inside_an_integral(name: str) -> None:
    from freqnet.theory import Balls

    # Arb evaluates the more often, the more digits are carried.
    with Balls(5, guard=0) as m, pytest.raises(Exception, match="not holomorphic"):
        m.integral(lambda x: getattr(m, name)(x * (1 + m.i)), 0, 1)


@pytest.mark.rigorous
def test_a_check_of_what_is_not_holomorphic_fails() -> None:
    check = replace(GOOD, closed=lambda m, w: m.integral(lambda x: m.abs(x * (1 + m.i)), 0, 1))
    assert "not holomorphic" in run_check(check, rigorous=True).message
    # In digits the two sides only seem to differ.
    assert "not holomorphic" in run_check(check).message
    assert "agrees to" in run_check(check, rigorous=False).message


@pytest.mark.rigorous
def test_a_branch_cut_inside_an_integral_is_met() -> None:
    def across(m, w):
        return m.integral(lambda x: m.sqrt(x - 1), 0, 2) * w

    found = run_check(replace(GOOD, closed=across), rigorous=True)
    assert not found.passed


@pytest.mark.rigorous
def test_a_fractional_power_inside_an_integral_is_noticed() -> None:
    def unsafe(m):
        return m.integral(lambda x: (x * x + m.number("0.001")) ** m.number("1/2"), -1, 1)

    def safe(m):
        return m.integral(lambda x: m.power(x * x + m.number("0.001"), m.number("1/2")), -1, 0, 1)

    def closed(m):
        c, root = m.number("0.001"), m.sqrt(m.number("1.001"))
        return root + c * m.log((1 + root) / m.sqrt(c))

    good = run_check(Identity(name="by power", closed=closed, independent=safe), rigorous=True)
    assert good.passed, good.message
    bad = run_check(Identity(name="by **", closed=closed, independent=unsafe), rigorous=True)
    assert not bad.passed
    assert "use m.power" in bad.message


@pytest.mark.rigorous
def test_the_precision_of_others_is_left_alone() -> None:
    import flint
    import mpmath

    before = flint.ctx.prec, mpmath.mp.prec
    run_check(GOOD, 80, rigorous=True)
    run_check(GOOD, 80)
    assert (flint.ctx.prec, mpmath.mp.prec) == before


def test_cuts_leave_nothing() -> None:
    m = Digits(50)
    assert m.exp(-m.number(m.cut())) < 10**-70
    assert m.exp(-(m.number(m.cut(0.5, 2)) ** 2) / 2) < 10**-70
    assert m.panels(0, 7, 3) == [0, 3, 6, 7]


@pytest.mark.rigorous
@pytest.mark.parametrize("degree", [2, 3, 5])
def test_the_nodes_of_both_libraries_are_the_same(degree: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from freqnet.theory import quadrature

    m = Digits(40)
    fast = m.ctx._gauss_legendre.calc_nodes(3 * 2 ** (degree - 1), 150)
    monkeypatch.setattr(quadrature, "flint", None)
    slow = m.ctx._gauss_legendre.calc_nodes(degree, 150)
    for found, expected in zip(sorted(fast), sorted(slow), strict=True):
        assert all(abs(a - b) < 1e-40 for a, b in zip(found, expected, strict=True))


def test_integrals_are_exact_without_python_flint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quadrature, "flint", None)
    context = mpmath.MPContext()
    context.dps = 30
    context._gauss_legendre = quadrature.Legendre(context)
    value, error = quadrature.Rule(context)(context.exp, context.mpf(0), context.mpf(1))
    assert abs(value - (context.e - 1)) < context.mpf("1e-29")
    assert error < context.mpf("1e-20")
