"""Default networks: the choices of `Model`, and the size that the data choose."""

from __future__ import annotations

import warnings
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from freqnet.benchmarks.studies.unusual import measured

from freqnet import nn
from freqnet.data import Dataset, load, split
from freqnet.errors import ConfigurationError, NetworkWarning
from freqnet.tasks import get_task
from freqnet.training import Model, Settings, analyse, fit, training_defaults
from freqnet.training.presets import ACTIVATIONS, HEADS
from freqnet.training.sizes import SIZES, size_for


def pictures(count: int = 12, grid: tuple[int, ...] = (20, 17), channels: int = 3) -> Dataset:
    rng = np.random.default_rng(0)
    images = rng.normal(size=(count, *grid, channels)).astype(np.float32)
    return Dataset("noise", images, np.arange(count) % 3, ("a", "b", "c"))


def layers(dataset: Dataset, **choices: Any) -> list[nn.Module]:
    return list(Model(**choices).network(dataset).body.layers)  # type: ignore[attr-defined]


def kinds(found: list[nn.Module]) -> list[str]:
    return [type(layer).__name__ for layer in found]


def inside(found: list[nn.Module], kind: type) -> list[Any]:
    return [m for layer in found for _, m in layer.modules() if isinstance(m, kind)]


STAGE = ["TruncationPool", "Convolution", "PowerNorm", "Gaussian"]


def test_the_choices_make_the_layers_that_they_name() -> None:
    found = layers(pictures(), stages=(11, 7), widths=(6, 8), taps=5, depth=(0, 2), head_modes=3)
    assert kinds(found) == [*STAGE, *STAGE, "Residual", "Residual", "TruncationPool", "PowerNorm", "Dense"]
    assert [pool.size for pool in inside(found, nn.TruncationPool)] == [(11, 11), (7, 7), (3, 3)]
    assert [c.channels for c in inside(found, nn.Convolution)] == [6, 8, 8, 8]
    assert {c.size for c in inside(found, nn.Convolution)} == {(5, 5)}


def test_a_decay_shrinks_the_band_from_stage_to_stage() -> None:
    found = layers(pictures(grid=(33, 33)), modes=25, decay=0.8, widths=(4, 4, 4, 4), head_modes=3)
    # 25, 20, 16 and 12.8 modes, to the nearest odd numbers.
    assert [pool.size[0] for pool in inside(found, nn.TruncationPool)] == [25, 21, 17, 13, 3]


def test_blocks_of_groups_gates_and_dropout() -> None:
    choices = {"stages": (9, 5), "widths": (4, 8), "depth": (1,), "groups": 2, "squeeze": 4}
    rates = {"channel_dropout": 0.1, "stochastic_depth": 0.2, "frequency_dropout": 3}
    found = layers(pictures(), **choices, **rates)
    stage = ["TruncationPool", "FrequencyDropout", *STAGE[1:], "Residual"]
    assert kinds(found)[:-3] in (2 * stage, [*2 * stage, "TruncationPool"])
    assert kinds(found)[-3:] == ["PowerNorm", "ChannelDropout", "Dense"]
    assert kinds(found[5].body.layers) == [*STAGE[1:], "SqueezeExcitation", "StochasticDepth"]  # type: ignore[attr-defined]
    assert [c.groups for c in inside(found, nn.Convolution)] == [1, 2, 1, 2]
    # The band of the second stage is smaller than the radius.
    assert [d.minimum for d in inside(found, nn.FrequencyDropout)] == [3, 2]
    assert {d.rate for d in inside(found, nn.StochasticDepth)} == {0.2}
    depthwise = layers(pictures(), stages=(9,), widths=(4,), depth=(1,), groups=0)
    assert [(c.groups, c.size) for c in inside(depthwise, nn.Convolution)] == [(1, (3, 3)), (4, (3, 3)), (1, (1, 1))]
    plain = layers(pictures(), size="large", stages=(9,), widths=(4,), squeeze=2)
    assert kinds(plain) == [*STAGE, "SqueezeExcitation", "PowerNorm", "Dense"]


@pytest.mark.parametrize("head", HEADS)
def test_heads_of_power_and_average_do_not_see_shifts(head: str) -> None:
    network = Model(stages=(9, 7), widths=(4, 6), head=head, precision="float64").network(pictures(grid=(9, 9)), 0)
    x = pictures(grid=(9, 9)).images.astype(float)
    moved = np.abs(network.infer(network.analyse(np.roll(x, (2, 3), (1, 2)))) - network.infer(network.analyse(x))).max()
    assert (moved < 1e-10) == (head != "dense")


@pytest.mark.parametrize("size", SIZES)
def test_every_size_builds_and_trains_on_grids_of_any_kind(size: str) -> None:
    for grid in [(20, 17), (5,), (4, 6, 3)]:
        dataset = pictures(grid=grid)
        network = Model(size=size, widths=tuple(4 for _ in SIZES[size].widths)).network(dataset)
        history = fit(network, analyse(network, dataset), settings=Settings(epochs=1, batch=6))
        assert np.isfinite(history.rows[-1]["loss"])


def test_the_size_and_the_settings_follow_the_samples() -> None:
    make = lambda name, *shape: Dataset(name, np.zeros(shape, np.float32), np.arange(shape[0]) % 2, ("a", "b"))
    colour = make("colour", 2000, 32, 32, 3)
    assert {name: size_for(data) for name, data in {
        "digits": load("digits"), "grey": make("grey", 2000, 32, 32, 1), "colour": colour,
        "few": colour.take(range(1999)), "tiny": make("tiny", 2000, 16, 32, 3), "signals": make("signals", 9, 50, 3),
        "volumes": make("volumes", 9, 8, 8, 8, 1),
    }.items()} == {
        "digits": "xlarge", "grey": "xlarge", "colour": "huge", "few": "xlarge", "tiny": "xlarge",
        "signals": "large", "volumes": "large",
    }  # fmt: skip
    assert training_defaults(colour)["optimizer"] == "muon"
    assert training_defaults(colour.take(range(1999))) == training_defaults("colour")
    assert training_defaults(replace(colour, name="cifar10"))["augment"] == ("mirror", "shift=4")
    assert training_defaults(replace(colour, name="cifar10"))["schedule"] == "one-cycle"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"taps": 0}, "taps: got 0, expected a whole number of 1 or more; pass taps=3"),
    ({"groups": -1}, "groups: got -1, expected a whole number of 0 or more"),
    ({"groups": None}, "groups: got None"),
    ({"squeeze": 1.5}, "squeeze: got 1.5"),
    ({"head_modes": 0}, "head_modes: got 0"),
    ({"frequency_dropout": -1}, "frequency_dropout: got -1"),
    ({"channel_dropout": 1}, "channel_dropout: got 1, expected a number from 0 to below 1; pass channel_dropout=0.1"),
    ({"stochastic_depth": float("nan")}, "stochastic_depth: got nan"),
    ({"stages": (9, 0)}, r"stages: got \(9, 0\), expected whole numbers of 1 or more, one per stage"),
    ({"decay": 1.5}, "decay: got 1.5, expected a number above 0, up to 1; pass decay=0.85"),
    (
        {"decay": 0.8, "stages": (9,)},
        r"decay: got 0.8 and stages=\(9,\), expected the decay or the modes of each stage",
    ),
    ({"depth": (-1,)}, r"depth: got \(-1,\), expected whole numbers of 0 or more"),
    ({"depth": (0, 0, 0, 1)}, "depth: got 4 numbers, expected at most 3, one per stage"),
    ({"stages": (7, 4, 3)}, "stages: got 4, expected an odd number of modes; pass 3"),
    ({"stages": (5, 7, 5)}, "stages: got 7, expected at most 5, as many as the stage before; pass 5 or fewer"),
    ({"stages": (9, 7, 5), "modes": 7}, "stages: got 9, expected at most 7, as many as the door keeps"),
    ({"stages": (99, 7, 5)}, "stages: got 99, expected at most"),
    ({"head_modes": 2}, "head_modes: got 2, expected an odd number of modes; pass 1"),
    ({"head_modes": 99}, "head_modes: got 99, expected at most"),
    ({"frequency_dropout": 99}, "frequency_dropout: got 99, expected a radius below"),
    (
        {"frequency_dropout": 1, "domain": "laplace"},
        "frequency_dropout: got the laplace domain, expected a domain whose modes are frequencies",
    ),
    ({"head": "max"}, "head: got 'max', expected dense or average or power; pass head='dense'"),
    ({"head": None}, "head: got None, expected a name; pass head='dense'"),
    ({"size": "tiny"}, "size: got 'tiny', expected small or medium or large or xlarge or xxlarge or huge or giant"),
    ({"stages": (9, 7), "widths": (4, 4, 4)}, "stages: got 2 numbers, expected 3, as many as widths"),
    ({"stages": (9, 9, 9, 9)}, "stages: got 4 numbers, expected 3"),
    ({"stochastic_depth": 0.1}, "stochastic_depth: got 0.1, expected a network with residual blocks"),
    ({"groups": 2}, "groups: got 2, expected a network with residual blocks"),
    ({"groups": 3, "depth": (1,)}, "groups: got 3, expected a divisor of the width 16"),
]


@pytest.mark.parametrize(("choices", "message"), REFUSED, ids=lambda v: str(v)[:30])
def test_choices_that_make_no_network_are_refused(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Model(**choices).network(load("digits"))


def test_a_field_refuses_choices_of_stages() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 9, 1)).astype(np.float32)
    dataset = Dataset("field", x, x, ("a",), task=get_task("field"))
    assert Model().network(dataset).output_space is not None
    choices = {"stages": (9,), "decay": 0.5, "depth": (1,), "groups": 2, "squeeze": 2, "head": "power", "head_modes": 3}
    for name, value in (choices | {"channel_dropout": 0.1, "stochastic_depth": 0.1}).items():
        with pytest.raises(ConfigurationError, match=f"{name} of a field: got .*leave {name} out"):
            Model(**{name: value}).network(dataset)


def test_the_default_activation_of_every_place_is_the_same() -> None:
    from freqnet.sklearn import FrequencyClassifier

    # Only fields have a form, and the estimators have no task for these.
    shared = {f.name: f.default for f in fields(Model) if f.name != "form"}
    assert shared["activation"] in ACTIVATIONS
    given = FrequencyClassifier().get_params()
    assert {name: given[name] for name in shared} == shared


# -- inputs unlike those of training -----------------------------------------------------------------------
@pytest.mark.parametrize(
    "domain", ["fourier", "hartley", "grid", "laplace", pytest.param("damped", marks=pytest.mark.slow)]
)
def test_no_input_makes_a_default_network_explode(domain: str) -> None:
    found = losses_of_unusual_inputs(Model(domain, modes=None if domain in ("laplace", "damped") else 7))
    assert max(found.values()) < 300
    # Logits grow as fast as their inputs, where these are large.
    assert found["10 times that noise"] < 30 * found["noise of the same mean and deviation"]


def test_a_polynomial_of_a_fixed_shape_explodes() -> None:
    """The control: the same inputs, and the default activation of earlier versions."""
    assert max(losses_of_unusual_inputs(Model(activation="polynomial")).values()) > 1e6


def losses_of_unusual_inputs(model: Model) -> dict[str, float]:
    parts = split(load("digits"), seed=0)
    other = np.random.default_rng(0).uniform(size=parts.test.images.shape).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetworkWarning)
        found = measured(parts, other, model, Settings(epochs=3, learning_rate=8e-3))
    assert all(np.isfinite(list(row.values())).all() for row in found.values())
    return {name: row["loss"] for name, row in found.items()}


@pytest.mark.parametrize("count", [6, 20, 50, 200, 480])
def test_few_series_are_trained_for_enough_steps(count: int) -> None:
    series = pictures(count, (30,), 2)
    found = training_defaults(series)
    steps = found["epochs"] * -(-count // found["batch"])
    assert 480 <= steps <= 1100
    # Those of the official test are not trained on.
    held = replace(pictures(count + 300, (30,), 2), official_test=300)
    assert training_defaults(held) == found
    assert Settings(**found).batch == 16


def test_other_data_are_trained_as_before() -> None:
    usual = training_defaults("unknown")
    for dataset in (pictures(500, (30,)), pictures(50, (30, 30), 1)):
        assert training_defaults(dataset) == usual
    x = np.zeros((20, 30, 1))
    assert training_defaults(Dataset("f", x, x, ("0",), task=get_task("field"))) == usual
    assert training_defaults(pictures(50, (30,))) != usual
