"""Settings of layers: NumPy's numbers become plain data where they come in, and what no file can hold is refused."""

from __future__ import annotations

import contextlib
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freqnet import nn
from freqnet.autodiff import Tensor
from freqnet.checks import plain_value
from freqnet.errors import CheckpointError, ConfigurationError, FreqnetError, ShapeError
from freqnet.training import Checkpoint, load_checkpoint, save

NUMBERS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**31), 2**31 - 1), st.floats(allow_nan=False), st.text(max_size=5)
)
PLAIN = st.recursive(NUMBERS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)


def as_numpy(value: Any, draw: Any) -> Any:
    """Return plain data written in one of the ways that NumPy offers."""
    if isinstance(value, tuple):
        items = [as_numpy(item, draw) for item in value]
        kinds = {type(item) for item in value}
        if kinds in ({int}, {float}) and draw(st.booleans()):
            return np.array(value)
        return items if draw(st.booleans()) else tuple(items)
    makers: dict[type, list[Any]] = {
        bool: [np.bool_, np.array],
        int: [np.int64, np.array, np.int32],
        float: [np.float64, np.array, np.longdouble],
        str: [np.str_],
    }
    return draw(st.sampled_from([lambda v: v, *makers.get(type(value), [])]))(value)


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal and of the same types throughout."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(PLAIN, st.data())
def test_every_way_to_write_plain_data_gives_the_same_value(value: Any, data: Any) -> None:
    found = plain_value("setting", as_numpy(value, data.draw))
    assert same(found, value)
    json.dumps(found)


def test_other_numbers_and_dictionaries() -> None:
    assert same(plain_value("a", Fraction(1, 4)), 0.25)
    assert plain_value("a", {"b": np.float32(0.5), "c": [np.int8(1)]}) == {"b": 0.5, "c": (1,)}


LABELS = np.array([0, 2, 1])
LAYERS = {
    "scalar": lambda: nn.Dense(LABELS.max() + 1),
    "array": lambda: nn.Polynomial(np.array([0.0, 1.0, 0.25])),
    "list": lambda: nn.TruncationPool([np.int64(3)]),
    "bool": lambda: nn.Convolution(np.int64(2), bias=np.bool_(True), causal=np.False_),
    "text": lambda: nn.Linearized(np.str_("tanh"), unit_slope=np.array(1) > 0),
    "nested": lambda: nn.Residual(nn.Sequential([nn.Sequential((nn.LowPass(np.int16(1)),))])),
    "interval": lambda: nn.Polynomial("tanh", interval=np.array([-2, 2])),
    "float": lambda: nn.MagnitudeGain(np.float32(0.5)),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=list(LAYERS))
def test_networks_with_numpy_settings_are_saved_and_loaded(make: Any, tmp_path: Path) -> None:
    body = nn.Sequential(make()) if make is LAYERS["scalar"] else nn.Sequential(make(), nn.GlobalAverage())
    network = nn.Network(nn.Door("fourier", (8,), (3,), 2), body)
    save(tmp_path / "m.safetensors", Checkpoint(network.describe(), network.arrays()))
    again = load_checkpoint(tmp_path / "m.safetensors").restore()
    samples = np.random.default_rng(0).normal(size=(3, 8, 2))
    assert np.array_equal(again.predict(samples), network.predict(samples))
    assert again.describe() == network.describe()


def test_settings_changed_before_or_after_build_are_plain_too() -> None:
    layer = nn.Dense(3)
    layer.outputs = np.int64(4)
    layer.build(nn.Features(2), np.random.default_rng(0))
    assert type(layer.outputs) is int
    layer.outputs = np.int64(5)
    assert json.dumps(layer.describe()) == '{"layer": "Dense", "outputs": 5}'


REFUSED = {
    "ufunc": (lambda: nn.Pointwise(np.tanh), r"function: got the function tanh.*function='tanh'"),
    "lambda": (lambda: nn.Polynomial(lambda x: x), r"coefficients: got the function <lambda>"),
    "linearized": (lambda: nn.Linearized(np.tanh), r"function='tanh'"),
    "gaussian": (lambda: nn.Gaussian(max), r"function: got the function max"),
    "series": (lambda: nn.FourierSeries(np.sin), r"function: got the function sin"),
    "tensor": (lambda: nn.Polynomial(Tensor([0.0, 1.0])), r"coefficients: got Tensor"),
    "set": (lambda: nn.TruncationPool({3}), r"size: got set \{3\}.*pass size=\(3,\)"),
    "class": (lambda: nn.Residual(nn.PowerNorm), r"body: got the class PowerNorm.*PowerNorm\(\.\.\.\)"),
    "object in a tuple": (lambda: nn.Polynomial((0.0, object())), r"coefficients: got object"),
    "complex": (lambda: nn.MagnitudeGain(1j), r"threshold: got complex"),
    "bytes": (lambda: nn.Linearized(b"tanh"), r"function: got bytes"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_no_file_can_hold_is_refused_when_the_layer_is_made(what: str) -> None:
    make, message = REFUSED[what]
    with pytest.raises(ConfigurationError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_field_set_later_is_refused_by_build() -> None:
    layer = nn.Linearized()
    layer.function = np.tanh  # type: ignore[assignment]
    with pytest.raises(ConfigurationError, match="the function tanh"):
        layer.build(nn.Signal(nn.Door("fourier", (5,), (2,), 1).space, 1), np.random.default_rng(0))


ODD: list[Any] = [None, True, -1, 0, 1.5, float("nan"), 10**30, "x", "", (), (1, 2, 3), ("a",), (None,), {"a": 1}]
FIELDS = [
    (name, field)
    for name, cls in nn.LAYERS.items()
    for field in cls.__dataclass_fields__
    if name != "Sequential" and cls.__module__.startswith("freqnet.")
]
REQUIRED = {"Convolution": {"channels": 2}, "Dense": {"outputs": 2}, "TruncationPool": {"size": 3}}
REQUIRED |= {"LowPass": {"band": 1}, "AveragePool": {"window": 2}, "Window": {"size": 3}}
REQUIRED |= {"Residual": {"body": nn.PowerNorm()}, "DataConsistency": {"body": nn.PowerNorm()}}


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=[f"{n}.{f}" for n, f in FIELDS])
@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.filterwarnings("ignore:minimum radius")
def test_odd_settings_work_or_get_a_line(name: str, field: str, value: Any) -> None:
    """No setting, whatever its type, ends in an error of Python."""
    domain = "grid" if name == "Pointwise" else "fourier"
    network = None
    with contextlib.suppress(FreqnetError):
        layer = nn.LAYERS[name](**REQUIRED.get(name, {}) | {field: value})
        body = nn.Sequential(layer, nn.Dense(2))
        network = nn.Network(nn.Door(domain, (8,), (3,), 2), body)
    if network is not None:
        network.train()
        assert np.isfinite(network(network.analyse(np.random.default_rng(0).normal(size=(2, 8, 2)))).data).all()


# -- arrays ------------------------------------------------------------------------------------------
def dense() -> nn.Module:
    layer = nn.Dense(3)
    layer.build(nn.Features(2), np.random.default_rng(0))
    return layer


def test_arrays_that_replace_a_parameter_keep_its_shape_and_its_precision() -> None:
    weight = dense().parameters["weight"]
    weight.data = np.ones((2, 3))
    weight.data += 1
    weight.data = np.asfortranarray(weight.data)
    assert weight.dtype == np.float32
    assert np.array_equal(weight.data, np.full((2, 3), 2.0))
    for wrong in (np.ones((3, 2)), np.ones(3), 1.0, np.ones((2, 3)) * 1j, np.full((2, 3), "a"), np.ones((2, 1))):
        with pytest.raises(ShapeError, match=r"data of a parameter: got .*, expected real numbers of shape \(2, 3\)"):
            weight.data = wrong
    assert np.array_equal(weight.data, np.full((2, 3), 2.0))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1j, "a", None], ids=repr)
def test_loaded_arrays_are_finite_real_numbers(wrong: Any) -> None:
    layer = dense()
    before = layer.parameters["weight"].data.copy()
    arrays = {"weight": np.full((2, 3), wrong), "bias": np.zeros((1, 3))}
    with pytest.raises(CheckpointError, match=r"weights weight: got .*, expected (finite|real) numbers"):
        layer.load_arrays(arrays)
    assert np.array_equal(layer.parameters["weight"].data, before)
    layer.load_arrays({"weight": [[1, 2, 3], [4, 5, 6]], "bias": np.zeros((1, 3))})  # type: ignore[dict-item]
    assert layer.parameters["weight"].data[1, 2] == 6.0


@pytest.mark.parametrize(
    "make",
    [
        lambda: nn.Dense(10**12),
        lambda: nn.Convolution(10**12),
        lambda: nn.Convolution(2, 10**15),
        lambda: nn.Convolution(10**300),
    ],
)
def test_arrays_that_no_machine_holds_are_refused_before_they_are_made(make: Any) -> None:
    with pytest.raises(ShapeError, match=r"got an array of .* GiB\), expected at most the .* GiB of this machine"):
        make().build(nn.Signal(nn.Door("fourier", (8,), (3,), 1).space, 1), np.random.default_rng(0))
