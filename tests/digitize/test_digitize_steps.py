"""What each step of the reader hands to the next: a page's pixels, its grid, its rows, and traces drawn as paths."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import made
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kalemia.digitize import (
    compose,
    digitize,
    grid,
    image,
    ink,
    inked,
    leads,
    page,
    pages,
    reader,
    trace,
    ungridded,
    vector,
)
from kalemia.digitize.cells import Named
from kalemia.digitize.page import Page
from kalemia.digitize.reading import Reading
from kalemia.digitize.trace import Paths
from kalemia.errors import DigitizeError, ReadError
from kalemia.read.printed import Printed

Pixels = NDArray[np.uint8]
Reals = NDArray[np.float64]
RGB = np.random.default_rng(7).integers(200, 255, (160, 240, 3)).astype(np.uint8)
ROWS = made.paths([np.full(240, 40.0), np.full(240, 90.0), np.full(240, 140.0)], 160)
SOUND = made.reading()


@dataclass
class Steps:
    """The steps of a page of `RGB`, most of which find what is stated here, and what the last was given."""

    strength: float = 1.0
    distorted: bool = False
    rows: Paths | None = ROWS
    reading: Reading = SOUND
    given: tuple[Any, ...] = ()

    def find(self, rgb: Pixels) -> grid.Grid | None:
        assert rgb is RGB
        return replace(grid.plain(RGB.shape[:2], 10.0), strength=self.strength) if self.strength else None

    def deform(self, squared: Page) -> bool:
        assert squared.rgb.shape == RGB.shape
        return self.distorted

    def ink(self, squared: Page) -> NDArray[np.float32]:
        return np.asarray(squared.rgb[..., 0], np.float32)

    def trace(self, found: NDArray[np.float32], scale: float) -> Paths | None:
        np.testing.assert_allclose(found[5:-5, 5:-5], RGB[5:-5, 5:-5, 0], atol=1)
        assert scale == 10
        return self.rows

    def leads(self, *given: Any) -> Reading:
        self.given = given
        return self.reading


def read(
    monkeypatch: pytest.MonkeyPatch, drawn: Sequence[Reals] = (), dpi: float | None = None, **stated: Any
) -> tuple[reader._Turned, tuple[Any, ...]]:
    """Return a page that was read where the steps find what is stated, and what the leads were read from."""
    steps = Steps(**stated)
    monkeypatch.setattr(grid, "find", steps.find)
    monkeypatch.setattr(page, "distorted", steps.deform)
    monkeypatch.setattr(ink, "ink", steps.ink)
    monkeypatch.setattr(trace, "trace", steps.trace)
    monkeypatch.setattr(leads, "read", steps.leads)
    return reader._read(RGB, Printed("6x2", dpi), drawn), steps.given


def test_a_page_is_squared_followed_and_read(monkeypatch: pytest.MonkeyPatch) -> None:
    on = ROWS.on.copy()
    on[1, : round(0.39 * 240)] = 0  # a line of text
    lines = [np.array([[10.5, 20.5], [30.5, 60.5]]), np.array([[1.0, 2.0]])]
    found, (paths, scale, wanted, drawn, _) = read(monkeypatch, lines, rows=replace(ROWS, on=on))
    assert found.rgb is RGB
    assert found.squared.grid.pitch == pytest.approx(10)
    assert found.reading.assumed == ()
    assert paths.center.tolist() == [40.0, 140.0]
    assert (scale, wanted) == (10.0, "6x2")
    assert drawn[0] == pytest.approx(np.array([[10.0, 20.0], [30.0, 60.0]]))
    assert drawn[1] == pytest.approx(np.array([[0.5, 1.5]]))


def test_a_row_with_enough_ink_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    on = ROWS.on.copy()
    on[1, : round(0.37 * 240)] = 0
    _, (paths, *_) = read(monkeypatch, rows=replace(ROWS, on=on))
    assert paths.center.tolist() == [40.0, 90.0, 140.0]


def test_a_page_without_a_grid_is_read_by_its_dots_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    known = made.reading(assumed=("First.",))
    for distorted in (False, True):  # there are no lines that might repeat
        found, _ = read(monkeypatch, dpi=254.0, strength=0.0, distorted=distorted, reading=known)
        assert found.reading.assumed == ("First.", reader.NO_GRID)
        assert found.reading.layout == known.layout


@pytest.mark.parametrize(
    ("stated", "reason"),
    [
        (
            {"distorted": True},
            "the lines of the grid do not repeat every 5 mm both across and down; the page is stretched, or its grid "
            "is not made out",
        ),
        ({"rows": None}, "no row of an ECG trace is seen"),
        (
            {"reading": made.reading(named=Named(3, (0,) * 4, ()), einthoven=0.3)},
            "the leads as read in the layout 3x4 contradict each other",
        ),
    ],
)
def test_a_page_on_which_a_step_finds_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch, stated: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DigitizeError) as caught:
        read(monkeypatch, **stated)
    assert str(caught.value).startswith(reason)


def test_pulses_are_looked_for_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Pixels] = []
    monkeypatch.setattr(grid, "find", lambda _: None)
    monkeypatch.setattr(ungridded, "find", seen.append)
    with pytest.raises(DigitizeError) as caught:
        inked.lattice(RGB, None)
    assert seen[0] is RGB
    assert str(caught.value) == (
        "no grid of an ECG is seen, nor two calibration pulses of 0.2 s and 1 mV above each other; a page without them "
        "is read where its dots per inch are given"
    )
    plain = inked.lattice(RGB, 254.0)
    assert len(seen) == 1
    assert plain.center == (120, 80)


# ---- pages of a file


@pytest.fixture
def handed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Read no page but take what is handed to each of the two last steps."""
    given: list[tuple[Any, ...]] = []
    squared = object()

    def once(rgb: Pixels, said: Printed, drawn: Sequence[Any], _found: Any) -> reader._Turned:
        given.append((rgb, said.layout, said.dpi, tuple(drawn)))
        return reader._Turned(rgb, squared, made.reading())  # type: ignore[arg-type]

    def digitized(rgb: Pixels, page: Any, found: Reading, name: str, number: int) -> Any:
        assert page is squared
        assert found.layout.name == "3x4"
        return Composed(Warned((f"{Path(name).name} {number} {rgb.shape[1]}",)))

    monkeypatch.setattr(reader, "_read", once)
    monkeypatch.setattr(compose, "digitized", digitized)
    return given


@dataclass(frozen=True)
class Warned:
    """A recording with nothing but warnings."""

    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Composed:
    """A page that was read, with nothing but a recording."""

    recording: Warned


def test_a_picture_is_handed_on_with_what_the_user_says(tmp_path: Path, handed: list[tuple[Any, ...]]) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    found: Any = digitize(tmp_path / "a.png", layout="4x3", dpi=300)
    ((rgb, wanted, dpi, drawn),) = handed
    assert np.array_equal(rgb, RGB)
    assert (wanted, dpi, drawn) == ("4x3", 300, ())
    assert found.recording.warnings == ("a.png 1 240",)


def test_pages_of_a_pdf_are_handed_on_with_their_own_dots_and_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, handed: list[tuple[Any, ...]]
) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.4")
    lines = (np.zeros((2, 2)),)

    def load(file: Path) -> Iterator[vector.Drawn]:
        assert file == path
        yield vector.Drawn(RGB, 250.0, lines)
        yield vector.Drawn(RGB[:, 1:], 125.0, ())

    monkeypatch.setattr(vector, "load", load)
    first, second = pages(path, dpi=600)
    assert [(rgb.shape, wanted, dpi, drawn) for rgb, wanted, dpi, drawn in handed] == [
        (RGB.shape, "auto", 250.0, lines),
        ((160, 239, 3), "auto", 125.0, ()),
    ]
    assert [found.recording.warnings for found in (first, second)] == [("a.pdf 1 240",), ("a.pdf 2 239",)]


def test_what_is_no_picture_has_no_page(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time_s,I\n0,0\n0.002,0\n", encoding="ascii")
    with pytest.raises(ReadError) as caught:
        pages(path)
    assert str(caught.value) == f"{path}: {image.NO_PAGE}."


@pytest.mark.parametrize("options", [{"layout": "5x5"}, {"dpi": 3.0}, {"speed": 2.0}, {"gain": 100.0}])
def test_options_are_checked_before_the_file_is_opened(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(DigitizeError, match="accepted"):
        pages(tmp_path / "none.png", **options)


@pytest.mark.parametrize(("broken", "why"), [(OSError(5, "Bad disk"), "Bad disk"), (TimeoutError(), "TimeoutError")])
def test_why_a_file_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: OSError, why: str) -> None:
    def failing(*_: Any) -> None:
        raise broken

    Image.fromarray(RGB).save(tmp_path / "a.png")
    monkeypatch.setattr(sys.modules["kalemia.digitize.image"], "load", failing)
    with pytest.raises(ReadError) as caught:
        pages(tmp_path / "a.png")
    assert str(caught.value) == f"{tmp_path / 'a.png'}: the file cannot be opened ({why})."
    assert caught.value.__cause__ is broken


def test_a_turned_page_is_read_as_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Printed] = []

    def refused(_rgb: Pixels, said: Printed, *_: Any) -> None:
        tried.append(said)
        raise DigitizeError("no")

    monkeypatch.setattr(reader, "_read", refused)
    with pytest.raises(DigitizeError, match="no"):
        reader._upright(RGB, Printed("6x2", 99.0, speed=50.0))
    assert tried == [Printed("6x2", 99.0, speed=50.0)] * 4
