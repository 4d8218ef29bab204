"""The plans of a network for prediction: one program per number of samples, for as long as the weights stay."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from freqnet.autodiff import Tensor

# Samples of one run. More do not fit into the caches.
_CHUNK = 64
# Plans that are kept, beside those in use by other threads.
_MOST = 12


class Plans:
    """Plans of one function of samples.

    Parameters
    ----------
    function : callable
        ``function(samples) -> logits``, of tensors, for one state of the weights.
    precision : dtype
        Precision of the network.
    """

    def __init__(self, function: Callable[[Tensor], Tensor], precision: np.dtype) -> None:
        self.function, self.precision = function, precision
        # Threads take plans out and put them back; each operation on a list is atomic.
        self.free: dict[tuple, list] = {}

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the outputs of samples, chunk by chunk."""
        parts = [self._chunk(values[i : i + _CHUNK]) for i in range(0, len(values), _CHUNK)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _chunk(self, values: np.ndarray) -> np.ndarray:
        from freqnet.plan import Plan

        count = len(values)
        # A few sizes serve all numbers of samples.
        size = 1 << (count - 1).bit_length()
        key = (size, values.shape[1:], values.dtype)
        plans = self.free.setdefault(key, [])
        try:
            plan = plans.pop()
        except IndexError:
            example = np.zeros((size, *values.shape[1:]), values.dtype)
            example[:count] = values
            plan = Plan(self.function, Tensor(example), precision=self.precision)
        out = plan.run(values).copy()
        if len(plans) < _MOST:
            plans.append(plan)
        return out
