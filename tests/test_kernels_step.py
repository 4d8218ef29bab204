"""The other kernels of a training step against explicit sums: one-pass polynomials, channel products, passes.

The same tests run on every implementation and on every instruction set of the machine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import oracles
import pytest
from test_kernels import IMPLEMENTATIONS, TOLERANCE, Axes, naive, spectrum

BANDS = [
    ((0,), (0,)),
    ((3,), (3,)),
    ((4,), (2,)),
    ((2,), (5,)),
    ((2, 3), (1, 1)),
    ((6, 6), (5, 5)),
    ((1, 2, 1), (1, 1, 0)),
]
LANES = [(1, 1), (3, 2), (5, 7), (2, 40)]


@pytest.fixture(params=IMPLEMENTATIONS)
def kernel(request: pytest.FixtureRequest):
    return IMPLEMENTATIONS[request.param]


def padded(half: np.ndarray, band: Axes, target: Axes) -> np.ndarray:
    """The half spectrum on another band, one mode at a time."""
    out = np.zeros((*(2 * m + 1 for m in target[:-1]), target[-1] + 1, *half.shape[len(band) :]), half.dtype)
    for at in np.ndindex(half.shape[: len(band)]):
        k = [i - m for i, m in zip(at[:-1], band[:-1], strict=True)] + [at[-1]]
        if all(abs(i) <= m for i, m in zip(k, target, strict=True)):
            out[(*(i + m for i, m in zip(k[:-1], target[:-1], strict=True)), k[-1])] = half[at]
    return out


def parseval(a: np.ndarray, b: np.ndarray, band: Axes) -> np.ndarray:
    """The inner product over both halves of the spectra, one mode at a time."""
    full = [oracles.mirrored(v.astype(complex), band) for v in (a, b)]
    return sum((full[0][k].conj() * full[1][k]).real for k in np.ndindex(full[0].shape[: len(band)]))


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize("bands", BANDS)
def test_quadratic_and_its_adjoint_equal_explicit_sums(kernel, bands, lanes, dtype, rng) -> None:
    band, kept = bands
    x, g = spectrum(rng, band, lanes, dtype), spectrum(rng, kept, lanes, dtype)
    squared, folded, wide = naive(x, x, (band, band, kept)), naive(g, x, (kept, band, band)), padded(g, kept, band)
    for shape in ((3, 1, lanes[1]), (3, *lanes), (3, 1, 1)):
        c = rng.standard_normal(shape).astype(x.real.dtype)
        expected = c[1] * padded(x, band, kept) + c[2] * squared
        expected[(*kept[:-1], 0)] += c[0]
        found = kernel.quadratic(x, c, bands)
        assert found.dtype == x.dtype
        oracles.assert_close(found, expected, f"quadratic {bands}", TOLERANCE[dtype])
        gx, sums = kernel.quadratic_adjoint(g, x, c, bands)
        oracles.assert_close(gx, c[1] * wide + 2 * c[2] * folded, "adjoint", TOLERANCE[dtype])
        moments = [g[(*kept[:-1], 0)].real, parseval(wide, x, band), parseval(g, squared, kept)]
        # The three results differ in size: compare each with its own scale.
        for one, other in zip(sums, moments, strict=True):
            oracles.assert_close(one, other, "sums", 10 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("sizes", [(1, 1, 1), (3, 1, 5), (5, 4, 2), (7, 9, 17), (100, 16, 33), (2, 40, 8)])
def test_channel_products_equal_explicit_sums(kernel, sizes, dtype, rng) -> None:
    batch, inputs, outputs = sizes
    draw = lambda *shape: (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    for modes in ((3,), (3, 2), (1, 3, 2)):
        x, h, g = draw(*modes, batch, inputs), draw(*modes, inputs, outputs), draw(*modes, batch, outputs)
        cases = {
            "forward": (x, h, "...bi,...io->...bo", (False, False)),
            "input": (g, h, "...bo,...io->...bi", (False, True)),
            "response": (x, g, "...bi,...bo->...io", (True, False)),
        }
        for form, (a, b, formula, (left, right)) in cases.items():
            expected = np.einsum(formula, a.conj() if left else a, b.conj() if right else b, optimize=False)
            found = kernel.channel_product(a, b, form)
            assert found.dtype == np.dtype(dtype)
            oracles.assert_close(found, expected, f"{form} {sizes}", TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("lanes", [(1, 1), (3, 5), (1, 300), (40, 40)])
@pytest.mark.parametrize("band", [(0,), (5,), (2, 3), (1, 1, 1)])
def test_passes_equal_explicit_sums(kernel, band, lanes, dtype, rng) -> None:
    shape = (*(2 * m + 1 for m in band[:-1]), band[-1] + 1, *lanes)
    a, b = ((rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype) for _ in range(2))
    # The column k = 0 contains its own mirror images: the inner product counts its entries once.
    expected = np.sum((a.conj() * b).real * (1 + (np.arange(band[-1] + 1) > 0))[:, None, None], tuple(range(len(band))))
    oracles.assert_close(kernel.inner(a, b, len(band)), expected, "inner", 10 * TOLERANCE[dtype])
    p, q = (rng.standard_normal((n, lanes[1])).astype(a.real.dtype) for n in (1, lanes[0]))
    oracles.assert_close(kernel.combine(a, p), a * p, "p a", TOLERANCE[dtype])
    oracles.assert_close(kernel.combine(a, p, b, q), a * p + b * q, "p a + q b", TOLERANCE[dtype])
    target, wanted = a.copy(), a * p + b * q
    assert kernel.combine(target, p, b, q, out=target) is target
    oracles.assert_close(target, wanted, "in place", TOLERANCE[dtype])


def test_channel_products_take_views_and_leave_them_alone(kernel, rng) -> None:
    whole = rng.standard_normal((3, 8, 12)) + 1j * rng.standard_normal((3, 8, 12))
    a, b = whole[:, ::2, ::3], whole[:, 1::2, 2:7]
    before = whole.copy()
    oracles.assert_close(kernel.channel_product(a, b, "forward"), a @ b, "views", 1e-12)
    assert np.array_equal(whole, before)


SCRIPT = """
import json, sys
import numpy as np
from freqnet.kernels import native, reference
rng = np.random.default_rng(0)
worst = 0.0
for dtype, lanes in ((np.complex64, (3, 7)), (np.complex128, (4, 9))):
    draw = lambda *s: (rng.standard_normal(s) + 1j * rng.standard_normal(s)).astype(dtype)
    x, g, h = draw(7, 4, *lanes), draw(5, 3, *lanes), draw(7, 4, lanes[1], 5)
    for v in (x, g):
        v[:, 0] = v[:, 0] + v[::-1, 0].conj()
    c, bands = rng.standard_normal((3, 1, lanes[1])).astype(x.real.dtype), ((3, 3), (2, 2))
    pairs = [(m.product(x, g, (*bands, (3, 3))), m.quadratic(x, c, bands), *m.quadratic_adjoint(g, x, c, bands),
              m.channel_product(x, h, "forward"), m.inner(x, x, 2), m.combine(x, c[0])) for m in (native, reference)]
    size = np.finfo(dtype).eps
    worst = max(worst, *(float(np.abs(a - b).max() / np.abs(b).max() / size) for a, b in zip(*pairs)))
print(json.dumps([native.INSTRUCTIONS, worst]))
"""


@pytest.mark.skipif("native" not in IMPLEMENTATIONS, reason="the compiled kernels are not built")
@pytest.mark.parametrize("wanted", ["avx512", "avx2", "baseline"])
def test_every_instruction_set_agrees_with_the_reference(wanted: str) -> None:
    run = [sys.executable, "-c", SCRIPT]
    environment = {**os.environ, "FREQNET_INSTRUCTIONS": wanted}
    out = subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout
    used, worst = json.loads(out)
    # A machine uses the widest instruction set it has, up to the one asked for.
    order = ["baseline", "avx2", "avx512"]
    assert order.index(used) <= order.index(wanted)
    assert worst < 100, f"{used}: off by {worst:.0f} units of rounding"


def test_the_comparison_finds_a_missing_conjugate(rng) -> None:
    x, h = (rng.standard_normal((3, 2, 2)) + 1j * rng.standard_normal((3, 2, 2)) for _ in range(2))
    wrong = IMPLEMENTATIONS["reference"].channel_product(x, h.conj(), "input")
    with pytest.raises(AssertionError, match="relative error"):
        oracles.assert_close(wrong, np.einsum("...bo,...io->...bi", x, h.conj()), "input")
