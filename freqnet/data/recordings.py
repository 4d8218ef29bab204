"""Files of one sample each: sounds in ``.wav`` files, volumes in NIfTI files."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from freqnet.data.readers import Contents, register_reader
from freqnet.errors import require_package

# The value of full scale, which stands for 1, in the whole numbers of a sound of 16 bits.
_FULL_SCALE_16 = 32768.0


def read_wav(path: Path) -> Contents:
    """Return the sound of a ``.wav`` file as floats from -1 to 1, with its sampling rate."""
    from scipy.io import wavfile

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wavfile.WavFileWarning)
        # The samples that are there would be returned.
        warnings.filterwarnings("error", "Reached EOF prematurely", wavfile.WavFileWarning)
        rate, sound = wavfile.read(path)
    if sound.dtype.kind == "u":
        # Unsigned bytes have their zero in the middle.
        sound = (sound.astype(np.float32) - 128) / 128
    elif sound.dtype.kind == "i":
        # SciPy shifts 24 bits to the upper ones of 32.
        floats = np.float32 if sound.dtype.itemsize <= 2 else np.float64
        sound = np.divide(sound, 2.0 ** (8 * sound.dtype.itemsize - 1), dtype=floats)
    return Contents(sound, layout="t c" if sound.ndim == 2 else "t", full_scale=_FULL_SCALE_16, rate=f"{rate} Hz")


def read_nifti(path: Path) -> Contents:
    """Return the volume of a NIfTI file, turned so that its axes point right, forward and up.

    A fourth axis, such as time, becomes the channels.
    """
    nibabel = require_package("nibabel", f"file {path}", "files")
    image = nibabel.as_closest_canonical(nibabel.load(path))
    values = np.asanyarray(image.dataobj)
    while values.ndim > 1 and values.shape[-1] == 1:
        values = values[..., 0]
    if not 1 <= values.ndim <= 4:
        raise ValueError(f"an array of shape {values.shape}, which is no volume")
    return Contents(values, layout=("x", "x y", "x y z", "x y z c")[values.ndim - 1])


register_reader(".wav", read=read_wav)
register_reader(".nii", ".nii.gz", read=read_nifti)
