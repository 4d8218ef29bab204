"""A measurement changes nothing that it measures: networks train to the same bits, measured or not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freqnet import nn, ops
from freqnet.audit import audit, calibrate, summarize
from freqnet.autodiff import backward
from freqnet.data import load
from freqnet.nn import Network
from freqnet.optim import AdamW
from freqnet.report import Run, filter_responses, layer_spectra, write_report
from freqnet.spaces import DOMAINS, get_domain
from freqnet.training import Checkpoint, Progress, Settings, Spectra, analyse, evaluate, fit, save
from freqnet.training.evaluate import exploding_layer

DIGITS = load("digits").take(np.arange(48))
IMAGES, CLASSES = DIGITS.images[:12], DIGITS.classes
Measure = Callable[[Network, Spectra], Any]


def network(domain: str) -> Network:
    """A network with batch statistics, dropout and fitted functions."""
    whole = get_domain(domain)((8, 8))
    band, precision = (whole.band, np.float64) if whole.has_nodes else ((3, 3), np.float32)
    body = nn.Sequential(
        *(nn.Convolution(3, boundary="modulo"), nn.PowerNorm(), nn.Polynomial(), nn.FrequencyDropout()),
        *(nn.Convolution(3, boundary="modulo"), nn.PowerNorm(), nn.Gaussian(), nn.Dense(10)),
    )
    return Network(nn.Door(domain, (8, 8), band, 1), body, 3, precision)


def reported(net: Network, spectra: Spectra, folder: Path) -> None:
    """Write the report of a run."""
    write_report(folder / "report.html", Run(net, IMAGES, DIGITS.targets[:12], net.predict(IMAGES), CLASSES))


CHEAP: dict[str, Measure] = {
    "predict": lambda net, spectra: net.predict(IMAGES),
    "evaluate": evaluate,
    "summarize": lambda net, spectra: summarize(net),
    "calibrate": lambda net, spectra: calibrate(net, IMAGES, warn=False),
    "exploding_layer": lambda net, spectra: exploding_layer(net, spectra.take(np.arange(5)).x),
    "save": lambda net, spectra: Checkpoint(net.describe(), net.arrays()),
}
# These are uses of the network, whose transforms count.
COUNTED = [CHEAP["predict"], CHEAP["evaluate"]]
COSTLY: dict[str, Measure] = {
    "audit": lambda net, spectra: audit(net, IMAGES),
    "layer_spectra": lambda net, spectra: layer_spectra(net, IMAGES[:2]),
    "filter_responses": lambda net, spectra: filter_responses(net),
}


def state(net: Network) -> dict[str, Any]:
    """Everything that a measurement might change, and NumPy's global generator."""
    layers = [layer for _, layer in net.body.modules()]
    parameters = net.named_parameters().values()
    return {
        "arrays": {name: array.tobytes() for name, array in net.arrays().items()},
        "description": net.describe(),
        "transforms": net.transforms_inside,
        "modes": [layer._training for layer in layers],
        "generators": [layer.generator and layer.generator.bit_generator.state for layer in layers],
        "needs": [p.requires_grad for p in parameters],
        "gradients": [None if p.grad is None else np.asarray(p.grad).tobytes() for p in parameters],
        "numpy": [value.tobytes() if isinstance(value, np.ndarray) else value for value in np.random.get_state()],
    }


def trained(domain: str, measures: list[Measure]) -> dict[str, bytes]:
    """The arrays after some steps, with measurements after each step and each epoch."""
    net = network(domain)
    spectra = analyse(net, DIGITS)

    def measure(figures: dict[str, Any]) -> None:
        for function in measures:
            before = state(net)
            function(net, spectra)
            if function in COUNTED:
                before["transforms"] = net.transforms_inside
            assert state(net) == before

    fit(net, spectra, settings=Settings(epochs=2, batch=24, shift=0.0), callbacks=[Progress(measure)])
    return {name: array.tobytes() for name, array in net.arrays().items()}


@pytest.mark.filterwarnings("ignore::freqnet.errors.NetworkWarning")
@pytest.mark.parametrize("domain", DOMAINS)
def test_training_does_not_notice_measurements(domain: str, tmp_path: Path) -> None:
    alone = trained(domain, [])
    assert trained(domain, list(CHEAP.values())) == alone
    net = network(domain)
    net.train()
    spectra = analyse(net, DIGITS)
    net.body.set_generator(np.random.default_rng(0))
    backward(ops.cross_entropy(net(spectra.take(np.arange(9)).x), spectra.targets[:9]))
    for name, measure in COSTLY.items():
        before = state(net)
        measure(net, spectra)
        assert state(net) == before, name


def test_a_report_changes_nothing(tmp_path: Path) -> None:
    net = network("fourier")
    net.train()
    spectra, before = analyse(net, DIGITS), state(net)
    reported(net, spectra, tmp_path)
    save(tmp_path / "m.safetensors", Checkpoint(net.describe(), net.arrays()))
    assert state(net) == before


@pytest.mark.parametrize("domain", ["fourier", "grid"])
def test_a_loop_of_ones_own_may_evaluate_after_each_epoch(domain: str) -> None:
    """Without `evaluation`, the second epoch would train with running statistics."""
    found = []
    for measures in (False, True):
        net = network(domain)
        spectra, generator = analyse(net, DIGITS), np.random.default_rng(0)
        optimizer = AdamW(net, 0.01)
        net.train()
        for _ in range(3):
            for x, labels in spectra.shuffled(16, generator):
                optimizer.clear_gradients()
                backward(ops.cross_entropy(net(x), labels))
                optimizer.step()
            if measures:
                evaluate(net, spectra)
                net.predict(IMAGES)
                calibrate(net, IMAGES, warn=False)
        found.append({name: array.tobytes() for name, array in net.arrays().items()})
    assert found[0] == found[1]


def test_the_check_notices_a_measurement_that_leaves_evaluation_mode() -> None:
    """The negative control."""
    with pytest.raises(AssertionError):
        trained("fourier", [lambda net, spectra: net.train(False)])
