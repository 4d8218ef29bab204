"""Model files that were altered, with the checksum made anew: every command works or refuses them in one line."""

from __future__ import annotations

import contextlib
import copy
import json
import random
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_cli_train import SMALL, refused, snapshot, some_digits, succeed
from test_cli_train import command as run_words

from freqnet import nn
from freqnet.cli.main import main
from freqnet.errors import CheckpointError
from freqnet.nn import Network
from freqnet.training import Checkpoint, load_checkpoint, save
from freqnet.training.files import CHECKPOINT, MODEL

VALUES: list[Any] = [
    None, True, False, 0, 1, 2, 3, -1, 7, 64, 1000, 100_000, 2 * 10**9, 2**31, 2**63, 10**30, 10**400, -(10**12),
    0.0, 0.5, -0.5, 1e-320, 1e308, float("nan"), float("inf"), "", "x", "True", "3", "nan", "fourier", "laplace",
    "grid", "damped", "laplace:rates=9", "../x", "a\nb\x1b[31m", "\ud800", "ü" * 500, [], [1], [3, 3],
    [-1, 2], [2 * 10**9] * 2,
    [float("nan")] * 2, [None], ["x", "y"], [[3, 3]], [1, 2, 3, 4, 5], [0.0, 1.0], {}, {"layer": "Dense"}, {"a": 1},
    {"layer": "Dense", "outputs": 10}, {"layer": "Sequential", "layers": []}, {"layer": "Polynomial"},
    {"layer": "Residual", "body": {"layer": "PowerNorm"}}, {"layer": ["x"]}, {"layer": "TruncationPool", "size": 3},
]  # fmt: skip
COMMANDS = ("info", "predict", "evaluate", "audit")


def deep(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = [value]
    return value


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside plain data."""
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from places(part, (*path, key))


def mutate_plain(root: dict[str, Any], generator: random.Random) -> str:
    """Change one value in plain data in place; return what was done."""
    path = generator.choice([p for p in places(root) if p])
    parent = root
    for key in path[:-1]:
        parent = parent[key]
    kind = generator.choice(["replace"] * 6 + ["delete", "add", "wrap", "double", "deep"])
    value = generator.choice(VALUES)
    if kind == "replace":
        parent[path[-1]] = copy.deepcopy(value)
    elif kind == "delete":
        del parent[path[-1]]
    elif kind == "add" and isinstance(parent, dict):
        parent[generator.choice(["x", "generator", "__class__", "layers", "size", "self"])] = copy.deepcopy(value)
    elif kind == "wrap":
        parent[path[-1]] = [parent[path[-1]]]
    elif kind == "double" and isinstance(parent[path[-1]], list):
        parent[path[-1]] = parent[path[-1]] * 2
    else:
        parent[path[-1]] = deep(value, generator.choice([2, 60, 400, 900]))
    return f"{kind} {path} {value!r:.60}"


def mutate_arrays(arrays: dict[str, np.ndarray], generator: random.Random) -> str:
    """Change one array; return what was done."""
    name = generator.choice(sorted(arrays))
    array = arrays[name]
    changes: dict[str, Any] = {
        "transpose": np.ascontiguousarray(array.T),
        "flat": array.ravel(),
        "longer": np.concatenate([array, array]),
        "empty": array[:0],
        "int": array.astype(np.int64),
        "bool": array > 0,
        "half": array.astype(np.float16),
        "nan": np.full_like(array, np.nan),
        "inf": np.full_like(array, np.inf),
        "huge": np.full_like(array, 1e38),
        "negative": -np.abs(array),
        "zero": np.zeros_like(array),
    }
    kind = generator.choice([*changes, "drop", "rename"])
    if kind in changes:
        arrays[name] = changes[kind]
    else:
        value = arrays.pop(name)
        if kind == "rename":
            arrays[generator.choice(["x", "", "a.b", f"{name}.x"])] = value
    return f"{kind} {name}"


def altered(original: Checkpoint, generator: random.Random) -> tuple[Checkpoint, str]:
    """Return a copy with one to three changes, and their description."""
    checkpoint, done = copy.deepcopy(original), []
    for _ in range(generator.choice([1, 1, 1, 2, 3])):
        part = generator.choice(["network"] * 4 + ["info"] * 3 + ["arrays"])
        if part == "arrays":
            if checkpoint.arrays:
                done.append(mutate_arrays(checkpoint.arrays, generator))
        elif len(list(places(getattr(checkpoint, part)))) > 1:
            done.append(f"{part}: {mutate_plain(getattr(checkpoint, part), generator)}")
    return checkpoint, "; ".join(done)


def is_saved(path: Path, checkpoint: Checkpoint) -> bool:
    """Save a checkpoint, and tell whether it could be: no file has data that nest deeper than Python writes them."""
    try:
        save(path, checkpoint)
    except RecursionError:
        return False
    return True


@contextlib.contextmanager
def limits(seconds: int = 30, room: int = 6 << 30) -> Iterator[None]:
    """Fail where a command takes too long, and refuse it more memory than a good model needs."""

    def late(*arguments: Any) -> None:
        raise AssertionError(f"longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + room, hard))
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def run_command(command: str, folder: Path, images: Path, capsys: Any) -> tuple[int, str]:
    more = {"predict": [str(images)], "audit": ["--samples", "4"]}.get(command, [])
    json_file = folder / "out.json"
    with pytest.raises(SystemExit) as ended, limits(), np.errstate(all="ignore"):
        main([command, str(folder), *more, "--json", str(json_file)])
    if ended.value.code:
        assert not json_file.exists()
    json_file.unlink(missing_ok=True)
    assert {p.name for p in folder.iterdir()} == {"model.safetensors"}
    return int(ended.value.code or 0), capsys.readouterr().err


def check_altered(run: Path, folder: Path, seeds: range, commands: int, capsys: Any) -> int:
    """Alter a model with each seed and run commands on it; return how many times one was refused."""
    original = load_checkpoint(run / "model.safetensors")
    images, refused = folder.parent / "images.npy", 0
    np.save(images, np.zeros((2, 8, 8, 1), np.float32))
    folder.mkdir()
    for seed in seeds:
        generator = random.Random(seed)
        checkpoint, what = altered(original, generator)
        if not is_saved(folder / "model.safetensors", checkpoint):
            continue
        for command in generator.sample(COMMANDS, commands):
            status, text = run_command(command, folder, images, capsys)
            problem = f"seed {seed}, {command}: {what}: {status}: {text}"
            lines = [line for line in text.splitlines() if not line.startswith(("freqnet: note", "freqnet: warning"))]
            assert status in (0, 2), problem
            assert len(lines) == (status == 2), problem
            assert "internal error" not in text, problem
            assert "Traceback" not in text, problem
            assert text.isascii() or "\x1b" not in text, problem
            refused += status == 2
    return refused


pytestmark = pytest.mark.filterwarnings("ignore")


def test_altered_models_are_used_or_refused_in_one_line(run: Path, tmp_path: Path, capsys: Any) -> None:
    assert check_altered(run, tmp_path / "altered", range(50), 1, capsys) > 15


@pytest.mark.slow
def test_thousands_of_altered_models(run: Path, tmp_path: Path, capsys: Any) -> None:
    assert check_altered(run, tmp_path / "altered", range(1000, 5000), 2, capsys) > 1000


# -- runs that go on from altered files ----------------------------------------------------------------
@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data and a run on them."""
    folder = tmp_path_factory.mktemp("begun")
    words = ("--validation", 0.25, "--seed", 2, "--out", folder / "run")
    succeed("train", some_digits(folder / "few.npz", 120), *SMALL, *words)
    return folder


def check_training(begun: Path, folder: Path, name: str, seeds: range, words: tuple[str, ...]) -> int:
    """Alter a file of a run with each seed and train from it; return how many times it was refused."""
    original, count = load_checkpoint(begun / "run" / name), 0
    for seed in seeds:
        generator = random.Random(seed)
        checkpoint, what = altered(original, generator)
        place = folder / str(seed)
        place.mkdir(parents=True)
        if not is_saved(place / name, checkpoint):
            continue
        before = snapshot(place)
        given = [word.format(place) for word in words]
        with limits(), np.errstate(all="ignore"):
            outcome = run_words("train", begun / "few.npz", "--quiet", *given)
        problem = f"seed {seed}: {what}: {outcome}"
        assert outcome.status in (0, 2), problem
        assert outcome.err.count("\n") == (outcome.status == 2), problem
        # Weights that were changed may diverge later, in training.
        if outcome.status == 2 and "expected a finite loss" not in outcome.err:
            assert snapshot(place) == before, problem
        count += outcome.status == 2
    return count


TRAININGS: dict[str, tuple[str, ...]] = {
    CHECKPOINT: ("--out", "{}", "--resume"),
    MODEL: ("--from", "{}", "--out", "{}/run", "--epochs", "1"),
}


@pytest.mark.parametrize("name", TRAININGS)
def test_runs_go_on_from_altered_files_or_refuse_them(name: str, begun: Path, tmp_path: Path, monkeypatch: Any) -> None:
    # An altered file may name any folder for the cache.
    monkeypatch.chdir(tmp_path)
    assert check_training(begun, tmp_path, name, range(25), TRAININGS[name]) > 6


@pytest.mark.slow
@pytest.mark.parametrize("name", TRAININGS)
def test_runs_from_thousands_of_files(name: str, begun: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    assert check_training(begun, tmp_path, name, range(1000, 3000), TRAININGS[name]) > 500


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        (MODEL, ("info", "settings"), 1),
        (MODEL, ("info", "settings"), []),
        (MODEL, ("info", "classes"), 3),
        (MODEL, ("info", "model", "widths"), 5),
        (MODEL, ("network", "door", "grid"), 5),
        (MODEL, ("network", "body"), []),
        (CHECKPOINT, ("network", "door"), 0.5),
        (CHECKPOINT, ("network", "door", "band"), [[3, 3], 3]),
        (CHECKPOINT, ("network", "body", "layers", 0, "channels"), 10**7),
        (CHECKPOINT, ("info", "progress", "history", 0, "seconds"), "x"),
        (CHECKPOINT, ("info", "progress", "history", 1), {}),
        (CHECKPOINT, ("info", "progress", "epoch"), 10**12),
        (CHECKPOINT, ("info", "settings"), {"seed": 2}),
    ],
)
def test_one_change_that_ended_in_an_error_of_the_program(
    name: str, path: tuple[Any, ...], value: Any, begun: Path, tmp_path: Path
) -> None:
    checkpoint = load_checkpoint(begun / "run" / name)
    parent: Any = getattr(checkpoint, path[0])
    for key in path[1:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    save(tmp_path / name, checkpoint)
    before = snapshot(tmp_path)
    with limits(seconds=10, room=1 << 30):
        line = refused("train", begun / "few.npz", *(word.format(tmp_path) for word in TRAININGS[name]))
    assert "a damaged" in line
    assert snapshot(tmp_path) == before


# -- single alterations --------------------------------------------------------------------------------
def small() -> Network:
    body = nn.Sequential(nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Residual(nn.LowPass(1)), nn.Dense(3))
    return Network(nn.Door("fourier", (8, 8), (2, 2), 1), body)


NESTED = {"layer": "PowerNorm"}
for _ in range(400):
    NESTED = {"layer": "Sequential", "layers": [NESTED]}
REFUSED: dict[str, tuple[tuple[Any, ...], Any]] = {
    "grid of nan": (("door", "grid"), [float("nan")] * 2),
    "grid of text": (("door", "grid"), "88"),
    "grid beyond the memory": (("door", "grid"), [2 * 10**9] * 2),
    "pad beyond the memory": (("door", "pad"), [2 * 10**9] * 2),
    "channels of text": (("door", "channels"), "True"),
    "channels of True": (("door", "channels"), True),
    "unknown field of the door": (("door", "x"), 1),
    "domain of a number": (("door", "domain"), 5),
    "domain of a list": (("door", "domain"), ["fourier"]),
    "scale of zero": (("door", "scale"), [0.0]),
    "door of a list": (("door",), []),
    "door of a number": (("door",), 0.5),
    "band of lists": (("door", "band"), [[3, 3], 3]),
    "grid of a fraction": (("door", "grid"), [8.5, 8]),
    "layers beside text": (("body", "layers"), "PowerNorm"),
    "body of text": (("body",), "x"),
    "unknown layer": (("body", "layers", 0, "layer"), "os.system"),
    "layer of a list": (("body", "layers", 0, "layer"), ["Dense"]),
    "unknown field of a layer": (("body", "layers", 0, "forward"), 1),
    "huge channels": (("body", "layers", 0, "channels"), 2 * 10**9),
    "channels beyond the file": (("body", "layers", 0, "channels"), 100_000),
    "outputs beyond the file": (("body", "layers", 4, "outputs"), 10**6),
    "taps beyond the file": (("body", "layers", 0, "size"), [50_000, 50_000]),
    "size of a huge number": (("body", "layers", 0, "size"), 10**400),
    "negative groups": (("body", "layers", 0, "groups"), -1),
    "layers without end": (("body",), NESTED),
    "list without end": (("body", "layers", 0, "size"), deep(3, 500)),
    "precision": (("precision",), "float16"),
    "precision of objects": (("precision",), "O"),
    "coefficients of text": (("body", "layers", 2, "coefficients"), ["a", "b"]),
    "other outputs": (("body", "layers", 4, "outputs"), 4),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_description_is_checked_before_the_network_is_built(what: str, tmp_path: Path) -> None:
    network, (path, value) = small(), REFUSED[what]
    description = json.loads(json.dumps(network.describe()))
    parent = description
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    save(tmp_path / "m.safetensors", Checkpoint(description, network.arrays()))
    with limits(seconds=10, room=1 << 30), pytest.raises(CheckpointError) as caught:
        load_checkpoint(tmp_path / "m.safetensors").restore()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("part", ["network", "info"])
@pytest.mark.parametrize("text", ["[" * 100_000 + "]" * 100_000, "[]", "3", "null", '"x"'], ids=lambda t: t[:6])
def test_text_that_is_no_dictionary_is_refused(part: str, text: str, tmp_path: Path, monkeypatch: Any) -> None:
    network, right = small(), json.dumps
    checkpoint = Checkpoint(network.describe(), network.arrays(), info={"seed": 0})
    replaced = getattr(checkpoint, part)
    monkeypatch.setattr(json, "dumps", lambda value, **more: text if value is replaced else right(value, **more))
    save(tmp_path / "m.safetensors", checkpoint)
    with pytest.raises(CheckpointError, match="got changed contents"):
        load_checkpoint(tmp_path / "m.safetensors")


ROW = {"epoch": 1, "loss": 0.5, "accuracy": 0.5, "seconds": 1}
PROGRESS: dict[str, Any] = {
    **{"epoch": 1, "history": [ROW], "best_loss": None, "best_epoch": 0, "settings": {"epochs": 3}},
    **{"steps": 5, "transforms": 0},
}
RUN: dict[str, Any] = {
    **{"fingerprint": "0", "fractions": {"test": 0.2}, "settings": {"seed": 0, "epochs": 3}, "model": {}},
    **{"dataset": "digits", "data": "digits", "samples": 9, "classes": ["a"], "command": "freqnet train digits"},
    "progress": PROGRESS,
}
INFO: dict[str, dict[str, Any]] = {
    "classes": {"classes": 3},
    "class": {"classes": [["a"], "b", "c"]},
    "seed": {"settings": {"seed": "0"}},
    "fractions": {"fractions": {"test": "x"}},
    "folder": {"folder": 5},
    "metrics": {"metrics": []},
    "accuracy": {"metrics": {"test_accuracy": "high"}},
    "progress": {"progress": {"epoch": True}},
    "fingerprint alone": {"fingerprint": "0"},
    "fingerprint without epochs": {"fingerprint": "0", "fractions": {}, "settings": {"seed": 0}},
    "widths": {"model": {"widths": 5}},
    "seconds of an epoch": {"progress": {**PROGRESS, "history": [{**ROW, "seconds": "x"}]}},
    "an epoch without its number": {"progress": {**PROGRESS, "history": [{}]}},
    "more epochs than figures": {"progress": {**PROGRESS, "epoch": 10**12}},
    "epochs below zero": {"progress": {**PROGRESS, "epoch": -2, "history": []}},
    "other numbers of epochs": {"progress": {**PROGRESS, "history": [{**ROW, "epoch": 2}]}},
    "start": {"start": "runs/a"},
    "a run without its data": {**RUN, "data": None},
    "an unknown setting": {**RUN, "settings": {"seed": 0, "epochs": 3, "__class__": 0}},
    "an unknown choice of the model": {**RUN, "model": {"height": 3}},
    "an open command": {**RUN, "command": "freqnet train 'digits"},
    "settings without epochs": {"progress": {**PROGRESS, "settings": {}}},
}


@pytest.mark.parametrize("what", INFO)
def test_information_of_other_types_is_refused(what: str) -> None:
    with pytest.raises(CheckpointError, match=r"checkpoint: got a damaged information \(") as caught:
        Checkpoint(small().describe(), {}, info=INFO[what]).run_info()
    assert "\n" not in str(caught.value)


def test_information_of_an_unfinished_run_fits_its_arrays() -> None:
    network = small()
    arrays, info = network.arrays(), {"progress": PROGRESS}
    best = {f"best/{name}": array for name, array in arrays.items()}
    assert Checkpoint(network.describe(), arrays, best, RUN).run_info() is RUN
    for name in ("data", "samples", "command", "model", "classes"):
        with pytest.raises(CheckpointError, match=f"a run without {name}"):
            Checkpoint(network.describe(), arrays, best, {n: v for n, v in RUN.items() if n != name}).run_info()
    for extra in ({}, best, {"optimizer/step": np.array(1)}):
        assert Checkpoint(network.describe(), arrays, extra, info).run_info() is info
    nan = {**best, "best/4.bias": np.full_like(best["best/4.bias"], np.nan)}
    for extra in ({"best/4.bias": best["best/4.bias"]}, {**best, "best/x": np.zeros(1)}, nan):
        with pytest.raises(CheckpointError, match="best weights of another network"):
            Checkpoint(network.describe(), arrays, extra, info).run_info()
    with pytest.raises(CheckpointError, match="a run without a network"):
        Checkpoint({}, arrays, best, info).run_info()


def test_arrays_are_stored_without_a_description(tmp_path: Path) -> None:
    save(tmp_path / "m.safetensors", Checkpoint({}, {"a": np.ones(3)}))
    assert load_checkpoint(tmp_path / "m.safetensors").arrays["a"].tolist() == [1, 1, 1]


def test_information_of_a_user_stays_as_it_is() -> None:
    own = {"classes": ["a", "b"], "mine": {"x": [1, None]}, "metrics": {"accuracy": 1}, "settings": {"rate": 1}}
    assert Checkpoint(small().describe(), {}, info=own).run_info() is own


def test_a_network_without_weights_is_restored() -> None:
    door, body = nn.Door("fourier", (5,), (2,), 2), nn.Sequential(nn.Linearized(), nn.GlobalAverage())
    network = Network(door, body)
    assert Checkpoint(network.describe(), network.arrays()).restore().outputs == 2
