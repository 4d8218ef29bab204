"""Single kernels: products of signals, and products over channels."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from scipy import fft

from freqnet import kernels
from freqnet.spaces.waves.modes import product_terms

from .rows import Row
from .timing import PAUSE_AFTER_BLAS, Operation, Plan, alternate, gemm, torch_or_none

# Lanes are pairs of an image and a channel: here 100 images of 32 channels.
LANES = (100, 32)
MODES = (5, 9, 13, 17, 21, 25, 31, 41)
GATES = (0, 1, 2, 3)
GEMM = "float32 GEMM, same multiply-adds"


def half_spectra(band: int, lanes: tuple[int, int] = LANES, seed: int = 0) -> np.ndarray:
    """Return random half spectra ``(2 band + 1, band + 1, batch, channels)`` of real images, complex64."""
    generator = np.random.default_rng(seed)
    shape = (2 * band + 1, band + 1, *lanes)
    out = (generator.standard_normal(shape) + 1j * generator.standard_normal(shape)).astype(np.complex64)
    out[:, 0] = (out[:, 0] + out[::-1, 0].conj()) / 2
    return out


def product_work(bands: tuple, lanes: tuple[int, int] = LANES) -> int:
    """Return the real multiply-adds of a product of signals, from the bands of both factors and the result."""
    return 4 * lanes[0] * lanes[1] * product_terms(*bands)


def channel_work(x: np.ndarray, outputs: int) -> int:
    """Return the real multiply-adds of the product over channels of half spectra ``(ky, kx, batch, inputs)``."""
    return 4 * x.size * outputs


def lanes_first(array: np.ndarray) -> np.ndarray:
    """Bring half spectra into the fastest layout for FFT libraries: ``(lanes, ky, kx)``, with ky in FFT order."""
    flat = np.fft.ifftshift(array, axes=0).reshape(*array.shape[:2], -1)
    return np.ascontiguousarray(np.moveaxis(flat, -1, 0))


def round_trip(x: np.ndarray, gate: np.ndarray | None, threads: int) -> dict[str, Operation]:
    """Return the product of two signals by FFT, in the fastest form of each library.

    The spectra are transformed to samples, multiplied, and transformed back. The grid is the smallest fast one on which
    no kept mode is aliased. Without a gate the signal is squared, which takes one inverse transform instead of two.

    Parameters
    ----------
    x : ndarray
        Half spectra ``(lanes, ky, kx)``.
    gate : ndarray, optional
        The other factor, in the same layout; by default ``x``.
    threads : int
        Threads of SciPy.

    Returns
    -------
    dict of str to callable
        The product by each library that is installed.
    """
    bands = [(v.shape[-2] - 1) // 2 for v in (x, x if gate is None else gate)]
    n = fft.next_fast_len(2 * bands[0] + bands[1] + 1, real=True)
    operands = [x] if gate is None else [x, gate]
    out = {"SciPy FFT round trip": _scipy_trip(operands, n, threads)}
    if torch_or_none():
        out["PyTorch FFT round trip"] = torch_trip(operands, n)
    return out


def _scipy_trip(operands: list[np.ndarray], n: int, threads: int) -> Operation:
    # The padded arrays are made once, because nothing overwrites their zeros.
    padded = [np.zeros((len(v), n, n // 2 + 1), v.dtype) for v in operands]
    band = (operands[0].shape[1] - 1) // 2

    def run() -> np.ndarray:
        samples = []
        for v, wide in zip(operands, padded, strict=True):
            m = (v.shape[1] - 1) // 2
            wide[:, : m + 1, : m + 1], wide[:, n - m :, : m + 1] = v[:, : m + 1], v[:, m + 1 :]
            samples.append(fft.irfft2(wide, (n, n), norm="forward", workers=threads))
        samples[0] *= samples[-1]
        spectrum = fft.rfft2(samples[0], norm="forward", workers=threads, overwrite_x=True)
        return np.concatenate([spectrum[:, : band + 1, : band + 1], spectrum[:, n - band :, : band + 1]], axis=1)

    return run


def torch_trip(operands: list[np.ndarray], n: int, device: str = "cpu") -> Operation:
    """Return the product of half spectra ``(lanes, ky, kx)`` by FFT in PyTorch, on a grid of `n` by `n` samples."""
    import torch

    from .peers import crop, pad

    tensors = [torch.from_numpy(v).to(device) for v in operands]
    band = (operands[0].shape[1] - 1) // 2

    def run() -> Any:
        with torch.inference_mode():
            samples = [torch.fft.irfft2(pad(v, (n, n)), s=(n, n), norm="forward") for v in tensors]
            samples[0] *= samples[-1]
            return crop(torch.fft.rfft2(samples[0], norm="forward"), (band, band))

    return run


def product_rows(plan: Plan) -> Iterator[Row]:
    """Time the product of two signals beside FFT round trips and the matrix product of BLAS."""
    for modes in (5, 13, 21) if plan.quick else MODES:
        band = (modes - 1) // 2
        x, other, bands = half_spectra(band), half_spectra(band, seed=1), ((band, band),) * 3
        full = partial(kernels.product, x, other, bands)
        yield from _against(plan, f"{modes}x{modes}, full", x, other, full)
        square = partial(kernels.square, x, bands[:2])
        yield from _against(plan, f"{modes}x{modes}, square", x, None, square)
        times = alternate(square, full, plan.seconds)
        yield Row("products", f"{modes}x{modes}, square", times[0], "the general product", times[1])
        if modes == 13 or not plan.quick:
            yield against_gemm(plan, "products", f"{modes}x{modes}, full", product_work(bands), full)
    for modes in (31,) if plan.quick else MODES:
        for gate in (2,) if plan.quick else [g for g in GATES if 2 * g + 1 < modes]:
            band = (modes - 1) // 2
            x, g, bands = half_spectra(band), half_spectra(gate, seed=1), ((band, band), (gate, gate), (band, band))
            gated = partial(kernels.product, x, g, bands)
            yield from _against(plan, f"{modes}x{modes}, gate band {gate}", x, g, gated)


def _against(plan: Plan, name: str, x: np.ndarray, gate: np.ndarray | None, ours: Operation) -> Iterator[Row]:
    first, second = lanes_first(x), None if gate is None else lanes_first(gate)
    bands = [((v.shape[0] - 1) // 2,) * 2 for v in (x, x if gate is None else gate)]
    work = product_work((bands[0], bands[1], bands[0]))
    for peer, theirs in round_trip(first, second, plan.threads).items():
        a, b = alternate(ours, theirs, plan.seconds)
        yield Row("products", name, a, peer, b, {"modes": x.shape[0], "multiply_adds": work, "band": bands[1][0]})


def against_gemm(plan: Plan, group: str, name: str, work: int, ours: Operation) -> Row:
    """Time an operation beside the matrix product of BLAS, scaled to the same number of multiply-adds.

    The ratio is the share of the machine's GEMM rate that the operation reaches.
    """
    matrix, count = gemm()
    a, b = alternate(ours, matrix, plan.seconds, PAUSE_AFTER_BLAS)
    return Row(group, name, a, GEMM, b * work / count, {"multiply_adds": work})


def channel_rows(plan: Plan) -> Iterator[Row]:
    """Time the product over channels beside the einsum of FNO layers and the matrix product of BLAS."""
    sizes = ((9, 32),) if plan.quick else ((5, 32), (9, 16), (9, 32), (9, 64), (13, 32), (13, 64))
    for modes, width in sizes:
        band, batch = (modes - 1) // 2, 128
        x = half_spectra(band, (batch, width))
        h = half_spectra(band, (width, width), seed=1)
        name, work = f"{modes}x{modes} modes, batch {batch}, {width} channels", channel_work(x, width)
        ours = partial(kernels.channel_product, x, h, "forward")
        if torch_or_none():
            a, b = alternate(ours, _einsum(x, h), plan.seconds)
            yield Row("channels", name, a, "PyTorch einsum bixy,ioxy->boxy", b, {"multiply_adds": work})
        yield against_gemm(plan, "channels", name, work, ours)


def _einsum(x: np.ndarray, h: np.ndarray) -> Operation:
    import torch

    first, second = (torch.from_numpy(np.ascontiguousarray(np.moveaxis(v, (2, 3), (0, 1)))) for v in (x, h))

    def run() -> Any:
        with torch.inference_mode():
            return torch.einsum("bixy,ioxy->boxy", first, second)

    return run
