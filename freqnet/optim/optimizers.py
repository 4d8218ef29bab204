"""Optimisers of real parameters, which they update in place.

Complex parameters do not occur: they are stored as real arrays, scaled so that a step in them is a step of the same
length in the signal. Every rule here is therefore the plain Euclidean one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import ClassVar

import numpy as np

from freqnet import kernels
from freqnet.checks import number_in_range
from freqnet.errors import CheckpointError, ConfigurationError, got_expected
from freqnet.optim.clipping import Parameter, Parameters, checked_gradient, named_parameters

DecayRule = Callable[[str], bool] | Collection[str] | None


def _decaying(named: dict[str, Parameter], decay: DecayRule) -> list[bool]:
    if decay is None:  # biases and gains have one axis; weight decay on them only biases the model
        return [parameter.data.ndim >= 2 for parameter in named.values()]
    if callable(decay):
        return [bool(decay(name)) for name in named]
    if not isinstance(decay, Collection) or isinstance(decay, str) or not set(decay) <= set(named):
        expected = f"a function of the name, or a set of names out of {sorted(named)}"
        todo = "pass the names as a set, such as decay={'weight'}, or None for arrays of two or more axes"
        raise ConfigurationError(got_expected("decay", repr(decay), expected, todo))
    return [name in decay for name in named]


class Optimizer:
    """Base class of the optimisers.

    A subclass names its state arrays in ``slots`` and writes ``_update``. With ``decoupled``, weight decay scales the
    parameter instead of being added to its gradient.

    Parameters
    ----------
    parameters : Network, Module, mapping of str to Parameter, or iterable of Parameter
        Parameters to update. Members of an iterable are named "0", "1", ...
    learning_rate : float
        Step length, zero or more.
    weight_decay : float
        Weight decay, zero or more.
    decay : callable, set of str, or None
        Chooses by name the parameters that weight decay applies to: a function of the name, or the names. By default
        the arrays of two or more axes.

    Raises
    ------
    ConfigurationError
        There are no parameters, one cannot be updated, a name is unknown, or a number is out of range.
    """

    slots: ClassVar[tuple[str, ...]] = ()
    decoupled: ClassVar[bool] = False

    def __init__(
        self, parameters: Parameters, learning_rate: float, weight_decay: float = 0.0, decay: DecayRule = None
    ) -> None:
        self._named = named_parameters(parameters)
        if not self._named:
            raise ConfigurationError(got_expected("parameters", "none", "at least one", "pass the network"))
        self.weight_decay = number_in_range("weight_decay", weight_decay, 0, example=0.01)
        self._decays = _decaying(self._named, decay)
        self._step, self._rate = np.zeros((), np.int64), np.zeros(())
        self.learning_rate = learning_rate
        # Each vector holds all parameters end to end, so that an update takes only a few calls.
        arrays = [parameter.data for parameter in self._named.values()]
        self._bounds = [0, *np.cumsum([data.size for data in arrays]).tolist()]
        dtype = np.result_type(*(data.dtype for data in arrays))
        self._vectors = {slot: np.zeros(self._bounds[-1], dtype) for slot in ("work", *self.slots)}
        self._updates = np.zeros(len(arrays), np.int64)
        self._work, self._live = self._pieces("work"), self._live_arrays()

    @property
    def learning_rate(self) -> float:
        """Step length, zero or more; a schedule sets it before each update."""
        return float(self._rate)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._rate[...] = number_in_range("learning_rate", value, 0, example=0.01)

    def step(self, maximum_norm: float | None = None) -> float | None:
        """Update in place every parameter that has a gradient; the others and their state stay as they are.

        Parameters
        ----------
        maximum_norm : float, optional
            Gradients of a larger joint norm count as scaled to it, as by `clip_gradients`; ``math.inf`` scales nothing.
            If this is given and the norm is not finite, nothing changes.

        Returns
        -------
        float or None
            If `maximum_norm` is given, the joint Euclidean norm of the gradients, before clipping.

        Raises
        ------
        ShapeError
            A gradient is complex, or its shape is not that of its parameter; no parameter has changed then.
        """
        rate, found = self.learning_rate, self._with_gradients()
        segments = self._segments(list(found))
        work = self._vectors["work"]
        squares = [kernels.gather([found[i] for i in range(*ends)], work[self._slice(*ends)]) for ends in segments]
        norm = math.sqrt(sum(squares))
        if maximum_norm is not None and not norm < math.inf:
            return norm
        if maximum_norm is not None and norm > maximum_norm:
            for ends in segments:
                part = work[self._slice(*ends)]
                # In float64, because the factor can be below the smallest float32.
                np.multiply(part, maximum_norm / norm, out=part, dtype=np.float64, casting="same_kind")
        self._change(segments, rate)
        self._step += 1
        return None if maximum_norm is None else norm

    def _change(self, segments: list[tuple[int, int]], rate: float) -> None:
        """Update the parameters of segments, whose gradients are in the work vector."""
        parameters = list(self._named.values())
        for first, stop in segments:
            self._updates[first:stop] += 1
            if self.weight_decay and not self.decoupled:
                self._add_decay(range(first, stop))
            work, *state = (vector[self._slice(first, stop)] for vector in self._vectors.values())
            self._update(work, state, rate, int(self._updates[first]))
        keep = 1 - rate * self.weight_decay if self.decoupled else 1.0
        factors = np.where(self._decays, keep, 1.0)
        # The last, so that the weights are those before the step if it is interrupted until here.
        for first, stop in segments:
            part = self._vectors["work"][self._slice(first, stop)]
            kernels.spread(part, [p.data for p in parameters[first:stop]], factors[first:stop])

    def _add_decay(self, positions: Iterable[int]) -> None:
        """Add the decay to gradients in the work vector, a small block at a time."""
        arrays = [p.data for p in self._named.values()]
        for i in positions:
            if self._decays[i]:
                pair, access = [self._work[i], arrays[i]], [["readwrite"], ["readonly"]]
                with np.nditer(pair, ["external_loop", "buffered"], access, buffersize=4096) as blocks:  # type: ignore[arg-type]
                    for block, data in blocks:
                        block += self.weight_decay * data

    def _slice(self, first: int, stop: int) -> slice:
        return slice(self._bounds[first], self._bounds[stop])

    def clear_gradients(self) -> None:
        """Set the gradient of every parameter to None."""
        for parameter in self._named.values():
            parameter.grad = None

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of all arrays that a bit-exact resume needs.

        Returns
        -------
        dict of str to ndarray
            Learning rate, counts and state arrays, by names such as "momentum/conv1.kernel".
        """
        return {name: array.copy() for name, array in self._live.items()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Restore a state, learning rate and step count included.

        Parameters
        ----------
        state : mapping of str to ndarray
            Result of `state`, of an optimiser of the same class over the same parameters.

        Raises
        ------
        CheckpointError
            Names, shapes or dtypes differ, or a count is negative; nothing has changed then.
        """
        for name in sorted(set(state) | set(self._live)):
            live, array = pair = self._live.get(name), np.asarray(state[name]) if name in state else None
            if live is None or array is None or (array.shape, array.dtype) != (live.shape, live.dtype):
                expected, got = ("nothing" if a is None else f"{a.dtype} {a.shape}" for a in pair)
            elif name.split("/")[0] not in self.slots and not 0 <= array < np.inf:
                got, expected = array.item(), "a finite number, zero or more"
            else:
                continue
            todo = "load it into the same optimiser and model"
            raise CheckpointError(got_expected(f"optimiser state {name!r}", got, expected, todo))
        for name, live in self._live.items():
            live[...] = state[name]

    def _update(self, work: np.ndarray, state: list[np.ndarray], rate: float, count: int) -> None:
        """Replace the gradient in ``work`` by the change to add, at update number ``count``, counted from 1."""
        raise NotImplementedError

    def _pieces(self, slot: str) -> list[np.ndarray]:
        pieces = np.split(self._vectors[slot], self._bounds[1:-1])
        return [v.reshape(p.data.shape) for v, p in zip(pieces, self._named.values(), strict=True)]

    def _live_arrays(self) -> dict[str, np.ndarray]:
        # Views of everything that a step changes: `state` copies from them, `load_state` copies into them.
        live = {"step": self._step, "learning_rate": self._rate}
        for i, name in enumerate(self._named):
            live[f"updates/{name}"] = self._updates[i : i + 1].reshape(())
        for slot in self.slots:
            live |= {f"{slot}/{name}": v for name, v in zip(self._named, self._pieces(slot), strict=True)}
        return live

    def _with_gradients(self) -> dict[int, np.ndarray]:
        """Return the gradients by position, of the parameters that have one."""
        named = enumerate(self._named.items())
        found = {i: checked_gradient(name, parameter) for i, (name, parameter) in named}
        return {i: grad for i, grad in found.items() if grad is not None}

    def _segments(self, found: list[int]) -> list[tuple[int, int]]:
        """Group neighbours that were updated equally often: one segment where no gradient was ever missing."""
        segments, counts = list[tuple[int, int]](), self._updates.tolist()
        for i in found:
            if segments and segments[-1][1] == i and counts[i - 1] == counts[i]:
                segments[-1] = (segments[-1][0], i + 1)
            else:
                segments.append((i, i + 1))
        return segments


class SGD(Optimizer):
    """Gradient descent, ``w -= rate * (g + weight_decay * w)``.

    Source: Robbins & Monro 1951.

    Parameters
    ----------
    parameters : Network, Module, mapping of str to Parameter, or iterable of Parameter
        Parameters to update. Members of an iterable are named "0", "1", ...
    learning_rate : float
        Step length, zero or more.
    weight_decay : float
        Weight decay, zero or more.
    decay : callable, set of str, or None
        Chooses by name the parameters that weight decay applies to: a function of the name, or the names. By default
        the arrays of two or more axes.

    Raises
    ------
    ConfigurationError
        The parameters cannot be updated, or a number is out of range.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.array([1.0, 2.0]), grad=np.array([1.0, 0.0]))
    >>> SGD([w], learning_rate=0.5).step()
    >>> w.data
    array([0.5, 2. ])
    """

    def _update(self, work: np.ndarray, state: list[np.ndarray], rate: float, count: int) -> None:
        work *= -rate


class Momentum(Optimizer):
    """Gradient descent with a velocity: ``v = momentum * v + g``, ``w -= rate * v``.

    The velocity does not contain the learning rate, so that a change of the rate acts at once. Source: Sutskever,
    Martens, Dahl & Hinton 2013.

    Parameters
    ----------
    parameters : Network, Module, mapping of str to Parameter, or iterable of Parameter
        Parameters to update. Members of an iterable are named "0", "1", ...
    learning_rate : float
        Step length, zero or more.
    momentum : float
        Share of the velocity that is kept per update, at least 0 and below 1.
    nesterov : bool
        Whether to step by ``rate * (g + momentum * v)`` instead.
    weight_decay : float
        Weight decay, zero or more, added to the gradient.
    decay : callable, set of str, or None
        Chooses by name the parameters that weight decay applies to: a function of the name, or the names. By default
        the arrays of two or more axes.

    Raises
    ------
    ConfigurationError
        The parameters cannot be updated, or a number is out of range.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.array([1.0]), grad=np.array([1.0]))
    >>> optimizer = Momentum({"w": w}, learning_rate=0.5, momentum=0.5)
    >>> optimizer.step(), optimizer.step(), w.data
    (None, None, array([-0.25]))
    """

    slots = ("momentum",)

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float,
        momentum: float = 0.9,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decay: DecayRule = None,
    ) -> None:
        self.momentum, self.nesterov = number_in_range("momentum", momentum, 0, 1, example=0.9), nesterov
        super().__init__(parameters, learning_rate, weight_decay, decay)

    def _update(self, work: np.ndarray, state: list[np.ndarray], rate: float, count: int) -> None:
        # The state holds momentum * v, which both rules need next; this spares a second work vector.
        (velocity,) = state
        velocity += work
        if not self.nesterov:
            np.copyto(work, velocity)
        velocity *= self.momentum
        if self.nesterov:
            work += velocity
        work *= -rate


class Adam(Optimizer):
    """Adam: steps of a length near ``learning_rate``, from running averages of the gradient and of its square.

    Source: Kingma & Ba 2015, algorithm 1, with the bias correction counted for each parameter by itself.

    Parameters
    ----------
    parameters : Network, Module, mapping of str to Parameter, or iterable of Parameter
        Parameters to update. Members of an iterable are named "0", "1", ...
    learning_rate : float
        Step length, zero or more.
    betas : tuple of float
        Shares of the two running averages that are kept per update, at least 0 and below 1.
    epsilon : float
        Added to the root of the averaged square, at least 1e-30.
    weight_decay : float
        Weight decay, zero or more, added to the gradient; `AdamW` scales the parameter instead.
    decay : callable, set of str, or None
        Chooses by name the parameters that weight decay applies to: a function of the name, or the names. By default
        the arrays of two or more axes.

    Raises
    ------
    ConfigurationError
        The parameters cannot be updated, or a number is out of range.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.array([1.0, 2.0]), grad=np.array([30.0, -0.1]))
    >>> Adam([w], learning_rate=0.5).step()
    >>> w.data.round(6)
    array([0.5, 2.5])
    """

    slots = ("gradient_sum", "square_sum")

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        decay: DecayRule = None,
    ) -> None:
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ConfigurationError(got_expected("betas", repr(betas), "two numbers", "pass betas=(0.9, 0.999), say"))
        self.betas = tuple(number_in_range(f"betas[{i}]", beta, 0, 1, example=0.9) for i, beta in enumerate(betas))
        self.epsilon = number_in_range("epsilon", epsilon, 1e-30, example=1e-8)  # smaller ones vanish in float32
        super().__init__(parameters, learning_rate, weight_decay, decay)

    def _update(self, work: np.ndarray, state: list[np.ndarray], rate: float, count: int) -> None:
        # The state holds the averages without their factors 1 - beta. Those factors and the bias corrections are
        # joined in two scalars, which spares two passes and a second work vector.
        first, second = self.betas
        root = math.sqrt((1 - second**count) / (1 - second))
        scale = -rate * root * (1 - first) / (1 - first**count)
        gradient_sum, square_sum = state
        kernels.adam(work, gradient_sum, square_sum, (first, second), self.epsilon * root, scale)


class AdamW(Adam):
    """Adam with decoupled weight decay: ``w *= 1 - rate * weight_decay`` before each Adam step.

    Source: Loshchilov & Hutter 2019, Decoupled weight decay regularization.

    Parameters
    ----------
    parameters : Network, Module, mapping of str to Parameter, or iterable of Parameter
        Parameters to update. Members of an iterable are named "0", "1", ...
    learning_rate : float
        Step length, zero or more.
    betas : tuple of float
        Shares of the two running averages that are kept per update, at least 0 and below 1.
    epsilon : float
        Added to the root of the averaged square, at least 1e-30.
    weight_decay : float
        Weight decay, zero or more; it scales the parameter.
    decay : callable, set of str, or None
        Chooses by name the parameters that weight decay applies to: a function of the name, or the names. By default
        the arrays of two or more axes.

    Raises
    ------
    ConfigurationError
        The parameters cannot be updated, or a number is out of range.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.array([[1.0]]), grad=np.array([[0.0]]))
    >>> AdamW([w], learning_rate=0.5, weight_decay=0.5).step()
    >>> w.data
    array([[0.75]])
    """

    decoupled = True

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 1e-2,
        decay: DecayRule = None,
    ) -> None:
        super().__init__(parameters, learning_rate, betas, epsilon, weight_decay, decay)
