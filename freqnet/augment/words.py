"""Augmentations by words, such as ``mirror`` and ``brightness=0.2``, as settings and the command line have them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from freqnet.augment.base import Augmentation, Compose
from freqnet.augment.mixing import CutMix, Cutout, Mixup
from freqnet.augment.moves import Mirror, QuarterTurns, Shift
from freqnet.augment.values import Brightness, ColourMix, Contrast, LowPass, Noise
from freqnet.augment.warps import Rotate, Zoom
from freqnet.checks import listed, shown
from freqnet.errors import ConfigurationError, got_expected


class Word(NamedTuple):
    """An augmentation that has a word.

    Attributes
    ----------
    make : callable
        ``make()`` and ``make(amount)`` return the augmentation.
    amount : str
        What the amount is; empty if the word takes none.
    """

    make: Callable[..., Augmentation]
    amount: str


AUGMENTATIONS: dict[str, Word] = {}


def register_augmentation(word: str, make: Callable[..., Augmentation], amount: str = "") -> None:
    """Add an augmentation to the choices of `freqnet.training.Settings` and of ``freqnet train --augment``.

    Parameters
    ----------
    word : str
        Its word.
    make : callable
        ``make()`` and ``make(amount)`` return the augmentation, such as its class.
    amount : str
        What the amount is, for messages; empty if the word takes none.

    Raises
    ------
    ConfigurationError
        The word is taken, or has a comma or an equals sign.
    """
    if word in AUGMENTATIONS or not word or set(word) & set(",= "):
        got = f"{word!r}, which is taken" if word in AUGMENTATIONS else repr(word)
        expected, todo = "a new word without a comma, an equals sign or a space", "register it under another word"
        raise ConfigurationError(got_expected("augmentation", got, expected, todo))
    AUGMENTATIONS[word] = Word(make, amount)


def read_augmentation(text: str, allowed: Collection[str] | None = None) -> Augmentation:
    """Return the augmentation of a word and, after an equals sign, its amount.

    Parameters
    ----------
    text : str
        Such as ``"mirror"`` or ``"brightness=0.2"``.
    allowed : collection of str, optional
        Words that may be used [all].

    Raises
    ------
    ConfigurationError
        The word is not known, or the amount is out of its range.

    Examples
    --------
    >>> read_augmentation("brightness=0.3")
    Brightness(amount=0.3)
    """
    word, equals, amount = (part.strip() for part in str(text).partition("="))
    words = AUGMENTATIONS if allowed is None else allowed
    if word not in words:
        near = get_close_matches(word.lower(), words, 1)
        example = near[0] + equals + amount if near else "mirror,shift=2"
        todo = f"{f'did you mean {near[0]!r}? ' if near else ''}pass augment={shown(example, 40)}"
        expected = f"words among {', '.join(words)}"
        raise ConfigurationError(got_expected("augment", shown(word, 40), expected, todo))
    known = AUGMENTATIONS[word]
    if not equals:
        return known.make()
    if not known.amount:
        todo = f"pass augment={word!r}"
        raise ConfigurationError(got_expected(f"augment {word}", f"the amount {shown(amount, 40)}", "none", todo))
    try:
        number = float(amount)
    except ValueError:
        todo = f"pass a number, as in augment='{word}={_number(known.make())}'"
        raise ConfigurationError(
            got_expected(f"augment {word}", f"the amount {shown(amount, 40)}", known.amount, todo)
        ) from None
    return known.make(number)


def _number(change: Augmentation) -> str:
    """Return the default amount of an augmentation, its first field."""
    first = next(iter(vars(change).values()))
    return f"{first:g}"


def augmentation_words(given: Any, allowed: Collection[str] | None = None) -> tuple[str, ...] | None:
    """Return the words of augmentations as a tuple; None where nothing is said about them.

    Parameters
    ----------
    given : str, sequence of str, or None
        Words, or one text with commas between them. The word ``none`` alone stands for no words, which is not the same
        as None: a dataset may have augmentations of its own.
    allowed : collection of str, optional
        Words that may be used [all].

    Raises
    ------
    ConfigurationError
        They are no words, or one cannot be used.

    Examples
    --------
    >>> augmentation_words("mirror, shift=2"), augmentation_words(())
    (('mirror', 'shift=2'), ())
    """
    if given is None:
        return None
    words = tuple(given.split(",")) if isinstance(given, str) else listed(given)
    if words is None or not all(isinstance(word, str) for word in words):
        todo = "pass augment='mirror,shift=2'"
        raise ConfigurationError(got_expected("augment", shown(given), "a list of words", todo))
    words = tuple(word.strip() for word in words)
    words = () if words == ("none",) else words
    for word in words:
        read_augmentation(word, allowed)
    return words


def read_augmentations(words: Sequence[str] | None) -> Compose:
    """Return the augmentations of words, in their order.

    >>> read_augmentations(["mirror", "noise=0.1"]).members[1]
    Noise(amount=0.1)
    """
    return Compose([read_augmentation(word) for word in words or ()])


register_augmentation("mirror", Mirror, "a probability from 0 to 1")
register_augmentation("mirror-all", lambda p=0.5: Mirror(p, "all"), "a probability from 0 to 1")
register_augmentation("turns", QuarterTurns)
register_augmentation("shift", Shift, "a number of samples")
register_augmentation("brightness", Brightness, "a number of deviations")
register_augmentation("contrast", Contrast, "a number from 0 to 1")
register_augmentation("colour", ColourMix, "a number from 0 to 1")
register_augmentation("noise", Noise, "a number of deviations")
register_augmentation("lowpass", LowPass, "a share of the band from 0 to 1")
register_augmentation("rotate", Rotate, "a number of degrees from 0 to 180")
register_augmentation("zoom", Zoom, "a number from 0 to 1")
register_augmentation("cutout", Cutout, "a share of the sides from 0 to 1")
register_augmentation("mixup", Mixup, "a number from 0 to 100")
register_augmentation("cutmix", CutMix, "a number from 0 to 100")
