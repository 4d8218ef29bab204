"""Optimisers of real parameters, which they update in place.

Complex parameters do not occur: they are stored as real arrays, scaled so that a step in them is a step of the same
length in the signal. Every rule here is therefore the plain Euclidean one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter, is_
from typing import Any, ClassVar, NamedTuple

import numpy as np

from freqnet import kernels
from freqnet.checks import number_in_range
from freqnet.errors import CheckpointError, ConfigurationError, ShapeError, got_expected
from freqnet.kernels.threads import in_threads
from freqnet.optim.clipping import Parameter, Parameters, check_norm, checked_gradient, named_parameters

_data, _grad, _writeable = attrgetter("data"), attrgetter("grad"), attrgetter("flags.writeable")
# Numbers that overflow show in the next loss, and need no warning of NumPy's.
QUIET = np.errstate(over="ignore", invalid="ignore")
NameRule = Callable[[str], bool] | Collection[str]
Each = Callable[[Callable[[np.ndarray], object], Sequence[np.ndarray], Sequence[float]], None]


def chosen_by_name(argument: str, named: dict[str, Parameter], rule: NameRule) -> list[bool]:
    """Return whether a rule chooses each parameter.

    Parameters
    ----------
    argument : str
        Name of the argument that is the rule, for the message.
    named : dict of str to Parameter
        Parameters by name.
    rule : callable or set of str
        A function of the name, or the names.

    Raises
    ------
    ConfigurationError
        The rule is neither, or a name is unknown.
    """
    if callable(rule):
        return [bool(rule(name)) for name in named]
    if not isinstance(rule, Collection) or isinstance(rule, str) or not set(rule) <= set(named):
        expected = f"a function of the name, or a set of names out of {sorted(named)}"
        todo = f"pass the names as a set, such as {argument}={{'weight'}}, or None for the default"
        raise ConfigurationError(got_expected(argument, repr(rule), expected, todo))
    return [name in rule for name in named]


class Segment(NamedTuple):
    """Parameters from `first` to `stop` with one rule that were updated equally often, with their parts of vectors."""

    first: int
    stop: int
    work: np.ndarray
    state: list[np.ndarray]


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
    # Calls a function on arrays, which it changes in place: a team of processes divides them.
    each: Each = staticmethod(in_threads)

    def __init__(
        self, parameters: Parameters, learning_rate: float, weight_decay: float = 0.0, decay: NameRule | None = None
    ) -> None:
        self._named = named_parameters(parameters)
        if not self._named:
            raise ConfigurationError(got_expected("parameters", "none", "at least one", "pass the network"))
        self.weight_decay = number_in_range("weight_decay", weight_decay, 0, example=0.01)
        self._parameters = list(self._named.values())
        # Biases and gains have one axis; weight decay on them only biases the model.
        is_array = [parameter.data.ndim >= 2 for parameter in self._parameters]
        self._decays = np.array(is_array if decay is None else chosen_by_name("decay", self._named, decay))
        # The arrays of the last step, the gradients that were found right then, and whether none was missing.
        self._arrays = arrays = [parameter.data for parameter in self._parameters]
        self._checked: list[np.ndarray | None] = [None] * len(arrays)
        self._is_complete = False
        self._step, self._updates = 0, [0] * len(arrays)
        self.learning_rate = learning_rate
        # Each vector holds all parameters end to end, so that an update takes only a few calls.
        self._bounds = [0, *np.cumsum([data.size for data in arrays]).tolist()]
        dtype = np.result_type(*(data.dtype for data in arrays))
        self._vectors = {slot: np.zeros(self._bounds[-1], dtype) for slot in ("work", *self.slots)}
        self._make_views()

    def _make_views(self) -> None:
        self._work, self._whole = self._pieces("work"), self._segments(self._arrays, [0] * len(self._arrays))
        self._is_even = len(set(self._updates)) == 1

    def _rules(self) -> list[bool]:
        """Return a mark of the rule of each parameter, where a subclass has two of them."""
        return [False] * len(self._arrays)

    def __getstate__(self) -> dict[str, Any]:
        # A copy needs views of its own vectors, and belongs to no team.
        return {name: value for name, value in vars(self).items() if name not in ("_work", "_whole", "each")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._make_views()

    @property
    def learning_rate(self) -> float:
        """Step length, zero or more; a schedule sets it before each update."""
        return self._rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._rate = float(number_in_range("learning_rate", value, 0, example=0.01))

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
        ConfigurationError
            The norm is not a positive number.
        ShapeError
            A gradient is complex, or its shape is not that of its parameter; no parameter has changed then.
        """
        if maximum_norm is not None and not (type(maximum_norm) is float and maximum_norm > 0):
            check_norm(maximum_norm)
        found = self._gradients()
        segments = self._whole if self._is_complete and self._is_even else self._segments(found, self._updates)
        norm = math.sqrt(sum([kernels.gather(found[s.first : s.stop], s.work) for s in segments]))
        if maximum_norm is not None:
            if not norm < math.inf:
                return norm
            if norm > maximum_norm:
                for s in segments:
                    kernels.scale(s.work, maximum_norm / norm)
        self._change(segments, self._rate)
        self._step += 1
        return None if maximum_norm is None else norm

    def _change(self, segments: list[Segment], rate: float) -> None:
        """Update the parameters of segments, whose gradients are in the work vector."""
        self._is_even = segments is self._whole
        for s in segments:
            count = self._updates[s.first] + 1
            self._updates[s.first : s.stop] = [count] * (s.stop - s.first)
            if self.weight_decay and not self.decoupled:
                self._add_decay(range(s.first, s.stop))
            self._update(s, rate, count)
        self._complete(segments, rate)
        keep = 1 - rate * self.weight_decay if self.decoupled else 1.0
        # The last, so that the weights are those before the step if it is interrupted until here.
        for s in segments:
            kernels.spread(s.work, self._arrays[s.first : s.stop], keep, self._decays[s.first : s.stop])

    @QUIET
    def _add_decay(self, positions: Iterable[int]) -> None:
        """Add the decay to gradients in the work vector, a small block at a time."""
        for i in positions:
            if self._decays[i]:
                pair, access = [self._work[i], self._arrays[i]], [["readwrite"], ["readonly"]]
                with np.nditer(pair, ["external_loop", "buffered", "zerosize_ok"], access, buffersize=4096) as blocks:  # type: ignore[arg-type]
                    for block, data in blocks:
                        block += self.weight_decay * data

    def clear_gradients(self) -> None:
        """Set the gradient of every parameter to None."""
        for parameter in self._parameters:
            parameter.grad = None

    def state(self) -> dict[str, np.ndarray]:
        """Return copies of all arrays that a bit-exact resume needs.

        Returns
        -------
        dict of str to ndarray
            Learning rate, counts and state arrays, by names such as "momentum/conv1.kernel".
        """
        return {name: array.copy() for name, array in (self._numbers() | self._slots()).items()}

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
        own = self._numbers() | self._slots()
        for name in sorted(set(state) | set(own)):
            live, array = pair = own.get(name), np.asarray(state[name]) if name in state else None
            if live is None or array is None or (array.shape, array.dtype) != (live.shape, live.dtype):
                expected, got = ("nothing" if a is None else f"{a.dtype} {a.shape}" for a in pair)
            elif name.split("/")[0] not in self.slots and not 0 <= array < np.inf:
                got, expected = array.item(), "a finite number, zero or more"
            else:
                continue
            todo = "load it into the same optimiser and model"
            raise CheckpointError(got_expected(f"optimiser state {name!r}", got, expected, todo))
        for name, live in self._slots().items():
            live[...] = state[name]
        self._step, self._rate = int(state["step"]), float(state["learning_rate"])
        self._updates = [int(state[f"updates/{name}"]) for name in self._named]
        self._is_even = len(set(self._updates)) == 1

    def _update(self, segment: Segment, rate: float, count: int) -> None:
        """Replace the gradient in the work vector by the change to add, at update number ``count``, counted from 1."""
        raise NotImplementedError

    def _complete(self, segments: list[Segment], rate: float) -> None:
        """Finish the changes in the work vector, where a subclass computes them for all segments together."""

    def _pieces(self, slot: str) -> list[np.ndarray]:
        pieces = np.split(self._vectors[slot], self._bounds[1:-1])
        return [v.reshape(p.data.shape) for v, p in zip(pieces, self._named.values(), strict=True)]

    def _numbers(self) -> dict[str, np.ndarray]:
        numbers = {"step": np.array(self._step, np.int64), "learning_rate": np.array(self._rate)}
        counts = zip(self._named, self._updates, strict=True)
        return numbers | {f"updates/{name}": np.array(count, np.int64) for name, count in counts}

    def _slots(self) -> dict[str, np.ndarray]:
        """Return views of the state arrays."""
        parts = {slot: zip(self._named, self._pieces(slot), strict=True) for slot in self.slots}
        return {f"{slot}/{name}": part for slot, pairs in parts.items() for name, part in pairs}

    def _gradients(self) -> list[Any]:
        """Return the gradient of each parameter, and note the arrays of the parameters."""
        arrays, found = list(map(_data, self._parameters)), list(map(_grad, self._parameters))
        # Arrays that stay in place are checked once, except that they can become read-only.
        is_known = all(map(is_, found, self._checked)) and all(map(is_, arrays, self._arrays))
        if not is_known or not all(map(_writeable, arrays)):
            self._check_sizes(arrays)
            self._checked = [checked_gradient(name, parameter) for name, parameter in self._named.items()]
            self._arrays, self._is_complete = arrays, all(grad is not None for grad in found)
        return found

    def _check_sizes(self, arrays: list[np.ndarray]) -> None:
        """Check arrays that took the place of others: the state belongs to the sizes that it was made for."""
        named_parameters(self._named)
        for name, array, first, stop in zip(self._named, arrays, self._bounds, self._bounds[1:], strict=False):
            if array.size != stop - first:
                todo = "make a new optimiser for parameters of other sizes"
                got = f"an array of {array.size} numbers"
                raise ShapeError(got_expected(f"parameter {name!r}", got, f"{stop - first}", todo))

    def _segments(self, found: Sequence[Any], counts: list[int]) -> list[Segment]:
        """Group neighbours with one rule and equal counts of updates, of the parameters that have a gradient."""
        segments, kinds = list[list[int]](), list(zip(counts, self._rules(), strict=True))
        for i in range(len(found)):
            if found[i] is None:
                continue
            if segments and segments[-1][1] == i and kinds[i - 1] == kinds[i]:
                segments[-1][1] = i + 1
            else:
                segments.append([i, i + 1])
        return [self._segment(*ends) for ends in segments]

    def _segment(self, first: int, stop: int) -> Segment:
        part = slice(self._bounds[first], self._bounds[stop])
        work, *state = (vector[part] for vector in self._vectors.values())
        return Segment(first, stop, work, state)


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

    @QUIET
    def _update(self, segment: Segment, rate: float, count: int) -> None:
        work = segment.work
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
        decay: NameRule | None = None,
    ) -> None:
        self.momentum, self.nesterov = number_in_range("momentum", momentum, 0, 1, example=0.9), nesterov
        super().__init__(parameters, learning_rate, weight_decay, decay)

    @QUIET
    def _update(self, segment: Segment, rate: float, count: int) -> None:
        # The state holds momentum * v, which both rules need next; this spares a second work vector.
        work, (velocity,) = segment.work, segment.state
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
        decay: NameRule | None = None,
    ) -> None:
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ConfigurationError(got_expected("betas", repr(betas), "two numbers", "pass betas=(0.9, 0.999), say"))
        self.betas = tuple(number_in_range(f"betas[{i}]", beta, 0, 1, example=0.9) for i, beta in enumerate(betas))
        self.epsilon = number_in_range("epsilon", epsilon, 1e-30, example=1e-8)  # smaller ones vanish in float32
        super().__init__(parameters, learning_rate, weight_decay, decay)

    def _update(self, segment: Segment, rate: float, count: int) -> None:
        # The state holds the averages without their factors 1 - beta. Those factors and the bias corrections are
        # joined in two scalars, which spares two passes and a second work vector.
        first, second = self.betas
        root = math.sqrt((1 - second**count) / (1 - second))
        scale = -rate * root * (1 - first) / (1 - first**count)
        gradient_sum, square_sum = segment.state
        kernels.adam(segment.work, gradient_sum, square_sum, (first, second), self.epsilon * root, scale)


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
        decay: NameRule | None = None,
    ) -> None:
        super().__init__(parameters, learning_rate, betas, epsilon, weight_decay, decay)
