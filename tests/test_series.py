"""Time series: files of aeon's formats, official test parts, and the sets that aeon ships."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from waves import names, waves

from freqnet.cli.main import main
from freqnet.data import from_series, load, load_images, split
from freqnet.data.registry import is_named
from freqnet.errors import ConfigurationError, DataError, DataWarning

aeon = pytest.importorskip("aeon", reason="the extra series is not installed")
HEADER = "@problemName waves\n@timeStamps false\n@univariate {one}\n@equalLength {equal}\n{target}\n@data\n"


def write_ts(
    path: Path, series: Sequence[np.ndarray], labels: Sequence[object], target: str = "@classLabel true Slow Fast"
) -> Path:
    """Write a ``.ts`` file by the description of the format: channels between colons, the target last."""
    equal = len({one.shape[1] for one in series}) == 1
    lines = [":".join(",".join(map(str, row)) for row in one) for one in series]
    lines = [f"{line}:{label}" if label != "" else line for line, label in zip(lines, labels, strict=True)]
    head = HEADER.format(one=str(len(series[0]) == 1).lower(), equal=str(equal).lower(), target=target)
    path.write_text("# a comment\n" + head + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("channels", [1, 3])
def test_a_file_of_series(tmp_path: Path, channels: int) -> None:
    series = waves(8, (20,), channels)
    found = load(write_ts(tmp_path / "waves.ts", series, names(8)))
    assert (found.name, found.grid, found.channels, found.classes) == ("waves", (20,), channels, ("Slow", "Fast"))
    assert (found.targets.tolist(), found.official_test, found.layout) == ([0, 1] * 4, 0, "n c t")
    np.testing.assert_allclose(found.images, np.array(series).transpose(0, 2, 1), atol=1e-6)


def test_a_file_of_several_lengths(tmp_path: Path) -> None:
    series = waves(8, (20, 30), 2)
    path = write_ts(tmp_path / "waves.ts", series, names(8))
    with pytest.raises(DataError, match=r"waves.ts: got lengths from 20 to 30"):
        load(path)
    for size in ({"size_to": 24}, {"pad_to": 32}):
        np.testing.assert_allclose(load(path, **size).images, from_series(series, names(8), **size).images, atol=1e-6)


def test_an_official_test_part(tmp_path: Path) -> None:
    train, test = waves(8, (20,)), waves(4, (20,))
    folder = tmp_path / "Waves"
    folder.mkdir()
    write_ts(folder / "Waves_TEST.ts", test, names(4))
    path = write_ts(folder / "Waves_TRAIN.ts", train, names(8))
    for source in (path, folder):
        found = load(source)
        assert (found.name, found.official_test, len(found)) == ("Waves", 4, 12)
        np.testing.assert_allclose(split(found).test.images[:, :, 0], np.array(test)[:, 0], atol=1e-6)
    assert len(load(folder / "Waves_TEST.ts")) == 4
    assert load(waves_of(tmp_path / "own.npz"), layout="nct", test_data=folder).official_test == 4


def waves_of(path: Path) -> Path:
    np.savez(path, x=np.array(waves(8, (20,))), y=names(8))
    return path


def test_a_test_part_that_is_longer(tmp_path: Path) -> None:
    write_ts(tmp_path / "Waves_TRAIN.ts", waves(8, (20,)), names(8))
    write_ts(tmp_path / "Waves_TEST.ts", waves(4, (25,)), names(4))
    with pytest.raises(DataError, match=r"got lengths from 20 to 25.*pad_to=25"):
        load(tmp_path)
    assert load(tmp_path, pad_to=25).grid == load(tmp_path, size_to=25).grid == (25,)


def test_a_training_part_alone(tmp_path: Path) -> None:
    path = write_ts(tmp_path / "Waves_TRAIN.ts", waves(8, (20,)), names(8))
    with pytest.warns(DataWarning, match=r"no Waves_TEST.ts beside it, expected a test set"):
        assert load(path).official_test == 0


def test_several_sets_in_a_folder(tmp_path: Path) -> None:
    for name in ("A", "B"):
        write_ts(tmp_path / f"{name}_TRAIN.ts", waves(8, (20,)), names(8))
    with pytest.raises(DataError, match=r"got A_TRAIN.ts and B_TRAIN.ts, expected one file"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"channels": 2}, r"Waves_TEST: got 2 channels, expected 1, as for training"),
        ({"labels": ["Slow", "Other"] * 2, "target": "@classLabel true Slow Other"}, r"the class 'Other' among 2"),
        ({"target": "@targetLabel true", "labels": [1.0, 2.0] * 2}, r"got regression, expected classification"),
        ({"labels": ["Slow"] * 4}, r"got samples of 1 class, expected samples of at least 2"),
    ],
)
def test_a_test_part_of_other_data(tmp_path: Path, change: dict[str, object], message: str) -> None:
    write_ts(tmp_path / "Waves_TRAIN.ts", waves(8, (20,)), names(8))
    channels, labels = int(change.get("channels", 1)), change.get("labels", names(4))  # type: ignore[call-overload]
    target = str(change.get("target", "@classLabel true Slow Fast"))
    write_ts(tmp_path / "Waves_TEST.ts", waves(4, (20,), channels), labels, target)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=message):
        load(tmp_path)


def test_targets_that_are_numbers(tmp_path: Path) -> None:
    path = write_ts(tmp_path / "waves.ts", waves(6, (20,)), np.arange(6) / 4, "@targetLabel true")
    found = load(path)
    assert (found.task.name, found.targets[:, 0].tolist()) == ("regression", [0, 0.25, 0.5, 0.75, 1, 1.25])
    assert load(path, task="regression").classes == ("y",)
    with pytest.raises(ConfigurationError, match=r"task: got classification for .*waves.ts, expected regression"):
        load(path, task="classification")


def write_arff(path: Path, target: str, labels: Sequence[object], series: Sequence[np.ndarray]) -> Path:
    """Write an ``.arff`` file; several channels are the lines of a quoted value."""
    if len(series[0]) == 1:
        head = [f"@attribute att{number} numeric" for number in range(series[0].shape[1])]
        rows = [f"{','.join(map(str, one[0]))},{label}" for one, label in zip(series, labels, strict=True)]
    else:
        head = ["@attribute relationalAtt relational", "@end relationalAtt"]
        texts = ["\\n".join(",".join(map(str, row)) for row in one) for one in series]
        rows = [f"'{text}',{label}" for text, label in zip(texts, labels, strict=True)]
    path.write_text("\n".join(["@relation waves", *head, f"@attribute target {target}", "@data", *rows]) + "\n")
    return path


@pytest.mark.parametrize("channels", [1, 3])
def test_arff(tmp_path: Path, channels: int) -> None:
    series = waves(6, (20,), channels)
    found = load(write_arff(tmp_path / "waves.arff", "{Slow,Fast}", names(6), series))
    assert (found.classes, found.targets.tolist(), found.channels) == (("Slow", "Fast"), [0, 1] * 3, channels)
    np.testing.assert_allclose(found.images, np.array(series).transpose(0, 2, 1), atol=1e-6)
    found = load(write_arff(tmp_path / "numbers.arff", "numeric", np.arange(6) / 2, series))
    assert (found.task.name, found.targets[:, 0].tolist()) == ("regression", [0, 0.5, 1, 1.5, 2, 2.5])


def changed(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


WRONG = {
    "no header": (lambda p: p.write_text("1,2,3:a\n4,5,6:b\n"), r"got no line @data, expected a header"),
    "no series": (lambda p: changed(p, p.read_text().partition("@data\n")[2], ""), r"got no series"),
    "cut": (lambda p: p.write_text(p.read_text()[:-60]), r"cannot be read \(Inconsistent number of dimensions"),
    "cut in a class": (lambda p: p.write_text(p.read_text()[:-3]), r"the class 'fa' of series 7, expected one of Slow"),
    "empty": (lambda p: p.write_text(""), r"the file is empty"),
    "bytes": (lambda p: p.write_bytes(bytes(range(256)) * 40), r"cannot be read"),
    "missing": (lambda p: changed(p, "@data\n", "@data\n?,"), r"got a file that cannot be read|got 1 missing values"),
    "a missing value": (
        lambda p: p.write_text(
            "\n".join([*(lines := p.read_text().splitlines())[:-1], "NaN," + lines[-1].partition(",")[2]])
        ),
        r"got 1 missing values, the first in series 7, expected a value at each time",
    ),
    "time stamps": (lambda p: changed(p, "@timeStamps false", "@timeStamps true"), r"got values with time stamps"),
    "no targets named": (
        lambda p: changed(p, "@classLabel true Slow Fast\n", ""),
        r"got no line @classLabel or @target",
    ),
    "classes": (
        lambda p: changed(p, "true Slow Fast", "true Slow slow"),
        r"classes Slow, slow, expected each class once",
    ),
    "one class": (lambda p: p.write_text(p.read_text().replace(":Fast", ":Slow")), r"samples of 1 class"),
    "infinite": (lambda p: changed(p, "@data\n", "@data\ninf,").write_text(p.read_text()), "cannot be read|infinite"),
    "a word": (lambda p: changed(p, "@data\n", "@data\nabc,"), r"could not convert string to float"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_files(tmp_path: Path, kind: str) -> None:
    damage, message = WRONG[kind]
    path = write_ts(tmp_path / "waves.ts", waves(8, (20,)), names(8))
    assert len(load(path)) == 8
    damage(path)
    with pytest.raises(DataError, match=message) as told:
        load(path)
    assert "\n" not in str(told.value)
    assert "waves.ts" in str(told.value)


def test_a_layout_of_another_order(tmp_path: Path) -> None:
    path = write_ts(tmp_path / "waves.ts", waves(8, (20,)), names(8))
    assert load(path, layout="nct").grid == (20,)
    with pytest.raises(ConfigurationError, match=r"expected n c t, the order in files like this"):
        load(path, layout="ntc")


def test_series_to_predict(tmp_path: Path) -> None:
    series = waves(4, (20, 30), 2)
    path = write_ts(tmp_path / "new.ts", series, [""] * 4, "@classLabel false")
    samples, found = load_images(path, pad_to=30)
    assert (samples.shape, found[3]) == ((4, 30, 2), f"{path}[3]")
    np.testing.assert_allclose(samples, from_series(series, names(4), pad_to=30).images, atol=1e-6)
    with pytest.raises(DataError, match=r"pass size_to=20 to resample them, or pad_to to pad them"):
        load_images(path)
    with pytest.raises(DataError, match=r"got samples without labels"):
        load(path, size_to=20)


def test_without_aeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aeon", None)
    with pytest.raises(ConfigurationError, match=r"got no package aeon, expected the extra series; run pip install"):
        load(write_ts(tmp_path / "waves.ts", waves(8, (20,)), names(8)))
    with pytest.raises(ConfigurationError, match=r"data aeon:GunPoint: got no package aeon, .*run pip install"):
        load("aeon:GunPoint")


# -- what aeon ships -------------------------------------------------------------------------------------------
def test_the_sets_that_aeon_ships() -> None:
    from aeon.datasets import load_gunpoint

    x, y = load_gunpoint(split="TEST")
    found = load("aeon:GunPoint")
    assert (found.name, found.official_test, found.classes) == ("aeon:GunPoint", 150, ("1", "2"))
    held = split(found).test
    np.testing.assert_allclose(held.images[:, :, 0], x[:, 0], atol=1e-6)
    assert [held.classes[number] for number in held.targets] == y.tolist()
    assert load("aeon:BasicMotions").classes == ("Standing", "Running", "Walking", "Badminton")
    assert load("aeon:CardanoSentiment").task.name == "regression"


def test_names_that_aeon_does_not_have() -> None:
    assert is_named("aeon:None")
    with pytest.raises(DataError, match=r"got 'GunPint', expected ACSF1, .*; did you mean 'GunPoint'\?"):
        load("aeon:GunPint")
    with pytest.raises(DataError, match=r"got 'ElectricDevices', expected ACSF1"):
        load("aeon:ElectricDevices")


def status(*words: str) -> int:
    """The exit status of a command."""
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def test_commands_on_series(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for part, count in (("TRAIN", 24), ("TEST", 8)):
        write_ts(tmp_path / f"Waves_{part}.ts", waves(count, (20, 24, 30)), names(count))
    assert status("train", "Waves_TRAIN.ts", "--epochs", "2") == 2
    assert "pass --size-to 30 to resample them, or --pad-to 30" in " ".join(capsys.readouterr().err.split())
    assert status("train", "Waves_TRAIN.ts", "--pad-to", "30", "--epochs", "20") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "24 to train on, 8 held out" in told
    assert "read as n c t, then padded: grid 30, 1 channel" in told
    run = "runs/Waves-fourier-seed0"
    assert status("evaluate", run) == 0
    assert "held-out test examples" in " ".join(capsys.readouterr().out.split())
    assert status("predict", run, "Waves_TEST.ts") == 0
    assert "8 predictions" in capsys.readouterr().out
    assert status("predict", run, "Waves_TEST.ts", "--size-to", "30") == 0
    assert status("train", "aeon:GunPoint", "--epochs", "2", "--out", "unit") == 0
    assert status("evaluate", "unit") == 0
    assert "aeon:GunPoint, held-out" in " ".join(capsys.readouterr().out.split())
