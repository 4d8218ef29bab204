"""Spaces: how a real signal is stored, and the verbs that layers are written against.

``fourier``   half spectra, the domain networks live in.
``hartley``   the same in real arithmetic.
``laplace``   values at real nodes: causal signals, linear convolution, ill-conditioned.
``damped``    values at nodes on a circle of radius r < 1: between Fourier and Laplace.
``grid``      samples: the spatial counterpart, with exact pointwise activations and direct convolution.
``grid-fft``  the same with FFT convolution: the baseline that switches domains in every layer.

A new domain is a small subclass of `Space`, `WaveSpace` or `NodeSpace` and one `register_domain` call; networks, the
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
    "train_nodes",
    "transform_count",
]
