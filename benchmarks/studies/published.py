"""Study of the activations of published frequency-domain networks: accuracy, and what the audit measures.

    python -m benchmarks.studies.published

writes benchmarks/results/published.json and the table docs/activations/published.txt, and goes on after an interrupt.
It takes about two minutes on a quiet core. With names of activations it measures these alone.

One network of three stages, with 7x7, 5x5 and 5x5 modes and 12, 24 and 32 channels, is trained on the digits of
scikit-learn. Only the activation differs. Two kinds also follow what their publications say about pooling and about the
domain. All have the settings of ``freqnet train digits``. For activations that are part of the study of activations,
the table also has the accuracies on mnist-5k that this study measured.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from freqnet import nn
from freqnet.audit import Audit, audit
from freqnet.autodiff import Tensor
from freqnet.data import load, split
from freqnet.nn.module import require_incoming
from freqnet.ops.arithmetic import elementwise
from freqnet.ops.linear import coordinates_op, from_coordinates, gather
from freqnet.ops.pointwise import power, step
from freqnet.training import training_defaults

from ..timing import threads
from .activations import LABELS, MAKERS, trained
from .store import Row, Store
from .tables import Table, write

FOLDER = Path(__file__).parents[1] / "results"
RESULTS = Store(FOLDER / "published.json")
DATA, SEEDS = "digits", 3
# Modes of the input stage; then modes and channels of the stages.
SHAPE: dict[str, Any] = {"modes": 7, "stages": ((7, 12), (5, 24), (5, 32))}


class _OfParts(nn.Module):
    """A function of the real and imaginary parts of single modes, one mode of each pair (k, -k).

    The parts are rows of a plain tensor: the mean, the real parts of all other modes, their imaginary parts.
    """

    def _build(self, incoming: Any, generator: np.random.Generator) -> nn.Signal:
        incoming = require_incoming(incoming, nn.Signal, type(self).__name__)
        incoming.space.require_modes(type(self).__name__)
        return nn.Signal(incoming.space.unbounded, incoming.channels)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the function to the parts of all modes."""
        return from_coordinates(self.of_parts(coordinates_op(x)), space=x.space.unbounded)

    def of_parts(self, parts: Tensor) -> Tensor:
        """Return the new parts."""
        raise NotImplementedError


def _swapped(parts: Tensor) -> Tensor:
    """Return the other part of each mode: the imaginary one for the real one. The mean stays."""
    count = (parts.shape[0] - 1) // 2
    return gather(parts, index=(0, *range(1 + count, 1 + 2 * count), *range(1, 1 + count)))


def _rows(parts: Tensor, rows: slice) -> Tensor:
    """Return a column with 1 in some rows and 0 in the others."""
    column = np.zeros((parts.shape[0], 1, 1), parts.data.dtype)
    column[rows] = 1
    return Tensor(column)


@dataclass(eq=False)
class LeakyParts(_OfParts):
    """Leaky ReLU with slope 0.2 of the real and of the imaginary part, as in the code of CEMNet for MNIST."""

    is_static = True

    def of_parts(self, parts: Tensor) -> Tensor:
        """Return positive parts, and a fifth of negative ones."""
        return parts * 0.2 + elementwise(parts, step(parts)) * 0.8


@dataclass(eq=False)
class EitherPositive(_OfParts):
    """Keep the modes whose real or imaginary part is positive, as Rizvi et al. (2021) say in words."""

    is_static = True

    def of_parts(self, parts: Tensor) -> Tensor:
        """Return the parts of modes in three quadrants, and 0 in the fourth."""
        is_open = step(parts)
        other = _swapped(is_open)
        return elementwise(parts, is_open + other - elementwise(is_open, other))


@dataclass(eq=False)
class PhaseReLU(_OfParts):
    """Keep the magnitude of each mode, and set negative phases to 0, as Han and Hong (2021) define it."""

    is_static = True

    def of_parts(self, parts: Tensor) -> Tensor:
        """Return modes of the upper half plane as they are, and the magnitude of the others."""
        count = (parts.shape[0] - 1) // 2
        mean, real, imaginary = (_rows(parts, s) for s in (slice(1), slice(1, 1 + count), slice(1 + count, None)))
        is_open = step(parts)
        upper = elementwise(is_open, imaginary) + elementwise(_swapped(is_open), real) + mean
        squares = elementwise(parts, parts)
        magnitude = power(squares + _swapped(squares) + 1e-12, exponent=0.5)
        return elementwise(parts, upper) + elementwise(elementwise(magnitude, real), upper * -1.0 + 1.0)


@dataclass(eq=False)
class MeanAndPositive(_OfParts):
    """ReLU of every coefficient but the mean, as ReLU-DCT does with cosine coefficients (Alshareef et al. 2026)."""

    is_static = True

    def of_parts(self, parts: Tensor) -> Tensor:
        """Return the mean, and the positive ones of the other parts."""
        mean = _rows(parts, slice(1))
        return elementwise(parts, elementwise(step(parts), mean * -1.0 + 1.0) + mean)


@dataclass(frozen=True)
class Kind:
    """A kind of activation.

    Attributes
    ----------
    label : str
        Its name in the table.
    published : str
        The publications whose networks have it, in the words of the table.
    make : callable
        Makes the layer.
    known : str
        Its name in the study of activations, whose accuracies are taken; empty if it is not part of that study.
    shape : dict
        Arguments of `network_with`.
    """

    label: str
    published: str
    make: Callable[[], nn.Module]
    known: str = ""
    shape: dict[str, Any] = field(default_factory=dict)


def _known(label: str, published: str, name: str) -> Kind:
    return Kind(label, published, MAKERS[LABELS[name]], LABELS[name])


KINDS = {
    "tangent": _known("nothing, or a straight line", "[Ko2017]_; CEMNet's code for CIFAR-10 [Pan2022]_", "linear"),
    "second-harmonic": _known("each mode added to its double", "[Watanabe2020]_", "second-harmonic"),
    "tanh-parts": _known("tanh of real and imaginary parts", "[Guan2019]_", "real-imaginary"),
    "leaky-parts": Kind("leaky ReLU of real and imaginary parts", "CEMNet's code for MNIST [Pan2022]_", LeakyParts),
    "either-positive": Kind("modes with a positive part pass", "[Rizvi2021]_", EitherPositive),
    "phase-relu": Kind("ReLU of the phase", "[Han2021]_", PhaseReLU),
    "mean-and-positive": Kind("ReLU of all coefficients but the mean", "[Alshareef2026]_", MeanAndPositive),
    "quadratic-low-pass": Kind(
        "square by a product of spectra, after a pooling",
        "[Ayat2019]_",
        partial(nn.Polynomial, "relu", degree=2),
        shape={"stages": ((5, 12), (5, 24), (5, 32))},
    ),
    "relu-samples": Kind(
        "ReLU of samples",
        "[Rippel2015]_",
        partial(nn.Pointwise, "relu"),
        shape={"domain": "grid"},
    ),
    "gaussian": _known("square by a product of spectra (freqnet's default)", "freqnet", "gaussian"),
}


def measured(kind: Kind, found: Audit) -> dict[str, Any]:
    """Return what the audit says, as plain data."""
    names = [row.name for row in found.layers if row.layer == type(kind.make()).__name__]
    dead = found.reach.modes[~found.reach.reachable]
    count = lambda modes: int(2 * len(modes) - (modes == 0).all(axis=1).sum())
    return {
        "verdict": found.verdict,
        "affine_residual": found.affine_residual,
        "affine_share": found.affine_share,
        "mixing": max(row.mixing or 0.0 for row in found.layers if row.name in names),
        "dead_modes": count(dead),
        "modes": count(found.reach.modes),
        "transforms_inside": found.transforms_inside,
        "shift_error": max(moves[names[0]] for moves in (found.equivariance.whole, found.equivariance.fraction)),
    }


def on_mnist(kind: Kind) -> list[float]:
    """Return the accuracies of the study of activations; none if the kind is not part of it."""
    record = json.loads((FOLDER / "activations.json").read_text(encoding="utf-8"))
    return next((row["accuracy"] for row in record["rows"] if row["name"] == kind.known), [])


def study(name: str, seed: int) -> Row:
    """Train the network of one kind; that of seed 0 is audited on the held-out part."""
    kind, parts = KINDS[name], split(load(DATA), validation=0, seed=seed)
    rate = training_defaults(DATA)["learning_rate"]
    layer = type(kind.make())
    if layer.__module__ == __name__:
        # The audit builds the network again, in double precision.
        nn.layer(layer)
    network, accuracy = trained(kind.make, parts, rate, seed, data=DATA, **SHAPE | kind.shape)
    row: Row = {"kind": name, "seed": seed, "accuracy": accuracy}
    return row | (measured(kind, audit(network, parts.test.images)) if seed == 0 else {})


def table(rows: list[Row]) -> Table:
    """Return the rows as a table, in the order of the kinds."""
    header = (
        "activation",
        "published by",
        "digits, mean (lowest to highest)",
        "mnist-5k",
        "affine map explains",
        "power that reaches other modes",
        "dead modes, of 49",
        "error of a shift",
        "verdict",
    )
    return header, [_cells(name, own) for name in KINDS if (own := [r for r in rows if r["kind"] == name])]


def _cells(name: str, rows: list[Row]) -> tuple[str, ...]:
    kind, row = KINDS[name], next(row for row in rows if row["seed"] == 0)
    return (
        kind.label,
        kind.published,
        _spread([row["accuracy"] for row in rows]),
        _spread(on_mnist(kind)),
        f"{row['affine_share']:.0%}",
        f"{row['mixing']:.0%}",
        f"{row['dead_modes']}",
        "0" if row["shift_error"] < 1e-9 else f"{row['shift_error']:.0%}",
        row["verdict"],
    )


def _spread(accuracies: list[float]) -> str:
    values = 100 * np.array(accuracies)
    return f"{values.mean():.1f} % ({values.min():.1f} to {values.max():.1f})" if len(values) else ""


def main() -> None:
    """Measure what has no row yet, and write the table."""
    parser = argparse.ArgumentParser(description="Accuracy and audit of the activations of published networks.")
    parser.add_argument("kinds", nargs="*", help=f"kinds to measure, of {', '.join(KINDS)} [all]")
    options = parser.parse_args()
    with threads(1):
        for seed in range(SEEDS):
            for name in options.kinds or KINDS:
                if not RESULTS.has(kind=name, seed=seed):
                    RESULTS.add(study(name, seed))
                print(name, RESULTS.rows(kind=name, seed=seed)[0]["accuracy"], flush=True)
    write("../activations/published", table(RESULTS.rows()))


if __name__ == "__main__":
    main()
