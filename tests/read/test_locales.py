"""Files of every region: read right, or refused with the true reason; none is read wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import identify, inputs, read
from kalemia.records import Recording

MADE = write.ecg(4, 250, ("I", "II", "V5"))
WATCH_UV = np.round(write.ecg(8, 512, ("I",)).mv[0].astype(float) * 3337, 3)
"""Above 1,000 uV in parts, with one to three decimals."""


@dataclass(frozen=True)
class Region:
    """How a phone of a region writes: keys, decimal mark, what stands between thousands, the words of rate and lead."""

    keys: Sequence[str]
    decimal: str = "."
    group: str = ""
    hertz: str = "hertz"
    lead: str = "Lead I"
    unit: str = "µV"
    digits: str = "0123456789"

    def number(self, value: float, places: int = 3) -> str:
        """Write a number as the region does, without the zeros that end it."""
        text = f"{value:,.{places}f}".rstrip("0").rstrip(".")
        text = text.replace(",", "_").replace(".", self.decimal).replace("_", self.group)
        return text.translate({ord(str(k)): digit for k, digit in enumerate(self.digits)})


ENGLISH = (
    "Name",
    "Date of Birth",
    "Recorded Date",
    "Classification",
    "Software Version",
    "Sample Rate",
    "Lead",
    "Unit",
)
GERMAN = (
    "Name",
    "Geburtsdatum",
    "Aufnahmedatum",
    "Klassifizierung",
    "Softwareversion",
    "Abtastrate",
    "Ableitung",
    "Einheit",
)
FRENCH = ("Nom", "Date de naissance", "Date", "Classement", "Version", "Taux", "Dérivation", "Unité")
RUSSIAN = ("Имя", "Дата", "Запись", "К", "В", "Частота", "Отведение", "Ед")  # fmt: skip
JAPANESE = ("名前", "生年月日", "記録日", "分類", "版", "周波数", "誘導", "単位")  # fmt: skip
REGIONS = {
    "US": Region(ENGLISH),
    "US thousands": Region(ENGLISH, group=","),
    "Germany": Region(GERMAN, ",", lead="Ableitung I"),
    "German thousands": Region(GERMAN, ",", ".", lead="Ableitung I"),
    "English of Europe": Region(ENGLISH, ","),
    "France": Region(FRENCH, ",", "\u202f", "hertz", "Dérivation I"),
    "Switzerland": Region(GERMAN, ".", "\u2019", "Hertz", "Ableitung I"),
    "Russia": Region(RUSSIAN, ",", "\u00a0", "герц", "Отведение I", "мкВ"),
    "Japan": Region(JAPANESE, hertz="ヘルツ", lead="第I誘導"),
    "China": Region(JAPANESE, hertz="赫兹", lead="Ⅰ 导联"),
    "Arabic": Region(RUSSIAN, "\u066b", "\u066c", "هرتز", "\u200fLead I\u200f", digits="٠١٢٣٤٥٦٧٨٩"),
    "Sweden": Region(ENGLISH, ",", hertz="hertz", lead="Avledning I"),
}  # fmt: skip


def export(region: Region, mark: str = ",", *, quoted: bool = False, end: str = "", space: str = " ") -> str:
    """Return what a watch exports, with 511.422 Hz; `end` stands behind each line, as spreadsheets fill them up."""

    def written(text: str) -> str:
        return f'"{text}"' if quoted or mark in text or "," in text else text

    values = (write.PATIENT, "1 Jan 1970", "2021-03-04 05:06:07 +0100", "Sinus", region.number(2, 1))
    stated = (f"{region.number(511.422)}{space}{region.hertz}", region.lead, region.unit)
    head = [f"{key}{mark}{written(value)}" for key, value in zip(region.keys, (*values, *stated), strict=True)]
    body = [region.number(float(value)) for value in WATCH_UV]
    if quoted or region.group in (",", "."):
        body = [f'"{cell}"' for cell in body]
    return "".join(f"{line}{end}\n" for line in (*head[:6], "", *head[6:], "", *body))


def saved(folder: Path, text: str, encoding: str = "utf-8", name: str = "ecg.csv") -> Path:
    (folder / name).write_bytes(text.encode(encoding))
    return folder / name


def of_a_watch(got: Recording) -> None:
    """Assert that all of WATCH_UV was read, and nothing else."""
    assert (got.leads, got.rate, got.start, got.warnings) == (("I",), 511.422, write.STARTED, ())
    np.testing.assert_allclose(got.signal[0], WATCH_UV / 1000, atol=1e-6)
    assert write.PATIENT not in repr(got)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
def test_a_watch_of_every_region(tmp_path: Path, region: str, encoding: str) -> None:
    path = saved(tmp_path, export(REGIONS[region]), encoding)
    assert identify(path).format.name == "Apple Watch CSV"
    of_a_watch(read(path))


WAYS = (
    {"mark": ";"}, {"mark": "\t"}, {"quoted": True}, {"end": ","}, {"end": ";"}, {"mark": ";", "end": ";"},
    {"space": "\u00a0"}, {"space": "\u202f"}, {"space": ""}, {"quoted": True, "end": ",,"},
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("region", ["US", "Germany", "English of Europe"])
def test_a_watch_whose_export_was_saved_again(tmp_path: Path, region: str, way: dict[str, object]) -> None:
    of_a_watch(read(saved(tmp_path, export(REGIONS[region], **way))))  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "mac-roman"])
def test_a_watch_in_an_older_encoding(tmp_path: Path, encoding: str) -> None:
    of_a_watch(read(saved(tmp_path, export(REGIONS["France"]).replace("\u202f", " "), encoding)))


def test_whole_microvolts_with_a_decimal_comma_are_all_there(tmp_path: Path) -> None:
    """A file of which only the whole numbers were read once gave a rate of 119 for 66 beats a minute."""
    text = export(REGIONS["English of Europe"])
    (entry,) = inputs([saved(tmp_path, text).parent])
    got = read(entry)
    assert got.signal.shape[1] == len(WATCH_UV)
    assert text.count("\n") > got.signal.shape[1]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("\n0\n", "\nx\n", r"sample \d+ of the Apple Watch export is no number"),
        ("\n0\n", "\n0.5\n", r"the Apple Watch export writes its numbers in several ways"),
        ("\n0\n", "\n1,2,3\n", r"sample \d+ of the Apple Watch export is no number"),
        ("µV", "?V", "lacks its unit, sample rate or samples"),
        ("µV", "mmHg", "lacks its unit, sample rate or samples"),
        ("Lead I\n", "Lead\n", "the Apple Watch CSV file does not state its lead; --lead I is accepted"),
        ("511,422", "5,114", "the Apple Watch export writes its numbers in several ways"),
    ],
)
def test_a_watch_of_which_something_is_not_understood(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = export(REGIONS["English of Europe"])
    assert old in text
    with pytest.raises(ReadError, match=sentence):
        read(saved(tmp_path, text.replace(old, new, 1)))


def rows(number: Callable[[float], str], mark: str, factor: float = 1.0) -> str:
    return "".join(mark.join(number(float(v) * factor) for v in row) + "\n" for row in MADE.mv.astype(float).T)


def point(value: float) -> str:
    return f"{value:.4f}"


def comma(value: float) -> str:
    return point(value).replace(".", ",")


def grouped(value: float) -> str:
    """Return a number of a German table, with a point between thousands."""
    return f"{value:,.1f}".replace(",", "_").replace(".", ",").replace("_", ".")


def count(value: float) -> str:
    """Return steps of 5 uV."""
    return f"{value * 200:.0f}"


HEAD = "# rate: 250 Hz\n"
MICRO = HEAD + "I (uV);II (uV);V5 (uV)\n"
TABLES = {
    "plain": HEAD + "# units: mV\nI,II,V5\n" + rows(point, ","),
    "comma between semicolons": HEAD + "I (mV);II (mV);V5 (mV)\n" + rows(comma, ";"),
    "comma between tabs": HEAD + "I (mV)\tII (mV)\tV5 (mV)\n" + rows(comma, "\t"),
    "comma between bars": HEAD + "I (mV)|II (mV)|V5 (mV)\n" + rows(comma, "|"),
    "quoted commas": HEAD + "I mV,II mV,V5 mV\n" + rows(lambda v: f'"{comma(v)}"', ","),
    "a separator at the end": HEAD + "I [mV];II [mV];V5 [mV];\n" + rows(comma, ";").replace("\n", ";\n"),
    "one only below the names": HEAD + "I [mV],II [mV],V5 [mV]\n" + rows(point, ",").replace("\n", ",\n"),
    "a word to spreadsheets": "sep=;\n# rate: 250 Hz\nI_mV;II_mV;V5_mV\n" + rows(comma, ";"),
    "micro sign": HEAD + "I (µV),II (µV),V5 (µV)\n" + rows(lambda v: f"{v:.0f}", ",", 1000),
    "mu": HEAD + "I/μV;II/μV;V5/μV\n" + rows(lambda v: f"{v:.0f}", ";", 1000),
    "German thousands": HEAD + "I in µV;II in µV;V5 in µV\n" + rows(grouped, ";", 1000),
    "English thousands": HEAD + "I (uV),II (uV),V5 (uV)\n" + rows(lambda v: f'"{v:,.1f}"', ",", 1000),
    "French thousands": MICRO + rows(lambda v: f"{v:,.1f}".replace(",", "\u202f").replace(".", ","), ";", 1000),
    "Swiss thousands": MICRO + rows(lambda v: f"{v:,.1f}".replace(",", "\u2019"), ";", 1000),
    "minus of a printer": HEAD + "I (mV);II (mV);V5 (mV)\n" + rows(lambda v: comma(v).replace("-", "\u2212"), ";"),
    "volts": HEAD + "# unit: V\nI;II;V5\n" + rows(lambda v: f"{v:.7f}", ";", 0.001),
    "counts with a gain": HEAD + "# gain: 200 adu/mV, baseline: 1024\nI,II,V5\n" + rows(lambda v: count(v + 5.12), ","),
    "counts with a step": HEAD + "# units: ADC counts; resolution: 5 uV/bit\nI,II,V5\n" + rows(count, ","),
    "counts by name": HEAD + "# gain: 200/mV\nI (adu),II (adu),V5 (adu)\n" + rows(count, ","),
    "steps by name": HEAD + "I (5 uV),II (5 uV),V5 (5 uV)\n" + rows(count, ","),
    "a row of units": "'Elapsed time','I','II','V5'\n'seconds','mV','mV','mV'\n",
    "Portuguese names": HEAD + "# units: mV\nDI,DII,V5\n" + rows(point, ","),
    "Russian names": HEAD + "# units: mV\nD1;D2;V5\n" + rows(comma, ";"),
    "rate with a decimal comma": "# Abtastrate 1\n# rate: 250,00 Hz\n# units: mV\nI;II;V5\n" + rows(comma, ";"),
}  # fmt: skip
TABLES["a row of units"] += "".join(f"{k / 250:.3f},{row}\n" for k, row in enumerate(rows(point, ",").splitlines()))
ENCODINGS = ("utf-8-sig", "utf-16", "cp1252")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_table_of_every_kind(tmp_path: Path, table: str, encoding: str) -> None:
    text = TABLES[table]
    if encoding == "cp1252":  # what it has of these
        text = text.replace("\u202f", "\u00a0").replace("\u2212", "\u2013").replace("μ", "µ")
    path = saved(tmp_path, text, encoding)
    assert identify(path).format.name == "CSV"
    got = read(path)
    assert (got.leads[:2], got.rate, got.warnings) == (("I", "II"), 250, ())
    np.testing.assert_allclose([got.lead(lead) for lead in ("I", "II", "V5")], MADE.mv, atol=2e-6)


TIMES: dict[str, Callable[[int], str]] = {
    "time": lambda k: f"{k / 250:.3f}",
    "time (ms)": lambda k: f"{k * 4}",
    "t [µs]": lambda k: f"{k * 4000}",
    "timestamp [ns]": lambda k: f"{599616094343000000 + k * 4000000}",
    "Elapsed time": lambda k: f"{k // 250 // 60}:{k / 250 % 60:06.3f}",
    "Time of day": lambda k: f"23:59:{58 + k / 250:06.3f}" if k < 500 else f"00:00:{k / 250 - 2:06.3f}",
    "date_time": lambda k: f"2024-01-24 07:04:{49 + k / 250:06.3f}",
    "datetime": lambda k: f"2024-01-24T07:04:{49 + k / 250:06.3f}+01:00",
    "Zeit (s)": lambda k: f"{k / 250:.3f}",
}


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("mark", [",", ";"])
def test_a_column_of_times_of_every_kind(tmp_path: Path, name: str, mark: str) -> None:
    lines = [f"{k};{TIMES[name](k)};{point(float(v))}\n" for k, v in enumerate(MADE.mv[2])]
    body = "".join(lines).replace(";", mark) if mark == "," else "".join(lines).replace(".", ",")
    got = read(saved(tmp_path, f"{mark}{name}{mark}V5 (mV)\n{body}"))
    assert (got.leads, got.rate, got.warnings) == (("V5",), 250, ())
    np.testing.assert_allclose(got.signal[0], MADE.mv[2], atol=2e-6)


REFUSED = {
    "commas between commas": ("I (mV),II (mV),V5 (mV)\n" + rows(comma, ","), "row 2 of the CSV has 6 cells where"),
    "two ways": ("I (mV);II (mV);V5 (mV)\n" + rows(comma, ";") + "0.5;0.5;0.5\n", "writes its numbers in several ways"),
    "thousands or decimals": ("V5 (uV)\n" + "24,442\n-5,893\n" * 500, "whether a point or comma parts thousands"),
    "thousands or decimals of points": ("V5 (uV);II (uV)\n" + "1.442;893\n" * 500, "whether a point or comma parts"),
    "a lost micro sign": ("V5 (?V)\n" + rows(point, "\n"), "a column of the CSV states a unit that"),
    "a lost micro sign of UTF-8": ("V5 (\ufffdV)\n" + rows(point, "\n"), "a column of the CSV states a unit"),
    "counts without a gain": ("V5 (adu)\n" + rows(point, "\n"), "a column of the CSV states a unit that"),
    "a gain without a unit": ("# gain: 200\nV5\n" + rows(point, "\n"), "several gains, or one without a unit; 200/mV"),
    "whole numbers": ("V5,II\n995,1011\n" + "994,1012\n" * 500, r"does not state its unit \(numbers are whole\)"),
    "a cell of words": ("V5 (mV);II (mV)\n0,5;0,5\n0,5;none\n", "row 3 of the CSV holds something else than numbers"),
    "a cell too few": ("V5 (mV);II (mV)\n0,5;0,5\n0,5\n", "row 3 of the CSV has 1 cells where its first line names 2"),
    "underscores": ("V5 (mV)\n1_000\n", "row 2 of the CSV holds something else than numbers and empty cells"),
}  # fmt: skip


@pytest.mark.parametrize("table", REFUSED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_what_cannot_be_read_for_sure_is_refused(tmp_path: Path, table: str, encoding: str) -> None:
    text, sentence = REFUSED[table]
    with pytest.raises(ReadError, match=re.escape(sentence) if "\\" not in sentence else sentence):
        read(saved(tmp_path, HEAD + text, encoding))
