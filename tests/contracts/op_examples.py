"""Examples of every op, in float64: name -> list of (inputs, parameters)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from math import prod
from typing import Any

import numpy as np

from freqnet.autodiff import Tensor
from freqnet.spaces import KERNELS, Damped, Fourier, Grid, Hartley, Laplace, NodeSpace, Space, get_domain

Example = tuple[list[Tensor], dict[str, Any]]
EXAMPLES: dict[str, Callable[[], list[Example]]] = {}

SPECTRA = [
    *(Fourier.on(n) for n in (1, 2, 5, 8)),
    Fourier.on(16, 2),
    *(Fourier.on(g) for g in ((2, 3), (7, 4), (3, 2, 5))),
    Fourier.on((5, 8), (1, 2)),
    *(Hartley.on(g) for g in ((1,), (8,), (2, 3), (3, 2, 5))),
    Hartley.on((5, 8), (1, 2)),
]
SAMPLES = [Grid.on(5), Grid.on(8, 2), Grid.on((4, 3)), Grid.on((2, 3, 2))]
PERIODIC = SPECTRA + SAMPLES
CAUSAL = [
    *(Laplace.on(n) for n in (1, 2, 5)),
    *(Laplace.on(6, 2), Laplace.on(4).moved((2,)), Laplace.on((3, 4)), Laplace.on((2, 3, 2), (1, 1, 1))),
    get_domain("laplace:chebyshev-positive")((2, 3)).moved((0, 1)),
    get_domain("laplace:factored")((3, 4), (1, 3)),
    *(Damped.on(n) for n in (1, 2, 5)),
    *(Damped.on(8, 2), Damped.on(6).moved((2,)), Damped.on((4, 4)), Damped.on((5, 4), (1, 2))),
    *(Damped.on((2, 3, 2)), get_domain("damped:r=0.6")((3, 4), (1, 1)).moved((0, 1))),
]
SIGNALS = PERIODIC + CAUSAL
# One space or two of each way to store and to compute.
KINDS = [
    *(Fourier.on(8), Fourier.on((7, 4)), Hartley.on((2, 3)), Grid.on(8, 2)),
    *(Laplace.on((3, 4)), get_domain("laplace:factored")((3, 4), (1, 3)), Damped.on((5, 4), (1, 2))),
]
GENERATOR = np.random.default_rng(7)


def examples(name: str) -> Callable[[Callable[[], list[Example]]], Callable[[], list[Example]]]:
    """Register a function that makes the examples of an op."""

    def enter(function: Callable[[], list[Example]]) -> Callable[[], list[Example]]:
        EXAMPLES[name] = function
        return function

    return enter


def gradient_tolerance(inputs: list[Tensor]) -> float:
    """1e-7, times a tenth of the largest condition number where stored numbers are ill-conditioned."""
    numbers = [prod(x.space.condition_numbers) for x in inputs if x.space is not None]
    return 1e-7 * max(1.0, *(n / 10 for n in numbers), 0.0)


def numbers(*shape: int) -> Tensor:
    return Tensor(np.asarray(GENERATOR.standard_normal(shape)))


def away_from_zero(*shape: int) -> Tensor:
    values = GENERATOR.standard_normal(shape)
    return Tensor(values + 0.3 * np.sign(values))


def positive(*shape: int) -> Tensor:
    return Tensor(GENERATOR.uniform(0.5, 2.0, shape))


def element(space: Space, batch: int = 2, channels: int = 2, shape: tuple[int, ...] | None = None) -> Tensor:
    like = np.empty((*(shape or space.shape), batch, channels), space.dtype(float))
    return Tensor(space.random(like, GENERATOR), space)


def each(spaces: list[Space], **parameters: Any) -> list[Example]:
    return [([element(space)], parameters) for space in spaces]


def crossed(spaces: list[Space], *choices: Iterable[Any]) -> list[tuple[Any, ...]]:
    """Every combination of choices with every kind of space, and each other space with one combination in its turn."""
    combined = list(product(*choices))
    assert all(kind in spaces for kind in KINDS)
    return [
        (space, *choice)
        for turn, space in enumerate(spaces)
        for place, choice in enumerate(combined)
        if space in KINDS or (turn - place) % len(combined) == 0
    ]


def pointwise(make: Callable[..., Tensor]) -> list[Example]:
    """Plain numbers, and samples on grids with the full band, which may be any numbers."""
    grids = [((5, 2, 2), Grid.on(5)), ((4, 3, 1, 2), Grid.on((4, 3))), ((2, 2, 3, 1, 1), Grid.on((2, 2, 3)))]
    samples = [([Tensor(make(*shape).data, space)], {}) for shape, space in grids]
    return [([make(3)], {}), ([make()], {}), ([make(2, 3)], {}), *samples]


for name in ("exp", "tanh", "erf"):
    EXAMPLES[name] = lambda: [*pointwise(numbers), *each([Grid.on(8, 2)])]
for name in ("relu", "step"):
    EXAMPLES[name] = lambda: pointwise(away_from_zero)
EXAMPLES["log"] = lambda: pointwise(positive)
EXAMPLES["negate"] = lambda: [([numbers(2, 3)], {}), *each(SIGNALS)]
EXAMPLES["mean"] = EXAMPLES["coordinates"] = lambda: each(SIGNALS)


@examples("power")
def _() -> list[Example]:
    return [(x, {"exponent": p}) for p in (-1.0, 0.5, 2.0, 3.0) for x, _ in pointwise(positive)]


@examples("add")
def _() -> list[Example]:
    plain = [([numbers(2, 3), numbers(3)], {}), ([numbers(2, 1), numbers(1, 3)], {}), ([numbers(), numbers(2)], {})]
    return plain + [([element(s), element(s, b, c)], {}) for s in SIGNALS for b, c in ((2, 2), (1, 2), (1, 1))]


@examples("elementwise")
def _() -> list[Example]:
    return [([numbers(*a), numbers(*b)], {}) for a, b in (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (4, 2, 3)))]


@examples("scale_by")
def _() -> list[Example]:
    return [([numbers(2, 3)], {"factor": -1.5}), *each(SIGNALS, factor=2.5), *each(SPECTRA[:2], factor=0.0)]


@examples("sum_to")
def _() -> list[Example]:
    plain = [((2, 3), (3,)), ((2, 3), (1, 3)), ((4, 2, 3), (2, 1)), ((2, 3), ())]
    spectra = [([element(s)], {"shape": (*s.shape, b, c)}) for s in SIGNALS for b, c in ((1, 2), (1, 1), (2, 2))]
    return [([numbers(*a)], {"shape": b}) for a, b in plain] + spectra


@examples("broadcast_to")
def _() -> list[Example]:
    plain = [((3,), (2, 3)), ((1, 3), (2, 3)), ((2, 1), (4, 2, 3)), ((), (2, 3))]
    spectra = [([element(s, 1, 2)], {"shape": (*s.shape, 3, 2)}) for s in SIGNALS]
    return [([numbers(*a)], {"shape": b}) for a, b in plain] + spectra


@examples("sum")
def _() -> list[Example]:
    axes = (None, 0, -1, (0, 2), (1,))
    return [([numbers(2, 3, 4)], {"axis": a, "keepdims": k}) for a, k in product(axes, (False, True))]


@examples("reshape")
def _() -> list[Example]:
    return [([numbers(2, 6)], {"shape": s}) for s in ((3, 4), (12,), (2, -1, 2))] + [([numbers()], {"shape": (1, 1)})]


@examples("transpose")
def _() -> list[Example]:
    return [([numbers(2, 3)], {"axes": (1, 0)}), ([numbers(2, 3, 4)], {"axes": (1, 2, 0)})]


@examples("matmul")
def _() -> list[Example]:
    return [([numbers(2, 3), numbers(3, 4)], {}), ([numbers(1, 1), numbers(1, 1)], {})]


@examples("row")
def _() -> list[Example]:
    return [([numbers(*shape)], {"index": i}) for i in range(3) for shape in ((3, 2), (3, 2, 4), (3,))]


@examples("place_row")
def _() -> list[Example]:
    return [([numbers(1, *shape)], {"index": i, "rows": 3}) for i in range(3) for shape in ((2,), (2, 4), ())]


@examples("resample_samples")
def _() -> list[Example]:
    pairs = (((5,), (8,)), ((8,), (5,)), ((4, 6), (6, 3)), ((4, 6), (4, 9)), ((3, 2, 4), (5, 2, 2)), ((7,), (7,)))
    return [([numbers(2, *own, 3)], {"grid": grid}) for own, grid in pairs]


@examples("extend")
def _() -> list[Example]:
    return [([numbers(2, 3)], {"shape": (2, 5)}), ([numbers(1, 2, 3)], {"shape": (4, 2, 4)})]


@examples("crop")
def _() -> list[Example]:
    return [([numbers(2, 5)], {"shape": (2, 3)}), ([numbers(4, 2, 4)], {"shape": (1, 2, 3)})]


@examples("cast")
def _() -> list[Example]:
    return [([numbers(*shape)], {"precision": "float64"}) for shape in ((2, 3), (4,))]


@examples("multiply")
def _() -> list[Example]:
    out = [([element(s), element(s, *lanes)], {"band": s.band}) for s in SIGNALS for lanes in ((2, 2), (1, 1))]
    # Three different bands: a gate, a product with a wider band than its factors, and only the mean.
    for s in SPECTRA + CAUSAL:
        half, double = tuple(m // 2 for m in s.band), s.clip_band(tuple(2 * m for m in s.band))
        out += [([element(s), element(s.with_band(half))], {"band": b}) for b in (double, half, (0,) * s.ndim)]
    return out


@examples("square")
def _() -> list[Example]:
    double = lambda s: s.clip_band(tuple(2 * m for m in s.band))
    whole = [([element(s)], {"band": double(s)}) for s in SPECTRA + CAUSAL]
    return whole + [([element(s)], {"band": s.band}) for s in SIGNALS]


@examples("constant")
def _() -> list[Example]:
    return [([numbers(2, 3)], {"space": s}) for s in SIGNALS]


@examples("inner")
def _() -> list[Example]:
    responses = [Fourier.on((2, 3), kind="response"), Fourier.on(5, kind="response")]
    pairs = [(s, lanes) for s in SIGNALS + responses for lanes in ((2, 2), (1, 2))]
    return [([element(s), element(s.cotangent, *lanes)], {}) for s, lanes in pairs]


@examples("riesz")
def _() -> list[Example]:
    return each(SIGNALS)


@examples("scale")
def _() -> list[Example]:
    factors = ((2, 2), (2,), (1, 1), (1, 2), (3, 1), ())
    return [([element(s, 1 if f == (3, 1) else 2), numbers(*f)], {}) for s, f in crossed(SIGNALS, factors)]


@examples("signal_power")
def _() -> list[Example]:
    return each(SIGNALS)


@examples("affine")
def _() -> list[Example]:
    pairs = (((1, 2), (1, 2)), ((2, 2), (1, 1)), ((1, 1), (2, 2)))
    return [([element(s, 2), numbers(*f), numbers(*o)], {}) for s, (f, o) in crossed(SIGNALS, pairs)]


@examples("low_degree")
def _() -> list[Example]:
    bands = (lambda s: s.band, lambda s: tuple(m // 2 for m in s.band))
    lanes = ((2, 1, 2), (3, 1, 2), (3, 1, 1), (3, 2, 2))
    return [([element(s), numbers(*c)], {"band": band(s)}) for s, c, band in crossed(SIGNALS, lanes, bands)]


@examples("moments")
def _() -> list[Example]:
    # A signal with only a mean has no variance: its gradient consists of rounding errors.
    varying = [s for s in SIGNALS if any(s.band)]
    whole = [([element(s, 3)], {"per_sample": False}) for s in SIGNALS]
    return whole + [([element(s, 3)], {"per_sample": True}) for s in varying]


@examples("compose_norm")
def _() -> list[Example]:
    out = []
    for rows, batch, columns in product((2, 3), (1, 4), (1, 2)):
        statistics = Tensor(np.stack([numbers(batch, 2).data, positive(batch, 2).data]))
        out.append(([statistics, numbers(1, 2), numbers(1, 2), numbers(rows, columns)], {"epsilon": 1e-5}))
    return out


@examples("normalized_polynomial")
def _() -> list[Example]:
    out = []
    for s, rows, per_sample in crossed(SIGNALS, (2, 3), (False, True)):
        if per_sample and not any(s.band):
            continue
        inputs = [element(s, 3), numbers(1, 2), numbers(1, 2), numbers(rows, 2)]
        band = tuple(m - m // 3 for m in s.band)
        rest = {"epsilon": 0.1, "band": band, "per_sample": per_sample}
        out.append((inputs, rest))
    return out


@examples("change_band")
def _() -> list[Example]:
    bands = (lambda s: tuple(m // 2 for m in s.band), lambda s: s.sibling(s.grid).band)
    return [([element(s)], {"band": band(s)}) for s in SIGNALS for band in bands]


@examples("resample")
def _() -> list[Example]:
    targets = (lambda n: n + 1, lambda n: (n + 1) // 2)
    other = [([element(s)], {"target": s.sibling([t(n) for n in s.grid])}) for s in PERIODIC for t in targets]
    return other + [([element(s)], {"target": s.resampled(tuple(map(targets[1], s.grid)))}) for s in CAUSAL]


@examples("average")
def _() -> list[Example]:
    choices = product(((2,) * 3, (3, 1, 2)), ("dirichlet", "sinc"), (False, True))
    out = []
    for (w, method, adjoint), s in product(choices, SIGNALS):
        # Some Chebyshev nodes are negative; there a continuous signal has no values.
        if method == "dirichlet" or not isinstance(s, NodeSpace) or "positive" in s.domain:
            out.append(([element(s)], {"window": w[: s.ndim], "method": method, "adjoint": adjoint}))
    return out


@examples("alias")
def _() -> list[Example]:
    out = []
    for fine, adjoint in product(SIGNALS, (False, True)):
        stride = tuple(next((k for k in (2, 3) if n % k == 0), n) for n in fine.grid)
        coarse = fine.sibling([n // s for n, s in zip(fine.grid, stride, strict=True)])
        coarse = fine.aliased(stride) if isinstance(fine, NodeSpace) else coarse
        parameters = {"fine": fine, "coarse": coarse, "stride": stride, "adjoint": adjoint}
        out.append(([element(coarse.cotangent if adjoint else fine)], parameters))
    return out


@examples("take")
def _() -> list[Example]:
    out = []
    for fine, adjoint in product(PERIODIC, (False, True)):
        # A crop with zeros, all samples in another order with one of them twice, and one sample.
        for row in (lambda n: (n // 2, n - 1, -1), lambda n: (*reversed(range(n)), 0), lambda n: (n - 1,)):
            places = tuple(map(row, fine.grid))
            target = fine.sibling(tuple(map(len, places)))
            parameters = {"fine": fine, "target": target, "places": places, "adjoint": adjoint}
            out.append(([element(target if adjoint else fine)], parameters))
    return out


@examples("shift")
def _() -> list[Example]:
    amounts = (np.array([1.0, -2.0, 0.5]), np.array([[0.5, 1.0, -1.5], [-0.25, 0.0, 3.0]]))
    ahead = (np.array([1, 2, 0]), np.array([[1, 0, 3], [2, 1, 0]]))
    groups = ((PERIODIC, amounts, (0, 0, 0)), (CAUSAL, ahead, (2, 1, 3)))
    out = []
    for adjoint, (spaces, by, places) in product((False, True), groups):
        for s, a in product(spaces, by):
            rest = {"samples": a[..., : s.ndim], "places": places[: s.ndim], "adjoint": adjoint}
            out.append(([element(s.cotangent if adjoint else s)], rest))
    return out


def kernels() -> list[tuple[Space, str, tuple[int, ...], int]]:
    """Response space, parametrisation, size, and number of parameters."""
    out = []
    for s, kernel in product([*SIGNALS, get_domain("grid-fft")(8)], KERNELS):
        size = s.grid if kernel == "modes" else (3, 2, 1)[: s.ndim]
        count = s.response_count if kernel == "modes" else prod(size)
        out.append((s.sibling(s.grid, s.band, "response"), kernel, size, count))
    return out


@examples("frequency_response")
def _() -> list[Example]:
    return [([numbers(n, 2, 1)], {"kernel": k, "size": size, "space": s}) for s, k, size, n in kernels()]


@examples("response_parameters")
def _() -> list[Example]:
    return [
        ([element(s.cotangent, 2, 1, s.response_shape(k, size))], {"kernel": k, "size": size, "space": s})
        for s, k, size, _ in kernels()
    ]


def channel_products(form: str) -> list[Example]:
    """Arguments of the convolution's trilinear form: an input signal, an output signal, and a response."""
    out = []
    spaces = [*SIGNALS, get_domain("grid-fft")(8), get_domain("grid-fft")((3, 4))]
    # One group; two groups; one output but two inputs per group; depthwise.
    for s, (groups, inputs, outputs) in crossed(spaces, ((1, 2, 3), (2, 4, 2), (3, 3, 3))):
        size = (3, 2, 1)[: s.ndim]
        space = s.sibling(s.grid, s.band, "response")
        x, g = element(s, 2, inputs), element(s.cotangent, 2, outputs)
        h = element(space, inputs // groups, outputs, space.response_shape("taps", size))
        pair = {"forward": [x, h], "input": [g, h], "response": [x, g]}[form]
        out.append((pair, {"size": size, "groups": groups}))
    return out


EXAMPLES["convolve"] = lambda: channel_products("forward")
EXAMPLES["convolve_input"] = lambda: channel_products("input")
EXAMPLES["convolve_response"] = lambda: channel_products("response")


@examples("from_coordinates")
def _() -> list[Example]:
    return [([numbers(s.coordinate_count, 2, 2)], {"space": s}) for s in SIGNALS]


@examples("mode_inner")
def _() -> list[Example]:
    return [([element(s), element(s, *lanes)], {}) for s in SPECTRA for lanes in ((2, 2), (1, 2))]


@examples("mode_scale")
def _() -> list[Example]:
    pairs = [(s, (prod(2 * m + 1 for m in s.band) + 1) // 2) for s in SPECTRA]
    return [([element(s), numbers(n, *lanes)], {}) for s, n in pairs for lanes in ((2, 2), (1, 1))]


@examples("from_bins")
def _() -> list[Example]:
    grids = (lambda n: n, lambda n: n + 3, lambda n: (n + 1) // 2)
    return [([numbers(2, *map(grid, s.grid), 2)], {"space": s}) for s in SPECTRA for grid in grids]


@examples("to_bins")
def _() -> list[Example]:
    grids = (lambda n: n, lambda n: n + 3, lambda n: (n + 1) // 2)
    return [([element(s)], {"grid": tuple(map(grid, s.grid))}) for s in SPECTRA for grid in grids]


def modes_of_two() -> list[Example]:
    """Two signals, of which either has one example or one channel for all of the other."""
    lanes = (((2, 2), (2, 2)), ((2, 2), (1, 2)), ((2, 1), (2, 3)))
    return [([element(s, *a), element(s, *b)], {}) for s in SPECTRA for a, b in lanes]


EXAMPLES["convolve_signals"] = EXAMPLES["correlate_signals"] = modes_of_two


@examples("mix_channels")
def _() -> list[Example]:
    matrix = ((1.0, 0.0, -2.0), (0.5, 3.0, 0.0))
    return [([numbers(3, 2)], {"matrix": matrix}), *each(SIGNALS, matrix=matrix)]


@examples("sample_modes")
def _() -> list[Example]:
    finer = [([numbers(2, *(n + 3 for n in s.grid), 1)], {"space": s}) for s in PERIODIC]
    finer += [([numbers(2, *((n + 1) // 2 for n in s.grid), 1)], {"space": s}) for s in CAUSAL]
    return [([numbers(2, *s.grid, 2)], {"space": s}) for s in SIGNALS] + finer


@examples("synthesize")
def _() -> list[Example]:
    grids = (lambda n: n, lambda n: n + 2, lambda n: (n + 1) // 2)
    return [([element(s)], {"grid": tuple(map(grid, s.grid))}) for s in SIGNALS for grid in grids]


@examples("split_nyquist")
def _() -> list[Example]:
    shared = [Fourier.on(8, 4), Fourier.on((4, 3), (2, 1)), Fourier.on((2, 4, 3), (1, 2, 1))]
    return [([element(s)], {"grid": s.grid}) for s in [*SIGNALS, *shared]]


@examples("gather")
def _() -> list[Example]:
    return [([numbers(3, 2, 2)], {"index": index}) for index in ((2, 0, -1, 0), (1,), (-1, -1))]


@examples("scatter")
def _() -> list[Example]:
    return [([numbers(len(index), 2)], {"index": index, "rows": 3}) for index in ((2, 0, -1, 0), (1,), (-1, -1))]


@examples("functional")
def _() -> list[Example]:
    return [([element(s, 2, 3), element(s.cotangent, 3, 4)], {}) for s in SIGNALS]


@examples("functional_input")
def _() -> list[Example]:
    return [([numbers(2, 4), element(s.cotangent, 3, 4)], {}) for s in SIGNALS]


@examples("functional_signal")
def _() -> list[Example]:
    return [([element(s, 2, 3), numbers(2, 4)], {}) for s in SIGNALS]


def statistics() -> Tensor:
    return Tensor(np.stack([GENERATOR.normal(size=(3, 2)), GENERATOR.uniform(0.3, 2.0, (3, 2))]))


@examples("gaussian_moment")
def _() -> list[Example]:
    names = ("relu", "gelu", "erf", "sigmoid", "leaky_relu", "silu")
    return [([statistics()], {"function": f, "order": order}) for f in names for order in (0, 1, 2)]


@examples("gaussian_coefficients")
def _() -> list[Example]:
    names = ("relu", "gelu", "tanh")
    return [([statistics()], {"function": f, "degree": degree}) for f in names for degree in (1, 2, 3)]


@examples("gaussian_polynomial")
def _() -> list[Example]:
    out = []
    for s, degree, per_sample in crossed(SIGNALS, (1, 2), (False, True)):
        band = tuple(m - m // 3 for m in s.band)
        name = "gelu" if per_sample else "relu"
        rest = {"function": name, "degree": degree, "epsilon": 0.3, "band": band, "per_sample": per_sample}
        out.append(([element(s, 3)], rest))
    return out


@examples("normalized_gaussian")
def _() -> list[Example]:
    out = []
    statistics = ((True, False), (False, False), (True, True))
    for s, degree, (per_sample, is_running) in crossed(SIGNALS, (1, 2), statistics):
        band = tuple(m - m // 3 for m in s.band)
        running = np.array([[[0.2, -0.1]], [[0.8, 1.3]]]) if is_running else None
        rest = {"function": "gelu" if per_sample else "relu", "degree": degree, "epsilon": 0.3, "norm_epsilon": 0.1}
        rest |= {"band": band, "per_sample": per_sample, "running": running}
        out.append(([element(s, 3), numbers(1, 2), numbers(1, 2)], rest))
    return out


@examples("softmax_loss")
def _() -> list[Example]:
    targets = [np.eye(3)[[0, 2]], np.full((2, 3), 0.25) + np.eye(3)[[1, 1]], np.zeros((2, 3))]
    return [([numbers(2, 3)], {"targets": t}) for t in targets]


@examples("sigmoid_loss")
def _() -> list[Example]:
    weights = [np.full((2, 3), 0.5), np.array([[0.0, 1.0, 2.0], [3.0, 0.5, 0.0]])]
    return [([numbers(2, 3)], {"targets": np.eye(3)[[0, 2]], "weights": w}) for w in weights]


@examples("squared_loss")
def _() -> list[Example]:
    targets, weights = GENERATOR.standard_normal((2, 3)), GENERATOR.uniform(0, 2, (2, 2))
    found: list[Example] = [([numbers(2, 3)], {"targets": targets, "weights": np.ones((2, 3)), "order": 0.0})]
    for space in SIGNALS:
        found.append(([element(space)], {"targets": element(space).data, "weights": weights, "order": 0.0}))
    for space in SPECTRA:
        found.append(([element(space)], {"targets": element(space).data, "weights": weights, "order": 1.5}))
    return found
