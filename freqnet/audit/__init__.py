"""Instruments that show what a network really does: what it can see, whether it is affine, how it meets shifts."""

from freqnet.audit.layers import LayerAudit
from freqnet.audit.probe import Probe, Stage, probe
from freqnet.audit.ranges import SignalRange, calibrate
from freqnet.audit.reach import Reach, reach
from freqnet.audit.shifts import Equivariance, equivariance
from freqnet.audit.verdict import VERDICTS, Audit, audit

__all__ = [
    "VERDICTS",
    "Audit",
    "Equivariance",
    "LayerAudit",
    "Probe",
    "Reach",
    "SignalRange",
    "Stage",
    "audit",
    "calibrate",
    "equivariance",
    "probe",
    "reach",
]
