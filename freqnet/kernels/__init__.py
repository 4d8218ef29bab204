"""Compute kernels: products of signals and over channels, single passes, steps of optimisers, and ranges of values.

`reference.py` defines them in NumPy. `native.py` runs the same functions in C and is used if it was built.
"""

import os

from freqnet.kernels import reference

KERNEL, _active = "numpy", reference
if os.environ.get("FREQNET_KERNEL", "").lower() != "numpy":
    try:
        from freqnet.kernels import native

        KERNEL, _active = "native", native  # type: ignore[misc]
    except ImportError:
        pass

adam = _active.adam
bilinear = _active.bilinear
channel_product = _active.channel_product
combine = _active.combine
extremes = _active.extremes
gather = _active.gather
inner = _active.inner
product = _active.product
quadratic = _active.quadratic
quadratic_adjoint = _active.quadratic_adjoint
scale = _active.scale
spread = _active.spread
square = _active.square

__all__ = [
    "KERNEL",
    "adam",
    "bilinear",
    "channel_product",
    "combine",
    "extremes",
    "gather",
    "inner",
    "product",
    "quadratic",
    "quadratic_adjoint",
    "scale",
    "spread",
    "square",
]
