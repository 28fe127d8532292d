from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from report_examples import EVERY, FAILED, HIGH, LOW, NORMAL, REFUSED, UNCERTAIN, beat, recording

from kalemia.errors import KalemiaError
from kalemia.records import NOTICE
from kalemia.report import Row, index, page, page_name, write_page


def test_a_page_is_written_and_its_folder_made(tmp_path: Path) -> None:
    written = write_page(tmp_path / "a" / "b", HIGH, recording(), beat())
    assert written == tmp_path / "a" / "b" / "ecg.html"
    assert written.read_text(encoding="utf-8") == page(HIGH, recording(), beat())


def test_the_same_input_replaces_its_page(tmp_path: Path) -> None:
    write_page(tmp_path, HIGH)
    assert write_page(tmp_path, REFUSED).name == "ecg.html"
    assert "Refused" in (tmp_path / "ecg.html").read_text(encoding="utf-8")


def test_a_name_may_be_given(tmp_path: Path) -> None:
    taken: set[str] = set()
    names = [page_name(source, taken) for source in ("a/ecg.dcm", "b/ECG.dat", "ecg", "ecg-2.csv")]
    assert names == ["ecg.html", "ECG-2.html", "ecg-3.html", "ecg-2-2.html"]
    assert write_page(tmp_path, HIGH, name=names[1]).name == "ECG-2.html"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("<script>alert(1)</script>.dat", "script.html"),
        ("<script>alert(1).dat", "script-alert-1.html"),
        ("p/../..", "ecg.html"),
        ("C:\\x\\Müller 3.xml", "Müller-3.html"),
        ("心电图.dcm", "心电图.html"),
        (".hidden", "hidden.html"),
        ("index.dat", "index-2.html"),
        ("NUL.dat", "NUL-2.html"),
        ("a\x00\n\udcffb.dat", "a-b.html"),
        ("", "recording.html"),
    ],
)
def test_names_are_made_harmless(source: str, name: str) -> None:
    assert page_name(source, set()) == name


def test_long_names_fit_into_a_file_system(tmp_path: Path) -> None:
    written = write_page(tmp_path, replace(HIGH, source="😀é" * 300 + "電" * 400 + ".dat"))
    assert len(os.fsencode(written.name)) < 200


def refuse(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("step", ["replace", "write"])
def test_a_failed_write_leaves_nothing_half_written(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_page(tmp_path, HIGH)
    before = (tmp_path / "ecg.html").read_bytes()
    if step == "replace":
        monkeypatch.setattr(Path, "replace", refuse)
    else:
        monkeypatch.setattr(Path, "write_bytes", half_written(Path.write_bytes))
    with pytest.raises(KalemiaError, match="No space left on device"):
        write_page(tmp_path, REFUSED)
    assert [found.name for found in tmp_path.iterdir()] == ["ecg.html"]
    assert (tmp_path / "ecg.html").read_bytes() == before


def half_written(write: Callable[..., int]) -> Callable[..., int]:
    def half(path: Path, content: bytes) -> int:
        write(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    return half


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(KalemiaError, match=r"^cannot write the report into .*; name a folder") as caught:
            write_page(folder, HIGH)
        assert "\n" not in str(caught.value)


def cells(html: str) -> list[list[str]]:
    body = html.split("<tbody>")[1].split("</tbody>")[0]
    rows = re.findall(r"<tr.*?</tr>", body)
    return [[re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", row)] for row in rows]


def test_the_index_puts_high_first_and_reasons_last(tmp_path: Path) -> None:
    higher = replace(HIGH, potassium_meq_l=7.1, source="higher.dcm")
    rows = [Row(replace(e, source=f"x/{n}.dcm")) for n, e in EVERY.items() if e not in (HIGH,)]
    html = index(tmp_path, [*rows, Row(HIGH), Row(higher)]).read_text(encoding="utf-8")
    table = cells(html)
    assert [row[0] for row in table[:5]] == ["higher.dcm", "ecg.dcm", "low.dcm", "uncertain.dcm", "normal.dcm"]
    assert table[1] == ["ecg.dcm", "Estimated", "5.9 mEq/L", "5.1 to 6.8", "▲ High", ""]
    assert table[-1] == ["refused.dcm", "Refused", "", "", "", "lead V5 is flat"]
    assert "Of 7: 5 estimated (2 high), 1 refused, 1 failed." in html
    assert NOTICE in html
    assert "trained on simulated ECGs" in html
    assert not re.search(r"https?://|src=|exclude|\bsafe|laborator", html)


def test_the_index_links_its_pages_and_escapes_their_names(tmp_path: Path) -> None:
    source = "<script>alert(1)</script> ä%.dat"
    written = write_page(tmp_path, replace(HIGH, source=source), name="a b%ä.html")
    html = index(tmp_path, [Row(replace(HIGH, source=source), written)]).read_text(encoding="utf-8")
    assert 'href="a%20b%25%C3%A4.html"' in html
    assert "<script" not in html


def test_names_that_occur_twice_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    rows = [Row(replace(NORMAL, source=source)) for source in ("p/a/ecg.dcm", "p/b/ecg.dcm", "p/c/other.dcm")]
    table = cells(index(tmp_path, rows).read_text(encoding="utf-8"))
    assert [row[0] for row in table] == ["a/ecg.dcm", "b/ecg.dcm", "other.dcm"]


def test_an_index_of_nothing_and_of_failures_is_written(tmp_path: Path) -> None:
    assert "Of 0:" in index(tmp_path, []).read_text(encoding="utf-8")
    html = index(tmp_path, [Row(replace(FAILED, model=None)), Row(LOW), Row(UNCERTAIN)]).read_text(encoding="utf-8")
    assert len(cells(html)) == 3
