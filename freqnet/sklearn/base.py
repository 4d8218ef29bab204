"""What the classifier and the regressor share: parameters, samples, and the training of a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from freqnet.checks import is_finite, shown
from freqnet.data import Dataset
from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.nn import Network
from freqnet.sklearn.samples import Axes, read
from freqnet.spaces.registry import DEFAULT_DOMAIN
from freqnet.tasks import Task
from freqnet.training import Model, Progress, Settings, Spectra, analyse, fit
from freqnet.training.fit import Run, one_pass

# An axis with an even number of samples below this gets a zero more, because networks drop the Nyquist mode.
_SHORT = 8


class Trained:
    """What training sets.

    Attributes
    ----------
    axes_ : Axes
        Names of the axes of X, grid and number of channels.
    network_ : Network
        The trained network.
    loss_curve_ : list of float
        Mean loss of each epoch, in nats or in units of the targets' variance.
    n_iter_ : int
        Number of epochs.
    """

    axes_: Axes
    network_: Network
    loss_curve_: list[float]
    n_iter_: int
    _task: Task
    _names: tuple[str, ...]
    _model: Model
    _run: Run | None


# More than 8 fields: the parameters of an estimator of scikit-learn are the arguments of its constructor.
@dataclass(eq=False, repr=False, kw_only=True)
class FrequencyEstimator(Trained, BaseEstimator):
    """The base of estimators that train a network in the frequency domain.

    `FrequencyClassifier` describes the parameters. A subclass reads targets and makes predictions.
    """

    domain: str = DEFAULT_DOMAIN
    modes: int | None = None
    kernel: str = "taps"
    activation: str = "gaussian"
    gate_band: int | None = None
    widths: Sequence[int] | None = None
    size: str | None = None
    stages: Sequence[int] | None = None
    decay: float | None = None
    taps: int | None = None
    depth: Sequence[int] | None = None
    groups: int = 1
    squeeze: int | None = None
    head: str = "dense"
    head_modes: int | None = None
    frequency_dropout: int | None = None
    channel_dropout: float = 0.0
    stochastic_depth: float = 0.0
    pool: int = 1
    precision: str | None = None
    epochs: int = 30
    batch: int = 64
    learning_rate: float = 8e-3
    optimizer: str = "adamw"
    schedule: str = "cosine"
    weight_decay: float = 1e-2
    shift: float = 0.0
    augment: Sequence[str] | str | None = None
    clip: float = 1.0
    accumulate: int = 1
    ema: float = 0.0
    patience: int = 0
    validation_fraction: float = 0.1
    grid: int | Sequence[int] | None = None
    layout: str | None = None
    random_state: Any = None
    warm_start: bool = False
    verbose: bool = False

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags

    # -- choices -----------------------------------------------------------------------------------------
    def _choices(self, group: type) -> dict[str, Any]:
        """Return the parameters that are fields of `Model` or of `Settings`."""
        return {f.name: getattr(self, f.name) for f in fields(group) if hasattr(self, f.name)}

    def _settings(self, **changes: Any) -> Settings:
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        return Settings(**{**self._choices(Settings), "seed": seed, **changes})

    def _check_model(self) -> None:
        """Raise `ConfigurationError` if a parameter of the network has changed since the network was made."""
        wanted = Model(**self._choices(Model))
        for name in (f.name for f in fields(Model)):
            now, before = getattr(wanted, name), getattr(self._model, name)
            if now != before:
                expected = f"{before!r}, as in the network that is trained on"
                todo = "pass warm_start=False and call fit for a new network"
                raise ConfigurationError(got_expected(name, repr(now), expected, todo))

    # -- samples -----------------------------------------------------------------------------------------
    def _samples(self, X: np.ndarray) -> np.ndarray:
        """Return X as samples ``(samples, *grid, channels)``, with a zero after short even axes."""
        samples = self.axes_.samples(X)
        more = [(0, int(n % 2 == 0 and n < _SHORT)) for n in self.axes_.grid]
        return np.pad(samples, [(0, 0), *more, (0, 0)]) if np.any(more) else samples

    def _dataset(self, X: np.ndarray, targets: np.ndarray) -> Dataset:
        return Dataset(type(self).__name__, self._samples(X), targets, self._names, task=self._task)

    def _spectra(self, X: np.ndarray, targets: np.ndarray, weights: np.ndarray | None) -> Spectra:
        """Return examples at the door of the network, with their weights in the loss."""
        return analyse(self.network_, self._dataset(X, targets), weights)

    # -- training ----------------------------------------------------------------------------------------
    def _start(self, X: np.ndarray, targets: np.ndarray, seed: int) -> None:
        """Make an untrained network for X and its targets."""
        self.axes_ = Axes.find(X.shape, self.grid, self.layout)
        self._model, self._run = Model(**self._choices(Model)), None
        network = self._model.network(self._dataset(X, targets), seed)
        # The values of a single row may be close together: the door does not compare their range with that of training.
        # Whole numbers are taken as they are, as scikit-learn does.
        network.door = replace(network.door, low=(), high=(), full_scale=1.0)
        self.network_, self.loss_curve_, self.n_iter_ = network, [], 0

    def _train(self, X: np.ndarray, targets: np.ndarray, weights: np.ndarray | None, is_new: bool) -> None:
        """Train a new network, or go on with the present one, by the settings."""
        settings = self._settings()
        X, targets, weights = _counted(X, targets, weights)
        if is_new:
            self._start(X, targets, settings.seed)
        self._check_model()
        self._run = None
        train, validation = (
            None if rows is None else self._spectra(X[rows], targets[rows], None if weights is None else weights[rows])
            for rows in self._split(targets, settings)
        )
        assert train is not None
        history = fit(self.network_, train, validation, settings, callbacks=[Progress(self._tell)])
        self.loss_curve_ += history.column("loss")
        self.n_iter_ += len(history.rows)

    def _train_once(self, X: np.ndarray, targets: np.ndarray, weights: np.ndarray | None, is_new: bool) -> None:
        """Take one pass over X with the present state of the optimiser."""
        settings = self._settings(schedule="constant", patience=0)
        X, targets, weights = _counted(X, targets, weights)
        if is_new:
            self._start(X, targets, settings.seed)
        self._check_model()
        train, run = self._spectra(X, targets, weights), self._run
        if run is not None:
            # The seed is that of the first call; the learning rate may change from call to call.
            settings = replace(settings, seed=run.settings.seed)
        if run is None or replace(run.settings, learning_rate=settings.learning_rate) != settings:
            run = Run.begin(self.network_, settings, train)
        run.settings, self._run = settings, run
        row = one_pass(run, train)
        self.loss_curve_.append(row["loss"])
        self.n_iter_ += 1
        self._tell(row)

    def _split(self, targets: np.ndarray, settings: Settings) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the rows to train on and, with `patience`, the rows that it watches."""
        rows, share = np.arange(len(targets)), self.validation_fraction
        if not settings.patience:
            return rows, None
        if not is_finite(share) or not 0 < share < 1:
            expected, todo = "a number above 0 and below 1", "pass validation_fraction=0.1"
            raise ConfigurationError(got_expected("validation_fraction", shown(share), expected, todo))
        strata = self._task.strata(targets)
        kept, watched = train_test_split(rows, test_size=share, random_state=settings.seed, stratify=strata)
        return kept, watched

    def _tell(self, row: dict[str, Any]) -> None:
        if self.verbose and "step" not in row:
            figures = ", ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "epoch")
            print(f"epoch {row['epoch']}: {figures}")

    @contextmanager
    def _unchanged_by_errors(self) -> Iterator[None]:
        """Give the estimator its attributes back if the block raises an error."""
        before = dict(self.__dict__)
        try:
            yield
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before)
            raise

    # -- prediction --------------------------------------------------------------------------------------
    def _outputs(self, X: Any) -> np.ndarray:
        """Return the outputs of the network ``(samples, outputs)``."""
        check_is_fitted(self)
        return self.network_.predict(self._samples(read(self, X, reset=False)))


def weights_of(sample_weight: Any, X: np.ndarray) -> np.ndarray | None:
    """Return the weights of samples after scikit-learn's checks, or None where there are none."""
    if sample_weight is None:
        return None
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if not weights.any():
        raise DataError(got_expected("sample_weight", "zero for all samples", "a positive number", "leave it out"))
    return weights


def _counted(
    X: np.ndarray, targets: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Return the samples that have a weight: the others would still count in the statistics of a batch."""
    if weights is None or weights.all():
        return X, targets, weights
    rows = weights > 0
    return X[rows], targets[rows], weights[rows]
