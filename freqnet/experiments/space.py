"""The space of a search: the choices of a training run that vary, each with a range or a list of values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from freqnet.errors import ConfigurationError, FreqnetError, got_expected, printable
from freqnet.experiments.config import parse, read_text, wrong_line
from freqnet.experiments.job import as_word
from freqnet.spaces import get_domain
from freqnet.training import ACTIVATIONS
from freqnet.training.choices import GROUPS, Choice, choices, is_list, read_choice
from freqnet.training.fit import plain
from freqnet.training.sizes import SIZES

if TYPE_CHECKING:
    from optuna.trial import Trial

# The groups whose choices can vary; without those that decide which examples are measured.
SEARCHED, FIXED = ("model", "settings"), ("seed",)
SYNTAX = "LOW:HIGH, LOW:HIGH:log, LOW:HIGH:STEP or A|B|C"


@dataclass(frozen=True)
class Dimension:
    """A choice that varies.

    Attributes
    ----------
    group : str
        Name of the group of choices, such as ``"settings"``.
    choice : Choice
        The choice.
    text : str
        The range or the list, as it was given.
    """

    group: str
    choice: Choice
    text: str

    @property
    def name(self) -> str:
        """Name of the field."""
        return self.choice.name

    def __str__(self) -> str:
        return f"{self.choice.option.strip('-')}={self.text}"


@dataclass(frozen=True)
class Range(Dimension):
    """A number between two bounds, both included.

    Attributes
    ----------
    low, high : int or float
        The bounds.
    step : int or float or None
        Distance of the values; None for any number between the bounds.
    log : bool
        Whether the logarithm of the number is drawn.
    """

    low: float
    high: float
    step: float | None
    log: bool

    def suggest(self, trial: Trial) -> Any:
        """Return the value of a trial."""
        if isinstance(self.low, int):
            return trial.suggest_int(self.name, self.low, int(self.high), step=int(self.step or 1), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)

    def parameter(self, value: Any) -> Any:
        """Return a value as Optuna knows it, or None if it is not in the range."""
        is_number = isinstance(value, int | float) and self.low <= value <= self.high
        steps = (value - self.low) / self.step if is_number and self.step else 0.0
        return value if is_number and abs(steps - round(steps)) < 1e-9 else None

    def value(self, parameter: Any) -> Any:
        """Return the value of the field."""
        return parameter


@dataclass(frozen=True)
class Options(Dimension):
    """One of several values.

    Attributes
    ----------
    words : tuple of str
        The values, as on the command line.
    """

    words: tuple[str, ...]

    def suggest(self, trial: Trial) -> Any:
        """Return the value of a trial, as on the command line."""
        return trial.suggest_categorical(self.name, self.words)

    def parameter(self, value: Any) -> str | None:
        """Return a value as Optuna knows it, or None if it is not in the list."""
        return next((word for word in self.words if plain(self.value(word)) == plain(value)), None)

    def value(self, parameter: Any) -> Any:
        """Return the value of the field."""
        return _read(self.choice, parameter)


def searchable() -> dict[str, tuple[str, Choice]]:
    """Return the choices that can vary with their groups, by the names of their fields and of their options.

    >>> searchable()["lr"][1].name, "seed" in searchable()
    ('learning_rate', False)
    """
    own = [(group, choice) for group in SEARCHED for choice in choices(GROUPS[group]) if choice.name not in FIXED]
    named = [(choice.name, (group, choice)) for group, choice in own]
    return dict([*named, *((choice.option.strip("-"), (group, choice)) for group, choice in own)])


def read_space(texts: Iterable[str]) -> tuple[Range | Options, ...]:
    """Return the dimensions of a search.

    Parameters
    ----------
    texts : iterable of str
        Each is ``NAME=SPEC``, or the path of a TOML file whose lines are ``NAME = "SPEC"`` or ``NAME = ["A", "B"]``.
        ``SPEC`` is a range, ``LOW:HIGH``, ``LOW:HIGH:log`` or ``LOW:HIGH:STEP``, or a list of values,
        ``A|B|C``.

    Raises
    ------
    ConfigurationError
        A choice is unknown or named twice, a bound or a value cannot be used, or there is no dimension.

    Examples
    --------
    >>> rate, widths = read_space(["lr=1e-3:1e-1:log", "widths=8,16|16,32"])
    >>> rate.low, rate.log, widths.words
    (0.001, True, ('8,16', '16,32'))
    """
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        todo = 'pass space=["lr=1e-3:1e-1:log"]'
        raise ConfigurationError(got_expected("space", repr(texts), "a list of text", todo))
    found: dict[str, Range | Options] = {}
    for dimension in (dimension for text in texts for dimension in _read_text(str(text))):
        if dimension.name in found:
            todo = "name each choice once"
            raise ConfigurationError(got_expected("space", f"{dimension.name} twice", "each choice once", todo))
        found[dimension.name] = dimension
    if not found:
        todo = "pass space=['lr=1e-3:1e-1:log']"
        raise ConfigurationError(got_expected("space", "none", "at least one choice that varies", todo))
    return tuple(found.values())


def _read_text(text: str) -> Iterator[Range | Options]:
    name, equals, spec = text.partition("=")
    if equals:
        yield read_dimension(name.strip(), spec.strip())
        return
    if not text.endswith(".toml"):
        expected, todo = f"NAME={SYNTAX}, or a .toml file", "write it as in 'lr=1e-3:1e-1:log'"
        raise ConfigurationError(got_expected("space", repr(text), expected, todo))
    content = read_text(text)
    for name, value in parse(text, content).items():
        try:
            yield read_dimension(name, _spec(name, value))
        except FreqnetError as error:
            raise wrong_line(text, content, (name,), str(error)) from None


def _spec(name: str, value: Any) -> str:
    """Return a dimension of a file as on the command line."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(v, str | int | float | list) for v in value):
        return "|".join(as_word(v) for v in value)
    todo = f'write {name} = "LOW:HIGH" or {name} = ["A", "B"]'
    raise ConfigurationError(got_expected(f"space of {name}", repr(value), "text or a list of values", todo))


def read_dimension(name: str, spec: str) -> Range | Options:
    """Return the dimension of a choice with a range or a list.

    >>> read_dimension("epochs", "5:20").high
    20
    """
    known = searchable()
    if name not in known:
        near = get_close_matches(name, known, 1)
        todo = f"did you mean {near[0]!r}?" if near else "choose among these"
        names = dict.fromkeys(choice.option.strip("-") for _, choice in known.values())
        raise ConfigurationError(got_expected("space", repr(name), " or ".join(names), todo))
    group, choice = known[name]
    if _number(choice) is None or "|" in spec:
        return _options(group, choice, spec)
    return _range(group, choice, spec)


def _number(choice: Choice) -> type[int] | type[float] | None:
    """Return the type of the numbers of a choice; None if its values are no numbers."""
    names = str(getattr(choice.type, "__name__", choice.type)).replace("|", " ").split()
    return None if is_list(choice) else int if "int" in names else float if "float" in names else None


def _read(choice: Choice, word: str) -> Any:
    """Return the value of a word of the command line."""
    number = _number(choice)
    try:
        return read_choice(choice, word) if number is None else number(word)
    except FreqnetError as error:
        raise ConfigurationError(f"space of {error}") from None
    except ValueError:
        expected = "a whole number" if number is int else "a number"
        todo = f"write '{choice.option.strip('-')}={SYNTAX}'"
        raise ConfigurationError(got_expected(f"space of {choice.name}", repr(word), expected, todo)) from None


def _options(group: str, choice: Choice, spec: str) -> Options:
    words = tuple(word.strip() for word in spec.split("|"))
    if len(words) < 2 or "" in words or len(set(words)) < len(words):
        option = choice.option
        todo = f"write '{option.strip('-')}=A|B', or fix one value with {option}"
        expected = "two or more different values with | between them"
        raise ConfigurationError(got_expected(f"space of {choice.name}", repr(spec), expected, todo))
    for word in words:
        _check(group, choice, _read(choice, word))
    return Options(group, choice, spec, words)


def _range(group: str, choice: Choice, spec: str) -> Range:
    what, parts = f"space of {choice.name}", [part.strip() for part in spec.split(":")]
    example = choice.option.strip("-") + ("=5:20" if _number(choice) is int else "=1e-3:1e-1:log")
    if len(parts) not in (2, 3):
        raise ConfigurationError(got_expected(what, repr(spec), SYNTAX, f"write it as in '{example}'"))
    low, high = (_read(choice, part) for part in parts[:2])
    log = parts[2:] == ["log"]
    step = _read(choice, parts[2]) if len(parts) == 3 and not log else None
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        todo = f"write the lower bound first, as in '{example}'"
        raise ConfigurationError(got_expected(what, repr(spec), "a lower bound below the upper one", todo))
    if log and low <= 0:
        todo = "raise the lower bound, or leave :log out"
        raise ConfigurationError(got_expected(what, repr(spec), "bounds above 0 on a logarithmic scale", todo))
    if step is not None and not 0 < step <= high - low:
        todo = "write it as in 'modes=5:17:2'"
        raise ConfigurationError(got_expected(what, repr(spec), "a step above 0 that fits the range", todo))
    for bound in (low, high):
        _check(group, choice, bound)
    # The last value that a step reaches.
    high = low + step * math.floor((high - low) / step + 1e-9) if step else high
    return Range(group, choice, spec, low, high, step, log)


def _check(group: str, choice: Choice, value: Any) -> None:
    """Raise the error of the field itself if a value is out of its range, or is an unknown name."""
    names: Mapping[str, Sequence[str]] = {"activation": tuple(ACTIVATIONS), "size": tuple(SIZES)}
    try:
        GROUPS[group](**{choice.name: value})
        if choice.name == "domain":
            get_domain(value)
    except FreqnetError as error:
        raise ConfigurationError(f"space of {choice.name}: {printable(str(error))}") from None
    known = names.get(choice.name)
    if known is not None and value not in known:
        near = get_close_matches(str(value), known, 1)
        todo = f"did you mean {near[0]!r}?" if near else "choose among these"
        raise ConfigurationError(got_expected(f"space of {choice.name}", repr(value), " or ".join(known), todo))
