"""Tables of the damped circle: nodes z_k = r e^(-2 pi i k / n) for n samples, either all or those with |k| <= m.

`freqnet.spaces.nodes.halves` defines their order.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from freqnet.caches import cached, require_memory
from freqnet.errors import ConfigurationError, got_expected
from freqnet.spaces.nodes.halves import middle, numbers
from freqnet.spaces.nodes.tables import Tables

# Entries of tables that are made to find a condition number, and the most nodes of which another way finds it.
_LARGEST, _MOST = 1 << 14, 1 << 11


@cached
def circle_tables(radius: float, samples: int, count: int) -> CircleTables:
    """Return the tables of an axis, from a cache."""
    return CircleTables(radius, samples, count)


@cached
def circle_condition(radius: float, samples: int, count: int) -> float:
    """Return the condition number of an axis, without the tables of a long one."""
    if count == samples:
        # V is a unitary matrix times the diagonal damping.
        sizes = np.sqrt(samples) * radius ** np.arange(samples, dtype=float)
        return float(sizes.max() / sizes.min())
    if samples * count > _LARGEST and count <= _MOST:
        # V V^H is a Toeplitz matrix of geometric series.
        wave = np.exp(-2j * np.pi * (np.arange(count)[:, None] - np.arange(count)) / samples)
        squares = np.linalg.eigvalsh((1 - radius ** (2 * samples)) / (1 - radius**2 * wave)) if radius < 1 else [1.0]
        # Squares lose half of the digits.
        if squares[0] > 1e-8 * squares[-1]:
            return float(np.sqrt(squares[-1] / squares[0]))
    return circle_tables(radius, samples, count).condition_number


class CircleTables(Tables):
    """The matrices of one axis of nodes on a circle of radius r.

    `root` and `inverse_root` are Hermitian. With all nodes, `root` is circulant and removes the damping from the
    spectrum of a signal.
    """

    def __init__(self, radius: float, samples: int, count: int) -> None:
        self.radius, self.samples, self.count = radius, samples, count
        todo = "take fewer samples per axis (argument pool), or pass domain='fourier'"
        require_memory(f"matrix of {count} damped nodes and {samples} samples", samples * count, 16, todo)
        # Reduce k t modulo n, so that the angle is accurate for large k t.
        turns = np.outer(numbers(count), np.arange(samples)) % samples
        waves = np.exp(-2j * np.pi * turns / samples)
        self._damping = radius ** np.arange(samples, dtype=float)
        self.z = radius * np.exp(-2j * np.pi * numbers(count) / samples)
        self.evaluate = waves * self._damping
        if count == samples:
            # V is a unitary matrix times the diagonal damping, which gives its singular values.
            left, sizes = waves / np.sqrt(samples), np.sqrt(samples) * self._damping
            self.invert = np.ascontiguousarray((1 / sizes)[:, None] * left.conj().T)
        else:
            left, sizes, right = np.linalg.svd(self.evaluate, full_matrices=False)
            self.invert = (right.conj().T / sizes) @ left.conj().T
        self.root = (left / sizes) @ left.conj().T / np.sqrt(samples)
        self.inverse_root = (left * sizes) @ left.conj().T * np.sqrt(samples)
        self.constant = self.evaluate.sum(axis=1)
        self.mean = self.invert.sum(axis=0) / samples
        self.powers, self.inverse = self.evaluate, self.invert
        self._condition_number = float(sizes.max() / sizes.min())
        # The tables are shared by all users of the axis.
        for table in (self.z, self.evaluate, self.invert, self.root, self.inverse_root, self.constant, self.mean):
            table.setflags(write=False)

    @property
    def condition_number(self) -> float:
        return self._condition_number

    @property
    def key(self) -> tuple:
        return circle_tables, self.radius, self.samples, self.count

    @property
    def nbytes(self) -> int:
        # Together with `undamped` and `half_damped`, which may be added later.
        return super().nbytes + 2 * self.evaluate.nbytes

    def with_count(self, count: int) -> CircleTables:
        return circle_tables(self.radius, self.samples, count)

    def kept(self, count: int) -> slice:
        return middle(self.count, count)

    def average(self, window: int, method: str) -> np.ndarray:
        if method == "sinc":
            todo = "use method='dirichlet'"
            raise ConfigurationError(got_expected("average", "'sinc' on a damped circle", "'dirichlet'", todo))
        return super().average(window, method)

    @cached_property
    def undamped(self) -> np.ndarray:
        """Matrix ``(samples, nodes)`` to the Fourier-series coefficients of the undamped signal."""
        return self._coefficients(np.ones(self.samples)) / self.samples

    @cached_property
    def half_damped(self) -> np.ndarray:
        """Matrix ``(samples, nodes)`` to the spectrum of r^(t/2) x[t]; its circular square is the spectrum of x^2."""
        return self._coefficients(np.sqrt(self._damping)) / np.sqrt(self.samples)

    def _coefficients(self, damping: np.ndarray) -> np.ndarray:
        waves = self.with_count(self.samples).evaluate / self._damping
        return (waves * damping) @ self.invert
