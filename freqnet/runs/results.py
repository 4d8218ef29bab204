"""The files of a finished run."""

from __future__ import annotations

from typing import Any

from freqnet.data import Split
from freqnet.errors import ConfigurationError, FreqnetError, got_expected
from freqnet.nn import Network
from freqnet.runs.job import Plan
from freqnet.training import Checkpoint, Evaluation, History, save
from freqnet.training.files import HISTORY, METRICS, MODEL, REPORT, write_json, write_lines


def write_results(
    plan: Plan, network: Network, parts: Split, history: History, result: Evaluation, report: bool = True
) -> dict[str, Any]:
    """Write model, history, metrics and, if asked for, report, in this order, and return the metrics.

    Raises
    ------
    ConfigurationError
        A file cannot be written, or the report cannot be made; what was written before stays.
    """
    metrics = collect_metrics(plan, network, parts, history, result)
    info = {**plan.info, "metrics": metrics}
    save(plan.folder / MODEL, Checkpoint(network.describe(), network.arrays(), info=info))
    write_lines(plan.folder / HISTORY, history.rows)
    write_json(plan.folder / METRICS, metrics)
    if not report:
        return metrics
    try:
        _write_report(plan, network, parts, history, result, metrics)
    except FreqnetError:
        raise
    # Whatever plotting runs into, the model is there.
    except Exception as error:
        got = f"{type(error).__name__}: {error}"
        expected = f"a page beside {MODEL} and {METRICS}, which are complete"
        message = got_expected(f"report {plan.folder / REPORT}", got, expected, "run again with --resume --debug")
        raise ConfigurationError(message) from error
    return metrics


def _write_report(
    plan: Plan, network: Network, parts: Split, history: History, result: Evaluation, metrics: dict[str, Any]
) -> None:
    from freqnet.report import Run, write_report

    test, title = parts.test, f"{metrics['dataset']} in the {metrics['domain']} domain"
    run = Run(network, test.images, test.labels, result.logits, test.classes, title, metrics, history.rows)
    write_report(plan.folder / REPORT, run)


def collect_metrics(plan: Plan, network: Network, parts: Split, history: History, result: Evaluation) -> dict[str, Any]:
    """Return what ``metrics.json`` holds."""
    last, info = history.rows[-1], plan.info
    return {
        "dataset": info["dataset"],
        "domain": network.door.domain,
        "seed": info["settings"]["seed"],
        "test_accuracy": result.accuracy,
        "test_loss": result.loss,
        "train_accuracy": last["accuracy"],
        "train_loss": last["loss"],
        "train_seconds": history.seconds,
        "epochs": last["epoch"],
        "parameters": network.parameter_count(),
        "modes": list(network.door.space.domain.modes(network.door.space)),
        "transforms_inside_network": network.transforms_inside,
        "train_samples": len(parts.train),
        "validation_samples": 0 if parts.validation is None else len(parts.validation),
        "test_samples": len(parts.test),
        **{name: info[name] for name in ("settings", "model", "command")},
    }
