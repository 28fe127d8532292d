"""Which studies there are, whose fits a folder may hold, and that of several processes one writes."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("polars")
pytest.importorskip("sklearn")

from kalemia import __version__
from kalemia.cohort import Cohort, simulated
from kalemia.errors import TrainError
from kalemia.study import cached, crossval, studies
from kalemia.study.plan import QUICK, Budget, Entrant
from kalemia.study.report import ORDER, TITLES
from kalemia.study.studies import STUDIES
from kalemia.train.design import Cut


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort") / "kidney"
    simulated.write(folder, 4, 2, "kidney")
    return Cohort.open(folder)


def with_leads(cohort: Cohort, *leads: str) -> Cohort:
    return replace(cohort, card=replace(cohort.card, leads=leads))


def test_every_study_has_its_reference_and_a_title_in_the_report() -> None:
    assert set(STUDIES) == set(ORDER) == set(TITLES)
    for name, study in STUDIES.items():
        names = [entrant.name for entrant in study.entrants]
        assert study.name == name
        assert study.reference in names
        assert len(set(names)) == len(names)
    assert [name for name, study in STUDIES.items() if study.timed] == ["separable"]


def test_two_entrants_share_a_fit_only_where_they_are_the_same(tmp_path: Path) -> None:
    """The founding study's network of V5 is in all five studies, its CRNN and the one of 10k in two each."""
    every = [entrant for study in STUDIES.values() for entrant in study.entrants]
    kept = {crossval.file_of(tmp_path, entrant, (0, 0)): replace(entrant, name="") for entrant in every}
    for entrant in every:
        alike = kept[crossval.file_of(tmp_path, entrant, (0, 0))]
        assert (alike.leads, alike.design, alike.window_s) == (entrant.leads, entrant.design, entrant.window_s)
    assert len(kept) == len(every) - 4 - 1 - 1


@pytest.mark.parametrize(("window_s", "name"), [(None, "cycle"), (0.9, "0.9s"), (2.0, "2s"), (10.0, "10s")])
def test_what_is_read_has_a_name_for_files(window_s: float | None, name: str) -> None:
    assert Entrant("a", ("V5",), None, window_s).window == name


def test_who_reads_what_the_cohort_lacks_takes_no_part(cohort: Cohort) -> None:
    study, entrants = studies._taking_part("lead", with_leads(cohort, "V4", "V5"))
    assert study is STUDIES["lead"]
    assert [entrant.name for entrant in entrants] == ["V4", "V5"]
    assert len(studies._taking_part("lead", cohort)[1]) == 9


def test_a_study_without_its_reference_or_that_is_none_gets_a_sentence(cohort: Cohort, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="study lead needs lead V5; the cohort has V4, I"):
        studies._taking_part("lead", with_leads(cohort, "V4", "I"))
    with pytest.raises(TrainError) as error:
        studies.run("depth" * 20, cohort, tmp_path)
    assert str(error.value) == (
        f"no study {'depth' * 8}; the studies are lead, window, network, size, separable and all"
    )
    assert not list(tmp_path.iterdir())


def test_a_folder_of_fits_says_whose_they_are(cohort: Cohort, tmp_path: Path) -> None:
    folder = studies._claim(tmp_path / "out", cohort, QUICK)
    assert folder == tmp_path / "out" / "fits"
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["version"] == __version__
    assert plan["cohort"] == cohort.digest
    assert list(plan["budget"]) == sorted(set(asdict(QUICK)) - {"seeds"})
    assert (plan["budget"]["folds"], plan["budget"]["epochs"], plan["budget"]["rates"]) == (3, 14, [0.006])
    before = (folder / "plan.json").read_bytes()
    assert studies._claim(tmp_path / "out", cohort, replace(QUICK, seeds=5)) == folder  # there may be more seeds
    assert (folder / "plan.json").read_bytes() == before


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"version": "0.0.9", "budget": {"of": "else"}},
            f"that Kalemia 0.0.9 made, and this is {__version__}",
        ),
        ({"cohort": "another"}, "of another cohort"),
        (
            {"budget": json.loads(json.dumps(asdict(replace(QUICK, patience=20, halve=6))))},
            "made with other settings, as with --quick or without (epochs 14 and not 150, folds 3 and not 5, "
            "rates [0.006] and not [0.006, 0.002])",
        ),
    ],
)
def test_fits_of_another_plan_are_not_mixed_in(
    cohort: Cohort, tmp_path: Path, change: dict[str, object], why: str
) -> None:
    folder = studies._claim(tmp_path, cohort, Budget())
    plan = json.loads((folder / "plan.json").read_text())
    (folder / "plan.json").write_text(json.dumps(plan | change))
    with pytest.raises(TrainError) as caught:
        studies._claim(tmp_path, cohort, Budget())
    assert str(caught.value) == f"{tmp_path}: holds studies {why}; give another folder"


@pytest.mark.parametrize("content", ["{", "[]", "{}", "3", '{"version": "0"}', '{"budget": 3}'])
def test_a_damaged_plan_gets_a_sentence(cohort: Cohort, tmp_path: Path, content: str) -> None:
    folder = studies._claim(tmp_path, cohort, Budget())
    plan = json.loads((folder / "plan.json").read_text())
    if content == '{"version": "0"}':
        content = json.dumps({"version": plan["version"]})
    if content == '{"budget": 3}':
        content = json.dumps(plan | {"budget": 3})
    (folder / "plan.json").write_text(content)
    with pytest.raises(TrainError, match=r"plan\.json: damaged, so that nobody knows whose fits these are"):
        studies._claim(tmp_path, cohort, Budget())


def test_fits_without_a_plan_get_a_sentence(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "size.json").write_text("{}")
    studies._claim(tmp_path, cohort, Budget())
    (tmp_path / "fits" / "plan.json").unlink()
    (tmp_path / "fits" / "a-fold0-seed0.npz").write_bytes(b"")
    with pytest.raises(TrainError, match=r"plan\.json: missing, so that nobody knows whose fits these are"):
        studies._claim(tmp_path, cohort, Budget())


def test_a_study_that_was_killed_as_it_began_begins_again(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "fits").mkdir()
    assert studies._claim(tmp_path, cohort, Budget()) == tmp_path / "fits"
    (tmp_path / "fits" / "plan.json").rename(tmp_path / "fits" / "theirs.txt")
    with pytest.raises(TrainError, match="holds other files; give an empty folder"):
        studies._claim(tmp_path, cohort, Budget())


def test_a_folder_of_others_is_left_alone(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "theirs.txt").write_text("theirs")
    with pytest.raises(TrainError, match="holds other files; give an empty folder, or that of earlier studies"):
        studies._claim(tmp_path, cohort, Budget())
    assert [one.name for one in tmp_path.iterdir()] == ["theirs.txt"]
    with pytest.raises(TrainError, match="cannot be written"):
        studies._claim(tmp_path / "theirs.txt", cohort, Budget())


def test_beats_of_single_leads_are_cut_together_and_windows_apart(cohort: Cohort, tmp_path: Path) -> None:
    leads, kept = studies._kept(cohort, Entrant("a", ("V5",)), tmp_path)
    assert leads == cohort.leads
    assert kept.name == f"{'-'.join(cohort.leads)}-cycle.npz"
    assert studies._kept(cohort, Entrant("b", ("V4",)), tmp_path) == (leads, kept)
    assert studies._kept(cohort, Entrant("c", ("V5",), None, 2.0), tmp_path) == (("V5",), tmp_path / "V5-2s.npz")
    two = studies._kept(cohort, Entrant("d", ("V4", "V5")), tmp_path)
    assert two == (("V4", "V5"), tmp_path / "V4-V5-cycle.npz")


@pytest.mark.parametrize(("rank", "ranks", "writes"), [("0", "1", True), ("0", "3", True), ("2", "3", False)])
def test_each_process_does_its_share_and_the_first_writes(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: str, ranks: str, writes: bool
) -> None:
    done: list[tuple[str, tuple[int, int]]] = []
    told: list[tuple[str, int, int]] = []
    wrote: list[Any] = []

    class Judged:
        """Stands for what comes of the estimates."""

        def __init__(self, study: object, estimates: dict[Entrant, object], _cohort: Cohort) -> None:
            assert study is STUDIES["size"]
            assert [entrant.name for entrant in estimates] == ["180k", "10k", "4k", "1k"]

        def result(self, budget: Budget, *, quick: bool) -> str:
            assert (budget, quick) == (replace(QUICK, seeds=2), True)
            return "result"

        def write(self, *both: object) -> None:
            wrote.append(both)

    def fit(_cohort: Path, _folder: Path, _budget: Budget, job: tuple[Entrant, tuple[int, int]]) -> None:
        done.append((job[0].name, job[1]))

    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("WORLD_SIZE", ranks)
    monkeypatch.setattr(studies, "_cut", lambda *_: None)
    monkeypatch.setattr(studies, "_fit", fit)
    monkeypatch.setattr(studies, "_data", lambda *_: None)
    monkeypatch.setattr(studies, "mapped", lambda job, todo, _workers: map(job, todo))
    monkeypatch.setattr(crossval, "collect", lambda *_: None)
    monkeypatch.setattr(studies, "Judging", Judged)
    found: object = studies.run("size", cohort, tmp_path, quick=True, seeds=2, report=lambda *three: told.append(three))
    assert found == "result"
    fits = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]
    every = [(name, fit) for name in ("180k", "10k", "4k", "1k") for fit in fits]
    assert done == every[int(rank) :: int(ranks)]
    assert told[-1] == ("size: 1k", len(done), len(done))
    assert [what for what, _, _ in told] == [f"size: {name}" for name, _ in done]
    assert wrote == ([(tmp_path, "result")] if writes else [])


@pytest.mark.parametrize(("rank", "cuts"), [("0", True), ("1", False)])
def test_one_process_cuts_for_all(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rank: str, cuts: bool
) -> None:
    waited: list[list[Path]] = []
    cut: list[tuple[Any, ...]] = []
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setattr(crossval, "wait_for", waited.append)
    monkeypatch.setattr(cached, "load", lambda *given: cut.append(given[1:4]))
    studies._cut(cohort, Entrant("a", ("V5",), None, 2.0), tmp_path, 3, lambda *_: None)
    assert cut == ([(Cut(("V5",), 1, 2.0), tmp_path / "V5-2s.npz", 3)] if cuts else [])
    assert waited == ([] if cuts else [[tmp_path / "V5-2s.npz"]])
