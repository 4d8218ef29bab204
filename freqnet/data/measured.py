"""Spectra as they are measured (k-space): their conventions, and datasets of them. Nothing is transformed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod, sqrt
from typing import Any

import numpy as np

from freqnet.checks import shown
from freqnet.data.arrays import check_samples_first
from freqnet.data.dataset import Dataset, validate
from freqnet.data.layouts import CHANNELS, SAMPLES, Layout, arrange, choose_layout
from freqnet.data.oddities import tell_oddities
from freqnet.errors import ConfigurationError, DataError, DataWarning, did_you_mean, got_expected, warn
from freqnet.spaces.transforms import pass_door
from freqnet.tasks import Task, get_task
from freqnet.values import compact, describe_not_finite

NORMS = ("backward", "ortho", "forward")
IMAGES = ("complex", "real")
TARGETS = ("spectra", "images")
# What each word of a convention says.
_WORDS: dict[str, dict[str, Any]] = {
    **{norm: {"norm": norm} for norm in NORMS},
    **{image: {"image": image} for image in IMAGES},
    "centred": {"centred": True},
    "image-centred": {"image_centred": True},
    "half": {"half": True},
    "half-odd": {"half": True, "odd": True},
    "masked": {"masked": True},
    "unmasked": {"masked": False},
}
# Shares of power: of what is not symmetric in the spectra of real images, and of the mode -1 beside the mode 1.
_SYMMETRIC, _ASYMMETRIC, _ONE_SIDED = 1e-3, 0.3, 0.01
# The largest power is at the zero frequency of the other order if it is so many times that of the stated one.
_PEAK = 4.0


@dataclass(frozen=True)
class Measured:
    """The convention of measured spectra, and what is known of the image that they belong to.

    A network takes real numbers, one for each frequency bin and channel. A spectrum Z(k) of a complex image is
    Z = A + iB with the spectra of the real and of the imaginary part of the image, A(k) = (Z(k) + conj Z(-k)) / 2 and
    B(k) = (Z(k) - conj Z(-k)) / 2i: two real channels per coil. Their numbers are Re A(k) - Im A(k), with the bin 0 in
    the middle of each axis and the norm "ortho". `bins` computes them bin by bin, without a transform, and `spectra` is
    its inverse.

    Parameters
    ----------
    norm : {"backward", "ortho", "forward"}
        By what the spectra were divided: 1 (as `numpy.fft.fft` does by default), the square root of the number of
        bins, or this number.
    centred : bool
        Whether the zero frequency is in the middle of each axis, at index ``n // 2``; else at index 0.
    half : bool
        Whether the last axis has the frequencies of 0 and above only, as from `numpy.fft.rfftn`. It is not centred.
    odd : bool
        Whether the images of half spectra have an odd number of points along the last axis.
    image : {"complex", "real"}
        Whether the image is complex, or known to be real, as it always is of half spectra. Of spectra of real images,
        both measurements of a pair k and -k are averaged, or the one that was made counts for both.
    image_centred : bool
        Whether the origin of the image is in its middle, at index ``n // 2``, as in fastMRI; else at index 0. This
        matters only where images are computed or given.
    masked : bool, optional
        Whether channels with the mask of what was measured follow those of the spectra [in fields only].

    Raises
    ------
    ConfigurationError
        A field is not usable.

    Examples
    --------
    >>> image = np.random.default_rng(0).normal(size=(1, 8, 7, 1)) + 1j
    >>> convention = Measured("ortho", centred=True)
    >>> spectra = np.fft.fftshift(np.fft.fft2(image, axes=(1, 2), norm="ortho"), axes=(1, 2))
    >>> bins = convention.bins(spectra)
    >>> bins.shape
    (1, 8, 7, 2)
    >>> bool(np.allclose(convention.spectra(bins), spectra)), bool(np.allclose(convention.images(bins), image))
    (True, True)
    """

    norm: str = "backward"
    centred: bool = False
    half: bool = False
    odd: bool = False
    image: str = "complex"
    image_centred: bool = False
    masked: bool | None = None

    def __post_init__(self) -> None:
        if self.half and self.image == "complex":
            object.__setattr__(self, "image", "real")
        for name, known in (("norm", NORMS), ("image", IMAGES)):
            if getattr(self, name) not in known:
                todo = did_you_mean(getattr(self, name), known, f"pass {name}={known[0]!r}")
                raise ConfigurationError(got_expected(name, shown(getattr(self, name)), " or ".join(known), todo))
        for name in ("centred", "half", "odd", "image_centred"):
            if not isinstance(getattr(self, name), bool):
                got, todo = shown(getattr(self, name)), f"pass {name}=True"
                raise ConfigurationError(got_expected(name, got, "True or False", todo))
        if self.odd and not self.half:
            todo = "leave odd out: a full spectrum tells its size"
            raise ConfigurationError(got_expected("odd", "True", "False unless half=True", todo))

    def __str__(self) -> str:
        """The words of the convention, as `read_measured` takes them."""
        words = [self.norm, self.image]
        words += [name.replace("_", "-") for name in ("centred", "image_centred") if getattr(self, name)]
        words += ["half-odd" if self.odd else "half"] if self.half else []
        return ",".join(words + {None: [], True: ["masked"], False: ["unmasked"]}[self.masked])

    @property
    def parts(self) -> int:
        """Number of real channels per coil."""
        return 2 if self.image == "complex" else 1

    @property
    def masks(self) -> int:
        """Number of mask channels: as many as parts of an image, where there are some."""
        return self.parts if self.masked else 0

    # -- spectra to numbers ------------------------------------------------------------------------
    def bins(self, spectra: Any, mask: Any = None, what: str = "spectra") -> np.ndarray:
        """Return measured spectra as real numbers of frequency bins.

        Parameters
        ----------
        spectra : array_like
            Complex numbers ``(samples, *k, coils)`` in this convention.
        mask : array_like, optional
            True or 1 where a bin was measured, ``(*k,)``, ``(samples, *k)``, or any shape that broadcasts to it, such
            as lines ``(last k,)``. What was not measured becomes 0. Without it, everything was measured; with
            ``masked=True``, all that is not 0.
        what : str
            Name of the spectra, for messages.

        Returns
        -------
        ndarray
            ``(samples, *grid, channels)``: the real parts of the images of all coils, for complex images the imaginary
            parts of all coils, and the masks.

        Raises
        ------
        DataError
            The numbers are not complex, not finite or have no axis of bins, or the mask does not fit.
        """
        values = as_complex(spectra, what)
        is_known = None if mask is None else as_mask(mask, values.shape[:-1], what)
        if is_known is None and self.masked:
            is_known = (values != 0).any(axis=-1)
        if is_known is not None:
            values = np.where(is_known[..., None], values, 0)
        placed = self._placed(values)
        if is_known is None and not self.half:
            return self._numbers(placed, None)
        known = np.ones(values.shape[:-1], bool) if is_known is None else is_known
        return self._numbers(placed, self._placed(known[..., None]).astype(placed.real.dtype))

    def _numbers(self, z: np.ndarray, known: np.ndarray | None) -> np.ndarray:
        """Return the numbers of spectra with bin 0 in the middle, and those of the mask ``(samples, *grid, 1)``."""
        mirrored = reversed_bins(z)
        there = None if known is None else reversed_bins(known)
        # Those of both spectra: Re Z - Im Z, and Re conj Z(-k) - Im conj Z(-k).
        own, other = z.real - z.imag, mirrored.real + mirrored.imag
        factor = z.real.dtype.type(self._factor(z.shape[1:-1]))
        if self.image == "complex":
            second = z.real + z.imag - mirrored.real + mirrored.imag
            channels = [(own + other) * (factor / 2), second * (factor / 2)]
        elif known is None or there is None:
            channels = [(own + other) * (factor / 2)]
        else:
            channels = [(own + other) * (factor / np.maximum(known + there, 1))]
        if self.masked and known is not None and there is not None:
            is_complex = self.image == "complex"
            channels += [(known + there) / 2, (known - there) / 2] if is_complex else [np.maximum(known, there)]
        return np.concatenate(channels, axis=-1)

    def _factor(self, grid: Sequence[int]) -> float:
        """Return the factor from this norm to "ortho"."""
        root = sqrt(prod(grid))
        return {"backward": 1 / root, "ortho": 1.0, "forward": root}[self.norm]

    def grid_of(self, bins: tuple[int, ...]) -> tuple[int, ...]:
        """Return the number of points of an image along each axis, from the number of stored bins."""
        return (*bins[:-1], 2 * bins[-1] - 2 + self.odd) if self.half else tuple(bins)

    def _placed(self, values: np.ndarray) -> np.ndarray:
        """Return numbers of bins with bin 0 in the middle of each axis, and 0 where half a spectrum is missing."""
        axes = range(1, values.ndim - 1 - self.half)
        if not self.centred:
            values = np.roll(values, [values.shape[axis] // 2 for axis in axes], axes)
        if not self.half:
            return values
        *before, count, coils = values.shape
        (size,) = self.grid_of((count,))
        out = np.zeros((*before, size, coils), values.dtype)
        upper = (size - 1) // 2 + 1
        out[..., size // 2 : size // 2 + upper, :] = values[..., :upper, :]
        if upper < count:
            # The Nyquist bin of an even size is the first one.
            out[..., 0, :] = values[..., -1, :]
        return out

    # -- numbers to spectra and images ------------------------------------------------------------
    def spectra(self, bins: np.ndarray) -> np.ndarray:
        """Return complex spectra in this convention: the inverse of `bins`.

        Parameters
        ----------
        bins : ndarray
            Numbers ``(samples, *grid, channels)``, such as the outputs of a network for a field, without masks: see
            `without_mask`.

        Returns
        -------
        ndarray
            ``(samples, *k, coils)``.
        """
        z = self._complex(np.asarray(bins)) / self._factor(bins.shape[1:-1])
        axes = range(1, z.ndim - 1 - self.half)
        if self.half:
            size = z.shape[-2]
            nyquist = z[..., :1, :] if size % 2 == 0 else z[..., :0, :]
            z = np.concatenate([z[..., size // 2 :, :], nyquist], axis=-2)
        return z if self.centred else np.roll(z, [-(z.shape[axis] // 2) for axis in axes], axes)

    def images(self, bins: np.ndarray) -> np.ndarray:
        """Return the images ``(samples, *grid, coils)`` of numbers of bins without masks, by one transform each.

        Images are for a look and for measures of images; no network needs them. They are real where the image is known
        to be real, else complex.
        """
        pass_door("synthesis")
        axes = tuple(range(1, np.ndim(bins) - 1))
        z = self._complex(np.asarray(bins))
        images = np.fft.ifftn(np.fft.ifftshift(z, axes), axes=axes, norm="ortho")
        images = np.fft.fftshift(images, axes) if self.image_centred else images
        return images if self.image == "complex" else images.real

    def bins_of_images(self, images: Any) -> np.ndarray:
        """Return the numbers of bins of images ``(samples, *grid, coils)``, by one transform each; there are no masks.

        It serves for targets that are images, and for simulated measurements.
        """
        pass_door("analysis")
        values = np.asarray(images)
        axes = tuple(range(1, values.ndim - 1))
        values = np.fft.ifftshift(values, axes) if self.image_centred else values
        z = np.fft.fftshift(np.fft.fftn(values, axes=axes, norm="ortho"), axes)
        found = Measured("ortho", centred=True, image=self.image)._numbers(z, None)
        is_single = values.dtype in (np.float32, np.complex64)
        return found.astype(np.float32) if is_single else found

    def _complex(self, bins: np.ndarray) -> np.ndarray:
        """Return the complex spectra of numbers of bins, with bin 0 in the middle and the norm "ortho"."""
        mirrored = reversed_bins(bins)
        spectra = (bins + mirrored) / 2 + 1j * (mirrored - bins) / 2
        if self.image == "real":
            return spectra
        count = bins.shape[-1] // 2
        return spectra[..., :count] + 1j * spectra[..., count:]

    def without_mask(self, bins: np.ndarray) -> np.ndarray:
        """Return numbers of bins without the channels of the mask."""
        return bins[..., : bins.shape[-1] - self.masks]

    def mask_of(self, bins: np.ndarray) -> np.ndarray:
        """Return where bins were measured, ``(samples, *grid)``, with bin 0 in the middle; everywhere without masks."""
        if not self.masks:
            return np.ones(bins.shape[:-1], bool)
        return bins[..., bins.shape[-1] - self.masks :].sum(axis=-1) > 0.5


def read_measured(text: Any) -> Measured:
    """Return the convention that words state, such as ``"centred,ortho"``.

    Parameters
    ----------
    text : str or Measured
        Words with commas between them: ``backward``, ``ortho`` or ``forward``; ``complex`` or ``real``; ``centred``;
        ``image-centred``; ``half`` or ``half-odd``; ``masked`` or ``unmasked``. `Measured` describes them.

    Raises
    ------
    ConfigurationError
        A word is not known, or two words contradict each other.

    Examples
    --------
    >>> read_measured("centred,ortho")
    Measured(norm='ortho', centred=True, half=False, odd=False, image='complex', image_centred=False, masked=None)
    """
    if isinstance(text, Measured):
        return text
    if not isinstance(text, str):
        todo = "pass measured='centred,ortho'"
        raise ConfigurationError(got_expected("measured", shown(text), "words", todo))
    chosen: dict[str, Any] = {}
    for word in filter(None, (part.strip() for part in text.lower().split(","))):
        if word not in _WORDS:
            todo = did_you_mean(word, _WORDS, "pass measured='centred,ortho'")
            raise ConfigurationError(got_expected("measured", repr(word), " or ".join(_WORDS), todo))
        for name, value in _WORDS[word].items():
            if chosen.get(name, value) != value:
                todo = "leave one of them out"
                raise ConfigurationError(got_expected("measured", repr(text), "words that agree", todo))
            chosen[name] = value
    if chosen.get("half") and chosen.get("image") == "complex":
        todo = "leave complex out: half spectra belong to real images"
        raise ConfigurationError(got_expected("measured", repr(text), "words that agree", todo))
    return Measured(**chosen)


def reversed_bins(values: np.ndarray) -> np.ndarray:
    """Return numbers ``(samples, *grid, channels)`` of bins with those of k and -k exchanged; bin 0 is in the middle.

    >>> reversed_bins(np.arange(4).reshape(1, 4, 1)).ravel()
    array([0, 3, 2, 1])
    """
    axes = range(1, values.ndim - 1)
    even = [axis for axis in axes if values.shape[axis] % 2 == 0]
    return np.roll(np.flip(values, tuple(axes)), [1] * len(even), even)


def as_complex(spectra: Any, what: str) -> np.ndarray:
    """Return measured spectra as an array of complex numbers in the machine's byte order.

    Raises
    ------
    DataError
        They are not complex, not finite, or have fewer than three axes.
    """
    array = np.asarray(spectra)
    names = array.dtype.names
    if names is not None and len(names) == 2:
        # MATLAB 7.3 stores real and imaginary parts as two fields.
        array = array[names[0]] + 1j * array[names[1]]
    if array.dtype.kind != "c":
        got, todo = f"numbers of {array.dtype}", "pass real + 1j * imaginary parts; images go to from_arrays"
        raise DataError(got_expected(what, got, "complex numbers, as a scanner measures them", todo))
    kept = array.astype(np.complex64 if array.dtype.itemsize == 8 else np.complex128, copy=False)
    if kept.ndim < 3 or 0 in kept.shape:
        todo = "add the missing axis, as spectra[..., None]"
        raise DataError(got_expected(what, f"shape {kept.shape}", "(samples, *k, coils)", todo))
    if not np.isfinite(kept).all():
        got = describe_not_finite(kept)
        raise DataError(got_expected(what, got, "finite numbers", "set what was not measured to 0, and pass a mask"))
    return kept


def as_mask(mask: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Return a mask as truth values of all samples and bins."""
    values = np.asarray(mask)
    if values.dtype.kind not in "biuf" or not np.isin(values, (0, 1)).all():
        got = f"values of {values.dtype}" if values.dtype.kind not in "biuf" else f"values such as {values.max():.4g}"
        todo = "pass mask > 0 of the weights, say"
        raise DataError(got_expected(f"mask of {what}", got, "1 where a bin was measured, else 0", todo))
    try:
        return np.broadcast_to(values.astype(bool), shape)
    except ValueError:
        expected = f"{shape[1:]} or {shape}, or a shape that broadcasts to these"
        todo = "pass the mask of these spectra"
        raise DataError(got_expected(f"mask of {what}", f"shape {values.shape}", expected, todo)) from None


# -- datasets ------------------------------------------------------------------------------------------
def from_spectra(
    spectra: Any,
    y: Any,
    measured: Measured | str = "",
    *,
    mask: Any = None,
    layout: Layout = None,
    classes: Sequence[str] | None = None,
    name: str = "spectra",
    official_test: int = 0,
    task: Task | str = "classification",
    targets: str | None = None,
) -> Dataset:
    """Return a checked dataset of spectra as they were measured. Nothing is transformed.

    Parameters
    ----------
    spectra : array_like
        Complex numbers, ``(samples, *k)`` or ``(samples, *k, coils)`` unless a layout says otherwise.
    y : array_like
        Targets, as the task reads them. For a field: complex spectra in the same convention, or images.
    measured : Measured or str
        The convention, also as words such as ``"centred,ortho"``: see `read_measured`.
    mask : array_like, optional
        Where bins were measured, as `Measured.bins` takes it: in the order of axes of the spectra, without coils.
    layout : str, optional
        Names of the axes of the spectra, such as ``"n c y x"``: ``n`` counts samples, ``c`` coils. By default the
        sizes tell, as in `from_arrays`.
    classes : sequence of str, optional
        Names of classes, labels, numbers or channels.
    name : str
        Name of the dataset in reports.
    official_test : int
        Number of samples at the end that form the test set [0].
    task : Task or str
        What the targets are: classification [default], multi-label, regression, or field.
    targets : {"spectra", "images"}, optional
        What the targets of a field are [images if they are real numbers, else spectra]. Images are transformed once,
        here.

    Returns
    -------
    Dataset
        Its ``stored`` numbers are those of `Measured.bins`, and its ``measured`` is the convention. Targets of a field
        are such numbers too.

    Raises
    ------
    DataError
        The spectra are not complex or not finite, the mask or the targets do not fit, the axes can be read in several
        ways, or a full spectrum is said to be half.
    ConfigurationError
        The convention, the layout or the task is not usable.

    Warns
    -----
    DataWarning
        The zero frequency seems to be elsewhere, a spectrum seems to be half, or not that of a real image; or a value
        lies far outside all others, or samples are equal.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> kspace = np.fft.fft2(rng.normal(1, 1, (20, 16, 16)))
    >>> from_spectra(kspace, ["cat", "dog"] * 10, "real")
    Dataset('spectra', samples=20, grid=(16, 16), channels=1, classes=2, measured='backward,real,unmasked')
    """
    kind, how, what = get_task(task), read_measured(measured), f"spectra of {name}"
    how = replace(how, masked=kind.is_field if how.masked is None and mask is not None else bool(how.masked))
    array = np.asarray(spectra)
    if layout is None:
        check_samples_first(array.shape, y, what)
    used = choose_layout(array.shape, layout, what)
    values = as_complex(arrange(array, used), what)
    is_known = known_bins(mask, used, values.shape[:-1], what)
    tell_convention(values, how, is_known, what)
    grid = how.grid_of(values.shape[1:-1])
    wanted = _field_targets(y, used, how, targets, grid, name) if kind.is_field else y
    named = _channel_names(wanted, how) if kind.is_field and classes is None else classes
    read, names = kind.read(wanted, named, name)
    stored = compact(how.bins(values, is_known, what))
    dataset = Dataset(name, stored, read, names, official_test, layout=used, task=kind, measured=how)
    return tell_oddities(validate(dataset))


def known_bins(mask: Any, layout: str, shape: tuple[int, ...], what: str) -> np.ndarray | None:
    """Return where bins were measured, ``(samples, *k)``, by a mask with the axes of a layout without coils."""
    if mask is None:
        return None
    values, names = np.asarray(mask), [axis for axis in layout.split() if axis != CHANNELS]
    if SAMPLES in names and names.index(SAMPLES) and values.ndim == len(names):
        values = np.moveaxis(values, names.index(SAMPLES), 0)
    return as_mask(values, shape, what)


def _field_targets(
    y: Any, layout: str, how: Measured, targets: str | None, grid: tuple[int, ...], name: str
) -> np.ndarray:
    """Return the targets of a field as numbers of bins."""
    what, array = f"targets of {name}", np.asarray(y)
    kind = ("spectra" if array.dtype.kind == "c" else "images") if targets is None else targets
    if kind not in TARGETS:
        raise ConfigurationError(got_expected("targets", repr(kind), " or ".join(TARGETS), "pass targets='images'"))
    names = layout.split()
    if CHANNELS in names and array.ndim == len(names) - 1:
        names.remove(CHANNELS)
    if array.ndim != len(names) or array.dtype.kind not in "biufc":
        got = f"{array.dtype} of shape {array.shape}"
        raise DataError(
            got_expected(what, got, f"{kind} with the axes of the spectra, {layout}", "pass one per sample")
        )
    values = arrange(array, " ".join(names))
    whole = replace(how, masked=False)
    if kind == "spectra":
        return whole.bins(values, what=what)
    if values.shape[1:-1] != grid:
        got, expected = f"images of {values.shape[1:-1]} points", f"{grid}, as many as the spectra have bins"
        raise DataError(
            got_expected(what, got, expected, "a part of an image is another field of view: pass the whole")
        )
    if how.image == "real" and values.dtype.kind == "c":
        raise DataError(got_expected(what, "complex images", "real ones, as image='real' says", "pass targets.real"))
    return whole.bins_of_images(values if values.dtype.kind in "fc" else values.astype(np.float32))


def _channel_names(bins: np.ndarray, how: Measured) -> list[str]:
    """Return the names of the channels of a field."""
    coils = bins.shape[-1] // how.parts
    parts = ("real", "imaginary") if how.parts == 2 else ("",)
    return [f"{part}{coil if coils > 1 or not part else ''}" for part in parts for coil in range(coils)]


def units_of_bins(bins: np.ndarray, measured: Measured) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and the deviation of each channel of images, from numbers of bins, by Parseval.

    Both parts of a complex image have one deviation, so that their ratio stays; masks have 0 and 1.

    Parameters
    ----------
    bins : ndarray
        ``(samples, *grid, channels)``, with the masks of the convention.
    measured : Measured

    Examples
    --------
    >>> images = np.arange(6.0).reshape(1, 6, 1)
    >>> how = Measured(image="real")
    >>> offset, scale = units_of_bins(how.bins_of_images(images), how)
    >>> bool(np.isclose(offset[0], images.mean()) and np.isclose(scale[0], images.std()))
    True
    """
    grid = bins.shape[1:-1]
    count = bins.shape[-1] - measured.masks
    zero = bins[(slice(None), *(n // 2 for n in grid))][:, :count].astype(np.float64)
    mean = zero.mean(axis=0) / sqrt(prod(grid))
    power = np.array([np.mean(np.square(bins[..., channel]), dtype=np.float64) for channel in range(count)])
    variance = np.maximum(power - mean**2, 0).reshape(measured.parts, -1).mean(axis=0)
    deviation = np.tile(np.sqrt(variance), measured.parts)
    # As small as rounding errors counts as none.
    is_constant = deviation <= 8 * np.finfo(np.float32).eps * np.sqrt(power)
    scale = np.where(is_constant, 1.0, deviation)
    return (*mean.tolist(), *[0.0] * measured.masks), (*scale.tolist(), *[1.0] * measured.masks)


# -- conventions that are probably wrong ---------------------------------------------------------------
def tell_convention(values: np.ndarray, how: Measured, is_known: np.ndarray | None, what: str) -> None:
    """Warn of spectra ``(samples, *k, coils)`` that do not look like those of a convention.

    Raises
    ------
    DataError
        Full spectra of real images are said to be half.
    """
    over = (0, values.ndim - 1)
    power = np.asarray(np.sum(np.square(np.abs(values)), axis=over, dtype=np.float64))
    if is_known is not None:
        power = power * is_known.any(axis=0)
    _tell_order(power, how, what)
    if how.half:
        _refuse_full(values, how, what)
    elif how.image == "real":
        _tell_asymmetry(values, how, is_known, what)
    elif is_known is None:
        _tell_half(power, how, what)


def _zero_at(shape: tuple[int, ...], centred: bool, half: bool) -> tuple[int, ...]:
    """Return the place of the zero frequency."""
    at = [n // 2 if centred else 0 for n in shape]
    return (*at[:-1], 0) if half else tuple(at)


def _tell_order(power: np.ndarray, how: Measured, what: str) -> None:
    """Warn if the largest power is where the zero frequency of the other order would be."""
    own, other = (_zero_at(power.shape, centred, how.half) for centred in (how.centred, not how.centred))
    peak = tuple(int(i) for i in np.unravel_index(int(np.argmax(power)), power.shape))
    if peak == other != own and power[peak] > _PEAK * power[own]:
        got, expected = f"the largest power at index {peak}", f"at the zero frequency, {own}"
        todo = f"pass centred={not how.centred}, if the zero frequency is {'at index 0' if how.centred else 'there'}"
        warn(got_expected(what, got, expected, todo), DataWarning)


def _tell_asymmetry(values: np.ndarray, how: Measured, is_known: np.ndarray | None, what: str) -> None:
    """Warn if spectra are not those of real images, as far as both bins of a pair were measured."""
    whole = values if is_known is None else np.where(is_known[..., None], values, 0)
    placed = replace(how, half=False, odd=False)._placed(whole)
    mirrored = reversed_bins(placed)
    both = (placed != 0) & (mirrored != 0)
    # The zero frequency is its own mirror image, and mostly has the largest power.
    both[(slice(None), *(n // 2 for n in placed.shape[1:-1]))] = False
    total = float(np.sum(np.square(np.abs(placed)), where=both, dtype=np.float64))
    if total and np.sum(np.square(np.abs(placed - mirrored.conj())), where=both) / 2 > _ASYMMETRIC * total:
        got, todo = "spectra that are not symmetric", "check centred and half, or pass image='complex'"
        warn(got_expected(what, got, "Z(-k) = conj Z(k), as of real images", todo), DataWarning)


def _tell_half(power: np.ndarray, how: Measured, what: str) -> None:
    """Warn if the last axis seems to have frequencies of 0 and above only."""
    size = power.shape[-1]
    along = power.reshape(-1, size).sum(axis=0)
    zero = size // 2 if how.centred else 0
    if size > 4 and along[zero - 1] < _ONE_SIDED * along[zero + 1]:
        share = along[zero - 1] / along[zero + 1]
        got, todo = f"{share:.1g} times the power of mode 1 at mode -1 of the last axis", "pass half=True, if it is"
        warn(got_expected(what, got, "a full spectrum, with modes below 0", todo), DataWarning)


def _refuse_full(values: np.ndarray, how: Measured, what: str) -> None:
    """Raise `DataError` if half spectra are symmetric along their last axis, as full ones are."""
    others = list(range(1, values.ndim - 2)) if not how.centred else []
    for last in ([], [values.ndim - 2]):
        # As a full spectrum with bin 0 in the middle, whose last axis may be in either order.
        axes = [*others, *last]
        placed = np.roll(values, [values.shape[axis] // 2 for axis in axes], axes)
        mirrored = reversed_bins(placed)
        total = np.sum(np.square(np.abs(placed)), dtype=np.float64)
        if np.sum(np.square(np.abs(placed - mirrored.conj())), dtype=np.float64) < _SYMMETRIC * total:
            got, todo = f"a last axis of {values.shape[-2]} bins with modes below 0", "pass half=False"
            raise DataError(got_expected(what, got, "half spectra, without these", todo))
