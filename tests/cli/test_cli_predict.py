"""`kalemia predict`: exit status, JSON lines and text, and what is done with each option."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from commands import invoke, lines, run

import kalemia
from ecgs import recording
from kalemia.cli.terminal import FEW_FILES
from kalemia.errors import KalemiaError, PopulationError
from kalemia.estimate.many import Job
from kalemia.estimate.personal import Draw
from kalemia.estimate.population import KNOWN, Population
from kalemia.read import Input
from kalemia.read.printed import Printed
from kalemia.records import NOTICE, Estimate


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        (["good"], 0),
        (["good", "good"], 0),
        (["flat"], 3),
        (["good", "flat"], 3),
        (["damaged"], 1),
        (["good", "damaged"], 1),
        (["flat", "damaged", "good"], 1),
    ],
)
def test_the_exit_status_says_what_happened(
    request: pytest.FixtureRequest, tiny_path: Path, kinds: Sequence[str], status: int
) -> None:
    paths = [request.getfixturevalue(kind) for kind in kinds]
    result = invoke("predict", *paths, "--model", tiny_path, "--json")
    assert result.exit_code == status
    statuses = {"good": "estimated", "flat": "refused", "damaged": "failed"}
    estimates = lines(result.stdout)
    assert [line["status"] for line in estimates] == [statuses[kind] for kind in kinds]
    assert [line["source"] for line in estimates] == [str(path) for path in paths]
    assert all((line["reason"] is None) == (line["status"] == "estimated") for line in estimates)


def test_a_line_of_json_is_what_predict_returns(tiny_path: Path, good: Path) -> None:
    (line,) = lines(invoke("predict", good, "--model", tiny_path, "--json").stdout)
    returned = kalemia.predict(str(good), tiny_path).to_dict()
    assert line == returned
    assert list(line) == list(returned)
    assert line["notice"] == NOTICE


def test_the_text_says_the_estimate_and_what_it_is_not(tiny_path: Path, good: Path) -> None:
    result = invoke("predict", good, "--model", tiny_path)
    estimate = kalemia.predict(str(good), tiny_path)
    assert result.exit_code == 0
    assert f"{estimate.potassium_meq_l:.1f} mEq/L" in result.stdout
    assert NOTICE in result.stdout
    assert "exclude" not in result.stdout


def test_a_folder_is_searched_and_its_one_bad_file_harms_no_other(
    tiny_path: Path, patients: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "ward"
    shutil.copytree(patients, folder)
    (folder / "0000" / "p000011.dat").write_bytes(b"short")
    result = run("predict", folder, "--model", tiny_path, "--json", "--workers", 2)
    estimates = lines(result.stdout)
    assert result.returncode == 1
    assert len(estimates) == 40
    assert [Path(line["source"]).stem for line in estimates if line["status"] == "failed"] == ["p000011"]
    assert [line["source"] for line in estimates] == sorted(line["source"] for line in estimates)
    assert result.stderr == ""


def test_a_csv_without_a_rate_is_read_at_the_rate_that_is_given(tiny_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "v5.csv"
    samples = recording(("V5",), rate=250.0).signal[0]
    path.write_text("V5\n" + "".join(f"{value:.4f}\n" for value in samples))
    without = lines(invoke("predict", path, "--model", tiny_path, "--json").stdout)
    given = lines(invoke("predict", path, "--model", tiny_path, "--json", "--rate", 250).stdout)
    assert without[0]["status"] == "failed"
    assert given[0]["status"] == "estimated"
    assert given[0]["heart_rate_bpm"] == pytest.approx(75, abs=0.3)


def test_a_rate_that_contradicts_the_file_is_said(tiny_path: Path, good: Path) -> None:
    (line,) = lines(invoke("predict", good, "--model", tiny_path, "--json", "--rate", 250).stdout)
    assert line["reason"] == f"{good}: 250 Hz were given, and the WFDB file states 500 Hz; leave --rate out."
    (line,) = lines(invoke("predict", good, "--model", tiny_path, "--json", "--rate", 500).stdout)
    assert line["warnings"] == []


def test_files_that_are_passed_over_are_named(tiny_path: Path, patients: Path, tmp_path: Path) -> None:
    for suffix in (".hea", ".dat"):
        shutil.copy(patients / "0000" / f"p000001{suffix}", tmp_path)
    for number in range(5):
        (tmp_path / f"damaged{number}.dcm").write_bytes(bytes(200))
    for other, head in {
        ".hidden": bytes(200),
        "notes.md": b"seen",
        "labels.csv": b"a,b",
    }.items():
        (tmp_path / other).write_bytes(head)
    result = invoke("predict", tmp_path, "--model", tiny_path, "--json")
    assert len(lines(result.stdout)) == 1
    (note,) = result.stderr.splitlines()
    assert note.startswith("passed over in folders, beginning like no ECG that is read: ")
    assert note.endswith("damaged2.dcm and 2 more")


def test_a_path_that_cannot_be_is_a_failed_input_like_any_other(tiny_path: Path, good: Path) -> None:
    estimates = lines(invoke("predict", "a" * 300, good, "--model", tiny_path, "--json").stdout)
    assert [line["status"] for line in estimates] == ["failed", "estimated"]


def test_what_a_terminal_would_obey_is_not_printed(tiny_path: Path, good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b]0;own\x07\x9b"
    folder.mkdir()
    (folder / "damaged.bin").write_bytes(bytes(9))
    for suffix in (".hea", ".dat"):
        shutil.copy(good.with_suffix(suffix), folder)
    result = invoke("predict", folder, "--model", tiny_path, "--json")
    assert not set(result.stdout + result.stderr) & set("\x1b\x07\x9b")
    (line,) = lines(result.stdout)
    assert line["source"] == str(folder / good.name)


def test_other_words_than_english_are_printed_as_they_are(tiny_path: Path, good: Path, tmp_path: Path) -> None:
    for suffix in (".hea", ".dat"):
        shutil.copy(good.with_suffix(suffix), tmp_path)
    (tmp_path / "심전도").mkdir()
    (tmp_path / good.name).rename(tmp_path / "심전도" / good.name)
    shutil.move(tmp_path / good.with_suffix(".dat").name, tmp_path / "심전도")
    printed = invoke("predict", tmp_path / "심전도", "--model", tiny_path, "--json").stdout
    assert "심전도" in printed


@pytest.mark.parametrize("rate", [0, -250, "inf", "nan"])
def test_a_rate_that_is_none_is_refused_before_the_work(tiny_path: Path, good: Path, rate: object) -> None:
    result = invoke("predict", good, "--model", tiny_path, f"--rate={rate}")
    assert isinstance(result.exception, KalemiaError)
    assert str(result.exception) == f"--rate is {float(str(rate))}; a positive number of Hz is accepted"


def test_an_empty_input_is_refused_before_the_work(tiny_path: Path, good: Path) -> None:
    result = invoke("predict", good, "", "--model", tiny_path)
    assert isinstance(result.exception, KalemiaError)
    assert str(result.exception) == "an input is empty; give files, or folders of them"
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("population", "why"),
    [
        ("ward", "no population 'ward'; kidney, dialysis, "),
        ("", "no population ''"),
        ("missing.csv", "missing.csv: "),
        ("few.csv", "few.csv: holds 2 values; 100 to 1,000,000 make a population"),
    ],
)
def test_a_population_that_is_none_is_refused_once_and_not_for_every_file(
    tiny_path: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, population: str, why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("few.csv").write_text("potassium_meq_l\n4.1\n5.2\n")
    result = invoke("predict", good, good, "--model", tiny_path, "--report", "out", "--population", population)
    assert isinstance(result.exception, PopulationError)
    assert str(result.exception).startswith(why)
    assert result.stdout == ""
    assert not Path("out").exists()


def test_a_population_is_what_the_estimate_is_made_with(tiny_path: Path, good: Path, tmp_path: Path) -> None:
    table = tmp_path / "ours.csv"
    table.write_text("potassium_meq_l\n" + "".join(f"{5.6 + 0.01 * number:.2f}\n" for number in range(120)))
    found = {}
    for population in (None, "kidney", "emergency", str(table)):
        option = [] if population is None else ["--population", population]
        (found[population],) = lines(invoke("predict", good, "--model", tiny_path, "--json", *option).stdout)
        if population is not None:
            assert found[population] == kalemia.predict(str(good), tiny_path, population=population).to_dict()
    assert found[None] == found["kidney"]
    assert [line["population"]["name"] for line in found.values()] == ["kidney", "kidney", "emergency", "ours.csv"]
    low, middle, high = (found[name]["potassium_meq_l"] for name in ("emergency", "kidney", str(table)))
    assert low < middle < high
    assert len({str(line["likelihood_ratio"]) for line in found.values()}) == 1


def test_the_help_names_every_population() -> None:
    printed = " ".join(invoke("predict", "--help").stdout.split())
    assert all(name in printed for name in KNOWN)


@pytest.fixture
def earlier(patients: Path, flat: Path, tmp_path: Path) -> Path:
    """A table of two earlier ECGs with their potassium, of which one cannot be estimated."""
    table = tmp_path / "earlier.csv"
    first = patients / "0000" / "p000002.hea"
    table.write_text(f"ecg,potassium_meq_l,days_ago\n{first},5.4,30\n{flat},4.9,9\n")
    return table


def test_a_calibration_shifts_the_evidence_and_says_which_draw_does_not_count(
    tiny_path: Path, patients: Path, good: Path, flat: Path, earlier: Path
) -> None:
    result = invoke("predict", good, "--model", tiny_path, "--json", "--calibration", earlier)
    (line,) = lines(result.stdout)
    own = kalemia.calibrate([patients / "0000" / "p000002.hea"], [Draw(5.4, 30)], tiny_path)
    expected = kalemia.predict(str(good), tiny_path, calibration=own).to_dict()
    plain = kalemia.predict(str(good), tiny_path).to_dict()
    assert (line["earlier_ecgs"], plain["earlier_ecgs"]) == (1, 0)
    for name in ("potassium_meq_l", "interval_meq_l", "likelihood_ratio"):
        assert line[name] == expected[name] != plain[name]
    (unused,) = result.stderr.splitlines()
    assert unused.startswith(f"{flat}: not estimated, so its draw is not used: lead V5 cannot be used")
    assert line["warnings"][-2:] == [
        "Compared with this patient's earlier ECG at 5.4 mEq/L.",
        "One earlier ECG could not be estimated, and no use was made of the draw.",
    ]


def test_a_calibration_that_names_the_ecg_of_today_is_refused(tiny_path: Path, patients: Path, earlier: Path) -> None:
    today = patients / "0000" / "p000002.hea"
    result = invoke("predict", today, "--model", tiny_path, "--calibration", earlier)
    assert isinstance(result.exception, KalemiaError)
    assert result.stdout == ""


@pytest.fixture
def first(patients: Path) -> Path:
    """An earlier ECG."""
    return patients / "0000" / "p000002.hea"


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ([], None),
        (["--days-ago", "30"], 30.0),
        (["--draw-date", f"{datetime.now() - timedelta(30):%Y-%m-%d}"], 30.0),
    ],
    ids=["none", "days", "date"],
)
def test_an_earlier_ecg_and_its_draw_are_a_table_of_one(
    tiny_path: Path, good: Path, first: Path, when: list[str], days: float | None
) -> None:
    options = ["--reference", first, "--draw", "5.4", *when]
    (line,) = lines(invoke("predict", good, "--model", tiny_path, "--json", *options).stdout)
    own = kalemia.calibrate([first], [Draw(5.4, days)], tiny_path)
    assert line == kalemia.predict(str(good), tiny_path, calibration=own).to_dict()
    assert line["earlier_ecgs"] == 1


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--reference", "first.hea"], "--reference is an earlier ECG, --draw the potassium measured with it; give"),
        (["--draw", "5.1"], "--reference is an earlier ECG, --draw the potassium measured with it; give"),
        (["--days-ago", "3"], "--days-ago and --draw-date are of --reference; give it"),
        (["--draw-date", "2026-01-02"], "--days-ago and --draw-date are of --reference; give it"),
        (
            ["--reference", "first.hea", "--draw", "5", "--days-ago", "3", "--draw-date", "2026-01-02"],
            "--days-ago and --draw-date say the same; give one of the two",
        ),
        (
            ["--reference", "first.hea", "--draw", "5", "--draw-date", "2999-01-02"],
            "--draw-date 2999-01-02 is in the future; a day up to today is accepted",
        ),
        (["--reference", "first.hea", "--draw", "51"], "a draw has a potassium of 51; 1.5 to 10 mEq/L is accepted"),
        (["--reference", "first.hea", "--draw", "nan"], "a draw has a potassium of nan; 1.5 to 10 mEq/L is accepted"),
        (
            ["--reference", "first.hea", "--draw", "5", "--days-ago", "-1"],
            "a draw was -1 days ago; 0 to 36525 days are accepted",
        ),
        (
            ["--reference", "first.hea", "--draw", "5", "--calibration", "earlier.csv"],
            "--reference is one earlier ECG, --calibration a table of them; give one of the two",
        ),
        (
            ["--reference", "first.hea", "--draw", "5", "--reference", "second.hea", "--draw", "4"],
            "--reference and --draw are of one earlier ECG; give several in a table, with --calibration",
        ),
        (["--reference", "missing.hea", "--draw", "5"], "the earlier ECG cannot be used: missing.hea"),
    ],
)  # fmt: skip
def test_an_earlier_ecg_that_is_half_given_is_refused_before_the_work(
    tiny_path: Path, good: Path, options: list[str], why: str
) -> None:
    result = invoke("predict", good, "--model", tiny_path, *options)
    assert isinstance(result.exception, KalemiaError)
    assert str(result.exception).startswith(why)
    assert result.stdout == ""


def test_an_ecg_is_not_compared_with_itself(tiny_path: Path, good: Path) -> None:
    result = invoke("predict", good, "--model", tiny_path, "--reference", good.with_suffix(".dat"), "--draw", "5.1")
    assert isinstance(result.exception, KalemiaError)
    assert str(result.exception) == (
        f"--reference {good.with_suffix('.dat')} is {good}, which is to be estimated; expected an earlier ECG"
    )


@dataclass
class Asked:
    """What `predict_many` was asked for, in the place of the work."""

    sources: Sequence[str] = ()
    job: Job | None = None
    workers: int = 0
    statuses: dict[str, Any] = field(default_factory=dict)

    def __call__(self, sources: Sequence[Input], job: Job, workers: int) -> Iterator[Estimate]:
        self.sources, self.job, self.workers = list(map(str, sources)), job, workers
        for source in self.sources:
            yield Estimate(source, self.statuses.get(source, "refused"), reason="not asked")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    answers = Asked()
    monkeypatch.setattr("kalemia.estimate.many.estimates", answers)
    return answers


@pytest.mark.parametrize(("files", "workers"), [(FEW_FILES - 1, 1), (FEW_FILES, 5)])
def test_few_files_need_no_second_process(
    asked: Asked, tiny_path: Path, tmp_path: Path, files: int, workers: int
) -> None:
    for number in range(files):
        (tmp_path / f"{number:02}.csv").write_text("time,V5\n0,0\n1,0\n")
    result = invoke("predict", tmp_path, "--model", tiny_path, "--workers", 5)
    assert (len(asked.sources), asked.workers) == (files, workers)
    assert list(asked.sources) == sorted(asked.sources)
    assert result.exit_code == 3


def test_every_option_reaches_the_job(asked: Asked, tiny_path: Path, good: Path, flat: Path) -> None:
    invoke(
        "predict", good, "--model", tiny_path, "--rate", 250, "--lead", "II", "--unit", "uV",
        "--population", "hospital", "--layout", "3x4", "--gain", 5,
    )  # fmt: skip
    page = Printed("3x4", gain=5.0)
    assert asked.job == Job(str(tiny_path), 250.0, None, Population.load("hospital"), None, None, "II", "uV", page)
    assert asked.sources == [str(good)]
    invoke("predict", flat)
    assert asked.job == Job(population=Population.load("kidney"), page=Printed())


def test_estimates_are_printed_one_by_one_with_a_blank_line_between(asked: Asked, tiny_path: Path, good: Path) -> None:
    printed = invoke("predict", good, good, "--model", tiny_path).stdout
    one = f"{good}\n  refused: not asked\n  {NOTICE}\n\n"
    assert printed == one + one


@pytest.mark.parametrize(
    ("statuses", "code"),
    [
        (["estimated", "estimated"], 0),
        (["estimated", "refused"], 3),
        (["refused", "failed"], 1),
        (["failed", "estimated"], 1),
    ],
)
def test_a_failure_outranks_a_refusal(
    asked: Asked, tiny_path: Path, good: Path, flat: Path, statuses: list[str], code: int
) -> None:
    asked.statuses = dict(zip((str(good), str(flat)), statuses, strict=True))
    assert invoke("predict", good, flat, "--model", tiny_path, "--json").exit_code == code


def test_without_a_model_the_bundled_one_reads_and_nothing_is_written_into_the_home_of_who_predicts(
    good: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    result = run("predict", good, "--json", HOME=str(home), XDG_CACHE_HOME=str(home / "cache"))
    assert (result.returncode, result.stderr) == (0, "")
    (line,) = lines(result.stdout)
    assert (line["status"], line["model"]["name"]) == ("estimated", "12-4k")
    assert list(home.rglob("*")) == []


@pytest.mark.data
@pytest.mark.parametrize("name", ["dicom", "aecg", "muse-xml", "apple-watch", "philips-xml", "contec-scp"])
def test_real_files_of_every_kind_are_answered(data_folder: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    # What is printed there is digitized by the tests of digitizing.
    shutil.copytree(data_folder / "formats" / name, folder, ignore=shutil.ignore_patterns("*.png", "*.pdf"))
    result = invoke("predict", folder, "--json")
    estimates = lines(result.stdout)
    assert estimates
    assert result.exit_code in {0, 1, 3}
    assert all(line.startswith("passed over in folders") for line in result.stderr.splitlines())
    assert all(line["status"] == "estimated" or line["reason"] for line in estimates)


def test_a_table_of_all_is_written_as_csv(tiny_path: Path, good: Path, flat: Path, tmp_path: Path) -> None:
    table = tmp_path / "new" / "estimates.csv"
    result = invoke("predict", good, flat, "--model", tiny_path, "--csv", table)
    assert f"table: {table}" in result.stderr
    estimated, refused = csv.DictReader(table.read_text("utf-8").splitlines())
    assert (estimated["source"], estimated["status"]) == (str(good), "estimated")
    assert float(estimated["potassium_meq_l"]) > 0
    assert (refused["status"], refused["potassium_meq_l"]) == ("refused", "")
    assert refused["reason"]


def test_a_table_that_cannot_be_written_is_told_before_the_work(good: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    result = invoke("predict", good, "--csv", tmp_path / "file" / "a.csv")
    assert isinstance(result.exception, KalemiaError)
    assert "cannot be written" in str(result.exception)
    assert result.stdout == ""
