"""Cost of a convolutional network per image: multiply-adds, memory traffic and energy, by a table that can be replaced.

Three ways of computing the same stages are compared. ``spatial`` convolves samples with taps. ``fft`` transforms the
input of every convolution, multiplies spectra, and transforms back. ``frequency`` stays in the frequency domain and has
no transform after the first. All of them apply biases, linear activations and ReLU to values as they are written.

The model is simple on purpose. Each stage reads its input once from on-chip memory and writes its output once; weights
come from off-chip memory once per batch. Control, clocks, leakage and the network on the chip are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from freqnet.errors import ConfigurationError, got_expected

Bits = int | str


@dataclass(frozen=True)
class EnergyTable:
    """Energy of single operations, in picojoules.

    Parameters
    ----------
    source : str
        Where the numbers are from.
    add, multiply : dict
        Energy of one operation by the bits of whole numbers, or by the name of a floating-point format.
    on_chip, off_chip : float
        Energy of a memory access per bit.

    Examples
    --------
    >>> HOROWITZ.multiply_add(8), HOROWITZ.multiply_add("float32")
    (0.23, 4.6)
    """

    source: str
    add: dict[Bits, float]
    multiply: dict[Bits, float]
    on_chip: float
    off_chip: float

    def multiply_add(self, number: Bits) -> float:
        """Return the energy of a multiplication and an addition of a format.

        Raises
        ------
        ConfigurationError
            The format is not known, or has fewer or more bits than any in the table.
        """
        return round(_between(self.add, number) + _between(self.multiply, number), 12)

    def energy(self, cost: Cost, number: Bits) -> Energy:
        """Return the energy per image of a cost whose numbers have some format."""
        bits = width(number)
        return Energy(
            cost.multiply_adds * self.multiply_add(number),
            cost.on_chip * bits * self.on_chip,
            cost.off_chip * bits * self.off_chip,
        )


# A 64-bit access takes 100 pJ in a memory of 1 MB on the chip, and 1,300 to 2,600 pJ in DRAM, of which the middle is
# taken.
HOROWITZ = EnergyTable(
    "M. Horowitz, Computing's energy problem (and what we can do about it), ISSCC 2014: 45 nm, 0.9 V",
    add={8: 0.03, 16: 0.05, 32: 0.1, "float16": 0.4, "float32": 0.9},
    multiply={8: 0.2, 32: 3.1, "float16": 1.1, "float32": 3.7},
    on_chip=100 / 64,
    off_chip=1950 / 64,
)


def width(number: Bits) -> int:
    """Return the bits of a format.

    >>> width(12), width("float16")
    (12, 16)
    """
    return number if isinstance(number, int) else int(number.removeprefix("float"))


def _between(table: dict[Bits, float], number: Bits) -> float:
    """Return an entry of a table; between two numbers of bits, the energy is a power of the number of bits."""
    if number in table:
        return table[number]
    known = sorted(bits for bits in table if isinstance(bits, int))
    if not isinstance(number, int) or not known or not known[0] <= number <= known[-1]:
        expected = f"{known[0]} to {known[-1]} bits, or one of {[n for n in table if isinstance(n, str)]}"
        raise ConfigurationError(got_expected("format of numbers", repr(number), expected, "pass 16, say"))
    return float(np.exp(np.interp(log2(number), np.log2(known), np.log([table[bits] for bits in known]))))


@dataclass(frozen=True)
class Cost:
    """Work per image: real multiply-adds, and real numbers that are read from or written to each memory."""

    multiply_adds: float = 0.0
    on_chip: float = 0.0
    off_chip: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.multiply_adds + other.multiply_adds, self.on_chip + other.on_chip, self.off_chip + other.off_chip
        )


@dataclass(frozen=True)
class Energy:
    """Energy per image in picojoules, by what takes it."""

    arithmetic: float
    on_chip: float
    off_chip: float

    @property
    def total(self) -> float:
        """The sum of all parts."""
        return self.arithmetic + self.on_chip + self.off_chip


@dataclass(frozen=True)
class Stage:
    """A convolution on a square map, the pooling after it, and the batch that shares its weights.

    Attributes
    ----------
    side : int
        Samples or modes along each axis of the input.
    inputs, outputs : int
        Channels.
    taps : int
        Taps along each axis.
    pooled : int
        Samples or modes along each axis of the output.
    products : float
        Multiply-adds of an activation that multiplies signals, as `freqnet.audit.summarize` counts them.
    """

    side: int
    inputs: int
    outputs: int
    taps: int
    pooled: int
    products: float = 0.0

    @property
    def weights(self) -> int:
        """Taps of all kernels."""
        return self.taps**2 * self.inputs * self.outputs


def stored_modes(side: int, hermitian: bool = True) -> int:
    """Return the complex numbers that hold a map of real samples: half of the spectrum, or all of it.

    >>> stored_modes(13), stored_modes(13, hermitian=False)
    (91, 169)
    """
    return side * (side // 2 + 1) if hermitian else side * side


def transform(side: int) -> float:
    """Return the multiply-adds of a real two-dimensional FFT: 2.5 N log2 N operations, half of them multiply-adds."""
    return 1.25 * side**2 * log2(side**2)


def spatial(stage: Stage, batch: int, backward: bool = False) -> Cost:
    """Return the cost of a stage on samples."""
    passes = 3 if backward else 1
    maps = stage.side**2 * stage.inputs + stage.pooled**2 * stage.outputs
    moved = _weights(stage.weights, batch, backward)
    return moved + Cost(passes * stage.side**2 * stage.weights, passes * maps)


def fft(stage: Stage, batch: int, backward: bool = False) -> Cost:
    """Return the cost of a stage on samples whose convolution goes through the frequency domain and back."""
    passes, modes = 3 if backward else 1, stored_modes(stage.side)
    pairs, channels = stage.inputs * stage.outputs, stage.inputs + stage.outputs
    # Backward, gradients of outputs are transformed, and those of inputs are transformed back.
    transforms = (2 if backward else 1) * transform(stage.side) * channels
    maps = stage.side**2 * stage.inputs + stage.pooled**2 * stage.outputs
    # Spectra are written by one transform and read by the product, or the reverse.
    spectra = 2 * 2 * modes * channels
    kernels = (2 if backward else 1) * pairs * transform(stage.side) / batch
    arithmetic = transforms + passes * 4 * modes * pairs + kernels
    moved = _weights(stage.weights, batch, backward) + Cost(0, 2 * 2 * modes * pairs / batch)
    return moved + Cost(arithmetic, passes * (maps + spectra))


def frequency(
    stage: Stage, batch: int, backward: bool = False, hermitian: bool = True, interpolated: bool = True
) -> Cost:
    """Return the cost of a stage on spectra.

    Parameters
    ----------
    stage : Stage
    batch : int
        Images that share the weights.
    backward : bool
        Whether the gradients of inputs and weights are computed as well.
    hermitian : bool
        Whether half of a spectrum stands for all of it.
    interpolated : bool
        Whether only taps are off the chip, and their spectra are interpolated on it, once per batch.
    """
    passes, pairs = 3 if backward else 1, stage.inputs * stage.outputs
    modes, pooled = (stored_modes(side, hermitian) for side in (stage.side, stage.pooled))
    responses = 2 * modes * pairs
    maps = 2 * modes * stage.inputs + 2 * pooled * stage.outputs
    setup = (2 if backward else 1) * responses * stage.taps**2 / batch if interpolated else 0.0
    moved = _weights(stage.weights if interpolated else responses, batch, backward)
    # An interpolated response is written on the chip and read again.
    moved += Cost(0, 2 * responses / batch if interpolated else 0.0)
    share = modes / stored_modes(stage.side)
    arithmetic = passes * (4 * modes * pairs + share * stage.products) + setup
    return moved + Cost(arithmetic, passes * maps)


def dense(values: int, outputs: int, batch: int, backward: bool = False) -> Cost:
    """Return the cost of a dense layer on some real values."""
    passes = 3 if backward else 1
    weights = values * outputs
    return _weights(weights, batch, backward) + Cost(passes * weights, passes * (values + outputs))


def _weights(count: int, batch: int, backward: bool) -> Cost:
    """Return the traffic of weights: read once per batch, and written once where they are trained."""
    moved = (2 if backward else 1) * count / batch
    return Cost(0, moved, moved)


Way = Callable[[Stage, int, bool], Cost]


def network(way: Way, stages: Sequence[Stage], outputs: int, batch: int, backward: bool = False) -> Cost:
    """Return the cost per image of stages and a dense layer, without the transform of the first input.

    Parameters
    ----------
    way : callable
        `spatial`, `fft` or `frequency`.
    stages : sequence of Stage
    outputs : int
        Outputs of the dense layer.
    batch : int
        Images that share the weights.
    backward : bool
        Whether a training step is counted, without the optimiser.
    """
    last = stages[-1]
    total = dense(last.pooled**2 * last.outputs, outputs, batch, backward)
    for stage in stages:
        total = total + way(stage, batch, backward)
    return total
