"""Domains: how a real signal is stored, and the verbs layers are written against.

``fourier``   half spectra, the domain networks live in.
``hartley``   the same in real arithmetic.
``laplace``   values at real nodes: causal signals, linear convolution, ill-conditioned.
``damped``    values at nodes on a circle of radius r < 1: between these two.
``grid``      samples: the spatial twin, with exact pointwise activations and direct convolution.
``grid-fft``  the same with FFT convolution: the baseline that switches domains in every layer.

One more domain is one more file beside `fourier.py`: a `Domain` subclass and one `register_domain` call; the
contract tests then run over it without being told.
"""

from freqnet.domains.base import Domain
from freqnet.domains.damped import DAMPED, Damped
from freqnet.domains.door import no_transforms, transform_count
from freqnet.domains.fourier import FOURIER, Fourier
from freqnet.domains.grid import GRID, GRID_FFT, Grid
from freqnet.domains.hartley import HARTLEY, Hartley
from freqnet.domains.laplace import LAPLACE, Laplace
from freqnet.domains.nodes import Nodes
from freqnet.domains.parametrisations import KERNELS
from freqnet.domains.registry import DOMAINS, get_domain, register_domain
from freqnet.domains.space import Space
from freqnet.domains.spectral import Spectral
from freqnet.domains.trained import train_nodes

__all__ = [
    "DAMPED",
    "DOMAINS",
    "FOURIER",
    "GRID",
    "GRID_FFT",
    "HARTLEY",
    "KERNELS",
    "LAPLACE",
    "Damped",
    "Domain",
    "Fourier",
    "Grid",
    "Hartley",
    "Laplace",
    "Nodes",
    "Space",
    "Spectral",
    "get_domain",
    "no_transforms",
    "register_domain",
    "train_nodes",
    "transform_count",
]
