"""The base class of layers, their registry, and the signals and features that pass between them.

A layer declares its settings as dataclass fields. `Module.build` takes a description of the input (a `Signal` or
`Features`), makes the parameters, and returns a description of the output. Wrong sizes therefore raise before training.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, is_dataclass, replace
from math import inf, prod
from operator import attrgetter
from textwrap import shorten
from typing import Any, ClassVar, TypeVar

import numpy as np

from freqnet.autodiff import Tensor, is_watched, no_grad
from freqnet.autodiff.tensor import Parameter
from freqnet.checks import is_whole, plain_value, require_room
from freqnet.errors import CheckpointError, ConfigurationError, ShapeError, did_you_mean, got_expected
from freqnet.spaces import Axes, Space


@dataclass(frozen=True)
class Signal:
    """The description of a signal between layers.

    Attributes
    ----------
    space : Space
    channels : int
    noise : Tensor, optional
        What the layers so far make of white noise at the door, ``(*modes, batch, channels)``. A convolution draws its
        first weights for it.
    """

    space: Space
    channels: int
    noise: Tensor | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.channels} channels of {self.space}"


def noise_of(signal: Signal) -> Tensor | None:
    """Return the noise of a signal, without the modes that a layer dropped after it was computed."""
    noise = signal.noise
    if noise is None or noise.space.band == signal.space.band:
        return noise
    return Tensor(noise.space.change_band(noise.data, signal.space.band), signal.space)


@dataclass(frozen=True)
class Features:
    """The description of plain numbers between layers.

    Attributes
    ----------
    count : int
        Length of the last axis of ``(batch, count)``.
    """

    count: int

    def __str__(self) -> str:
        return f"{self.count} features"


LAYERS: dict[str, type[Module]] = {}
Layer = TypeVar("Layer", bound="type[Module]")


def layer(cls: Layer) -> Layer:
    """Register a layer under its class name; descriptions and the contract tests use the registry.

    Raises
    ------
    ConfigurationError
        Another module has registered a layer of this name.
    """
    known = LAYERS.get(cls.__name__)
    # A notebook may define the same layer again; another module must use another name.
    if known is not None and known.__module__ != cls.__module__:
        raise ConfigurationError(got_expected("layer name", cls.__name__, "a new name", "rename the class"))
    LAYERS[cls.__name__] = cls
    return cls


# The cache token of constants: valid while the network's arrays are unchanged.
cache_token: ContextVar[object | None] = ContextVar("cache_token", default=None)
_mode = attrgetter("_training")
_evaluating: ContextVar[bool] = ContextVar("evaluating", default=False)


_most_weights: ContextVar[float] = ContextVar("most_weights", default=inf)


@contextmanager
def weights_up_to(count: int) -> Iterator[None]:
    """Let `Module.reserve` refuse arrays of more than `count` numbers inside the block.

    A file that holds a network's weights tells how many there are: its description cannot ask for more.
    """
    token = _most_weights.set(count)
    try:
        yield
    finally:
        _most_weights.reset(token)


def draws_first_weights() -> bool:
    """Return whether the weights that `Module.build` draws are those to train, and none will be loaded over them."""
    return _most_weights.get() == inf


@contextmanager
def evaluation() -> Iterator[None]:
    """Compute all layers in evaluation mode inside the block.

    The mode belongs to the context (`contextvars`): another thread or task may train the same layers meanwhile.

    Examples
    --------
    >>> from freqnet import nn
    >>> norm = nn.PowerNorm()
    >>> norm.train()
    >>> with nn.evaluation():
    ...     norm.training
    False
    >>> norm.training
    True
    """
    token = _evaluating.set(True)
    try:
        yield
    finally:
        _evaluating.reset(token)


@contextmanager
def kept_state(body: Module) -> Iterator[None]:
    """Give the layers their running statistics and the states of their generators back when the block ends."""
    arrays = {name: array.copy() for name, array in body.named_state().items()}
    generators = [layer.generator.bit_generator for _, layer in body.modules() if layer.generator is not None]
    states = [generator.state for generator in generators]
    try:
        yield
    finally:
        for name, array in body.named_state().items():
            array[...] = arrays[name]
        for generator, state in zip(generators, states, strict=True):
            generator.state = state


def require_registered(body: Module) -> None:
    """Raise `ConfigurationError` if a layer cannot be read back from a file: it is no dataclass, or not registered."""
    for path, module in body.modules():
        if LAYERS.get(type(module).__name__) is not type(module) or not is_dataclass(module):
            todo = "write @nn.layer and @dataclass(eq=False) above its class"
            name = type(module).__name__
            raise ConfigurationError(got_expected(f"layer {path or name}", name, "a registered dataclass", todo))


def modes_of(layers: Iterable[Module]) -> tuple[bool, ...]:
    """Return whether each layer is in training mode: their `training`, at less cost."""
    modes = tuple(map(_mode, layers))
    return (False,) * len(modes) if _evaluating.get() else modes


class _Changes:
    count = 0


def changes_of_settings() -> int:
    """Return how many settings of built layers have changed so far, of any network: what was recorded may be stale."""
    return _Changes.count


class Module(ABC):
    """The base class of layers.

    A layer of your own makes its parameters and describes its output in ``_build``, and computes it in ``forward``.

    Attributes
    ----------
    parameters : dict of str to Tensor
        Trained arrays.
    state : dict of str to numpy.ndarray
        Arrays that are stored but not trained, such as running statistics.
    generator : numpy.random.Generator or None
        Source of randomness in training: that of `set_generator`, else the layer's own, which `build` makes. None
        before either.
    precision : dtype
        Precision of the parameters.
    built : bool
        Whether `build` has been called.
    kept : tuple of int or None
        Band of the output where it is narrower than that of the input: see `keep`.
    is_static : bool
        Whether `forward` runs the same ops on the same arrays every time: no random numbers, no choices by value, no
        arithmetic on arrays outside of ops. Networks of such layers run as a plan (`freqnet.plan`). Each class says it
        for itself, also a derived one: set it in a layer of your own that keeps this rule.
    changes_in_training : bool
        Whether outputs in training are others than in evaluation, as those of dropout. Running statistics of layers
        after it are then measured in evaluation mode.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from freqnet import nn
    >>> @nn.layer
    ... @dataclass(eq=False)
    ... class Gain(nn.Module):
    ...     is_static = True
    ...     start: float = 1.0
    ...
    ...     def _build(self, incoming, generator):
    ...         self.add_parameter("gain", np.full((1, incoming.channels), self.start))
    ...         return incoming
    ...
    ...     def forward(self, x):
    ...         return x * self.parameters["gain"]
    >>> print(Gain(2.0).build(nn.Signal(nn.Door("fourier", (8,), (3,), 1).space, 4), np.random.default_rng(0)))
    4 channels of fourier signal, grid 8, band 3
    >>> _ = nn.LAYERS.pop("Gain")
    """

    is_static: ClassVar[bool] = False
    changes_in_training: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.is_static = vars(cls).get("is_static", False)

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)
        if self.__dict__.get("built") and name in getattr(type(self), "__dataclass_fields__", ()):
            _Changes.count += 1

    def __init__(self) -> None:
        # Layers with settings are dataclasses and have an __init__ of their own.
        self.__post_init__()

    def __post_init__(self) -> None:
        self._make_plain()
        self.parameters: dict[str, Tensor] = {}
        self.state: dict[str, np.ndarray] = {}
        self._training = False
        self._own_generator: np.random.Generator | None = None
        self._set_generator: np.random.Generator | None = None
        self.precision: Any = np.float32
        self.built = False
        self.kept: Axes | None = None
        self._constants: dict[str, tuple[object, Space, Tensor]] = {}

    def _make_plain(self) -> None:
        """Turn the settings into plain data, so that a network that can be built can also be saved."""
        if not is_dataclass(self):
            return
        for name in (f.name for f in fields(self)):
            before = getattr(self, name, None)
            after = plain_value(name, before, _is_layer)
            if after is not before:
                setattr(self, name, after)

    @abstractmethod
    def _build(self, incoming: Any, generator: np.random.Generator) -> Signal | Features:
        """Make parameters and state; return the description of the output."""

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Compute the layer."""

    def build(self, incoming: Signal | Features, generator: np.random.Generator, precision: Any = np.float32) -> Any:
        """Make the layer's parameters for an input.

        Parameters
        ----------
        incoming : Signal or Features
            Description of the input.
        generator : numpy.random.Generator
            Draws the initial weights. Its seed also gives the layer a source of randomness of its own; NumPy's older
            generators cannot give one, and a layer that is random in training then asks for `set_generator`.
        precision : dtype
            float32 for training, float64 for checking.

        Returns
        -------
        Signal or Features
            Description of the output.

        Raises
        ------
        ShapeError
            The layer cannot take this input.
        ConfigurationError
            A setting is not plain data, such as a function.
        """
        # Settings may have changed since the layer was made.
        self._make_plain()
        self.parameters, self.state, self.precision, self.kept = {}, {}, precision, None
        self._own_generator = _spawned(generator)
        out = self._build(incoming, generator)
        self.built = True
        if isinstance(out, Signal) and isinstance(incoming, Signal) and out.noise is None:
            return replace(out, noise=self._tried(incoming))
        return out

    def _tried(self, incoming: Signal) -> Tensor | None:
        """Return what the layer makes of the noise; None where that is not finite or fails, as a call would tell."""
        noise = noise_of(incoming)
        if noise is None:
            return None
        try:
            with no_grad(), evaluation(), np.errstate(all="ignore"):
                out = self.forward(noise)
        except Exception:
            return None
        return out if np.isfinite(out.data).all() else None

    def __call__(self, x: Tensor) -> Tensor:
        """Compute the layer.

        Raises
        ------
        ConfigurationError
            The layer is not built, or its `forward` returns no tensor.
        """
        try:
            out = self.forward(x)
        except KeyError:
            # Layers without parameters work unbuilt; the others fail to look up a parameter.
            if self.built:
                raise
            what = f"layer {type(self).__name__}"
            raise ConfigurationError(
                got_expected(what, "a call before build", "a built layer", "put it in a Network, or call its build()")
            ) from None
        if not isinstance(out, Tensor):
            todo = "compute it with freqnet.ops, or wrap it as Tensor(array, space)"
            got = f"a {type(out).__name__} from forward"
            raise ConfigurationError(got_expected(f"layer {type(self).__name__}", got, "a Tensor", todo))
        return out

    @property
    def product_degree(self) -> int:
        """Largest degree of the products of signals that the layer computes; 1 for a linear layer.

        On n samples, products alias into the band unless ``n > (product_degree + 1) * band``.
        """
        return 1

    def kept_band(self, space: Space) -> Axes:
        """Return the band of the input that the layer uses: all of it, unless the layer is a low-pass."""
        return space.band

    def keep(self, out: Signal, band: Axes) -> Signal:
        """Restrict the output to the band that the next layer uses, where the layer can; return its new description.

        `Sequential` calls this after `build`, with the `kept_band` of the next layer.
        """
        return out

    @property
    def training(self) -> bool:
        """Whether the layer computes in training mode (batch statistics, dropout)."""
        return self._training and not _evaluating.get()

    @training.setter
    def training(self, mode: bool) -> None:
        self._training = mode

    def constant(self, name: str, space: Space, make: Callable[[], Tensor]) -> Tensor:
        """Return a tensor that depends only on the layer's arrays and a signal's space.

        Inside ``Network.constants()`` the tensor is cached; elsewhere `make` is called every time.
        """
        token = cache_token.get()
        if token is None or is_watched():
            return make()
        kept = self._constants.get(name)
        if kept is None or kept[0] is not token or kept[1] != space:
            kept = self._constants[name] = token, space, make()
        return kept[2]

    def add_parameter(self, name: str, values: np.ndarray) -> None:
        """Store a trainable array under a name, in the layer's precision."""
        self.parameters[name] = Parameter(np.ascontiguousarray(values, dtype=self.precision), requires_grad=True)

    def reserve(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of an array of weights after checking that it can be made; call this before drawing it.

        Parameters
        ----------
        name : str
            The settings that give the array its size, for the message.
        shape : tuple of int

        Raises
        ------
        ShapeError
            The array does not fit the memory, or is larger than those that `weights_up_to` allows.
        """
        require_room(name, shape)
        most = _most_weights.get()
        if prod(shape) > most:
            got, todo = f"{prod(shape)} weights in {type(self).__name__}", f"pass a smaller {name}"
            raise ShapeError(got_expected(name, got, f"at most {most}, as many as are there", todo))
        return shape

    def children(self) -> Iterator[tuple[str, Module]]:
        """Yield (name, layer) for each layer inside this one."""
        yield from ()

    def modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """Yield (path, layer) for this layer and all layers inside it."""
        yield prefix, self
        for name, child in self.children():
            yield from child.modules(f"{prefix}.{name}" if prefix else name)

    def named_parameters(self) -> dict[str, Tensor]:
        """Return every trainable tensor under its path, such as ``"0.kernel"``."""
        return {_path(path, name): p for path, module in self.modules() for name, p in module.parameters.items()}

    def named_state(self) -> dict[str, np.ndarray]:
        """Return every array that is stored but not trained (running statistics) under its path."""
        return {_path(path, name): s for path, module in self.modules() for name, s in module.state.items()}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return every array of this layer and of all layers inside it, parameters and state, under its path."""
        return {name: p.data for name, p in self.named_parameters().items()} | self.named_state()

    def train(self, mode: bool = True) -> None:
        """Switch this layer and all layers inside it to training mode, or with False to evaluation mode."""
        for _, module in self.modules():
            module.training = mode

    @property
    def generator(self) -> np.random.Generator | None:
        """The source of randomness in training: that of `set_generator`, else the layer's own."""
        return self._own_generator if self._set_generator is None else self._set_generator

    @generator.setter
    def generator(self, generator: np.random.Generator | None) -> None:
        self._set_generator = generator

    def set_generator(self, generator: np.random.Generator | None) -> None:
        """Set one source of randomness that all layers share in training; None returns to each layer's own."""
        for _, module in self.modules():
            module.generator = generator

    def describe(self) -> dict[str, Any]:
        """Return the layer's class and fields as plain data; `from_description` is the inverse."""
        if not is_dataclass(self):
            require_registered(self)
        self._make_plain()
        values = {f.name: _encode(getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]
        return {"layer": type(self).__name__, **values}

    def load_arrays(self, arrays: dict[str, np.ndarray]) -> None:
        """Copy arrays into the parameters and the state, in place.

        Raises
        ------
        CheckpointError
            Names or shapes differ from the layer's own, or an array holds no finite real numbers; no array has changed
        then.
        """
        targets = self.arrays()
        if targets.keys() != arrays.keys():
            odd = sorted(targets.keys() ^ arrays.keys())
            raise CheckpointError(
                got_expected(
                    "weights",
                    f"other names ({', '.join(odd[:3])})",
                    "the names of this model's arrays",
                    "load a checkpoint of this model",
                )
            )
        given = {name: np.asarray(array) for name, array in arrays.items()}
        for name, target in targets.items():
            _check_loaded(name, given[name], target)
        for name, target in targets.items():
            target[...] = given[name]


def from_description(description: dict[str, Any]) -> Module:
    """Make an unbuilt layer from the plain data that `Module.describe` returns.

    Raises
    ------
    ConfigurationError
        The description names an unknown layer or field.

    Examples
    --------
    >>> from freqnet import nn
    >>> nn.from_description(nn.TruncationPool(5).describe())
    TruncationPool(size=5)
    """
    values = dict(description)
    name = values.pop("layer", None)
    if name not in LAYERS:
        todo = "register a layer of your own with @nn.layer before loading the model"
        # The names are more than a line can hold.
        known = shorten(" or ".join(sorted(LAYERS)), 300, placeholder=" ...")
        raise ConfigurationError(got_expected("layer", repr(name), known, did_you_mean(name, LAYERS, todo)))
    try:
        return LAYERS[name](**{key: _decode(value) for key, value in values.items()})
    except TypeError as error:
        raise ConfigurationError(
            got_expected(f"layer {name}", error, "its declared fields", "pass what describe() returned")
        ) from None


def require_incoming(incoming: Any, kind: type, what: str) -> Any:
    """Return the description of the input, or raise `ShapeError` if it is not of this kind."""
    if not isinstance(incoming, kind):
        expected = "a signal (before the head)" if kind is Signal else "features (after a head)"
        todo = "move the layer before the head" if kind is Signal else "put a head such as GlobalAverage() before it"
        raise ShapeError(got_expected(what, str(incoming), expected, todo))
    return incoming


def positive(count: int, what: str) -> int:
    """Return a count of channels or features, or raise `ShapeError` if it is not a positive whole number."""
    if not is_whole(count) or count < 1:
        raise ShapeError(got_expected(what, repr(count), "a whole number of at least 1", f"pass {what}=8"))
    return count


def _check_loaded(name: str, array: np.ndarray, target: np.ndarray) -> None:
    """Raise `CheckpointError` unless an array can replace another one."""
    todo = "load a checkpoint of this model"
    if array.shape != target.shape:
        raise CheckpointError(got_expected(f"weights {name}", array.shape, target.shape, todo))
    if array.dtype.kind not in "fiub":
        raise CheckpointError(got_expected(f"weights {name}", array.dtype, "real numbers", todo))
    if not np.isfinite(array).all():
        got = "numbers that are not finite"
        raise CheckpointError(got_expected(f"weights {name}", got, "finite numbers", "load one that was saved before"))


def _spawned(generator: Any) -> np.random.Generator | None:
    """Return a generator that follows from the seed of another, whose draws stay as they are; None if it cannot."""
    try:
        return generator.spawn(1)[0]  # type: ignore[no-any-return]
    except (AttributeError, TypeError):
        # RandomState and generators over its bits have no seed to derive another from; they still draw weights. Layers
        # that draw nothing are built without a generator.
        return None


def require_layer(name: str, value: Any) -> None:
    """Raise `ConfigurationError` unless a value, called by its name in the message, is a layer."""
    if not isinstance(value, Module):
        todo = "make an instance of it"
        raise ConfigurationError(got_expected(name, repr(value), "a layer such as PowerNorm()", todo))


def _path(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _is_layer(value: Any) -> bool:
    return isinstance(value, Module)


def _encode(value: Any) -> Any:
    if isinstance(value, Module):
        return value.describe()
    if isinstance(value, tuple):
        return [_encode(v) for v in value]
    if isinstance(value, dict):
        return {name: _encode(v) for name, v in value.items()}
    return value


def _decode(value: Any) -> Any:
    if isinstance(value, dict):
        if "layer" in value:
            return from_description(value)
        return {name: _decode(v) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return tuple(_decode(v) for v in value)
    return value
