"""The same samples in another dtype, and files and columns whose dtypes have different units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from freqnet.data import Dataset, from_dataframe, load, load_images
from freqnet.errors import ConfigurationError, DataError, DataWarning
from freqnet.experiments import Job, fingerprint, matching, run

GREY = np.random.default_rng(3).integers(0, 256, (60, 8, 8)).astype(np.uint8)
LABELS = (GREY[:, :4].sum((1, 2), dtype=int) > GREY[:, 4:].sum((1, 2), dtype=int)).astype(int)
SMALL: dict[str, Any] = {"model": {"widths": (2, 2)}, "settings": {"epochs": 1, "seed": 1}}


def archive(path: Path, x: np.ndarray) -> str:
    np.savez(path, x=x, y=LABELS)
    return str(path)


def test_the_same_numbers_in_another_dtype_are_the_same_data(tmp_path: Path) -> None:
    whole, grey = (load(archive(tmp_path / f"{n}.npz", x)) for n, x in (("i", GREY.astype(int)), ("u", GREY)))
    for first, second in ((whole, grey), (grey, whole)):
        found = matching(first, fingerprint(second), second.full_scale)
        assert found is not None
        assert np.array_equal(found.images, second.images)
    assert matching(whole, fingerprint(grey)) is None


def test_fine_tuning_on_the_same_data_in_another_dtype_keeps_its_split(tmp_path: Path) -> None:
    run(Job(archive(tmp_path / "u.npz", GREY), out=tmp_path / "first", **SMALL), report=False)
    data = archive(tmp_path / "i.npz", GREY.astype(int))
    other = {"settings": {"epochs": 1, "seed": 9}}
    with pytest.raises(ConfigurationError, match="seed"):
        run(Job(data, out=tmp_path / "second", weights=tmp_path / "first", **other), report=False)


def test_the_report_of_a_fine_tuned_run_shows_samples_in_the_units_of_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[np.ndarray] = []
    monkeypatch.setattr("freqnet.report.write_report", lambda path, run: seen.append(run.images))
    run(Job(archive(tmp_path / "u.npz", GREY), out=tmp_path / "first", **SMALL), report=False)
    data = archive(tmp_path / "i.npz", np.concatenate([GREY[30:], GREY[:30]]).astype(int))
    run(Job(data, out=tmp_path / "second", weights=tmp_path / "first", settings={"epochs": 1}))
    assert seen[0].max() == 1


def test_whole_numbers_of_different_units_are_refused_together(tmp_path: Path) -> None:
    for i in range(12):
        folder = tmp_path / "mixed" / "ab"[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / f"{i}.npy", GREY[i].astype("u1" if i % 2 else "i8"))
    for read in (lambda: load(tmp_path / "mixed"), lambda: load_images(tmp_path / "mixed")):
        with pytest.raises(DataError, match=r"whole numbers: got int64 in .* and uint8 in .*, expected one dtype"):
            read()


def test_whole_numbers_of_one_unit_keep_their_values_together(tmp_path: Path) -> None:
    for name, dtype in (("a", "i2"), ("b", "i8")):
        np.save(tmp_path / f"{name}.npy", GREY[:2].astype(dtype))
    samples, _ = load_images([tmp_path / "a.npy", tmp_path / "b.npy"])
    assert samples.dtype.kind == "i"
    assert np.array_equal(samples[..., 0], np.concatenate([GREY[:2], GREY[:2]]))


@pytest.mark.filterwarnings("ignore::freqnet.errors.DataWarning")
def test_files_whose_numbers_float32_cannot_hold_are_joined_exactly(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for i in range(20):
        folder = tmp_path / "large" / "ab"[i % 2]
        folder.mkdir(parents=True, exist_ok=True)
        base = 2**24 - 40 if i == 0 else 2**24 + 2
        np.save(folder / f"{i:02d}.npy", (base + generator.integers(0, 30, (8, 8))).astype(np.int32))
    images = load(tmp_path / "large").images
    assert images.dtype == np.float64
    assert np.array_equal(images, np.rint(images))
    assert (images % 2 == 1).any()


def test_columns_of_bytes_are_not_mixed_with_others() -> None:
    table = pd.DataFrame({"p": np.array([0, 255] * 3, np.uint8), "q": np.arange(6) / 6, "k": ["a", "b"] * 3})
    with pytest.raises(DataError, match=r"columns of float64 and uint8, expected one type"):
        from_dataframe(table, "k")
    assert from_dataframe(table, "k", full_scale=1.0).images.max() == 255


def test_resampled_samples_are_scaled_as_they_are() -> None:
    images = np.array([0.1, 0.5, 0.9, 0.25], np.float32).reshape(2, 2, 1)
    dataset = Dataset("some", images, np.array([0, 1]), ("a", "b"), full_scale=255.0)
    assert dataset.scaled_to(1.0).images == pytest.approx(images * 255)
    assert dataset.scaled_to(None) is dataset
    assert issubclass(DataWarning, UserWarning)
