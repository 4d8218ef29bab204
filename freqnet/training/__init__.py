"""Training: batches of spectra, the training loop, its history, checkpoints, and evaluation."""

from freqnet.training.batches import Spectra, analyse
from freqnet.training.checkpoint import Checkpoint, load_checkpoint, save
from freqnet.training.evaluate import Evaluation, evaluate, exploding_layer
from freqnet.training.fit import fit
from freqnet.training.history import History
from freqnet.training.presets import ACTIVATIONS, Model, register_activation, training_defaults
from freqnet.training.progress import ProgressBar
from freqnet.training.settings import Reading, Settings, Shares

__all__ = [
    "ACTIVATIONS",
    "Checkpoint",
    "Evaluation",
    "History",
    "Model",
    "ProgressBar",
    "Reading",
    "Settings",
    "Shares",
    "Spectra",
    "analyse",
    "evaluate",
    "exploding_layer",
    "fit",
    "load_checkpoint",
    "register_activation",
    "save",
    "training_defaults",
]
