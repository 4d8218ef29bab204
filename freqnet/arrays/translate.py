"""A source as a program of an array library: its ops are recorded once, for batches of any size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

import freqnet.arrays.rules  # noqa: F401  (register the rules)
from freqnet.arrays.graph import ArrayGraph, Program
from freqnet.arrays.library import Library
from freqnet.arrays.source import Source
from freqnet.autodiff import Tensor, no_grad
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn.module import kept_state
from freqnet.onnx.matrices import form_of, from_real, real_axes, to_real
from freqnet.onnx.model import Port, batch_of
from freqnet.spaces import Axes, Space

_INPUT = "input"


class Translation:
    """A source as functions of array libraries, in the present modes of its layers.

    Parameters
    ----------
    source : Source
    shape : tuple of int
        Shape of an input; the number of examples does not matter.

    Raises
    ------
    ConfigurationError
        A layer does not say that it runs the same ops every time, or an op has no rule.
    """

    def __init__(self, source: Source, shape: Axes) -> None:
        odd = source.layers_that_choose()
        if odd:
            got, todo = f"{', '.join(odd)} without is_static", "set is_static = True, or compute on the CPU"
            expected = "layers that run the same ops at every call"
            raise ConfigurationError(got_expected("operators of array libraries", got, expected, todo))
        self.space = source.space
        places = {
            id(layer): f"layer {path or 'body'} ({type(layer).__name__})" for path, layer in source.body.modules()
        }
        generator, port = np.random.default_rng(0), source.port(shape)
        with kept_state(source.body), no_grad(), np.errstate(all="ignore"):
            batch = batch_of(source, port.example(1, source.precision, generator), places)
            graph = ArrayGraph(source.precision, batch, places)
            for name, p in source.body.named_parameters().items():
                graph.bind(p, _given(name))
            for name, array in source.body.named_state().items():
                graph.bind_array(array, _given(name))
            x = port.example(batch, source.precision, generator)
            graph.bind(x, _INPUT if self.space is None else _projected(graph, self.space, x.shape[-1]))
            out = graph.run(lambda: source(x))
            self._program = Program(graph, graph.name(out))
        self.result_space: Space | None = out.space

    def __call__(self, x: Any, arrays: Mapping[str, Any], library: Library) -> tuple[Any, dict[str, Any]]:
        """Return the outputs of inputs, both in the order of axes of freqnet.

        Parameters
        ----------
        x : array
        arrays : mapping of str to array
            Parameters and running statistics by their names, where the inputs are.
        library : Library
            The library of the arrays.

        Returns
        -------
        outputs : array
        replaced : dict of str to array
            Running statistics after this batch, by their names, where layers are in training mode.
        """
        rows = x if self.space is None else _to_rows(library, x, self.space)
        made, replaced = self.of_rows(rows, arrays, library)
        return made if self.result_space is None else _from_rows(library, made, self.result_space), replaced

    def hand_over(self, library: Library, device: Any) -> None:
        """Hand over all constants, which else happens at the first call: a compiler would take it for a part of it."""
        self._program.bound_to(library, device)

    def of_rows(self, x: Any, arrays: Mapping[str, Any], library: Library) -> tuple[Any, dict[str, Any]]:
        """Compute as a call does, with signals as real numbers ``(rows, batch, channels)``."""
        given = {**{_given(name): array for name, array in arrays.items()}, _INPUT: x}
        made, replaced = self._program(given, library, library.device(x))
        return made, {name.removeprefix(_given("")): array for name, array in replaced.items()}


class OpTranslation:
    """A function of tensors that is written in ops, as functions of array libraries.

    Parameters
    ----------
    function : callable
        ``function(*tensors) -> Tensor``; it must run the same ops for every number of examples.
    ports : sequence of Port
        Its inputs.
    precision : dtype
    """

    def __init__(self, function: Callable[..., Tensor], ports: Sequence[Port], precision: Any) -> None:
        self.ports = list(ports)
        draw = lambda count: [port.example(count, precision, np.random.default_rng(i)) for i, port in enumerate(ports)]
        with no_grad(), np.errstate(all="ignore"):
            few = draw(1)
            batch = batch_of(lambda first: function(first, *few[1:]), few[0], {})
            graph, inputs = ArrayGraph(precision, batch, {}), draw(batch)
            for x, port in zip(inputs, self.ports, strict=True):
                graph.bind(x, _given(port.name))
            out = graph.run(lambda: function(*inputs))
            self._program = Program(graph, graph.name(out))
        self.result_space: Space | None = out.space

    def __call__(self, arrays: Sequence[Any], library: Library) -> Any:
        """Return the output of inputs, in the order of axes of freqnet."""
        given = {
            _given(port.name): x if port.space is None else _to_rows(library, x, port.space)
            for port, x in zip(self.ports, arrays, strict=True)
        }
        made, _ = self._program(given, library, library.device(arrays[0]))
        return made if self.result_space is None else _from_rows(library, made, self.result_space)


def _given(name: str) -> str:
    return f"given {name}"


def _projected(graph: ArrayGraph, space: Space, channels: int) -> str:
    """Return the name of the nearest elements of the space, which the kernels of freqnet compute as well."""
    axes = real_axes(space)

    def apply(array: np.ndarray) -> np.ndarray:
        return to_real(space.project(from_real(array[..., None], space)))[..., 0]

    return graph.linear(_INPUT, form_of(apply, axes, axes), channels, prod(axes))


def _to_rows(library: Library, x: Any, space: Space) -> Any:
    if space.is_complex:
        x = library.function("concat")([library.function(part)(x) for part in ("real", "imag")], axis=0)
    return library.function("reshape")(x, (prod(real_axes(space)), *x.shape[-2:]))


def _from_rows(library: Library, rows: Any, space: Space) -> Any:
    reshape = library.function("reshape")
    if not space.is_complex:
        return reshape(rows, (*space.shape, *rows.shape[-2:]))
    parts = reshape(rows, (2, *space.shape, *rows.shape[-2:]))
    return library.function("complex")(parts[0, ...], parts[1, ...])
