"""Training of real nodes: gradients find the nodes that represent given signals best."""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet.checks import is_whole
from freqnet.errors import ConfigurationError, DataError, ShapeError, got_expected
from freqnet.spaces.nodes.rules import Nodes


def train_nodes(samples: Any, count: int, tolerance: float = 1e-5, pad: int = 0) -> Nodes:
    """Return the nodes whose exponentials approximate some signals best without being too ill-conditioned.

    The loss, summed over the axes, is the share of the power outside the span of the exponentials, plus the square of
    the tolerance times the condition number. Nodes are ``z_j = 1 - 2 (w_0 + ... + w_j)``, where w is a softmax: they
    stay distinct and between -1 and 1 throughout the search (L-BFGS-B from Chebyshev nodes).

    Parameters
    ----------
    samples : array
        ``(batch, *grid, channels)``.
    count : int
        Number of nodes, at most the samples of the longest axis with its padding. Shorter axes use the first nodes.
    tolerance : float
        Relative error, from 0 to 1, that stored values may have. With one node per sample only the condition number
        counts, because every signal is represented. With 0 only the signals count, and nodes may come arbitrarily
        close.
    pad : int
        Number of zeros after the samples of each axis.

    Returns
    -------
    Nodes
        A rule for ``Laplace.on(grid, nodes=...)``; its `text` follows ``laplace:`` in the name of a domain.

    Raises
    ------
    ShapeError
        There are no samples, or they have too few axes.
    DataError
        The samples are not finite real numbers.
    ConfigurationError
        `count`, `tolerance` or `pad` is out of range.

    Examples
    --------
    The rates of two decaying exponentials are recovered:

    >>> import numpy as np
    >>> from freqnet.spaces import train_nodes
    >>> t = np.arange(12)
    >>> signals = np.random.default_rng(0).normal(size=(50, 2)) @ np.array([0.9**t, 0.5**t])
    >>> [round(z, 2) for z in train_nodes(signals[..., None], 2, tolerance=0.0).values]
    [0.9, 0.5]
    """
    from scipy.optimize import minimize

    if not is_whole(pad) or pad < 0:
        raise ConfigurationError(got_expected("pad", pad, "a whole number of 0 or more", "pass pad=0"))
    moments = _second_moments(samples, pad)
    most = max(len(m) for m in moments)
    if not is_whole(count) or not 1 <= count <= most:
        raise ConfigurationError(
            got_expected("count of nodes", count, f"a whole number from 1 to {most}", f"pass count={most}")
        )
    if not 0 <= tolerance <= 1:
        raise ConfigurationError(got_expected("tolerance", tolerance, "a number from 0 to 1", "pass tolerance=1e-5"))
    # Search from the first Chebyshev nodes for all samples and from those for `count` samples; keep the better result.
    starts = [np.cos(np.pi * (2 * np.arange(count) + 1) / (2 * n)) for n in {count, most}]
    ends = [minimize(_loss, _logits(z), (moments, tolerance), jac=True, method="L-BFGS-B") for z in starts]
    best = min(ends, key=lambda end: end.fun)
    return Nodes("nodes", values=tuple(round(float(z), 6) for z in _nodes(best.x)[0]))


def _second_moments(given: Any, pad: int) -> list[np.ndarray]:
    """Return the second moments of each axis, ``(n, n)`` with trace 1: means of x[s] x[t] over all other axes."""
    samples = np.asarray(given)
    if samples.ndim < 3 or not samples.size:
        expected = "(batch, *grid, channels), all above 0"
        raise ShapeError(got_expected("samples", f"shape {samples.shape}", expected, "pass 1 signal or more"))
    if samples.dtype.kind not in "biuf" or not np.isfinite(samples).all():
        raise DataError(
            got_expected("samples", f"{samples.dtype}, or not finite", "finite real numbers", "remove NaN and infinity")
        )
    # The scale does not matter; without division, squares might overflow.
    samples, out = samples / max(float(np.abs(samples).max()), np.finfo(float).tiny), []
    for axis in range(1, samples.ndim - 1):
        rows = np.moveaxis(samples, axis, 0).reshape(samples.shape[axis], -1)
        moment = np.pad(rows @ rows.T, (0, pad))
        out.append(moment / max(float(np.trace(moment)), np.finfo(float).tiny))
    return out


def _logits(z: np.ndarray) -> np.ndarray:
    gaps = -np.diff(np.concatenate([[1.0], z, [-1.0]])) / 2
    return np.log(gaps[:-1] / gaps[-1])


def _nodes(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes and their derivatives by the logits, ``(nodes, logits)``."""
    weights = np.exp(np.append(logits, 0.0) - max(float(logits.max()), 0.0))
    weights /= weights.sum()
    reached = np.cumsum(weights)[:-1]
    steps = np.tril(np.ones((len(logits), len(logits)))) - reached[:, None]
    return 1 - 2 * reached, -2 * steps * weights[:-1]


def _loss(logits: np.ndarray, moments: list[np.ndarray], tolerance: float) -> tuple[float, np.ndarray]:
    """Return the loss of `train_nodes` and its gradient, by variable projection (Golub and Pereyra 1973)."""
    z, by_logits = _nodes(logits)
    total, gradient = 0.0, np.zeros(len(z))
    for moment in moments:
        powers, own = np.arange(len(moment)), z[: len(moment), None]
        waves, slopes = own**powers, powers * own ** np.maximum(powers - 1, 0)
        left, sizes, basis = np.linalg.svd(waves, full_matrices=False)
        sizes = np.maximum(sizes, sizes[0] * 1e-15)
        outside = moment - basis.T @ (basis @ moment)
        total += float(np.trace(outside))
        part = -2 * np.einsum("jt,ts,sj->j", slopes, outside, (basis.T / sizes) @ left.T)
        penalty = (tolerance * sizes[0] / sizes[-1]) ** 2
        total += penalty
        for k, sign in ((0, 2), (-1, -2)):
            part += sign * penalty / sizes[k] * left[:, k] * (slopes @ basis[k])
        gradient[: len(own)] += part
    return total, gradient @ by_logits
