"""From a file to leads: load, find the grid, square up, find the ink, follow the rows, name them, check."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia import body
from kalemia.digitize import grid, heart, image, ink, leads, page, trace, ungridded, vector
from kalemia.digitize.layout import STANDARD, stated
from kalemia.digitize.leads import Lead, Reading
from kalemia.digitize.result import Digitized, Trace
from kalemia.digitize.write import FORMATS
from kalemia.errors import DigitizeError, ReadError
from kalemia.records import LEADS, Recording

Reals = NDArray[np.float64]
Pixels = NDArray[np.uint8]

MIN_ROW = 0.62
"""A row with less ink under its path than this share of the usual row's is a line of text."""
UNRELATED = 1.0
"""Leads that are none of the three together have a residual above this."""
MAX_MIXED = 0.4
"""Of rows of one lead no larger share changes its look."""
BEYOND_S = 0.7, 3.0
"""Traces that go on for longer after the last column are said to be left out, or to be those of another ECG."""
MIN_CLEAR = 0.25
LOST, MAX_LOST = 0.2, 2
"""A lead below this confidence is not there; more than so many such and the page is refused."""
MIN_CONFIDENCE = 0.35
UNCHECKED, FASTEST_BPM = 3, 200.0
"""Fewer leads obey no law. Text, chessboards and other patterns have more beats a minute than the second."""
LAWLESS, ALONE, MIN_NAMED, MOST_NAMED = 0.25, 0.5, 0.2, 0.5
"""Where a residual is above the first, or strips agree less than the second with leads, and labels name a smaller share
of the leads than the third, it is unknown which lead is where; twice the first needs the fourth. Upside down, I, II and
III are read, too."""
MAX_CONTRADICTED = 1
"""One label may be mistaken; more that name other leads are right."""
GOOD, CLEARLY, LAWFUL = 0.7, 0.2, 0.05
"""A page that scores more than the first, with a pulse or a residual below the third, is not turned; turned, it must
score better by the second."""
MM_PER_INCH = 25.4
NO_GRID = "No grid is seen: the page is assumed to be even, at 25 mm/s and 10 mm/mV or at the dots per inch given."
LABEL_MM, PULSE_MM = 8.5, 14.0
"""How far beside its row a label stands, and before or behind it a calibration pulse."""


def digitize(source: str | os.PathLike[str], *, layout: str = "auto", dpi: float | None = None) -> Digitized:
    """Read the ECG on an image, or on the first page of a PDF or TIFF that has one.

    Parameters
    ----------
    source
        A PNG, JPEG, TIFF, BMP, GIF, WebP or PDF file.
    layout
        "auto", or what stands on the page: rows x columns + rhythm strips, such as 3x4+1, 6x2, 12x1 or cabrera-3x4.
    dpi
        Dots per inch of a scan, for a page without a grid.

    Raises
    ------
    ReadError
        Where the file is no image, is damaged or cannot be opened: one sentence.
    DigitizeError
        Where no ECG is seen on it, or what was read cannot be trusted: one sentence.
    """
    return pages(source, layout=layout, dpi=dpi)[0]


def pages(source: str | os.PathLike[str], *, layout: str = "auto", dpi: float | None = None) -> list[Digitized]:
    """Read the ECGs on all pages of a file; parameters and errors are those of `digitize`.

    Of several pages those without an ECG are left out, and the first one's warnings say so; where none has one, the
    error is the first page's.
    """
    name = os.fspath(source)
    check_options(layout, dpi)
    try:
        return _pages(Path(name), name, layout, dpi)
    except (DigitizeError, ReadError) as exc:
        raise type(exc)(f"{name}: {exc}.") from exc.__cause__
    except OSError as exc:
        raise ReadError(f"{name}: the file cannot be opened ({exc.strerror or type(exc).__name__}).") from exc


def _pages(path: Path, name: str, wanted: str, dpi: float | None) -> list[Digitized]:
    found: list[Digitized] = []
    problems: dict[int, DigitizeError] = {}
    for number, picture in enumerate(_pictures(path, dpi), 1):
        try:
            rgb, own_dpi, paths = picture()
            found.append(_upright(rgb, name, number, wanted, own_dpi, paths))
        except DigitizeError as exc:
            problems[number] = exc
    if not found:
        raise next(iter(problems.values()))
    said = (f"Page {number} of the file was left out: {exc}." for number, exc in problems.items())
    first = found[0].recording
    return [replace(found[0], recording=replace(first, warnings=(*first.warnings, *said))), *found[1:]]


Picture = tuple[Pixels, float | None, Sequence[Reals]]


def _pictures(path: Path, dpi: float | None) -> Iterator[Callable[[], Picture]]:
    """Yield what loads each page of a file: pixels, dots per inch where known, and traces that are drawn as paths.

    Loading may raise for that page alone: a TIFF has thumbnails, too small to be pages, beside scans.
    """
    if image.is_pdf(path):
        for drawn in vector.load(path):
            picture = drawn.rgb, drawn.dpi, drawn.paths
            yield partial(_same, picture)
    else:
        for page in range(image.count(path)):
            yield partial(_loaded, path, page, dpi)


def _same(picture: Picture) -> Picture:
    return picture


def _loaded(path: Path, page: int, dpi: float | None) -> Picture:
    return image.load(path, page).rgb, dpi, ()


def _upright(
    rgb: Pixels, name: str, number: int, wanted: str, dpi: float | None, drawn: Sequence[Reals] = ()
) -> Digitized:
    """Read a page as it stands, or turned where it cannot be read so or reads better."""
    best: tuple[Reading, Digitized] | None = None
    problem: DigitizeError | None = None
    for turns in (0, 2, 1, 3):
        if turns % 2 and best is not None and best[0].score > GOOD:
            break
        turned = np.ascontiguousarray(np.rot90(rgb, turns))
        try:
            reading, page_ = _page(turned, name, number, wanted, dpi, () if turns else drawn)
        except DigitizeError as exc:
            problem = problem or exc
            continue
        if best is None or reading.score > best[0].score + CLEARLY:
            best = (reading, page_)
        if best[0].score > GOOD and (best[0].paper.pulse or (best[0].einthoven or 1) < LAWFUL):
            break
    if best is None:
        raise problem or DigitizeError("no ECG is seen")
    _refuse_layout(best[0])
    return best[1]


def check_options(layout: str = "auto", dpi: float | None = None, form: str = "wfdb") -> None:
    """Raise a DigitizeError for a layout, dots per inch or a format of files that there is not."""
    stated(layout)
    if form not in FORMATS:
        raise DigitizeError(f"format is {form!r:.40}; accepted are {' and '.join(FORMATS)}")
    if dpi is not None and not 20 <= dpi <= 4000:
        raise DigitizeError(f"dpi is {dpi}; 20 to 4000 are accepted")


def _page(
    rgb: Pixels, name: str, number: int, wanted: str, dpi: float | None, drawn: Sequence[Reals]
) -> tuple[Reading, Digitized]:
    """Read one page as it stands; return its leads too."""
    found = grid.find(rgb)
    if found is None and dpi is not None:
        found = grid.plain(rgb.shape[:2], dpi / MM_PER_INCH)
    if found is None:
        found = ungridded.find(rgb)
    if found is None:
        raise DigitizeError(
            "no grid of an ECG is seen, nor two calibration pulses of 0.2 s and 1 mV above each other; a page without "
            "them is read where its dots per inch are given"
        )
    squared = page.square(rgb, found)
    if found.strength > 0 and page.distorted(squared):
        raise DigitizeError(
            "the lines of the grid do not repeat every 5 mm both across and down; the page is stretched, or its grid "
            "is not made out"
        )
    paths = trace.trace(ink.ink(squared), squared.scale)
    if paths is None:
        raise DigitizeError("no row of an ECG trace is seen")
    lines = [np.stack(squared.place(line[:, 0], line[:, 1]), -1) for line in drawn]
    reading = leads.read(paths.of_quality(MIN_ROW), squared.scale, wanted, lines)
    if found.strength == 0:
        reading = replace(reading, assumed=(*reading.assumed, NO_GRID))
    _refuse(reading, wanted != "auto")
    return reading, _digitized(rgb, squared, reading, name, number)


def _refuse(reading: Reading, given: bool) -> None:
    """Raise where the leads are not those of an ECG, or where it is unknown which is where.

    `given` is whether the user named the layout.
    """
    contradicted = reading.layout.known and (reading.einthoven is None or reading.einthoven > body.MAX_RESIDUAL)
    if reading.layout.columns > 1 and reading.columns.clear < MIN_CLEAR and contradicted:
        raise DigitizeError(
            "it is not seen where one lead ends and the next begins; give a clearer page, the layout, or the leads row "
            "by row, such as --layout I/II/III"
        )
    if reading.layout.known and reading.named.share < _needed(reading):
        other = (
            "the page seems to have another layout than the given one"
            if given
            else "give the layout, or the leads row by row, such as --layout I/II/III"
        )
        raise DigitizeError(
            f"the leads as read in the layout {reading.layout.name} contradict each other, and labels that name them "
            f"are not read; {other}"
        )
    each = {name: _confidence(lead, reading) for name, lead in reading.leads.items()}
    lost = [name for name, sure in each.items() if sure < LOST]
    if len(lost) > MAX_LOST:
        raise DigitizeError(f"no trace is seen where {', '.join(lost)} should be")
    if reading.layout.columns > 1 and reading.beyond_s > BEYOND_S[1]:
        raise DigitizeError(
            f"the traces go on for {reading.beyond_s:.1f} s after the last lead of the layout {reading.layout.name}; "
            "two ECGs side by side have to be cut apart"
        )
    if reading.along:
        raise DigitizeError(
            f"labels stand along the rows ({', '.join(reading.along[:3])}): each holds several leads, and they are but "
            "a part of a page"
        )
    if reading.layout.columns == 1 and not reading.layout.known and reading.mixed > MAX_MIXED:
        raise DigitizeError(
            "a row does not look like one lead from end to end, as where it holds several and the page is but a part"
        )
    if reading.layout.strips > 1 and not reading.agreement:
        raise DigitizeError(
            f"{reading.layout.strips} rows below the leads repeat none of them; two ECGs on a page have to be cut apart"
        )
    if reading.repeats:
        raise DigitizeError(
            f"what stands where V4, V5 and V6 should be in the layout {reading.layout.name} obeys a law of limb leads; "
            "give the leads row by row, such as --layout I/II/III"
        )
    if len(reading.named.contradicted) > MAX_CONTRADICTED:
        raise DigitizeError(
            f"labels name other leads than {', '.join(reading.named.contradicted)} of the layout "
            f"{reading.layout.name}; give the leads row by row, such as --layout I/II/III"
        )
    if reading.einthoven is None and reading.layout.known:
        raise DigitizeError("I, II and III are not seen at the same time, so that nothing read here could be checked")
    sure = float(np.mean(list(each.values())))
    if sure < MIN_CONFIDENCE:
        raise DigitizeError(
            f"the trace cannot be followed for sure (confidence {sure:.2f}, at least {MIN_CONFIDENCE} is needed)"
        )
    beats = heart.rate_bpm(reading)
    if beats is None:
        raise DigitizeError("no heart beats of 20 to 300 a minute are seen on the traced rows")
    if len(reading.leads) < UNCHECKED and beats > FASTEST_BPM and not given:
        raise DigitizeError(
            f"what was read has {beats:.0f} beats a minute and too few leads to be checked; if this is an ECG, give "
            "the leads row by row, such as --layout II"
        )


def _needed(reading: Reading) -> float:
    """Return the share of leads that labels must name where laws are broken so that another layout is likely.

    Cabrera's order needs to be sure.
    """
    most = LAWLESS if reading.layout.order == STANDARD else LAWFUL
    worst = max(reading.einthoven or 0.0, reading.goldberger or 0.0)
    strips = reading.layout.strips
    alone = strips > 0 and sum(reading.agreement.values()) / strips < ALONE
    return MOST_NAMED if worst > 2 * LAWLESS else MIN_NAMED if alone or worst > most else 0.0


def _refuse_layout(reading: Reading) -> None:
    """Raise where limb leads are wrong, or right and the augmented ones are others; a page isn't turned for that."""
    if (reading.einthoven or 0.0) > UNRELATED:
        raise DigitizeError(
            f"I + III differs from II by {reading.einthoven:.0%} of their power, as on curled paper or with other leads"
        )
    if (reading.goldberger or 0.0) > UNRELATED:
        raise DigitizeError(
            f"what stands where aVR, aVL and aVF should be does not sum up to zero ({reading.goldberger:.0%} of their "
            f"power is left); the page is curled, or has another layout than {reading.layout.name}"
        )


def _digitized(rgb: Pixels, squared: page.Page, reading: Reading, name: str, number: int) -> Digitized:
    """Put the leads of a page into a recording, in the canonical order."""
    order = [*(lead for lead in LEADS if lead in reading.leads), *(lead for lead in reading.leads if lead not in LEADS)]
    used = {lead: reading.strips.get(lead, reading.leads[lead]) for lead in order}
    signal = np.stack([lead.signal for lead in used.values()])
    recording = Recording(
        signal=signal.astype(np.float32),
        rate=leads.RATE,
        leads=tuple(used),
        source=name,
        confidence=tuple(_confidence(lead, reading) for lead in used.values()),
        warnings=_warnings(reading),
        digitized=True,
    )
    traces = [*reading.leads.values(), *reading.strips.values()]
    return Digitized(
        recording=recording,
        page=number,
        kind="vector" if reading.vector else "image",
        pixels_per_mm=squared.grid.pitch,
        angle_degrees=squared.grid.angle,
        speed_mm_per_s=reading.paper.speed,
        gain_mm_per_mv=reading.paper.gain,
        layout=reading.layout.name,
        assumed=reading.assumed,
        einthoven=reading.einthoven,
        goldberger=reading.goldberger,
        strip_agreement=reading.agreement,
        heart_rate_bpm=heart.rate_bpm(reading),
        rgb=rgb,
        traces=tuple(_on_image(lead, squared) for lead in traces),
        boxes=_boxes(reading, squared),
    )


def _on_image(lead: Lead, squared: page.Page) -> Trace:
    x, y = squared.source(lead.x, np.nan_to_num(lead.y))
    return Trace(lead.name, np.where(np.isfinite(lead.y), x, np.nan), np.where(np.isfinite(lead.y), y, np.nan))


def _boxes(reading: Reading, squared: page.Page) -> tuple[Reals, ...]:
    """Return the region of each row with its labels and pulse, as a polygon on the image."""
    boxes = []
    rows: dict[int, list[Lead]] = {}
    for lead in (*reading.leads.values(), *reading.strips.values()):
        rows.setdefault(lead.row, []).append(lead)
    for traced in rows.values():
        y = np.concatenate([lead.y for lead in traced])
        x = np.concatenate([lead.x for lead in traced])[np.isfinite(y)]
        y = y[np.isfinite(y)]
        if not y.size:
            continue
        middle = float(np.median(y))
        high = min(float(y.min()) - 1.5 * squared.scale, middle - LABEL_MM * squared.scale)
        low = max(float(y.max()) + 1.5 * squared.scale, middle + LABEL_MM * squared.scale)
        across = np.linspace(x.min() - PULSE_MM * squared.scale, x.max() + PULSE_MM * squared.scale, 40)
        edge = np.concatenate([across, across[::-1]])
        boxes.append(np.stack(squared.source(edge, np.repeat([high, low], 40)), -1))
    return tuple(boxes)


def _confidence(lead: Lead, reading: Reading) -> float:
    """Return how sure a lead is, 0..1: ink under its path, less where the limb leads contradict each other."""
    sure = lead.sure[np.isfinite(lead.signal)]
    if not sure.size:
        return 0.0
    value = float(np.mean(sure))
    broken = (reading.einthoven or 0.0) > body.MAX_RESIDUAL
    broken_augmented = broken or (reading.goldberger or 0.0) > body.MAX_RESIDUAL
    if (broken and lead.name in ("I", "II", "III")) or (broken_augmented and lead.name in ("aVR", "aVL", "aVF")):
        value *= 0.5
    return round(float(np.clip(value, 0, 1)), 3)


def _warnings(reading: Reading) -> tuple[str, ...]:
    sentences = list(reading.assumed)
    if reading.layout.columns > 1 and reading.beyond_s > BEYOND_S[0]:
        sentences.append(f"The traces go on for {reading.beyond_s:.1f} s after the last lead; that is not read.")
    for law, residual in (
        ("I + III differs from II", reading.einthoven),
        ("aVR + aVL differs from -aVF", reading.goldberger),
    ):
        if residual is not None and residual > body.MAX_RESIDUAL:
            sentences.append(f"{law} by {residual:.0%} of their power: the leads as read contradict each other.")
    return tuple(sentences)
