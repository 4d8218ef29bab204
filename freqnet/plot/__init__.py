"""Plots that draw on Matplotlib axes and return them: signals, spectra, filters, training and audits.

Every function takes ``ax`` (or ``axes``, where it draws several panels). It draws on these axes and returns them.
Without axes it makes a new figure with pyplot. No function shows a figure or changes Matplotlib's settings.
Importing this package does not import Matplotlib.
"""

from freqnet.plot.filters import Filters, filters, plot_kernels, plot_response
from freqnet.plot.reach import plot_reach
from freqnet.plot.signals import plot_kept, plot_sample, plot_spectrum
from freqnet.plot.training import plot_confusion, plot_history, plot_range_test

__all__ = [
    "Filters",
    "filters",
    "plot_confusion",
    "plot_history",
    "plot_kept",
    "plot_kernels",
    "plot_range_test",
    "plot_reach",
    "plot_response",
    "plot_sample",
    "plot_spectrum",
]
