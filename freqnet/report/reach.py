"""The picture of an audit: which input modes the network can see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.audit import Audit
from freqnet.report.panels import add_panel, add_text, colour_bar, draw_modes, label_modes
from freqnet.report.style import POWER_MAP, WIDTH, message, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Decibels below the strongest mode that the map shows.
_FLOOR = -60.0


@styled
def reach_map(found: Audit) -> Figure:
    """Draw how strongly every mode of the image moves the logits; dead ones are left grey.

    Parameters
    ----------
    found : Audit

    Returns
    -------
    matplotlib.figure.Figure
        Left, the exact response to moving a mode; right, the derivative. Modes that the door drops are hatched.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import nn
    >>> from freqnet.audit import audit
    >>> from freqnet.report import reach_map
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
    image = None
    for index, (values, title) in enumerate(
        ((found.reach.response, "moved by itself: change of the logits"), (found.reach.jacobian, "derivative"))
    ):
        left = 0.75 + index * (side + 0.75)
        add_text(figure, left, 0.1, title, fontsize=9)
        panel = add_panel(figure, (left, 0.4, side, side))
        decibels = _decibels(found, values.max(axis=1))
        image = draw_modes(panel, decibels, found.door_band, (_FLOOR, 0.0), POWER_MAP, shown=found.image_band)
        label_modes(panel, found.image_band, "dB")
        # Drawn under the map, not as a background: transparent pictures have none.
        low, high = (-0.5 - found.door_band[0], found.door_band[0] + 0.5) if ndim == 2 else panel.get_ylim()
        box: dict[str, Any] = {"color": "#9a9a9a", "linewidth": 0, "zorder": -1}
        panel.fill_between([-found.door_band[-1] - 0.5, found.door_band[-1] + 0.5], low, high, **box)
        if ndim == 2:
            _outline(panel, found)
    colour_bar(figure, image, (0.75 + 2 * (side + 0.75), 0.4, 0.16, side), "dB below the strongest")
    return figure


def _decibels(found: Audit, strength: np.ndarray) -> np.ndarray:
    """Two-sided ``(*modes)``; not a number where a mode is dead, so that it stays unpainted."""
    band = np.array(found.door_band)
    out = np.full(2 * band + 1, np.nan)
    with np.errstate(divide="ignore"):
        levels = np.maximum(20 * np.log10(strength / (strength.max() or 1.0)), _FLOOR)
    levels[~found.reach.reachable] = np.nan
    for mode, level in zip(found.reach.modes, levels, strict=True):
        out[tuple(band + mode)] = out[tuple(band - mode)] = level
    return out


def _outline(panel, found: Audit) -> None:  # type: ignore[no-untyped-def]
    """Hatch what the door drops, and frame the band the network sees."""
    from matplotlib.patches import Rectangle

    (rows, columns), (all_rows, all_columns) = found.door_band, found.image_band
    box: dict[str, Any] = {"fill": False, "hatch": "////", "edgecolor": "#6b6b6b", "linewidth": 0}
    for low, high, left, right in (
        (-all_rows - 0.5, -rows - 0.5, -all_columns - 0.5, all_columns + 0.5),
        (rows + 0.5, all_rows + 0.5, -all_columns - 0.5, all_columns + 0.5),
        (-rows - 0.5, rows + 0.5, -all_columns - 0.5, -columns - 0.5),
        (-rows - 0.5, rows + 0.5, columns + 0.5, all_columns + 0.5),
    ):
        if high > low and right > left:
            panel.add_patch(Rectangle((left, low), right - left, high - low, **box))
    seen_rows, seen_columns = found.reach.low_pass
    frame = Rectangle(
        (-seen_columns - 0.5, -seen_rows - 0.5), 2 * seen_columns + 1, 2 * seen_rows + 1, fill=False, linewidth=1.2
    )
    frame.set_edgecolor("white")
    panel.add_patch(frame)
