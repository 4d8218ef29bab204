"""The table of layers, the figures, and the report in one file."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html import unescape
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freqnet import nn, report
from freqnet.audit import walk
from freqnet.errors import ConfigurationError, ShapeError
from freqnet.plot.filters import Filters, filters
from freqnet.plot.signals import decibels
from freqnet.plot.style import label, shrink, to_svg
from freqnet.report import Run, layer_spectra, summarize, write_report
from freqnet.report.formulas import text_and_formulas
from freqnet.report.page import Block, part_html
from freqnet.report.run import classes as classes_section
from freqnet.spaces import Fourier
from freqnet.spaces.waves.modes import product_terms

HOSTILE = ("<script>alert(1)</script>", "a & \"b\" 'c'", "$\\frac{$", "two\nlines\x07", "\udc80日本")


def layers(channels: int = 4, outputs: int = 3) -> tuple[nn.Module, ...]:
    return (nn.Convolution(channels), nn.PowerNorm(), nn.Polynomial((0.0, 1.0, 0.25)), nn.Dense(outputs))


FREE = nn.Convolution(2, kernel="modes"), nn.Dense(3)
KINDS: dict[str, tuple[nn.Door, tuple[nn.Module, ...]]] = {
    "1-D": (nn.Door("fourier", (16,), (5,), 2), layers()),
    "2-D": (nn.Door("fourier", (8, 6), (3, 2), 3), layers()),
    "3-D": (nn.Door("fourier", (5, 4, 6), (2, 1, 2), 1), layers()),
    "grid": (nn.Door("grid", (8, 8), (4, 4), 1), layers()),
    "free modes": (nn.Door("grid", (6, 6), (3, 3), 1), FREE),
    "no convolution": (nn.Door("fourier", (8, 8), (3, 3), 1), layers()[-1:]),
}


def network_of(kind: str) -> nn.Network:
    door, body = KINDS[kind]
    return nn.Network(door, nn.Sequential(body))


def run_of(network: nn.Network, classes: tuple[str, ...] = ("cat", "dog", "emu"), count: int = 12) -> dict[str, Any]:
    generator = np.random.default_rng(0)
    images = generator.normal(size=(count, *network.door.grid, network.door.channels)).astype(np.float32)
    logits = generator.normal(size=(count, len(classes)))
    return {"images": images, "targets": np.arange(count) % len(classes), "outputs": logits, "classes": classes}


def finite_images(figure: Any) -> list[np.ndarray]:
    arrays = [np.ma.filled(image.get_array(), 0.0) for axes in figure.axes for image in axes.images]
    assert all(np.isfinite(array).all() for array in arrays)
    return arrays


# -- the table of layers -------------------------------------------------------------------------------
def test_summary_against_figures_by_hand() -> None:
    body = nn.Sequential((nn.Convolution(16, 3), nn.Sequential((nn.PowerNorm(), nn.Polynomial())), nn.Dense(10)))
    rows = {row.name: row for row in summarize(nn.Network(nn.Door("fourier", (8, 8), (3, 3), 2), body))}
    stored = 7 * 4
    assert list(rows) == ["door", "0", "1.0", "1.1", "2", "total"]
    assert [row.output for row in rows.values()][:2] == ["7x7 modes x 2", "7x7 modes x 16"]
    assert (rows["0"].modes, rows["2"].modes, rows["2"].output) == ((7, 7), None, "10 features")
    assert [rows[name].parameters for name in ("0", "1.0", "1.1", "2")] == [9 * 2 * 16 + 16, 32, 48, 49 * 160 + 10]
    # Complex products of every stored mode, then the bias at every stored number.
    assert rows["0"].multiply_adds == 4 * stored * 2 * 16 + 2 * stored * 16
    assert rows["0"].setup_multiply_adds == 2 * stored * 2 * 16 * 9
    # One pass: the scale and the constant; then a square; then an inner product an output.
    assert rows["1.0"].multiply_adds == 2 * stored * 16
    assert rows["1.1"].multiply_adds >= 2 * 16 * product_terms((3, 3), (3, 3), (3, 3))
    assert rows["2"].multiply_adds == 2 * stored * 16 * 10 + 10
    assert [rows[name].bytes for name in ("door", "0", "2")] == [stored * 2 * 8, stored * 16 * 8, 40]
    for name in ("parameters", "multiply_adds", "setup_multiply_adds", "bytes", "twin_multiply_adds", "twin_bytes"):
        values = [getattr(row, name) for row in rows.values()]
        assert values[-1] == sum(values[:-1]), name


def test_twin_is_the_same_network_on_samples() -> None:
    network = nn.Network(nn.Door("fourier", (8, 6), (2, 1), 2), nn.Sequential((nn.Convolution(4, 3), nn.Dense(5))))
    door, conv, dense, _ = summarize(network)
    assert (door.twin_multiply_adds, door.twin_bytes) == (0, 8 * 6 * 2 * 4)
    assert (conv.twin_multiply_adds, conv.twin_bytes) == (48 * 9 * 2 * 4 + 48 * 4, 48 * 4 * 4)
    assert dense.twin_multiply_adds == 48 * 4 * 5 + 5
    own = summarize(report.spatial_twin(network) or network)
    assert [(r.multiply_adds, r.bytes) for r in own] == [(r.twin_multiply_adds, r.twin_bytes) for r in own]
    assert own[0].output == "8x6 samples x 2"


def test_summary_leaves_the_network_as_it_was() -> None:
    network = network_of("2-D")
    network.body.train(True)
    before = {name: array.copy() for name, array in network.arrays().items()}
    summarize(network)
    assert all(module.training for _, module in network.body.modules())
    assert network.transforms_inside == 0
    assert all(np.array_equal(before[name], array) for name, array in network.arrays().items())
    images = run_of(network)["images"]
    np.testing.assert_allclose(walk(network, images)[-1].output.data, network.predict(images), rtol=1e-5, atol=1e-6)


def test_residual_is_one_row_and_a_network_without_a_twin_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    body = nn.Sequential((nn.Residual(nn.Sequential((nn.Convolution(4), nn.PowerNorm()))), nn.Dense(2)))
    network = nn.Network(nn.Door("fourier", (6, 6), (2, 2), 1), body)
    rows = summarize(network)
    assert [row.layer for row in rows] == ["Door", "Residual", "Dense", ""]
    assert rows[1].parameters == 9 * 4 + 4 + 8 + 4

    def refuse(description: dict[str, Any]) -> None:
        raise ShapeError("no twin")

    monkeypatch.setattr(nn.Network, "from_description", refuse)
    assert {row.twin_bytes for row in summarize(network)} == {None}


def test_table_fits_a_terminal() -> None:
    from rich.console import Console

    console = Console(width=80, file=StringIO())
    console.print(report.layer_table(summarize(network_of("2-D"))))
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    assert any("0 Convolution" in line and "7x5 modes x 4" in line for line in lines)


# -- figures -------------------------------------------------------------------------------------------
def test_training_curves() -> None:
    rows: list[dict[str, Any]] = [
        {"epoch": n, "loss": 1 / n, "accuracy": 0.5, "learning_rate": 1e-3, "seconds": 1.0} for n in (1, 2, 3)
    ]
    loss, accuracy, rate = report.training_curves(rows).axes
    assert [len(axes.lines) for axes in (loss, accuracy, rate)] == [1, 1, 1]
    assert np.asarray(accuracy.lines[0].get_ydata()).tolist() == [50.0] * 3
    rows[1] |= {"validation_loss": float("nan"), "validation_accuracy": 0.25}
    rows[2] |= {"validation_loss": float("inf"), "validation_accuracy": 0.75}
    loss, accuracy, _ = report.training_curves(rows).axes
    assert (len(loss.lines), accuracy.lines[1].get_label()) == (1, "validation, last 75")
    assert report.training_curves(rows[:1]).axes[0].lines[0].get_marker() == "o"
    assert report.training_curves([]).axes == []


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_confusion_matrix(classes: int, rng: np.random.Generator) -> None:
    labels, predictions = rng.integers(0, classes, (2, 500))
    figure = report.confusion_matrix(labels, predictions, [f"class {n}" for n in range(classes)])
    share = finite_images(figure)[0]
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predictions), 1)
    np.testing.assert_allclose(share.sum(axis=1), counts.any(axis=1))
    written = counts[counts > 0].tolist() if classes <= 30 else []
    assert [int(text.get_text()) for text in figure.axes[0].texts] == written
    assert len(figure.axes[0].get_yticklabels()) == classes
    assert figure.get_figwidth() <= 11


def test_a_page_of_many_classes_is_bounded(rng: np.random.Generator) -> None:
    count = 1000
    labels, classes = np.repeat(np.arange(count), 2), [f"class {n}" for n in range(count)]
    logits = np.eye(count)[labels]
    # One class is always taken for another, and 150 others once.
    logits[labels == 700, 700], logits[labels == 700, 3] = 0, 1
    for own in range(100, 400, 2):
        logits[2 * own] = np.eye(count)[own + 1]
    body = nn.Sequential(nn.GlobalAverage(), nn.Dense(count))
    net = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), body)
    run = report.Run(net, np.zeros((len(labels), 8, 8, 1)), labels, logits, classes)
    section = classes_section(run)
    picture, table = section.parts
    assert "Of 1,000 classes, the 100 with the most mistakes are shown" in section.text
    assert len(table.rows) == len(picture.drawn.axes[0].get_yticklabels()) == 100
    rows = {row[0]: row for row in table.rows}
    assert rows["class 700"][5] == "class 3 (2)"
    assert rows["class 3"][4] == "50.0 %"
    few = report.Run(net, run.images[:4], np.arange(4), logits[:8:2], classes)
    assert len(classes_section(few).parts[1].rows) == 100


@pytest.mark.parametrize("kind", KINDS)
def test_filters_are_the_responses_of_the_layers(kind: str) -> None:
    network = network_of(kind)
    found = filters(network)
    figure = report.filter_responses(network, most=3)
    finite_images(figure)
    assert sum(axes.get_title() != "" for axes in figure.axes) == sum(len(item.strongest_pairs(3)) for item in found)
    for item in found:
        kernel = network.body.named_parameters()[f"{item.name}.kernel"].data
        layer = dict(network.body.modules())[item.name]
        assert isinstance(layer, nn.Convolution)
        size = (3,) * len(item.band) if layer.kernel == "taps" else network.door.grid
        half = Fourier.on(network.door.grid, item.band).frequency_response(kernel, layer.kernel, size)
        np.testing.assert_allclose(item.gain[..., item.band[-1] :, :, :], np.abs(half), rtol=1e-6)
        np.testing.assert_allclose(item.gain, np.flip(item.gain, tuple(range(len(item.band)))), rtol=1e-6)


def test_filters_are_sorted_from_low_pass_to_high_pass() -> None:
    gain = np.zeros((5, 2, 3))
    gain[:, 0, 0], gain[:, 1, 1], gain[:, 0, 2] = [3, 0, 0, 0, 3], [0, 1, 2, 1, 0], [0, 1, 0, 1, 0]
    layer = Filters("0", gain, (2,), gain)
    assert layer.strongest_pairs(3) == [(1, 1), (0, 2), (0, 0)]
    assert layer.strongest_pairs(2) == [(1, 1), (0, 0)]


def test_one_layer_of_filters_can_be_chosen() -> None:
    body = nn.Sequential((nn.Convolution(2, 1), nn.Convolution(3), nn.Convolution(4), nn.Dense(2)))
    network = nn.Network(nn.Door("fourier", (6, 6), (2, 2), 1), body)
    # A convolution of one tap passes all modes equally, and is left out.
    assert [(f.name, f.gain.shape) for f in filters(network)] == [("1", (5, 5, 2, 3)), ("2", (5, 5, 3, 4))]
    assert len(report.filter_responses(network, 1).axes) == 4 + 1
    assert len(report.filter_responses(network, -2).axes) == 3 + 1
    with pytest.raises(ConfigurationError, match="convolution layer: got 2, expected 0 to 1"):
        report.filter_responses(network, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_layer_spectra(kind: str) -> None:
    network = network_of(kind)
    images = run_of(network)["images"]
    figure = layer_spectra(network, images, most=2)
    finite_images(figure)
    signals = sum(step.output.space is not None for step in walk(network, images[:1]))
    assert len(figure.axes) == 2 * (1 + signals) + (kind != "1-D")
    assert layer_spectra(network, images[:0]).axes == []


def test_spectra_are_the_same_from_every_domain(rng: np.random.Generator) -> None:
    images = rng.normal(size=(2, 7, 5, 3))
    full = np.fft.fftshift(np.fft.fft2(images, axes=(1, 2)), axes=(1, 2))
    power = np.moveaxis((np.abs(full) ** 2).mean(axis=-1), 0, -1)
    for domain in ("fourier", "grid"):
        shown, band = decibels(nn.Door(domain, (7, 5), (3, 2), 3).analyse(images, np.float64))
        assert band == (3, 2)
        np.testing.assert_allclose(shown, 10 * np.log10(power / power.max(axis=(0, 1))), atol=1e-9)


def test_misclassified_shows_mistakes_alone() -> None:
    images, labels = np.ones((40, 6, 6, 3)), np.arange(40) % 2
    figure = report.misclassified(images, labels, np.zeros(40, int), ("$a$", "b"), most=5)
    assert [axes.get_title() for axes in figure.axes] == ["true: b\nsaid: $a$"] * 5
    assert report.misclassified(images, labels, labels, ("a", "b")).axes == []


def test_labels_are_fit_for_a_figure_and_images_small() -> None:
    assert [label(name, 9) for name in HOSTILE] == ["<script>…", 'a & "b" …', "$\\frac{$", "two line…", "?日本"]
    assert shrink(np.arange(12.0).reshape(2, 6), 3).tolist() == [[3.5, 5.5, 7.5]]
    assert max(shrink(np.ones((2, 500)), 96).shape) <= 96
    svg = to_svg(report.confusion_matrix(np.arange(5), np.arange(5), HOSTILE), "x")
    assert "<script" not in svg
    assert {name[:2] for name in re.findall(r'\bid="([^"]*)"', svg)} == {"x-"}


# -- the page ------------------------------------------------------------------------------------------
def text_of(html: str) -> str:
    return unescape(re.sub("<[^>]*>", "", html))


@pytest.mark.parametrize("kind", KINDS)
def test_page_for_every_kind_of_network(kind: str, tmp_path: Path) -> None:
    network, path = network_of(kind), tmp_path / "report.html"
    write_report(path, Run(network, title="A run", metrics={"domain": kind}, **run_of(network)))
    html = path.read_text(encoding="utf-8")
    assert (html.count("<svg"), html.count("<table"), html.count("<script")) == (6, 5, 0)
    for heading in ("Training", "Classes", "Mistakes", "Layers", "Learned filters", "From layer to layer", "Metrics"):
        assert heading in text_of(html)
    assert "How to reproduce" not in text_of(html)
    # Nothing is fetched: every address points into the page or holds the data itself.
    assert all(re.match("#|data:image/png", address) for address in re.findall(r'(?:href|src)="([^"]*)', html))
    assert "//" not in re.sub(r'data:[^"]*', "", html)


def test_page_says_what_the_run_measured_and_escapes_every_text(tmp_path: Path) -> None:
    network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(layers(outputs=5)))
    metrics = {
        "dataset": "<b>pets</b>", "test_accuracy": 0.98765, "train_seconds": 75.4, "parameters": 12345, "seed": 123456,
        "transforms_inside_network": 0, "command": "freqnet train a && b <c>", "settings": {"batch": 64}, "<i>": None,
    }  # fmt: skip
    history = [{"epoch": 1, "loss": 1.0, "accuracy": 0.5, "learning_rate": 0.1, "seconds": 1.0}]
    path = tmp_path / "r.html"
    write_report(path, Run(network, title="<u>&", metrics=metrics, history=history, **run_of(network, HOSTILE)))
    html = path.read_text(encoding="utf-8")
    text = text_of(html)
    shown = ["98.77 %", "12,345", "1 min 15 s", "123456", "<b>pets</b>", "freqnet train a && b <c>", "settings, batch"]
    assert [part for part in [*shown, HOSTILE[0]] if part not in text] == []
    for part in ("<script", "<b>", "<i>", "<u>"):
        assert part not in html
    write_report(path, Run(network, **run_of(network, HOSTILE, count=0)))
    assert 'id="classes"' not in path.read_text(encoding="utf-8")


def test_a_formula_that_cannot_be_drawn_is_shown_as_tex() -> None:
    html = part_html(Block("prose", text_and_formulas(r"a < b, $x^2$ and $\frac{<$")))
    assert html.startswith('<p>a &lt; b, <svg class="formula" role="img" aria-label="x^2"')
    assert html.endswith(r" and <code>\frac{&lt;</code></p>")


def test_a_failure_leaves_the_old_page_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network, path = network_of("no convolution"), tmp_path / "report.html"
    run = Run(network, title="new", **run_of(network))
    path.write_text("old")

    def fail(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", fail)
        with pytest.raises(ConfigurationError, match="No space left on device"):
            write_report(path, run)
    with monkeypatch.context() as patch:
        patch.setattr("freqnet.report.run.spectra", fail)
        with pytest.raises(OSError, match="No space"):
            write_report(path, run)
    assert ([file.name for file in tmp_path.iterdir()], path.read_text()) == (["report.html"], "old")
    with pytest.raises(ConfigurationError, match="expected a file in a folder that exists"):
        write_report(path / "r.html", run)
    with pytest.raises(ShapeError, match="12 images"):
        replace(run, targets=np.zeros(11, int))
    write_report(path, run)
    assert "<title>new</title>" in path.read_text(encoding="utf-8")


def test_importing_the_package_is_light() -> None:
    heavy = ("matplotlib", "rich", "jinja2", "scipy.fft")
    code = f"import sys, freqnet.report; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
