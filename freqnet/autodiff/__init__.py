"""Reverse-mode automatic differentiation on tensors that know their space."""

from freqnet.autodiff.gradcheck import GradientReport, check_gradients
from freqnet.autodiff.registrars import linear, trilinear
from freqnet.autodiff.registry import OPS
from freqnet.autodiff.space import EUCLIDEAN, Euclidean, InnerProductSpace
from freqnet.autodiff.tape import Op, backward, gradient, is_watched, no_grad, observe, register
from freqnet.autodiff.tensor import Tensor, as_tensor

__all__ = [
    "EUCLIDEAN",
    "OPS",
    "Euclidean",
    "GradientReport",
    "InnerProductSpace",
    "Op",
    "Tensor",
    "as_tensor",
    "backward",
    "check_gradients",
    "gradient",
    "is_watched",
    "linear",
    "no_grad",
    "observe",
    "register",
    "trilinear",
]
