"""Plot of an audit: the modes of the input that move the outputs of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from freqnet.audit import Audit
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.plot.panels import draw_modes, label_modes, new_ax, require, scale
from freqnet.plot.style import POWER_MAP

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Panel

# Decibels below the strongest mode at which the map ends.
_FLOOR = -60.0
# Dead modes.
_GREY = "#9a9a9a"


def plot_reach(found: Audit, kind: str = "response", *, ax: Panel | None = None, colour_bar: bool = True) -> Panel:
    """Draw how strongly every mode of the image moves the outputs; dead modes are grey.

    Modes that the door drops are hatched. The frame is the low-pass of the input beyond which the network sees nothing.

    Parameters
    ----------
    found : Audit
        What `freqnet.audit.audit` returned, of a network on one or two axes.
    kind : {"response", "jacobian"}
        The change of the outputs when a mode is moved by itself, or the derivative of the outputs.
    ax : matplotlib.axes.Axes, optional
        The axes to draw on; by default those of a new figure.
    colour_bar : bool
        Whether to add a colour bar in 2-D.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ShapeError
        The network's signals have three axes.
    ConfigurationError
        The kind is not known.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from freqnet import nn
    >>> from freqnet.audit import audit
    >>> network = nn.Network(nn.Door("fourier", (8, 8), (3, 3), 1), nn.Sequential(nn.TruncationPool(3), nn.Dense(2)))
    >>> ax = plot_reach(audit(network, np.ones((4, 8, 8, 1))), ax=Figure().subplots())
    >>> ax.get_xlabel()
    'cycles per period'
    """
    require(found, Audit, "plot_reach", "pass what audit(network, samples) returned")
    ndim = len(found.door_band)
    if ndim > 2:
        todo = "read found.reach.reachable instead"
        raise ShapeError(got_expected("map of modes", f"{ndim} axes", "1 or 2 axes", todo))
    if kind not in ("response", "jacobian"):
        todo = "pass kind='response'"
        raise ConfigurationError(got_expected("kind", repr(kind), "'response' or 'jacobian'", todo))
    ax = new_ax((4.2, 2.6) if ndim == 1 else (3.6, 2.9)) if ax is None else ax
    values = _decibels(found, getattr(found.reach, kind).max(axis=1))
    image = draw_modes(ax, values, found.door_band, (_FLOOR, 0.0), POWER_MAP, shown=found.image_band)
    label_modes(ax, found.image_band, "effect on the outputs, dB")
    _shade(ax, found)
    if colour_bar:
        scale(ax, image, "effect on the outputs, dB")
    return ax


def _decibels(found: Audit, strength: np.ndarray) -> np.ndarray:
    """Return the strength of each mode, two-sided ``(*modes)``; NaN for dead modes, which stay unpainted."""
    band = np.array(found.door_band)
    out = np.full(2 * band + 1, np.nan)
    with np.errstate(divide="ignore"):
        levels = np.maximum(20 * np.log10(strength / (strength.max() or 1.0)), _FLOOR)
    levels[~found.reach.reachable] = np.nan
    for mode, level in zip(found.reach.modes, levels, strict=True):
        out[tuple(band + mode)] = out[tuple(band - mode)] = level
    return out


def _shade(ax: Panel, found: Audit) -> None:
    """Paint dead modes grey, and hatch the modes that the door drops."""
    columns, every = found.door_band[-1] + 0.5, found.image_band[-1] + 0.5
    if len(found.door_band) == 2:
        rows, most = found.door_band[0] + 0.5, found.image_band[0] + 0.5
        # The grey lies under the map and is no background: transparent pictures have none.
        ax.fill_between([-columns, columns], -rows, rows, color=_GREY, linewidth=0, zorder=-1)
        _hatch(ax, [(-every, every, -most, -rows), (-every, every, rows, most)])
        _frame_low_pass(ax, found)
        low, high = -rows, rows
    else:
        low, high = sorted(ax.get_ylim())
        for mode in found.reach.modes[~found.reach.reachable, 0]:
            for place in {int(mode), -int(mode)}:
                ax.axvspan(place - 0.5, place + 0.5, color=_GREY, linewidth=0, alpha=0.5)
    _hatch(ax, [(-every, -columns, low, high), (columns, every, low, high)])


def _hatch(ax: Panel, boxes: list[tuple[float, float, float, float]]) -> None:
    from matplotlib.patches import Rectangle

    look: dict[str, Any] = {"fill": False, "hatch": "////", "edgecolor": "#6b6b6b", "linewidth": 0}
    for left, right, low, high in boxes:
        if right > left and high > low:
            ax.add_patch(Rectangle((left, low), right - left, high - low, **look))


def _frame_low_pass(ax: Panel, found: Audit) -> None:
    from matplotlib.patches import Rectangle

    rows, columns = found.reach.low_pass
    corner = (-columns - 0.5, -rows - 0.5)
    ax.add_patch(Rectangle(corner, 2 * columns + 1, 2 * rows + 1, fill=False, linewidth=1.2, edgecolor="white"))
