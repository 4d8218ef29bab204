"""
The network that a theory paper proposed
========================================

[Zhu2021]_ derives every layer of a convolutional network in the Fourier and in the Laplace domain, and names two gaps:
"the lack of corresponding numerical experiments, and the challenge of low practicability in the case of small
convolution kernel size". This page makes the experiments and measures the challenge. It builds the network of the
paper, layer by layer, in both domains, and trains it on scikit-learn's digits; then it measures convolutions of 1x1 to
13x13 taps.

Each statement of the paper has its own check in :doc:`/theory/going_deeper`, and :doc:`/fourier_or_laplace` compares
the two domains with other networks. The short answers: with the activations of the paper the network is less accurate
than a linear classifier of the pixels; with exact products it learns in both domains. Small kernels are no obstacle to
arithmetic, but on 27x27 samples the spectrum of a 3x3 kernel takes 84 times the memory of its taps.
"""

import argparse
import time
import warnings
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
import numpy as np
from freqnet.benchmarks.studies.store import EXAMPLES, Store
from freqnet.benchmarks.timing import threads
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from freqnet import nn, ops
from freqnet.audit import audit
from freqnet.autodiff import Op, Tensor, no_grad
from freqnet.data import load, split
from freqnet.errors import NetworkWarning
from freqnet.nn.module import Signal, layer
from freqnet.spaces import get_domain
from freqnet.training import Model, Settings, analyse, evaluate, fit

parser = argparse.ArgumentParser(description="The network that Zhu et al. (2021) proposed, in two domains.")
parser.add_argument("--full", action="store_true", help="train with five seeds and 30 epochs, and keep the results")
parser.add_argument("--epochs", type=int, default=None, help="epochs of every training")
parser.add_argument("--results", type=Path, default=EXAMPLES / "theory_prospect.json", help="file of results")
options, _ = parser.parse_known_args()
store = Store(options.results)
# Laplace domains tell that later convolutions are taken modulo the polynomial of the nodes.
warnings.simplefilter("ignore", NetworkWarning)

# %%
# The layers
# ----------
#
# Convolution is a product (Theorem 3.1, and 4.1 for Laplace), average pooling is a product with a sinc (Theorem 3.6),
# and a fully connected layer acts on all modes (section 3.4). The library has these. The paper replaces the activation
# by its Fourier or Laplace transform :math:`\hat\sigma`, and does not say how that acts on a spectrum. There are three
# readings:
#
# - as a **factor**: :math:`\hat\sigma(w) F(w)`. A product of spectra is a convolution, here with samples of the
#   sigmoid as its taps. It is linear.
# - on the **values**: :math:`\sigma` acts on each stored number, since :math:`\hat\sigma` has a pole where a mode is 0.
# - Theorem 3.5: the transform of ReLU is :math:`C\,\delta(w)`, so that nothing but the **mean** passes.
#
# None of them is :math:`\sigma` of the signal. A polynomial is, by exact **products**, in every domain.


@layer
@dataclass(eq=False)
class SigmoidFactor(nn.Module):
    """Multiply by the spectrum of a sigmoid that is sampled at five points per axis, from -4 to 4."""

    is_static = True

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        self.channels = incoming.channels
        return Signal(incoming.space.unbounded, incoming.channels)

    def forward(self, x: Tensor) -> Tensor:
        samples = expit(np.linspace(-4, 4, 5))
        taps = np.multiply.outer(samples, samples).ravel() / samples.sum() ** 2
        kernel = Tensor(np.repeat(taps[:, None, None], self.channels, axis=2).astype(self.precision))
        out = ops.convolve(x, ops.frequency_response(kernel, x.space, "taps", 5), 5, groups=self.channels)
        return out


sigmoid_of_values = Op(
    "sigmoid_of_values",
    forward=lambda x: Tensor(expit(x.data), x.space.unbounded),
    # The pairing of a gradient with values at nodes is the sum of products.
    vjps=(lambda g, out, x: Tensor(g.data * out.data * (1 - out.data), g.space),),
    cost=lambda out, x: out.data.size,
    source="a sigmoid of the value at each real node",
)


@layer
@dataclass(eq=False)
class SigmoidOfValues(nn.Module):
    """Apply the sigmoid to the value at each node of a real domain."""

    def _build(self, incoming: Signal, generator: np.random.Generator) -> Signal:
        return Signal(incoming.space.unbounded, incoming.channels)

    def forward(self, x: Tensor) -> Tensor:
        return sigmoid_of_values(x)


READINGS = {
    "fourier": {
        "factor": SigmoidFactor,
        "values": lambda: nn.RealImaginary("sigmoid"),
        "mean": lambda: nn.LowPass(0),
        "products": nn.Polynomial,
    },
    "laplace": {"factor": SigmoidFactor, "values": SigmoidOfValues, "products": nn.Polynomial},
    "grid": {"sigmoid of samples": lambda: nn.Pointwise("sigmoid"), "products": nn.Polynomial},
}


def network(domain, make, train, seed):
    """Return the network of the paper, untrained, with an activation."""
    layers = []
    for width in (16, 16):
        layers += [nn.Convolution(width, boundary="modulo", bias=False), nn.PowerNorm(), make()]
        layers.append(nn.AveragePool(2, stride=1, method="sinc" if domain == "fourier" else "dirichlet"))
    start = Model(domain).network(train)
    return nn.Network(start.door, nn.Sequential((*layers, nn.Dense(10))), seed, start.precision)


# %%
# Trained in both domains
# -----------------------
#
# Two stages of a convolution, a normalisation, an activation and an average, then the fully connected layer and the
# cross-entropy. The Grid domain has the network that the paper starts from: the same layers on samples, with the
# sigmoid itself. Spectra are transformed once, at the door.

data = load("digits")


def row_of(domain, name, seed, epochs):
    """Return a row of results: accuracy on the held-out part, and the verdict of the audit."""
    parts = split(data, validation=0, seed=seed)
    made = network(domain, READINGS[domain][name], parts.train, seed)
    fit(made, analyse(made, parts.train), settings=Settings(epochs=epochs, learning_rate=0.01, seed=seed))
    accuracy = evaluate(made, analyse(made, parts.test)).accuracy
    assert made.transforms_inside == 0
    found = audit(made, parts.test.images[:60])
    entries = {"domain": domain, "activation": name, "seed": seed, "epochs": epochs}
    return {**entries, "accuracy": accuracy, "verdict": found.verdict}


quick = [row_of(domain, name, 0, options.epochs or 8) for domain, names in READINGS.items() for name in names]
parts = split(data, validation=0, seed=0)
pixels = [part.images.reshape(len(part), -1) for part in (parts.train, parts.test)]
linear = LogisticRegression(max_iter=500).fit(pixels[0], parts.train.targets).score(pixels[1], parts.test.targets)
print(f"logistic regression of the pixels: {linear:.2%}")
for row in quick:
    print(f"{row['domain']:8s} {row['activation']:18s} {row['accuracy']:7.2%}   {row['verdict']}")
accuracy = {(row["domain"], row["activation"]): row["accuracy"] for row in quick}
verdict = {(row["domain"], row["activation"]): row["verdict"] for row in quick}
assert verdict["fourier", "factor"] == verdict["laplace", "factor"] == verdict["fourier", "mean"] == "affine"
assert verdict["fourier", "values"] == "mode-diagonal"
for domain in ("fourier", "laplace"):
    others = [accuracy[domain, name] for name in READINGS[domain] if name != "products"]
    assert options.epochs or accuracy[domain, "products"] > max(0.97, 0.01 + max(*others, linear))

# %%
# The network works, and in both domains, with one change: its activations are exact products. Read as a factor, the
# spectrum of the sigmoid makes one affine map of all layers. As a function of the values at single modes it cannot mix
# modes. In the Laplace domain a function of the values at nodes does mix modes, but it is not a function of the signal.
# At most one number per channel is left by :math:`C\,\delta(w)`.
#
# The full mode, ``python examples/theory_prospect.py --full``, trains 30 epochs from five seeds:

if options.full:
    for seed in range(5):
        for domain, names in READINGS.items():
            for name in names:
                epochs = options.epochs or 30
                if not store.has(domain=domain, activation=name, seed=seed, epochs=epochs):
                    store.add(row_of(domain, name, seed, epochs))
for domain, names in READINGS.items():
    for name in names:
        rows = store.rows(domain=domain, activation=name)
        scores = 100 * np.array([row["accuracy"] for row in rows])
        if len(scores):
            spread = f"{scores.mean():6.2f} % ({scores.min():.1f} to {scores.max():.1f}, {len(rows)} seeds)"
            verdicts = ", ".join(sorted({row["verdict"] for row in rows}))
            print(f"{domain:8s} {name:18s} {spread}   {verdicts}")

# %%
# Small kernels
# -------------
#
# "The size of the convolution kernel should be consistent with the size of the input feature maps": the spectrum of a
# kernel has as many numbers as the map. A convolution is measured on maps of 27x27 samples, with 16 channels in and out
# and 32 images, in three ways: with taps on samples, by a transform before and after each product, and by products of
# spectra that stay where they are. All give the same result.

SIDE, CHANNELS, IMAGES, SIZES = 27, 16, 32, (1, 3, 5, 7, 9, 11, 13)
DOMAINS = {"taps on samples": "grid", "a transform before and after": "grid-fft", "frequency domain": "fourier"}
generator = np.random.default_rng(0)
images = generator.normal(size=(IMAGES, SIDE, SIDE, CHANNELS)).astype(np.float32)


def measured(size):
    """Return the milliseconds of a convolution by each way, in turns, and those of the spectrum of its kernels."""
    taps = Tensor(generator.normal(size=(size**2, CHANNELS, CHANNELS)).astype(np.float32))
    calls, results = {}, []
    for name, domain in DOMAINS.items():
        x = ops.analysis(images, get_domain(domain)((SIDE, SIDE)))
        response = ops.frequency_response(taps, x.space, "taps", size)
        calls[name] = lambda x=x, response=response: ops.convolve(x, response, size)
        results.append(ops.synthesis(calls[name]()).data)
    assert all(np.abs(found - results[0]).max() < 1e-3 * results[0].std() for found in results)
    space = get_domain("fourier")((SIDE, SIDE))
    calls["spectrum of the kernels"] = lambda: ops.frequency_response(taps, space, "taps", size)
    if options.full and find_spec("torch"):
        calls["PyTorch, taps on samples"] = torch_convolution(taps.data, size)
    seconds = {name: [] for name in calls}
    for _ in range(25 if options.full else 7):
        for name, call in calls.items():
            begun = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - begun)
    return {name: 1e3 * median(values) for name, values in seconds.items()}


def torch_convolution(taps, size):
    """Return a function that computes the convolution with PyTorch, on one thread."""
    import torch

    torch.set_num_threads(1)
    x = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    x = torch.nn.functional.pad(x, 4 * (size // 2,), mode="circular")
    weight = torch.from_numpy(
        taps.reshape(size, size, CHANNELS, CHANNELS).transpose(3, 2, 0, 1)[..., ::-1, ::-1].copy()
    )
    return torch.inference_mode()(lambda: torch.nn.functional.conv2d(x, weight))


with no_grad(), threads(1):
    times = {size: measured(size) for size in SIZES}
if options.full:
    store.put(milliseconds=times)
modes = SIDE * (SIDE // 2 + 1)
print("taps    multiply-adds per value      numbers per kernel         milliseconds, one thread")
print("        samples  modes               taps   spectrum   ratio    " + ", ".join(times[1]))
for size in SIZES:
    row = "  ".join(f"{value:6.2f}" for value in times[size].values())
    print(
        f"{size:2d}x{size:<2d} {size**2 * CHANNELS:10d} {4 * modes * CHANNELS / SIDE**2:7.1f}  "
        f"{size**2:16d} {2 * modes:10d} {2 * modes / size**2:8.1f}    {row}"
    )

# %%
# So the remark is half right. A product per mode takes two multiply-adds per value and channel, where a kernel of 3x3
# taps takes nine: fewer for every kernel of more than one tap, as long as nothing is transformed. With a transform
# before and after each product, kernels of one tap do not pay, and those of 3x3 hardly. What a small kernel costs in
# the frequency domain is memory, and its spectrum, which is computed once per batch and can take as long as the
# product, for as few images as here; the times of the frequency domain leave it out. Fewer modes take less of both, and
# :doc:`an accelerator </gallery/accelerator_network>` can keep the taps and compute the spectrum when it is needed.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for name in times[1]:
    left.plot(SIZES, [times[size][name] for size in SIZES], "o-", label=name)
left.set(xlabel="taps along each axis", ylabel="milliseconds", yscale="log", xticks=SIZES, title="a convolution")
left.set(ylim=(0.05, 3e4))
left.legend(frameon=False, fontsize=8)
right.plot(SIZES, [size**2 for size in SIZES], "o-", label="taps")
right.plot(SIZES, [2 * modes for _ in SIZES], "o-", label="spectrum, 27x27 samples")
right.plot(SIZES, [2 * 9 * 5 for _ in SIZES], "o-", label="spectrum, 9x9 modes")
right.set(xlabel="taps along each axis", ylabel="numbers per kernel", yscale="log", xticks=SIZES, title="memory")
right.legend(frameon=False, fontsize=8)
plt.show()
