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
    former_keys : tuple of str
        Keys that earlier versions used; they still work.
    page : str
        Page of the documentation, in its folder ``theory``, that lists the claims.
    """

    key: str
    label: str
    title: str
    link: str = ""
    equations: int = 0
    items: tuple[str, ...] = ()
    note: str = ""
    former_keys: tuple[str, ...] = ()
    page: str = ""

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
            "zhu2021",
            "Zhu 2021",
            "X. Zhu, Z. Cui, T. Zhang, Y. Li, J. Yang: Going Deeper in Frequency Convolutional Neural Network: A "
            "Theoretical Perspective (2021)",
            "https://arxiv.org/abs/2108.05690",
            equations=63,
            items=(
                *(f"Definition {n}" for n in range(1, 5)),
                *(f"Theorem 3.{n}" for n in range(1, 7)),
                *(f"Theorem 4.{n}" for n in range(1, 4)),
            ),
            note="The displayed formulas were not available: they are reconstructed from the paper's prose, "
            "its theorems and the numbers of its equations.",
            former_keys=("pan2021",),
            page="going_deeper",
        ),
        Paper(
            "rippel2015",
            "Rippel 2015",
            "O. Rippel, J. Snoek, R. P. Adams: Spectral Representations for Convolutional Neural Networks (2015)",
            "https://arxiv.org/abs/1506.03767",
            equations=4,
            items=("Algorithm 1", "Algorithm 2"),
            note="Its equations 5 to 7 describe architectures of networks; there is nothing to prove.",
            page="spectral_representations",
        ),
        Paper(
            "ko2017",
            "Ko 2017",
            "J. H. Ko, B. Mudassar, T. Na, S. Mukhopadhyay: Design of an Energy-Efficient Accelerator for Training of "
            "Convolutional Neural Networks using Frequency-Domain Computation (2017)",
            note="The paper is known here only through the other sources.",
            page="accelerator",
        ),
        Paper(
            "keras",
            "Keras report",
            "V. Kalmath, A. Saxena, A. Sinha: a student re-implementation of Spectral Representations for "
            "Convolutional Neural Networks, in Keras",
            items=("Algorithm 1", "Algorithm 2"),
            note="Its third algorithm draws the cut-off of a truncation at random; there is nothing to prove.",
            page="keras_report",
        ),
        Paper(
            "dsp76875",
            "DSP 76875",
            "Frequency pooling: a question and its answers on the signal-processing question site",
            "https://dsp.stackexchange.com/questions/76875",
            page="frequency_pooling",
        ),
        Paper(
            "trabelsi2018",
            "Trabelsi 2018",
            "C. Trabelsi et al.: Deep Complex Networks (2018)",
            "https://arxiv.org/abs/1705.09792",
            note="It defines activations of complex numbers; it does not say what they do to the bins of a spectrum.",
            page="functions_of_bins",
        ),
        Paper(
            "guan2019",
            "SpecNet 2019",
            "B. Guan, J. Zhang, W. A. Sethares, R. Kijowski, F. Liu: SpecNet: Spectral Domain Convolutional Neural "
            "Network (2019)",
            "https://arxiv.org/abs/1905.10915",
            note="Its text was not available; only the definition of its activation is used.",
            page="functions_of_bins",
        ),
        Paper(
            "guberman2016",
            "Guberman 2016",
            "N. Guberman: On Complex Valued Convolutional Neural Networks (2016)",
            "https://arxiv.org/abs/1602.09046",
            note="It defines an activation of complex numbers; it does not say what it does to the bins of a spectrum.",
            page="functions_of_bins",
        ),
    )
}

_CURRENT = {former: paper.key for paper in PAPERS.values() for former in paper.former_keys}


def current_key(key: str) -> str:
    """Return the key of a source; keys of earlier versions become those of today, others stay as they are.

    >>> current_key("pan2021"), current_key("own")
    ('zhu2021', 'own')
    """
    return _CURRENT.get(key, key)
