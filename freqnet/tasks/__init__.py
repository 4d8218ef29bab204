"""Tasks: what a network is trained for, and how targets, losses, metrics and predictions follow from that."""

from freqnet.tasks.base import TASKS, Task, get_task, is_share, register_task
from freqnet.tasks.classes import Classification, MultiLabel
from freqnet.tasks.losses import BinaryCrossEntropy, CrossEntropy, Loss, LossChoices, Mix, Outputs, SquaredError
from freqnet.tasks.values import Field, Regression

__all__ = [
    "TASKS",
    "BinaryCrossEntropy",
    "Classification",
    "CrossEntropy",
    "Field",
    "Loss",
    "LossChoices",
    "Mix",
    "MultiLabel",
    "Outputs",
    "Regression",
    "SquaredError",
    "Task",
    "get_task",
    "is_share",
    "register_task",
]
