# ruff: noqa: RUF001 (the characters are the purpose of this module)
r"""Formulas in Unicode, for terminals: TeX between dollar signs becomes plain characters.

pylatexenc (2.11) was compared on all formulas of the claims. It drops the braces of exponents, indices and
denominators, and the bars of norms: $c_{n+1}$ becomes ``c_n+1``, $\frac{1}{2N}$ ``1/2N``, and $\|f\|^2$ ``f^2``. Such
formulas, which are a quarter of all, then say something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LETTERS = {
    "alpha": "α", "beta": "β", "delta": "δ", "epsilon": "ε", "eta": "η", "theta": "θ", "mu": "μ", "pi": "π", "rho": "ρ",
    "sigma": "σ", "tau": "τ", "phi": "ϕ", "varphi": "φ", "psi": "ψ", "kappa": "κ", "lambda": "λ", "gamma": "γ",
    "omega": "ω", "nu": "ν", "xi": "ξ", "chi": "χ", "zeta": "ζ", "Phi": "Φ", "Gamma": "Γ", "Delta": "Δ", "Sigma": "Σ",
    "Omega": "Ω", "Lambda": "Λ", "ell": "ℓ", "infty": "∞", "partial": "∂", "nabla": "∇", "ldots": "…", "lfloor": "⌊",
    "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "langle": "⟨", "rangle": "⟩", "|": "‖", "%": "%", "{": "{", "}": "}",
    "pm": "±", "mp": "∓",
}  # fmt: skip
_BETWEEN = {
    "cdot": "·", "times": "×", "odot": "⊙", "circledast": "⊛", "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠",
    "ne": "≠", "to": "→", "mapsto": "↦", "in": "∈", "equiv": "≡", "approx": "≈", "subset": "⊂", "quad": "",
}  # fmt: skip
_SPACES = {",": " ", ";": " ", ":": " ", " ": " ", "!": ""}
_LARGE = {"sum": "∑", "int": "∫", "prod": "∏"}
_NAMES = {"Re": "Re", "Im": "Im", "lim": "lim", "sup": "sup", "max": "max", "min": "min"} | {
    name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "ln", "det", "arg")
}
_ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
_RAISED = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzKMNT",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴷᴹᴺᵀ",
        strict=True,
    )
)
_LOWERED = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
# Between a letter and the name of a function.
_TOUCHING = r"(?<=[\wα-ωΑ-Ω)\]])(?<!sin)(?<!cos)(?<!tan)(?=(?:sin|cos|tan)h?\b|(?:log|ln|max|min)\b)"
_TOKEN = re.compile(r"\\[a-zA-Z]+ ?|\\.|.", re.DOTALL)


def in_unicode(text: str) -> str:
    r"""Return a text in which the TeX between dollar signs is written in Unicode.

    >>> in_unicode(r"$\frac{1}{2\pi} \int_0^\infty e^{-iwx}\,dx \geq \sqrt{N + 1}$, for $X_k$.")
    '1/(2π) ∫[0…∞] e⁻ⁱʷˣ dx ≥ √(N + 1), for Xₖ.'
    """
    pieces = text.split("$")
    return "".join(_Reader(piece).formula() if index % 2 else piece for index, piece in enumerate(pieces))


class _Reader:
    """Reads one formula, token by token."""

    def __init__(self, tex: str) -> None:
        self._tokens = _TOKEN.findall(" ".join(tex.split()))
        self._at = 0

    def formula(self) -> str:
        written = re.sub(_TOUCHING, " ", "".join(self._parts("")))
        written = re.sub(r" {2,}", " ", written).strip()
        return re.sub(r"(?<=[(\[⟨]) | (?=[)\],.⟩⌋])", "", written)

    def _parts(self, end: str) -> Iterator[str]:
        """Yield the written parts up to the token `end`."""
        while self._at < len(self._tokens):
            token = self._next()
            if token == end:
                return
            yield self._written(token)

    def _next(self) -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else ""
        self._at += 1
        return token

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _argument(self) -> str:
        """Return the next group, or the next token alone."""
        while self._peek() == " ":
            self._at += 1
        token = self._next()
        return "".join(self._parts("}")).strip() if token == "{" else self._written(token)

    def _written(self, token: str) -> str:
        if not token.startswith("\\"):
            return self._character(token)
        name = token[1:].rstrip(" ") or " "
        # TeX needs the space that ends a name; readers need it in front of an operator only.
        end = " " if token.endswith(" ") and self._peek()[:1] in tuple("+-=<>") else ""
        if name in _LETTERS:
            return _LETTERS[name] + end
        if name in _BETWEEN:
            return f" {_BETWEEN[name]} "
        if name in _SPACES:
            return _SPACES[name]
        if name in _LARGE:
            return _LARGE[name] + self._limits()
        if name in _ACCENTS:
            return self._accented(_ACCENTS[name])
        if name == "overline":
            return f"conj({self._argument()})"
        if name == "sqrt":
            return f"√{_grouped(self._argument())}"
        if name == "frac":
            return self._fraction()
        if name == "binom":
            return f"C({self._argument()}, {self._argument()})"
        word = self._argument() if name in ("mathrm", "operatorname", "text") else _NAMES.get(name, name)
        # A name is separated from a letter or a number that follows.
        return f"{word} " if len(word) > 1 and _starts_word(self._peek()) else word + end

    def _character(self, token: str) -> str:
        if token == "{":
            return "".join(self._parts("}"))
        if token == "^":
            return _shifted(self._argument(), _RAISED, "^")
        if token == "_":
            return _shifted(self._argument(), _LOWERED, "_")
        return {"-": "−", "'": "′", "~": " "}.get(token, token)

    def _limits(self) -> str:
        """Return the limits of a sum or an integral."""
        limits = {}
        while self._peek() in ("_", "^"):
            mark = self._next()
            limits[mark] = self._argument()
        if "_" in limits and "^" in limits:
            return f"[{limits['_']}…{limits['^']}]" + self._gap()
        low = limits.get("_", "")
        lowered = low if not low else _shifted(low, _LOWERED, "_")
        return (f"[{low}]" if lowered.startswith("_") else lowered) + self._gap()

    def _gap(self) -> str:
        return "" if self._peek() == " " else " "

    def _accented(self, accent: str) -> str:
        inside = self._argument()
        return inside[:1] + accent + inside[1:]

    def _fraction(self) -> str:
        above, below = self._argument(), self._argument()
        is_derivative = re.fullmatch(r"[d∂]\w?", above) and below[:1] in ("d", "∂")
        written = f"{_grouped(above, products=True)}/{below if is_derivative else _grouped(below)}"
        return f"{written} " if _starts_word(self._peek()) or self._peek() in ("[", "(") else written


def _starts_word(token: str) -> bool:
    """Return whether the written token would touch a name in front of it."""
    name = token[1:].rstrip(" ")
    starts = name in _LETTERS and name not in ("|", "%", "rfloor", "rceil", "rangle", "ldots")
    commands = {*_NAMES, *_LARGE, *_ACCENTS, "overline", "sqrt", "frac", "mathrm"}
    return token[:1].isalnum() or (token.startswith("\\") and (starts or name in commands))


def _grouped(text: str, products: bool = False) -> str:
    """Put parentheses around what is not a single number, name or, if allowed, product."""
    single = r"[\d.]+|\w\u0302?\u0304?[′₀-₉ₐ-ₜᵢⱼ⁰-⁹²³ⁿ]*"
    outside = text
    while "(" in outside and outside != (outside := re.sub(r"\([^()]*\)", "", outside)):
        pass
    is_product = products and outside and not re.search(r"[ +−/=]", outside)
    return text if re.fullmatch(single, text) or is_product else f"({text})"


def _shifted(text: str, table: dict[str, str], mark: str) -> str:
    """Raise or lower a text where Unicode has the characters, else write the mark in front of it."""
    plain = text.replace("−", "-").replace(" ", "")
    if plain and all(c in table for c in plain):
        return "".join(table[c] for c in plain)
    return f"{mark}{text}" if len(text) == 1 or text == "−∞" else f"{mark}({text})"
