"""Networks: a door with the only transform, and a body that stays in its domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from freqnet.autodiff import Tensor, no_grad
from freqnet.autodiff.tape import is_observed
from freqnet.checks import is_whole, require_room
from freqnet.display import Displayed
from freqnet.errors import ConfigurationError, DataWarning, SpaceError, got_expected, warn
from freqnet.kernels import KERNEL
from freqnet.kernels.threads import one_blas_thread
from freqnet.nn.containers import Sequential
from freqnet.nn.deploy import to_onnx
from freqnet.nn.door import Door
from freqnet.nn.head import Rescale
from freqnet.nn.measured import door_of
from freqnet.nn.module import (
    Features,
    Module,
    cache_token,
    changes_of_settings,
    draws_first_weights,
    evaluation,
    from_description,
)
from freqnet.nn.plans import Compiled, Plans, batch_axis, in_parts, plans_are_on
from freqnet.spaces import Axes, Space, counted_transforms, no_transforms
from freqnet.spaces.base import per_axis
from freqnet.spaces.condition import require_condition

if TYPE_CHECKING:
    import onnx


class State(NamedTuple):
    """One state of a network's arrays, as long as they are unchanged; it is the cache token of its constants."""

    values: np.ndarray
    of_samples: Plans
    of_spectra: Plans
    door: Door
    body: Module
    changes: int


class Network(Displayed):
    """A door and a body of layers that compute outputs from samples.

    The outputs are plain numbers, such as logits, if the body ends in a head; else they are signals.

    Parameters
    ----------
    door : Door
    body : Module
        Usually a `Sequential`, with a head at its end unless the outputs are signals. If its layers are built already,
        as in another network, an untrained copy is used.
    seed : int
        Seed of the initial weights.
    precision : dtype
        float32 for training, float64 for checking.

    Attributes
    ----------
    outputs : int
        Number of outputs, such as logits; of channels, where the outputs are signals.
    output_space : Space or None
        Space of the output signals; None where the outputs are plain numbers.
    output_names : tuple of str
        Names of the outputs, such as those of the classes, once the network is trained; empty if they are not known.
    transforms_inside : int
        Transforms counted inside the network so far; spectral networks forbid them.

    Raises
    ------
    ShapeError
        A layer cannot take its input, or one sample does not fit the memory.
    ConfigurationError
        One layer object stands in two places of the body.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> body = nn.Sequential((nn.Convolution(8), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    >>> network.predict(np.ones((2, 8, 8, 1))).shape
    (2, 10)
    >>> network.transforms_inside
    0
    """

    def __init__(self, door: Door, body: Module, seed: int = 0, precision: Any = np.float32) -> None:
        if not isinstance(door, Door) or not isinstance(body, Module):
            got, todo = f"a {type(door).__name__} and a {type(body).__name__}", "pass Network(door, Sequential((...)))"
            raise ConfigurationError(got_expected("network", got, "a Door and a layer", todo))
        _refuse_shared(body)
        if any(module.built for _, module in body.modules()):
            # Building the layers again would overwrite the trained weights of another network.
            body = from_description(body.describe())
        # One sample and its spectrum in double precision, with room to compute them.
        for grid in (door.grid, door.space.grid):
            require_room("grid", (*grid, door.channels), 64)
        self.door = door
        self.body = body
        self.precision = np.dtype(precision)
        require_condition(door.space, self.precision.name)
        self.transforms_inside = 0
        self.output_names: tuple[str, ...] = ()
        noise = door.noise(self.precision) if draws_first_weights() else None
        incoming = replace(door.signal, noise=noise)
        out = body.build(incoming, np.random.default_rng(seed), precision)
        self.output_space: Space | None = None if isinstance(out, Features) else out.space
        self.outputs = out.count if isinstance(out, Features) else out.channels
        self._state = self.new_state()
        self._lock = Lock()

    def __repr__(self) -> str:
        count = f"{len(self.layers) - 1} layers, {self.parameter_count():,} parameters"
        return f"Network({self.door.signal} to {self.outputs} outputs, {count}, {self.precision.name})"

    @property
    def body(self) -> Module:
        """The layers; usually a `Sequential` with a head at its end."""
        return self._body

    @body.setter
    def body(self, body: Module) -> None:
        self._body = body
        self._layers: list[Module] = []
        # Whether a network with this door and this body can be a plan.
        self._plannable: tuple[Door, bool] | None = None

    @property
    def _last(self) -> Module:
        """The last layer."""
        last = self._body
        while isinstance(last, Sequential) and last.layers:
            last = last.layers[-1]
        return last

    @property
    def has_units(self) -> bool:
        """Whether the network ends in a `Rescale`."""
        return isinstance(self._last, Rescale)

    @property
    def units(self) -> tuple[np.ndarray, np.ndarray]:
        """Scale and offset of the outputs, both ``(outputs,)``: those of a `Rescale` at the end, else 1 and 0."""
        last = self._last
        found = (last.scale, last.offset) if isinstance(last, Rescale) else (1.0, 0.0)
        scale, offset = (np.broadcast_to(np.array(n, float), (self.outputs,)).copy() for n in found)
        return scale, offset

    @property
    def layers(self) -> list[Module]:
        """All layers of the body, also those inside of others."""
        if not self._layers:
            self._layers = [module for _, module in self._body.modules()]
        return self._layers

    def __getstate__(self) -> dict[str, Any]:
        # A copy needs a lock of its own, and plans of its own arrays.
        return {name: value for name, value in vars(self).items() if name not in ("_lock", "_state")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=Lock())
        self._state = self.new_state()

    @contextmanager
    def guard(self, counts: bool = True) -> Iterator[None]:
        """Forbid transforms inside a spectral network; in the other domains, add them to `transforms_inside`.

        With ``counts=False`` they are not added, as for measurements of the network.
        """
        space = self.door.space
        if space.is_spectral and not space.switches:
            with no_transforms():
                yield
            return
        with counted_transforms() as counter:
            yield
        if counts:
            with self._lock:
                self.transforms_inside += counter.count

    def analyse(self, samples: Any) -> Tensor:
        """Pass samples ``(batch, *grid, channels)`` through the door: see `Door.analyse`."""
        return self.door.analyse(samples, self.precision)

    def __call__(self, spectra: Tensor) -> Tensor:
        """Compute outputs ``(batch, outputs)``, or signals, from the spectra that the door made.

        Raises
        ------
        SpaceError
            The argument is not a tensor, or its space is not the door's.
        """
        self._require_own(spectra)
        with self.guard():
            return self.body(spectra)

    def _require_own(self, spectra: Any) -> None:
        if not isinstance(spectra, Tensor):
            raise SpaceError(
                got_expected(
                    "network", type(spectra).__name__, "spectra", "pass samples through analyse(), or predict()"
                )
            )
        if spectra.space != self.door.space:
            todo = "pass samples through analyse()"
            raise SpaceError(
                got_expected(
                    "network", spectra.space or "plain numbers", f"the space of its door, {self.door.space}", todo
                )
            )

    def predict(self, samples: Any, batch: int = 250, grid: Axes | int | None = None) -> np.ndarray:
        """Return the outputs of samples ``(batch, *grid, channels)``, in evaluation mode.

        The network's own mode does not change. Several threads and asynchronous tasks may use one network at once.

        Parameters
        ----------
        samples : array_like
            Values as in the training set. Whole numbers are divided by the door's `full_scale`, floats are not.
        batch : int
            Samples computed at a time where the network does not run as a plan.
        grid : int or tuple of int, optional
            Where the outputs are signals, the number of samples along each axis to return them on, by default that of
            the door. A finer grid interpolates within the band; a coarser one has fewer points of the same signal, or
            in domains of samples the signal after a low-pass.

        Returns
        -------
        numpy.ndarray
            Plain numbers ``(batch, outputs)``, such as logits, or samples ``(batch, *grid, outputs)`` of signals; with
            a `MeasuredDoor` these are frequency bins, as at the door.

        Raises
        ------
        ConfigurationError
            The batch is not a whole number of 1 or more, or a grid is given although the outputs are plain numbers.
        DataError
            The samples are not finite real numbers.
        ShapeError
            The samples have the wrong number of axes or channels, or too few samples for the band; or the domain has no
            outputs on the grid.

        Warns
        -----
        DataWarning
            Values lie far outside the range of the training set, or far closer together, or outputs are not finite.
        """
        with self.constants() as state:
            return self.predict_in(state, samples, batch, grid)

    def predict_in(self, state: State, samples: Any, batch: int = 250, grid: Axes | int | None = None) -> np.ndarray:
        """Return the outputs of samples while the arrays of the network are those of a state."""
        sizes = self._output_grid(grid)
        found = self._outputs(state, state.of_samples, self.door.read(samples), batch)
        if not np.isfinite(found).all():
            _tell_not_finite(found, 0 if self.output_space is None else found.ndim - 2)
        return found if sizes is None else self.sampled(found, sizes)

    def _output_grid(self, grid: Axes | int | None) -> Axes | None:
        """Return the number of samples along each axis of outputs; None where these are plain numbers."""
        if self.output_space is None:
            if grid is not None:
                got, todo = f"{grid} for {self.outputs} outputs that are plain numbers", "leave it out"
                raise ConfigurationError(got_expected("grid", got, "none", todo))
            return None
        sizes = self.usual_output_grid if grid is None else per_axis(grid, len(self.door.grid), "grid")
        self.padded(sizes)
        return sizes

    @property
    def usual_output_grid(self) -> Axes:
        """Number of samples along each axis on which output signals are returned by default."""
        return self.door.pooled if self.door.space.has_nodes else self.door.grid

    def padded(self, grid: Axes) -> Axes:
        """Return a grid of output signals with room for the zeros that the door adds after samples, in proportion.

        Raises
        ------
        ConfigurationError
            A size is below 1, or does not fit the zeros that the door adds.
        ShapeError
            The domain has samples on one grid only.
        """
        door, usual = self.door, self.usual_output_grid
        scaled = [(n * whole, own) for n, whole, own in zip(grid, door.space.grid, door.pooled, strict=True)]
        is_uneven = any(n % own for n, own in scaled)
        if min(grid) < 1 or is_uneven:
            expected = "1 or more samples along each axis" + (f", in whole steps of {door.pooled}" if is_uneven else "")
            raise ConfigurationError(got_expected("grid", grid, expected, f"pass grid={usual}"))
        door.space.check_resolution(grid, usual)
        require_room("grid", (*grid, self.outputs), 64)
        return tuple(n // own for n, own in scaled)

    def sampled(self, outputs: np.ndarray, grid: Axes) -> np.ndarray:
        """Return the samples ``(batch, *grid, outputs)`` of output signals ``(*modes, batch, outputs)`` on a grid.

        This transforms, after the network. With a `freqnet.nn.MeasuredDoor` it does not: samples are then frequency
        bins, as at the door.
        """
        assert self.output_space is not None
        found = self.door.samples_of(Tensor(outputs, self.output_space), self.padded(grid)).data
        return np.ascontiguousarray(found[(slice(None), *map(slice, grid))])

    def infer(self, spectra: Tensor, batch: int = 250) -> np.ndarray:
        """Return the outputs of spectra from `analyse`, in evaluation mode.

        The network's own mode does not change.

        Parameters
        ----------
        spectra : Tensor
            Signals ``(*modes, batch, channels)`` in the space of the door.
        batch : int
            Examples computed at a time where there is no plan.

        Returns
        -------
        numpy.ndarray
            Plain numbers ``(batch, outputs)``, or signals ``(*modes, batch, outputs)`` in `output_space`.
        """
        with self.constants() as state:
            return self.infer_in(state, spectra, batch)

    def infer_in(self, state: State, spectra: Tensor, batch: int = 250) -> np.ndarray:
        """Return the outputs of spectra while the arrays of the network are those of a state."""
        self._require_own(spectra)
        return self._outputs(state, state.of_spectra, spectra, batch)

    def compile(self, storage: str = "float32") -> Compiled:
        """Return a function that predicts with the present weights, faster than `predict` for few samples.

        `predict` looks at every call whether the weights have changed; the compiled network is a copy, and does not.
        Where the network does not run as a plan (`can_plan`), the copy is about as fast as `predict`.

        Parameters
        ----------
        storage : {"float32", "bfloat16"}
            How responses of convolutions are stored. ``"bfloat16"`` takes half the memory and keeps 8 binary digits
            instead of 24; sums are in float32. Inside `tape_only` responses are not rounded.

        Raises
        ------
        ConfigurationError
            The storage is not known; or it is bfloat16, and the network is not in the Fourier domain and float32, or
            does not run as a plan.

        Examples
        --------
        >>> import numpy as np
        >>> from freqnet import nn
        >>> body = nn.Sequential((nn.Convolution(8), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
        >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
        >>> compiled = network.compile()
        >>> samples = np.random.default_rng(0).normal(size=(2, 8, 8, 1))
        >>> bool(np.array_equal(compiled(samples), network.predict(samples)))
        True
        """
        return Compiled(self, storage)

    def to_onnx(
        self, part: str = "network", storage: str = "float32", metadata: Mapping[str, Any] | None = None
    ) -> onnx.ModelProto:
        """Return the network as an ONNX model, in real arithmetic with standard operators, for batches of any size.

        The input is ``samples``, floats ``(batch, *grid, channels)`` in the precision and in the unit of the training
        set: the model standardises them, but does not divide whole numbers by `Door.full_scale`. The output is
        ``outputs``, as `predict` returns them. The model carries, as text in JSON, the names of its outputs, the range
        of the training set, the grid and other facts.

        Parameters
        ----------
        part : {"network", "door", "body"}
            The whole network; or the door alone, from samples to ``spectra``; or the body alone, from these to outputs.
            Spectra are the numbers that `analyse` returns, ``(*modes, batch, channels)``, and complex ones are pairs
            along a last axis.
        storage : {"float32", "float16"}
            How weights are stored. ``"float16"`` takes half the memory and keeps 11 binary digits; the model computes
            in the precision of the network.
        metadata : mapping of str to Any
            Further plain data for the model to carry.

        Returns
        -------
        onnx.ModelProto

        Raises
        ------
        ConfigurationError
            The package onnx is missing, a part or storage is not known, an op has no rule (`freqnet.onnx.rule`), a
            weight is not finite, or the model is larger than 2 GB.

        Examples
        --------
        ``Path("model.onnx").write_bytes(model.SerializeToString())`` writes the file.

        >>> from freqnet import nn
        >>> body = nn.Sequential((nn.Convolution(8), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10)))
        >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
        >>> model = network.to_onnx()
        >>> [node.name for node in (*model.graph.input, *model.graph.output)]
        ['samples', 'outputs']
        """
        return to_onnx(self, part, storage, metadata or {})

    def _outputs(self, state: State, plans: Plans, examples: Tensor, batch: int) -> np.ndarray:
        if not is_whole(batch) or batch < 1:
            raise ConfigurationError(
                got_expected("batch", repr(batch), "a whole number of 1 or more", "pass batch=250")
            )
        if examples.data.size and self.can_plan:
            return plans(examples, lambda: self._evaluated(state))
        with self._evaluated(state):
            found = [plans.function(part) for part in in_parts(examples, batch)]
        return np.concatenate([part.data for part in found], batch_axis(found[0])) if found else self._no_outputs()

    def _no_outputs(self) -> np.ndarray:
        """Return the outputs of no examples."""
        space = self.output_space
        if space is None:
            return np.zeros((0, self.outputs), self.precision)
        return np.zeros((*space.shape, 0, self.outputs), space.dtype(self.precision))

    def _from_samples(self, samples: Tensor) -> Tensor:
        return self(self.door.transform(samples, self.precision))

    @property
    def can_plan(self) -> bool:
        """Whether the network runs as kernel calls in a row (`freqnet.plan`), now and in its present mode.

        There must be kernels for its domain, its layers must run the same ops every time, and nobody may watch the ops.
        """
        if self._plannable is None or self._plannable[0] is not self.door:
            self._plannable = self.door, self._has_kernels and all(layer.is_static for layer in self.layers)
        return self._plannable[1] and plans_are_on() and not is_observed()

    @property
    def _has_kernels(self) -> bool:
        space = self.door.space
        return KERNEL != "numpy" and space.has_kernels and not space.switches

    def obstacle_to_plans(self) -> str:
        """Return why the network does not run as a plan, for messages; empty if it does."""
        names = self.layers_without_plan()
        reasons = {
            "no compiled kernels": KERNEL == "numpy",
            f"the domain {self.door.domain}": not self._has_kernels,
            f"{', '.join(names)} without is_static": bool(names),
            "a block with tape_only or an observer": not plans_are_on() or is_observed(),
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    def layers_without_plan(self) -> list[str]:
        """Return the names of the classes of layers that do not say that they are static."""
        return sorted({type(layer).__name__ for layer in self.layers if not layer.is_static})

    @contextmanager
    def inference(self) -> Iterator[None]:
        """Compute without a tape, in evaluation mode, keeping constants, with one thread of BLAS."""
        with self.constants() as state, self._evaluated(state):
            yield

    @contextmanager
    def _evaluated(self, state: State) -> Iterator[None]:
        reset = cache_token.set(state)
        try:
            with evaluation(), no_grad(), one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
                yield
        finally:
            cache_token.reset(reset)

    @contextmanager
    def constants(self) -> Iterator[State]:
        """Let layers cache tensors that depend only on the network's arrays, for evaluation.

        The cache lasts from one block to the next while the arrays are unchanged. It is cleared if an array changes
        inside the block, as when another thread trains the network.
        """
        values, state = self._values(), self._state
        same = state.changes == changes_of_settings() and state.door is self.door and state.body is self.body
        if not same or not np.array_equal(values, state.values):
            state = self._state = self.new_state(values)
        reset = cache_token.set(state)
        try:
            yield state
        finally:
            cache_token.reset(reset)
            # The thread that changed an array may have ended since.
            if not np.array_equal(values, self._values()):
                self._state = self.new_state()

    def new_state(self, values: np.ndarray | None = None, storage: str = "float32") -> State:
        """Return a state without constants and plans, for the values of all arrays."""
        samples, spectra = (Plans(function, self.precision, storage) for function in (self._from_samples, self))
        values = np.zeros(0) if values is None else values
        return State(values, samples, spectra, self.door, self.body, changes_of_settings())

    def _values(self) -> np.ndarray:
        arrays = [p.data for layer in self.layers for p in layer.parameters.values()]
        arrays += [array for layer in self.layers for array in layer.state.values()]
        return np.concatenate([array.ravel() for array in arrays] or [np.zeros(0)])

    def train(self, mode: bool = True) -> None:
        """Switch to training mode (batch statistics, dropout), or with False to evaluation mode."""
        self.body.train(mode)

    def named_parameters(self) -> dict[str, Tensor]:
        """Return every trained tensor under its path, in the form that optimisers expect."""
        return self.body.named_parameters()

    def parameter_count(self) -> int:
        """Return the number of trained real numbers."""
        return sum(p.data.size for p in self.body.named_parameters().values())

    def arrays(self) -> dict[str, np.ndarray]:
        """Return all arrays of the network, parameters and running statistics, under their paths."""
        return self.body.arrays()

    def describe(self) -> dict[str, Any]:
        """Return the network as plain data, without its weights."""
        return {"door": asdict(self.door), "body": self.body.describe(), "precision": self.precision.name}

    @classmethod
    def from_description(cls, description: dict[str, Any], seed: int = 0) -> Network:
        """Make a network with new weights from the plain data that `describe` returns.

        Raises
        ------
        ConfigurationError
            The description lacks an entry, or names an unknown layer, field, domain or precision.
        """
        try:
            fields: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in description["door"].items()}
            door = door_of(fields)
            body, precision = from_description(description["body"]), _known_precision(description["precision"])
        except (KeyError, TypeError, AttributeError) as error:
            expected, todo = "door, body and precision", "pass what describe() returned"
            raise ConfigurationError(got_expected("network description", repr(error), expected, todo)) from None
        return cls(door, body, seed, precision)


def _tell_not_finite(outputs: np.ndarray, axis: int) -> None:
    broken = ~np.isfinite(outputs).all(axis=tuple(i for i in range(outputs.ndim) if i != axis))
    got = f"{int(broken.sum())} of {len(broken)} samples whose outputs are not finite, the first at {np.argmax(broken)}"
    todo = "scale the samples like those of training, or train with a lower learning rate"
    warn(got_expected("predict", got, "finite outputs", todo), DataWarning)


def _known_precision(name: Any) -> np.dtype:
    if name not in ("float32", "float64"):
        todo = "pass what describe() returned"
        expected = "the precision 'float32' or 'float64'"
        raise ConfigurationError(got_expected("network description", repr(name), expected, todo))
    return np.dtype(name)


def _refuse_shared(body: Module) -> None:
    """Raise `ConfigurationError` if one layer object stands in two places: it has one set of parameters only."""
    seen: dict[int, str] = {}
    for path, module in body.modules():
        if id(module) in seen:
            raise ConfigurationError(
                got_expected(
                    f"layer {path}",
                    f"the same object as layer {seen[id(module)]}",
                    "an object of its own",
                    f"make another {type(module).__name__}",
                )
            )
        seen[id(module)] = path
