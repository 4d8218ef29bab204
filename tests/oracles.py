"""Independent oracles: explicit sums of cosines, rolls and loops, without FFT and without freqnet.

Samples have the axes ``(batch, *grid, channels)``. Functions of samples also work on the boxes of `autograd.numpy`,
so that the same code gives the spatial counterparts and their gradients.
"""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

import autograd.numpy as anp
import numpy as np

Axes = tuple[int, ...]


# -- comparing ---------------------------------------------------------------------------------------
def relative_error(actual: Any, expected: Any) -> float:
    """Largest difference, relative to the largest expected entry.

    Entries in these tests are of order one; an expected zero counts as 0.01.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    scale = max(float(np.max(np.abs(expected), initial=0.0)), 1e-2)
    return float(np.max(np.abs(actual - expected), initial=0.0)) / scale


def assert_close(actual: Any, expected: Any, what: str, tolerance: float = 1e-11) -> None:
    """Raise AssertionError, even under ``python -O``, if two arrays differ."""
    error = relative_error(actual, expected)
    if not error <= tolerance:
        raise AssertionError(f"{what}: relative error {error:.2e}, at most {tolerance:.0e}")


# -- spectra by explicit sums ------------------------------------------------------------------------
def along(matrices: list[np.ndarray], array: Any, first: int = 1) -> Any:
    """Apply one matrix to each axis from `first` on."""
    for axis, matrix in enumerate(matrices, first):
        array = anp.moveaxis(anp.tensordot(matrix, array, (1, axis)), 0, axis)
    return array


def waves(modes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """exp(-2 pi i k t) for modes k (rows) and points t, in periods."""
    return np.exp(-2j * np.pi * np.outer(modes, points))


def spectrum(samples: np.ndarray, band: Axes, split: bool = False) -> np.ndarray:
    """Half spectrum ``(*modes, batch, channels)`` by X[k] = (1/N) sum_n x[n] exp(-2 pi i k n / N)."""
    matrices = []
    for n, m in zip(samples.shape[1:-1], band, strict=True):
        modes = np.arange(-m, m + 1)
        halved = np.where(split & (2 * np.abs(modes) == n), 0.5, 1.0)
        matrices.append(waves(modes, np.arange(n) / n) * halved[:, None] / n)
    matrices[-1] = matrices[-1][band[-1] :]
    return np.moveaxis(along(matrices, samples), 0, -2)


def mirrored(half: np.ndarray, band: Axes) -> np.ndarray:
    """Both halves of a half spectrum: X[-k] = conj(X[k]), one mode at a time."""
    out = np.empty((*(2 * m + 1 for m in band), *half.shape[len(band) :]), complex)
    for index in np.ndindex(out.shape[: len(band)]):
        k = [i - m for i, m in zip(index, band, strict=True)]
        sign = 1 if k[-1] >= 0 else -1
        at = (*(sign * j + m for j, m in zip(k[:-1], band[:-1], strict=True)), sign * k[-1])
        out[index] = half[at] if sign > 0 else half[at].conj()
    return out


def synthesis(half: np.ndarray, band: Axes, grid: Axes) -> np.ndarray:
    """Samples ``(batch, *grid, channels)`` by x[n] = sum_k X[k] exp(2 pi i k n / N)."""
    matrices = [waves(np.arange(-m, m + 1), np.arange(n) / n).conj().T for m, n in zip(band, grid, strict=True)]
    return np.moveaxis(along(matrices, mirrored(half, band), 0).real, -2, 0)


# -- band-limited samples ----------------------------------------------------------------------------
def interpolation(n: int, points: np.ndarray, band: int) -> np.ndarray:
    """Matrix from n samples to the band's values at points (in periods); Nyquist is a cosine."""
    angle = 2 * np.pi * (np.asarray(points)[:, None] - np.arange(n)[None, :] / n)
    out = np.ones_like(angle)
    for k in range(1, band + 1):
        out = out + (1 if 2 * k == n else 2) * np.cos(k * angle)
    return out / n


def evaluate(samples: Any, grid: Axes, band: Axes) -> Any:
    """The band-limited part of samples, on another grid."""
    sizes = samples.shape[1:-1]
    return along([interpolation(n, np.arange(t) / t, m) for n, t, m in zip(sizes, grid, band, strict=True)], samples)


def project(samples: Any, band: Axes) -> Any:
    """The band-limited part of samples, on their own grid."""
    return evaluate(samples, samples.shape[1:-1], band)


def shifted(samples: Any, shift: Any) -> Any:
    """The band-limited signal at n - shift."""
    sizes = samples.shape[1:-1]
    return along([interpolation(n, (np.arange(n) - s) / n, n // 2) for n, s in zip(sizes, shift, strict=True)], samples)


def taken(samples: Any, places: tuple[Axes, ...]) -> Any:
    """Samples by their places along each axis, and 0 at place -1."""
    for axis, at in enumerate(places, 1):
        is_there = (np.array(at) >= 0).reshape(-1, *(1,) * (samples.ndim - axis - 1))
        samples = samples[(slice(None),) * axis + (np.maximum(at, 0),)] * is_there
    return samples


def carrier(grid: Axes, band: Axes) -> Axes:
    """The grid, enlarged where it cannot hold the band."""
    return tuple(max(n, 2 * m + 1) for n, m in zip(grid, band, strict=True))


def multiplied(a: Any, b: Any, bands: tuple[Axes, Axes, Axes], grid: Axes) -> Any:
    """Pointwise product on a grid fine enough to hold it, truncated to the third band, on `grid`."""
    fine = tuple(sum(m) + 1 for m in zip(*bands, strict=True))
    return evaluate(evaluate(a, fine, bands[0]) * evaluate(b, fine, bands[1]), grid, bands[2])


# -- frequency bins ----------------------------------------------------------------------------------
def of_bins(numbers: Any, grid: Axes, band: Axes) -> Any:
    """Samples x(t) = sum_k h[k] (cos + sin)(2 pi k t) of the bins within a band, by one matrix over all bins."""
    kept = [np.arange(-m, m + 1) + n // 2 for m, n in zip(band, numbers.shape[1:-1], strict=True)]
    inside = numbers[(slice(None), *np.ix_(*kept))]
    flat = anp.reshape(inside, (len(numbers), -1, numbers.shape[-1]))
    return anp.reshape(anp.einsum("tk,bkc->btc", _cas(grid, band), flat), (len(numbers), *grid, numbers.shape[-1]))


def to_bins(samples: Any, grid: Axes, band: Axes) -> Any:
    """The numbers h[k] = mean of x(t) (cos + sin)(2 pi k t), placed on a grid of bins."""
    own, sizes = samples.shape[1:-1], [2 * m + 1 for m in band]
    flat = anp.reshape(samples, (len(samples), -1, samples.shape[-1]))
    found = anp.einsum("tk,btc->bkc", _cas(own, band) / prod(own), flat)
    placed = anp.reshape(found, (len(samples), *sizes, samples.shape[-1]))
    rows = [np.eye(n, 2 * m + 1, m - n // 2) for n, m in zip(grid, band, strict=True)]
    return along(rows, placed)


def _cas(grid: Axes, band: Axes) -> np.ndarray:
    """cas of the sum of the angles of all axes, ``(points, modes)``."""
    points = np.stack([t.ravel() for t in np.meshgrid(*(np.arange(n) / n for n in grid), indexing="ij")], 1)
    modes = np.stack([k.ravel() for k in np.meshgrid(*(np.arange(-m, m + 1) for m in band), indexing="ij")], 1)
    angle = 2 * np.pi * points @ modes.T
    return np.cos(angle) + np.sin(angle)


# -- windows and kernels -----------------------------------------------------------------------------
def roll(samples: Any, offsets: Axes) -> Any:
    """Move samples forward along each axis, around the period."""
    for axis, offset in enumerate(offsets, 1):
        samples = anp.roll(samples, int(offset), axis=axis)
    return samples


def moving_average(samples: Any, window: Axes) -> Any:
    """Mean of the samples n .. n + window - 1."""
    terms = [roll(samples, tuple(-i for i in o)) for o in product(*map(range, window))]
    return sum(terms) / len(terms)


def continuous_average(samples: Any, window: Axes) -> Any:
    """Mean of the interpolant from n - 1/2 to n + window - 1/2, by Gauss-Legendre quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(40)
    matrices = []
    for n, w in zip(samples.shape[1:-1], window, strict=True):
        points = (np.arange(n)[:, None] - 0.5 + w * (nodes + 1) / 2) / n
        values = interpolation(n, points.ravel(), n // 2).reshape(n, len(nodes), n)
        matrices.append(np.einsum("q,nqj->nj", weights / 2, values))
    return along(matrices, samples)


def convolved(samples: Any, taps: Any, size: Axes, centred: bool = True, groups: int = 1) -> Any:
    """Circular sum y[n] = sum_o x[n - o] h[o]; taps ``(prod(size), inputs / groups, outputs)``."""
    inputs, outputs = samples.shape[-1] // groups, taps.shape[-1] // groups
    parts = []
    for g in range(groups):
        x, h = samples[..., g * inputs : (g + 1) * inputs], taps[..., g * outputs : (g + 1) * outputs]
        start = [(k - 1) // 2 if centred else 0 for k in size]
        offsets = (tuple(i - s for i, s in zip(o, start, strict=True)) for o in np.ndindex(*size))
        parts.append(sum(anp.dot(roll(x, o), h[i]) for i, o in enumerate(offsets)))
    return anp.concatenate(parts, axis=-1)


def convolved_signals(a: Any, b: Any) -> Any:
    """1/N sum_m a[n - m] b[m], circular, for each example."""
    sizes = a.shape[1:-1]
    at = lambda m: b[(slice(None), *(slice(i, i + 1) for i in m))]
    return sum(roll(a, m) * at(m) for m in np.ndindex(*sizes)) / prod(sizes)


def tap_matrix(kernel: str, size: Axes) -> np.ndarray:
    """Matrix (taps, parameters) of a parametrisation by taps or by the kernel's own spectrum."""
    count = prod(size)
    if kernel == "taps":
        return np.eye(count)
    offsets = [np.array(o) - np.array([(k - 1) // 2 for k in size]) for o in np.ndindex(*size)]
    seen: set[Axes] = set()
    columns = []
    for j in np.ndindex(*size):
        mirror = tuple(-a % k for a, k in zip(j, size, strict=True))
        if mirror in seen:
            continue
        seen.add(j)
        angle = np.array([2 * np.pi * np.sum(np.array(j) / size * o) for o in offsets])
        # "spectral": an orthonormal basis; "sinc": real and imaginary parts of a k-point spectrum.
        scale = np.sqrt((1 if mirror == j else 2) / count) if kernel == "spectral" else (1 + (mirror != j)) / count
        columns.append(scale * np.cos(angle))
        if mirror != j:
            columns.append(scale * np.sin(angle) * (1 if kernel == "spectral" else -1))
    return np.stack(columns, axis=1)


def independent(band: Axes) -> list[Axes]:
    """One mode of each pair (k, -k) except zero: modes whose last number is 0 first, then in row-major order."""
    half = [tuple(map(int, k)) for k in product(*(range(-m, m + 1) for m in band[:-1]), range(band[-1] + 1))]
    zero = (0,) * len(band)
    return [k for k in half if k[-1] == 0 and k > zero] + [k for k in half if k[-1] > 0]


def basis(grid: Axes, band: Axes) -> np.ndarray:
    """Matrix (coordinates, samples) of 1, then sqrt(2) cos, then -sqrt(2) sin, at each independent mode."""
    points = np.array(list(np.ndindex(*grid))) / np.array(grid)
    angle = 2 * np.pi * np.array([points @ np.array(k) for k in independent(band)]).reshape(-1, prod(grid))
    return np.concatenate([np.ones((1, prod(grid))), np.sqrt(2) * np.cos(angle), -np.sqrt(2) * np.sin(angle)])


def mode_taps(grid: Axes, band: Axes) -> np.ndarray:
    """Matrix (grid points, parameters): the kernel that has a free response per mode."""
    return basis(grid, band).T / prod(grid)


def coordinates(samples: Any, band: Axes) -> Any:
    """Orthonormal real coordinates ``(coordinates, batch, channels)``: inner products with the basis."""
    grid = samples.shape[1:-1]
    flat = anp.reshape(samples, (samples.shape[0], prod(grid), samples.shape[-1]))
    return anp.einsum("kn,bnc->kbc", basis(grid, band) / prod(grid), flat)


def mode_powers(samples: Any, band: Axes) -> Any:
    """Power in each pair of modes, ``(pairs, batch, channels)``."""
    values, count = coordinates(samples, band) ** 2, len(independent(band))
    return anp.concatenate([values[:1], values[1 : 1 + count] + values[1 + count :]])


def random_samples(rng: np.random.Generator, grid: Axes, band: Axes, batch: int = 2, channels: int = 2) -> np.ndarray:
    """Normally distributed samples, truncated to the band."""
    return project(rng.standard_normal((batch, *carrier(grid, band), channels)), band)


# -- layers and losses, by samples -------------------------------------------------------------------
def horner(x: Any, c: Any, band: Axes, gate: Axes, exact: bool) -> Any:
    """c[0] + c[1] x + c[2] x z + c[3] x z^2 ..., z the gate, truncated after each product or at the end."""
    degree, grid = c.shape[0] - 1, x.shape[1:-1]
    # All modes of the product are below the grid's Nyquist mode: nothing aliases into the band.
    fine = tuple(2 * (m + max(degree - 1, 1) * g) + 1 for m, g in zip(band, gate, strict=True))
    cut = (lambda y: y) if exact else (lambda y: project(y, band))
    z = evaluate(x, fine, gate)
    signal = evaluate(x, fine, band)
    y = c[degree] * signal
    for i in range(degree - 1, 0, -1):
        y = cut(y * z) + c[i] * signal
    return evaluate(y + c[0], grid, band)


def by_powers(x: Any, c: Any, band: Axes) -> Any:
    """c[0] + c[1] x + ... by Horner's rule in y = x^2 or x^3, truncated after each product."""
    degree, grid = len(c) - 1, x.shape[1:-1]
    fine = tuple(4 * m + 1 for m in band)
    times = lambda a, b: project(a * b, band)
    powers = [1.0, evaluate(x, fine, band)]
    for _ in range(2 if degree == 9 else 1):
        powers.append(times(powers[-1], powers[1]))
    block = len(powers) - 1
    terms = lambda first, last: sum(c[i] * powers[i - first] for i in range(first, last + 1))
    start = block * -(-(degree - block) // block)
    out = terms(start, degree)
    while start:
        start -= block
        out = times(out, powers[block]) + terms(start, start + block - 1)
    return evaluate(out, grid, band)


def rows(values: Any) -> Any:
    """Reshape (count, batch, channels) to one row per example."""
    return anp.reshape(anp.transpose(values, (1, 0, 2)), (values.shape[1], -1))


def sobolev(x: Any, y: Any, band: Axes, order: float) -> Any:
    squares = np.array([0.0, *(sum(j * j for j in k) for k in independent(band))])
    powers = mode_powers(x - y, band)
    return anp.sum(powers * ((1 + squares) ** order)[:, None, None]) / (x.shape[0] * x.shape[-1])


def crossed(logits: Any, labels: np.ndarray, smoothing: float) -> Any:
    shares = np.eye(logits.shape[1])[labels] * (1 - smoothing) + smoothing / logits.shape[1]
    return -anp.sum(shares * (logits - anp.log(anp.sum(anp.exp(logits), axis=1, keepdims=True)))) / len(labels)


def hartley(half: np.ndarray, band: Axes) -> np.ndarray:
    """Real part minus imaginary part of every mode of a half spectrum."""
    full = mirrored(half, band)
    return full.real - full.imag


def half_of_hartley(array: np.ndarray, band: Axes) -> np.ndarray:
    """The half spectrum of the signal of a Hartley spectrum."""
    opposite = np.flip(array, tuple(range(len(band))))
    full = (array + opposite) / 2 + 1j * (opposite - array) / 2
    return full[(slice(None),) * (len(band) - 1) + (slice(band[-1], None),)]
