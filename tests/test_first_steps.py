"""First uses of the library and common mistakes: each works, or raises an error that says what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from test_cli_train import without_plots

from freqnet import FreqnetError, Tensor, gradient, nn
from freqnet.cli import main
from freqnet.data import load
from freqnet.optim import AdamW
from freqnet.training import analyse, evaluate, fit


def make_network() -> nn.Network:
    body = nn.Sequential(nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(10))
    return nn.Network(nn.Door("fourier", (8, 8), 3, 1), body)


def test_layers_of_a_network_are_copied_into_the_next() -> None:
    first = make_network()
    before = {name: array.copy() for name, array in first.arrays().items()}
    second = nn.Network(first.door, first.body, seed=1)
    assert second.body is not first.body
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(array, before[name])
    assert not np.array_equal(second.arrays()["0.kernel"], before["0.kernel"])


def test_the_same_layer_in_two_places_is_refused() -> None:
    shared = nn.PowerNorm()
    body = nn.Sequential(nn.Convolution(4), shared, nn.Polynomial(), shared, nn.Dense(2))
    with pytest.raises(FreqnetError, match=r"layer 3: got the same object as layer 1.*make another"):
        nn.Network(nn.Door("fourier", 8, 3, 1), body)


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda n, d: n(d.images[:2]), "got ndarray, expected spectra; pass samples through analyse"),
        (lambda n, d: fit(n, d), "training set: got a Dataset, expected spectra; .*analyse"),
        (lambda n, d: evaluate(n, d), "evaluate: got a Dataset, expected spectra"),
        (lambda n, d: analyse(d, n), "got a Dataset and a Network, expected a Network and a Dataset"),
        (lambda n, d: nn.Sequential(nn.PowerNorm, nn.Dense(2)), "layer 0: got <class .*make an instance"),
        (lambda n, d: nn.Convolution(4)(n.analyse(d.images[:2])), "layer Convolution: got a call.*Network"),
        (lambda n, d: nn.Network(n.door, nn.Sequential(nn.Convolution("16"), nn.Dense(2))), "channels: got '16'"),
        (lambda n, d: nn.Network(n.door, nn.Dense(2.5)), "outputs: got 2.5, expected a whole number"),
    ],
)
def test_mistakes_say_what_to_do(mistake, message: str) -> None:
    with pytest.raises(FreqnetError, match=message):
        mistake(make_network(), load("digits"))


def test_shorthands() -> None:
    layers = (nn.Convolution(4), nn.Dense(2))
    assert nn.Sequential(*layers).describe() == nn.Sequential(layers).describe()
    assert nn.Door("fourier", 8, 3, 1) == nn.Door("fourier", (8,), (3,), 1)
    x = Tensor([3.0], requires_grad=True)
    assert gradient((x * x).sum(), x)[0].data == [6.0]
    network = make_network()
    assert AdamW(network, 1e-3).state().keys() == AdamW(network.named_parameters(), 1e-3).state().keys()
    network.train()
    assert all(layer.training for _, layer in network.body.modules())


def test_the_twin_of_a_polynomial_agrees_by_default() -> None:
    assert nn.compare_with_twin(nn.Polynomial(), (8, 9), 2).value_error < 1e-12


def test_an_archive_with_other_names_is_told_its_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", data=np.ones(3), labels=np.ones(3))
    with pytest.raises(FreqnetError, match=r"got the arrays data, labels, expected the arrays x and y"):
        load(tmp_path / "mine.npz")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0
    assert capsys.readouterr().out.startswith("freqnet 0.")


def test_a_typing_slip_points_to_the_help_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["train", "digits", "--epoch", "3"])
    assert stopped.value.code == 2
    assert "see freqnet train --help" in capsys.readouterr().err


def test_training_says_when_the_kernel_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    without_plots(monkeypatch)
    for kernel, said in (("numpy", 1), ("native", 0)):
        monkeypatch.setattr("freqnet.kernels.KERNEL", kernel)
        with pytest.raises(SystemExit) as stopped:
            main(["train", "digits", "--epochs", "1", "--widths", "2,2", "--out", str(tmp_path / kernel)])
        assert stopped.value.code == 0
        assert capsys.readouterr().out.count("run in NumPy") == said
