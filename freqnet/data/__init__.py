"""Labelled images, signals and volumes: load them, check them, split them."""

import freqnet.data.builtin  # noqa: F401  (registers the datasets that freqnet knows)
from freqnet.data.dataset import Dataset, validate
from freqnet.data.loaders import load, load_images
from freqnet.data.registry import DATASETS, NamedDataset, dataset_names, register_dataset
from freqnet.data.splits import Split, split, stratified_folds

__all__ = [
    "DATASETS",
    "Dataset",
    "NamedDataset",
    "Split",
    "dataset_names",
    "load",
    "load_images",
    "register_dataset",
    "split",
    "stratified_folds",
    "validate",
]
