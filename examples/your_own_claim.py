"""
A claim of your own
===================

A theorem about spectra becomes a program: a closed form, an independent computation, and a verdict. Both sides are
evaluated with as many digits as you ask for. This file is also read by the command line:
``freqnet verify --add examples/your_own_claim.py --show triangle-spectrum``.
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

# %%
# Check it to 100 digits, and look at it
# --------------------------------------
#
# The points are integrals by quadrature, the line is the closed form.

# -- the check
if __name__ == "__main__":
    [evidence] = verify([find("triangle-spectrum")], digits=100)
    print(f"{evidence.claim.id}: {evidence.digits:.0f} of 100 digits")
    assert evidence.as_recorded, evidence.complaint

    # -- the picture
    import matplotlib.pyplot as plt
    import numpy as np
    from freqnet.theory import Digits

    m = Digits(20)
    figure, panel = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
    w, points = np.linspace(-20, 20, 401), np.linspace(-19, 19, 27)
    panel.plot(w, np.sinc(w / (2 * np.pi)) ** 2, label="closed form")
    panel.plot(points, [float(by_quadrature(m, m.number(v))) for v in points], "o", markersize=4, label="quadrature")
    panel.set(xlabel="w", title=f"the transform of a triangle: {evidence.digits:.0f} digits agree")
    panel.legend()
    triangle = panel.inset_axes((0.04, 0.45, 0.25, 0.4))
    triangle.plot([-2, -1, 0, 1, 2], [0, 0, 1, 0, 0], color="black")
    triangle.set(xticks=[-1, 1], yticks=[])
    plt.show()
