"""Benchmarks: peers compute the same results, rows survive their files, the guard finds slower kernels."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import oracles
import pytest
from freqnet.benchmarks import GROUPS, Plan, Row, colour, products, read_rows, write_rows, write_table
from freqnet.benchmarks.growth import fitted
from freqnet.benchmarks.guard import Finding, records
from freqnet.benchmarks.networks import Ours
from freqnet.benchmarks.race import RATES, time_to, tuned_rate
from freqnet.benchmarks.ratios import Ratio, settled
from freqnet.benchmarks.timing import Load, alternate, alternate_spaced

from freqnet import kernels, nn
from freqnet.audit.walk import walk
from freqnet.autodiff import no_grad, observe
from freqnet.cli import main
from freqnet.data import Split, load
from freqnet.errors import DataError

LANES = (3, 4)
WAYS = ("forward", "backward")


def torch_peers():
    pytest.importorskip("torch")
    from freqnet.benchmarks import peers

    return peers


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main(["bench", *words])
    shown = capsys.readouterr()
    return int(stop.value.code or 0), shown.out, shown.err


# -- peers do the same work --------------------------------------------------------------------------------
@pytest.mark.parametrize("bands", [(2, 2), (6, 6), (6, 1), (4, 0)])
def test_round_trips_compute_the_same_product(bands: tuple[int, int]) -> None:
    x, gate = products.half_spectra(bands[0], LANES), products.half_spectra(bands[1], LANES, seed=1)
    pairs = [(x, gate, kernels.product(x, gate, tuple((m, m) for m in (*bands, bands[0]))))]
    if bands[0] == bands[1]:
        pairs.append((x, None, kernels.square(x, ((bands[0],) * 2,) * 2)))
    for a, b, expected in pairs:
        second = None if b is None else products.lanes_first(b)
        trips = products.round_trip(products.lanes_first(a), second, threads=1)
        assert "SciPy FFT round trip" in trips
        for name, trip in trips.items():
            oracles.assert_close(np.asarray(trip()), products.lanes_first(expected), name, 1e-5)


def test_einsum_computes_the_same_channel_product() -> None:
    pytest.importorskip("torch")
    x, h = products.half_spectra(2, (3, 4)), products.half_spectra(2, (4, 5), seed=1)
    expected = np.moveaxis(kernels.channel_product(x, h, "forward"), (2, 3), (0, 1))
    oracles.assert_close(products._einsum(x, h)().numpy(), expected, "einsum", 1e-5)


def test_the_round_trip_network_is_the_same_network() -> None:
    """With the same weights both give the same logits in training mode, with the statistics of the batch."""
    peers = torch_peers()
    torch = pytest.importorskip("torch")
    layers = [nn.TruncationPool(9), nn.Convolution(4, 3, bias=False), nn.PowerNorm(), nn.Polynomial()]
    layers += [nn.TruncationPool(5), nn.Convolution(6, 3, bias=False), nn.PowerNorm(), nn.Polynomial(), nn.PowerNorm()]
    network = nn.Network(nn.Door("fourier", (12, 12), (4, 4), 1), nn.Sequential(*layers, nn.Dense(3)))
    generator = np.random.default_rng(0)
    for parameter in network.named_parameters().values():
        parameter.data += 0.1 * generator.standard_normal(parameter.shape).astype(np.float32)
    network.train()
    x = network.analyse(generator.random((7, 12, 12, 1)))
    other = peers.RoundTrip(network)
    with torch.no_grad():
        copy_weights(network, other)
        found = other.train()(peers.spectra_of(x.data)).numpy()
    oracles.assert_close(found, network(x).data, "logits", 1e-5)


def copy_weights(network: nn.Network, other) -> None:
    import torch

    body = network.body.layers
    ours = [m for m in body if m.parameters]
    theirs = [m for m in other.stages if next(m.parameters(), None) is not None]
    tensor = lambda values: torch.from_numpy(np.ascontiguousarray(values))
    pairs = iter(theirs)
    for index, layer in enumerate(ours):
        if isinstance(layer, nn.Convolution):
            kernel = layer.parameters["kernel"].data
            next(pairs).taps.copy_(tensor(kernel.reshape(len(kernel), -1)))
        elif isinstance(layer, nn.PowerNorm):
            stage = next(pairs)
            norm = stage.norm if hasattr(stage, "norm") else stage
            gain, offset = ("weight", "bias") if hasattr(stage, "norm") else ("gain", "offset")
            getattr(norm, gain).copy_(tensor(layer.parameters["gain"].data[0]))
            getattr(norm, offset).copy_(tensor(layer.parameters["offset"].data[0]))
            if hasattr(stage, "norm"):
                stage.coefficients.copy_(tensor(ours[index + 1].parameters["coefficients"].data[:, :, None, None]))
    dense = body[-1]
    space = nn.Door("fourier", (5, 5), (2, 2), 1).space
    weight = dense.parameters["weight"].data.reshape(25, 6, 3)
    # A linear functional of the coordinates is an inner product with the signal that has these coordinates.
    signals = space.from_coordinates(weight) * space.weights
    parts = np.stack([signals.real, signals.imag], axis=-1)
    ordered = np.fft.ifftshift(parts, axes=0).transpose(3, 2, 0, 1, 4)
    other.head.weight.copy_(tensor(ordered.reshape(3, -1)))
    other.head.bias.copy_(tensor(dense.parameters["bias"].data[0]))


def test_every_peer_takes_a_step_and_learns() -> None:
    peers = torch_peers()
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    x, y = torch.randn(6, 1, 28, 28), torch.arange(6)
    models = {name: peers.cnn(name) for name in peers.CNNS} | {"FNO": peers.FNO(5, 8, 2)}
    for name, model in models.items():
        optimizer = peers.adamw(model, 1e-2)
        before = torch.nn.functional.cross_entropy(model(x), y).item()
        for _ in range(8):
            peers.step(model, optimizer, x, y)
        assert torch.nn.functional.cross_entropy(model(x), y).item() < before, name


# -- timing ------------------------------------------------------------------------------------------------
def test_rivals_take_turns() -> None:
    calls: list[str] = []
    alternate(lambda: calls.append("a") or sum(range(200_000)), lambda: calls.append("b") or sum(range(200_000)), 0.0)
    turns = "".join(calls).lstrip("a")  # after the warm-up of the first
    assert turns.count("ab") >= 6


def test_a_fit_to_the_cost_model_sees_what_does_not_grow_with_it() -> None:
    cost = [10, 20, 40, 80]
    straight = list(fitted("x", [(str(c), c, 1e-3 + 1e-4 * c) for c in cost]))
    assert straight[0].details["r2"] == pytest.approx(1.0)
    assert all(row.ratio == pytest.approx(1.0) for row in straight)
    squared = list(fitted("x", [(str(c), c, 1e-5 * c**2) for c in cost]))
    assert max(abs(row.ratio - 1) for row in squared) > 0.2
    assert squared[0].details["exponent"] == pytest.approx(2.0)


def test_time_to_an_accuracy_is_infinite_where_most_seeds_never_reach_it() -> None:
    assert time_to([[(1.0, 0.2)], [(1.0, 0.9)], [(2.0, 0.3)]], 0.5) == np.inf


def test_a_rate_is_chosen_on_a_fold_of_the_training_part() -> None:
    train = load("digits").take(np.arange(200))
    seen = []

    def score(parts: Split, rate: float) -> float:
        seen.append(parts)
        return -abs(rate - RATES[1])

    assert tuned_rate(score, train) == RATES[1]
    assert len(seen) == len(RATES)
    known = {image.tobytes() for image in train.images}
    fit_on, held = ({image.tobytes() for image in part.images} for part in (seen[0].train, seen[0].test))
    assert fit_on | held == known
    assert not fit_on & held


# -- rows --------------------------------------------------------------------------------------------------
def test_rows_survive_their_files(tmp_path: Path) -> None:
    rows = [Row("products", "5x5", 1e-3, "SciPy", 4e-3, {"modes": 5}), Row("step", "large, x", 0.5, "a, b", 0.25)]
    path = tmp_path / "bench.json"
    write_rows(path, rows, {"cores": 2})
    write_table(tmp_path / "bench.csv", rows)
    found, about = read_rows(path)
    assert found == rows
    assert about == {"cores": 2}
    assert [row["ratio"] for row in json.loads(path.read_text())["rows"]] == [4.0, 0.5]
    table = list(csv.DictReader((tmp_path / "bench.csv").read_text().splitlines()))
    assert [(row["name"], float(row["ratio"])) for row in table] == [("5x5", 4.0), ("large, x", 0.5)]


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    for text in ("", "{}", '{"rows": [{"a": 1}], "machine": {}}'):
        (tmp_path / "x.json").write_text(text)
        with pytest.raises(DataError, match="rows that freqnet bench wrote"):
            read_rows(tmp_path / "x.json")


# -- the guard ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("share", "recorded", "fell"), [(0.8, 1.0, False), (0.74, 1.0, True), (0.1, None, False)])
def test_a_kernel_falls_when_more_than_a_quarter_is_lost(share: float, recorded: float | None, fell: bool) -> None:
    assert Finding("k", share, recorded).fell is fell


def test_records_are_shares_of_every_guarded_kernel() -> None:
    from freqnet.benchmarks.guard import _kernels

    names = {name for name, _, _ in _kernels()}
    assert records(), "no records: run python -m benchmarks.guard"
    for shares in records().values():
        assert set(shares) == names
        assert all(0.01 < share < 10 for share in shares.values())


@pytest.mark.skipif(kernels.KERNEL != "native", reason="there is nothing to guard")
def test_check_names_what_fell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from freqnet.benchmarks import guard

    shares = {"product 13x13": 0.5, "square 13x13": 1.0}
    monkeypatch.setattr(guard, "measure", lambda plan: iter(shares.items()))
    monkeypatch.setattr(guard, "records", lambda: {guard._class(Plan()): {"product 13x13": 0.7, "square 13x13": 1.1}})
    monkeypatch.setattr("freqnet.cli.bench.ratios", lambda plan: [])
    code, out, _ = called(capsys, "--check")
    assert code == 1
    assert "slower than 75% of the record: product 13x13\n" in out
    shares["product 13x13"] = 0.6
    code, out, _ = called(capsys, "--check")
    assert code == 0
    assert "none lost more" in out


@pytest.mark.parametrize(
    ("measured", "code", "words"), [(0.35, 0, "ok"), (0.45, 1, "missed"), (None, 0, "1 are undecided")]
)
def test_check_judges_ratios(
    measured: float | None, code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    monkeypatch.setattr("freqnet.cli.bench.check", lambda plan: [Finding("k", 0.5, 0.5)])
    monkeypatch.setattr("freqnet.cli.bench.ratios", lambda plan: [Ratio("step over CNN", measured, 0.4)])
    path = tmp_path / "check.json"
    found, out, _ = called(capsys, "--check", "--json", str(path))
    assert found == code
    assert words in out
    assert json.loads(path.read_text())["ratios"][0]["measured"] == measured


# -- ratios ------------------------------------------------------------------------------------------------
def readings(monkeypatch: pytest.MonkeyPatch, *pairs: tuple[float, bool]):
    """Return a measurement that gives these values, each on a machine that is busy or not."""
    left = list(pairs)
    monkeypatch.setattr(Load, "is_busy", property(lambda load: state[0]))
    state = [False]

    def measure() -> float:
        value, state[0] = left.pop(0)
        return value

    return measure


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(0.3, False)], 0.3),  # met at once
        ([(0.6, False), (0.5, False), (0.2, False)], 0.5),  # the lucky reading does not count
        ([(0.01, True), (0.6, False), (0.02, True)], 0.6),  # disturbed readings do not count
        ([(0.01, True)] * 3, None),
    ],
)
def test_a_ratio_is_the_median_of_undisturbed_readings(
    pairs: list, expected: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = settled(Ratio("r", None, 0.4), readings(monkeypatch, *pairs))
    assert found.measured == expected
    assert found.missed is (expected is not None and expected > 0.4)


@pytest.mark.skipif(sys.platform != "linux", reason="the system does not tell")
def test_another_program_counts_as_load() -> None:
    with Load() as own:
        end = time.perf_counter() + 0.3
        while time.perf_counter() < end:
            pass
    rival = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(0.1)
        with Load() as load:
            time.sleep(0.3)
    finally:
        rival.kill()
        rival.wait()
    # Work of this program is not load; tests that run beside this one are, so that only the difference is known.
    assert load.is_busy
    assert load.others > 0.5 / (os.cpu_count() or 1)
    assert own.others < load.others + 0.5 / (os.cpu_count() or 1)


def test_calls_with_pauses_are_timed_one_by_one() -> None:
    fast, slow = alternate_spaced(lambda: None, lambda: time.sleep(0.005), interval=0.001, turns=1)
    assert fast < 0.004 < slow < 0.1


# -- networks ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", colour.NAMES)
def test_colour_networks_have_the_modes_and_channels_of_their_name(name: str) -> None:
    shape = colour.SHAPES[name.removesuffix(colour.POLYNOMIALS)]
    ours = Ours.on(colour.network(name), colour.images(4), 4)
    calls = []
    with observe(lambda op, out, inputs, words: calls.append((op.name, out.shape, inputs[0].shape))), no_grad():
        ours.network(ours.batch.x)
    convolved = [(out[0], out[-1]) for name, out, _ in calls if name == "convolve"]
    assert convolved == list(zip(shape.modes[:-1], shape.widths, strict=True))
    assert [x[0] for name, _, x in calls if name == "functional"] == [shape.modes[-1]]


def test_work_is_three_times_the_forward_pass() -> None:
    ours = Ours.on(colour.network("16-32-64"), colour.images(4), 4)
    forward = sum(
        step.multiply_adds + step.setup_multiply_adds for step in walk(ours.network, colour.images(4).images)[1:]
    )
    # Training also updates the running statistics.
    assert ours.work() == pytest.approx(3 * forward, rel=1e-2)


def test_the_tape_computes_what_the_plan_computes() -> None:
    ours = Ours.on(colour.network("16-32-64"), colour.images(8), 8)
    tape = ours.on_tape()
    assert not tape.network.can_plan
    assert ours.network.can_plan is (kernels.KERNEL == "native")
    for name, parameter in tape.network.named_parameters().items():
        parameter.data[...] = ours.network.named_parameters()[name].data
    tape.network.train()
    ours.network.train()
    assert tape.run.step(tape.batch)[0] == pytest.approx(ours.run.step(ours.batch)[0], rel=1e-4)


@pytest.mark.skipif(kernels.KERNEL != "native", reason="plans need the compiled kernels")
def test_parts_of_a_plan_cover_it_and_count_its_work() -> None:
    from freqnet.benchmarks.profile import bytes_moved, multiply_adds, recorded

    ours = Ours.on(colour.network("16-32-64"), colour.images(4), 4)
    made = recorded(ours)
    places = [place for part in made.parts for place in range(part.calls.start, part.calls.stop)]
    assert sorted(set(places)) == sorted(places)
    assert len(made.program.calls) - len(places) <= 1
    assert sum(map(multiply_adds, made.parts)) == pytest.approx(ours.work(), rel=0.05)
    convolution = next(part for part in made.parts if part.op.name == "convolve")
    x, h = (v.data.nbytes for v in convolution.inputs)
    assert bytes_moved(convolution) == x + h + convolution.out.data.nbytes
    # Run part by part, the program gives the same gradients.
    made.run(ours.batch.x.data)
    first = [made.gradient(p).copy() for p in ours.run.trained.values()]
    for part in made.parts:
        made.program.runner(part.calls)()
    for p, gradient in zip(ours.run.trained.values(), first, strict=True):
        np.testing.assert_array_equal(made.gradient(p), gradient)


def test_onnx_runtime_computes_the_logits_of_the_cnn(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_peers()
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    import torch
    from freqnet.benchmarks.networks import OnnxPeer

    monkeypatch.setattr(colour, "BATCH", 6)
    eager = colour.eager("16-32-64")
    # One memory layout: each has weights of its own, and which one is faster is by chance.
    eager.layouts = [eager]
    eager.step()()
    exported, x = OnnxPeer(eager, 1), eager.x[:5]
    found = np.concatenate(exported.predict(x, 2)())
    oracles.assert_close(found, torch.cat(eager.predict(x, 5)()).numpy(), "logits", 1e-5)


def test_a_network_that_does_not_compile_gives_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    peers = torch_peers()

    def fails(model):
        def forward(x):
            raise RuntimeError("no working C++ compiler\nand more")

        other = type(model)()
        other.forward = forward
        return other

    monkeypatch.setattr(peers, "compiled", fails)
    monkeypatch.setattr(colour, "BATCH", 2)
    eager = colour.eager("16-32-64")
    assert eager.compiled() == "no working C++ compiler"
    eager.step()()


# -- the command -------------------------------------------------------------------------------------------
def test_the_command_writes_rows_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(plan: Plan):
        yield Row("products", "5x5, full", 1e-3, "SciPy", 4e-3)
        raise KeyboardInterrupt

    monkeypatch.setitem(GROUPS, "products", broken)
    with pytest.raises((SystemExit, KeyboardInterrupt)):
        main(["bench", "--only", "products", "--out", str(tmp_path / "new"), "--json", str(tmp_path / "b.json")])
    assert "4.00x" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"bench.json", "bench.csv"}
    assert len(read_rows(tmp_path / "new" / "bench.json")[0]) == len(read_rows(tmp_path / "b.json")[0]) == 1


def test_rows_that_other_programs_disturbed_are_marked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loads = iter([0.0, 0.4, 0.0])
    monkeypatch.setattr(Load, "__exit__", lambda load, *error: vars(load).update(others=next(loads), wall=1.0))
    rows = [Row("products", name, 1e-3, "SciPy", 4e-3) for name in ("quiet", "busy")]
    monkeypatch.setitem(GROUPS, "products", lambda plan: iter(rows))
    code, out, _ = called(capsys, "--only", "products", "--json", str(tmp_path / "b.json"))
    lines = {line.split()[1]: line for line in out.splitlines() if line.startswith("products")}
    assert code == 0
    assert lines["busy"].endswith("*")
    assert not lines["quiet"].endswith("*")
    assert [row.is_disturbed for row in read_rows(tmp_path / "b.json")[0]] == [False, True]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--only", "nothing"), "group: got 'nothing', expected products or"),
        (("--threads", "0"), "threads: got 0, expected 1 to 256"),
        (("--json", "/nowhere/at/all.json"), "no folder /nowhere/at"),
        (("--out", "bench.json"), "pass --json bench.json for a file alone"),
        (("--check", "--out", "x"), "leave --only and --out out"),
        (("--quick", "--only", "accuracy"), "--quick: got --only accuracy, which takes minutes"),
        (("--quick", "--only", "memory,accuracy"), "leave out --quick, or name another group"),
    ],
)
def test_mistakes_are_one_line(words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = called(capsys, *words)
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


# -- pictures ----------------------------------------------------------------------------------------------
def test_every_figure_is_drawn_from_rows(tmp_path: Path) -> None:
    from freqnet.benchmarks.plots import figures, save

    part = {"share": 1 / 3, "multiply_adds": 10**7, "bytes": 10**6, "gemm_rate": 1e11, "copy_rate": 1e10}
    rows = [
        *(
            Row("products", f"{m}x{m}, {kind}", 1e-4 * m, peer, 1e-3, {"modes": m})
            for m in (5, 9)
            for kind in ("full", "square", "gate band 1")
            for peer in ("SciPy FFT round trip", "PyTorch FFT round trip")
        ),
        *fitted("gate band", [(str(c), c, 1e-4 * c) for c in (1, 2, 4)]),
        Row("growth", "grid 28x28, training step", 3e-3, "the step on 28x28", 3e-3, {"door_seconds_an_image": 1e-5}),
        *(Row("profile", f"large, activations, norms, {way}", 1e-3, "the whole step", 3e-3, part) for way in WAYS),
        Row("profile", "large, optimiser", 1e-3, "the whole step", 3e-3, {"share": 1 / 3, "multiply_adds": 0}),
        Row("step", "large", 3e-3, "LeNet-5", 6e-3),
        Row("inference", "large", 1e-3, "LeNet-5", 2e-3),
        Row("accuracy", "freqnet large, all epochs", 5, "LeNet-5", 6, {"accuracy": [0.98], "peer_accuracy": [0.97]}),
    ]
    paths = save(rows, tmp_path)
    names = {"bench-products", "bench-networks", "bench-growth", "bench-profile", "bench-roofline"}
    assert {path.stem for path in paths} == names
    assert all(path.read_text().count("<path") > 5 for path in paths)
    # The figure of networks needs the accuracies.
    assert set(figures([row for row in rows if row.group != "accuracy"])) == names - {"bench-networks"}


@pytest.mark.skipif(kernels.KERNEL != "native", reason="plans need the compiled kernels")
def test_the_parts_of_a_step_add_up_to_it() -> None:
    from freqnet.benchmarks.profile import REST, parts_of_step

    ours = Ours.on(colour.network("16-32-64"), colour.images(8), 8)
    rows = list(parts_of_step("16-32-64", ours, Plan(quick=True)))
    assert sum(row.freqnet_s for row in rows) == pytest.approx(rows[0].peer_s, rel=0.3)
    shares = {row.name.split(", ", 1)[1]: row.details["share"] for row in rows}
    assert {"convolutions, forward", "optimiser"} <= set(shares) <= {*shares, REST}
    assert shares["activations, norms, backward"] > 0.02
    assert all(row.details["gemm_rate"] > 1e8 and row.details["copy_rate"] > 1e8 for row in rows)
