"""Conversion of trained spatial networks to the frequency domain, with the error of every layer."""

from freqnet.convert.conversion import Conversion, ConvertedLayer, from_onnx
from freqnet.convert.pytorch import from_torch

__all__ = ["Conversion", "ConvertedLayer", "from_onnx", "from_torch"]
