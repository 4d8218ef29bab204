"""Layer properties without a spatial counterpart: initial scales, kernels, boundaries, dropout and statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles
import pytest
import scipy.signal

from freqnet import nn, ops
from freqnet.autodiff import Tensor
from freqnet.errors import ShapeError
from freqnet.nn.convolution import response_deviation
from freqnet.spaces import KERNELS, Fourier, Space

Axes = tuple[int, ...]


def spectra(rng: np.random.Generator, space: Space, channels: int, batch: int = 4, precision: Any = np.float64):
    return ops.analysis(rng.standard_normal((batch, *space.grid, channels)).astype(precision), space)


def build(layer: nn.Module, space: Space, channels: int, precision: Any = np.float64, seed: int = 0) -> Any:
    return layer.build(nn.Signal(space, channels), np.random.default_rng(seed), precision)


def signal_power(x: Tensor) -> np.ndarray:
    """Mean square per example and channel, ``(batch, channels)``."""
    return x.space.power(x.data)


# -- scales at initialisation ------------------------------------------------------------------------
def power_ratio(kernel: str, depth: int, scale: float = 1.0, channels: int = 48, seeds: int = 8) -> float:
    """Ratio of the power after `depth` linear layers to the power before, averaged over seeds."""
    space = Fourier.on((9, 8))
    ratios = []
    for seed in range(seeds):
        x = spectra(np.random.default_rng(seed), space, channels, batch=2)
        body = nn.Sequential(tuple(nn.Convolution(channels, 3, kernel) for _ in range(depth)))
        build(body, space, channels, seed=seed)
        for name, parameter in body.named_parameters().items():
            parameter.data *= scale if name.endswith("kernel") else 1.0
        ratios.append(signal_power(body(x)).mean() / signal_power(x).mean())
    return float(np.mean(ratios))


@pytest.mark.parametrize("kernel", KERNELS)
def test_twenty_linear_layers_keep_the_power(kernel: str):
    assert power_ratio(kernel, 20) == pytest.approx(1.0, rel=0.2)


@pytest.mark.parametrize("scale", [0.99, 1.01])
def test_a_scale_one_percent_off_is_seen(scale: float):
    assert power_ratio("taps", 20, scale) != pytest.approx(1.0, rel=0.2)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("size", [1, 2, 3, (3, 4), (5, 1)])
def test_every_mode_has_a_response_of_unit_mean_square(kernel: str, size: int | Axes):
    """The expected |H[k]|^2 follows from the deviation and the response of each parameter."""
    space = Fourier.on((9, 8))
    extent = (size, size) if isinstance(size, int) else size
    deviation = response_deviation(kernel, space.grid if kernel == "modes" else extent, space)
    columns = Tensor(np.diag(deviation)[:, :, None])
    response = ops.frequency_response(columns, space, kernel, extent).data
    assert np.sum(np.abs(response) ** 2, axis=(-2, -1)) == pytest.approx(np.ones(space.shape), rel=1e-12)


@pytest.mark.parametrize(("grid", "channels"), [((9, 8), 4), ((5,), 30)])
def test_a_dense_layer_keeps_the_mean_square_of_its_inputs(grid: Axes, channels: int):
    space = Fourier.on(grid)
    x = spectra(np.random.default_rng(0), space, channels, batch=1)
    layer = nn.Dense(4000)
    build(layer, space, channels)
    assert np.mean(layer(x).data ** 2) == pytest.approx(np.mean(ops.coordinates(x).data ** 2), rel=0.1)


@pytest.mark.parametrize("kernel", KERNELS)
def test_twenty_blocks_stay_of_order_one(kernel: str):
    space = Fourier.on((8, 8), 2)
    blocks = [layer for _ in range(20) for layer in (nn.Convolution(8, 3, kernel), nn.PowerNorm(), nn.Polynomial())]
    body = nn.Sequential(tuple(blocks))
    build(body, space, 3, np.float32)
    body.train()
    powers = []
    x = spectra(np.random.default_rng(1), space, 3, batch=16, precision=np.float32)
    for layer in body.layers:
        x = layer(x)
        powers.append(float(signal_power(x).mean()))
    assert np.isfinite(powers).all()
    assert 0.05 < min(powers) <= max(powers) < 20
    assert powers[1::3] == pytest.approx([1.0] * 20, rel=1e-3)


# -- kernels -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("grid", "size"), [((9,), (3,)), ((8,), (4,)), ((5,), (5,)), ((8, 7), (3, 2)), ((4, 5, 6), 3)])
def test_sinc_interpolation_is_zero_padding_of_the_taps(grid: Axes, size: Any, rng: np.random.Generator):
    extent = (size,) * len(grid) if isinstance(size, int) else size
    space = Fourier.on(grid)
    theta = rng.standard_normal((int(np.prod(extent)), 2, 3))
    response = ops.frequency_response(Tensor(theta), space, "sinc", extent).data
    taps = np.tensordot(oracles.tap_matrix("sinc", extent), theta, (1, 0)).reshape(*extent, 2, 3)
    padded = np.zeros((*grid, 2, 3))
    padded[tuple(slice(k) for k in extent)] = taps
    padded = np.roll(padded, [-((k - 1) // 2) for k in extent], range(len(grid)))
    full = np.fft.fftn(padded, axes=range(len(grid)))
    pick = [np.arange(-m, m + 1) % n for m, n in zip(space.band, grid, strict=True)]
    pick[-1] = np.arange(space.band[-1] + 1)
    assert response == pytest.approx(full[np.ix_(*pick)], abs=1e-12)


@pytest.mark.parametrize("kernel", KERNELS)
def test_circular_convolution_wraps(kernel: str):
    """An impulse on the last sample, shifted by one, appears on the first sample."""
    space = Fourier.on(7)
    layer = nn.Convolution(1, 3, kernel, bias=False)
    build(layer, space, 1)
    target = np.exp(-2j * np.pi * np.arange(4) / 7)[:, None]
    matrix = ops.frequency_response(Tensor(np.eye(len(layer.parameters["kernel"].data))[:, None]), space, kernel).data
    columns, wanted = (np.concatenate([v.real, v.imag]) for v in (matrix[:, 0], target))
    layer.parameters["kernel"].data[...] = np.linalg.lstsq(columns, wanted)[0][..., None]
    impulse = np.zeros((1, 7, 1))
    impulse[0, 6] = 1
    moved = ops.synthesis(layer(ops.analysis(impulse, space))).data.ravel()
    assert moved == pytest.approx([1, 0, 0, 0, 0, 0, 0], abs=1e-12)


# -- linear boundary ---------------------------------------------------------------------------------
def linear(channels: int, size: int | Axes, kernel: str = "taps", **settings: Any) -> nn.Convolution:
    return nn.Convolution(channels, size, kernel, boundary="linear", **settings)


def full_convolution(samples: np.ndarray, layer: nn.Convolution, size: Axes) -> np.ndarray:
    """scipy's zero-padded convolution of each channel with its taps, summed."""
    taps = layer.parameters["kernel"].data
    taps = np.tensordot(oracles.tap_matrix(layer.kernel, size), taps, (1, 0)).reshape(*size, *taps.shape[1:])
    batch, inputs, outputs = len(samples), samples.shape[-1], taps.shape[-1]
    rows = [
        [
            sum(scipy.signal.convolve(samples[b, ..., i], taps[..., i, o], method="direct") for i in range(inputs))
            for o in range(outputs)
        ]
        for b in range(batch)
    ]
    return np.moveaxis(np.array(rows), 1, -1)


@pytest.mark.parametrize("kernel", ["taps", "spectral", "sinc"])
@pytest.mark.parametrize(
    ("grid", "pad", "size"),
    [((6,), (3,), (4,)), ((5,), (4,), (3,)), ((4, 5), (1, 2), (2, 3)), ((2, 3, 4), (1, 2, 1), 2)],
)
def test_linear_convolution_padded_at_the_door(grid: Axes, pad: Axes, size: Any, kernel: str, rng: np.random.Generator):
    extent = (size,) * len(grid) if isinstance(size, int) else size
    padded = tuple(n + p for n, p in zip(grid, pad, strict=True))
    door = nn.Door("fourier", grid, tuple((n - 1) // 2 for n in padded), 2, pad=pad)
    layer = linear(3, extent, kernel, bias=False)
    layer.build(door.signal, rng, np.float64)
    samples = rng.standard_normal((2, *grid, 2))
    out = ops.synthesis(layer(door.analyse(samples, np.float64))).data
    # The kernel is centred: the result starts (size - 1) // 2 samples before the first.
    out = np.roll(out, [(k - 1) // 2 for k in extent], range(1, 1 + len(grid)))
    wanted = full_convolution(samples, layer, extent)
    inside = tuple(slice(n) for n in wanted.shape[1:-1])
    assert out[(slice(None), *inside)] == pytest.approx(wanted, abs=1e-12)
    out[(slice(None), *inside)] = 0
    assert out == pytest.approx(np.zeros_like(out), abs=1e-12)


def test_linear_convolution_agrees_in_every_kept_mode(rng: np.random.Generator):
    """On an even grid with a smaller band, the kept modes are those of the zero-padded convolution."""
    door = nn.Door("fourier", (5,), (2,), 1, pad=(3,))
    layer = linear(2, 4, bias=False)
    layer.build(door.signal, rng, np.float64)
    samples = rng.standard_normal((2, 5, 1))
    wanted = np.fft.fft(np.roll(full_convolution(samples, layer, (4,)), -1, 1), axis=1, norm="forward")[:, :3]
    assert layer(door.analyse(samples, np.float64)).data == pytest.approx(np.moveaxis(wanted, 0, 1), abs=1e-12)


def test_window_restores_the_room(rng: np.random.Generator):
    """Convolution, window and convolution agree with zero-padded convolutions of the first samples."""
    door = nn.Door("fourier", (6,), (4,), 1, pad=(3,))
    body = nn.Sequential((linear(2, 3), nn.Window(6), linear(2, 4, bias=False), nn.Window(6), linear(1, 3, bias=False)))
    body.build(door.signal, rng, np.float64)
    body.layers[0].parameters["bias"].data[...] = rng.standard_normal((1, 2))
    samples = rng.standard_normal((2, 6, 1))
    out = ops.synthesis(body(door.analyse(samples, np.float64))).data
    first, _, second, _, third = body.layers
    values = full_convolution(samples, first, (3,))[:, 1:7] + first.parameters["bias"].data
    values = full_convolution(values, second, (4,))[:, 1:7]
    assert np.roll(out, 1, 1)[:, :8] == pytest.approx(full_convolution(values, third, (3,)), abs=1e-12)


def test_linear_convolution_without_room():
    full, padded = Fourier.on(9), Fourier.on(9, support=(6,))
    with pytest.raises(ShapeError, match=r"linear convolution: got support unknown .* \(pad=\(2,\)\), put Window"):
        build(linear(1, 3), full, 1)
    with pytest.raises(ShapeError, match=r"got support \(6,\) on grid \(9,\), expected room for \(10,\) samples"):
        build(linear(1, 5), padded, 1)
    build(linear(1, 4), padded, 1)
    twice = (linear(1, 3, bias=False), linear(1, 2, bias=False))
    assert build(nn.Sequential(twice), padded, 1).space.support == (9,)
    with pytest.raises(ShapeError, match="expected room for"):
        build(nn.Sequential((*twice, linear(1, 2))), padded, 1)
    # A bias is a constant on the whole period.
    with pytest.raises(ShapeError, match="got support unknown"):
        build(nn.Sequential((linear(1, 3), linear(1, 2))), padded, 1)
    build(nn.Sequential((linear(1, 3), nn.Window(6), linear(1, 2))), padded, 1)
    for other in (
        nn.Polynomial(),
        nn.PowerNorm(),
        nn.TruncationPool(8),
        nn.AveragePool(3, 1),
        nn.Linearized("sigmoid"),
    ):
        with pytest.raises(ShapeError, match="got support unknown"):
            build(nn.Sequential((other, linear(1, 2))), padded, 1)
