"""An experiment on frequency pooling, as it was written and as it was meant: what it shows, and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity
from ..claim import Claim, Source

SIGNALS = ((3, 1, 2, 1, 4, 1, 2, 1, 3), (1, 3, 1, 2, 1, 2, 1, 3, 1))
FILTERS = (
    ("0", "0.25", "0.5", "0.75", "1", "0.75", "0.5", "0.25", "0"),
    ("1", "0.75", "0.5", "0.25", "0", "0.25", "0.5", "0.75", "1"),
)
WRITTEN, MEANT = 0, 1  # the filter that the second signal meets in the second stage


# -- the code, line by line ------------------------------------------------------------------------------
def spectral_pooling(m: Arithmetic, v: list[Number], radius: int) -> list[Number]:
    centre = (len(v) + 1) // 2 - 1
    out = [m.number(0)] * len(v)
    out[centre - radius : centre + radius + 1] = v[centre - radius : centre + radius + 1]
    return out


def statistics(m: Arithmetic, v: list[Number]) -> tuple[Number, Number]:
    mean = sum(v) / len(v)
    return mean, m.sqrt(sum((z - mean) ** 2 for z in v) / (len(v) - 1))


def fixed(m: Arithmetic, v: list[Number]) -> tuple[Number, Number]:
    """Return a mean and a deviation that do not depend on the bins: not in the code."""
    return m.number("0.8"), m.number("0.7")


def stages(
    m: Arithmetic, v: list[Number], filters: tuple[int, int], standard: Callable[..., Any] = statistics
) -> list[Number]:
    for number, radius in zip(filters, (3, 2), strict=True):
        v = [z * m.number(f) for z, f in zip(v, FILTERS[number], strict=True)]
        mean, deviation = standard(m, v)
        v = spectral_pooling(m, [1 / (1 + m.exp(-(z - mean) / deviation)) for z in v], radius)
    return v


def as_coded(m: Arithmetic, signal: int, last: int) -> list[Number]:
    """Return the output for the first or the second signal; the first one always meets both filters."""
    return stages(m, [m.number(x) for x in SIGNALS[signal]], (0, last if signal == 1 else 1))


def ratio(m: Arithmetic, signal: int, last: int) -> list[Number]:
    return [y / x for y, x in zip(as_coded(m, signal, last), SIGNALS[signal], strict=True)]


def after_low_pass(m: Arithmetic, signal: int, last: int, radius: int) -> list[Number]:
    low = spectral_pooling(m, [m.number(x) for x in SIGNALS[signal]], radius)
    return stages(m, low, (0, last if signal == 1 else 1))


def with_fixed_statistics(m: Arithmetic, signal: int, radius: int) -> list[Number]:
    """Return the output as meant of a low-passed signal, mean and deviation fixed."""
    return stages(m, spectral_pooling(m, [m.number(x) for x in SIGNALS[signal]], radius), (0, 1), fixed)


def change_with_fixed_statistics(m: Arithmetic, signal: int, radius: int) -> Number:
    whole, low = (with_fixed_statistics(m, signal, r) for r in (4, radius))
    return sum(m.abs(a - b) for a, b in zip(whole, low, strict=True))


def fixed_ratio(m: Arithmetic, signal: int) -> list[Number]:
    return [y / x for y, x in zip(with_fixed_statistics(m, signal, 4), SIGNALS[signal], strict=True)]


def middle_ratio(m: Arithmetic, signal: int, last: int, value: Number) -> Number:
    return ratio(m, signal, last)[4] - value


# -- what it computes ------------------------------------------------------------------------------------
def by_four_numbers(m: Arithmetic, signal: int, last: int) -> list[Number]:
    """Return bin k from input bin k alone and two pairs of mean and deviation, for |k| <= 2."""
    low = range(-2, 3)
    x = {k: SIGNALS[signal][k + 4] for k in range(-4, 5)}
    f = {k: m.number(FILTERS[0][k + 4]) for k in x}
    g = {k: m.number(FILTERS[1 if signal == 0 else last][k + 4]) for k in x}
    a, b = moments(m, [x[k] * f[k] for k in x])
    first = lambda k: m.number("0.5") + m.tanh((x[k] * f[k] - a) / (2 * b)) / 2
    # Two bins are zero after the first pooling, and count.
    c, d = moments(m, [*(g[k] * first(k) for k in range(-3, 4)), m.number(0), m.number(0)])
    second = {k: 1 / (1 + m.exp((c - g[k] * first(k)) / d)) for k in low}
    return [second.get(k, m.number(0)) for k in x]


def moments(m: Arithmetic, z: list[Number]) -> tuple[Number, Number]:
    """Return the mean and the deviation that divides by n - 1, from sums of powers."""
    mean = sum(z) / len(z)
    return mean, m.sqrt((sum(v * v for v in z) - len(z) * mean * mean) / (len(z) - 1))


_CASES = tuple({"signal": signal, "last": last} for signal in (0, 1) for last in (WRITTEN, MEANT))
_MIDDLE: tuple[dict[str, int | str], ...] = tuple(
    {"signal": signal, "last": last, "value": value}
    for signal, last, value in ((0, MEANT, "0.0597"), (1, WRITTEN, "0.7915"), (1, MEANT, "0.2392"))
)
_ANSWER = Source("dsp76875", "Answer by Royi", "", "seen")

CLAIMS = (
    Claim(
        id="debate-ratio-test",
        title="A low-pass of the input does not replace the network",
        sources=(_ANSWER,),
        statement="Two signals, two filters, each followed by a sigmoid of the standardised bins and by pooling, to "
        "the radii 3 and 2. The ratio of output to input differs between the signals; if the network could be replaced "
        "by a low-pass it would be the same. Hence discarding the frequencies in the input is not equivalent.",
        verdict="conditional",
        hypotheses="The conclusion, not the reason. A low-pass at the last radius, 2, does change the output: the "
        "standardisation carries the bins 3 into four numbers, the means and deviations of the two stages. With fixed "
        "statistics it would not, and the ratios would still differ. A ratio that differs shows that the network is "
        "not linear and shift-invariant, nothing more. The bins 4 meet a zero of the first filter.",
        proof="Given its mean and deviation, each stage is bin-local: see bin-statistics-leak. The question was "
        "whether the network needs the discarded bins, not whether it is linear.",
        checks=(
            Contradiction(
                name="no one filter for both signals",
                claimed=lambda m: ratio(m, 0, MEANT),
                actual=lambda m: ratio(m, 1, MEANT),
                gap="0.1",
            ),
            Identity(
                name="the bins up to 2 and four numbers, against the code of the answer",
                closed=by_four_numbers,
                independent=as_coded,
                points=_CASES,
            ),
            Contradiction(
                name="a low-pass at radius 2 changes the output",
                claimed=lambda m, signal, last: after_low_pass(m, signal, last, 2),
                actual=as_coded,
                points=_CASES,
            ),
            Bound(
                name="with fixed statistics it changes nothing",
                quantity=change_with_fixed_statistics,
                low="0",
                high="0",
                points=({"signal": 0, "radius": 2}, {"signal": 1, "radius": 2}),
                not_enclosed="equal to the last bit is more than balls can tell",
            ),
            Contradiction(
                name="and the ratios differ all the same",
                claimed=lambda m: fixed_ratio(m, 0),
                actual=lambda m: fixed_ratio(m, 1),
                gap="0.1",
            ),
        ),
    ),
    Claim(
        id="debate-as-written",
        title="The experiment as written, and as meant",
        sources=(_ANSWER,),
        statement="The printed code passes both signals through the first filter and then through the second.",
        verdict="refuted",
        corrected="In its last stage the second signal meets the first filter again. As written, the ratio of output "
        "to input at bin 0 is 0.0597 for the first signal and 0.7915 for the second; as meant it is 0.2392 for the "
        "second. The conclusion drawn from it stands or falls with neither.",
        proof="The line reads vS2F2 = vS2F1 .* vF1. The deviation divides by n - 1, and bins that pooling made zero "
        "count.",
        checks=(
            Contradiction(
                name="the second signal, as meant and as written",
                claimed=lambda m: as_coded(m, 1, MEANT),
                actual=lambda m: as_coded(m, 1, WRITTEN),
                gap="0.1",
            ),
            Bound(
                name="the ratios at bin 0, to four digits",
                quantity=middle_ratio,
                low="-0.00005",
                high="0.00005",
                points=_MIDDLE,
            ),
        ),
    ),
)
