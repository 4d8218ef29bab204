"""From spectra to features: orthonormal real coordinates, and the power of each mode."""

from __future__ import annotations

from freqnet.autodiff import Op, Tensor, register
from freqnet.domains.space import require_signal
from freqnet.ops.arithmetic import _sum_to, per_element, reshape, same_space, transpose

coordinates_op: Op = register(
    Op(
        "coordinates",
        forward=lambda x: Tensor(x.space.domain.coordinates(x.data, x.space)),
        vjps=(lambda g, out, x: from_coordinates(g, space=x.space),),
        cost=per_element,
        source="X[0], and sqrt(2) Re X[k], sqrt(2) Im X[k] for one of each pair (k, -k)",
    )
)

from_coordinates: Op = register(
    Op(
        "from_coordinates",
        forward=lambda values, space: Tensor(space.domain.from_coordinates(values.data, space), space),
        vjps=(lambda g, out, values, space: coordinates_op(g),),
        cost=per_element,
        source="inverse and adjoint of coordinates",
    )
)

mode_inner: Op = register(
    Op(
        "mode_inner",
        forward=lambda a, b: Tensor(same_space(a, b, "mode_inner").domain.mode_inner(a.data, b.data, a.space)),
        vjps=(
            lambda g, out, a, b: _sum_to(mode_scale(b, g), a),
            lambda g, out, a, b: _sum_to(mode_scale(a, g), b),
        ),
        cost=lambda out, a, b: per_element(a),
        source="w[k] Re(conj(A[k]) B[k]), one of each pair (k, -k)",
    )
)

mode_scale: Op = register(
    Op(
        "mode_scale",
        forward=lambda x, factors: Tensor(x.space.domain.mode_scale(x.data, factors.data, x.space), x.space),
        vjps=(
            lambda g, out, x, factors: _sum_to(mode_scale(g, factors), x),
            lambda g, out, x, factors: _sum_to(mode_inner(g, x), factors),
        ),
        cost=per_element,
        source="one real factor for each pair (k, -k)",
    )
)


def coordinates(x: Tensor) -> Tensor:
    """Return the orthonormal real coordinates of every example, ``(batch, coordinates * channels)``.

    Any linear functional of the signal is a linear functional of these, and distances are the same.

    >>> import numpy as np
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis, coordinates
    >>> coordinates(analysis(np.ones((2, 5, 5, 3)), FOURIER.space((5, 5)))).shape
    (2, 75)
    """
    require_signal(x.space, "coordinates")
    return _features(coordinates_op(x))


def power_spectrum(x: Tensor) -> Tensor:
    """Return the power in each pair of modes, ``(batch, pairs * channels)``: blind to shifts.

    >>> import numpy as np
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis, power_spectrum
    >>> x = analysis(np.cos(2 * np.pi * np.arange(5) / 5).reshape(1, 5, 1), FOURIER.space(5))
    >>> power_spectrum(x).data.round(6)
    array([[0. , 0.5, 0. ]])
    """
    require_signal(x.space, "power_spectrum")
    return _features(mode_inner(x, x))


def _features(values: Tensor) -> Tensor:
    """Bring ``(coordinates, batch, channels)`` to one row an example."""
    count, batch, channels = values.shape
    return reshape(transpose(values, axes=(1, 0, 2)), shape=(batch, count * channels))
