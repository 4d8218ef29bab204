"""A service that names the class of samples: ``python service.py RUN [PORT]``.

POST the samples as JSON, nested lists (batch, *grid, channels); the answer has a class and probabilities for each.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import softmax

from freqnet.errors import FreqnetError
from freqnet.training import load_checkpoint

MOST_BYTES = 10_000_000


class Service:
    """A trained network that is compiled for prediction, and the names of its classes."""

    def __init__(self, path: Path) -> None:
        checkpoint = load_checkpoint(path)
        network = checkpoint.restore()
        # A model that was saved from Python may lack the names of its classes.
        self.classes = checkpoint.info.get("classes", list(range(network.outputs)))
        self.network = network.compile()
        # The first call with a new size takes longer: make it before the first request.
        shape = 1, *network.door.grid, network.door.channels
        self.network(np.zeros(shape, np.float32))

    def answer(self, samples: Any) -> list[dict[str, Any]]:
        """Return the class and the probabilities of each sample."""
        array = np.asarray(samples)
        # Whole numbers stay whole: the network knows which of them stood for 1.
        if array.dtype == np.float64:
            array = array.astype(np.float32)
        rows = softmax(self.network(array), axis=1)
        return [{"class": self.classes[r.argmax()], "probabilities": r.tolist()} for r in rows]


class Handler(BaseHTTPRequestHandler):
    """One request: samples in, classes out."""

    service: Service

    def do_POST(self) -> None:
        try:
            length = int(self.headers["Content-Length"] or 0)
            if not 0 < length <= MOST_BYTES:
                raise ValueError(f"got {length} bytes, expected 1 to {MOST_BYTES}")
            samples = json.loads(self.rfile.read(length))
            status, content = 200, self.service.answer(samples)
        # The message of freqnet says what is wrong; a ValueError: no JSON, or no array.
        except (FreqnetError, ValueError, RecursionError) as error:
            status, content = 400, {"error": str(error)}
        self.reply(status, content)

    def reply(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *values: Any) -> None:
        """Keep the terminal quiet."""


def make_server(path: Path, port: int = 8000) -> ThreadingHTTPServer:
    """Return a server on this machine alone, with one thread per request and one network."""
    handler = type("BoundHandler", (Handler,), {"service": Service(path)})
    return ThreadingHTTPServer(("127.0.0.1", port), handler)


if __name__ == "__main__":
    make_server(Path(sys.argv[1]) / "model.safetensors", *map(int, sys.argv[2:3])).serve_forever()
