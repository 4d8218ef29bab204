"""Default networks and training settings for a dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.checks import is_finite, is_whole, listed, shown
from freqnet.data import DATASETS, EQUATIONS, Dataset
from freqnet.data.measured import units_of_bins
from freqnet.errors import ConfigurationError, DataError, did_you_mean, got_expected
from freqnet.nn import (
    ChannelDropout,
    Convolution,
    DataConsistency,
    Dense,
    Door,
    FourierSeries,
    FrequencyDropout,
    Gaussian,
    GlobalAverage,
    Linearized,
    MagnitudeGain,
    MeasuredDoor,
    Module,
    Network,
    PhaseGate,
    Pointwise,
    Polynomial,
    PowerNorm,
    PowerSpectrum,
    RealImaginary,
    Rescale,
    Residual,
    SecondHarmonic,
    Sequential,
    SqueezeExcitation,
    StochasticDepth,
    TruncationPool,
)
from freqnet.nn.activation import POINTWISE
from freqnet.spaces import Space, get_domain
from freqnet.spaces.condition import least_precision
from freqnet.spaces.registry import DEFAULT_DOMAIN
from freqnet.training.batches import needs_float64
from freqnet.training.operators import OPERATOR_MODES, OPERATOR_WIDTHS, operator_layers
from freqnet.training.sizes import SIZES, Size, is_photographic, size_for
from freqnet.values import mean_and_scale, value_range

# Training settings that a dataset does not choose itself.
DEFAULTS: dict[str, Any] = {"epochs": 30, "batch": 64, "learning_rate": 3e-3}
# Those for many colour images. They were chosen on folds of CIFAR-10's training images.
PHOTOGRAPHIC: dict[str, Any] = {
    "epochs": 16, "batch": 128, "learning_rate": 1e-2, "weight_decay": 0.1,
    "optimizer": "muon", "schedule": "one-cycle",
}  # fmt: skip
# Fewer series than these get so many steps of so many examples: 30 epochs would be some dozens. Chosen on folds of the
# training parts of ten sets of aeon, with 20 to 270 series: the mean accuracy grew from 77.8 to 79.9 %.
FEW_SERIES, SERIES_STEPS, SERIES_BATCH = 500, 500, 16
# A signal as output needs the modes of its details.
FIELD_MODES = 65
# Samples in files of which a domain is fitted to the data.
_MOST_READ = 4000
# Channels of each stage of a network whose outputs are signals, by size.
FIELD_WIDTHS = {
    "small": (8, 8),
    "medium": (16, 16),
    "large": (16, 16, 16),
    "xlarge": (32, 32, 32),
    "xxlarge": (32, 32, 32, 32),
    "huge": (32, 32, 32, 32, 32),
    "giant": (48, 48, 48, 48, 48),
}
# The domains that are compared where none are given.
COMPARED = "fourier,hartley,grid"
# Makes the layer of an activation; names are those of the choice `Model.activation`.
ACTIVATIONS: dict[str, Callable[..., Module]] = {}
_GATED: set[str] = set()


def register_activation(name: str, make: Callable[..., Module], *, is_gated: bool = False) -> None:
    """Add an activation to the choices of `Model`, of ``freqnet train`` and of ``freqnet compare``.

    Parameters
    ----------
    name : str
        A new name.
    make : callable
        ``make()`` returns a new layer, or ``make(gate_band=...)`` if it is gated.
    is_gated : bool
        Whether the layer takes the choice `gate_band`.

    Raises
    ------
    ConfigurationError
        The name is taken.

    Examples
    --------
    >>> from functools import partial
    >>> from freqnet.nn import Linearized
    >>> from freqnet.training.presets import ACTIVATIONS, register_activation
    >>> register_activation("linearized-erf", partial(Linearized, "erf"))
    >>> "linearized-erf" in ACTIVATIONS
    True
    >>> del ACTIVATIONS["linearized-erf"]
    """
    if name in ACTIVATIONS:
        raise ConfigurationError(got_expected("activation", repr(name), "a new name", "register it under another name"))
    ACTIVATIONS[name] = make
    if is_gated:
        _GATED.add(name)


register_activation("polynomial", Polynomial, is_gated=True)
register_activation("linear", partial(Linearized, "tanh"))
register_activation("linearized-sigmoid", partial(Linearized, "sigmoid"))
register_activation("gaussian", Gaussian, is_gated=True)
register_activation("gaussian-gelu", partial(Gaussian, "gelu"), is_gated=True)
register_activation("gaussian-1", partial(Gaussian, degree=1))
register_activation("gaussian-3", partial(Gaussian, degree=3))
register_activation("fourier-series", partial(FourierSeries, "tanh", 3))
register_activation("magnitude-gain", MagnitudeGain)
register_activation("real-imaginary", RealImaginary)
register_activation("phase-gate", PhaseGate)
register_activation("second-harmonic", SecondHarmonic)
# Functions of samples, for domains that store samples.
for _name in POINTWISE:
    register_activation(_name, partial(Pointwise, _name))


# The forms of a network whose outputs are signals.
FORMS = ("residual", "operator")
# Makes the layers of a head that come before the last dense layer.
HEADS: dict[str, Callable[[], tuple[Module, ...]]] = {
    "dense": lambda: (),
    "average": lambda: (GlobalAverage(),),
    "power": lambda: (PowerSpectrum(),),
}
# The choices that are whole numbers, with one that works and the lowest; the network checks those without a lowest.
_NUMBERS: dict[str, tuple[int, int | None]] = {
    "modes": (9, None), "gate_band": (1, None), "pool": (1, None), "taps": (3, 1), "groups": (1, 0),
    "squeeze": (8, 1), "head_modes": (5, 1), "frequency_dropout": (2, 0),
}  # fmt: skip
# The choices that are one whole number per stage, with some that work and the lowest.
_PER_STAGE = {"widths": ((16, 32, 64), 1), "stages": ((17, 13, 9), 1), "depth": ((0, 1), 0)}
# The choices that only a network with stages of fewer and fewer modes has.
_OF_STAGES = (
    "stages",
    "decay",
    "depth",
    "groups",
    "squeeze",
    "head",
    "head_modes",
    "channel_dropout",
    "stochastic_depth",
)
# The choices that are names, with one that works.
_WORDS = {
    "domain": "fourier", "kernel": "taps", "activation": "gaussian", "size": "large", "head": "dense",
    "precision": "float32", "form": "operator",
}  # fmt: skip


# More than 8 fields: runs store the model as one flat dictionary, and each field is one option.
@dataclass(frozen=True)
class Model:
    """The choices that make up a default network.

    The first sentence about each parameter is also the help text of its option on the command line.

    Parameters
    ----------
    domain : str
        Domain of the network: fourier (default), hartley, laplace, grid, and others.
    modes : int, optional
        Number of modes kept along each axis, odd [by size, or all of a smaller grid]; in laplace, number of nodes
        [all].
        A Laplace domain gets a grid with two more samples, as room for convolution.
    kernel : {"taps", "spectral", "sinc", "modes"}
        Parametrisation of the convolution kernels: taps (default), spectral, sinc or modes.
    activation : str
        Activation: gaussian (default), polynomial, linear and others, or, on the grid, a function such as relu. The
        Gaussian one grows no faster than its input, whatever that is; it stands for ReLU, and in an operator for GELU.
    gate_band : int, optional
        Band of the factor in each product of a polynomial or Gaussian activation, 0 or more [all].
    widths : tuple of int, optional
        Channels of each stage, one number per stage, such as 16,32,64 [by size].
    form : {"residual", "operator"}, optional
        Form of a network for fields: residual corrects its input by convolutions of a few taps; operator has a free
        response per mode and may depend on the place, as solutions of differential equations do [operator for the
        named datasets of equations, else residual].
    size : {"small", "medium", "large", "xlarge", "xxlarge", "huge", "giant"}, optional
        Size of the network: small, medium, large, xlarge, xxlarge, huge or giant [xlarge for images, huge for 2,000
        or more colour images, large for others]. On images of 28x28 the first three are about 70, 100 and 230 thousand
        multiply-adds per image.
    stages : tuple of int, optional
        Modes that each stage keeps along each axis, such as 17,13,9 [by size].
    decay : float, optional
        Share of the modes of a stage that the next one keeps, in place of stages, such as 0.85 [by size]. This is gamma
        of Rippel et al. (2015, equation 5).
    taps : int, optional
        Taps of the kernels along each axis [by size].
    depth : tuple of int, optional
        Residual blocks at the end of each stage, such as 0,1,1 [by size]. Further stages have as many as the last one
        named.
    groups : int
        Groups of channels in the convolutions of residual blocks, a divisor of the width; 0 makes them depthwise, with
        a convolution of one tap over all channels after them [1].
    squeeze : int, optional
        Gate the channels of each residual block, or of each stage without blocks, by global statistics: the reduction
        of squeeze-and-excitation, such as 8 [none].
    head : {"dense", "average", "power"}
        Head before the last dense layer: dense (default) on all kept modes, or average or power of each channel, which
        do not depend on circular shifts in fourier and hartley.
    head_modes : int, optional
        Modes that the head keeps along each axis [by size, or all with an average].
    frequency_dropout : int, optional
        In training, drop the modes beyond a random radius of at least this in each stage [none].
    channel_dropout : float
        Probability of dropping a channel before the head in training, from 0 to below 1 [0].
    stochastic_depth : float
        Probability of skipping a residual block for an example in training, from 0 to below 1 [0].
    pool : int
        Number of pixels per axis averaged into one before the transform, a divisor of the grid [1]. A Laplace domain
        needs this where the grid is large, as it supports few nodes.
    precision : {"float32", "float64"}, optional
        Precision of the numbers: float32 or float64 [float32, or float64 in an ill-conditioned domain].

    Examples
    --------
    >>> from freqnet.data import load
    >>> from freqnet.training import Model
    >>> Model().network(load("digits"), seed=0).parameter_count()
    29306
    >>> Model(stages=(7, 5, 3), depth=(0, 1, 1)).network(load("digits"), seed=0).parameter_count()
    75578
    """

    domain: str = DEFAULT_DOMAIN
    modes: int | None = None
    kernel: str = "taps"
    activation: str = "gaussian"
    gate_band: int | None = None
    widths: tuple[int, ...] | None = None
    form: str | None = None
    size: str | None = None
    stages: tuple[int, ...] | None = None
    decay: float | None = None
    taps: int | None = None
    depth: tuple[int, ...] | None = field(default=None, metadata={"least": 0})
    groups: int = 1
    squeeze: int | None = None
    head: str = "dense"
    head_modes: int | None = None
    frequency_dropout: int | None = None
    channel_dropout: float = 0.0
    stochastic_depth: float = 0.0
    pool: int = 1
    precision: str | None = None

    def __post_init__(self) -> None:
        for name, (works, lowest) in _NUMBERS.items():
            object.__setattr__(self, name, _whole_number(name, getattr(self, name), works, lowest))
        if self.decay is not None:
            if not is_finite(self.decay) or not 0 < self.decay <= 1:
                todo = "pass decay=0.85"
                raise ConfigurationError(got_expected("decay", shown(self.decay), "a number above 0, up to 1", todo))
            if self.stages is not None:
                got, todo = f"{self.decay:g} and stages={self.stages}", "leave one of them out"
                raise ConfigurationError(got_expected("decay", got, "the decay or the modes of each stage", todo))
            object.__setattr__(self, "decay", float(self.decay))
        for name in ("channel_dropout", "stochastic_depth"):
            rate = getattr(self, name)
            if not is_finite(rate) or not 0 <= rate < 1:
                todo = f"pass {name}=0.1"
                raise ConfigurationError(got_expected(name, shown(rate), "a number from 0 to below 1", todo))
            object.__setattr__(self, name, float(rate))
        for name, word in _WORDS.items():
            value = getattr(self, name)
            if not isinstance(value, str) and not (value is None and name in ("size", "precision", "form")):
                raise ConfigurationError(got_expected(name, shown(value), "a name", f"pass {name}={word!r}"))
        for name, (numbers, least) in _PER_STAGE.items():
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _whole_numbers(name, getattr(self, name), numbers, least))

    def network(self, dataset: Dataset, seed: int = 0) -> Network:
        """Return an untrained network for a dataset; its door standardises by the dataset's mean and deviation."""
        if not isinstance(dataset, Dataset):
            got, todo = f"a {type(dataset).__name__}", "pass what load(...) or from_arrays(x, y) returned"
            raise DataError(got_expected("data of the network", got, "a Dataset", todo))
        if dataset.task.is_field and self.pool != 1:
            got, todo = str(self.pool), "leave pool out, or resample the data, as with size_to=(32, 32)"
            raise ConfigurationError(got_expected("pool of a field", got, "1: a field keeps all samples", todo))
        if self.form is not None and not dataset.task.is_field:
            got, todo = f"{self.form!r} for a {dataset.task.name}", "leave form out"
            raise ConfigurationError(got_expected("form", got, "none: only fields have a form", todo))
        whole = self._room(dataset.grid)
        # The door keeps what the first stage is to have.
        default = self.stages[0] if self.stages else SIZES[self._known_size(dataset)].modes
        default = self._field_modes(dataset) if dataset.task.is_field else default
        sizes = whole.door_sizes(self.modes, default)
        door = self._door(whole, tuple(whole.band_of(n) for n in sizes), dataset)
        fitted = whole.fitted(lambda: door.prepare(Tensor(_some(dataset))).data, max(sizes))
        door = door if fitted == whole.domain else replace(door, domain=fitted)
        body = self._field_body(whole, sizes, dataset) if dataset.task.is_field else self._body(whole, sizes, dataset)
        network = Network(door, body, seed, self._precision(door, dataset))
        network.output_names = dataset.classes
        return network

    def _door(self, whole: Space, band: tuple[int, ...], dataset: Dataset) -> Door:
        """Return the door of a network, which standardises by the dataset's mean and deviation."""
        low, high = (tuple(limit.tolist()) for limit in value_range(dataset.stored, dataset.full_scale))
        limits: dict[str, Any] = {"full_scale": dataset.full_scale, "low": low, "high": high}
        places = self.domain, dataset.grid, band, dataset.channels
        if dataset.measured is not None:
            whole.require_modes("door of measured spectra")
            if self.pool != 1:
                got, todo = str(self.pool), "leave pool out, and keep fewer modes, as with modes=9"
                raise ConfigurationError(got_expected("pool of measured spectra", got, "1: there are no samples", todo))
            units = units_of_bins(dataset.images, dataset.measured)
            return MeasuredDoor(*places, *units, **limits, mask=dataset.masks)
        pad, pool = whole.default_padding, (self.pool,) * len(dataset.grid)
        units = mean_and_scale(dataset.stored, dataset.full_scale)
        return Door(*places, *units, pad if any(pad) else (), pool if self.pool != 1 else (), **limits)

    def _room(self, grid: tuple[int, ...]) -> Space:
        """Return the space of the full band on the grid, pooled and with the padding that the domain needs."""
        make = get_domain(self.domain)
        pooled = tuple(max(1, n // max(1, self.pool)) for n in grid)
        return make(tuple(n + p for n, p in zip(pooled, make(pooled).default_padding, strict=True)))

    def _size(self, dataset: Dataset) -> Size:
        """Return the shape of the network: that of the size, with the choices that replace parts of it."""
        size = SIZES[self._known_size(dataset)]
        widths = self.widths or size.widths[: len(self.stages or size.widths)]
        if self.stages and len(self.stages) != len(widths):
            got, expected = f"{len(self.stages)} numbers", f"{len(widths)}, as many as widths"
            todo = "pass one number per stage to both, as in stages=(17, 13, 9) and widths=(16, 32, 64)"
            raise ConfigurationError(got_expected("stages", got, expected, todo))
        depth = self.depth or size.depth
        if len(depth) > len(widths):
            got, todo = f"{len(depth)} numbers", "pass one number per stage"
            raise ConfigurationError(got_expected("depth", got, f"at most {len(widths)}, one per stage", todo))
        for name in ("stochastic_depth", "groups"):
            value = getattr(self, name)
            if value != getattr(Model, name) and not any(depth):
                todo = f"pass depth=(0, 1) as well, or leave {name} out"
                raise ConfigurationError(got_expected(name, value, "a network with residual blocks", todo))
        shares = size.shares if self.decay is None else tuple(self.decay**stage for stage in range(len(widths)))
        return replace(size, shares=shares, widths=widths, taps=self.taps or size.taps, depth=depth)

    def _known_size(self, dataset: Dataset) -> str:
        name = self.size or size_for(dataset)
        if name not in SIZES:
            raise ConfigurationError(got_expected("size", repr(name), " or ".join(SIZES), "pass size='large'"))
        return name

    def _precision(self, door: Door, dataset: Dataset) -> str:
        if self.precision not in (None, "float32", "float64"):
            expected, todo = "float32 or float64", "leave it out, or pass precision='float64'"
            raise ConfigurationError(got_expected("precision", repr(self.precision), expected, todo))
        if self.precision is None and needs_float64(dataset):
            return "float64"
        return self.precision or least_precision(door.space)

    def _body(self, whole: Space, sizes: tuple[int, ...], dataset: Dataset) -> Module:
        size = self._size(dataset)
        self._require_radius(whole, sizes)
        layers: list[Module] = []
        if dataset.masks:
            layers.append(self._consistent(whole, sizes, dataset, size.widths[0], size.taps, keep_mask=False))
        # What follows a stage comes after the next pooling: the activation then computes only the modes that are kept.
        after: tuple[Module, ...] = ()
        kept = sizes
        for stage, width in enumerate(size.widths):
            if self.stages:
                why = "as many as the stage before" if stage else "as many as the door keeps"
                self._require_modes("stages", self.stages[stage], whole, kept, why)
                kept = tuple(min(n, self.stages[stage]) for n in sizes)
            else:
                kept = whole.stage_sizes(sizes, stage, size.shares)
            depth = size.depth[min(stage, len(size.depth) - 1)]
            layers += [TruncationPool(kept), *after, *self._stage(whole, sizes, kept, width, size.taps)]
            layers += [self._block(kept, width, size.taps) for _ in range(depth)]
            after = () if depth else self._gate()
        outputs = Dense(len(dataset.classes)), *units_of(dataset)
        pool = self._pool_of_head(whole, kept, size.head)
        # After the last normalisation: before one, dropout would change the variance from training to evaluation.
        dropout = (ChannelDropout(self.channel_dropout),) if self.channel_dropout else ()
        return Sequential((*layers, *pool, *after, PowerNorm(), *dropout, *self._head(), *outputs))

    @staticmethod
    def _require_modes(name: str, count: int, whole: Space, kept: tuple[int, ...], why: str) -> None:
        """Raise `ConfigurationError` unless a domain has this number of modes, and there are as many."""
        most, axis = max(kept), int(np.argmax(kept))
        band = tuple(min(whole.band_of(count), most_of_axis) for most_of_axis in whole.band)
        if count > most:
            raise ConfigurationError(got_expected(name, count, f"at most {most}, {why}", f"pass {most} or fewer"))
        if whole.with_band(band).modes[axis] != count:
            raise ConfigurationError(got_expected(name, count, "an odd number of modes", f"pass {count - 1}"))

    def _pool_of_head(self, whole: Space, kept: tuple[int, ...], share: float) -> tuple[Module, ...]:
        if self.head_modes:
            self._require_modes("head_modes", self.head_modes, whole, kept, "as many as the last stage")
        fewer = (self.head_modes,) * len(kept) if self.head_modes else whole.stage_sizes(kept, 0, (share,))
        keeps_all = self.head_modes is None and (share == 1 or self.head == "average" or whole.has_nodes)
        pooled = tuple(map(min, kept, fewer))
        return () if keeps_all or pooled == kept else (TruncationPool(pooled),)

    def _head(self) -> tuple[Module, ...]:
        if self.head not in HEADS:
            todo = "pass head='dense'"
            raise ConfigurationError(got_expected("head", repr(self.head), " or ".join(HEADS), todo))
        return HEADS[self.head]()

    def _gate(self) -> tuple[Module, ...]:
        return (SqueezeExcitation(self.squeeze),) if self.squeeze else ()

    def _block(self, kept: tuple[int, ...], width: int, taps: int) -> Module:
        """Return a residual block, whose identity is the shortcut."""
        if self.groups and width % self.groups:
            todo = "pass groups=1, or groups=0 for one group per channel"
            raise ConfigurationError(got_expected("groups", self.groups, f"a divisor of the width {width}", todo))
        first = self._convolution(width, kept, taps, self.groups or width)
        mixing = () if self.groups else (self._convolution(width, kept, 1),)
        skip = (StochasticDepth(self.stochastic_depth),) if self.stochastic_depth else ()
        return Residual(Sequential((first, *mixing, PowerNorm(), self._activation(), *self._gate(), *skip)))

    def _is_operator(self, dataset: Dataset) -> bool:
        """Return whether the network is a solution operator; it is one by default for the datasets of equations."""
        if self.form not in (None, *FORMS):
            todo = "pass form='operator', or leave it out"
            raise ConfigurationError(got_expected("form", repr(self.form), " or ".join(FORMS), todo))
        return (self.form or ("operator" if dataset.name in EQUATIONS else "residual")) == "operator"

    def _field_modes(self, dataset: Dataset) -> int:
        return OPERATOR_MODES[len(dataset.grid) - 1] if self._is_operator(dataset) else FIELD_MODES

    def _operator_body(self, whole: Space, dataset: Dataset) -> Module:
        """Return the body of a solution operator; edges in the output take more modes than the blocks have."""
        for name in ("taps", "frequency_dropout"):
            if getattr(self, name) is not None:
                todo = f"leave {name} out, or pass form='residual'"
                expected = "none, because each mode has a free response"
                raise ConfigurationError(got_expected(f"{name} of an operator", getattr(self, name), expected, todo))
        widths = self.widths or OPERATOR_WIDTHS[self._known_size(dataset)]
        # ReLU treats signals of all sizes alike, which equations do not.
        like = replace(self, activation="gaussian-gelu") if self.activation == Model.activation else self
        most = whole.band_of(FIELD_MODES)
        band = tuple(min(most, m) for m in whole.band)
        if dataset.masks:
            # What was measured stays in the band of the input.
            layers = operator_layers(widths, dataset.channels - dataset.masks, like._activation)
            body = DataConsistency(Sequential(layers), dataset.masks, keep_mask=False)
            return Sequential((body, *units_of(dataset)))
        layers = operator_layers(widths, len(dataset.classes), like._activation, band)
        return Sequential((*layers, *units_of(dataset)))

    def _field_body(self, whole: Space, sizes: tuple[int, ...], dataset: Dataset) -> Module:
        """Return a body that keeps all modes: its stages correct a convolution of the input."""
        size = self._known_size(dataset)
        for name in _OF_STAGES:
            value = getattr(self, name)
            if value != getattr(Model, name):
                expected, todo = "none, because all layers keep all modes", f"leave {name} out"
                raise ConfigurationError(got_expected(f"{name} of a field", shown(value), expected, todo))
        if self._is_operator(dataset):
            return self._operator_body(whole, dataset)
        taps, widths = self.taps or 5, self.widths or FIELD_WIDTHS[size]
        if dataset.masks:
            last = len(widths) - 1
            blocks = [
                self._consistent(whole, sizes, dataset, width, taps, keep_mask=place < last)
                for place, width in enumerate(widths)
            ]
            return Sequential((*blocks, *units_of(dataset)))
        layers = [part for width in widths for part in self._stage(whole, sizes, sizes, width, taps)]
        return Sequential((self._correction(layers, sizes, len(dataset.classes), taps), *units_of(dataset)))

    def _correction(self, layers: Sequence[Module], sizes: tuple[int, ...], channels: int, taps: int) -> Residual:
        """Return layers whose output corrects their input."""
        # Starting at zero, the sum is the shortcut.
        return Residual(Sequential((*layers, PowerNorm(), self._convolution(channels, sizes, taps))))

    def _consistent(
        self, whole: Space, sizes: tuple[int, ...], dataset: Dataset, width: int, taps: int, *, keep_mask: bool
    ) -> DataConsistency:
        """Return a block that fills in what was not measured, and leaves the rest."""
        layers, channels = self._stage(whole, sizes, sizes, width, taps), dataset.channels - dataset.masks
        return DataConsistency(self._correction(layers, sizes, channels, taps), dataset.masks, keep_mask)

    def _convolution(self, width: int, kept: tuple[int, ...], taps: int, groups: int = 1) -> Convolution:
        size = tuple(min(taps, n) for n in kept)
        return Convolution(width, size, self.kernel, boundary="modulo", groups=groups, bias=False)

    def _stage(
        self, whole: Space, sizes: tuple[int, ...], kept: tuple[int, ...], width: int, taps: int
    ) -> list[Module]:
        most = whole.band_of(max(sizes))
        if self.gate_band is not None and not 0 <= self.gate_band <= most:
            raise ConfigurationError(
                got_expected("gate band", self.gate_band, f"0 to {most} with {sizes} modes", f"pass gate_band={most}")
            )
        dropout = [] if self.frequency_dropout is None else [FrequencyDropout(self._radius(kept))]
        return [*dropout, self._convolution(width, kept, taps), PowerNorm(), self._activation()]

    def _radius(self, kept: tuple[int, ...]) -> int:
        """Return the smallest radius of frequency dropout that a stage allows."""
        assert self.frequency_dropout is not None
        return min(self.frequency_dropout, max((n - 1) // 2 for n in kept))

    def _require_radius(self, whole: Space, sizes: tuple[int, ...]) -> None:
        """Raise `ConfigurationError` unless frequency dropout can drop modes of the first stage."""
        if self.frequency_dropout is None:
            return
        most = max((n - 1) // 2 for n in sizes)
        if not whole.is_periodic:
            got, expected = f"the {whole.domain} domain", "a domain whose modes are frequencies"
            todo = "leave it out, or pass domain='fourier'"
            raise ConfigurationError(got_expected("frequency_dropout", got, expected, todo))
        if self.frequency_dropout >= max(1, most):
            expected, todo = f"a radius below {most}, the largest mode", "pass frequency_dropout=0"
            raise ConfigurationError(got_expected("frequency_dropout", self.frequency_dropout, expected, todo))

    def _activation(self) -> Module:
        if self.activation not in ACTIVATIONS:
            todo = did_you_mean(self.activation, ACTIVATIONS, "pass activation='gaussian'")
            raise ConfigurationError(got_expected("activation", repr(self.activation), " or ".join(ACTIVATIONS), todo))
        if self.activation in POINTWISE and get_domain(self.domain)((3,)).is_spectral:
            got, expected = f"{self.activation!r} in the {self.domain} domain", "an activation of modes"
            todo = "pass activation='gaussian', the nearest polynomial to ReLU, or domain='grid'"
            raise ConfigurationError(got_expected("activation", got, expected, todo))
        make = ACTIVATIONS[self.activation]
        if self.activation in _GATED:
            return make(gate_band=self.gate_band)
        if self.gate_band is not None:
            got, todo = f"{self.gate_band} with {self.activation}", "leave the gate band out"
            expected = " or ".join(f"activation={name!r}" for name in sorted(_GATED))
            raise ConfigurationError(got_expected("gate band", got, expected, todo))
        return make()


def units_of(dataset: Dataset) -> tuple[Module, ...]:
    """Return the layer that gives outputs the mean and the deviation of the targets, where these have units."""
    if not dataset.task.has_units:
        return ()
    targets, measured = dataset.targets, dataset.measured
    if measured is not None and dataset.task.is_field:
        # In the units of the input, where it is in the same ones, measured bins of the output are those of the input.
        is_alike = targets.shape[-1] == dataset.channels - dataset.masks
        source = measured.without_mask(dataset.images) if is_alike else targets
        offset, scale = units_of_bins(source, replace(measured, masked=False))
        return (Rescale(scale, offset),)
    offset, scale = mean_and_scale(targets if targets.ndim > 2 else targets[:, np.newaxis])
    return (Rescale(scale, offset),)


def _some(dataset: Dataset) -> np.ndarray:
    """Return samples as floats: all of them, or of those in files some thousands that are spread over all."""
    if not dataset.on_disk:
        return dataset.images
    return np.asarray(dataset.indexed()[np.unique(np.linspace(0, len(dataset) - 1, _MOST_READ).astype(int))])


def _whole_number(name: str, value: Any, works: int, least: int | None) -> int | None:
    """Return a choice as a plain number, after checking it; None where it is None."""
    if value is None and name not in ("pool", "groups"):
        return None
    if not is_whole(value) or (least is not None and value < least):
        expected = "a whole number" if least is None else f"a whole number of {least} or more"
        raise ConfigurationError(got_expected(name, shown(value), expected, f"pass {name}={works}"))
    # NumPy's integers would be stored as floating-point numbers.
    return int(value)


def _whole_numbers(name: str, given: Any, works: tuple[int, ...], least: int) -> tuple[int, ...]:
    """Return the numbers of stages as plain numbers, after checking them; one number stands for itself."""
    numbers = listed(given)
    if not numbers or not all(is_whole(number) and number >= least for number in numbers):
        expected, todo = f"whole numbers of {least} or more, one per stage", f"pass {name}={works}"
        raise ConfigurationError(got_expected(name, shown(given), expected, todo))
    return tuple(int(number) for number in numbers)


def _by_kind(dataset: Dataset) -> dict[str, Any]:
    """Return the settings that suit a kind of samples."""
    if is_photographic(dataset):
        return PHOTOGRAPHIC
    count = len(dataset) - dataset.official_test - dataset.official_validation
    if len(dataset.grid) == 1 and count < FEW_SERIES and not dataset.task.is_field:
        epochs = round(SERIES_STEPS / max(1, count / SERIES_BATCH))
        return {"batch": SERIES_BATCH, "epochs": max(DEFAULTS["epochs"], epochs)}
    return {}


def training_defaults(data: Dataset | str) -> dict[str, Any]:
    """Return the default training settings for a dataset.

    Parameters
    ----------
    data : Dataset or str
        The dataset, or only its name; settings that depend on the samples are left out then.

    Returns
    -------
    dict of str to Any
        Settings by the names of `freqnet.training.Settings`: those registered with the dataset, then those for its kind
        of samples, then general ones.

    Examples
    --------
    >>> from freqnet.training import training_defaults
    >>> training_defaults("digits")["epochs"]
    30
    """
    name = data if isinstance(data, str) else data.name
    return (
        DEFAULTS
        | ({} if isinstance(data, str) else _by_kind(data))
        | dict(DATASETS[name].defaults if name in DATASETS else {})
    )
