"""The modulus of a signal: what it moves towards DC, and how much."""

from __future__ import annotations

from fractions import Fraction
from math import prod

from ..arithmetic import Arithmetic, Number
from ..checks import Bound, Contradiction, Identity, Range
from ..claim import Claim, Source


# -- two tones -----------------------------------------------------------------------------------------
def difference_tone(m: Arithmetic, n: int, q: Number) -> Number:
    """Return mode n of |1 + q e^{i theta}|: binom(1/2, n) q^n 2F1(-1/2, n - 1/2; n + 1; q^2)."""
    binomial = m.number(prod((Fraction(1, 2) - j) / (j + 1) for j in range(n)))
    half = m.number("0.5")
    return binomial * q**n * m.hyp2f1(-half, n - half, m.number(n + 1), q * q)


def difference_tone_by_quadrature(m: Arithmetic, n: int, q: Number) -> Number:
    modulus = lambda t: m.sqrt(1 + q * q + 2 * q * m.cos(t))
    # Its branch points come near pi as q nears 1.
    points = (m.pi * m.number(p) for p in ("0", "1/2", "3/4", "7/8", "15/16", "1"))
    return m.integral(lambda t: modulus(t) * m.cos(n * t), *points) / m.pi


def equal_tones(m: Arithmetic, n: int) -> Number:
    """Return mode n of |1 + e^{i theta}| = 2 |cos(theta/2)|."""
    return -4 * m.number((-1) ** n) / (m.pi * (4 * n * n - 1))


def equal_tones_by_quadrature(m: Arithmetic, n: int) -> Number:
    return m.integral(lambda t: 2 * m.cos(t / 2) * m.cos(n * t), *m.panels(0, 3), m.pi) / m.pi


def share_at_dc(m: Arithmetic, q: Number) -> Number:
    """Return the share of power that the modulus of two tones has at DC; before, there was none."""
    return difference_tone_by_quadrature(m, 0, q) ** 2 / (1 + q * q)


def share_from(m: Arithmetic, mode: int) -> Number:
    """Return the share of power of the modulus of two neighbouring equal tones at this mode or above."""
    below = [equal_tones_by_quadrature(m, n) ** 2 for n in range(mode)]
    return 1 - (below[0] + 2 * sum(below[1:])) / 2


def noise_at_dc(m: Arithmetic) -> Number:
    """Return the share of power at DC of the modulus of complex Gaussian noise: pi/4."""
    return m.pi / 4


def noise_at_dc_by_quadrature(m: Arithmetic) -> Number:
    """Return the squared mean over the mean square, which is 2, of the modulus: its density is r e^{-r^2/2}."""
    R = m.cut(0.5, 2)
    mean = m.integral(lambda r: r * r * m.exp(-r * r / 2), *m.panels(0, R))
    return (mean + m.tail(2 * R * m.exp(-m.number(R * R) / 2))) ** 2 / 2


# -- a real tone -----------------------------------------------------------------------------------------
def real_tone(m: Arithmetic, n: int) -> Number:
    """Return mode 2n of |cos t|."""
    return -2 * m.number((-1) ** n) / (m.pi * (4 * n * n - 1))


def real_tone_by_quadrature(m: Arithmetic, n: int) -> Number:
    before = m.integral(lambda t: m.cos(t) * m.cos(2 * n * t), *m.panels(0, 1), m.pi / 2)
    after = m.integral(lambda t: -m.cos(t) * m.cos(2 * n * t), m.pi / 2, *m.panels(2, 3), m.pi)
    return (before + after) / m.pi


def share_above(m: Arithmetic, harmonics: int) -> Number:
    """Return the share of power of |cos t| at modes 2 to twice this many, all above the tone."""
    return 4 * sum(real_tone_by_quadrature(m, n) ** 2 for n in range(1, harmonics + 1))


def positive_tone(m: Arithmetic, q: Number) -> list[Number]:
    """Return modes 0 and 1 of 1 + q cos t."""
    return [m.number(1), q / 2]


def modulus_of_positive_tone(m: Arithmetic, q: Number) -> list[Number]:
    modulus = lambda t: m.sqrt((1 + q * m.cos(t)) ** 2)
    whole = lambda f: m.integral(f, *m.panels(0, 3), m.pi) / m.pi
    return [whole(modulus), whole(lambda t: modulus(t) * m.cos(t))]


_ANSWER = Source("dsp76875", "Answer by OverLordGoldDragon", "", "none")

CLAIMS = (
    Claim(
        id="modulus-lowers-frequencies",
        title="The complex modulus shifts all frequencies to lower ones",
        sources=(_ANSWER,),
        statement="In wavelet scattering the complex modulus globally shifts all frequencies to lower.",
        verdict="conditional",
        hypotheses="For a band narrower than its lowest frequency, as after a wavelet, and up to multiples of the "
        "differences: of two equal tones 8 and 9 less than a ten-thousandth of the power stays at mode 8 or above. Not "
        "for all signals: the modulus puts the power at the differences of frequencies, the modes of $|1 + q "
        r"e^{i\theta}|$ for two tones, and most of it at DC: 81 % ($8/\pi^2$) or more for two tones, 78.5 % ($\pi/4$) "
        "for Gaussian noise. Differences, and their multiples, may lie above what was there. Of two equal tones 1 and "
        r"3, 0.7 % of the power lands on the modes $\pm 4$. Of a faint tone 1 beside a strong tone 8, nothing stays at "
        r"1 and half of its power goes up to the modes $\pm 7$.",
        proof=r"$|1 + z| = (1 + z)^{1/2} (1 + \bar z)^{1/2}$ with $z = q e^{i\theta}$: multiply the binomial series, "
        r"and collect the powers of $e^{i\theta}$. At $q = 1$ it is $2|\cos(\theta/2)|$. The share at DC is the "
        r"squared mean of $(1 + s \cos\theta)^{1/2}$, $s = 2q/(1 + q^2)$, which falls with s, by concavity, to "
        r"$8/\pi^2$ at 1.",
        checks=(
            Identity(
                name="the modes of the modulus of two tones",
                closed=difference_tone,
                independent=difference_tone_by_quadrature,
                points=({"n": 0, "q": "0.5"}, {"n": 1, "q": "0.5"}, {"n": 2, "q": "0.8"}, {"n": 5, "q": "0.1"}),
                random={"n": Range(0, 4), "q": Range("0.05", "0.8")},
                draws=2,
            ),
            Identity(
                name="of two equal tones",
                closed=equal_tones,
                independent=equal_tones_by_quadrature,
                points=tuple({"n": n} for n in range(5)),
            ),
            Bound(
                name="the share of power at DC",
                quantity=share_at_dc,
                low=lambda m, q: 8 / m.pi**2,
                high="1",
                points=tuple({"q": q} for q in ("0.01", "0.5", "0.8")),
            ),
            Identity(
                name="the same for complex Gaussian noise",
                closed=noise_at_dc,
                independent=noise_at_dc_by_quadrature,
            ),
            Bound(
                name="two equal tones 8 and 9: the share of power at mode 8 or above",
                quantity=share_from,
                low="0",
                high="1e-4",
                points=({"mode": 8},),
            ),
            Contradiction(
                name="two equal tones 1 and 3: no power at mode 4",
                claimed=lambda m: [m.number(2), m.number(0)],
                actual=lambda m: [m.number(2), 2 * equal_tones_by_quadrature(m, 2) ** 2],
            ),
            Contradiction(
                name="a tone 1 of strength q beside a tone 8: no power at mode 7",
                claimed=lambda m, q: [q * q, m.number(0)],
                actual=lambda m, q: [q * q, 2 * difference_tone_by_quadrature(m, 1, q) ** 2],
                points=({"q": "0.1"}, {"q": "0.5"}),
                gap="0.4",
            ),
        ),
    ),
    Claim(
        id="modulus-of-real-signals",
        title="The modulus of a real signal raises frequencies as well",
        statement=r"The modulus of $\cos t$ has 81 % of its power at DC and 19 % at the modes $\pm 2, \pm 4, \ldots$, "
        "above the tone, and nothing at it. The modulus of a positive signal is the signal: nothing moves.",
        verdict="holds",
        proof=r"$|\cos t|$ has period $\pi$; its mode 2n is $2 (-1)^{n+1}/(\pi (4n^2 - 1))$, and its power is 1/2.",
        checks=(
            Identity(
                name="the modes of |cos t|",
                closed=real_tone,
                independent=real_tone_by_quadrature,
                points=tuple({"n": n} for n in range(5)),
            ),
            Bound(
                name="power above the tone: 1 - 8/pi² in all",
                quantity=share_above,
                low="0.189",
                high=lambda m, harmonics: 1 - 8 / m.pi**2,
                points=({"harmonics": 5}, {"harmonics": 8}),
            ),
            Identity(
                name="a positive tone keeps its modes",
                closed=positive_tone,
                independent=modulus_of_positive_tone,
                points=({"q": "0.5"}, {"q": "0.9"}),
            ),
        ),
    ),
)
