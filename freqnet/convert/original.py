"""The original network, run as it is: what its layers really compute, to fit and to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from freqnet.convert.graph import Graph, require_onnx, session_of
from freqnet.errors import ConfigurationError, DataError, got_expected, reason
from freqnet.spaces import Axes

# Examples computed at a time.
_BATCH = 64


class Original:
    """A network in ONNX, with the values of its nodes.

    ONNX Runtime computes them where it is installed, else the reference implementation of `onnx`, which is slower.

    Parameters
    ----------
    graph : Graph
    grid : tuple of int or None
        Samples along each axis; None for those that the file states.

    Raises
    ------
    ConfigurationError
        The input is no signal of floats, or the sizes of its axes are neither known nor given, or both differ.
    """

    def __init__(self, graph: Graph, grid: Axes | None = None) -> None:
        self.graph = graph
        shape = self._stated_shape()
        self.batch = shape[0]
        self.channels = shape[1]
        self.grid = self._checked_grid(shape[2:], grid)
        found = self.values(np.zeros((1, *self.grid, self._channels())), [v for v in graph.makers if v])
        graph.shapes.update({name: array.shape for name, array in found.items()})
        graph.shapes[graph.input.name] = (1, self._channels(), *self.grid)

    def _stated_shape(self) -> tuple[int | None, ...]:
        onnx, kind = require_onnx(), self.graph.input.type.tensor_type
        sizes = tuple(d.dim_value if d.WhichOneof("value") == "dim_value" else None for d in kind.shape.dim)
        self.dtype = np.float64 if kind.elem_type == onnx.TensorProto.DOUBLE else np.float32
        if kind.elem_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE) or not 3 <= len(sizes) <= 5:
            name = onnx.TensorProto.DataType.Name(kind.elem_type)
            got = f"an input of {name} with {len(sizes)} axes"
            expected, todo = "floats (batch, channels, 1 to 3 axes of a grid)", "export a network on signals"
            raise ConfigurationError(got_expected(self.graph.source, got, expected, todo))
        return sizes

    def _channels(self) -> int:
        if self.channels is None:
            got, todo = "an unknown number of channels", "export it with a fixed number"
            raise ConfigurationError(got_expected(self.graph.source, got, "a number", todo))
        return self.channels

    def _checked_grid(self, stated: tuple[int | None, ...], grid: Axes | None) -> Axes:
        if grid is None and None in stated:
            shape = ", ".join("?" if n is None else str(n) for n in stated)
            got, expected = f"axes of unknown size ({shape})", "the size of each axis"
            todo = f"pass grid={(28,) * len(stated)}, say"
            raise ConfigurationError(got_expected(self.graph.source, got, expected, todo))
        found = tuple(n or 0 for n in stated) if grid is None else grid
        if len(found) != len(stated) or any(n not in (None, own) for n, own in zip(stated, found, strict=True)):
            expected = ", ".join("any" if n is None else str(n) for n in stated)
            raise ConfigurationError(got_expected("grid", found, f"({expected}), as the file says", "leave grid out"))
        return found

    def values(self, samples: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        """Return values of the graph for samples ``(batch, *grid, channels)``, as the network takes them.

        Parameters
        ----------
        samples : numpy.ndarray
        names : sequence of str
            Values, that of the input included.

        Returns
        -------
        dict of str to numpy.ndarray
            Signals ``(batch, channels, *grid)`` or features ``(batch, features)``.

        Raises
        ------
        DataError
            The network cannot be run.
        """
        wanted = [name for name in dict.fromkeys(names) if name != self.graph.input.name]
        run = self._runner(wanted)
        x = np.ascontiguousarray(np.moveaxis(samples, -1, 1), self.dtype)
        parts = [[array[:count] for array in run(part)] for part, count in self._parts(x)]
        found = {name: np.concatenate(arrays) for name, arrays in zip(wanted, zip(*parts, strict=True), strict=True)}
        return {self.graph.input.name: x, **found}

    def _parts(self, x: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
        """Yield batches of the size that the file states, the last one filled up, with the number of their examples."""
        size = self.batch or _BATCH
        for first in range(0, len(x), size):
            part = x[first : first + size]
            missing = self.batch - len(part) if self.batch else 0
            yield np.concatenate([part, np.repeat(part[-1:], missing, axis=0)]), len(part)

    def _runner(self, names: list[str]) -> Callable[[np.ndarray], list[np.ndarray]]:
        onnx, model = require_onnx(), type(self.graph.model)()
        model.CopyFrom(self.graph.model)
        del model.graph.output[:]
        model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
        session = session_of(model) if names else None

        def run(part: np.ndarray) -> list[np.ndarray]:
            try:
                # Sizes of axes are single numbers, without an axis of examples.
                return [np.atleast_1d(v) for v in session.run(names, {self.graph.input.name: part})] if session else []
            # Both libraries raise errors of their own.
            except Exception as error:
                got, todo = f"a network that fails on samples of {self.grid} ({reason(error)})", "pass another grid"
                raise DataError(got_expected(self.graph.source, got, "one that runs", todo)) from None

        return run
