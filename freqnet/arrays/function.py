"""A network, a layer or a function of tensors as a function of arrays of any library."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from freqnet.arrays.choice import library_of
from freqnet.arrays.library import Library
from freqnet.arrays.source import Source, check_shape
from freqnet.arrays.translate import OpTranslation, Translation
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn import Features, Module, Network, Signal
from freqnet.nn.module import changes_of_settings, evaluation
from freqnet.onnx import Port

# Translations that are kept, one for each grid of samples; and copies of the weights, one for each library and device.
_MOST = 4


def as_function(
    source: Network | Module | Callable[..., Tensor],
    incoming: Signal | Features | Sequence[Signal | Features] | None = None,
    *,
    part: str = "network",
) -> ArrayFunction | OpFunction:
    """Return a network, a layer or a function of tensors as a function of arrays of other libraries.

    Networks and layers compute in evaluation mode.

    Parameters
    ----------
    source : Network, Module or callable
        A network; a layer that is built, such as a `Sequential`; or a function of tensors that is written in ops.
    incoming : Signal, Features, or a sequence of them, optional
        What a layer receives, or each argument of a function; leave it out for a network.
    part : {"network", "body"}
        The whole network, from samples; or its body alone, from spectra.

    Raises
    ------
    ConfigurationError
        The source is no network, no built layer and no function, or an argument is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Fourier, nn, ops
    >>> from freqnet.arrays import as_function
    >>> body = nn.Sequential(nn.Convolution(8), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> function = as_function(network)
    >>> import torch  # doctest: +SKIP
    >>> function(torch.zeros(2, 8, 8, 1, device="cuda"))  # doctest: +SKIP
    tensor([[...]], device='cuda:0')

    The product of two signals with 3 channels:

    >>> signal = nn.Signal(Fourier.on((8, 8)), 3)
    >>> product = as_function(ops.multiply, (signal, signal))
    """
    if isinstance(source, Network | Module) or not callable(source):
        return ArrayFunction(Source(source, incoming, part, "as_function"))  # type: ignore[arg-type]
    given = (incoming,) if isinstance(incoming, Signal | Features) else tuple(incoming or ())
    if not given or not all(isinstance(one, Signal | Features) for one in given):
        expected, todo = "what each argument is", "pass incoming=nn.Signal(space, channels), or a list of them"
        raise ConfigurationError(got_expected("incoming", repr(incoming), expected, todo))
    return OpFunction(source, given)


class OpFunction:
    """A function of arrays that is written in ops of freqnet: see `as_function`.

    Signals are ``(*modes, batch, channels)`` and plain numbers ``(batch, count)``. All arguments have one precision, in
    which the function computes. Numbers that belong to no real signal are taken as they are.

    Parameters
    ----------
    function : callable
    incoming : sequence of Signal or Features
    """

    def __init__(self, function: Callable[..., Tensor], incoming: Sequence[Signal | Features]) -> None:
        self.function, self.incoming = function, tuple(incoming)
        self._translations: dict[str, OpTranslation] = {}

    def __repr__(self) -> str:
        return f"OpFunction({', '.join(map(str, self.incoming))})"

    def __call__(self, *arrays: Any) -> Any:
        """Compute the output of arrays, in their library and on their device.

        Raises
        ------
        ConfigurationError
            The arguments are too few or too many, no arrays of a known library, or have other kinds of numbers; an op
            has no rule; or array-api-compat is missing.
        ShapeError
            An argument has the wrong shape.
        """
        if len(arrays) != len(self.incoming):
            todo = "pass one array per argument"
            raise ConfigurationError(got_expected("arrays", f"{len(arrays)}", f"{len(self.incoming)}", todo))
        library = library_of(arrays[0])
        name = str(arrays[0].dtype).rpartition(".")[2]
        precision = {"float32": "float32", "complex64": "float32"}.get(name, "float64")
        for x, incoming in zip(arrays, self.incoming, strict=True):
            own = np.dtype(incoming.space.dtype(precision) if isinstance(incoming, Signal) else precision)
            if x.dtype != library.dtype(own.name):
                todo = "pass all arrays in one precision"
                raise ConfigurationError(got_expected("arrays", f"numbers of {x.dtype}", own, todo))
            check_shape(incoming, tuple(x.shape))
        if precision not in self._translations:
            self._translations[precision] = OpTranslation(self.function, self._ports(), np.dtype(precision))
        return self._translations[precision](arrays, library)

    def _ports(self) -> list[Port]:
        return [
            Port(f"{i}", space=one.space, channels=one.channels)
            if isinstance(one, Signal)
            else Port(f"{i}", (one.count,))
            for i, one in enumerate(self.incoming)
        ]


class ArrayFunction:
    """A function of arrays: see `as_function`.

    Inputs and outputs have the order of axes of freqnet: samples ``(batch, *grid, channels)``, spectra ``(*modes,
    batch, channels)``, plain numbers ``(batch, count)``. Outputs that are signals of a whole network are samples.

    Parameters
    ----------
    source : Source

    Attributes
    ----------
    source : Source
        ``source.network`` is the network, or None, and ``source.body`` the layers of freqnet.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self._translations: dict[tuple, Translation] = {}
        self._handed: dict[tuple[Library, str], tuple[dict[str, np.ndarray], dict[str, Any]]] = {}

    def __repr__(self) -> str:
        return f"ArrayFunction({self.source})"

    def __getstate__(self) -> dict[str, Any]:
        # What other libraries hold belongs to one process.
        return {**vars(self), "_translations": {}, "_handed": {}}

    def __call__(self, x: Any, arrays: Mapping[str, Any] | None = None) -> Any:
        """Compute the outputs of an array, in its library and on its device.

        Parameters
        ----------
        x : array
            Numbers in the precision of the network; whole numbers are divided as the network's door divides them.
        arrays : mapping of str to array, optional
            Parameters and running statistics by the names of `Network.arrays`, such as tensors of PyTorch that have
            gradients [the present ones].

        Raises
        ------
        ConfigurationError
            The input is no array of a known library or has other numbers, arrays are missing, a layer does not run the
            same ops at every call, an op has no rule, or array-api-compat is missing.
        ShapeError
            The input has the wrong shape.
        """
        source, library = self.source, library_of(x)
        x = self._entered(library, x)
        source.check_shape(tuple(x.shape))
        given = self._present(library, library.device(x)) if arrays is None else self._checked(arrays)
        axis = 0 if source.space is None else x.ndim - 2
        if x.shape[axis]:
            return self._translation(tuple(x.shape))(x, given, library)[0]
        # Axes of size 0 cannot be reshaped to one of an unknown size.
        one = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
        translation = self._translation(one)
        outputs = translation(library.hand_over(np.zeros(one, source.dtype), library.device(x)), given, library)[0]
        before = 0 if translation.result_space is None else outputs.ndim - 2
        return outputs[(*(slice(None),) * before, slice(0, 0), ...)]

    def _entered(self, library: Library, x: Any) -> Any:
        """Return an input in the precision of the network, after a check of its numbers."""
        source, wanted = self.source, library.dtype(self.source.dtype.name)
        if x.dtype == wanted:
            return x
        kind = library.kind(x)
        if kind == "whole" and source.is_whole:
            name = next((name for name in ("bool", "uint8") if x.dtype == library.dtype(name)), "")
            return library.function("astype")(x, wanted) / source.divisor(name)
        if kind != ("complex" if source.dtype.kind == "c" else "real"):
            got, todo = f"numbers of {x.dtype}", f"pass an array of {source.dtype}"
            raise ConfigurationError(got_expected("input of the function", got, f"{source.dtype}", todo))
        return library.function("astype")(x, wanted)

    def _checked(self, arrays: Mapping[str, Any]) -> Mapping[str, Any]:
        missing = self.source.body.arrays().keys() - arrays.keys()
        if missing:
            got, todo = f"none for {', '.join(sorted(missing)[:4])}", "pass those of network.arrays() as well"
            raise ConfigurationError(got_expected("arrays", got, "all parameters and running statistics", todo))
        return arrays

    def _present(self, library: Library, device: Any) -> dict[str, Any]:
        """Return the present arrays in a library on a device; they are handed over again where one has changed."""
        key, now = (library, str(device)), self.source.body.arrays()
        known, handed = self._handed.get(key, ({}, {}))
        for name, array in now.items():
            if name not in known or not np.array_equal(known[name], array):
                known[name], handed[name] = array.copy(), library.hand_over(array, device)
        if key not in self._handed and len(self._handed) >= _MOST:
            self._handed.clear()
        self._handed[key] = known, handed
        return handed

    def _translation(self, shape: tuple[int, ...]) -> Translation:
        axes = shape[1:] if self.source.space is None else (*shape[:-2], shape[-1])
        key = (axes, changes_of_settings())
        if key not in self._translations:
            if len(self._translations) >= _MOST:
                self._translations.clear()
            with evaluation():
                self._translations[key] = Translation(self.source, shape)
        return self._translations[key]
