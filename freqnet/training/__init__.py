"""Training: batches of spectra, the training loop, its history, checkpoints, and evaluation."""

from freqnet.augment import Batch
from freqnet.training.averaging import predict_averaged
from freqnet.training.batches import Spectra, analyse
from freqnet.training.callbacks import Callback, Progress, StopTraining
from freqnet.training.checkpoint import Checkpoint, load_checkpoint, save
from freqnet.training.evaluate import Evaluation, evaluate, exploding_layer
from freqnet.training.fit import fit
from freqnet.training.history import History
from freqnet.training.keeping import KeepModels
from freqnet.training.parallel import DaskTeam, MPITeam, Team
from freqnet.training.presets import ACTIVATIONS, Model, register_activation, training_defaults
from freqnet.training.progress import ProgressBar
from freqnet.training.range_test import RangeTest, learning_rate_range_test
from freqnet.training.settings import Reading, Records, Settings, Shares
from freqnet.training.trackers import CSV, JSONLines, TensorBoard

__all__ = [
    "ACTIVATIONS",
    "CSV",
    "Batch",
    "Callback",
    "Checkpoint",
    "DaskTeam",
    "Evaluation",
    "History",
    "JSONLines",
    "KeepModels",
    "MPITeam",
    "Model",
    "Progress",
    "ProgressBar",
    "RangeTest",
    "Reading",
    "Records",
    "Settings",
    "Shares",
    "Spectra",
    "StopTraining",
    "Team",
    "TensorBoard",
    "analyse",
    "evaluate",
    "exploding_layer",
    "fit",
    "learning_rate_range_test",
    "load_checkpoint",
    "predict_averaged",
    "register_activation",
    "save",
    "training_defaults",
]
