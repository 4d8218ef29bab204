"""Muon: steps whose matrices are orthogonalised, for kernels and weights; AdamW for all other parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from freqnet import kernels
from freqnet.checks import number_in_range
from freqnet.errors import ConfigurationError, got_expected
from freqnet.optim.clipping import Parameter, Parameters, is_weight, named_parameters
from freqnet.optim.optimizers import QUIET, AdamW, NameRule, Segment, chosen_by_name

# Coefficients of Jordan et al. 2024: x -> a x + b x^3 + c x^5, five times, takes 0.002 to 1 to between 0.68 and 1.21.
COEFFICIENTS, ITERATIONS = (3.4445, -4.7750, 2.0315), 5
# Root mean square of an AdamW step that is as long as its rate, found by Liu et al. 2025.
RMS_OF_ADAMW = 0.2


def orthogonalized(matrix: np.ndarray) -> np.ndarray:
    """Return a matrix with the singular vectors of another, and singular values near 1.

    Five Newton-Schulz steps map each singular value, divided by the root of the sum of all squares, through
    ``x -> 3.4445 x - 4.775 x^3 + 2.0315 x^5``. Values above 0.002 end between 0.68 and 1.21; smaller ones end smaller,
    and 0 stays 0. The steps are taken on the smaller Gram matrix, which is symmetric, so that the given matrix takes
    part in two products only. Source: Jordan et al. 2024, Muon.

    Parameters
    ----------
    matrix : ndarray of float32 or float64
        Shape ``(rows, columns)``.

    Returns
    -------
    ndarray
        Array of the same shape and precision.

    Examples
    --------
    >>> values = np.linalg.svd(orthogonalized(np.diag([5.0, 2.0, -0.3])), compute_uv=False)
    >>> bool(0.68 < values.min() < values.max() < 1.21)
    True
    """
    x = np.empty_like(matrix, order="C")
    norm = math.sqrt(kernels.gather([matrix], x.reshape(-1)))
    if norm == 0:
        return x
    kernels.scale(x, 1 / norm)
    is_wide = x.shape[0] < x.shape[1]
    gram = x @ x.T if is_wide else x.T @ x
    a, b, c = COEFFICIENTS
    identity = np.eye(len(gram), dtype=gram.dtype)
    product = identity
    for step in range(ITERATIONS):
        factor = a * identity + b * gram + c * (gram @ gram)
        product = factor if step == 0 else product @ factor
        if step < ITERATIONS - 1:
            gram = factor @ gram @ factor
    return product @ x if is_wide else x @ product


class Muon(AdamW):
    """Muon for kernels and weights of hidden layers, `AdamW` for all other parameters.

    The momentum of a matrix is replaced by the nearest matrix with singular values near 1, times
    ``0.2 * sqrt(max(rows, columns))``. The entries of a step are then as long as those of AdamW, so that both rules
    share the learning rate and the weight decay. A kernel ``(taps, inputs, outputs)`` counts as a matrix
    ``(taps * inputs, outputs)``, also where its channels are in groups.

    Source: Jordan et al. 2024, Muon; the factor is that of Liu et al. 2025.

    Parameters
    ----------
    parameters : Network, Module, mapping of str to Parameter, or iterable of Parameter
        Parameters to update. Members of an iterable are named "0", "1", ...
    learning_rate : float
        Step length, zero or more.
    momentum : float
        Share of the velocity of a matrix that is kept per update, at least 0 and below 1.
    betas : tuple of float
        Shares of the two running averages of AdamW that are kept per update, at least 0 and below 1.
    epsilon : float
        Added by AdamW to the root of the averaged square, at least 1e-30.
    weight_decay : float
        Weight decay, zero or more; it scales the parameter.
    decay : callable, set of str, or None
        Chooses by name the parameters that weight decay applies to: a function of the name, or the names. By default
        the arrays of two or more axes.
    matrices : callable, set of str, or None
        Chooses by name the parameters that are updated as matrices. By default those named ``kernel`` or ``weight``,
        except the last of them, which belongs to the last layer.

    Raises
    ------
    ConfigurationError
        The parameters cannot be updated, a number is out of range, or no parameter is a matrix.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> w = SimpleNamespace(data=np.zeros((2, 2)), grad=np.array([[3.0, 0.0], [0.0, -3.0]]))
    >>> Muon([w], learning_rate=0.5, matrices={"0"}).step()
    >>> w.data.round(1)
    array([[-0.2,  0. ],
           [ 0. ,  0.2]])
    """

    def __init__(
        self,
        parameters: Parameters,
        learning_rate: float = 1e-3,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 1e-2,
        decay: NameRule | None = None,
        matrices: NameRule | None = None,
    ) -> None:
        self.momentum = number_in_range("momentum", momentum, 0, 1, example=0.95)
        named = named_parameters(parameters)
        self._is_matrix = _matrices(named, matrices)
        super().__init__(named, learning_rate, betas, epsilon, weight_decay, decay)

    def _rules(self) -> list[bool]:
        return self._is_matrix

    def _slots(self) -> dict[str, np.ndarray]:
        # Matrices have no squares of gradients.
        without = {f"square_sum/{name}" for name, is_one in zip(self._named, self._is_matrix, strict=True) if is_one}
        return {name: part for name, part in super()._slots().items() if name not in without}

    @QUIET
    def _update(self, segment: Segment, rate: float, count: int) -> None:
        if not self._is_matrix[segment.first]:
            return super()._update(segment, rate, count)
        # The state holds momentum * v, as in Momentum; the step is that of Nesterov.
        work, velocity = segment.work, segment.state[0]
        velocity += work
        velocity *= self.momentum
        work += velocity

    @QUIET
    def _complete(self, segments: list[Segment], rate: float) -> None:
        own = [i for s in segments if self._is_matrix[s.first] for i in range(s.first, s.stop)]
        pieces = [self._work[i].reshape(-1, self._work[i].shape[-1]) for i in own if self._work[i].size]

        def finish(matrix: np.ndarray) -> None:
            matrix[...] = orthogonalized(matrix)
            kernels.scale(matrix, -rate * RMS_OF_ADAMW * math.sqrt(max(matrix.shape)))

        self.each(finish, pieces, [_cost(piece.shape) for piece in pieces])


def _cost(shape: tuple[int, ...]) -> float:
    """Return the multiply-adds of `orthogonalized`: two products with the matrix, and those of the Gram matrix."""
    small, large = sorted(shape)
    return small**2 * (2.0 * large + 4 * ITERATIONS * small)


def hidden_matrices(names: Iterable[str]) -> list[bool]:
    """Return whether each parameter is by its name a kernel or a weight, but not the last of them.

    >>> hidden_matrices(["0.kernel", "0.bias", "2.weight"])
    [True, False, False]
    """
    found = [is_weight(name) for name in names]
    if any(found):
        found[len(found) - 1 - found[::-1].index(True)] = False
    return found


def _matrices(named: dict[str, Parameter], rule: NameRule | None) -> list[bool]:
    """Return whether each parameter is updated as a matrix."""
    found = hidden_matrices(named) if rule is None else chosen_by_name("matrices", named, rule)
    shapes = {name: p.data.shape for (name, p), is_one in zip(named.items(), found, strict=True) if is_one}
    got, expected = "none", "a kernel or a weight before the last layer"
    todo = "choose them by name, as in matrices={'weight'}, or use AdamW"
    for name, shape in shapes.items():
        if len(shape) < 2:
            got, expected = f"{name!r} of shape {shape}", "arrays of two or more axes"
            break
    else:
        if shapes or not named:
            return found
    raise ConfigurationError(got_expected("matrices", got, expected, todo))
