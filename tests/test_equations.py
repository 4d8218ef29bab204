"""Solvers of differential equations against independent solutions, and the datasets that are made with them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from freqnet.data import (
    burgers,
    darcy,
    flow,
    kuramoto_sivashinsky,
    load,
    navier_stokes,
    random_fields,
    solve_burgers,
    solve_darcy,
    solve_kuramoto_sivashinsky,
    solve_navier_stokes,
)
from freqnet.errors import ConfigurationError, DataError

TURN = 2 * np.pi


def circle(points: int, length: float = TURN) -> np.ndarray:
    return np.arange(points) * length / points


# -- Burgers -------------------------------------------------------------------------------------------
def cole_hopf(start: np.ndarray, viscosity: float, time: float, points: int) -> np.ndarray:
    """The solution on a circle of length 2 pi by the heat equation (Cole 1951, Hopf 1950), from a fine grid."""
    fine, k = len(start), np.fft.rfftfreq(len(start), 1 / len(start))
    mean = start.mean()
    integral = np.fft.irfft(np.divide(np.fft.rfft(start), 1j * k, out=np.zeros(len(k), complex), where=k > 0), fine)
    heat = np.fft.rfft(np.exp(-integral / (2 * viscosity))) * np.exp(-viscosity * k**2 * time)
    # A field with a mean moves along with it.
    moved = heat * np.exp(-1j * k * mean * time)
    u = mean - 2 * viscosity * np.fft.irfft(1j * k * moved, fine) / np.fft.irfft(moved, fine)
    return u[:: fine // points]


def profile(x: np.ndarray) -> np.ndarray:
    return 0.7 + np.sin(x) - 0.5 * np.cos(3 * x + 1)


@pytest.mark.parametrize(("viscosity", "time"), [(0.1, 1.0), (0.05, 2.0), (0.3, 0.5)])
def test_burgers_agrees_with_the_formula_of_cole_and_hopf(viscosity: float, time: float) -> None:
    found = solve_burgers(profile(circle(256))[None], viscosity, time, steps=400)[0]
    exact = cole_hopf(profile(circle(4096)), viscosity, time, 256)
    assert np.abs(found - exact).max() < 1e-6
    # Control: the flow steepens, and the linear equation gives something else.
    k = np.fft.rfftfreq(256, 1 / 256)
    linear = np.fft.irfft(np.fft.rfft(profile(circle(256))) * np.exp(-viscosity * k**2 * time), 256)
    assert np.abs(found - linear).max() > 0.1


def test_errors_of_time_steps_fall_with_their_fourth_power() -> None:
    start = profile(circle(128))[None]
    exact = cole_hopf(profile(circle(4096)), 0.1, 1.0, 128)
    coarse, fine = (np.abs(solve_burgers(start, steps=steps)[0] - exact).max() for steps in (20, 40))
    assert 10 < coarse / fine < 25


def test_a_shorter_circle_is_the_same_problem_in_other_units() -> None:
    # With x = a X and t = a T the velocity stays, and the viscosity is divided by a.
    start = profile(circle(128))[None]
    scaled = solve_burgers(start, 0.1 / TURN, 1 / TURN, length=1.0)
    assert np.allclose(scaled, solve_burgers(start, 0.1, 1.0), atol=1e-10)


# -- Kuramoto-Sivashinsky ------------------------------------------------------------------------------
def test_kuramoto_sivashinsky_agrees_with_an_adaptive_integrator_of_explicit_sums() -> None:
    points, length, time = 48, 22.0, 4.0
    start = np.cos(TURN * circle(points, length) / length) + 0.3 * np.sin(3 * TURN * circle(points, length) / length)
    top = (points - 1) // 3
    q = TURN / length * np.arange(-top, top + 1)

    def slope(_: float, state: np.ndarray) -> np.ndarray:
        v = state[: 2 * top + 1] + 1j * state[2 * top + 1 :]
        square = [sum(v[i] * v[k - i + 2 * top] for i in range(max(0, k), min(2 * top, 2 * top + k) + 1))
                  for k in range(-top, top + 1)]  # fmt: skip
        out = (q**2 - q**4) * v - 0.5j * q * np.array(square)
        return np.concatenate([out.real, out.imag])

    v = np.array([np.mean(start * np.exp(-1j * k * circle(points))) for k in range(-top, top + 1)])
    exact = solve_ivp(slope, (0, time), np.concatenate([v.real, v.imag]), "LSODA", rtol=1e-10, atol=1e-12).y[:, -1]
    v = exact[: 2 * top + 1] + 1j * exact[2 * top + 1 :]
    wanted = np.real([sum(v[k + top] * np.exp(1j * k * x) for k in range(-top, top + 1)) for x in circle(points)])
    found = solve_kuramoto_sivashinsky(start[None], time, length=length, steps=200)[0, -1]
    assert np.abs(found - wanted).max() < 1e-6
    assert np.abs(found - start).max() > 0.5


def test_records_are_the_ends_of_shorter_runs() -> None:
    start = random_fields(2, 64, scale=25, shift=25, power=2, seed=1)
    found = solve_kuramoto_sivashinsky(start, 0.5, steps=10, records=3)
    assert found.shape == (2, 4, 64)
    assert np.allclose(found[:, 3], solve_kuramoto_sivashinsky(start, 1.5, steps=30)[:, -1], atol=1e-10)


# -- Navier-Stokes -------------------------------------------------------------------------------------
def torus(points: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(circle(points, 1.0), circle(points, 1.0), indexing="ij")
    return x, y


def test_a_taylor_green_vortex_decays_as_it_should() -> None:
    x, y = torus(32)
    vortex = np.cos(TURN * x) * np.cos(TURN * y)
    found = solve_navier_stokes(3 * vortex[None], viscosity=1e-2, time=1.0, steps=20)[0, -1]
    assert np.abs(found - 3 * vortex * np.exp(-2e-2 * TURN**2)).max() < 1e-10


@pytest.mark.parametrize("share", [1.0, 0.9])
def test_a_flow_that_its_force_keeps_in_balance_stays(share: float) -> None:
    x, y = torus(32)
    viscosity = 1e-2
    vorticity = np.cos(TURN * x) + 0.5 * np.cos(2 * TURN * y)
    # The stream function divides by the squares of 2 pi and 4 pi.
    along, across = -0.5 * np.sin(2 * TURN * y) / (2 * TURN), np.sin(TURN * x) / TURN
    transport = along * -TURN * np.sin(TURN * x) + across * -TURN * np.sin(2 * TURN * y)
    friction = viscosity * TURN**2 * (np.cos(TURN * x) + 2 * np.cos(2 * TURN * y))
    found = solve_navier_stokes(vorticity[None], viscosity, 2.0, force=share * transport + friction, steps=100)[0, -1]
    error = np.abs(found - vorticity).max()
    # Control: a little less force does not keep it.
    assert error < 1e-10 if share == 1 else error > 1e-3


# -- Darcy ---------------------------------------------------------------------------------------------
def pressure(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.sin(np.pi * x) * np.sin(np.pi * y)


def darcy_error(points: int, jump: bool) -> float:
    centres = (np.arange(points) + 0.5) / points
    x, y = np.meshgrid(centres, centres, indexing="ij")
    u = pressure(x, y)
    if jump:
        # No flux crosses x = 1/2, so that any two materials may meet there.
        a = np.where(x < 0.5, 1.0, 4.0)
        force = 2 * np.pi**2 * a * u
    else:
        a = 2 + np.sin(3 * x) * y
        ax, ay = 3 * np.cos(3 * x) * y, np.sin(3 * x)
        ux, uy = np.pi * np.cos(np.pi * x) * np.sin(np.pi * y), np.pi * np.sin(np.pi * x) * np.cos(np.pi * y)
        force = 2 * np.pi**2 * a * u - ax * ux - ay * uy
    return float(np.abs(solve_darcy(a[None], force)[0] - u).max())


@pytest.mark.parametrize("jump", [False, True])
def test_darcy_converges_to_a_manufactured_solution_with_second_order(jump: bool) -> None:
    errors = [darcy_error(points, jump) for points in (16, 32, 64)]
    assert errors[-1] < 1e-3
    assert all(3.5 < coarse / fine < 4.5 for coarse, fine in pairwise(errors))


def test_all_that_is_put_in_leaves_through_the_walls() -> None:
    media = darcy(3, points=24).images[..., 0].astype(float)
    for a, u in zip(media, solve_darcy(media), strict=True):
        # The walls are half a cell away.
        ends = ((a[0], u[0]), (a[-1], u[-1]), (a[:, 0], u[:, 0]), (a[:, -1], u[:, -1]))
        assert sum((2 * 24 * b * v).sum() / 24 for b, v in ends) == pytest.approx(1.0)


# -- random fields and datasets ------------------------------------------------------------------------
def test_random_fields_have_the_covariance_that_is_asked_for() -> None:
    count, shape = 4000, (12, 15)
    fields = random_fields(count, shape, scale=3.0, shift=9.0, power=1.5, seed=0)
    power = np.mean(np.abs(np.fft.fft2(fields) / fields[0].size) ** 2, axis=0)
    kx, ky = np.meshgrid(*(TURN * np.fft.fftfreq(n, 1 / n) for n in shape), indexing="ij")
    wanted = 9.0 * (9 + kx**2 + ky**2) ** -1.5
    # The relative deviation of a mean of squares is at most sqrt(2 / count).
    assert np.abs(power / wanted - 1).max() < 6 * (2 / count) ** 0.5
    assert np.allclose(fields.mean(), 0, atol=6 * 3 / 27**0.5 / count**0.5)


@pytest.mark.parametrize(
    ("make", "grid"),
    [
        (lambda **seed: burgers(12, points=64, **seed), (64,)),
        (lambda **seed: kuramoto_sivashinsky(12, points=64, **seed), (64,)),
        (lambda **seed: navier_stokes(12, points=16, steps=4, **seed), (16, 16)),
        (lambda **seed: darcy(12, points=16, **seed), (16, 16)),
    ],
)
def test_datasets_of_equations_are_fields_that_follow_from_their_seed(make, grid) -> None:
    first, again, other = make(), make(), make(seed=1)
    assert first.grid == grid
    assert first.task.name == "field"
    assert (len(first), first.official_test) == (12, 2)
    assert np.array_equal(first.images, again.images)
    assert np.array_equal(first.targets, again.targets)
    assert not np.allclose(first.images, other.images)
    assert np.isfinite(first.targets).all()


def test_pairs_are_steps_of_solutions() -> None:
    pairs, solutions = navier_stokes(6, points=16, steps=3), flow(2, points=16, steps=3)
    assert np.allclose(pairs.images[:3, ..., 0], solutions[0, :3], atol=1e-6)
    assert np.allclose(pairs.targets[3:, ..., 0], solutions[1, 1:], atol=1e-6)
    sparse = navier_stokes(4, points=16, steps=3, every=2)
    assert np.allclose(sparse.images[2:, ..., 0], solutions[1, :3:2], atol=1e-6)
    assert np.allclose(sparse.targets[2:, ..., 0], solutions[1, 1::2], atol=1e-6)
    steps = kuramoto_sivashinsky(5, points=64)
    assert np.allclose(steps.images[1:, :, 0], steps.targets[:-1, :, 0], atol=1e-6)


def test_media_have_two_materials() -> None:
    assert set(np.unique(darcy(4, points=16).images)) == {3.0, 12.0}


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: solve_burgers(np.zeros(8)), DataError, r"fields: got shape \(8,\) .*expected \(batch, points\)"),
        (lambda: solve_burgers(np.full((1, 8), np.nan)), DataError, "8 values that are NaN"),
        (lambda: solve_burgers(np.zeros((1, 8)), viscosity=0), ConfigurationError, "viscosity: got 0"),
        (lambda: solve_burgers(np.zeros((1, 8)), steps=0), ConfigurationError, "steps: got 0"),
        (lambda: navier_stokes(4, points=16, every=0), ConfigurationError, "every: got 0"),
        (
            lambda: solve_burgers(1e6 * np.sin(circle(64))[None], steps=2),
            DataError,
            "not finite after 2 steps; pass|steps=8",
        ),
        (lambda: solve_navier_stokes(np.zeros((8, 8))), DataError, "points, points"),
        (lambda: solve_darcy(np.zeros((1, 4, 4))), DataError, "coefficient: got a least coefficient of 0"),
        (lambda: random_fields(0, 8, scale=1, shift=1, power=1), ConfigurationError, "count: got 0"),
        (lambda: burgers(1.5), ConfigurationError, "count: got 1.5"),
        (lambda: navier_stokes(4, points=16, steps=0), ConfigurationError, "steps: got 0"),
    ],
)
def test_unusable_arguments_get_one_line(call, error, message) -> None:
    with pytest.raises(error, match=message) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_named_datasets_have_a_test_set() -> None:
    dataset = load("kuramoto-sivashinsky")
    assert (len(dataset), dataset.official_test, dataset.task.name) == (1200, 200, "field")
