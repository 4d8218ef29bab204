"""Frozen layers: parameters that training leaves as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from fnmatch import fnmatchcase

from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn import Module


def frozen_parameters(body: Module, patterns: Sequence[str]) -> dict[str, Tensor]:
    """Return the parameters that a list of names and patterns freezes.

    Parameters
    ----------
    body : Module
    patterns : sequence of str
        Names of layers, such as ``"0"``, or of parameters, such as ``"0.kernel"``, in which ``*`` stands for any text.

    Raises
    ------
    ConfigurationError
        A pattern matches no parameter, or the patterns match all.

    Examples
    --------
    >>> from freqnet import nn
    >>> body = nn.Sequential(nn.Convolution(4), nn.PowerNorm(), nn.Dense(2))
    >>> network = nn.Network(nn.Door("fourier", (8,), (3,), 1), body)
    >>> list(frozen_parameters(network.body, ["0", "*.gain"]))
    ['0.kernel', '0.bias', '1.gain']
    """
    named = body.named_parameters()
    chosen: set[str] = set()
    for pattern in patterns:
        found = {name for name in named if any(fnmatchcase(part, pattern) for part in _parts(name))}
        if not found:
            near = (*get_close_matches(pattern, named, 1), next(iter(named), ""))[0]
            expected = f"the names of layers or parameters, such as {', '.join(list(named)[:4])}"
            raise ConfigurationError(got_expected("freeze", repr(pattern), expected, f"pass freeze=[{near!r}]"))
        chosen |= found
    if named and len(chosen) == len(named):
        got, todo = "all parameters", "leave out the last layer, or do not train"
        raise ConfigurationError(got_expected("freeze", got, "at least one that trains", todo))
    return {name: parameter for name, parameter in named.items() if name in chosen}


def _parts(name: str) -> list[str]:
    """Return the name of a parameter and those of the layers around it: ``0.1.kernel``, ``0.1`` and ``0``."""
    words = name.split(".")
    return [".".join(words[:count]) for count in range(len(words), 0, -1)]


def train_except(body: Module, frozen: dict[str, Tensor]) -> None:
    """Switch to training mode, apart from layers whose parameters are all frozen, which stay in evaluation mode."""
    kept = {id(parameter) for parameter in frozen.values()}
    for _, module in body.modules():
        own = module.parameters.values()
        module.training = not own or any(id(parameter) not in kept for parameter in own)


@contextmanager
def without_gradients(parameters: dict[str, Tensor]) -> Iterator[None]:
    """Compute no gradients of some parameters inside the block."""
    before = [(parameter, parameter.requires_grad) for parameter in parameters.values()]
    try:
        for parameter, _ in before:
            parameter.requires_grad = False
        yield
    finally:
        for parameter, needs in before:
            parameter.requires_grad = needs
