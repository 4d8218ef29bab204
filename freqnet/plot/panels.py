"""What the plots share: axes of a new figure, a number per mode, and the labels of modes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from freqnet.errors import ConfigurationError, got_expected
from freqnet.plot.style import BLUE, shrink
from freqnet.spaces import Axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Panel

T = TypeVar("T")

# More pixels than this are invisible in small panels, and make pages large.
_MODES = 64


def new_axes(count: int, size: tuple[float, float], columns: int = 8) -> np.ndarray:
    """Return the axes of a new pyplot figure, ``(count,)``.

    `size` is that of one panel, in inches, and `columns` the largest number of panels per row.
    """
    import matplotlib.pyplot as plt

    rows = -(-max(count, 1) // columns)
    # Rows of nearly equal length.
    columns = -(-max(count, 1) // rows)
    figure, table = plt.subplots(
        rows, columns, figsize=(columns * size[0], rows * size[1]), layout="constrained", squeeze=False
    )
    axes = table.ravel()
    for unused in axes[count:]:
        figure.delaxes(unused)
    return axes[:count]


def new_ax(size: tuple[float, float]) -> Panel:
    """Return the axes of a new pyplot figure of `size` inches."""
    (ax,) = new_axes(1, size)
    return ax  # type: ignore[no-any-return]


def given_axes(axes: Any, count: int, what: str) -> np.ndarray:
    """Return the caller's axes as an array ``(count,)``.

    Raises
    ------
    ConfigurationError
        There are too few or too many of them.
    """
    # Not np.array: an Axes of another library may itself be a sequence.
    given = np.asarray(axes, object).ravel()
    if len(given) != count:
        todo = f"pass axes=plt.subplots(1, {count})[1], or leave axes out"
        raise ConfigurationError(got_expected("axes", f"{len(given)} axes", f"{count}, one for each {what}", todo))
    return given


def require(value: object, kind: type, what: str, todo: str) -> None:
    """Raise `ConfigurationError` unless a value is of a kind."""
    if not isinstance(value, kind):
        expected = f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"
        raise ConfigurationError(got_expected(what, f"a {type(value).__name__}", expected, todo))


def frame(panel: Panel) -> None:
    """Remove the ticks, and draw a thin frame on all sides."""
    panel.set(xticks=[], yticks=[])
    for spine in panel.spines.values():
        spine.set(visible=True, linewidth=0.5, alpha=0.4)


def middle(array: np.ndarray, ndim: int) -> np.ndarray:
    """Return the middle slice along the first axis of a volume; other arrays are returned unchanged.

    >>> middle(np.arange(27).reshape(3, 3, 3), 3)[0]
    array([ 9, 10, 11])
    """
    return array[array.shape[0] // 2] if ndim == 3 else array


def draw_modes(
    panel: Panel, values: np.ndarray, band: Axes, limits: tuple[float, float], cmap: str, shown: Axes | None = None
) -> Any:
    """Draw one real number per mode, with DC in the centre: a line in 1-D, else an image.

    Parameters
    ----------
    panel : matplotlib.axes.Axes
    values : numpy.ndarray
        ``(*modes)``, two-sided; in 3-D the plane at mode 0 of the first axis is drawn.
    band : tuple of int
        Largest mode along each axis.
    limits : tuple of float
        Values at the ends of the colour scale, or of the vertical axis in 1-D.
    cmap : str
    shown : tuple of int, optional
        The band that the axes span, by default `band`; smaller spectra look smaller in it.

    Returns
    -------
    matplotlib.image.AxesImage or None
        The image, for a colour bar; None in 1-D.
    """
    shown = shown or band
    panel.set_xlim(-shown[-1] - 0.5, shown[-1] + 0.5)
    if values.ndim == 1:
        # Between few modes, dots show that there is nothing in between.
        marker = "." if band[0] <= 24 else ""
        panel.plot(np.arange(-band[0], band[0] + 1), values, color=BLUE, linewidth=1.0, marker=marker, markersize=3)
        panel.set_ylim(*limits)
        return None
    rows, columns = band[-2:]
    plane = shrink(middle(values, values.ndim), _MODES)
    # Rows go down, as in images, so that slopes agree.
    extent = (-columns - 0.5, columns + 0.5, rows + 0.5, -rows - 0.5)
    low, high = limits
    image = panel.imshow(
        plane, cmap=cmap, vmin=low, vmax=high, extent=extent, aspect="auto", interpolation="none", origin="upper"
    )
    panel.set_xlim(-shown[-1] - 0.5, shown[-1] + 0.5)
    panel.set_ylim(shown[-2] + 0.5, -shown[-2] - 0.5)
    return image


def label_modes(panel: Panel, band: Axes, vertical: str, size: float | None = None) -> None:
    """Label the axes of a panel of modes: DC and the ends of the band; in 1-D `vertical` names the values.

    `size` is that of the text, in points; by default it is the size of the user's settings.
    """
    small: dict[str, Any] = {} if size is None else {"fontsize": size, "labelpad": 1}
    if size is not None:
        panel.tick_params(length=2, pad=1.5, labelsize=size)
    panel.set_xticks(_ends(band[-1]))
    panel.set_xlabel("cycles per period", loc="center" if size is None else "left", **small)
    if len(band) > 1:
        panel.set_yticks(_ends(band[-2]))
        panel.set_ylabel("cycles per period" if size is None else "cycles\nper period", **small)
        return
    if size is not None:
        panel.set_yticks(panel.get_ylim())
    panel.set_ylabel(vertical, **small)


def _ends(band: int) -> list[int]:
    return [-band, 0, band] if band else [0]


def scale(panel: Panel, image: Any, text: str) -> None:
    """Add a colour bar to the right of a panel; nothing in 1-D, where there is no image."""
    if image is not None:
        bar = panel.figure.colorbar(image, ax=panel)
        bar.outline.set_linewidth(0.4)  # type: ignore[operator]
        bar.set_label(text)


def spread(items: Sequence[T], most: int) -> list[T]:
    """Return at most `most` items, at even distances from the first to the last.

    >>> spread([1, 2, 3, 4, 5, 6], 3)
    [1, 3, 6]
    """
    if len(items) <= most:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, most).round().astype(int)]
