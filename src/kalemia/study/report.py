"""The studies of a folder as one HTML report with text, tables and figures; figures are SVG and PNG files, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from kalemia.errors import KalemiaError
from kalemia.judge.figures import agreement, intervals, roc
from kalemia.judge.figures.agreement import Pairs
from kalemia.judge.pieces import PAGE, Drawing, cell, draw, items, page, row, section, table
from kalemia.records import NOTICE
from kalemia.report.document import notice
from kalemia.report.markup import Markup, element
from kalemia.study import figures
from kalemia.study.findings import Finding, findings
from kalemia.study.results import EntrantResult, StudyResult
from kalemia.system import atomic
from kalemia.train.baselines import MEDIAN

HEADING = "Which lead, which window, which network, how small"
ORDER = ("lead", "window", "network", "size", "separable")
TITLES = {
    "lead": "Which lead",
    "window": "One cardiac cycle or more",
    "network": "Which network",
    "size": "How small",
    "separable": "Separable convolutions",
}
TABLES = {
    "How far estimates are off": (
        ("R2", "r2"),
        ("MAE, mEq/L", "mae_meq_l"),
        ("RMSE", "rmse_meq_l"),
        ("r", "r"),
        ("calibration slope", "calibration_slope"),
        ("interval holds", "coverage"),
    ),
    "Telling who is high": (
        ("AUROC > 5.5", "auroc_above_5.5"),
        ("AUPRC > 5.5", "auprc_above_5.5"),
        ("AUROC \u2265 6.5", "auroc_at_least_6.5"),
        ("sensitivity", "sensitivity"),
        ("specificity", "specificity"),
        ("PPV", "ppv"),
    ),
}
"""Columns of the tables of entrants, and their names in the JSON, which has more."""


@dataclass(frozen=True, eq=False)
class Kept:
    """A study as its files hold it: the result, and by entrant measured and estimated potassium of every ECG."""

    result: StudyResult
    pairs: dict[str, Pairs]

    @classmethod
    def read(cls, folder: Path, name: str) -> Kept:
        """Read NAME.json and NAME.csv; KalemiaError where one is missing or damaged."""
        result = _result(folder / f"{name}.json")
        return cls(result, _pairs(folder / f"{name}.csv", result))


def write(folder: Path) -> Path:
    """Write the figures of all studies in a folder, and the report, and return the report's path.

    Raises
    ------
    KalemiaError
        Where the folder has no study or cannot be written; where one is damaged, after the report of the others.
    """
    names = [name for name in ORDER if (folder / f"{name}.json").is_file()]
    if not names:
        raise KalemiaError(f"{folder}: holds no study; run kalemia study first")
    studies, damaged = [], []
    for name in names:
        try:
            studies.append(Kept.read(folder, name))
        except KalemiaError as exc:
            damaged.append(exc)
    if not studies:
        raise damaged[0]
    contents = _contents(studies)
    with atomic.writing(folder):
        atomic.write({folder / name: content for name, content in contents.items()})
    if damaged:
        raise KalemiaError(f"{damaged[0]}; {folder / PAGE} has the other studies")
    return folder / PAGE


def _result(path: Path) -> StudyResult:
    try:
        result = StudyResult.from_json(path.read_bytes())
        if result.study != path.stem:
            raise ValueError("another study")
    except (OSError, ValueError) as exc:
        raise KalemiaError(f"{path}: no study, or damaged; run kalemia study again") from exc
    return result


def _pairs(path: Path, result: StudyResult) -> dict[str, Pairs]:
    """Return what each entrant estimated, of as many ECGs as its JSON tells."""
    numbers = ["potassium_meq_l", "estimate_meq_l"]
    try:
        table = pl.read_csv(path, columns=["entrant", *numbers]).cast(dict.fromkeys(numbers, pl.Float64))
        counts = dict(table.group_by("entrant").len().iter_rows())
        whole = counts == {row.name: row.ecgs for row in result.entrants}
        if not whole or not table.select(pl.col(numbers).is_finite().all()).row(0) == (True, True):
            raise ValueError("cut off, or no numbers")
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as exc:
        raise KalemiaError(f"{path}: missing or damaged; run kalemia study again") from exc
    return {
        str(name[0]): Pairs(own["potassium_meq_l"].to_numpy(), own["estimate_meq_l"].to_numpy())
        for name, own in table.group_by("entrant", maintain_order=True)
    }


def _contents(studies: Sequence[Kept]) -> dict[str, bytes]:
    """Return by file name the figures and the page."""
    contents: dict[str, bytes] = {}
    sections = []
    for study in studies:
        files, shots = draw(_drawings(study))
        contents |= files
        sections.append(_section(study.result, shots))
    return contents | {PAGE: _page([study.result for study in studies], sections).encode()}


def _drawings(study: Kept) -> Iterator[Drawing]:
    """Yield R2 of every entrant, then what the study's own question asks for."""
    result = study.result
    r2 = {row.name: row.r2 for row in result.entrants}
    caption = f"R2 in cross-validation; {result.reference} is what the others are measured against."
    yield Drawing(f"{result.study}-r2", caption, intervals.forest(r2, "R2", result.reference))
    for drawings in OF_STUDY[result.study]:
        yield from drawings(study)


def _scatter(study: Kept) -> Iterator[Drawing]:
    rows = study.result.entrants
    notes = {row.name: f"R2 {row.r2.number(decimals=2)}, MAE {row.mae.number(decimals=2)}" for row in rows}
    caption = "Each ECG while it was tested. Red: 5.5 mEq/L."
    yield Drawing(f"{study.result.study}-scatter", caption, agreement.scatter(study.pairs, notes))


def _learned(study: Kept) -> Iterator[Drawing]:
    """Yield how entrants agree that do not say the same of everybody."""
    name = study.result.study
    learned = {who: one for who, one in study.pairs.items() if who != MEDIAN and np.ptp(one.estimate) > 0}
    caption = "Low ones are estimated too high, high ones too low: regression to the mean."
    yield Drawing(f"{name}-bland-altman", f"Bias and limits of agreement. {caption}", agreement.bland_altman(learned))
    caption = "Whether an ECG is of more than 5.5 mEq/L, by every possible cut."
    yield Drawing(f"{name}-alarms", caption, roc.alarms(learned))
    caption = "What was measured where so much was estimated."
    yield Drawing(f"{name}-calibration", caption, agreement.calibration(learned))


def _small(study: Kept) -> Iterator[Drawing]:
    result = study.result
    caption = "Estimates in each bin of measured potassium: median, middle half, 5 to 95 %."
    yield Drawing(f"{result.study}-boxes", caption, agreement.boxes(study.pairs))
    covered = (result.entrant("4k") or result.entrants[0]).coverage_by_subgroup
    if covered:
        caption = "Whether the 0.9 interval of the 4k network holds in each group of patients (Wilson's interval)."
        yield Drawing(f"{result.study}-coverage", caption, intervals.coverage(covered, result.interval_coverage))


def _learning(study: Kept) -> Iterator[Drawing]:
    which = "at the learning rate that validated best, a line a fit; the best epoch of validation is kept"
    fits = {row.name: row.fits for row in study.result.entrants if row.fits and row.fits[0].validation_mae_meq_l}
    yield Drawing(f"{study.result.study}-learning", f"MAE by epoch {which}.", figures.learning(fits))


def _layers(study: Kept) -> Iterator[Drawing]:
    costs = {row.name: row.layers for row in study.result.entrants if row.layers}
    timed = "; the time is that of one thread of the machine that made this report"
    caption = f"What each layer costs, for one ECG{timed if study.result.study == 'separable' else ''}."
    yield Drawing(f"{study.result.study}-layers", caption, figures.layers(costs))


OF_STUDY: dict[str, tuple[Callable[[Kept], Iterator[Drawing]], ...]] = {
    "lead": (_scatter,),
    "window": (_learning,),
    "network": (_scatter, _learned, _learning),
    "size": (_small, _learning, _layers),
    "separable": (_layers,),
}


def _page(results: Sequence[StudyResult], sections: Sequence[Markup]) -> str:
    labels = results[0].cohort.labels
    claim = f"These potassium values are {labels}."
    if "simulated" in labels:
        claim += " They show what can be learned from a simulator, and support no claim about patients."
    done = section("What was done", items(_facts(results)), notice(f"{claim} {NOTICE}"))
    return page("Kalemia: studies", HEADING, done, *sections, origin="from the studies beside this page")


def _facts(results: Sequence[StudyResult]) -> list[str]:
    first = results[0]
    cohort, budget = first.cohort, first.budget
    kind = " ".join(filter(None, (cohort.labels, cohort.level)))
    quick = "Made with --quick, which shows that a study runs and not who is better."
    return [
        *([quick] if any(result.quick for result in results) else []),
        f"{cohort.ecgs:,} ECGs of a {kind} cohort; the standard deviation of potassium is "
        f"{first.potassium_sd_meq_l:.2f} mEq/L. Left out: {cohort.hemolyzed:,} hemolyzed, and of each lead "
        "those ECGs in which it cannot be used.",
        f"{budget.folds} folds by patient; learning rates {', '.join(f'{rate:g}' for rate in budget.rates)}; "
        f"training goes on until validation has not improved for {budget.patience} epochs, {budget.epochs} at most.",
        "Every figure is of ECGs whose patient was in neither training nor validation. Intervals are those of 2,000 "
        "resamples of patients (fewer above 20,000 ECGs); differences are of the same resamples.",
        f"Sensitivity and specificity are at the cut that has a sensitivity of {first.sensitivity_asked:g} on "
        f"validation patients; PPV is the predictive value where {first.prevalence:.0%} are above 5.5 mEq/L.",
    ]


def _section(result: StudyResult, shots: Sequence[Markup]) -> Markup:
    return section(
        TITLES[result.study],
        element("p", f"{result.asks} {seeds(result.budget.seeds)}", class_="facts"),
        element("ul", *(_finding(finding, result.study) for finding in findings(result)), class_="findings"),
        *shots,
        *(_entrants(result, title) for title in TABLES),
        _differences(result),
    )


def seeds(count: int) -> str:
    """Say how many networks figures are the means of."""
    if count == 1:
        return "One network a fold and learning rate."
    return f"{count} networks a fold and learning rate, which differ in their seed; figures are the means of theirs."


def _finding(finding: Finding, study: str) -> Markup:
    verdict = None
    if finding.reached is not None:
        word, color = ("Reached", "pass") if finding.reached else ("Missed", "missed")
        verdict = element("strong", f" {word}.", class_=f"verdict-{color}")
    return element(
        "li", finding.sentence, verdict, element("span", f" [{study}.json: {finding.where}]", class_="label")
    )


def _entrants(result: StudyResult, title: str) -> Markup:
    columns = {name: key for name, key in TABLES[title] if any(key in one.figures for one in result.entrants)}
    caption = f"{title}; below each value its 95 % interval ({result.study}.json: entrants, figures)"
    rows = [_entrant(one, columns) for one in result.entrants]
    return table(caption, ("", "parameters", "ECGs", *columns), rows, "rows numbers")


def _entrant(one: EntrantResult, columns: Mapping[str, str]) -> Markup:
    parameters = f"{one.parameters:,}" if one.parameters else "\u2013"
    return row(one.name, parameters, f"{one.ecgs:,}", *(cell(one.figures.get(key)) for key in columns.values()))


def _differences(result: StudyResult) -> Markup | None:
    if not result.differences:
        return None
    rows = [row(one.name, f"{one.r2:+}", f"{one.mae_meq_l:+}", f"{one.auroc:+}") for one in result.differences]
    caption = f"Minus those of {result.reference} on the same ECGs ({result.study}.json: differences)"
    return table(caption, ("", "R2", "MAE, mEq/L", "AUROC > 5.5"), rows, "rows")
