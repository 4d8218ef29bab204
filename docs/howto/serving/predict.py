"""Name the class of samples with ONNX Runtime: ``python predict.py model.onnx samples.json``."""

import json
import sys

import numpy as np
import onnxruntime


def load(path):
    """Return a session, and the facts that freqnet wrote into the model."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    return session, {name: json.loads(value) for name, value in facts.items()}


def predict(session, facts, samples):
    """Return the class and its probability for each of the samples (batch, *grid, channels)."""
    array = np.asarray(samples)
    if array.dtype.kind in "iu":  # whole numbers, such as pixels
        array = array / (facts["full_scale"] or 1)
    (logits,) = session.run(["outputs"], {"samples": array.astype(facts["precision"])})
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return [(facts["output_names"][row.argmax()], float(row.max())) for row in shares]


if __name__ == "__main__":
    model, file = sys.argv[1:]
    with open(file, encoding="utf-8") as text:
        examples = json.load(text)
    for name, share in predict(*load(model), examples):
        print(f"{name} {share:.3f}")
