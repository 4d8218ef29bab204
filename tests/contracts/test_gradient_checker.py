"""The gradient checker: its report, its tolerance by precision, and the errors that it finds."""

from __future__ import annotations

import numpy as np
import oracles
import pytest

from freqnet import ops
from freqnet.autodiff import Op, Tensor, check_gradients
from freqnet.errors import GradientError
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
    with pytest.raises(GradientError, match=r"order 1.*at most 1e-18"):
        check_gradients(ops.exp, x, tolerance=1e-18)


def test_check_finds_a_wrong_factor_in_single_precision() -> None:
    wrong = Op("", lambda x: Tensor(x.data**2), (lambda g, out, x: g * x * 1.8,), lambda out, x: 0, "x^2")
    with pytest.raises(GradientError, match="correct the vjp"):
        check_gradients(wrong, [Tensor(np.array([0.7, 1.3], np.float32))])
