"""The whole validation: its rows, its text, its page, and one sentence for whatever is asked wrongly."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from tables import patients, table
from typer.testing import CliRunner

from kalemia.cli import app
from kalemia.errors import KalemiaError, ValidateError
from kalemia.report.markup import VOID
from kalemia.validate import charts, oracle, validate
from kalemia.validate.acceptance import assess
from kalemia.validate.charts import Curve, Reference
from kalemia.validate.criterion import Outcome
from kalemia.validate.example import answering
from kalemia.validate.page import page
from kalemia.validate.patients import Patients, examine
from kalemia.validate.real import against_real, real_folder, real_table
from kalemia.validate.table import COLUMNS, Table
from kalemia.validate.validate import check_folder, write
from kalemia.validate.validation import Validation


@pytest.fixture(scope="module")
def simulated() -> Patients:
    return examine(12, 3, "clean")


@pytest.fixture(scope="module")
def real(patients: Path) -> Table:
    """Stand in for real ECGs with other simulated ones: only the plumbing is tested."""
    return real_table(patients)


@pytest.fixture(scope="module")
def validation(simulated: Patients, real: Table) -> Validation:
    results = tuple(assess(simulated))
    return Validation(simulated, 3, "clean", results, tuple(against_real(simulated, real)), real)


@pytest.fixture
def no_neurokit2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "installed", lambda: False)


class Nesting(HTMLParser):
    """Checks that every element that opens also closes, in order; collects ids and links to them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for key, value in attrs if key == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_says_that_it_is_simulated(validation: Validation) -> None:
    html = page(validation)
    found = Nesting(html)
    assert len(found.ids) == len(set(found.ids))
    assert set(re.findall(r"url\(#([^)]+)\)", html)) <= set(found.ids)
    assert "Simulated, research use" in html
    assert "from simulated ECGs." in html
    assert "script" not in html
    assert not re.findall(r"(?:src|href)=", html)
    assert "nan" not in re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL).replace("nand", "")
    for result in validation.all:
        assert result.criterion.what.removesuffix(", median").replace("&", "&amp;").replace(">", "&gt;") in html
    for k in range(3, 10):
        assert f"<strong>{k} mEq/L</strong> · simulated" in html


def test_the_page_without_real_ecgs_says_so(simulated: Patients) -> None:
    html = page(Validation(simulated, 3, "clean", tuple(assess(simulated)), (), None))
    assert "No real ECGs were there to compare with" in html
    assert "Real against simulated" not in html
    Nesting(html)


def test_the_lines_are_aligned_and_summed_up(validation: Validation) -> None:
    *lines, empty, summary = validation.text().splitlines()
    assert empty == ""
    assert len(lines) == len(validation.all) + 1
    column = lines[0].index("verdict")
    assert [line[column:] for line in lines[1:]] == [result.verdict for result in validation.all]
    counts = [int(n) for n in re.findall(r"\d+", summary)]
    assert sum(counts) == len(validation.all)
    assert counts[0] == sum(result.verdict == "pass" for result in validation.all)


def test_what_is_written_is_valid_json_without_nan(validation: Validation, tmp_path: Path) -> None:
    write(tmp_path / "new", validation)
    assert {path.name for path in (tmp_path / "new").iterdir()} == {"index.html", "rows.json"}
    said = json.loads((tmp_path / "new" / "rows.json").read_text(), parse_constant=pytest.fail)
    assert said["simulated"] is True
    assert (said["patients"], said["seed"], said["level"], said["real"]) == (12, 3, "clean", 20)
    assert [row["id"] for row in said["rows"]] == [result.criterion.id for result in validation.all]
    assert {"id", "what", "expected", "got", "tolerance", "verdict", "source", "low", "high"} <= set(said["rows"][0])


def test_without_neurokit2_the_verdicts_say_so(simulated: Patients, real: Table, no_neurokit2: None) -> None:
    found = {r.criterion.id: r for r in [*validate._realism(real, simulated.once, 0, 1), *oracle.second_opinion([])]}
    for id_ in ("Na", "Oa", "Ob", "Oc"):
        assert found[id_].verdict == "neurokit2 is not installed"
    assert found["Nb"].verdict == "reported"
    assert found["Nb"].measured.note == "proves nothing: not qualified"


def test_a_classifier_that_is_not_qualified_proves_nothing(real: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "installed", lambda: True)

    def against(artificial: Table) -> dict[str, Outcome]:
        monkeypatch.setattr(oracle, "tabulate", lambda *_: artificial)
        return {result.criterion.id: result for result in validate._realism(real, real, 0, 1)}

    alike = against(real)
    assert (alike["Na"].verdict, alike["Nb"].measured.note) == ("missed", "proves nothing: not qualified")
    other = against(table(40, dict.fromkeys(COLUMNS, 9.0)))  # what no ECG has
    assert (other["Na"].verdict, other["Nb"].measured.note[:6]) == ("pass", "chance")


def test_the_patient_who_is_shown_answers_more_than_most() -> None:
    share = np.array([1.0, 1.1, 1.2, 1.3, 1.4, 1.5])
    made = patients(6, lambda k: {("V5", "t_downslope_mv_s"): 4.5 * (share if k == 7.2 else 1.0)})
    assert answering(made) == 4
    assert answering(patients(2, lambda _: dict.fromkeys(COLUMNS, np.nan))) == 0


def test_a_chart_shows_what_is_there_and_bridges_what_is_not() -> None:
    k = np.array([2.0, 5.0, 9.0])
    drawn = charts.chart("T", "mV", Curve(k, np.array([0.1, np.nan, 0.3])), [Reference((3.5, 5.0), 0.1, 0.2, 0.15)])
    assert 'class="seen"' in drawn
    assert "nan" not in drawn
    assert len(re.findall(r"[ML]", re.findall(r'd="([^"]*)" class="median"', drawn)[0])) == 2
    band = charts.chart("T", "mV", Curve(k, k, k - 1, k + 1))
    assert 'class="band"' in band
    nothing = charts.chart("T", "%", Curve(k, np.full(3, np.nan)))
    assert 'd="" class="median"' in nothing
    assert "nan" not in nothing


def test_a_strip_puts_both_on_one_scale() -> None:
    drawn = charts.strip(np.linspace(0, 1, 101), np.linspace(1, 2, 101))
    middles = [float(at) for at in re.findall(r'x1="([\d.]+)%"', drawn)]
    assert len(middles) == 2
    assert middles[0] < 30 < 70 < middles[1]
    assert "nan" not in charts.strip(np.zeros(5), np.zeros(5))


def test_where_real_ecgs_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KALEMIA_DATA", raising=False)
    assert real_folder(None) is None
    assert real_folder(tmp_path) == tmp_path
    monkeypatch.setenv("KALEMIA_DATA", str(tmp_path))
    assert real_folder(None) is None
    (tmp_path / "ptbxl").mkdir()
    assert real_folder(None) == tmp_path / "ptbxl"
    assert real_folder(tmp_path) == tmp_path / "ptbxl"


def test_real_ecgs_are_those_at_even_places(patients: Path) -> None:
    assert len(real_table(patients).values) == 20


def invoke(*arguments: object) -> str:
    """Run what must fail with one sentence; return it."""
    result = CliRunner().invoke(app, ["simulate", "validate", "--workers", "1", *map(str, arguments)])
    assert isinstance(result.exception, KalemiaError), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


def test_what_is_asked_wrongly_is_answered_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KALEMIA_DATA", raising=False)
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    out = ("--out", tmp_path / "out")
    assert "patients is -4; expected 2 to 100,000" in invoke("--patients", -4, *out)
    assert "cannot be written" in invoke("--patients", 2, "--out", tmp_path / "file")
    assert "cannot be written" in invoke("--patients", 2, "--out", tmp_path / "file" / "below")
    assert "0 12-lead ECGs that can be measured" in invoke("--patients", 2, "--real", tmp_path / "empty", *out)
    assert "0 12-lead ECGs that can be measured" in invoke("--patients", 2, "--real", tmp_path / "none", *out)
    assert "no level 'moon'" in invoke("--patients", 2, "--level", "moon", *out)
    assert "seed is -1" in invoke("--patients", 2, "--seed", -1, *out)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ValidateError, match="give a folder that may be written"):
        check_folder(tmp_path / "file")


def test_the_command_prints_the_table_and_writes_the_page(
    tmp_path: Path, no_neurokit2: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KALEMIA_DATA", raising=False)
    command = ["simulate", "validate", "--patients", "2", "--level", "clean", "--workers", "1", "--out", str(tmp_path)]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert re.search(r"^A1 +QTcF per \+1 mEq/L", result.stdout, re.MULTILINE)
    assert re.search(r"^\d+ pass, \d+ missed, \d+ only reported\.$", result.stdout, re.MULTILINE)
    assert "neurokit2 is not installed" in result.stdout
    assert "patients 2/2" in result.stderr
    assert f"page: {tmp_path / 'index.html'}" in result.stderr


@pytest.mark.data
def test_real_ecgs_are_drawn_as_statistics_only(data_folder: Path, simulated: Patients) -> None:
    ecgs = real_table(data_folder / "ptbxl")
    assert ecgs.measured.sum() > 80
    compared = tuple(against_real(simulated, ecgs))
    html = page(Validation(simulated, 3, "clean", tuple(assess(simulated)), compared, ecgs))
    assert html.count('class="strip"') == len(compared)
    assert html.count('class="ecg"') == 7  # the simulated patient, no other
