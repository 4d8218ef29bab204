"""Spectral features for scikit-learn: explicit sums, shifts, names, and the accuracy of a linear classifier on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from freqnet.errors import ConfigurationError, DataError, FreqnetError, ShapeError
from freqnet.sklearn import SpectralFeatures
from freqnet.spaces import counted_transforms, mode_numbers

INVARIANT = ("power", "invariant", "random")
KINDS = (*INVARIANT, "truncated")


@parametrize_with_checks([SpectralFeatures(kind, filters=3) for kind in KINDS])
def test_scikit_learn_accepts_the_transformer(estimator: Any, check: Any) -> None:
    check(estimator)


# -- explicit sums -----------------------------------------------------------------------------------------
def modes_of(sample: np.ndarray) -> dict[tuple[int, ...], complex]:
    """All modes of one sample ``(*grid)`` below the Nyquist modes, by explicit sums."""
    places = np.indices(sample.shape)
    found = {}
    for k in np.ndindex(*(2 * ((n - 1) // 2) + 1 for n in sample.shape)):
        mode = tuple(j - (n - 1) // 2 for j, n in zip(k, sample.shape, strict=True))
        angle = sum(m * p / n for m, p, n in zip(mode, places, sample.shape, strict=True))
        found[mode] = complex(np.mean(sample * np.exp(-2j * np.pi * angle)))
    return found


def mode(features: SpectralFeatures, index: int) -> tuple[int, ...]:
    return tuple(mode_numbers(features.space_.band)[index].tolist())


@pytest.mark.parametrize("grid", [(7,), (8,), (1,), (5, 4), (3, 4, 2)])
def test_powers_are_those_of_explicit_sums(grid: tuple[int, ...], rng: np.random.Generator) -> None:
    X = rng.normal(size=(3, *grid))
    features = SpectralFeatures("power", grid=grid).fit(X)
    for sample, row in zip(X, features.transform(X), strict=True):
        modes = modes_of(sample)
        for index, value in enumerate(row):
            k = mode(features, index)
            assert value == pytest.approx(abs(modes[k]) ** 2 * (2 if any(k) else 1))


@pytest.mark.parametrize("grid", [(9,), (5, 4)])
def test_bispectra_are_those_of_explicit_sums(grid: tuple[int, ...], rng: np.random.Generator) -> None:
    X = rng.normal(size=(2, *grid))
    features = SpectralFeatures("invariant", grid=grid).fit(X)
    names = features.get_feature_names_out().tolist()
    for sample, row in zip(X, features.transform(X), strict=True):
        modes, found = modes_of(sample), dict(zip(names, row, strict=True))
        power = sum(abs(value) ** 2 for value in modes.values())
        for axis in range(len(grid)):
            lowest = tuple(int(i == axis) for i in range(len(grid)))
            wave = {lowest: modes[lowest], tuple(-i for i in lowest): modes[lowest].conjugate()}
            for k in (mode(features, i) for i in range(len(mode_numbers(features.space_.band)))):
                # The product of the wave with the sample, at mode k, beside the sample.
                terms = {e: v * modes.get(tuple(np.subtract(k, e).tolist()), 0.0) for e, v in wave.items()}
                real = sum(terms.values()) * modes[k].conjugate()
                turned = sum(v * (-1j if e == lowest else 1j) for e, v in terms.items()) * modes[k].conjugate()
                text = "_".join(map(str, lowest)), "_".join(map(str, k))
                factor = (2 if any(k) else 1) / power
                assert found[f"bispectrum_{text[0]}_re_{text[1]}"] == pytest.approx(real.real * factor)
                assert found[f"bispectrum_{text[0]}_im_{text[1]}"] == pytest.approx(turned.real * factor)


@pytest.mark.parametrize("shape", [(11,), (40,), (5, 7), (5, 5, 2)])
def test_moments_are_those_of_the_filtered_signals(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    grid, channels = (shape[:2], shape[2]) if len(shape) == 3 else (shape, 1)
    X = rng.normal(size=(2, *shape))
    features = SpectralFeatures("random", filters=6, grid=grid, random_state=0).fit(X)
    row = features.transform(X)[1].reshape(6, 3)
    finest = tuple(2 * n for n in grid)
    places = np.indices(finest)
    signals = []
    for channel in np.moveaxis(X[1].reshape(*grid, channels), -1, 0):
        # The band-limited signal on twice as many samples, where means of its fourth power are exact.
        modes = modes_of(channel)
        angles = {k: sum(m * p / n for m, p, n in zip(k, places, finest, strict=True)) for k in modes}
        signals.append(np.real(sum(v * np.exp(2j * np.pi * angles[k]) for k, v in modes.items())))
    index = 0
    for size, kernels in features.filters_.kernels:
        for taps in np.moveaxis(kernels.reshape(*size, channels, -1), -1, 0):
            y = np.zeros(finest)
            for place in np.argwhere(np.any(taps, axis=-1)):
                moves = tuple(2 * (p - s // 2) for p, s in zip(place.tolist(), size, strict=True))
                axes = tuple(range(len(grid)))
                y += sum(t * np.roll(x, moves, axes) for t, x in zip(taps[tuple(place)], signals, strict=True))
            square = np.mean(y**2)
            wanted = [np.sqrt(square), np.mean(y**3) / square, np.sqrt(np.mean(y**4) / square)]
            assert np.allclose(row[index], wanted)
            index += 1
    assert index == 6


def test_random_kernels_have_dilations_and_no_mean() -> None:
    filters = SpectralFeatures("random", filters=100, random_state=0).fit(np.zeros((1, 128))).filters_
    sizes = [size[0] for size, _ in filters.kernels]
    assert len(sizes) > 8
    assert max(sizes) <= 128
    for size, taps in filters.kernels:
        assert np.count_nonzero(np.any(taps, axis=(1, 2))) == 9
        assert (size[0] - 1) % 8 == 0
        assert np.allclose(taps.sum(axis=0), 0)


def test_coordinates_keep_distances(rng: np.random.Generator) -> None:
    X = rng.normal(size=(4, 5, 7, 2))
    features = SpectralFeatures("truncated", layout="nhwc").fit_transform(X)
    assert features.shape == (4, 70)
    wanted = np.sqrt(np.mean((X[0] - X[1]) ** 2) * 2)
    assert np.linalg.norm(features[0] - features[1]) == pytest.approx(wanted)


# -- shifts ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_shifts_do_not_change_invariant_features(kind: str, rng: np.random.Generator) -> None:
    X = rng.normal(size=(3, 9, 8, 2))
    features = SpectralFeatures(kind, filters=5, grid=(9, 8), random_state=0).fit(X)
    # The Nyquist mode is dropped, so that even axes do as well.
    same = np.allclose(features.transform(X), features.transform(np.roll(X, (4, 3), (1, 2))))
    assert same == (kind in INVARIANT)
    assert not np.allclose(features.transform(X), features.transform(X[::-1]))


def test_the_bispectrum_tells_what_the_power_does_not(rng: np.random.Generator) -> None:
    x = rng.normal(size=(1, 15))
    mirrored = x[:, ::-1]
    for kind, same in (("power", True), ("invariant", False), ("random", False)):
        features = SpectralFeatures(kind, random_state=0).fit(x)
        assert np.allclose(features.transform(x), features.transform(mirrored)) == same


def test_features_scale_with_the_samples(rng: np.random.Generator) -> None:
    X = rng.normal(size=(3, 16))
    for kind, degree in (("power", 2), ("truncated", 1), ("invariant", 1), ("random", 1)):
        features = SpectralFeatures(kind, random_state=0).fit(X)
        assert np.allclose(features.transform(3 * X), 3**degree * features.transform(X))
        assert np.array_equal(features.transform(0 * X), 0 * features.transform(X))


def test_random_filters_beat_pixels_under_random_shifts(rng: np.random.Generator) -> None:
    X, y = load_digits(return_X_y=True)
    count = 600
    moves = rng.integers(0, 8, (count, 2))
    X = np.stack([np.roll(x, move, (0, 1)) for x, move in zip(X[:count].reshape(-1, 8, 8), moves, strict=True)])
    train, test, labels, wanted = train_test_split(X.reshape(count, -1), y[:count], random_state=0)
    linear = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(-3, 3, 7)))
    accuracy = {"pixels": clone(linear).fit(train, labels).score(test, wanted)}
    for kind in INVARIANT:
        features = SpectralFeatures(kind, filters=100, grid=(8, 8), random_state=0)
        accuracy[kind] = make_pipeline(features, clone(linear)).fit(train, labels).score(test, wanted)
    assert accuracy["pixels"] < 0.3
    assert accuracy["power"] > 0.6
    assert accuracy["random"] > accuracy["invariant"] > accuracy["power"]
    assert accuracy["random"] > 0.9


# -- an estimator ------------------------------------------------------------------------------------------
def test_the_same_random_state_draws_the_same_filters(rng: np.random.Generator) -> None:
    X = rng.normal(size=(3, 20))
    first, again, other = (SpectralFeatures("random", random_state=s).fit_transform(X) for s in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_names_are_those_of_modes_and_channels() -> None:
    features = SpectralFeatures("truncated", modes=3, grid=(8,)).fit(np.zeros((1, 8, 2)))
    wanted = ["mean_c0", "mean_c1", "re_1_c0", "re_1_c1", "im_1_c0", "im_1_c1"]
    assert features.get_feature_names_out().tolist() == wanted
    table = SpectralFeatures("power").set_output(transform="pandas").fit_transform(np.ones((2, 5)))
    assert table.columns.tolist() == ["power_0", "power_1", "power_2"]


def test_only_the_input_is_transformed(rng: np.random.Generator) -> None:
    X = rng.normal(size=(3, 16, 16))
    for kind in KINDS:
        features = SpectralFeatures(kind, filters=5).fit(X)
        with counted_transforms() as counter:
            features.transform(X)
        assert counter.count == 1


def test_slices_of_the_samples_change_nothing(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    X = rng.normal(size=(7, 12))
    features = SpectralFeatures("random", filters=4, random_state=0).fit(X)
    whole = features.transform(X)
    monkeypatch.setattr("freqnet.sklearn.features._AT_ONCE", 200)
    assert np.allclose(features.transform(X), whole)


def test_single_precision_stays(rng: np.random.Generator) -> None:
    X = rng.normal(size=(3, 10))
    for kind in KINDS:
        double = SpectralFeatures(kind, random_state=0).fit_transform(X)
        single = SpectralFeatures(kind, random_state=0).fit_transform(X.astype(np.float32))
        assert (double.dtype, single.dtype) == (np.float64, np.float32)
        assert np.allclose(single, double, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "shape", "error", "message"),
    [
        ({"kind": "powers"}, (2, 8), ConfigurationError, "kind: got 'powers'"),
        ({"modes": 4}, (2, 8), ConfigurationError, "modes: got 4, expected an odd number from 1 to 7"),
        ({"modes": (3, 9)}, (2, 8, 8), ConfigurationError, r"modes: got \(3, 9\)"),
        ({"modes": "all"}, (2, 8), ConfigurationError, "modes"),
        ({"kind": "random", "filters": 0}, (2, 8), ConfigurationError, "filters: got 0"),
        ({"grid": (3, 3)}, (2, 8), ShapeError, r"X: got shape \(2, 8\)"),
        ({"grid": "8x8"}, (2, 64), ConfigurationError, "grid: got '8x8'"),
        ({"grid": (8, 0)}, (2, 64), ConfigurationError, "grid"),
        ({"grid": (2, 8)}, (2, 4, 4), ShapeError, "X: got shape"),
        ({"grid": (8, 8), "layout": "nhw"}, (2, 8, 8), ConfigurationError, "one of the two"),
        ({"layout": "hwn"}, (2, 8, 8), ConfigurationError, "the axis n of the samples first"),
        ({"layout": 3}, (2, 8, 8), ConfigurationError, "layout: got 3"),
        ({"layout": "nhwc"}, (2, 8, 8), DataError, "X: got shape"),
        ({}, (2, 9, 128), DataError, "pass layout='nhw'"),
        ({}, (2, 3, 32, 32), DataError, "layout='nchw'"),
        ({}, (2, 2, 2, 2, 2, 2), DataError, "X: got shape"),
    ],
)
def test_wrong_parameters_get_one_line(
    options: dict[str, Any], shape: tuple[int, ...], error: type[FreqnetError], message: str
) -> None:
    with pytest.raises(error, match=message) as raised:
        SpectralFeatures(**options).fit(np.zeros(shape))
    assert "\n" not in str(raised.value)


def test_samples_of_another_size_are_refused() -> None:
    features = SpectralFeatures().fit(np.zeros((2, 8, 8)))
    for shape in ((8, 9), (8, 8, 2), (8,)):
        with pytest.raises(ShapeError, match="as in fit"):
            features.transform(np.zeros((2, *shape)))
    with pytest.raises(ShapeError, match="as in fit"):
        SpectralFeatures(grid=(2, 4)).fit(np.zeros((2, 8))).transform(np.zeros((2, 8, 2)))
    with pytest.raises(ValueError, match="9 features"):
        features.transform(np.zeros((2, 9, 8)))
