"""The evaluation of a model on a cohort as an HTML report with figures, which are SVG and PNG files, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from kalemia.cohort.cohort import Cohort
from kalemia.judge import figures, judge
from kalemia.judge.figures import Estimates
from kalemia.judge.judge import Judged
from kalemia.judge.pieces import plot, table
from kalemia.judge.spans import shown
from kalemia.records import HIGH_MEQ_L, NOTICE
from kalemia.report.document import document, notice
from kalemia.report.markup import Markup, element
from kalemia.report.words import origin
from kalemia.system import atomic

PAGE = "report.html"
ROWS = {
    "r2": "R2",
    "mae_meq_l": "MAE, mEq/L",
    "rmse_meq_l": "RMSE, mEq/L",
    "r": "r",
    "bias_meq_l": "bias, mEq/L",
    "lower_limit_meq_l": "lower limit of agreement, mEq/L",
    "upper_limit_meq_l": "upper limit of agreement, mEq/L",
    "calibration_slope": "calibration slope",
    "mae_meq_l_0_to_3.5": "MAE below 3.5",
    "mae_meq_l_3.5_to_5.5": "MAE from 3.5 to 5.5",
    "mae_meq_l_5.5_to_6.5": "MAE from 5.5 to 6.5",
    "mae_meq_l_6.5_to_99": "MAE above 6.5",
    "auroc_above_5.5": "AUROC > 5.5",
    "auroc_at_least_6.0": "AUROC \u2265 6.0",
    "auroc_at_least_6.5": "AUROC \u2265 6.5",
    "auroc_below_3.5": "AUROC < 3.5",
    "auprc_above_5.5": "AUPRC > 5.5",
    "sensitivity": "sensitivity at the frozen cut",
    "specificity": "specificity there",
    "ppv": "predictive value there",
    "coverage": "share of intervals that hold",
}


def write(judged: Judged, cohort: Cohort, found: dict[str, Any], out: Path) -> Path:
    """Write JSON, CSV, figures and the page, all or none of them; KalemiaError where that cannot be."""
    contents = judge.tables(judged, cohort, found)
    shots = []
    for name, caption, figure in _drawings(judged, cohort, found):
        contents[f"{name}.svg"], contents[f"{name}.png"] = figures.drawn(figure, "svg"), figures.drawn(figure, "png")
        shots.append(plot(contents[f"{name}.svg"], f"{name}.svg", caption))
    contents[PAGE] = _page(found, shots).encode()
    with atomic.writing(out):
        atomic.writable(out)
        atomic.write({out / name: content for name, content in contents.items()})
    return out / PAGE


def _drawings(judged: Judged, cohort: Cohort, found: dict[str, Any]) -> Iterator[tuple[str, str, Figure]]:
    said = np.array([one.status == "estimated" for one in judged.estimates])
    true = cohort.table[judged.rows[said]]["potassium_meq_l"].to_numpy().astype(np.float64)
    name = found["model"]["name"]
    panels = {name: Estimates(true, judge.numbers(judged)[0])}
    note = {name: f"R2 {found['figures']['r2']['value']:.2f}"} if found["figures"]["r2"]["value"] is not None else {}
    yield "scatter", "Estimates against measured potassium. Red: 5.5 mEq/L.", figures.scatter(panels, note)
    yield "bland-altman", "Bias and limits of agreement.", figures.bland_altman(panels)
    yield "boxes", "Estimates in each bin: median, middle half, 5 to 95 %.", figures.boxes(panels)
    yield "calibration", "What was measured where so much was estimated, in tenths.", figures.calibration(panels)
    if 0 < np.mean(true > HIGH_MEQ_L) < 1:
        yield "alarms", "Telling who is above 5.5 mEq/L, at every possible cut.", figures.alarms(panels)
        said = found["probability"]
        sets, caption = {"as said": said["tenths"]}, "How many were above 5.5 mEq/L where such a probability was given."
        if told := said["told"]:
            sets["told the prevalence"] = told["tenths"]
            caption += (
                f" {told['of_the_calibration']:.0%} of the model's calibration were, {told['prevalence']:.1%} here: "
                f"kalemia predict --prevalence {told['prevalence']:.2g} gives the second."
            )
        yield "probability", caption, figures.probability(sets)
    caption = "Whether the interval holds in each group of patients (Wilson's interval)."
    yield "coverage", caption, figures.coverage(found["coverage_by_subgroup"], found["interval_coverage"])


def _page(found: dict[str, Any], shots: list[Markup]) -> str:
    model, cohort, count = found["model"], found["cohort"], found["judged"]
    facts = [
        f"{model['name']} {model['version']}, trained on {origin(model['trained_on'])}.",
        f"{cohort['ecgs']:,} ECGs of the cohort {cohort['folder']}; {count['ecgs']:,} judged, {count['estimated']:,} "
        f"estimated, of {count['patients']:,} patients.",
        *(f"Left out: {number:,} {why}." for why, number in found["left_out"].items()),
        *(f"Refused: {number:,}, {why}." for why, number in found["refused"].items()),
        f"The standard deviation of potassium is {found['potassium_sd_meq_l']:.2f} mEq/L; intervals are "
        f"{found['interval_width_meq_l']:.1f} mEq/L wide (median).",
        f"Called high, above 5.5: {found['called_high']['value']:.1%} of those estimated. The Brier score of the "
        f"probability of that is {found['probability']['brier_above_5.5']:.4f}; of the share alone "
        f"{found['probability']['brier_of_the_share']:.4f}.",
        _cut(found),
    ]
    said = f"These potassium values are {cohort['labels']}."
    rows = [
        element("tr", element("th", title, scope="row"), element("td", shown(found["figures"][name])))
        for name, title in ROWS.items()
        if name in found["figures"]
    ]
    return document(
        f"Kalemia: {model['name']} on {cohort['folder']}",
        element(
            "header", element("p", "Kalemia", class_="brand"), element("h1", f"{model['name']} on {cohort['folder']}")
        ),
        element(
            "main",
            element(
                "section",
                element("h2", "What was judged"),
                element("ul", *(element("li", fact) for fact in facts), class_="findings"),
                notice(f"{said} {NOTICE}"),
            ),
            element(
                "section",
                element("h2", "What it reaches"),
                table("95 % intervals over resampled patients (evaluation.json: figures)", ("", ""), rows, "rows"),
                *shots,
            ),
        ),
        origin="from the evaluation beside this page",
    )


def _cut(found: dict[str, Any]) -> str:
    if found["cut_meq_l"] is None:
        return "The model's card has no frozen cut."
    return (
        f"The frozen cut is {found['cut_meq_l']:.2f} mEq/L: validation patients of the training had a sensitivity of "
        f"{found['sensitivity_asked']:g} there. The predictive value is for {found['prevalence']:.0%} above 5.5."
    )
