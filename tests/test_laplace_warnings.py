"""Warnings, errors and names of the Laplace domain."""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

import numpy as np
import pytest
from laplace_networks import network, outgrows
from laplace_oracles import eighty_digits  # noqa: F401  (a fixture that every test uses)

from freqnet import nn, ops
from freqnet.errors import ConditionWarning, ConfigurationError, ModuloWarning, ShapeError
from freqnet.spaces import Fourier, Laplace, Nodes, Space, get_domain

Axes = tuple[int, ...]


# -- warnings and errors -----------------------------------------------------------------------------
def body(channels: int = 2) -> nn.Module:
    return nn.Sequential((nn.PowerNorm(), nn.Dense(channels)))


def opened(grid: Axes, band: Axes, precision: Any = np.float32) -> list[str]:
    """The warnings of a network with this grid and band."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        nn.Network(nn.Door("laplace", grid, band, 1), body(), precision=precision)
    assert all(issubclass(w.category, ConditionWarning) for w in caught)
    return [str(w.message) for w in caught]


def test_eight_by_eight_nodes_warn_in_single_precision() -> None:
    (message,) = opened((8, 8), (7, 7))
    assert message.startswith("float32 numbers: got condition number 6.6e+04 (8x8 nodes of laplace)")
    assert "about 2.1 digits are left" in message
    with pytest.warns(ConditionWarning, match="float32 numbers: got condition number"):
        ops.analysis(np.zeros((1, 8, 8, 1), np.float32), Laplace.on((8, 8)))
    assert opened((8, 8), (7, 7), np.float64) == []
    named_sizes_are_true(message, (8, 8))


def test_twelve_by_twelve_nodes_are_refused_in_single_precision() -> None:
    with pytest.raises(ConfigurationError, match=r"float32 numbers: got .* \(12x12 nodes of laplace\)") as caught:
        opened((12, 12), (11, 11))
    assert "or take float64" in str(caught.value)
    with pytest.raises(ConfigurationError, match="float32 numbers"):
        ops.analysis(np.zeros((1, 12, 12, 1), np.float32), Laplace.on((12, 12)))
    assert opened((12, 12), (11, 11), np.float64) == []
    named_sizes_are_true(str(caught.value), (12, 12))


def named_sizes_are_true(message: str, grid: Axes) -> None:
    """The largest sizes that a message names work; one more raises or warns."""
    sizes = re.search(
        r"at most (\d+) \(without a warning (\d+)\) .* at most (\d+) \(without a warning (\d+)\)", message
    )
    assert sizes, message
    whole, quiet_whole, kept, quiet = map(int, sizes.groups())
    of_grid = lambda k: opened(grid, (k - 1, k - 1))
    of_size = lambda k: opened((k, k), (k - 1, k - 1))
    for make, most, silent in ((of_grid, kept, quiet), (of_size, whole, quiet_whole)):
        assert make(silent) == []
        if silent < most:
            assert make(silent + 1) != []
            assert make(most) != []
        if make is of_size or most < grid[0]:
            with pytest.raises(ConfigurationError, match="float32 numbers"):
                make(most + 1)


def built(layer: nn.Module, space: Space) -> list[type[Warning]]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        layer.build(nn.Signal(space, 1), np.random.default_rng(0))
    return [w.category for w in caught]


def test_a_convolution_that_outgrows_its_nodes_warns() -> None:
    with pytest.warns(ModuloWarning, match=r"linear convolution: got \(6,\) samples and \(3,\) taps on \(7,\) samples"):
        nn.Convolution(1, 3).build(nn.Signal(Laplace.on(7, support=(6,)), 1), np.random.default_rng(0))
    assert built(nn.Convolution(1, 3), Laplace.on(8, support=(6,))) == []
    assert built(nn.Convolution(1, 3), Laplace.on((8, 8), support=(6, 6))) == []
    assert built(nn.Convolution(1, 3), Laplace.on((8, 8), support=(6, 7))) == [ModuloWarning]
    assert built(nn.Convolution(1, 3), Laplace.on(8)) == [ModuloWarning]
    assert built(nn.Convolution(1, 1), Laplace.on(8, support=(8,))) == []
    # On a periodic grid, boundary="circular" says that results wrap around: no warning.
    assert built(nn.Convolution(1, 3), Fourier.on(8)) == []


def test_linear_convolution_is_refused_without_room() -> None:
    layer = lambda: nn.Convolution(1, 3, boundary="linear")
    assert built(layer(), Laplace.on(8, support=(6,))) == []
    for space in (Laplace.on(8), Laplace.on(8, support=(7,))):
        with pytest.raises(ShapeError, match=r"linear convolution: got support .* room for"):
            built(layer(), space)


# -- names -------------------------------------------------------------------------------------------
def test_names_make_domains_once() -> None:
    for name, nodes, switches in (
        ("laplace", Nodes(), False),
        ("laplace:chebyshev-positive", Nodes("chebyshev-positive"), False),
        ("laplace:rates=0.5", Nodes("rates", 0.5), False),
        ("laplace:rates=0.5:factored", Nodes("rates", 0.5), True),
        ("laplace:factored", Nodes(), True),
        ("laplace:nodes=0.9,-0.5", Nodes("nodes", values=(0.9, -0.5)), False),
    ):
        space = get_domain(name)(5)
        assert get_domain(name)(5) == space
        assert (space.domain, space.nodes, space.switches) == (name, nodes, switches)
    assert get_domain("laplace")(5) == get_domain("laplace:chebyshev")(5) == Laplace.on(5)


@outgrows
def test_descriptions_of_networks_keep_the_nodes() -> None:
    net = network("laplace:rates=0.5", (4,), nn.TruncationPool(3))
    again = nn.Network.from_description(json.loads(json.dumps(net.describe())))
    assert again.describe() == net.describe()
    assert again.door.space.domain == "laplace:rates=0.5"
    again.body.load_arrays(net.arrays())
    samples = np.random.default_rng(0).standard_normal((3, 4, 1))
    assert np.array_equal(again.predict(samples), net.predict(samples))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("laplace:foo", "nodes: got 'foo', expected chebyshev or chebyshev-positive or rates or nodes"),
        ("laplace:rates=-1", "step of rates: got -1.0, expected a number above 0"),
        ("laplace:rates=nan", "step of rates: got nan"),
        ("laplace:rates=0.5,-1", "nodes: got (0.6065306597126334, 2.718281828459045), expected distinct"),
        ("laplace:rates=fast", "nodes rates: got 'fast', expected numbers"),
        ("laplace:nodes=0.5,0.5", "nodes: got (0.5, 0.5), expected distinct numbers from -1 to 1"),
        ("laplace:nodes=1.5", "nodes: got (1.5,), expected distinct numbers"),
        ("laplace:nodes=", "nodes nodes: got '', expected numbers"),
        ("laplace:chebyshev:bar", "nodes: got 'chebyshev:bar', expected chebyshev or"),
        ("laplace:chebyshev=3", "nodes chebyshev: got '3', expected no more numbers"),
        ("fourier:foo", "domain: got 'fourier:foo', expected "),
    ],
)
def test_names_of_no_domain(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}"):
        get_domain(name)


def test_rates_that_are_given() -> None:
    domain = get_domain("laplace:rates=0.1,1,0.4")
    assert domain(5).tables[0].z == pytest.approx(np.exp([-0.1, -0.4, -1.0]), rel=1e-15)
