"""What a training would take on other data and with more processes: time, memory and traffic, from measured rates."""

from __future__ import annotations

import math
import platform
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from freqnet.checks import is_finite, is_whole, shown
from freqnet.data import Split
from freqnet.errors import ConfigurationError, got_expected, reason
from freqnet.experiments.execute import Begun, untrained
from freqnet.experiments.job import Job
from freqnet.experiments.work import peak_bytes
from freqnet.kernels.threads import WORTH_DIVIDING, core_count, one_blas_thread, thread_limit
from freqnet.processes import spawned
from freqnet.training import analyse, evaluate
from freqnet.training.files import write_json
from freqnet.training.fit import Run
from freqnet.training.parallel import default_shards
from freqnet.training.parallel.gradients import PartialGradients, Shards

# Shares of a batch that are measured, and samples of the evaluation.
_SHARES, _EVALUATED = (1 / 32, 1 / 8, 1 / 4, 1 / 2, 1.0), 1000
# Bytes per second and seconds per message between machines where nothing is said: Ethernet of 10 Gbit/s.
BANDWIDTH, LATENCY = 1.25e9, 5e-5
# Seconds per message between processes of one machine, most of which is Python and waking up: fitted to trainings of
# small networks by Open MPI.
_NEAR = 5e-4
# Samples of each part of the short run that shows how much memory a training takes.
_FEW = 1000
# Numbers of a file of rates by which others are divided.
_ABOVE_0 = ("cores", "samples", "kept", "epochs", "batch", "copying")
# Samples beyond which products with other numbers may no longer be finite.
_MOST_IMAGES = 1e18
# Bytes in memory per sample on disk: target, place, what the checks keep of it, place in a shuffled order.
_ON_DISK = 250


@dataclass(frozen=True)
class Times:
    """Seconds that numbers of examples take, with lines between them.

    Parameters
    ----------
    examples : tuple of int
        In rising order.
    seconds : tuple of float

    Examples
    --------
    >>> times = Times((10, 20, 40), (1.0, 1.5, 3.5))
    >>> times.of(15), times.of(30), times.of(80), times.of(5)
    (1.25, 2.5, 7.5, 0.75)
    """

    examples: tuple[int, ...]
    seconds: tuple[float, ...]

    def of(self, count: float) -> float:
        """Return the seconds that examples take; the outer lines go on beyond the outer numbers."""
        if len(self.examples) == 1:
            return self.seconds[0] * count / self.examples[0]
        pairs = list(zip(pairwise(self.examples), pairwise(self.seconds), strict=True))
        (a, b), (start, end) = next((pair for pair in pairs if count <= pair[0][1]), pairs[-1])
        return start + (end - start) * (count - a) / (b - a)


# More than 8 fields: what the model knows of a machine, a network and its data, each measured.
@dataclass(frozen=True)
class Rates:
    """What was measured of a training on a machine.

    Attributes
    ----------
    machine : str
    cores : int
        Cores that a process may use.
    dataset : str
    samples, kept : int
        Samples of the data, and of the training part.
    epochs, batch : int
        Those of the training.
    on_disk : bool
        Whether the samples stay in their files.
    whole : Times
        Loss and gradient of one process with its usual threads.
    part : Times
        Loss and gradient of the slowest of as many processes as cores, with one thread each.
    optimizer, optimizer_shared : float
        Seconds per step of the optimiser, in the two cases.
    divided, longest : float
        Seconds per step of what several processes divide of the optimiser, and of the longest piece of it.
    matrices : int
        Bytes of what they divide.
    addition : float
        Seconds that adding one vector of gradients to another takes.
    copying : float
        Bytes per second that a process copies while the others do.
    preparation : float
        Seconds of reading, checks and door, per sample.
    prediction : float
        Seconds per sample of an evaluation.
    vector : int
        Bytes of the gradients and statistics.
    sample, spectrum : int
        Bytes of a sample as it is stored, and of its spectrum.
    workspace : int
        Bytes of a process at its peak beside samples and spectra.
    """

    machine: str
    cores: int
    dataset: str
    samples: int
    kept: int
    epochs: int
    batch: int
    on_disk: bool
    whole: Times
    part: Times
    optimizer: float
    optimizer_shared: float
    divided: float
    longest: float
    matrices: int
    addition: float
    copying: float
    preparation: float
    prediction: float
    vector: int
    sample: int
    spectrum: int
    workspace: int

    def save(self, path: str | Path) -> None:
        """Write the rates to a JSON file."""
        write_json(Path(path), asdict(self))

    @classmethod
    def load(cls, path: str | Path) -> Rates:
        """Read the rates from a file of `save`.

        Raises
        ------
        ConfigurationError
            The file is missing, or is not one of rates.
        """
        import msgspec

        try:
            rates = msgspec.json.decode(Path(path).read_bytes(), type=cls)
            rates._check()
            return rates
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            todo = "write one with freqnet plan DATA --save-rates FILE on the machine that is to train"
            raise ConfigurationError(got_expected(f"rates {path}", reason(error), "a file of rates", todo)) from error

    def _check(self) -> None:
        """Raise `ValueError` for numbers that nobody can have measured."""
        for own in fields(self):
            value = getattr(self, own.name)
            if isinstance(value, Times):
                rising = [0, *value.examples]
                if len(rising) < 2 or len(value.seconds) != len(value.examples) or np.any(np.diff(rising) <= 0):
                    raise ValueError(f"{own.name} without a time for each of some rising numbers of examples")
                if not all(is_finite(n) and n > 0 for n in value.seconds):
                    raise ValueError(f"{own.name} with times of {value.seconds}")
            elif isinstance(value, (int, float)) and (value < 0 or (value == 0 and own.name in _ABOVE_0)):
                raise ValueError(f"{own.name} = {value}")
        if self.kept > self.samples:
            raise ValueError(f"kept = {self.kept} of {self.samples} samples")

    def data_bytes(self, samples: int) -> int:
        """Return the bytes of a process that depend on the number of samples."""
        if self.on_disk:
            return _ON_DISK * samples
        # All samples, their parts, which are copies, and the spectra of the training part.
        return round(samples * (2 * self.sample + self.spectrum * self.kept / self.samples))


@dataclass(frozen=True)
class Cluster:
    """The processes that are to train.

    Parameters
    ----------
    processes : int
    machines : int, optional
        Machines that share the processes [as many as have a core for each].
    bandwidth : float
        Bytes per second between two machines.
    latency : float
        Seconds per message between two machines.

    Raises
    ------
    ConfigurationError
        A number is not finite and above 0, or processes or machines are no whole number.
    """

    processes: int = 1
    machines: int | None = None
    bandwidth: float = BANDWIDTH
    latency: float = LATENCY

    def __post_init__(self) -> None:
        for name in ("processes", "machines"):
            value = getattr(self, name)
            if (value is not None or name == "processes") and (not is_whole(value) or value < 1):
                expected, todo = "a whole number of 1 or more", f"pass {name}=4"
                raise ConfigurationError(got_expected(name, shown(value), expected, todo))
        for name, works in (("bandwidth", BANDWIDTH), ("latency", LATENCY)):
            value = getattr(self, name)
            if not is_finite(value) or value <= 0:
                todo = f"pass {name}={works:g}"
                raise ConfigurationError(got_expected(name, shown(value), "a number above 0", todo))


# More than 8 fields: one flat object per row of the table.
@dataclass(frozen=True)
class Forecast:
    """What a training takes.

    Attributes
    ----------
    processes, machines, shards : int
    images, epochs, steps : int
        Samples of the data, passes, and steps in all.
    step : float
        Seconds of a step.
    exchange : float
        Seconds of it that the exchange of gradients takes.
    preparation : float
        Seconds before the first step: reading, checks and door.
    seconds : float
        Seconds in all, the test at the end included.
    efficiency : float
        Speed, divided by the number of cores and by the speed of one process with one thread, while all cores are busy.
    memory : int
        Bytes of one process at its peak.
    machine_memory : int
        Bytes of all processes of a machine.
    traffic : int
        Bytes that a process sends per step.
    spectra : int
        Bytes of all spectra, which are on disk where there is a cache.
    """

    processes: int
    machines: int
    shards: int
    images: int
    epochs: int
    steps: int
    step: float
    exchange: float
    preparation: float
    seconds: float
    efficiency: float
    memory: int
    machine_memory: int
    traffic: int
    spectra: int


def forecast(rates: Rates, cluster: Cluster | None = None, images: float | None = None) -> Forecast:
    """Return what a training takes.

    Each process reads all data, and each batch is divided among the processes: see `freqnet.training.MPITeam`.

    Parameters
    ----------
    rates : Rates
    cluster : Cluster, optional
        By default one process.
    images : float, optional
        Samples of the data [those of the rates].

    Raises
    ------
    ConfigurationError
        The number of images is not finite and 1 or more.
    """
    cluster = cluster or Cluster()
    if images is not None and (not is_finite(images) or not 1 <= images <= _MOST_IMAGES):
        expected = f"a number from 1 to {_MOST_IMAGES:.0e}"
        raise ConfigurationError(got_expected("images", shown(images), expected, "pass images=1e9"))
    count, p = rates.samples if images is None else round(images), cluster.processes
    # No machine is without a process.
    machines = min(p, cluster.machines or math.ceil(p / rates.cores))
    here = math.ceil(p / machines)
    steps = rates.epochs * math.ceil(count * rates.kept / rates.samples / rates.batch)
    shards = 1 if p == 1 else default_shards(p)
    own, traffic, exchange = -(-shards // p), 0, 0.0
    # Processes that share a core wait for each other.
    waiting = max(1.0, here / rates.cores)
    if p == 1:
        step = rates.whole.of(rates.batch) + rates.optimizer
    else:
        traffic = round((rates.vector * (own + 1) + rates.matrices) * (p - 1) / p)
        exchange = _exchange(rates, cluster, machines, waiting, traffic) + waiting * rates.addition * shards / p
        optimizer = rates.optimizer_shared - rates.divided + max(rates.longest, rates.divided / p)
        step = waiting * (own * rates.part.of(rates.batch / shards) + optimizer) + exchange
    alone = rates.part.of(rates.batch) + rates.optimizer_shared
    preparation = rates.preparation * count * waiting
    test = rates.prediction * count * (1 - rates.kept / rates.samples)
    memory = rates.workspace + rates.data_bytes(count)
    return Forecast(
        *(p, machines, shards, count, rates.epochs, steps, step, exchange, preparation),
        seconds=preparation + steps * step + test,
        efficiency=alone / ((rates.cores if p == 1 else p) * step),
        memory=memory,
        machine_memory=here * memory,
        traffic=traffic,
        spectra=count * rates.spectrum,
    )


def _exchange(rates: Rates, cluster: Cluster, machines: int, waiting: float, traffic: int) -> float:
    """Return the seconds that sending the pieces of the gradients takes; messages go one after another."""
    # Figures, pieces of parts, and pieces of the sum: one message each to every other process.
    messages = 3 * (cluster.processes - 1)
    if machines == 1:
        # Through memory that two processes share: in and out.
        return 2 * traffic / rates.copying * waiting + messages * _NEAR
    return traffic * math.ceil(cluster.processes / machines) / cluster.bandwidth + messages * cluster.latency


# -- measuring -------------------------------------------------------------------------------------------------
def measure_rates(job: Job, tell: Callable[[str], object] = lambda what: None, seconds: float = 0.8) -> Rates:
    """Measure a training on this machine, for some seconds.

    One process with its usual threads measures steps on whole batches; then as many processes as cores, with one thread
    each, measure parts of batches at the same time.

    Parameters
    ----------
    job : Job
        The choices of the training.
    tell : callable
        Gets a line about each measurement before it begins.
    seconds : float
        Seconds of each of about twenty measurements.

    Raises
    ------
    ConfigurationError, DataError, CheckpointError
        As `freqnet.experiments.run` does.
    """
    # Mistakes are told by this process.
    untrained(job)
    cores = core_count()
    tell("one process, with all its threads")
    with spawned(1) as executor:
        alone = executor.submit(_measure, job, None, seconds).result()
    # A process of its own, because peaks do not go down.
    tell("the memory of a short training")
    with spawned(1) as executor:
        peak = executor.submit(_peak, job).result()
    tell(f"{cores} processes at the same time")
    with spawned(cores, _wait_by, get_context("spawn").Barrier(cores)) as executor:
        shared = list(executor.map(_measure, [job] * cores, [1] * cores, [seconds] * cores))
    mean = lambda name: float(np.mean([getattr(found, name) for found in shared]))
    # In each step all processes wait for the slowest.
    slowest = tuple(map(float, np.max([found.part.seconds for found in shared], axis=0)))
    return replace(
        alone,
        part=Times(alone.part.examples, slowest),
        workspace=max(0, peak - alone.data_bytes(alone.samples)),
        optimizer_shared=mean("optimizer_shared"),
        divided=mean("divided"),
        longest=mean("longest"),
        addition=mean("addition"),
        copying=mean("copying"),
    )


_barrier: Any = None


def _wait_by(barrier: Any) -> None:
    global _barrier
    _barrier = barrier


def _measure(job: Job, threads: int | None, seconds: float) -> Rates:
    """Measure in a process of its own; with a number of threads, parts of batches while other processes do so too.

    What differs between the two is the same here in both places, and the memory is left out.
    """
    if threads is None:
        # The first time, libraries are loaded and tables are made.
        untrained(job)
    start = time.perf_counter()
    plan, network, train, parts = untrained(job)
    preparation = (time.perf_counter() - start) / plan.info["samples"]
    settings = replace(plan.settings, shards=1)
    run = Run.begin(network, settings, train)
    # The weights stay as they are.
    run.optimizer.learning_rate = 0.0
    gradients = PartialGradients(run)
    batch = min(settings.batch, len(train))
    timed = partial(_timed, seconds=seconds)
    counts = sorted({max(1, round(batch * share)) for share in _SHARES})
    with thread_limit(threads) if threads else nullcontext(), one_blas_thread():
        network.body.train()
        if _barrier is not None:
            _barrier.wait()
        step = _part_of(gradients) if threads else _step_of(run)
        order = np.random.default_rng(0).permutation(len(train))
        times = Times(tuple(counts), tuple(timed(step, np.resize(order, count)) for count in counts))
        numbers, other = (np.ones(gradients.length, gradients.dtype) for _ in range(2))
        large, target = np.ones(1 << 22), np.empty(1 << 22)
        optimizer = timed(lambda _: run.optimizer.step(settings.clip or math.inf), None)
        divided, longest, matrices = _divided(run, timed)
        addition = timed(lambda _: np.add(numbers, other, out=numbers), None)
        copying = large.nbytes / timed(lambda _: np.copyto(target, large), None)
        some = analyse(network, parts.train.take(np.arange(min(len(train), _EVALUATED))))
        prediction = timed(lambda _: evaluate(network, some), None) / len(some)
    one = train.array.take(range(1), axis=-2)
    return Rates(
        machine=platform.node() or "this machine",
        cores=core_count(),
        dataset=plan.info["dataset"],
        samples=plan.info["samples"],
        kept=len(train),
        epochs=settings.epochs,
        batch=settings.batch,
        on_disk=bool(plan.info["reading"]["on_disk"]),
        whole=times,
        part=times,
        optimizer=optimizer,
        optimizer_shared=optimizer,
        divided=divided,
        longest=longest,
        matrices=matrices,
        addition=addition,
        copying=copying,
        preparation=preparation,
        prediction=prediction,
        vector=numbers.nbytes,
        sample=parts.train.stored.nbytes // len(train),
        spectrum=one.nbytes,
        workspace=0,
    )


def _peak(job: Job) -> int:
    """Read all data, train on a few samples, write the files of a run, and return the bytes of the process at its peak.

    The memory that depends on the number of samples is taken before the training, as in a run.
    """
    begun = untrained(job)
    count, own = max(_FEW, begun.plan.settings.batch), begun.parts
    few = lambda part: part.take(np.arange(min(len(part), count)))
    parts = Split(few(own.train), None if own.validation is None else few(own.validation), few(own.test))
    # Steps so short that nothing can diverge, and no cache, which would hold these few samples only.
    changes: dict[str, dict[str, Any]] = {"settings": {"epochs": 1, "learning_rate": 1e-12}, "reading": {"cache": None}}
    info = begun.plan.info
    info = info | {group: {**info.get(group, {}), **values} for group, values in changes.items()}
    with tempfile.TemporaryDirectory() as folder:
        plan = replace(begun.plan, folder=Path(folder), info=info)
        train = analyse(begun.network, parts.train)
        validation = None if parts.validation is None else analyse(begun.network, parts.validation)
        run = Begun(plan, parts, begun.network, train, validation, resume=False, lock=None, job=job)
        run.finish(run.fit())
    return peak_bytes() or 0


def _divided(run: Run, timed: Callable[[Any, Any], float]) -> tuple[float, float, int]:
    """Return the seconds of a step of the optimiser that processes divide, of its longest piece, and its bytes."""
    pieces: list[tuple[float, int]] = []

    def measured(
        function: Callable[[np.ndarray], object], arrays: Sequence[np.ndarray], costs: Sequence[float]
    ) -> None:
        if sum(costs) >= WORTH_DIVIDING:
            # Copies, because the pieces of a step of length 0 end as zeros, which take no time.
            pieces.extend((timed(lambda one: function(one.copy()), array), array.nbytes) for array in arrays)

    run.optimizer.each = measured
    run.optimizer.step(run.settings.clip or math.inf)
    seconds = [one for one, _ in pieces]
    return sum(seconds), max(seconds, default=0.0), sum(size for _, size in pieces)


def _step_of(run: Run) -> Callable[[np.ndarray], Any]:
    """Return what one process does in a step before the optimiser."""
    generator = np.random.default_rng(0)

    def step(indices: np.ndarray) -> None:
        examples = run.train.drawn(indices, generator, run.settings.augmentation)
        _, outputs = run.gradients(examples)
        run.task.running(outputs, examples.targets)

    return step


def _part_of(gradients: PartialGradients) -> Callable[[np.ndarray], Any]:
    """Return what a process of several does for its part of a batch."""
    return lambda indices: gradients.compute(Shards(0, 0, indices), [0])


def _timed(function: Callable[[Any], Any], argument: Any, seconds: float) -> float:
    """Return the mean time of calls, as a training takes their sum, after two that make plans and fill caches."""
    function(argument), function(argument)
    calls, start = 0, time.perf_counter()
    while calls < 3 or time.perf_counter() < start + seconds:
        function(argument)
        calls += 1
    return (time.perf_counter() - start) / calls
