"""Labelled images (and signals, and volumes): load them, check them, split them."""

from __future__ import annotations

from freqnet.data.builtin import BUILTIN_DATASETS
from freqnet.data.dataset import Dataset, validate
from freqnet.data.loaders import load, load_images
from freqnet.data.splits import Split, split, stratified_folds

__all__ = [
    "BUILTIN_DATASETS",
    "Dataset",
    "Split",
    "load",
    "load_images",
    "split",
    "stratified_folds",
    "validate",
]
