"""The samples of several files: read together, checked, grouped by size, and joined."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from freqnet.data.dataset import check_images
from freqnet.data.image_files import is_image, read_images
from freqnet.data.layouts import SAMPLES, Layout, arrange, choose_layout
from freqnet.data.lengths import AS_IT_IS, NewSize, is_ragged
from freqnet.data.on_disk import read_samples
from freqnet.data.readers import Contents
from freqnet.errors import ConfigurationError, DataError, got_expected
from freqnet.values import as_floats, as_numbers, compact, float_type, full_scale_of


class Block(NamedTuple):
    """The samples of a file.

    Attributes
    ----------
    path : Path
        The file.
    values : ndarray
        Samples ``(samples, *grid, channels)`` in the dtype of the file.
    names : list of str
        Name of each sample.
    full_scale : float, optional
        The whole number that stands for 1; by default it is 255 for dtype uint8, and 1 for other dtypes.
    own_scale : float, optional
        The whole number that stands for 1 in recordings like this one, also where the file holds floats.
    layout : str
        Names of the axes as they lay in the file; empty where the format states them.
    rate : str
        Sampling rate; empty where the format has none.
    """

    path: Path
    values: np.ndarray
    names: list[str]
    full_scale: float | None = None
    own_scale: float | None = None
    layout: str = ""
    rate: str = ""

    @property
    def floats(self) -> np.ndarray:
        """The samples as floats, with whole numbers divided by the number that stands for 1."""
        return as_floats(self.values, self.full_scale)


def read_blocks(files: Sequence[Path], channels: int | None, layout: Layout, *, is_sample: bool = False) -> list[Block]:
    """Return the samples of files, one block per file, or per series where those of a file differ in length.

    Parameters
    ----------
    files : sequence of Path
        Files of images, or with a reader.
    channels : {1, 3}, optional
        Channels of images, as `read_images` takes them.
    layout : str or sequence of str, optional
        Names of the axes of arrays, as `choose_layout` takes them.
    is_sample : bool
        Whether an array is one sample, without an axis of samples, where no layout says otherwise.
    """
    pictures = [file for file in files if is_image(file)]
    # All images together, because a single image in colour gives all of them three channels.
    images = dict(zip(pictures, read_images(pictures, channels), strict=True)) if pictures else {}
    if pictures and len(pictures) == len(files):
        _refuse_layout(layout, pictures[0])
    blocks = []
    for file in files:
        if file in images:
            scale = float(np.iinfo(images[file].dtype).max)
            blocks.append(Block(file, images[file][np.newaxis], [str(file)], scale, 255.0))
        else:
            contents = read_samples(file)
            parts = _series(file, contents) if is_ragged(contents.x) else [_block(file, contents, layout, is_sample)]
            blocks += parts
    return blocks


def _block(file: Path, contents: Contents, layout: Layout, is_sample: bool) -> Block:
    what = f"samples of {file}"
    values = as_numbers(contents.x, what)
    if contents.layout:
        _refuse_layout(layout, file)
    used = contents.layout or choose_layout(values.shape, layout, what, is_sample=is_sample)
    samples = arrange(values, used)
    is_single = SAMPLES not in used.split()
    names = [str(file)] if is_single else [f"{file}[{number}]" for number in range(len(samples))]
    if samples.dtype.kind == "f" or samples.size == 0:
        check_images(compact(samples), str(file))
    own = contents.full_scale or full_scale_of(values)
    return Block(file, samples, names, contents.full_scale, own, "" if contents.layout else used, contents.rate)


def _series(file: Path, contents: Contents) -> list[Block]:
    """Return a block for each series of a file whose series differ in length."""
    blocks = []
    for number, series in enumerate(contents.x):
        one = _block(file, contents._replace(x=np.asarray(series)[np.newaxis]), None, is_sample=False)
        blocks.append(one._replace(names=[f"{file}[{number}]"]))
    return blocks


def _refuse_layout(layout: Layout, file: Path) -> None:
    if isinstance(layout, str):
        got, expected = f"{layout!r} for {file}", "none, because files like this state their axes"
        raise ConfigurationError(got_expected("layout", got, expected, "leave it out"))


def check_blocks(blocks: Sequence[Block], may_differ: bool) -> None:
    """Refuse files that do not fit together: of several sampling rates, units of whole numbers, or shapes.

    Parameters
    ----------
    blocks : sequence of Block
        At least one.
    may_differ : bool
        Whether the sizes of the grid may differ, because the samples will be brought to one size.
    """
    first = blocks[0]
    _check_units([block for block in blocks if _kind(block) != "floats"])
    for block in blocks:
        if block.rate != first.rate:
            rates = [f"{one.rate or 'none'} in {_short(one.path)}" for one in (first, block)]
            todo = "resample the sounds to one rate first"
            raise DataError(got_expected("sampling rates", " and ".join(rates), "one rate", todo))
        own, other = first.values.shape[1:], block.values.shape[1:]
        is_like = len(own) == len(other) and own[-1] == other[-1]
        if own != other and not (may_differ and is_like):
            got = f"{own} in {_short(first.path)} and {other} in {_short(block.path)}"
            sizes = own[:-1] if len(own) > 2 else own[0]
            todo = (
                f"pass size_to={sizes} to resample them, or pad_to to pad them" if is_like else "read them one by one"
            )
            raise DataError(got_expected("samples", got, "one shape (*grid, channels)", todo))


def _check_units(blocks: Sequence[Block]) -> None:
    """Refuse whole numbers of dtype uint8, which are divided by 255, beside those of other dtypes, which are not."""
    for block in blocks:
        if full_scale_of(block.values) != full_scale_of(blocks[0].values):
            got = " and ".join(f"{one.values.dtype} in {_short(one.path)}" for one in (blocks[0], block))
            todo = "save them with one dtype: uint8 is divided by 255, other whole numbers are not"
            raise DataError(got_expected("whole numbers", got, "one dtype", todo))


def _short(path: Path) -> str:
    """Return the name of a file and of its folder, which is that of its class."""
    return "/".join(path.parts[-2:])


def grouped(blocks: Sequence[Block]) -> list[list[int]]:
    """Return the places of the blocks that can be joined without a change: those of one shape and one type of number.

    Whole numbers of arrays stay apart from floats, because a network divides them by its own full scale.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, block in enumerate(blocks):
        groups.setdefault((block.values.shape[1:], block.rate, _kind(block)), []).append(place)
    return list(groups.values())


def stored(blocks: Sequence[Block], size: NewSize = AS_IT_IS) -> np.ndarray:
    """Return the samples of all blocks as a dataset stores them: whole numbers of 8 bits as they are, others as floats.

    Whole numbers are divided by the ``own_scale`` of all blocks.
    """
    is_whole = all(block.values.dtype == np.uint8 for block in blocks) and len({b.own_scale for b in blocks}) == 1
    return np.concatenate([block.values for block in blocks]) if is_whole and not size else join(blocks, size)


def join(blocks: Sequence[Block], size: NewSize = AS_IT_IS, *, keep_whole: bool = False) -> np.ndarray:
    """Return the samples of all blocks as one array of floats.

    With ``keep_whole``, whole numbers of arrays stay as they are where no size changes.
    """
    if keep_whole and not size and "floats" not in {_kind(block) for block in blocks}:
        return np.concatenate([block.values for block in blocks])
    parts = (size.fit(block.floats, str(block.path)) for block in blocks)
    first = next(parts)
    if len(blocks) == 1:
        return compact(first)
    total = sum(len(block.values) for block in blocks)
    is_double = any(float_type(block.values) is np.float64 for block in blocks)
    joined = np.empty((total, *first.shape[1:]), np.float64 if is_double else first.dtype)
    start = len(first)
    joined[:start] = first
    for part in parts:
        joined[start : start + len(part)] = part
        start += len(part)
    return compact(joined)


def _kind(block: Block) -> str:
    """Return the dtype of whole numbers that a network has to divide by its own full scale, else "floats"."""
    is_floats = block.full_scale is not None or block.values.dtype.kind == "f"
    return "floats" if is_floats else block.values.dtype.str
