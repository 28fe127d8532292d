"""The way of a page through the reader: which turn of it is taken, which pages are left out, what is said."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import made
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kalemia import body, predict
from kalemia.digitize import Digitized, compose, grid, image, inked, overlay, pages, reader, ungridded, write
from kalemia.digitize.cells import Named
from kalemia.digitize.paper import Paper
from kalemia.digitize.reading import Reading
from kalemia.digitize.result import Trace
from kalemia.errors import DigitizeError, KalemiaError, ReadError
from kalemia.read.printed import Printed
from kalemia.records import LEADS, Recording

Pixels = NDArray[np.uint8]
RGB = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


# ---- turning


def scored(score: float, **changes: Any) -> Reading:
    """Return a reading with a score, of a page whose pulse is not seen."""
    bare = made.reading(named=Named(3, (0,) * 4, ()), paper=Paper(25.0, 10.0, (), pulse=False), **changes)
    found = replace(bare, mixed=(bare.score - score) / 3.0)
    assert found.score == pytest.approx(score)
    return found


def turned(monkeypatch: pytest.MonkeyPatch, *answers: Reading | str) -> tuple[list[bytes], Callable[[], Reading]]:
    """Let the four turns of a page, 0, 180, 90 and 270 degrees, be read as these answers; return what was tried."""
    tried: list[bytes] = []

    def read(rgb: Pixels, _said: Printed, drawn: Sequence[Any], _found: Any) -> reader._Turned:
        assert len(drawn) == 1, "paths turn with their page"
        answer = answers[len(tried)]
        tried.append(rgb.tobytes())
        if isinstance(answer, str):
            raise DigitizeError(answer)
        return reader._Turned(rgb, None, answer)  # type: ignore[arg-type]

    monkeypatch.setattr(reader, "_read", read)
    return tried, lambda: reader._upright(RGB, Printed(), [np.zeros((2, 2))]).reading


def test_a_page_that_reads_well_is_not_turned(monkeypatch: pytest.MonkeyPatch) -> None:
    good = scored(0.71)
    tried, read = turned(monkeypatch, good)
    assert read() is good
    assert len(tried) == 1


@pytest.mark.parametrize(
    ("reading", "count"),
    [
        (scored(0.71, einthoven=0.051), 2),  # neither a pulse nor lawful limb leads: it may be upside down
        (scored(0.71, einthoven=None, goldberger=0.01), 2),
        (replace(scored(0.71, einthoven=0.3), paper=made.PAPER), 1),
        (scored(0.69), 4),
    ],
)
def test_a_page_is_turned_until_it_reads_well(monkeypatch: pytest.MonkeyPatch, reading: Reading, count: int) -> None:
    tried, read = turned(monkeypatch, reading, "no", "no", "no")
    assert read() is reading
    assert len(tried) == count
    assert tried == [np.rot90(RGB, k).tobytes() for k in (0, 2, 1, 3)[:count]]


def test_turned_a_page_must_read_clearly_better(monkeypatch: pytest.MonkeyPatch) -> None:
    poor, slightly, clearly = scored(0.1), scored(0.29), scored(0.31)
    assert turned(monkeypatch, poor, slightly, "no", "no")[1]() is poor
    assert turned(monkeypatch, poor, clearly, "no", "no")[1]() is clearly
    assert turned(monkeypatch, "no", "no", poor, "no")[1]() is poor
    tried, read = turned(monkeypatch, "no", scored(0.9), "no", "no")
    assert read().score == pytest.approx(0.9)
    assert len(tried) == 2


def test_the_first_reason_is_given_where_no_turn_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DigitizeError, match="first"):
        turned(monkeypatch, "first", "second", "third", "fourth")[1]()
    broken = scored(0.9, einthoven=1.1)
    with pytest.raises(DigitizeError, match="I \\+ III differs from II by 110%"):
        turned(monkeypatch, broken, "no", "no", "no")[1]()


# ---- the grid


def test_dots_per_inch_and_pulses_stand_in_for_a_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    seen, by_pulses = grid.plain((60, 90), 7.0), grid.plain((60, 90), 5.0)
    monkeypatch.setattr(grid, "find", lambda _: seen)
    page = np.zeros((60, 90, 3), np.uint8)
    assert inked.lattice(page, 254.0) is seen
    monkeypatch.setattr(grid, "find", lambda _: None)
    assert inked.lattice(page, 254.0).pitch == pytest.approx(10)
    monkeypatch.setattr(ungridded, "find", lambda _: by_pulses)
    assert inked.lattice(page, None) is by_pulses
    monkeypatch.setattr(ungridded, "find", lambda _: None)
    with pytest.raises(DigitizeError, match="is read where its dots per inch are given"):
        inked.lattice(page, None)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"layout": "7x7"}, "layout is '7x7'; accepted are auto"),
        ({"dpi": 19.0}, "dpi is 19.0; 20 to 4000 are accepted"),
        ({"dpi": 4001.0}, "dpi is 4001.0; 20 to 4000 are accepted"),
        ({"speed": 4.9}, "speed is 4.9; 5 to 200 are accepted"),
        ({"gain": 81.0}, "gain is 81.0; 1 to 80 are accepted"),
        ({"form": "xml"}, "format is 'xml'; accepted are wfdb and csv"),
    ],
)
def test_options_that_there_are_not(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(DigitizeError, match=reason):
        reader.check_options(**options)


@pytest.mark.parametrize("options", [{}, {"dpi": 20.0}, {"dpi": 4000.0}, {"form": "csv", "layout": "6x2"}])
def test_options_that_there_are(options: dict[str, Any]) -> None:
    reader.check_options(**options)


# ---- pages of a file


def read_page(**changes: Any) -> Digitized:
    """Return a page of one lead that was read, but for the changes."""
    lead = np.sin(np.arange(1000) / 20).astype(np.float32)
    signal = np.stack([lead, np.where(np.arange(1000) < 500, lead, np.nan).astype(np.float32)])
    recording = Recording(signal, 500.0, ("I", "V1"), "a page.png", confidence=(0.9, 0.456789), digitized=True)
    x = np.linspace(20.0, 180.0, 50)
    y = np.where(np.abs(np.arange(50) - 25) < 3, np.nan, 40.0)
    page = Digitized(
        recording, 1, "image", 8.00004, 0.1234567, 25.0, 10.0, "3x4+1", ("Something.",), 0.0123456, None,
        {"II": 0.987654}, 72.345, np.full((120, 200, 3), 100, np.uint8), (Trace("I", x, y), Trace("V1", x, y + 30)),
        (np.array([[10.0, 20.0], [190.0, 20.0], [190.0, 60.0], [10.0, 60.0]]),),
    )  # fmt: skip
    return replace(page, **changes)


def test_pages_without_an_ecg_are_left_out_and_said_to_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def upright(rgb: Pixels, *_: Any) -> reader._Turned:
        if rgb.shape[1] % 2:
            raise DigitizeError("no ECG is seen")
        return reader._Turned(rgb, None, made.reading())  # type: ignore[arg-type]

    def digitized(rgb: Pixels, _squared: Any, _reading: Any, name: str, number: int) -> Digitized:
        return read_page(page=number)

    monkeypatch.setattr(reader, "_upright", upright)
    monkeypatch.setattr(compose, "digitized", digitized)
    scans = [Image.new("RGB", (width, 150), "white") for width in (201, 202, 203, 204)]
    scans[0].save(tmp_path / "scan.tif", save_all=True, append_images=scans[1:])
    first, second = pages(tmp_path / "scan.tif")
    assert (first.page, second.page) == (2, 4)
    assert first.recording.warnings == (
        "Page 1 of the file was left out: no ECG is seen.",
        "Page 3 of the file was left out: no ECG is seen.",
    )
    assert second.recording.warnings == ()
    scans[0].save(tmp_path / "none.tif")
    with pytest.raises(DigitizeError, match=r"none.tif: no ECG is seen\.$"):
        pages(tmp_path / "none.tif")


def test_what_cannot_be_opened_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"none.png: the file cannot be opened \(No such file or directory\)\.$"):
        pages(tmp_path / "none.png")
    (tmp_path / "a.png").write_bytes(b"text")
    with pytest.raises(ReadError, match=r"a.png: this is no image that is read; .*\.$") as caught:
        pages(tmp_path / "a.png")
    assert caught.value.__cause__ is not None


# ---- the law of limb leads, on the way to an estimate


@pytest.mark.parametrize(
    ("einthoven", "refused"),
    [(None, False), (0.0, False), (body.MAX_RESIDUAL, False), (body.MAX_RESIDUAL + 1e-6, True), (0.9, True)],
)
def test_a_page_whose_leads_break_einthovens_law_is_not_judged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_path: Path, einthoven: float | None, refused: bool
) -> None:
    signals = made.twelve()
    signal = np.stack([signals[name] for name in LEADS]).astype(np.float32)
    recording = Recording(signal, 500.0, LEADS, "page.png", confidence=(0.9,) * 12, digitized=True)
    page = read_page(recording=recording, einthoven=einthoven)
    monkeypatch.setattr(sys.modules["kalemia.digitize"], "pages", lambda _: [page])
    Image.new("RGB", (200, 150), "white").save(tmp_path / "page.png")
    estimate = predict(tmp_path / "page.png", tiny_path)
    law = "leads were read wrong, or turned over"
    assert (law in (estimate.reason or "")) == refused
    if refused:
        assert estimate.status == "refused"
        assert estimate.potassium_meq_l is None
        assert f"I + III differs from II by {einthoven:.0%} of their power" in (estimate.reason or "")


# ---- what is handed on


def test_what_is_said_of_a_page_in_a_line_and_in_json() -> None:
    page = read_page()
    assert page.summary() == "3x4+1, 25 mm/s, 10 mm/mV, 72 beats/min, confidence of the poorest lead 0.46"
    assert "beats/min" not in read_page(heart_rate_bpm=None).summary()
    assert page.to_dict() == {
        "source": "a page.png",
        "page": 1,
        "kind": "image",
        "rate_hz": 500.0,
        "duration_s": 2.0,
        "pixels_per_mm": 8.0,
        "angle_degrees": 0.123,
        "speed_mm_per_s": 25.0,
        "gain_mm_per_mv": 10.0,
        "layout": "3x4+1",
        "leads": ["I", "V1"],
        "confidence": {"I": 0.9, "V1": 0.457},
        "printed_share": {"I": 1.0, "V1": 0.5},
        "assumed": ["Something."],
        "einthoven_residual": 0.0123,
        "goldberger_residual": None,
        "strip_agreement": {"II": 0.9877},
        "heart_rate_bpm": 72.3,
        "warnings": [],
    }


def decoded(png: bytes, path: Path) -> Pixels:
    path.write_bytes(png)
    return image.load(path)


def test_an_overlay_shows_the_rows_alone_with_each_lead_in_color(tmp_path: Path) -> None:
    by = 7  # 200 px become 1400
    shown = decoded(overlay.overlay(read_page()), tmp_path / "a.png")
    assert shown.shape == (120 * by, 200 * by, 3)
    edge = 18  # 2 mm round the rows and the traces, and a little
    assert (shown[: (20 - edge) * by] == 255).all()
    assert (shown[(71 + edge) * by :] == 255).all()
    faded = 0.55 * 100 + 0.45 * 255
    assert shown[30 * by, 100 * by] == pytest.approx(np.full(3, faded), abs=2)
    for trace, color in zip(read_page().traces, overlay.COLORS, strict=False):
        x, y = round(trace.x[5] * by), round(trace.y[5] * by)
        assert shown[y, x] == pytest.approx(np.array(color), abs=3)
    broken = round(read_page().traces[0].x[25] * by)
    assert shown[40 * by, broken] == pytest.approx(np.full(3, faded), abs=2), "an interrupted trace is not joined"
    whole = decoded(overlay.overlay(read_page(), blank=False), tmp_path / "b.png")
    assert whole[5, 5] == pytest.approx(np.full(3, faded), abs=2)


@pytest.mark.parametrize(
    ("known", "pieces"), [("110111", [(0, 2), (3, 6)]), ("0100", []), ("0000", []), ("0110", [(1, 3)])]
)
def test_pieces_of_a_line(known: str, pieces: list[tuple[int, int]]) -> None:
    x = np.arange(float(len(known)))
    y = np.array([1.0 if there == "1" else np.nan for there in known])
    assert [(int(a[0]), int(a[-1]) + 1) for a, _ in overlay._pieces(x, y)] == pieces


@pytest.mark.parametrize(
    ("source", "page", "taken", "name"),
    [
        ("scans/a page.png", 1, set(), "a_page"),
        ("a page.png", 2, set(), "a_page_p2"),
        ("A_page.png", 1, {"a_page"}, "A_page_2"),
        ("a_page.png", 1, {"a_page", "a_page_2"}, "a_page_3"),
        ("\u00e4\u00f6.png", 1, set(), "page"),
        ("x..y.png", 1, set(), "x_y"),
    ],
)
def test_files_have_plain_names_and_each_its_own(source: str, page: int, taken: set[str], name: str) -> None:
    before = set(taken)
    assert write.stem(source, page, taken) == name
    assert taken == before | {name.lower()}


def test_a_table_of_seconds_and_millivolts(tmp_path: Path) -> None:
    paths = write.write(read_page(), tmp_path / "new" / "folder", "a", "csv")
    assert [path.name for path in paths] == ["a.csv", "a.json", "a.png"]
    rows = paths[0].read_text(encoding="ascii").splitlines()
    assert rows[:3] == ["# digitized from a picture", "# units: mV", "time_s,I,V1"]
    assert rows[4] == f"0.0020,{np.sin(1 / 20):.4f},{np.sin(1 / 20):.4f}"
    assert rows[-1] == f"1.9980,{np.sin(999 / 20):.4f},"
    assert len(rows) == 1003


def test_a_folder_that_cannot_be_written_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(KalemiaError, match="the files of a cannot be written"):
        write.write(read_page(), tmp_path / "file", "a")
    page = read_page(recording=replace(read_page().recording, source=str(tmp_path / "a.png")))
    Image.new("RGB", (200, 150)).save(tmp_path / "a.png")
    with pytest.raises(DigitizeError, match="its own overlay would take its place; give another folder"):
        write.write(page, tmp_path, "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "file"]
