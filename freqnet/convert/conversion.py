"""Conversion of a trained spatial network in ONNX to a network in the frequency domain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from math import isfinite
from typing import Any

import numpy as np

from freqnet.checks import is_whole
from freqnet.convert.chains import logits_of, softmaxes, steps_of
from freqnet.convert.fitting import BY_DATA, Fit
from freqnet.convert.graph import Graph, check_graph, read_graph
from freqnet.convert.layers import Builder
from freqnet.convert.line import Line, odd_grid, start_of
from freqnet.convert.operators import check_operators
from freqnet.convert.original import Original
from freqnet.convert.steps import Activate, Add, Connect, Pool, PoolAll, Step, Windowed, values_of
from freqnet.errors import ConfigurationError, DataError, NetworkWarning, got_expected, warn
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn import Door, GlobalAverage, Network, Polynomial, Sequential
from freqnet.spaces import Axes
from freqnet.spaces.registry import DEFAULT_DOMAIN
from freqnet.values import as_floats, value_range

# Samples that enter the fits and the measurement at most, and the share that the fits see.
MOST, LEAST, _FITTED = 512, 4, 0.75
# Relative error of a polynomial that is worth a warning: that of ReLU is 0.2 to 0.4 where accuracy hardly changes.
_FAR_OFF = 0.6


@dataclass(frozen=True)
class ConvertedLayer:
    """A layer of the original, what has taken its place, and the difference between the two.

    Attributes
    ----------
    name : str
        Name in the original.
    operator : str
        Operator of ONNX.
    path : str
        Path of the last layer of the converted network that stands for it, such as ``"3"``.
    layer : str
        Class of that layer.
    error : float
        Norm of the difference of the outputs, relative to the norm of the original's, on the samples that the
        polynomials are fitted to. The error contains those of all layers before.
    other_error : float
        The same on other samples.
    """

    name: str
    operator: str
    path: str
    layer: str
    error: float
    other_error: float


# Results are compared by identity: networks have no equality.
@dataclass(frozen=True, eq=False)
class Conversion:
    """A converted network, and how far each layer is from the original.

    Attributes
    ----------
    network : Network
        It has the weights of the original, and can be trained on, audited and saved like any other.
    layers : tuple of ConvertedLayer
        In the order of the original.
    fitted, measured : int
        Number of samples that the polynomials are fitted to, and of other samples.

    Examples
    --------
    ``print(conversion)`` shows one row per layer; `as_dict` gives the same as plain data.
    """

    network: Network
    layers: tuple[ConvertedLayer, ...]
    fitted: int
    measured: int
    _original: Any = field(repr=False)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Softmax functions at the end of the original, which the converted network leaves out: it computes logits."""
        return tuple(map(str, softmaxes(self._original.graph)))

    def original(self, samples: Any) -> np.ndarray:
        """Return what the original computes from samples, without a softmax at its end.

        Parameters
        ----------
        samples : array_like
            ``(batch, *grid, channels)``, as `network` takes them: before they are standardised.

        Returns
        -------
        numpy.ndarray
            ``(batch, outputs)``.
        """
        x = _standardised(self.network.door, self.network.door.read(samples).data)
        output = logits_of(self._original.graph)
        return self._original.values(x, [output])[output].reshape(len(x), -1)

    def __str__(self) -> str:
        rows = [("layer", "name", "converted to", "error", "other data")]
        for row in self.layers:
            errors = (f"{row.error:.3g}", f"{row.other_error:.3g}")
            rows.append((row.operator, row.name, f"{row.path} {row.layer}", *errors))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join(lines + [f"left out: {name}, so that outputs are logits" for name in self.left_out])

    def as_dict(self) -> dict[str, Any]:
        """Return the errors as plain data."""
        counts = {"fitted": self.fitted, "measured": self.measured, "left_out": list(self.left_out)}
        return counts | {"layers": [asdict(row) for row in self.layers]}


def from_onnx(
    model: Any,
    grid: Axes | int | None = None,
    *,
    data: Any = None,
    degree: int = 4,
    method: str = BY_DATA,
    max_pool: str = "power",
    domain: str = DEFAULT_DOMAIN,
    modes: int | None = None,
    standardise: tuple[Any, Any] | None = None,
    full_scale: float | None = None,
) -> Conversion:
    """Convert a trained network on samples, stored in ONNX, to a network in the frequency domain.

    Convolutions with any stride, padding, dilation and groups, batch normalisation (folded), average pooling, residual
    sums, and dense layers are exact, up to rounding. Activations and maxima become polynomials, fitted to what each
    layer really sees. Activations behind the first dense layer are exact again.

    Parameters
    ----------
    model : path or onnx.ModelProto
        A network with one input ``(batch, channels, *grid)`` and one output, plain numbers. A softmax at its end is
        left out: the outputs are logits.
    grid : int or tuple of int, optional
        Samples along each axis; by default those of the file, or of the data.
    data : array_like, optional
        Samples ``(batch, *grid, channels)`` like those of the training, before `standardise`; 512 of them are enough.
        A quarter is kept out of the fits, and measures only. A network without activations and maxima needs none.
    degree : int
        Degree of the polynomials, 1 to 9. Degrees 3 and 4 cost the same.
    method : {"data", "least-squares", "chebyshev", "minimax", "taylor", "gaussian"}
        ``"data"`` fits each channel to the original's output; the others approximate the function on the range of each
        channel: see `freqnet.approximate.approximate`.
    max_pool : {"power", "average"}
        ``"power"`` stands for a mean of powers that is fitted to the maxima, ``"average"`` for the average.
    domain : str
        A domain of modes, or ``"grid"``.
    modes : int, optional
        Largest number of modes that signals keep along each axis, an odd number; by default all. The cost of an
        activation is proportional to the square of the number of modes, so that two thirds of them along two axes take
        a fifth of the time. Linear layers are then exact for signals of these modes only.
    standardise : tuple, optional
        Mean and deviation, one number each or one per channel. The door then computes ``(samples - mean) / deviation``,
        which the original has been given.
    full_scale : float, optional
        Whole numbers are divided by it first; floats are not. By default numbers of dtype uint8 are divided by 255.

    Returns
    -------
    Conversion

    Raises
    ------
    DataError
        The file is missing, damaged, or no ONNX file; weights are not finite; the samples cannot be used.
    ConfigurationError
        A layer cannot be converted (the message names it, and what to replace it by), sizes are unknown, or an
        argument is not usable.
    ShapeError
        The samples do not fit the network.

    Warns
    -----
    NetworkWarning
        A polynomial is far from the function that it stands for.

    Examples
    --------
    >>> import numpy as np
    >>> import onnx
    >>> from onnx import helper, numpy_helper
    >>> from freqnet.convert import from_onnx
    >>> rng = np.random.default_rng(0)
    >>> nodes = [
    ...     helper.make_node("Conv", ["x", "kernel"], ["c"], "conv", pads=[1, 1, 1, 1]),
    ...     helper.make_node("Relu", ["c"], ["r"], "relu"),
    ...     helper.make_node("GlobalAveragePool", ["r"], ["p"], "pool"),
    ...     helper.make_node("Flatten", ["p"], ["f"], "flatten"),
    ...     helper.make_node("Gemm", ["f", "matrix"], ["y"], "head"),
    ... ]
    >>> weights = {"kernel": rng.normal(size=(4, 1, 3, 3)), "matrix": rng.normal(size=(4, 2))}
    >>> graph = helper.make_graph(
    ...     nodes, "cnn",
    ...     [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", 1, 8, 8])],
    ...     [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["batch", 2])],
    ...     [numpy_helper.from_array(w.astype(np.float32), name) for name, w in weights.items()],
    ... )
    >>> found = from_onnx(helper.make_model(graph), data=rng.normal(size=(200, 8, 8, 1)))
    >>> found.network
    Network(1 channels of fourier signal, grid 9x9, band 4x4 to 2 outputs, 5 layers, 66 parameters, float32)
    >>> [(row.name, row.layer) for row in found.layers]
    [('conv', 'Convolution'), ('relu', 'Polynomial'), ('pool', 'Take'), ('head', 'Dense')]
    >>> found.layers[0].error < 1e-5, 0.01 < found.layers[1].other_error < 0.3
    (True, True)
    """
    fit = Fit(degree, method, max_pool)
    graph = read_graph(model)
    check_operators(graph)
    check_graph(graph)
    samples = None if data is None else as_floats(data, full_scale)
    original = Original(graph, _grid(graph, grid, samples))
    steps = steps_of(graph)
    door = _door(original, steps, domain, standardise, modes)
    door, known = replace(door, full_scale=full_scale), samples
    samples = _samples(door, steps, samples)
    if known is not None:
        low, high = (tuple(limit.tolist()) for limit in value_range(known))
        door = replace(door, low=low, high=high)
    line = Line(door.analyse(samples), start_of(door.grid), None if modes is None else modes // 2)
    with one_blas_thread():
        return _converted(original, steps, door, samples, line, fit)


def _converted(
    original: Original, steps: list[Step], door: Door, samples: np.ndarray, line: Line, fit: Fit
) -> Conversion:
    targets = original.values(_standardised(door, samples), values_of(steps))
    fitted = int(_FITTED * len(samples))
    builder = Builder(original.graph, targets, fit, fitted)
    builder.run(line, steps)
    if line.view is not None:
        _end_in_features(original.graph, line)
    # A network copies layers that are built: their arrays are loaded into the copies.
    body = Sequential(tuple(line.layers))
    network = Network(door, body)
    network.body.load_arrays(body.arrays())
    paths = {id(module): path for path, module in body.modules()}
    rows = (
        ConvertedLayer(n.node.name, n.node.operator, paths[id(n.layer)], type(n.layer).__name__, *n.errors)
        for n in builder.notes
    )
    _warn_of_bad_fits(builder)
    return Conversion(network, tuple(rows), fitted, len(samples) - fitted, original)


def _warn_of_bad_fits(builder: Builder) -> None:
    """Warn of the first polynomial that is far from what it stands for."""
    for note in builder.notes:
        if isinstance(note.layer, Polynomial) and note.errors[1] > _FAR_OFF:
            warn(
                f"{note.node}: its polynomial is off by {note.errors[1]:.0%} of the norm of its values on other data; "
                "raise the degree, or replace the function: one with a pole or a jump has no good polynomial",
                NetworkWarning,
            )
            return


def _end_in_features(graph: Graph, line: Line) -> None:
    """Turn a signal of one sample into features; refuse one of more samples."""
    assert line.view is not None
    if max(line.view.sizes) > 1:
        got, todo = f"an output of {line.view.sizes} samples", "end the network in Flatten and Linear"
        raise ConfigurationError(got_expected(graph.source, got, "plain numbers, such as logits", todo))
    line.to_grid((1,) * len(line.view.sizes))
    line.append(GlobalAverage())
    line.view = None


def _grid(graph: Graph, grid: Axes | int | None, samples: np.ndarray | None) -> Axes | None:
    """Return the grid that is asked for, by the argument or by the data; None for that of the file."""
    dims = graph.input.type.tensor_type.shape.dim[2:]
    if isinstance(grid, int | np.integer):
        return (int(grid),) * len(dims)
    if grid is not None:
        return tuple(int(n) for n in grid)
    is_known = all(d.WhichOneof("value") == "dim_value" for d in dims)
    return None if is_known or samples is None or samples.ndim != len(dims) + 2 else samples.shape[1:-1]


def _door(original: Original, steps: list[Step], domain: str, standardise: Any, modes: int | None) -> Door:
    """Return the door: on an odd grid with the zeros that the first layer needs."""
    if modes is not None and (not is_whole(modes) or modes < 1 or modes % 2 == 0):
        todo = f"pass modes={max(1, int(modes) - 1) if is_whole(modes) else 15}"
        raise ConfigurationError(got_expected("modes", repr(modes), "an odd number of 1 or more", todo))
    grid, channels = original.grid, original.graph.shapes[original.graph.input.name][1]
    padded = odd_grid([n + m for n, m in zip(grid, _first_margin(original.graph, steps, grid), strict=True)])
    offset, scale = per_channel(standardise, channels)
    pad = tuple(p - n for p, n in zip(padded, grid, strict=True))
    band = tuple((min(p, modes or p) - 1) // 2 for p in padded)
    door = Door(domain, grid, band, channels, offset=offset, scale=scale, pad=pad)
    if door.space.has_nodes or door.space.switches:
        todo = "pass domain='fourier'"
        raise ConfigurationError(got_expected("domain", repr(domain), "a domain of modes, or 'grid'", todo))
    return door


def per_channel(standardise: Any, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return means and deviations with one number per channel; empty if there are none."""
    if standardise is None:
        return (), ()
    given = tuple(standardise) if np.iterable(standardise) else ()
    if len(given) != 2:
        todo = "pass standardise=(0.1307, 0.3081), say"
        raise ConfigurationError(got_expected("standardise", repr(standardise), "(mean, deviation)", todo))
    rows = [tuple(np.atleast_1d(np.asarray(value, float)).tolist()) for value in given]
    rows = [row * channels if len(row) == 1 else row for row in rows]
    for name, row in zip(("mean", "deviation"), rows, strict=True):
        is_usable = len(row) == channels and all(map(isfinite, row)) and (name == "mean" or 0 not in row)
        if not is_usable:
            shown = ", ".join(f"{value:g}" for value in row)
            kind = "a finite number" if name == "mean" else "a number other than 0"
            expected = f"{kind}, or {channels}, one for each channel"
            raise ConfigurationError(got_expected(name, shown, expected, "pass what the original was trained with"))
    return rows[0], rows[1]


def _first_margin(graph: Graph, steps: list[Step], grid: Axes) -> Axes:
    """Return the zeros that the first windows need."""
    first = steps[0] if steps else None
    if isinstance(first, Add):
        margins = [_first_margin(graph, branch, grid) for branch in (first.body, first.path)]
        return tuple(map(max, *margins))
    if isinstance(first, Windowed):
        return first.margin(grid, graph.shapes[first.value][2:])
    return (0,) * len(grid)


def _samples(door: Door, steps: list[Step], samples: np.ndarray | None) -> np.ndarray:
    """Return the samples that are used, in random order, after checks."""
    if samples is None:
        first = next(_fitted(steps), None)
        if first is not None:
            got, todo = "none, or too few", "pass data=samples, a few hundred of (batch, *grid, channels)"
            raise DataError(got_expected("data", got, f"samples to fit {first.node} to", todo))
        return np.random.default_rng(0).normal(size=(8, *door.grid, door.channels))
    samples = door.read(samples).data
    if samples.shape[1:-1] != door.grid:
        todo = f"pass samples of (batch, {', '.join(map(str, door.grid))}, {door.channels})"
        raise DataError(got_expected("data", f"shape {samples.shape}", f"a grid of {door.grid}", todo))
    if len(samples) < LEAST:
        raise DataError(got_expected("data", f"{len(samples)} samples", f"at least {LEAST}", "pass a few hundred"))
    # Files may be sorted by class.
    return samples[np.random.default_rng(0).permutation(len(samples))[:MOST]]


def _fitted(steps: list[Step]) -> Iterator[Step]:
    """Yield the steps that polynomials stand for: none behind the first dense layer."""
    for step in steps:
        if isinstance(step, Connect):
            return
        if isinstance(step, Activate) or (isinstance(step, Pool | PoolAll) and step.is_max):
            yield step
        if isinstance(step, Add):
            yield from _fitted([*step.body, *step.path])


def _standardised(door: Door, samples: np.ndarray) -> np.ndarray:
    """Return samples as the original takes them."""
    if not door.offset:
        return samples
    return (samples - np.array(door.offset)) / np.array(door.scale)
