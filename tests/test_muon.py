"""Muon takes orthogonalised steps for kernels and weights of hidden layers, and those of AdamW for the rest."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
from test_optim import ADAM, Leaf, gradients, leaves, reference_muon, run, wrong

from freqnet import nn
from freqnet.errors import ConfigurationError
from freqnet.optim import AdamW, Muon
from freqnet.optim.muon import orthogonalized
from freqnet.training import Settings
from freqnet.training.batches import Spectra
from freqnet.training.fit import Run


def random_matrix(rows: int, columns: int, scale: float = 1.0) -> np.ndarray:
    return scale * np.random.default_rng([rows, columns]).normal(size=(rows, columns))


@pytest.mark.parametrize(("dtype", "tolerance"), [("f8", 1e-11), ("f4", 2e-4)])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (2, 2), (7, 3), (3, 7), (13, 11), (75, 16), (16, 75)])
@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e18])
def test_singular_vectors_stay_and_singular_values_come_near_1(
    shape: tuple[int, int], scale: float, dtype: str, tolerance: float
) -> None:
    matrix = random_matrix(*shape, scale).astype(dtype)
    before = matrix.copy()
    found = orthogonalized(matrix)
    assert (found.dtype, found.shape) == (matrix.dtype, shape)
    np.testing.assert_array_equal(matrix, before)
    left, values, right = np.linalg.svd(matrix.astype("f8"), full_matrices=False)
    turned = left.T @ found.astype("f8") @ right.T
    np.testing.assert_allclose(turned, np.diag(np.diag(turned)), atol=tolerance)
    large = np.diag(turned)[values > 0.01 * values[0]]
    assert large.min() > 0.68
    assert large.max() < 1.21


def test_a_matrix_of_low_rank_keeps_its_rank() -> None:
    thin = (random_matrix(40, 3) @ random_matrix(3, 30)).astype("f4")
    values = np.linalg.svd(orthogonalized(thin), compute_uv=False)
    assert (values[:3] > 0.68).all()
    assert (values[3:] < 1e-3).all()
    assert not orthogonalized(np.zeros((4, 3), "f4")).any()
    assert orthogonalized(np.zeros((3, 0))).shape == (3, 0)


def test_a_wrong_formula_does_not_match() -> None:
    parameters, start, grads = leaves(), leaves(), gradients(6)
    run(Muon(parameters, momentum=0.8, **ADAM, weight_decay=0.3), parameters, grads)
    name = "conv.kernel"
    w, gs = start[name].data, [g[name] for g in grads]
    np.testing.assert_allclose(parameters[name].data, reference_muon(w, gs, 0.3), rtol=1e-11)
    for change in ({"nesterov": False}, {"iterations": 4}, {"is_wide": True}, {"wd": 0.0}):
        mistaken = reference_muon(**{"w": w, "gs": gs, "wd": 0.3, **wrong(change)})
        assert np.abs(parameters[name].data - mistaken).max() > 1e-3


@pytest.mark.parametrize("shape", [(6, 6), (12, 5), (5, 12)])
def test_matches_torch(shape: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    start, rng = random_matrix(*shape), np.random.default_rng(2)
    leaf, tensor = Leaf(start.copy()), torch.nn.Parameter(torch.tensor(start))
    ours = Muon({"w": leaf}, 0.1, 0.9, weight_decay=0.2, matrices={"w"})
    theirs = torch.optim.Muon(
        [tensor], lr=0.1, momentum=0.9, weight_decay=0.2, eps=1e-30, adjust_lr_fn="match_rms_adamw"
    )
    for _ in range(3):
        leaf.grad = rng.normal(size=shape)
        tensor.grad = torch.tensor(leaf.grad)
        ours.step()
        theirs.step()
    # PyTorch orthogonalises in bfloat16, with three digits.
    moved = np.abs(leaf.data - start).max()
    np.testing.assert_allclose(leaf.data, tensor.detach().numpy(), atol=0.03 * moved)


def test_kernels_and_weights_before_the_last_layer_are_matrices() -> None:
    body = nn.Sequential(nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(6), nn.Dense(3))
    network = nn.Network(nn.Door("fourier", (8,), (3,), 1), body)
    optimizer = Settings(optimizer="muon").make_optimizer(network.named_parameters())
    squares = {name.partition("/")[2] for name in optimizer.state() if name.startswith("square_sum/")}
    assert set(network.named_parameters()) - squares == {"0.kernel", "3.weight"}


def test_hidden_layers_stay_matrices_where_the_last_layer_is_frozen() -> None:
    body = nn.Sequential(nn.Convolution(4), nn.PowerNorm(), nn.Polynomial(), nn.Dense(6), nn.Dense(3))
    network = nn.Network(nn.Door("fourier", (8,), (3,), 1), body)
    spectra = Spectra(network.analyse(np.ones((3, 8, 1))).data, np.arange(3), network.door.space)
    for frozen, wanted in ((("4",), {"0.kernel", "3.weight"}), (("0", "4"), {"3.weight"}), (("0",), {"3.weight"})):
        run = Run.begin(network, Settings(optimizer="muon", freeze=frozen), spectra)
        squares = {name.partition("/")[2] for name in run.optimizer.state() if name.startswith("square_sum/")}
        assert {name for name in run.trained if name not in squares} == wanted
        for parameter in network.named_parameters().values():
            parameter.requires_grad = True


def test_settings_need_a_hidden_layer_that_trains() -> None:
    names = {"4.weight": Leaf(np.zeros((6, 3))), "4.bias": Leaf(np.zeros((1, 3)))}
    with pytest.raises(ConfigurationError, match=r"optimizer: got 'muon', but only.*pass optimizer='adamw'"):
        Settings(optimizer="muon").make_optimizer(names)


def test_the_other_parameters_follow_adamw() -> None:
    ours, theirs, grads = leaves(), leaves(), gradients(5)
    run(Muon(ours, 0.1, weight_decay=0.3), ours, grads)
    run(AdamW(theirs, 0.1, weight_decay=0.3), theirs, grads)
    same = {name for name, leaf in ours.items() if (leaf.data == theirs[name].data).all()}
    assert same == {"conv.bias", "head.weight", "gain"}


def test_a_step_is_as_long_as_the_rate_says_and_clipping_changes_nothing() -> None:
    start = random_matrix(40, 30)
    free, clipped = Leaf(start.copy()), Leaf(start.copy())
    for leaf, norm in ((free, None), (clipped, 1e-3)):
        leaf.grad = 100 * random_matrix(40, 30) ** 3
        Muon([leaf], 0.1, matrices=["0"], weight_decay=0.0).step(norm)
    # Singular values lie between 0.68 and 1.21, so that the root mean square is near 0.2 of the rate.
    assert 0.68 < np.sqrt(np.mean((free.data - start) ** 2)) / (0.1 * 0.2) < 1.21
    np.testing.assert_allclose(free.data, clipped.data, rtol=1e-12)


def test_a_copy_goes_on_by_itself() -> None:
    parameters = leaves(np.float32)
    optimizer = Muon(parameters)
    run(optimizer, parameters, gradients(2))
    before = optimizer.state()
    copy.deepcopy(optimizer).step()
    assert all(np.array_equal(before[name], array) for name, array in optimizer.state().items())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"momentum": 1.0}, r"momentum: got 1.0, expected a number in \[0, 1\)"),
        ({"betas": (0.9, 1.0)}, r"betas\[1\]: got 1.0"),
        ({"matrices": {"gian"}}, "matrices: got {'gian'}, expected .*'gain'"),
        ({"matrices": 3}, "matrices: got 3"),
        ({"matrices": {"gain"}}, r"matrices: got 'gain' of shape \(\), expected arrays of two or more axes"),
        ({"matrices": ()}, "matrices: got none, expected a kernel or a weight before the last layer"),
    ],
)
def test_unusable_arguments(arguments: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Muon(leaves(), **arguments)


def test_arrays_without_names_need_a_choice() -> None:
    with pytest.raises(ConfigurationError, match=r"matrices: got none.*matrices={'weight'}, or use AdamW"):
        Muon([Leaf(np.zeros((3, 3)))])
    with pytest.raises(ConfigurationError, match="parameters: got none"):
        Muon([])
