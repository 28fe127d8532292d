"""The evaluation of a model on a cohort as an HTML report with figures, which are SVG and PNG files, too."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kalemia.cohort.cohort import Cohort
from kalemia.errors import KalemiaError
from kalemia.judge.estimates import CohortEstimates
from kalemia.judge.evaluation import Evaluation
from kalemia.judge.figures import agreement, intervals, roc
from kalemia.judge.figures.agreement import Pairs
from kalemia.judge.pieces import PAGE, Drawing, draw, items, page, row, section, table
from kalemia.judge.probability import Probability
from kalemia.records import HIGH_MEQ_L, NOTICE
from kalemia.report.document import notice
from kalemia.report.markup import Markup
from kalemia.report.words import origin
from kalemia.system import atomic

JSON, CSV = "evaluation.json", "evaluation.csv"
COLUMNS = (
    "ecg", "patient", "potassium_meq_l", "status", "estimate_meq_l", "low_meq_l", "high_meq_l", "probability_above_5.5",
    "likelihood_ratio_high", "likelihood_ratio_low", "reason",
)  # fmt: skip
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


def claim(out: Path) -> None:
    """Raise a KalemiaError where a report would have no place, or would lie among others' files."""
    with atomic.writing(out):
        atomic.writable(out)
        if any(out.iterdir()) and not (out / JSON).is_file():
            raise KalemiaError(f"{out}: holds other files; give an empty folder, or that of an earlier evaluation")


def write(estimates: CohortEstimates, cohort: Cohort, evaluation: Evaluation, out: Path) -> Path:
    """Write JSON, CSV, figures and the page, all or none of them; KalemiaError where that cannot be."""
    contents, shots = draw(_drawings(estimates, cohort, evaluation))
    contents |= {JSON: evaluation.to_json(), CSV: _csv(estimates, cohort), PAGE: _page(evaluation, shots).encode()}
    with atomic.writing(out):
        atomic.writable(out)
        atomic.write({out / name: content for name, content in contents.items()})
    return out / PAGE


def _csv(estimates: CohortEstimates, cohort: Cohort) -> bytes:
    """Return a table with what the model says of every ECG."""
    stream = io.StringIO()
    written = csv.writer(stream, lineterminator="\n")
    written.writerow(COLUMNS)
    table = cohort.table[estimates.rows].select("ecg", "patient", "potassium_meq_l")
    for (ecg, patient, potassium), one in zip(table.iter_rows(), estimates.estimates, strict=True):
        bounds = one.interval_meq_l or ("", "")
        chance = one.probability_above.get("5.5", "") if one.probability_above else ""
        estimate = "" if one.potassium_meq_l is None else one.potassium_meq_l
        sides = (one.likelihood_ratio.get(side, "") for side in ("high", "low"))
        written.writerow(
            [ecg, patient, f"{potassium:.2f}", one.status, estimate, *bounds, chance, *sides, one.reason or ""]
        )
    return stream.getvalue().encode()


def _drawings(estimates: CohortEstimates, cohort: Cohort, evaluation: Evaluation) -> Iterator[Drawing]:
    numbers, name, r2 = estimates.numbers, evaluation.model.name, evaluation.figures["r2"].value
    true = cohort.table[numbers.rows]["potassium_meq_l"].to_numpy().astype(np.float64)
    panels = {name: Pairs(true, numbers.potassium)}
    note = {} if r2 is None else {name: f"R2 {r2:.2f}"}
    caption = "Estimates against measured potassium. Red: 5.5 mEq/L."
    yield Drawing("scatter", caption, agreement.scatter(panels, note))
    yield Drawing("bland-altman", "Bias and limits of agreement.", agreement.bland_altman(panels))
    yield Drawing("boxes", "Estimates in each bin: median, middle half, 5 to 95 %.", agreement.boxes(panels))
    caption = "What was measured where so much was estimated, in tenths."
    yield Drawing("calibration", caption, agreement.calibration(panels))
    if 0 < np.mean(true > HIGH_MEQ_L) < 1:
        caption = "Telling who is above 5.5 mEq/L, at every possible cut."
        yield Drawing("alarms", caption, roc.alarms(panels))
        yield _probability(evaluation.probability, evaluation.population)
    caption = "Whether the interval holds in each group of patients (Wilson's interval)."
    figure = intervals.coverage(evaluation.coverage_by_subgroup, evaluation.interval_coverage)
    yield Drawing("coverage", caption, figure)


def _probability(probability: Probability, population: str) -> Drawing:
    caption = f"How many were above 5.5 mEq/L where a patient of the population {population} is given a probability."
    return Drawing("probability", caption, intervals.probability(probability.tenths))


def _page(evaluation: Evaluation, shots: list[Markup]) -> str:
    heading = f"{evaluation.model.name} on {evaluation.cohort.folder}"
    labels = f"These potassium values are {evaluation.cohort.labels}."
    rows = [row(title, str(evaluation.figures[name])) for name, title in ROWS.items() if name in evaluation.figures]
    caption = "95 % intervals over resampled patients (evaluation.json: figures)"
    return page(
        f"Kalemia: {heading}",
        heading,
        section("What was judged", items(_facts(evaluation), "findings"), notice(f"{labels} {NOTICE}")),
        section("What it reaches", table(caption, ("", ""), rows, "rows"), *shots),
        origin="from the evaluation beside this page",
    )


def _facts(evaluation: Evaluation) -> list[str]:
    model, cohort, judged = evaluation.model, evaluation.cohort, evaluation.judged
    return [
        f"{model.name} {model.version}, trained on {origin(model.trained_on)}.",
        f"{cohort.ecgs:,} ECGs of the cohort {cohort.folder}; {judged.ecgs:,} judged, {judged.estimated:,} estimated, "
        f"of {judged.patients:,} patients.",
        *(f"Left out: {count:,} {why}." for why, count in evaluation.left_out.items()),
        *(f"Refused: {count:,}, {why}." for why, count in evaluation.refused.items()),
        f"The standard deviation of potassium is {evaluation.potassium_sd_meq_l:.2f} mEq/L; intervals are "
        f"{evaluation.interval_width_meq_l:.1f} mEq/L wide (median).",
        f"Estimates are of patients of the population {evaluation.population}.",
        f"Called high, above 5.5: {evaluation.called_high.value:.1%} of those estimated. The Brier score of the "
        f"probability of that is {evaluation.probability.brier:.4f}; of the share alone "
        f"{evaluation.probability.brier_of_the_share:.4f}.",
        _cut(evaluation),
    ]


def _cut(evaluation: Evaluation) -> str:
    if evaluation.cut_likelihood_ratio is None:
        return "The model's card has no frozen cut."
    return (
        f"The frozen cut is a likelihood ratio of {evaluation.cut_likelihood_ratio:.2g}: validation patients of the "
        f"training had a sensitivity of {evaluation.sensitivity_asked:g} there. The predictive value is for "
        f"{evaluation.prevalence:.0%} above 5.5."
    )
