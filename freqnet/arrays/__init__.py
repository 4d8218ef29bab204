"""Networks, layers and ops on arrays of other libraries, by the array API standard: `as_function`.

Arrays choose their library and their device by their type: PyTorch, CuPy, JAX, or any other with the functions of the
standard. Tables are made once, by NumPy on the host, and handed over when a library and a device are first used. This
needs array-api-compat (the extra ``arrays``).
"""

from __future__ import annotations

from freqnet.arrays.function import ArrayFunction, OpFunction, as_function

__all__ = ["ArrayFunction", "OpFunction", "as_function"]
