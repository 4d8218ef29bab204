"""Training: batches of spectra, the training loop, its history, checkpoints, and evaluation."""

from freqnet.training.batches import Spectra, analyse
from freqnet.training.checkpoint import Checkpoint, load_checkpoint, save
from freqnet.training.evaluate import Evaluation, evaluate, exploding_layer
from freqnet.training.fit import fit
from freqnet.training.history import History
from freqnet.training.presets import Model, training_defaults
from freqnet.training.settings import Settings, Shares

__all__ = [
    "Checkpoint",
    "Evaluation",
    "History",
    "Model",
    "Settings",
    "Shares",
    "Spectra",
    "analyse",
    "evaluate",
    "exploding_layer",
    "fit",
    "load_checkpoint",
    "save",
    "training_defaults",
]
