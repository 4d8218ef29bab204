"""Networks on the devices of PyTorch: outputs of spectra, and gradients of a loss, for training by freqnet.

Parameters stay in the memory of freqnet, where its optimisers change them. Each pass hands them over in one piece, and
takes back gradients and running statistics in one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from math import isfinite
from typing import Any

import numpy as np
import torch

from freqnet.arrays.source import Source
from freqnet.arrays.translate import Translation
from freqnet.autodiff import Tensor, gradient
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn import Network
from freqnet.nn.module import changes_of_settings, evaluation, modes_of
from freqnet.torch.library import TORCH

# Translations that are kept: one for each combination of the modes of the layers.
_MOST = 4


def find_device(name: str, precision: Any = np.float32) -> torch.device:
    """Return a device of PyTorch by its name, which may begin with ``torch:``.

    Raises
    ------
    ConfigurationError
        There is no such device, or it cannot compute in this precision.
    """
    dtype = torch.from_numpy(np.empty(0, precision)).dtype
    try:
        device = torch.device(name.removeprefix("torch:"))
        # The device meta has no numbers to return.
        (torch.ones(1, dtype=dtype, device=device) + 1).item()
    # PyTorch raises several types, some with pages of text.
    except Exception:
        expected = f"one that PyTorch finds and that computes in {np.dtype(precision)}: {', '.join(device_names())}"
        raise ConfigurationError(got_expected("device", repr(name), expected, "pass device='cpu'")) from None
    return device


def device_names() -> list[str]:
    """Return the names of the devices of this machine: freqnet's own kernels first, then those of PyTorch."""
    found = ["cpu", "torch:cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    return [*found, "mps"] if torch.backends.mps.is_available() else found


class DeviceNetwork:
    """A network whose passes a device of PyTorch computes, by the operators of `freqnet.arrays`.

    Parameters
    ----------
    network : Network
    trained : mapping of str to Tensor
        Parameters whose gradients are computed, by name.
    device : str
        As in `find_device`.

    Attributes
    ----------
    network : Network
    device : torch.device

    Raises
    ------
    ConfigurationError
        There is no such device.
    """

    def __init__(self, network: Network, trained: Mapping[str, Tensor], device: str) -> None:
        self.network, self.trained = network, dict(trained)
        self.device = find_device(device, network.precision)
        self._source = Source(network.body, network.door.signal, "network")
        self._translations: dict[tuple, Translation] = {}

    def require_rules(self) -> None:
        """Raise `ConfigurationError` if a layer or an op cannot be computed by the operators of PyTorch."""
        modes = [layer.training for layer in self.network.layers]
        self.network.body.train()
        try:
            self.recorded((*self.network.door.space.shape, 1, self.network.door.channels))
        finally:
            for layer, mode in zip(self.network.layers, modes, strict=True):
                layer.training = mode

    def gradients(self, x: Tensor, loss: Callable[[Tensor], Tensor]) -> tuple[float, np.ndarray]:
        """Set the gradients of the trained parameters and the running statistics; return the loss and the outputs.

        Parameters
        ----------
        x : Tensor
            Spectra in the space of the network's door.
        loss : callable
            The loss of the outputs, written in ops of freqnet; it is computed on the host.
        """
        translation = self.recorded(x.shape)
        arrays = self._handed_over()
        given = [arrays[name].requires_grad_() for name in self.trained]
        made, replaced = translation(self._moved(x.data), arrays, TORCH)
        outputs = Tensor(made.detach().cpu().numpy(), translation.result_space, requires_grad=True)
        with np.errstate(over="ignore", invalid="ignore"):
            value = loss(outputs)
        found: list[torch.Tensor | None] = []
        if isfinite(value.item()):
            with np.errstate(over="ignore", invalid="ignore"):
                (cotangent,) = gradient(value, [outputs])
            found = self._gradients(made, given, _derivative(cotangent, outputs))
        gradients = _taken_back([*(g for g in found if g is not None), *replaced.values()])
        for p, g in zip(self.trained.values(), found, strict=False):
            p.grad = None if g is None else next(gradients)
        state = self.network.body.named_state()
        for name in replaced:
            state[name][...] = next(gradients)
        return value.item(), outputs.data

    def infer(self, x: Tensor, batch: int = 250) -> np.ndarray:
        """Return the outputs of spectra in evaluation mode, as `Network.infer` does."""
        with evaluation(), torch.inference_mode():
            translation, arrays = self.recorded(x.shape), self._handed_over()
            starts = range(0, max(x.shape[-2], 1), batch)
            parts = (translation(self._moved(x.data[..., i : i + batch, :]), arrays, TORCH)[0] for i in starts)
            axis = 0 if translation.result_space is None else -2
            return np.concatenate([part.cpu().numpy() for part in parts], axis)

    def _gradients(self, made: torch.Tensor, given: list[torch.Tensor], g: np.ndarray) -> list[torch.Tensor | None]:
        if not made.requires_grad:
            return [None] * len(given)
        return list(torch.autograd.grad(made, given, torch.from_numpy(g).to(self.device), allow_unused=True))

    def _moved(self, array: np.ndarray) -> torch.Tensor:
        # PyTorch warns of memory that cannot be written to, as of a file.
        return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(self.device)

    def _handed_over(self) -> dict[str, torch.Tensor]:
        """Return the present parameters and running statistics on the device, by name."""
        every, kept = self.network.arrays(), self.network.precision
        # All arrays in one piece, but those of layers that count in other numbers.
        arrays = {name: array for name, array in every.items() if array.dtype == kept}
        whole = self._moved(np.concatenate([np.zeros(0, kept), *(array.ravel() for array in arrays.values())]))
        ends = np.cumsum([0, *(array.size for array in arrays.values())]).tolist()
        handed = {
            name: whole[first:end].view(array.shape)
            for (name, array), (first, end) in zip(arrays.items(), pairwise(ends), strict=True)
        }
        return handed | {name: self._moved(array.copy()) for name, array in every.items() if name not in handed}

    def recorded(self, shape: tuple[int, ...]) -> Translation:
        """Return the network's functions in the present modes of its layers, for spectra of a shape."""
        key = (modes_of(self.network.layers), changes_of_settings(), id(self.network.body))
        if key not in self._translations:
            if len(self._translations) >= _MOST:
                self._translations.clear()
            self._translations[key] = Translation(self._source, shape)
        return self._translations[key]


def _derivative(cotangent: Tensor, outputs: Tensor) -> np.ndarray:
    """Return the derivative in the stored numbers of outputs, which PyTorch takes."""
    data = cotangent.data
    weighted = data if outputs.space is None else data * np.asarray(outputs.space.weights, data.real.dtype)
    return np.ascontiguousarray(weighted)


def _taken_back(tensors: Iterable[torch.Tensor]) -> Any:
    """Yield tensors as arrays of NumPy, which are copied from the device in one piece."""
    given = list(tensors)
    if not given:
        return
    whole = torch.cat([tensor.reshape(-1) for tensor in given]).cpu().numpy()
    ends = np.cumsum([0, *(tensor.numel() for tensor in given)]).tolist()
    for tensor, (first, end) in zip(given, pairwise(ends), strict=True):
        yield whole[first:end].reshape(tuple(tensor.shape))
