"""The benchmark: peers compute the same results, rows survive a file, the guard finds slower kernels."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import oracles
import pytest

from freqnet import kernels, nn
from freqnet.bench import GROUPS, Plan, Row, products, read_rows, write_rows
from freqnet.bench.growth import fitted
from freqnet.bench.guard import Finding, records
from freqnet.bench.race import RATES, time_to, tuned_rate
from freqnet.bench.timing import alternate
from freqnet.cli import main
from freqnet.data import Split, load
from freqnet.errors import DataError

LANES = (3, 4)


def torch_peers():
    pytest.importorskip("torch")
    from freqnet.bench import peers

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
    """With the same weights both networks give the same logits in training, including batch statistics."""
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
    signals = space.from_coordinates(weight) * space.weights()
    parts = np.stack([signals.real, signals.imag], axis=-1)
    ordered = np.fft.ifftshift(parts, axes=0).transpose(3, 2, 0, 1, 4)
    other.head.weight.copy_(tensor(ordered.reshape(3, -1)))
    other.head.bias.copy_(tensor(dense.parameters["bias"].data[0]))


def test_every_peer_takes_a_step_and_learns() -> None:
    peers = torch_peers()
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    x = torch.randn(20, 1, 28, 28)
    y = torch.arange(20) % 10
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
    from freqnet.bench.guard import _kernels

    names = {name for name, _, _ in _kernels()}
    assert records(), "no records: run python -m freqnet.bench.guard"
    for shares in records().values():
        assert set(shares) == names
        assert all(0.01 < share < 10 for share in shares.values())


@pytest.mark.skipif(kernels.KERNEL != "native", reason="there is nothing to guard")
def test_check_names_what_fell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from freqnet.bench import guard

    shares = {"product 13x13": 0.5, "square 13x13": 1.0}
    monkeypatch.setattr(guard, "measure", lambda plan: iter(shares.items()))
    monkeypatch.setattr(guard, "records", lambda: {guard._class(Plan()): {"product 13x13": 0.7, "square 13x13": 1.1}})
    code, out, _ = called(capsys, "--check")
    assert code == 1
    assert "fell below 75% of the record: product 13x13\n" in out
    shares["product 13x13"] = 0.6
    code, out, _ = called(capsys, "--check")
    assert code == 0
    assert "none fell" in out


# -- the command -------------------------------------------------------------------------------------------
def test_the_command_writes_rows_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(plan: Plan):
        yield Row("products", "5x5, full", 1e-3, "SciPy", 4e-3)
        raise KeyboardInterrupt

    monkeypatch.setitem(GROUPS, "products", broken)
    with pytest.raises((SystemExit, KeyboardInterrupt)):
        main(["bench", "--only", "products", "--out", str(tmp_path / "b.json")])
    assert "4.00x" in capsys.readouterr().out
    assert len(read_rows(tmp_path / "b.json")[0]) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--only", "nothing"), "group: got 'nothing', expected products or"),
        (("--threads", "0"), "threads: got 0, expected 1 to 256"),
        (("--out", "/nowhere/at/all.json"), "no folder /nowhere/at"),
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
    from freqnet.bench.plots import figures, save

    rows = [
        *(
            Row("products", f"{m}x{m}, {kind}", 1e-4 * m, peer, 1e-3, {"modes": m})
            for m in (5, 9)
            for kind in ("full", "square", "gate band 1")
            for peer in ("SciPy FFT round trip", "PyTorch FFT round trip")
        ),
        *fitted("gate band", [(str(c), c, 1e-4 * c) for c in (1, 2, 4)]),
        Row("growth", "grid 28x28, training step", 3e-3, "the step on 28x28", 3e-3, {"door_seconds_an_image": 1e-5}),
        Row("profile", "large, products of signals", 1e-3, "the whole step", 3e-3, {"share": 1 / 3}),
        Row("step", "large", 3e-3, "LeNet-5", 6e-3),
        Row("inference", "large", 1e-3, "LeNet-5", 2e-3),
        Row("accuracy", "freqnet large, all epochs", 5, "LeNet-5", 6, {"accuracy": [0.98], "peer_accuracy": [0.97]}),
    ]
    paths = save(rows, tmp_path)
    names = {"bench-products", "bench-networks", "bench-growth", "bench-profile"}
    assert {path.stem for path in paths} == names
    assert all(path.read_text().count("<path") > 5 for path in paths)
    # Without accuracies, networks cannot be drawn.
    assert set(figures([row for row in rows if row.group != "accuracy"])) == names - {"bench-networks"}


def test_the_parts_of_a_step_add_up_to_it() -> None:
    from freqnet.bench.profile import REST, profile_rows

    pytest.importorskip("mlxtend")
    rows = list(profile_rows(Plan(quick=True)))
    assert sum(row.freqnet_s for row in rows) == pytest.approx(rows[0].peer_s, rel=0.3)
    shares = {row.name.split(", ", 1)[1]: row.details["share"] for row in rows}
    assert REST in shares
    if kernels.KERNEL == "native":
        assert shares["products of signals"] > 0.02
