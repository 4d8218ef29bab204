"""How values are shown: as one line of text, and as HTML in notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any, ClassVar

import numpy as np

from freqnet.errors import reason, warn


class Displayed:
    """The base class of values that notebooks show as HTML.

    `freqnet.report.cells` has the function that shows each class. An error in it is a warning, and the notebook shows
    the plain text.
    """

    __slots__ = ()

    # The module with the function for this class. It lies above the class, and is imported when a value is shown.
    cells: ClassVar[str] = "freqnet.report.cells"

    def _repr_html_(self) -> str | None:
        try:
            import_module(self.cells)
            return import_module(Displayed.cells).cell_html(self)  # type: ignore[no-any-return]
        except Exception as error:
            warn(f"a {type(self).__name__} cannot be shown as HTML, but as text: {reason(error)}", UserWarning)
            return None


def brief(value: Any, **more: Any) -> str:
    """Return a dataclass as one line: numbers and text as they are, arrays by their shapes.

    Parameters
    ----------
    value : dataclass
    **more
        Further entries, after the fields.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Result:
    ...     loss: float
    ...     logits: np.ndarray
    >>> brief(Result(0.123456, np.ones((3, 2))), best=True)
    'Result(loss=0.1235, logits=array (3, 2), best=True)'
    """
    entries = {field.name: getattr(value, field.name) for field in fields(value)} | more
    text = ", ".join(f"{name}={brief_value(entry)}" for name, entry in entries.items())
    return f"{type(value).__name__}({text})"


def brief_value(value: Any) -> str:
    """Return a value as short text.

    >>> brief_value({"r2": 0.98765, "rows": [1, 2]}), brief_value(np.float32(1e-9))
    ('{r2: 0.9877, rows: list of 2}', '1e-09')
    """
    if isinstance(value, float | np.floating):
        return f"{float(value):.4g}"
    if isinstance(value, np.ndarray):
        return f"array {value.shape}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {brief_value(entry)}" for name, entry in value.items()) + "}"
    return f"list of {len(value)}" if isinstance(value, list) else repr(value)
