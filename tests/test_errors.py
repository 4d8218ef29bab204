"""Messages of errors: one printable line, whatever a user or a file has put into them."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from freqnet import nn
from freqnet.data import from_arrays
from freqnet.errors import LONGEST_TEXT, LONGEST_WORD, DataWarning, echo, got_expected, reason, warn
from freqnet.spaces import get_domain
from freqnet.training import Model


@given(st.text(st.characters(), max_size=3).map(lambda s: s * 200) | st.text(st.characters(), max_size=50))
def test_every_text_becomes_one_printable_line(text: str) -> None:
    for line in (echo(text), got_expected(text, text, text, text), reason(ValueError(text))):
        assert line.isprintable()
    assert len(echo(text)) <= LONGEST_TEXT
    assert len(got_expected("band", text, "5", "pass band=5")) < LONGEST_TEXT + 60


@pytest.mark.parametrize("length", [0, 1, LONGEST_WORD - 1, LONGEST_WORD])
def test_short_texts_stay_whole(length: int) -> None:
    text = "".join(chr(97 + i % 26) for i in range(length))
    assert echo(text) == text
    assert echo(f"{text}/{text} {text}/{text}") == f"{text}/{text} {text}/{text}"


def test_the_middle_of_a_long_text_is_left_out() -> None:
    found = echo("start" + "x" * 1000 + "end")
    assert (len(found), found[:5], found[-3:], found.count("...")) == (LONGEST_WORD, "start", "end", 1)
    assert len(echo("\x1b " * 10**6)) == LONGEST_TEXT


def test_escapes_of_the_terminal_and_line_breaks_do_not_come_through() -> None:
    assert echo("a\n  b\x1b[31mred\u202e\ud800\t") == "a b\\x1b[31mred\\u202e\\ud800\\t"


def test_long_arguments_come_back_short() -> None:
    for call in (
        lambda: get_domain("f" * 500),
        lambda: nn.Polynomial("t" * 500).initial,
        lambda: nn.Door("x" * 500, (8,), (3,), 1),
    ):
        with pytest.raises(ValueError, match="got") as caught:
            call()
        assert len(str(caught.value)) < 400


def test_a_warning_names_the_line_that_called_the_library(recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("always")
    warn("direct", DataWarning)
    from_arrays(np.full((4, 8), 1.0), [0, 1, 0, 1])
    wrong = Model(modes=3, widths=(2,)).network(from_arrays(np.random.default_rng(0).normal(size=(8, 8)), [0, 1] * 4))
    wrong.predict(np.full((1, 8, 1), 1e6))
    assert len(recwarn) == 3
    assert {Path(own.filename) for own in recwarn} == {Path(__file__)}
