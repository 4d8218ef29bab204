"""The sources of the claims and their numbered items; a test checks that each item has a claim."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A source of claims.

    Attributes
    ----------
    key : str
        Name used by the claims, and by the reference list of the documentation.
    label : str
        Short name for tables.
    title : str
        Title with authors and year.
    link : str
        Web address.
    equations : int
        Number of numbered equations, which count from 1.
    items : tuple of str
        Numbered theorems, definitions and algorithms.
    note : str
        Remark on the text that the claims were taken from.
    """

    key: str
    label: str
    title: str
    link: str = ""
    equations: int = 0
    items: tuple[str, ...] = ()
    note: str = ""

    def numbered(self) -> list[str]:
        """Return all numbered items: theorems, definitions, algorithms and equations.

        >>> PAPERS["rippel2015"].numbered()[:4]
        ['Algorithm 1', 'Algorithm 2', 'Equation 1', 'Equation 2']
        """
        return [*self.items, *(f"Equation {n}" for n in range(1, self.equations + 1))]


PAPERS = {
    paper.key: paper
    for paper in (
        Paper(
            "pan2021",
            "arXiv 2108.05690",
            "Going Deeper in Frequency Convolutional Neural Network: A Theoretical Perspective (2021)",
            "https://arxiv.org/abs/2108.05690",
            equations=63,
            items=(
                *(f"Definition {n}" for n in range(1, 5)),
                *(f"Theorem 3.{n}" for n in range(1, 7)),
                *(f"Theorem 4.{n}" for n in range(1, 4)),
            ),
            note="The displayed formulas were not available: they are reconstructed from the paper's prose, "
            "its theorems and the numbers of its equations.",
        ),
        Paper(
            "rippel2015",
            "Rippel 2015",
            "O. Rippel, J. Snoek, R. P. Adams: Spectral Representations for Convolutional Neural Networks (2015)",
            "https://arxiv.org/abs/1506.03767",
            equations=4,
            items=("Algorithm 1", "Algorithm 2"),
            note="Its equations 5 to 7 describe architectures of networks; there is nothing to prove.",
        ),
        Paper(
            "ko2017",
            "Ko 2017",
            "J. H. Ko, B. Mudassar, T. Na, S. Mukhopadhyay: Design of an Energy-Efficient Accelerator for Training of "
            "Convolutional Neural Networks using Frequency-Domain Computation (2017)",
            note="The paper is known here only through the other sources.",
        ),
        Paper(
            "keras",
            "Keras report",
            "V. Kalmath, A. Saxena, A. Sinha: a student re-implementation of Spectral Representations for "
            "Convolutional Neural Networks, in Keras",
            items=("Algorithm 1", "Algorithm 2"),
            note="Its third algorithm draws the cut-off of a truncation at random; there is nothing to prove.",
        ),
        Paper(
            "dsp76875",
            "DSP 76875",
            "Frequency pooling: a question and its answers on the signal-processing question site",
            "https://dsp.stackexchange.com/questions/76875",
        ),
    )
}
