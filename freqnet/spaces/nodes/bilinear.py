"""Costs of the pointwise product in node domains: bilinear forms of the axes, or matrices to samples and back."""

from __future__ import annotations

from math import prod

from freqnet.spaces.base import Axes


def bilinear_cost(inputs: Axes, others: Axes, outputs: Axes) -> int:
    """Return the multiply-adds of `freqnet.kernels.bilinear` per lane for the shapes of a, of b and of the result."""
    left = prod(inputs[:-1])
    total = prod(inputs) * outputs[-1] * others[-1] + left * outputs[-1] * prod(others)
    done = outputs[-1]
    for axis in range(len(inputs) - 2, -1, -1):
        done *= outputs[axis]
        total += prod(inputs[: axis + 1]) * prod(others[: axis + 1]) * done
    return total


def factored_cost(inputs: Axes, others: Axes, outputs: Axes, grid: Axes, is_square: bool) -> int:
    """Return the multiply-adds per lane of the same product on samples, with one matrix per axis there and back."""
    there = [matrices_cost(nodes, grid) for nodes in (inputs, others)[: 1 if is_square else 2]]
    return sum(there) + prod(grid) + matrices_cost(grid, outputs)


def matrices_cost(inputs: Axes, outputs: Axes) -> int:
    """Return the multiply-adds per lane of one matrix per axis."""
    total, left = 0, prod(inputs)
    for before, after in zip(inputs, outputs, strict=True):
        left = left // before * after
        total += left * before
    return total
