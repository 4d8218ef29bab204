"""The comparison of a layer with its spatial counterpart, and negative controls with one of them wrong."""

from __future__ import annotations

from math import prod
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import oracles
import pytest
import twins_of_activations  # noqa: F401  (adds to TWINS)
from twins import TWINS, Axes, Held, Run, axes, below_nyquist, run_twin

from freqnet import nn
from freqnet.autodiff import Tensor, gradient
from freqnet.spaces import Fourier, Hartley, no_transforms
from freqnet.spaces.registry import Factory

TOLERANCE = 1e-10
# Grids of one, two and three axes: odd, even, one sample, square and not square.
GRIDS: list[Axes] = [(n,) for n in (1, 2, 3, 5, 7, 8, 9, 16)]
GRIDS += [(5, 5), (8, 8), (7, 2), (1, 9), (3, 8), (16, 3), (3, 3, 3), (2, 5, 3), (8, 3, 1), (3, 2, 7)]


def named(value: Any) -> str:
    """Return the name of a test from its grid or layer."""
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)


class Comparison:
    """A layer with random float64 parameters and its spatial counterpart, on one random signal.

    The cotangent `c` of the output defines the linear functional mean(c y) over the grid, summed over batch and
    channels. The gradient of a spectrum is the spectrum of N times the gradient with respect to the samples.
    """

    def __init__(
        self,
        layer: nn.Module,
        grid: Axes,
        band: Any = None,
        channels: int = 2,
        *,
        support: Axes | None = None,
        training: bool = False,
        domain: Factory = Fourier.on,
        seed: int = 0,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.layer, self.grid, self.support, self.domain, self.seed = layer, grid, support, domain, seed
        self.band = below_nyquist(grid) if band is None else axes(band, grid)
        space = domain(grid, self.band, support=support)
        self.out = layer.build(nn.Signal(space, channels), rng, np.float64)
        layer.train(training)
        for name, state in layer.named_state().items():
            state[...] = rng.uniform(0.5, 2.0, state.shape) * (1 if "variance" in name else rng.choice([-1, 1]))
        for parameter in layer.named_parameters().values():
            parameter.data[...] = rng.standard_normal(parameter.shape)
        self.state = {name: state.copy() for name, state in layer.named_state().items()}
        inside = np.zeros(grid)
        inside[tuple(slice(s) for s in support or grid)] = 1
        self.inside = inside[None, ..., None]
        self.raw = rng.standard_normal((2, *grid, channels)) * self.inside
        self.x = Tensor(self.stored(self.raw, space), space, requires_grad=True)
        self.rng = rng

    def stored(self, samples: np.ndarray, space: Any) -> np.ndarray:
        if not space.is_spectral:
            return np.moveaxis(samples, 0, -2)
        half = oracles.spectrum(samples, space.band)
        return half if space.is_complex else oracles.hartley(half, space.band)

    def samples(self, x: np.ndarray, space: Any) -> np.ndarray:
        if space is None:
            return x
        if not space.is_spectral:
            return np.moveaxis(x, -2, 0)
        half = x if space.is_complex else oracles.half_of_hartley(x, space.band)
        return oracles.synthesis(half, space.band, space.grid)

    def twin(self, samples: Any, *parameters: Any) -> Any:
        names = self.layer.named_parameters()
        arrays = self.state | dict(zip(names, parameters, strict=True))
        run = Run(arrays, self.layer.training, np.random.default_rng(self.seed))
        out = run_twin(self.layer, Held(samples, self.band, self.support), run)
        return oracles.project(out.samples, out.band) if isinstance(out, Held) else out

    def errors(self) -> dict[str, float]:
        """Relative errors of the value and of each gradient."""
        layer, named_parameters = self.layer, self.layer.named_parameters()
        layer.set_generator(np.random.default_rng(self.seed))
        with no_transforms():
            y = layer(self.x)
        self.check_promise(y)
        arguments = [self.raw, *(p.data for p in named_parameters.values())]
        value = self.twin(*arguments)
        cotangent = self.rng.standard_normal(value.shape)
        count = 1 if y.space is None else prod(y.space.grid)
        wanted = autograd.grad(
            lambda *a: anp.sum(cotangent * self.twin(*a)) / count, argnum=tuple(range(len(arguments)))
        )(*arguments)
        g = Tensor(cotangent if y.space is None else self.stored(cotangent, y.space), y.space)
        with no_transforms():
            found = gradient(y, [self.x, *named_parameters.values()], g)
        out = {"value": oracles.relative_error(self.samples(y.data, y.space), value)}
        density = self.samples(found[0].data, self.x.space) * self.inside
        out["input"] = oracles.relative_error(density, wanted[0] * prod(self.grid) * self.inside)
        for name, a, b in zip(named_parameters, found[1:], wanted[1:], strict=True):
            out[name] = oracles.relative_error(a.data, b)
        return out

    def check_promise(self, y: Tensor) -> None:
        if y.space is None:
            assert y.shape == (2, self.out.count)
        else:
            assert (y.space, y.shape[-1]) == (self.out.space, self.out.channels)


def assert_twin(layer: nn.Module, grid: Axes, band: Any = None, channels: int = 2, **options: Any) -> None:
    """Raise AssertionError, with the name of the difference, unless a layer equals its spatial counterpart.

    Values and gradients are compared, in the Fourier and the Hartley domain unless the options name one.
    """
    for domain in (options.pop("domain"),) if "domain" in options else (Fourier.on, Hartley.on):
        errors = Comparison(layer, grid, band, channels, domain=domain, **options).errors()
        wrong = {name: error for name, error in errors.items() if not error <= TOLERANCE}
        if wrong:
            raise AssertionError(f"{layer} on grid {grid}, band {band}, {domain}, {options}: {wrong}")


def _wrong(name: str, perturb: Any) -> Any:
    right = TWINS[name]
    return lambda layer, x, run: perturb(right(layer, x, run))


def test_every_layer_has_a_twin():
    assert TWINS.keys() == nn.LAYERS.keys()


WRONG = {
    "Convolution": lambda out: out.put(out.samples * (1 + 1e-6)),
    "TruncationPool": lambda out: out.put(oracles.roll(out.samples, (1,))),
    "PowerNorm": lambda out: out.put(out.samples + 1e-6),
    "Polynomial": lambda out: out.put(out.samples**2),
    "Dense": lambda out: out[:, ::-1],
}
LAYERS = {
    "Convolution": nn.Convolution(2),
    "TruncationPool": nn.TruncationPool(5),
    "PowerNorm": nn.PowerNorm(),
    "Polynomial": nn.Polynomial(),
    "Dense": nn.Dense(3),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_perturbed_twin_is_seen(name: str, monkeypatch: pytest.MonkeyPatch):
    assert_twin(LAYERS[name], (7,))
    monkeypatch.setitem(TWINS, name, _wrong(name, WRONG[name]))
    with pytest.raises(AssertionError, match="value"):
        assert_twin(LAYERS[name], (7,))


@pytest.mark.parametrize("name", ["input", "kernel", "bias"])
def test_a_wrong_gradient_is_seen(name: str, monkeypatch: pytest.MonkeyPatch):
    """The comparison finds a gradient that is too large by a millionth."""

    right = gradient

    def perturbed(output: Tensor, inputs: list[Tensor], cotangent: Tensor) -> list[Tensor]:
        found = right(output, inputs, cotangent)
        at = ["input", "kernel", "bias"].index(name)
        found[at] = found[at] * (1 + 1e-6)
        return found

    monkeypatch.setattr("test_nn_twin_control.gradient", perturbed)
    errors = Comparison(nn.Convolution(2), (7,)).errors()
    assert errors[name] > 1e-7
    assert all(error <= TOLERANCE for key, error in errors.items() if key != name)
