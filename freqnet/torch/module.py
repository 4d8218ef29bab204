"""The module of PyTorch that computes a network or a layer, and shares its arrays."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import nn

from freqnet.arrays.source import Source
from freqnet.arrays.translate import Translation
from freqnet.autodiff import Tensor
from freqnet.autodiff.tape import is_observed
from freqnet.errors import ConfigurationError, got_expected
from freqnet.kernels import KERNEL
from freqnet.nn import Features, Module, Network, Signal
from freqnet.nn.module import changes_of_settings, kept_state, modes_of
from freqnet.nn.plans import plans_are_on
from freqnet.torch.kernels import Apply, Pass, Passes
from freqnet.torch.library import TORCH

if TYPE_CHECKING:
    from freqnet.plan import Plan

LAYOUTS, BACKENDS = ("torch", "freqnet"), ("auto", "freqnet", "torch")
# Translations that are kept: one for each combination of the modes of the layers.
_MOST = 4


class _Layer(nn.Module):
    """The parameters and running statistics of one layer, in the module of the whole."""

    def __init__(self, layer: Module) -> None:
        super().__init__()
        _fill(self, layer)


def _fill(target: nn.Module, layer: Module) -> None:
    """Give a module of PyTorch the arrays of a layer, and modules for the layers inside it."""
    for name, p in layer.parameters.items():
        target.register_parameter(name, nn.Parameter(torch.from_numpy(p.data), requires_grad=p.requires_grad))
    for name, array in layer.state.items():
        target.register_buffer(name, torch.from_numpy(array))
    for name, child in layer.children():
        target.add_module(name, _Layer(child))


class _Link(NamedTuple):
    """An array of a layer, and the place of the tensor of PyTorch with the same numbers."""

    name: str
    holder: dict[str, Any]
    own: str
    layer: Module

    @property
    def tensor(self) -> torch.Tensor:
        if self.own not in self.holder:
            todo = "remove it, or apply it to a layer of PyTorch"
            got = "an array that PyTorch computes, as by a parametrisation or by pruning"
            raise ConfigurationError(got_expected(f"parameter {self.name}", got, "a parameter of its own", todo))
        return self.holder[self.own]

    @property
    def array(self) -> np.ndarray:
        p = self.layer.parameters.get(self.own)
        return self.layer.state[self.own] if p is None else p.data

    def share(self, known: np.ndarray | None) -> np.ndarray:
        """Let both hold the same memory, and return the array.

        Where freqnet has another array than the one that was known, its numbers count; else those of PyTorch.
        """
        array, tensor = self.array, self.tensor
        if tensor.dtype != torch.from_numpy(array[:0]).dtype:
            todo = "load numbers of this type"
            raise ConfigurationError(got_expected(f"parameter {self.name}", tensor.dtype, array.dtype, todo))
        p = self.layer.parameters.get(self.own)
        if p is not None:
            # What PyTorch freezes and unfreezes counts for both.
            p.requires_grad = tensor.requires_grad
        is_cpu = tensor.device.type == "cpu"
        if array is known and (not is_cpu or tensor.data_ptr() == array.ctypes.data):
            return array
        with torch.no_grad():
            if known is not None and array is not known:
                if is_cpu:
                    tensor.data = torch.from_numpy(array)
                else:
                    tensor.copy_(torch.from_numpy(array))
            elif is_cpu:
                self._take(tensor.detach().contiguous())
        return self.array

    def _take(self, tensor: torch.Tensor) -> None:
        self.tensor.data = tensor
        p = self.layer.parameters.get(self.own)
        if p is None:
            self.layer.state[self.own] = tensor.numpy()
        else:
            p.data = tensor.numpy()


class FrequencyModule(nn.Module):
    """A network or a layer of freqnet as a module of PyTorch: see `as_module`.

    Like any module, it starts in training mode. Parameters and buffers have the names of `Network.arrays`, so that
    ``network.body.load_arrays(module.state_dict())`` takes them. After ``module.to("cuda")`` the memory is apart; after
    ``module.cpu()`` it is shared again, with the numbers of the module. Copies and pickled modules have a network of
    their own.

    What layers such as dropout draw follows from ``torch.manual_seed``, on any device.

    Parameters
    ----------
    model, incoming, part, layout, backend
        As in `as_module`.

    Attributes
    ----------
    source : Source
        ``source.network`` and ``source.body`` are the network and the layers of freqnet.
    layout, backend : str
    """

    def __init__(
        self, model: Network | Module, incoming: Signal | Features | None, part: str, layout: str, backend: str
    ) -> None:
        super().__init__()
        for name, value, known in (("layout", layout, LAYOUTS), ("backend", backend, BACKENDS)):
            if value not in known:
                todo = f"pass {name}={known[0]!r}"
                raise ConfigurationError(got_expected(name, repr(value), " or ".join(map(repr, known)), todo))
        self.layout, self.backend = layout, backend
        self.source = Source(model, incoming, part)
        _fill(self, self.source.body)
        self._prepare()

    # -- arrays ------------------------------------------------------------------------------------
    def _prepare(self) -> None:
        """Link all arrays, without plans and translations, which belong to one object."""
        self._links = list(self._find_links())
        self._known: list[np.ndarray | None] = [None] * len(self._links)
        self._passes: Passes | None = None
        self._uncompiled: Callable[[torch.Tensor], torch.Tensor] | None = None
        self._translations: dict[tuple, Translation] = {}
        self._adopt()

    def _find_links(self) -> Iterator[_Link]:
        for path, layer in self.source.body.modules():
            owner, prefix = self.get_submodule(path), f"{path}." if path else ""
            for name in layer.parameters:
                yield _Link(prefix + name, owner._parameters, name, layer)
            for name in layer.state:
                yield _Link(prefix + name, owner._buffers, name, layer)

    def _adopt(self) -> None:
        """Count the present tensors as the module's own, and share their memory."""
        self._own = [link.tensor for link in self._links]
        self._share()

    def _share(self) -> bool:
        """Let both sides hold the same memory; return whether all tensors are the module's own.

        `torch.func.functional_call` puts others in their places, for one call: these are left alone.
        """
        is_whole = True
        for i, link in enumerate(self._links):
            tensor = link.tensor
            if tensor is not self._own[i] and not isinstance(tensor, nn.Parameter):
                is_whole = False
                continue
            self._own[i], self._known[i] = tensor, link.share(self._known[i])
        return is_whole

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """Load numbers, which the network of freqnet then has as well: see ``torch.nn.Module.load_state_dict``.

        Raises
        ------
        ConfigurationError
            Tensors that are to be assigned have another type of numbers than the network.
        """
        kept = self._dtype(self.source.precision)
        other = {name: x.dtype for name, x in state_dict.items() if assign and x.dtype != kept}
        if other:
            name, dtype = next(iter(other.items()))
            todo = "load them without assign=True, which converts them"
            raise ConfigurationError(got_expected(f"parameter {name}", dtype, f"{kept}, that of the network", todo))
        found = super().load_state_dict(state_dict, strict, assign)
        self._adopt()
        return found

    def __getstate__(self) -> dict[str, Any]:
        left_out = ("_links", "_known", "_own", "_passes", "_translations", "_uncompiled")
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._prepare()

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        kept = self._dtype(self.source.precision)
        became = fn(torch.empty(0, dtype=kept)).dtype
        if became != kept:
            todo = f"build the network with precision={str(became).removeprefix('torch.')!r}"
            todo = todo if became in (torch.float32, torch.float64) else "keep the module in its precision"
            raise ConfigurationError(got_expected("dtype of the module", became, f"{kept}, that of the network", todo))
        made = super()._apply(fn, recurse)
        self._adopt()
        return made

    @staticmethod
    def _dtype(numpy: np.dtype) -> torch.dtype:
        return torch.from_numpy(np.empty(0, numpy)).dtype

    def extra_repr(self) -> str:
        return f"{self.source}, layout={self.layout!r}, backend={self.backend!r}"

    # -- computing ---------------------------------------------------------------------------------
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the outputs.

        Raises
        ------
        ShapeError
            The input has the wrong shape.
        ConfigurationError
            The input has the wrong kind of numbers or is on another device than the parameters, or a layer or an op
            cannot be computed by the operators of PyTorch.
        """
        # A compiled model calls this as it is. The compiler takes long to import, and is there only if a model uses it.
        if "torch._dynamo" in sys.modules and self._uncompiled is None:
            self._uncompiled = torch.compiler.disable(self._computed)
        return (self._uncompiled or self._computed)(x)

    def _computed(self, x: torch.Tensor) -> torch.Tensor:
        is_whole = self._share()
        self._follow_modes()
        x = self._entered(x)
        if not x.shape[0 if self.source.space is None else -2]:
            return self._left(*self._of_no_examples(x))
        with self._drawing():
            out, is_signal = self._on_kernels(x) if self._uses_kernels(x, is_whole) else self._on_operators(x)
        return self._left(out, is_signal)

    def _of_no_examples(self, x: torch.Tensor) -> tuple[torch.Tensor, bool]:
        """Return no outputs, whose gradients are 0: no examples have no statistics either."""
        for _, layer in self.source.body.modules():
            layer.training = False
        axis = 0 if self.source.space is None else x.ndim - 2
        one = x.new_zeros((*x.shape[:axis], 1, *x.shape[axis + 1 :])) + x.sum()
        out, is_signal = self._on_operators(one)
        self._follow_modes()
        return out.narrow(out.ndim - 2 if is_signal else 0, 0, 0), is_signal

    def _follow_modes(self) -> None:
        for path, layer in self.source.body.modules():
            layer.training = self.get_submodule(path).training

    @contextmanager
    def _drawing(self) -> Iterator[None]:
        """Let layers that draw in training use a generator whose seed PyTorch draws."""
        drawing = [layer for _, layer in self.source.body.modules() if layer.training and layer.changes_in_training]
        if not drawing:
            yield
            return
        before = [layer._set_generator for layer in drawing]
        generator = np.random.default_rng(int(torch.randint(2**62, (), dtype=torch.int64)))
        for layer in drawing:
            layer.generator = generator
        try:
            yield
        finally:
            for layer, own in zip(drawing, before, strict=True):
                layer.generator = own

    def _entered(self, x: torch.Tensor) -> torch.Tensor:
        """Return an input in the precision of the network and in freqnet's order of axes, after checks."""
        source, wanted = self.source, self._dtype(self.source.dtype)
        if not isinstance(x, torch.Tensor) or x.is_complex() != wanted.is_complex:
            got = f"numbers of {x.dtype}" if isinstance(x, torch.Tensor) else f"a {type(x).__name__}"
            todo = "pass a tensor of PyTorch" + (", as of torch.complex" if wanted.is_complex else " of real numbers")
            raise ConfigurationError(got_expected("input of the module", got, f"a tensor of {wanted}", todo))
        devices = {link.tensor.device for link in self._links}
        if devices and x.device not in devices:
            got, todo = f"a tensor on {x.device}", "move both to one device, as by x.to(device)"
            raise ConfigurationError(got_expected("input of the module", got, f"one on {min(map(str, devices))}", todo))
        x = self._as_floats(x) if source.is_whole and not x.is_floating_point() else x.to(wanted)
        if self.layout == "torch":
            source.check_channels_first(tuple(x.shape))
        if self.layout == "torch" and x.ndim > 2:
            x = x.movedim(1, -1) if source.space is None else x.movedim((0, 1), (-2, -1))
        source.check_shape(tuple(x.shape))
        return x

    def _as_floats(self, x: torch.Tensor) -> torch.Tensor:
        """Return whole numbers as the door reads them: divided by the number that stands for 1."""
        return x.to(self._dtype(self.source.dtype)) / self.source.divisor(str(x.dtype).removeprefix("torch."))

    def _left(self, out: torch.Tensor, is_signal: bool) -> torch.Tensor:
        """Return an output in the order of axes of the layout."""
        if self.layout == "freqnet" or out.ndim <= 2:
            return out
        return out.movedim((-2, -1), (0, 1)) if is_signal else out.movedim(-1, 1)

    def _uses_kernels(self, x: torch.Tensor, is_whole: bool) -> bool:
        is_cpu = x.device.type == "cpu"
        if self.backend == "freqnet" and not is_whole:
            got, todo = "parameters that are given for one call", "pass backend='auto' to as_module"
            raise ConfigurationError(got_expected("backend='freqnet'", got, "the module's own parameters", todo))
        if self.backend == "freqnet" and not is_cpu:
            got, todo = f"a tensor on {x.device}", "pass backend='auto' to as_module"
            raise ConfigurationError(got_expected("backend='freqnet'", got, "tensors on the CPU", todo))
        return is_cpu and is_whole and self.backend != "torch"

    # -- on operators of PyTorch -------------------------------------------------------------------
    def _on_operators(self, x: torch.Tensor) -> tuple[torch.Tensor, bool]:
        translation = self._translation(tuple(x.shape))
        arrays = {link.name: link.tensor for link in self._links}
        out, replaced = translation(x, arrays, TORCH)
        with torch.no_grad():
            for name, array in replaced.items():
                arrays[name].copy_(array)
        return out, translation.result_space is not None

    def _translation(self, shape: tuple[int, ...]) -> Translation:
        axes = shape[1:] if self.source.space is None else (*shape[:-2], shape[-1])
        key = (axes, *self._state_of_layers())
        if key not in self._translations:
            if len(self._translations) >= _MOST:
                self._translations.clear()
            self._translations[key] = Translation(self.source, shape)
        return self._translations[key]

    def _state_of_layers(self) -> tuple:
        return modes_of(layer for _, layer in self.source.body.modules()), changes_of_settings()

    # -- on the kernels of freqnet -----------------------------------------------------------------
    def _on_kernels(self, x: torch.Tensor) -> tuple[torch.Tensor, bool]:
        spaces = []

        def run(given: Tensor) -> Pass:
            made = self._pass(given)
            spaces.append(made.result.space)
            return made

        parameters = [link.tensor for link in self._links if link.own in link.layer.parameters]
        with np.errstate(all="ignore"):
            out = Apply.apply(run, x, self.source.space, *parameters)
        return out, spaces[0] is not None

    def _pass(self, x: Tensor) -> Pass:
        if self._passes is None:
            parameters = self.source.body.named_parameters().values()
            self._passes = Passes(self.source, list(parameters), self.source.precision, self._watch)
        if not self._can_plan():
            return self._passes.on_tape(x)
        return self._passes.by_plan(x, self._plan_key(), lambda: kept_state(self.source.body))

    def _can_plan(self) -> bool:
        incoming = self.source.incoming
        has_kernels = isinstance(incoming, Signal) and incoming.space.has_kernels and not incoming.space.switches
        is_free = plans_are_on() and not is_observed()
        return KERNEL != "numpy" and has_kernels and is_free and not self.source.layers_that_choose()

    def _plan_key(self) -> tuple:
        # Running averages are constants of a plan where they are read.
        read = [layer.state for _, layer in self.source.body.modules() if not layer.training]
        averages = b"".join(array.tobytes() for state in read for array in state.values())
        return (*self._state_of_layers(), averages)

    def _watch(self, plan: Plan) -> None:
        for _, layer in self.source.body.modules():
            for name, p in layer.parameters.items():
                plan.watch(layer.parameters, name, p)
