"""The two transforms: analysis of samples into a space, and synthesis of samples from it."""

from __future__ import annotations

from typing import Any

import numpy as np

from freqnet import spaces
from freqnet.autodiff import Op, Tensor, as_tensor, linear
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.ops.arithmetic import per_element, plain, scale_by
from freqnet.spaces.base import Axes, Space, require_signal, volume
from freqnet.spaces.condition import require_condition


def _transform_cost(out: Tensor, x: Tensor, **parameters: Any) -> int:
    # A real FFT takes 2.5 N log2 N real operations, about half of them multiply-adds.
    count = max(x.data.size, out.data.size)
    return int(1.25 * count * max(1, count.bit_length()))


def _analysis_cost(out: Tensor, samples: Tensor, space: Space) -> int:
    return 0 if space.stores_samples(samples.shape[1:-1]) else _transform_cost(out, samples)


sample_modes: Op = linear(
    "sample_modes",
    lambda samples, space: Tensor(space.sample_modes(samples.data), space),
    # The synthesis of a gradient is a density over the grid.
    adjoint=lambda g, samples, space: scale_by(
        synthesize(g, grid=samples.shape[1:-1]), factor=1 / volume(samples.shape[1:-1])
    ),
    source="X[k] = (1/N) sum_n x[n] exp(-2 pi i k n / N)",
    cost=_analysis_cost,
)

synthesize: Op = linear(
    "synthesize",
    lambda x, grid: Tensor(x.space.synthesis(x.data, grid)),
    adjoint=lambda g, x, grid: scale_by(sample_modes(g, space=x.space.cotangent), factor=volume(grid)),
    source="x[n] = sum_k X[k] exp(2 pi i k n / N)",
    cost=_transform_cost,
)

split_nyquist: Op = linear(
    "split_nyquist",
    lambda x, grid: Tensor(x.space.split_nyquist(x.data, grid), x.space),
    adjoint=lambda g, x, grid: split_nyquist(g, grid=grid),
    source="the Nyquist mode split evenly between k = n/2 and k = -n/2",
    cost=per_element,
)


resample_samples: Op = linear(
    "resample_samples",
    lambda x, grid: Tensor(spaces.resample_samples(plain(x, "resample_samples").data, grid)),
    # The synthesis of one grid is the adjoint of the analysis of the other, up to the numbers of samples.
    adjoint=lambda g, x, grid: scale_by(
        resample_samples(g, grid=x.shape[1:-1]), factor=volume(grid) / volume(x.shape[1:-1])
    ),
    source="y[n] = sum_k X[k] exp(2 pi i k n / M), over the modes that both grids hold",
    cost=_transform_cost,
)


def analysis(samples: Any, space: Space, nyquist: str = "drop") -> Tensor:
    """Transform samples into a space.

    Parameters
    ----------
    samples : Tensor or array
        Real samples ``(batch, *grid, channels)`` on any grid that can hold the band.
    space : Space
        Space of the result.
    nyquist : {"drop", "split"}
        Treatment of the Nyquist mode of an even number n of samples. "drop" raises an error if the band includes it;
        only dropping the mode commutes with fractional shifts. "split" allows the band n/2 and splits the mode evenly
        between n/2 and -n/2, so that synthesis restores the samples exactly.

    Returns
    -------
    Tensor
        Signal ``(*modes, batch, channels)``.

    Raises
    ------
    ShapeError
        The samples are not real, cannot hold the band, or have the wrong number of axes.
    ConfigurationError
        The band includes the Nyquist mode and `nyquist` is "drop", or the precision cannot hold the signal.
    TransformError
        Called inside ``no_transforms()``.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, synthesis
    >>> x = np.random.default_rng(0).normal(size=(2, 7, 5, 1))
    >>> spectrum = analysis(x, Fourier.on((7, 5)))
    >>> spectrum.shape
    (7, 3, 2, 1)
    >>> bool(np.allclose(synthesis(spectrum, (7, 5)).data, x))
    True
    """
    if np.iscomplexobj(samples.data if isinstance(samples, Tensor) else samples):
        raise ShapeError(got_expected("samples", "complex numbers", "real numbers", "pass samples.real"))
    samples = as_tensor(samples)
    require_signal(space, "analysis")
    if samples.dtype.kind in "biu":
        samples = Tensor(samples.data.astype(float))
    space.check_samples(samples.data)
    require_condition(space, samples.dtype.name)
    if nyquist not in ("drop", "split"):
        raise ConfigurationError(got_expected("nyquist", repr(nyquist), "'drop' or 'split'", "pass nyquist='drop'"))
    grid = samples.shape[1:-1]
    if nyquist == "drop":
        space.check_nyquist(grid)
    spectrum = sample_modes(samples, space=space)
    return split_nyquist(spectrum, grid=grid) if nyquist == "split" else spectrum


def synthesis(x: Tensor, grid: Axes | int | None = None) -> Tensor:
    """Return the samples of a signal on a grid.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, channels)``.
    grid : int or tuple of int, optional
        Samples along each axis, by default those of the space. A finer grid interpolates, a coarser one aliases.

    Returns
    -------
    Tensor
        Plain samples ``(batch, *grid, channels)``.

    Raises
    ------
    SpaceError
        `x` is not a signal.
    TransformError
        Called inside ``no_transforms()``.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, synthesis
    >>> x = analysis(np.ones((1, 4, 1)), Fourier.on((4,)))
    >>> synthesis(x, 6).data.ravel()
    array([1., 1., 1., 1., 1., 1.])
    """
    space = require_signal(x.space, "synthesis")
    if grid is None:
        grid = space.grid
    axes = (grid,) * space.ndim if isinstance(grid, int) else tuple(grid)
    return synthesize(x, grid=axes)
