"""``freqnet bench``: freqnet timed beside other libraries, pair by pair in one process.

The modules here belong to the command and are installed as ``freqnet.benchmarks``. The longer studies of the
documentation are in the folder ``studies`` and need a checkout.
"""

from __future__ import annotations

from .rows import Row, read_rows, write_rows, write_table
from .suite import GROUPS, machine, run
from .timing import Plan, alternate

__all__ = ["GROUPS", "Plan", "Row", "alternate", "machine", "read_rows", "run", "write_rows", "write_table"]
