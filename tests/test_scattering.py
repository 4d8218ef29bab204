"""The page on scattering: its wavelets and paths against sums over samples, and against numbers of kymatio."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from freqnet import ops

PAGE = Path(__file__).parents[1] / "examples" / "scattering.py"
# The first section after the definitions of filters and paths.
END = "# What the truncation keeps\n"
# Coefficients that kymatio 0.3.0 computes of `picture` without its border: Scattering2D(J=2, shape=(28, 28), L=8), the
# places (3, 3), (1, 5) and (5, 2) of some paths. Paths 1 to 8 are those of fine filters, 9 to 16 of coarse ones.
KYMATIO = {
    0: (0.477775, 0.154321, 0.35662),
    1: (0.052381, 0.02853, 0.045251),
    5: (0.050546, 0.03588, 0.04969),
    8: (0.089993, 0.038133, 0.043385),
    9: (0.027121, 0.024194, 0.022378),
    13: (0.030156, 0.043824, 0.040554),
    17: (0.003565, 0.002552, 0.006427),
    30: (0.010832, 0.003247, 0.007879),
    80: (0.035349, 0.015345, 0.022723),
}


@pytest.fixture(scope="module")
def page() -> Any:
    """Run the page up to the first measurement."""
    pytest.importorskip("mlxtend")
    pytest.importorskip("matplotlib")
    source = PAGE.read_text(encoding="utf-8")
    assert source.count(END) == 1
    names: dict[str, Any] = {"__file__": str(PAGE), "__name__": "page"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(PAGE)])
        exec(compile(source.split(END)[0], PAGE, "exec"), names)
    return SimpleNamespace(**names)


def picture() -> np.ndarray:
    """A picture of 28x28 pixels with dark borders, on 36x36."""
    i, j = np.mgrid[:28, :28]
    inside = (i > 4) & (i < 23) & (j > 4) & (j < 23)
    return np.pad(np.where(inside, ((3 * i + 5 * j + i * j) % 7) / 7, 0.0), 4)


def convolved(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Circular convolution, by its sum."""
    out = np.zeros(x.shape, complex)
    for (i, j), value in np.ndenumerate(kernel):
        out += value * np.roll(x, (i, j), (0, 1))
    return out


@pytest.mark.parametrize("number", [0, 3, 8, 13])
def test_wavelets_are_those_of_the_formula(page: Any, number: int) -> None:
    scale, angle = page.WAVELETS[number]
    deviation, frequency = 0.8 * 2**scale, 0.75 * np.pi / 2**scale

    def wave(i: int, j: int, frequency: float) -> complex:
        total = 0j
        for row in range(i - 72, i + 73, 36):
            for column in range(j - 72, j + 73, 36):
                along = row * np.cos(angle) + column * np.sin(angle)
                across = column * np.cos(angle) - row * np.sin(angle)
                envelope = np.exp(-(along**2 + (across / 2) ** 2) / (2 * deviation**2))
                total += envelope * np.exp(1j * frequency * along) / (4 * np.pi * deviation**2)
        return total

    mean = page.gaussian(deviation, 0.5, angle, frequency).sum() / page.gaussian(deviation, 0.5, angle).sum()
    for i, j in ((0, 0), (1, 2), (35, 4), (18, 18)):
        assert np.isclose(page.PSI[number][i, j], wave(i, j, frequency) - mean * wave(i, j, 0), atol=1e-12)
    assert abs(page.PSI[number].sum()) < 1e-12


def test_paths_are_those_of_the_formula(page: Any) -> None:
    x, psi, coarse = picture(), page.PSI, np.s_[::4, ::4]
    inner = np.s_[1:-1, 1:-1]
    found = page.scattering(x[None])[0]
    assert found.shape == (81, 7, 7)
    first = np.abs(convolved(x, psi[2]))
    pair = page.PAIRS.index((2, 11))
    for path, signal in ((0, x), (3, first), (17 + pair, np.abs(convolved(first, psi[11])))):
        expected = convolved(signal, page.PHI).real[coarse][inner]
        np.testing.assert_allclose(found[path], expected, atol=1e-12)


def test_coefficients_agree_with_kymatio(page: Any) -> None:
    found = page.scattering(picture()[None])[0]
    for path, expected in KYMATIO.items():
        values = [found[path, 3, 3], found[path, 1, 5], found[path, 5, 2]]
        if path <= 8:
            np.testing.assert_allclose(values, expected, rtol=3e-4)
        # After coarse filters, kymatio keeps only every second sample, so that the modulus aliases.
        np.testing.assert_allclose(values, expected, rtol=0.05)
    # The control: the angles in another order are told apart.
    assert abs(found[2, 3, 3] / KYMATIO[1][0] - 1) > 0.05


def test_coefficients_agree_with_kymatio_where_it_is_installed(page: Any) -> None:
    pytest.importorskip("kymatio.numpy", exc_type=ImportError)
    x = picture()[None]
    from kymatio.numpy import Scattering2D

    expected = Scattering2D(J=2, shape=(28, 28), L=8)(x[:, 4:-4, 4:-4])
    assert np.linalg.norm(page.scattering(x) - expected) < 0.01 * np.linalg.norm(expected)


def band_limited(samples: np.ndarray, band: int, size: int) -> np.ndarray:
    """Keep the modes up to a band, and sample on a grid of a size."""
    n = len(samples)
    k = np.arange(-band, band + 1)
    into = np.exp(-2j * np.pi * np.outer(k, np.arange(n)) / n) / n
    out = np.exp(2j * np.pi * np.outer(np.arange(size), k) / size)
    return (out @ (into @ samples @ into.T) @ out.T).real


@pytest.mark.parametrize("name", ["none", "one square", "square"])
@pytest.mark.parametrize("first", [1, 6])
def test_polynomials_are_exact_in_the_modes_that_are_kept(page: Any, name: str, first: int) -> None:
    """Against products of samples on a grid of three times as many points, on which nothing aliases."""
    # Filters of the modes without the Nyquist mode, and of images without it.
    x = band_limited(picture(), 17, 36)
    act = {
        "none": lambda z: z.real,
        "one square": lambda z: z.real**2,
        "square": lambda z: np.abs(z) ** 2,
    }[name]

    def level(samples: np.ndarray, wavelet: int) -> np.ndarray:
        z = convolved(samples, page.PSI[wavelet])
        fine = band_limited(z.real, 17, 108) + 1j * band_limited(z.imag, 17, 108)
        return act(fine)

    u = level(x, first)
    one = band_limited(u, 4, 9)
    two = band_limited(level(band_limited(u, 17, 36), 12), 4, 9)
    found = page.features(x[None].astype(np.float32), page.ACTIVATIONS[name]).reshape(81, 7, 7)
    pair = 17 + page.PAIRS.index((first, 12))
    for path, expected in ((1 + first, one), (pair, two)):
        np.testing.assert_allclose(found[path], expected[1:-1, 1:-1], atol=2e-5 * np.abs(expected).max())


def test_the_quartic_is_the_closest_parabola(page: Any) -> None:
    """Its coefficients have the least squared error over the images that it sees first; moving them adds to it."""
    x = ops.analysis(page.images[:5, ..., None], page.SPACE)
    quartic = page.Quartic()
    page.levels(x, quartic)
    fine = [
        ops.synthesis(ops.convolve(x, part), 108).data[..., 4].astype(float) for part in (page.REAL, page.IMAGINARY)
    ]
    u = np.array([band_limited(image, 17, 36) for image in fine[0] ** 2 + fine[1] ** 2]).clip(0)
    coefficients = quartic.coefficients["first"].data[:, 4].astype(float)
    error = lambda c: np.mean((np.polynomial.polynomial.polyval(u, c) - np.sqrt(u)) ** 2)
    for i in range(3):
        for sign in (-1, 1):
            moved = coefficients.copy()
            moved[i] *= 1 + sign * 0.05
            assert error(moved) > error(coefficients)
