"""CSV: names, units, rates and numbers, and every sentence of a table that is none."""

from __future__ import annotations

import math
import re
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import apple, csv
from kalemia.read.raw import Raw

ROWS = "0.25\n-0.5\n1\n"


def loaded(folder: Path, text: str) -> Raw:
    (folder / "ecg.csv").write_text(text, encoding="utf-8")
    return csv.load(folder / "ecg.csv")


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ("V5,age,II", "Column 2 of 3 is named like no ECG lead and was left out."),
        ("RESP,II,Doe_Jane", "Columns 1 and 3 of 3 are named like no ECG lead and were left out."),
        ("I,II,C3", "Column 3 of 3 is named like no ECG lead and was left out."),
        ("time,II,C3", "Column 3 of 3 is named like no ECG lead and was left out."),
        (",II,V5", None),
        ("sample #,II,V5", None),
        ("Unnamed: 0,II,V5", None),
        ("V3R,V9,X", None),
    ],
)
def test_a_column_that_is_no_lead_is_always_said(tmp_path: Path, names: str, sentence: str | None) -> None:
    raw = loaded(tmp_path, names + "\n" + "".join(f"{k},{k + 0.5},{k % 7}\n" for k in range(200, 400)))
    assert raw.warnings == ((sentence,) if sentence else ())


@pytest.mark.parametrize("text", [",II\n0,1\n1,2\n3,4\n", "II (uV),\n24,4\n5,9\n-1,2\n", "II;;V5\n1;2;3\n4;;6\n"])
def test_numbers_without_a_name_are_not_passed_over(tmp_path: Path, text: str) -> None:
    """They may be the decimals of those beside them."""
    with pytest.raises(ReadError, match=r"^column \d of the CSV has no name and holds something"):
        loaded(tmp_path, text)


def test_columns_with_neither_name_nor_numbers_do_not_matter(tmp_path: Path) -> None:
    assert loaded(tmp_path, "II;;V5;\n1;;3;\n4;;6;\n").signal.tolist() == [[1, 4], [3, 6]]


def test_times_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="two columns of times of the CSV state different sampling rates"):
        loaded(tmp_path, "time (s),time (ms),II\n0,0,1\n0.002,4,2\n0.004,8,3\n")


@pytest.mark.parametrize(
    ("names", "channel"),
    [
        ("time,ecg,hr", "ecg"), ("timestamp [ms];ecg [uV];x;y;z", "ecg"), ("x,y,z,ECG", "ECG"), ("value", "value"),
        ("time,EKG_mV", "EKG"),
    ],
)  # fmt: skip
def test_the_one_channel_without_a_lead_is_kept_for_a_caller_to_name(tmp_path: Path, names: str, channel: str) -> None:
    mark = ";" if ";" in names else ","
    rows = "".join(
        mark.join([f"{k * 4 + number / 8:.3f}" for number in range(names.count(mark) + 1)]) + "\n" for k in range(9)
    )
    raw = loaded(tmp_path, f"{names}\n{rows}")
    assert raw.names == (channel,)
    assert raw.signal.shape == (1, 9)


def test_text_beside_the_leads_does_not_matter(tmp_path: Path) -> None:
    raw = loaded(tmp_path, "II,note\n0.5,start\n0.25,\n-1,end\n")
    assert raw.signal.tolist() == [[0.5, 0.25, -1]]


def test_columns_are_leads_in_millivolts_and_others_stay_behind(tmp_path: Path) -> None:
    raw = loaded(tmp_path, "V5, age ,II (uV)\n0.25,1,100\n,2,\n-1,3,-50\n")
    assert raw.names == ("V5", "II")
    np.testing.assert_allclose(raw.signal, [[0.25, np.nan, -1], [0.1, np.nan, -0.05]], rtol=1e-6)
    assert raw.signal.dtype == np.float32
    assert math.isnan(raw.rate)
    assert not raw.digitized


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_columns_lie_between_commas_semicolons_or_tabs(tmp_path: Path, mark: str) -> None:
    raw = loaded(tmp_path, f'V5{mark}"II"\n1{mark}2\n3{mark}4\n')
    assert raw.signal.tolist() == [[1, 3], [2, 4]]


def test_a_comma_is_a_decimal_one_between_semicolons(tmp_path: Path) -> None:
    assert loaded(tmp_path, "V5;II\n0,5;2\n1,5;-4,25\n").signal.tolist() == [[0.5, 1.5], [2, -4.25]]


def test_the_last_comment_names_the_columns_where_the_first_line_does_not(tmp_path: Path) -> None:
    raw = loaded(tmp_path, "# rate: 500 Hz\n# I,V5\n1,2\n3,4\n")
    assert (raw.names, raw.rate) == (("I", "V5"), 500.0)


@pytest.mark.parametrize(
    ("comment", "rate"),
    [
        ("fs=360", 360), ("Sampling rate: 500 Hz", 500), ("sampling_frequency 1 kHz", 1000),
        ("sample-rate (Hz): 250", 250),
        ("rate [kHz] = 0.5", 500), ("made by me, rate: 128.5", 128.5), ("units: mV; fs: 100", 100),
        ("heart rate: 70", None),
        ("frame rate: 25 of 50", None),
    ],
)  # fmt: skip
def test_a_comment_states_the_rate(tmp_path: Path, comment: str, rate: float | None) -> None:
    got = loaded(tmp_path, f"# {comment}\nV5\n{ROWS}").rate
    assert math.isnan(got) if rate is None else got == rate


@pytest.mark.parametrize(
    ("name", "times", "rate"),
    [
        ("time", "0,0.002,0.004", 500), ("t (s)", "0,0.5,1", 2), ("Time [ms]", "0,4,8", 250),
        ("seconds", "1,1.01,1.02", 100),
        ("time_us", "0,100,200", 10_000), ("t_ms", "0,1.95,3.9", 512.820512),
    ],
)  # fmt: skip
def test_a_column_of_times_states_the_rate(tmp_path: Path, name: str, times: str, rate: float) -> None:
    rows = "".join(f"{time},0.5\n" for time in times.split(","))
    raw = loaded(tmp_path, f"{name},V5\n{rows}")
    assert raw.names == ("V5",)
    assert raw.rate == pytest.approx(rate)


def test_a_comment_goes_before_the_times(tmp_path: Path) -> None:
    assert loaded(tmp_path, "# rate: 100 Hz\ntime,V5\n0,1\n0.5,2\n1,3\n").rate == 100


@pytest.mark.parametrize(
    ("head", "factor"),
    [
        ("V5 (uV)", 1e-3), ("V5_mV", 1), ("V5 [nV]", 1e-6), ("V5 (V)", 1e3), ("# unit: V\nV5", 1e3),
        ("# units = uV\nV5", 1e-3),
        ("V5 (filtered)", 1),
    ],
)  # fmt: skip
def test_a_unit_stands_in_a_name_or_a_comment(tmp_path: Path, head: str, factor: float) -> None:
    raw = loaded(tmp_path, f"{head}\n{ROWS}")
    np.testing.assert_allclose(raw.signal, [[0.25 * factor, -0.5 * factor, factor]], rtol=1e-6)


TABLE = (
    "the text is no table of leads; a first line that names the leads (I, II, V1 ...) "
    "and a column of numbers below each are accepted"
)
UNEVEN = "the times of the CSV do not increase; a time for every row, at even steps, is accepted"
UNITS = "the comments of the CSV state a unit that is not known, or several; mV, uV or V is accepted"
NUMBERS = (
    "the first line of the CSV holds numbers; one that names the leads (I, II, V1 ...) is accepted, or one column or "
    "row of numbers with --lead"
)
COLUMN = "a column of the CSV states a unit that is not known; mV, uV or V is accepted, or counts and a gain, 200/mV"
WIDER = "where its first line names 2; decimal commas are accepted between semicolons or tabs"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("V5\n", TABLE),
        ("age,sex\n1,2\n", TABLE),
        ("some words\nand others\n", TABLE),
        ("V5 (mmHg)\n1\n", COLUMN),
        ("# units: mmHg\nV5\n1\n", UNITS),
        (
            "# units: mV\n# units: uV\nV5\n1\n",
            UNITS,
        ),
        ("# rate: 250\n# fs: 500\nV5\n1\n", "the comments of the CSV state several sampling rates; one is accepted"),
        ("V5,1\n1,2\n", NUMBERS),
        (",".join(["V5"] * 257) + "\n1\n", "the CSV names 257 columns; up to 256 are accepted"),
        ("V5,II\n1,2\n3\n", f"row 3 of the CSV has 1 cells {WIDER}"),
        ("V5,II\n1,2,3\n1,2,3\n", f"row 2 of the CSV has 3 cells {WIDER}"),
        ("V5,II\n1,2\n3,x\n", "row 3 of the CSV holds something else than numbers and empty cells"),
        ("t,V5\n0,1\n1,1\n", UNEVEN),
        ("t,V5\n0,1\n2,1\n2,1\n", UNEVEN),
        ("t,V5\n0,1\n,1\n2,1\n", UNEVEN),
        (
            "t,V5\n0,1\n1,1\n2,1\n3,1\n90,1\n91,1\n92,1\n",
            "the times of the CSV have gaps; a time for every row, at even steps, is accepted",
        ),
    ],
)  # fmt: skip
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ReadError, match=f"^{re.escape(sentence)}$"):
        loaded(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "line"),
    [("# rate: 500 Hz\nV5\n1\n\n2\n3\n", 4), ("V5\n\n1\n2\n3\n\n4\n", 6), ("V5,II\n1,2\n\n1,2\n1,2\n", 3)],
)
def test_a_blank_line_among_numbers_may_be_a_sample_that_is_missing(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(ReadError, match=f"^line {line} of the CSV is blank among numbers"):
        loaded(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("# rate: 250 Hz\ntime (s),V5\n0,1\n0.002,2\n0.004,3\n", "a comment and the times of the CSV state different"),
        ("# rate: 500 Hz\n# units: uV\nV5 (mV)\n1\n2\n", "a comment of the CSV states uV, and a column mV; one unit"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ReadError, match=f"^{why}"):
        loaded(tmp_path, text)


def test_a_comment_and_times_that_agree_are_read(tmp_path: Path) -> None:
    assert loaded(tmp_path, "# rate: 500 Hz\ntime (s),V5\n0,1\n0.002,2\n0.004,3\n").rate == 500
    assert loaded(tmp_path, "# rate: 500 Hz\ntime (s),V5\n0,1\n9,2\n0.004,3\n").rate == 500  # no times at all


@pytest.mark.parametrize("text", ["\nV5\n1\n2\n3\n\n\n", "# rate: 500 Hz\n\nV5\n\n1\n2\n3\n", "V5\n\n1\n\n2\n\n3\n\n"])
def test_blank_lines_elsewhere_or_below_every_line_mean_nothing(tmp_path: Path, text: str) -> None:
    np.testing.assert_allclose(loaded(tmp_path, text).signal, [[1, 2, 3]])


def test_more_numbers_than_an_ecg_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "MAX_VALUES", 6)
    assert loaded(tmp_path, "V5,II\n1,2\n1,2\n1,2\n").signal.size == 6
    with pytest.raises(ReadError, match=r"^the CSV holds more than 6 numbers; a shorter one is accepted$"):
        loaded(tmp_path, "V5,II\n1,2\n1,2\n1,2\n1,2\n")


@pytest.mark.parametrize(
    ("head", "answer"),
    [
        ("V5\n1\n2", True), ("V5\n1", False), ("V7\n1\n2\n", False),
        ("age,V5\n1,2\n1,", True), ("age,V5\n1,2\n1,x\n", False), ("V5,V6\nhello\n", False),
        ("time,ecg\n0,1\n1,2\n", True), ("ecg,age\n0,1\n1,2\n", False), ("ecg\na.hea\n", False), ("1\n2\n", False),
    ],
)  # fmt: skip
def test_what_looks_like_a_table_of_leads(head: str, answer: bool) -> None:
    assert csv.looks(head) == answer


WATCH = "Name,Doe\nRecorded Date,2024-01-24 07:04:49 +0800\nSample Rate,512.5 hertz\n\nLead,Lead I\nUnit,µV\n\n"


def watch(folder: Path, text: str) -> Raw:
    (folder / "apple.csv").write_text(text, encoding="utf-8")
    return apple.load(folder / "apple.csv")


def test_what_a_watch_states(tmp_path: Path) -> None:
    raw = watch(tmp_path, WATCH + "100.5\n-250\n")
    np.testing.assert_allclose(raw.signal, [[0.1005, -0.25]], rtol=1e-6)
    assert (raw.rate, raw.names, raw.start) == (512.5, ("I",), datetime(2024, 1, 24, 7, 4, 49))


def test_a_sample_that_a_watch_left_out_is_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"^line 10 of the Apple Watch export is blank among numbers"):
        watch(tmp_path, WATCH + "100.5\n-250\n\n1\n2\n")
    assert watch(tmp_path, WATCH + "100.5\n-250\n1\n2\n\n").signal.size == 4


def test_a_value_of_the_other_decimal_mark_is_not_taken_for_thousands(tmp_path: Path) -> None:
    german = WATCH.replace("512.5", "512,5")
    with pytest.raises(ReadError, match="writes its numbers in several ways"):
        watch(tmp_path, german + '"12,345"\n"0,071"\n"35.834"\n')
    np.testing.assert_allclose(
        watch(tmp_path, german + '"12,34"\n"0,07"\n"1.234"\n').signal, [[0.01234, 0.00007, 1.234]], rtol=1e-6
    )


@pytest.mark.parametrize("old", ["Unit,µV", "Sample Rate,512.5 hertz", "100\n"])
def test_a_watch_without_unit_rate_or_samples_is_refused(tmp_path: Path, old: str) -> None:
    assert old in WATCH + "100\n"
    with pytest.raises(ReadError, match=r"^the Apple Watch export lacks its unit, sample rate or samples$"):
        watch(tmp_path, (WATCH + "100\n").replace(old, ""))


def test_a_watch_without_a_date_has_no_start(tmp_path: Path) -> None:
    assert watch(tmp_path, WATCH.replace("2024-01-24", "yesterday") + "1\n2\n").start is None


@pytest.mark.parametrize(
    ("name", "unit"), [("IV", None), ("iv", None), ("V", None), ("I (V)", "V"), ("II_uv", "uv"), ("V1", None)]
)
def test_a_letter_of_a_lead_is_no_unit(name: str, unit: str | None) -> None:
    assert csv._unit_of(name) == unit
