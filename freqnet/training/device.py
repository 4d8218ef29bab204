"""Where a training computes: by the kernels of this library, or on a device of PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from freqnet.autodiff import Tensor
from freqnet.checks import shown
from freqnet.errors import ConfigurationError, got_expected, require_package
from freqnet.nn import Network
from freqnet.training.parallel.team import Team

if TYPE_CHECKING:
    from freqnet.torch.devices import DeviceNetwork


def on_device(network: Network, trained: Mapping[str, Tensor], device: Any, team: Team) -> DeviceNetwork | None:
    """Return a network on a device of PyTorch; None for the kernels of this library.

    Parameters
    ----------
    network : Network
    trained : mapping of str to Tensor
        Parameters that train, by name.
    device : str or None
        As in `fit`.
    team : Team
        The processes that share the work.

    Raises
    ------
    ConfigurationError
        PyTorch is missing, there is no such device, several processes share the work, a layer does not run the same
        ops at every call, or an op has no rule.
    """
    # A `torch.device` will do as well.
    name = str(device) if type(device).__module__ == "torch" else device
    if name is None or (isinstance(name, str) and name == "cpu"):
        return None
    if not isinstance(name, str):
        todo = "pass device='cuda', or leave it out"
        raise ConfigurationError(got_expected("device", shown(device), "the name of a device", todo))
    # Processes of a team compute their parts themselves.
    if type(team) is not Team:
        got, todo = f"{name!r} with a {type(team).__name__}", "train in one process, or pass device='cpu'"
        raise ConfigurationError(got_expected("device", got, "this process alone", todo))
    require_package("torch", f"device={name!r}", "torch")
    from freqnet.torch.devices import DeviceNetwork

    made = DeviceNetwork(network, trained, name)
    made.require_rules()
    return made
