"""The product of two real signals by their coefficients: the kernel behind every polynomial activation."""

from freqnet.kernels.product import product, square

__all__ = ["product", "square"]
