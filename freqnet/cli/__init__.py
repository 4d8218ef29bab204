"""The command line ``freqnet``; `freqnet.cli.commands` has its commands.

Every error that a user can cause is one line on standard error, with exit status 2; ``--debug`` shows its traceback.
"""

from freqnet.cli.main import main

__all__ = ["main"]
