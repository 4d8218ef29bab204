"""Configuration files: the data and the choices of a training run in TOML."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from freqnet.checks import shown
from freqnet.errors import ConfigurationError, FreqnetError, did_you_mean, got_expected, printable, reason
from freqnet.experiments.job import Job
from freqnet.training import Callback
from freqnet.training.choices import GROUPS, choices
from freqnet.training.files import CONFIG, write_atomically
from freqnet.training.fit import Run, plain

# Keys at the top of a file, and the arguments of `Job` that they are.
TOP = {"data": "data", "folder": "folder", "from": "weights"}


def read_config(path: str | Path) -> dict[str, Any]:
    """Return the arguments of `Job` that a configuration file has.

    Parameters
    ----------
    path : path
        A TOML file, such as the ``run.toml`` of a run. At the top it may have ``data``, ``folder`` and ``from``; then
        sections with the names of the groups of choices: ``[reading]``, ``[fractions]``, ``[model]``, ``[settings]``
        and ``[records]``. Keys are fields, such as ``learning_rate``, or options without their dashes, such as ``lr``.

    Raises
    ------
    ConfigurationError
        The file cannot be read, or has an unknown key or a value that is out of range; the message names the line.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from freqnet.experiments import Job, read_config
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder, "small.toml")
    ...     _ = file.write_text('data = "digits"\\n[settings]\\nepochs = 3\\nlr = 0.01\\n')
    ...     Job(**read_config(file)).command()
    'freqnet train digits --epochs 3 --lr 0.01'
    """
    text = read_text(path)
    found: dict[str, Any] = {}
    for key, value in parse(path, text).items():
        if key in GROUPS:
            found[key] = _group(path, text, key, value)
        elif key not in TOP:
            raise _unknown(path, text, (key,), [*TOP, *GROUPS])
        elif not isinstance(value, str):
            raise wrong_line(path, text, (key,), got_expected(key, shown(value), "text", f'write {key} = "..."'))
        else:
            found[TOP[key]] = value
    return found


def _group(path: str | Path, text: str, group: str, given: Any) -> dict[str, Any]:
    """Return the choices of a section by the names of their fields."""
    if not isinstance(given, dict):
        todo = f"write them below a line [{group}]"
        raise wrong_line(path, text, (group,), got_expected(group, shown(given), "a section", todo))
    names = field_names(group)
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in names:
            raise _unknown(path, text, (group, key), list(dict.fromkeys(names.values())))
        if names[key] in found:
            message = got_expected(key, "a second value", f"one value of {names[key]}", "remove one of the lines")
            raise wrong_line(path, text, (group, key), message)
        own = found[names[key]] = tuple(value) if isinstance(value, list) else value
        try:
            # Each field has a check of its own.
            GROUPS[group](**{names[key]: own})
        except FreqnetError as error:
            raise wrong_line(path, text, (group, key), _as_toml(str(error))) from None
    return found


def _as_toml(message: str) -> str:
    """Write the arguments that the library advises as lines of TOML.

    >>> _as_toml("widths: got (), expected numbers; pass widths=(16, 32)")
    'widths: got (), expected numbers; write widths = [16, 32]'
    """
    start, advice, rest = message.rpartition("; ")
    rest = re.sub(r"pass (\w+)=", r"write \1 = ", rest).replace("(", "[").replace(")", "]").replace("True", "true")
    return start + advice + rest


def field_names(group: str) -> dict[str, str]:
    """Return the fields of a group of choices, by their names and by those of their options.

    >>> names = field_names("settings")
    >>> names["learning_rate"], names["lr"], names["weight-decay"]
    ('learning_rate', 'learning_rate', 'weight_decay')
    """
    own = choices(GROUPS[group])
    return {choice.name: choice.name for choice in own} | {choice.option.strip("-"): choice.name for choice in own}


def read_text(path: str | Path) -> str:
    """Return the text of a configuration file, or raise `ConfigurationError`."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        got = error.strerror if isinstance(error, OSError) and error.strerror else reason(error)
        todo = "name a file such as the run.toml of a run"
        raise ConfigurationError(got_expected(f"config {path}", got, "a TOML file", todo)) from None


def parse(path: str | Path, text: str) -> dict[str, Any]:
    """Return the content of a TOML file, or raise `ConfigurationError`, with the line where it is no TOML."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        todo = 'write text in quotation marks, as in data = "digits"'
        raise ConfigurationError(got_expected(f"config {path}", reason(error), "a TOML file", todo)) from None


def line_of(text: str, keys: Sequence[str]) -> int:
    """Return the number of the line where a key of a TOML file is set.

    >>> line_of("data = 'digits'\\n[model]\\nwidths = [\\n 4,\\n]\\n", ("model", "widths"))
    3
    """
    lines = text.splitlines(keepends=True)
    # The first lines of a file are TOML themselves, except where they end within a value.
    whole = 0
    for count in range(1, len(lines) + 1):
        with suppress(tomllib.TOMLDecodeError):
            value: Any = tomllib.loads("".join(lines[:count]))
            for key in keys:
                value = value.get(key) if isinstance(value, dict) else None
            if value is not None:
                return whole + 1
            whole = count
    return len(lines)


def wrong_line(path: str | Path, text: str, keys: Sequence[str], message: str) -> ConfigurationError:
    """Return an error whose message begins with the file and the line of a key."""
    return ConfigurationError(f"config {printable(str(path))}, line {line_of(text, keys)}: {message}")


def _unknown(path: str | Path, text: str, keys: tuple[str, ...], known: Sequence[str]) -> ConfigurationError:
    *sections, name = keys
    elsewhere = [group for group in GROUPS if name in field_names(group)]
    todo = did_you_mean(name.replace("-", "_"), known, "choose among these")
    todo = f"write it below a line [{elsewhere[0]}]" if elsewhere else todo
    where = f"key of [{sections[0]}]" if sections else "key"
    return wrong_line(path, text, keys, got_expected(where, repr(name), " or ".join(known), todo))


def config_of(job: Job, info: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a configuration file says of a run: its data, and the choices that were given.

    Parameters
    ----------
    job : Job
        The choices that were given.
    info : mapping
        What the run stores: paths that are valid in any folder.
    """
    top = {"data": info["data"], "folder": info.get("folder"), "from": info.get("start", {}).get("weights")}
    # As the fields hold them: arrays and numbers of NumPy become lists and plain numbers.
    groups = {group: _set(_as_stored(group, getattr(job, group))) for group in GROUPS}
    return plain({**_set(top), **{group: given for group, given in groups.items() if given}})


def _as_stored(group: str, given: Mapping[str, Any]) -> dict[str, Any]:
    stored = asdict(GROUPS[group](**given))
    return {name: stored[name] for name in given}


def all_choices(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with all choices of a run, from what it stores, for runs that have no file."""
    top = {"data": info["data"], "folder": info.get("folder"), "from": info.get("start", {}).get("weights")}
    groups = {group: _set(info.get(group, {})) for group in GROUPS}
    if top["from"]:
        # The network comes with the weights.
        groups.pop("model")
    return plain({**_set(top), **{group: values for group, values in groups.items() if values}})


def _set(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that are not None, for which TOML has no word."""
    return {name: value for name, value in values.items() if value is not None}


def write_config(path: Path, config: Mapping[str, Any], *remarks: str) -> None:
    """Write a configuration file, atomically.

    Parameters
    ----------
    path : Path
        File to write.
    config : mapping
        Its content, as `config_of` returns it.
    *remarks : str
        Lines of text at the top.
    """
    import tomlkit

    head = "".join(f"# {printable(line)}\n" for line in remarks)
    write_atomically(path, f"{head}\n{tomlkit.dumps(config)}".encode())


class WriteConfig(Callback):
    """Writes the configuration file of a run, once it has a checkpoint.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    job : Job
        The choices that were given.
    info : mapping
        What the run stores.
    """

    def __init__(self, folder: Path, job: Job, info: Mapping[str, Any]) -> None:
        self.path, self.job, self.info = folder / CONFIG, job, info

    def begin(self, run: Run) -> None:
        """Add what was given when the run is resumed, such as another number of epochs."""
        if run.epoch and not self.path.is_file():
            self._write(all_choices(self.info))
        elif run.epoch:
            before = parse(self.path, read_text(self.path))
            given = config_of(self.job, self.info)
            groups = {group: {**before.get(group, {}), **given.get(group, {})} for group in GROUPS}
            self._write({**before, **{group: values for group, values in groups.items() if values}})

    def epoch(self, row: dict[str, Any], run: Run) -> None:
        """Write the file after the first epoch."""
        if not self.path.is_file():
            self._write(config_of(self.job, self.info))

    def _write(self, config: Mapping[str, Any]) -> None:
        repeat = shlex.join(["freqnet", "train", "--config", str(self.path)])
        write_config(self.path, config, f"Repeat this run: {repeat} --out FOLDER", f"Or: {self.info['command']}")
