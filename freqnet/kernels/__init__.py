"""The kernels a spectral network spends its time in: products of signals, products over channels, passes.

`reference.py` (NumPy) defines what is computed; `native.py` (C) is used where it was built.
"""

import os

KERNEL = os.environ.get("FREQNET_KERNEL", "native")
if KERNEL != "numpy":
    try:
        from freqnet.kernels.native import (
            channel_product,
            combine,
            inner,
            product,
            quadratic,
            quadratic_adjoint,
            square,
        )

        KERNEL = "native"
    except ImportError:
        KERNEL = "numpy"
if KERNEL == "numpy":
    from freqnet.kernels.reference import (
        channel_product,
        combine,
        inner,
        product,
        quadratic,
        quadratic_adjoint,
        square,
    )

__all__ = [
    "KERNEL",
    "channel_product",
    "combine",
    "inner",
    "product",
    "quadratic",
    "quadratic_adjoint",
    "square",
]
