"""Windows of long series for forecasts, compared with loops; no training window holds a point of the test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freqnet import nn
from freqnet.data import split, windows
from freqnet.errors import ConfigurationError, DataError
from freqnet.training import Model, Settings, analyse, evaluate, fit

RNG = np.random.default_rng(0)


def by_loops(series: np.ndarray, history: int, horizon: int, stride: int, test: float) -> tuple[list, list]:
    """The windows for training and for the test, with their targets, one after another."""
    cut = round(len(series) * (1 - test))
    train, tested = [], []
    for start in range(0, len(series) - history - horizon + 1):
        pair = series[start : start + history], series[start + horizon : start + horizon + history]
        if start + history + horizon <= cut and start % stride == 0:
            train.append(pair)
        if start + history >= cut and (start - max(0, cut - history)) % stride == 0:
            tested.append(pair)
    return train, tested


@given(
    st.integers(30, 80),
    st.integers(1, 12),
    st.integers(1, 12),
    st.integers(1, 5),
    st.floats(0.3, 0.6),
    st.integers(1, 3),
)
def test_windows_are_those_of_a_loop(
    length: int, history: int, horizon: int, stride: int, test: float, channels: int
) -> None:
    horizon = min(horizon, history)
    series = RNG.normal(size=(length, channels)).astype(np.float32)
    train, tested = by_loops(series, history, horizon, stride, test)
    if not train or not tested:
        return
    found = windows(series, history, horizon, stride=stride, test=test)
    assert (found.official_test, found.task.name) == (len(tested), "field")
    np.testing.assert_array_equal(found.images, [x for x, _ in (*train, *tested)])
    np.testing.assert_array_equal(found.targets, [y for _, y in (*train, *tested)])


@pytest.mark.parametrize(("history", "horizon", "stride"), [(8, 8, 1), (12, 3, 2), (5, 1, 4)])
def test_training_and_test_share_no_forecast(history: int, horizon: int, stride: int) -> None:
    # Each value is its own time.
    parts = split(windows(np.arange(100.0), history, horizon, stride=stride))
    seen = {int(t) for part in (parts.train.images, parts.train.targets) for t in part.ravel()}
    forecast = {int(t) for t in parts.test.targets[:, -horizon:].ravel()}
    assert max(seen) < 80 <= min(forecast)
    assert forecast >= {80}
    # The control: windows that are split at random share points.
    whole = windows(np.arange(100.0), history, horizon, stride=stride)
    mixed = np.random.default_rng(0).permutation(len(whole))
    some, others = (set(whole.targets[part].ravel().tolist()) for part in (mixed[::2], mixed[1::2]))
    assert not some.isdisjoint(others)


def test_several_series() -> None:
    series = [np.arange(60.0), 1000 + np.arange(40.0)]
    found = split(windows(series, 5, 5))
    assert found.train.targets.max() == 1031
    for part in (found.train, found.test):
        assert {value >= 1000 for value in part.targets[:, 0, 0]} == {True, False}
        # No window goes from one series to another.
        assert (part.images.max(axis=1) - part.images.min(axis=1) == 4).all()


def test_no_horizon_is_the_next_window() -> None:
    found = windows(np.arange(100.0), 10)
    np.testing.assert_array_equal(found.targets, found.images + 10)


@pytest.mark.parametrize(
    ("series", "words", "message"),
    [
        (np.arange(20.0), {"history": 12}, r"series 0 of windows: got 20 points, the last 4 .*, expected at least 24"),
        ([np.arange(90.0), np.arange(9.0)], {"history": 5}, r"series 1 of windows: got 9 points"),
        (np.arange(90.0), {"history": 5, "horizon": 6}, r"got horizon=6 and history=5"),
        (np.arange(90.0), {"history": 5, "test": 0}, r"got test=0, expected .* a test share above 0"),
        (np.arange(90.0), {"history": 5, "test": 1}, r"test: got 1"),
        (np.arange(90.0), {"history": 0}, r"history: got 0"),
        (np.arange(90.0), {"history": 5, "stride": 0}, r"stride: got 0"),
        (np.zeros((9, 9, 9)), {"history": 5}, r"series 0 of windows: got shape \(9, 9, 9\)"),
        ([np.zeros((90, 1)), np.zeros((90, 2))], {"history": 5}, r"series 1 of windows: got shape \(90, 2\)"),
        (np.where(np.arange(90) == 7, np.nan, 1.0), {"history": 5}, r"NaN"),
        (["a", "b"], {"history": 5}, r"expected real numbers"),
    ],
)
def test_series_and_numbers_that_cannot_be_used(series: object, words: dict[str, float], message: str) -> None:
    with pytest.raises((DataError, ConfigurationError), match=message):
        windows(series, **words)  # type: ignore[arg-type]


def test_a_forecast_is_better_than_the_last_value() -> None:
    t = np.arange(600)
    series = np.sin(2 * np.pi * t / 17.3) + 0.5 * np.sin(2 * np.pi * t / 7.1)
    parts = split(windows(series, 33, 8))
    network = Model(form="operator", widths=(8, 8), modes=33).network(parts.train)
    fit(network, analyse(network, parts.train), settings=Settings(epochs=20, learning_rate=0.01, optimizer="muon"))
    wanted = parts.test.targets[:, -8:]
    error = np.mean((evaluate(network, analyse(network, parts.test)).outputs[:, -8:] - wanted) ** 2)
    naive = np.mean((parts.test.images[:, -1:] - wanted) ** 2)
    assert error < naive / 10
    steps = nn.rollout(network, network.analyse(parts.test.images[:1]), steps=2)
    assert network.sampled(steps[1], (33,)).shape == (1, 33, 1)
    assert network.transforms_inside == 0
