"""From a file to leads: load, find the grid, square up, find the ink, follow the rows, name them, check."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.digitize import compose, doubts, image, inked, leads, trace, vector
from kalemia.digitize.layout import stated
from kalemia.digitize.page import Page
from kalemia.digitize.reading import Reading
from kalemia.digitize.result import Digitized
from kalemia.digitize.write import FORMATS
from kalemia.errors import DigitizeError, ReadError
from kalemia.read import Input, identify
from kalemia.read.formats import PDF
from kalemia.read.printed import Printed

Reals = NDArray[np.float64]
Pixels = NDArray[np.uint8]

MIN_ROW = 0.62
"""A row with less ink under its path than this share of the usual row's is a line of text."""
GOOD, CLEARLY = 0.7, 0.2
"""A page that scores more than the first, with a pulse or lawful limb leads, is not turned; turned, it must score
better by the second."""
DARK = 90
"""Where most of a page is darker than this, its trace may be white."""
INVERTED = "The page is dark with a bright trace; it was read with black and white exchanged."
STRETCHED = 0.03
"""A grid whose squares are by more than this higher than wide, or wider, is said to be."""
DPI, SPEED, GAIN = (20, 4000), (5, 200), (1, 80)
"""From which to which number options are accepted: dots per inch, mm/s, mm/mV."""
NO_GRID = "No grid is seen: the page is assumed to be even, at 25 mm/s and 10 mm/mV or at the dots per inch given."


def digitize(
    source: str | os.PathLike[str],
    *,
    layout: str = "auto",
    dpi: float | None = None,
    speed: float | None = None,
    gain: float | None = None,
) -> Digitized:
    """Read the ECG on an image, or on the first page of a PDF or TIFF that has one.

    Parameters
    ----------
    source
        A PNG, JPEG, TIFF, BMP, GIF, WebP or PDF file.
    layout
        "auto", or what stands on the page: rows x columns + rhythm strips, such as 3x4+1, 6x2, 12x1 or cabrera-3x4.
    dpi
        Dots per inch of a scan, for a page without a grid.
    speed, gain
        Of the paper, mm/s and mm/mV; by default as calibration pulses show them, else 25 and 10.

    Raises
    ------
    ReadError
        Where the file is no image, is damaged or cannot be opened: one sentence.
    DigitizeError
        Where no ECG is seen on it, or what was read cannot be trusted: one sentence.
    """
    return pages(source, layout=layout, dpi=dpi, speed=speed, gain=gain)[0]


def pages(
    source: str | os.PathLike[str],
    *,
    layout: str = "auto",
    dpi: float | None = None,
    speed: float | None = None,
    gain: float | None = None,
) -> list[Digitized]:
    """Read the ECGs on all pages of a file; parameters and errors are those of `digitize`.

    Of several pages those without an ECG are left out, and the first one's warnings say so; where none has one, the
    error is the first page's.
    """
    check_options(layout, dpi, speed=speed, gain=gain)
    said = Printed(layout, dpi, speed, gain)
    known = identify(source)
    try:
        return _pages(known, said)
    except (DigitizeError, ReadError) as exc:
        raise type(exc)(f"{known}: {exc}.") from exc.__cause__
    except OSError as exc:
        raise ReadError(f"{known}: the file cannot be opened ({exc.strerror or type(exc).__name__}).") from exc


def check_options(
    layout: str = "auto",
    dpi: float | None = None,
    form: str = "wfdb",
    speed: float | None = None,
    gain: float | None = None,
) -> None:
    """Raise a DigitizeError for a layout, a number or a format of files that there is not."""
    stated(layout)
    if form not in FORMATS:
        raise DigitizeError(f"format is {form!r:.40}; accepted are {' and '.join(FORMATS)}")
    for name, value, (low, high) in (("dpi", dpi, DPI), ("speed", speed, SPEED), ("gain", gain, GAIN)):
        if value is not None and not low <= value <= high:
            raise DigitizeError(f"{name} is {value}; {low} to {high} are accepted")


def _pages(source: Input, said: Printed) -> list[Digitized]:
    read: list[Digitized] = []
    problems: dict[int, DigitizeError] = {}
    for number, picture in enumerate(_pictures(source, said.dpi), 1):
        try:
            rgb, own_dpi, paths = picture()
            turned = _bright(rgb, replace(said, dpi=own_dpi), paths)
            read.append(compose.digitized(turned.rgb, turned.squared, turned.reading, str(source), number))
        except DigitizeError as exc:
            problems[number] = exc
    if not read:
        raise next(iter(problems.values()))
    left_out = (f"Page {number} of the file was left out: {exc}." for number, exc in problems.items())
    first = read[0].recording
    return [replace(read[0], recording=replace(first, warnings=(*first.warnings, *left_out))), *read[1:]]


Picture = tuple[Pixels, float | None, Sequence[Reals]]


def _pictures(source: Input, dpi: float | None) -> Iterator[Callable[[], Picture]]:
    """Yield what loads each page of a file: pixels, dots per inch where known, and traces that are drawn as paths.

    Loading may raise for that page alone: a TIFF has thumbnails, too small to be pages, beside scans.
    """
    path = source.kind.file
    if not source.format.page:
        raise ReadError(image.NO_PAGE)
    if source.format is PDF:
        for drawn in vector.load(path):
            picture = drawn.rgb, drawn.dpi, drawn.paths
            yield partial(_same, picture)
    else:
        for page in range(image.count(path)):
            yield partial(_loaded, path, page, dpi)


def _same(picture: Picture) -> Picture:
    return picture


def _loaded(path: Path, page: int, dpi: float | None) -> Picture:
    return image.load(path, page), dpi, ()


@dataclass(frozen=True, eq=False)
class _Turned:
    """A page as it was turned, uint8 (height, width, 3), the same squared up, and what was read on it."""

    rgb: Pixels
    squared: Page
    reading: Reading

    @property
    def upright(self) -> bool:
        """Whether it reads so well that it need not be turned again."""
        lawful = (self.reading.einthoven or 1) < doubts.LAWFUL
        return self.reading.score > GOOD and (self.reading.paper.pulse or lawful)


def _bright(rgb: Pixels, said: Printed, drawn: Sequence[Reals]) -> _Turned:
    """Read a page as it stands, or, where it is dark and cannot be read so, with black and white exchanged."""
    try:
        return _upright(rgb, said, drawn)
    except DigitizeError:
        if float(np.median(rgb.max(axis=2))) > DARK:
            raise
        try:
            turned = _upright(255 - rgb, said, drawn)
        except DigitizeError:
            turned = None
        if turned is None:
            raise
    return replace(turned, reading=replace(turned.reading, assumed=(*turned.reading.assumed, INVERTED)))


def _upright(rgb: Pixels, said: Printed, drawn: Sequence[Reals] = ()) -> _Turned:
    """Read a page as it stands, or turned where it cannot be read so or reads better."""
    best: _Turned | None = None
    problems: list[DigitizeError] = []
    once = inked.Turns(rgb, said.dpi)
    for turns in (0, 2, 1, 3):
        if turns % 2 and best is not None and best.reading.score > GOOD:
            break
        if not once.worth(turns):
            continue
        try:
            lines = [_quarters(line, turns, rgb.shape[1], rgb.shape[0]) for line in drawn]
            lines = [line for line in lines if vector.forward(line) >= vector.MIN_FORWARD]
            turned = _read(np.rot90(rgb, turns), said, lines, partial(once.turned, turns))
        except DigitizeError as exc:
            problems.append(exc)
            continue
        if best is None or turned.reading.score > best.reading.score + CLEARLY:
            best = turned
        if best.upright:
            break
    if best is None:
        raise problems[0]
    if reason := doubts.of_limb_leads(best.reading):
        raise DigitizeError(reason)
    return best


def _quarters(line: Reals, turns: int, width: float, height: float) -> Reals:
    """Return a path, (points, 2) px, on its page of `width` x `height` px after quarter turns counterclockwise."""
    for _ in range(turns):
        line = np.stack([line[:, 1], width - line[:, 0]], -1)
        width, height = height, width
    return line if vector.forward(line) > 0.5 else line[::-1]


def _read(
    rgb: Pixels, said: Printed, drawn: Sequence[Reals], found: Callable[[], inked.Inked] | None = None
) -> _Turned:
    """Read one page as it stands; its grid and ink may have been `found` before."""
    seen = found() if found is not None else inked.of(rgb, said.dpi)
    squared = seen.squared
    paths = trace.trace(seen.ink, squared.scale)
    if paths is None:
        raise DigitizeError("no row of an ECG trace is seen")
    lines = [np.stack(squared.place(line[:, 0], line[:, 1]), -1) for line in drawn]
    reading = leads.read(paths.of_quality(MIN_ROW), squared.scale, said.layout, lines, said)
    if squared.grid.strength == 0:
        reading = replace(reading, assumed=(*reading.assumed, NO_GRID))
    if abs(squared.grid.stretch - 1) > STRETCHED:
        reading = replace(reading, assumed=(*reading.assumed, _stretched(squared.grid.stretch)))
    if reason := doubts.of_page(reading):
        raise DigitizeError(reason)
    return _Turned(seen.rgb, squared, reading)


def _stretched(share: float) -> str:
    longer, much = ("higher than wide", share) if share > 1 else ("wider than high", 1 / share)
    return f"The squares of the grid are {much - 1:.0%} {longer}: each direction is measured by its own lines."
