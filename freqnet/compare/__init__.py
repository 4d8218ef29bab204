"""The same training runs in several domains, side by side: accuracy, time, cost, and the error of every operation."""

from freqnet.compare.comparison import Comparison
from freqnet.compare.engine import compare
from freqnet.compare.figures import Compared, DomainFigures, Sketch
from freqnet.compare.operations import error_bounds, operation_errors
from freqnet.compare.sizes import SizeErrors, conditions_by_size, errors_by_size
from freqnet.compare.work import Outcome

__all__ = [
    "Compared",
    "Comparison",
    "DomainFigures",
    "Outcome",
    "SizeErrors",
    "Sketch",
    "compare",
    "conditions_by_size",
    "error_bounds",
    "errors_by_size",
    "operation_errors",
]
