"""The door: analysis of samples into a spectrum, synthesis back. The only transforms there are."""

from __future__ import annotations

from typing import Any

from freqnet.autodiff import Op, Tensor, as_tensor, register
from freqnet.domains.condition import require_condition
from freqnet.domains.space import Axes, Space, require_signal, volume
from freqnet.errors import ConfigurationError, ShapeError, got_expected
from freqnet.ops.arithmetic import per_element, scale_by


def _transform_cost(out: Tensor, x: Tensor, **parameters: Any) -> int:
    # 2.5 N log2 N real operations of a real transform, about half of them multiply-adds.
    count = max(x.data.size, out.data.size)
    return int(1.25 * count * max(1, count.bit_length()))


sample_modes: Op = register(
    Op(
        "sample_modes",
        forward=lambda samples, space: Tensor(space.domain.sample_modes(samples.data, space), space),
        vjps=(
            # g is a gradient: its synthesis is the density over the grid.
            lambda g, out, samples, space: scale_by(
                synthesize(g, grid=samples.shape[1:-1]), factor=1 / volume(samples.shape[1:-1])
            ),
        ),
        cost=_transform_cost,
        source="X[k] = (1/N) sum_n x[n] exp(-2 pi i k n / N)",
    )
)

synthesize: Op = register(
    Op(
        "synthesize",
        forward=lambda x, grid: Tensor(x.space.domain.synthesis(x.data, x.space, grid)),
        vjps=(lambda g, out, x, grid: scale_by(sample_modes(g, space=x.space.cotangent), factor=volume(grid)),),
        cost=_transform_cost,
        source="x[n] = sum_k X[k] exp(2 pi i k n / N)",
    )
)

split_nyquist: Op = register(
    Op(
        "split_nyquist",
        forward=lambda x, grid: Tensor(x.space.domain.split_nyquist(x.data, x.space, grid), x.space),
        vjps=(lambda g, out, x, grid: split_nyquist(g, grid=grid),),
        cost=per_element,
        source="the Nyquist mode shared evenly by k = n/2 and k = -n/2",
    )
)


def analysis(samples: Any, space: Space, nyquist: str = "drop") -> Tensor:
    """Transform samples into the space of a domain.

    Parameters
    ----------
    samples : Tensor or array
        ``(batch, *grid, channels)``, real, on any grid that can hold the band.
    space : Space
        Where to: domain, nominal grid and band.
    nyquist : {"drop", "split"}
        What to do with the Nyquist mode of an even grid. It is dropped (the only choice that commutes
        with shifts by a fraction of a sample), and a band that includes it is an error; "split" allows
        the band n/2, shares the mode evenly by +-n/2, and makes the round trip lossless.

    Returns
    -------
    Tensor
        ``(*modes, batch, channels)``.

    Raises
    ------
    ShapeError
        The samples cannot hold the band, or have the wrong number of axes.
    TransformError
        Inside ``no_transforms()``.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis, synthesis
    >>> x = np.random.default_rng(0).normal(size=(2, 7, 5, 1))
    >>> spectrum = analysis(x, FOURIER.space((7, 5)))
    >>> spectrum.shape
    (7, 3, 2, 1)
    >>> bool(np.allclose(synthesis(spectrum, (7, 5)).data, x))
    True
    """
    samples = as_tensor(samples)
    require_signal(space, "analysis")
    if samples.dtype.kind in "biu":
        samples = Tensor(samples.data.astype(float))
    if samples.dtype.kind != "f":
        raise ShapeError(got_expected("samples", f"numbers of {samples.dtype}", "real numbers", "take real parts"))
    space.domain.check_samples(samples.data, space)
    require_condition(space, samples.dtype.name)
    if nyquist not in ("drop", "split"):
        raise ConfigurationError(got_expected("nyquist", repr(nyquist), "'drop' or 'split'", "choose one"))
    grid = samples.shape[1:-1]
    if nyquist == "drop" and space.domain.has_modes and any(2 * m == n for m, n in zip(space.band, grid, strict=True)):
        raise ConfigurationError(
            got_expected(
                "band",
                f"{space.band} on {grid} samples, with the Nyquist mode",
                f"at most {tuple((n - 1) // 2 for n in grid)}",
                "keep fewer modes, or pass nyquist='split'",
            )
        )
    spectrum = sample_modes(samples, space=space)
    return split_nyquist(spectrum, grid=grid) if nyquist == "split" else spectrum


def synthesis(x: Tensor, grid: Axes | int | None = None) -> Tensor:
    """Evaluate a signal on a grid, by default its own.

    Parameters
    ----------
    x : Tensor
        ``(*modes, batch, channels)``.
    grid : int or tuple of int, optional
        Samples along each axis, any number: a finer grid interpolates, a coarser one aliases.

    Returns
    -------
    Tensor
        Plain samples ``(batch, *grid, channels)``.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis, synthesis
    >>> x = analysis(np.ones((1, 4, 1)), FOURIER.space((4,)))
    >>> synthesis(x, 6).data.ravel()
    array([1., 1., 1., 1., 1., 1.])
    """
    space = require_signal(x.space, "synthesis")
    if grid is None:
        grid = space.grid
    axes = (grid,) * space.ndim if isinstance(grid, int) else tuple(grid)
    return synthesize(x, grid=axes)
