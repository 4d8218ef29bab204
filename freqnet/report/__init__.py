"""Present a run: the table of layers, figures, and the report as one HTML file.

Importing this package loads none of matplotlib, rich and Jinja2; the functions that need them do.
"""

from freqnet.audit.summary import LayerSummary, spatial_twin, summarize
from freqnet.report.audit import reach_map
from freqnet.report.filters import filter_responses
from freqnet.report.plots import confusion_matrix, misclassified, training_curves
from freqnet.report.run import Run, write_report
from freqnet.report.spectra import layer_spectra
from freqnet.report.tables import layer_table

__all__ = [
    "LayerSummary",
    "Run",
    "confusion_matrix",
    "filter_responses",
    "layer_spectra",
    "layer_table",
    "misclassified",
    "reach_map",
    "spatial_twin",
    "summarize",
    "training_curves",
    "write_report",
]
