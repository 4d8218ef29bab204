"""A new part of each kind, from a domain to an augmentation and an option, each added here alone.

Each test registers a part, and finds it in training, on the command line, in the listings and in the contracts, with
no change to any other file. After the test the registries are as they were.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar

import adjoint_checks  # noqa: F401  (adds its checks to CHECKS)
import domain_checks
import laplace_adjoint_checks  # noqa: F401  (adds its checks to CHECKS)
import laplace_checks
import laplace_oracles as lo
import numpy as np
import pytest
import test_domain_contract
import test_layer_contract
import test_op_contract
import typer
from freqnet.theory import Claim, Identity, find, register, verify
from freqnet.theory import registry as claims
from layer_examples import EXAMPLES, INVALID
from op_examples import EXAMPLES as OP_EXAMPLES
from test_cli_train import command, succeed
from typer.testing import CliRunner

from freqnet import nn, ops
from freqnet.augment import AUGMENTATIONS, Augmentation, Batch, Kind, register_augmentation
from freqnet.autodiff import OPS, Tensor, linear
from freqnet.autodiff.registry import FUNCTIONS
from freqnet.cli.options import takes_choices
from freqnet.data import DATASETS, READERS, Contents, Dataset, from_arrays, register_dataset, register_reader
from freqnet.errors import ConfigurationError, FreqnetError
from freqnet.experiments import Job, operation_errors
from freqnet.experiments import run as run_job
from freqnet.ops.arithmetic import elementwise
from freqnet.spaces import DOMAINS, Fourier, Nodes, NodeSpace, register_domain, registry
from freqnet.tasks import TASKS, Loss, LossChoices, Outputs, Regression, register_task
from freqnet.training import ACTIVATIONS, Settings, analyse, presets, register_activation
from freqnet.training.choices import GROUPS
from freqnet.training.fit import Run

TABLES: tuple[dict, ...] = (
    DOMAINS,
    registry._READERS,
    OPS,
    FUNCTIONS,
    nn.LAYERS,
    ACTIVATIONS,
    DATASETS,
    EXAMPLES,
    READERS,
    TASKS,
    AUGMENTATIONS,
)
TABLES = (*TABLES, INVALID, OP_EXAMPLES, claims._added, GROUPS)
SMALL = ("--epochs", 1, "--widths", "3,3,3", "--modes", 5, "--quiet")


@pytest.fixture(autouse=True)
def registries() -> Iterator[None]:
    """Restore every registry after the test."""
    before, gated = [dict(table) for table in TABLES], set(presets._GATED)
    yield
    for table, entries in zip(TABLES, before, strict=True):
        table.clear()
        table.update(entries)
    presets._GATED.intersection_update(gated)


def metrics_of(folder: Path, *words: object) -> dict[str, Any]:
    """Train on digits from the command line, and return the metrics."""
    succeed("train", "digits", *SMALL, *words, "--out", folder)
    return json.loads((folder / "metrics.json").read_text())


def listed(name: str, kind: str, folder: Path) -> bool:
    """Whether ``freqnet info`` lists a name among the parts of a kind."""
    succeed("info", "--json", folder / "info.json")
    return name in json.loads((folder / "info.json").read_text())[kind]


# -- a wave domain ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Conjugate(Fourier):
    """Half spectra with the opposite sign in the exponent."""

    name = "conjugate"

    def sample_modes(self, samples):
        return super().sample_modes(samples).conj()

    def synthesis(self, array, grid):
        return super().synthesis(array.conj(), grid)

    def split_nyquist(self, array, grid):
        return super().split_nyquist(array.conj(), grid).conj()

    def frequency_response(self, theta, kernel, size):
        return super().frequency_response(theta, kernel, size).conj()

    def frequency_response_adjoint(self, response, kernel, size):
        return super().frequency_response_adjoint(response.conj(), kernel, size)

    def shift(self, array, samples):
        return super().shift(array, -samples)

    def average(self, array, window, method, adjoint):
        return super().average(array, window, method, not adjoint)

    def half_spectrum(self, array):
        return array.conj()


def test_a_wave_domain(tmp_path: Path, rng: np.random.Generator) -> None:
    register_domain("conjugate", Conjugate.on)
    for name in domain_checks.CHECKS:
        for grid in ((1,), (8,), (3, 2, 2)):
            test_domain_contract.test_domain("conjugate", name, grid, rng)
    cases = [c.values for c in test_layer_contract.cases(EXAMPLES) if c.values[1:] == (DOMAINS["conjugate"], (6, 4))]
    assert len(cases) > 30
    for layer, domain, grid in cases:
        test_layer_contract.test_keeps_what_build_promised(layer, domain, grid, np.float32)
        # The finite differences of a normalisation in a residual are as inexact as the contract allows.
        if not isinstance(layer, nn.Residual):
            test_layer_contract.test_gradients_of_first_and_second_order(layer, domain, grid)
    assert max(operation_errors("conjugate").values()) < 1e-13
    assert listed("conjugate", "domains", tmp_path)
    own = metrics_of(tmp_path / "conjugate", "--domain", "conjugate")
    assert (own["domain"], own["transforms_inside_network"]) == ("conjugate", 0)
    assert own["test_accuracy"] > 0.3
    assert "mixing" in succeed("audit", tmp_path / "conjugate", "--samples", 60)
    folder = tmp_path / "compared"
    words = ("--seeds", 1, "--epochs", 1, "--widths", "3,3,3", "--modes", 5, "--processes", 1)
    # Another process does not know a domain that only this one registers: its run fails with one line.
    outcome = command("compare", "digits", "--domains", "conjugate", *words, "--out", folder)
    assert "conjugate" in outcome.out + outcome.err


def test_a_wrong_wave_domain_fails_the_contract(rng: np.random.Generator) -> None:
    class Wrong(Conjugate):
        def shift(self, array, samples):
            return Fourier.shift(self, array, samples)

    register_domain("wrong", Wrong.on)
    with pytest.raises(AssertionError):
        test_domain_contract.test_domain("wrong", "shifts", (8,), rng)


# -- a family of nodes -----------------------------------------------------------------------------------
class Legendre(NodeSpace):
    """Values at the roots of Legendre polynomials."""

    name = "legendre"
    remainder = "modulo a Legendre polynomial"

    def make_tables(self, samples, count):
        from freqnet.spaces.nodes.real import real_tables

        roots = np.polynomial.legendre.leggauss(samples)[0]
        return real_tables(Nodes("nodes", values=tuple(roots.tolist())), samples, count)


def test_a_family_of_nodes(tmp_path: Path, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    register_domain("legendre", Legendre.on)
    known = lo.nodes
    roots = lambda n: ",".join(map(repr, np.polynomial.legendre.leggauss(n)[0].tolist()))
    monkeypatch.setattr(lo, "family", lambda name: "legendre")
    monkeypatch.setattr(lo, "nodes", lambda rule, n: known(f"nodes={roots(n)}", n))
    with lo.localcontext(prec=lo.DIGITS):
        for check in laplace_checks.CHECKS.values():
            for grid in ((1,), (5,), (3, 2)):
                for case in laplace_checks.cases(Legendre.on, grid, rng):
                    check(case)
    assert max(operation_errors("legendre").values()) < 1e-8
    assert listed("legendre", "domains", tmp_path)
    found = metrics_of(tmp_path / "run", "--domain", "legendre")
    assert (found["domain"], found["modes"], found["transforms_inside_network"]) == ("legendre", [5, 5], 0)


# -- an op -----------------------------------------------------------------------------------------------
def test_an_op() -> None:
    halve = linear("halve", lambda x: Tensor(x.data / 2, x.space), lambda g, x: halve(g), source="x / 2")
    with pytest.raises(AssertionError, match="needs an entry"):
        test_op_contract.test_op_has_examples("halve")
    OP_EXAMPLES["halve"] = lambda: [
        ([Tensor([1.0, -2.0])], {}),
        ([Tensor(np.ones((3, 1, 1), complex), Fourier.on(5))], {}),
    ]
    test_op_contract.test_op_has_examples("halve")
    test_op_contract.test_gradients_of_first_and_second_order("halve", True, np.random.default_rng(0))
    test_op_contract.test_cost_source_and_vjps_are_declared("halve")
    test_op_contract.test_op_keeps_single_precision_and_leaves_its_inputs_alone("halve")


def test_a_wrong_op_fails_the_contract() -> None:
    wrong = linear("wrong", lambda x: Tensor(x.data / 2, x.space), lambda g, x: g, source="x / 2")
    OP_EXAMPLES["wrong"] = lambda: [([Tensor([1.0, -2.0])], {})]
    assert OPS["wrong"] is wrong
    with pytest.raises(FreqnetError, match="gradient"):
        test_op_contract.test_gradients_of_first_and_second_order("wrong", True, np.random.default_rng(0))


# -- a layer and an activation ---------------------------------------------------------------------------
def with_layer() -> type[nn.Module]:
    """Register a layer that multiplies by one trained number."""

    @nn.layer
    @dataclass(eq=False)
    class Gain(nn.Module):
        """Multiply by a trained number."""

        is_static = True
        start: float = 1.0

        def _build(self, incoming, generator):
            if self.start == 0:
                raise ConfigurationError("start: got 0, expected another number; pass start=1.0")
            self.parameters["gain"] = Tensor(np.array([self.start], self.precision), requires_grad=True)
            return incoming

        def forward(self, x):
            return x * self.parameters["gain"]

    return Gain


def test_a_layer(tmp_path: Path) -> None:
    gain = with_layer()
    with pytest.raises(AssertionError):
        test_layer_contract.test_every_layer_has_examples()
    EXAMPLES["Gain"] = [gain(), gain(2.0)]
    INVALID["Gain"] = [(gain(0), ConfigurationError, "start: got 0")]
    test_layer_contract.test_every_layer_has_examples()
    cases = [case.values for case in test_layer_contract.cases({"Gain": EXAMPLES["Gain"]})]
    assert {domain for _, domain, _ in cases} == set(DOMAINS.values())
    for case in cases:
        test_layer_contract.test_keeps_what_build_promised(*case, np.float32)
        test_layer_contract.test_gradients_of_first_and_second_order(*case)
        test_layer_contract.test_description_makes_the_same_layer(*case)
        test_layer_contract.test_arrays_make_the_same_layer(*case)
        test_layer_contract.test_training_and_evaluation(*case)
    assert listed("Gain", "layers", tmp_path)


def test_an_activation(tmp_path: Path) -> None:
    register_activation("gained", partial(with_layer(), 2.0))
    assert listed("gained", "activations", tmp_path)
    assert metrics_of(tmp_path / "run", "--activation", "gained")["model"]["activation"] == "gained"
    assert "Gain" in succeed("info", tmp_path / "run")
    assert "affine" in succeed("audit", tmp_path / "run", "--samples", 60)
    outcome = command("train", "digits", "--activation", "gain", "--out", tmp_path / "no")
    assert outcome.status == 2
    assert "or gained; did you mean 'gained'" in outcome.err
    with pytest.raises(ConfigurationError, match="a new name"):
        register_activation("gained", partial(with_layer(), 2.0))


# -- an augmentation -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Sign(Augmentation):
    """Change the sign of an example with a probability."""

    p: float = 0.5
    word: ClassVar[str] = "sign"

    def __post_init__(self) -> None:
        self.require_number("p", 0, 1, 0.5)

    def check(self, kind: Kind) -> None:
        if kind.space.ndim == 1:
            raise self.refuse("signals of 1 axis", "2 or more")

    def change(self, batch: Batch, generator: np.random.Generator) -> Batch:
        signs = np.where(generator.random(batch.count) < self.p, -1, 1).astype(np.float32)
        return batch.with_array(batch.x.data * signs[:, None])


def test_an_augmentation(tmp_path: Path) -> None:
    register_augmentation("sign", Sign, "a probability from 0 to 1")
    assert listed("sign", "augmentations", tmp_path)
    found = metrics_of(tmp_path / "run", "--augment", "mirror,sign=0.3")
    assert found["settings"]["augment"] == ["mirror", "sign=0.3"]
    assert "did you mean 'sign'? pass --augment sign=1" in command("train", "digits", "--augment", "sing=1").err
    np.savez(tmp_path / "lines.npz", x=np.random.default_rng(0).normal(size=(40, 9)), y=np.arange(40) % 2)
    refused = command("train", tmp_path / "lines.npz", "--augment", "sign", "--out", tmp_path / "no")
    assert "augment sign: got signals of 1 axis, expected 2 or more; leave sign out of augment" in refused.err


# -- a dataset -------------------------------------------------------------------------------------------
def test_a_dataset(tmp_path: Path) -> None:
    def stripes() -> Dataset:
        images = np.random.default_rng(0).normal(0, 0.1, (60, 8, 8, 1)).astype(np.float32)
        images[::2, ::2] += 1
        images[1::2, :, ::2] += 1
        return Dataset("stripes", images, np.arange(60) % 2, ("rows", "columns"))

    register_dataset("stripes", stripes, defaults={"epochs": 2, "batch": 16})
    assert listed("stripes", "datasets", tmp_path)
    succeed("train", "stripes", "--widths", "3,3,3", "--modes", 7, "--quiet", "--out", tmp_path / "run")
    found = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert (found["dataset"], found["settings"]["epochs"], found["settings"]["batch"]) == ("stripes", 2, 16)
    assert "stripes" in command("train", "stripe").err


# -- a task ----------------------------------------------------------------------------------------------
class PoissonLoss(Loss):
    """The negative logarithm of the probability of counts, up to a constant."""

    def arrays(self, targets: np.ndarray, weights: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        return (targets.astype(np.float32),)

    def __call__(self, outputs: Tensor, arrays: Sequence[Tensor]) -> Tensor:
        # An op of the targets alone: a plan must compute it anew for every batch.
        twice = arrays[0] * 2.0
        terms = ops.exp(outputs) - elementwise(outputs, twice) * 0.5
        return terms.sum() * (1 / arrays[0].data.size)


class Counts(Regression):
    """Counts: outputs are the logarithms of rates."""

    name = "counts"
    losses = ("poisson",)
    has_units = False

    def loss(self, outputs: Outputs, choices: LossChoices, targets: np.ndarray) -> Loss:
        return PoissonLoss()

    def metrics(self, outputs: np.ndarray, targets: np.ndarray, weights: np.ndarray | None = None) -> dict[str, float]:
        return super().metrics(np.exp(outputs), targets, weights)


def test_a_task(tmp_path: Path) -> None:
    register_task(Counts())
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 16))
    np.savez(tmp_path / "counts.npz", x=x, y=rng.poisson(np.exp(x.mean(axis=1, keepdims=True) * 4 + 1)))
    words = ("--task", "counts", "--epochs", 20, "--widths", "4", "--lr", 0.02, "--quiet", "--out", tmp_path / "run")
    succeed("train", tmp_path / "counts.npz", *words)
    found = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert found["task"] == "counts"
    assert found["test_r2"] > 0.5
    assert "r2" in succeed("evaluate", tmp_path / "run")
    assert "did you mean 'counts'" in command("train", tmp_path / "counts.npz", "--task", "count").err


def test_the_plan_of_a_loss_computes_with_the_targets_of_each_batch() -> None:
    rng = np.random.default_rng(0)
    dataset = from_arrays(rng.normal(size=(20, 8)), rng.poisson(3, (20, 1)), task=Counts())
    network = nn.Network(nn.Door("fourier", (8,), (3,), 1), nn.Dense(1))
    spectra = analyse(network, dataset)
    run = Run.begin(network, Settings(), spectra)
    for start in (0, 5, 10):
        batch = spectra.take(np.arange(start, start + 5))
        by_plan, _ = run.gradients(batch)
        with nn.tape_only():
            assert by_plan == pytest.approx(run.gradients(batch)[0], rel=1e-6)


# -- a format of files -----------------------------------------------------------------------------------
def test_a_format(tmp_path: Path) -> None:
    register_reader(".txt", read=lambda path: Contents(np.loadtxt(path), layout="t"))
    assert listed(".txt", "files", tmp_path)
    for number in range(40):
        file = tmp_path / "waves" / ("slow" if number % 2 else "fast") / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savetxt(file, np.sin(np.arange(16) * (0.8 if number % 2 else 2) + number))
    succeed("train", tmp_path / "waves", *SMALL, "--out", tmp_path / "run")
    assert "40 predictions" in succeed("predict", tmp_path / "run", tmp_path / "waves")
    (tmp_path / "waves" / "fast" / "0.txt").write_text("no number")
    assert "0.txt: got a file that cannot be read" in command("train", tmp_path / "waves", *SMALL).err


# -- a claim ---------------------------------------------------------------------------------------------
def test_a_claim(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "examples" / "your_own_claim.py"
    words = ("verify", "--add", source, "--subject", "own", "--list")
    assert "triangle-spectrum" in command(*words).out + succeed("verify", "--add", source, "--list")
    wrong = Identity(
        name="sinc", closed=lambda m, w: m.sinc(w), independent=lambda m, w: m.sinc(2 * w), points=({"w": 1},)
    )
    register(Claim(id="no-claim", title="False", statement="False.", verdict="holds", checks=(wrong,)))
    (evidence,) = verify([find("no-claim")], digits=30)
    assert not evidence.as_recorded


# -- an option -------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Extended(Settings):
    """Settings with one more field.

    Parameters
    ----------
    extra : float
        Share of something. More about it.
    """

    extra: float = field(default=0.9)


def test_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(GROUPS, "settings", Extended)
    app, jobs = typer.Typer(), []

    @app.command()
    @takes_choices()
    def train(data: Annotated[str, typer.Argument()], choices: dict[str, Any]) -> None:
        jobs.append(Job(data, out=tmp_path / "run", **choices))

    assert "Share of something." in CliRunner().invoke(app, ["--help"]).output
    words = ["digits", "--extra", "0.5", "--epochs", "1", "--widths", "3,3,3", "--modes", "5"]
    assert CliRunner().invoke(app, words).exit_code == 0
    (job,) = jobs
    assert run_job(job, report=False)["settings"]["extra"] == 0.5
    assert "--extra 0.5" in job.command()
