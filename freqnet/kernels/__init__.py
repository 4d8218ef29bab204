"""Compute kernels for spectra: products of signals, products over channels, and single passes.

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

bilinear = _active.bilinear
channel_product = _active.channel_product
combine = _active.combine
inner = _active.inner
product = _active.product
quadratic = _active.quadratic
quadratic_adjoint = _active.quadratic_adjoint
square = _active.square

__all__ = [
    "KERNEL",
    "bilinear",
    "channel_product",
    "combine",
    "inner",
    "product",
    "quadratic",
    "quadratic_adjoint",
    "square",
]
