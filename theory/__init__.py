"""The claims of the field's papers as objects, checked to any number of digits (``import freqnet.theory``)."""

from __future__ import annotations

from .arithmetic import Arithmetic, Digits
from .balls import Balls
from .checks import Bound, Check, Contradiction, Identity, Range
from .claim import Claim, Source
from .evaluate import Finding, run_check
from .papers import PAPERS, Paper
from .registry import catalogue, find, load_file, register, search
from .runner import Evidence, verify

__all__ = [
    "PAPERS",
    "Arithmetic",
    "Balls",
    "Bound",
    "Check",
    "Claim",
    "Contradiction",
    "Digits",
    "Evidence",
    "Finding",
    "Identity",
    "Paper",
    "Range",
    "Source",
    "catalogue",
    "find",
    "load_file",
    "register",
    "run_check",
    "search",
    "verify",
]
