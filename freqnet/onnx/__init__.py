"""Networks as ONNX models: real arithmetic with standard operators, which other runtimes compute.

`freqnet.nn.Network.to_onnx` makes the model. Each op has a rule here that writes it as ONNX operators; `rule` adds
those of your own ops.
"""

from freqnet.onnx.graph import RULES, Graph, Rule, rule
from freqnet.onnx.model import Port, export
from freqnet.onnx.signals import linear_rule

__all__ = ["RULES", "Graph", "Port", "Rule", "export", "linear_rule", "rule"]
