"""A classifier in the frequency domain, as an estimator of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from freqnet.checks import is_finite, listed, shown
from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.sklearn.base import FrequencyEstimator, weights_of
from freqnet.sklearn.samples import read
from freqnet.tasks import Classification, MultiLabel
from freqnet.training import Settings

_MANY = "multilabel-indicator"


# More than 8 fields: the parameters of an estimator of scikit-learn are the arguments of its constructor.
@dataclass(eq=False, repr=False, kw_only=True)
class FrequencyClassifier(ClassifierMixin, FrequencyEstimator):
    """Classify signals, images or volumes by a network in the frequency domain.

    X has the shape ``(samples, features)``, ``(samples, *grid)`` or ``(samples, *grid, channels)``; by default a row of
    two-dimensional X is a signal of as many samples as features. The network standardises X by one mean and one
    deviation per channel; columns of a table in different units need a `StandardScaler` before. An axis of 2, 4 or 6
    samples gets a zero more, because a network drops the Nyquist mode.

    Parameters
    ----------
    domain, modes, kernel, activation, gate_band, widths, size, stages, decay, taps, depth, groups, squeeze, head
        The network: see `freqnet.training.Model`.
    head_modes, frequency_dropout, channel_dropout, stochastic_depth, pool, precision
        The network: see `freqnet.training.Model`.
    epochs, batch, learning_rate, optimizer, schedule, weight_decay, smoothing, shift, augment, clip, accumulate, ema
        The training: see `freqnet.training.Settings`. `partial_fit` keeps the learning rate constant.
    patience : int
        Stop after this many epochs without a lower loss on samples that are set aside, and keep the best weights; 0 for
        never.
    validation_fraction : float
        Share of the samples that `patience` sets aside, above 0 and below 1; each class keeps its share.
    class_weight : dict, "balanced", sequence of float, or None
        Weights of the classes in the loss; a sequence has the order of ``classes_``. With several labels per sample,
        weights of the labels where they are present; a dict has their columns. `partial_fit` balances the samples of
        each call.
    grid : int or tuple of int, optional
        Number of samples along each axis of the grid; the rest of X counts channels, which come last. By default a row
        of two-dimensional X is a signal.
    layout : str, optional
        Names of the axes of X where it has more than two, such as ``"nchw"``: ``n`` counts samples, ``c`` channels, the
        others are axes of the grid. By default the sizes of the axes tell, where they have one likely reading.
    random_state : int, RandomState instance or None
        Draws the weights, the order of samples and their random changes. The same number gives the same results bit for
        bit.
    warm_start : bool
        Whether `fit` goes on with the present weights, and a new optimiser.
    verbose : bool
        Whether to print a line per epoch.

    Attributes
    ----------
    classes_ : ndarray
        Classes ``(classes,)``; with several labels per sample, the numbers of their columns.
    network_ : Network
        The trained network, as for `freqnet.audit` and `freqnet.report`.
    axes_ : Axes
        Names of the axes of X, grid and number of channels.
    loss_curve_ : list of float
        Mean loss of each epoch, in nats.
    n_iter_ : int
        Number of epochs.
    n_features_in_ : int
        Size of the second axis of X.
    feature_names_in_ : ndarray of str
        Names of the columns of X, where it has such names.

    Notes
    -----
    Weights of samples scale their terms in the loss, relative to the mean over a batch. Samples of weight 0 are left
    out. A weight of 2 is not a sample that occurs twice: batches are drawn at random, and normalisation measures mean
    and power of a batch without weights.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.model_selection import train_test_split
    >>> from freqnet.sklearn import FrequencyClassifier
    >>> train, test, labels, expected = train_test_split(*load_digits(return_X_y=True), random_state=0)
    >>> model = FrequencyClassifier(grid=(8, 8), epochs=10, random_state=0).fit(train, labels)
    >>> model.score(test, expected) > 0.97
    True
    >>> model.predict_proba(test).shape, model.network_.transforms_inside
    ((450, 10), 0)
    """

    smoothing: float = 0.1
    class_weight: Mapping | Sequence[float] | str | None = None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    # -- training ----------------------------------------------------------------------------------------
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> FrequencyClassifier:
        """Train a network.

        Parameters
        ----------
        X : array_like
            ``(samples, features)``, ``(samples, *grid)`` or ``(samples, *grid, channels)``.
        y : array_like
            Classes ``(samples,)``, or labels of 0 and 1 ``(samples, labels)``.
        sample_weight : array_like, optional
            Weight of each sample in the loss ``(samples,)``, 0 or more.

        Raises
        ------
        ValueError
            X, y or a parameter is not usable.
        DivergenceError
            The loss is not finite.
        """
        with self._unchanged_by_errors():
            X, y = read(self, X, y, reset=True, multi_output=True)
            is_new = not (self.warm_start and hasattr(self, "network_"))
            check_classification_targets(y)
            self._read_classes(y, None if is_new else self.classes_)
            weights = weights_of(sample_weight, X)
            self._train(X, *self._targets(y, weights), is_new)
        return self

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> FrequencyClassifier:
        """Take one pass over samples; the optimiser keeps its state from call to call.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array_like, optional
            All classes that will occur; the first call needs them, unless samples have several labels.

        Raises
        ------
        ValueError
            X, y or a parameter is not usable, or the first call has no classes.
        """
        with self._unchanged_by_errors():
            is_new = not hasattr(self, "network_")
            X, y = read(self, X, y, reset=is_new, multi_output=True)
            check_classification_targets(y)
            if type_of_target(y) == _MANY:
                known = None if is_new else self.classes_
            else:
                _check_partial_fit_first_call(self, classes)
                known = self.classes_
            self._read_classes(y, known)
            self._train_once(X, *self._targets(y, weights_of(sample_weight, X)), is_new)
        return self

    def _read_classes(self, y: np.ndarray, known: np.ndarray | None) -> None:
        """Set the classes, which are those known already if there are any."""
        is_many = type_of_target(y) == _MANY
        found = np.arange(y.shape[1]) if is_many else np.unique(column_or_1d(y))
        if hasattr(self, "network_") and known is not None:
            was_many, count = self._is_many, len(known)
            if was_many != is_many or (is_many and len(found) != count):
                expected = f"{count} labels per sample" if was_many else "one class per sample"
                got = f"{len(found)} labels per sample" if is_many else "one class per sample"
                raise DataError(got_expected("y", got, expected, "pass warm_start=False and call fit"))
        if known is not None and not np.isin(found, known).all():
            unknown = found[~np.isin(found, known)][0]
            expected = f"one of the classes {', '.join(map(str, known[:12]))}"
            raise DataError(got_expected("y", f"the class {unknown!r}", expected, "pass warm_start=False and call fit"))
        self.classes_ = found if known is None else known
        self._task = MultiLabel() if is_many else Classification()
        self._names = tuple(map(str, self.classes_))
        if len(self.classes_) < 2 and not is_many:
            raise DataError(got_expected("y", "1 class", "at least 2 classes", "add samples of another class"))

    def _targets(self, y: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray | None]:
        """Return the numbers of the classes, or labels of 0 and 1, and the weights of the samples."""
        if self._is_many:
            return np.asarray(y.toarray() if hasattr(y, "toarray") else y, np.int64), weights
        y = column_or_1d(y, warn=True)
        if self.class_weight is not None:
            chosen = self._numbers_of_classes()
            if chosen is not None and not any(chosen[i] for i in np.searchsorted(self.classes_, np.unique(y))):
                todo = "pass a positive number for one of them"
                raise ConfigurationError(
                    got_expected("class_weight", "0 for all classes of y", "a positive number", todo)
                )
            by_class = compute_sample_weight(
                self.class_weight if chosen is None else dict(zip(self.classes_, chosen, strict=True)), y
            )
            weights = by_class if weights is None else by_class * weights
        return np.searchsorted(self.classes_, y), weights

    def _numbers_of_classes(self) -> list[float] | None:
        """Return the weights of the classes where they are stated as numbers, else None."""
        if self.class_weight is None or isinstance(self.class_weight, str):
            return None
        if isinstance(self.class_weight, Mapping):
            unknown = [key for key in self.class_weight if key not in self.classes_]
            # Like scikit-learn: a fold may lack a class, but then all others have weights.
            if unknown and any(label not in self.class_weight for label in self.classes_):
                expected = f"classes among {', '.join(map(str, self.classes_[:12]))}"
                todo = "write classes as they are in y"
                raise ConfigurationError(got_expected("class_weight", f"the class {unknown[0]!r}", expected, todo))
            bad = [value for value in self.class_weight.values() if not is_finite(value) or value < 0]
            if bad:
                todo = "pass a number of 0 or more per class"
                raise ConfigurationError(
                    got_expected("class_weight", shown(bad[0]), "finite numbers of 0 or more", todo)
                )
            return [self.class_weight.get(label, 1.0) for label in self.classes_]
        numbers, count = listed(self.class_weight) or (), len(self.classes_)
        if len(numbers) != count:
            todo = "pass class_weight='balanced', or a dict of the classes that differ"
            raise ConfigurationError(got_expected("class_weight", shown(self.class_weight), f"{count} numbers", todo))
        return list(numbers)

    def _settings(self, **changes: Any) -> Settings:
        if self._is_many:
            chosen = self._numbers_of_classes()
            changes["class_weights"] = self.class_weight if chosen is None else chosen
        return super()._settings(**changes)

    @property
    def _is_many(self) -> bool:
        """Whether a sample has several labels."""
        return isinstance(self._task, MultiLabel)

    # -- prediction --------------------------------------------------------------------------------------
    def predict(self, X: Any) -> np.ndarray:
        """Return the classes ``(samples,)``, or labels of 0 and 1 ``(samples, labels)``."""
        outputs = self._outputs(X)
        found = self._task.predictions(outputs)
        return found if self._is_many else self.classes_[found]

    def decision_function(self, X: Any) -> np.ndarray:
        """Return the logits ``(samples, classes)``; of two classes, the difference of their logits ``(samples,)``."""
        outputs = self._outputs(X)
        if self._is_many or outputs.shape[1] != 2:
            return outputs
        return outputs[:, 1] - outputs[:, 0]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probabilities of the classes, or of each label, ``(samples, classes)``."""
        outputs = self._outputs(X)
        return expit(outputs) if self._is_many else softmax(outputs, axis=1)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithms of `predict_proba`, ``(samples, classes)``."""
        outputs = self._outputs(X)
        return log_expit(outputs) if self._is_many else log_softmax(outputs, axis=1)
