"""What notebooks show of values: the text, the pictures, and that nothing changes or fails."""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode
from html import unescape
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from freqnet import Fourier, Tensor, get_domain, nn, no_transforms, ops, transform_count
from freqnet.audit import audit, summarize
from freqnet.data import Dataset
from freqnet.display import Displayed
from freqnet.experiments import Compared, Outcome, Sketch
from freqnet.report.cells import cell, cell_html
from freqnet.tasks import Classification
from freqnet.training import Evaluation, History, analyse

HOSTILE = ("<script>alert(1)</script>", "a & \"b\" 'c'", "\udc80日本\n")
GRIDS = ((9,), (4, 5), (3, 4, 5))
RNG = np.random.default_rng(0)
ROWS: list[dict[str, Any]] = [
    {"epoch": n, "loss": 1 / n, "r2": 0.1 * n, "validation_r2": float("nan"), "learning_rate": 0.1}
    for n in range(1, 31)
]


def dataset_of(*grid: int, channels: int = 1, classes: tuple[str, ...] = ("cat", "dog", "emu")) -> Dataset:
    images = RNG.random((12, *grid, channels)).astype(np.float32)
    return Dataset("pets", images, np.arange(12) % len(classes), classes)


def network_in(domain: str, body: tuple[nn.Module, ...] | None = None) -> nn.Network:
    layers = body or (nn.Convolution(4), nn.TruncationPool(3), nn.PowerNorm(), nn.Polynomial(), nn.Dense(3))
    return nn.Network(nn.Door(domain, (8, 8), (3, 3), 1), nn.Sequential(layers))


def compared_of(*reasons: str) -> Compared:
    metrics = {
        "test_accuracy": 0.9, "train_seconds": 2.0, "train_samples": 8, "settings": {"batch": 4},
        "transforms_inside_network": 0,
    }  # fmt: skip
    history = [{"epoch": 1, "loss": 1.0, "accuracy": 0.8, "seconds": 2.0}]
    outcomes = [
        Outcome("fourier", 0, metrics=metrics, history=history),
        *(Outcome("fourier", n, reason=r) for n, r in enumerate(reasons, 1)),
    ]
    info = {"fractions": {"validation": 0}, "model": {}, "settings": {}}
    return Compared("pets", (Sketch("fourier", 10, 20, 30),), tuple(outcomes), info)


def analysed(domain: str, *grid: int) -> Tensor:
    return ops.analysis(RNG.normal(size=(2, *grid, 3)), get_domain(domain)(grid))


NETWORK = network_in("fourier")
VALUES: dict[str, Any] = {
    "network": NETWORK,
    "network on samples": network_in("grid"),
    "network with transforms": network_in("grid-fft"),
    "plain numbers": Tensor([1.0, 2.0]),
    "matrix": Tensor(np.ones((2, 3))),
    "nothing": Tensor(np.ones((0, 3))),
    "parameter": next(iter(NETWORK.named_parameters().values())),
    "response": ops.frequency_response(Tensor(np.ones((3, 2, 2))), Fourier.on(8), "taps", (3,)),
    **{f"{name} {grid}": analysed(name, *grid) for name in ("fourier", "hartley", "grid") for grid in GRIDS},
    "nodes": analysed("laplace", 9),
    "complex nodes": analysed("damped", 9),
    "not finite": Tensor(np.full((5, 1, 1), np.nan + 0j), Fourier.on(9)),
    "no examples": Tensor(np.zeros((5, 0, 1), complex), Fourier.on(9)),
    "spectra": analyse(NETWORK, dataset_of(8, 8)),
    "dataset 1-D": dataset_of(16),
    "dataset 2-D": dataset_of(8, 6),
    "dataset 3-D": dataset_of(4, 5, 6),
    "colours": dataset_of(8, 6, channels=3),
    "an empty class": dataset_of(8).with_classes(("cat", "dog", "emu", "fox")),
    "history": History(ROWS),
    "no epochs": History(),
    "evaluation": Evaluation(0.123456, {"accuracy": 0.9}, np.ones((4, 3)), Classification()),
    "audit": audit(NETWORK, RNG.normal(size=(40, 8, 8, 1))),
    "comparison": compared_of("it <b>broke</b>"),
}  # fmt: skip


def text_of(html: str) -> str:
    """The text that a reader sees."""
    return unescape(re.sub("<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL))


def pictures(html: str) -> list[np.ndarray]:
    addresses = re.findall(r'src="data:image/png;base64,([^"]*)"', html)
    return [np.asarray(Image.open(BytesIO(b64decode(address)))) for address in addresses]


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_shown_without_transforms_and_stays_as_it_was(name: str) -> None:
    value = VALUES[name]
    weights = {key: array.tobytes() for key, array in NETWORK.arrays().items()}
    before = transform_count(), value.transforms_inside if isinstance(value, nn.Network) else 0
    html = value._repr_html_()
    assert html == value._repr_html_()
    assert html.startswith('<div class="freqnet-cell">')
    assert html.count("<div") == html.count("</div>")
    # A comparison measures the errors of transforms.
    assert transform_count() == before[0] or name in ("network with transforms", "comparison")
    assert (value.transforms_inside if isinstance(value, nn.Network) else 0) == before[1]
    assert weights == {key: array.tobytes() for key, array in NETWORK.arrays().items()}
    assert "\n" not in repr(value)
    assert len(repr(value)) < 250
    # Nothing is fetched, and nothing runs.
    assert all(address.startswith("data:image/png") for address in re.findall(r'(?:src|href)="([^"]*)', html))
    assert "<script" not in html


def test_every_class_that_is_displayed_is_among_the_values() -> None:
    shown = {type(value) for value in VALUES.values()}
    known, queue = set(), [Displayed]
    while queue:
        queue += (found := queue.pop().__subclasses__())
        known |= {kind for kind in found if kind.__module__.startswith("freqnet.")}
    assert known == shown


def test_signals_are_shown_where_transforms_are_forbidden() -> None:
    with no_transforms():
        assert all(VALUES[f"{domain} (9,)"]._repr_html_() for domain in ("fourier", "hartley", "grid"))


def test_the_table_of_a_network_is_that_of_the_summary() -> None:
    table = cell(NETWORK).parts[0]
    rows = summarize(NETWORK)
    shown = [(row.name, row.output, f"{row.parameters:,}") for row in rows]
    assert [(row[0], row[2], row[3]) for row in table.rows] == shown
    assert [row[4] for row in table.rows[1:-1]] == [f"{row.multiply_adds:,}" for row in rows[1:-1]]


def test_a_large_network_is_shown_without_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freqnet.report.cells.walk_layers", lambda *args: pytest.fail("the network ran"))
    body = nn.Sequential((nn.GlobalAverage(), nn.Dense(2)))
    network = nn.Network(nn.Door("fourier", (256, 256), (100, 100), 1), body)
    assert cell(network).parts[0].rows[1] == ("1", "Dense", "", "4", "")
    with pytest.raises(pytest.fail.Exception, match="ran"):
        cell(network_in("fourier"))


def test_a_large_signal_is_shown_without_a_picture() -> None:
    x = Tensor(np.zeros((1025, 1000, 1, 1), np.float32), get_domain("grid")((1025, 1000)))
    assert cell(x).parts == []


@pytest.mark.parametrize("domain", ["fourier", "hartley"])
def test_the_picture_of_a_spectrum_is_its_power(domain: str) -> None:
    samples = np.random.default_rng(1).normal(size=(1, 5, 7, 2))
    x = ops.analysis(samples, get_domain(domain)((5, 7)))
    (image,) = pictures(x._repr_html_())
    power = (np.abs(np.fft.fftshift(np.fft.fft2(samples[0], axes=(0, 1)), axes=(0, 1))) ** 2).mean(axis=-1)
    levels = np.clip(10 * np.log10(power / power.max()), -60, 0)
    np.testing.assert_allclose(image, 255 * (1 + levels / 60), atol=0.6)


def test_the_pictures_of_a_dataset_are_its_first_samples_of_each_class() -> None:
    dataset = dataset_of(8, 6)
    images = pictures(dataset._repr_html_())
    assert [image.shape for image in images] == [(8, 4 * 7 - 1)] * 3
    for number, image in enumerate(images):
        sample = dataset.images[number, ..., 0]
        grey = 255 * (sample - sample.min()) / np.ptp(sample)
        np.testing.assert_allclose(image[:, :6], grey, atol=0.6)
        assert set(image[:, 6]) <= {127, 128}


def test_texts_are_escaped() -> None:
    dataset = dataset_of(8, classes=HOSTILE)
    found = text_of(dataset._repr_html_())
    assert HOSTILE[0] in found
    assert "it <b>broke</b>" in text_of(VALUES["comparison"]._repr_html_())
    for value in (dataset, VALUES["comparison"]):
        assert not {"<script", "<b>"} & set(re.findall("<script|<b>", value._repr_html_()))


def test_texts_say_what_there_is() -> None:
    assert repr(VALUES["history"]) == "History(30 epochs, loss=0.03333, r2=3, validation_r2=nan, learning_rate=0.1)"
    assert repr(VALUES["no epochs"]) == "History(0 epochs)"
    assert repr(VALUES["evaluation"]) == (
        "Evaluation(loss=0.1235, metrics={accuracy: 0.9}, outputs=array (4, 3), task=Classification())"
    )
    assert repr(VALUES["comparison"]) == "Compared('pets', fourier, 1 of 2 runs complete)"
    assert repr(VALUES["spectra"]) == "Spectra(12 examples, 1 channels of fourier signal, grid 8x8, band 3x3)"
    assert "30 epochs, 10 of them shown" in text_of(VALUES["history"]._repr_html_())
    assert "90.00%" in text_of(VALUES["comparison"]._repr_html_())
    assert repr(VALUES["audit"]).startswith("Audit(low-passed: 5 of 25 pairs of modes reachable, 5 layers,")


def test_an_error_is_a_warning_and_the_text_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freqnet.report.cells.cell_html", lambda value: 1 / 0)
    with pytest.warns(UserWarning, match="a History cannot be shown as HTML, but as text: division by zero"):
        assert History()._repr_html_() is None


def test_a_value_without_a_cell_is_refused() -> None:
    with pytest.raises(TypeError, match="no cell for a int"):
        cell_html(1)


def test_showing_a_value_does_not_import_matplotlib() -> None:
    code = (
        "import sys; from freqnet.training import History; h = History([{'loss': 1.0}, {'loss': 0.5}]);"
        "assert '<svg' in h._repr_html_(); print([m for m in ('matplotlib', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
