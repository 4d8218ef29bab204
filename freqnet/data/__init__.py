"""Labelled images, signals and volumes: load them, check them, split them."""

import freqnet.data.builtin  # noqa: F401  (registers the datasets that freqnet knows)
from freqnet.data.arrays import from_arrays, from_dataframe, from_series
from freqnet.data.checksums import images_checksum
from freqnet.data.dataset import Dataset, validate
from freqnet.data.equations import EQUATIONS, burgers, darcy, flow, kuramoto_sivashinsky, navier_stokes, random_fields
from freqnet.data.fields import load_fields
from freqnet.data.loaders import load, load_images
from freqnet.data.measured import Measured, from_spectra, read_measured
from freqnet.data.measured_files import load_spectra
from freqnet.data.readers import READERS, Contents, register_reader
from freqnet.data.registry import DATASETS, NamedDataset, dataset_names, register_dataset
from freqnet.data.solvers import solve_burgers, solve_darcy, solve_kuramoto_sivashinsky, solve_navier_stokes
from freqnet.data.splits import Split, split, stratified_folds
from freqnet.data.windows import windows

__all__ = [
    "DATASETS",
    "EQUATIONS",
    "READERS",
    "Contents",
    "Dataset",
    "Measured",
    "NamedDataset",
    "Split",
    "burgers",
    "darcy",
    "dataset_names",
    "flow",
    "from_arrays",
    "from_dataframe",
    "from_series",
    "from_spectra",
    "images_checksum",
    "kuramoto_sivashinsky",
    "load",
    "load_fields",
    "load_images",
    "load_spectra",
    "navier_stokes",
    "random_fields",
    "read_measured",
    "register_dataset",
    "register_reader",
    "solve_burgers",
    "solve_darcy",
    "solve_kuramoto_sivashinsky",
    "solve_navier_stokes",
    "split",
    "stratified_folds",
    "validate",
    "windows",
]
