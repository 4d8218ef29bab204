"""The contract of an op, for every op in the registry: derivative rules, cost, source, precision."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from op_examples import EXAMPLES, element, gradient_tolerance, numbers
from op_examples import GENERATOR as GENERATOR  # its numbers begin anew with each test: see conftest.py

import freqnet.ops  # noqa: F401  (registers the ops)
from freqnet.autodiff import OPS, Op, Tensor, check_gradients
from freqnet.errors import GradientError
from freqnet.spaces import Fourier


def output(found: Tensor | tuple[Tensor, Tensor]) -> Tensor:
    """The output of an op, without the values that it saves."""
    return found[0] if isinstance(found, tuple) else found


def check_declarations(op: Op, inputs: list[Tensor], parameters: dict) -> None:
    out = output(op(*inputs, **parameters))
    cost = op.cost(out, *inputs, **parameters)
    assert isinstance(cost, (int, np.integer)), f"{op.name}: cost {cost!r} is not an integer"
    assert cost >= 0, f"{op.name}: cost {cost} is negative"
    if not callable(op.vjps):
        assert len(op.vjps) == len(inputs), f"{op.name}: {len(op.vjps)} vjps for {len(inputs)} inputs"
    assert op.source.strip(), f"{op.name}: no source"


@pytest.mark.parametrize("name", sorted(OPS))
def test_op_has_examples(name: str) -> None:
    assert name in EXAMPLES, f"the op {name!r} needs an entry in tests/contracts/op_examples.py"
    assert len(EXAMPLES[name]()) > 1


def test_examples_name_ops_that_exist() -> None:
    assert set(EXAMPLES) <= set(OPS)


# Of the second order, the default tests check every example of few, and a third of many, drawn at random.
@pytest.mark.parametrize("name", sorted(EXAMPLES))
@pytest.mark.parametrize("is_whole", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["some", "all"])
def test_gradients_of_first_and_second_order(name: str, is_whole: bool, rng: np.random.Generator) -> None:
    examples = list(EXAMPLES[name]())
    for inputs, parameters in examples:
        order = 2 if is_whole or len(examples) < 10 or rng.random() < 1 / 3 else 1
        function = lambda *x, p=parameters: output(OPS[name](*x, **p))
        report = check_gradients(function, inputs, order=order, directions=1, tolerance=gradient_tolerance(inputs))
        assert len(report.errors) == order


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_cost_source_and_vjps_are_declared(name: str) -> None:
    for inputs, parameters in EXAMPLES[name]():
        check_declarations(OPS[name], inputs, parameters)


# The op "cast" changes the precision.
@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - {"cast"}))
def test_op_keeps_single_precision_and_leaves_its_inputs_alone(name: str) -> None:
    for inputs, parameters in EXAMPLES[name]():
        single = [Tensor(x.data.astype("c8" if np.iscomplexobj(x.data) else "f4"), x.space) for x in inputs]
        before = [x.data.copy() for x in single]
        out, double = (output(OPS[name](*x, **parameters)) for x in (single, inputs))
        assert out.data.real.dtype == np.float32
        np.testing.assert_allclose(out.data, double.data, rtol=1e-4, atol=1e-4)
        assert all(np.array_equal(x.data, b) for x, b in zip(single, before, strict=True))


# -- negative controls: ops that are wrong on purpose, never registered ---------------------------------
SPACE, RESPONSE = Fourier.on((5, 4)), Fourier.on((5, 4), kind="response")
MULTIPLY, SQUARE, CONVOLVE = OPS["multiply"], OPS["square"], OPS["convolve"]


def changed(op: Op, *vjps: Callable[..., Tensor]) -> Op:
    return Op(f"broken {op.name}", op.forward, vjps, op.cost, op.source)


def plain_square(vjp: Callable[..., Tensor]) -> Op:
    return Op("broken square", lambda x: Tensor(x.data**2), (vjp,), lambda out, x: out.data.size, "x^2")


def imaginary_mean(g: Tensor, out: Tensor, x: Tensor) -> Tensor:
    """A gradient that is right along every real signal, but whose DC mode has an imaginary part."""
    data = g.data.copy()
    data[*x.space.band[:-1], 0] += 0.1j
    return Tensor(-data, g.space)


WRONG_IN_FIRST_ORDER = {
    "a factor of numbers": (plain_square(lambda g, out, x: OPS["elementwise"](g, x)), [numbers(2, 3)], {}),
    "a factor of spectra": (
        changed(SQUARE, lambda g, out, x, band: MULTIPLY(g, x, band=x.space.band)),
        [element(SPACE)],
        {"band": SPACE.band},
    ),
    "a conjugate": (
        changed(CONVOLVE, lambda g, out, x, h, **p: CONVOLVE(g, h, **p), CONVOLVE.vjps[1]),
        [element(SPACE, 2, 1), element(RESPONSE, 1, 1)],
        {"size": (1, 1), "groups": 1},
    ),
    "not Hermitian": (changed(OPS["negate"], imaginary_mean), [element(SPACE)], {}),
    "another shape": (
        changed(OPS["add"], lambda g, out, a, b: g, lambda g, out, a, b: g),
        [numbers(2, 3), numbers(1, 3)],
        {},
    ),
}


@pytest.mark.parametrize("what", WRONG_IN_FIRST_ORDER)
def test_a_wrong_gradient_fails_in_first_order(what: str) -> None:
    op, inputs, parameters = WRONG_IN_FIRST_ORDER[what]
    with pytest.raises(GradientError, match="gradient"):
        check_gradients(lambda *x: op(*x, **parameters), inputs, order=1)


WRONG_IN_SECOND_ORDER = {
    "numbers": (plain_square(lambda g, out, x: Tensor(2 * g.data * x.data)), [numbers(2, 3)], {}),
    "spectra": (
        changed(SQUARE, lambda g, out, x, band: Tensor(2 * MULTIPLY(g, x, band=x.space.band).data, x.space)),
        [element(SPACE)],
        {"band": SPACE.band},
    ),
}


@pytest.mark.parametrize("what", WRONG_IN_SECOND_ORDER)
def test_a_gradient_off_the_tape_passes_first_and_fails_second_order(what: str) -> None:
    op, inputs, parameters = WRONG_IN_SECOND_ORDER[what]
    check_gradients(lambda *x: op(*x, **parameters), inputs, order=1)
    with pytest.raises(GradientError, match="order 2"):
        check_gradients(lambda *x: op(*x, **parameters), inputs, order=2)


def test_an_op_without_cost_source_or_vjp_fails() -> None:
    good = OPS["negate"]
    for wrong in (
        Op("x", good.forward, good.vjps, lambda out, x: -1, "y"),
        Op("x", good.forward, good.vjps, lambda out, x: 1.5, "y"),
        Op("x", good.forward, good.vjps, good.cost, " "),
        Op("x", good.forward, (), good.cost, "y"),
    ):
        with pytest.raises(AssertionError, match="x: "):
            check_declarations(wrong, [numbers(2)], {})


def test_negative_controls_are_not_registered() -> None:
    assert not any("broken" in name for name in OPS)
