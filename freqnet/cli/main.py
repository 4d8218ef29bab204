"""The entry point: run a command, and report any error in one line."""

from __future__ import annotations

import re
import shlex
import sys
import warnings
from functools import cache
from typing import Any

from freqnet.cli.console import complain, mute
from freqnet.cli.interrupt import Interrupted, interruptible
from freqnet.errors import FreqnetError, NetworkWarning, echo, got_expected
from freqnet.launcher import launched_rank

_QUOTES = "'[]()"
# An argument of the library in a message, such as ``size='large'``.
_ARGUMENT = re.compile(r"(?<![^\s(])(\w+)=('[^']*'|\[[^]]*]|\([^)]*\)|[\w.+-]*\w)")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: errors are one line, with exit status 2."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    debug = "--debug" in words
    sys.exit(_run([word for word in words if word != "--debug"], debug, own_process=arguments is None))


def _run(words: list[str], debug: bool, own_process: bool) -> int:
    try:
        with interruptible(own_process), warnings.catch_warnings():
            if own_process and not debug:
                _notes_instead_of_warnings(words)
                _show_any_text()
            # Imported here, where the handlers of interrupts are in place.
            from freqnet.cli.reading import reading_shown

            with reading_shown():
                result = _command_line()(words or ["--help"], prog_name="freqnet", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except (Exception, Interrupted) as error:
        if debug:
            raise
        return _report(error, words)


def _notes_instead_of_warnings(words: list[str]) -> None:
    """Show each warning about a network as one line, once, and hide the warnings of other libraries."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", NetworkWarning)
    shown: set[str] = set()

    def note(message: Warning | str, *where: Any, **more: Any) -> None:
        if str(message) not in shown:
            shown.add(str(message))
            complain(f"note: {_with_options(str(message), words)}")

    warnings.showwarning = note


def _show_any_text() -> None:
    """Replace characters that the terminal's encoding lacks, as in names of classes and files."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]


def _report(error: BaseException, words: list[str]) -> int:
    """Print an error in one line, and return the exit status: 2 for a user's error, 1 for an error of the program.

    Of several processes that a launcher has started, the first one prints an error that all have.
    """
    if launched_rank():
        return 2
    if isinstance(error, BrokenPipeError):
        mute()
        return 0
    if isinstance(error, (FreqnetError, Interrupted)):
        complain(_with_options(str(error), words))
        return 2
    if hasattr(error, "format_message"):  # the parser's own errors
        command = f"{words[0]} " if words and words[0] in _command_line().commands else ""
        complain(f"{echo(error.format_message()).rstrip('.')}; see freqnet {command}--help")  # type: ignore[attr-defined]
        return 2
    if isinstance(error, PermissionError) and error.filename:
        todo = "change it, as with chmod u+rwX"
        complain(got_expected(str(error.filename), "no permission", "one to read and write", todo))
        return 2
    if isinstance(error, (OSError, MemoryError)):
        complain(f"{str(error) or 'out of memory'}; check the file, the disk and the memory, then try again")
        return 2
    complain(f"internal error: {type(error).__name__}: {error}; run again with --debug and report it")
    return 1


@cache
def _command_line() -> Any:
    """Return the parser of all commands. To make it takes a tenth of a second, so that it is made once."""
    from typer.main import get_command

    from freqnet.cli.commands import app

    return get_command(app)


def _with_options(message: str, words: list[str]) -> str:
    """Write the library's arguments in a message as options of the command: ``size='large'`` as ``--size large``."""
    command = _command_line().commands.get(words[0]) if words else None
    options = {p.name: p.opts[0] for p in command.params if p.opts[0].startswith("--")} if command else {}

    def option(found: re.Match[str]) -> str:
        name, value = found.groups()
        if name not in options:
            return found[0]
        word = shlex.quote(value.strip(_QUOTES).replace(", ", ","))
        return options[name] if value == "True" else f"{options[name]} {word}"

    # The text before that may hold a path of the user.
    what, got, rest = message.partition(": got ")
    return what + got + _ARGUMENT.sub(option, rest)
