"""One table of formats: what each looks like, and what errors list."""

from __future__ import annotations

import pickle
import re
from pathlib import Path

import ecg_writers as write
import pytest

from kalemia.digitize import digitize
from kalemia.errors import ReadError
from kalemia.read import Input, formats, identify, inputs, read
from kalemia.read.formats import ECGS, PAGES, Head, listed

MADE = write.ecg(2)
NAMES = {
    "ecg.dcm": "DICOM", "ecg.edf": "EDF", "ecg.bdf": "BDF", "aecg.xml": "HL7 aECG", "muse.xml": "GE MUSE XML",
    "philips.xml": "Philips XML", "cardiosoft.xml": "CardioSoft XML", "mortara.xml": "Mortara XML",
    "schiller.xml": "Schiller XML", "ecg.scp": "SCP-ECG", "ecg.atc": "AliveCor ATC", "holter.ecg": "ISHNE Holter",
    "fhir.json": "FHIR JSON",
    "ecg.csv": "CSV", "apple.csv": "Apple Watch CSV",
}  # fmt: skip
PICTURES = {
    "PNG": b"\x89PNG\r\n", "JPEG": b"\xff\xd8\xff\xe0", "TIFF": b"II*\0\x08", "BMP": b"BM1234\0\0\0\0\x36",
    "GIF": b"GIF89a", "WebP": b"RIFF\1\2\3\4WEBPVP8 ", "PDF": b"%PDF-1.7",
}  # fmt: skip


@pytest.mark.parametrize("file", NAMES)
def test_every_format_is_known_by_what_its_files_hold(file: str) -> None:
    assert formats.find(Head(write.SINGLE[file](MADE)[: formats.HEAD_BYTES])).name == NAMES[file]


def test_a_header_is_that_of_a_wfdb_record() -> None:
    assert formats.find(Head(b"\n# a comment\n" + write.wfdb(MADE)[0])) is formats.WFDB
    assert formats.find(Head(b"record 2, 500\n")) is formats.TEXT


@pytest.mark.parametrize("name", PICTURES)
def test_every_page_is_known_by_its_first_bytes(name: str) -> None:
    (page,) = (page for page in PAGES if page.name == name)
    assert formats.find(Head(PICTURES[name])) is page
    assert page.is_read
    assert page.load is None
    assert [formats.page_named(suffix.upper()) for suffix in page.suffixes] == [page] * len(page.suffixes)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"MM\0*", "TIFF"),
        (b"x" * 1019 + b"%PDF-1.4", "PDF"),
        (b"BM1234\0\0\0\1", "binary and of no format that is known"),
        (b"", "empty"),
        (b"BZh9", "a bzip2 archive"),
        (b"\xfd7zXZ\0", "an xz archive"),
        (b"\xef\xbb\xbf  <a/>", "XML without an ECG"),
        (b"<p:AnnotatedECG>", "HL7 aECG"),
        ("\ufeff<RestingECG>".encode("utf-16-le"), "GE MUSE XML"),
        (b"Sample Rate,500\n", "text"),
        (b"Sample Rate,500\n\nLead,Lead I\n", "Apple Watch CSV"),
        (b"I,V1\n0,1\n0,2\n", "CSV"),
        (b'date,frequency,signal\n2024,300,"[1, -2,3', "Withings CSV"),
        (b'name,list\nx,"[a]"\n', "text"),
        (b"\x00I,V1\n0,1\n0,2\n", "binary and of no format that is known"),
        (b"age,sex\n0,1\n0,2\n", "text"),
    ],
)
def test_what_a_file_is_by_how_it_begins(head: bytes, name: str) -> None:
    assert formats.find(Head(head)).name == name


def test_a_document_whose_mark_comes_late_is_none() -> None:
    assert formats.find(Head(b"x" * 1020 + b"%PDF-1.4")) is formats.TEXT


def test_names_make_a_sentence() -> None:
    assert listed(PAGES) == "PNG, JPEG, TIFF, BMP, GIF, WebP and PDF"
    assert f"{listed(ECGS)} are accepted, and as pages {listed(PAGES)}" == formats.ACCEPTED


def test_a_format_keeps_its_identity_on_its_way_to_another_process() -> None:
    for known in formats.FORMATS:
        assert pickle.loads(pickle.dumps(known)) is known


def test_an_input_is_opened_once_to_see_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ecg.edf").write_bytes(write.edf(MADE))
    seen = []
    find = formats.find

    def counted(head: Head) -> formats.Format:
        seen.append(head)
        return find(head)

    monkeypatch.setattr(formats, "find", counted)
    (entry,) = inputs([tmp_path])
    other = pickle.loads(pickle.dumps(entry))
    for known in (entry, other):
        read(known)
        assert identify(known) is known
    assert len(seen) == 1
    assert other == entry == Input(str(tmp_path / "ecg.edf"))


def test_an_input_is_its_path(tmp_path: Path) -> None:
    (tmp_path / "ecg.csv").write_bytes(write.csv(MADE))
    entry = Input.of(tmp_path / "ecg.csv")
    assert Input.of(entry) is entry
    assert str(entry) == str(tmp_path / "ecg.csv")
    assert Path(entry) == entry.path == tmp_path / "ecg.csv"
    assert read(entry).source == str(entry)


def test_a_record_is_named_by_its_header_its_data_or_neither(tmp_path: Path) -> None:
    header, data = write.wfdb(MADE)
    (tmp_path / "record.hea").write_bytes(header)
    (tmp_path / "record.dat").write_bytes(data)
    (tmp_path / "record.csv").write_bytes(write.csv(MADE))
    for name in ("record", "record.hea", "record.dat"):
        assert identify(tmp_path / name).kind == (formats.WFDB, tmp_path / "record.hea", len(header), "")
    assert identify(tmp_path / "record.csv").format is formats.CSV


@pytest.mark.parametrize(
    ("name", "content", "known"),
    [
        ("a.png", b"hello", "PNG"),
        ("a.PDF", bytes(99), "PDF"),
        ("a.jpeg", b"PK\x03\x04", "JPEG"),
        ("a.png", b"I,V1\n0,1\n0,2\n", "CSV"),
        ("a.png", b"GIF89a", "GIF"),
        ("a.hea", b"hello", "WFDB"),
        ("a.HEA", b"I,V1\n0,1\n0,2\n", "WFDB"),
        ("a.txt", b"hello", "text"),
    ],
)
def test_a_name_decides_where_nothing_else_does(tmp_path: Path, name: str, content: bytes, known: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert identify(tmp_path / name).format.name == known


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.png", b"", f"the file is empty; {formats.ACCEPTED}"),
        ("a.zip", b"PK\x03\x04", f"the file is a ZIP archive; {formats.ACCEPTED}"),
        ("a.xml", b"<a/>", f"the file is XML without an ECG; {formats.ACCEPTED}"),
    ],
)
def test_what_nothing_reads_is_named(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ReadError, match=f"^{re.escape(f'{tmp_path / name}: {sentence}.')}$"):
        identify(tmp_path / name)


@pytest.mark.parametrize("file", ["aecg.xml", "philips.xml"])
def test_a_file_larger_than_its_format_is_refused_unread(tmp_path: Path, file: str) -> None:
    with (tmp_path / file).open("wb") as stream:
        stream.write(write.SINGLE[file](MADE))
        stream.truncate(formats.find(Head(write.SINGLE[file](MADE)[:4096])).largest + 1)
    with pytest.raises(ReadError, match=rf"as {NAMES[file]} up to [\d,]+ are accepted\.$"):
        identify(tmp_path / file)


def test_what_is_no_page_is_not_digitized(tmp_path: Path) -> None:
    (tmp_path / "ecg.edf").write_bytes(write.edf(MADE))
    with pytest.raises(ReadError, match=r"/ecg\.edf: this is no image that is read; PNG, .* and PDF are\.$"):
        digitize(tmp_path / "ecg.edf")
