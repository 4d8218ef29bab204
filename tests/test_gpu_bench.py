"""The benchmark of graphics cards, in its small form on PyTorch's CPU."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from freqnet import kernels, nn

torch = pytest.importorskip("torch")

from freqnet.benchmarks import gpu, products, read_rows  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from freqnet.errors import ConfigurationError  # noqa: E402
from freqnet.torch.devices import DeviceNetwork  # noqa: E402


def bench(minutes: float = 5.0) -> gpu.Bench:
    return gpu.Bench(torch.device("cpu"), time.monotonic() + 60 * minutes, tiny=True)


def test_the_small_form_writes_rows_of_every_kind(tmp_path: Path) -> None:
    gpu.main(["--device", "torch:cpu", "--tiny", "--out", str(tmp_path / "gpu.json")])
    rows, machine = read_rows(tmp_path / "gpu.json")
    assert machine["device"] == "cpu"
    assert {(row.group, row.name, row.peer) for row in rows} == {
        ("products", "5x5 modes, batch 4, 2 channels", "float32 GEMM, same multiply-adds"),
        ("products", "5x5 modes, batch 4, 2 channels", "FFT round trip"),
        *(
            ("training", f"16-32-64, {form}", f"CNN 3x3, 16-32-32, {precision}")
            for form in ("kernels on the host", gpu.FIT, gpu.MODULE)
            for precision in ("float32", "bfloat16")
        ),
    }
    assert all(row.freqnet_s > 0 and row.peer_s > 0 for row in rows)


def test_no_measurement_begins_after_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(gpu.run(bench(-1.0))) == []
    gpu.main(["--device", "torch:cpu", "--tiny", "--minutes", "-1", "--out", str(tmp_path / "gpu.json")])
    assert not (tmp_path / "gpu.json").exists()


def test_a_device_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="device: got 'cuda:77'"):
        gpu.main(["--device", "cuda:77", "--out", str(tmp_path / "gpu.json")])


def test_the_product_is_that_of_the_kernels() -> None:
    x, y = products.half_spectra(6, (3, 4)), products.half_spectra(6, (3, 4), seed=1)
    wanted = kernels.product(x, y, ((6, 6),) * 3)
    found = gpu._product(bench(), x, y)().numpy()
    assert np.abs(found - wanted).max() < 1e-5 * np.abs(wanted).max()


@pytest.mark.parametrize("band", [2, 6])
def test_multiply_adds_are_those_that_pytorch_counts(band: int) -> None:
    x, y = products.half_spectra(band, (3, 4)), products.half_spectra(band, (3, 4), seed=1)
    run = gpu._product(bench(), x, y)
    with FlopCounterMode(display=False) as counter:
        run()
    # Two operations for each; PyTorch counts products of matrices, but not those of numbers at the points.
    points = (3 * band + 1) ** 2
    assert counter.get_total_flops() == 2 * 12 * (gpu.product_work(band) - points)


def test_the_function_that_is_compiled_computes_the_network() -> None:
    body = nn.Sequential(nn.Convolution(4, bias=False), nn.PowerNorm(), nn.Gaussian("relu", 2), nn.Dense(3))
    own = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    own.train()
    x = own.analyse(np.random.default_rng(0).standard_normal((4, 8, 8, 1)))
    device = DeviceNetwork(own, own.named_parameters(), "torch:cpu")
    module = gpu.Body(device, x.shape)
    rows = torch.from_numpy(np.concatenate([x.data.real, x.data.imag]).reshape(-1, *x.shape[-2:]))
    # Dynamo alone: it fails on what it cannot trace in one graph.
    traced = torch.compile(module, backend="eager", fullgraph=True, dynamic=False)
    found = traced(rows)
    np.testing.assert_allclose(found.detach().numpy(), own(x).data, rtol=1e-4, atol=1e-5)
    found.sum().backward()
    assert all(p.grad is not None for p in module.parameters())
    for name, array in own.body.named_state().items():
        np.testing.assert_allclose(getattr(module, module.names[name]).numpy(), array, rtol=1e-4, atol=1e-6)
