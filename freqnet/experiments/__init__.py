"""Experiments: training runs with their folders, and comparisons of the same runs in several domains."""

from freqnet.experiments.comparison import Comparison
from freqnet.experiments.config import read_config
from freqnet.experiments.engine import compare
from freqnet.experiments.execute import Begun, collect_metrics, prepare, run, write_results
from freqnet.experiments.figures import Compared, DomainFigures, Sketch
from freqnet.experiments.job import (
    Job,
    Plan,
    fingerprint,
    make_plan,
    matching,
    resume_command,
    stored_info,
    stored_reading,
)
from freqnet.experiments.operations import error_bounds, operation_errors
from freqnet.experiments.plots import plot_learning
from freqnet.experiments.search import Search, Searched, search
from freqnet.experiments.seeds import Repeated, Spread, run_seeds
from freqnet.experiments.sizes import SizeErrors, conditions_by_size, errors_by_size
from freqnet.experiments.space import read_space
from freqnet.experiments.study import Tried
from freqnet.experiments.work import Outcome

__all__ = [
    "Begun",
    "Compared",
    "Comparison",
    "DomainFigures",
    "Job",
    "Outcome",
    "Plan",
    "Repeated",
    "Search",
    "Searched",
    "SizeErrors",
    "Sketch",
    "Spread",
    "Tried",
    "collect_metrics",
    "compare",
    "conditions_by_size",
    "error_bounds",
    "errors_by_size",
    "fingerprint",
    "make_plan",
    "matching",
    "operation_errors",
    "plot_learning",
    "prepare",
    "read_config",
    "read_space",
    "resume_command",
    "run",
    "run_seeds",
    "search",
    "stored_info",
    "stored_reading",
    "write_results",
]
