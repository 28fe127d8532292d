"""The report of studies: its figures are files, its tables say what the JSON says, and bad folders get a sentence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("polars")
pytest.importorskip("sklearn")

from PIL import Image
from study_results import NAMES, UNDEFINED, N, pairs, result, write

from kalemia.errors import KalemiaError
from kalemia.judge.figures.agreement import Pairs
from kalemia.judge.pieces import Drawing
from kalemia.report.markup import Markup
from kalemia.study import report
from kalemia.study.drawings import _layers, drawings
from kalemia.study.findings import findings
from kalemia.study.kept import Kept
from kalemia.study.results import Training

FIGURES = {
    "lead": {"r2", "scatter"},
    "window": {"r2", "learning"},
    "network": {"r2", "scatter", "bland-altman", "alarms", "calibration", "learning"},
    "size": {"r2", "boxes", "coverage", "learning", "layers"},
    "separable": {"r2", "layers"},
}


class Cells(HTMLParser):
    """The text of the cells of a page's tables, by the name of their row, table after table."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.within = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        self.within = self.within or tag in ("td", "th")

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.within:
            self.rows[-1][-1] += data


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all studies and their report."""
    folder = tmp_path_factory.mktemp("studies")
    for study in NAMES:
        write(folder, study)
    report.write(folder)
    return folder


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with all studies, of which no figure will be drawn: that takes seconds."""

    def nothing(_drawings: Iterable[Drawing]) -> tuple[dict[str, bytes], list[Markup]]:
        return {}, []

    monkeypatch.setattr(report, "draw", nothing)
    for study in NAMES:
        write(tmp_path, study)
    return tmp_path


def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("study", NAMES)
def test_every_figure_is_in_the_report_and_a_file_twice(written: Path, study: str) -> None:
    named = re.findall(rf"\({study}-([a-z0-9-]+)\.svg\)", page(written))
    assert set(named) == FIGURES[study]
    assert len(named) == len(FIGURES[study])
    for name in named:
        assert (written / f"{study}-{name}.svg").read_text(encoding="utf-8").startswith("<?xml")
        with Image.open(written / f"{study}-{name}.png") as picture:
            assert min(picture.size) > 150


def test_the_report_loads_nothing_and_says_whose_potassium_it_is(written: Path) -> None:
    text = page(written)
    assert text.count("data:image/svg+xml") == sum(map(len, FIGURES.values()))
    assert "<script" not in text
    assert "These potassium values are simulated. They show what can be learned from a simulator" in text
    assert "Not a medical device" in text
    assert "60 ECGs of a simulated kidney cohort; the standard deviation of potassium is 1.40 mEq/L." in text
    assert "5 folds by patient; learning rates 0.006; training goes on until validation has not improved for 12" in text
    assert "a sensitivity of 0.9 on validation patients; PPV is the predictive value where 4% are above" in text
    assert "--quick" not in text


def test_sections_stand_in_the_order_of_the_studies(written: Path) -> None:
    headings = re.findall(r"<h2>(.*?)</h2>", page(written))
    assert headings == ["What was done", *(report.TITLES[study] for study in report.ORDER)]


def test_tables_say_what_the_json_says(written: Path) -> None:
    rows = Cells(page(written)).rows
    assert rows.count(["180k", "180,000", "60", "0.5000.400 to 0.600", "0.7500.700 to 0.800"]) == 1
    assert rows.count(["180k", "180,000", "60", "0.9000.850 to 0.950", "0.300"]) == 1  # no interval of that PPV
    assert ["training median", "\u2013", "60", "0.3000.200 to 0.400", "0.7500.700 to 0.800"] in rows
    signed = ["−0.020 (−0.040 to −0.010)", "+0.100 (+0.000 to +0.200)", "−0.030 (−0.050 to −0.010)"]
    assert ["4k", *signed] in rows
    heads = [row for row in rows if row[:3] == ["", "parameters", "ECGs"]]
    assert (
        heads == [["", "parameters", "ECGs", "R2", "MAE, mEq/L"], ["", "parameters", "ECGs", "AUROC > 5.5", "PPV"]] * 5
    )


def test_every_finding_is_told_with_its_verdict(written: Path) -> None:
    text = unescape(page(written))
    for study in NAMES:
        for finding in findings(result(study)):
            assert finding.sentence in text
            assert f"[{study}.json: {finding.where}]" in text
    assert text.count(" Reached.</strong>") == 1  # the small network's
    assert text.count(" Missed.</strong>") == 1  # the separable one's, which is worse by a tenth


def test_the_same_studies_give_the_same_bytes(written: Path, tmp_path: Path) -> None:
    for name in ("window.json", "window.csv"):
        (tmp_path / name).write_bytes((written / name).read_bytes())
    report.write(tmp_path)
    for drawn in tmp_path.glob("window-*"):
        assert drawn.read_bytes() == (written / drawn.name).read_bytes()


def test_a_figure_of_the_networks_leaves_out_who_says_the_same_of_everybody(written: Path) -> None:
    titles = [(written / f"network-{name}.svg").read_text(encoding="utf-8") for name in ("scatter", "bland-altman")]
    assert ["training median" in drawn for drawn in titles] == [True, False]
    assert all("gradient boosting on features" in drawn for drawn in titles)


def test_quick_studies_several_seeds_and_measured_potassium_are_said_to_be(undrawn: Path) -> None:
    found = result("size")
    cohort = replace(found.cohort, labels="measured", level=None)
    for study in NAMES:
        (undrawn / f"{study}.json").unlink()
    write(undrawn, "size", replace(found, quick=True, cohort=cohort, budget=replace(found.budget, seeds=3)))
    report.write(undrawn)
    text = page(undrawn)
    assert "Made with --quick, which shows that a study runs and not who is better." in text
    assert "60 ECGs of a measured cohort;" in text
    assert "These potassium values are measured. " in text
    assert "from a simulator" not in text
    assert "3 networks a fold and learning rate, which differ in their seed" in text
    assert report.seeds(1) == "One network a fold and learning rate."


def test_one_entrant_alone_is_reported_without_differences(undrawn: Path) -> None:
    found = result("lead")
    write(undrawn, "lead", replace(found, differences=()))
    report.write(undrawn)
    assert "lead.json: differences)" not in page(undrawn)
    assert "size.json: differences)" in page(undrawn)


def test_figures_that_are_not_defined_are_said_to_be(tmp_path: Path) -> None:
    """As of a cohort whose potassium is one, or of a handful of patients: this draws what is left."""
    found = result("separable")
    rows = [replace(row, figures=dict.fromkeys(row.figures, UNDEFINED)) for row in found.entrants]
    blank = [replace(row, r2=UNDEFINED, auroc=UNDEFINED) for row in found.differences]
    write(tmp_path, "separable", replace(found, entrants=tuple(rows), differences=tuple(blank)))
    report.write(tmp_path)
    assert "R2 undefined" in page(tmp_path)
    assert ["DSCRNN 4k", "3,600", "60", "\u2013", "\u2013"] in Cells(page(tmp_path)).rows


def test_an_empty_folder_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(KalemiaError, match="holds no study; run kalemia study first"):
        report.write(tmp_path)


def test_the_other_studies_are_reported_beside_a_damaged_one(undrawn: Path) -> None:
    (undrawn / "size.csv").write_text("junk")
    with pytest.raises(KalemiaError, match=r"size\.csv: missing or damaged; .+report\.html has the other studies"):
        report.write(undrawn)
    assert "Which network" in page(undrawn)
    assert "How small" not in page(undrawn)


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: lines[:1],
        lambda lines: lines[: len(lines) // 2],
        lambda lines: [lines[0], *(line.replace(",0,", ",0,nan,", 1) for line in lines[1:])],
        lambda lines: [lines[0], lines[1].replace(",0,", ",0,inf,", 1), *lines[2:]],
        lambda lines: [lines[0], lines[1].replace(",0,", ",0,1e200,", 1), *lines[2:]],
        lambda lines: [line.replace("one beat", "two beats") for line in lines],
    ],
    ids=["only the head", "half", "no numbers", "one infinite", "one absurd", "somebody else"],
)
def test_a_damaged_table_gets_a_sentence(undrawn: Path, damage: object) -> None:
    assert callable(damage)
    lines = (undrawn / "window.csv").read_text().splitlines()
    assert len(lines) == 1 + 3 * N
    (undrawn / "window.csv").write_text("\n".join(damage(lines)))
    with pytest.raises(KalemiaError, match=r"window\.csv: missing or damaged; run kalemia study again"):
        report.write(undrawn)


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", result("size").to_json()])
def test_a_damaged_result_gets_a_sentence(undrawn: Path, content: bytes) -> None:
    (undrawn / "lead.json").write_bytes(content)
    with pytest.raises(KalemiaError, match=r"lead\.json: no study, or damaged \([^\n]+\); run kalemia study again"):
        report.write(undrawn)
    assert "Which lead</h2>" not in page(undrawn)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda found: found["differences"][0]["r2"].update(low=float("nan")), "differences.0.r2.low: not a number"),
        (lambda found: found["entrants"][1]["figures"]["r2"].update(high=1e300), "r2 of one beat cannot be what it"),
        (lambda found: found["entrants"][0]["figures"]["mae_meq_l"].update(low=-1), "mae_meq_l of one cycle cannot be"),
        (lambda found: found["entrants"][0]["figures"]["mae_meq_l"].update(low=9), "mae_meq_l of one cycle cannot be"),
        (lambda found: found["differences"][0]["r2"].update(high=1e300), "differences.0.r2.high: not a number, or too"),
        (lambda found: found.update(prevalence=4.0), "prevalence: Input should be less than or equal to 1"),
        (lambda found: found["entrants"][0]["coverage_by_subgroup"]["all"].update(value=1.2), "a share is not from 0"),
        (lambda found: found["entrants"][0].update(macs=-1), "macs: Input should be greater than or equal to 0"),
        (lambda found: found["entrants"][0].update(parameters=10**30), "parameters: Input should be less than or"),
        (lambda found: found["entrants"][0]["fits"][0].update(training_mae_meq_l=[]), "are not as many"),
    ],
)  # fmt: skip
def test_a_result_that_cannot_be_gets_a_sentence_with_the_place(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], why: str
) -> None:
    write(tmp_path, "window")
    found = json.loads((tmp_path / "window.json").read_text())
    change(found)
    (tmp_path / "window.json").write_text(json.dumps(found))
    with pytest.raises(KalemiaError, match=rf"window\.json: no study, or damaged \([^\n]*{why}[^\n]*; run kalemia"):
        report.write(tmp_path)


def test_what_nobody_has_is_not_drawn() -> None:
    """As of a file from which somebody took the layers and the epochs, or where everybody says the same."""
    found = result("network")
    rows = [replace(row, layers=None, fits=(Training(0, 0),)) for row in found.entrants]
    bare = replace(found, entrants=tuple(rows))
    flat = dict.fromkeys(pairs("network"), Pairs(np.linspace(3, 8, N), np.full(N, 5.0)))
    assert [one.name for one in drawings(Kept(bare, flat))] == ["network-r2", "network-scatter"]
    assert not list(_layers(Kept(bare, flat)))


def test_where_all_studies_are_damaged_nothing_is_written(undrawn: Path) -> None:
    for study in NAMES:
        (undrawn / f"{study}.csv").unlink()
    with pytest.raises(KalemiaError, match=r"lead\.csv: missing or damaged; run kalemia study again$"):
        report.write(undrawn)
    assert not (undrawn / "report.html").exists()
