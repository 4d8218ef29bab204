"""The choices of a training run: each is one field of a dataclass, from which the command line makes its option."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache
from inspect import getdoc
from typing import Any, NamedTuple, get_type_hints

from freqnet.errors import ConfigurationError, got_expected
from freqnet.training.presets import Model
from freqnet.training.settings import Reading, Records, Settings, Shares

# Weights grow with the square of the widths: a mistyped larger number would fill the memory.
LARGEST = 4096
# Each group is a dictionary of a job, and of the options that its run stores.
GROUPS: dict[str, type] = {
    "reading": Reading,
    "fractions": Shares,
    "model": Model,
    "settings": Settings,
    "records": Records,
}


class Choice(NamedTuple):
    """One field of a group, as the command line shows it.

    Attributes
    ----------
    name : str
        The field's name, which is the argument's name in the library.
    option : str
        The option's name, such as ``"--lr"``.
    type : type
        The field's annotation.
    help : str
        The first sentence of the field's entry in the docstring of its class.
    least : int
        The least number of a list.
    """

    name: str
    option: str
    type: Any
    help: str
    least: int = 1


@cache
def choices(group: type) -> tuple[Choice, ...]:
    """Return the choices that the fields of a dataclass declare.

    >>> [(choice.name, choice.option) for choice in choices(Shares)]
    [('test', '--test'), ('validation', '--validation')]
    """
    entries = re.findall(r"^(\w+) : .*\n((?:    .*\n)+)", f"{getdoc(group)}\n", re.MULTILINE)
    texts = {name: " ".join(entry.split()).partition(". ")[0].rstrip(".") + "." for name, entry in entries}
    types = get_type_hints(group)
    return tuple(
        Choice(
            f.name,
            "--" + f.metadata.get("option", f.name.replace("_", "-")),
            types[f.name],
            texts.get(f.name, ""),
            f.metadata.get("least", 1),
        )
        for f in fields(group)
    )


@cache
def option_name(name: str) -> str:
    """Return the option of a choice.

    >>> option_name("learning_rate")
    '--lr'
    """
    return next(choice.option for group in GROUPS.values() for choice in choices(group) if choice.name == name)


# -- values as text ------------------------------------------------------------------------------------
def is_list(choice: Choice) -> bool:
    """Return whether the values of a choice are lists."""
    return "tuple[" in str(choice.type)


def read_choice(choice: Choice, text: Any) -> Any:
    """Return the value of an option; that of a list is read from its members with commas between them."""
    if text is None or not is_list(choice):
        return text
    if "tuple[int" in str(choice.type):
        return read_numbers(choice.option, text, choice.least)
    words = tuple(word.strip() for word in text.split(","))
    return read_weights(words) if "tuple[float" in str(choice.type) else words


def read_weights(words: tuple[str, ...]) -> str | tuple[float | str, ...]:
    """Return a single word, or numbers where all words are numbers.

    >>> read_weights(("balanced",)), read_weights(("1", "2.5"))
    ('balanced', (1.0, 2.5))
    """
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        return words[0] if len(words) == 1 else words


def read_numbers(option: str, text: str, least: int = 1) -> tuple[int, ...]:
    """Return the whole numbers of a text such as ``16,32,64``, or ``32x32``.

    >>> read_numbers("--widths", "16,32"), read_numbers("--size-to", "28x28")
    ((16, 32), (28, 28))
    """
    try:
        numbers = tuple(int(part) for part in text.replace("x", ",").split(","))
    except ValueError:
        numbers = ()
    if not numbers or min(numbers) < least or max(numbers) > LARGEST:
        todo = f"write them as in {option} {'32x32' if option == '--size-to' else '16,32,64'}"
        raise ConfigurationError(
            got_expected(
                option.strip("-"), repr(text), f"numbers from {least} to {LARGEST} with commas between them", todo
            )
        )
    return numbers
