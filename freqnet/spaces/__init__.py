"""Spaces: how real signals are stored, and the operations (verbs) that ops and layers use.

``fourier``   half spectra in complex arithmetic: the default domain of networks.
``hartley``   spectra in real arithmetic.
``laplace``   values at real nodes: causal signals and linear convolution, but ill-conditioned.
``damped``    values at nodes on a circle of radius r < 1: between Fourier and Laplace.
``grid``      samples: the spatial counterpart, with exact pointwise activations and direct convolution.
``grid-fft``  samples with convolution by FFT: the baseline that switches domains in every layer.

A new domain is a subclass of `Space`, `WaveSpace` or `NodeSpace` with one call of `register_domain`. Networks, the
command line and the contract tests then find it by its name.
"""

from freqnet.spaces.base import Axes, Space
from freqnet.spaces.nodes.base import NodeSpace
from freqnet.spaces.nodes.damped import Damped
from freqnet.spaces.nodes.laplace import Laplace
from freqnet.spaces.nodes.rules import Nodes
from freqnet.spaces.nodes.trained import train_nodes
from freqnet.spaces.parametrisations import KERNELS
from freqnet.spaces.registry import DOMAINS, get_domain, register_domain
from freqnet.spaces.resampling import resample_samples
from freqnet.spaces.samples import Grid
from freqnet.spaces.transforms import counted_transforms, no_transforms, transform_count
from freqnet.spaces.waves.base import WaveSpace
from freqnet.spaces.waves.fourier import Fourier
from freqnet.spaces.waves.hartley import Hartley
from freqnet.spaces.waves.modes import mode_numbers

__all__ = [
    "DOMAINS",
    "KERNELS",
    "Axes",
    "Damped",
    "Fourier",
    "Grid",
    "Hartley",
    "Laplace",
    "NodeSpace",
    "Nodes",
    "Space",
    "WaveSpace",
    "counted_transforms",
    "get_domain",
    "mode_numbers",
    "no_transforms",
    "register_domain",
    "resample_samples",
    "train_nodes",
    "transform_count",
]
