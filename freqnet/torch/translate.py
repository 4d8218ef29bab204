"""A source as a program of PyTorch: its ops are recorded once, for batches of any size."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
import torch

import freqnet.torch.rules  # noqa: F401  (register the rules)
from freqnet.autodiff import no_grad
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn.module import kept_state
from freqnet.onnx.matrices import form_of, from_real, real_axes, to_real
from freqnet.onnx.model import batch_of
from freqnet.spaces import Axes, Space
from freqnet.torch.graph import Program, TorchGraph
from freqnet.torch.source import Source

_INPUT = "input"


class Translation:
    """A source as functions of PyTorch, in the present modes of its layers.

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
            raise ConfigurationError(got_expected("as_module on operators of PyTorch", got, expected, todo))
        self.space = source.space
        places = {
            id(layer): f"layer {path or 'body'} ({type(layer).__name__})" for path, layer in source.body.modules()
        }
        generator, port = np.random.default_rng(0), source.port(shape)
        with kept_state(source.body), no_grad(), np.errstate(all="ignore"):
            batch = batch_of(source, port.example(1, source.precision, generator), places)
            graph = TorchGraph(source.precision, batch, places)
            for name, p in source.body.named_parameters().items():
                graph.bind(p, _given(name))
            for name, array in source.body.named_state().items():
                graph.bind_array(array, _given(name))
            x = port.example(batch, source.precision, generator)
            graph.bind(x, _INPUT if self.space is None else _projected(graph, self.space, x.shape[-1]))
            out = graph.run(lambda: source(x))
            self._program = Program(graph, graph.name(out))
        self.result_space: Space | None = out.space

    def __call__(self, x: torch.Tensor, arrays: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return the outputs of inputs, both in the order of axes of freqnet.

        Parameters
        ----------
        x : torch.Tensor
        arrays : mapping of str to torch.Tensor
            Parameters and running statistics by their names.
        """
        given = {_given(name): array for name, array in arrays.items()}
        given[_INPUT] = x if self.space is None else _to_rows(x, self.space)
        made = self._program(given, x.device)
        return made if self.result_space is None else _from_rows(made, self.result_space)


def _given(name: str) -> str:
    return f"given {name}"


def _projected(graph: TorchGraph, space: Space, channels: int) -> str:
    """Return the name of the nearest elements of the space, which the kernels of freqnet compute as well."""
    axes = real_axes(space)

    def apply(array: np.ndarray) -> np.ndarray:
        return to_real(space.project(from_real(array[..., None], space)))[..., 0]

    return graph.linear(_INPUT, form_of(apply, axes, axes), channels, prod(axes))


def _to_rows(x: torch.Tensor, space: Space) -> torch.Tensor:
    real = torch.cat([x.real, x.imag]) if space.is_complex else x
    return real.reshape(prod(real_axes(space)), *x.shape[-2:])


def _from_rows(rows: torch.Tensor, space: Space) -> torch.Tensor:
    if not space.is_complex:
        return rows.reshape(*space.shape, *rows.shape[-2:])
    real, imaginary = rows.reshape(2, *space.shape, *rows.shape[-2:])
    return torch.complex(real, imaginary)
