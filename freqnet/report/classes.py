"""Sections of a report on predicted classes and labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from freqnet.plot.training import count_confusions
from freqnet.report import plots
from freqnet.report.page import Bar, Picture, Section, Table

if TYPE_CHECKING:
    from freqnet.report.run import Run

# With more classes than this, their table scrolls by itself, and with more than that, the page shows only some.
_MANY_CLASSES, _MOST_CLASSES = 20, 100


def classes(run: Run) -> Section | None:
    """Return the confusion matrix and a table of the classes."""
    if not len(run.targets):
        return None
    text = (
        "Each row is a true class; colours are shares of the row, on a scale that makes rare mistakes visible. "
        "Numbers are examples; a blank cell means none."
    )
    words = "Confusion matrix; the table below has the numbers of each class."
    counts = count_confusions(run.targets, run.predictions, len(run.classes))
    picked = _confused(counts)
    if len(picked) < len(run.classes):
        text += (
            f" Of {len(run.classes):,} classes, the {len(picked)} with the most mistakes are shown; mistakes with "
            "other classes are in the table only."
        )
    among = np.isin(run.targets, picked) & np.isin(run.predictions, picked)
    true, said = (np.searchsorted(picked, group[among]) for group in (run.targets, run.predictions))
    drawn = plots.confusion_matrix(true, said, [run.classes[index] for index in picked])
    columns = [("class", False), ("examples", True), ("correct", True), ("accuracy", True), ("precision", True)]
    columns.append(("most often taken for", False))
    rows = [_class_row(counts, index, run.classes) for index in picked]
    table = Table(columns, rows, is_tall=len(rows) > _MANY_CLASSES)
    return Section("classes", "Classes", text, (Picture("confusion", drawn, words), table))


def _confused(counts: np.ndarray) -> np.ndarray:
    """Return the numbers of the classes with the most mistakes, in order; all, if they are not too many."""
    right = np.diagonal(counts)
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * right
    return np.sort(np.argsort(-mistakes, kind="stable")[:_MOST_CLASSES])


def _class_row(counts: np.ndarray, index: int, classes: Sequence[str]) -> list[str | Bar]:
    examples, said, right = int(counts[index].sum()), int(counts[:, index].sum()), int(counts[index, index])
    wrong = counts[index].copy()
    wrong[index] = 0
    most = int(wrong.argmax())
    taken = f"{classes[most]} ({wrong[most]})" if wrong[most] else ""
    accuracy = Bar(f"{100 * right / examples:.1f} %", right / examples) if examples else "-"
    precision = f"{100 * right / said:.1f} %" if said else "-"
    return [str(classes[index]), f"{examples:,}", f"{right:,}", accuracy, precision, taken]


def mistakes(run: Run) -> Section | None:
    """Return misclassified examples."""
    wrong = np.flatnonzero(run.predictions != run.targets)
    if not len(run.targets):
        return None
    if not len(wrong):
        return Section("mistakes", "Mistakes", f"None: all {len(run.targets):,} test examples are classified right.")
    # Those with the largest margin come first: the network is wrong without a doubt.
    rows = np.nan_to_num(run.outputs[wrong].astype(float))
    margin = rows.max(axis=1, initial=-np.inf) - rows[np.arange(len(wrong)), run.targets[wrong]]
    order = wrong[np.argsort(-margin, kind="stable")]
    drawn = plots.misclassified(
        run.pictures(run.images[order]), run.targets[order], run.predictions[order], run.classes
    )
    text = f"{len(wrong):,} of {len(run.targets):,} test examples are misclassified; "
    text += "those whose logits leave the least doubt come first."
    return Section("mistakes", "Mistakes", text, (Picture("mistakes", drawn, "Misclassified examples."),))


def labels(run: Run) -> Section | None:
    """Return a table of the labels, where each example may have several."""
    if not len(run.targets):
        return None
    from sklearn.metrics import average_precision_score, precision_recall_fscore_support

    said = run.predictions
    found = precision_recall_fscore_support(run.targets, said, average=None, zero_division=0.0)
    rows: list[list[str | Bar]] = []
    for index, (name, precision, recall, f1, count) in enumerate(zip(run.classes, *found, strict=True)):
        is_known = 0 < count < len(said)
        average = average_precision_score(run.targets[:, index], run.outputs[:, index]) if is_known else None
        shown = "-" if average is None else f"{100 * average:.1f} %"
        parts = [
            f"{int(count):,}",
            f"{int(said[:, index].sum()):,}",
            f"{100 * precision:.1f} %",
            f"{100 * recall:.1f} %",
        ]
        rows.append([str(name), *parts, Bar(f"{100 * f1:.1f} %", float(f1)), shown])
    columns = [("label", False), *((name, True) for name in ("examples", "predicted", "precision", "recall", "F1"))]
    columns.append(("average precision", True))
    wrong = (said != run.targets).sum(axis=1)
    order = np.argsort(-wrong, kind="stable")[: int((wrong > 0).sum())]
    drawn = plots.mislabelled(run.pictures(run.images[order]), run.targets[order], said[order], run.classes)
    text = (
        f"A label is predicted where its probability is above one half. All labels of {int((wrong == 0).sum()):,} of "
        f"{len(wrong):,} test examples are right; those with the most mistakes are drawn."
    )
    picture = Picture("mislabelled", drawn, "Examples with wrong labels.")
    return Section("labels", "Labels", text, (Table(columns, rows, is_tall=len(rows) > _MANY_CLASSES), picture))
