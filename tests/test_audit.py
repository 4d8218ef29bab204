"""The audit must distinguish networks that were built to differ, and find no mode where there is none."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from freqnet import nn
from freqnet.audit import VERDICTS, Audit, audit, calibrate, probe
from freqnet.audit.probe import disturbed
from freqnet.autodiff import Tensor, no_grad
from freqnet.errors import DataError, RangeWarning, ShapeError
from freqnet.ops.linear import coordinates_op
from freqnet.report.audit import summary_rows
from freqnet.spaces import get_domain, mode_numbers

GRID = (8, 8)
# A network built for each verdict, and the band of the input that reaches its logits.
BODIES = {
    "affine": (
        lambda: (nn.Convolution(4), nn.Linearized("sigmoid"), nn.TruncationPool(5), nn.Convolution(4), nn.Dense(3)),
        (2, 2),
    ),
    "mode-diagonal": (
        lambda: (
            nn.Convolution(4),
            nn.MagnitudeGain(),
            nn.TruncationPool(5),
            nn.RealImaginary("tanh"),
            nn.TruncationPool(3),
            nn.Dense(3),
        ),
        (1, 1),
    ),
    "low-passed": (
        lambda: (nn.Convolution(4), nn.TruncationPool(5), nn.Polynomial(), nn.TruncationPool(3), nn.Dense(3)),
        (2, 2),
    ),
    "mixing": (
        lambda: (nn.Convolution(4), nn.Polynomial(), nn.TruncationPool(3), nn.Convolution(4), nn.Dense(3)),
        None,
    ),
}


def network(kind: str, domain: str = "fourier", precision: type = np.float32) -> nn.Network:
    band = (3, 3) if domain == "fourier" else (4, 4)
    return nn.Network(nn.Door(domain, GRID, band, 1), nn.Sequential(BODIES[kind][0]()), precision=precision)


def samples(count: int = 80) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, *GRID, 1))


@pytest.fixture(scope="module")
def found() -> dict[str, Audit]:
    return {kind: audit(network(kind), samples()) for kind in BODIES}


# -- verdicts ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", BODIES)
def test_networks_built_for_each_verdict_get_it(found: dict[str, Audit], kind: str):
    assert found[kind].verdict == kind
    assert found[kind].low_pass == BODIES[kind][1]
    assert found[kind].is_affine == (kind == "affine")
    assert found[kind].transforms_inside == 0
    assert found.keys() == VERDICTS.keys()


def test_layers_are_told_apart(found: dict[str, Audit]):
    mixing = {row.layer: row for row in found["mixing"].layers}
    assert mixing["Convolution"].is_diagonal
    assert mixing["Convolution"].is_affine
    assert not mixing["Polynomial"].is_diagonal
    assert not mixing["Polynomial"].is_affine
    assert mixing["Polynomial"].mixing > 1e-3
    assert mixing["TruncationPool"].is_diagonal
    assert mixing["Dense"].is_diagonal is None
    diagonal = {row.layer: row for row in found["mode-diagonal"].layers}
    assert diagonal["MagnitudeGain"].is_diagonal
    assert not diagonal["MagnitudeGain"].is_affine
    assert all(row.multiply_adds > 0 for row in found["mixing"].layers if row.layer == "Convolution")


def test_statistics_over_a_sample_are_a_leak_that_is_seen():
    """A mode that is normalised by the power of its sample depends on all other modes through one number."""
    body = nn.Sequential(nn.PowerNorm("sample"), nn.RealImaginary("tanh"), nn.TruncationPool(3), nn.Dense(3))
    leaky = audit(nn.Network(nn.Door("fourier", GRID, (3, 3), 1), body), samples())
    assert leaky.verdict == "mixing"
    body = nn.Sequential(nn.PowerNorm("batch"), nn.RealImaginary("tanh"), nn.TruncationPool(3), nn.Dense(3))
    assert audit(nn.Network(nn.Door("fourier", GRID, (3, 3), 1), body), samples()).verdict == "mode-diagonal"


def test_a_network_on_samples_gets_the_same_verdicts():
    body = nn.Sequential(nn.Convolution(4), nn.LowPass(2), nn.Pointwise("relu"), nn.Dense(3))
    pooled = audit(nn.Network(nn.Door("grid", GRID, (4, 4), 1), body), samples())
    assert (pooled.verdict, pooled.low_pass) == ("low-passed", (2, 2))
    body = nn.Sequential(nn.Convolution(4), nn.Pointwise("relu"), nn.Dense(3))
    assert audit(nn.Network(nn.Door("grid", GRID, (4, 4), 1), body), samples()).verdict == "mixing"
    assert audit(network("affine", "grid"), samples()).verdict == "affine"


def test_a_network_that_ignores_its_input_reaches_nothing():
    dead = network("mixing")
    for p in dead.body.layers[-1].parameters.values():
        p.data[...] = 1.0 if p.data.ndim == 1 else 0.0
    result = audit(dead, samples())
    assert not result.reach.reachable.any()
    assert result.verdict == "affine"


# -- reachability --------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", BODIES)
def test_a_dead_mode_changes_the_logits_by_exactly_nothing(found: dict[str, Audit], kind: str):
    net = network(kind)
    x = net.analyse(samples(6))
    with no_grad():
        net.train(False)
        base = net(x).data
        numbers = mode_numbers(x.space.band)
        waves = np.random.default_rng(1).normal(size=(2, 6, 1)).astype(np.float32)
        for mode, number in enumerate(numbers):
            moved = disturbed(x, mode, waves)
            change = np.abs(net(Tensor(moved.data.astype(np.complex64), x.space)).data - base).max()
            inside = found[kind].low_pass is None or np.all(np.abs(number) <= found[kind].low_pass)
            assert (change > 0) == inside, (kind, number, change)


@pytest.mark.parametrize("statistics", ["batch", "sample"])
def test_layers_that_run_as_one_leave_dead_modes_dead(statistics: str):
    """A normalisation and the polynomial after it run as one op, whose rounding is not a response."""
    body = nn.Sequential(
        nn.Convolution(4), nn.TruncationPool(5), nn.PowerNorm(statistics), nn.Polynomial(), nn.Dense(3)
    )
    result = audit(nn.Network(nn.Door("fourier", GRID, (3, 3), 1), body), samples())
    assert (result.verdict, result.low_pass, result.reach.low_pass_error) == ("low-passed", (2, 2), 0.0)
    assert result.reach.reachable.sum() == 13
    # Normalisation over the grid of a sample removes the mean of an image too, except for rounding.
    share = result.reach.response[0].max() / result.reach.response.max()
    assert (share < 1e-12) == (statistics == "sample")


def test_reachable_modes_fill_the_low_pass(found: dict[str, Audit]):
    for result in found.values():
        inside = np.all(np.abs(result.reach.modes) <= result.reach.low_pass, axis=1)
        assert np.array_equal(result.reach.reachable, inside)
        assert result.reach.low_pass_error == 0.0
        assert np.all((result.reach.jacobian > 0).any(axis=1) == inside)


def test_the_jacobian_agrees_with_differences():
    net, x = network("mixing"), samples(2)
    result = probe(net, x)
    from freqnet.audit.reach import _jacobian, silent

    outputs = np.arange(result.logits.shape[1])
    jacobian, h, squares = _jacobian(result, outputs, silent), 1e-5, 0.0
    mode, batch = 4, 2
    for part in range(2):
        size = np.zeros((2, batch, 1))
        size[part] = h
        up = result.run(disturbed(result.spectra, mode, size))
        down = result.run(disturbed(result.spectra, mode, -size))
        squares = squares + ((up - down) / (2 * h)) ** 2
    np.testing.assert_allclose(jacobian[mode], np.sqrt(squares.mean(axis=0)), rtol=1e-6)


@pytest.mark.parametrize("domain", ["fourier", "grid"])
def test_a_wave_disturbs_its_own_mode_alone(domain: str):
    space = get_domain(domain)((7, 6))
    like = np.empty((*space.shape, 2, 1), space.dtype(float))
    x = Tensor(space.random(like, np.random.default_rng(0)), space)
    as_modes = lambda x: Tensor(x.space.as_modes(x.data), x.space.mode_space)
    before = coordinates_op(as_modes(x)).data
    numbers = mode_numbers(x.space.mode_space.band)
    for mode in range(len(numbers)):
        after = coordinates_op(as_modes(disturbed(x, mode, np.ones((2, 2, 1))))).data
        changed = np.flatnonzero(np.abs(after - before).max(axis=(1, 2)) > 1e-12)
        assert set(changed) == ({mode, len(numbers) - 1 + mode} if mode else {0})


# -- linearity and shifts ------------------------------------------------------------------------------
def test_affine_share(found: dict[str, Audit]):
    # 200 examples are enough for the 49 coordinates of the input.
    assert audit(network("affine"), samples(400)).affine_share == pytest.approx(1, abs=1e-6)
    assert found["affine"].affine_residual < 1e-12
    for kind in ("mode-diagonal", "low-passed", "mixing"):
        assert found[kind].affine_residual > 1e-3
        assert found[kind].affine_share < 1


def test_equivariance(found: dict[str, Audit]):
    for kind in ("affine", "low-passed", "mixing"):
        assert found[kind].equivariance.worst < 1e-12
        assert found[kind].equivariance.logits_fraction > 1e-3  # A dense head is not invariant to shifts.
    assert found["mode-diagonal"].equivariance.worst > 1e-4
    body = nn.Sequential(nn.Convolution(4), nn.Polynomial(), nn.GlobalAverage(), nn.Dense(3))
    blind = audit(nn.Network(nn.Door("fourier", GRID, (3, 3), 1), body), samples()).equivariance
    assert max(blind.logits_whole, blind.logits_fraction) < 1e-12


# -- ranges --------------------------------------------------------------------------------------------
def test_a_range_that_is_exceeded_is_warned_of():
    body = nn.Sequential(nn.Polynomial("tanh", degree=3, interval=(-1.0, 1.0)), nn.Dense(3))
    net = nn.Network(nn.Door("fourier", GRID, (3, 3), 1), body)
    with pytest.warns(RangeWarning, match=r"layer 0 \(Polynomial\): got .* outside the fitted range \[-1, 1\]"):
        (row,) = calibrate(net, samples())
    assert row.is_exceeded
    values = net.door.space.synthesis(net.analyse(samples()).data, (16, 16))
    assert row.outside == pytest.approx(np.mean(np.abs(values) > 1), abs=0.01)
    assert (row.low, row.high) == (pytest.approx(values.min(), rel=0.2), pytest.approx(values.max(), rel=0.2))


def test_power_normalisation_keeps_signals_in_range(recwarn: pytest.WarningsRecorder):
    body = nn.Sequential(nn.PowerNorm("sample"), nn.Polynomial("tanh", degree=3), nn.Gaussian(), nn.Dense(3))
    rows = calibrate(nn.Network(nn.Door("fourier", GRID, (3, 3), 1), body), 100 * samples())
    assert [row.fitted for row in rows] == [(-4.0, 4.0), None]
    assert not any(row.is_exceeded for row in rows)
    assert not recwarn.list


# -- the result as a whole -----------------------------------------------------------------------------
def test_the_network_is_left_as_it_was():
    net = network("mixing")
    net.train()
    before = {name: array.copy() for name, array in net.arrays().items()}
    audit(net, samples())
    assert net.body.training
    assert net.precision == np.float32
    assert all(np.array_equal(before[name], array) for name, array in net.arrays().items())


def test_transforms_inside_are_those_of_one_pass():
    """Negative control for the zeros above: a convolution by FFT is counted once, without the audit's other passes."""
    net = nn.Network(nn.Door("grid-fft", GRID, (4, 4), 1), nn.Sequential(nn.Convolution(4), nn.Dense(3)))
    found = audit(net, samples())
    net.predict(samples())
    assert found.transforms_inside == net.transforms_inside > 0


def test_everything_is_plain_data(found: dict[str, Audit]):
    for result in found.values():
        plain = json.loads(json.dumps(result.as_dict()))
        keys = {"dead_modes", "reachable_modes", "is_affine", "affine_residual", "equivariance_error"}
        assert keys | {"transforms_inside_network", "verdict", "layers", "ranges"} <= plain.keys()
        assert len(plain["dead_modes"]) + len(plain["reachable_modes"]) == len(result.reach.modes)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_or_equal_samples_do_not_change_the_verdict(count: int):
    body = nn.Sequential(nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(3), nn.Dense(3))
    net = nn.Network(nn.Door("fourier", GRID, (3, 3), 1), body)
    for seed in range(8):
        found = audit(net, samples(count), seed=seed)
        assert found.verdict == "mixing"
        json.dumps(found.as_dict(), allow_nan=False)
    assert audit(net, np.ones((count, *GRID, 1))).verdict == "mixing"


def test_a_little_mixing_is_mixing():
    body = nn.Sequential(nn.Convolution(4), nn.Polynomial((0.0, 1.0, 1e-6)), nn.TruncationPool(5), nn.Dense(3))
    assert audit(nn.Network(nn.Door("fourier", GRID, (3, 3), 1), body), samples()).verdict == "mixing"


def test_samples_that_do_not_fit():
    with pytest.raises(DataError, match="audit: got samples that are not finite"):
        audit(network("affine"), samples() * np.nan)
    with pytest.raises(ShapeError, match="audit: got no samples"):
        audit(network("affine"), samples()[:0])
    with pytest.raises(ShapeError, match="samples: got shape"):
        audit(network("affine"), samples()[..., 0])


def test_verdicts_are_those_of_the_weights_too(found: dict[str, Audit]):
    """A polynomial without its quadratic term is affine, and the audit finds it so."""
    straight = network("mixing")
    straight.body.layers[1].parameters["coefficients"].data[2] = 0
    assert audit(straight, samples()).verdict == "affine"
    assert replace(found["mixing"], verdict="affine").as_dict()["meaning"] == VERDICTS["affine"]


# -- many classes --------------------------------------------------------------------------------------
def test_many_logits_are_sampled():
    body = nn.Sequential(nn.TruncationPool(3), nn.Dense(200))
    net = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    seen: list[tuple[str, int, int]] = []
    found = audit(net, samples(8), progress=lambda *step: seen.append(step))
    own = found.reach.differentiated
    assert len(own) == len(np.unique(own)) == 32
    assert found.reach.jacobian.shape == (25, 32)
    # Reachable modes are found by all logits.
    assert (found.reach.response.shape[1], found.low_pass) == (200, (1, 1))
    figures = found.as_dict()
    assert (figures["logits"], figures["logits_differentiated"]) == (200, own.tolist())
    assert np.array_equal(audit(net, samples(8)).reach.differentiated, own)
    assert not np.array_equal(audit(net, samples(8), seed=1).reach.differentiated, own)
    assert ("logits differentiated", "32 of 200, drawn at random") in summary_rows(found)
    assert {what: total for what, _, total in seen} == {"modes moved": 50, "logits differentiated": 32}
    assert all(0 <= done < total for _, done, total in seen)


def test_few_logits_are_all_differentiated():
    found = audit(network("mixing"), samples(8))
    assert found.as_dict()["logits_differentiated"] == list(range(found.as_dict()["logits"]))
    assert not any("differentiated" in name for name, _ in summary_rows(found))
