"""The activations of published networks, written after their descriptions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from freqnet.benchmarks.studies import published

from freqnet import Fourier, nn, ops

DOCS = Path(__file__).parents[1] / "docs"


def split_leaky(z: np.ndarray) -> np.ndarray:
    return np.where(z.real > 0, z.real, 0.2 * z.real) + 1j * np.where(z.imag > 0, z.imag, 0.2 * z.imag)


def gate(z: np.ndarray) -> np.ndarray:
    return np.where((z.real > 0) | (z.imag > 0), z, 0)


def phase(z: np.ndarray) -> np.ndarray:
    return np.abs(z) * np.exp(1j * np.maximum(np.angle(z), 0))


def positive(z: np.ndarray) -> np.ndarray:
    return np.maximum(z.real, 0) + 1j * np.maximum(z.imag, 0)


@pytest.mark.parametrize(
    ("layer", "function", "of_the_mean"),
    [
        (published.LeakyParts(), split_leaky, lambda m: m if m > 0 else 0.2 * m),
        (published.EitherPositive(), gate, lambda m: max(m, 0.0)),
        (published.PhaseReLU(), phase, lambda m: m),
        (published.MeanAndPositive(), positive, lambda m: m),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_functions_of_parts(
    layer: nn.Module,
    function: Callable[[np.ndarray], np.ndarray],
    of_the_mean: Callable[[float], float],
    seed: int,
) -> None:
    space = Fourier.on(9)
    signal = np.random.default_rng(seed).normal(size=(1, 9, 1))
    x = ops.analysis(signal, space)
    layer.build(nn.Signal(space, 1), np.random.default_rng(0))
    before = np.fft.rfft(signal[0, :, 0]) / 9
    after = np.fft.rfft(ops.synthesis(layer(x)).data[0, :, 0]) / 9
    np.testing.assert_allclose(after[1:], function(before[1:]), atol=1e-5)
    np.testing.assert_allclose(after[0].real, of_the_mean(float(before[0].real)), atol=1e-12)


def test_the_table_of_the_page_has_what_was_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freqnet.benchmarks.studies.tables.FOLDER", tmp_path)
    published.write("published", published.table(published.RESULTS.rows()))
    assert (tmp_path / "published.txt").read_text() == (DOCS / "activations" / "published.txt").read_text()


def test_every_kind_is_measured_and_every_publication_is_in_the_references() -> None:
    assert sorted(row["kind"] for row in published.RESULTS.rows(seed=0)) == sorted(published.KINDS)
    references = (DOCS / "references.rst").read_text(encoding="utf-8")
    for kind in published.KINDS.values():
        for key in [word.strip("[]_;") for word in kind.published.split() if word.startswith("[")]:
            assert f".. [{key}]" in references
