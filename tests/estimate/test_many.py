"""Many files of which some are bad, in one process and in several."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kalemia.errors import KalemiaError
from kalemia.estimate.hemolysis import Hemolyzed
from kalemia.estimate.many import Job, estimates
from kalemia.estimate.model import Model
from kalemia.estimate.personal import Calibration
from kalemia.estimate.population import Population
from kalemia.estimate.predict import Result
from kalemia.read import inputs
from kalemia.records import Estimate


@pytest.fixture
def twenty(patients: Path, tmp_path: Path) -> list[str]:
    """Twenty records, the eighth of which is damaged."""
    folder = tmp_path / "twenty"
    folder.mkdir()
    for path in sorted((patients / "0000").iterdir())[:40]:
        shutil.copy(path, folder)
    (folder / "p000007.hea").write_text("not a header\n")
    return [str(path) for path in inputs([folder])]


@pytest.mark.parametrize("workers", [1, 2])
def test_one_bad_file_among_twenty_harms_no_other(twenty: list[str], tiny_path: Path, workers: int) -> None:
    found = list(estimates(twenty, Job(tiny_path), workers))
    assert [estimate.source for estimate in found] == twenty
    assert [e.status == "failed" for e in found] == ["p000007" in source for source in twenty]
    assert sum(e.status == "estimated" for e in found) >= 17


@dataclass(frozen=True)
class Deadly:
    """Ends the process that handles one of these files, as a fault in compiled code would."""

    names: tuple[str, ...]

    def __call__(self, source: str, result: Result) -> None:
        if source.endswith(self.names):
            os._exit(11)


@pytest.mark.parametrize("deadly", [("p000003.hea",), ("p000000.hea", "p000019.hea", "p000020.hea", "p000039.hea")])
def test_a_file_that_kills_its_process_fails_alone(patients: Path, tiny_path: Path, deadly: tuple[str, ...]) -> None:
    sources = [str(path) for path in inputs([patients])]
    found = list(estimates(sources, Job(tiny_path, each=Deadly(deadly)), workers=2))
    assert [estimate.source for estimate in found] == sources
    dead = [estimate for estimate in found if estimate.source.endswith(deadly)]
    assert len(dead) == len(deadly)
    assert all(e.status == "failed" and "died" in (e.reason or "") for e in dead)
    assert all(e.status != "failed" for e in found if e not in dead)


@dataclass(frozen=True)
class Noted:
    """Writes down the reason of each file into a folder, beside what an earlier run may have written there."""

    folder: Path
    deadly: str

    def __call__(self, source: str, result: Result) -> None:
        if source.endswith(self.deadly) and result.estimate.status != "failed":
            os._exit(11)
        (self.folder / Path(source).name).write_text(result.estimate.reason or "")


def test_the_report_of_a_file_that_killed_its_process_says_so(
    twenty: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "p000003.hea").write_text("of an earlier run")
    found = list(estimates(twenty, Job(tiny_path, each=Noted(tmp_path, "p000003.hea")), workers=2))
    died = "the process that read it died: the file is damaged beyond what a reader survives"
    assert [(Path(e.source).name, e.status) for e in found if e.reason == died] == [("p000003.hea", "failed")]
    assert (tmp_path / "p000003.hea").read_text() == died
    assert {path.name for path in tmp_path.glob("*.hea")} == {Path(source).name for source in twenty}


def test_workers_change_nothing(patients: Path, tiny_path: Path) -> None:
    sources = [str(path) for path in inputs([patients])][:20]
    assert list(estimates(sources, Job(tiny_path), 2)) == list(estimates(sources, Job(tiny_path), 1))


def broken(source: str, result: Result) -> None:
    raise RuntimeError("out of ink")


def refusing(source: str, result: Result) -> None:
    raise KalemiaError("cannot write the report")


def test_an_error_of_ours_is_reported_as_the_result(twenty: list[str], tiny_path: Path) -> None:
    reasons: list[str | None] = []

    def spilling(source: str, result: Result) -> None:
        if result.estimate.status != "failed":
            raise RuntimeError("out of ink")
        reasons.append(result.estimate.reason)

    list(estimates(twenty[:1], Job(tiny_path, each=spilling)))
    assert reasons == ["internal error, please report it: RuntimeError: out of ink"]


def test_an_error_of_ours_is_the_file_s_own(twenty: list[str], tiny_path: Path) -> None:
    found = list(estimates(twenty[:3], Job(tiny_path, each=broken)))
    assert [e.status for e in found] == ["failed"] * 3
    assert all(e.reason == "internal error, please report it: RuntimeError: out of ink" for e in found)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_ends_the_whole_run_is_raised(twenty: list[str], tiny_path: Path, workers: int) -> None:
    with pytest.raises(KalemiaError, match="cannot write the report"):
        list(estimates(twenty, Job(tiny_path, each=refusing), workers))


def test_a_job_passes_on_all_that_it_knows(monkeypatch: pytest.MonkeyPatch, tiny: Model) -> None:
    asked: list[tuple[object, ...]] = []

    def noted(source: str, model: object, **known: object) -> Result:
        asked.append((source, model, known))
        return Result(Estimate(source, "refused"))

    monkeypatch.setattr("kalemia.estimate.many.examine", noted)
    own = Calibration((), tiny.name)
    seen: list[tuple[str, Result]] = []
    ward = Population.load("hospital")
    job = Job("v5-4k", 250.0, own, ward, Hemolyzed(6.0), lambda source, result: seen.append((source, result)))
    assert list(estimates(["a", "b"], job)) == [Estimate("a", "refused"), Estimate("b", "refused")]
    known = {
        "rate": 250.0,
        "leads": None,
        "unit": None,
        "page": None,
        "calibration": own,
        "population": ward,
        "lab": Hemolyzed(6.0),
    }
    assert asked == [("a", "v5-4k", known), ("b", "v5-4k", known)]
    assert [source for source, _ in seen] == ["a", "b"]


def test_no_files_give_no_estimates(tiny_path: Path) -> None:
    assert list(estimates([], Job(tiny_path), 1)) == list(estimates([], Job(tiny_path), 2)) == []


def test_estimates_come_one_by_one(twenty: list[str], tiny_path: Path) -> None:
    seen: list[str] = []

    def note(source: str, result: Result) -> None:
        seen.append(source)

    stream: Iterator[Estimate] = estimates(twenty, Job(tiny_path, each=note))
    next(stream)
    assert seen == twenty[:1]
