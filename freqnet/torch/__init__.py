"""Networks and layers as modules of PyTorch, with the same parameters: `as_module`.

This needs PyTorch (the extra ``torch``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freqnet.errors import require_package
from freqnet.nn import Features, Module, Network, Signal

if TYPE_CHECKING:
    from freqnet.torch.module import FrequencyModule

__all__ = ["as_module"]


def as_module(
    source: Network | Module,
    incoming: Signal | Features | None = None,
    *,
    part: str = "network",
    layout: str = "torch",
    backend: str = "auto",
) -> FrequencyModule:
    """Return a network or a layer as a ``torch.nn.Module`` with the same parameters, under the same names.

    On the CPU, parameters and running statistics share their memory with those of the source: what trains one, trains
    the other. The modes of the module, ``train()`` and ``eval()``, are those of the source. Gradients also pass to the
    input.

    Parameters
    ----------
    source : Network or Module
        A network, or a layer that is built, such as a `Sequential`.
    incoming : Signal or Features, optional
        What a layer receives; leave it out for a network.
    part : {"network", "body"}
        The whole network, from samples; or its body alone, from spectra.
    layout : {"torch", "freqnet"}
        Axes of inputs and outputs. With ``"torch"``, samples are ``(batch, channels, *grid)`` and spectra ``(batch,
        channels, *modes)``; with ``"freqnet"``, samples are ``(batch, *grid, channels)`` and spectra ``(*modes, batch,
        channels)``. Spectra are complex where the domain stores complex numbers. Plain numbers are ``(batch, count)``.
    backend : {"auto", "freqnet", "torch"}
        What computes. ``"freqnet"`` are the kernels of this library, on the CPU. ``"torch"`` are operators of PyTorch,
        on any device, with derivatives of any order. ``"auto"`` takes the kernels for tensors on the CPU, and the
        operators for others.

    Returns
    -------
    FrequencyModule
        A ``torch.nn.Module``.

    Raises
    ------
    ConfigurationError
        PyTorch is missing, the source is no network and no built layer, or an argument is not known.

    Examples
    --------
    >>> from freqnet import nn
    >>> from freqnet.torch import as_module
    >>> body = nn.Sequential(nn.Convolution(8), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> import torch  # doctest: +SKIP
    >>> module = as_module(network)  # doctest: +SKIP
    >>> module(torch.zeros(2, 1, 8, 8)).shape  # doctest: +SKIP
    torch.Size([2, 10])
    """
    require_package("torch", "as_module", "torch")
    from freqnet.torch.module import FrequencyModule

    return FrequencyModule(source, incoming, part, layout, backend)


def __getattr__(name: str) -> Any:
    if name != "FrequencyModule":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require_package("torch", "as_module", "torch")
    from freqnet.torch.module import FrequencyModule

    return FrequencyModule
