"""Wrong uses of operations raise one-line errors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from freqnet import ops
from freqnet.autodiff import Tensor, backward, gradient
from freqnet.errors import ConfigurationError, DataError, FreqnetError, ShapeError, SpaceError
from freqnet.spaces import Fourier, Grid

SPACE = Fourier.on((8, 6))
X = ops.analysis(np.ones((2, 8, 6, 3)), SPACE)
ON_GRID = ops.analysis(np.ones((2, 8, 6, 3)), Grid.on((8, 6)))
NUMBERS = Tensor(np.ones((2, 3)))


def response(space, inputs: int = 3) -> Tensor:
    return ops.frequency_response(Tensor(np.ones((9, inputs, 4))), space)


REFUSED = {
    "kernel of another grid": (lambda: ops.convolve(X, response(Fourier.on((8, 8)))), SpaceError, "a response on"),
    "kernel of another band": (lambda: ops.convolve(X, response(SPACE.with_band((1, 1)))), SpaceError, "a response on"),
    "kernel of another domain": (lambda: ops.convolve(X, response(ON_GRID.space)), SpaceError, "a response on"),
    "signal as a kernel": (lambda: ops.convolve(X, X), SpaceError, "kernel: got fourier signal"),
    "numbers as a kernel": (lambda: ops.convolve(X, NUMBERS), SpaceError, "kernel: got None"),
    "kernel of other channels": (
        lambda: ops.convolve(X, response(SPACE, 2)),
        ShapeError,
        "channels: got 3, expected 2",
    ),
    "parametrisation": (lambda: ops.frequency_response(NUMBERS, SPACE, "wave"), ConfigurationError, "'wave'"),
    "number of taps": (lambda: ops.frequency_response(Tensor(np.ones((8, 3, 4))), SPACE), ShapeError, r"\(9, inputs"),
    "numbers as a signal": (lambda: ops.convolve(NUMBERS, response(SPACE)), SpaceError, "convolve: got plain numbers"),
    "product across grids": (lambda: ops.multiply(X, ops.resample(X, 5)), SpaceError, "one domain and grid"),
    "product across domains": (lambda: X * ON_GRID, SpaceError, "one domain and grid"),
    "sum of bands": (lambda: X + ops.truncate(X, 1), SpaceError, "truncate, zero_pad or resample one"),
    "truncating up": (lambda: ops.truncate(X, 4), ShapeError, "keep fewer modes, or use zero_pad"),
    "padding down": (lambda: ops.zero_pad(X, 1), ShapeError, "keep more modes, or use truncate"),
    "stride": (lambda: ops.alias(X, 3), ShapeError, r"divisors of the grid \(8, 6\)"),
    "stride of zero": (lambda: ops.alias(X, (1, 0)), ShapeError, "divisors"),
    "place beyond the grid": (
        lambda: ops.take(X, (0, 6)),
        ShapeError,
        "places: got 6, expected whole numbers from -1 to 5",
    ),
    "negative place": (lambda: ops.take(X, ((0,), (-2,))), ShapeError, "places: got -2"),
    "places of one axis": (lambda: ops.take(X, ((0, 1),)), ShapeError, "places for 1 axes"),
    "no places": (lambda: ops.take(X, ()), ShapeError, "1 or more places"),
    "window": (lambda: ops.average(X, 0), ShapeError, "at least 1 sample"),
    "method": (lambda: ops.average(X, 2, "box"), ConfigurationError, "'dirichlet' or 'sinc'"),
    "shift of one axis": (lambda: ops.shift(X, [1.0]), ShapeError, r"\(2,\) or \(2, 2\)"),
    "shift of other examples": (lambda: ops.shift(X, np.ones((3, 2))), ShapeError, "one number per axis"),
    "coefficients a channel": (lambda: ops.polynomial(X, Tensor(np.ones((3, 2)))), ShapeError, "one row per power"),
    "coefficients in a spectrum": (lambda: ops.polynomial(X, X), SpaceError, "plain numbers"),
    "relu of a spectrum": (lambda: ops.relu(X), SpaceError, r"use polynomial\(\)"),
    "factors a mode": (lambda: X * Tensor(np.ones((2, 2, 3))), ShapeError, r"plain \(batch, channels\)"),
    "power spectrum of samples": (lambda: ops.power_spectrum(ON_GRID), SpaceError, "a domain of modes"),
    "matmul": (lambda: NUMBERS @ NUMBERS, ShapeError, r"\(2, 3\) @ \(2, 3\)"),
    "labels of other examples": (lambda: ops.cross_entropy(NUMBERS, [0]), ShapeError, "one label per example"),
    "label out of range": (lambda: ops.cross_entropy(NUMBERS, [0, 3]), DataError, "0 to 2"),
    "negative label": (lambda: ops.cross_entropy(NUMBERS, [0, -1]), DataError, "labels: got -1"),
    "smoothing": (lambda: ops.cross_entropy(NUMBERS, [0, 1], 1.0), ShapeError, "smoothing: got 1.0"),
    "nyquist": (lambda: ops.analysis(np.ones((1, 8, 6, 1)), SPACE, "halve"), ConfigurationError, "'drop' or 'split'"),
    "samples without channels": (lambda: ops.analysis(np.ones((8, 6, 1)), SPACE), ShapeError, "missing axis"),
    "samples too few": (lambda: ops.analysis(np.ones((1, 4, 6, 1)), SPACE), ShapeError, "at most 2 on 4 samples"),
    "synthesis of numbers": (lambda: ops.synthesis(NUMBERS), SpaceError, "pass it through analysis first"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_operation_refuses(what: str) -> None:
    call, error, message = REFUSED[what]
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, FreqnetError)
    # One line has what was got, what was expected, and what to do.
    text = str(caught.value)
    assert ": got " in text
    assert ", expected " in text
    assert "; " in text
    assert "\n" not in text


def test_support_grows_with_each_kernel_and_is_dropped_when_it_wraps() -> None:
    space = Fourier.on(8, support=(4,))
    x = ops.analysis(np.ones((1, 8, 1)), space)
    h = ops.frequency_response(Tensor(np.ones((3, 1, 1))), space)
    once = ops.convolve(x, h, 3)
    assert once.space.support == (6,)
    assert ops.convolve(once, h, 3).space.support == (8,)
    assert ops.convolve(ops.convolve(once, h, 3), h, 3).space.support is None
    assert ops.multiply(x, x).space.support is None


# -- arguments of any type -----------------------------------------------------------------------------
SIGNAL = ops.analysis(np.random.default_rng(0).normal(size=(2, 8, 3)), Fourier.on(8))
ODD: list[Any] = [
    None, True, -1, 0, 1.5, np.nan, "x", (), (1, 2, 3), ("a",), {"a": 1}, np.ones(2), np.ones((2, 2, 2)), 1j, abs,
    np.array(["a"]), np.ones((2, 1)) * 1j, [[1], [2, 3]], [1.0], np.array([1.0, np.inf]), SIGNAL, NUMBERS, SIGNAL.space,
]  # fmt: skip
TAKERS: dict[str, Callable[[Any], Any]] = {
    "truncate": lambda v: ops.truncate(v, 1),
    "band of truncate": lambda v: ops.truncate(SIGNAL, v),
    "band of zero_pad": lambda v: ops.zero_pad(SIGNAL, v),
    "resample": lambda v: ops.resample(v, 4),
    "grid of resample": lambda v: ops.resample(SIGNAL, v),
    "average": lambda v: ops.average(v, 2),
    "window of average": lambda v: ops.average(SIGNAL, v),
    "method of average": lambda v: ops.average(SIGNAL, 2, v),
    "stride of alias": lambda v: ops.alias(SIGNAL, v),
    "take": lambda v: ops.take(v, (0, 1)),
    "places of take": lambda v: ops.take(SIGNAL, v),
    "shift": lambda v: ops.shift(v, [1.0]),
    "samples of shift": lambda v: ops.shift(SIGNAL, v),
    "first of multiply": lambda v: ops.multiply(v, SIGNAL),
    "second of multiply": lambda v: ops.multiply(SIGNAL, v),
    "band of multiply": lambda v: ops.multiply(SIGNAL, SIGNAL, v),
    "mean": ops.mean,
    "signal_power": ops.signal_power,
    "polynomial": lambda v: ops.polynomial(v, Tensor([[0.0], [1.0]])),
    "coefficients": lambda v: ops.polynomial(SIGNAL, v),
    "gate band": lambda v: ops.polynomial(SIGNAL, Tensor([[0.0], [1.0], [1.0]]), v),
    "coordinates": ops.coordinates,
    "linear_map": lambda v: ops.linear_map(SIGNAL, v),
    "power_spectrum": ops.power_spectrum,
    "convolve": lambda v: ops.convolve(v, response(SIGNAL.space)),
    "kernel of convolve": lambda v: ops.convolve(SIGNAL, v),
    "frequency_response": lambda v: ops.frequency_response(v, SIGNAL.space),
    "space of a response": lambda v: ops.frequency_response(Tensor(np.ones((3, 3, 2))), v),
    "size of a response": lambda v: ops.frequency_response(Tensor(np.ones((3, 3, 2))), SIGNAL.space, "taps", v),
    "relu": ops.relu,
    "mean_squared_error": lambda v: ops.mean_squared_error(v, NUMBERS),
    "target": lambda v: ops.mean_squared_error(NUMBERS, v),
    "target of a signal": lambda v: ops.mean_squared_error(SIGNAL, v),
    "sobolev_error": lambda v: ops.sobolev_error(v, SIGNAL),
    "order of sobolev_error": lambda v: ops.sobolev_error(SIGNAL, SIGNAL, v),
    "logits": lambda v: ops.cross_entropy(v, [0, 1]),
    "labels": lambda v: ops.cross_entropy(NUMBERS, v),
    "smoothing": lambda v: ops.cross_entropy(NUMBERS, [0, 1], v),
    "log_softmax": ops.log_softmax,
    "sum": lambda v: SIGNAL + v,
    "product": lambda v: NUMBERS * v,
    "matmul": lambda v: NUMBERS @ v,
    "tensor": Tensor,
    "space of a tensor": lambda v: Tensor(np.ones((2, 2)), v),
    "backward": backward,
    "cotangent": lambda v: backward(Tensor(np.ones((2, 3)), requires_grad=True) * 2.0, v),
    "inputs of gradient": lambda v: gradient((Tensor(np.ones(2), requires_grad=True) * 2.0).sum(), v),
}


@pytest.mark.parametrize("what", TAKERS)
def test_arguments_of_any_type_work_or_get_a_line(what: str) -> None:
    for value in ODD:
        with contextlib.suppress(FreqnetError):
            TAKERS[what](value)
