"""Training kernels as taps, as unitary spectra and as halves of spectra: the paths of descent, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from freqnet import Fourier, Grid, Tensor, nn, ops
from freqnet.autodiff import backward
from freqnet.optim import SGD, Adam, Momentum, Optimizer
from freqnet.spaces import Space

SIZES = [(1, 1), (2, 2), (3, 3), (2, 3), (4, 1), (5, 5)]
Size = tuple[int, int]


def taps_by_sum(parameters: np.ndarray, size: Size, is_unitary: bool) -> np.ndarray:
    """The taps of a kernel from parameters in the order of the library, by the inverse transform's sum."""
    rows, columns = size
    spectrum, used = np.zeros(size, complex), 0
    for k in np.ndindex(size):
        other = (-k[0] % rows, -k[1] % columns)
        if other < k:
            continue
        if other == k:
            spectrum[k], used = parameters[used], used + 1
        else:
            # Cosine and sine of the library: X + conj(X) has twice the real part. Its unitary sine has the other sign.
            scale, sign = (0.5**0.5, -1) if is_unitary else (1, 1)
            spectrum[k] = scale * (parameters[used] + sign * 1j * parameters[used + 1])
            spectrum[other], used = spectrum[k].conj(), used + 2
    assert used == len(parameters)
    out = np.zeros(size, complex)
    for n in np.ndindex(size):
        at = [n[axis] - (size[axis] - 1) // 2 for axis in (0, 1)]
        for k in np.ndindex(size):
            out[n] += spectrum[k] * np.exp(2j * np.pi * (k[0] * at[0] / rows + k[1] * at[1] / columns))
    np.testing.assert_allclose(out.imag, 0, atol=1e-12)
    return out.real / (np.sqrt(rows * columns) if is_unitary else rows * columns)


def matrix(kernel: str, size: Size) -> np.ndarray:
    """The parametrisation of the library, (taps, parameters)."""
    count = size[0] * size[1]
    response = ops.frequency_response(Tensor(np.eye(count)[:, None]), Grid.on(size), kernel, size)
    return response.data.reshape(count, count)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kernel", ["spectral", "sinc"])
def test_parameters_are_parts_of_the_spectrum_of_the_taps(rng: np.random.Generator, kernel: str, size: Size) -> None:
    parameters = rng.normal(size=size[0] * size[1])
    expected = taps_by_sum(parameters, size, is_unitary=kernel == "spectral")
    np.testing.assert_allclose(matrix(kernel, size) @ parameters, expected.ravel(), atol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_the_spectral_parametrisation_keeps_lengths_and_the_stored_half_does_not(size: Size) -> None:
    spectral, half = matrix("spectral", size), matrix("sinc", size) * np.sqrt(size[0] * size[1])
    np.testing.assert_allclose(spectral @ spectral.T, np.eye(len(spectral)), atol=1e-12)
    own_mirrors = np.prod([1 if n % 2 else 2 for n in size])
    expected = [1.0] * int(own_mirrors) + [2.0] * int(len(half) - own_mirrors)
    np.testing.assert_allclose(np.linalg.eigvalsh(half @ half.T), expected, atol=1e-12)


# -- paths of training ---------------------------------------------------------------------------------
GRID, CHANNELS, STEPS = (5, 6), 2, 6
Change = Callable[[np.ndarray], np.ndarray]


def descend(
    kernel: str, size: Size, make: Callable[[dict], Optimizer], space: Space, change: Change | None = None
) -> np.ndarray:
    """Train a convolution with a square after it from fixed taps; return the taps after each step."""
    rng, count = np.random.default_rng(3), size[0] * size[1]
    taps = rng.normal(size=(count, CHANNELS))
    theta = Tensor(np.linalg.solve(matrix(kernel, size), taps)[:, None], requires_grad=True)
    x = ops.analysis(rng.normal(size=(3, *GRID, 1)), space)
    labels, optimizer, found = np.array([0, 1, 1]), make({"kernel": theta}), [taps]
    for _ in range(STEPS):
        optimizer.clear_gradients()
        out = ops.convolve(x, ops.frequency_response(theta, space, kernel, size), size)
        backward(ops.cross_entropy(ops.signal_power(out), labels))
        if change is not None:
            theta.grad = change(theta.grad)
        optimizer.step()
        found.append(matrix(kernel, size) @ theta.data[:, 0])
    return np.array(found)


@pytest.mark.parametrize("size", [(3, 3), (2, 3), (4, 1), (5, 5)])
@pytest.mark.parametrize("space", [Fourier.on(GRID), Grid.on(GRID)], ids=["fourier", "grid"])
@pytest.mark.parametrize("make", [lambda p: SGD(p, 0.05), lambda p: Momentum(p, 0.02)], ids=["sgd", "momentum"])
def test_gradient_descent_takes_the_same_path_on_taps_and_on_unitary_spectra(
    size: Size, space: Space, make: Callable[[dict], Optimizer]
) -> None:
    on_taps = descend("taps", size, make, space)
    np.testing.assert_allclose(descend("spectral", size, make, space), on_taps, atol=1e-11)
    assert np.abs(on_taps[-1] - on_taps[0]).max() > 1e-3


@pytest.mark.parametrize("size", [(3, 3), (2, 3), (2, 4), (5, 5)])
def test_descent_on_half_a_spectrum_moves_waves_twice_as_far(size: Size) -> None:
    """Refutes the remark of section 4.1 on any invertible linear map."""
    count, space = size[0] * size[1], Fourier.on(GRID)
    waves = [[np.ones(n), (-1.0) ** np.arange(n)] if n % 2 == 0 else [np.ones(n)] for n in size]
    own_mirrors = [np.outer(rows, columns).ravel() for rows, columns in product(*waves)]

    def doubled(g: np.ndarray) -> np.ndarray:
        """Twice the gradient, but once along waves that are their own mirrors."""
        flat = g.reshape(count, -1)
        kept = sum(np.outer(wave, wave @ flat) / count for wave in own_mirrors)
        return (2 * flat - kept).reshape(g.shape)

    half = descend("sinc", size, lambda p: SGD(p, 0.05 * count), space)
    np.testing.assert_allclose(descend("taps", size, lambda p: SGD(p, 0.05), space, doubled), half, atol=1e-11)
    on_taps = descend("taps", size, lambda p: SGD(p, 0.05), space)
    assert np.abs(half - on_taps)[1:].max(axis=(1, 2)).min() > 1e-3, "another path from the first step on"


def test_adam_tells_taps_from_spectra() -> None:
    """The control: an optimiser that divides each coordinate by its own scale takes another path."""
    paths = [descend(kernel, (3, 3), lambda p: Adam(p, 0.05), Fourier.on(GRID)) for kernel in ("taps", "spectral")]
    assert np.abs(paths[1] - paths[0])[1:].max(axis=(1, 2)).min() > 1e-3
    # The first step of Adam is one of equal length along every axis of its own: of taps, not of spectra.
    steps = [path[1] - path[0] for path in paths]
    np.testing.assert_allclose(np.abs(steps[0]), 0.05, rtol=1e-4)
    np.testing.assert_allclose(np.abs(matrix("spectral", (3, 3)).T @ steps[1]), 0.05, rtol=1e-4)


def test_layers_with_one_function_differ_only_in_their_parametrisation() -> None:
    incoming = nn.Signal(Fourier.on((7, 8)), 2)
    layers = [nn.Convolution(3, (3, 5), kernel) for kernel in ("taps", "spectral", "sinc")]
    for layer in layers:
        layer.build(incoming, np.random.default_rng(0), np.float64)
    taps = layers[0].parameters["kernel"].data
    for layer in layers[1:]:
        values = np.linalg.solve(matrix(layer.kernel, (3, 5)), taps.reshape(15, -1))
        assert not np.allclose(values, taps.reshape(15, -1))
        layer.parameters["kernel"].data[...] = values.reshape(taps.shape)
    x = ops.analysis(np.random.default_rng(1).normal(size=(2, 7, 8, 2)), Fourier.on((7, 8)))
    for layer in layers[1:]:
        np.testing.assert_allclose(layer.forward(x).data, layers[0].forward(x).data, atol=1e-12)
