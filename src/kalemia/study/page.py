"""The studies of a folder as one HTML report with text, tables and figures; figures are SVG and PNG files, too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from kalemia.errors import KalemiaError
from kalemia.judge import figures
from kalemia.judge.figures import Estimates
from kalemia.judge.pieces import cell, plot, table
from kalemia.judge.spans import signed
from kalemia.records import NOTICE
from kalemia.report.document import document, notice
from kalemia.report.markup import Markup, element
from kalemia.study.findings import MEDIAN, Finding, Result, findings
from kalemia.system import atomic

PAGE = "report.html"
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

Drawings = Iterator[tuple[str, str, Figure]]
"""Names of the files without their suffix, captions, and figures."""


def write(folder: Path) -> Path:
    """Write the figures of all studies in a folder, and the report, and return the report's path.

    Raises
    ------
    KalemiaError
        Where the folder has no study or cannot be written; where one is damaged, after the report of the others.
    """
    there = [name for name in ORDER if (folder / f"{name}.json").is_file()]
    if not there:
        raise KalemiaError(f"{folder}: holds no study; run kalemia study first")
    read, damaged = {}, []
    for name in there:
        try:
            result = _read(folder / f"{name}.json")
            read[name] = result, _estimates(folder / f"{name}.csv", result)
        except KalemiaError as exc:
            damaged.append(exc)
    if not read:
        raise damaged[0]
    contents: dict[Path, bytes] = {}
    sections = []
    for result, estimates in read.values():
        shots = []
        for file, caption, figure in _drawings(result, estimates):
            svg = figures.drawn(figure, "svg")
            contents |= {folder / f"{file}.svg": svg, folder / f"{file}.png": figures.drawn(figure, "png")}
            shots.append(plot(svg, f"{file}.svg", caption))
        sections.append(_section(result, shots))
    contents[folder / PAGE] = _page([result for result, _ in read.values()], sections).encode()
    with atomic.writing(folder):
        atomic.write(contents)
    if damaged:
        raise KalemiaError(f"{damaged[0]}; {folder / PAGE} has the other studies")
    return folder / PAGE


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        rows = found["entrants"]
        if found["study"] != path.stem or not rows or not all(row["name"] and row["figures"] for row in rows):
            raise ValueError("another study")
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise KalemiaError(f"{path}: no study, or damaged; run kalemia study again") from exc
    return found


def _estimates(path: Path, result: Result) -> dict[str, Estimates]:
    """Return what each entrant said, of as many ECGs as its JSON tells."""
    numbers = ["potassium_meq_l", "estimate_meq_l"]
    try:
        table = pl.read_csv(path, columns=["entrant", *numbers]).cast(dict.fromkeys(numbers, pl.Float64))
        counts = dict(table.group_by("entrant").len().iter_rows())
        whole = counts == {row["name"]: row["ecgs"] for row in result["entrants"]}
        if not whole or not table.select(pl.col(numbers).is_finite().all()).row(0) == (True, True):
            raise ValueError("cut off, or no numbers")
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError) as exc:
        raise KalemiaError(f"{path}: missing or damaged; run kalemia study again") from exc
    return {
        str(name[0]): Estimates(own["potassium_meq_l"].to_numpy(), own["estimate_meq_l"].to_numpy())
        for name, own in table.group_by("entrant", maintain_order=True)
    }


def _drawings(result: Result, panels: dict[str, Estimates]) -> Drawings:
    name, rows = result["study"], {row["name"]: row for row in result["entrants"]}
    base = result["differences"][0]["against"] if result["differences"] else next(iter(rows))
    r2 = {who: row["figures"]["r2"] for who, row in rows.items()}
    yield (
        f"{name}-r2",
        f"R2 in cross-validation; {base} is what the others are measured against.",
        figures.forest(r2, "R2", base),
    )
    notes = {
        who: f"R2 {_short(row['figures']['r2'])}, MAE {_short(row['figures']['mae_meq_l'])}"
        for who, row in rows.items()
    }
    if name in ("lead", "network"):
        yield f"{name}-scatter", "Each ECG while it was tested. Red: 5.5 mEq/L.", figures.scatter(panels, notes)
    if name == "network":
        learned = {who: one for who, one in panels.items() if who != MEDIAN and np.ptp(one.estimate) > 0}
        yield (
            f"{name}-bland-altman",
            "Bias and limits of agreement. Low ones are estimated too high, high ones too low: regression to the mean.",
            figures.bland_altman(learned),
        )
        yield (
            f"{name}-alarms",
            "Whether an ECG is of more than 5.5 mEq/L, by every possible cut.",
            figures.alarms(learned),
        )
        yield f"{name}-calibration", "What was measured where so much was estimated.", figures.calibration(learned)
    if name == "size":
        caption = "Estimates in each bin of measured potassium: median, middle half, 5 to 95 %."
        yield f"{name}-boxes", caption, figures.boxes(panels)
        covered = rows.get("4k", next(iter(rows.values())))["coverage_by_subgroup"]
        if covered:
            yield (
                f"{name}-coverage",
                "Whether the 0.9 interval of the 4k network holds in each group of patients (Wilson's interval).",
                figures.coverage(covered, result["interval_coverage"]),
            )
    if name in ("window", "size", "network"):
        told = (
            "MAE by epoch at the learning rate that validated best, a line a fit; the best epoch of validation is kept."
        )
        fits = {
            who: [(fit["training_mae_meq_l"], fit["validation_mae_meq_l"]) for fit in row["fits"]]
            for who, row in rows.items()
            if row["fits"] and "validation_mae_meq_l" in row["fits"][0]
        }
        yield f"{name}-learning", told, figures.curves(fits)
    if name in ("separable", "size"):
        costs = {who: row["layers"] for who, row in rows.items() if "layers" in row}
        told = "What each layer costs, for one ECG"
        if name == "separable":
            told += "; the time is that of one thread of the machine that made this report"
        yield f"{name}-layers", f"{told}.", figures.layers(costs)


def _short(three: Mapping[str, float | None]) -> str:
    return (
        "undefined"
        if three["value"] is None
        else f"{three['value']:.2f}".replace("-0.00", "0.00").replace("-", "\u2212")
    )


def _page(results: Sequence[Result], sections: Sequence[Markup]) -> str:
    cohort, budget = results[0]["cohort"], results[0]["budget"]
    kind = " ".join(str(cohort[key]) for key in ("labels", "level") if key in cohort)
    facts = [
        f"{cohort['ecgs']:,} ECGs of a {kind} cohort; the standard deviation of potassium is "
        f"{results[0]['potassium_sd_meq_l']:.2f} mEq/L. Left out: {cohort['hemolyzed']:,} hemolyzed, and of each lead "
        "those ECGs in which it cannot be used.",
        f"{budget['folds']} folds by patient; learning rates {', '.join(f'{rate:g}' for rate in budget['rates'])}; "
        f"training goes on until validation has not improved for {budget['patience']} epochs, "
        f"{budget['epochs']} at most.",
        "Every figure is of ECGs whose patient was in neither training nor validation. Intervals are those of 2,000 "
        "resamples of patients (fewer above 20,000 ECGs); differences are of the same resamples.",
        f"Sensitivity and specificity are at the cut that has a sensitivity of {results[0]['sensitivity_asked']:g} on "
        f"validation patients; PPV is the predictive value where {results[0]['prevalence']:.0%} are above 5.5 mEq/L.",
    ]
    if any(result["quick"] for result in results):
        facts.insert(0, "Made with --quick, which shows that a study runs and not who is better.")
    said = f"These potassium values are {cohort['labels']}."
    if "simulated" in cohort["labels"]:
        said += " They show what can be learned from a simulator, and support no claim about patients."
    return document(
        "Kalemia: studies",
        element(
            "header",
            element("p", "Kalemia", class_="brand"),
            element("h1", HEADING),
        ),
        element(
            "main",
            element(
                "section",
                element("h2", "What was done"),
                element("ul", *(element("li", fact) for fact in facts)),
                notice(f"{said} {NOTICE}"),
            ),
            *sections,
        ),
        origin="from the studies beside this page",
    )


def _section(result: Result, shots: Sequence[Markup]) -> Markup:
    name = result["study"]
    return element(
        "section",
        element("h2", TITLES[name]),
        element("p", f"{result['asks']} {seeds(result['budget']['seeds'])}", class_="facts"),
        element("ul", *(_finding(one, name) for one in findings(result)), class_="findings"),
        *shots,
        *(_entrants(result, title) for title in TABLES),
        _differences(result),
    )


def seeds(count: int) -> str:
    """Say how many networks figures are the means of."""
    if count == 1:
        return "One network a fold and learning rate."
    return f"{count} networks a fold and learning rate, which differ in their seed; figures are the means of theirs."


def _finding(one: Finding, name: str) -> Markup:
    verdict = None
    if one.reached is not None:
        word = "reached" if one.reached else "missed"
        verdict = element("strong", f" {word.capitalize()}.", class_=f"verdict-{'pass' if one.reached else 'missed'}")
    return element("li", one.said, verdict, element("span", f" [{name}.json: {one.where}]", class_="label"))


def _entrants(result: Result, title: str) -> Markup:
    columns = [(name, key) for name, key in TABLES[title] if any(key in row["figures"] for row in result["entrants"])]
    names = ("", "parameters", "ECGs", *(name for name, _ in columns))
    rows = [
        element(
            "tr",
            element("th", row["name"], scope="row"),
            element("td", f"{row['parameters']:,}" if row["parameters"] else "\u2013"),
            element("td", f"{row['ecgs']:,}"),
            *(element("td", *cell(row["figures"].get(key))) for _, key in columns),
        )
        for row in result["entrants"]
    ]
    caption = f"{title}; below each value its 95 % interval ({result['study']}.json: entrants, figures)"
    return table(caption, names, rows, "rows numbers")


def _differences(result: Result) -> Markup | None:
    if not result["differences"]:
        return None
    base = result["differences"][0]["against"]
    rows = [
        element(
            "tr",
            element("th", row["name"], scope="row"),
            *(element("td", signed(row[key])) for key in ("r2", "mae_meq_l", "auroc_above_5.5")),
        )
        for row in result["differences"]
    ]
    caption = f"Minus those of {base} on the same ECGs ({result['study']}.json: differences)"
    return table(caption, ("", "R2", "MAE, mEq/L", "AUROC > 5.5"), rows, "rows")
