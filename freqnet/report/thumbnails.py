"""Small pictures inside of HTML, made without Matplotlib, which takes long to import."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np

from freqnet.plot.panels import middle
from freqnet.plot.style import shrink

# Largest number of pixels of a picture along an axis, and of points of a line.
_PIXELS, _POINTS = 64, 128


@dataclass(frozen=True)
class Thumbnail:
    """A small picture with a line of text.

    Attributes
    ----------
    caption : str
    uri : str
        Address that holds the pixels; empty for a line.
    path : str
        Points of a line, as the ``d`` of an SVG path in a box of 100 by 40; empty for pixels.
    """

    caption: str
    uri: str = ""
    path: str = ""


@dataclass(frozen=True)
class Gallery:
    """Small pictures beside each other: a part of a page.

    Attributes
    ----------
    pictures : sequence of Thumbnail
    """

    pictures: Sequence[Thumbnail]
    kind = "gallery"


def thumbnail(values: np.ndarray, caption: str, limits: tuple[float, float] | None = None) -> Thumbnail:
    """Return a picture of an array: a line in 1-D, grey pixels in 2-D, the middle slice in 3-D.

    Parameters
    ----------
    values : numpy.ndarray
        ``(*grid)``.
    caption : str
    limits : tuple of float, optional
        The values of black and white; by default the smallest and the largest.

    Examples
    --------
    >>> thumbnail(np.array([0.0, 1.0, 0.5]), "a line").path
    'M0.0 38.0L50.0 2.0L100.0 20.0'
    >>> thumbnail(np.eye(2), "pixels").uri[:22]
    'data:image/png;base64,'
    """
    shares = _shares(values, limits)
    if shares.ndim == 1:
        return Thumbnail(caption, path=_line(shares))
    return Thumbnail(caption, uri=_png(shrink(middle(shares, shares.ndim), _PIXELS)))


def samples_thumbnail(samples: np.ndarray, caption: str) -> Thumbnail:
    """Return a picture of examples ``(samples, *grid, channels)``: lines over each other, or images beside each other.

    Three channels are shown in colour, any other number by their mean. Each example is stretched by itself.
    """
    shown = [middle(sample, sample.ndim - 1) for sample in samples]
    is_colour = samples.shape[-1] == 3 and samples.ndim > 3
    shares = [_shares(sample if is_colour else sample.mean(axis=-1), None) for sample in shown]
    if samples.ndim == 3:
        return Thumbnail(caption, path="".join(map(_line, shares)))
    # A column between the images is as light as the page of most readers.
    images = [shrink(share, _PIXELS) for share in shares]
    # Grey separates the images on light and on dark pages.
    gap = np.full_like(images[0][:, :1], 0.5)
    return Thumbnail(caption, uri=_png(np.concatenate([part for image in images for part in (gap, image)][1:], axis=1)))


def _shares(values: np.ndarray, limits: tuple[float, float] | None) -> np.ndarray:
    """Return values from 0 (black) to 1 (white)."""
    values = np.nan_to_num(np.asarray(values, float), posinf=0.0, neginf=0.0)
    low, high = limits or (float(values.min()), float(values.max()))
    return np.clip((values - low) / ((high - low) or 1.0), 0.0, 1.0)


def _line(shares: np.ndarray) -> str:
    points = shares if len(shares) <= _POINTS else shares[np.linspace(0, len(shares) - 1, _POINTS).round().astype(int)]
    places = np.linspace(0.0, 100.0, len(points))
    return "M" + "L".join(f"{x:.1f} {38 - 36 * y:.1f}" for x, y in zip(places, points, strict=True))


def _png(shares: np.ndarray) -> str:
    from PIL import Image

    memory = BytesIO()
    Image.fromarray((255 * shares).round().astype(np.uint8)).save(memory, "png")
    return f"data:image/png;base64,{b64encode(memory.getvalue()).decode('ascii')}"
