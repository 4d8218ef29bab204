"""Sections of a report on predicted numbers and signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from freqnet.report import plots
from freqnet.report.page import Picture, Section, Table

if TYPE_CHECKING:
    from freqnet.report.run import Run


def values(run: Run) -> Section | None:
    """Return predicted beside true numbers, and a table of their errors."""
    if not len(run.targets):
        return None
    rows = []
    for index, name in enumerate(run.classes):
        true, said = run.targets[:, index : index + 1], run.outputs[:, index : index + 1]
        found = run.task.metrics(said, true)
        bias = float(np.mean(said - true))
        figures = (float(true.std()), *(found[key] for key in ("rmse", "mae")), bias, found["r2"])
        rows.append([str(name), *(f"{figure:.4g}" for figure in figures)])
    columns = [("output", False), ("deviation of the targets", True), ("root mean square error", True)]
    columns += [("mean absolute error", True), ("mean error", True), ("R2", True)]
    drawn = plots.predicted_and_true(run.targets, run.outputs, run.classes)
    text = (
        "Each dot is a test example; on the line the prediction is right. R2 is the share of the targets' variance "
        "that is explained: 0 is no better than their mean."
    )
    return Section(
        "values", "Predictions", text, (Picture("values", drawn, "Predicted beside true values."), Table(columns, rows))
    )


def fields(run: Run) -> Section | None:
    """Return some inputs with their targets, outputs and errors, and the error at each frequency."""
    if not len(run.targets):
        return None
    size = np.sqrt(np.mean((run.outputs - run.targets) ** 2, axis=tuple(range(1, run.targets.ndim))))
    order = np.argsort(size, kind="stable")
    # From the best to the worst.
    picked = order[np.linspace(0, len(order) - 1, min(5, len(order))).round().astype(int)]
    drawn = plots.fields(*(run.pictures(samples[picked]) for samples in (run.images, run.targets, run.outputs)))
    errors = plots.errors_by_frequency(run.pictures(run.targets), run.pictures(run.outputs))
    text = (
        f"Test examples at even distances from the smallest error ({size.min():.3g}, root mean square) to the largest "
        f"({size.max():.3g}); all panels of a row but the first share one scale. Below, the power of targets and "
        "errors by frequency: where the error is as strong as the target, nothing of the target is found."
    )
    pictures = (
        Picture("fields", drawn, "Inputs, targets, outputs and errors."),
        Picture("errors-by-frequency", errors, "Power of targets and errors by frequency."),
    )
    return Section("fields", "Predictions", text, pictures)
