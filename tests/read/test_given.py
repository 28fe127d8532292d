"""What a caller says of a file that does not say it itself, and what becomes of it where the file does."""

from __future__ import annotations

import re
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import Given, read
from kalemia.read.raw import mv_per_step
from kalemia.records import Recording

MADE = write.ecg(4, 250, ("II",))
COUNTS = "\n".join(str(step) for step in MADE.steps[0]) + "\n"


def saved(folder: Path, text: str, name: str = "ecg.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def polar() -> str:
    """Return what a Polar strap's logger writes: two columns of times, then microvolts of no named lead."""
    rows = (
        f"2024-01-24T07:04:{49 + k // 73 * 0.3:06.3f};{599616094343000000 + k * 4000000};{k * 4.0};{5 * step}\n"
        for k, step in enumerate(MADE.steps[0])
    )
    return "Phone timestamp;sensor timestamp [ns];timestamp [ms];ecg [uV]\n" + "".join(rows)


FILES = {
    "Polar": (polar(), {}),
    "one column": ("ECG\n" + COUNTS, {"rate": 250, "unit": "200/mV"}),
    "no names": (COUNTS, {"rate": 250, "unit": "5 uV"}),
    "a row": (COUNTS.strip().replace("\n", ","), {"rate": 250, "unit": "200/mV"}),
    "a row between semicolons": (COUNTS.strip().replace("\n", ";"), {"rate": 250, "unit": "200 adu/mV"}),
    "time and value": ("time,value\n" + "".join(f"{k / 250},{v}\n" for k, v in enumerate(MADE.mv[0])), {"unit": "mV"}),
}


@pytest.mark.parametrize("file", FILES)
def test_one_channel_without_a_name_is_the_lead_that_is_given(tmp_path: Path, file: str) -> None:
    text, options = FILES[file]
    got = read(saved(tmp_path, text), leads="II", **options)  # type: ignore[arg-type]
    assert (got.leads, got.rate, got.warnings) == (("II",), 250, ())
    np.testing.assert_allclose(got.signal[0], MADE.mv[0], atol=1e-6)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("Polar", "the CSV file does not state its lead; --lead I is accepted"),
        (
            "no names",
            "the text file does not state its sampling rate, lead and unit (numbers are whole); --rate 500, "
            "--lead I and --unit uV (or 200/mV where 200 steps are a mV) are accepted",
        ),
        ("time and value", "the text file does not state its lead; --lead I is accepted"),
    ],
)
def test_all_that_a_file_lacks_is_said_at_once(tmp_path: Path, file: str, sentence: str) -> None:
    with pytest.raises(ReadError, match=f"{re.escape(sentence)}.$"):
        read(saved(tmp_path, FILES[file][0]))


STATED = f"# rate: 250 Hz\nII (mV)\n{MADE.mv[0, 0]:.3f}\n" + "".join(f"{v:.3f}\n" for v in MADE.mv[0])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rate": 500.0}, "500 Hz were given, and the CSV file states 250 Hz; leave --rate out"),
        ({"leads": "V5"}, "lead V5 was given, and the CSV file names II; leave --lead out"),
        ({"unit": "uV"}, "unit uV was given, and the CSV file states mV; leave --unit out"),
        ({"leads": "IV"}, "--lead is IV, which is no lead; I, II, V1 and the like are accepted"),
        ({"unit": "mm"}, "--unit is mm, which is none; mV, uV, V, or 200/mV for 200 steps a mV is accepted"),
    ],
)
def test_what_a_file_states_is_not_overruled(tmp_path: Path, options: dict[str, str], sentence: str) -> None:
    with pytest.raises(ReadError, match=re.escape(sentence)):
        read(saved(tmp_path, STATED), **options)  # type: ignore[arg-type]


def test_what_a_file_states_may_be_given_too(tmp_path: Path) -> None:
    got = read(saved(tmp_path, STATED), rate=250, leads="II", unit="mV")
    assert got.warnings == ()


@pytest.mark.parametrize("name", ["ecg.dcm", "ecg.edf", "aecg.xml", "ecg.scp"])
def test_other_formats_state_what_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(write.SINGLE[name](write.ecg()))
    for options in ({"rate": 500.0}, {"leads": "II"}, {"unit": "uV"}):
        with pytest.raises(ReadError, match=r"was given|were given"):
            read(tmp_path / name, **options)


@pytest.mark.parametrize("name", ["ecg.edf", "ecg.bdf"])
def test_one_signal_of_an_edf_file_may_lack_a_name(tmp_path: Path, name: str) -> None:
    made = write.Made(MADE.steps, 250, ("ECG",))
    (tmp_path / name).write_bytes(write.SINGLE[name](made))
    with pytest.raises(ReadError, match="file does not state its lead; --lead I is accepted"):
        read(tmp_path / name)
    np.testing.assert_allclose(read(tmp_path / name, leads="II").lead("II"), MADE.mv[0], atol=2e-6)


def test_of_several_channels_without_names_none_is_taken(tmp_path: Path) -> None:
    path = saved(tmp_path, "# rate: 250 Hz\na,b\n" + "0.5,1\n1,0.25\n" * 500)
    with pytest.raises(ReadError, match="no table of leads"):
        read(path, leads="II")


def test_millivolts_that_are_assumed_are_said(tmp_path: Path) -> None:
    (got,) = {read(saved(tmp_path, STATED.replace(" (mV)", ""))).warnings}
    assert got == ("The CSV file states no unit; its numbers were taken as mV.",)


def test_a_recording_is_held_against_what_is_given() -> None:
    recording = Recording(MADE.mv, 250.0, ("II",))
    assert Given(250, "II", "mV").agrees(recording) is recording
    assert not Given()
    for given in (Given(rate=500), Given(lead="V5"), Given(unit="uV")):
        assert given
        with pytest.raises(ReadError, match="given, and"):
            given.agrees(recording)


@pytest.mark.parametrize(
    ("unit", "mv"),
    [
        ("mV", 1), ("200/mV", 0.005), ("200 adu/mV", 0.005), ("1000 counts per mV", 0.001), ("5 uV/bit", 0.005),
        ("2.5 \u00b5V / LSB", 0.0025), ("5uV", 0.005), ("10 mm/mV", None), ("200", None), ("0/mV", None), ("", None),
    ],
)  # fmt: skip
def test_a_gain_is_a_unit(unit: str, mv: float | None) -> None:
    assert mv_per_step(unit) == (None if mv is None else pytest.approx(mv))
