"""A regressor in the frequency domain, as an estimator of scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import RegressorMixin

from freqnet.sklearn.base import FrequencyEstimator, weights_of
from freqnet.sklearn.samples import read
from freqnet.tasks import Regression


# More than 8 fields: the parameters of an estimator of scikit-learn are the arguments of its constructor.
@dataclass(eq=False, repr=False, kw_only=True)
class FrequencyRegressor(RegressorMixin, FrequencyEstimator):
    """Predict one or several numbers from signals, images or volumes, by a network in the frequency domain.

    X is read as by `FrequencyClassifier`. The loss is the squared error, with each output in units of its deviation.

    Parameters
    ----------
    domain, modes, kernel, activation, gate_band, widths, size, stages, decay, taps, depth, groups, squeeze, head
        The network: see `freqnet.training.Model`.
    head_modes, frequency_dropout, channel_dropout, stochastic_depth, pool, precision
        The network: see `freqnet.training.Model`.
    epochs, batch, learning_rate, optimizer, schedule, weight_decay, shift, augment, clip, accumulate, ema
        The training: see `freqnet.training.Settings`. `partial_fit` keeps the learning rate constant.
    patience, validation_fraction, grid, layout, random_state, warm_start, verbose
        As for `FrequencyClassifier`.

    Attributes
    ----------
    network_ : Network
        The trained network; its outputs are in the units of y.
    axes_ : Axes
        Names of the axes of X, grid and number of channels.
    loss_curve_ : list of float
        Mean loss of each epoch: the squared error in units of the variance of the first y.
    n_iter_ : int
        Number of epochs.
    n_features_in_ : int
        Size of the second axis of X.
    feature_names_in_ : ndarray of str
        Names of the columns of X, where it has such names.

    Notes
    -----
    Weights of samples act as in `FrequencyClassifier`.

    Examples
    --------
    The frequency of a noisy wave, from signals of 64 samples at any phase:

    >>> import numpy as np
    >>> from freqnet.sklearn import FrequencyRegressor
    >>> rng = np.random.default_rng(0)
    >>> frequency, phase = rng.uniform(1, 5, 600), rng.uniform(0, 2 * np.pi, 600)
    >>> X = np.cos(np.outer(frequency, 2 * np.pi * np.arange(64) / 64) + phase[:, None])
    >>> X += 0.1 * rng.normal(size=X.shape)
    >>> model = FrequencyRegressor(random_state=0).fit(X[:400], frequency[:400])
    >>> model.score(X[400:], frequency[400:]) > 0.95
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    # -- training ----------------------------------------------------------------------------------------
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> FrequencyRegressor:
        """Train a network.

        Parameters
        ----------
        X : array_like
            ``(samples, features)``, ``(samples, *grid)`` or ``(samples, *grid, channels)``.
        y : array_like
            Numbers ``(samples,)`` or ``(samples, outputs)``, in any units.
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
            X, y = read(self, X, y, reset=True, multi_output=True, y_numeric=True)
            is_new = not (self.warm_start and hasattr(self, "network_"))
            self._train(X, self._targets(y), weights_of(sample_weight, X), is_new)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> FrequencyRegressor:
        """Take one pass over samples; the optimiser keeps its state from call to call.

        The first call sets the scale of the inputs and of the outputs, and should be typical of the others.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Raises
        ------
        ValueError
            X, y or a parameter is not usable.
        """
        with self._unchanged_by_errors():
            is_new = not hasattr(self, "network_")
            X, y = read(self, X, y, reset=is_new, multi_output=True, y_numeric=True)
            self._train_once(X, self._targets(y), weights_of(sample_weight, X), is_new)
        return self

    def _targets(self, y: np.ndarray) -> np.ndarray:
        """Return the numbers ``(samples, outputs)``, and remember whether they were a column."""
        self._task = Regression()
        targets, self._names = self._task.read(y, None, "y")
        self._is_flat = y.ndim == 1
        self._dtype = np.result_type(y, np.float32)
        return targets

    # -- prediction --------------------------------------------------------------------------------------
    def predict(self, X: Any) -> np.ndarray:
        """Return the numbers ``(samples,)`` or ``(samples, outputs)``, as y was in `fit`."""
        outputs = self._outputs(X).astype(self._dtype)
        return outputs[:, 0] if self._is_flat else outputs
