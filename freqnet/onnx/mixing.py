"""Which numbers of a signal a convolution mixes, and with what weights.

A convolution multiplies at every mode or node, so that each stored number depends on very few others: the real and the
imaginary part of one mode, or the modes k and -k of a Hartley spectrum. Test signals show which, in any domain.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from freqnet.onnx.matrices import Array, Form, form_of, from_real, real_axes, to_real
from freqnet.spaces import Axes, Space

# Largest number of rows that mix, and numbers in the test signals of one call.
_MOST, _AT_ONCE = 8, 1 << 22


@dataclass(frozen=True)
class Mixing:
    """A convolution as matrix products over the channels of small sets of rows.

    Attributes
    ----------
    rows : ndarray
        ``(sets, size)``: the rows of the signal in each set. A smaller set repeats its first row, with weight 0.
    weights : ndarray
        ``(size, sets, groups, size * inputs, outputs)``: for each place in a set, the matrix to the outputs of the row
        there, in each group of channels.
    place : ndarray
        ``(rows,)``: where each row is among the results, which are ordered by place in the set, then by set.
    """

    rows: Array
    weights: Array
    place: Array


def mixing_of(space: Space, response: Array, size: Axes, groups: int) -> Mixing | None:
    """Return the mixing of a convolution with a response; None where many rows mix.

    Parameters
    ----------
    space : Space
        Space of the signal.
    response : ndarray
        ``(*modes, inputs / groups, outputs)``.
    size : tuple of int
        Taps of the kernel along each axis.
    groups : int

    Examples
    --------
    >>> import numpy as np
    >>> from freqnet import Tensor, ops
    >>> from freqnet.spaces import Hartley
    >>> space = Hartley.on(5)
    >>> response = ops.frequency_response(Tensor(np.arange(3.0).reshape(3, 1, 1)), space).data
    >>> mixing_of(space, response, (3,), 1).rows.tolist()
    [[0, 4], [1, 3], [2, 2]]
    """
    sets = _sets(space, response.astype(space.dtype(float)), size)
    most = max(map(len, sets))
    if most > _MOST:
        return None
    rows = np.array([[*part, *part[:1] * (most - len(part))] for part in sets])
    place = np.empty(sum(map(len, sets)), np.int64)
    for number, part in enumerate(sets):
        place[part] = np.arange(len(part)) * len(sets) + number
    is_own = np.arange(most) < np.array([len(part) for part in sets])[:, None]
    return Mixing(rows, _weights(space, response, size, groups, rows, is_own), place)


def spread_of(space: Space, axes: Axes, is_complex: bool, size: Axes) -> tuple[Mixing, Form] | None:
    """Return the mixing of all convolutions with one kernel size, and the map from a response to the weights.

    Parameters
    ----------
    space : Space
        Space of the signal.
    axes : tuple of int
        Stored axes of a response, without those of the channels.
    is_complex : bool
        Whether responses are stored as complex numbers.
    size : tuple of int
        Taps of the kernel along each axis.

    Returns
    -------
    tuple of (Mixing, Form) or None
        The weights of the mixing are those of one random response. The form takes a response as real numbers
        ``(rows, ...)`` to the weights ``(size * sets * size, ...)`` for one input and one output. None where many rows
        mix.
    """
    first, *others = axes
    source = (2 * first if is_complex else first, *others)

    def response(array: Array) -> Array:
        return array[:first] + 1j * array[first:] if is_complex else array

    noise = np.random.default_rng(0).standard_normal((*source, 1, 1))
    mixing = mixing_of(space, response(noise), size, 1)
    if mixing is None:
        return None
    rows, (places, sets) = mixing.rows, mixing.weights.shape[:2]
    is_own = np.array([[int(row) not in part[:i] for i, row in enumerate(part)] for part in rows.tolist()])

    def weights(array: Array) -> Array:
        return _weights(space, response(array[..., None, :]), size, 1, rows, is_own).reshape(places * sets, places, -1)

    return mixing, form_of(weights, source, (places * sets, places))


def _sets(space: Space, response: Array, size: Axes) -> list[list[int]]:
    """Return the sets of rows that mix; sets of one row are joined to sets of the usual size."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    axes, generator = real_axes(space), np.random.default_rng(0)
    count = prod(axes)
    lanes = generator.standard_normal(response.shape[-2:])
    kernel = np.tensordot(response, lanes, 2)[..., None, None]
    places: list[Array] = []
    step = max(1, _AT_ONCE // count)
    for first in range(0, count, step):
        units = np.eye(count, min(step, count - first), -first).reshape(*axes, -1, 1)
        made = to_real(space.channel_product(from_real(units, space), kernel, "forward", 1, size))
        table = np.abs(made.reshape(count, -1))
        to, source = np.nonzero(table > 1e-13 * np.max(np.abs(kernel), initial=0))
        places.append(np.stack([to, source + first]))
    to, source = np.concatenate(places, axis=1)
    _, labels = connected_components(coo_matrix((np.ones(len(to)), (to, source)), (count, count)), directed=False)
    sets: dict[int, list[int]] = {}
    for row, label in enumerate(labels.tolist()):
        sets.setdefault(label, []).append(row)
    return _packed(list(sets.values()))


def _packed(sets: list[list[int]]) -> list[list[int]]:
    most = max(map(len, sets))
    packed: list[list[int]] = []
    single: list[int] = []
    for part in sets:
        if len(part) == 1 < most:
            single += part
        else:
            packed.append(part)
    packed += [single[i : i + most] for i in range(0, len(single), most)]
    return sorted(packed)


def _weights(space: Space, response: Array, size: Axes, groups: int, rows: Array, is_own: Array) -> Array:
    axes, (inputs, outputs) = real_axes(space), response.shape[-2:]
    most = rows.shape[1]
    # One test signal per place in a set and input of a group: these do not mix with each other.
    tests = np.zeros((prod(axes), most, inputs, groups, inputs))
    for place in range(most):
        for channel in range(inputs):
            tests[rows[is_own[:, place], place], place, channel, :, channel] = 1
    signals = from_real(tests.reshape(*axes, most * inputs, groups * inputs), space).astype(space.dtype(float))
    made = to_real(space.channel_product(signals, response.astype(space.dtype(float)), "forward", groups, size))
    table = made.reshape(prod(axes), most * inputs, groups, outputs // groups)
    return table[rows].transpose(1, 0, 3, 2, 4)
