"""Many threads, tasks and processes use one network at once, even during training, with bit-identical results."""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from processes import LIMIT
from threadpoolctl import threadpool_limits

from freqnet import nn, ops
from freqnet.autodiff import Tensor, backward, gradient, no_grad, observe
from freqnet.data import load
from freqnet.errors import TransformError
from freqnet.kernels.threads import _blas, in_threads, one_blas_thread, thread_count, thread_limit
from freqnet.optim import Muon
from freqnet.spaces import Fourier, counted_transforms, no_transforms, transform_count
from freqnet.training import Settings, analyse, fit

THREADS, PREDICTIONS = 16, 200
DOMAINS = ("fourier", "hartley", "grid-fft", "laplace")


def network(domain: str = "fourier", seed: int = 0) -> nn.Network:
    body = nn.Sequential(
        (
            *(nn.Convolution(8, boundary="modulo"), nn.PowerNorm(), nn.Polynomial(), nn.TruncationPool(5)),
            *(nn.Convolution(8, boundary="modulo"), nn.PowerNorm(), nn.Gaussian(), nn.FrequencyDropout(), nn.Dense(10)),
        )
    )
    band, precision = ((7, 7), np.float64) if domain == "laplace" else ((3, 3), np.float32)
    return nn.Network(nn.Door(domain, (8, 8), band, 1), body, seed=seed, precision=precision)


def samples(count: int = 7) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, 8, 8, 1))


def train(net: nn.Network, epochs: int = 3) -> dict[str, np.ndarray]:
    fit(net, analyse(net, load("digits").take(np.arange(400))), settings=Settings(epochs=epochs, batch=50))
    return {name: array.copy() for name, array in net.arrays().items()}


class Background:
    """Repeat a function in another thread until the block ends; its errors are raised then."""

    def __init__(self, work: Any) -> None:
        self.work, self.rounds, self.error = work, 0, None
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self.work()
                self.rounds += 1
        except BaseException as error:  # raised in the test's own thread
            self.error = error

    def __enter__(self) -> Background:
        self.thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop.set()
        self.thread.join()
        if self.error is not None:
            raise self.error


# -- predictions ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("domain", DOMAINS)
def test_threads_predict_the_same_bits_while_another_trains(domain: str) -> None:
    net, other = network(domain), network("fourier", seed=1)
    images = samples()
    expected, alone = net.predict(images), train(network("fourier", seed=1))
    rounds = PREDICTIONS if domain == "fourier" else PREDICTIONS // 10
    trained: list[dict[str, np.ndarray]] = []
    before = other.arrays()
    before = {name: array.copy() for name, array in before.items()}

    def train_again() -> None:
        other.body.load_arrays(before)
        trained.append(train(other))

    with Background(train_again) as background, ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda _: [net.predict(images) for _ in range(rounds)], range(THREADS)))
    assert len(found) == THREADS
    assert all(np.array_equal(logits, expected) for row in found for logits in row)
    assert background.rounds > 0
    for arrays in trained:
        assert all(np.array_equal(arrays[name], alone[name]) for name in alone)


def test_one_network_predicts_while_it_trains() -> None:
    """Predictions during training use current weights, and training keeps its mode and its bits."""
    net, images = network(), samples()
    alone = train(network(), epochs=4)
    with Background(lambda: net.predict(images)) as background:
        found = train(net, epochs=4)
    assert background.rounds > 0
    assert all(np.array_equal(found[name], alone[name]) for name in alone)
    fresh = network()
    fresh.body.load_arrays(net.arrays())
    assert np.array_equal(net.predict(images), fresh.predict(images))


def test_weights_that_a_thread_changed_do_not_stay_in_the_cache() -> None:
    """The thread has ended when the block ends: the network must notice the change all the same."""
    net, images = network(), samples()
    before = {name: array.copy() for name, array in net.arrays().items()}
    after, expected = network(seed=1).arrays(), network().predict(images)
    with net.inference():
        thread = threading.Thread(target=net.body.load_arrays, args=(after,))
        thread.start()
        thread.join()
        net(net.analyse(images))
    net.body.load_arrays(before)
    assert np.array_equal(net.predict(images), expected)
    # Nor do threads that ended take the gradients of this one.
    logits = net(net.analyse(images))
    backward((logits * logits).sum())
    assert all(p.grad is not None for p in net.named_parameters().values())


def test_asynchronous_tasks_predict_the_same_bits() -> None:
    net, images = network(), samples()
    expected = net.predict(images)

    async def serve() -> np.ndarray:
        with no_grad(), nn.evaluation():
            spectra = net.analyse(images)
            await asyncio.sleep(0)
            with no_transforms():
                await asyncio.sleep(0)
                logits = net(spectra).data
                await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert np.array_equal(net.predict(images), expected)
        return logits

    async def differentiate() -> int:
        x = Tensor(np.ones(3), requires_grad=True)
        await asyncio.sleep(0)
        y = (x * x).sum()
        await asyncio.sleep(0)
        assert y.requires_grad
        with counted_transforms() as counter:
            await asyncio.sleep(0)
            net.analyse(images)
            await asyncio.sleep(0)
        return counter.count

    async def main() -> tuple[list[Any], list[Any]]:
        both = await asyncio.gather(*(serve() for _ in range(50)), *(differentiate() for _ in range(50)))
        return both[:50], both[50:]

    logits, counts = asyncio.run(main())
    reference = nn.Network.from_description(net.describe())
    reference.body.load_arrays(net.arrays())
    with no_grad():
        assert all(np.array_equal(found, logits[0]) for found in logits)
    assert counts == [1] * 50


def in_child(arrays: dict[str, np.ndarray], images: np.ndarray, queue: Any) -> None:
    net = network()
    net.body.load_arrays(arrays)
    queue.put(net.predict(images))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork:DeprecationWarning")
def test_processes_predict_the_same_bits(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on {sys.platform}")
    net, images, context = network(), samples(), multiprocessing.get_context(method)
    expected, queue = net.predict(images), context.Queue()
    # Threads of this process predict meanwhile: a fork must not copy a lock that one of them holds.
    with Background(lambda: net.predict(images)):
        count = 4 if method == "fork" else 2  # a spawned process imports everything anew
        children = [context.Process(target=in_child, args=(net.arrays(), images, queue)) for _ in range(count)]
        for child in children:
            child.start()
        found = [queue.get(timeout=LIMIT) for _ in children]
        for child in children:
            child.join(LIMIT)
    assert [child.exitcode for child in children] == [0] * len(children)
    assert all(np.array_equal(logits, expected) for logits in found)


# -- state -----------------------------------------------------------------------------------------------
def elsewhere(function: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()


def test_state_belongs_to_a_thread() -> None:
    space, ones = Fourier.on(5), np.ones((1, 5, 1))
    norm = nn.PowerNorm()
    norm.train()
    seen: list[str] = []
    with no_grad(), no_transforms(), thread_limit(1), nn.evaluation(), observe(lambda op, *rest: seen.append(op.name)):
        assert elsewhere(lambda: (Tensor([1.0], requires_grad=True) * 2.0).requires_grad)
        assert elsewhere(lambda: ops.analysis(ones, space).shape) == (3, 1, 1)
        assert elsewhere(thread_count) == elsewhere(thread_count) >= 1
        assert elsewhere(lambda: norm.training)
        assert not norm.training
        assert seen == []
        assert thread_count() == 1
        with pytest.raises(TransformError):
            ops.analysis(ones, space)


def test_transforms_are_counted_in_all_threads() -> None:
    space, ones = Fourier.on(5), np.ones((1, 5, 1))
    before = transform_count()
    with counted_transforms() as own, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: [space.analysis(ones) for _ in range(100)], range(4)))
        space.analysis(ones)
    assert (transform_count() - before, own.count) == (401, 1)


def test_gradients_are_the_same_in_many_threads() -> None:
    x = Tensor(np.random.default_rng(0).normal(size=(5, 2)), requires_grad=True)
    make = lambda: (x * x * x).sum()
    (expected,) = gradient(make(), [x])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: gradient(make(), [x])[0].data, range(400)))
    assert all(np.array_equal(g, expected.data) for g in found)
    backward(make())
    assert np.array_equal(x.grad, expected.data)


def test_blas_gets_its_threads_back_after_the_last_block() -> None:
    counts = lambda: [library["num_threads"] for library in _blas().info() if library["user_api"] == "blas"]
    with threadpool_limits(2, "blas"):
        before = counts()
        assert set(before) == {2}
        blocks_that_overlap(counts)
        assert counts() == before


def blocks_that_overlap(counts: Callable[[], list[int]]) -> None:
    """Enter two blocks of one thread, and leave the first of them first."""
    # Blocks of two threads may overlap in any order. Here one thread enters both, since OpenBLAS may ignore a limit
    # that is not set by the main thread.
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert set(counts()) == {1}
    second.__exit__(None, None, None)


# -- negative controls: flags that all threads share --------------------------------------------------------
class Shared:
    """A context variable that all threads share."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def get(self) -> Any:
        return self.value

    def set(self, value: Any) -> Any:
        before, self.value = self.value, value
        return before

    def reset(self, before: Any) -> None:
        self.value = before


def test_a_shared_guard_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from freqnet.spaces import transforms

    monkeypatch.setattr(transforms, "_forbidden", Shared(False))
    with pytest.raises((AssertionError, TransformError)):
        test_state_belongs_to_a_thread()


# -- one function on several arrays ------------------------------------------------------------------------------
def test_long_calls_on_arrays_run_at_once_and_short_ones_in_turn() -> None:
    meeting = threading.Barrier(3)

    def meet(array: np.ndarray) -> None:
        # All three arrive, or none goes on.
        meeting.wait(LIMIT)
        array += thread_count()

    arrays = [np.zeros(1) for _ in range(3)]
    with thread_limit(3):
        in_threads(meet, arrays, [1e9] * 3)
    # Each call has one thread.
    assert [array.item() for array in arrays] == [1, 1, 1]
    seen: list[Any] = []
    with thread_limit(3):
        in_threads(lambda array: seen.append((array.item(), threading.get_ident())), [np.ones(1), np.zeros(1)], [1, 2])
    assert [value for value, _ in seen] == [0, 1]
    assert {thread for _, thread in seen} == {threading.get_ident()}


@pytest.mark.parametrize("cost", [1.0, 1e9])
def test_the_error_of_a_call_reaches_the_caller(cost: float) -> None:
    def fail(array: np.ndarray) -> None:
        raise ValueError(f"got {array.item()}")

    with thread_limit(2), pytest.raises(ValueError, match="got 0"):
        in_threads(fail, [np.zeros(1), np.zeros(1)], [cost, cost])
    in_threads(fail, [], [])


def test_muon_has_the_same_bits_with_any_number_of_threads() -> None:
    def stepped(threads: int) -> list[np.ndarray]:
        generator = np.random.default_rng(0)
        shapes = [(9, 32, 64), (64, 192), (7,), (576, 64)]
        own = [Tensor(generator.normal(size=shape), requires_grad=True) for shape in shapes]
        optimizer = Muon(own, matrices={"0", "1", "3"})
        with thread_limit(threads), one_blas_thread():
            for _ in range(2):
                for one in own:
                    one.grad = generator.normal(size=one.shape)
                optimizer.step()
        return [one.data for one in own]

    for one, several in zip(stepped(1), stepped(3), strict=True):
        np.testing.assert_array_equal(one, several)
