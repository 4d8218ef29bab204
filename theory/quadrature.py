"""Quadrature in digits by two panellings: a spike between the nodes of one of them makes them differ.

A rule sees an integrand only at its nodes. Each integral is therefore computed twice, with nodes in different places:
to all digits on the panels that are asked for, and to fewer digits on parts of them. Where the two differ, the panel
is divided until they agree, and an integral that does not settle is an error. Balls need no such precaution.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from mpmath.calculus.quadrature import GaussLegendre
from mpmath.libmp import from_man_exp

from freqnet.errors import got_expected

try:
    import flint
except ImportError:  # python-flint is an optional dependency
    flint = None  # type: ignore[assignment]

Number = Any
Function = Callable[[Number], Number]

#: Fewest parts of all panels together in a dense second panelling: it has a thousand nodes or more.
DENSE = 240
#: The same for a sparse one, of two unequal parts per panel.
SPARSE = 2
#: Digits carried by the second panelling that may differ from the first: it loses some where an integrand cancels.
LOST = 17
#: How often a panel may be divided.
DEPTH = 9
# Degree of the rule on parts of a panel: 3 * 2^(degree - 1) nodes. Nodes of higher degrees take seconds to compute.
_DEGREE = 5
# Factor of the rounding errors seen at a few points.
_NOISE = 1000
# Digits of those carried by which the rule on a part may be off, by its own estimate.
_OFF = 12


class Legendre(GaussLegendre):
    """Gauss-Legendre rule with nodes from python-flint where it is installed: mpmath takes minutes at 300 digits."""

    def calc_nodes(self, degree: int, prec: int, verbose: bool = False) -> list[tuple[Number, Number]]:
        """Return the nodes and weights of the rule of ``3 * 2^(degree - 1)`` nodes."""
        if flint is None or degree == 1:
            return list(super().calc_nodes(degree, prec, verbose))
        size, before = 3 * 2 ** (degree - 1), flint.ctx.prec
        flint.ctx.prec = prec + 40
        try:
            found = [flint.arb.legendre_p_root(size, k, weight=True) for k in range(size // 2)]
            half = [(self._exact(x), self._exact(w)) for x, w in found]
        finally:
            flint.ctx.prec = before
        return [pair for x, w in half for pair in ((x, w), (-x, w))]

    def _exact(self, ball: Number) -> Number:
        """Return the centre of a ball, without rounding."""
        mantissa, exponent = ball.mid().man_exp()
        return self.ctx.make_mpf(from_man_exp(int(mantissa), int(exponent)))


class QuadratureError(ArithmeticError):
    """Two panellings of an integral differ."""


def integrate(context: Any, f: Function, points: list[Any], digits: int, dense: bool) -> tuple[Number, bool]:
    """Integrate along the segments between points, and compare with a second panelling.

    Parameters
    ----------
    context : mpmath context
    f : callable
    points : list of numbers
        Ends of the panels, real or complex.
    digits : int
        Digits carried by the second panelling.
    dense : bool
        Use many parts, for the first integral of a kind; else two parts per panel.

    Returns
    -------
    number, bool
        The integral, and whether a panel had to be divided.

    Raises
    ------
    QuadratureError
        The panellings differ however small the panels.
    """
    ends = [context.convert(point) for point in points]
    panels = [(a, b) for a, b in pairwise(ends) if a != b]
    sizes = [context.zero]

    def measured(x: Number) -> Number:
        value = f(x)
        sizes.append(abs(value))
        return value

    values = [_rule(context, measured if digits else f, a, b) for a, b in panels]
    if not digits or not panels:
        return context.fsum(values), False
    # An integral over a panel may be zero though its integrand is not.
    scale = max(sizes) * context.fsum(abs(b - a) for a, b in panels)
    parts = max(SPARSE, -(-DENSE // len(panels))) if dense else SPARSE
    compared = _Compared(context, f, digits, scale)
    settled = (compared.settled(a, b, value, True, parts, DEPTH) for (a, b), value in zip(panels, values, strict=True))
    return context.fsum(settled), compared.is_divided


def _rule(context: Any, f: Function, a: Number, b: Number, **options: Any) -> Number:
    # The integrands are smooth on closed panels. The integrands of finite parts cancel at 0, where the tanh-sinh rule
    # has many nodes and would lose digits.
    return context.quad(f, [a, b], method="gauss-legendre", **options)


class _Compared:
    """The integral of one function, compared panel by panel."""

    def __init__(self, context: Any, f: Function, digits: int, scale: Number) -> None:
        self.context, self.f, self.digits, self.is_divided = context, f, digits, False
        self.limit = scale * context.mpf(10) ** (LOST - digits)
        self.exact = scale * context.mpf(10) ** (_OFF - context.dps)

    def settled(self, a: Number, b: Number, value: Number, is_exact: bool, parts: int, depth: int) -> Number:
        """Return the integral over a panel: the value if a second panelling agrees, else from parts of the panel."""
        context = self.context
        cuts = [a, *(a + (b - a) * place for place in _places(parts)), b]
        off = self._distance(value, cuts)
        if off > self.limit:
            self.limit = max(self.limit, abs(b - a) * self._noise(a, b))
        # A distance that is not finite is left to the caller, who refuses such values.
        if not off > self.limit and (is_exact or depth == 0):
            return value
        if depth == 0:
            where = f"integral over {context.nstr(a, 6)} to {context.nstr(b, 6)}"
            got = f"two panellings that differ by {context.nstr(off, 2)}"
            raise QuadratureError(got_expected(where, got, "agreement", "add points of division there"))
        self.is_divided, total = True, []
        for c, d in pairwise(cuts):
            part, error = _rule(context, self.f, c, d, maxdegree=_DEGREE, error=True)
            # Parts in which nothing is found need not be divided further: two unequal parts of each are compared.
            total.append(self.settled(c, d, part, error <= self.exact, SPARSE, depth - 1))
        return context.fsum(total)

    def _noise(self, a: Number, b: Number) -> Number:
        """Return a bound of the rounding errors of the integrand at fewer digits, from a few points."""
        places = [a + (b - a) * place for place in _places(6)]
        full = [self.f(x) for x in places]
        before = self.context.prec
        self.context.dps = min(self.digits, self.context.dps)
        try:
            rounded = [self.f(x) for x in places]
        finally:
            self.context.prec = before
        return _NOISE * max(abs(u - v) for u, v in zip(full, rounded, strict=True))

    def _distance(self, value: Number, cuts: list[Number]) -> Number:
        """Return how far a value is from the integral over parts, to fewer digits."""
        before = self.context.prec
        self.context.dps = min(self.digits, self.context.dps)
        try:
            rules = (_rule(self.context, self.f, c, d, maxdegree=_DEGREE + 1) for c, d in pairwise(cuts))
            second = self.context.fsum(rules)
        finally:
            self.context.prec = before
        return abs(second - value)


def _places(parts: int) -> list[float]:
    """Return the inner points of division of the interval from 0 to 1, at no fractions with small denominators."""
    return [(n - 0.0871) / (parts - 0.1463) for n in range(1, parts)]
