"""Arrays of every dtype, layout, byte order, scale and offset that users have, from the file to the prediction.

Each example is written to a file, and passes loading, one epoch of training, saving, loading, evaluation and
prediction. Predictions from the file equal those from the array, or one clear line says what is wrong.
"""

from __future__ import annotations

import json
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_cli_train import command

from freqnet.cli.inspect import load_model
from freqnet.data import load
from freqnet.errors import FreqnetError, NetworkWarning
from freqnet.experiments import Job, run

# How many examples were trained on, and how many were refused, by the first words of the message.
SEEN: Counter[str] = Counter()
WHOLE = ("u1", "i1", "u2", "i2", ">u2", ">i2", "u4", "i4", ">i4", "u8", "i8", ">i8")
FLOATS = ("f2", "f4", "f8", "g", ">f4", ">f8")
LEVELS = (1, 9, 16, 255, 4095, 65535, 10**6, 2**31 - 1, 2**62)
LABELS = {
    "numbers": lambda y: y,
    "gaps": lambda y: np.array([1990, 1995, 2003])[y],
    "negative": lambda y: y - 1,
    "floats": lambda y: y.astype(float),
    "names": lambda y: np.array(["ant", "bee", "cow"])[y],
    "bytes": lambda y: np.array([b"ant", b"bee", b"cow"])[y],
    "bool": lambda y: y > 0,
    "unsigned": lambda y: y.astype("u1"),
    "big-endian": lambda y: y.astype(">i4"),
}


class Case(NamedTuple):
    """Samples ``(samples, *grid, channels)`` and their labels, as a user has them."""

    x: np.ndarray
    y: np.ndarray
    layout: str

    def stored(self) -> np.ndarray:
        """The samples with their axes in the order of the layout."""
        names = self.layout.split()
        grid = [name for name in names if name not in "nc"]
        own = ["n", *grid, "c"]
        x = self.x if "c" in names else self.x[..., 0]
        return np.transpose(x, [own.index(name) for name in names])


@st.composite
def values(draw: st.DrawFn, x: np.ndarray) -> np.ndarray:
    """Samples of a random dtype and scale, made of samples from 0 to 1."""
    kind = draw(st.sampled_from(("whole", "whole", "floats", "floats", "bool", "complex", "object", "text")))
    if kind == "whole":
        dtype = np.dtype(draw(st.sampled_from(WHOLE)))
        level = min(draw(st.sampled_from(LEVELS)), np.iinfo(dtype).max)
        low = draw(st.sampled_from((0, 0, level // 2))) if dtype.kind == "i" else 0
        return np.floor(x * level).astype(np.int64).__sub__(low).astype(dtype)
    if kind == "floats":
        scale = draw(st.sampled_from((1.0, 1.0, 255.0, 1e-30, 1e-6, 1e6, 1e30)))
        offset = draw(st.sampled_from((0.0, 0.0, 0.1, -1.0, 1e3, 1e6, 1e12)))
        with np.errstate(over="ignore"):
            return (x * scale + offset).astype(draw(st.sampled_from(FLOATS)))
    dtypes = {"bool": bool, "complex": np.complex64, "object": object, "text": "U8"}
    return (x > 0.5).astype(bool) if kind == "bool" else x.astype(dtypes[kind])


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Samples and labels of a random size, layout, dtype and scale, some of them damaged."""
    ndim = draw(st.integers(1, 3))
    grid = tuple(draw(st.lists(st.sampled_from((1, 2, 3, 4, 5, 7, 8, 12)), min_size=ndim, max_size=ndim)))
    channels, count = draw(st.sampled_from((1, 1, 2, 3, 4, 9))), draw(st.sampled_from((9, 15, 24, 24, 24)))
    generator = np.random.default_rng(draw(st.integers(0, 99)))
    y = np.arange(count) % draw(st.sampled_from((1, 2, 2, 2, 3, 3, 3, 3)))
    x = generator.uniform(0, 0.5, (count, *grid, channels))
    x += np.expand_dims(y / 6, tuple(range(1, x.ndim)))
    x = draw(values(x))
    damage = draw(st.sampled_from(("", "", "", "", "constant channel", "all constant", "nan", "inf", "outlier")))
    if damage in ("constant channel", "all constant"):
        x[..., 0 if damage == "constant channel" else slice(None)] = x.flat[0]
    elif damage and x.dtype.kind == "f":
        x[3, ..., 0] = {"nan": np.nan, "inf": -np.inf, "outlier": 6e4}[damage]
    names = ["n", *"dhw"[3 - ndim :], *(["c"] if channels > 1 or draw(st.booleans()) else [])]
    return Case(x, LABELS[draw(st.sampled_from(sorted(LABELS)))](y), " ".join(draw(st.permutations(names))))


def check(case: Case) -> None:
    """Send a case through a run; it must work, or be refused with one clear line."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", NetworkWarning)
        try:
            _trained(case, Path(folder))
        except FreqnetError as error:
            message = str(error)
            assert ": got " in message, message
            assert ", expected " in message, message
            assert "; " in message, message
            assert "\n" not in message, message
            assert len(message) < 600, message
            SEEN["refused: " + message.partition(": got")[0].split(" of ")[0].split(" /")[0]] += 1
            return
        SEEN["trained"] += 1
        _measured(case, Path(folder))


def _trained(case: Case, folder: Path) -> None:
    np.savez(folder / "some.npz", x=case.stored(), y=case.y)
    choices = {"model": {"widths": (2, 2)}, "settings": {"epochs": 1}, "reading": {"layout": case.layout}}
    run(Job(str(folder / "some.npz"), out=folder / "run", **choices), report=False)


def _measured(case: Case, folder: Path) -> None:
    network, info = load_model(folder / "run")
    logits = network.predict(case.x).astype(float)
    assert np.isfinite(logits).all()
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    # The samples of the file, read as they are by the command line.
    np.save(folder / "some.npy", case.stored())
    rows = _json(folder, "predict", folder / "run", folder / "some.npy")
    classes = [info["classes"][i] for i in shares.argmax(axis=1)]
    assert [row["class"] for row in rows] == classes
    assert [row["probability"] for row in rows] == pytest.approx(shares.max(axis=1), abs=1e-4)
    # The labelled samples, as floats.
    dataset = load(folder / "some.npz", layout=case.layout)
    assert network.predict(dataset.images) == pytest.approx(logits, abs=1e-3 * max(1.0, np.abs(logits).max()))
    # In another order the samples are other data, all of which are measured, unless they are all equal.
    axis = case.layout.split().index("n")
    np.savez(folder / "turned.npz", x=np.flip(case.stored(), axis), y=case.y[::-1])
    found = _json(folder, "evaluate", folder / "run", folder / "turned.npz")
    names = [dataset.classes[label] for label in dataset.targets]
    right = np.mean([c == n for c, n in zip(classes, names, strict=True)])
    assert found["held_out"] or found["accuracy"] == pytest.approx(right)


def _json(folder: Path, *words: Any) -> Any:
    outcome = command(*words, "--json", folder / "out.json")
    assert outcome.status in (0, None), outcome
    return json.loads((folder / "out.json").read_text(encoding="utf-8"))


QUICK = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


@QUICK
@given(cases())
def test_any_data_are_read_alike_or_refused_with_a_clear_line(case: Case):
    check(case)


@pytest.mark.slow
@settings(QUICK, max_examples=2000)
@given(cases())
def test_two_thousand_data_sets_are_read_alike_or_refused(case: Case):
    check(case)


@pytest.mark.slow
def test_the_counts_of_the_examples():
    print("\n".join(f"{count:5d}  {kind}" for kind, count in SEEN.most_common()))
    assert sum(SEEN.values()) >= 2000
    assert SEEN["trained"] > 800
