"""Time stepping by a network whose output is its next input, without a transform between the steps."""

from __future__ import annotations

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.checks import require_count, require_room
from freqnet.errors import ConfigurationError, DataWarning, got_expected, warn
from freqnet.nn.network import Network


def rollout(network: Network, spectra: Tensor, steps: int, batch: int = 250) -> np.ndarray:
    """Apply a network to its own output again and again, inside the domain.

    The output of a step loses the modes that the door does not keep, is standardised as samples are
    (`freqnet.nn.Door.admit`), and is the input of the next. The network is in evaluation mode.

    Parameters
    ----------
    network : Network
        A network whose outputs are signals like its inputs.
    spectra : Tensor
        The first inputs, from `Network.analyse`.
    steps : int
        Number of steps.
    batch : int
        Examples computed at a time where there is no plan.

    Returns
    -------
    numpy.ndarray
        Outputs of all steps ``(steps, *modes, batch, channels)``, spectra in `Network.output_space`;
        `Network.sampled` gives samples of one step.

    Raises
    ------
    ConfigurationError
        The outputs are no signals, have other channels or another grid than the inputs, or the number of steps is not
        a whole number of 1 or more.
    SpaceError
        The spectra are not in the space of the door.

    Warns
    -----
    DataWarning
        Outputs are no longer finite from some step on.

    Examples
    --------
    A network that shifts a signal by two samples, as a kernel of five taps can.

    >>> import numpy as np
    >>> from freqnet import nn
    >>> shift = nn.Convolution(1, size=5, bias=False)
    >>> network = nn.Network(nn.Door("fourier", (16,), (5,), 1), nn.Sequential(shift))
    >>> shift.parameters["kernel"].data[:, 0, 0] = 0, 0, 0, 0, 1
    >>> wave = np.cos(2 * np.pi * np.arange(16) / 16).reshape(1, 16, 1)
    >>> found = nn.rollout(network, network.analyse(wave), steps=3)
    >>> bool(np.allclose(network.sampled(found[2], (16,)), np.roll(wave, 6, axis=1), atol=1e-6))
    True
    """
    _require_steps(network, steps)
    shape = network.output_space.shape  # type: ignore[union-attr]
    require_room("steps", (steps, *shape, spectra.shape[-2], network.outputs), 16)
    found: list[np.ndarray] = []
    # The weights are looked at once, and not in each step.
    with network.constants() as state, np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            found.append(network.infer_in(state, spectra, batch))
            spectra = network.door.admit(Tensor(found[-1], network.output_space), network.precision)
    broken = [not np.isfinite(step).all() for step in found]
    if any(broken):
        got, todo = f"outputs that are not finite from step {broken.index(True) + 1} on", "train it on more steps"
        warn(got_expected("rollout", got, "finite outputs", todo), DataWarning)
    return np.stack(found)


def _require_steps(network: Network, steps: int) -> None:
    """Raise `ConfigurationError` unless the outputs of a network can be its inputs."""
    space, door = network.output_space, network.door
    if space is None:
        got, todo = f"{network.outputs} outputs that are plain numbers", "train it for the task field"
        raise ConfigurationError(got_expected("rollout", got, "outputs that are signals", todo))
    if network.outputs != door.channels:
        got, expected = f"{network.outputs} channels of the output", f"{door.channels}, as the input has"
        raise ConfigurationError(got_expected("rollout", got, expected, "train it on fields of one kind"))
    if (space.domain, space.grid) != (door.space.domain, door.space.grid) or door.pool or any(door.pad):
        got, expected = f"{space} after a door of grid {door.grid}", "one grid, without padding and pooling"
        raise ConfigurationError(got_expected("rollout", got, expected, "leave pad and pool out of the door"))
    require_count("steps", steps, 10)
