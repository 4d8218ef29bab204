"""An audit as tables, as a map of modes and as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from freqnet.audit import VERDICTS, Audit, Equivariance
from freqnet.plot import plot_reach
from freqnet.plot.panels import label_modes
from freqnet.plot.style import WIDTH, message, styled
from freqnet.report.page import Page, Picture, Section, Table, render
from freqnet.report.panels import add_panel, add_text, colour_bar

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def summary_rows(found: Audit) -> list[tuple[str, str]]:
    """Return name and value of every headline number."""
    reachable = found.reach.reachable
    image = int(np.prod([2 * m + 1 for m in found.image_band])) // 2 + 1
    sees = "x".join(str(2 * m + 1) for m in found.reach.low_pass)
    equal = f"the same as for the input cut to {sees} modes, to {found.reach.low_pass_error:.1g}"
    return [
        ("modes of an image", f"{image}"),
        ("  dropped by the door", f"{max(0, image - len(reachable))}"),
        ("  dead inside the network", f"{int((~reachable).sum())}"),
        ("  reachable", f"{int(reachable.sum())}"),
        *_logit_rows(found),
        ("input low-pass", equal if found.low_pass is not None else "none beyond the door"),
        ("affine residual", f"{found.affine_residual:.2g}{' (affine)' if found.is_affine else ''}"),
        ("variance of the logits an affine map explains", share_text(found)),
        *_shift_rows(found.equivariance),
        ("transforms inside", f"{found.transforms_inside}"),
    ]


def _logit_rows(found: Audit) -> list[tuple[str, str]]:
    """Return how many logits were differentiated, where these are not all."""
    own, every = len(found.reach.differentiated), found.reach.response.shape[1]
    return [("logits differentiated", f"{own} of {every:,}, drawn at random")] if own < every else []


def _shift_rows(moves: Equivariance) -> list[tuple[str, str]]:
    whole = f"{max([0.0, *moves.whole.values()]):.1g}"
    if moves.logits_fraction is None:
        words = ("equivariance error, 1 sample", "change of the logits, 1 sample")
        return [(words[0], whole), (words[1], f"{moves.logits_whole:.2g}")]
    return [
        ("equivariance error, 1 sample", whole),
        ("equivariance error, 0.37 samples", f"{max([0.0, *moves.fraction.values()]):.1g}"),
        ("change of the logits, 1 and 0.37 samples", f"{moves.logits_whole:.2g}, {moves.logits_fraction:.2g}"),
    ]


LAYER_COLUMNS = ("layer", "class", "affine", "mode by mode", "power moved to other modes", "input range", "mult-adds")


def share_text(found: Audit) -> str:
    """Return the share of the logits' variance that an affine map explains; below 0 it does worse than their mean."""
    if not np.isfinite(found.affine_share):
        return "too few examples"
    return f"{found.affine_share:.1%}" if found.affine_share > 0 else "nothing"


def layer_rows(found: Audit) -> list[tuple[str, ...]]:
    """Return one row per layer, under the header `LAYER_COLUMNS`."""
    ranges = {row.name: row for row in found.ranges}
    out: list[tuple[str, ...]] = []
    for row in found.layers:
        own = ranges.get(row.name)
        spread = f"{own.inner_low:.2f} .. {own.inner_high:.2f}" if own else ""
        if own and own.fitted:
            spread += f" of {own.fitted[0]:g} .. {own.fitted[1]:g}"
        out.append(
            (
                row.name,
                row.layer,
                "yes" if row.is_affine else "no",
                "" if row.is_diagonal is None else "yes" if row.is_diagonal else "no",
                "" if row.mixing is None else f"{row.mixing:.1%}",
                spread,
                f"{row.multiply_adds:,}",
            )
        )
    return out


@styled
def reach_map(found: Audit) -> Figure:
    """Draw how strongly every mode of the image moves the logits; dead modes are grey.

    Parameters
    ----------
    found : Audit

    Returns
    -------
    matplotlib.figure.Figure
        The response to moving a mode on the left, the derivative on the right. Modes that the door drops are
        hatched. A line of text above two dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.audit import audit
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(nn.TruncationPool(3), nn.Dense(2)))
    >>> figure = reach_map(audit(network, np.ones((4, 8, 8, 1))))
    >>> len(figure.axes)
    3
    """
    from matplotlib.figure import Figure

    ndim = len(found.image_band)
    if ndim > 2:
        return message("The map of modes is drawn in one and two dimensions.")
    side = 3.4
    figure = Figure(figsize=(WIDTH, side + 1.0))
    drawn = (("moved by itself: change of the logits", "response"), ("derivative", "jacobian"))
    for index, (title, kind) in enumerate(drawn):
        left = 0.75 + index * (side + 0.75)
        add_text(figure, left, 0.1, title, fontsize=9)
        panel = plot_reach(found, kind, ax=add_panel(figure, (left, 0.4, side, side)), colour_bar=False)
        label_modes(panel, found.image_band, "dB", size=7)
        image = panel.images[0] if panel.images else None
    colour_bar(figure, image, (0.75 + 2 * (side + 0.75), 0.4, 0.16, side), "dB below the strongest")
    return figure


def audit_section(found: Audit) -> Section:
    """Return the audit as a section of a report."""
    words = "How strongly each mode of the image moves the logits; dead modes are grey."
    text = (
        "How much the logits change when one mode of the image is moved, by itself and in the limit; the mean is in "
        "the centre. Hatched: dropped by the door. Grey: no logit ever changes. The frame is the input low-pass "
        "beyond which the network sees nothing."
    )
    numbers = Table([("", False), ("", True)], [(name.strip(), value) for name, value in summary_rows(found)])
    layers = Table([(name, index > 1) for index, name in enumerate(LAYER_COLUMNS)], layer_rows(found))
    parts = (Picture("audit", reach_map(found), words), numbers, layers)
    return Section("audit", f"Audit: {found.verdict}", text, parts)


def audit_page(found: Audit, title: str) -> str:
    """Return an audit as a page of its own."""
    entries = [
        ("verdict", found.verdict),
        ("reachable modes", str(int(np.sum(found.reach.reachable)))),
        ("an affine map explains", share_text(found)),
        ("transforms inside", str(found.transforms_inside)),
    ]
    return render(Page(title, VERDICTS[found.verdict], entries, [audit_section(found)]))
