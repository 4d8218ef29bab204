"""Weights of classes and of labels in the loss."""

from __future__ import annotations

import numpy as np

from freqnet.errors import ConfigurationError, got_expected


def class_weights(chosen: str | tuple[float, ...] | None, labels: np.ndarray, classes: int) -> np.ndarray | None:
    """Return the weight of each class, ``(classes,)``, or None without weights.

    Parameters
    ----------
    chosen : "balanced", tuple of float, or None
        The choice `Settings.class_weights`.
    labels : numpy.ndarray
        Labels of the training examples.
    classes : int
        Number of classes.

    Returns
    -------
    numpy.ndarray or None
        Balanced weights are those of scikit-learn, ``examples / (classes * examples of the class)``, where only classes
        with examples count; classes without examples have the weight 1.

    Raises
    ------
    ConfigurationError
        The number of weights is not that of the classes.

    Examples
    --------
    >>> class_weights("balanced", np.array([0, 0, 0, 1]), 2).round(3)
    array([0.667, 2.   ])
    """
    if chosen is None:
        return None
    if chosen == "balanced":
        from sklearn.utils.class_weight import compute_class_weight

        present, weights = np.unique(labels), np.ones(classes)
        weights[present] = compute_class_weight("balanced", classes=present, y=labels)
        return weights
    weights = _numbers(chosen, classes)
    if not weights[labels].any():
        got, todo = "0 for every class with examples", "pass class_weights='balanced'"
        raise ConfigurationError(got_expected("class_weights", got, "a positive number", todo))
    return weights


def label_weights(chosen: str | tuple[float, ...] | None, targets: np.ndarray) -> np.ndarray | None:
    """Return the weight of each label where it is present, ``(labels,)``, or None without weights.

    Parameters
    ----------
    chosen : "balanced", tuple of float, or None
        The choice `Settings.class_weights`.
    targets : numpy.ndarray
        0 or 1 ``(samples, labels)``.

    Returns
    -------
    numpy.ndarray or None
        Balanced weights count the presence and the absence of a label alike.

    Raises
    ------
    ConfigurationError
        The number of weights is not that of the labels.

    Examples
    --------
    >>> label_weights("balanced", np.array([[1, 0], [1, 1], [0, 0], [1, 0]]))
    array([0.33333333, 3.        ])
    """
    if chosen is None:
        return None
    if chosen == "balanced":
        present = targets.sum(axis=0)
        is_both = (present > 0) & (present < len(targets))
        return np.where(is_both, (len(targets) - present) / np.maximum(present, 1), 1.0)
    return _numbers(chosen, targets.shape[1])


def _numbers(chosen: str | tuple[float, ...], count: int) -> np.ndarray:
    if len(chosen) != count:
        todo = f"pass {count} numbers, or class_weights='balanced'"
        raise ConfigurationError(got_expected("class_weights", f"{len(chosen)} numbers", f"{count}", todo))
    return np.array(chosen, float)
