"""What surrounds an optimiser's step: the parameters, gradient clipping and learning-rate schedules.

Schedules are frozen dataclasses, called with the index of the update, counted from 0. One of `steps`
updates reaches its final value at index `steps`, one past the last update, and holds it from there on:
no update is spent at a learning rate of zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Protocol, cast

import numpy as np

from freqnet.errors import ConfigurationError, ShapeError, got_expected


class Parameter(Protocol):
    """A float32 or float64 array to learn, and its gradient or None."""

    data: np.ndarray
    grad: np.ndarray | None


Parameters = Mapping[str, Parameter] | Iterable[Parameter]


def number_in_range(what: str, value: object, low: float, below: float = math.inf) -> float:
    """Return `value` as a float if ``low <= value < below``, else raise a ConfigurationError.

    >>> number_in_range("momentum", 0.9, 0, 1)
    0.9
    """
    # The comparison is written so that NaN fails it.
    if not isinstance(value, Real) or not low <= float(value) < below:
        message = got_expected(what, repr(value), f"a number in [{low:g}, {below:g})", "choose another value")
        raise ConfigurationError(message)
    return float(value)


def _whole_number(what: str, value: object, low: int, below: float = math.inf) -> None:
    if number_in_range(what, value, low, below) % 1:
        raise ConfigurationError(got_expected(what, repr(value), "a whole number", "round it"))


def named_parameters(parameters: Parameters) -> dict[str, Parameter]:
    """Return the parameters by name ("0", "1", ... if they have none), once each is known to be usable.

    A network or a layer stands for all its parameters.

    Raises ConfigurationError for one that is not a real, writeable array, or comes twice.

    >>> from types import SimpleNamespace
    >>> list(named_parameters([SimpleNamespace(data=np.zeros(3), grad=None)]))
    ['0']
    """
    own = getattr(parameters, "named_parameters", None)
    if own is not None:  # a network or a layer
        parameters = own()
    if isinstance(parameters, Mapping):
        named = dict(cast("Mapping[str, Parameter]", parameters))
    else:
        named = {str(i): parameter for i, parameter in enumerate(parameters)}
    seen: dict[int, str] = {}
    for name, parameter in named.items():
        data, problem = getattr(parameter, "data", None), ""
        if not isinstance(data, np.ndarray):
            problem = type(parameter).__name__
        elif data.dtype not in (np.float32, np.float64) or not data.flags.writeable:
            problem = f"{data.dtype}{'' if data.flags.writeable else ', read-only'}"
        elif id(data) in seen:  # it would be updated twice a step
            problem = f"the array of {seen[id(data)]!r} again"
        if problem:
            expected, todo = "its own writeable float32 or float64 array", "store complex values as real ones"
            raise ConfigurationError(got_expected(f"parameter {name!r}", problem, expected, todo))
        seen[id(data)] = name
    return named


def checked_gradient(name: str, parameter: Parameter) -> np.ndarray | None:
    """Return the gradient or None; raise ShapeError if it is complex or not of its parameter's shape."""
    grad, shape = parameter.grad, parameter.data.shape
    # Copying would broadcast a wrong shape, or drop an imaginary part, without a word.
    if grad is None or (isinstance(grad, np.ndarray) and grad.shape == shape and grad.dtype.kind == "f"):
        return grad
    got = f"{getattr(grad, 'dtype', type(grad).__name__)} of shape {np.shape(grad)}"
    expected, todo = f"a real array of shape {shape}", "give it the shape of its parameter"
    raise ShapeError(got_expected(f"gradient of {name!r}", got, expected, todo))


def clip_gradients(parameters: Parameters, maximum_norm: float) -> float:
    """Scale all gradients in place to a joint l2 norm of at most `maximum_norm`; return the norm before.

    A norm that is not finite is returned with the gradients unchanged. Raises ConfigurationError unless the
    maximum is positive, ShapeError for a complex or misshapen gradient. Source: Pascanu et al. 2013.

    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.zeros(2), grad=np.array([3.0, 4.0]))
    >>> clip_gradients([w], maximum_norm=1.0), w.grad
    (5.0, array([0.6, 0.8]))
    """
    if not isinstance(maximum_norm, Real) or not float(maximum_norm) > 0:
        todo = "pass math.inf to measure only"
        raise ConfigurationError(got_expected("maximum_norm", repr(maximum_norm), "a positive number", todo))
    found = [checked_gradient(name, parameter) for name, parameter in named_parameters(parameters).items()]
    grads = [grad for grad in found if grad is not None]
    # In float64: float32 squares overflow at 2e19. Not by BLAS, whose threads can cost 100 times the sum.
    with np.errstate(over="ignore"):  # float64 gradients above 1e154 are as good as infinite
        whole = np.concatenate([grad.ravel() for grad in grads] or [np.zeros(0)], dtype=np.float64)
        norm = math.sqrt(np.square(whole, out=whole).sum())
    if maximum_norm < norm < math.inf:
        # By identity: a gradient that two parameters share counts twice but is scaled once.
        for grad in {id(grad): grad for grad in grads}.values():
            # In float64 inside: the scale itself can be below the smallest float32.
            np.multiply(grad, maximum_norm / norm, out=grad, dtype=np.float64, casting="same_kind")
    return norm


def _half_cosine(start: float, end: float, progress: float) -> float:
    weight = (1 + math.cos(math.pi * progress)) / 2
    return weight * start + (1 - weight) * end


@dataclass(frozen=True)
class Constant:
    """The same learning rate `rate` at every step.

    Raises ConfigurationError if the rate is negative or not finite.

    >>> Constant(0.1)(1000)
    0.1
    """

    rate: float

    def __post_init__(self) -> None:
        number_in_range("rate", self.rate, 0)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update `step`."""
        number_in_range("step", step, 0)
        return float(self.rate)


@dataclass(frozen=True)
class Cosine:
    """Linear warm-up to `rate` at step `warmup`, then half a cosine to `final` at step `steps`.

    The warm-up starts at ``rate / (warmup + 1)``, so that the first update is not lost. Raises
    ConfigurationError if a rate is negative or not finite, or unless ``0 <= warmup < steps``.
    Source: Loshchilov & Hutter 2017, SGDR (one period, no restart).

    >>> schedule = Cosine(rate=1.0, steps=10, warmup=4)
    >>> [round(schedule(step), 3) for step in (0, 4, 7, 10, 99)]
    [0.2, 1.0, 0.5, 0.0, 0.0]
    """

    rate: float
    steps: int
    warmup: int = 0
    final: float = 0.0

    def __post_init__(self) -> None:
        number_in_range("rate", self.rate, 0)
        number_in_range("final", self.final, 0)
        _whole_number("steps", self.steps, 1)
        _whole_number("warmup", self.warmup, 0, below=self.steps)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update `step`."""
        number_in_range("step", step, 0)
        if step < self.warmup:
            return self.rate * (step + 1) / (self.warmup + 1)
        progress = min(1.0, (step - self.warmup) / (self.steps - self.warmup))
        return _half_cosine(self.rate, self.final, progress)


@dataclass(frozen=True)
class OneCycle:
    """Half a cosine up to `rate`, at the fraction `warmup_fraction` of `steps`, then half a cosine down.

    Starts at ``rate / start_divisor`` and ends, at step `steps`, `final_divisor` times below that start.
    Raises ConfigurationError for a rate that is negative or not finite, a fraction outside [0, 1), or a
    divisor below 1. Source: Smith & Topin 2018, Super-convergence (cosine in place of their lines).

    >>> schedule = OneCycle(rate=1.0, steps=10)
    >>> [round(schedule(step), 6) for step in (0, 3, 10, 99)]
    [0.04, 1.0, 4e-06, 4e-06]
    """

    rate: float
    steps: int
    warmup_fraction: float = 0.3
    start_divisor: float = 25.0
    final_divisor: float = 1e4

    def __post_init__(self) -> None:
        number_in_range("rate", self.rate, 0)
        _whole_number("steps", self.steps, 1)
        number_in_range("warmup_fraction", self.warmup_fraction, 0, below=1)
        number_in_range("start_divisor", self.start_divisor, 1)
        number_in_range("final_divisor", self.final_divisor, 1)

    def __call__(self, step: int) -> float:
        """Return the learning rate of update `step`."""
        number_in_range("step", step, 0)
        start, peak = self.rate / self.start_divisor, self.warmup_fraction * self.steps
        if step < peak:
            return _half_cosine(start, self.rate, step / peak)
        progress = min(1.0, (step - peak) / (self.steps - peak))
        return _half_cosine(self.rate, start / self.final_divisor, progress)
