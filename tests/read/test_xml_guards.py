"""What stands before the readers of XML: guards, the calibration pulse, what is taken over of a parsed record."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import kit, philips, read, xml
from kalemia.read.raw import Raw

MADE = write.ecg(2)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<a>\n<b>\n</a>", "the XML is malformed or cut short in line 3"),
        ("<a>", "the XML is malformed or cut short in line 1"),
        (
            '<!DOCTYPE a [<!ENTITY b "c">]><a/>',
            "the XML declares entities or attributes, which can be made to explode; XML without them is accepted",
        ),
        (
            "<!DOCTYPE a [<!ATTLIST a b CDATA #IMPLIED>]><a/>",
            "the XML declares entities or attributes, which can be made to explode; XML without them is accepted",
        ),
        (
            "<!DOCTYPE a [<!ELEMENT a (b)>]><a/>",
            "the XML declares entities or attributes, which can be made to explode; XML without them is accepted",
        ),
        ("<a>" * 101 + "</a>" * 101, "the XML is no ECG: more than 200,000 elements, or nested over 100 deep"),
    ],
)
def test_xml_that_may_explode_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ReadError, match=f"^{re.escape(sentence)}$"):
        xml.guard(text.encode())


def test_xml_at_the_limits_is_walked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    xml.guard(b"<a>" * 100 + b"</a>" * 100)
    xml.guard(b"<a>" + b"<b></b>" * 300 + b"</a>")  # depth goes back with every end
    xml.guard('<?xml version="1.0"?><a>\u00b5</a>'.encode("utf-16"))
    xml.guard(b"<a>\xff\xfe\x80</a>")  # bytes of another encoding than they say
    monkeypatch.setattr(xml, "MAX_ELEMENTS", 3)
    xml.guard(b"<a><b/><b/></a>")
    with pytest.raises(ReadError, match="more than 3 elements"):
        xml.guard(b"<a><b/><b/><b/></a>")


@pytest.mark.parametrize(
    ("rate", "whole"), [(499.9999, 500.0), (512.5, 512.5), (499.9, 499.9), (None, None), (0.0, 0.0)]
)
def test_a_rounded_increment_is_a_whole_rate(rate: float | None, whole: float | None) -> None:
    assert xml._whole(rate) == whole


def test_an_increment_that_is_no_whole_rate_is_kept_exactly(tmp_path: Path) -> None:
    text = write.aecg(write.ecg(4)).decode().replace(f'<increment value="{1 / 250}"', '<increment value="0.00195"')
    (tmp_path / "aecg.xml").write_text(text)
    assert read(tmp_path / "aecg.xml").rate == pytest.approx(1 / 0.00195, rel=1e-9)


def three(end: list[float], leads: int = 3) -> Raw:
    """Return leads (at 100 Hz) that differ for 50 samples, then all hold the same."""
    rows = [[k * j % 7 for j in range(1, 51)] + end for k in range(1, leads + 1)]
    return Raw(np.array(rows, np.float32), 100.0, tuple("abc"[:leads]))


@pytest.mark.parametrize(
    ("end", "leads", "kept"),
    [
        ([0.0] * 5 + [1.0] * 5, 3, 50),  # 0.1 s
        ([0.0] * 4 + [1.0] * 4, 3, 58),  # too short to be a pulse
        ([0.0] * 50, 3, 100),  # too flat
        ([0.0] * 5 + [1.0] * 5, 2, 60),  # two leads may well hold the same
        ([], 3, 50),
    ],
)
def test_a_pulse_in_every_lead_is_cut_off(end: list[float], leads: int, kept: int) -> None:
    raw = three(end, leads)
    signal = philips.without_calibration(raw).signal
    assert signal.shape == (leads, kept)
    np.testing.assert_array_equal(signal, raw.signal[:, :kept])


def test_nothing_but_a_pulse_is_refused() -> None:
    same = Raw(np.tile(np.arange(50, dtype=np.float32), (3, 1)), 100.0, ("I", "II", "III"))
    with pytest.raises(
        ReadError, match=r"^every lead is empty or constant, but for the calibration; at least one with"
    ):
        philips.without_calibration(same)


@pytest.mark.parametrize(
    ("codes", "lengths"),
    [
        ([65, 66, 67], [1, 1, 1]),
        ([65, 256, 257], [1, 2, 3]),  # each code is the one before it and a byte more
        ([65, 66, 256, 258], [1, 1, 2, 3]),
        ([65, 1023, 66], [1]),  # the end
        ([65, 300], [1, 2]),  # no code that was made: as the parser takes it
    ],
)
def test_codes_are_counted_without_being_unpacked(codes: list[int], lengths: list[int]) -> None:
    assert list(philips._lengths(write.packed(codes)))[: len(lengths)] == lengths


def sierra(text: str, attributes: str = 'compressmethod="XLI"') -> bytes:
    return f"<restingecgdata><parsedwaveforms {attributes}>{text}</parsedwaveforms></restingecgdata>".encode()


def chunk(codes: list[int]) -> bytes:
    body = write.packed(codes)
    return len(body).to_bytes(4, "little") + bytes(4) + body


def test_what_all_leads_unpack_to_is_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    text = base64.b64encode(chunk([65, 256, 257, 258]) + chunk([65, 256, 257, 258])).decode()
    monkeypatch.setattr(philips, "MAX_UNPACKED_BYTES", 20)
    philips.refuse_bomb(sierra(text))
    monkeypatch.setattr(philips, "MAX_UNPACKED_BYTES", 19)
    for attributes in ('compressmethod="XLI"', 'compression="xli"'):
        with pytest.raises(ReadError, match=r"^the compressed waveforms unpack to more than 19 bytes$"):
            philips.refuse_bomb(sierra(f"\n {text[:8]} \n{text[8:]}", attributes))
    philips.refuse_bomb(sierra(text, 'compressmethod="Uncompressed"'))
    philips.refuse_bomb(sierra(text, ""))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<b/>", "the waveforms of the Philips file hold further elements; base64 text is accepted"),
        ("!!!", "the waveforms of the Philips file are not the base64 that they claim to be"),
    ],
)
def test_waveforms_that_are_no_base64_are_refused(text: str, sentence: str) -> None:
    with pytest.raises(ReadError, match=f"^{re.escape(sentence)}$"):
        philips.refuse_bomb(sierra(text))


def test_what_a_parser_says_names_neither_the_path_nor_what_it_quotes(tmp_path: Path) -> None:
    from ecgdatakit import CorruptedFileError

    class Failing:
        FORMAT_NAME = "Some Format"

        def parse(self, path: Path) -> None:
            raise CorruptedFileError(f"{path}: 'Doe^Jane' is\nno number. " + "x" * 300)

    with pytest.raises(ReadError) as caught:
        kit.parsed(Failing, tmp_path / "doe.xml")  # type: ignore[arg-type]
    sentence = str(caught.value)
    assert sentence.startswith(
        "as Some Format the file is damaged or of a kind not read (the file: ... is no number. xxx"
    )
    assert sentence.endswith("x)")
    assert len(sentence) < 270
