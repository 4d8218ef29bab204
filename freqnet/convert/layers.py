"""From steps to layers: each step appends its layers to a line, and notes the error of their result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from freqnet.approximate import FUNCTIONS
from freqnet.autodiff import Tensor
from freqnet.convert.chains import function_of
from freqnet.convert.fitting import BY_DATA, Fit, by_data, by_function, powers
from freqnet.convert.graph import Graph, Node
from freqnet.convert.line import Line, View, odd_grid
from freqnet.convert.steps import (
    Activate,
    Add,
    Connect,
    Convolve,
    Flatten,
    Pad,
    Pool,
    PoolAll,
    Scale,
    Step,
    Windowed,
)
from freqnet.nn import Convolution, Module, Pointwise, Polynomial, Residual, Sequential
from freqnet.nn.activation import POINTWISE
from freqnet.spaces import Axes

# Numbers on which a function is compared with those that `Pointwise` knows.
_POINTS = np.linspace(-6.0, 6.0, 97)
# Functions of features must be the same far outside as well: ReLU6 is not ReLU.
_FAR = np.concatenate([_POINTS, np.geomspace(6.0, 1e4, 40), -np.geomspace(6.0, 1e4, 40)])

# The tanh form of GELU differs from its own by less than 5e-4; other functions by rounding.
_LIKE_GELU, _ROUNDING = 1e-3, 1e-5


@dataclass(frozen=True, eq=False)
class Note:
    """How far the result of a step is from the original's: on the samples of the fits, and on the others."""

    node: Node
    layer: Module
    errors: tuple[float, float]


@dataclass
class Builder:
    """What is needed to convert steps.

    Attributes
    ----------
    graph : Graph
    targets : dict of str to numpy.ndarray
        Values of the original, ``(batch, channels, *grid)`` or ``(batch, features)``.
    fit : Fit
    fitted : int
        The first samples, to which polynomials are fitted; the others only measure.
    notes : list of Note
    """

    graph: Graph
    targets: dict[str, np.ndarray]
    fit: Fit
    fitted: int
    notes: list[Note] = field(default_factory=list)

    def run(self, line: Line, steps: list[Step]) -> None:
        """Append the layers of all steps to a line."""
        waiting = list(steps)
        while waiting:
            step = waiting.pop(0)
            count = len(line.layers)
            if waiting and self.is_one_fit(line, step, waiting[0]):
                step = waiting.pop(0)
            self.check_place(line, step)
            APPEND[type(step)](self, line, step)
            if len(line.layers) > count:
                self.note(line, step)

    def is_one_fit(self, line: Line, step: Step, following: Step) -> bool:
        """Return whether one polynomial stands for a function and the maxima of its values after it."""
        is_power = self.fit.max_pool == "power" and self.fit.method == BY_DATA and line.view is not None
        return is_power and isinstance(step, Activate) and isinstance(following, Pool | PoolAll) and following.is_max

    def is_flat(self, line: Line, step: Step) -> bool:
        """Return whether the original has flattened what is still a signal of several samples in a line."""
        return line.view is not None and self.targets[step.value].ndim == 2 and max(line.view.sizes) > 1

    def check_place(self, line: Line, step: Step) -> None:
        """Raise `ConfigurationError` for what differs from sample to sample behind Flatten, before a dense layer."""
        one_by_one = isinstance(step, Scale) and max(step.factor.size, step.offset.size) > 1
        if self.is_flat(line, step) and (one_by_one or self.is_of_samples(step)):
            todo = "put it before Flatten, with one number per channel"
            raise step.node.refuse("numbers for each sample behind Flatten", "one number, or one per channel", todo)

    def is_of_samples(self, step: Step) -> bool:
        """Return whether an activation has constants of its own for features or channels."""
        return isinstance(step, Activate) and function_of(self.graph, step)(_POINTS) is None

    def target(self, value: str, sizes: Axes) -> np.ndarray:
        """Return a value of the original, channels last, as a signal of these sizes; with none, as it is."""
        values = self.targets[value]
        if values.ndim == 2:
            # Flattened samples count channels first.
            values = values.reshape(len(values), -1, *sizes)
        return np.moveaxis(values, 1, -1)

    def note(self, line: Line, step: Step) -> None:
        """Note the error of the signal of a line, relative to the value of a step."""
        samples, target = line.samples(), self.target(step.value, line.view.sizes if line.view else ())
        if samples.size == target.size:
            # Features of the original may be a signal of one sample.
            samples = samples.reshape(target.shape)
            parts = (slice(self.fitted), slice(self.fitted, None))
            errors = tuple(relative_error(samples[part], target[part]) for part in parts)
            self.notes.append(Note(step.node, line.layers[-1], errors))  # type: ignore[arg-type]

    def counts(self, step: Step) -> Axes:
        """Return the number of samples of a result along each axis."""
        return self.graph.shapes[step.value][2:]

    # -- linear steps ------------------------------------------------------------------------------
    def prepare(self, line: Line, step: Windowed) -> View:
        """Make room for the windows of a step; return where its results lie if each lay at the start of its window."""
        assert line.view is not None
        sizes, counts = line.view.sizes, self.counts(step)
        before = step.before(sizes)
        line.make_room(step.margin(sizes, counts))
        return line.view.moved(tuple(-p for p in before), step.stride, counts, line.grid)

    def convolve(self, line: Line, step: Convolve) -> None:
        starts = self.prepare(line, step)
        taps = spread(step.weight, step.dilation)
        bias = bool(step.bias.any())
        layer = Convolution(len(taps), size=taps.shape[2:], groups=step.groups, bias=bias)
        # A convolution flips its kernel, a correlation does not.
        flipped = np.flip(taps, tuple(range(2, taps.ndim)))
        kernel = np.moveaxis(flipped, (0, 1), (-1, -2)).reshape(-1, taps.shape[1], len(taps))
        line.append(layer, {"kernel": kernel, **({"bias": step.bias[None]} if bias else {})})
        # The taps are centred: a result lies at the middle of its window.
        line.view = starts.shifted(tuple(k // 2 for k in step.extent), line.grid)

    def scale(self, line: Line, step: Scale) -> None:
        """Append a factor and an offset per channel, as a convolution of one tap for each channel."""
        channels = line.x.shape[-1]
        factor, offset = (np.broadcast_to(v, (channels,)) for v in (step.factor, step.offset))
        if line.view is None:
            line.connect(np.diag(factor), offset)
            return
        layer = Convolution(channels, size=1, groups=channels)
        line.append(layer, {"kernel": factor.reshape(1, 1, -1), "bias": offset[None]})
        line.view = View(line.view.places, line.view.is_clean and not offset.any())

    def pool(self, line: Line, step: Pool) -> None:
        if step.is_max and self.fit.max_pool == "power":
            self.fit_polynomial(line, step, step)
        starts = self.prepare(line, step)
        line.average(step.extent)
        line.view = starts

    def pool_all(self, line: Line, step: PoolAll) -> None:
        assert line.view is not None
        size = line.view.sizes
        whole = Pool(step.node, step.value, extent=size, stride=size, padding="VALID", is_max=step.is_max)
        if whole.is_max and self.fit.max_pool == "power":
            self.fit_polynomial(line, whole, whole)
        line.make_room((0,) * len(size))
        line.average(size)
        line.view = View(tuple((row[0],) for row in line.view.places), False)
        line.to_grid((1,) * len(size))

    def pad(self, line: Line, step: Pad) -> None:
        assert line.view is not None
        mode = {"constant": {"constant_values": -1}}.get(step.mode, {})
        rows = zip(line.view.places, step.before, step.after, strict=True)
        places = tuple(tuple(np.pad(row, (b, a), step.mode, **mode).tolist()) for row, b, a in rows)  # type: ignore[call-overload]
        line.to_grid(odd_grid(tuple(map(len, places))), places)

    def connect(self, line: Line, step: Connect) -> None:
        line.connect(step.weight, step.bias)

    def flatten(self, line: Line, step: Flatten) -> None:
        """Append nothing: a dense layer reads a signal."""

    # -- polynomials -------------------------------------------------------------------------------
    def activate(self, line: Line, step: Activate) -> None:
        if line.view is None:
            name, factor, offset = self.known_function(step)
            line.append(Pointwise(name))
            if (factor, offset) != (1.0, 0.0):
                size = line.x.shape[-1]
                line.connect(factor * np.eye(size), np.full(size, offset))
            return
        self.fit_polynomial(line, step, None)

    def fit_polynomial(self, line: Line, step: Step, pool: Pool | None) -> None:
        """Append the polynomial for which the value of a step is nearest to the original's, after averages or not."""
        assert line.view is not None
        if not line.view.is_run(line.grid):
            line.to_start()
        if isinstance(step, Activate) and self.fit.method != BY_DATA:
            coefficients = self.by_function(line, step)
        else:
            sizes = line.view.sizes
            averaged = (lambda v: v) if pool is None else self.averages(sizes, pool)
            target = self.target(step.value, sizes if pool is None else self.counts(pool) or (1,) * len(sizes))
            if not np.isfinite(target).all():
                got, todo = "values of the original that are not finite", "pass data like those of the training"
                raise step.node.refuse(got, "finite values to fit a polynomial to", todo)
            part = Tensor(line.x.data[..., : self.fitted, :], line.x.space)
            with np.errstate(all="ignore"):
                terms = [line.picked(power) for power in powers(part, self.fit.degree)]
            terms = [averaged(term) for term in (np.ones_like(terms[0]), *terms)]
            if not all(np.isfinite(term).all() for term in terms):
                got, todo = "values of which the powers overflow", "standardise the data, or pass a lower degree"
                raise step.node.refuse(got, "values to fit a polynomial to", todo)
            coefficients = by_data(terms, target[: self.fitted])
        layer = Polynomial(tuple(coefficients.mean(axis=1).tolist()))
        line.append(layer, {"coefficients": coefficients})
        line.view = View(line.view.places, False)

    def by_function(self, line: Line, step: Activate) -> np.ndarray:
        function = function_of(self.graph, step)
        found = function(_POINTS)
        if found is None:
            todo = "pass method='data'"
            raise step.node.refuse("a function for each channel", "one function of single numbers", todo)
        shaped = lambda x: function(x).reshape(np.shape(x))  # type: ignore[union-attr]
        name = _named(found, FUNCTIONS)
        return by_function(name or shaped, line.samples()[: self.fitted], self.fit)

    def averages(self, sizes: Axes, pool: Pool) -> Callable[[np.ndarray], np.ndarray]:
        """Return the function that averages samples ``(batch, *sizes, channels)`` over the windows of a pool."""
        before, counts = pool.before(sizes), self.counts(pool) or (1,) * len(sizes)
        after = pool.margin(sizes, counts)
        axes = tuple(range(1, len(sizes) + 1))
        strides = tuple(slice(0, (m - 1) * s + 1, s) for m, s in zip(counts, pool.stride, strict=True))

        def average(samples: np.ndarray) -> np.ndarray:
            wide = np.pad(samples, [(0, 0), *zip(before, after, strict=True), (0, 0)])
            windows = np.lib.stride_tricks.sliding_window_view(wide, pool.extent, axes)
            return windows[(slice(None), *strides)].mean(axis=tuple(range(-len(sizes), 0)))

        return average

    def known_function(self, step: Activate) -> tuple[str, float, float]:
        """Return the function of features that `Pointwise` computes exactly, and its factor and its offset."""
        with np.errstate(all="ignore"):
            found = function_of(self.graph, step)(_FAR)
            for name, function in POINTWISE.items():
                if found is None:
                    break
                values = function(Tensor(_FAR)).data
                if name == "gelu" and np.abs(values - found).max() < _LIKE_GELU:
                    return name, 1.0, 0.0
                # Small values count as much as large ones.
                columns, weights = np.stack([values, np.ones_like(values)], axis=1), 1 / (1 + np.abs(values))
                factor, offset = np.linalg.lstsq(columns * weights[:, None], found * weights, rcond=None)[0]
                # Rounding of float32, in which the original computes.
                factor, offset = (float(nearest) for nearest in (np.round(factor, 6), np.round(offset, 6)))
                if np.all(np.abs(factor * values + offset - found) < _ROUNDING * (1 + np.abs(found))):
                    return name, factor, offset
        expected, todo = " or ".join(POINTWISE), "use one of these between dense layers, with a factor or not"
        raise step.node.refuse("another function of features", expected, todo)

    # -- branches ----------------------------------------------------------------------------------
    def add(self, line: Line, step: Add) -> None:
        body, path = line.branch(), line.branch()
        for branch, steps in ((body, step.body), (path, step.path)):
            self.run(branch, steps)
        if body.view is None or path.view is None:
            todo = "put the sum before the first Linear"
            raise step.node.refuse("a sum of features", "a sum of signals", todo)
        if (body.grid, body.view.places) != (path.grid, path.view.places):
            for branch in (body, path):
                branch.to_start()
        layer = Residual(Sequential(tuple(body.layers)), Sequential(tuple(path.layers)) if path.layers else None)
        line.layers.append(layer)
        line.x = body.x + path.x
        line.view = View(body.view.places, body.view.is_clean and path.view.is_clean)


APPEND: dict[type[Step], Callable[[Builder, Line, Any], None]] = {
    Activate: Builder.activate,
    Add: Builder.add,
    Connect: Builder.connect,
    Convolve: Builder.convolve,
    Flatten: Builder.flatten,
    Pad: Builder.pad,
    Pool: Builder.pool,
    PoolAll: Builder.pool_all,
    Scale: Builder.scale,
}


def _named(values: np.ndarray, known: Mapping[str, Callable[[np.ndarray], np.ndarray]]) -> str | None:
    """Return the name of the function that has these values at the points, if it is known."""
    return next((name for name, f in known.items() if np.abs(f(_POINTS) - values).max() < _LIKE_GELU), None)


def spread(weight: np.ndarray, dilation: Axes) -> np.ndarray:
    """Return taps ``(outputs, inputs, *taps)`` with zeros between them.

    >>> spread(np.ones((1, 1, 2)), (3,)).ravel()
    array([1., 0., 0., 1.])
    """
    sizes = tuple((k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilation, strict=True))
    out = np.zeros((*weight.shape[:2], *sizes), weight.dtype)
    places: tuple[Any, ...] = (..., *(slice(None, None, d) for d in dilation))
    out[places] = weight
    return out


def relative_error(found: np.ndarray, wanted: np.ndarray) -> float:
    """Return the norm of the difference of two arrays, relative to the norm of the second."""
    size = float(np.linalg.norm(wanted.astype(float)))
    error = float(np.linalg.norm(found.astype(float) - wanted))
    return error / size if size else error
