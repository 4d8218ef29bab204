"""Truncation against algorithms 1 and 2 of Rippel, Snoek and Adams (2015), written as explicit sums over samples."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from freqnet import Fourier, Tensor, gradient, nn, ops
from freqnet.spaces import Hartley, Space

# Rows and columns of the picture, and of the pooled picture: odd, even, prime, one, and unchanged.
ODD = [((9, 9), (5, 5)), ((8, 8), (5, 3)), ((7, 12), (1, 7)), ((11, 6), (11, 1)), ((5, 5), (5, 5)), ((1, 2), (1, 1))]
EVEN = [((8, 8), (4, 4)), ((9, 8), (4, 6)), ((12, 7), (6, 5)), ((13, 10), (2, 4)), ((8, 6), (7, 2))]
Size = tuple[int, int]


# -- the paper's algorithms ----------------------------------------------------------------------------
def dft(x: np.ndarray, sign: int = -1) -> np.ndarray:
    """The unitary transform of section 2, by its sum."""
    for axis, n in enumerate(x.shape):
        k = np.arange(n)
        matrix = np.exp(sign * 2j * np.pi * np.outer(k, k) / n) / np.sqrt(n)
        x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
    return x


def modes(n: int) -> range:
    """Mode numbers of the central entries of a shifted spectrum."""
    return range(-(n // 2), (n + 1) // 2)


def crop_spectrum(y: np.ndarray, size: Size) -> np.ndarray:
    """The middle of the shifted spectrum, with the mean first again."""
    out = np.zeros(size, complex)
    for i, j in product(*map(modes, size)):
        out[i % size[0], j % size[1]] = y[i % y.shape[0], j % y.shape[1]]
    return out


def pad_spectrum(z: np.ndarray, size: Size) -> np.ndarray:
    """The adjoint of the crop."""
    out = np.zeros(size, complex)
    for i, j in product(*map(modes, z.shape)):
        out[i % size[0], j % size[1]] = z[i % z.shape[0], j % z.shape[1]]
    return out


def corner_cases(size: Size) -> list[Size]:
    """Entries of the spectrum of a real map that are real (section 2.2)."""
    rows, columns = ([0, n // 2] if n % 2 == 0 else [0] for n in size)
    return list(product(rows, columns))


def treat_corner_cases(y: np.ndarray) -> np.ndarray:
    out = y.copy()
    for entry in corner_cases(y.shape):
        out[entry] = out[entry].real
    return out


def remove_redundancy(y: np.ndarray) -> np.ndarray:
    """One of each pair of conjugates, doubled; the other becomes 0."""
    out, seen = treat_corner_cases(y), set(corner_cases(y.shape))
    for entry in np.ndindex(y.shape):
        if entry not in seen:
            other = tuple(-i % n for i, n in zip(entry, y.shape, strict=True))
            out[entry], out[other] = 2 * out[entry], 0
            seen |= {entry, other}
    return out


def recover_map(z: np.ndarray) -> np.ndarray:
    """The map whose one of each pair of conjugates is given, or which is halved between the two."""
    out = np.zeros_like(z)
    for entry in np.ndindex(z.shape):
        other = tuple(-i % n for i, n in zip(entry, z.shape, strict=True))
        out[entry] = (z[entry] + z[other].conj()) / 2
    return out


def algorithm_1(x: np.ndarray, size: Size) -> np.ndarray:
    """Spectral pooling; complex where the crop breaks the symmetry."""
    return dft(treat_corner_cases(crop_spectrum(dft(x), size)), sign=1)


def algorithm_2(g: np.ndarray, size: Size) -> np.ndarray:
    """Back-propagation through spectral pooling."""
    return dft(recover_map(pad_spectrum(remove_redundancy(dft(g)), size)), sign=1)


# -- the library ---------------------------------------------------------------------------------------
def pooled(samples: Tensor, size: Size, domain: type[Space] = Fourier) -> Tensor:
    """The library's pooling, from samples to samples."""
    spectrum = ops.analysis(samples, domain.on(samples.shape[1:-1]))
    return ops.synthesis(nn.TruncationPool(size).forward(spectrum), size)


def tensor(x: np.ndarray) -> Tensor:
    return Tensor(x[None, :, :, None])


def unitary(grid: Size, size: Size) -> float:
    """Factor between the paper's pooled values and ours, which keep the mean."""
    return float(np.sqrt(np.prod(grid) / np.prod(size)))


@pytest.mark.parametrize("domain", [Fourier, Hartley])
@pytest.mark.parametrize(("grid", "size"), ODD)
def test_pooling_is_algorithm_1_at_odd_sizes(
    rng: np.random.Generator, grid: Size, size: Size, domain: type[Space]
) -> None:
    x = rng.normal(size=grid)
    expected = algorithm_1(x, size)
    np.testing.assert_allclose(expected.imag, 0, atol=1e-12)
    ours = pooled(tensor(x), size, domain).data[0, ..., 0]
    np.testing.assert_allclose(unitary(grid, size) * ours, expected.real, atol=1e-12)
    assert np.isclose(ours.mean(), x.mean())


@pytest.mark.parametrize(("grid", "size"), [case for case in ODD if case[1] != (1, 1)])
def test_a_crop_that_is_one_row_off_is_another_pooling(rng: np.random.Generator, grid: Size, size: Size) -> None:
    """The control: an index that is off by one, as published code has it, is told apart."""
    x = rng.normal(size=grid)
    spectrum = np.fft.fftshift(dft(x))
    top, left = (max((n - s) // 2 - 1, 0) for n, s in zip(grid, size, strict=True))
    wrong = np.fft.ifftshift(spectrum[top : top + size[0], left : left + size[1]])
    if grid == size:
        wrong = np.roll(wrong, 1, axis=0)
    ours = unitary(grid, size) * pooled(tensor(x), size).data[0, ..., 0]
    assert np.abs(dft(wrong, sign=1) - ours).max() > 1e-3


@pytest.mark.parametrize(("grid", "size"), EVEN)
def test_at_even_sizes_they_differ_in_the_nyquist_modes_only(rng: np.random.Generator, grid: Size, size: Size) -> None:
    x = rng.normal(size=grid)
    theirs = dft(algorithm_1(x, size))
    ours = dft(unitary(grid, size) * pooled(tensor(x), size).data[0, ..., 0])
    nyquist = np.array([2 * i == size[0] or 2 * j == size[1] for i, j in np.ndindex(size)]).reshape(size)
    np.testing.assert_allclose(ours[~nyquist], theirs[~nyquist], atol=1e-12)
    np.testing.assert_allclose(ours[nyquist], 0, atol=1e-12)
    assert np.abs(theirs[nyquist]).max() > 1e-3


@pytest.mark.parametrize(("grid", "size"), EVEN)
def test_the_corner_cases_do_not_make_the_crop_real(rng: np.random.Generator, grid: Size, size: Size) -> None:
    """The row of the Nyquist mode is cropped without its conjugate."""
    assert np.abs(algorithm_1(rng.normal(size=grid), size).imag).max() > 1e-3


@pytest.mark.parametrize(("grid", "size"), [*ODD, *EVEN])
def test_pooling_commutes_with_shifts(rng: np.random.Generator, grid: Size, size: Size) -> None:
    x = rng.normal(size=grid)
    spectrum = nn.TruncationPool(size).forward(ops.analysis(tensor(x), Fourier.on(grid)))
    by = [s / n for s, n in zip(size, grid, strict=True)]
    moved = ops.synthesis(ops.shift(spectrum, by), size).data
    np.testing.assert_allclose(pooled(tensor(np.roll(x, (1, 1), (0, 1))), size).data, moved, atol=1e-12)


@pytest.mark.parametrize(
    ("grid", "size"), [case for case in EVEN if np.any(np.mod(case[0], case[1]))] + [((8, 8), (4, 4))]
)
def test_the_crop_commutes_with_no_shift_at_even_sizes(rng: np.random.Generator, grid: Size, size: Size) -> None:
    """A filter would multiply each mode by one number, whatever the picture."""
    ratios = []
    for x in rng.normal(size=(2, *grid)):
        before, after = (dft(algorithm_1(y, size).real) for y in (x, np.roll(x, (1, 1), (0, 1))))
        ratios.append(after / before)
    odd = np.array([2 * i != size[0] and 2 * j != size[1] for i, j in np.ndindex(size)]).reshape(size)
    np.testing.assert_allclose(ratios[0][odd], ratios[1][odd], atol=1e-9)
    assert np.abs(ratios[0] - ratios[1])[~odd].max() > 1e-3


@pytest.mark.parametrize(("grid", "size"), ODD)
def test_the_gradient_is_algorithm_2_at_odd_sizes(rng: np.random.Generator, grid: Size, size: Size) -> None:
    x, g = tensor(rng.normal(size=grid)), rng.normal(size=size)
    x.requires_grad = True
    (ours,) = gradient((pooled(x, size) * tensor(g)).sum(), [x])
    expected = algorithm_2(g, grid)
    np.testing.assert_allclose(expected.imag, 0, atol=1e-12)
    np.testing.assert_allclose(unitary(grid, size) * ours.data[0, ..., 0], expected.real, atol=1e-12)


@pytest.mark.parametrize(("grid", "size"), ODD)
def test_algorithm_2_is_the_adjoint_of_algorithm_1(rng: np.random.Generator, grid: Size, size: Size) -> None:
    x, g = rng.normal(size=grid), rng.normal(size=size)
    assert np.isclose(np.vdot(algorithm_1(x, size).real, g), np.vdot(x, algorithm_2(g, grid).real))


@pytest.mark.parametrize(("grid", "size"), EVEN)
def test_gradients_at_even_sizes_differ_in_the_nyquist_modes_only(
    rng: np.random.Generator, grid: Size, size: Size
) -> None:
    x, g = Tensor(rng.normal(size=(1, *grid, 1)), requires_grad=True), rng.normal(size=size)
    (ours,) = gradient((pooled(x, size) * tensor(g)).sum(), [x])
    difference = dft(unitary(grid, size) * ours.data[0, ..., 0] - algorithm_2(g, grid))
    signed = [np.array([k - n if 2 * k > n else k for k in range(n)]) for n in grid]
    inside = np.logical_and.outer(*(2 * np.abs(k) < n for k, n in zip(signed, size, strict=True)))
    np.testing.assert_allclose(difference[inside], 0, atol=1e-12)
    assert np.abs(difference[~inside]).max() > 1e-3


# -- what pooling keeps --------------------------------------------------------------------------------
def enlarged(samples: np.ndarray, grid: Size) -> np.ndarray:
    """A pooled picture on the grid of the picture."""
    return ops.synthesis(ops.analysis(tensor(samples), Fourier.on(samples.shape)), grid).data[0, ..., 0]


@pytest.mark.parametrize(("grid", "size"), [*ODD, *EVEN])
def test_band_limited_pictures_come_back(rng: np.random.Generator, grid: Size, size: Size) -> None:
    band = tuple((s - 1) // 2 for s in size)
    smooth = ops.synthesis(ops.analysis(tensor(rng.normal(size=grid)), Fourier.on(grid, band)), grid).data[0, ..., 0]
    error = np.linalg.norm(enlarged(pooled(tensor(smooth), size).data[0, ..., 0], grid) - smooth)
    assert error <= 1e-12 * np.linalg.norm(smooth)


@pytest.mark.parametrize(("grid", "size"), [((12, 12), (3, 3)), ((9, 15), (3, 5)), ((16, 8), (8, 4))])
def test_the_error_is_the_power_of_the_dropped_modes(rng: np.random.Generator, grid: Size, size: Size) -> None:
    x = rng.normal(size=grid)
    error = np.linalg.norm(enlarged(pooled(tensor(x), size).data[0, ..., 0], grid) - x)
    kept = [np.minimum(np.arange(n), n - np.arange(n)) <= (s - 1) // 2 for n, s in zip(grid, size, strict=True)]
    assert np.isclose(error, np.linalg.norm(dft(x)[~np.logical_and.outer(*kept)]))


def test_pictures_lose_less_than_by_max_pooling() -> None:
    """And noise, whose power is not at low frequencies, does not gain: the control."""
    from sklearn.datasets import load_sample_images

    def errors(x: np.ndarray) -> tuple[float, float]:
        rows, columns = (n // 4 for n in x.shape)
        largest = x.reshape(rows, 4, columns, 4).max((1, 3)).repeat(4, 0).repeat(4, 1)
        spectral = enlarged(pooled(tensor(x), (rows - 1, columns - 1)).data[0, ..., 0], x.shape)
        return tuple(np.linalg.norm(y - x) / np.linalg.norm(x) for y in (largest, spectral))

    for picture in load_sample_images().images:
        largest, spectral = errors(picture[:256, :256, 1] / 255)
        assert largest > 1.5 * spectral
    noise = np.random.default_rng(0).uniform(size=(256, 256))
    assert errors(noise)[1] > 0.95 * noise.std() / np.sqrt(np.mean(noise**2))
