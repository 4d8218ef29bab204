"""Wrong uses of the kernels, and their errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from freqnet import kernels, ops
from freqnet.autodiff import Tensor
from freqnet.errors import FreqnetError, ShapeError
from freqnet.kernels import buffers, reference, threads
from freqnet.spaces import Fourier

native = pytest.importorskip("freqnet.kernels.native")
RNG = np.random.default_rng(0)


def spectra(*shape: int, dtype: str = "c8") -> np.ndarray:
    return (RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)).astype(dtype)


# -- arrays from other machines, and of mixed precision ------------------------------------------------
@pytest.mark.parametrize("dtype", [">c8", ">c16"])
def test_foreign_byte_order_computes_the_same(dtype: str):
    space = Fourier.on((7, 5))
    own = space.random(np.empty((*space.shape, 2, 3), dtype[1:]), RNG)
    x, y = Tensor(own, space), Tensor(own.astype(dtype), space)
    assert y.data.dtype.isnative
    for function in (ops.signal_power, ops.mean, lambda t: ops.inner_product(t, t), lambda t: ops.multiply(t, t)):
        assert np.array_equal(function(x).data, function(y).data)


def test_mixed_precision_takes_the_wider_one():
    a, b = spectra(5, 3, 2, 4), spectra(5, 3, 2, 4, dtype="c16")
    found, wanted = native.inner(a, b, 2), reference.inner(a.astype("c16"), b, 2)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    space = Fourier.on((5, 5))
    assert np.isfinite(ops.inner_product(Tensor(a, space), Tensor(b, space)).item())
    np.testing.assert_allclose(native.combine(a, np.float32(2.0), b, np.float64(3.0)), 2 * a + 3 * b, rtol=1e-6)


def test_real_arrays_are_spectra_without_imaginary_parts():
    a, b = RNG.standard_normal((3, 4, 2)), RNG.standard_normal((3, 2, 5))
    np.testing.assert_allclose(Fourier.on(5).channel_product(a, b, "forward", 1, (3,)), a @ b, rtol=1e-12)
    bands = ((2,),) * 3
    wanted = Fourier.on((8,), bands[0]).multiply(a.astype(complex), a.astype(complex), bands[1], bands[2])
    np.testing.assert_allclose(Fourier.on((8,), bands[0]).multiply(a, a, bands[1], bands[2]), wanted, rtol=1e-12)
    np.testing.assert_allclose(Fourier.on((8,), bands[:2][0]).square(a, bands[:2][1]), wanted, rtol=1e-12)


# -- shapes that do not fit ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "call",
    [
        lambda: native.channel_product(spectra(6, 2, 2), spectra(4, 3, 5), "forward"),
        lambda: native.channel_product(spectra(2, 3, 2, 4), spectra(3, 2, 4, 5), "forward"),
        lambda: native.channel_product(spectra(6, 2, 2), spectra(6, 3, 5), "response"),
        lambda: native.inner(spectra(5, 3, 2, 2), spectra(3, 5, 2, 2), 2),
        lambda: native.combine(spectra(5, 3, 2, 2), np.ones(2), out=spectra(3, 5, 2, 2)),
        lambda: native.combine(spectra(5, 3, 2, 2), np.ones(2), out=spectra(5, 3, 2, 2, dtype="c16")),
        lambda: native.product(spectra(4, 7, 2, 4), spectra(4, 7, 2, 4), ((3, 3), (3, 3), (3, 3))),
        lambda: native.square(spectra(28, 1, 2, 4), ((3, 3), (3, 3))),
    ],
)
def test_shapes_that_do_not_fit_are_refused(call):
    with pytest.raises(ShapeError, match=r"make the axes \(\*modes, batch, channels\) agree"):
        call()


def test_a_spectrum_of_another_shape_is_refused_by_ops():
    space = Fourier.on((7, 7))
    with pytest.raises(FreqnetError):
        ops.multiply(
            Tensor(np.ones((4, 7, 2, 4), complex), space), Tensor(np.ones((*space.shape, 2, 4), complex), space)
        )


# -- the environment -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("FREQNET_INSTRUCTIONS", "nonsense", None),
        ("FREQNET_INSTRUCTIONS", "baseline", "baseline"),
        ("FREQNET_NUM_THREADS", "3000000000", "256"),
        ("FREQNET_NUM_THREADS", "²", None),
        ("FREQNET_NUM_THREADS", "1", "1"),
    ],
)
def test_the_environment_is_read_with_care(name: str, value: str, wanted: str | None):
    code = "from freqnet.kernels import native, threads; print(native.INSTRUCTIONS, threads.thread_count())"
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("FREQNET_", "OMP_"))}
    run = lambda env: subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    found, usual = (run(env).stdout.split() for env in (plain | {name: value}, plain))
    assert found[name == "FREQNET_NUM_THREADS"] == (wanted or usual[name == "FREQNET_NUM_THREADS"])


def test_no_more_threads_than_the_pool_has_on_a_machine_of_many_cores(monkeypatch: pytest.MonkeyPatch):
    for name in ("FREQNET_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    available = threads._available.__wrapped__
    for cores, wanted in ((1, 1), (7, 7), (1000, threads.MOST_THREADS)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)), raising=False)
        assert available() == wanted


# -- reused memory, with threads, interrupts and forks --------------------------------------------------
def test_memory_that_is_being_looked_for_is_not_waited_for():
    assert buffers._Shelf.lock.acquire(timeout=5)
    try:
        array = buffers.empty((1 << 17,), np.uint8)
    finally:
        buffers._Shelf.lock.release()
    assert array.shape == (1 << 17,)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_forked_while_others_look_for_memory_does_not_wait():
    a = spectra(13, 7, 16, 16)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            kernels.product(a, a, ((6, 6), (6, 6), (6, 6)))

    others = [threading.Thread(target=work) for _ in range(3)]
    for thread in others:
        thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if not child:
                signal.alarm(20)  # the alarm kills a child that waits for ever
                kernels.product(a, a, ((6, 6), (6, 6), (6, 6)))
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        for thread in others:
            thread.join()
