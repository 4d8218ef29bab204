"""The study of time series: what it measures, on made series, and the tables of the documentation."""

from __future__ import annotations

import numpy as np
import pytest
from freqnet.benchmarks.studies import series as study
from freqnet.benchmarks.studies.store import Store

from freqnet.data import from_arrays, split

RNG = np.random.default_rng(0)


def made(regression: bool = False, points: int = 40) -> object:
    """Waves of two frequencies and random phases, or their frequencies as targets."""
    speeds = np.where(np.arange(90) % 2, 3.0, 5.0)
    t = np.arange(points) / points
    x = np.sin(2 * np.pi * (speeds[:, None] * t + RNG.random((90, 1)))) + 0.1 * RNG.normal(size=(90, points))
    y = speeds if regression else (speeds == 3).astype(int)
    task = "regression" if regression else "classification"
    return split(from_arrays(x, y, layout="nt", name="waves", official_test=30, task=task), validation=0)


# These take ten seconds each, or more.
@pytest.mark.parametrize(
    "method",
    [pytest.param(m, marks=pytest.mark.slow) if m in ("laplace", "grid", "damped") else m for m in study.METHODS],
)
def test_a_row_has_scores_and_times(method: str) -> None:
    if method == "MiniRocket":
        pytest.importorskip("aeon")
    row = study.measure(made(), method, seed=0)  # type: ignore[arg-type]
    assert (row["data"], row["method"], row["train"], row["test"], row["points"]) == ("waves", method, 60, 30, 40)
    assert row["seconds"] > 0
    assert row["inference"] > 0
    assert all(0 <= row[name] <= 1 for name in ("score", "shifted", *study.RATES))
    # Random phases: a linear map of the samples cannot tell the frequencies.
    assert row["score"] > 0.8 or method in ("ridge", "laplace", "grid")


def test_a_power_spectrum_is_the_same_after_shifts_and_at_other_rates() -> None:
    model = study.Ours("fourier, power", seed=0)
    parts = made()
    model.fit(parts.train)  # type: ignore[attr-defined]
    samples = parts.test.images.astype(float)  # type: ignore[attr-defined]
    usual, moved = model.predict(samples), model.predict(study.shifted(samples, seed=1))
    np.testing.assert_allclose(moved, usual, atol=1e-4 * np.abs(usual).max())
    other = study.Ours("fourier", seed=0)
    other.fit(parts.train)  # type: ignore[attr-defined]
    assert np.abs(other.predict(study.shifted(samples, seed=1)) - other.predict(samples)).max() > 1e-2


def test_numbers_are_scored_by_r2() -> None:
    parts = made(regression=True)
    row = study.measure(parts, "fourier, power", seed=0)  # type: ignore[arg-type]
    assert row["task"] == "regression"
    assert 0.8 < row["score"] <= 1
    own = parts.test.targets[:, 0]  # type: ignore[attr-defined]
    assert study.score(parts.test, own) == 1  # type: ignore[attr-defined]
    assert study.score(parts.test, np.full_like(own, own.mean())) == 0  # type: ignore[attr-defined]


def test_other_rates_keep_the_series() -> None:
    t = np.arange(64) / 64
    wave = np.sin(2 * np.pi * 3 * t).reshape(1, 64, 1)
    for up, down in study.RATES.values():
        points = 64 * up // down
        found = study.at_rate(wave, up, down)
        assert found.shape == (1, points, 1)
        inner = slice(points // 5, -points // 5)
        wanted = np.sin(2 * np.pi * 3 * np.arange(points) / points)
        assert np.abs(found[0, inner, 0] - wanted[inner]).max() < 0.02


def test_shifts_move_each_series() -> None:
    samples = RNG.normal(size=(5, 8, 2))
    moved = study.shifted(samples, seed=3)
    for one, own in zip(moved, samples, strict=True):
        assert any(np.array_equal(one, np.roll(own, k, axis=0)) for k in range(8))
    assert not np.array_equal(moved, samples)


def test_tables_are_those_of_the_rows() -> None:
    rows = Store(study.RESULTS).rows()
    assert rows
    for name, table in (("series-sets", study.by_set(rows)), ("series-methods", study.by_method(rows))):
        assert (study.TABLES / f"{name}.txt").read_text(encoding="utf-8") == study.list_table(table, ":class: dense")
    assert {row["data"] for row in rows} >= set(study.SETS)
    for name in study.SETS:
        # With all 1,460 nodes of this set, a training in the damped domain takes more than nine minutes.
        left_out = {"damped"} if name == "ACSF1" else set()
        assert {row["method"] for row in rows if row["data"] == name} >= set(study.METHODS) - left_out
    # No row is counted twice.
    assert len({(row["data"], row["method"], row["seed"]) for row in rows}) == len(rows)
