"""Adjoint pairs of a domain's verbs: <u, A v> = <A* u, v> in the spaces' inner products."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
from domain_checks import Case, check, kernels, strides, windows
from oracles import assert_close

from freqnet.domains import Space

Verb = Callable[[np.ndarray], np.ndarray]
TOLERANCE = 1e-12


def adjoint(case: Case, there: Verb, back: Verb, target: Space, what: str) -> None:
    """Fail unless `back` is the adjoint of `there`, from the case's space to `target`."""
    (_, v), (_, u) = case.draw(), case.draw(target)
    folded = back(u)
    assert_close(case.inner(folded, v), target.inner(u, there(v)), f"adjoint of {what}", TOLERANCE)
    assert_close(case.space.project(folded), folded, f"adjoint of {what}, in the space", TOLERANCE)


@check
def adjoint_of_the_transforms(case: Case) -> None:
    domain, space = case.domain, case.space
    _, u = case.draw()
    samples = case.rng.standard_normal((2, *case.grid, 2))
    mean = (domain.synthesis(u, space, case.grid) * samples).sum() / prod(case.grid)
    assert_close(case.inner(u, domain.sample_modes(samples, space)), mean, "adjoint of synthesis", TOLERANCE)

    def split(x: np.ndarray) -> np.ndarray:
        return domain.split_nyquist(x, space, case.grid)

    adjoint(case, split, split, space, "split_nyquist")


@check
def adjoint_of_a_change_of_band(case: Case) -> None:
    for band in case.bands():
        target = case.space.with_band(band)
        there = lambda v, band=band: case.domain.change_band(v, case.space, band)
        back = lambda u, target=target: case.domain.change_band(u, target, case.band)
        adjoint(case, there, back, target, f"band {band}")


@check
def adjoint_of_resampling(case: Case) -> None:
    for grid in ([n + 1 for n in case.grid], [2 * n for n in case.grid], [(n + 1) // 2 for n in case.grid]):
        target = case.domain.space(tuple(grid))
        there = lambda v, target=target: case.domain.resample(v, case.space, target)
        back = lambda u, target=target: case.domain.resample(u, target, case.space)
        adjoint(case, there, back, target, f"resample to {grid}")


@check
def adjoint_of_aliasing(case: Case) -> None:
    for stride in strides(case.grid):
        target = case.domain.space(tuple(n // s for n, s in zip(case.grid, stride, strict=True)))
        there = lambda v, t=target, s=stride: case.domain.alias(v, case.space, t, s, False)
        back = lambda u, t=target, s=stride: case.domain.alias(u, case.space, t, s, True)
        adjoint(case, there, back, target, f"stride {stride}")


@check
def adjoint_of_averages(case: Case) -> None:
    for window in windows(case.grid):
        for method in ("dirichlet", "sinc"):
            there = lambda v, w=window, m=method: case.domain.average(v, case.space, w, m, False)
            back = lambda u, w=window, m=method: case.domain.average(u, case.space, w, m, True)
            adjoint(case, there, back, case.space, f"{method} average over {window}")


@check
def adjoint_of_shifts(case: Case) -> None:
    by = case.rng.uniform(-2, 2, (2, len(case.grid)))
    there = lambda v: case.domain.shift(v, case.space, by)
    adjoint(case, there, lambda u: case.domain.shift(u, case.space, -by), case.space, "shift")


@check
def adjoint_of_the_mean_and_of_coordinates(case: Case) -> None:
    domain, space = case.domain, case.space
    _, v = case.draw()
    u = case.rng.standard_normal((2, 2))
    assert_close(case.inner(domain.constant(u, space), v), (u * domain.mean(v, space)).sum(), "mean", TOLERANCE)
    values = case.rng.standard_normal((domain.coordinate_count(space), 2, 2))
    element = domain.from_coordinates(values, space)
    expected = (values * domain.coordinates(v, space)).sum()
    assert_close(case.inner(element, v), expected, "adjoint of coordinates", TOLERANCE)
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
        there = lambda v, f=factor, n=(a.band, b.band, c.band): case.domain.multiply(v, f, n, case.grid)
        back = lambda u, f=factor, n=(c.band, b.band, a.band): case.domain.multiply(u, f, n, case.grid)
        adjoint(case, there, back, c, f"a product, bands {a.band}, {b.band}, {c.band}")


@check
def adjoint_of_kernels(case: Case) -> None:
    response = case.domain.space(case.grid, case.band, "response")
    for kernel, size, matrix, _, _ in kernels(case):
        theta, other = case.rng.standard_normal((2, matrix.shape[1], 2, 3))
        v, u = (case.domain.respond(t, kernel, size, response) for t in (theta, other))
        folded = case.domain.respond_adjoint(u, kernel, size, response)
        assert folded.dtype == np.float64
        assert_close((folded * theta).sum(), response.inner(u, v), f"adjoint of a {kernel} kernel", TOLERANCE)


@check
def adjoint_of_channel_products(case: Case) -> None:
    domain, response = case.domain, case.domain.space(case.grid, case.band, "response")
    for kernel, size, matrix, _, _ in kernels(case):
        for groups, inputs, outputs in ((1, 2, 3), (2, 4, 2), (3, 3, 3)):
            theta = case.rng.standard_normal((matrix.shape[1], inputs // groups, outputs))
            h = domain.respond(theta, kernel, size, response)
            extent = h.shape[: len(case.grid)]
            (_, x), (_, g) = case.draw(channels=inputs), case.draw(channels=outputs)
            expected = case.inner(g, domain.channel_product(x, h, "forward", groups, extent))
            to_input = domain.channel_product(g, h, "input", groups, extent)
            assert_close(case.inner(to_input, x), expected, f"{kernel} kernel, input", TOLERANCE)
            to_response = domain.channel_product(x, g, "response", groups, extent)
            assert to_response.shape == h.shape
            assert_close(response.inner(to_response, h), expected, f"{kernel} kernel, response", TOLERANCE)
