"""A network trains on spectra and predicts from them while every FFT of NumPy and SciPy raises."""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NoReturn

import numpy as np
import pytest
import scipy.fft
import scipy.fftpack
import scipy.signal

from freqnet import nn, ops
from freqnet.autodiff import Tensor, backward, no_grad
from freqnet.errors import TransformError
from freqnet.optim import Adam
from freqnet.spaces import Fourier, no_transforms, transform_count
from freqnet.spaces.waves import fourier

# Modules in which every function is a transform or a helper, and the functions of scipy.signal that transform.
TRANSFORMS = [np.fft, scipy.fft, scipy.fftpack]
PRIVATE = ["numpy.fft._pocketfft", "scipy.fft._pocketfft.basic", "scipy.fft._pocketfft.realtransforms"]
SIGNAL = ["convolve", "correlate", "czt", "fftconvolve", "hilbert", "oaconvolve", "periodogram", "resample", "zoom_fft"]
LAYERS = (
    nn.Convolution(6, 3, "taps"),
    nn.PowerNorm(),
    nn.Polynomial(),
    nn.Gaussian("relu"),
    nn.FourierSeries("tanh", harmonics=2),
    nn.MagnitudeGain(),
    nn.RealImaginary("tanh"),
    nn.SecondHarmonic(),
    nn.FrequencyDropout(),
    nn.ChannelDropout(),
    nn.StochasticDepth(),
    nn.SqueezeExcitation(2),
    nn.Residual(
        nn.Sequential((nn.Convolution(4, 3, "sinc", groups=2), nn.Polynomial((0.0, 1.0, 0.2, 0.1), exact=True)))
    ),
    nn.AveragePool(2),
    nn.Convolution(4, 2, "spectral"),
    nn.Linearized("silu"),
    nn.TruncationPool((4, 3)),
    nn.Window(3),
    nn.Convolution(4, 2, "modes"),
    nn.LowPass(1),
    nn.Take((0, 2, 1, -1, -1)),
    nn.PositionAffine(),
    nn.DataConsistency(nn.Convolution(3, 2)),
    nn.Rescale((1.0, 2.0, 0.5, 1.0), 0.1),
)
HEADS = {
    "Dense": (nn.Dense(3),),
    "mean": (nn.GlobalAverage(), nn.Dense(3)),
    "power": (nn.PowerSpectrum(), nn.Dense(3)),
}


def functions(module: ModuleType) -> list[str]:
    names = [name for name in dir(module) if not name.startswith("__") and name != "test"]
    return [name for name in names if callable(getattr(module, name)) and not inspect.isclass(getattr(module, name))]


def gone(*args: Any, **kwargs: Any) -> NoReturn:
    raise AssertionError("a transform was called")


@pytest.fixture
def without_transforms(monkeypatch: pytest.MonkeyPatch) -> None:
    # The private modules, where they exist, catch names that were imported before.
    private = [import_module(name) for name in PRIVATE if find_spec(name.rpartition(".")[0]) and find_spec(name)]
    for module in [*TRANSFORMS, *private]:
        for name in functions(module):
            monkeypatch.setattr(module, name, gone)
    for name in SIGNAL:
        monkeypatch.setattr(scipy.signal, name, gone)
    # The library's own transforms, by FFT or by matrices.
    for name in ("kept_modes", "samples_of"):
        monkeypatch.setattr(fourier, name, gone)


def make(head: str) -> tuple[nn.Network, Tensor, np.ndarray]:
    net = nn.Network(nn.Door("fourier", (8, 6), (3, 2), 2), nn.Sequential((*LAYERS, *HEADS[head])))
    rng = np.random.default_rng(0)
    return net, net.analyse(rng.standard_normal((6, 8, 6, 2))), rng.integers(0, 3, 6)


def step(net: nn.Network, spectra: Tensor, labels: np.ndarray, optimizer: Adam) -> float:
    net.body.train()
    net.body.set_generator(np.random.default_rng(1))
    optimizer.clear_gradients()
    loss = ops.cross_entropy(net(spectra), labels)
    backward(loss)
    optimizer.step()
    return loss.item()


@pytest.mark.parametrize("head", HEADS)
def test_training_and_prediction_without_any_fft(head: str, request: pytest.FixtureRequest):
    net, spectra, labels = make(head)
    assert {type(m).__name__ for _, m in net.body.modules()} >= nn.LAYERS.keys() - {
        "Pointwise",
        "PhaseGate",
        *(layer for layer in ("GlobalAverage", "PowerSpectrum") if layer not in str(HEADS[head])),
    }
    request.getfixturevalue("without_transforms")
    optimizer = Adam(net.body.named_parameters(), 0.01)
    before, transforms = {name: array.copy() for name, array in net.arrays().items()}, transform_count()
    losses = [step(net, spectra, labels, optimizer) for _ in range(10)]
    assert losses[-1] < losses[0]
    assert all(not np.array_equal(p.data, before[name]) for name, p in net.body.named_parameters().items())
    net.body.train(False)
    with no_grad():
        assert np.isfinite(net(spectra).data).all()
    assert transform_count() == transforms
    assert net.transforms_inside == 0


@pytest.mark.usefixtures("without_transforms")
def test_the_door_and_every_entry_point_are_closed():
    space = Fourier.on((8, 6))
    with pytest.raises(AssertionError, match="a transform was called"):
        ops.analysis(np.ones((1, 8, 6, 1)), space)
    with pytest.raises(AssertionError, match="a transform was called"):
        ops.synthesis(Tensor(np.zeros((*space.shape, 1, 1), complex), space))
    for module, names in [(np.fft, ["fft", "rfftn", "irfft2", "hfft"]), (scipy.fft, ["rfftn", "dct", "idst", "fht"])]:
        for name in names:
            with pytest.raises(AssertionError, match="a transform was called"):
                getattr(module, name)(np.ones(8))
    with pytest.raises(AssertionError, match="a transform was called"):
        scipy.signal.fftconvolve(np.ones(3), np.ones(3))


def test_a_network_forbids_transforms_inside():
    """A body that transforms raises an error; counting is not enough."""

    class Leaves(nn.GlobalAverage):
        def forward(self, x: Tensor) -> Tensor:
            return ops.mean(ops.analysis(ops.synthesis(x), x.space))

    net = nn.Network(nn.Door("fourier", (8,), (3,), 1), Leaves())
    with pytest.raises(TransformError, match="synthesis inside no_transforms"):
        net.predict(np.ones((1, 8, 1)))
    with no_transforms(), pytest.raises(TransformError, match="analysis inside"):
        net.analyse(np.ones((1, 8, 1)))
