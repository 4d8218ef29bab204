"""Losses: cross entropy of logits, and squared errors of signals by Parseval."""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, as_tensor, register
from freqnet.autodiff.tape import fused_vjps
from freqnet.autodiff.tensor import as_array
from freqnet.checks import is_finite
from freqnet.errors import ConfigurationError, DataError, ShapeError, SpaceError, got_expected
from freqnet.ops.arithmetic import elementwise, per_element, plain, scale_by, signal_space, sum_
from freqnet.ops.linear import mode_inner, mode_scale
from freqnet.ops.normalize import as_gradient, scale, signal_power
from freqnet.ops.pointwise import exp, log, sigmoid
from freqnet.spaces import Space, mode_numbers

# The weights of the highest modes stay far below the largest number.
LARGEST_ORDER = 20


def log_softmax(logits: Tensor) -> Tensor:
    """Return the logarithms of class probabilities, ``(batch, classes)``.

    Examples
    --------
    >>> from freqnet.autodiff import Tensor
    >>> from freqnet.ops import log_softmax
    >>> log_softmax(Tensor([[0.0, 0.0]])).data.round(4)
    array([[-0.6931, -0.6931]])
    """
    # The largest logit is subtracted as a constant: it cancels in the value and in the gradient.
    centred = logits - Tensor(plain(logits, "log_softmax").data.max(axis=1, keepdims=True))
    total = sum_(exp(centred), axis=1, keepdims=True)
    return centred - log(total)


def _log_probabilities(logits: np.ndarray) -> np.ndarray:
    centred = logits - logits.max(axis=1, keepdims=True)
    centred -= np.log(np.exp(centred).sum(axis=1, keepdims=True))
    return centred


def _softmax_loss(logits: Tensor, targets: np.ndarray) -> Tensor:
    total = np.sum(_log_probabilities(logits.data) * targets)
    return Tensor(np.asarray(-total / max(1, len(targets)), logits.dtype))


def _softmax_loss_composite(logits: Tensor, targets: np.ndarray) -> Tensor:
    share = -1.0 / max(1, len(targets))
    return scale_by(elementwise(log_softmax(logits), Tensor(targets)).sum(), factor=share)


def _softmax_loss_vjps(g: Tensor, out: Tensor, logits: Tensor, targets: np.ndarray) -> tuple[Tensor]:
    weights = targets.sum(axis=1, keepdims=True)
    difference = np.exp(_log_probabilities(logits.data)) * weights - targets
    return (Tensor(difference * (g.data / logits.dtype.type(max(1, len(targets))))),)


softmax_loss: Op = register(
    Op(
        "softmax_loss",
        forward=_softmax_loss,
        vjps=fused_vjps(_softmax_loss_composite, _softmax_loss_vjps),
        cost=lambda out, logits, targets: 3 * logits.data.size,
        source="-(1/B) sum_b sum_c t[b, c] log softmax(z[b])[c]; its gradient is (softmax(z) - t) / B",
    )
)


def _sigmoid_loss(logits: Tensor, targets: np.ndarray, weights: np.ndarray) -> Tensor:
    z = plain(logits, "sigmoid_loss").data
    # The logarithm of 1 + exp(z), which does not overflow.
    terms = np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z))) - targets * z
    return Tensor(np.asarray(np.sum(terms * weights) / max(1, len(z)), logits.dtype))


def _sigmoid_loss_vjp(g: Tensor, out: Tensor, logits: Tensor, targets: np.ndarray, weights: np.ndarray) -> Tensor:
    difference = sigmoid(logits) - Tensor(targets)
    return elementwise(elementwise(difference, Tensor(weights)), scale_by(g, factor=1.0 / max(1, len(targets))))


sigmoid_loss: Op = register(
    Op(
        "sigmoid_loss",
        forward=_sigmoid_loss,
        vjps=(_sigmoid_loss_vjp,),
        cost=lambda out, logits, targets, weights: 3 * logits.data.size,
        source="(1/B) sum_b sum_c w[b, c] (log(1 + exp z) - t z); its gradient is w (sigmoid(z) - t) / B",
    )
)


def _sobolev_weights(space: Space, order: float, dtype: Any) -> Tensor:
    weights = (1.0 + np.sum(mode_numbers(space.band).astype(float) ** 2, axis=1)) ** order
    return Tensor(weights.reshape(-1, 1, 1).astype(dtype))


def _squared_loss(x: Tensor, targets: np.ndarray, weights: np.ndarray, order: float) -> Tensor:
    error = x.data - targets
    if x.space is None:
        power = np.square(error)
    elif order:
        modes = x.space.mode_inner(error, error)
        power = np.sum(modes * _sobolev_weights(x.space, order, modes.dtype).data, axis=0)
    else:
        power = x.space.power(error)
    return Tensor(np.asarray(np.sum(power * weights) / max(1, len(power)), x.data.real.dtype))


def _squared_loss_vjp(
    g: Tensor, out: Tensor, x: Tensor, targets: np.ndarray, weights: np.ndarray, order: float
) -> Tensor:
    error = x - Tensor(targets, x.space)
    factors = elementwise(Tensor(weights), scale_by(g, factor=2.0 / max(1, len(weights))))
    if x.space is None:
        return elementwise(error, factors)
    if order:
        error = mode_scale(error, _sobolev_weights(x.space, order, weights.dtype))
    return scale(as_gradient(error), factors)


squared_loss: Op = register(
    Op(
        "squared_loss",
        forward=_squared_loss,
        vjps=(_squared_loss_vjp,),
        cost=lambda out, x, targets, weights, order: 2 * per_element(x),
        source="(1/B) sum_b sum_c w[b, c] mean |x - t|^2, by Parseval; mode k may count (1 + |k|^2)^order times",
    )
)


def cross_entropy(logits: Tensor, labels: Any, smoothing: float = 0.0, weights: Any = None) -> Tensor:
    """Return the mean cross entropy of class labels, in nats, or their weighted mean.

    Parameters
    ----------
    logits : Tensor
        Plain ``(batch, classes)``.
    labels : array_like of int
        ``(batch,)``, each from 0 to classes - 1. Whole numbers of any type will do.
    smoothing : float
        Share of each target, in [0, 1), that is spread evenly over all classes (Szegedy et al. 2016).
    weights : array_like, optional
        Weight of each class, ``(classes,)``, 0 or more. The loss is that of PyTorch's ``cross_entropy``: a target's
        share of a class is multiplied by the weight of that class, and the sum over the batch is divided by the sum of
        the weights of the labels.

    Returns
    -------
    Tensor
        Scalar.

    Raises
    ------
    DataError
        A label is out of range, or no whole number.
    ShapeError
        The shapes of logits, labels and weights do not agree, or the smoothing or a weight is out of range.
    SpaceError
        The logits are a signal.

    Examples
    --------
    >>> from freqnet.autodiff import Tensor
    >>> from freqnet.ops import cross_entropy
    >>> round(cross_entropy(Tensor([[0.0, 0.0]]), [1]).item(), 4)
    0.6931
    """
    logits = as_tensor(logits)
    if plain(logits, "cross_entropy").ndim != 2:
        todo = "end the network with Dense(classes)"
        raise ShapeError(got_expected("logits", f"shape {logits.shape}", "(batch, classes)", todo))
    targets = class_targets(labels, logits.shape[1], smoothing, weights, batch=len(logits.data), dtype=logits.dtype)
    return softmax_loss(logits, targets=targets)


def class_targets(
    labels: Any, classes: int, smoothing: float = 0.0, weights: Any = None, *, batch: int, dtype: Any = float
) -> np.ndarray:
    """Return the targets of `softmax_loss` ``(batch, classes)``, as `cross_entropy` describes its arguments."""
    labels = class_numbers(labels, batch, classes)
    if not is_finite(smoothing) or not 0 <= smoothing < 1:
        raise ShapeError(got_expected("smoothing", repr(smoothing), "a number in [0, 1)", "pass smoothing=0.1"))
    targets = np.full((batch, classes), smoothing / classes, dtype)
    targets[np.arange(len(labels)), labels] += 1 - smoothing
    if weights is not None:
        targets *= _relative(weights, labels, classes)
    return targets


def _relative(weights: Any, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return class weights relative to their mean over the labels, ``(classes,)``."""
    weights = np.asarray(weights, float)
    if weights.shape != (classes,) or not np.isfinite(weights).all() or (weights < 0).any():
        got, expected = f"{weights.shape}, from {weights.min(initial=np.inf):g}", f"({classes},), 0 or more"
        raise ShapeError(got_expected("weights", got, expected, "pass one finite number per class"))
    # A batch whose labels all have the weight 0 has no loss.
    return weights / (weights[labels].mean() if len(labels) else 1.0) if weights[labels].any() else 0 * weights


def class_numbers(labels: Any, batch: int, classes: int) -> np.ndarray:
    """Return labels as whole numbers ``(batch,)`` from 0 to classes - 1."""
    given = as_array(labels.data if isinstance(labels, Tensor) else labels)
    if given.shape != (batch,):
        todo = "pass one label per example"
        if given.shape == (batch, classes):
            todo = "pass labels.argmax(axis=1), the number of each class"
        elif given.shape == (batch, 1):
            todo = "pass labels[:, 0]"
        got = f"shape {given.shape} for logits of shape {(batch, classes)}"
        raise ShapeError(got_expected("labels", got, f"({batch},)", todo))
    if given.size == 0:
        return np.zeros(0, np.int64)
    if given.dtype.kind not in "iubf":
        got, todo = (
            f"an array of {given.dtype}",
            "number the classes, as numpy.unique(labels, return_inverse=True) does",
        )
        raise DataError(got_expected("labels", got, f"whole numbers from 0 to {classes - 1}", todo))
    odd = given[~(np.isfinite(given) & (np.floor(given) == given))] if given.dtype.kind == "f" else given[:0]
    if odd.size:
        todo = "number the classes from 0"
        raise DataError(got_expected("labels", odd[0], f"whole numbers from 0 to {classes - 1}", todo))
    if given.min() < 0 or given.max() >= classes:
        got = f"{given.min()} to {given.max()}"
        raise DataError(got_expected("labels", got, f"0 to {classes - 1}", "number classes from 0"))
    return given.astype(np.int64)


def _difference(x: Tensor, target: Any, what: str) -> Tensor:
    """Return the difference of a result and its target, which have one shape and one space; a number fits all."""
    x = as_tensor(x)
    if not isinstance(target, Tensor):
        if x.space is not None and as_array(target).ndim:
            todo = "pass analysis(samples, x.space), or Tensor(array, x.space) for a spectrum"
            raise SpaceError(got_expected(what, f"a target that is a {type(target).__name__}", f"{x.space}", todo))
        target = as_tensor(target, x)
    if (target.space is None and target.ndim == 0) or (target.shape == x.shape and target.space == x.space):
        return x - target
    if (x.space is None) != (target.space is None):
        got = f"a target of {target.space or 'plain numbers'}"
        todo = "pass the target through analysis, or the result through synthesis"
        raise SpaceError(got_expected(what, got, f"{x.space or 'plain numbers'}", todo))
    if target.space == x.space or target.shape[-2:] != x.shape[-2:]:
        got, todo = f"a target of shape {target.shape}", f"reshape the target to {x.shape}"
        raise ShapeError(got_expected(what, got, f"the shape of the result, {x.shape}", todo))
    # Signals whose sample 0 is stored at different places are aligned; other spaces are refused.
    return x - target


def mean_squared_error(x: Tensor, target: Any) -> Tensor:
    """Return the mean squared difference over grid (by Parseval), batch and channels.

    Parameters
    ----------
    x : Tensor
        Plain numbers of any shape, or a signal ``(*modes, batch, channels)``.
    target : Tensor, array_like or float
        The same shape and space; a number stands for a constant. Arrays are plain numbers.

    Returns
    -------
    Tensor
        Scalar.

    Raises
    ------
    ShapeError
        The target has another shape: broadcasting would compare every result with every target.
    SpaceError
        The two are in different spaces.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, mean_squared_error
    >>> space = Fourier.on(3)
    >>> a, b = (analysis(np.array(v).reshape(1, 3, 1), space) for v in ([1.0, 2.0, 3.0], [1.0, 2.0, 6.0]))
    >>> round(mean_squared_error(a, b).item(), 6)
    3.0
    """
    difference = _difference(x, target, "mean_squared_error")
    if difference.space is None:
        return scale_by(elementwise(difference, difference).sum(), factor=1.0 / max(1, difference.data.size))
    per_example = signal_power(difference)
    return scale_by(per_example.sum(), factor=1.0 / max(1, per_example.data.size))


def sobolev_error(x: Tensor, target: Any, order: float = 1.0) -> Tensor:
    """Return the squared error in the Sobolev norm, which weights each mode by ``(1 + |k|^2)^order``.

    Order 0 is `mean_squared_error`. A positive order emphasises high modes (edges), a negative order low modes.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)`` in a space of modes.
    target : Tensor or float
        Signal of the same shape and space; a number stands for a constant.
    order : float
        The exponent; k is in cycles per period.

    Raises
    ------
    ConfigurationError
        The order is not a number, or is beyond 20.
    ShapeError
        The target has another shape.
    SpaceError
        The signals are in different spaces, or their domain does not store modes.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, sobolev_error
    >>> space = Fourier.on(5)
    >>> wave = analysis(np.cos(4 * np.pi * np.arange(5) / 5).reshape(1, 5, 1), space)
    >>> round(sobolev_error(wave, wave * 0.0).item(), 6)
    2.5
    """
    if not is_finite(order) or abs(order) > LARGEST_ORDER:
        expected = f"a number from -{LARGEST_ORDER} to {LARGEST_ORDER}"
        raise ConfigurationError(got_expected("order", repr(order), expected, "pass order=1.0"))
    signal_space(x, "sobolev_error")
    difference = _difference(x, target, "sobolev_error")
    spectrum = mode_inner(difference, difference)
    weighted = elementwise(spectrum, _sobolev_weights(x.space, order, spectrum.dtype))
    return scale_by(weighted.sum(), factor=1.0 / max(1, spectrum.shape[1] * spectrum.shape[2]))
