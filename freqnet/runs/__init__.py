"""Training runs: what one is asked to do, how it is begun, interrupted and taken up again, and the files it leaves.

The command line, and whatever else trains networks, does it through this package.
"""

from freqnet.runs.execute import Begun, prepare, run
from freqnet.runs.job import Job, Plan, fingerprint, make_plan, resume_command, stored_info
from freqnet.runs.results import collect_metrics, write_results

__all__ = [
    "Begun",
    "Job",
    "Plan",
    "collect_metrics",
    "fingerprint",
    "make_plan",
    "prepare",
    "resume_command",
    "run",
    "stored_info",
    "write_results",
]
