"""Plans: a network as a list of kernel calls over arrays that stay in place, recorded once from the tape."""

from freqnet.plan.builder import Builder, Part, rule
from freqnet.plan.plan import Plan

__all__ = ["Builder", "Part", "Plan", "rule"]
