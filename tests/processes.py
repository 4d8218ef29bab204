"""The command line as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ENTRY = "from freqnet.cli import main; main()"
# Training without the drawing of a report, to save time.
ENTRY_WITHOUT_REPORT = f"""
import freqnet.report
freqnet.report.write_report = lambda path, *_, **__: path.write_bytes(b"<html>")
{ENTRY}
"""
# Seconds until a test gives up on a process: far more than any process takes, also on a slow and busy machine.
LIMIT = 600


def start(*words: object, code: str = ENTRY, **options: Any) -> subprocess.Popen[str]:
    """Start ``freqnet WORDS`` as a process of its own."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    # A shell may have started the tests with interrupts ignored.
    heed = lambda: [signal.signal(n, signal.SIG_DFL) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], text=True, preexec_fn=heed, **pipes)


def wait_for(path: Path, process: subprocess.Popen[str], lines: int) -> None:
    """Wait until a history has a number of lines."""
    until = time.monotonic() + LIMIT
    while not path.is_file() or path.read_text().count("\n") < lines:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.005)


def read(handle: int) -> bytes:
    """Read from a terminal until its other end is closed."""
    try:
        return os.read(handle, 4096)
    except OSError:
        return b""
