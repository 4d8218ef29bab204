"""Power normalisation: zero mean and unit power, from the DC mode and Parseval's sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.checks import is_finite
from freqnet.errors import ConfigurationError, got_expected
from freqnet.nn.module import Module, Signal, layer, require_incoming
from freqnet.ops import normalize
from freqnet.ops.quadratic import compose_norm, low_degree, normalized_polynomial
from freqnet.spaces import Axes


class WithStatistics(Module):
    """The base class of layers that use the mean and the variance of every channel, per example or per batch.

    Running averages replace batch statistics in evaluation mode.
    """

    statistics: str
    momentum: float
    epsilon: float

    def _start_statistics(self, channels: int) -> None:
        if not isinstance(self.statistics, str) or self.statistics not in ("batch", "sample"):
            got = repr(self.statistics)
            raise ConfigurationError(got_expected("statistics", got, "'batch' or 'sample'", "pass statistics='batch'"))
        for name, value in (("momentum", self.momentum), ("epsilon", self.epsilon)):
            if not is_finite(value) or value < 0:
                todo = f"leave out {name} to take its default"
                raise ConfigurationError(got_expected(name, repr(value), "a finite number of 0 or more", todo))
        if self.statistics == "batch":
            self.state["mean"] = np.zeros((1, channels), self.precision)
            self.state["variance"] = np.ones((1, channels), self.precision)

    def lags(self, steps: int) -> bool:
        """Return whether the running averages still depend on weights of long ago, after some training steps.

        An average spans about ``1 / momentum`` steps. It has converged after 20 times as many, when its start and the
        first, large changes of the weights no longer count.
        """
        return self.has_running and 0 < self.momentum * steps < 20

    @property
    def has_running(self) -> bool:
        """Whether training moves running averages."""
        return self.statistics == "batch" and self.momentum > 0

    @property
    def uses_running(self) -> bool:
        """Whether running averages replace the statistics of the batch: in evaluation."""
        return self.statistics == "batch" and not self.training

    def running(self) -> Tensor:
        """Return the running averages of mean and variance, ``(2, 1, channels)``."""
        return normalize.running(Tensor(self.state["mean"]), Tensor(self.state["variance"]))

    def update_running(self, found: Tensor) -> None:
        """Update the running averages by the statistics of a batch, ``(2, 1, channels)``, unless these are not finite.

        An average would never recover from a number that is not finite.
        """
        if self.statistics == "batch":
            normalize.update_running(found, state=self.state, momentum=self.momentum)


@layer
@dataclass(eq=False)
class PowerNorm(WithStatistics):
    """Normalise every channel to mean 0 and power 1, then apply a trained gain and offset.

    The mean of a signal is its DC mode, and its mean square is Parseval's sum. The statistics therefore equal those
    of batch normalisation on samples (Ioffe and Szegedy 2015), without a transform.

    Parameters
    ----------
    statistics : {"batch", "sample"}
        ``"batch"`` uses the statistics of the whole batch in training and running averages in evaluation,
        ``"sample"`` always those of each example. After few training steps, `freqnet.training.fit` replaces the running
        averages, which lag behind the weights.
    momentum : float
        Weight of the newest batch in the running averages.
    epsilon : float
        Number added to the variance.

    Raises
    ------
    ConfigurationError
        The statistics are not known, or the momentum or epsilon is below 0.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn, ops
    >>> from freqnet.spaces import Fourier
    >>> space = Fourier.on(9)
    >>> x = ops.analysis(5 + np.random.default_rng(0).normal(size=(64, 9, 1)), space)
    >>> norm = nn.PowerNorm()
    >>> _ = norm.build(nn.Signal(space, 1), np.random.default_rng(0), np.float64)
    >>> norm.train()
    >>> y = ops.synthesis(norm(x)).data
    >>> bool(abs(y.mean()) < 1e-9), bool(abs(y.var() - 1) < 1e-3)
    (True, True)
    """

    is_static = True

    statistics: str = "batch"
    momentum: float = 0.1
    epsilon: float = 1e-5

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        incoming = require_incoming(incoming, Signal, "PowerNorm")
        self._start_statistics(incoming.channels)
        self.add_parameter("gain", np.ones((1, incoming.channels)))
        self.add_parameter("offset", np.zeros((1, incoming.channels)))
        return Signal(incoming.space.unbounded, incoming.channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.polynomial(x, Tensor(_IDENTITY.astype(self.precision)), x.space.band)

    def polynomial(self, x: Tensor, polynomial: Tensor, band: Axes) -> Tensor:
        """Normalise a signal and apply a polynomial of degree 1 or 2 to it, in one pass.

        Parameters
        ----------
        x : Tensor
            Signal ``(*modes, batch, channels)``.
        polynomial : Tensor
            Coefficients ``(degree + 1, channels)``, from the constant up.
        band : tuple of int
            Band of the result.
        """
        gain, offset = self.parameters["gain"], self.parameters["offset"]
        if self.uses_running:
            make = lambda: compose_norm(self.running(), gain, offset, polynomial, epsilon=self.epsilon)
            return low_degree(x, self.constant("coefficients", x.space, make), band=band)
        per_sample = self.statistics == "sample"
        out, found = normalized_polynomial(
            x, gain, offset, polynomial, epsilon=self.epsilon, band=band, per_sample=per_sample
        )
        self.update_running(found)
        return out


# The polynomial p(x) = x.
_IDENTITY = np.array([[0.0], [1.0]])
