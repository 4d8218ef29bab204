"""Tasks whose outputs are classes: one class per sample, or several labels per sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freqnet.errors import DataError, got_expected
from freqnet.ops.loss import class_numbers
from freqnet.tasks.base import Read, Task, as_names, own_names, register_task, unique_names
from freqnet.tasks.labels import number_labels
from freqnet.tasks.losses import BinaryCrossEntropy, CrossEntropy, Loss, LossChoices, Outputs, require_choice
from freqnet.tasks.weights import class_weights, label_weights
from freqnet.values import as_numbers


def require_known(unknown: Sequence[str], known: Sequence[str], wanted: Sequence[str], what: str) -> None:
    """Raise `DataError` if a class of a dataset is not among those of a model."""
    if unknown:
        got = f"the class {unknown[0]!r} among {len(known)}"
        expected = f"the {len(wanted)} classes of training ({', '.join(wanted[:12])})"
        todo = "rename the others, or leave them out"
        raise DataError(got_expected(f"dataset {what}", got, expected, todo))


class Classification(Task):
    """One class per sample; targets are class numbers ``(samples,)``, and outputs are logits.

    Examples
    --------
    >>> from freqnet.tasks import Classification
    >>> Classification().read(["dog", "cat", "dog"], None, "pets")
    (array([1, 0, 1]), ('cat', 'dog'))
    """

    name = "classification"
    score = "accuracy"
    has_classes = True
    percent = True
    has_running_score = True
    losses = ("cross-entropy",)

    def read(self, y: Any, names: Any, what: str) -> Read:
        return number_labels(y, names, what)

    def check(self, targets: np.ndarray, names: Sequence[str], count: int, what: str) -> None:
        if targets.shape != (count,):
            got, expected = f"shape {targets.shape} for {count} images", f"shape ({count},)"
            raise DataError(got_expected(f"labels of {what}", got, expected, "give one label per image"))
        if targets.dtype.kind not in "iu":
            todo = "convert with labels.astype('int64')"
            raise DataError(got_expected(f"labels of {what}", f"dtype {targets.dtype}", "int64", todo))
        lowest, highest = int(targets.min()), int(targets.max())
        if lowest < 0 or highest >= len(names):
            got = f"labels from {lowest} to {highest}"
            expected = f"labels from 0 to {len(names) - 1} for {len(names)} classes"
            todo = "number the classes from 0, or name the missing classes"
            raise DataError(got_expected(f"labels of {what}", got, expected, todo))
        unique_names(names, f"classes of {what}")
        if lowest == highest:
            got, expected = "samples of 1 class", "samples of at least 2 classes"
            raise DataError(got_expected(f"classes of {what}", got, expected, "add samples of another class"))

    def renamed(self, targets: np.ndarray, names: Sequence[str], wanted: Sequence[str], what: str) -> np.ndarray:
        require_known([name for name in names if name not in wanted], names, wanted, what)
        return np.array([wanted.index(name) for name in names])[targets]

    def strata(self, targets: np.ndarray) -> np.ndarray | None:
        return targets

    def loss(self, outputs: Outputs, choices: LossChoices, targets: np.ndarray) -> Loss:
        require_choice(self.name, choices.loss, self.losses)
        numbers = class_numbers(targets, len(targets), outputs.count)
        weights = class_weights(choices.class_weights, numbers, outputs.count)
        return CrossEntropy(outputs, choices.smoothing, weights)

    def metrics(self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
        from sklearn import metrics

        said = self.predictions(outputs)
        options: dict[str, Any] = {"sample_weight": weights}
        f1 = metrics.f1_score(targets, said, average="macro", zero_division=0.0, **options)
        # The mean recall over the classes that occur; scikit-learn warns of predicted classes that do not.
        present = np.unique(targets)
        recalls = metrics.recall_score(targets, said, labels=present, average="macro", zero_division=0.0, **options)
        accuracy = metrics.accuracy_score(targets, said, **options)
        return {"accuracy": float(accuracy), "balanced_accuracy": float(recalls), "f1": float(f1)}

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        return outputs.argmax(axis=1) if len(outputs) else np.zeros(0, np.int64)

    def average(self, copies: Sequence[np.ndarray]) -> np.ndarray:
        """Return the logarithms of the mean probabilities, which are logits too."""
        logits = np.array(copies, np.float64)
        logits -= np.logaddexp.reduce(logits, axis=2, keepdims=True)
        return (np.logaddexp.reduce(logits, axis=0) - np.log(len(copies))).astype(copies[0].dtype)

    def running(self, outputs: np.ndarray, targets: np.ndarray) -> dict[str, float]:
        return {"accuracy": float(np.sum(outputs.argmax(axis=1) == targets))}


class MultiLabel(Task):
    """Any number of labels per sample; targets are 0 or 1 ``(samples, labels)``, and outputs are logits.

    A label is predicted where its logit is above 0, that is, where its probability is above 1/2. The score is F1 over
    all samples and labels together (micro-average).

    Examples
    --------
    >>> from freqnet.tasks import MultiLabel
    >>> targets, names = MultiLabel().read([["sun"], ["sun", "sea"], []], None, "photos")
    >>> names, targets.tolist()
    (('sea', 'sun'), [[0, 1], [1, 1], [0, 0]])
    """

    name = "multi-label"
    score = "f1"
    has_classes = True
    percent = True
    losses = ("cross-entropy",)

    def read(self, y: Any, names: Any, what: str) -> Read:
        names = as_names(names, f"labels of {what}")
        if _are_lists_of_names(y):
            return _from_names(y, names, what)
        table = as_numbers(y, f"labels of {what}")
        if table.ndim != 2 or 0 in table.shape or table.dtype.kind not in "biuf":
            got = f"shape {table.shape} of {table.dtype}"
            todo = "pass a table of 0 and 1, or a list of the names of each sample"
            raise DataError(got_expected(f"labels of {what}", got, "0 or 1 of shape (samples, labels)", todo))
        odd = table[(table != 0) & (table != 1)]
        if odd.size:
            todo = "pass 1 where a label is present, else 0"
            raise DataError(got_expected(f"labels of {what}", f"the value {odd[0]}", "0 or 1", todo))
        names = own_names(y) if names is None else names
        named = [str(number) for number in range(table.shape[1])] if names is None else list(names)
        return table.astype(np.int64), tuple(named)

    def check(self, targets: np.ndarray, names: Sequence[str], count: int, what: str) -> None:
        if targets.shape != (count, len(names)):
            got, expected = (
                f"shape {targets.shape}",
                f"shape ({count}, {len(names)}), {count} samples, {len(names)} names",
            )
            raise DataError(got_expected(f"labels of {what}", got, expected, "give one row per sample"))
        unique_names(names, f"labels of {what}")
        never = np.flatnonzero(~targets.astype(bool).any(axis=0))
        if len(never):
            got, todo = (
                f"the label {names[never[0]]!r}, which no sample has",
                "leave it out, or add samples that have it",
            )
            raise DataError(got_expected(f"labels of {what}", got, "labels that occur", todo))

    def renamed(self, targets: np.ndarray, names: Sequence[str], wanted: Sequence[str], what: str) -> np.ndarray:
        require_known([name for name in names if name not in wanted], names, wanted, what)
        out = np.zeros((len(targets), len(wanted)), targets.dtype)
        out[:, [wanted.index(name) for name in names]] = targets
        return out

    def loss(self, outputs: Outputs, choices: LossChoices, targets: np.ndarray) -> Loss:
        require_choice(self.name, choices.loss, self.losses)
        if targets.ndim != 2 or targets.shape[1] != outputs.count:
            got, expected = f"shape {targets.shape}", f"(samples, {outputs.count}), one per output of the network"
            raise DataError(got_expected("labels", got, expected, "pass the labels that the network has outputs for"))
        return BinaryCrossEntropy(outputs, choices.smoothing, label_weights(choices.class_weights, targets))

    def metrics(self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
        from sklearn import metrics

        said = self.predictions(outputs)
        options: dict[str, Any] = {"sample_weight": weights}
        f1 = {average: metrics.f1_score(targets, said, average=average, zero_division=0.0, **options)
              for average in ("micro", "macro")}  # fmt: skip
        right = metrics.accuracy_score(targets, said, **options)
        wrong = metrics.hamming_loss(targets, said, **options)
        return {"f1": float(f1["micro"]), "f1_macro": float(f1["macro"]), "all_labels_right": float(right),
                "hamming_loss": float(wrong)}  # fmt: skip

    def average(self, copies: Sequence[np.ndarray]) -> np.ndarray:
        """Return the logits of the mean probabilities."""
        logits = np.array(copies, np.float64)
        present, absent = (-np.logaddexp(0, sign * logits) for sign in (-1, 1))
        return (np.logaddexp.reduce(present) - np.logaddexp.reduce(absent)).astype(copies[0].dtype)

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        return (outputs > 0).astype(np.int64)


def _are_lists_of_names(y: Any) -> bool:
    if isinstance(y, np.ndarray) and y.dtype != object:
        return False
    rows = list(y) if hasattr(y, "__iter__") and not isinstance(y, str | bytes) else []
    is_list = [isinstance(row, list | tuple | set | frozenset) for row in rows]
    return bool(rows) and all(is_list) and all(isinstance(name, str) for row in rows for name in row)


def _from_names(y: Any, names: Any, what: str) -> Read:
    from sklearn.preprocessing import MultiLabelBinarizer

    known = None if names is None else list(names)
    unknown = sorted({name for row in y for name in row} - set(known)) if known is not None else []
    if known is not None and unknown:
        got, todo = f"the label {unknown[0]!r}", "add the name, or correct the label"
        raise DataError(got_expected(f"labels of {what}", got, f"one of the {len(known)} names", todo))
    binarizer = MultiLabelBinarizer(classes=known)
    table = binarizer.fit_transform(y)
    if not table.shape[1]:
        raise DataError(got_expected(f"labels of {what}", "no label at all", "some", "pass lists with names"))
    return table.astype(np.int64), tuple(str(name) for name in binarizer.classes_)


register_task(Classification())
register_task(MultiLabel())
