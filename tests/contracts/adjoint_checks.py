"""Adjoint pairs of a domain's verbs: <u, A v> = <A* u, v> in the spaces' inner products."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from domain_checks import Case, check, kernels, strides, windows
from oracles import assert_close

from freqnet.spaces import Space

Verb = Callable[[np.ndarray], np.ndarray]
TOLERANCE = 1e-12


def adjoint(case: Case, there: Verb, back: Verb, target: Space, what: str) -> None:
    """Raise AssertionError unless `back` is the adjoint of `there`, from the case's space to `target`."""
    (_, v), (_, u) = case.draw(), case.draw(target)
    folded = back(u)
    assert_close(case.vdot(folded, v), target.vdot(u, there(v)), f"adjoint of {what}", TOLERANCE)
    assert_close(case.space.project(folded), folded, f"adjoint of {what}, in the space", TOLERANCE)


@check
def adjoint_of_the_transforms(case: Case) -> None:
    space = case.space
    _, u = case.draw()
    samples = case.rng.standard_normal((2, *case.grid, 2))
    mean = (space.synthesis(u, case.grid) * samples).sum() / prod(case.grid)
    assert_close(case.vdot(u, space.sample_modes(samples)), mean, "adjoint of synthesis", TOLERANCE)

    def split(x: np.ndarray) -> np.ndarray:
        return space.split_nyquist(x, case.grid)

    adjoint(case, split, split, space, "split_nyquist")


@check
def adjoint_of_a_change_of_band(case: Case) -> None:
    for band in case.bands():
        target = case.space.with_band(band)
        there = lambda v, band=band: case.space.change_band(v, band)
        back = lambda u, target=target: target.change_band(u, case.band)
        adjoint(case, there, back, target, f"band {band}")


@check
def adjoint_of_resampling(case: Case) -> None:
    for grid in ([n + 1 for n in case.grid], [2 * n for n in case.grid], [(n + 1) // 2 for n in case.grid]):
        target = case.domain(tuple(grid))
        there = lambda v, target=target: case.space.resample(v, target)
        back = lambda u, target=target: target.resample(u, case.space)
        adjoint(case, there, back, target, f"resample to {grid}")


@check
def adjoint_of_aliasing(case: Case) -> None:
    for stride in strides(case.grid):
        target = case.domain(tuple(n // s for n, s in zip(case.grid, stride, strict=True)))
        there = lambda v, t=target, s=stride: case.space.alias(v, t, s, False)
        back = lambda u, t=target, s=stride: case.space.alias(u, t, s, True)
        adjoint(case, there, back, target, f"stride {stride}")


@check
def adjoint_of_averages(case: Case) -> None:
    for window in windows(case.grid):
        for method in ("dirichlet", "sinc"):
            there = lambda v, w=window, m=method: case.space.average(v, w, m, False)
            back = lambda u, w=window, m=method: case.space.average(u, w, m, True)
            adjoint(case, there, back, case.space, f"{method} average over {window}")


@check
def adjoint_of_shifts(case: Case) -> None:
    by = case.rng.uniform(-2, 2, (2, len(case.grid)))
    there = lambda v: case.space.shift(v, by)
    adjoint(case, there, lambda u: case.space.shift(u, -by), case.space, "shift")


@check
def adjoint_of_the_mean_and_of_coordinates(case: Case) -> None:
    space = case.space
    _, v = case.draw()
    u = case.rng.standard_normal((2, 2))
    assert_close(case.vdot(space.constant(u), v), (u * space.mean(v)).sum(), "mean", TOLERANCE)
    values = case.rng.standard_normal((space.coordinate_count, 2, 2))
    element = space.from_coordinates(values)
    expected = (values * space.coordinates(v)).sum()
    assert_close(case.vdot(element, v), expected, "adjoint of coordinates", TOLERANCE)
    assert_close(space.project(element), element, "from_coordinates, in the space", TOLERANCE)


@check
def adjoint_of_products(case: Case) -> None:
    narrow = case.narrow(2)
    for a, b, c in (
        (case.space, case.space, case.space),
        (case.space, narrow, case.space),
        (case.space, case.space, narrow),
    ):
        _, factor = case.draw(b)
        there = lambda v, f=factor, n=(a.band, b.band, c.band): case.domain(case.grid, n[0]).multiply(v, f, n[1], n[2])
        back = lambda u, f=factor, n=(c.band, b.band, a.band): case.domain(case.grid, n[0]).multiply(u, f, n[1], n[2])
        adjoint(case, there, back, c, f"a product, bands {a.band}, {b.band}, {c.band}")


@check
def adjoint_of_kernels(case: Case) -> None:
    response = case.domain(case.grid, case.band, "response")
    for kernel, size, matrix, _, _ in kernels(case):
        theta, other = case.rng.standard_normal((2, matrix.shape[1], 2, 3))
        v, u = (response.frequency_response(t, kernel, size) for t in (theta, other))
        folded = response.frequency_response_adjoint(u, kernel, size)
        assert folded.dtype == np.float64
        assert_close((folded * theta).sum(), response.vdot(u, v), f"adjoint of a {kernel} kernel", TOLERANCE)


@check
def adjoint_of_channel_products(case: Case) -> None:
    space, response = case.space, case.space.response()
    for kernel, size, matrix, _, _ in kernels(case):
        for groups, inputs, outputs in ((1, 2, 3), (2, 4, 2), (3, 3, 3)):
            theta = case.rng.standard_normal((matrix.shape[1], inputs // groups, outputs))
            h = response.frequency_response(theta, kernel, size)
            extent = h.shape[: len(case.grid)]
            (_, x), (_, g) = case.draw(channels=inputs), case.draw(channels=outputs)
            expected = case.vdot(g, space.channel_product(x, h, "forward", groups, extent))
            to_input = space.channel_product(g, h, "input", groups, extent)
            assert_close(case.vdot(to_input, x), expected, f"{kernel} kernel, input", TOLERANCE)
            to_response = space.channel_product(x, g, "response", groups, extent)
            assert to_response.shape == h.shape
            assert_close(response.vdot(to_response, h), expected, f"{kernel} kernel, response", TOLERANCE)
