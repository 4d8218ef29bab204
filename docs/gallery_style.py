"""What the gallery of examples starts each example with."""

from __future__ import annotations

from typing import Any


def reset(settings: dict[str, Any], file: str) -> None:
    """Set the style of the other pictures, on white, and forget the claims and layers that an example registered."""
    import matplotlib
    from drawing import STYLE
    from freqnet.theory import registry

    from freqnet.nn import LAYERS

    matplotlib.use("agg")
    matplotlib.rcdefaults()
    matplotlib.rcParams.update({**STYLE, "savefig.transparent": False})
    registry._added.clear()
    for name in [name for name, layer in LAYERS.items() if not layer.__module__.startswith("freqnet.")]:
        del LAYERS[name]
