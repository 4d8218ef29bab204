"""Quadrature in digits by two panellings: a spike between the nodes of one of them makes them differ.

A rule sees an integrand only at its nodes. Each integral is therefore computed twice, with nodes in different places:
to all digits on the panels that are asked for, and to fewer digits on parts of them. Where the two differ, the panel
is divided until they agree, and an integral that does not settle is an error. Balls need no such precaution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from mpmath.calculus.quadrature import GaussLegendre
from mpmath.libmp import from_man_exp

from freqnet.errors import got_expected

from .mpfr import Integrand

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
#: Size of the smallest rule that is tried.
FEWEST = 4
# Bits carried in addition inside a rule, as in mpmath.
_FURTHER = 20
# Bits by which an error is taken to be larger than its estimate.
_MARGIN = 10
# Factor of the rounding errors seen at a few points.
_NOISE = 1000
# Digits of those carried by which the rule on a part may be off, by its own estimate.
_OFF = 12


class Legendre(GaussLegendre):
    """Gauss-Legendre rules of any even size, with nodes from python-flint: mpmath takes minutes at 300 digits.

    The error of a rule decreases geometrically with its size where the integrand is holomorphic. Two rules tell the
    rate, and with it the size that is needed, also for the next panel: a fifth to a third fewer values of the integrand
    than by doubling the size, as mpmath does, also here without python-flint.
    """

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._converted: dict[tuple[int, int], list[tuple[Any, Any]]] = {}

    def integral(self, f: Integrand, a: Number, b: Number, size: int, most: int) -> tuple[Number, Number, int]:
        """Integrate over one panel.

        Parameters
        ----------
        f : Integrand
        a, b : numbers
            Ends of the panel.
        size : int
            Size of the rule that a panel like this one needed, or 0.
        most : int
            Size of the largest rule.

        Returns
        -------
        number, number, int
            The integral, an estimate of its error, and the size of the rule that was needed.
        """
        context, bits = self.ctx, self.ctx.prec
        context.prec += _FURTHER
        try:
            small, large = (_size(size / 2), size) if size > FEWEST else (FEWEST, 2 * FEWEST)
            last, term = f.sum(self, a, b, small, bits)
            scale = _log2(context, term) + math.log2(small)
            while True:
                value, _ = f.sum(self, a, b, large, bits)
                off, goal = _log2(context, value - last), max(0, _log2(context, value)) - bits - 3
                rate = (scale - off) / small if off > -math.inf else math.inf
                error = scale + _MARGIN - rate * large
                needed = (scale + _MARGIN - goal) / rate if rate > 0 else math.inf
                if error <= goal or large >= most or not context.isfinite(value):
                    break
                # Far from the goal, the rate is not yet known well.
                small, last, large = large, value, min(most, _size(min(max(needed, 1.25 * large), 2 * large)))
        finally:
            context.prec = bits
        is_known = math.isfinite(error)
        return +value, context.ldexp(1, math.ceil(error)) if is_known else context.zero, _size(min(large, needed))

    def converted_nodes(self, size: int, bits: int, convert: Function) -> list[tuple[Any, Any]]:
        """Return the nodes and weights on the interval from -1 to 1 as numbers of another library."""
        if (size, bits) not in self._converted:
            nodes = self.get_nodes(-self.ctx.one, self.ctx.one, size, bits)
            self._converted[size, bits] = [(convert(x), convert(w)) for x, w in nodes]
        return self._converted[size, bits]

    def calc_nodes(self, degree: int, prec: int, verbose: bool = False) -> list[tuple[Number, Number]]:
        """Return the nodes and weights of the rule of `degree` nodes, or of ``3 * 2^(degree - 1)`` without flint."""
        if flint is None:
            return list(super().calc_nodes(degree, prec, verbose))
        size, before = degree, flint.ctx.prec
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


def _size(size: float) -> int:
    """Return the least size of a rule that is not below a size: four per octave, whose nodes are computed once.

    >>> [_size(size) for size in (3, 9, 25, 25.5, 33)]
    [4, 10, 28, 28, 40]
    """
    octave = 2 ** max(1, math.ceil(math.log2(max(size, FEWEST))) - 3)
    return octave * math.ceil(max(size, FEWEST) / octave)


def _log2(context: Any, z: Number) -> float:
    """Return the logarithm of a modulus to base 2, rounded up."""
    return float(context.mag(z))


class QuadratureError(ArithmeticError):
    """Two panellings of an integral differ."""


class Rule:
    """The rule for one kind of integrand: it remembers the size that the last panel needed."""

    def __init__(self, context: Any) -> None:
        self.context, self.size = context, 0

    def __call__(self, f: Integrand, a: Number, b: Number, degree: int | None = None) -> tuple[Number, Number]:
        """Return the integral over a panel, and an estimate of its error.

        `degree` limits the size of the rule to ``3 * 2^(degree - 1)``: by default to what the precision needs.
        """
        # The integrands are smooth on closed panels. The integrands of finite parts cancel at 0, where the tanh-sinh
        # rule has many nodes and would lose digits.
        legendre = self.context._gauss_legendre
        if flint is None:
            found: tuple[Number, Number] = self.context.quad(
                f, [a, b], method="gauss-legendre", maxdegree=degree, error=True
            )
            return found
        degree = degree or legendre.guess_degree(self.context.prec)
        value, error, self.size = legendre.integral(f, a, b, self.size, 3 * 2 ** (degree - 1))
        return value, error


def integrate(rule: Rule, f: Integrand, points: list[Any], digits: int, dense: bool) -> tuple[Number, bool]:
    """Integrate along the segments between points, and compare with a second panelling.

    Parameters
    ----------
    rule : Rule
    f : Integrand
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
    context = rule.context
    ends = [context.convert(point) for point in points]
    panels = [(a, b) for a, b in pairwise(ends) if a != b]
    f.is_measured = digits > 0
    values = [rule(f, a, b)[0] for a, b in panels]
    f.is_measured = False
    if not digits or not panels:
        return context.fsum(values), False
    # An integral over a panel may be zero though its integrand is not.
    scale = f.largest * context.fsum(abs(b - a) for a, b in panels)
    parts = max(SPARSE, -(-DENSE // len(panels))) if dense else SPARSE
    compared = _Compared(context, f, digits, scale)
    settled = (compared.settled(a, b, value, True, parts, DEPTH) for (a, b), value in zip(panels, values, strict=True))
    return context.fsum(settled), compared.is_divided


class _Compared:
    """The integral of one function, compared panel by panel."""

    def __init__(self, context: Any, f: Integrand, digits: int, scale: Number) -> None:
        self.context, self.f, self.digits, self.is_divided = context, f, digits, False
        self.parts, self.second = Rule(context), Rule(context)
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
            part, error = self.parts(self.f, c, d, _DEGREE)
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
            second = self.context.fsum(self.second(self.f, c, d, _DEGREE + 1)[0] for c, d in pairwise(cuts))
        finally:
            self.context.prec = before
        return abs(second - value)


def _places(parts: int) -> list[float]:
    """Return the inner points of division of the interval from 0 to 1, at no fractions with small denominators."""
    return [(n - 0.0871) / (parts - 0.1463) for n in range(1, parts)]
