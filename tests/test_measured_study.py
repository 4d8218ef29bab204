"""The study of measured spectra beside CNNs on images, at small sizes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from freqnet.benchmarks.studies import measured as study
from freqnet.benchmarks.timing import threads

from freqnet.data import load
from freqnet.training import Model

pytest.importorskip("skimage")
IMAGES = load("digits").images[:150, ..., 0]
CLASSES = replace(
    study.PROBLEMS["digits"],
    make=lambda: (IMAGES, load("digits").targets[:150], 0),
    model=Model(widths=(4, 4, 4)),
    settings=replace(study.PROBLEMS["digits"].settings, epochs=2),
)
FIELDS = replace(
    study.PROBLEMS["mnist-images"],
    make=lambda: (IMAGES, None, 30),
    model=Model(form="operator", widths=(4, 4)),
    settings=replace(study.PROBLEMS["mnist-images"].settings, epochs=2),
    cnn=(4, 4),
)


def has_torch() -> bool:
    try:
        import torch
    except ImportError:
        return False
    return torch is not None


with_torch = pytest.mark.skipif(not has_torch(), reason="PyTorch is not installed")
NAMES = ["freqnet", pytest.param("CNN", marks=with_torch)]


def test_scans_have_a_whole_centre_and_as_many_lines_as_said() -> None:
    rng = np.random.default_rng(0)
    for acceleration in (2, 4, 8):
        mask = study.lines(200, 48, acceleration, rng)
        assert mask.shape == (200, 48, 1)
        assert (mask.sum(1) == round(48 / acceleration)).all()
        assert mask[:, 22:26].all()
        density = mask[..., 0].mean(0)
        assert density[12:24].mean() > density[:12].mean()
    # They differ from scan to scan, and at k and -k.
    assert len(np.unique(mask[..., 0], axis=0)) > 50
    assert (mask[:, 1:] != mask[:, :0:-1]).any()


def test_scans_are_those_of_the_images() -> None:
    measured, mask, whole = study.scans(IMAGES, 2, noise=0.0)
    back = np.fft.ifft2(np.fft.ifftshift(whole, (1, 2)), norm="ortho")
    assert np.allclose(np.abs(back), IMAGES, atol=1e-5)
    assert np.allclose(measured, whole * mask)
    noisy, mask, whole = study.scans(IMAGES, 1, noise=0.1)
    assert np.std((noisy - whole).real) == pytest.approx(0.1, rel=0.05)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("problem", [CLASSES, FIELDS], ids=lambda p: p.name)
def test_a_row_has_its_figures(problem: study.Problem, name: str) -> None:
    row = study.measure(problem, 2, name, seed=0)
    assert (row["problem"], row["network"], row["acceleration"], row["epochs"]) == (problem.name, name, 2, 2)
    assert row["parameters"] > 100
    if problem.is_field:
        assert 0 < row["error"] < 1.5
        assert row["psnr"] > 5
        assert 0 < row["ssim"] < 1
    else:
        assert 0 <= row["accuracy"] <= 1
    assert ("transforms" in row) == (name == "freqnet")
    # freqnet transforms nothing.
    assert row.get("transforms", 0) == 0


def test_choices_are_compared_without_the_test_set() -> None:
    whole, tuned = (study.parts_of(CLASSES, 2, 0, tuning) for tuning in (False, True))
    rows = lambda data: {sample.tobytes() for sample in data.images}
    assert not rows(tuned.test) & rows(whole.test)
    assert rows(tuned.test) | rows(tuned.train) == rows(whole.train)


def test_the_quality_of_perfect_and_of_empty_spectra() -> None:
    test = study.parts_of(FIELDS, 2, 0).test
    # An error of 0 has no PSNR.
    perfect = study.quality(test.targets * (1 + 1e-7), test)
    assert perfect["error"] < 1e-6
    assert perfect["ssim"] == pytest.approx(1)
    assert study.quality(0 * test.targets, test)["error"] == pytest.approx(1)
    filled = study.zero_filled(FIELDS, 2)
    assert 0 < filled["error"] < 1


@with_torch
def test_the_peer_keeps_what_was_measured_and_learns() -> None:
    parts = study.parts_of(FIELDS, 2, 0)
    peer = study.Peer(FIELDS, parts.train, 0)
    found, wanted = peer.outputs(parts.test), parts.test.images
    measured = parts.test.measured
    seen = measured.mask_of(wanted)
    z, own = (measured.spectra(v)[..., 0] for v in (found, measured.without_mask(wanted)))
    assert np.allclose(z[seen], own[seen], atol=1e-5)
    before = study.quality(found, parts.test)["error"]
    peer.problem = replace(FIELDS, settings=replace(FIELDS.settings, epochs=8))
    with threads(1):
        peer.fit(parts.train)
    assert study.quality(peer.outputs(parts.test), parts.test)["error"] < before


@with_torch
def test_both_are_timed_in_turns() -> None:
    for problem in (CLASSES, FIELDS):
        row = study.speed(problem, batch=16, seconds=0.05)
        assert all(row[name] > 0 for name in ("step", "peer_step", "inference", "peer_inference"))
