"""The founding study's experiments: which lead, which window, which network, how small, separable or not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from kalemia import __version__
from kalemia.cohort.cohort import Cohort
from kalemia.errors import TrainError
from kalemia.records import LEADS
from kalemia.study import cached, crossval
from kalemia.study.crossval import MEASURED
from kalemia.study.judging import Judging
from kalemia.study.plan import QUICK, Budget, Entrant, Study
from kalemia.study.results import StudyResult
from kalemia.system import atomic
from kalemia.system.workers import mapped
from kalemia.train.design import Design
from kalemia.train.examples import Examples

STUDY_LEAD = "V5"
"""The founding study's best lead."""
SIZES = {
    "180k": Design("DSCRNN", 176, 88),
    "10k": Design("DSCRNN", 32, 16),
    "4k": Design("DSCRNN", 16, 10),
    "1k": Design("DSCRNN", 5, 4),
}
SMALL = SIZES["4k"]
NETWORKS = (
    Design("FNN", 32),
    Design("CNN", 16),
    Design("RNN", 0, 32),
    Design("CRNN", 16, 10),
    Design("DSCNN", 16),
    SMALL,
    Design("screening CNN", 16),
)
WINDOWS = {"one cycle": None, "one beat": 0.9, "2 s": 2.0, "10 s": 10.0}
SINGLE = ("V1", "V2", "V3", "V4", "V5", "V6", "I", "II")

Report = Callable[[str, int, int], None]


def _v5(name: str, design: Design | None = None, window_s: float | None = None) -> Entrant:
    return Entrant(name, (STUDY_LEAD,), design, window_s)


STUDIES = {
    study.name: study
    for study in (
        Study(
            "lead",
            "Which lead tells potassium best?",
            (*(Entrant(lead, (lead,), SMALL) for lead in SINGLE), Entrant("all twelve", LEADS, SMALL)),
            STUDY_LEAD,
        ),
        Study(
            "window",
            "Is one cardiac cycle as good as two or ten seconds?",
            tuple(_v5(name, SMALL, window_s) for name, window_s in WINDOWS.items()),
            "one cycle",
        ),
        Study(
            "network",
            "Which network, and does it beat what needs none?",
            (*(_v5(design.kind, design) for design in NETWORKS), *(_v5(name) for name in MEASURED)),
            "DSCRNN",
        ),
        Study(
            "size",
            "How small may the network be?",
            tuple(_v5(name, design) for name, design in SIZES.items()),
            "180k",
        ),
        Study(
            "separable",
            "What do separable convolutions save, and what do they cost?",
            tuple(
                _v5(f"{kind} {channels}-{lstm}", Design(kind, channels, lstm))
                for channels, lstm in ((16, 10), (32, 16))
                for kind in ("CRNN", "DSCRNN")
            ),
            "CRNN 16-10",
            timed=True,
        ),
    )
}


def run(
    name: str,
    cohort: Cohort,
    out: Path,
    *,
    quick: bool = False,
    seeds: int = 1,
    workers: int = 1,
    report: Report | None = None,
) -> StudyResult:
    """Run a study on a cohort and write NAME.json and NAME.csv into a folder; what was done there before is kept.

    Raises
    ------
    TrainError
        An unknown study, a folder with another cohort's study in it, or too few ECGs: one sentence.
    """
    study, entrants = _taking_part(name, cohort)
    budget = replace(QUICK if quick else Budget(), seeds=seeds)
    tell = report or (lambda _what, _done, _all: None)
    folder = _claim(out, cohort, budget)
    for entrant in entrants:
        _cut(cohort, entrant, folder, workers, tell)
    _fit_all(name, entrants, cohort, budget, folder, workers, tell)
    estimates = {one: crossval.collect(one, _data(cohort, one, folder), budget, folder) for one in entrants}
    judging = Judging(study, estimates, cohort)
    result = judging.result(budget, quick=quick)
    if crossval.share()[0] == 0:
        judging.write(out, result)
    return result


def _taking_part(name: str, cohort: Cohort) -> tuple[Study, list[Entrant]]:
    """Return a study and who of it reads leads that the cohort has."""
    if name not in STUDIES:
        raise TrainError(f"no study {name:.40}; the studies are {', '.join(STUDIES)} and all")
    study = STUDIES[name]
    entrants = [entrant for entrant in study.entrants if set(entrant.leads) <= set(cohort.leads)]
    if study.reference not in {entrant.name for entrant in entrants}:
        raise TrainError(f"study {name} needs lead {STUDY_LEAD}; the cohort has {', '.join(cohort.leads)}")
    return study, entrants


def _fit_all(
    name: str, entrants: Sequence[Entrant], cohort: Cohort, budget: Budget, folder: Path, workers: int, tell: Report
) -> None:
    """Do this process's share of the fits."""
    rank, ranks = crossval.share()
    todo = [(entrant, which) for entrant in entrants for which in crossval.fits(entrant, budget)][rank::ranks]
    # One set of workers for the whole study: each takes seconds to start.
    fits = mapped(partial(_fit, cohort.folder, folder, budget), todo, workers)
    for done, ((entrant, _), _) in enumerate(zip(todo, fits, strict=True), start=1):
        tell(f"{name}: {entrant.name}", done, len(todo))


def _claim(out: Path, cohort: Cohort, budget: Budget) -> Path:
    """Return the folder of fits, made for this cohort and budget only."""
    each = {name: value for name, value in asdict(budget).items() if name != "seeds"}  # of which there may be more
    ours = {"version": __version__, "cohort": cohort.digest, "budget": each}
    text = json.dumps(ours, indent=1, sort_keys=True)
    folder = out / "fits"
    plan = folder / "plan.json"
    with atomic.writing(out, TrainError):
        known = plan.exists() or any((out / f"{name}.json").exists() for name in STUDIES)
        # an empty folder of fits is that of a study that was killed as it began
        if not known and out.is_dir() and any(one != folder or any(one.iterdir()) for one in out.iterdir()):
            raise TrainError(f"{out}: holds other files; give an empty folder, or that of earlier studies")
        atomic.writable(folder)
        if not plan.exists() and any(folder.glob("*.npz")):
            raise TrainError(f"{plan}: missing, so that nobody knows whose fits these are; give another folder")
        if plan.exists() and (other := _other(plan, json.loads(text))):
            raise TrainError(f"{out}: holds studies {other}; give another folder")
        atomic.write({plan: text.encode()})
    return folder


def _other(plan: Path, ours: Mapping[str, Any]) -> str | None:
    """Return in what the studies of a folder differ from these: version, cohort or budget; None where they do not."""
    try:
        there = json.loads(plan.read_text(encoding="utf-8"))
        if there["version"] != ours["version"]:  # whose plan may have had other fields
            return f"that Kalemia {there['version']!s:.20} made, and this is {ours['version']}"
        if there["cohort"] != ours["cohort"]:
            return "of another cohort"
        changed = [name for name, value in ours["budget"].items() if there["budget"][name] != value]
    except (ValueError, KeyError, TypeError) as exc:
        raise TrainError(f"{plan}: damaged, so that nobody knows whose fits these are; give another folder") from exc
    settings = (f"{name} {there['budget'][name]!s:.40} and not {ours['budget'][name]}" for name in changed)
    return f"made with other settings, as with --quick or without ({', '.join(settings)})" if changed else None


def _cut(cohort: Cohort, entrant: Entrant, folder: Path, workers: int, tell: Report) -> None:
    """Cut what an entrant reads into a file; of several processes the first does it for all."""
    leads, kept = _kept(cohort, entrant, folder)
    if crossval.share()[0]:
        crossval.wait_for([kept])
    else:
        cached.load(cohort, replace(entrant.cut, leads=leads), kept, workers, partial(tell, "cutting beats"))


def _kept(cohort: Cohort, entrant: Entrant, folder: Path) -> tuple[tuple[str, ...], Path]:
    """Return which leads are cut together, and the file; the beats of single leads are in one."""
    leads = cohort.leads if len(entrant.leads) == 1 and entrant.window_s is None else entrant.leads
    return leads, folder / f"{'-'.join(leads)}-{entrant.window}.npz"


def _data(cohort: Cohort, entrant: Entrant, folder: Path) -> Examples:
    """Return the ECGs that an entrant reads: those with a beat in its leads and a draw that was not hemolyzed.

    A study of one lead has the ECGs in which that lead is good; of several, those in which any is.
    """
    leads, kept = _kept(cohort, entrant, folder)
    cut = cached.load(cohort, replace(entrant.cut, leads=leads), kept)
    own = cut.of([leads.index(lead) for lead in entrant.leads])
    hemolyzed = cohort.table["hemolyzed"].to_numpy()[own.number]
    if hemolyzed.all():
        raise TrainError(
            f"{cohort.folder}: none of its {len(cohort):,} ECGs ({cohort.hemolyzed:,} hemolyzed) has a usable "
            f"{' or '.join(entrant.leads)}; give another cohort"
        )
    return own.only(~hemolyzed)


@lru_cache(maxsize=1)
def _opened(folder: Path, fits: Path, leads: tuple[str, ...], window_s: float | None) -> Examples:
    return _data(Cohort.open(folder), Entrant("", leads, None, window_s), fits)


def _fit(cohort: Path, folder: Path, budget: Budget, job: tuple[Entrant, tuple[int, int]]) -> None:
    """Do one fit; a process keeps the data of the last."""
    entrant, which = job
    if not crossval.done(crossval.file_of(folder, entrant, which)):
        crossval.fit(entrant, _opened(cohort, folder, entrant.leads, entrant.window_s), budget, folder, which)
