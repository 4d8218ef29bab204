"""The rules of the ops that have kernels on signals stored as values at real nodes, along one or two axes.

Those of heads serve all signals that are stored as real numbers.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.kernels.program import Program
from freqnet.plan.builder import Array, Backward, Builder, rule
from freqnet.spaces.base import Axes, NodeTables, Space


def _tables(*tensors: Tensor) -> NodeTables | None:
    """Return the tables of the first tensor; None if one of them is not stored as values at real nodes."""
    found = [None if x.space is None else x.space.node_tables for x in tensors]
    return None if any(tables is None for tables in found) else found[0]


def _is_real(*tensors: Tensor) -> bool:
    """Whether heads are sums of products of stored real numbers: at nodes, and in Hartley spectra."""
    spaces = [x.space for x in tensors]
    return all(s is not None and s.has_kernels and not s.is_complex and not s.switches for s in spaces)


def _matrix_product(p: Program, matrix: Array, source: Array, out: Array, transposed: bool = False) -> None:
    """Append the product of a matrix with the first axis of an array."""
    rows, inner = matrix.shape[::-1] if transposed else matrix.shape
    columns = source.size // inner
    strides = (1, rows) if transposed else (inner, 1)
    p.gemm(
        matrix, source, out, work=rows * inner * columns, n0=1, n1=1, a0=0, a1=0, b0=0, b1=0, o0=0, o1=0, rows=rows,
        inner=inner, columns=columns, a_row=strides[0], a_inner=strides[1], b_inner=columns, b_column=1, planes=1,
        b_plane=0, out_row=columns,
    )  # fmt: skip


# -- numbers of nodes ------------------------------------------------------------------------------------
def _copy_nodes(p: Program, source: Array, target: Array, places: tuple[slice, ...], adjoint: bool) -> None:
    small, large = (source, target) if adjoint else (target, source)
    if adjoint and small.size < large.size:
        p.zero(target)
    first, zero = tuple(place.indices(n)[0] for place, n in zip(places, large.shape, strict=False)), (0,) * len(places)
    ends = (zero, first) if adjoint else (first, zero)
    p.box(source, target, small.shape[: len(places)], *ends)


@rule("resample", "change_band")
def _fewer_nodes(b: Builder, out: Tensor, inputs: tuple[Tensor], **rest: Any) -> Backward | None:
    (x,) = inputs
    tables = _tables(x, out)
    places = tables and tables.kept(out.space.band)
    if places is None:
        return None
    if x.shape == out.shape:
        b.values[id(out)] = b.value(x)
        return lambda g: b.share_gradient(x, g)
    _copy_nodes(b.program, b.value(x), b.result(out), places, False)

    def backward(g: Array) -> None:
        gx = b.gradient(x)
        if gx is not None:
            _copy_nodes(b.program, g, gx, places, True)

    return backward


# -- convolution -----------------------------------------------------------------------------------------
@rule("frequency_response")
def _response(b: Builder, out: Tensor, inputs: tuple[Tensor], kernel: str, size: Axes, space: Space) -> Backward | None:
    (theta,) = inputs
    tables = _tables(out)
    if tables is None or kernel == "modes":
        return None
    return real_response(b, out, theta, tables.response_matrix(kernel, size))


def real_response(b: Builder, out: Tensor, theta: Tensor, matrix: Array) -> Backward:
    """Append the product of a real matrix (modes, parameters) with the parameters of a kernel."""
    matrix = b.program.constant(matrix)
    _matrix_product(b.program, matrix, b.value(theta), b.result(out))

    def backward(g: Array) -> None:
        gt = b.gradient(theta)
        if gt is not None:
            _matrix_product(b.program, matrix, g, gt, transposed=True)

    return backward


def _per_node(p: Program, a: Array, c: Array, out: Array, a_form: str = "n", c_form: str = "n") -> None:
    """Append one matrix product per node; a form "t" transposes the matrices."""
    nodes, (rows, columns) = prod(out.shape[:-2]), out.shape[-2:]
    inner = a.shape[-2] if a_form == "t" else a.shape[-1]
    a_row, a_inner = (1, rows) if a_form == "t" else (inner, 1)
    b_inner, b_column = (1, inner) if c_form == "t" else (columns, 1)
    p.gemm(
        a, c, out, work=nodes * rows * inner * columns, n0=nodes, n1=1, a0=rows * inner, a1=0, b0=inner * columns,
        b1=0, o0=rows * columns, o1=0, rows=rows, inner=inner, columns=columns, a_row=a_row, a_inner=a_inner,
        b_inner=b_inner, b_column=b_column, planes=1, b_plane=0, out_row=columns,
    )  # fmt: skip


@rule("convolve")
def _convolve(b: Builder, out: Tensor, inputs: tuple[Tensor, Tensor], size: Axes, groups: int) -> Backward | None:
    x, h = inputs
    if groups != 1 or _tables(x, h, out) is None:
        return None
    source, response = b.value(x), b.value(h)
    _per_node(b.program, source, response, b.result(out))

    def backward(g: Array) -> None:
        gx, gh = b.gradient(x), b.gradient(h)
        if gx is not None:
            _per_node(b.program, g, response, gx, c_form="t")
        if gh is not None:
            _per_node(b.program, source, g, gh, a_form="t")

    return backward


# -- polynomials of degree 1 and 2 -----------------------------------------------------------------------
class _Polynomial:
    """Calls of ``c[0] + c[1] x + c[2] x^2``, kept at fewer nodes, and of its gradients.

    Parameters
    ----------
    p : Program
    tables : NodeTables
        Those of `x`.
    target : NodeTables
        Those of the result.
    x, coefficients : ndarray
        The signal, and one coefficient of each power per lane.
    band, kept : tuple of int
        Bands of the signal and of the result.
    """

    def __init__(
        self,
        p: Program,
        tables: NodeTables,
        target: NodeTables,
        x: Array,
        coefficients: Array,
        bands: tuple[Axes, Axes],
    ) -> None:
        self.program, self.tables, self.x, self.coefficients = p, tables, x, coefficients
        self.constant = p.constant(target.constant)
        self.places = tables.kept(bands[1])
        self.is_square = len(coefficients) == 3
        self.forms = [p.constant(form) for form in tables.forms(*bands)] if self.is_square else []
        self.transposed = [p.constant(form.transpose(1, 0, 2)) for form in self.forms]

    def forward(self, out: Array) -> None:
        p, c = self.program, self.coefficients
        assert self.places is not None
        linear = self.x
        if out.shape != self.x.shape:
            linear = p.empty(out.shape)
            _copy_nodes(p, self.x, linear, self.places, False)
        if not self.is_square:
            p.node_combine(linear, c[1], None, None, c[0], self.constant, out)
            return
        p.bilinear(self.forms, self.x, self.x, out)
        p.node_combine(out, c[2], linear, c[1], c[0], self.constant, out)

    def backward(self, g: Array, gx: Array) -> Array:
        """Append the gradients; return the array of those of the coefficients."""
        p, c, sums = self.program, self.coefficients, self.program.empty(self.coefficients.shape)
        assert self.places is not None
        p.node_sums(g, None, self.constant, sums[0])
        wide = g
        if g.shape != self.x.shape:
            wide = p.empty(self.x.shape)
            _copy_nodes(p, g, wide, self.places, True)
        p.node_sums(wide, self.x, None, sums[1])
        if not self.is_square:
            p.node_combine(wide, c[1], None, None, None, None, gx)
            return sums
        twice = p.empty(c.shape[1:])
        p.scatter(c[2], twice, [[0, 0]], [2], twice.size)
        p.bilinear(self.transposed, g, self.x, gx)
        p.node_sums(gx, self.x, None, sums[2])
        p.node_combine(gx, twice, wide, c[1], None, None, gx)
        return sums


def _covered(x: Tensor, out: Tensor, rows: int, band: Axes) -> tuple[NodeTables, NodeTables] | None:
    tables, target = _tables(x), _tables(out)
    if tables is None or target is None or rows not in (2, 3) or tables.kept(band) is None:
        return None
    return tables, target


@rule("low_degree")
def _low_degree(b: Builder, out: Tensor, inputs: tuple[Tensor, Tensor], band: Axes) -> Backward | None:
    x, c = inputs
    covered = None if b.varies(c) else _covered(x, out, len(c.data), band)
    if covered is None:
        return None
    coefficients = b.program.constant(np.broadcast_to(c.data, (len(c.data), *x.shape[-2:])))
    polynomial = _Polynomial(b.program, *covered, b.value(x), coefficients, (x.space.band, band))
    polynomial.forward(b.result(out))

    def backward(g: Array) -> None:
        gx = b.gradient(x)
        if gx is not None:
            polynomial.backward(g, gx)

    return backward


@rule("normalized_polynomial")
def _normalized(
    b: Builder, out: Tensor, inputs: tuple[Tensor, ...], epsilon: float, band: Axes, per_sample: bool
) -> Backward | None:
    x, gain, offset, rows = inputs
    covered = None if per_sample else _covered(x, out, len(rows.data), band)
    if covered is None:
        return None
    p, tables, source, lanes = b.program, covered[0], b.value(x), x.shape[-2:]
    roots, mean = [p.constant(root) for root in tables.roots], p.constant(tables.mean)
    centre, power, found = p.empty(lanes), p.empty(lanes), p.empty((2, 1, lanes[1]))
    coordinates = p.empty(source.shape)
    p.matrices([p.constant(root.T) for root in roots], source, coordinates)
    p.node_sums(coordinates, coordinates, None, power)
    p.node_sums(source, None, mean, centre)
    p.moments(centre, power, found)
    coefficients = p.empty((len(rows.data), *lanes))
    given = found, b.value(gain), b.value(offset), b.value(rows)
    p.compose(*given, coefficients, epsilon)
    polynomial = _Polynomial(p, *covered, source, coefficients, (x.space.band, band))
    polynomial.forward(b.result(out))
    b.keep_saved(out, found)

    def backward(g: Array) -> None:
        gx, g_gain, g_offset = (b.gradient_or_scratch(v) for v in (x, gain, offset))
        sums, factor, start = polynomial.backward(g, gx), p.empty(lanes), p.empty(lanes)
        p.compose_adjoint(sums, given, (g_gain, g_offset, b.gradient(rows), factor, start), epsilon)
        riesz, ones = p.empty(source.shape), p.constant(np.ones(lanes))
        p.matrices(roots, coordinates, riesz)
        p.node_combine(gx, ones, riesz, factor, start, mean, gx)

    return backward


# -- heads -----------------------------------------------------------------------------------------------
@rule("functional")
def _functional(b: Builder, out: Tensor, inputs: tuple[Tensor, Tensor], **rest: Any) -> Backward | None:
    x, v = inputs
    if not _is_real(x, v):
        return None
    p, nodes, (batch, channels), outputs = b.program, prod(x.shape[:-2]), x.shape[-2:], v.shape[-1]
    source, vectors = b.value(x), b.value(v)
    p.gemm(
        source, vectors, b.result(out), work=nodes * batch * channels * outputs, total=1, n0=nodes, n1=1,
        a0=batch * channels, a1=0, b0=channels * outputs, b1=0, o0=0, o1=0, rows=batch, inner=channels,
        columns=outputs, a_row=channels, a_inner=1, b_inner=outputs, b_column=1, planes=1, b_plane=0, out_row=outputs,
    )  # fmt: skip

    def backward(g: Array) -> None:
        gx, gv = b.gradient(x), b.gradient(v)
        shared: Any = {"n0": nodes, "n1": 1, "a1": 0, "b1": 0, "o1": 0, "planes": 1, "b_plane": 0}
        shared["work"] = nodes * batch * channels * outputs
        if gx is not None:
            p.gemm(
                g, vectors, gx, **shared, a0=0, b0=channels * outputs, o0=batch * channels, rows=batch, inner=outputs,
                columns=channels, a_row=outputs, a_inner=1, b_inner=1, b_column=outputs, out_row=channels,
            )  # fmt: skip
        if gv is not None:
            p.gemm(
                source, g, gv, **shared, a0=batch * channels, b0=0, o0=channels * outputs, rows=channels, inner=batch,
                columns=outputs, a_row=1, a_inner=channels, b_inner=outputs, b_column=1, out_row=outputs,
            )  # fmt: skip

    return backward


@rule("from_coordinates")
def _from_coordinates(b: Builder, out: Tensor, inputs: tuple[Tensor], space: Space) -> Backward | None:
    (values,) = inputs
    if not _is_real(out):
        return None
    count = len(values.data)
    matrix = b.program.constant(space.from_coordinates(np.eye(count)[..., None]).reshape(-1, count))
    _matrix_product(b.program, matrix, b.value(values), b.result(out))

    def backward(g: Array) -> None:
        gv = b.gradient(values)
        if gv is not None:
            _matrix_product(b.program, matrix, g, gv, transposed=True)

    return backward
