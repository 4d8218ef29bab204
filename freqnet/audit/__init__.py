"""Measure a network: which input modes reach the logits, whether it is affine, how it responds to shifts, its costs."""

from freqnet.audit.layers import LayerAudit
from freqnet.audit.probe import Probe, probe
from freqnet.audit.ranges import SignalRange, calibrate
from freqnet.audit.reach import Reach, reach
from freqnet.audit.shifts import Equivariance, equivariance
from freqnet.audit.summary import LayerSummary, spatial_twin, summarize
from freqnet.audit.verdict import VERDICTS, Audit, audit
from freqnet.audit.walk import Step, walk

__all__ = [
    "VERDICTS",
    "Audit",
    "Equivariance",
    "LayerAudit",
    "LayerSummary",
    "Probe",
    "Reach",
    "SignalRange",
    "Step",
    "audit",
    "calibrate",
    "equivariance",
    "probe",
    "reach",
    "spatial_twin",
    "summarize",
    "walk",
]
