"""Checksums of the samples of a dataset."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from freqnet.data.dataset import Dataset
from freqnet.on_disk import DiskArray

# Samples that are made floats at a time.
_SLICE = 2048


def images_checksum(dataset: Dataset) -> str:
    """Return a checksum of the images of a dataset, without their targets.

    >>> from freqnet.data import load
    >>> len(images_checksum(load("digits")))
    8
    """
    return f"{checksum_of_images(dataset, dataset.stored.shape):08x}"


def checksum_of_images(dataset: Dataset, head: Any) -> int:
    """Return a checksum of plain data and of the images as floats, in whatever numbers they are stored."""
    # One array in files may be read with several divisors of its whole numbers.
    known, key = {}, repr(head)
    place = (key, dataset.full_scale)
    if isinstance(dataset.stored, DiskArray) and dataset.stored.rows is None:
        # Files take long to read.
        known = vars(dataset.stored.source).setdefault("_checksums", {})
    if place not in known:
        found = zlib.crc32(key.encode())
        for start in range(0, len(dataset), _SLICE):
            found = zlib.crc32(np.ascontiguousarray(dataset.floats(slice(start, start + _SLICE))).data, found)
        known[place] = found
    return int(known[place])
