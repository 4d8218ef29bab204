"""Convolution: a kernel's frequency response, and one matrix product over channels per mode.

The three products (forward, with respect to the input, with respect to the response) are the three ways
to fill two slots of one trilinear form <g, x * h>, so they are closed under taking adjoints.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from freqnet.autodiff import Op, Tensor, register
from freqnet.domains.parametrisations import check_kernel, samples_ahead
from freqnet.domains.space import Axes, Space, per_axis, require_signal, volume
from freqnet.errors import ShapeError, SpaceError, got_expected


def _response_cost(out: Tensor, x: Tensor, space: Space, **parameters: Any) -> int:
    theta, response = (x, out) if x.space is None else (out, x)
    if parameters["kernel"] == "modes":
        return 0
    complex_factor = 2 if space.domain.is_complex else 1
    return complex_factor * response.data.size * theta.shape[0]


def _product_cost(out: Tensor, a: Tensor, b: Tensor, groups: int, **parameters: Any) -> int:
    batch = (a if a.space.kind == "signal" else b).shape[-2]
    channels = [t.shape[-1] for t in (out, a, b) if t.space.kind == "signal"]
    positions = volume(out.space.shape if out.space.kind == "signal" else a.space.shape)
    response = next(t for t in (out, a, b) if t.space.kind == "response")
    domain = out.space.domain
    taps = 1 if domain.is_spectral else volume(_extent(response))
    return domain.products_a_number * positions * taps * batch * channels[0] * channels[1] // groups


def _extent(h: Tensor) -> Axes:
    """The leading axes of a stored response: in a domain of samples, the kernel's true size."""
    return h.shape[: h.space.ndim]


def _convolve(x: Tensor, h: Tensor, size: Axes, groups: int) -> Tensor:
    space = require_signal(x.space, "convolve")
    if (replace(h.space, origin=None) if h.space and h.space.origin else h.space) != space.response():
        raise SpaceError(got_expected("kernel", str(h.space), f"a response on {space}", "make it for this space"))
    if groups < 1 or h.shape[-1] % groups:
        raise ShapeError(got_expected("groups", groups, f"a divisor of the {h.shape[-1]} outputs", "change it"))
    if x.shape[-1] != h.shape[-2] * groups:
        raise ShapeError(
            got_expected("channels", x.shape[-1], f"{h.shape[-2] * groups} (the kernel's)", "check the layer before")
        )
    support = None
    if space.support is not None:
        support = tuple(s + k - 1 for s, k in zip(space.support, size, strict=True))
        support = support if all(s <= n for s, n in zip(support, space.grid, strict=True)) else None
    data = space.domain.channel_product(x.data, h.data, "forward", groups, size)
    out = space if h.space.origin is None else space.moved(h.space.origin)
    return Tensor(data, out if support == out.support else replace(out, support=support))


def _convolve_input(g: Tensor, h: Tensor, size: Axes, groups: int) -> Tensor:
    space, origin = g.space, h.space.origin
    data = space.domain.channel_product(g.data, h.data, "input", groups, size)
    return Tensor(data, space if origin is None else space.moved(tuple(-o for o in origin)))


def _convolve_response(x: Tensor, g: Tensor, size: Axes, groups: int) -> Tensor:
    """Of a signal and a gradient, whichever is which."""
    space = x.space.response() if x.space.dual == g.space.dual else x.space.response().cotangent
    if g.space.origin != x.space.origin:
        here, there = (np.array(v.space.first) for v in (x, g))
        space = space.moved(tuple(int(o) for o in there - here))
    return Tensor(space.domain.channel_product(x.data, g.data, "response", groups, size), space)


frequency_response_op: Op = register(
    Op(
        "frequency_response",
        forward=lambda theta, kernel, size, space: Tensor(space.domain.respond(theta.data, kernel, size, space), space),
        vjps=(
            lambda g, out, theta, kernel, size, space: response_parameters(g, kernel=kernel, size=size, space=space),
        ),
        cost=_response_cost,
        source="H[k] = sum_n h[n] exp(-2 pi i k n / N), after the parametrisation's linear map",
    )
)

response_parameters: Op = register(
    Op(
        "response_parameters",
        forward=lambda h, kernel, size, space: Tensor(space.domain.respond_adjoint(h.data, kernel, size, space)),
        vjps=(lambda g, out, h, kernel, size, space: frequency_response_op(g, kernel=kernel, size=size, space=space),),
        cost=_response_cost,
        source="adjoint of the frequency response under Parseval's inner product",
    )
)

convolve_op: Op = register(
    Op(
        "convolve",
        forward=_convolve,
        vjps=(
            lambda g, out, x, h, size, groups: convolve_input(g, h, size=size, groups=groups),
            lambda g, out, x, h, size, groups: convolve_response(x, g, size=_extent(h), groups=groups),
        ),
        cost=_product_cost,
        source="Y[k] = X[k] H[k] (Rippel et al. 2015, eq. 1, without its factor)",
    )
)

convolve_input: Op = register(
    Op(
        "convolve_input",
        forward=_convolve_input,
        vjps=(
            lambda x, out, g, h, size, groups: convolve_op(x, h, size=size, groups=groups),
            lambda x, out, g, h, size, groups: convolve_response(x, g, size=_extent(h), groups=groups),
        ),
        cost=_product_cost,
        source="G[k] conj(H[k])^T",
    )
)

convolve_response: Op = register(
    Op(
        "convolve_response",
        forward=_convolve_response,
        vjps=(
            lambda h, out, x, g, size, groups: convolve_input(g, h, size=size, groups=groups),
            lambda h, out, x, g, size, groups: convolve_op(x, h, size=size, groups=groups),
        ),
        cost=_product_cost,
        source="conj(X[k])^T G[k]",
    )
)


def frequency_response(theta: Tensor, space: Space, kernel: str = "taps", size: int | Axes = 3) -> Tensor:
    """Return the response, on a signal's modes, of a kernel stored as real numbers.

    Parameters
    ----------
    theta : Tensor
        ``(parameters, inputs, outputs)``; as many parameters as the kernel has taps, or, for
        ``"modes"``, as the band has modes.
    space : Space
        The signals to be convolved.
    kernel : {"taps", "spectral", "sinc", "modes"}
        The parametrisation: see `freqnet.domains.parametrisations`.
    size : int or tuple of int
        Taps along each axis; the kernel is centred. Ignored for ``"modes"``.

    Returns
    -------
    Tensor
        ``(*modes, inputs, outputs)``, a response.

    Raises
    ------
    ShapeError
        `theta` has the wrong number of parameters.

    Examples
    --------
    The identity kernel has the response 1 at every mode:

    >>> import numpy as np
    >>> from freqnet.autodiff import Tensor
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import frequency_response
    >>> taps = Tensor(np.array([0.0, 1.0, 0.0]).reshape(3, 1, 1))
    >>> frequency_response(taps, FOURIER.space(8)).data.ravel().real
    array([1., 1., 1., 1.])
    """
    require_signal(space, "frequency_response")
    axes = per_axis(size, space.ndim, "kernel size")
    count = parameter_count(check_kernel(kernel), axes, space)
    if theta.ndim != 3 or theta.shape[0] != count:
        raise ShapeError(
            got_expected("kernel", f"shape {theta.shape}", f"({count}, inputs, outputs)", "see the parametrisations")
        )
    target = space.response().moved(space.domain.delay(samples_ahead(kernel, axes)))
    return frequency_response_op(theta, kernel=kernel, size=axes, space=target)


def parameter_count(kernel: str, size: Axes, space: Space) -> int:
    """How many real numbers store one kernel."""
    return space.domain.response_count(space) if kernel == "modes" else volume(size)


def convolve(x: Tensor, h: Tensor, size: int | Axes = 1, groups: int = 1) -> Tensor:
    """Convolve a signal with a kernel given by its response: one product per mode. Circular.

    Parameters
    ----------
    x : Tensor
        Signal ``(*modes, batch, inputs)``.
    h : Tensor
        Response ``(*modes, inputs / groups, outputs)``.
    size : int or tuple of int
        The kernel's extent in samples, to follow the signal's support.
    groups : int
        Channel groups that do not mix; as many as channels is a depthwise convolution.

    Returns
    -------
    Tensor
        ``(*modes, batch, outputs)``.

    Raises
    ------
    SpaceError
        The response was made for another grid or band.
    ShapeError
        The channels do not agree.

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet.autodiff import Tensor
    >>> from freqnet.domains import FOURIER
    >>> from freqnet.ops import analysis, convolve, frequency_response, synthesis
    >>> space = FOURIER.space(5)
    >>> step = frequency_response(Tensor(np.array([0.0, 0.0, 1.0]).reshape(3, 1, 1)), space)
    >>> x = analysis(np.arange(5.0).reshape(1, 5, 1), space)
    >>> synthesis(convolve(x, step)).data.ravel().round(6) + 0.0
    array([4., 0., 1., 2., 3.])
    """
    space = require_signal(x.space, "convolve")
    return convolve_op(x, h, size=per_axis(size, space.ndim, "size"), groups=groups)
