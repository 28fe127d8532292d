"""A table of earlier ECGs: how it may be written, and in what words another one is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kalemia.errors import CalibrationError, ModelError
from kalemia.estimate.draws import calibrate, from_file
from kalemia.estimate.model import Model
from kalemia.estimate.personal import Calibration, Draw
from kalemia.estimate.predict import Result
from kalemia.records import SAMPLES, Beat, Estimate, Recording

HEAD = "ecg,potassium_meq_l,days_ago\n"
READ = "ecg, potassium_meq_l and days_ago are read"
NONE = "the earlier ECG cannot be used"
ACCEPTED = "1.5 to 10 mEq/L is accepted (mg/dL: 3.91 times as many)"
ONCE = "an ECG has one potassium and counts once"
BEAT = Beat(
    np.zeros((1, SAMPLES), np.float32), np.ones(1, np.float32), ("V5",), 0.8, 9, np.ones(1, np.float32), (None,)
)


def beat(ecg: str) -> Beat:
    """Return a beat that is a file's own."""
    return replace(BEAT, waveform=BEAT.waveform + len(ecg) + ord(ecg[-1]))


def examined(ecg: str, *_: object, **__: object) -> Result:
    """Estimate every file but those called lost."""
    if ecg.endswith("lost"):
        return Result(Estimate(ecg, "failed", reason=f"{ecg} is lost"))
    recording = Recording(np.zeros((1, 5000), np.float32), 500.0, ("V5",), ecg, digitized=ecg.endswith("page"))
    return Result(Estimate(ecg, "estimated"), recording, beat(ecg))


@pytest.fixture
def read(tmp_path: Path, tiny_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Calibration]:
    """Return a function that reads a table of this text."""
    monkeypatch.setattr("kalemia.estimate.draws.examine", examined)

    def of(text: str | bytes, today: Sequence[str] = ()) -> Calibration:
        path = tmp_path / "draws.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return from_file(path, tiny_path, today)

    return of


@pytest.mark.parametrize(
    ("text", "draws"),
    [
        (HEAD + "a,5.1,30\nb,4.2,0\n", [Draw(5.1, 30), Draw(4.2, 0)]),
        (HEAD + "a,5.1,\nb,4.2,7.5\n", [Draw(5.1), Draw(4.2, 7.5)]),
        ("ecg,potassium_meq_l\na,5.1\n", [Draw(5.1)]),
        ("potassium_meq_l,ecg\n5.1,a\n", [Draw(5.1)]),
        (" ecg , potassium_meq_l\n a ,5.1\n", [Draw(5.1)]),
        ("ecg;potassium_meq_l;days_ago\na;5,1;30,5\n", [Draw(5.1, 30.5)]),  # as spreadsheets of half the world write
        ("ecg\tpotassium_meq_l\na\t5.1\n", [Draw(5.1)]),
        ('ecg,potassium_meq_l\n"a, b",5.1\n', [Draw(5.1)]),
        ("\ufeffecg,potassium_meq_l\r\na,5.1\r\n\r\n,\r\n", [Draw(5.1)]),  # a mark, Windows lines, an empty row
        ("ecg,potassium_meq_l\ra,5.1\rb,4\r", [Draw(5.1), Draw(4.0)]),  # as spreadsheets on old machines write
        ("ecg,potassium_meq_l\na,1.5\nb,10\n", [Draw(1.5), Draw(10.0)]),
    ],
)
def test_tables_that_people_write_are_read(read: Callable[..., Calibration], text: str, draws: list[Draw]) -> None:
    assert [each.draw for each in read(text).earlier] == draws


def test_the_files_are_those_of_the_tables_folder_and_a_lost_one_is_left_out_and_told(
    read: Callable[..., Calibration], tmp_path: Path, tiny_path: Path, tiny: Model
) -> None:
    told: list[tuple[str, str]] = []
    (tmp_path / "other.csv").write_text("ecg,potassium_meq_l\nsub/a.page,5\nlost,4\n")
    found = from_file(tmp_path / "other.csv", tiny_path, told=lambda *one: told.append(one))
    lost = str(tmp_path / "lost")
    assert told == [(lost, f"{lost} is lost")]
    assert (found.left_out, found.model, found.apart_meq_l) == (1, tiny.name, 0.0)
    (only,) = found.earlier
    assert (only.source, only.draw, only.digitized) == (str(tmp_path / "sub" / "a.page"), Draw(5.0), True)
    assert (only.beat.waveform == beat(only.source).waveform).all()
    assert read(HEAD + "a,4,\n").earlier[0].digitized is False


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", f"is empty; {READ}"),
        ("ecg,K\na,4\n", f"has no column potassium_meq_l; {READ}"),
        ("ECG,potassium_meq_l\na,4\n", f"has no column ecg; {READ}"),
        ("ecg,potassium_meq_l,days_go\na,4,9\n", f"has a column days_go; {READ}"),
        (f"ecg,potassium_meq_l,{'x' * 50}\na,4,9\n", f"has a column {'x' * 40}; {READ}"),
        ("ecg,potassium_meq_l,\na,4,\n", f"has a column without a name; {READ}"),
        (
            "ecg,potassium_meq_l,potassium_meq_l\na,4,5\n",
            f"has more than one column potassium_meq_l; {READ}, each from one",
        ),
        ("ecg,ecg ,potassium_meq_l\na,b,5\n", f"has more than one column ecg; {READ}, each from one"),
        ("ecg,potassium_meq_l\na,3,8\n", f"line 2 has a field too many, as an unquoted 3,8 has; {READ}"),
        ("ecg,potassium_meq_l\n", "has 0 rows; 1 to 1,000 earlier ECGs are accepted"),
        (HEAD + "a,4,\n" * 1001, "has 1,001 rows; 1 to 1,000 earlier ECGs are accepted"),
        (HEAD + "a,four,\n", "line 2 holds what is no number; expected mEq/L and days"),
        (HEAD + "a,4,\nb,4,soon\n", "line 3 holds what is no number; expected mEq/L and days"),
        (HEAD + "a,4,\nb,,\n", "line 3 holds what is no number; expected mEq/L and days"),
        (
            HEAD + "a,17,\n",
            "line 2: a draw has a potassium of 17; 1.5 to 10 mEq/L is accepted (mg/dL: 3.91 times as many)",
        ),
        (HEAD + "a,4,-2\n", "line 2: a draw was -2 days ago; 0 to 36525 days are accepted"),
        (HEAD + "a,4,\na,4,\n", f"names a more than once, in lines 2 and 3; {ONCE}"),
        (HEAD + "a,4,\nb,4,\n./a,5,\n", f"names ./a more than once, in lines 2 and 4; {ONCE}"),
        (HEAD + "lost,4,\n", f"{NONE}: {{folder}}/lost is lost"),
        (b"\xff\xfe\x00", "no CSV text; expected a table of earlier ECGs"),
        ("ecg,potassium_meq_l\na\0b,4\n", "line 2 names no file; expected an ECG"),
        ('ecg,potassium_meq_l\n"' + "a" * 200_000 + '",4\n', "no CSV text; expected a table of earlier ECGs"),
    ],
)  # fmt: skip
def test_a_table_that_is_none_is_refused_in_a_sentence(
    read: Callable[..., Calibration], tmp_path: Path, text: str | bytes, why: str
) -> None:
    with pytest.raises(CalibrationError) as caught:
        read(text)
    assert str(caught.value) == f"{tmp_path / 'draws.csv'}: {why.format(folder=tmp_path)}"


def test_an_ecg_of_today_is_none_of_earlier_days(read: Callable[..., Calibration], tmp_path: Path) -> None:
    today = str(tmp_path / "b")
    with pytest.raises(CalibrationError) as caught:
        read(HEAD + "a,4,\n./b,4,\n", today=["elsewhere", today])
    table = tmp_path / "draws.csv"
    accepted = "which is to be estimated; only other ECGs are accepted"
    assert str(caught.value) == f"{table}: line 3 is {today}, {accepted}"
    assert len(read(HEAD + "a,4,\n", today=[today]).earlier) == 1


def test_what_is_no_file_or_too_large_a_one_is_not_read(tmp_path: Path) -> None:
    for place, why in ((tmp_path, "this is a folder"), (tmp_path / "no.csv", "the file cannot be read")):
        with pytest.raises(CalibrationError, match=f"{place}: {why}.*a CSV table of earlier ECGs is accepted"):
            from_file(place)
    (tmp_path / "large.csv").write_bytes(b" " * 1_000_001)
    with pytest.raises(CalibrationError, match="1,000,001 bytes; as a CSV table of earlier ECGs up to 1,000,000"):
        from_file(tmp_path / "large.csv")


@pytest.mark.parametrize(
    ("ecgs", "draws", "why"),
    [
        (["a"], [], "1 ECGs and 0 draws are given; expected one each"),
        ([], [4.0], "0 ECGs and 1 draws are given; expected one each"),
        ([], [], "none of the 0 earlier ECGs can be used; expected at least one"),
        (["lost"], [4.0], f"{NONE}: lost is lost"),
        (["a"], [16.0], f"a draw has a potassium of 16; {ACCEPTED}"),
        (
            ["lost", "a"],
            [1.49, 4.0],
            f"a draw has a potassium of 1.49; {ACCEPTED}",
        ),
        (
            ["a"],
            [float("nan")],
            f"a draw has a potassium of nan; {ACCEPTED}",
        ),
        (["a"], [Draw(4.0, -1)], "a draw was -1 days ago; 0 to 36525 days are accepted"),
        (["a"], [Draw(4.0, 36526)], "a draw was 36526 days ago; 0 to 36525 days are accepted"),
    ],
)
@pytest.mark.usefixtures("read")
def test_what_is_no_calibration_is_refused(
    tiny_path: Path, ecgs: list[str], draws: list[Draw | float], why: str
) -> None:
    with pytest.raises(CalibrationError) as caught:
        calibrate(ecgs, draws, tiny_path)
    assert str(caught.value) == why


def test_the_limits_of_a_draw_are_accepted() -> None:
    for draw in (Draw(1.5), Draw(10.0), Draw(4.0, 36525), Draw(4.0, 0)):
        draw.check()


def test_a_model_without_a_network_of_two_ecgs_says_which_have_one() -> None:
    with pytest.raises(ModelError, match=r"12-180k has no network that compares two ECGs .* bundled ones 12-4k, i-4k"):
        calibrate(["a"], [4.0], "12-180k")


@pytest.mark.usefixtures("read")
def test_one_ecg_by_two_names_counts_once(tiny_path: Path) -> None:
    with pytest.raises(CalibrationError, match="x/a and y/a are one ECG; an ECG has one potassium and counts once"):
        calibrate(["x/a", "y/a"], [5.0, 4.0], tiny_path)


def test_lists_are_wanted() -> None:
    for ecgs, draws in (("a", [5.0]), (["a"], 5.0)):
        with pytest.raises(CalibrationError, match="one ECG or one draw is given; lists of both are accepted"):
            calibrate(ecgs, draws)  # type: ignore[arg-type]
