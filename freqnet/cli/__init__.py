"""The command line: ``freqnet train | evaluate | predict | info``.

Every error a user can cause is one line on standard error and exit status 2; ``--debug`` shows where it
came from.
"""

from freqnet.cli.main import main

__all__ = ["main"]
