"""Polynomials of signals, computed with few products of spectra: the activations inside a domain."""

from __future__ import annotations

from functools import reduce

from freqnet.autodiff import Tensor
from freqnet.errors import ShapeError, got_expected
from freqnet.ops.arithmetic import add, plain, reshape, row, scale_by, signal_space
from freqnet.ops.multiply import multiply
from freqnet.ops.normalize import scale
from freqnet.ops.pool import change_band, truncate
from freqnet.ops.quadratic import low_degree
from freqnet.spaces.base import Axes, per_axis


def polynomial(
    x: Tensor,
    coefficients: Tensor,
    gate_band: int | Axes | None = None,
    exact: bool = False,
    band: Axes | None = None,
) -> Tensor:
    """Apply a polynomial to a signal, with few products of spectra.

    The polynomial is ``c[0] + c[1] x + ... + c[d] x^d``. Degree 2 takes one square, degrees 3 and 4 a square and a
    product, 5 and 6 a square and two products, 7 to 9 one more (Paterson and Stockmeyer 1973). With a gate, degree d
    takes d - 1 products (Horner).

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    coefficients : Tensor
        Plain ``(degree + 1, channels)`` or ``(degree + 1, batch, channels)``; batch and channels broadcast.
    gate_band : int or tuple of int, optional
        Band of the gate g, a low-passed `x` that replaces it in all factors but one:
        ``c[0] + c[1] x + c[2] x g + c[3] x g^2 + ...``. With band 0 the gate is the mean of `x`; None uses `x` itself.
        The cost of a product is proportional to the number of modes of the gate.
    exact : bool
        Whether intermediate powers keep every mode that can affect the result. By default they are truncated to the
        band of `x`, which is cheaper, and still exact at degrees 1 and 2.
    band : tuple of int, optional
        Band of the result, by default that of `x`.

    Returns
    -------
    Tensor
        Signal ``(*modes, batch, channels)``.

    Raises
    ------
    ShapeError
        The coefficients do not fit the batch and channels of `x`.
    SpaceError
        `x` is not a signal, or the coefficients are not plain.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.autodiff import Tensor
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, polynomial, synthesis
    >>> wave = np.cos(2 * np.pi * np.arange(9) / 9).reshape(1, 9, 1)
    >>> x = analysis(wave, Fourier.on(9))
    >>> y = polynomial(x, Tensor([[1.0], [0.0], [2.0]]))
    >>> bool(np.allclose(synthesis(y).data, 1 + 2 * wave**2))
    True
    """
    space = signal_space(x, "polynomial")
    lanes = _lanes(coefficients, x)
    degree, kept = lanes.shape[0] - 1, space.band if band is None else band
    gate = x if gate_band is None else truncate(x, _clipped(gate_band, space.band))
    if degree == 1 or (degree == 2 and gate is x):
        return low_degree(x, lanes, band=kept)
    rows = [reshape(row(lanes, index=i), shape=lanes.shape[1:]) for i in range(degree + 1)]
    if degree == 0:
        return change_band(scale(x, scale_by(rows[0], factor=0.0)), band=kept) + rows[0]
    return _by_powers(x, rows, kept, exact) if gate is x else _by_gate(x, rows, gate, kept, exact)


def _lanes(coefficients: Tensor, x: Tensor) -> Tensor:
    """Return the coefficients as ``(degree + 1, batch or 1, channels or 1)``."""
    shape = plain(coefficients, "coefficients").shape
    if len(shape) == 2:
        shape = (shape[0], 1, shape[1])
        coefficients = reshape(coefficients, shape=shape)
    if len(shape) != 3 or any(n not in (1, have) for n, have in zip(shape[1:], x.shape[-2:], strict=True)):
        expected = f"(degree + 1, {x.shape[-1]})"
        raise ShapeError(got_expected("coefficients", shape, expected, "pass one row per power, from x^0"))
    return coefficients


def _by_gate(x: Tensor, rows: list[Tensor], gate: Tensor, kept: Axes, exact: bool) -> Tensor:
    """Evaluate the polynomial by Horner's rule, with the gate as factor."""
    degree = len(rows) - 1
    out = scale(x, rows[degree])
    for left in range(degree - 2, -1, -1):
        final = kept if exact or left == 0 else x.space.band
        wanted = _kept(out.space.band, gate.space.band, final, left if exact else 0)
        out = multiply(out, gate, band=x.space.exact_band(wanted) if exact and left else wanted)
        out = out + change_band(scale(x, rows[left + 1]), band=out.space.band)
    return change_band(out, band=kept) + rows[0]


def _kept(band: Axes, gate: Axes, final: Axes, left: int) -> Axes:
    """Return the band that a product needs if `left` more follow, each of which can move modes into the final band."""
    return tuple(min(a + g, m + left * g) if left else m for a, g, m in zip(band, gate, final, strict=True))


def _by_powers(x: Tensor, rows: list[Tensor], kept: Axes, exact: bool) -> Tensor:
    """Evaluate the polynomial by Horner's rule in x^k, on blocks of k terms (Paterson and Stockmeyer 1973)."""
    degree, size = len(rows) - 1, x.space.band
    # Powers up to x^k take k - 1 products, Horner's rule one per further block.
    block = min((2, 3), key=lambda k: k - 1 + -(-(degree - k) // k))

    def band(power: int, left: int) -> Axes:
        """Return the band that a power needs if its degree can still grow by `left`."""
        if not exact:
            return kept if left == 0 else size
        wanted = tuple(min(power * m, c + left * m) for m, c in zip(size, kept, strict=True))
        whole = x.space.exact_band(wanted)
        return whole if left else tuple(map(min, whole, kept))

    powers = [x]
    for p in range(2, block + 1):
        powers.append(multiply(powers[-1], x, band=band(p, degree - p)))

    def terms(first: int, last: int, target: Axes) -> Tensor:
        scaled = [scale(powers[i - first - 1], rows[i]) for i in range(first + 1, last + 1)]
        return reduce(add, [change_band(s, band=target) for s in scaled]) + rows[first]

    whole = -(-(degree - block) // block)
    out = terms(whole * block, degree, band(degree - whole * block, whole * block))
    for i in range(whole - 1, -1, -1):
        product = multiply(out, powers[-1], band=band(degree - i * block, i * block))
        out = add(product, terms(i * block, (i + 1) * block - 1, product.space.band))
    return change_band(out, band=kept)


def _clipped(band: int | Axes, largest: Axes) -> Axes:
    return tuple(min(b, m) for b, m in zip(per_axis(band, len(largest), "gate band"), largest, strict=True))
