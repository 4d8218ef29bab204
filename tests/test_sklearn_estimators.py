"""The classifier and the regressor for scikit-learn: its own checks, exact repetition, weights, targets and errors."""

from __future__ import annotations

import pickle
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_dict_unchanged, parametrize_with_checks

from freqnet import kernels
from freqnet.audit import audit
from freqnet.errors import FreqnetError
from freqnet.sklearn import FrequencyClassifier, FrequencyRegressor, SpectralFeatures

Estimator = FrequencyClassifier | FrequencyRegressor
# Small networks, which a test trains in a fraction of a second.
SMALL: dict[str, Any] = {"widths": (4,), "epochs": 3, "batch": 32, "random_state": 0}
BOTH = (FrequencyClassifier, FrequencyRegressor)


# -- scikit-learn's own checks -----------------------------------------------------------------------------
def argued_for(estimator: Any) -> dict[str, str]:
    """The checks that an estimator cannot pass, with the reason."""
    if isinstance(estimator, SpectralFeatures):
        return {}
    # Leaving out samples of weight 0 is exact (see below). Two copies of a sample are not a sample of weight 2: they
    # fall into different random batches, and count twice in the mean and the power that normalisation measures.
    found = {"check_sample_weight_equivalence_on_dense_data": "random batches, normalised without weights"}
    if kernels.KERNEL == "numpy" and isinstance(estimator, FrequencyRegressor):
        found["check_methods_subset_invariance"] = "products of NumPy round by the number of rows"
    return found


@parametrize_with_checks(
    [
        FrequencyClassifier(widths=(4, 4), epochs=50, batch=32),
        FrequencyRegressor(widths=(8,), epochs=20, batch=16),
    ],
    expected_failed_checks=argued_for,
)
def test_scikit_learn_accepts_the_estimators(estimator: Any, check: Any) -> None:
    check(estimator)


def test_scikit_learn_refuses_an_estimator_that_changes_when_it_predicts() -> None:
    class Counting(FrequencyClassifier):
        def predict(self, X: Any) -> np.ndarray:
            self.calls_ = getattr(self, "calls_", 0) + 1
            return super().predict(X)

    check_dict_unchanged("FrequencyClassifier", FrequencyClassifier(**SMALL))
    with pytest.raises(AssertionError):
        check_dict_unchanged("Counting", Counting(**SMALL))


# -- data --------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_digits(return_X_y=True)
    return X[:400], y[:400]


def waves(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Signals of 32 samples, and which of the frequencies 1, 3 and 5 each holds."""
    present = (rng.random((count, 3)) < 0.5).astype(int)
    phases = rng.uniform(0, 2 * np.pi, (count, 3))
    places = 2 * np.pi * np.arange(32) / 32
    X = sum(present[:, [i]] * np.cos(k * places + phases[:, [i]]) for i, k in enumerate((1, 3, 5)))
    return X + 0.1 * rng.normal(size=X.shape), present


def state(model: Estimator) -> dict[str, np.ndarray]:
    return {name: array.copy() for name, array in model.network_.arrays().items()}


def same(first: Estimator, second: Estimator) -> bool:
    """Whether two networks are equal bit for bit."""
    a, b = state(first), state(second)
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


# -- repetition, copies ------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", BOTH)
def test_the_same_random_state_gives_the_same_bits(kind: type[Estimator], digits: Any) -> None:
    options = {**SMALL, "shift": 0.5, "augment": "brightness=0.1,mixup"}
    first, again = (kind(**options).fit(*digits) for _ in range(2))
    assert same(first, again)
    assert np.array_equal(first.predict(digits[0]), again.predict(digits[0]))
    assert not same(first, kind(**{**options, "random_state": 1}).fit(*digits))
    assert same(*(kind(**{**SMALL, "random_state": np.random.RandomState(5)}).fit(*digits) for _ in range(2)))


@pytest.mark.parametrize("more", [{}, {"ema": 0.9, "accumulate": 2}])
@pytest.mark.parametrize("kind", BOTH)
def test_copies_predict_the_same_and_go_on_alike(kind: type[Estimator], more: dict[str, Any], digits: Any) -> None:
    model = kind(**SMALL, **more).fit(*digits).partial_fit(*digits)
    copies = [pickle.loads(pickle.dumps(model)), deepcopy(model)]
    for copy in copies:
        assert np.array_equal(copy.predict(digits[0]), model.predict(digits[0]))
        assert copy.get_params() == model.get_params()
    model.partial_fit(*digits)
    for copy in copies:
        assert not same(copy, model)
        assert same(copy.partial_fit(*digits), model)


def test_averaged_weights_predict_and_training_goes_on_from_the_last(digits: Any) -> None:
    options = {**SMALL, "schedule": "constant"}
    averaged, plain = FrequencyRegressor(**options, ema=0.9), FrequencyRegressor(**options)
    for _ in range(3):
        averaged.partial_fit(*digits)
        plain.partial_fit(*digits)
    assert averaged.loss_curve_ == plain.loss_curve_
    assert not same(averaged, plain)
    whole = FrequencyRegressor(**options, ema=0.9).fit(*digits)
    assert np.allclose(averaged.predict(digits[0]), whole.predict(digits[0]), rtol=1e-4, atol=1e-4)


def test_a_clone_is_not_trained(digits: Any) -> None:
    model = FrequencyClassifier(**SMALL).fit(*digits)
    copy = clone(model)
    assert not hasattr(copy, "network_")
    assert same(copy.fit(*digits), model)


# -- passes and warm starts --------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", BOTH)
def test_passes_equal_the_epochs_of_a_fit_bit_for_bit(kind: type[Estimator], digits: Any) -> None:
    whole = kind(**{**SMALL, "schedule": "constant"}).fit(*digits)
    parts, forgetful = kind(**SMALL), kind(**SMALL)
    options = {"classes": np.unique(digits[1])} if kind is FrequencyClassifier else {}
    for _ in range(3):
        parts.partial_fit(*digits, **options)
        forgetful.partial_fit(*digits, **options)
        forgetful._run = None
    assert same(parts, whole)
    assert not same(forgetful, whole)
    assert parts.n_iter_ == whole.n_iter_ == len(parts.loss_curve_) == 3
    assert parts.loss_curve_ == whole.loss_curve_


def test_passes_over_parts_learn_the_classes(digits: Any) -> None:
    X, y = digits
    model = FrequencyClassifier(grid=(8, 8), widths=(8,), batch=32, random_state=np.random.RandomState(0))
    for _ in range(6):
        for rows in np.array_split(np.arange(len(X)), 4):
            model.partial_fit(X[rows], y[rows], classes=range(10))
    assert model.score(X, y) > 0.9
    assert model.n_iter_ == 24
    assert model._run.epoch == 24
    with pytest.raises(ValueError, match="classes"):
        FrequencyClassifier(**SMALL).partial_fit(X, y)
    with pytest.raises(ValueError, match="the class"):
        model.partial_fit(X, y + 1)


def test_the_learning_rate_may_change_between_passes(digits: Any) -> None:
    model = FrequencyRegressor(**SMALL).partial_fit(*digits)
    before, run = state(model), model._run
    model.set_params(learning_rate=0.0).partial_fit(*digits)
    trained = model.network_.named_parameters()
    assert all(np.array_equal(before[name], state(model)[name]) for name in trained)
    assert model._run is run
    assert model.set_params(clip=0.5).partial_fit(*digits)._run is not run


@pytest.mark.parametrize("kind", BOTH)
def test_a_warm_start_goes_on(kind: type[Estimator], digits: Any) -> None:
    model = kind(**SMALL, warm_start=True).fit(*digits)
    network, loss = model.network_, model.loss_curve_[-1]
    model.fit(*digits)
    assert model.network_ is network
    assert model.n_iter_ == len(model.loss_curve_) == 6
    assert model.loss_curve_[3] < model.loss_curve_[0]
    assert model.loss_curve_[-1] < loss
    with pytest.raises(ValueError, match=r"widths: got \(5,\), expected \(4,\)"):
        model.set_params(widths=(5,)).fit(*digits)
    assert not same(model.set_params(warm_start=False).fit(*digits), clone(model).set_params(widths=(4,)).fit(*digits))


def test_a_warm_start_knows_its_classes(digits: Any) -> None:
    X, y = digits
    model = FrequencyClassifier(**SMALL, warm_start=True).fit(X, y)
    model.fit(X[y < 5], y[y < 5])
    assert model.predict_proba(X).shape == (len(X), 10)
    with pytest.raises(ValueError, match="got the class"):
        model.fit(X, y + 1)


def test_patience_stops_and_keeps_the_best_weights(digits: Any, capsys: pytest.CaptureFixture) -> None:
    options = {**SMALL, "epochs": 200, "learning_rate": 0.1, "patience": 2, "verbose": True}
    model = FrequencyClassifier(**options).fit(*digits)
    assert model.n_iter_ < 200
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    assert "validation_loss" in lines[0]


# -- weights -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", BOTH)
def test_samples_of_weight_0_are_left_out(kind: type[Estimator], digits: Any, rng: np.random.Generator) -> None:
    X, y = digits
    weights = rng.uniform(0.5, 2, len(X)) * (np.arange(len(X)) % 3 > 0)
    kept = weights > 0
    model = kind(**SMALL).fit(X, y, sample_weight=weights)
    assert same(model, kind(**SMALL).fit(X[kept], y[kept], sample_weight=weights[kept]))
    assert not same(model, kind(**SMALL).fit(X[kept], y[kept]))
    ones = kind(**SMALL).fit(X, y, sample_weight=np.full(len(X), 4.0))
    assert np.allclose(ones.predict(X), kind(**SMALL).fit(X, y).predict(X), atol=1e-3)


def test_weights_are_shares_of_the_loss(rng: np.random.Generator) -> None:
    # Samples say nothing of their class: the network can only learn the share of the weights.
    X, y = rng.normal(size=(400, 5)), np.arange(400) % 2
    options = {"widths": (2,), "epochs": 30, "batch": 50, "smoothing": 0.0, "weight_decay": 0.3, "random_state": 0}
    for weights, share in ((None, 0.5), (np.where(y, 3.0, 1.0), 0.75)):
        model = FrequencyClassifier(**options).fit(X, y, sample_weight=weights)
        assert model.predict_proba(X)[:, 1].mean() == pytest.approx(share, abs=0.03)
    regressor = FrequencyRegressor(**{n: v for n, v in options.items() if n != "smoothing"})
    regressor.fit(X, 10.0 * y, sample_weight=np.where(y, 3.0, 1.0))
    assert regressor.predict(X).mean() == pytest.approx(7.5, abs=0.3)


def test_class_weights_are_weights_of_samples(digits: Any) -> None:
    X, y = digits
    by_class = {label: 1.0 + label for label in range(10)}
    model = FrequencyClassifier(**SMALL, class_weight=by_class).fit(X, y)
    assert same(model, FrequencyClassifier(**SMALL).fit(X, y, sample_weight=1.0 + y))
    assert same(model, FrequencyClassifier(**SMALL, class_weight=np.arange(1.0, 11.0)).fit(X, y))
    assert not same(model, FrequencyClassifier(**SMALL).fit(X, y))
    uneven = np.concatenate([np.flatnonzero(y == 0)[:5], np.flatnonzero(y == 1)])
    balanced = FrequencyClassifier(**SMALL, class_weight="balanced").fit(X[uneven], y[uneven])
    weights = np.where(y[uneven] == 0, 1 / 5, 1 / np.sum(y == 1)) * len(uneven) / 2
    assert same(balanced, FrequencyClassifier(**SMALL).fit(X[uneven], y[uneven], sample_weight=weights))


# -- samples -----------------------------------------------------------------------------------------------
def test_flat_and_shaped_samples_are_the_same(digits: Any, rng: np.random.Generator) -> None:
    X, y = digits
    flat = FrequencyClassifier(**SMALL, grid=(8, 8)).fit(X, y)
    ways = ((8, 8), {}), ((8, 8, 1), {}), ((8, 8, 1), {"grid": (8, 8)}), ((1, 8, 8), {"layout": "nchw"})
    for shape, options in ways:
        shaped = X.reshape(-1, *shape)
        model = FrequencyClassifier(**SMALL, **options).fit(shaped, y)
        assert same(model, flat)
        assert np.array_equal(model.predict_proba(shaped), flat.predict_proba(X))
    colour = np.stack([X, rng.permutation(X)], axis=-1)
    model = FrequencyClassifier(**SMALL, grid=(8, 8)).fit(colour.reshape(len(X), -1), y)
    assert (model.axes_.grid, model.axes_.channels) == ((8, 8), 2)
    first = np.moveaxis(colour, -1, 1).reshape(-1, 2, 8, 8)
    assert same(model, FrequencyClassifier(**SMALL, layout="nchw").fit(first, y))
    assert not same(model, flat)


def test_no_mode_of_a_short_axis_is_lost(rng: np.random.Generator) -> None:
    # The difference of neighbours is the Nyquist mode.
    for features in (2, 4, 6):
        X = rng.normal(size=(300, features))
        y = X @ (-1.0) ** np.arange(features) > 0
        model = FrequencyClassifier(widths=(8,), epochs=30, random_state=0).fit(X, y)
        assert model.score(X, y) > 0.9


def test_single_precision_and_whole_numbers_are_taken_as_they_are(digits: Any) -> None:
    X, y = digits
    double = FrequencyClassifier(**SMALL).fit(X, y)
    for kind in (np.float32, np.uint8, np.int64):
        model = FrequencyClassifier(**SMALL).fit(X.astype(kind), y)
        assert np.allclose(model.predict_proba(X.astype(kind)), double.predict_proba(X), atol=1e-5)
    assert double.predict_proba(X).dtype == np.float32
    precise = FrequencyClassifier(**SMALL, precision="float64").fit(X, y)
    assert precise.predict_proba(X).dtype == np.float64


def test_columns_of_a_table_have_names(digits: Any) -> None:
    X, y = digits
    frame = pd.DataFrame(X, columns=[f"p{i}" for i in range(64)])
    names = np.array([f"digit {label}" for label in y], dtype=object)
    model = FrequencyClassifier(**SMALL).fit(frame, names)
    assert model.feature_names_in_.tolist() == frame.columns.tolist()
    assert model.n_features_in_ == 64
    assert set(model.predict(frame)) <= set(model.classes_) == set(names)
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"p0": "q0"}))


# -- predictions -------------------------------------------------------------------------------------------
def test_probabilities_belong_to_decisions(digits: Any) -> None:
    X, y = digits
    model = FrequencyClassifier(**SMALL).fit(X, y)
    logits, shares = model.decision_function(X), model.predict_proba(X)
    assert logits.shape == shares.shape == (len(X), 10)
    exponentials = np.exp(logits.astype(float))
    assert np.allclose(shares, exponentials / exponentials.sum(axis=1, keepdims=True), atol=1e-6)
    assert np.allclose(np.exp(model.predict_log_proba(X)), shares, atol=1e-6)
    assert np.array_equal(model.classes_[logits.argmax(axis=1)], model.predict(X))
    two = FrequencyClassifier(**SMALL).fit(X, y > 4)
    assert np.allclose(expit(two.decision_function(X)), two.predict_proba(X)[:, 1], atol=1e-6)
    assert np.array_equal(two.decision_function(X) > 0, two.predict(X))


def test_several_labels_per_sample(rng: np.random.Generator) -> None:
    X, y = waves(rng, 600)
    model = FrequencyClassifier(widths=(8, 8), epochs=15, random_state=0).fit(X[:400], y[:400])
    assert f1_score(y[400:], model.predict(X[400:]), average="micro") > 0.9
    shares = model.predict_proba(X)
    assert np.allclose(shares, expit(model.decision_function(X)), atol=1e-6)
    assert np.allclose(np.exp(model.predict_log_proba(X)), shares, atol=1e-6)
    assert np.array_equal(shares > 0.5, model.predict(X))
    assert model.classes_.tolist() == [0, 1, 2]
    heavy = clone(model).set_params(class_weight={0: 50.0}).fit(X[:400], y[:400])
    assert same(heavy, clone(model).set_params(class_weight=[50.0, 1.0, 1.0]).fit(X[:400], y[:400]))
    assert heavy.predict_proba(X)[:, 0].mean() > shares[:, 0].mean()
    parts = FrequencyClassifier(**SMALL).partial_fit(X[:300], y[:300]).partial_fit(X[300:], y[300:])
    assert parts.predict(X).shape == y.shape


def test_several_numbers_per_sample_in_their_own_units(rng: np.random.Generator) -> None:
    X, present = waves(rng, 600)
    y = np.stack([1e4 + 100 * present[:, 0], 1e-3 * present[:, 1]], axis=1)
    model = FrequencyRegressor(widths=(8, 8), epochs=15, random_state=0).fit(X[:400], y[:400])
    assert model.score(X[400:], y[400:]) > 0.9
    assert model.predict(X).shape == y.shape
    column = FrequencyRegressor(**SMALL).fit(X, y[:, :1])
    row = FrequencyRegressor(**SMALL).fit(X, y[:, 0])
    assert same(column, row)
    assert np.array_equal(column.predict(X)[:, 0], row.predict(X))


def test_the_network_is_one_of_freqnet(digits: Any) -> None:
    X, y = digits
    model = FrequencyClassifier(**SMALL, grid=(8, 8)).fit(X, y)
    assert model.network_.transforms_inside == 0
    assert np.array_equal(model.network_.predict(X.reshape(-1, 8, 8, 1)), model.decision_function(X))
    assert audit(model.network_, X.reshape(-1, 8, 8, 1)) is not None


# -- tools of scikit-learn ---------------------------------------------------------------------------------
def test_a_grid_search_over_a_pipeline_in_two_processes(digits: Any) -> None:
    pipeline = make_pipeline(StandardScaler(), FrequencyClassifier(**{**SMALL, "epochs": 6}, grid=(8, 8)))
    space = {"frequencyclassifier__modes": [1, 7], "frequencyclassifier__kernel": ["taps", "modes"]}
    search = GridSearchCV(pipeline, space, cv=2, n_jobs=2).fit(*digits)
    assert search.best_params_["frequencyclassifier__modes"] == 7
    assert search.best_score_ > 0.7
    alone = GridSearchCV(pipeline, space, cv=2).fit(*digits)
    assert np.array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


def test_cross_validation_and_calibration(digits: Any) -> None:
    X, y = digits
    model = FrequencyClassifier(**{**SMALL, "epochs": 6}, grid=(8, 8))
    assert cross_val_score(model, X, y, cv=2).mean() > 0.7
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, y)
    assert np.allclose(calibrated.predict_proba(X).sum(axis=1), 1)
    assert calibrated.score(X, y) > 0.7


@pytest.mark.slow
def test_the_defaults_train_as_well_as_those_of_freqnet() -> None:
    X, y = load_digits(return_X_y=True)
    assert cross_val_score(FrequencyClassifier(grid=(8, 8), random_state=0), X, y).mean() > 0.98


# -- errors ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"learning_rate": -1}, "learning_rate: got -1"),
        ({"epochs": 0}, "epochs: got 0"),
        ({"modes": 8}, "modes: got 8, expected an odd number"),
        ({"domain": "furier"}, "furier"),
        ({"activation": "relu6"}, "activation: got 'relu6'"),
        ({"widths": ()}, "widths"),
        ({"size": "tiny"}, "size: got 'tiny'"),
        ({"grid": (7, 7)}, "X: got shape"),
        ({"patience": 1, "validation_fraction": 0.0}, "validation_fraction: got 0.0"),
        ({"patience": 1, "validation_fraction": 1}, "validation_fraction: got 1"),
        ({"smoothing": 1.0}, "smoothing: got 1.0"),
        ({"class_weight": "even"}, "class_weight"),
        ({"class_weight": [1.0, 2.0]}, r"class_weight: got \[1.0, 2.0\], expected 10 numbers"),
    ],
)
def test_wrong_parameters_get_one_line(options: dict[str, Any], message: str, digits: Any) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        FrequencyClassifier(**{**SMALL, **options}).fit(*digits)
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value, FreqnetError) or options.get("class_weight") == "even"


@pytest.mark.parametrize("kind", BOTH)
def test_wrong_data_get_the_messages_of_scikit_learn(kind: type[Estimator], digits: Any) -> None:
    X, y = digits
    broken = X.copy()
    broken[3, 5] = np.nan
    for data, options, message in (
        ((broken, y), {}, "contains NaN"),
        ((X, y[:-1]), {}, "inconsistent numbers of samples"),
        ((X, y), {"sample_weight": -np.ones(len(y))}, "[Nn]egative"),
        ((X, y), {"sample_weight": np.ones(3)}, "sample_weight"),
        ((X, y), {"sample_weight": np.zeros(len(y))}, "zero"),
    ):
        with pytest.raises(ValueError, match=message):
            kind(**SMALL).fit(*data, **options)
    model = kind(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="infinity"):
        model.predict(np.full((1, 64), np.inf))
