"""How to train: every choice in one plain, checked, storable value."""

from __future__ import annotations

from dataclasses import dataclass

from freqnet.checks import is_finite
from freqnet.errors import ConfigurationError, got_expected
from freqnet.optim import SGD, Adam, AdamW, Constant, Cosine, Momentum, OneCycle, Optimizer

OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "momentum": Momentum, "adam": Adam, "adamw": AdamW}
SCHEDULES = ("cosine", "one-cycle", "constant")


@dataclass(frozen=True)
class Settings:
    """What `fit` needs to know, apart from the network and the data.

    Parameters
    ----------
    epochs : int
        Passes over the training set.
    batch : int
        Examples a step.
    learning_rate : float
        The schedule's peak.
    optimizer : {"adamw", "adam", "momentum", "sgd"}
    schedule : {"cosine", "one-cycle", "constant"}
        Cosine has a linear warm-up over the first twentieth.
    weight_decay : float
        On kernels and weights; not on biases, gains and polynomial coefficients.
    smoothing : float
        Label smoothing, in [0, 1).
    shift : float
        Each example is moved by up to this many samples along each axis, fractions included, by a phase
        ramp inside the domain; 0 for none.
    clip : float
        Largest norm of the gradient; 0 for no clipping.
    patience : int
        Stop after this many epochs without a better validation loss; 0 to never stop early.
    seed : int
        Of weights, order, shifts and dropout.

    Examples
    --------
    >>> from freqnet.training import Settings
    >>> Settings(epochs=5).batch
    64

    Raises
    ------
    ConfigurationError
        A value is out of its range.
    """

    epochs: int = 30
    batch: int = 64
    learning_rate: float = 3e-3
    optimizer: str = "adamw"
    schedule: str = "cosine"
    weight_decay: float = 1e-2
    smoothing: float = 0.1
    shift: float = 0.0
    clip: float = 1.0
    patience: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        for name, least in (("epochs", 1), ("batch", 1), ("patience", 0), ("seed", 0)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ConfigurationError(got_expected(name, value, f"a whole number of {least} or more", "change it"))
        for name in ("learning_rate", "weight_decay", "shift", "clip", "smoothing"):
            value = getattr(self, name)
            expected = "a number from 0 to below 1" if name == "smoothing" else "a finite number of 0 or more"
            if not is_finite(value) or value < 0 or (name == "smoothing" and value >= 1):
                raise ConfigurationError(got_expected(name, value, expected, "change it"))
        for name, choices in (("optimizer", tuple(OPTIMIZERS)), ("schedule", SCHEDULES)):
            if getattr(self, name) not in choices:
                raise ConfigurationError(
                    got_expected(name, repr(getattr(self, name)), " or ".join(choices), "choose one of these")
                )

    def make_optimizer(self, parameters: dict) -> Optimizer:
        """Return the optimiser of these parameters."""
        return OPTIMIZERS[self.optimizer](
            parameters,
            self.learning_rate,
            weight_decay=self.weight_decay,
            decay=lambda name: name.rpartition(".")[2] in ("kernel", "weight"),
        )

    def make_schedule(self, steps: int) -> Constant | Cosine | OneCycle:
        """Return the learning rate as a function of the step."""
        if self.schedule == "cosine":
            return Cosine(self.learning_rate, steps, warmup=steps // 20)
        return OneCycle(self.learning_rate, steps) if self.schedule == "one-cycle" else Constant(self.learning_rate)
