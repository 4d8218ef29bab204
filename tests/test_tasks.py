"""Tasks: how targets are read, their losses, metrics and predictions, and training for each of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comparisons import without_processes
from sklearn import metrics
from test_cli_train import refused, succeed

from freqnet import kernels, nn, ops
from freqnet.audit import audit
from freqnet.autodiff import Tensor
from freqnet.data import Dataset, from_arrays, from_dataframe, load, split, stratified_folds
from freqnet.errors import ConfigurationError, DataError, DataWarning, ShapeError, SpaceError
from freqnet.ops.loss import squared_loss
from freqnet.spaces import DOMAINS, Fourier, mode_numbers
from freqnet.tasks import (
    TASKS,
    BinaryCrossEntropy,
    Classification,
    LossChoices,
    MultiLabel,
    Outputs,
    Regression,
    SquaredError,
    get_task,
    register_task,
)
from freqnet.training import Checkpoint, Model, Settings, Spectra, analyse, evaluate, fit, load_checkpoint, save
from freqnet.training.files import MODEL
from freqnet.training.fit import Run

SIGNALS = np.random.default_rng(5).normal(size=(40, 12, 1))
SPECTRUM = np.fft.rfft(SIGNALS[..., 0])
POWERS = np.abs(SPECTRUM[:, [2, 3]]) ** 2


def numbers() -> Dataset:
    """A regression: the power of two modes of random signals."""
    return from_arrays(SIGNALS, POWERS, layout="n t c", task="regression", classes=["two", "three"], name="powers")


def signals() -> Dataset:
    """A field: a signal and its delayed half."""
    return from_arrays(SIGNALS, np.roll(SIGNALS, 3, 1) / 2, layout="n t c", task="field", name="delays")


def several() -> Dataset:
    """Several labels: which of two modes are strong."""
    labels = (np.median(POWERS, axis=0) < POWERS).astype(int)
    return from_arrays(SIGNALS, labels, layout="n t c", task="multi-label", classes=["two", "three"], name="modes")


MAKERS = {"regression": numbers, "field": signals, "multi-label": several}


def network_for(dataset: Dataset, domain: str = "fourier", precision: str = "float64") -> nn.Network:
    """A small network with outputs for a dataset."""
    return Model(domain=domain, widths=(3, 4), precision=precision).network(dataset, seed=1)


# -- losses ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("grid", [(7,), (8,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("order", [0.0, 1.0, -0.5])
def test_the_squared_error_of_a_signal_is_that_of_its_samples(grid: tuple[int, ...], order: float):
    rng, space = np.random.default_rng(0), Fourier.on(grid)
    found, wanted = (ops.analysis(rng.normal(size=(3, *grid, 2)), space) for _ in range(2))
    weights = rng.uniform(0, 2, (3, 2))
    loss = squared_loss(found, targets=wanted.data, weights=weights, order=order).item()
    error = (ops.synthesis(found).data - ops.synthesis(wanted).data).astype(complex)
    for axis, n in enumerate(grid, 1):
        table = np.exp(-2j * np.pi * np.outer(np.arange(n), np.arange(n)) / n) / n
        error = np.moveaxis(np.tensordot(table, error, (1, axis)), 0, axis)
    places = np.meshgrid(*(np.minimum(np.arange(n), n - np.arange(n)) for n in grid), indexing="ij")
    counts = (1.0 + sum(k.astype(float) ** 2 for k in places)) ** order
    powers = np.sum(np.abs(error) ** 2 * counts[None, ..., None], axis=tuple(range(1, len(grid) + 1)))
    assert loss == pytest.approx(np.sum(powers * weights) / 3, rel=1e-10)


def test_a_relative_loss_divides_by_the_size_of_each_target():
    space = Fourier.on(9)
    found, wanted = (ops.analysis(SIGNALS[i : i + 3, :9], space) for i in (0, 3))
    loss = SquaredError(Outputs(1, space, np.ones(1), np.dtype(float)), "relative")
    size = lambda x: np.mean(ops.synthesis(x).data ** 2, axis=(1, 2))
    value = loss.of(found, wanted.data).item()
    assert value == pytest.approx(np.mean(size(found - wanted) / size(wanted)), rel=1e-12)
    # A blank target has no size: its error counts as it is.
    blank = loss.of(found, 0 * wanted.data).item()
    assert blank == pytest.approx(np.mean(size(found)), rel=1e-12)


@pytest.mark.parametrize("name", ["classification", "multi-label", "regression"])
def test_losses_are_those_of_scikit_learn(name: str):
    rng, task = np.random.default_rng(1), get_task(name)
    out, weights = rng.normal(size=(20, 3)), rng.uniform(0, 2, 20)
    targets: Any = {"classification": rng.integers(0, 3, 20), "multi-label": rng.integers(0, 2, (20, 3))}.get(name)
    targets = rng.normal(size=(20, 3)) if targets is None else targets
    loss = task.loss(Outputs(3, None, np.ones(1), np.dtype(float)), LossChoices(), targets)
    value = loss.of(Tensor(out), targets, weights / weights.mean()).item()
    shares = np.exp(out) / np.exp(out).sum(axis=1, keepdims=True)
    if name == "classification":
        wanted = metrics.log_loss(targets, shares, sample_weight=weights)
    elif name == "multi-label":
        each = [metrics.log_loss(targets[:, i], 1 / (1 + np.exp(-out[:, i])), sample_weight=weights) for i in range(3)]
        wanted = np.mean(each)
    else:
        wanted = metrics.mean_squared_error(targets, out, sample_weight=weights)
    assert value == pytest.approx(wanted, rel=1e-12)


def test_weights_of_classes_and_of_samples_multiply():
    rng = np.random.default_rng(2)
    out, labels, weights = rng.normal(size=(12, 3)), rng.integers(0, 3, 12), rng.uniform(0, 2, 12)
    choices = LossChoices(class_weights=(1.0, 3.0, 0.5))
    loss = Classification().loss(Outputs(3, precision=np.dtype(float)), choices, labels)
    by_class = np.array([1.0, 3.0, 0.5])[labels]
    logs = np.log(np.exp(out).sum(axis=1)) - out[np.arange(12), labels]
    # Weights of classes are relative to their mean over the batch, those of samples to their mean over the whole set.
    wanted = np.mean(weights * by_class / by_class.mean() * logs)
    assert loss.of(Tensor(out), labels, weights).item() == pytest.approx(wanted)


def test_weights_of_samples_count_in_batches_of_any_size():
    """The gradients of all batches add up to that of the weighted mean: a batch of one is no exception."""
    dataset, weights = numbers(), np.linspace(0.1, 2, 40)
    network = network_for(dataset)
    spectra = analyse(network, dataset, weights)
    network.train(False)
    run = Run.begin(network, Settings(), spectra)
    found = [np.mean([run.gradients(batch)[0] for batch in spectra.in_order(size)]) for size in (1, 8, 40)]
    assert found == pytest.approx([evaluate(network, spectra).loss] * 3, rel=1e-9)
    outputs, targets = evaluate(network, spectra).outputs, dataset.targets
    errors = np.mean(((outputs - targets) / network.units[0]) ** 2, axis=1)
    assert found[0] == pytest.approx(np.average(errors, weights=weights), rel=1e-9)


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_weight_of_two_counts_like_the_sample_twice_and_a_weight_of_zero_like_none(name: str):
    dataset = MAKERS[name]()
    network = network_for(dataset)
    plain = analyse(network, dataset)
    weights = np.ones(len(dataset))
    weights[[3, 7]], weights[[1, 5]] = 2, 0
    chosen = np.repeat(np.arange(len(dataset)), weights.astype(int))
    found, wanted = (
        evaluate(network, replace(plain, weights=weights)),
        evaluate(network, analyse(network, dataset.take(chosen))),
    )
    assert found.loss == pytest.approx(wanted.loss, rel=1e-12)
    assert found.metrics == pytest.approx(wanted.metrics, rel=1e-9)
    assert evaluate(network, plain).loss != pytest.approx(wanted.loss, rel=1e-6)


# -- plans -----------------------------------------------------------------------------------------------
@pytest.mark.skipif(kernels.KERNEL == "numpy", reason="plans are made of kernels in C")
@pytest.mark.parametrize("name", sorted(MAKERS))
@pytest.mark.parametrize("domain", ["fourier", "hartley", "laplace"])
@pytest.mark.parametrize("count", [1, 5])
def test_a_plan_and_the_tape_have_the_same_gradients(name: str, domain: str, count: int):
    dataset = MAKERS[name]()
    network = network_for(dataset, domain)
    spectra = analyse(network, dataset, np.linspace(0.5, 2, len(dataset)))
    network.train()
    losses = ["squared", "relative"] if name == "field" else [None]
    for loss in losses:
        run = Run.begin(network, Settings(loss=loss), spectra)
        # The second batch meets the plan of the first.
        for start in (0, count):
            batch, found = spectra.take(np.arange(start, start + count)), []
            for context in (nn.tape_only(), None):
                if context is None:
                    assert network.can_plan
                    value, outputs = run.gradients(batch)
                else:
                    with context:
                        value, outputs = run.gradients(batch)
                found.append((value, outputs.copy(), {k: p.grad.copy() for k, p in network.named_parameters().items()}))
            (a, one, first), (b, other, second) = found
            # Nodes are ill-conditioned.
            close = 1e-5 if domain == "laplace" else 1e-10
            assert a == pytest.approx(b, rel=close)
            assert np.allclose(one, other, atol=close * np.abs(one).max())
            most = max(np.abs(g).max() for g in first.values())
            assert all(np.abs(second[k] - g).max() < close * most for k, g in first.items())


# -- training --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(MAKERS))
def test_training_and_metrics(name: str):
    dataset = MAKERS[name]()
    network = network_for(dataset)
    spectra = analyse(network, dataset)
    before = evaluate(network, spectra)
    history = fit(network, spectra, spectra, Settings(epochs=20, batch=8, learning_rate=0.02, smoothing=0.0))
    after = evaluate(network, spectra)
    assert after.loss < 0.8 * before.loss
    assert after.score > before.score
    assert after.loss == min(history.column("validation_loss"))
    assert max(history.column(f"validation_{dataset.task.score}")) >= after.score
    assert network.transforms_inside == 0
    # The metrics are those of scikit-learn on what `predict` returns, in the units of the targets.
    found = network.predict(dataset.images)
    assert np.allclose(found, after.outputs, atol=1e-9)
    flat = [v.reshape(len(v), -1) for v in (dataset.targets, dataset.task.predictions(found))]
    if name == "multi-label":
        assert after.metrics["f1"] == metrics.f1_score(*flat, average="micro")
    elif name == "field":
        assert after.metrics["mae"] == pytest.approx(metrics.mean_absolute_error(*flat))
    else:
        # Outputs of several units have no common error.
        assert list(after.metrics) == ["r2"]
        own = dataset.task.by_output(found, dataset.targets, dataset.classes)["three"]
        assert own["mae"] == pytest.approx(metrics.mean_absolute_error(dataset.targets[:, 1], found[:, 1]))
        assert own["r2"] == pytest.approx(metrics.r2_score(dataset.targets[:, 1], found[:, 1]))


def test_outputs_have_the_units_of_the_targets():
    """Targets far from 0 and of different sizes are learnt alike; the loss is in their own units."""
    plain, far = numbers(), numbers()
    far = replace(far, targets=far.targets * [1e-3, 1e4] + [1e6, -5.0])
    scores = []
    for dataset in (plain, far):
        network = network_for(dataset, precision="float64")
        fit(network, analyse(network, dataset), settings=Settings(epochs=3, batch=8))
        scores.append(evaluate(network, analyse(network, dataset)))
    assert scores[0].loss == pytest.approx(scores[1].loss, rel=1e-6)
    assert scores[0].score == pytest.approx(scores[1].score, rel=1e-6)
    # float32 could not hold what varies in the first target.
    assert Model(widths=(3,)).network(far).precision == np.float64
    assert Model(widths=(3,)).network(plain).precision == np.float32


def test_shifts_move_a_target_signal_with_its_example():
    """A delay commutes with shifts: a network that computes it exactly has no loss under any shift."""
    dataset = from_arrays(SIGNALS, SIGNALS * 2, layout="n t c", task="field")
    body = nn.Sequential(nn.Convolution(1, 1, bias=False))
    network = nn.Network(nn.Door("fourier", (12,), (4,), 1), body, precision=np.float64)
    network.named_parameters()["0.kernel"].data[...] = 2
    spectra = analyse(network, dataset)
    run = Run.begin(network, Settings(), spectra)
    losses = [run.gradients(batch)[0] for batch in spectra.shuffled(8, np.random.default_rng(0), shift=2.5)]
    # Samples are stored in float32.
    assert max(losses) < 1e-13
    # A negative control: targets that stay where they are.
    still = replace(spectra, field_space=None)
    object.__setattr__(still, "field_space", None)
    moved = next(iter(still.shuffled(8, np.random.default_rng(0), shift=2.5)))
    assert run.gradients(moved)[0] > 0.1


def test_a_field_is_trained_on_a_finer_grid_than_its_samples():
    """Targets of another resolution are the same signals."""
    fine = ops.synthesis(ops.analysis(SIGNALS, Fourier.on(12, 4)), 20).data
    coarse = ops.synthesis(ops.analysis(SIGNALS, Fourier.on(12, 4))).data
    results = []
    for targets in (fine, coarse):
        dataset = from_arrays(SIGNALS, targets, layout="n t c", task="field")
        network = Model(widths=(3,), modes=9, precision="float64").network(
            from_arrays(SIGNALS, coarse, layout="n t c", task="field")
        )
        fit(network, analyse(network, dataset), settings=Settings(epochs=2))
        results.append(evaluate(network, analyse(network, dataset)))
    assert results[0].outputs.shape == (40, 20, 1)
    assert results[0].loss == pytest.approx(results[1].loss, rel=1e-9)
    assert results[0].metrics["rmse"] == pytest.approx(results[1].metrics["rmse"], rel=1e-6)


def test_a_field_is_trained_in_every_domain():
    dataset = signals()
    for domain in DOMAINS:
        network = network_for(dataset, domain)
        history = fit(network, analyse(network, dataset), settings=Settings(epochs=2, batch=20))
        found = evaluate(network, analyse(network, dataset))
        assert history.column("loss")[1] < history.column("loss")[0], domain
        assert found.outputs.shape == dataset.targets.shape
        assert np.allclose(found.outputs, network.predict(dataset.images), atol=1e-6), domain


# -- outputs on any grid -----------------------------------------------------------------------------------
def interpolated(samples: np.ndarray, grid: tuple[int, ...]) -> np.ndarray:
    """Band-limited interpolation by explicit sums of cosines, axis by axis; odd sizes only."""
    for axis, n in enumerate(grid, 1):
        own = samples.shape[axis]
        apart = np.arange(n)[:, None] / n - np.arange(own)[None] / own
        kernel = sum((2 if k else 1) * np.cos(2 * np.pi * k * apart) for k in range((own + 1) // 2)) / own
        samples = np.moveaxis(np.tensordot(kernel, samples, (1, axis)), 0, axis)
    return samples


@pytest.mark.parametrize(("grid", "finer"), [((9,), (32,)), ((7, 5), (16, 15)), ((5, 3, 7), (8, 9, 14))])
@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid"])
def test_outputs_on_a_finer_grid_interpolate_within_the_band(grid: Any, finer: Any, domain: str):
    body = nn.Sequential(nn.Convolution(3), nn.Polynomial(), nn.Convolution(2), nn.Rescale((2.0, 0.5), (1.0, -3.0)))
    band = tuple((n - 1) // 2 for n in grid)
    network = nn.Network(nn.Door(domain, grid, band, 1), body)
    samples = np.random.default_rng(0).normal(size=(4, *grid, 1)).astype(np.float32)
    found, own = network.predict(samples, grid=finer), network.predict(samples)
    assert found.shape == (4, *finer, 2)
    assert own.shape == (4, *grid, 2)
    assert np.abs(found - interpolated(own.astype(float), finer)).max() < 1e-6 * np.abs(found).max()
    assert np.array_equal(network.compile()(samples, grid=finer), found)
    assert np.abs(found - 1.001 * interpolated(own.astype(float), finer)).max() > 1e-5


def test_outputs_behind_padding_keep_their_places():
    network = nn.Network(nn.Door("fourier", (6,), (4,), 1, pad=3), nn.Sequential(nn.Convolution(1, 3)))
    samples = SIGNALS[:2, :6]
    own, fine = network.predict(samples), network.predict(samples, grid=12)
    assert np.allclose(fine[:, ::2], own, atol=1e-6)
    with pytest.raises(ConfigurationError, match=r"grid: got \(7,\), expected .* in whole steps of \(6,\)"):
        network.predict(samples, grid=7)


@pytest.mark.parametrize(
    ("grid", "error", "message"),
    [
        (0, ConfigurationError, r"grid: got \(0,\), expected 1 or more samples"),
        ((4, 4), ShapeError, "grid"),
    ],
)
def test_grids_that_cannot_be(grid: Any, error: type[Exception], message: str):
    network = nn.Network(nn.Door("fourier", (6,), (2,), 1), nn.Sequential(nn.Convolution(1, 3)))
    with pytest.raises(error, match=message):
        network.predict(SIGNALS[:1, :6], grid=grid)


def test_numbers_have_no_grid_and_node_domains_have_one():
    dataset = numbers()
    with pytest.raises(ConfigurationError, match="grid: got 8 for 2 outputs that are plain numbers"):
        network_for(dataset).predict(dataset.images, grid=8)
    with pytest.raises(ShapeError, match="network's own"):
        network_for(signals(), "laplace").predict(SIGNALS, grid=24)


# -- reading -------------------------------------------------------------------------------------------------
X = np.random.default_rng(0).normal(size=(6, 8))


@pytest.mark.parametrize(
    ("task", "y", "message"),
    [
        ("regression", ["a"] * 6, "targets of arrays: got values of dtype <U1, expected real numbers"),
        ("regression", [1.0, 2, np.nan, 4, 5, 6], "got 1 values that are NaN or infinite, the first at index"),
        ("regression", np.zeros((6, 2, 2)), "pass a number per sample.*task='field'"),
        ("regression", np.zeros((6, 0)), "got shape"),
        ("regression", np.zeros(5), r"targets of arrays: got shape \(5, 1\), expected \(6, 1\)"),
        ("regression", np.zeros(6) + 1j, "complex"),
        ("field", np.zeros(6), "targets of arrays: got shape"),
        ("field", np.zeros((5, 8)), "5|got shape"),
        ("field", np.full((6, 8), np.inf), "infinite"),
        ("multi-label", np.arange(12).reshape(6, 2), "the value 2, expected 0 or 1"),
        ("multi-label", np.zeros(6), r"got shape \(6,\)"),
        ("multi-label", np.eye(6)[:, [0, 0]] * 0, "the label '0', which no sample has"),
        ("multi-label", np.ones((5, 2)), "got shape"),
        ("classification", np.zeros((6, 2)), "one label per sample"),
        ("classification", [0.5] * 6, "whole numbers or names"),
    ],
)
def test_targets_that_are_refused(task: str, y: Any, message: str):
    with pytest.raises(DataError, match=message):
        from_arrays(X, y, task=task)


def test_names_of_targets():
    assert from_arrays(X, X[:, :2], task="regression").classes == ("y0", "y1")
    with pytest.warns(DataWarning, match=r"targets of arrays: got y0 = 0 for all samples"):
        from_arrays(X, np.zeros((6, 2)), task="regression")
    assert from_arrays(X, np.arange(6.0), task="regression", classes="age").classes == ("age",)
    for task, y in (("regression", X[:, :2]), ("multi-label", np.ones((6, 2)))):
        with pytest.raises(DataError, match="more than once"):
            from_arrays(X, y, task=task, classes=["a", "a"])
    with pytest.raises(DataError, match="names of the targets of arrays: got 3 names"):
        from_arrays(X, X[:, :2], task="regression", classes=list("abc"))
    with pytest.raises(DataError, match="names of the channels of arrays: got 5, expected a list of names"):
        from_arrays(X, X, task="field", classes=5)
    with pytest.raises(DataError, match="the label 'z', expected one of the 2 names"):
        MultiLabel().read([["a"], ["z"]], ["a", "b"], "photos")


@pytest.mark.parametrize("layout", ["n h w c", "n c h w"])
def test_target_signals_have_the_axes_of_the_samples(layout: str):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 8, 6, 2))
    y = rng.normal(size=(3, 8, 6))
    given = x if layout == "n h w c" else np.moveaxis(x, -1, 1)
    dataset = from_arrays(given, y, layout=layout, task="field")
    assert np.array_equal(dataset.targets[..., 0], y)
    assert dataset.images.shape == (3, 8, 6, 2)
    single = from_arrays(x[..., 0], x, layout="n h w", task="field")
    assert np.array_equal(single.targets, x)


def test_columns_of_a_table_are_targets():
    import pandas

    frame = pandas.DataFrame(X).assign(age=np.arange(6.0), mass=1.0 + np.arange(6))
    dataset = from_dataframe(frame, ["age", "mass"], task="regression")
    assert (dataset.grid, dataset.classes, dataset.targets[2].tolist()) == ((8,), ("age", "mass"), [2.0, 3.0])
    with pytest.raises(DataError, match="got 2 columns, expected one column of classes"):
        from_dataframe(frame, ["age", "mass"])
    with pytest.raises(DataError, match="a table for a field"):
        from_dataframe(frame, ["age", "mass"], task="field")


# -- what does not belong together ---------------------------------------------------------------------------
@pytest.mark.parametrize(("domain", "band", "pad"), [("fourier", 7, 4), ("laplace", 13, 2), ("damped", 7, 2)])
def test_padding_behind_targets_is_no_error_of_the_network(domain: str, band: int, pad: int):
    """A network that adds the offset is right, wherever the door adds zeros."""
    losses = []
    for offset in (0.0, 1000.0):
        dataset = from_arrays(SIGNALS, SIGNALS + offset, layout="n t c", task="field")
        body = nn.Sequential(nn.Convolution(1, 1), nn.Rescale((1.0,), (offset,)))
        network = nn.Network(nn.Door(domain, (12,), (band,), 1, pad=(pad,)), body, precision=np.float64)
        losses.append(evaluate(network, analyse(network, dataset)).loss)
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


def test_data_of_other_outputs_are_refused_or_matched_by_name():
    digits = load("digits").take(np.arange(400))
    network = Model(widths=(4,)).network(digits)
    fit(network, analyse(network, digits), settings=Settings(epochs=3))
    kept = digits.take(digits.targets != 0)
    fewer = from_arrays(kept.images, np.array(digits.classes)[kept.targets], layout="n h w c")
    with pytest.raises(DataError, match=r"targets of arrays: got the outputs 1, 2.*dataset.with_classes"):
        analyse(network, fewer)
    own = evaluate(network, analyse(network, fewer.with_classes(network.output_names))).accuracy
    assert own == pytest.approx(evaluate(network, analyse(network, kept)).accuracy)


def test_spectra_of_another_door_are_refused():
    network, other = (network_for(replace(numbers(), stored=numbers().images * k)) for k in (1, 1000))
    spectra = Spectra(other.analyse(SIGNALS * 1000).data, POWERS, other.door.space, Regression(), door=other.door)
    with pytest.raises(SpaceError, match=r"spectra: got those of a door with .*analyse"):
        evaluate(network, spectra)


def test_targets_in_other_units_are_told():
    dataset = numbers()
    network = network_for(dataset)
    with pytest.warns(DataWarning, match="the units of the network: mean"):
        analyse(network, replace(dataset, targets=dataset.targets * 1000))
    far = replace(dataset, targets=dataset.targets + 1e9)
    with pytest.warns(DataWarning, match="float64") as told:
        analyse(network_for(far, precision="float32"), far)
    assert len(told) == 1


def test_targets_keep_their_units_and_extreme_ones_train():
    whole = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    dataset = from_arrays(whole, whole, task="field")
    assert (dataset.targets.max() > 200, dataset.images.max() <= 1) == (True, True)
    for scale in (1e-25, 1e25):
        small = replace(numbers(), targets=numbers().targets * scale)
        network = Model(widths=(4,)).network(small)
        assert network.precision == np.float64
        fit(network, analyse(network, small), settings=Settings(epochs=5, batch=8))
        assert np.isfinite(evaluate(network, analyse(network, small)).score)


def test_a_label_that_every_sample_has_keeps_its_weight():
    targets = np.column_stack([several().targets, np.ones(40, int)])
    loss = MultiLabel().loss(Outputs(3), LossChoices(class_weights="balanced"), targets)
    assert isinstance(loss, BinaryCrossEntropy)
    assert loss.class_weights is not None
    assert loss.class_weights[2] == 1


def test_pooled_fields_are_refused():
    with pytest.raises(ConfigurationError, match="pool of a field: got 2, expected 1"):
        Model(pool=2).network(signals())


def test_tables_and_series_of_targets_have_names():
    import pandas

    ages = pandas.Series(np.arange(6.0), name="age")
    assert from_arrays(X, ages, task="regression").classes == ("age",)
    kinds = pandas.DataFrame({"sun": [0, 1] * 3, "sea": [1, 1] * 3})
    assert from_arrays(X, kinds, task="multi-label").classes == ("sun", "sea")
    assert from_arrays(X, kinds, task="multi-label", classes=["a", "b"]).classes == ("a", "b")


def test_validation_of_another_task_is_refused():
    dataset = numbers()
    network = network_for(dataset)
    spectra = analyse(network, dataset)
    other = replace(spectra, targets=np.ones((40, 2), int), task=MultiLabel())
    with pytest.raises(DataError, match="validation set: got a multi-label, expected a regression"):
        fit(network, spectra, other)


def test_splits_of_numbers_are_random_and_complete():
    dataset = numbers()
    parts = split(dataset, test=0.25, validation=0.2, seed=3)
    assert (len(parts.train), len(parts.test)) == (24, 10)
    seen = np.concatenate([part.targets for part in (parts.train, parts.validation, parts.test) if part])
    assert sorted(map(tuple, seen)) == sorted(map(tuple, dataset.targets))
    tested = np.concatenate([test for _, test in stratified_folds(dataset, 4)])
    assert sorted(tested) == list(range(40))
    with pytest.raises(DataError, match="at least 50 for 50 folds"):
        stratified_folds(dataset, 50)


def test_outputs_of_another_dataset_are_matched():
    dataset = several()
    swapped = dataset.with_classes(["three", "ten", "two"])
    assert np.array_equal(
        swapped.targets, np.stack([dataset.targets[:, 1], 0 * dataset.targets[:, 0], dataset.targets[:, 0]], 1)
    )
    with pytest.raises(DataError, match="the class 'three'"):
        dataset.with_classes(["two", "ten"])
    assert np.array_equal(numbers().with_classes(["three", "two"]).targets, numbers().targets[:, ::-1])
    with pytest.raises(DataError, match="got 2 values per target, expected the 1 of training"):
        numbers().with_classes(["one"])


# -- mistakes ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (-np.ones(40), "got -1 at index 0"),
        (np.zeros(40), "0 for all samples"),
        (np.ones(39), r"got shape \(39,\)"),
        (np.full(40, np.nan), "got nan"),
        (["a"] * 40, "real numbers"),
    ],
)
def test_weights_that_are_refused(weights: Any, message: str):
    dataset = numbers()
    with pytest.raises(DataError, match=f"weights of the samples.*{message}"):
        analyse(network_for(dataset), dataset, weights)


def test_networks_and_tasks_that_do_not_fit():
    digits = load("digits").take(np.arange(40))
    headless = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(nn.Convolution(3)))
    spectra = Spectra(headless.analyse(digits.images).data, digits.targets, headless.door.space)
    for use in (lambda: fit(headless, spectra), lambda: evaluate(headless, spectra)):
        with pytest.raises(DataError, match=r"outputs for a classification: got 3 channels .*add a head such as Dense"):
            use()
    dataset = signals()
    with pytest.raises(DataError, match="outputs for a field: got 2 plain numbers, expected signals"):
        analyse(network_for(numbers()), dataset)
    other = nn.Network(nn.Door("fourier", (12,), (5,), 1), nn.Dense(1))
    powers = analyse(other, numbers())
    with pytest.raises(DataError, match="got 2 values per target, expected 1"):
        evaluate(other, powers)
    found = evaluate(network_for(numbers()), analyse(network_for(numbers()), numbers()))
    with pytest.raises(DataError, match="accuracy: got a regression"):
        _ = found.accuracy


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("regression", {"class_weights": "balanced"}, "class_weights of a regression: got 'balanced', expected none"),
        ("regression", {"loss": "sobolev"}, "loss of a regression: got 'sobolev', expected squared"),
        ("multi-label", {"loss": "squared"}, "loss of a multi-label"),
        ("multi-label", {"class_weights": (1.0,)}, "class_weights: got 1 numbers, expected 2"),
        ("field", {"class_weights": (1.0,)}, "class_weights of a field"),
    ],
)
def test_choices_that_do_not_fit_the_task(name: str, settings: Any, message: str):
    dataset = MAKERS[name]()
    network = network_for(dataset)
    with pytest.raises(ConfigurationError, match=message):
        fit(network, analyse(network, dataset), settings=Settings(**settings))


def test_settings_check_the_loss():
    with pytest.raises(ConfigurationError, match="loss: got 'huber', expected cross-entropy or squared"):
        Settings(loss="huber")
    with pytest.raises(ConfigurationError, match="order: got 30"):
        Settings(order=30)


def test_the_registry_of_tasks():
    assert list(TASKS) == ["classification", "multi-label", "regression", "field"]
    with pytest.raises(ConfigurationError, match="did you mean 'regression'"):
        get_task("regresion")
    with pytest.raises(ConfigurationError, match="expected a new name"):
        register_task(Regression())


# -- the command line ------------------------------------------------------------------------------------------
SMALL = ("--widths", "3,4", "--epochs", "2")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    for name, make in MAKERS.items():
        dataset = make()
        np.savez(folder / f"{name}.npz", x=dataset.images[..., 0], y=dataset.targets, classes=np.array(dataset.classes))
    return folder


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_run_of_each_task(name: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    task, data = get_task(name), str(files / f"{name}.npz")
    said = succeed("train", data, "--task", name, "--out", "run", "--validation", "0.2", *SMALL, report=True)
    assert f"test {task.score}" in said
    metrics_ = json.loads(Path("run/metrics.json").read_text())
    assert metrics_["task"] == name
    assert isinstance(metrics_[f"test_{task.score}"], float)
    assert load_checkpoint(Path("run", MODEL)).info["task"] == name
    page = Path("run/report.html").read_text()
    assert f"test {task.score}" in page
    assert {"field": "<h2>Predictions", "regression": "<h2>Predictions", "multi-label": "<h2>Labels"}[name] in page
    assert "Confusion" not in page
    # Measured again, the run has the same figures, without the task being named.
    succeed("evaluate", "run", "--json", "again.json")
    again = json.loads(Path("again.json").read_text())
    assert again[task.score] == pytest.approx(metrics_[f"test_{task.score}"], rel=1e-9)
    succeed("audit", "run", "--json", "audit.json")
    assert json.loads(Path("audit.json").read_text())["transforms_inside_network"] == 0
    assert f"test {task.score}" in succeed("info", "run")
    rows = _predicted(name, data)
    assert len(rows) == 40


def _predicted(name: str, data: str) -> list[dict[str, Any]]:
    """The predictions of the command line, after comparing them with those of the library."""
    network = load_checkpoint(Path("run", MODEL)).restore()
    with np.load(data) as held:
        samples = held["x"][..., None]
    if name == "field":
        succeed("predict", "run", data, "--json", "rows.json", "--arrays", "found.npz", "--grid", "20")
        with np.load("found.npz") as held:
            assert np.allclose(held["y"], network.predict(samples, grid=20), atol=1e-6)
            assert held["names"][3].endswith("field.npz[3]")
    else:
        succeed("predict", "run", data, "--json", "rows.json")
    rows = json.loads(Path("rows.json").read_text())
    outputs = network.predict(samples)
    if name == "regression":
        assert [row["three"] for row in rows] == pytest.approx(outputs[:, 1].tolist())
    if name == "multi-label":
        assert [row["labels"] for row in rows] == [
            [n for n, z in zip(("two", "three"), row, strict=True) if z > 0] for row in outputs
        ]
    return rows


@pytest.mark.parametrize("name", ["regression", "field"])
def test_an_interrupted_run_ends_in_the_same_weights(name: str):
    dataset = MAKERS[name]()
    weights = []
    for stops in (False, True):
        network = network_for(dataset)
        spectra = analyse(network, dataset)
        path = Path(f"{name}.safetensors")
        settings = Settings(epochs=4, batch=8, shift=1.0, schedule="constant")
        if stops:
            import tempfile

            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "c.safetensors")
                fit(network, spectra, settings=replace(settings, epochs=2), checkpoint=path)
                network = network_for(dataset)
                fit(network, spectra, settings=settings, checkpoint=path, resume=True)
        else:
            fit(network, spectra, settings=settings)
        weights.append(network.arrays())
    assert all(np.array_equal(weights[1][key], array) for key, array in weights[0].items())


def test_a_comparison_speaks_of_the_score_of_a_regression(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    without_processes(monkeypatch)
    words = ("--task", "regression", "--domains", "fourier", "--seeds", "1", "--processes", "1", "--out", "c")
    said = succeed("compare", str(files / "regression.npz"), *words, *SMALL, "--json", "c.json")
    assert "test r2, mean" in said
    assert "a training loss of" in said
    found = json.loads(Path("c.json").read_text())
    assert (found["task"], found["level_of"], len(found["domains"][0]["scores"])) == ("regression", "loss", 1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--task", "regresion"), "did you mean 'regression'"),
        (("--task", "regression", "--class-weights", "balanced"), "expected none"),
        (("--task", "regression", "--loss", "sobolev"), "expected squared"),
        (("--task", "multi-label"), "expected 0 or 1"),
        ((), "--task regression"),
        (("--task", "field"), "got 2 names, expected 1"),
        (("--task", "regression", "--order", "99"), "order"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(
    words: tuple[str, ...], message: str, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    assert message in refused("train", str(files / "regression.npz"), *words, *SMALL)
    assert list(tmp_path.iterdir()) == []


def test_a_named_dataset_has_its_own_task():
    assert "expected classification, which these data are for" in refused("train", "digits", "--task", "regression")


def test_predicted_signals_need_a_file(files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for name in ("field", "regression"):
        dataset = MAKERS[name]()
        network, info = network_for(dataset), {"task": name, "classes": list(dataset.classes)}
        save(name, Checkpoint(network.describe(), network.arrays(), info=info))
    data = str(files / "field.npz")
    assert "pass --arrays FILE.npz" in refused("predict", "field", data)
    assert "an .npz file" in refused("predict", "field", data, "--arrays", "a.txt")
    assert "one for a field only" in refused("predict", "regression", data, "--arrays", "a.npz")
    assert "one for a field only" in refused("predict", "regression", data, "--grid", "8")
    assert "no folder" in refused("predict", "field", data, "--arrays", "none/a.npz")
    assert not list(tmp_path.glob("a.*"))


# -- the audit ---------------------------------------------------------------------------------------------------
def test_the_audit_of_a_network_of_signals():
    samples = np.random.default_rng(0).normal(size=(60, 9, 1))
    door = nn.Door("fourier", (9,), (4,), 1)
    straight = nn.Network(door, nn.Sequential(nn.Convolution(2), nn.Convolution(1)))
    bent = nn.Network(door, nn.Sequential(nn.Convolution(2), nn.Polynomial(), nn.Convolution(1)))
    assert audit(straight, samples).verdict == "affine"
    found = audit(bent, samples)
    assert found.verdict == "mixing"
    # Fields move with their input.
    assert max(found.equivariance.logits_whole, found.equivariance.logits_fraction or 0) < 1e-12
    assert found.reach.response.shape == (len(mode_numbers((4,))), 9)
