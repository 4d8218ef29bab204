"""Samples of several lengths: resampled, or padded after their end."""

from __future__ import annotations

import numpy as np
import pytest
from waves import RNG, names, resampled, waves

from freqnet.data import from_arrays, from_series
from freqnet.data.lengths import NewSize, padded
from freqnet.errors import ConfigurationError, DataError
from freqnet.experiments import Job
from freqnet.training import Reading


@pytest.mark.parametrize("channels", [1, 3])
def test_series_of_several_lengths_are_resampled_or_padded(channels: int) -> None:
    series = waves(6, (20, 31, 40), channels)
    found = from_series(series, names(6), size_to=25)
    assert (found.grid, found.channels, found.classes, found.layout) == ((25,), channels, ("Fast", "Slow"), "n c t")
    for one, own in zip(found.images, series, strict=True):
        np.testing.assert_allclose(one.T, [resampled(row, 25) for row in own], atol=1e-5)
    found = from_series(series, names(6), pad_to=41)
    for one, own in zip(found.images, series, strict=True):
        np.testing.assert_allclose(one[: own.shape[1]].T, own, atol=1e-6)
        assert not one[own.shape[1] :].any()


def test_series_of_one_length_are_an_array() -> None:
    series = waves(6, (20,), 2)
    for given in (series, np.array(series)):
        found = from_series(given, names(6))
        np.testing.assert_array_equal(found.images, from_arrays(np.array(series), names(6), layout="nct").images)
    assert from_series([one[0] for one in series], names(6)).channels == 1
    assert from_series(series, names(6), pad_to=24).grid == (24,)
    assert from_series(series, names(6), size_to=12).grid == (12,)


def test_series_in_another_order_of_axes() -> None:
    series = waves(4, (20, 30), 2)
    found = from_series([one.T for one in series], names(4), layout="ntc", size_to=24)
    np.testing.assert_array_equal(found.images, from_series(series, names(4), size_to=24).images)
    assert found.layout == "n t c"


def test_images_are_padded_along_each_axis() -> None:
    image = RNG.normal(size=(2, 3, 3, 1))
    found = padded(image, (4, 5), "x")
    np.testing.assert_array_equal(found[:, :3, :3], image)
    assert found.shape == (2, 4, 5, 1)
    assert not found[:, 3:].any()
    assert not found[:, :, 3:].any()
    np.testing.assert_array_equal(padded(image, (3, 3), "x"), image)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, r"series of series: got lengths from 20 to 30, expected one length; pass size_to=30 .* or pad_to=30"),
        ({"size_to": 20, "pad_to": 30}, r"got size_to=20 and pad_to=30, expected one of the two"),
        ({"pad_to": 25}, r"got 30 points, expected at most pad_to=25; pass pad_to=30"),
        ({"pad_to": 0}, r"pad_to: got 0, expected a number of 1 or more"),
        ({"pad_to": (30, 30)}, r"pad_to: got \(30, 30\), expected a number"),
        ({"size_to": 2.5}, r"size_to: got 2.5, expected a number"),
    ],
)
def test_lengths_that_do_not_fit(change: dict[str, object], message: str) -> None:
    with pytest.raises((DataError, ConfigurationError), match=message):
        from_series(waves(4, (20, 30)), names(4), **change)  # type: ignore[arg-type]


def test_series_with_other_channels() -> None:
    with pytest.raises(DataError, match=r"got 2 channels in series 1, expected 1, as in series 0"):
        from_series([np.zeros((1, 5)), np.zeros((2, 6))], ["a", "b"], size_to=5)


def test_the_choice_of_a_run() -> None:
    assert Reading(pad_to=9).pad_to == (9,)
    assert Job("waves.ts", reading={"pad_to": (9,)}).command() == "freqnet train waves.ts --pad-to 9"
    with pytest.raises(ConfigurationError, match="expected one of the two"):
        Reading(pad_to=9, size_to=9)
    with pytest.raises(ConfigurationError, match="pad_to"):
        Reading(pad_to=(0,))  # type: ignore[arg-type]
    assert not NewSize()
