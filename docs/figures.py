"""Draw the pictures of these pages into ``_static``: run ``python docs/figures.py`` after changing one.

Every curve is computed by freqnet itself. The files are the same at every run with one version of matplotlib.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
from drawing import FIGURES, STYLE

FOLDER = Path(__file__).parent / "_static"
PAGES = ("house", "signals", "layers", "activations", "domains", "augmentation", "front")


def main() -> None:
    """Draw everything."""
    FOLDER.mkdir(exist_ok=True)
    for page in PAGES:
        import_module(f"figures_{page}")
    # Names on the command line choose some.
    for name in sys.argv[1:] or FIGURES:
        with matplotlib.rc_context(STYLE):
            drawn = FIGURES[name]()
            if name == "layers":  # for the README as well, on a page that may be dark
                drawn.savefig(FOLDER / "layers.png", dpi=150, facecolor="white", metadata={"Software": None})
            else:
                drawn.savefig(FOLDER / f"{name}.svg", metadata={"Date": None, "Creator": None})
            plt.close(drawn)


if __name__ == "__main__":
    main()
