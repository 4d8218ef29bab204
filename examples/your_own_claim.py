"""A claim of your own, checked like the claims of the library: ``python examples/your_own_claim.py``.

``freqnet verify --add examples/your_own_claim.py --show triangle-spectrum`` does the same on the command line.
"""

from __future__ import annotations

# -- the claim
from freqnet.theory import Claim, Identity, Range, find, register, verify


def closed(m, w):
    return m.sinc(w / 2) ** 2


def by_quadrature(m, w):
    return 2 * m.integral(lambda x: (1 - x) * m.cos(w * x), 0, 1)


spectrum = Identity(name="sinc²", closed=closed, independent=by_quadrature, random={"w": Range("-20", "20")})
text = r"A triangle of width 2 has the transform $(\sin(w/2)/(w/2))^2$."
register(
    Claim(id="triangle-spectrum", title="A triangle's spectrum", statement=text, verdict="holds", checks=(spectrum,))
)

# -- the check
if __name__ == "__main__":
    [evidence] = verify([find("triangle-spectrum")], digits=100)
    print(f"{evidence.claim.id}: {evidence.digits:.0f} of 100 digits")
    assert evidence.as_recorded, evidence.complaint
