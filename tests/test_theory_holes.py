"""False claims that once passed the checker, and true ones that it once refuted: each is a hole that is closed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath
import pytest
from freqnet.theory import Bound, Contradiction, Digits, Identity, Range, run_check
from freqnet.theory.evaluate import Finding
from freqnet.theory.independence import shared_formula

from freqnet.errors import ConfigurationError


def in_digits(check: Any, digits: int = 30) -> Finding:
    return run_check(check, digits, rigorous=False)


def in_balls(check: Any, digits: int = 30) -> Finding:
    pytest.importorskip("flint")
    return run_check(check, digits, rigorous=True)


BOTH = pytest.mark.parametrize("run", [in_digits, pytest.param(in_balls, marks=pytest.mark.rigorous)])


# -- cancellation --------------------------------------------------------------------------------------
def ramp_laplace(m, p):
    """Return equation 42, the transform of t on [0, 1], which cancels at small p."""
    return (1 - m.exp(-p) * (1 + p)) / p**2


def ramp_fourier(m, p):
    """Return Theorem 3.4 for a = 1, which cancels at small p."""
    return (m.exp(-m.i * p) * (1 + m.i * p) - 1) / p**2


def ramp_series(m, p, turn: Any = 1):
    return sum((-turn * p) ** n / (m.gamma(m.number(n + 1)) * (n + 2)) for n in range(40))


def ramp_series_on_the_axis(m, p):
    return ramp_series(m, p, m.i)


RAMPS = [(ramp_laplace, ramp_series), (ramp_fourier, ramp_series_on_the_axis)]


@BOTH
@pytest.mark.parametrize(("claimed", "actual"), RAMPS)
@pytest.mark.parametrize("p", ["1e-40", "-1e-100", "1e-200"])
def test_cancellation_refutes_no_truth(claimed: Any, actual: Any, p: str, run: Callable[..., Finding]) -> None:
    points = ({"p": p},)
    found = run(Contradiction(name="cancels", claimed=claimed, actual=actual, points=points))
    assert not found.passed
    found = run(Identity(name="cancels", closed=claimed, independent=actual, points=points))
    assert found.passed, found.message


@BOTH
def test_cancellation_exceeds_no_bound(run: Callable[..., Finding]) -> None:
    below = Bound(name="below", quantity=ramp_laplace, high="0.4", points=({"p": "1e-40"}, {"p": "1e-100"}))
    assert not run(below).passed
    around = replace(below, low="0.49", high="0.51")
    assert run(around).passed, run(around).message


def test_what_never_settles_contradicts_nothing() -> None:
    def noise(m, x):
        return m.sin(m.number(10) ** 5000 + x)

    found = in_digits(Contradiction(name="noise", claimed=noise, actual=lambda m, x: x, points=({"x": "2"},)), 15)
    assert not found.passed
    assert "guard" in found.message


# -- quadrature ----------------------------------------------------------------------------------------
def spike(m, at: str, height: str = "1000000", width: str = "0.0001"):
    def f(x):
        return 1 + m.number(height) * m.exp(-(((x - m.number(at)) / m.number(width)) ** 2))

    return f


@pytest.mark.parametrize("at", ["0.3", pytest.param("0.77123", marks=pytest.mark.slow)])
def test_a_spike_is_not_missed(at: str) -> None:
    def by_quadrature(m):
        return m.integral(spike(m, at), 0, 1)

    found = in_digits(Identity(name="no spike", closed=lambda m: m.number(1), independent=by_quadrature))
    assert not found.passed
    with_spike = Identity(
        name="spike",
        closed=lambda m: 1 + m.number(100) * m.sqrt(m.pi),
        independent=by_quadrature,
    )
    found = in_digits(with_spike)
    assert found.passed, found.message


def test_a_spike_between_many_panels_is_not_missed() -> None:
    def by_quadrature(m):
        return m.integral(spike(m, "17.3", width="0.002"), *m.panels(0, 40))

    assert not in_digits(Identity(name="no spike", closed=lambda m: m.number(40), independent=by_quadrature)).passed


def test_an_integrand_that_is_zero_up_to_rounding_is_no_spike() -> None:
    def noise(m):
        rounding = lambda x: m.sqrt(1 + x) ** 2 - x - 1
        return [m.integral(lambda x: rounding(x) + 2, 0, 1), m.integral(rounding, 0, 1)]

    found = in_digits(Identity(name="noise", closed=lambda m: [m.number(2), 0], independent=noise))
    assert found.passed, found.message


def test_a_quadrature_that_does_not_settle_is_refused() -> None:
    def by_quadrature(m):
        return m.integral(lambda x: m.sin(m.number(10) ** 9 * x), 0, 1)

    found = in_digits(Identity(name="fast", closed=lambda m: m.number(0), independent=by_quadrature), 15)
    assert not found.passed


# -- integrals in balls --------------------------------------------------------------------------------
UNSAFE = {
    "abs": lambda m, x: abs(x - m.number("0.3")),
    "power": lambda m, x: ((x - m.number("0.3")) ** 2) ** m.number("1/2"),
    "float power": lambda m, x: ((x - m.number("0.3")) ** 2) ** 0.5,
    "real": lambda m, x: x.real,
    "comparison": lambda m, x: x if x.real > 0 else -x,
    "order": lambda m, x: x if x > 0 else -x,
    "equality": lambda m, x: x if x == 0 else x * x,
    "conjugate": lambda m, x: x.conjugate() * x,
    "own function": lambda m, x: x.csgn(),
}


@pytest.mark.rigorous
@pytest.mark.parametrize("name", UNSAFE)
def test_what_arb_cannot_follow_is_refused(name: str) -> None:
    pytest.importorskip("flint")
    from freqnet.theory import Balls
    from freqnet.theory.integrands import NotHolomorphicError

    with Balls(15) as m, pytest.raises(NotHolomorphicError):
        m.integral(lambda x: UNSAFE[name](m, x), -1, 2)


@pytest.mark.rigorous
@pytest.mark.parametrize("must_be_holomorphic", [True, False])
def test_a_nested_integral_watches_the_cuts_of_the_outer_one(must_be_holomorphic: bool) -> None:
    flint = pytest.importorskip("flint")
    from freqnet.theory import Balls
    from freqnet.theory.integrands import Program

    with Balls(15) as m:
        m._program = Program(lambda: None)
        outer = m._program.recorded(lambda x: m.integral(lambda y: y * m.sqrt(x), 0, 1))
        # Across the cut of the root there is an enclosure of its values, but no holomorphic function.
        assert outer(flint.acb(-1, flint.arb(0, 0.1)), must_be_holomorphic).is_finite() is not must_be_holomorphic


@pytest.mark.rigorous
def test_an_integrand_is_one_program_for_all_parameters() -> None:
    pytest.importorskip("flint")
    from freqnet.theory import Balls
    from freqnet.theory.integrands import _compiled

    _compiled.cache_clear()
    with Balls(15) as m:
        for rate in ("1", "2", "3"):
            a = m.number(rate)
            value = m.integral(lambda x: sum(m.exp(-a * x) * x**n for n in range(2)), 0, 1)  # noqa: B023
            assert value.overlaps((1 - m.exp(-a)) / a + (1 - m.exp(-a) * (1 + a)) / a**2)
            assert value.real.rad() < 1e-30
    assert _compiled.cache_info().misses == 1


@pytest.mark.rigorous
def test_the_variable_of_an_integral_does_not_leave_it() -> None:
    pytest.importorskip("flint")
    from freqnet.theory import Balls
    from freqnet.theory.integrands import NotHolomorphicError

    kept = []
    with Balls(15) as m:
        m.integral(lambda x: kept.append(x) or x, 0, 1)
        with pytest.raises(NotHolomorphicError, match="outside"):
            kept[0] + 1
        with pytest.raises(NotHolomorphicError, match="another integral"):
            m.integral(lambda x: x + kept[0], 0, 1)


@pytest.mark.rigorous
def test_an_error_at_a_node_is_no_integral(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("flint")
    from freqnet.theory import Balls

    class Interrupted:
        nodes = 0

        def __next__(self) -> int:
            self.nodes += 1
            if self.nodes == 1:
                raise KeyboardInterrupt
            return self.nodes

    monkeypatch.setattr(Balls, "_counter", lambda self: Interrupted())
    with Balls(15) as m, pytest.raises(KeyboardInterrupt):
        m.integral(lambda x: x, 0, 1)


@pytest.mark.rigorous
def test_what_is_constant_inside_an_integral_is_allowed() -> None:
    pytest.importorskip("flint")
    from freqnet.theory import Balls

    with Balls(15) as m:
        value = m.integral(lambda x: x ** m.number(2) * m.abs(m.number(-3)) * m.re(m.i + 2) + 2**x, 0, 1)
        assert value.real.overlaps((2 + 1 / m.log(m.number(2))).real)
        assert value.real.rad() < 1e-20


# -- integrands that MPFR runs ---------------------------------------------------------------------------
INTEGRANDS = {
    "real": lambda m, x: m.exp(-x * x) * m.sinc(x) + 2**x + m.erf(x) / (1 + x**2),
    "complex": lambda m, x: m.exp(m.i * 3 * x) / (2 + x) - m.besselj(2, x) * m.i,
    "not recorded": lambda m, x: m.abs(x - 1) if x < 1 else m.psi(1, 2 + x),
    "negative below the root": lambda m, x: m.sqrt(x - 3) + m.log(x - 4),
    "constant": lambda m, x: m.number("1/3"),
}


@pytest.mark.parametrize("name", INTEGRANDS)
def test_an_integral_is_the_same_in_both_libraries(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from freqnet.theory import Digits, mpfr

    def integral() -> object:
        with Digits(40) as m:
            m.panellings = 1
            return m.integral(lambda x: INTEGRANDS[name](m, x), 0, 1, 2)

    recorded = integral()
    monkeypatch.setattr(mpfr, "gmpy2", None)
    direct = integral()
    assert abs(recorded - direct) <= abs(direct) * Digits(40).number(10) ** -50


def test_an_error_of_the_record_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    mpfr = pytest.importorskip("freqnet.theory.mpfr")
    pytest.importorskip("gmpy2")
    from freqnet.theory import Digits

    with Digits(40) as m:
        m.panellings = 1
        right = m.integral(lambda x: m.cos(x) * x, 0, 1)
        monkeypatch.setitem(mpfr._NAMES, "cos", mpfr._NAMES["sin"])
        assert m.integral(lambda x: m.cos(x) * x, 0, 1) == pytest.approx(right, rel=1e-40)


def test_a_division_by_zero_is_an_error_in_both_libraries() -> None:
    from freqnet.theory import Digits

    m = Digits(20)
    m.panellings = 1
    with pytest.raises(ZeroDivisionError):
        m.integral(lambda x: 1 / (x - x), 0, 1)


# -- small values --------------------------------------------------------------------------------------
@pytest.mark.rigorous
def test_the_radius_is_relative_to_the_value() -> None:
    def tiny(m, x):
        return x + m.tail(m.number("1e-55"))

    check = Identity(name="tiny", closed=tiny, independent=lambda m, x: 2 * x, points=({"x": "1e-60"},))
    found = in_balls(check, 50)
    assert not found.passed


@BOTH
@pytest.mark.parametrize("small", ["1e-40", "1e-60", "1e-100"])
def test_a_small_entry_of_a_list_is_compared(small: str, run: Callable[..., Finding]) -> None:
    def one(m, x):
        return [m.cos(m.number(0)), x]

    def other(m, x):
        return [m.exp(m.number(0)), x + x]

    check = Identity(name="small", closed=one, independent=other, points=({"x": small},))
    assert not run(check).passed
    again = replace(check, independent=lambda m, x: [m.exp(m.number(0)), 3 * x / 3])
    assert run(again).passed, run(again).message


@BOTH
def test_an_entry_that_is_zero_up_to_rounding_is_zero(run: Callable[..., Finding]) -> None:
    def transform(m):
        x = [1, 2, 3, 4, 5, 6]
        even = [a + b for a, b in zip(x, reversed(x), strict=True)]
        return [sum(v * m.unit(-k * n, 6) for n, v in enumerate(even)) for k in range(6)]

    check = Identity(name="zeros", closed=lambda m: [m.number(42), 0, 0, 0, 0, 0], independent=transform)
    assert run(check).passed, run(check).message


# -- empty declarations --------------------------------------------------------------------------------
def any_number(m):
    return m.number(1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Contradiction(name="gap", claimed=any_number, actual=any_number, gap="-1"), "above 0"),
        (lambda: Contradiction(name="gap", claimed=any_number, actual=any_number, gap="0"), "above 0"),
        (lambda: Contradiction(name="gap", claimed=any_number, actual=any_number, gap="nan"), "above 0"),
        (lambda: Bound(name="free", quantity=any_number), "low, high"),
        (lambda: Bound(name="nan", quantity=any_number, low="nan"), "a number"),
        (lambda: Bound(name="inf", quantity=any_number, high="inf"), "a number"),
        (lambda: Bound(name="order", quantity=any_number, low="2", high="1"), "smaller"),
        (lambda: Range("0", "inf"), "in order"),
    ],
)
def test_what_checks_nothing_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make()


@BOTH
@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": lambda m: m.number(1) / 2 + m.i * 5},
        {"quantity": lambda m: m.number(1) / 2 + m.i * m.number("1e-20")},
        {"quantity": lambda m: -m.log(m.number(0)), "high": None},
        {"low": lambda m: m.log(m.number(0)), "high": None},
        {"low": lambda m: m.number(0) + m.i},
    ],
)
def test_a_bound_is_of_finite_real_numbers(changes: dict[str, Any], run: Callable[..., Finding]) -> None:
    check = Bound(name="half", quantity=lambda m: m.number("1/2"), low="0", high="1")
    assert run(check).passed
    assert not run(replace(check, **changes)).passed


@BOTH
def test_a_number_that_is_not_one_is_within_no_bounds(run: Callable[..., Finding]) -> None:
    def nothing(m):
        return m.ctx.nan if hasattr(m, "ctx") else m.number(0) / m.number(0)

    assert not run(Bound(name="nan", quantity=nothing, low="0")).passed
    assert not run(Bound(name="nan", quantity=any_number, low=nothing)).passed


# -- one formula on both sides -------------------------------------------------------------------------
class Formula:
    def __call__(self, m, w):
        return m.sin(w) ** 2

    def value(self, m, w):
        return m.sin(w) ** 2

    @classmethod
    def of_class(cls, m, w):
        return m.sin(w) ** 2

    @staticmethod
    def static(m, w):
        return m.sin(w) ** 2


FORMULA = Formula()
TABLE = {"square": lambda m, w: m.sin(w) ** 2}
NESTED = [[TABLE["square"]]]


def by_name(m, w):
    return globals()["TABLE"]["square"](m, w) + 0


@pytest.mark.parametrize(
    ("closed", "independent"),
    [
        (FORMULA, FORMULA),
        (Formula(), Formula()),
        (FORMULA.value, FORMULA.value),
        (Formula().value, Formula().value),
        (FORMULA, lambda m, w: FORMULA(m, w) + 0),
        (lambda m, w: FORMULA.value(m, w) + 0, lambda m, w: 1 * FORMULA.value(m, w)),
        (lambda m, w: Formula.of_class(m, w) + 0, lambda m, w: 1 * Formula.of_class(m, w)),
        (lambda m, w: Formula.static(m, w) + 0, lambda m, w: 1 * Formula().static(m, w)),
        (lambda m, w: TABLE["square"](m, w) + 0, lambda m, w: 1 * TABLE["square"](m, w)),
        (lambda m, w: NESTED[0][0](m, w) + 0, lambda m, w: 1 * NESTED[0][0](m, w)),
        (by_name, lambda m, w: 1 * TABLE["square"](m, w)),
        (by_name, lambda m, w: 1 * globals()["by_name"](m, w)),
    ],
)
def test_one_object_on_both_sides_is_found(closed: Any, independent: Any) -> None:
    check = Identity(name="itself", closed=closed, independent=independent, points=({"w": "0.7"},))
    assert shared_formula(check)
    found = in_digits(check)
    assert not found.passed
    assert "compares it with itself" in found.message


def test_a_bound_made_of_its_own_quantity_is_found() -> None:
    def size(m: Any, w: Any) -> Any:
        return m.sin(w) ** 2

    for high, is_own in ((lambda m, w: 1 + size(m, w), True), (lambda m, w: 1 + m.sin(w) ** 2, False)):
        found = in_digits(Bound(name="size", quantity=size, high=high, points=({"w": "0.7"},)))
        assert found.passed is not is_own
        assert ("compares it with itself" in found.message) is is_own


def test_what_is_given_to_both_sides_is_declared() -> None:
    def closed(m, w):
        return TABLE["square"](m, w) + m.cos(w) ** 2

    check = Identity(
        name="given", closed=closed, independent=lambda m, w: 1 + 0 * TABLE["square"](m, w), points=({"w": "1"},)
    )
    assert shared_formula(check)
    declared = replace(check, given=(TABLE["square"],))
    assert in_digits(declared).passed
    with pytest.raises(ConfigurationError, match="given"):
        replace(check, given=(closed,))


def test_an_engine_that_does_not_run_is_noticed() -> None:
    check = Identity(
        name="no engine", closed=lambda m: m.pi, independent=lambda m: m.number(3.141592653589793), engine=True
    )
    found = in_digits(check)
    assert not found.passed
    assert "engine" in found.message


# -- points --------------------------------------------------------------------------------------------
def test_small_ranges_draw_no_zero_and_many_decades() -> None:
    check = Identity(
        name="small",
        closed=lambda m, w: w,
        independent=lambda m, w: w,
        random={"w": Range("1e-9", "1e-6")},
        draws=60,
    )
    values = [float(point["w"]) for point in check.all_points(0)]
    assert min(values) >= 1e-9
    assert max(values) <= 1e-6
    assert min(values) < 5e-9
    negative = replace(check, random={"w": Range("-1e3", "-1e-3")})
    values = [float(point["w"]) for point in negative.all_points(0)]
    assert sum(value > -1 for value in values) > 20


def test_the_ends_of_ranges_are_tried() -> None:
    check = Identity(
        name="ends",
        closed=lambda m, w, n: m.sin(w),
        independent=lambda m, w, n: 2 * m.sin(w / 2) * m.cos(w / 2) * (1 if n < 40 else 2),
        random={"w": Range("0.1", "0.9"), "n": Range(1, 40)},
    )
    screened = list(check.screening_points(0))
    assert {point["w"] for point in screened} >= {"0.1", "0.9"}
    assert {point["n"] for point in screened} >= {1, 40}
    assert not in_digits(check, 15).passed


def failing(where: Callable[[Any, Any], bool]) -> Identity:
    """Return an identity that is false in a part of its region."""

    def independent(m, x, y):
        wrong = where(float(x), float(y)) if isinstance(m, Digits) else where(float(x.real), float(y.real))
        return (x + y) ** 2 + (m.number("0.01") if wrong else 0)

    return Identity(
        name="thin",
        closed=lambda m, x, y: x**2 + 2 * x * y + y**2,
        independent=independent,
        random={"x": Range("0", "1"), "y": Range("0", "1")},
    )


THIN = {
    "a strip": lambda x, y: 0.4 <= x < 0.4 + 1 / 60,
    "a square": lambda x, y: 0.3 <= x < 0.3 + 60**-0.5 and 0.6 <= y < 0.6 + 60**-0.5,
    "along the diagonal": lambda x, y: abs(x - y) < 1 / 119,
    "a corner": lambda x, y: x + y < (2 / 60) ** 0.5,
    "many spots": lambda x, y: (x * 10) % 1 < 60**-0.5 and (y * 10) % 1 < 60**-0.5,
}


@pytest.mark.parametrize("shape", THIN)
def test_a_failure_in_a_sixtieth_of_the_region_is_found(shape: str) -> None:
    check = failing(THIN[shape])
    caught = sum(not run_check(check, 15, seed, rigorous=False).passed for seed in range(100))
    assert caught >= 95


def test_a_thin_failure_in_one_parameter_is_found_over_many_decades() -> None:
    check = Identity(
        name="decades",
        closed=lambda m, x: m.log(x),
        independent=lambda m, x: -m.log(1 / x) + (1 if 1e-3 < float(x) < 10 ** (-3 + 6 / 60) else 0),
        random={"x": Range("1e-6", "1")},
    )
    assert sum(not run_check(check, 15, seed, rigorous=False).passed for seed in range(100)) >= 95


# -- outside the hypothesis ----------------------------------------------------------------------------
def geometric(m, z):
    return 1 / (1 - z)


def partial_sums(m, z):
    return sum(z**n for n in range(60))


INSIDE = Identity(
    name="geometric",
    closed=geometric,
    independent=partial_sums,
    random={"z": Range("-0.1", "0.1")},
    screened=20,
    outside_points=({"z": "-1"}, {"z": "2"}),
    outside={"z": Range("1.1", "3")},
)


@BOTH
def test_outside_the_hypothesis_the_claim_fails(run: Callable[..., Finding]) -> None:
    found = run(INSIDE)
    assert found.passed, found.message
    unnecessary = replace(INSIDE, outside={"z": Range("0.11", "0.12")}, outside_points=())
    found = run(unnecessary)
    assert not found.passed
    assert "outside" in found.message


@BOTH
def test_a_bound_fails_outside_its_hypothesis(run: Callable[..., Finding]) -> None:
    check = Bound(
        name="square",
        quantity=lambda m, x: x**2,
        high=lambda m, x: x,
        random={"x": Range("0.01", "0.99")},
        screened=20,
        outside={"x": Range("1.001", "3")},
    )
    assert run(check).passed, run(check).message
    assert not run(replace(check, outside={"x": Range("0.5", "0.9")})).passed


@BOTH
def test_a_bound_that_fails_shows_its_value(run: Callable[..., Finding]) -> None:
    square = Bound(name="square", quantity=lambda m, x: x**2, high=lambda m, x: x / 4, points=({"x": "0.5"},))
    assert re.fullmatch(r"0\.250* is not at most its bound \(0\.1250*\)", run(square).message)
    both = run(replace(square, low=lambda m, x: x)).message
    assert re.fullmatch(r"0\.250* is not between its bound and its bound \(0\.50* and 0\.1250*\)", both)
    assert run(replace(square, low=None, high="0.125")).message.endswith("is not at most 0.125")


@BOTH
def test_a_bound_outside_its_hypothesis_must_fail_for_certain(run: Callable[..., Finding]) -> None:
    # At x = 1/3 both are equal up to rounding, which shows neither that the bound holds nor that it fails.
    check = Bound(
        name="line",
        quantity=lambda m, x: m.exp(m.log(x)),
        high=lambda m, x: (1 - x) / 2,
        points=({"x": "0.2"},),
        outside_points=({"x": "0.4"},),
    )
    assert run(check).passed, run(check).message
    assert not run(replace(check, outside_points=({"x": "1/3"},))).passed


def test_an_outside_point_must_be_evaluable() -> None:
    found = in_digits(replace(INSIDE, outside={}, outside_points=({"z": "1"},)))
    assert not found.passed
    assert "outside" in found.message


# -- precision -----------------------------------------------------------------------------------------
@BOTH
def test_a_side_may_not_change_the_precision(run: Callable[..., Finding]) -> None:
    def lowers(m):
        if hasattr(m, "ctx"):
            m.ctx.dps = 15
        else:
            import flint

            flint.ctx.dps = 15
        return m.pi

    check = Identity(name="lowers", closed=lowers, independent=lambda m: 4 * m.atan(m.number(1)))
    found = run(check)
    assert not found.passed
    assert "precision" in found.message
    good = Identity(name="good", closed=lambda m: m.pi, independent=lambda m: 4 * m.atan(m.number(1)))
    assert run(good).passed
    assert run(replace(good, independent=lambda m: 4 * m.atan(m.number(1)) + m.number("1e-24"))).passed is False


def test_the_global_precision_does_not_leak() -> None:
    before = mpmath.mp.dps

    def leaks(m):
        mpmath.mp.dps = 7
        return m.pi

    in_digits(Identity(name="leaks", closed=leaks, independent=lambda m: 4 * m.atan(m.number(1))))
    assert mpmath.mp.dps == before


# -- both forms ----------------------------------------------------------------------------------------
@pytest.mark.rigorous
def test_both_forms_are_compared_at_every_point() -> None:
    def two_faced(m, w):
        return m.sin(w) + (1 if hasattr(m, "ctx") or float(w.real) < 2 else 2)

    def partner(m, w):
        return m.cos(m.pi / 2 - w) + (1 if hasattr(m, "ctx") or float(w.real) < 2 else 2)

    check = Identity(name="faces", closed=two_faced, independent=partner, points=({"w": "1"}, {"w": "3"}))
    assert in_digits(check).passed
    found = in_balls(check)
    assert not found.passed
    assert "balls and digits differ" in found.message
    assert found.worst == {"w": "3"}


@pytest.mark.rigorous
def test_balls_run_by_default() -> None:
    pytest.importorskip("flint")
    check = Identity(name="both", closed=lambda m: m.pi, independent=lambda m: 4 * m.atan(m.number(1)))
    found = run_check(check, 30)
    assert found.digits is not None
    assert found.radius is not None


def test_without_balls_digits_run(monkeypatch: pytest.MonkeyPatch) -> None:
    from freqnet.theory import balls

    monkeypatch.setattr(balls, "flint", None)
    check = Identity(name="both", closed=lambda m: m.pi, independent=lambda m: 4 * m.atan(m.number(1)))
    found = run_check(check, 30)
    assert found.passed
    assert found.radius is None
