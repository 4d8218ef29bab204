"""The gradient checker: its report, its tolerance by precision, and the errors that it finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import oracles
import pytest

from freqnet import ops
from freqnet.autodiff import Op, Tensor, check_gradients
from freqnet.errors import ConfigurationError, GradientError
from freqnet.spaces import Fourier

SPACE = Fourier.on((5, 4))


def test_check_reports_both_orders_and_the_tolerance_of_its_precision(rng: np.random.Generator) -> None:
    for dtype, tolerance in ((np.complex128, 1e-7), (np.complex64, 2e-2)):
        x = Tensor(oracles.spectrum(rng.standard_normal((2, 5, 4, 3)), SPACE.band).astype(dtype), SPACE)
        report = check_gradients(lambda x: ops.multiply(x, x), [x])
        assert report.tolerance == tolerance
        assert len(report.errors) == 2
        assert max(*report.errors, report.outside) < tolerance


def test_check_is_seeded_and_takes_another_tolerance() -> None:
    x = [Tensor(np.array([0.3, -1.2]))]
    assert check_gradients(ops.exp, x, seed=3) == check_gradients(ops.exp, x, seed=3)
    with pytest.raises(GradientError, match=r"order \d.*at most 1e-18"):
        check_gradients(ops.exp, x, tolerance=1e-18)


def test_check_finds_a_wrong_factor_in_single_precision() -> None:
    wrong = Op("", lambda x: Tensor(x.data**2), (lambda g, out, x: g * x * 1.8,), lambda out, x: 0, "x^2")
    with pytest.raises(GradientError, match="correct the vjp"):
        check_gradients(wrong, [Tensor(np.array([0.7, 1.3], np.float32))])


# -- no excuse for a wrong gradient ------------------------------------------------------------------
def planted(vjp: Callable[..., Tensor]) -> Op:
    """The cube of plain numbers with another gradient."""
    return Op("", lambda x: Tensor(x.data**3), (lambda g, out, x: vjp(g, x),), lambda out, x: 0, "x^3")


def masked(x: Tensor, index: int, factor: float) -> Tensor:
    factors = np.ones(x.shape)
    factors.flat[index] = factor
    return Tensor(factors)


VJPS = {
    "sign": lambda g, x: g * x * x * -3.0,
    "one element": lambda g, x: g * x * x * 3.0 * masked(x, 7, 0.99),
    "nan": lambda g, x: g * x * x * np.nan,
    "one nan": lambda g, x: g * x * x * 3.0 * masked(x, 7, np.nan),
    "infinite": lambda g, x: g * x * x * np.inf,
    "zero": lambda g, x: g * 0.0,
    "second order": lambda g, x: g * Tensor(3 * x.data**2),
}


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("kind", VJPS)
@pytest.mark.parametrize("beside", [False, True])
def test_check_finds_planted_faults(kind: str, beside: bool, rng: np.random.Generator) -> None:
    """Alone, and beside an input whose right gradient is a million times as large."""
    wrong, x = planted(VJPS[kind]), Tensor(rng.uniform(0.5, 1.5, 20))
    right = planted(lambda g, x: g * x * x * 3.0)
    assert max(check_gradients(right, [x]).errors) < 1e-7
    inputs = [x, Tensor(rng.standard_normal(5))] if beside else [x]
    function = (lambda x, y: wrong(x).sum() + (y * 1e6).sum()) if beside else wrong
    with pytest.raises(GradientError, match="gradient check of order"):
        check_gradients(function, inputs)


def test_check_finds_a_fault_in_one_mode_and_in_the_constant(rng: np.random.Generator) -> None:
    x = Tensor(oracles.spectrum(rng.standard_normal((2, 5, 4, 3)), SPACE.band), SPACE)
    for mode in [(0, 0), (1, 1), (2, 0)]:

        def vjp(g: Tensor, out: Tensor, x: Tensor, mode: tuple[int, int] = mode) -> Tensor:
            data = 2 * g.data
            data[mode] *= 1.001
            return Tensor(data, g.space)

        wrong = Op("", lambda x: Tensor(2 * x.data, x.space), (vjp,), lambda out, x: 0, "2 x")
        with pytest.raises(GradientError):
            check_gradients(wrong, [x])


def test_check_finds_outputs_that_are_not_finite_or_have_no_history() -> None:
    x = [Tensor(np.array([0.3, -1.2]))]
    for function in (
        lambda x: Tensor(x.data * 2),
        lambda x: x * Tensor(np.array([np.nan, 1.0])),
        lambda x: x * 2.0 + Tensor(np.full(2, np.inf)),
    ):
        with pytest.raises(GradientError), np.errstate(invalid="ignore"):
            check_gradients(function, x)


def test_check_does_not_accuse_small_derivatives_of_large_values(rng: np.random.Generator) -> None:
    """The differences have the rounding errors of the values."""
    for size in (1.0, 1e4, 1e8):
        check_gradients(lambda x, size=size: x * x + Tensor(np.full(3, size)), [Tensor(rng.standard_normal(3))])
    check_gradients(lambda x, y: x * 1e-6 + (y * y).sum(), [Tensor(rng.standard_normal(n)) for n in (3, 200)])
    check_gradients(lambda x: x * 0.0, [Tensor(rng.standard_normal(3))])


@pytest.mark.parametrize(
    "options",
    [{"order": 0}, {"order": 3}, {"order": True}, {"directions": 0}, {"tolerance": np.nan}, {"tolerance": -1.0}],
    ids=str,
)
def test_check_refuses_to_compare_nothing(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        check_gradients(ops.exp, [Tensor([1.0])], **options)
    with pytest.raises(ConfigurationError, match="inputs: got none"):
        check_gradients(ops.exp, [])
