"""The simulated fixed point against whole numbers of Python: the quantiser, single ops, and a network."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from freqnet.benchmarks.studies import fixed_point
from freqnet.benchmarks.studies.fixed_point import FixedPoint, exponent, rounded

from freqnet import Fourier, ops
from freqnet.autodiff import Tensor, no_grad, observe
from freqnet.data import load, split
from freqnet.errors import ConfigurationError
from freqnet.nn import Convolution, Dense, Door, Linearized, Network, Polynomial, PowerNorm, Sequential, TruncationPool
from freqnet.training import Settings, analyse, evaluate, fit


# -- the oracle: whole numbers without a limit, and fractions ------------------------------------------
def nearest(value: Fraction) -> int:
    """Return the nearest whole number; of two, the even one."""
    below, rest = divmod(value.numerator, value.denominator)
    twice = 2 * rest - value.denominator
    return below + int(twice > 0 or (twice == 0 and below % 2 == 1))


def whole(value: float, bits: int, e: int) -> int:
    """Return a number in units of 2^e, with the ends of the range in the place of larger ones."""
    units = nearest(Fraction(value) / Fraction(2) ** e)
    return max(-(2 ** (bits - 1)), min(2 ** (bits - 1) - 1, units))


def smallest(values: list[Fraction], bits: int) -> int:
    """Return the smallest exponent that holds all values, by trial from far below."""
    e = -160
    while any(abs(nearest(v / Fraction(2) ** e)) > 2 ** (bits - 1) - 1 for v in values):
        e += 1
    return e


def units(x: np.ndarray, e: int) -> list[int]:
    """Return numbers that are whole multiples of 2^e in these units."""
    found = [Fraction(float(v)) / Fraction(2) ** e for v in x.ravel()]
    assert all(v.denominator == 1 for v in found)
    return [int(v) for v in found]


# -- the quantiser -------------------------------------------------------------------------------------
@pytest.mark.parametrize("bits", [2, 3, 8, 12, 16])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-20, 1.0, 3e10])
def test_rounding_is_that_of_whole_numbers(bits: int, dtype: type, scale: float) -> None:
    values = (scale * np.random.default_rng(bits).normal(size=101)).astype(dtype)
    e = exponent(values, bits)
    assert e == smallest([Fraction(float(v)) for v in values], bits)
    for at in (e, e - 2):
        expected = [float(whole(float(v), bits, at) * Fraction(2) ** at) for v in values]
        np.testing.assert_array_equal(rounded(values, bits, at), np.array(expected, dtype))


def test_ties_ends_and_zeros() -> None:
    ties = np.array([0.5, 1.5, 2.5, -0.5, -1.5])
    np.testing.assert_array_equal(rounded(ties, 8, 0), [0, 2, 2, 0, -2])
    # The unit is coarser where the largest value would be rounded beyond the range.
    assert exponent(np.array([127.4]), 8) == 0
    assert exponent(np.array([127.5]), 8) == 1
    np.testing.assert_array_equal(rounded(np.array([1e6, -1e6]), 8, 0), [127, -128])
    np.testing.assert_array_equal(rounded(np.zeros(3), 8), np.zeros(3))
    assert rounded(np.zeros((0, 2)), 8).shape == (0, 2)
    with pytest.raises(ConfigurationError, match="bits: got 1, expected 2 to 24"):
        rounded(ties, 1)


def test_complex_numbers_are_pairs_of_real_ones() -> None:
    values = np.random.default_rng(0).normal(size=(3, 4, 2)).astype(np.float32)
    z = np.asfortranarray(values[..., 0] + 1j * values[..., 1])
    expected = rounded(values, 6)
    np.testing.assert_array_equal(rounded(z, 6), expected[..., 0] + 1j * expected[..., 1])


def test_rounding_at_random_is_right_on_average() -> None:
    values = np.full(40_000, 0.3)
    found = rounded(values, 8, 0, np.random.default_rng(0))
    assert set(found.tolist()) == {0.0, 1.0}
    assert abs(found.mean() - 0.3) < 0.01
    # The control: rounding to the nearest loses the value.
    assert rounded(values, 8, 0).mean() == 0


# -- ops -----------------------------------------------------------------------------------------------
def test_convolution_and_product_are_those_of_whole_numbers() -> None:
    """Bands 2x2 of two channels: sums over channels and over pairs of modes, in whole numbers, then one rounding."""
    bits, space = 8, Fourier.on((5, 5))
    generator = np.random.default_rng(1)
    x = ops.analysis(generator.normal(size=(1, 5, 5, 2)), space)
    h = ops.frequency_response(Tensor(generator.normal(size=(9, 2, 3))), space, "taps", 3)
    x, h = (Tensor(rounded(t.data, bits), t.space) for t in (x, h))
    ex, eh = (exponent(t.data, bits) for t in (x, h))
    with observe(rule := FixedPoint(bits)):
        y = ops.convolve(x, h, 3)
        square = ops.multiply(x, x)
    X = [
        np.array(units(part, ex), object).reshape(5, 3, 2) for part in (x.data[..., 0, :].real, x.data[..., 0, :].imag)
    ]
    H = [np.array(units(part, eh), object).reshape(5, 3, 2, 3) for part in (h.data.real, h.data.imag)]
    real = (X[0][..., None] * H[0] - X[1][..., None] * H[1]).sum(axis=2)
    imag = (X[0][..., None] * H[1] + X[1][..., None] * H[0]).sum(axis=2)
    assert_same(y.data[..., 0, :], real, imag, ex + eh, bits, rule.seen[0])

    def mode(p: int, q: int, c: int) -> tuple[int, int]:
        sign = 1 if q >= 0 else -1
        return X[0][sign * p + 2, abs(q), c], sign * X[1][sign * p + 2, abs(q), c]

    real, imag = np.zeros((5, 3, 2), object), np.zeros((5, 3, 2), object)
    for p, q, c, a, b in product(range(-2, 3), range(3), range(2), range(-2, 3), range(-2, 3)):
        if abs(p - a) <= 2 and abs(q - b) <= 2:
            (r, i), (s, j) = mode(a, b, c), mode(p - a, q - b, c)
            real[p + 2, q, c] += r * s - i * j
            imag[p + 2, q, c] += r * j + i * s
    assert_same(square.data[..., 0, :], real, imag, 2 * ex, bits, rule.seen[-1])


def assert_same(found: np.ndarray, real: np.ndarray, imag: np.ndarray, e: int, bits: int, used: int) -> None:
    """Assert that a result is the rounding of exact whole numbers in units of 2^e."""
    exact = [Fraction(int(v)) * Fraction(2) ** e for v in (*real.ravel(), *imag.ravel())]
    assert used == smallest(exact, bits)
    values = [float(nearest(v / Fraction(2) ** used) * Fraction(2) ** used) for v in exact]
    np.testing.assert_array_equal(np.concatenate([found.real.ravel(), found.imag.ravel()]), values)


# -- networks ------------------------------------------------------------------------------------------
def digits(activation: type = Linearized) -> tuple[Network, object, object]:
    parts = split(load("digits"), seed=0)
    layers = (
        Convolution(6, size=3, kernel="sinc", bias=False),
        PowerNorm(),
        activation(),
        TruncationPool(5),
        Dense(10),
    )
    network = Network(Door("fourier", (8, 8), (3, 3), 1), Sequential(layers))
    return network, analyse(network, parts.train), analyse(network, parts.test)


def test_inference_rounds_and_leaves_the_network_as_it_was() -> None:
    network, train, test = digits(Polynomial)
    fit(network, train, settings=Settings(epochs=3, learning_rate=0.01))
    before = {name: array.copy() for name, array in network.arrays().items()}
    exact = evaluate(network, test).accuracy
    found = {bits: fixed_point.accuracy(network, test, bits, train) for bits in (24, 8, 2)}
    assert found[24] == exact
    assert abs(found[8] - exact) < 0.03
    # The control: two bits hold -2, -1, 0 and 1.
    assert found[2] < exact - 0.2
    for name, array in network.arrays().items():
        np.testing.assert_array_equal(array, before[name])


def test_every_result_forward_and_backward_has_few_values() -> None:
    network, train, _ = digits(Polynomial)
    seen: list[Tensor] = []
    bits = 4
    run = fixed_point.FixedPointRun.begin(network, Settings(), train)
    run.bits = bits
    network.train()
    with observe(lambda op, out, inputs, parameters: seen.append(out)):
        run.gradients(train.take(np.arange(20)))
    assert len(seen) > 20
    parts = [np.concatenate([x.real.ravel(), x.imag.ravel()]) for x in (out.data for out in seen)]
    assert max(len(np.unique(x)) for x in parts) <= 2**bits
    gradients = [p.grad for p in run.trained.values() if p.grad is not None]
    assert len(gradients) == len(run.trained)
    assert max(len(np.unique(g)) for g in gradients) <= 2**bits


def test_many_bits_train_as_single_precision_does() -> None:
    settings = Settings(epochs=1, learning_rate=0.01)
    one, train, _ = digits()
    other, _, _ = digits()
    fit(one, train, settings=settings)
    fixed_point.train(other, train, settings, bits=22)
    with no_grad():
        a, b = one.infer(train.take(np.arange(50)).x), other.infer(train.take(np.arange(50)).x)
    assert np.abs(a - b).max() < 0.05 * a.std()
    # The control: few bits do not.
    coarse, _, _ = digits()
    fixed_point.train(coarse, train, settings, bits=6)
    with no_grad():
        assert np.abs(a - coarse.infer(train.take(np.arange(50)).x)).max() > 0.2 * a.std()


def test_stored_weights_have_few_values() -> None:
    network, train, _ = digits()
    fixed_point.train(network, train, Settings(epochs=1, learning_rate=0.01), bits=6, stores_rounded=True)
    assert all(len(np.unique(p.data)) <= 2**6 for p in network.named_parameters().values())
