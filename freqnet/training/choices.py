"""The choices of a training run: each is one field of a dataclass, from which the command line makes its option."""

from __future__ import annotations

import re
from dataclasses import fields
from functools import cache
from inspect import getdoc
from typing import Any, NamedTuple, get_type_hints

from freqnet.training.presets import Model
from freqnet.training.settings import Reading, Records, Settings, Shares

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
    """

    name: str
    option: str
    type: Any
    help: str


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
        Choice(f.name, "--" + f.metadata.get("option", f.name.replace("_", "-")), types[f.name], texts.get(f.name, ""))
        for f in fields(group)
    )


@cache
def option_name(name: str) -> str:
    """Return the option of a choice.

    >>> option_name("learning_rate")
    '--lr'
    """
    return next(choice.option for group in GROUPS.values() for choice in choices(group) if choice.name == name)
