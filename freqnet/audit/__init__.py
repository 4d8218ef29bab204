"""Instruments that show what a network really does: what it can see, whether it is affine, how it meets shifts."""

from freqnet.audit.probe import Probe, probe
from freqnet.audit.ranges import SignalRange, calibrate
from freqnet.audit.reach import Reach, reach
from freqnet.audit.shifts import Equivariance, equivariance
from freqnet.audit.verdict import VERDICTS, Audit, audit

__all__ = [
    "VERDICTS",
    "Audit",
    "Equivariance",
    "Probe",
    "Reach",
    "SignalRange",
    "audit",
    "calibrate",
    "equivariance",
    "probe",
    "reach",
]
