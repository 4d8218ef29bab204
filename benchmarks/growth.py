"""Growth of time with size: one size varies, the others are fixed, and a line is fitted to the cost model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from freqnet import kernels, nn
from freqnet.kernels.threads import thread_limit
from freqnet.training import Spectra
from freqnet.training.batches import Batch
from freqnet.training.fit import Run

from .networks import Ours, mnist, parts
from .products import channel_work, half_spectra, product_work
from .rows import Row
from .timing import Operation, Plan, alternate, single

PREDICTED = "cost model, fitted"


def growth_rows(plan: Plan) -> Iterator[Row]:
    """Measure times against gate band, modes, batch and channels, and against the grid.

    In the first four series ``peer_s`` is the line ``a + b cost`` fitted to the points of the series. A ratio near 1
    means that time grows like the number of multiply-adds. These series use one thread, because the kernels themselves
    use one thread for small sizes.
    """
    with thread_limit(1):
        for name, points in (
            ("gate band", _gate_bands(plan)),
            ("modes", _modes(plan)),
            ("batch", _batches(plan)),
            ("channels", _channels(plan)),
        ):
            yield from fitted(name, list(points))
    yield from _grids(plan)


def fitted(name: str, points: list[tuple[str, int, float]]) -> Iterator[Row]:
    """Fit ``a + b cost`` to points and yield one row per point.

    The fit minimises relative errors, so that short times count as much as long ones. The share of variance explained,
    ``r2``, is that of the times themselves.

    Parameters
    ----------
    name : str
        Name of the series.
    points : list of tuple
        Label, multiply-adds and seconds of each point.

    Yields
    ------
    Row
        The measured time beside the fitted one.

    Examples
    --------
    >>> rows = list(fitted("twice", [("1", 1, 0.1), ("2", 2, 0.2), ("3", 3, 0.3)]))
    >>> round(rows[0].details["r2"], 6), round(rows[2].ratio, 6)
    (1.0, 1.0)
    """
    cost, seconds = (np.array([point[i] for point in points], float) for i in (1, 2))
    columns = np.stack([np.ones_like(cost), cost], axis=1)
    (start, slope), *_ = np.linalg.lstsq(columns / seconds[:, None], np.ones_like(cost), rcond=None)
    line = start + slope * cost
    r2 = 1 - np.sum((seconds - line) ** 2) / np.sum((seconds - seconds.mean()) ** 2)
    exponent = float(np.polyfit(np.log(cost), np.log(seconds), 1)[0])
    for (label, count, measured), predicted in zip(points, line, strict=True):
        details = {"multiply_adds": count, "r2": float(r2), "start_s": float(start), "exponent": exponent}
        yield Row("growth", f"{name} {label}", measured, PREDICTED, float(predicted), details)


def _product_point(band: int, gate: int, lanes: tuple[int, int], plan: Plan) -> tuple[int, float]:
    x, g = half_spectra(band, lanes), half_spectra(gate, lanes, seed=1)
    bands = ((band, band), (gate, gate), (band, band))
    return product_work(bands, lanes), single(partial(kernels.product, x, g, bands), plan.seconds)


def _gate_bands(plan: Plan) -> Iterator[tuple[str, int, float]]:
    for gate in (0, 1, 2, 3, 4, 6, 8, 10):
        yield (str(gate), *_product_point(10, gate, (50, 32), plan))


def _modes(plan: Plan) -> Iterator[tuple[str, int, float]]:
    for modes in (5, 9, 13, 17, 21) if plan.quick else (5, 9, 13, 17, 21, 25, 31):
        yield (f"{modes}x{modes}", *_product_point((modes - 1) // 2, (modes - 1) // 2, (50, 32), plan))


def _batches(plan: Plan) -> Iterator[tuple[str, int, float]]:
    for batch in (25, 50, 100, 200, 400):
        yield (str(batch), *_product_point(6, 6, (batch, 16), plan))


def _channels(plan: Plan) -> Iterator[tuple[str, int, float]]:
    for width in (16, 32, 64, 128):
        x, h = half_spectra(4, (100, width)), half_spectra(4, (width, width), seed=1)
        yield (
            str(width),
            channel_work(x, width),
            single(partial(kernels.channel_product, x, h, "forward"), plan.seconds),
        )


def _grids(plan: Plan) -> Iterator[Row]:
    """Time a training step and the input stage on growing images; the time of the step must not depend on the grid."""
    ours = mnist("large", parts())
    first: Operation | None = None
    for size in (28, 128, 512) if plan.quick else (28, 64, 128, 256, 512):
        network, run, batch = _on_grid(ours, size)
        images = np.random.default_rng(0).random((20, size, size, 1), np.float32)
        step = partial(run.step, batch)
        first = first or step
        seconds, base = alternate(step, first, plan.seconds)
        door = single(partial(network.analyse, images), plan.seconds) / len(images)
        details = {"door_seconds_an_image": door}
        yield Row("growth", f"grid {size}x{size}, training step", seconds, "the step on 28x28", base, details)


def _on_grid(ours: Ours, size: int) -> tuple[nn.Network, Run, Batch]:
    """Return the default network with an input stage for images of another size that keeps as many modes."""
    door = nn.Door("fourier", (size, size), ours.network.door.band, 1)
    network = nn.Network(door, nn.from_description(ours.network.body.describe()))
    network.train()
    x = network.analyse(np.random.default_rng(1).random((100, size, size, 1), np.float32))
    spectra = Spectra(x.data, np.arange(100) % 10, x.space)
    run = Run.begin(network, ours.run.settings, spectra)
    run.optimizer.learning_rate = 0.0
    return network, run, spectra.take(np.arange(100))
