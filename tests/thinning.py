"""Long lists of cases of which the default tests run a part, and ``-m slow`` the rest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def one_in(count: int, cases: Iterable[Any]) -> list[Any]:
    """Mark the cases as slow, except the first of each ``count`` in turn.

    >>> [type(case).__name__ for case in one_in(3, "abcd")]
    ['str', 'ParameterSet', 'ParameterSet', 'str']
    """

    def as_slow(case: Any) -> Any:
        return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)

    return [case if n % count == 0 else as_slow(case) for n, case in enumerate(cases)]
