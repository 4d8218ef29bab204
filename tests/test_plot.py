"""The plots: what they draw, on whose axes, and what they leave alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from freqnet import Fourier, Tensor, get_domain, nn, ops, plot
from freqnet.audit import audit
from freqnet.errors import ConfigurationError, DataError, FreqnetError, ShapeError, SpaceError
from freqnet.plot import style
from freqnet.plot.filters import filters
from freqnet.training import History, RangeTest

GRIDS = {1: (16,), 2: (8, 6), 3: (5, 4, 6)}
SAME = {"seconds": 1.0, "learning_rate": 0.1, "images_per_second": 9.0, "note": None}
ROWS: list[dict[str, Any]] = [
    {"epoch": n, "loss": 1 / n, "r2": 0.1 * n, "validation_r2": 0.05 * n, **SAME} for n in (1, 2, 3)
]


def network_on(grid: tuple[int, ...], domain: str = "fourier", kernel: str = "taps") -> nn.Network:
    body = nn.Sequential((nn.Convolution(4, kernel=kernel), nn.TruncationPool(3), nn.PowerNorm(), nn.Dense(3)))
    return nn.Network(nn.Door(domain, grid, tuple((n - 1) // 2 for n in grid), 2), body, precision=np.float64)


def example(grid: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(*grid, 2))


NETWORKS = {ndim: network_on(grid) for ndim, grid in GRIDS.items()}
FOUND = {n: audit(NETWORKS[n], np.stack([example(GRIDS[n])] * 4)) for n in (1, 2)}


RANGE = RangeTest(np.geomspace(1e-5, 1, 60), np.abs(np.linspace(-2, 1, 60)) + 0.1, width=1.5, is_diverged=False)


def panel() -> Any:
    return Figure().subplots()


# Every plot in every number of dimensions, with the number of its panels.
PLOTS: dict[str, tuple[Callable[..., Any], int]] = {
    **{f"sample {n}-D": (lambda axes, n=n: plot.plot_sample(example(GRIDS[n]), axes), 0) for n in GRIDS},
    **{
        f"spectrum {n}-D": (lambda axes, n=n: plot.plot_spectrum(example(GRIDS[n]), Fourier.on(GRIDS[n]), ax=axes), 0)
        for n in GRIDS
    },
    **{f"response {n}-D": (lambda axes, n=n: plot.plot_response(NETWORKS[n], ax=axes), 0) for n in GRIDS},
    **{f"kernels {n}-D": (lambda axes, n=n: plot.plot_kernels(NETWORKS[n], axes=axes), 4) for n in GRIDS},
    **{f"kept {n}-D": (lambda axes, n=n: plot.plot_kept(NETWORKS[n], example(GRIDS[n]), axes), 5) for n in GRIDS},
    **{f"reach {n}-D": (lambda axes, n=n: plot.plot_reach(FOUND[n], ax=axes), 0) for n in FOUND},
    "history": (lambda axes: plot.plot_history(ROWS, axes=axes), 2),
    "range test": (lambda axes: plot.plot_range_test(RANGE, axes), 0),
    "confusion": (lambda axes: plot.plot_confusion([0, 1, 2], [0, 2, 2], ax=axes), 0),
}


@pytest.fixture
def no_pyplot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where a plot makes a figure of pyplot or shows one."""
    import matplotlib.pyplot as plt

    for name in ("figure", "subplots", "gca", "gcf", "show", "sca"):
        monkeypatch.setattr(plt, name, lambda *args, name=name, **kw: pytest.fail(f"plt.{name} was called"))


@pytest.mark.usefixtures("no_pyplot")
@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_draws_on_the_axes_that_it_is_given_and_changes_no_settings(name: str) -> None:
    draw, count = PLOTS[name]
    figure, before = Figure(), dict(matplotlib.rcParams)
    axes = figure.subplots(1, count) if count else figure.subplots()
    out = draw(axes)
    if count:
        assert out.shape == (count,)
        assert all(a is b for a, b in zip(out, axes, strict=True))
    else:
        assert out is axes
    assert all(a.has_data() for a in np.ravel(out))
    assert dict(matplotlib.rcParams) == before
    figure.canvas.draw()


@pytest.mark.parametrize("name", PLOTS)
def test_without_axes_a_plot_makes_one_figure_and_leaves_others_alone(name: str) -> None:
    import matplotlib.pyplot as plt

    with matplotlib.rc_context({"backend": "agg"}):
        other = plt.figure()
        drawn = np.ravel(PLOTS[name][0](None))[0].figure
        assert drawn is not other
        assert other.axes == []
        assert len(plt.get_fignums()) == 2
        drawn.canvas.draw()
        plt.close("all")


def test_the_check_of_pyplot_finds_a_new_figure(no_pyplot: None) -> None:
    with pytest.raises(pytest.fail.Exception, match="subplots"):
        plot.plot_confusion([0, 1], [0, 1])


# -- spectra ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", ["fourier", "hartley", "laplace", "grid"])
def test_a_spectrum_is_that_of_the_samples_in_every_domain(domain: str, rng: np.random.Generator) -> None:
    samples = rng.normal(size=(3, 9, 2))
    x = ops.analysis(samples, get_domain(domain)(9))
    line = plot.plot_spectrum(x, example=-1, ax=panel()).lines[0]
    modes = np.fft.fftshift(np.fft.fft(samples[2], axis=0), axes=0)
    power = (np.abs(modes) ** 2).mean(axis=1)
    np.testing.assert_allclose(line.get_xdata(), np.arange(-4, 5))
    np.testing.assert_allclose(line.get_ydata(), 10 * np.log10(power / power.max()), atol=1e-6)


def test_a_volume_shows_the_plane_of_the_mean_of_its_first_axis(rng: np.random.Generator) -> None:
    samples = rng.normal(size=(5, 7, 3))
    image = plot.plot_spectrum(samples, Fourier.on((5, 7, 3)), floor=-200, ax=panel()).images[0]
    modes = np.abs(np.fft.fftshift(np.fft.fftn(samples))) ** 2
    np.testing.assert_allclose(image.get_array(), 10 * np.log10(modes[2] / modes.max()), atol=1e-6)


def test_samples_may_have_a_batch_or_channels_or_neither(rng: np.random.Generator) -> None:
    samples, space = rng.normal(size=(1, 9, 1)), Fourier.on(9)
    given = (samples, samples[0], samples[0, :, 0], ops.analysis(samples, space))
    lines = [plot.plot_spectrum(x, space, ax=panel()).lines[0].get_ydata() for x in given]
    assert all(np.array_equal(lines[0], other) for other in lines)


def test_kept_shows_the_band_of_every_layer() -> None:
    axes = plot.plot_kept(NETWORKS[2], example(GRIDS[2]), Figure().subplots(1, 5))
    assert [" ".join(ax.get_title().split()) for ax in axes] == [
        "image", "door", "0 convolution", "1 truncation pool", "2 power norm",
    ]  # fmt: skip
    assert [ax.images[0].get_extent()[1] for ax in axes[1:]] == [2.5, 2.5, 1.5, 1.5]
    assert {ax.get_xlim() for ax in axes[1:]} == {(-2.5, 2.5)}


# -- filters -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", ["fourier", "hartley", "grid"])
@pytest.mark.parametrize("kernel", ["taps", "spectral", "sinc", "modes"])
def test_taps_have_the_gain_of_the_layer(domain: str, kernel: str) -> None:
    """The transform of the taps, at the modes of the grid, is the response that the layer multiplies by."""
    (own,) = filters(network_on((9, 7), domain, kernel))
    assert own.taps.shape == ((3, 3, 2, 4) if kernel != "modes" else (9, 7, 2, 4))
    padded = np.zeros((9, 7, 2, 4))
    padded[: own.taps.shape[0], : own.taps.shape[1]] = own.taps
    gain = np.abs(np.fft.fftshift(np.fft.fftn(padded, axes=(0, 1)), axes=(0, 1)))
    np.testing.assert_allclose(own.gain, gain, atol=1e-9)


def test_a_kernel_and_its_response_are_those_of_the_pair(rng: np.random.Generator) -> None:
    network = NETWORKS[1]
    (own,) = filters(network)
    gain = plot.plot_response(network, "0", (1, 2), ax=panel()).lines[0].get_ydata()
    np.testing.assert_array_equal(gain, own.gain[:, 1, 2])
    every = plot.plot_response(network, ax=panel()).lines[0].get_ydata()
    np.testing.assert_allclose(every, np.sqrt(np.square(own.gain.reshape(15, -1)).mean(axis=1)))
    axes = plot.plot_kernels(own, most=2, axes=Figure().subplots(1, 2))
    for ax in axes:
        source, output = map(int, ax.get_title().split("→"))
        np.testing.assert_array_equal(ax.lines[-1].get_ydata(), own.taps[:, source, output])


# -- training ----------------------------------------------------------------------------------------------
def test_a_history_is_drawn_by_the_columns_that_it_has() -> None:
    loss, score = plot.plot_history(History(ROWS), axes=Figure().subplots(1, 2))
    assert [(ax.get_ylabel(), len(ax.lines)) for ax in (loss, score)] == [("loss", 1), ("r2", 2)]
    (rate,) = plot.plot_history(ROWS, "learning_rate", panel())
    assert rate.lines[0].get_ydata().tolist() == [0.1] * 3
    diverged = [{"epoch": 1, "loss": float("nan")}, {"epoch": 2, "loss": float("inf")}]
    assert len(plot.plot_history(diverged, axes=panel())[0].lines) == 0


def test_a_confusion_matrix_counts(rng: np.random.Generator) -> None:
    true, said = rng.integers(0, 4, (2, 60))
    ax = plot.plot_confusion(true, said, ("a", "$b$", "c", "d"), ax=panel())
    written = {text.get_position(): int(text.get_text()) for text in ax.texts}
    for (column, row), count in written.items():
        assert count == np.sum((true == row) & (said == column))
    assert sum(written.values()) == 60
    assert [text.get_text() for text in ax.get_yticklabels()][1] == "$b$"
    assert not ax.get_yticklabels()[1].get_parse_math()


# -- audits ------------------------------------------------------------------------------------------------
def test_dead_modes_are_grey_and_not_drawn() -> None:
    found = FOUND[2]
    image = plot.plot_reach(found, ax=panel()).images[0]
    seen = ~np.isnan(np.ma.filled(image.get_array(), np.nan))
    rows, columns = (np.arange(-m, m + 1) for m in found.door_band)
    low = found.reach.low_pass
    assert low == (1, 1)
    np.testing.assert_array_equal(seen, (np.abs(rows) <= low[0])[:, None] & (np.abs(columns) <= low[1])[None])
    # In 1-D, a dead mode and its mirror are shaded.
    assert len(plot.plot_reach(FOUND[1], ax=panel()).patches) == 2 * int(np.sum(~FOUND[1].reach.reachable))


# -- wrong calls -------------------------------------------------------------------------------------------
WRONG: dict[str, tuple[Callable[[], Any], type[FreqnetError], str]] = {
    "features": (lambda: plot.plot_spectrum(Tensor([1.0])), SpaceError, "got plain numbers, expected a signal"),
    "no space": (lambda: plot.plot_spectrum(np.ones(8)), SpaceError, "samples without a space"),
    "grid": (lambda: plot.plot_spectrum(np.ones((2, 2, 2, 8)), Fourier.on(8)), ShapeError, r"shape \(2, 2, 2, 8\)"),
    "example": (lambda: plot.plot_spectrum(np.ones(8), Fourier.on(8), example=1), ShapeError, "got 1, expected"),
    "floor": (lambda: plot.plot_spectrum(np.ones(8), Fourier.on(8), floor=60), ConfigurationError, "floor=-60"),
    "sample": (lambda: plot.plot_sample(np.ones(8)), ShapeError, r"\(\*grid, channels\)"),
    "batch": (lambda: plot.plot_kept(NETWORKS[1], np.ones((1, 16, 2))), ShapeError, "samples: got shape"),
    "layer": (lambda: plot.plot_response(NETWORKS[1], 1), ConfigurationError, "got 1, expected 0, or a path among 0;"),
    "path": (lambda: plot.plot_kernels(NETWORKS[1], "x"), ConfigurationError, "pass layer=0"),
    "no layer": (
        lambda: plot.plot_response(nn.Network(nn.Door("fourier", (8,), (3,), 1), nn.Dense(2))),
        ConfigurationError,
        "add nn.Convolution",
    ),
    "pair": (lambda: plot.plot_response(NETWORKS[1], pair=(0, 4)), ConfigurationError, "an output below 4"),
    "axes": (lambda: plot.plot_history(ROWS, axes=Figure().subplots(1, 3)), ConfigurationError, "got 3 axes"),
    "no epochs": (lambda: plot.plot_history([]), DataError, "no epochs"),
    "column": (lambda: plot.plot_history(ROWS, "acuracy"), ConfigurationError, "got 'acuracy', expected epoch, loss"),
    "lengths": (lambda: plot.plot_confusion([0, 1], [0]), DataError, r"shapes \(2,\) and \(1,\)"),
    "logits": (lambda: plot.plot_confusion([0, 1], [0.1, 0.2]), DataError, "predictions: got float64"),
    "class": (lambda: plot.plot_confusion([0, 2], [0, 1], ("a", "b")), DataError, "targets: got int64 from 0 to 2"),
    "reach": (
        lambda: plot.plot_reach(replace(FOUND[1], door_band=(1, 1, 1))),
        ShapeError,
        "got 3 axes, expected 1 or 2 axes",
    ),
    "a layer": (
        lambda: plot.plot_response(NETWORKS[1].body),
        ConfigurationError,
        "got a Sequential, expected a Network",
    ),
    "no network": (lambda: plot.plot_kept(np.ones(3), np.ones(3)), ConfigurationError, "got a ndarray, expected a Net"),
    "no audit": (lambda: plot.plot_reach(NETWORKS[1]), ConfigurationError, "got a Network, expected an Audit"),
    "no history": (lambda: plot.plot_history(NETWORKS[1]), ConfigurationError, "got a Network, expected a Sequence"),
    "kind": (lambda: plot.plot_reach(FOUND[1], "gain"), ConfigurationError, "'response' or 'jacobian'"),
}


@pytest.mark.usefixtures("no_pyplot")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_raises_one_line_before_a_figure_is_made(name: str) -> None:
    call, kind, message = WRONG[name]
    with pytest.raises(kind, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


# -- colours -----------------------------------------------------------------------------------------------
def luminance(colour: str) -> float:
    """Relative luminance, 0 (black) to 1 (white), by the definition of sRGB."""
    channels = [int(part, 16) / 255 for part in re.findall("..", colour.lstrip("#"))]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_the_two_colours_of_curves_differ_in_lightness_and_stand_out_from_white_and_black() -> None:
    blue, orange = luminance(style.BLUE), luminance(style.ORANGE)
    contrast = lambda a, b: (max(a, b) + 0.05) / (min(a, b) + 0.05)
    assert contrast(blue, orange) > 1.4
    assert min(contrast(blue, 1.0), contrast(blue, 0.0), contrast(orange, 0.0)) > 3
