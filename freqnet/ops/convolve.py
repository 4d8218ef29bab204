"""Convolution: the frequency response of a kernel, and one matrix product over channels per mode.

The convolution and its two adjoints are the contractions of one trilinear form <g, x * h>.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from freqnet.autodiff import Op, Tensor, as_tensor, linear, register, trilinear
from freqnet.errors import ShapeError, SpaceError, got_expected
from freqnet.ops.arithmetic import plain, same_space, signal_space, sum_like
from freqnet.spaces.base import Axes, Space, per_axis, require_signal, volume
from freqnet.spaces.parametrisations import check_kernel, samples_ahead


def _response_cost(out: Tensor, x: Tensor, space: Space, **parameters: Any) -> int:
    theta, response = (x, out) if x.space is None else (out, x)
    if parameters["kernel"] == "modes":
        return 0
    return (2 if space.is_complex else 1) * response.data.size * theta.shape[0]


def _product_cost(out: Tensor, a: Tensor, b: Tensor, groups: int, **parameters: Any) -> int:
    batch = (a if a.space.kind == "signal" else b).shape[-2]
    channels = [t.shape[-1] for t in (out, a, b) if t.space.kind == "signal"]
    positions = volume(out.space.shape if out.space.kind == "signal" else a.space.shape)
    response = next(t for t in (out, a, b) if t.space.kind == "response")
    taps = 1 if out.space.is_spectral else volume(_extent(response))
    return out.space.products_per_number * positions * taps * batch * channels[0] * channels[1] // groups


def _extent(h: Tensor) -> Axes:
    """Return the leading axes of a stored response; on a grid, which stores taps, this is the size of the kernel."""
    return h.shape[: h.space.ndim]


def _convolve(x: Tensor, h: Tensor, size: Axes, groups: int) -> Tensor:
    space = signal_space(x, "convolve")
    if (replace(h.space, origin=None) if h.space and h.space.origin else h.space) != space.response():
        raise SpaceError(
            got_expected("kernel", str(h.space), f"a response on {space}", "call frequency_response(theta, x.space)")
        )
    if groups < 1 or h.shape[-1] % groups:
        todo = "pass groups=1"
        raise ShapeError(got_expected("groups", groups, f"a divisor of the {h.shape[-1]} outputs", todo))
    if x.shape[-1] != h.shape[-2] * groups:
        expected = f"{h.shape[-2] * groups} (the kernel's)"
        raise ShapeError(got_expected("channels", x.shape[-1], expected, "make the kernel for the channels of x"))
    data = space.channel_product(x.data, h.data, "forward", groups, size)
    return Tensor(data, space.after_kernel(size, h.space.first))


def _convolve_input(g: Tensor, h: Tensor, size: Axes, groups: int) -> Tensor:
    data = g.space.channel_product(g.data, h.data, "input", groups, size)
    return Tensor(data, g.space.moved([-o for o in h.space.first]))


def _convolve_response(x: Tensor, g: Tensor, size: Axes, groups: int) -> Tensor:
    """Return the adjoint of convolution in the response; `x` and `g` may swap their roles."""
    space = x.space.response() if x.space.dual == g.space.dual else x.space.response().cotangent
    ahead = [there - here for here, there in zip(x.space.first, g.space.first, strict=True)]
    return Tensor(x.space.channel_product(x.data, g.data, "response", groups, size), space.moved(ahead))


frequency_response_op: Op = linear(
    "frequency_response",
    lambda theta, kernel, size, space: Tensor(space.frequency_response(theta.data, kernel, size), space),
    adjoint=lambda g, theta, **parameters: response_parameters(g, **parameters),
    source="H[k] = sum_n h[n] exp(-2 pi i k n / N), after the parametrisation's linear map",
    cost=_response_cost,
)

response_parameters: Op = linear(
    "response_parameters",
    lambda h, kernel, size, space: Tensor(space.frequency_response_adjoint(h.data, kernel, size)),
    adjoint=lambda g, h, **parameters: frequency_response_op(g, **parameters),
    source="adjoint of the frequency response under Parseval's inner product",
    cost=_response_cost,
)

convolve_op, convolve_input, convolve_response = trilinear(
    ("convolve", "convolve_input", "convolve_response"),
    (_convolve, _convolve_input, _convolve_response),
    (
        "Y[k] = X[k] H[k] (Rippel et al. 2015, eq. 1, without its factor)",
        "G[k] conj(H[k])^T",
        "conj(X[k])^T G[k]",
    ),
    cost=_product_cost,
    third=lambda h, parameters: {**parameters, "size": _extent(h)},
)


def frequency_response(theta: Tensor, space: Space, kernel: str = "taps", size: int | Axes = 3) -> Tensor:
    """Return the frequency response of a kernel at the modes of a space.

    Parameters
    ----------
    theta : Tensor
        Real kernel parameters ``(parameters, inputs, outputs)``, one per tap or, for "modes", one per mode of the band.
    space : Space
        The space of the signals to be convolved.
    kernel : {"taps", "spectral", "sinc", "modes"}
        The parametrisation: see `freqnet.spaces.parametrisations`.
    size : int or tuple of int
        Taps along each axis; the kernel is centred. Ignored for "modes".

    Returns
    -------
    Tensor
        Response ``(*modes, inputs, outputs)``.

    Raises
    ------
    ShapeError
        `theta` has the wrong number of parameters.
    ConfigurationError
        There is no such parametrisation.
    SpaceError
        `space` is not a space of signals.

    Examples
    --------
    The response of the identity kernel is 1 at every mode:

    >>> import numpy as np
    >>> from freqnet.autodiff import Tensor
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import frequency_response
    >>> taps = Tensor(np.array([0.0, 1.0, 0.0]).reshape(3, 1, 1))
    >>> frequency_response(taps, Fourier.on(8)).data.ravel().real
    array([1., 1., 1., 1.])
    """
    if isinstance(space, Tensor) or not (space is None or hasattr(space, "kind")):
        got = f"a value of type {type(space).__name__}"
        raise SpaceError(got_expected("frequency_response", got, "a space", "pass x.space of the signal x"))
    require_signal(space, "frequency_response")
    theta = plain(as_tensor(theta), "frequency_response")
    axes = per_axis(size, space.ndim, "kernel size")
    count = parameter_count(check_kernel(kernel), axes, space)
    if theta.ndim != 3 or theta.shape[0] != count:
        raise ShapeError(
            got_expected("kernel", f"shape {theta.shape}", f"({count}, inputs, outputs)", "give theta this shape")
        )
    target = space.response(samples_ahead(kernel, axes))
    return frequency_response_op(theta, kernel=kernel, size=axes, space=target)


def parameter_count(kernel: str, size: Axes, space: Space) -> int:
    """Return the number of real parameters of one kernel."""
    return space.response_count if kernel == "modes" else volume(size)


def convolve(x: Tensor, h: Tensor, size: int | Axes = 1, groups: int = 1) -> Tensor:
    """Convolve a signal with a kernel that is given by its response: one product per mode.

    Convolution is circular in domains of waves and samples, and linear in domains of nodes.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, inputs)``.
    h : Tensor
        Response ``(*modes, inputs / groups, outputs)``.
    size : int or tuple of int
        Taps of the kernel along each axis, from which the support of the result is computed.
    groups : int
        Number of channel groups that do not mix. With as many groups as channels, the convolution is depthwise.

    Returns
    -------
    Tensor
        Signal ``(*modes, batch, outputs)``.

    Raises
    ------
    SpaceError
        The response belongs to another domain, grid or band.
    ShapeError
        The channels of the signal and the response do not agree, or `groups` does not divide the outputs.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.autodiff import Tensor
    >>> from freqnet.spaces import Fourier
    >>> from freqnet.ops import analysis, convolve, frequency_response, synthesis
    >>> space = Fourier.on(5)
    >>> step = frequency_response(Tensor(np.array([0.0, 0.0, 1.0]).reshape(3, 1, 1)), space)
    >>> x = analysis(np.arange(5.0).reshape(1, 5, 1), space)
    >>> synthesis(convolve(x, step)).data.ravel().round(6) + 0.0
    array([4., 0., 1., 2., 3.])
    """
    space = signal_space(x, "convolve")
    return convolve_op(x, h, size=per_axis(size, space.ndim, "size"), groups=groups)


# -- two signals ---------------------------------------------------------------------------------------
def _modes_multiplied(a: Tensor, b: Tensor, adjoint: bool) -> Tensor:
    space = same_space(a, b, "convolve_signals")
    require_signal(space, "convolve_signals")
    return Tensor(space.mode_product(a.data, b.data, adjoint), space.unbounded)


def _signals_cost(out: Tensor, a: Tensor, b: Tensor) -> int:
    return out.space.products_per_number * out.data.size


convolve_signals_op: Op = register(
    Op(
        "convolve_signals",
        forward=lambda a, b: _modes_multiplied(a, b, False),
        vjps=(
            lambda g, out, a, b: sum_like(correlate_signals(g, b), a),
            lambda g, out, a, b: sum_like(correlate_signals(g, a), b),
        ),
        cost=_signals_cost,
        source="C[k] = A[k] B[k]",
    )
)

correlate_signals: Op = register(
    Op(
        "correlate_signals",
        forward=lambda a, b: _modes_multiplied(a, b, True),
        vjps=(
            lambda g, out, a, b: sum_like(convolve_signals_op(g, b), a),
            lambda g, out, a, b: sum_like(correlate_signals(a, g), b),
        ),
        cost=_signals_cost,
        source="C[k] = A[k] conj(B[k]), the adjoint of convolve_signals",
    )
)


def convolve_signals(a: Tensor, b: Tensor) -> Tensor:
    """Convolve each example of a signal with that of another one: one product per mode.

    With samples a and b on N points, the result is ``1/N sum_m a[m] b[n - m]``, circular.

    Parameters
    ----------
    a, b : Tensor
        Signals ``(*modes, batch, channels)`` in one space, in a domain of modes; batch and channels broadcast.

    Returns
    -------
    Tensor
        Signal ``(*modes, batch, channels)``.

    Raises
    ------
    SpaceError
        The two are in different spaces, or the domain does not store modes.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.ops import analysis, synthesis
    >>> from freqnet.ops.convolve import convolve_signals
    >>> from freqnet.spaces import Fourier
    >>> x = analysis(np.arange(3.0).reshape(1, 3, 1), Fourier.on(3))
    >>> one_later = analysis(np.array([0.0, 3.0, 0.0]).reshape(1, 3, 1), Fourier.on(3))
    >>> synthesis(convolve_signals(x, one_later)).data.ravel().round(6) + 0.0
    array([2., 0., 1.])
    """
    signal_space(a, "convolve_signals"), signal_space(b, "convolve_signals")
    return convolve_signals_op(a, b)
