"""Signals and kernels of many thousand samples: the right values, in little memory and time."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import oracles
import pytest
from freqnet.benchmarks.studies import door
from freqnet.benchmarks.timing import threads
from hypothesis import given, settings
from hypothesis import strategies as st

from freqnet import caches, nn, ops
from freqnet.autodiff import Tensor, backward
from freqnet.errors import ConfigurationError
from freqnet.spaces import (
    Damped,
    Fourier,
    Grid,
    Hartley,
    Laplace,
    counted_transforms,
    get_domain,
    long_kernels,
    no_transforms,
    parametrisations,
    samples,
)
from freqnet.spaces.nodes import circle, damped
from freqnet.spaces.waves import dft, modes

Axes = tuple[int, ...]
WAVES = ("fourier", "hartley")
SIZES = st.sampled_from((1, 2, 3, 4, 5, 6, 7, 8, 9, 11))
GRIDS = st.integers(1, 3).flatmap(lambda n: st.tuples(*[SIZES] * n))


def memory(call: Callable[[], Any]) -> tuple[Any, int, int]:
    """Return the result of a call, the bytes that it keeps beside the result, and the peak."""
    import_module("scipy.fft")  # modules are not counted
    tracemalloc.start()
    try:
        out = call()
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return out, kept - getattr(out, "nbytes", 0), peak


def take_long_path(patch: pytest.MonkeyPatch) -> None:
    """Take the path of long signals and kernels for every size."""
    for module, name in ((dft, "_LARGEST"), (long_kernels, "_SHORT"), (long_kernels, "_LARGEST"), (modes, "_SMALL")):
        patch.setattr(module, name, 0)
    for name in ("_AT_DOOR", "_SUMMED", "_AVERAGED"):
        patch.setattr(samples, name, 0)
    # Blocks of one example and one channel.
    patch.setattr(dft, "_BLOCK", 1)


# -- the door ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid", "damped"])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_the_door_takes_a_few_times_the_memory_of_its_samples(domain: str, precision: type) -> None:
    array = np.random.default_rng(0).standard_normal((2, 100_000, 1)).astype(precision)
    space = get_domain(domain)(100_000, 500)
    caches.clear()
    spectrum, kept, peak = memory(lambda: space.analysis(array))
    assert peak < 4 * array.nbytes
    assert kept < 1 << 16
    assert caches.kept_bytes() < 1 << 16
    if domain == "damped":  # synthesis needs the pseudoinverse of a matrix of nodes and samples
        return
    _, kept, peak = memory(lambda: space.synthesis(spectrum, (100_000,)))
    assert peak < 4 * array.nbytes
    assert kept < 1 << 16


@pytest.mark.parametrize("n", [99_991, 100_000, 131_072])
@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_modes_of_long_signals_are_right(n: int, precision: type, rng: np.random.Generator) -> None:
    """Some modes by explicit sums; a large mean does not spoil the others."""
    array = (rng.standard_normal((1, n, 1)) + 10).astype(precision)
    spectrum = Fourier.on(n, 5000).analysis(array)[:, 0, 0]
    hartley = Hartley.on(n, 5000).analysis(array)[:, 0, 0]
    for k in (0, 1, 17, 4999, 5000):
        turns = k * np.arange(n) % n / n
        expected = np.mean(array.ravel().astype(float) * np.exp(-2j * np.pi * turns))
        tolerance = 50 * np.finfo(precision).eps
        assert abs(spectrum[k] - expected) < tolerance
        assert abs(hartley[5000 + k] - (expected.real - expected.imag)) < tolerance
        assert abs(hartley[5000 - k] - (expected.real + expected.imag)) < tolerance


@settings(deadline=None, max_examples=80)
@given(grid=GRIDS, batch=st.integers(0, 2), channels=st.integers(1, 3), seed=st.integers(0, 99), data=st.data())
def test_ffts_and_matrices_agree(grid: Axes, batch: int, channels: int, seed: int, data: st.DataObject) -> None:
    """Analysis and synthesis in every periodic domain, also on grids that are too coarse for the band."""
    band = tuple(data.draw(st.integers(0, n)) for n in grid)
    array = np.random.default_rng(seed).standard_normal((batch, *grid, channels))
    spaces = [Fourier(grid, band), Hartley(grid, band), Grid(grid, band), Grid((5,) * len(grid), band)]
    by_matrices = [space.sample_modes(array) for space in spaces]
    back = [space.synthesis(x, grid) for space, x in zip(spaces, by_matrices, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        take_long_path(patch)
        for space, x, y in zip(spaces, by_matrices, back, strict=True):
            caches.clear()
            oracles.assert_close(space.sample_modes(array), x, f"analysis, {space}", 1e-12)
            oracles.assert_close(space.synthesis(x, grid), y, f"synthesis, {space}", 1e-12)


@settings(deadline=None, max_examples=60)
@given(grid=GRIDS, seed=st.integers(0, 99), radius=st.sampled_from((0.5, 0.9, 1.0)), data=st.data())
def test_damped_values_by_fft_are_those_of_the_matrices(
    grid: Axes, seed: int, radius: float, data: st.DataObject
) -> None:
    """Also for samples of a smaller grid, which are followed by zeros, and for a moved sample 0."""
    space = Damped.on(grid, tuple(data.draw(st.integers(0, n // 2)) for n in grid), radius=radius)
    own = tuple(data.draw(st.integers(1, n)) for n in grid)
    array = np.random.default_rng(seed).standard_normal((2, *own, 3))
    for here in (space, space.moved((1,) * len(grid))):
        expected = here.sample_modes(array)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(damped, "_LARGEST", 0)
            oracles.assert_close(here.sample_modes(array), expected, str(here), 1e-12)


@pytest.mark.parametrize(("samples", "count", "radius"), [(50, 9, 0.95), (300, 31, 0.99), (64, 5, 0.9), (20, 7, 1.0)])
def test_the_condition_of_many_damped_nodes_needs_no_tables(
    samples: int, count: int, radius: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = circle.circle_tables(radius, samples, count).condition_number
    caches.clear()
    monkeypatch.setattr(circle, "_LARGEST", 0)
    monkeypatch.setattr(circle, "circle_tables", None)
    assert circle.circle_condition(radius, samples, count) == pytest.approx(expected, rel=1e-10)
    whole = Damped.on(samples, radius=radius)
    assert whole.condition_number == pytest.approx(radius ** -(samples - 1))
    caches.clear()


def test_an_empty_batch_has_an_empty_spectrum() -> None:
    for domain in ("fourier", "hartley", "grid"):
        for grid in ((8, 6), (1000, 6)):
            space = get_domain(domain)(grid)
            assert space.analysis(np.ones((0, *grid, 3))).shape == (*space.shape, 0, 3)


@pytest.mark.parametrize("domain", ["fourier", "hartley"])
def test_half_precision_is_analysed_in_single_precision(domain: str, rng: np.random.Generator) -> None:
    for n in (12, 2048):
        array = rng.standard_normal((2, n, 1)).astype(np.float16)
        space = get_domain(domain)(n, 5)
        found = space.analysis(array)
        assert found.dtype == (np.complex64 if domain == "fourier" else np.float16)
        oracles.assert_close(found, space.analysis(array.astype(float)), "spectrum", 2e-3)


def test_matrices_of_small_grids_are_used_as_before() -> None:
    """Weights trained on digits and MNIST depend on the last bits of these transforms."""
    for grid in ((8, 8), (14, 14), (28, 28), (32, 32)):
        assert dft.matrices_win(grid, tuple((n - 1) // 2 for n in grid))
    n, band = 28, 13
    angle = np.outer(np.arange(band + 1), np.arange(n)) % n
    waves = np.exp(-2j * np.pi * angle / n) / n
    array = np.random.default_rng(0).standard_normal((3, n, 1))
    expected = (array[..., 0] @ np.ascontiguousarray(waves.T).view(float)).view(complex)
    np.testing.assert_array_equal(Fourier.on(n, band).analysis(array)[..., 0], expected.T)


@pytest.mark.slow
@pytest.mark.parametrize(("shape", "band"), door.SIGNALS)
@pytest.mark.parametrize("domain", door.DOMAINS)
def test_the_door_is_as_fast_as_numpy(domain: str, shape: Axes, band: int) -> None:
    """The bounds that the documentation states, with room for a busy machine."""
    with threads(1):
        for precision in door.PRECISIONS:
            found = door.signal(domain, precision, shape, band)
            assert found.peak < 4 * found.given
            assert found.kept < 1 << 20
            assert found.first < 3 * found.peer + 1e-3, found


@pytest.mark.slow
@pytest.mark.parametrize(("taps", "band"), door.KERNELS)
def test_the_response_of_a_long_kernel_is_fast(taps: int, band: int) -> None:
    for domain in WAVES:
        found = door.kernel(domain, taps, band)
        assert found.first < 0.2
        assert found.peak < 64 << 20
        assert found.kept < 16 << 20


# -- kernels -------------------------------------------------------------------------------------------
@settings(deadline=None, max_examples=80)
@given(grid=GRIDS, kernel=st.sampled_from(("taps", "spectral", "sinc", "modes")), seed=st.integers(0, 99))
def test_long_kernels_have_the_response_of_the_matrices(grid: Axes, kernel: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = tuple(int(k) for k in rng.integers(1, 9, len(grid)))
    band = tuple(int(rng.integers(0, n // 2 + 1)) for n in grid)
    for make in (Fourier, Hartley, Grid):
        space = make(grid, band, "response")
        count = space.response_count if kernel == "modes" else int(np.prod(size))
        if make is Grid and kernel == "modes":
            count = Fourier(grid, band).coordinate_count
        theta = rng.standard_normal((count, 2, 3))
        response = space.frequency_response(theta, kernel, size)
        g = rng.standard_normal(response.shape) + (1j * rng.standard_normal(response.shape) if space.is_complex else 0)
        back = space.frequency_response_adjoint(g, kernel, size)
        with pytest.MonkeyPatch.context() as patch:
            take_long_path(patch)
            oracles.assert_close(space.frequency_response(theta, kernel, size), response, f"{kernel}, {space}", 1e-12)
            oracles.assert_close(space.frequency_response_adjoint(g, kernel, size), back, f"{kernel}, {space}", 1e-12)


@pytest.mark.parametrize("kernel", ["taps", "spectral", "sinc"])
@pytest.mark.parametrize("domain", WAVES)
def test_a_network_trains_kernels_as_long_as_its_signal(domain: str, kernel: str) -> None:
    """A step with 8,192 taps is fast, takes little memory, and stays inside `no_transforms`."""
    n, layers = 8192, (nn.Convolution(2, 8192, kernel), nn.PowerNorm(), nn.Dense(2))
    net = nn.Network(nn.Door(domain, (n,), (4095,), 1), nn.Sequential(layers))
    spectra = net.analyse(np.random.default_rng(0).standard_normal((2, n, 1)))

    def step() -> None:
        with no_transforms(), counted_transforms() as counter:
            backward(ops.cross_entropy(net(spectra), np.array([0, 1])))
        assert counter.count == 0

    started = time.process_time()
    _, kept, peak = memory(step)
    assert time.process_time() - started < 1
    assert peak < 16 << 20
    assert kept < 4 << 20
    assert all(np.abs(p.grad.data).max() > 0 for p in net.body.named_parameters().values())


def test_a_long_kernel_convolves_as_an_fft_does(rng: np.random.Generator) -> None:
    n = 8192
    array, taps = rng.standard_normal(n), rng.standard_normal(n) / n**0.5
    expected = np.fft.irfft(np.fft.rfft(array) * np.fft.rfft(np.roll(taps, -((n - 1) // 2))), n)
    expected -= np.mean(expected * (-1.0) ** np.arange(n)) * (-1.0) ** np.arange(n)  # without the Nyquist mode
    for make in (Fourier.on, Hartley.on):
        space = make(n)
        x = ops.analysis(array[None, :, None], space)
        y = ops.convolve(x, ops.frequency_response(Tensor(taps[:, None, None]), space, "taps", (n,)))
        oracles.assert_close(ops.synthesis(y).data.ravel(), expected, "convolution", 1e-11)


@pytest.mark.parametrize("window", [1023, 1025, 4096, 100_000])
def test_the_response_of_a_long_average_is_the_closed_form(window: int) -> None:
    grid, k = 100_000, np.array([0, 1, 2, 50, 333, 49_999])
    real, imag = parametrisations.average_response(k, grid, window, "dirichlet")
    turns = np.outer(k, np.arange(window)) % grid / grid
    oracles.assert_close(real + 1j * imag, np.exp(2j * np.pi * turns).mean(axis=1), "average", 1e-12)


# -- inside a network ----------------------------------------------------------------------------------
@settings(deadline=None, max_examples=40)
@given(n=st.integers(2, 24), stride=st.integers(1, 6), seed=st.integers(0, 99))
def test_operations_on_long_axes_agree_with_those_on_short_ones(n: int, stride: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid = (n * stride,)
    for make in (Fourier.on, Hartley.on, Grid.on):
        space = make(grid, int(rng.integers(0, (grid[0] - 1) // 2 + 1)))
        x = space.analysis(rng.standard_normal((2, *grid, 1)))
        coarse = space.aliased((stride,))
        y = coarse.analysis(rng.standard_normal((2, n, 1)))
        window = (int(rng.integers(1, 6)),)
        verbs = [
            partial(space.alias, x, coarse, (stride,), False),
            partial(space.alias, y, coarse, (stride,), True),
            partial(space.average, x, window, "dirichlet", False),
            partial(space.average, x, window, "dirichlet", True),
            partial(space.average, x, window, "sinc", False),
            partial(space.shift, x, np.array([1.3])),
            partial(space.shift, x, np.array([[-2.0], [3.0]])),
            *(partial(space.change_band, x, (m,)) for m in (0, space.band[0] // 2, max(space.band[0] - 1, 0))),
            partial(space.resample, x, space.resampled((n + 3,))),
            partial(space.resample, x, space.resampled((4 * n,))),
        ]
        expected = [verb() for verb in verbs]
        caches.clear()
        with pytest.MonkeyPatch.context() as patch:
            take_long_path(patch)
            for i, (verb, value) in enumerate(zip(verbs, expected, strict=True)):
                oracles.assert_close(verb(), value, f"verb {i}, {space}", 1e-11)
        caches.clear()


def test_a_long_signal_is_subsampled_without_a_matrix(rng: np.random.Generator) -> None:
    array = rng.standard_normal((1, 40_000, 1))
    for make in (Fourier.on, Hartley.on):
        space = make(40_000)
        coarse = space.aliased((4,))
        x = space.analysis(array)
        found, _, peak = memory(partial(space.alias, x, coarse, (4,), False))
        assert peak < 16 * array.nbytes
        assert found.shape == (*coarse.shape, 1, 1)
        # Subsampling keeps all modes but the Nyquist mode of the coarse grid.
        samples_kept = space.synthesis(x, (40_000,))[:, ::4]
        oracles.assert_close(found, coarse.analysis(samples_kept), "modes")


@pytest.mark.parametrize(("band", "target"), [(9999, 20_000), (100, 20_000), (10_000, 20_000), (60, 300), (60, 30_001)])
def test_long_samples_are_low_passed_without_a_square_matrix(band: int, target: int, rng: np.random.Generator) -> None:
    """In the grid domain, inside a network, where no FFT may run."""
    n = 20_000
    array = rng.standard_normal(n)
    spectrum = np.fft.rfft(array)
    spectrum[band + 1 :] = 0
    space = Grid.on(n)
    x = np.tile(array[:, None, None], (1, 2, 3))
    with no_transforms():
        if target == n:
            found, _, peak = memory(lambda: space.change_band(x, (band,)))
        else:
            low = space.with_band((band,))
            found, _, peak = memory(lambda: low.resample(x, Grid.on(target)))
    assert peak < 200e6  # a matrix of samples would take 3.2 GB, one of modes and samples takes 32 MB
    expected = np.fft.irfft(spectrum[: target // 2 + 1], target) * target / n
    oracles.assert_close(found[:, 1, 2], expected, "samples", 1e-11)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Grid.on(441_000).change_band(np.ones((441_000, 1, 1)), (500,)), "441000 x 1002 numbers .* 3.535 GB"),
        (
            lambda: Grid.on(441_000).shift(np.ones((441_000, 1, 1)), np.array([0.5])),
            "441000 x 441000 numbers .* 1556 GB",
        ),
        (lambda: Grid.on(441_000).average(np.ones((441_000, 1, 1)), (3,), "sinc", False), "441000 x 441000 numbers"),
        (lambda: Damped.on(441_000, 500).mean(np.ones((501, 1, 1), complex)), "1001 damped nodes and 441000 samples"),
        (lambda: Laplace.on(441_000, 50).analysis(np.ones((1, 441_000, 1))), "51 real nodes and 441000 samples"),
        (lambda: parametrisations.orthonormal_taps((100_000,)), "100000 x 100000 numbers for a kernel of size"),
        (lambda: parametrisations.spectrum_parts((300, 300)), "90000 x 90000 numbers"),
        (lambda: parametrisations.sinc_taps((300, 300)), "90000 x 90000 numbers"),
        (lambda: parametrisations.kernel_taps("taps", (100_000,)), "100000 x 100000 numbers"),
    ],
)
def test_matrices_that_no_machine_holds_are_refused_at_once(call: Callable[[], Any], words: str) -> None:
    started = time.process_time()
    with pytest.raises(ConfigurationError, match=words):
        call()
    assert time.process_time() - started < 1
