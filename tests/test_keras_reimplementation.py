"""Mistakes of a re-implementation of Rippel et al. in Keras, as regression tests against sums over samples."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from freqnet import Fourier, Grid, Tensor, nn, ops
from freqnet.autodiff import backward
from freqnet.optim import Adam
from freqnet.spaces import Hartley, Space

# Sides of the picture and of the pooled picture: all four parities, primes, 1, and no change.
SIDES = [(8, 4), (8, 5), (8, 1), (6, 3), (7, 3), (7, 4), (9, 2), (11, 7), (5, 5), (6, 6), (2, 1), (1, 1), (3, 2)]
# Samples of an unchanged grid keep their Nyquist modes.
POOLED = [
    (before, side, domain)
    for (before, side), domain in product(SIDES, (Fourier, Hartley, Grid))
    if domain is not Grid or before != side or side % 2
]


def pooled(picture: np.ndarray, side: int, domain: type[Space]) -> np.ndarray:
    spectrum = ops.analysis(picture[None, :, :, None], domain.on(picture.shape))
    return ops.synthesis(nn.TruncationPool(side).forward(spectrum)).data[0, ..., 0]


def by_sum(picture: np.ndarray, side: int) -> np.ndarray:
    """The modes below half of the new side, each added by its sum."""
    count, band, n = len(picture), (side - 1) // 2, np.arange(len(picture))
    out, m = np.zeros((side, side), complex), np.arange(side)
    for k, j in product(range(-band, band + 1), repeat=2):
        waves = np.exp(-2j * np.pi * np.add.outer(k * n, j * n) / count)
        out += np.mean(picture * waves) * np.exp(2j * np.pi * np.add.outer(k * m, j * m) / side)
    np.testing.assert_allclose(out.imag, 0, atol=1e-12)
    return out.real


# -- the index of the crop, the size and the scale -------------------------------------------------------
@pytest.mark.parametrize(("before", "side", "domain"), POOLED)
def test_pooling_keeps_the_size_the_mean_and_the_low_modes(
    rng: np.random.Generator, before: int, side: int, domain: type[Space]
) -> None:
    picture = rng.normal(size=(before, before)) + 1
    found = pooled(picture, side, domain)
    assert found.shape == (side, side), "no rounding to the parity of the input"
    np.testing.assert_allclose(found.mean(), picture.mean(), atol=1e-12)
    np.testing.assert_allclose(found, by_sum(picture, side), atol=1e-12)


def printed_crop(picture: np.ndarray, side: int) -> np.ndarray:
    """The crop of the report: the centred spectrum from index (A - C) // 2."""
    begin = (len(picture) - side) // 2
    centred = np.fft.fftshift(np.fft.fft2(picture))[begin : begin + side, begin : begin + side]
    return np.fft.ifft2(np.fft.ifftshift(centred)) * (side / len(picture)) ** 2


@pytest.mark.parametrize(("before", "side"), [(8, 5), (8, 1), (6, 3), (7, 3), (11, 7), (5, 5)])
def test_the_printed_index_moves_all_modes_if_the_parities_differ(
    rng: np.random.Generator, before: int, side: int
) -> None:
    picture = rng.normal(size=(before, before)) + 1
    is_same = np.allclose(printed_crop(picture, side), pooled(picture, side, Fourier), atol=1e-12)
    assert is_same == (before % 2 == side % 2)


# -- corner cases ----------------------------------------------------------------------------------------
def printed_corners(centred: np.ndarray) -> np.ndarray:
    """Zero the imaginary parts of the bins that the report names, in its centred spectrum."""
    out, ends = centred.copy(), [(0, n // 2) if n % 2 == 0 else (0,) for n in centred.shape]
    for place in product(*ends):
        out[place] = out[place].real
    return out


def real_part_is_missing(samples: np.ndarray) -> bool:
    return bool(np.abs(samples.imag).max() > 1e-6 * np.abs(samples).max())


@pytest.mark.parametrize(("before", "side"), [(8, 4), (9, 7), (12, 6), (7, 5)])
def test_the_printed_corner_cases_leave_or_make_imaginary_parts(
    rng: np.random.Generator, before: int, side: int
) -> None:
    picture = rng.normal(size=(before, before))
    begin = before // 2 - side // 2
    centred = np.fft.fftshift(np.fft.fft2(picture))[begin : begin + side, begin : begin + side]
    treated = np.fft.ifft2(np.fft.ifftshift(printed_corners(centred)))
    assert real_part_is_missing(treated)
    # Of odd sizes nothing had to be treated.
    assert real_part_is_missing(np.fft.ifft2(np.fft.ifftshift(centred))) == (side % 2 == 0)
    assert np.isrealobj(pooled(picture, side, Fourier))


# -- spectral kernels ------------------------------------------------------------------------------------
def centred_matrix(kernel: str, size: int) -> np.ndarray:
    one_each = Tensor(np.eye(size**2)[:, None])
    return ops.frequency_response(one_each, Grid.on((size, size)), kernel, size).data.reshape(size**2, size**2)


def adam(parameters: np.ndarray, gradients: list[np.ndarray], rate: float = 0.05) -> np.ndarray:
    """Adam, as published."""
    out, m, v = parameters.copy(), np.zeros_like(parameters), np.zeros_like(parameters)
    for step, g in enumerate(gradients, 1):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        out -= rate * (m / (1 - 0.9**step)) / (np.sqrt(v / (1 - 0.999**step)) + 1e-12)
    return out


def two_arrays(size: int) -> np.ndarray:
    """Taps, centred as in the library, from the real and the imaginary array of the report's text (taps, 2 taps)."""
    places, frequencies = np.arange(size) - (size - 1) // 2, np.arange(size)
    phase = 2 * np.pi * np.multiply.outer(places, frequencies) / size
    angle = phase[:, None, :, None] + phase[None, :, None, :]
    angle = angle.reshape(size**2, size**2)
    return np.concatenate([np.cos(angle), -np.sin(angle)], axis=1) / size**2


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_adam_on_two_arrays_is_adam_on_half_the_spectrum(rng: np.random.Generator, size: int) -> None:
    """The report's text trains both entries of each pair; ``kernel="sinc"`` stores one of them."""
    taps, gradients = rng.normal(size=size**2), [rng.normal(size=size**2) for _ in range(5)]
    sinc, text = centred_matrix("sinc", size), two_arrays(size)
    start = np.linalg.lstsq(text, taps, rcond=None)[0]
    np.testing.assert_allclose(text @ start, taps, atol=1e-12)
    expected = text @ adam(start, [text.T @ g for g in gradients])

    theta = Tensor(np.linalg.solve(sinc, taps)[:, None, None], requires_grad=True)
    optimizer = Adam({"kernel": theta}, 0.05, epsilon=1e-12)
    for g in gradients:
        optimizer.clear_gradients()
        response = ops.frequency_response(theta, Grid.on((size, size)), "sinc", size)
        backward(response, Tensor(g.reshape(size, size, 1, 1), response.space))
        optimizer.step()
    # Frequencies that are their own mirrors have an imaginary part that does nothing, and rounds to a step of Adam.
    np.testing.assert_allclose(sinc @ theta.data[:, 0, 0], expected, atol=1e-9)
    assert np.abs(expected - taps).max() > 0.01
    if size > 1:
        on_taps = adam(taps, gradients)
        assert np.abs(on_taps - expected).max() > 0.01, "the code of the report, which trains taps, does something else"


@pytest.mark.parametrize("kernel", ["spectral", "sinc"])
def test_a_spectral_kernel_is_no_transform_forward_and_back(rng: np.random.Generator, kernel: str) -> None:
    """The report's code transforms real taps forward and back again: an identity, whose spectral network is spatial."""
    taps = rng.normal(size=(3, 3))
    np.testing.assert_allclose(np.fft.ifft2(np.fft.fft2(taps)), taps, atol=1e-14)
    assert np.abs(centred_matrix(kernel, 3) - np.eye(9)).max() > 0.1
    # A wave takes two parameters, or one where it is the mean: no tap is a parameter.
    wave = np.cos(2 * np.pi * np.subtract.outer([0, 1, 2], [1, 1, 1]) / 3).ravel()
    assert np.sum(np.abs(np.linalg.solve(centred_matrix(kernel, 3), wave)) > 1e-12) == 1


# -- frequency dropout -----------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", [Fourier, Hartley, Grid])
@pytest.mark.parametrize("side", [4, 5, 7, 8])
def test_frequency_dropout_runs_in_training_at_odd_and_even_sizes(
    rng: np.random.Generator, side: int, domain: type[Space]
) -> None:
    """The report's frequency dropout calls a number, and reads a name that is not there: it cannot run."""
    space = domain.on((side, side))
    x = ops.analysis(rng.normal(size=(2, side, side, 3)), space)
    layer = nn.FrequencyDropout(0)
    layer.build(nn.Signal(space, 3), rng, np.float64)
    kept = layer.forward(x)
    np.testing.assert_array_equal(kept.data, x.data)
    layer.train()
    radii = set()
    for _ in range(20):
        out = layer.forward(x)
        spectrum = np.abs(np.fft.fft2(ops.synthesis(out).data, axes=(1, 2))).max(axis=(0, 3))
        k = np.abs(np.fft.fftfreq(side, 1 / side))
        modes = np.maximum.outer(k, k)[spectrum > 1e-9]
        radii.add(int(modes.max()))
        np.testing.assert_allclose(ops.mean(out).data, ops.mean(x).data, atol=1e-12)
    assert len(radii) > 1
    assert min(radii) == 0


# -- training ---------------------------------------------------------------------------------------------
def test_all_three_parts_train_together(rng: np.random.Generator) -> None:
    body = nn.Sequential(
        *(nn.Convolution(4, 3, "sinc"), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(5), nn.FrequencyDropout(1)),
        nn.Dense(3),
    )
    network = nn.Network(nn.Door("fourier", (9, 8), (4, 3), 1), body, precision=np.float64)
    network.train()
    x = ops.analysis(rng.normal(size=(6, 9, 8, 1)), network.door.space)
    optimizer, losses = Adam(network.named_parameters(), 0.02), []
    for _ in range(40):
        optimizer.clear_gradients()
        loss = ops.cross_entropy(network.body(x), np.arange(6) % 3)
        backward(loss)
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
