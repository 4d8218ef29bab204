"""The Hartley domain is the Fourier domain in real arithmetic: the same results without complex numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import oracles
import pytest
from layer_examples import EXAMPLES
from real_only import complex_arrays

from freqnet import kernels, nn, ops
from freqnet.data import load, split
from freqnet.kernels import reference
from freqnet.spaces import Fourier, Hartley
from freqnet.spaces.registry import Factory
from freqnet.training import Settings, analyse, evaluate, fit

GRIDS = [(1,), (2,), (7,), (8,), (5, 4), (1, 9), (9, 3), (3, 2, 5)]
LAYERS = [(name, layer) for name, layers in EXAMPLES.items() if name != "Pointwise" for layer in layers]


def outputs(layer: nn.Module, domain: Factory, grid: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """The output of a layer for random samples, as samples or features."""
    layer = nn.from_description(layer.describe())
    space = domain(grid)
    layer.build(nn.Signal(space, 4), np.random.default_rng(1), np.float64)
    layer.train(True)
    layer.set_generator(np.random.default_rng(2))
    out = layer(ops.analysis(rng.standard_normal((3, *grid, 4)), space))
    return out.data if out.space is None else ops.synthesis(out).data


@pytest.mark.parametrize(("name", "layer"), LAYERS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_layer_is_the_same_function(name: str, layer: nn.Module) -> None:
    for grid in ((8,), (6, 4)):
        found = [outputs(layer, domain, grid, np.random.default_rng(0)) for domain in (Fourier.on, Hartley.on)]
        oracles.assert_close(found[1], found[0], f"{name} on {grid}", 1e-11)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda g: "x".join(map(str, g)))
def test_coefficients_are_those_of_bracewell(grid: tuple[int, ...], rng: np.random.Generator) -> None:
    samples = rng.standard_normal((2, *grid, 3))
    band = Fourier.on(grid).band
    expected = oracles.hartley(oracles.spectrum(samples, band), band)
    oracles.assert_close(Hartley.on(grid, band).analysis(samples), expected, "Re - Im", 1e-12)


@pytest.mark.parametrize("module", [kernels, reference])
def test_products_of_real_spectra(module: Any, rng: np.random.Generator) -> None:
    plane, space = ((1, 2), (2, 1), (3, 3)), ((1, 1, 2), (1, 0, 1), (2, 1, 2))
    for bands in (((2,), (3,), (4,)), plane, ((0, 1), (2, 2), (1, 2)), space):
        halves = [_half(band, (3, 5), rng) for band in bands[:2]]
        real = [oracles.hartley(half, band) for half, band in zip(halves, bands, strict=False)]
        expected = oracles.hartley(reference.product(*halves, bands), bands[2])
        oracles.assert_close(module.product(*real, bands), expected, f"product {bands}", 1e-12)
        square = oracles.hartley(reference.square(halves[0], (bands[0], bands[2])), bands[2])
        oracles.assert_close(module.square(real[0], (bands[0], bands[2])), square, f"square {bands}", 1e-12)


def _half(band: tuple[int, ...], lanes: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    samples = rng.standard_normal((lanes[0], *(2 * m + 1 for m in band), lanes[1]))
    return np.ascontiguousarray(oracles.spectrum(samples, band))


# -- training ------------------------------------------------------------------------------------------
def network(domain: str, precision: Any = np.float64) -> nn.Network:
    body = nn.Sequential(
        (
            *(nn.Convolution(6, size=3), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(5)),
            *(nn.Convolution(6, size=3, kernel="modes"), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)),
        )
    )
    return nn.Network(nn.Door(domain, (8, 8), (3, 3), 1), body, precision=precision)


def trained(domain: str) -> tuple[nn.Network, float]:
    parts = split(load("digits").take(np.arange(400)), seed=0)
    net = network(domain)
    fit(net, analyse(net, parts.train), settings=Settings(epochs=2, batch=32))
    return net, evaluate(net, analyse(net, parts.test)).loss


def test_training_ends_in_the_same_weights() -> None:
    (one, loss), (other, same) = trained("fourier"), trained("hartley")
    for name, array in one.arrays().items():
        oracles.assert_close(other.arrays()[name], array, name, 1e-7)
    assert same == pytest.approx(loss, rel=1e-8)
    assert other.transforms_inside == 0


# -- real arithmetic -------------------------------------------------------------------------------------
def train_a_little(domain: str) -> None:
    """Pass samples through the door, train for a few steps, and evaluate."""
    parts = split(load("digits").take(np.arange(200)), seed=0)
    net = network(domain, np.float32)
    fit(net, analyse(net, parts.train), settings=Settings(epochs=1, batch=64))
    evaluate(net, analyse(net, parts.test))


def test_no_number_is_complex() -> None:
    assert complex_arrays(lambda: train_a_little("hartley")) == set()


def test_a_complex_number_is_noticed() -> None:
    found = complex_arrays(lambda: train_a_little("fourier"))
    assert any("channel_product" in name for name in found)
    assert any("Fourier" in name for name in found)


@pytest.mark.parametrize("kernel", ["taps", "spectral", "sinc", "modes"])
def test_no_kernel_is_complex(kernel: str, rng: np.random.Generator) -> None:
    space = Hartley.on((8, 6))
    layer = nn.Convolution(4, size=3, kernel=kernel)

    def run() -> None:
        layer.build(nn.Signal(space, 2), rng)
        layer(ops.analysis(rng.standard_normal((2, 8, 6, 2)), space))

    assert complex_arrays(run) == set()
