"""Errors of single operations, their bounds, and domains that are wrong on purpose."""

from __future__ import annotations

import numpy as np
import pytest

from freqnet.errors import ConfigurationError
from freqnet.experiments import error_bounds, operation_errors
from freqnet.spaces import DOMAINS, Hartley, Laplace, get_domain


@pytest.mark.parametrize("domain", [*DOMAINS, "laplace:factored"])
def test_operation_errors(domain: str) -> None:
    single, double = operation_errors(domain, np.float32), operation_errors(domain)
    assert single.keys() == double.keys()
    assert min(single.values()) > 1e-9
    for errors, bounds in ((single, error_bounds(domain, np.float32)), (double, error_bounds(domain))):
        assert all(error <= bounds[name] for name, error in errors.items()), (errors, bounds)
    assert max(error_bounds(domain).values()) < 1e-10


@pytest.mark.parametrize("domain", ["laplace:chebyshev-positive", "laplace:rates", "laplace:rates=0.5:factored"])
def test_what_a_precision_does_not_hold_has_no_errors(domain: str) -> None:
    with pytest.raises(ConfigurationError, match="float32 numbers: got condition number"):
        operation_errors(domain, np.float32)
    errors, bounds = operation_errors(domain), error_bounds(domain)
    assert all(error <= bounds[name] for name, error in errors.items()), (errors, bounds)


def test_bounds_follow_the_condition_number() -> None:
    space = get_domain("laplace")((7, 6))
    loss = float(np.prod(space.condition_numbers)) * 2.0**-52
    bounds, flat = error_bounds("laplace"), error_bounds("fourier")
    assert set(flat.values()) == {(32 + 1 / 8) * 2.0**-52}
    assert bounds["mean"] == pytest.approx(32 * 2.0**-52 + loss / 8)
    assert bounds["product"] == pytest.approx(32 * 2.0**-52 + loss**2 * 2.0**52 / 256)
    assert error_bounds("laplace:factored")["product"] == bounds["mean"]
    # Errors of real nodes exceed the bound for Fourier, and those of the bilinear form exceed the bound on samples.
    errors = operation_errors("laplace")
    assert errors["convolution"] > flat["convolution"]
    assert errors["product"] > bounds["mean"]


def test_operations_of_too_few_nodes_are_not_tried() -> None:
    with pytest.raises(ConfigurationError, match="as many as samples"):
        operation_errors("laplace:nodes=0.9,0.5")


@pytest.mark.parametrize("verb", ["shift", "average", "change_band"])
def test_a_wrong_operation_of_a_causal_domain_is_seen(monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    right = getattr(Laplace, verb)
    monkeypatch.setattr(Laplace, verb, lambda self, array, *words: 1.01 * right(self, array, *words))
    name = {"change_band": "truncation"}.get(verb, verb)
    errors, bounds = operation_errors("laplace"), error_bounds("laplace")
    assert errors[name] > 1e-3
    assert all(errors[other] <= bounds[other] for other in ("convolution", "product", "mean", "power"))


def test_a_wrong_operation_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Hartley.shift
    monkeypatch.setattr(Hartley, "shift", lambda self, array, samples: right(self, array, -samples))
    errors = operation_errors("hartley")
    assert errors["shift"] > 0.1
    assert errors["product"] < 1e-13
