"""The product of two real signals by their coefficients: the kernel behind every polynomial activation.

`reference.py` (NumPy) defines what is computed; `native.py` (C) is used where it was built.
"""

import os

if os.environ.get("FREQNET_KERNEL", "native") == "numpy":
    from freqnet.kernels.reference import product, square

    KERNEL = "numpy"
else:
    try:
        from freqnet.kernels.native import product, square

        KERNEL = "native"
    except ImportError:
        from freqnet.kernels.reference import product, square

        KERNEL = "numpy"

__all__ = ["KERNEL", "product", "square"]
