"""CSV whose rows are recordings with a list of samples each."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import identify, inputs, read

MADE = write.ecg(4, 300, ("I",))
SAMPLES = ",".join(str(5 * step) for step in MADE.steps[0])
HEAD = "date,type,frequency,duration,wearposition,signal\n"
ROW = f'"2024-01-01T10:00:00+01:00",2,300,4,1,"[{SAMPLES}]"\n'


def saved(folder: Path, text: str) -> Path:
    (folder / "withings.csv").write_text(text, encoding="utf-8")
    return folder / "withings.csv"


def test_a_row_of_a_withings_export_is_microvolts_of_the_lead_that_is_given(tmp_path: Path) -> None:
    path = saved(tmp_path, HEAD + ROW)
    assert identify(path).format.name == "Withings CSV"
    with pytest.raises(ReadError, match="the Withings CSV file does not state its lead; --lead I is accepted"):
        read(path)
    got = read(path, leads="I")
    assert (got.leads, got.rate, got.start, got.warnings) == (("I",), 300, datetime(2024, 1, 1, 10), ())
    np.testing.assert_allclose(got.signal, MADE.mv, atol=1e-6)


def test_a_list_longer_than_a_cell_of_csv_may_be(tmp_path: Path) -> None:
    many = ",".join(["-1234.5", "1234.5"] * 20_000)
    assert read(saved(tmp_path, HEAD + ROW.replace(SAMPLES, many)), leads="I").signal.shape == (1, 40_000)


def test_rows_are_recordings_by_their_number(tmp_path: Path) -> None:
    path = saved(tmp_path, HEAD + ROW + ROW.replace("10:00", "11:00").replace(f"[{SAMPLES[0]}", "[5"))
    found = list(inputs([tmp_path]))
    assert [str(entry) for entry in found] == [f"{path}#1", f"{path}#2"]
    starts = [read(entry, leads="I").start for entry in found]
    assert starts == [datetime(2024, 1, 1, 10), datetime(2024, 1, 1, 11)]
    for part in ("", "#0", "#3", "#x"):
        with pytest.raises(
            ReadError, match=r"has 2 rows, a recording each; one is named by its number, such as FILE#1"
        ):
            read(f"{path}{part}", leads="I")


@pytest.mark.parametrize(
    ("head", "row", "factor"),
    [
        ("sampling_frequency_hz,scaling_factor,samples\n", f'300,10922,"[{SAMPLES}]"\n', 1000 / 10922),
        ("rate;unit;samples\n", f"300;mV;[{SAMPLES}]\n", 1000),
        ("Frequency,Units,data\n", f'300,µV,"[{SAMPLES}]"\n', 1),
    ],
)
def test_a_row_may_state_its_unit_or_how_many_steps_a_millivolt_has(
    tmp_path: Path, head: str, row: str, factor: float
) -> None:
    from kalemia.read import rows

    raw = rows.load(saved(tmp_path, head + row))
    assert raw.rate == 300
    np.testing.assert_allclose(raw.signal, MADE.mv * factor, rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + ROW.replace("[0", "[x"), "no table of leads"),
        (HEAD + ROW.replace(",0,", ",none,", 1), "the list of samples holds something else than numbers"),
        (HEAD + ROW.rstrip() + ',"[1,2]"\n', "the row has no list of samples, or several"),
        (HEAD + ROW.rstrip()[:-2] + '",[1,2]\n', "the row has no list of samples, or several"),
        (HEAD + ROW.rstrip()[:-2], "the row has no list of samples, or several"),
        (HEAD.replace("frequency", "f") + ROW, "does not state its sampling rate, lead and unit"),
    ],
)
def test_a_row_that_is_not_understood_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ReadError, match=re.escape(sentence)):
        read(saved(tmp_path, text))
