"""Labelled images, signals and volumes: load them, check them, split them."""

import freqnet.data.builtin  # noqa: F401  (registers the datasets that freqnet knows)
from freqnet.data.arrays import from_arrays, from_dataframe
from freqnet.data.checksums import images_checksum
from freqnet.data.dataset import Dataset, validate
from freqnet.data.loaders import load, load_images
from freqnet.data.readers import READERS, Contents, register_reader
from freqnet.data.registry import DATASETS, NamedDataset, dataset_names, register_dataset
from freqnet.data.splits import Split, split, stratified_folds

__all__ = [
    "DATASETS",
    "READERS",
    "Contents",
    "Dataset",
    "NamedDataset",
    "Split",
    "dataset_names",
    "from_arrays",
    "from_dataframe",
    "images_checksum",
    "load",
    "load_images",
    "register_dataset",
    "register_reader",
    "split",
    "stratified_folds",
    "validate",
]
