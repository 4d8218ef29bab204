"""Benchmarks: freqnet beside what people would use instead, pair by pair in one process."""

from freqnet.bench.plan import Plan
from freqnet.bench.rows import Row, read_rows, write_rows
from freqnet.bench.suite import GROUPS, machine, run
from freqnet.bench.timing import alternate

__all__ = ["GROUPS", "Plan", "Row", "alternate", "machine", "read_rows", "run", "write_rows"]
