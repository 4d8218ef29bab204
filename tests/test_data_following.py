"""Reading of many image files: several at a time, in order, and shown on a terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from freqnet.cli import reading
from freqnet.cli.interrupt import Interrupted, _Request
from freqnet.cli.reading import reading_shown
from freqnet.data import image_files
from freqnet.data.following import counted, followed
from freqnet.data.image_files import read_images
from freqnet.errors import DataError, DataWarning
from freqnet.kernels.threads import thread_limit

RNG = np.random.default_rng(0)


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    """75 files of several formats and sizes."""
    files = []
    for number in range(75):
        file = tmp_path / f"{number:02d}.{('png', 'jpg', 'gif', 'webp', 'tif')[number % 5]}"
        Image.fromarray(RNG.integers(0, 256, (5 + number % 3, 6, 3), dtype=np.uint8)).save(file)
        files.append(file)
    return files


def test_threads_return_what_a_single_one_returns(paths: list[Path]) -> None:
    with thread_limit(1):
        expected = read_images(paths)
    for threads in (2, 5):
        with thread_limit(threads):
            found = read_images(paths)
        assert len(found) == 75
        assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_several_images_are_decoded_at_a_time(paths: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = threading.Barrier(3, timeout=30)
    seen, own = set(), image_files._read_image

    def read(path: Path) -> tuple[np.ndarray, bool]:
        if threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            # Passes only if three threads are here together.
            meeting.wait()
        return own(path)

    monkeypatch.setattr(image_files, "_read_image", read)
    with thread_limit(3):
        read_images(paths)
    assert len(seen) == 3


@pytest.mark.parametrize("threads", [1, 3])
def test_a_damaged_file_among_many_is_named(paths: list[Path], threads: int) -> None:
    for number in (40, 41):
        paths[number].write_bytes(paths[number].read_bytes()[:20])
    with thread_limit(threads), pytest.raises(DataError, match=r"40\.png: got a file that cannot be read"):
        read_images(paths)
    assert not [t for t in threading.enumerate() if "ThreadPoolExecutor" in t.name]


def test_frames_are_told_from_threads(paths: list[Path]) -> None:
    first, second = (Image.fromarray(RNG.integers(0, 256, (5, 6), dtype=np.uint8)) for _ in range(2))
    first.save(paths[2], save_all=True, append_images=[second])
    with thread_limit(3), pytest.warns(DataWarning, match=r"several frames in .*02\.gif"):
        read_images(paths)


def test_every_image_is_counted(paths: list[Path]) -> None:
    steps: list[tuple[str, int, int]] = []
    with followed(lambda *step: steps.append(step)):
        read_images(paths)
        with followed(None):
            read_images(paths)
    assert steps == [("reading images", done, 75) for done in range(76)]
    read_images(paths)
    assert len(steps) == 76


# -- the bar -----------------------------------------------------------------------------------------------
@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What happens to the bars of the terminal."""
    events: list[str] = []

    @contextmanager
    def bar() -> Iterator[Callable[[str, int, int], None]]:
        events.append("begin")
        try:
            yield lambda what, done, total: events.append(f"{done}/{total}")
        finally:
            events.append("end")

    monkeypatch.setattr(reading, "counted", bar)
    return events


def test_the_bar_is_there_while_many_files_are_read(bars: list[str]) -> None:
    with reading_shown():
        for total in (499, 500, 500):
            assert list(counted("files", range(total), total)) == list(range(total))
            assert bars[-2:] == ([] if total == 499 else ["500/500", "end"])
    assert (bars.count("begin"), bars.count("end"), len(bars)) == (2, 2, 2 * 503)


def test_the_bar_ends_with_an_error(bars: list[str]) -> None:
    with pytest.raises(DataError), reading_shown():  # noqa: PT012
        for item in counted("files", range(600), 600):
            if item == 3:
                raise DataError("damaged")
    assert bars[-2:] == ["3/600", "end"]


def test_no_bar_if_quiet(bars: list[str]) -> None:
    with reading_shown(), reading_shown(False):
        list(counted("files", range(600), 600))
    assert bars == []


def test_no_bar_without_a_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with reading_shown():
        list(counted("files", range(600), 600))
    assert capfd.readouterr() == ("", "")


def test_an_interrupt_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Request, "pending", True)
    with pytest.raises(Interrupted), reading_shown():
        list(counted("files", range(600), 600))
