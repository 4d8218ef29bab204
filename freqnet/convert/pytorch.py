"""Conversion of a trained module of PyTorch, by way of ONNX: one reader serves both."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np

from freqnet.convert.conversion import LEAST, Conversion, from_onnx, per_channel
from freqnet.convert.layers import relative_error
from freqnet.errors import ConfigurationError, got_expected, reason

# Examples on which the module and its export are compared, and the relative difference of two that are the same.
_COMPARED, _SAME = 8, 1e-3


def from_torch(module: Any, example: Any, *, data: Any = None, **choices: Any) -> Conversion:
    """Convert a trained module of PyTorch to a network in the frequency domain.

    PyTorch exports the module to ONNX in memory, in evaluation mode, and `from_onnx` converts that. This needs PyTorch,
    `onnx` and `onnxscript`.

    Parameters
    ----------
    module : torch.nn.Module
    example : torch.Tensor
        Inputs ``(batch, channels, *grid)`` as the module takes them. Four or more also serve as data if none are given.
    data : array_like, optional
        Samples ``(batch, *grid, channels)``: see `from_onnx`.
    **choices
        `degree`, `method`, `max_pool`, `domain`, `modes`, `standardise` and `full_scale` of `from_onnx`.

    Returns
    -------
    Conversion

    Raises
    ------
    ConfigurationError
        A package is missing, PyTorch cannot export the module, or a layer cannot be converted.
    DataError, ShapeError
        As in `from_onnx`.

    Examples
    --------
    A module, and images ``(batch, channels, rows, columns)`` as it takes them::

        conversion = from_torch(module, images[:512])
        print(conversion)
        logits = conversion.network.predict(images.movedim(1, -1).numpy())
    """
    try:
        import onnxscript  # noqa: F401 - PyTorch's exporter needs it
        import torch
    except ImportError as error:
        todo = "run pip install torch onnxscript"
        raise ConfigurationError(got_expected("from_torch", reason(error), "PyTorch and onnxscript", todo)) from None
    if not isinstance(module, torch.nn.Module) or not isinstance(example, torch.Tensor):
        got = f"a {type(module).__name__} and a {type(example).__name__}"
        todo = "pass the module, and a tensor (batch, channels, *grid)"
        raise ConfigurationError(got_expected("from_torch", got, "a torch.nn.Module and a tensor", todo))
    module, example = getattr(module, "_orig_mod", module), example.detach().cpu()  # That of a compiled module.
    if not 3 <= example.ndim <= 5 or not example.is_floating_point():
        got = f"an example of {example.dtype} with {example.ndim} axes"
        expected, todo = "floats (batch, channels, 1 to 3 axes of a grid)", "pass a batch, as the module takes it"
        raise ConfigurationError(got_expected("from_torch", got, expected, todo))
    if data is None and len(example) >= LEAST:
        data = _raw(np.moveaxis(example.numpy(), 1, -1), choices.get("standardise"))
    found = from_onnx(_exported(torch, module, example), tuple(example.shape[2:]), data=data, **choices)
    _require_same(torch, module, example, found)
    return found


def _raw(samples: np.ndarray, standardise: Any) -> np.ndarray:
    """Return samples from which the door makes those that the module takes."""
    if standardise is None:
        return samples
    mean, deviation = (np.asarray(row, samples.dtype) for row in per_channel(standardise, samples.shape[-1]))
    return samples * deviation + mean


def _exported(torch: Any, module: Any, example: Any) -> Any:
    """Return the module in evaluation mode as an ONNX model for batches of any size."""
    # Other memory layouts appear in the graph as gathers. A batch of one would count as a constant.
    inputs = torch.zeros((2, *example.shape[1:]), dtype=example.dtype)
    with _quiet():
        try:
            own = _in_evaluation(module).to(memory_format=torch.contiguous_format)
            batch = ({0: torch.export.Dim.DYNAMIC},)
            program = torch.onnx.export(own, (inputs,), dynamo=True, dynamic_shapes=batch, verbose=False)
        # The exporter raises errors of many kinds.
        except Exception as error:
            todo = "pass examples (batch, channels, *grid), or export it yourself, and pass the file to from_onnx"
            # The exporter's own error is a page of advice, and its cause says what is wrong.
            got = f"a module that PyTorch cannot export ({reason(error.__cause__ or error)})"
            raise ConfigurationError(got_expected(type(module).__name__, got, "one that it can", todo)) from None
    return program.model_proto


def _in_evaluation(module: Any) -> Any:
    return deepcopy(module).cpu().eval()


def _require_same(torch: Any, module: Any, example: Any, found: Conversion) -> None:
    """Raise `ConfigurationError` unless the exported model computes what the module does.

    PyTorch's exporter leaves some arguments out without an error, such as ``divisor_override`` of average pooling.
    """
    example, original = example[:_COMPARED], found._original
    with torch.no_grad():
        leaves = torch.utils._pytree.tree_leaves(_in_evaluation(module)(example))
    wanted = next(leaf for leaf in leaves if isinstance(leaf, torch.Tensor))
    output = original.graph.output
    given = original.values(np.moveaxis(example.numpy(), 1, -1), [output])[output]
    error = relative_error(given, wanted.numpy())
    # Both compute in the precision of the module.
    if not error < _SAME:
        got, todo = f"outputs that differ by {error:.2g} of their norm", "leave out arguments that ONNX does not have"
        name = f"PyTorch's export of {type(module).__name__}"
        raise ConfigurationError(got_expected(name, got, "those of the module", todo))


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what the exporter says about other packages and about its own deprecated parts."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
