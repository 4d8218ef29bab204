"""Compare a layer in the Fourier domain with its spatial counterpart: the same layer and parameters on samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor, gradient, no_grad, observe
from freqnet.autodiff.tape import Op
from freqnet.errors import ShapeError, got_expected
from freqnet.nn.module import Module, Signal, from_description
from freqnet.spaces import Axes, Space, get_domain
from freqnet.spaces.registry import DEFAULT_DOMAIN


@dataclass(frozen=True)
class TwinReport:
    """Relative differences between a layer and its spatial counterpart, in float64: about 1e-13 where both agree.

    Attributes
    ----------
    value_error : float
        Largest difference of the outputs, relative to the largest output; infinite if they differ in shape.
    input_gradient_error : float
        The same for the gradient with respect to the input.
    parameter_gradient_error : float
        The same for the gradient of the parameter with the largest error. A parameter with a small gradient is
        compared with a hundredth of the largest gradient of all; 0 without parameters.
    """

    value_error: float
    input_gradient_error: float
    parameter_gradient_error: float


def compare_with_twin(
    layer: Module,
    grid: int | Axes,
    channels: int,
    band: int | Axes | None = None,
    *,
    batch: int = 3,
    seed: int = 0,
) -> TwinReport:
    """Compare a layer in the Fourier domain with the same layer on the samples of the same signal.

    Two new float64 copies of the layer get the same random parameters, the same source of randomness and the same
    random band-limited signal, first in training mode, then in evaluation mode. Outputs, and the gradients of a random
    linear functional of the output, are compared as samples, in all modes that the output on samples keeps and a
    spectral one can hold. The larger error of both modes counts, and NaN counts as an error. The layer itself need not
    be built and does not change.

    The comparison covers the given grid and batch: give an even and an odd grid to test both.

    Parameters
    ----------
    layer : Module
    grid : int or tuple of int
        Grid of both copies.
    channels : int
        Channels of the signal: spectra ``(*modes, batch, channels)``, samples ``(*grid, batch, channels)``.
    band : int or tuple of int, optional
        Band of the signal, by default the largest for which both can agree. On samples a product of signals aliases
        unless the grid holds it, so a layer with products agrees with its spatial counterpart only where
        ``n > (product_degree + 1) * band`` along each axis.
    batch, seed : int
        Number of examples, and seed of all random numbers.

    Returns
    -------
    TwinReport

    Raises
    ------
    ShapeError
        The band does not fit the grid, the layer exists in one of the domains only (`Pointwise`), or its parameters
        depend on how signals are stored (`Dense` on a signal).
    ConfigurationError
        The largest mode of the band is the Nyquist mode of the grid.

    Examples
    --------
    >>> from freqnet import nn
    >>> report = nn.compare_with_twin(nn.Convolution(4, size=5), grid=(9, 8), channels=2)
    >>> max(report.value_error, report.input_gradient_error, report.parameter_gradient_error) < 1e-12
    True

    On 9 samples, the square of a signal aliases from band 3 on:

    >>> square = nn.Polynomial((0.0, 0.0, 1.0))
    >>> nn.compare_with_twin(square, 9, 1, band=2).value_error < 1e-12
    True
    >>> nn.compare_with_twin(square, 9, 1, band=3).value_error > 0.01
    True
    """
    generator = np.random.default_rng(seed)
    space = get_domain(DEFAULT_DOMAIN)(grid, band)
    if band is None:
        space = space.with_band(_agreeing_band(layer, space, channels))
    spectra = ops.analysis(generator.standard_normal((batch, *space.grid, channels)), space)
    samples = ops.analysis(ops.synthesis(spectra), space.reference.with_band(space.band))
    spectral, spatial = (_Twin(layer, x, seed) for x in (spectra, samples))
    spatial.set_parameters(spectral.random_parameters(generator))
    errors = [_errors(spectral, spatial, training, generator) for training in (True, False)]
    # NumPy's maximum keeps NaN, which Python's drops.
    return TwinReport(*np.max(errors, axis=0).tolist())


def _errors(spectral: _Twin, spatial: _Twin, training: bool, generator: np.random.Generator) -> list[float]:
    """Return the errors of the outputs, of the gradient of the input and of the gradients of the parameters."""
    for twin in (spectral, spatial):
        twin.run(training)
    space = _common_space(spectral.out, spatial.out, spectral.x.space)
    values = [twin.value(space) for twin in (spectral, spatial)]
    if values[0].shape != values[1].shape:
        return [np.inf, np.inf, np.inf]
    cotangent = generator.standard_normal(values[0].shape)
    gradients = zip(*(twin.gradients(cotangent, space, spectral.x.space) for twin in (spectral, spatial)), strict=True)
    value, from_input, *from_parameters = (_difference(a, b) for a, b in [(values[0], values[1]), *gradients])
    # A gradient can be 0 but for rounding, as through the mean of a normalised signal. The scale of gradients follows
    # from those of the functional and of the layer.
    scale = np.abs(cotangent).max(initial=0.0) * value[1]
    largest = np.max([scale, *(size for _, size in from_parameters)])
    worst = [_ratio(error, np.maximum(size, largest / 100)) for error, size in from_parameters]
    least = scale / np.maximum(np.abs(spectral.x.data).max(initial=0.0), 1e-300) / 100
    from_input = from_input[0], np.maximum(from_input[1], least)
    return [_ratio(*value), _ratio(*from_input), float(np.max(worst, initial=0.0))]


def _common_space(out: Tensor, on_samples: Tensor, incoming: Space) -> Space | None:
    """Return the spectral space of all modes of the two outputs: a layer must not lose modes that samples keep.

    After a pool, samples have room for more modes than the signal had; then only those of the spectral output count.
    """
    if out.space is None or on_samples.space is None or not out.space.grid == on_samples.space.grid == incoming.grid:
        return out.space
    rows = zip(out.space.band, on_samples.space.band, out.space.largest_band, strict=True)
    return out.space.with_band(tuple(max(own, min(other, most)) for own, other, most in rows))


def _agreeing_band(layer: Module, space: Space, channels: int) -> Axes:
    """Return the largest band for which products of the layer's highest degree alias on none of its grids."""
    copy, grids = from_description(layer.describe()), [space.grid]

    def note(op: Op, out: Tensor, *rest: object) -> None:
        if out.space is not None and len(out.space.grid) == space.ndim:
            grids.append(out.space.grid)

    degree = max(m.product_degree for _, m in layer.modules())
    widest = space.with_band(tuple((n - 1) // (degree + 1) for n in space.grid))
    # Layers that pool have smaller grids inside.
    copy.build(Signal(widest, channels), np.random.default_rng(0), np.float64)
    with observe(note), no_grad():
        copy(Tensor(np.zeros((*widest.shape, 1, channels), widest.dtype(float)), widest))
    return tuple((n - 1) // (degree + 1) for n in map(min, *grids, space.grid))


def _difference(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Return the largest difference of two arrays, and the largest number in both."""
    size = np.maximum(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
    return np.abs(a - b).max(initial=0.0), size


def _ratio(error: float, size: float) -> float:
    return float(error / size) if size > 0 else float(error)


class _Twin:
    """A copy of the layer in the domain of its input."""

    def __init__(self, layer: Module, x: Tensor, seed: int) -> None:
        self.x = Tensor(x.data, x.space, requires_grad=True)
        self.layer = from_description(layer.describe())
        self.layer.build(Signal(x.space, x.shape[-1]), np.random.default_rng(seed), np.float64)
        self.layer.set_generator(np.random.default_rng(seed))

    def random_parameters(self, generator: np.random.Generator) -> dict[str, np.ndarray]:
        """Add random numbers to every parameter, since zero biases would hide errors; return the parameters."""
        named = self.layer.named_parameters()
        for parameter in named.values():
            parameter.data += 0.3 * generator.standard_normal(parameter.shape)
        return {name: parameter.data for name, parameter in named.items()}

    def set_parameters(self, arrays: dict[str, np.ndarray]) -> None:
        for name, parameter in self.layer.named_parameters().items():
            if parameter.shape != arrays[name].shape:
                raise _stored_differently(f"{name} of shape {parameter.shape} and {arrays[name].shape}")
            parameter.data[...] = arrays[name]

    def run(self, training: bool) -> None:
        names: set[str] = set()

        def note(op: Op, *rest: object) -> None:
            names.add(op.name)

        self.layer.train(training)
        with observe(note):
            self.out = self.layer(self.x)
        if names & {"coordinates", "functional"}:
            raise _stored_differently("weights on a signal's coordinates")

    def value(self, space: Space | None) -> np.ndarray:
        """Return the output as samples, in the modes of `space`."""
        return _as_samples(self.out, space)

    def gradients(self, cotangent: np.ndarray, space: Space | None, own: Space) -> list[np.ndarray]:
        """Return the gradients of the input, as samples in the modes of `own`, and of each parameter."""
        out = self.out
        if out.space is None or space is None:
            g = Tensor(cotangent)
        else:
            kept = ops.synthesis(ops.analysis(cotangent, space))
            g = ops.analysis(kept, out.space)
        named = self.layer.named_parameters()
        from_input, *from_parameters = gradient(out, [self.x, *named.values()], g)
        return [_as_samples(from_input, own), *(p.data for p in from_parameters)]


def _as_samples(x: Tensor, space: Space | None) -> np.ndarray:
    if x.space is None or space is None:
        return x.data
    samples = ops.synthesis(x)
    return samples.data if x.space == space else ops.synthesis(ops.analysis(samples, space)).data


def _stored_differently(got: str) -> ShapeError:
    expected, todo = "parameters that are the same in both domains", "replace the layer, such as Dense by GlobalAverage"
    return ShapeError(got_expected("twin", got, expected, todo))
