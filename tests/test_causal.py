"""Unusual uses of causal domains: room, origins, shared tables, threads, copies, sizes."""

from __future__ import annotations

import copy
import pickle
import threading
import time

import mpmath
import numpy as np
import pytest

from freqnet import caches, nn, ops
from freqnet.autodiff import Tensor, gradient
from freqnet.data import load
from freqnet.errors import ConfigurationError, ModuloWarning, ShapeError, SpaceError
from freqnet.spaces import Damped, Fourier, Laplace, get_domain
from freqnet.training import Model

RNG = np.random.default_rng(0)
BOTH = pytest.mark.parametrize("domain", [Laplace.on, Damped.on], ids=str)


def signal(domain, samples: int, grid: int) -> Tensor:
    return ops.analysis(RNG.standard_normal((1, samples, 1)), domain(grid, support=(samples,)))


# -- room ----------------------------------------------------------------------------------------------
@BOTH
def test_a_window_after_sample_0_has_moved_ends_later(domain) -> None:
    layers = (nn.AveragePool(3, 1), nn.Window(8), nn.Convolution(1, 3, boundary="linear", bias=False, causal=True))
    with pytest.raises(ShapeError, match=r"room for \(12,\) samples"):
        nn.Sequential(layers).build(nn.Signal(domain(10, support=(8,)), 1), RNG, np.float64)
    body = nn.Sequential(layers)
    body.build(nn.Signal(domain(12, support=(8,)), 1), RNG, np.float64)
    body.layers[2].parameters["kernel"].data[:] = np.array([0, 0, 1.0]).reshape(3, 1, 1)
    x = np.arange(1.0, 9).reshape(1, 8, 1)
    found = ops.synthesis(body(ops.analysis(x, domain(12, support=(8,))))).data.ravel()
    means = np.convolve(np.append(np.arange(1.0, 9), [0, 0]), np.ones(3) / 3, "valid")
    assert found == pytest.approx([0, 0, *means, 0, 0], abs=1e-7)


@BOTH
def test_averages_without_room_say_so(domain) -> None:
    full = nn.Signal(domain(8), 1)
    with pytest.warns(ModuloWarning, match=r"average: got \(8,\) samples and windows of \(3,\)"):
        nn.AveragePool(3, 1).build(full, RNG)
    nn.AveragePool(2).build(full, RNG)
    nn.AveragePool(3, 1).build(nn.Signal(domain(8, support=(6,)), 1), RNG)


@BOTH
def test_a_shift_takes_room(domain) -> None:
    x = signal(domain, 5, 8)
    assert ops.shift(x, [2.0]).space.support == (7,)
    assert ops.shift(x, [4.0]).space.support is None
    back = ops.shift(x, [-2.0])
    assert (back.space.origin, back.space.support) == ((2,), (5,))


# -- origins -------------------------------------------------------------------------------------------
def test_a_network_takes_what_leaves_its_door() -> None:
    network = nn.Network(nn.Door("laplace", (4,), (5,), 1, pad=(2,)), nn.Dense(1), precision="float64")
    x = network.analyse(np.ones((1, 4, 1)))
    assert network(x).shape == (1, 1)
    with pytest.raises(SpaceError, match=r"network: got .* sample 0 at place 2"):
        network(ops.shift(x, [-2.0]))


def test_a_gradient_of_the_same_numbers_is_not_the_signal() -> None:
    space = get_domain("laplace:factored")(4)
    x = Tensor(RNG.standard_normal((4, 1, 1)), space, requires_grad=True)
    square = Tensor(np.array([[0.0], [0.0], [1.0]]))
    found = [
        gradient(ops.polynomial(x, square), [x], Tensor(data, space.cotangent))[0].data
        for data in (x.data, x.data.copy())
    ]
    assert np.array_equal(*found)


# -- shared tables -------------------------------------------------------------------------------------
def test_tables_made_by_two_threads_at_once_are_right() -> None:
    caches.clear()
    digits, spaces = mpmath.mp.dps, [Laplace.on(n) for n in (9, 27, 17, 23)]
    threads = [threading.Thread(target=getattr, args=(space, "tables")) for space in spaces]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mpmath.mp.dps == digits
    for space in spaces:
        x = RNG.standard_normal((1, *space.grid, 1))
        error = np.abs(ops.synthesis(ops.analysis(x, space)).data - x).max()
        assert error < 100 * space.condition_number * 2.0**-52


def test_tables_cannot_be_written_to() -> None:
    table = Laplace.on(5).tables[0].invert
    with pytest.raises(ValueError, match="read-only"):
        table[...] = 0


@pytest.mark.parametrize("name", ["fourier", "laplace", "damped", "laplace:rates=0.5", "grid"])
def test_copies_live_in_the_same_space(name: str) -> None:
    x = ops.analysis(np.ones((1, 5, 1)), get_domain(name)(5))
    for again in (pickle.loads(pickle.dumps(x.space)), copy.deepcopy(x.space)):
        assert again == x.space
        assert again.domain == x.space.domain


# -- sizes and names -----------------------------------------------------------------------------------
def test_what_no_precision_holds_is_refused_at_once() -> None:
    start = time.process_time()
    with pytest.raises(ConfigurationError, match=r"got condition number .* \(100x100 nodes of laplace\)"):
        ops.analysis(np.zeros((1, 100, 100, 1)), Laplace.on((100, 100)))
    assert time.process_time() - start < 20


@pytest.mark.parametrize("name", ["laplace:rates=60", "laplace:rates=1e5"])
def test_nodes_that_cannot_be_told_apart(name: str) -> None:
    with pytest.raises(ConfigurationError, match="nodes: got some so close"):
        assert get_domain(name)(6).condition_numbers


def test_a_condition_number_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="condition number nan"):
        ops.analysis(np.ones((1, 6, 1)), get_domain("laplace:nodes=1e-310,0")(6, 1))


def test_long_averages_by_their_closed_form() -> None:
    own = Laplace.on(4).tables[0]
    assert own.average(5000, "dirichlet") == pytest.approx(np.mean([own.z**t for t in range(5000)], axis=0), rel=1e-12)


def test_damped_nodes_come_in_pairs() -> None:
    digits = load("digits").take(np.arange(50))
    with pytest.raises(ConfigurationError, match="modes: got 6, expected an odd number of nodes, or all"):
        Model("damped", modes=6).network(digits)
    for modes in (7, 10):
        network = Model("damped", modes=modes).network(digits)
        assert network.door.space.modes == (modes, modes)


def test_mistakes_have_one_message() -> None:
    door = nn.Door("laplace", (8, 8), (9, 9), 1, pad=(2, 2))
    with pytest.raises(ShapeError, match=r"samples: got \(4, 4\), expected the network's own \(8, 8\); resize"):
        door.analyse(np.ones((1, 4, 4, 1)))
    with pytest.raises(ShapeError, match=r"band: got \(9,\), expected at most \(7,\)"):
        Laplace.on(8, 9)
    with pytest.raises(ConfigurationError, match="pad: got"):
        nn.Door("laplace", (8,), (7,), 1, pad=(-1,))
    with pytest.raises(ShapeError, match="Residual body: got grid"):
        nn.Residual(nn.AveragePool(2)).build(nn.Signal(Laplace.on(8), 1), RNG)
    with pytest.raises(ShapeError, match="samples: got complex numbers, expected real numbers"):
        ops.analysis(np.ones((1, 4, 1)) * 1j, Laplace.on(4))
    with pytest.raises(ShapeError, match="shift: got numbers that are not finite"):
        ops.shift(signal(Laplace.on, 4, 4), [np.nan])
    with pytest.raises(ConfigurationError, match="did you mean 'laplace'"):
        get_domain("laplase:rates=1")
    assert ops.analysis(np.arange(5).reshape(1, 5, 1), Fourier.on(5)).dtype == np.complex128
