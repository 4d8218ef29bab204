"""A line of converted layers, together with what they compute from the samples so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from freqnet import ops
from freqnet.autodiff import Tensor, no_grad
from freqnet.nn import AveragePool, Dense, Features, LowPass, Module, Signal, Take
from freqnet.nn.module import evaluation
from freqnet.spaces import Axes
from freqnet.spaces.base import volume


@dataclass(frozen=True)
class View:
    """Where the samples of the original's signal lie on the grid of the converted one.

    Attributes
    ----------
    places : tuple of tuples
        Place of each sample along each axis.
    is_clean : bool
        Whether the converted signal is 0 everywhere else.
    """

    places: tuple[Axes, ...]
    is_clean: bool

    @property
    def sizes(self) -> Axes:
        """Number of samples along each axis."""
        return tuple(map(len, self.places))

    def is_run(self, grid: Axes) -> bool:
        """Return whether the samples lie side by side along each axis of a periodic grid."""
        rows = zip(self.places, grid, strict=True)
        return all((p - row[0]) % n == i for row, n in rows for i, p in enumerate(row))

    def moved(self, first: Axes, stride: Axes, counts: Axes, grid: Axes) -> View:
        """Return the view of results that lie `first` samples after the first sample, `stride` samples apart."""
        rows = zip(self.places, first, stride, counts, grid, strict=True)
        return View(tuple(tuple((row[0] + f + s * i) % n for i in range(m)) for row, f, s, m, n in rows), False)

    def shifted(self, by: Axes, grid: Axes) -> View:
        """Return the view of the same samples, each moved by so many places of a periodic grid."""
        rows = zip(self.places, by, grid, strict=True)
        return View(tuple(tuple((p + b) % n for p in row) for row, b, n in rows), False)


def odd_grid(sizes: Sequence[int]) -> Axes:
    """Return the smallest odd grid with as many samples along each axis: it has no Nyquist mode.

    >>> odd_grid((28, 29))
    (29, 29)
    """
    return tuple(n + 1 - n % 2 for n in sizes)


def start_of(sizes: Axes) -> View:
    """Return the view of samples at the start of a grid, with zeros after them."""
    return View(tuple(tuple(range(n)) for n in sizes), True)


class Line:
    """Layers that are built one after the other, and the signal that they have made.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``, or features ``(batch, features)``.
    view : View or None
        Where its samples lie; None for features.
    most : int or None
        Largest band that signals keep along each axis; None for all modes.
    """

    def __init__(self, x: Tensor, view: View | None, most: int | None = None) -> None:
        self.x, self.view, self.most = x, view, most
        self.layers: list[Module] = []

    def branch(self) -> Line:
        """Return a line of no layers that starts at the signal of this one."""
        return Line(self.x, self.view, self.most)

    @property
    def grid(self) -> Axes:
        """The grid of the converted signal."""
        return self.x.space.grid  # type: ignore[no-any-return]

    def append(self, layer: Module, arrays: dict[str, np.ndarray] | None = None) -> None:
        """Build a layer, load its arrays, and pass the signal through it."""
        x, precision = self.x, self.x.data.real.dtype
        incoming = Features(x.shape[-1]) if x.space is None else Signal(x.space, x.shape[-1])
        layer.build(incoming, np.random.default_rng(0), precision)
        layer.load_arrays({name: array.astype(precision) for name, array in (arrays or {}).items()})
        with no_grad(), evaluation():
            self.x = layer(x)
        self.layers.append(layer)

    def samples(self) -> np.ndarray:
        """Return the samples that the original has, ``(batch, *sizes, channels)``, or the features."""
        return self.x.data if self.view is None else self.picked(ops.synthesis(self.x).data)

    def picked(self, samples: np.ndarray) -> np.ndarray:
        """Return those of all samples ``(batch, *grid, channels)`` that the original has."""
        assert self.view is not None
        for axis, places in enumerate(self.view.places, 1):
            samples = samples.take(places, axis)
        return samples

    def to_start(self) -> None:
        """Put the samples at the start of the smallest odd grid, whatever comes after them."""
        assert self.view is not None
        is_there = self.view.places == start_of(self.view.sizes).places
        if not is_there or self.grid != odd_grid(self.view.sizes):
            self.to_grid(odd_grid(self.view.sizes))

    def to_grid(self, grid: Axes, places: tuple[Axes, ...] | None = None) -> None:
        """Put the samples at the start of a grid, with zeros after them, unless they lie like this already.

        Parameters
        ----------
        grid : tuple of int
        places : tuple of tuples, optional
            Other samples in their place, by the places on the present grid.
        """
        assert self.view is not None
        rows = places or self.view.places
        start = start_of(tuple(map(len, rows)))
        if (rows, True, self.grid) != (start.places, self.view.is_clean, grid):
            filled = tuple((*row, *(-1,) * (n - len(row))) for row, n in zip(rows, grid, strict=True))
            self.append(Take(filled))
            if self.most is not None and max(self.x.space.band) > self.most:
                self.append(LowPass(tuple(min(m, self.most) for m in self.x.space.band)))
        self.view = start

    def make_room(self, margin: Axes) -> None:
        """Let windows see zeros beside the samples, as many as `margin` says along each axis.

        Samples that lie side by side stay where they are if nothing beside them is read, or if there is room.
        """
        assert self.view is not None
        wanted = tuple(n + m for n, m in zip(self.view.sizes, margin, strict=True))
        has_room = self.view.is_clean and all(w <= n for w, n in zip(wanted, self.grid, strict=True))
        if not (self.view.is_run(self.grid) and (has_room or not any(margin))):
            self.to_grid(odd_grid(wanted))

    def average(self, window: Axes) -> None:
        """Replace each sample by the average of the window that starts there."""
        if max(window) > 1:
            self.append(AveragePool(window, stride=1))

    def connect(self, weight: np.ndarray, bias: np.ndarray) -> None:
        """Append a dense layer ``(outputs, inputs)``; the inputs of a signal count samples, channels first."""
        arrays = {"weight": weight.T, "bias": bias[None]}
        if self.view is not None:
            self.to_start()
            arrays["weight"] = self._on_coordinates(weight)
        self.append(Dense(len(weight)), arrays)
        self.view = None

    def _on_coordinates(self, weight: np.ndarray) -> np.ndarray:
        """Return the weights of samples as weights of orthonormal coordinates, by Parseval."""
        assert self.view is not None
        images = np.moveaxis(weight.reshape(len(weight), self.x.shape[-1], *self.view.sizes), 1, -1)
        after = [(0, n - size) for n, size in zip(self.grid, self.view.sizes, strict=True)]
        spectra = ops.analysis(np.pad(images, [(0, 0), *after, (0, 0)]), self.x.space.unbounded)
        return ops.coordinates(spectra).data.T * volume(self.grid)
