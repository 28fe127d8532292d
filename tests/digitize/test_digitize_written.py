"""What is written of a page: a line, JSON, a table and a record, from a page whose few samples are known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import ecgs
from kalemia.digitize import Digitized, write
from kalemia.errors import DigitizeError, KalemiaError
from kalemia.records import Recording

SIGNAL = np.array([[0.0, 1.0, -0.12345], [np.nan, 0.5, np.nan]], np.float32)


def page(signal: NDArray[np.float32] = SIGNAL, rate: float = 250.0, **changes: Any) -> Digitized:
    recording = Recording(signal, rate, ("I", "V1"), "a.png", confidence=(0.9, 0.55555), digitized=True)
    return replace(ecgs.traced(recording), **changes)


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"pixels_per_mm": 8.123456}, "pixels_per_mm", 8.1235),
        ({"angle_degrees": -0.123456}, "angle_degrees", -0.123),
        ({"einthoven": 0.123456}, "einthoven_residual", 0.1235),
        ({"goldberger": 0.654321}, "goldberger_residual", 0.6543),
        ({"goldberger": None}, "goldberger_residual", None),
        ({"heart_rate_bpm": 71.666}, "heart_rate_bpm", 71.7),
        ({"heart_rate_bpm": None}, "heart_rate_bpm", None),
        ({"strip_agreement": {"II": 0.987654}}, "strip_agreement", {"II": 0.9877}),
        ({"signal": np.zeros((2, 1001), np.float32), "rate": 300.0}, "duration_s", 3.337),
        ({}, "printed_share", {"I": 1.0, "V1": 0.333}),
        ({}, "confidence", {"I": 0.9, "V1": 0.556}),
    ],
)
def test_numbers_are_rounded_to_what_is_known(changes: dict[str, Any], name: str, value: object) -> None:
    assert page(**changes).to_dict()[name] == value


def test_a_page_without_a_heart_rate_is_told_in_a_line_without_one() -> None:
    assert page(heart_rate_bpm=None).summary() == "1x1, 25 mm/s, 10 mm/mV, confidence of the poorest lead 0.56"
    assert page(speed_mm_per_s=12.5).summary().startswith("1x1, 12.5 mm/s, 10 mm/mV, 75 beats/min, ")


def test_a_page_is_a_record_beside_its_json_and_its_overlay(tmp_path: Path) -> None:
    paths = write.write(page(), tmp_path / "new" / "folder", "a")
    assert [path.name for path in paths] == ["a.hea", "a.dat", "a.json", "a.png"]
    assert np.frombuffer(paths[1].read_bytes(), "<i2").tolist() == [0, -32768, 1000, 500, -123, -32768]
    assert paths[0].read_text(encoding="ascii").splitlines() == [
        "a 2 250 3",
        f"a.dat 16 1000(0)/mV 16 0 0 {877} 0 I",
        f"a.dat 16 1000(0)/mV 16 0 -32768 {500} 0 V1",
        "# digitized from a picture",
    ]
    assert json.loads(paths[2].read_bytes()) == page().to_dict()
    assert paths[3].read_bytes().startswith(b"\x89PNG")


def test_a_page_is_a_table_that_is_empty_where_nothing_is_printed(tmp_path: Path) -> None:
    paths = write.write(page(), tmp_path, "a", "csv")
    assert [path.name for path in paths] == ["a.csv", "a.json", "a.png"]
    assert paths[0].read_bytes() == (
        b"# digitized from a picture\n# units: mV\ntime_s,I,V1\n0.0000,0.0000,\n0.0040,1.0000,0.5000\n0.0080,-0.1235,\n"
    )


@pytest.mark.parametrize(
    ("source", "written"),
    [("\u00e4.png", '\n "source": "\u00e4.png",\n'), ("\udce4.png", '\n "source": "\\udce4.png",\n')],
)
def test_json_has_a_value_a_line_and_names_as_they_are(tmp_path: Path, source: str, written: str) -> None:
    named = page()
    write.write(replace(named, recording=replace(named.recording, source=source)), tmp_path, "a")
    text = (tmp_path / "a.json").read_bytes().decode()
    assert text.startswith("{" + written)
    assert text.endswith("\n}\n")
    assert json.loads(text)["source"] == source


def test_an_overlay_shows_the_rows_alone_unless_all_is_wanted(tmp_path: Path) -> None:
    blank, whole = (write.write(page(), tmp_path, name, blank=name == "blank")[-1] for name in ("blank", "whole"))
    usual = write.write(page(), tmp_path, "usual")[-1]
    assert usual.read_bytes() == blank.read_bytes() != whole.read_bytes()


def test_a_page_is_not_overwritten_by_any_of_its_files(tmp_path: Path) -> None:
    source = tmp_path / "a.png"
    source.write_bytes(b"a page")
    named = page()
    named = replace(named, recording=replace(named.recording, source=str(source)))
    reason = rf"^{source}: its own overlay would take its place; give another folder$"
    with pytest.raises(DigitizeError, match=reason):
        write.write(named, tmp_path, "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert source.read_bytes() == b"a page"
    for _ in range(2):
        assert len(write.write(named, tmp_path, "b")) == 4, "what was written before is written anew"
    (tmp_path / "file").touch()
    with pytest.raises(KalemiaError, match=r"file: the files of c cannot be written \([FN][a-z ]+\)$"):
        write.write(named, tmp_path / "file", "c")


@pytest.mark.parametrize(
    ("source", "page_", "taken", "name"),
    [
        ("a-B_9.scan.png", 1, set(), "a-B_9_scan"),
        ("__a__.png", 1, set(), "a"),
        ("X_a_X.png", 1, set(), "X_a_X"),
        ("--a b  c--.png", 1, set(), "--a_b_c--"),
        ("a.png", 1, {"a", "a_2", "a_4"}, "a_3"),
        ("a.png", 12, {"a_p12"}, "a_p12_2"),
        ("A.png", 2, {"a_p2"}, "A_p2_2"),
        ("!.png", 3, {"page"}, "page_p3"),
    ],
)
def test_letters_digits_and_strokes_stay_in_a_name(source: str, page_: int, taken: set[str], name: str) -> None:
    names = set(taken)
    assert write.stem(source, page_, names) == name
    assert names == taken | {name.lower()}
