"""Tasks whose outputs are real numbers: vectors, or signals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.tasks.base import Read, Task, as_names, own_names, register_task, unique_names
from freqnet.tasks.losses import Loss, LossChoices, Outputs, SquaredError, require_choice
from freqnet.values import as_numbers, describe_not_finite


class _Values(Task):
    """Real numbers as outputs: they have units, and their errors are squared."""

    has_units = True
    _average: ClassVar[str] = "uniform_average"

    def renamed(self, targets: np.ndarray, names: Sequence[str], wanted: Sequence[str], what: str) -> np.ndarray:
        if len(names) != len(wanted):
            got, expected = (
                f"{len(names)} values per target",
                f"the {len(wanted)} of training ({', '.join(wanted[:12])})",
            )
            raise DataError(got_expected(f"targets of {what}", got, expected, "give the targets of the training"))
        if set(names) == set(wanted):
            return targets[..., [names.index(name) for name in wanted]]
        return targets

    def loss(self, outputs: Outputs, choices: LossChoices, targets: np.ndarray) -> Loss:
        norm = require_choice(self.name, choices.loss, self.losses)
        self.no_class_choices(choices)
        if targets.shape[-1] != outputs.count:
            got, expected = f"{targets.shape[-1]} values per target", f"{outputs.count}, as the network has outputs"
            raise DataError(got_expected("targets", got, expected, "pass targets that the network has outputs for"))
        if norm == "sobolev" and not (outputs.space and outputs.space.is_spectral and not outputs.space.has_nodes):
            got, todo = f"{outputs.space}", "pass domain='fourier' or another loss"
            raise ConfigurationError(got_expected("loss='sobolev'", got, "a domain of modes", todo))
        return SquaredError(outputs, norm, choices.order)

    def metrics(self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
        """Return R2, and the errors in the units of the targets; outputs of several units have no common error."""
        from sklearn import metrics

        found, wanted = (values.reshape(len(values), -1).astype(np.float64) for values in (outputs, targets))
        options: dict[str, Any] = {"sample_weight": weights}
        # The share of the variance is not defined for one sample.
        share = self._share(wanted, found, options) if len(wanted) > 1 else float("nan")
        if targets.shape[-1] > 1 and not self.is_field:
            return {"r2": share}
        squared = float(metrics.mean_squared_error(wanted, found, **options))
        return {
            "r2": share,
            "rmse": float(np.sqrt(squared)),
            "mae": float(metrics.mean_absolute_error(wanted, found, **options)),
        }

    def _share(self, wanted: np.ndarray, found: np.ndarray, options: dict[str, Any]) -> float:
        """Return the share of the variance that is explained, as the mean over outputs."""
        from sklearn import metrics

        return float(metrics.r2_score(wanted, found, multioutput=self._average, **options))

    def by_output(self, outputs: np.ndarray, targets: np.ndarray, names: Sequence[str]) -> dict[str, dict[str, float]]:
        if len(names) < 2 or self.is_field:
            return {}
        columns = ((name, slice(i, i + 1)) for i, name in enumerate(names))
        return {name: self.metrics(outputs[..., one], targets[..., one]) for name, one in columns}

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        return outputs


class Regression(_Values):
    """One or several real numbers per sample; targets are ``(samples, outputs)``, in any units.

    Examples
    --------
    >>> from freqnet.tasks import Regression
    >>> targets, names = Regression().read([20.5, 31.0, 27.5], ["age"], "people")
    >>> targets.shape, names
    ((3, 1), ('age',))
    """

    name = "regression"
    score = "r2"
    losses = ("squared",)

    def read(self, y: Any, names: Any, what: str) -> Read:
        values = _numbers(y, what)
        if values.ndim == 1:
            values = values[:, np.newaxis]
        if values.ndim != 2 or 0 in values.shape:
            todo = "pass a number per sample, or a row of numbers"
            if values.ndim > 2:
                todo += "; for signals pass task='field'"
            expected = "shape (samples,) or (samples, outputs)"
            raise DataError(got_expected(f"targets of {what}", f"shape {values.shape}", expected, todo))
        count, named = values.shape[1], own_names(y) if names is None else as_names(names, f"targets of {what}")
        if named is None:
            return values, ("y",) if count == 1 else tuple(f"y{number}" for number in range(count))
        if len(named) != count:
            got, todo = f"{len(named)} names", "give one name per column"
            raise DataError(got_expected(f"names of the targets of {what}", got, f"{count}, one per output", todo))
        return values, tuple(named)

    def check(self, targets: np.ndarray, names: Sequence[str], count: int, what: str) -> None:
        if targets.shape != (count, len(names)):
            got, expected = f"shape {targets.shape}", f"({count}, {len(names)}): {count} samples, {len(names)} outputs"
            raise DataError(got_expected(f"targets of {what}", got, expected, "give one target per sample"))
        _check_finite(targets, what)
        unique_names(names, f"targets of {what}")


class Field(_Values):
    """A signal per sample; targets are samples ``(samples, *grid, channels)`` on a grid of the same period.

    Targets pass a door like that of the network, and the loss is taken in the spectrum: the squared error by Parseval,
    relative to the size of each target, or in a Sobolev norm, which weights mode k by ``(1 + |k|^2)^order``. Parts of a
    target outside the output's band do not count in the loss; they count in the metrics, which are measured on samples.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.tasks import Field
    >>> targets, names = Field().read(np.zeros((4, 8, 8, 1)), None, "clean")
    >>> targets.shape, names
    ((4, 8, 8, 1), ('0',))
    """

    name = "field"
    score = "r2"
    is_field = True
    losses = ("squared", "relative", "sobolev")
    # Points at the rim of a picture may hardly vary: all points of a field count together.
    _average = "variance_weighted"

    def read(self, y: Any, names: Any, what: str) -> Read:
        values = _numbers(y, what)
        if values.ndim not in (3, 4, 5) or 0 in values.shape:
            expected = "signals (samples, *grid, channels) with a grid of 1 to 3 axes"
            todo = "pass one signal per sample; for numbers pass task='regression'"
            raise DataError(got_expected(f"targets of {what}", f"shape {values.shape}", expected, todo))
        named = as_names(names, f"channels of {what}") or [str(number) for number in range(values.shape[-1])]
        if len(named) != values.shape[-1]:
            got, expected = f"{len(named)} names", f"{values.shape[-1]}, one per channel"
            raise DataError(got_expected(f"names of the channels of {what}", got, expected, "give one per channel"))
        return values, tuple(named)

    def check(self, targets: np.ndarray, names: Sequence[str], count: int, what: str) -> None:
        if len(targets) != count or targets.ndim not in (3, 4, 5) or targets.shape[-1] != len(names):
            got, expected = f"shape {targets.shape}", f"{count} signals of {len(names)} channels"
            raise DataError(got_expected(f"targets of {what}", got, expected, "give one signal per sample"))
        _check_finite(targets, what)
        unique_names(names, f"channels of {what}")

    def metrics(self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
        axes = tuple(range(1, outputs.ndim))
        error, size = (np.sqrt(np.sum(np.square(v, dtype=float), axis=axes)) for v in (outputs - targets, targets))
        found = np.average(error / np.where(size > 0, size, 1.0), weights=weights)
        return {**super().metrics(outputs, targets, weights), "relative_error": float(found)}


def _numbers(y: Any, what: str) -> np.ndarray:
    values = np.asarray(as_numbers(y, f"targets of {what}"), np.float64)
    _check_finite(values, what)
    return values


def _check_finite(values: np.ndarray, what: str) -> None:
    if not np.isfinite(values).all():
        got = describe_not_finite(values)
        raise DataError(got_expected(f"targets of {what}", got, "finite numbers", "drop or repair those samples"))


register_task(Regression())
register_task(Field())
