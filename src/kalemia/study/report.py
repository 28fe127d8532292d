"""The studies of a folder as one HTML report with text, tables and figures; figures are SVG and PNG files, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kalemia.errors import KalemiaError
from kalemia.judge.pieces import PAGE, cell, draw, items, page, row, section, table
from kalemia.records import NOTICE
from kalemia.report.document import notice
from kalemia.report.markup import Markup, element
from kalemia.study.drawings import drawings
from kalemia.study.findings import Finding, findings
from kalemia.study.kept import Kept
from kalemia.study.results import EntrantResult, StudyResult
from kalemia.system import atomic

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


def _contents(studies: Sequence[Kept]) -> dict[str, bytes]:
    """Return by file name the figures and the page."""
    contents: dict[str, bytes] = {}
    sections = []
    for study in studies:
        files, shots = draw(drawings(study))
        contents |= files
        sections.append(_section(study.result, shots))
    return contents | {PAGE: _page([study.result for study in studies], sections).encode()}


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
