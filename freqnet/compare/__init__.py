"""The same training runs in several domains, side by side: accuracy, time, cost, and the error of every operation."""

from freqnet.compare.comparison import Comparison
from freqnet.compare.engine import compare
from freqnet.compare.figures import Compared, DomainFigures, Sketch
from freqnet.compare.operations import operation_errors
from freqnet.compare.work import Outcome

__all__ = ["Compared", "Comparison", "DomainFigures", "Outcome", "Sketch", "compare", "operation_errors"]
