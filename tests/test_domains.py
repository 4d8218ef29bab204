"""Properties of single domains: storage of spectra, spaces, parametrisations, counted transforms, messages.

`contracts/test_domain_contract.py` tests what all domains share.
"""

from __future__ import annotations

import numpy as np
import oracles
import pytest

from freqnet import ops
from freqnet.autodiff import Tensor
from freqnet.errors import ConfigurationError, ShapeError, SpaceError, TransformError
from freqnet.spaces import (
    DOMAINS,
    KERNELS,
    Fourier,
    Grid,
    NodeSpace,
    get_domain,
    no_transforms,
    parametrisations,
    transform_count,
)
from freqnet.spaces.base import per_axis, require_signal

GRIDS = [(1,), (2,), (5,), (8,), (16,), (2, 3), (7, 4), (9, 9), (3, 2, 5), (4, 3, 3)]
Axes = tuple[int, ...]


# -- storage of spectra ----------------------------------------------------------------------------------
@pytest.mark.parametrize("grid", GRIDS)
def test_coefficients_are_centred_halved_and_divided_by_the_samples(grid: Axes, rng: np.random.Generator) -> None:
    raw = rng.standard_normal((2, *grid, 3))
    space = Fourier.on(grid)
    array = space.analysis(raw)
    assert space.band == tuple((n - 1) // 2 for n in grid)
    assert array.shape == (*(2 * m + 1 for m in space.band[:-1]), space.band[-1] + 1, 2, 3)
    oracles.assert_close(array, oracles.spectrum(raw, space.band), "coefficients")


@pytest.mark.parametrize("grid", GRIDS)
def test_zero_mode_is_the_mean_and_its_column_is_hermitian(grid: Axes, rng: np.random.Generator) -> None:
    raw = rng.standard_normal((2, *grid, 3))
    space = Fourier.on(grid)
    array = space.analysis(raw)
    oracles.assert_close(array[*space.band[:-1], 0], raw.mean(tuple(range(1, 1 + len(grid)))) + 0j, "mean")
    column = array[(slice(None),) * (len(grid) - 1) + (0,)]
    oracles.assert_close(column, np.flip(column, tuple(range(len(grid) - 1))).conj(), "mirror")


@pytest.mark.parametrize("grid", [(2,), (8,), (2, 3), (4, 6), (4, 3, 2)])
def test_a_split_nyquist_mode_makes_the_round_trip_lossless(grid: Axes, rng: np.random.Generator) -> None:
    raw = rng.standard_normal((2, *grid, 3))
    whole = Fourier.on(grid, tuple(n // 2 for n in grid))
    split = ops.analysis(raw, whole, nyquist="split")
    oracles.assert_close(split.data, oracles.spectrum(raw, whole.band, split=True), "shared by +-n/2")
    oracles.assert_close(ops.synthesis(split).data, raw, "round trip")
    dropped = ops.synthesis(ops.analysis(raw, Fourier.on(grid))).data
    oracles.assert_close(dropped, oracles.project(raw, tuple((n - 1) // 2 for n in grid)), "dropped by default")
    with pytest.raises(ConfigurationError, match=r"with the Nyquist mode.*pass nyquist='split'"):
        ops.analysis(raw, whole)


def test_response_is_not_divided_by_the_samples() -> None:
    taps = np.array([0.5, -1.0, 2.0]).reshape(3, 1, 1)
    space = Fourier.on(7, kind="response")
    k = np.arange(4)
    expected = sum(t * np.exp(-2j * np.pi * k * n / 7) for t, n in zip((0.5, -1.0, 2.0), (-1, 0, 1), strict=True))
    oracles.assert_close(space.frequency_response(taps, "taps", (3,)).ravel(), expected, "response")


def test_inner_product_of_taps_is_their_sum(rng: np.random.Generator) -> None:
    a, b = rng.standard_normal((2, 3, 2, 2))
    assert Grid.on(5, kind="response").vdot(a, b) == pytest.approx((a * b).sum())
    assert Grid.on(5).vdot(np.ones((5, 1, 1)), np.ones((5, 1, 1))) == pytest.approx(1)


def test_a_coarser_grid_aliases_the_spectrum(rng: np.random.Generator) -> None:
    fine = oracles.project(rng.standard_normal((2, 12, 1)), (5,))
    array = Fourier.on(12).analysis(fine)
    oracles.assert_close(Fourier.on(12).synthesis(array, (4,)), fine[:, ::3], "every third sample")


# -- parametrisations --------------------------------------------------------------------------------------
@pytest.mark.parametrize("size", [(1,), (2,), (3,), (5,), (6,), (2, 3), (4, 4), (3, 2, 2)])
def test_spectral_taps_are_an_orthonormal_basis(size: Axes) -> None:
    matrix = parametrisations.orthonormal_taps(size)
    oracles.assert_close(matrix.T @ matrix, np.eye(len(matrix)), "orthonormal")


@pytest.mark.parametrize("size", [(1,), (2,), (3,), (4,), (5,), (2, 3)])
def test_sinc_interpolation_equals_zero_padding_the_taps(size: Axes) -> None:
    grid, band = (7, 8)[: len(size)], (3, 3)[: len(size)]
    zero_padded = parametrisations.tap_response(size, grid, band) @ oracles.tap_matrix("sinc", size)
    oracles.assert_close(parametrisations.sinc_response(size, grid, band), zero_padded, "sinc")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_dirichlet_kernel_is_the_mean_of_its_waves(size: int) -> None:
    angle = np.array([0, 1e-7, 0.3, np.pi, -2.5, 2 * np.pi, -2 * np.pi, 4 * np.pi, 6 * np.pi + 1e-3])
    expected = np.exp(1j * np.outer(angle, np.arange(size) - (size - 1) // 2)).mean(axis=1)
    oracles.assert_close(parametrisations.dirichlet(angle, size), expected, "Dirichlet")


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_domain_convolves_alike(kernel: str, rng: np.random.Generator) -> None:
    grid, size = (5, 7), (3, 2)
    raw = rng.standard_normal((2, *grid, 2))
    theta = Tensor(rng.standard_normal((35 if kernel == "modes" else 6, 2, 3)))
    outputs = []
    for domain in (make for make in DOMAINS.values() if not isinstance(make(1), NodeSpace)):
        space = domain(grid)
        h = ops.frequency_response(theta, space, kernel, size)
        outputs.append(ops.synthesis(ops.convolve(ops.analysis(raw, space), h, size)).data)
    for other in outputs[1:]:
        oracles.assert_close(other, outputs[0], kernel)


# -- spaces ------------------------------------------------------------------------------------------------
def test_spaces_compare_by_domain_grid_band_and_kind_only() -> None:
    space = Fourier.on((8, 5), 2)
    assert space == Fourier.on([8, 5], (2, 2), support=(3, 3))
    assert hash(space) == hash(Fourier.on((8, 5), 2))
    others = (
        Grid.on((8, 5), 2),
        Fourier.on((8, 6), 2),
        Fourier.on((8, 5)),
        Fourier.on((8, 5), 2, "response"),
    )
    assert all(space != other for other in others)
    assert str(space) == "fourier signal, grid 8x5, band 2x2"
    assert space.with_band((1, 0)) == Fourier.on((8, 5), (1, 0))


def test_largest_bands() -> None:
    assert Fourier.on((1, 2, 5, 8)).band == (0, 0, 2, 3)
    assert Grid.on((1, 2, 5, 8)).band == (0, 1, 2, 4)


def test_spaces_that_make_no_sense_are_refused() -> None:
    for wrong, message in (
        (lambda: Fourier.on(0), "grid: got .*at least 1"),
        (lambda: Fourier.on(()), "grid"),
        (lambda: Fourier.on(5, -1), "band: got .*0 or more"),
        (lambda: Fourier.on((5, 5), (1,)), "band: got .*2 numbers"),
        (lambda: per_axis((1, 2), 3, "window"), "window: got .*3 numbers"),
    ):
        with pytest.raises(ShapeError, match=message):
            wrong()
    for space in (None, Fourier.on(5, kind="response")):
        with pytest.raises(SpaceError, match="a signal in a domain"):
            require_signal(space, "test")


def test_samples_must_fit_the_space() -> None:
    for shape, message in (((2, 5, 1), "add the missing axis"), ((2, 5, 4, 1), "at most 2 on 4 samples")):
        with pytest.raises(ShapeError, match=message):
            Fourier.on((9, 9), (2, 3)).analysis(np.ones(shape))


def test_domains_are_found_by_name() -> None:
    assert [get_domain(name) for name in ("fourier", "grid", "grid-fft")] == [
        Fourier.on,
        Grid.on,
        get_domain("grid-fft"),
    ]
    with pytest.raises(ConfigurationError, match="domain: got 'wavelet', expected damped or fourier or"):
        get_domain("wavelet")
    with pytest.raises(ConfigurationError, match="kernel: got 'wave', expected taps or spectral or sinc or modes"):
        parametrisations.check_kernel("wave")


# -- counted transforms ------------------------------------------------------------------------------------
def verbs(x: Tensor) -> Tensor:
    """One call of each kind of operation in a network."""
    theta = Tensor(np.ones((9, 2, 2)))
    x = ops.convolve(x, ops.frequency_response(theta, x.space, "taps", 3), 3)
    x = ops.polynomial(x, Tensor(np.ones((3, 1))), gate_band=1, exact=True)
    x = ops.shift(ops.average(ops.multiply(x, x), 2), [0.5, 1.0])
    return ops.coordinates(ops.resample(ops.alias(ops.truncate(x, 1), 2), (3, 3)))


@pytest.mark.parametrize("domain", [Fourier.on, Grid.on], ids=str)
def test_no_verb_runs_a_transform(domain, rng: np.random.Generator) -> None:
    x = ops.analysis(rng.standard_normal((2, 8, 6, 2)), domain((8, 6)))
    before = transform_count()
    with no_transforms():
        verbs(x)
    assert transform_count() == before


def test_the_baseline_that_switches_domains_is_counted(rng: np.random.Generator) -> None:
    x = ops.analysis(rng.standard_normal((2, 8, 6, 2)), get_domain("grid-fft")((8, 6)))
    before = transform_count()
    verbs(x)
    assert transform_count() - before == 3
    with no_transforms(), pytest.raises(TransformError, match="got analysis inside no_transforms"):
        verbs(x)


def test_the_door_counts_and_opens_again(rng: np.random.Generator) -> None:
    x = ops.analysis(rng.standard_normal((2, 8, 1)), Fourier.on(8))
    before = transform_count()
    with no_transforms():
        with no_transforms():
            pass
        with pytest.raises(TransformError, match="got synthesis inside"):
            ops.synthesis(x)
    assert transform_count() == before
    ops.synthesis(x)
    assert transform_count() == before + 1


# -- precision ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", DOMAINS.values(), ids=str)
def test_single_precision_stays_single(domain, rng: np.random.Generator) -> None:
    raw = rng.standard_normal((2, 6, 5, 2)).astype(np.float32)
    x = ops.analysis(raw, domain((6, 5)))
    assert x.dtype == x.space.dtype(np.float32)
    assert ops.synthesis(x).dtype == np.float32
    h = ops.frequency_response(Tensor(np.ones((9, 2, 2), np.float32)), x.space)
    # Some Chebyshev nodes are negative; there a continuous signal has no values.
    by, method = ([1.0, -1.0], "dirichlet") if isinstance(x.space, NodeSpace) else ([0.5, 1.0], "sinc")
    for out in (ops.convolve(x, h, 3), ops.multiply(x, x), ops.shift(x, by), ops.average(x, 2, method), x + 1):
        assert out.dtype == x.dtype
    for out in (ops.coordinates(x), ops.mean(x), ops.inner_product(x, x)):
        assert out.dtype == np.float32
