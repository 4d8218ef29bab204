"""Negative controls of the Laplace domain's contract: each breaks one verb, and must fail the check of this verb."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import prod

import laplace_adjoint_checks  # noqa: F401  (adds its checks to CHECKS)
import numpy as np
import pytest
from laplace_checks import CHECKS, Case
from laplace_oracles import eighty_digits  # noqa: F401  (a fixture that every test uses)

from freqnet.spaces import DOMAINS, Laplace, Nodes


class FoldsTwice(Laplace):
    """Multiply an adjoint by a wrong factor."""

    def alias(self, array, coarse, stride, adjoint):
        return super().alias(array, coarse, stride, adjoint) * (2 if adjoint else 1)


class PullsBackAsIfOrthonormal(Laplace):
    """Use the product as its own adjoint, as if stored numbers were orthonormal."""

    def multiply(self, a, b, other, band):
        return Laplace.multiply(replace(self, dual=False), a, b, other, band)


class ChangesGradientsAsSignals(Laplace):
    def change_band(self, array, band):
        return Laplace.change_band(replace(self, dual=False), array, band)


class KeepsTheLargestRates(Laplace):
    def change_band(self, array, band):
        if max(b - m for b, m in zip(band, self.band, strict=True)) > 0:
            return super().change_band(array, band)
        return array[tuple(slice(m - b, None) for b, m in zip(band, self.band, strict=True))]


class ReversesNodes(Laplace):
    def channel_product(self, a, b, form, groups, size):
        return super().channel_product(a, b[::-1], form, groups, size)


class WithoutTheLastForm(Laplace):
    """Multiply node by node along the last axis, as if its form were diagonal."""

    def forms(self, other, band):
        forms = super().forms(other, band)
        k, i, j = np.indices(forms[-1].shape)
        return [*forms[:-1], ((k == i) & (i == j)).astype(float)]

    def product_error(self, *what):
        return 0.0


class MeanOverNodes(Laplace):
    """Divide the mean by the number of nodes, not of samples."""

    def mean(self, array):
        return super().mean(array) * (prod(self.grid) / prod(self.shape))


class ForgetsTheOrigin(Laplace):
    def sample_modes(self, samples):
        return Laplace.sample_modes(replace(self, origin=None), samples)

    def synthesis(self, array, grid):
        return Laplace.synthesis(replace(self, origin=None), array, grid)

    def indicator(self, size, precision):
        return Laplace.indicator(replace(self, origin=None), size, precision)


class LooksBack(Laplace):
    """Do not move sample 0 for averages and kernels, so that they use the last samples, not the next."""

    def after_window(self, window, adjoint):
        return self.unbounded

    def response(self, ahead=()):
        return super().response()

    def after_kernel(self, size, ahead):
        return super().after_kernel(size, (0,) * self.ndim)


class UndividedAverage(Laplace):
    def average(self, array, window, method, adjoint):
        return super().average(array, window, method, adjoint) * prod(window)


class EvenCoordinates(Laplace):
    """Use stored numbers as coordinates."""

    def coordinates(self, array):
        return array.reshape(-1, *array.shape[self.ndim :])


class MapsNothing(Laplace):
    def riesz(self, array):
        return array


class KeepsFromTheStart(Laplace):
    """Keep every stride-th sample from the first place, not from sample 0."""

    def alias(self, array, coarse, stride, adjoint):
        return Laplace.alias(replace(self, origin=None), array, coarse, stride, adjoint)


class ShiftsTheOtherWay(Laplace):
    def shift(self, array, samples):
        for index, own in enumerate(self.tables):
            shape = (1,) * index + (-1,) + (1,) * (array.ndim - 1 - index)
            array = array * (own.z ** -np.atleast_2d(samples)[0, index]).reshape(shape)
        return array


class DrawsNodes(Laplace):
    """Draw standard normal numbers at the nodes, not as coordinates."""

    def random(self, like, generator):
        return generator.standard_normal(like.shape).astype(like.dtype)


class StretchesSamples(Laplace):
    def synthesis(self, array, grid):
        return super().synthesis(array, grid) * (1 if self.dual else 1.0001)


class SumsGradients(Laplace):
    """Do not divide the gradient of samples into a density."""

    def sample_modes(self, samples):
        return super().sample_modes(samples) * (prod(samples.shape[1:-1]) if self.dual else 1)


class AveragesSamples(Laplace):
    """Use the mean of the samples for that of the continuous signal."""

    def average(self, array, window, method, adjoint):
        return super().average(array, window, "dirichlet", adjoint)


class GathersBackwards(Laplace):
    def frequency_response_adjoint(self, response, kernel, size):
        return super().frequency_response_adjoint(response, kernel, size)[::-1]


class MakesNodes(Laplace):
    """Return products with more nodes than a grid has."""

    def clip_band(self, band):
        return band


BROKEN: tuple[tuple[type[Laplace], str, str], ...] = (
    (FoldsTwice, "adjoints_of_aliasing_averages_and_shifts", "full"),
    (PullsBackAsIfOrthonormal, "adjoints_of_products", "full"),
    (PullsBackAsIfOrthonormal, "adjoint_of_the_quadratic", "full"),
    (ChangesGradientsAsSignals, "adjoints_of_bands", "truncated"),
    (KeepsTheLargestRates, "bands_of_change", "full"),
    (ReversesNodes, "convolution", "full"),
    (ReversesNodes, "centred_and_causal_kernels", "full"),
    (ReversesNodes, "adjoints_of_channel_products", "full"),
    (WithoutTheLastForm, "products", "full"),
    (WithoutTheLastForm, "squares", "full"),
    (MeanOverNodes, "statistics", "truncated"),
    (MeanOverNodes, "moments", "truncated"),
    (ForgetsTheOrigin, "round_trip", "later"),
    (ForgetsTheOrigin, "windows", "later"),
    (ForgetsTheOrigin, "shifts_back", "full"),
    (LooksBack, "window_ahead", "full"),
    (LooksBack, "centred_and_causal_kernels", "full"),
    (UndividedAverage, "moving_averages", "full"),
    (EvenCoordinates, "orthonormal_coordinates", "full"),
    (MapsNothing, "signals_as_gradients", "full"),
    (MapsNothing, "statistics", "full"),
    (KeepsFromTheStart, "aliasing", "later"),
    (ShiftsTheOtherWay, "shifts", "full"),
    (DrawsNodes, "random_elements", "full"),
    (StretchesSamples, "truncation_is_the_nearest_signal", "full"),
    (StretchesSamples, "round_trip", "truncated"),
    (SumsGradients, "adjoints_of_the_transforms", "full"),
    (AveragesSamples, "continuous_averages", "positive"),
    (MeanOverNodes, "adjoints_of_the_mean_and_of_coordinates", "truncated"),
    (GathersBackwards, "adjoints_of_kernels", "full"),
    (MakesNodes, "bands_of_products", "full"),
)


def broken_case(kind: type[Laplace], which: str, rng: np.random.Generator) -> Case:
    nodes = Nodes("chebyshev-positive") if which == "positive" else Nodes()
    domain = partial(kind.on, nodes=nodes)
    space = domain((6, 3) if which == "full" else (6,))
    if which == "truncated":
        space = space.with_band((3,))
    return Case(domain, space.moved((1,)) if which == "later" else space, rng)


@pytest.mark.parametrize(("kind", "name", "which"), BROKEN, ids=lambda v: v.__name__ if isinstance(v, type) else v)
def test_a_broken_domain_fails(kind: type[Laplace], name: str, which: str, rng: np.random.Generator) -> None:
    CHECKS[name](broken_case(Laplace, which, rng))
    with pytest.raises(AssertionError):
        CHECKS[name](broken_case(kind, which, rng))


def test_every_check_has_a_negative_control() -> None:
    assert {name for _, name, _ in BROKEN} == CHECKS.keys()


def test_negative_controls_are_not_registered() -> None:
    registered = {type(make(1)) for make in DOMAINS.values()}
    assert not {kind for kind, _, _ in BROKEN} & registered
