"""A model judged on a cohort: what predicting says of every ECG, refusals included, against the laboratory."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia import __version__
from kalemia.cohort.cohort import Cohort
from kalemia.errors import CohortError, KalemiaError
from kalemia.estimate.card import SHARES, Card
from kalemia.estimate.model import Model
from kalemia.estimate.predict import COVERAGE, predict
from kalemia.judge import compare, resampled, subgroups
from kalemia.judge.metrics import SENSITIVITY
from kalemia.judge.resampled import Predictions
from kalemia.judge.spans import shown
from kalemia.records import HIGH_MEQ_L, Estimate
from kalemia.system import atomic
from kalemia.system.workers import mapped

CHUNK = 100
GROUPS = 10
JSON, CSV = "evaluation.json", "evaluation.csv"
COLUMNS = (
    "ecg", "patient", "potassium_meq_l", "status", "estimate_meq_l", "low_meq_l", "high_meq_l", "probability_above_5.5",
    "reason",
)  # fmt: skip
REASONS = 12
"""Of refusals, how many are listed."""

Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Judged:
    """What a model says of the ECGs of a cohort that it may be judged on.

    Attributes
    ----------
    rows
        (n,) their places in the cohort's table.
    estimates
        Of each.
    left_out
        Why how many others are not judged.
    """

    rows: NDArray[np.intp]
    estimates: tuple[Estimate, ...]
    left_out: dict[str, int]


def judge(
    model: str | Path,
    cohort: Cohort,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    *,
    outside: bool = False,
) -> Judged:
    """Ask a model, as `predict` does, for every ECG of a cohort whose draw was not hemolyzed.

    Where it was trained on this cohort, only the patients of the test part are asked; so, too, where it was trained on
    any measured cohort and this one is measured, since another period or another cut of a hospital has the same people
    under the same names, unless `outside` says that none of these patients can have been in the training.

    Raises
    ------
    CohortError
        Where nothing is left to judge on, or the training simulated these very patients.
    """
    card = Model.load(model).card
    if cohort.made is not None and cohort.made in _simulated_for(card):
        level, seed = cohort.made
        raise CohortError(
            f"{cohort.folder}: level {level} with seed {seed} makes the patients that {card.name} was trained on; "
            "simulate a cohort with another --seed"
        )
    parts = cohort.parts()
    all_rows = sorted(row for rows in parts.values() for row in rows)
    left_out = {"hemolyzed": len(cohort) - len(all_rows)}
    if _may_know(card, cohort, outside=outside):
        left_out["of patients that the model may have been trained with"] = len(all_rows) - len(parts["test"])
        all_rows = list(parts["test"])
    if not all_rows:
        why = "; ".join(f"{count:,} {said}" for said, count in left_out.items())
        raise CohortError(
            f"{cohort.folder}: none of its {len(cohort):,} ECGs is left to judge on ({why}); give another cohort"
        )
    starts = [tuple(all_rows[first : first + CHUNK]) for first in range(0, len(all_rows), CHUNK)]
    estimates: list[Estimate] = []
    for some in mapped(partial(_asked, cohort.folder, model), starts, workers):
        estimates += some
        if progress:
            progress(len(estimates), len(all_rows))
    return Judged(np.array(all_rows), tuple(estimates), {why: n for why, n in left_out.items() if n})


def _may_know(card: Card, cohort: Cohort, *, outside: bool) -> bool:
    """Tell whether patients of a cohort may have been in a model's training; nobody's word makes its own another."""
    sources = [source for source in card.training.get("sources", ()) if "cohort" in source]
    made = [(source["level"], source["seed"]) for source in sources if "level" in source]
    same = any(source["cohort"] == cohort.digest for source in sources) or cohort.made in made
    return same or (
        not outside
        and "measured" in cohort.labels
        and any("measured" in str(source.get("labels")) for source in sources)
    )


def _simulated_for(card: Card) -> set[tuple[str, int]]:
    """Return level and seed of the patients that a training simulated; a patient is the same for the same of both."""
    config = card.training.get("config", {})
    return {
        (source["level"], config["seed"])
        for source in config.get("sources", ())
        if "seed" in config and "level" in source and not source.get("bases")
    }


def _asked(folder: Path, model: str | Path, rows: tuple[int, ...]) -> list[Estimate]:
    cohort = Cohort.open(folder)
    return [predict(cohort.recording(row), model) for row in rows]


def result(judged: Judged, cohort: Cohort, card: Card) -> dict[str, Any]:
    """Return what the JSON of an evaluation says.

    Raises
    ------
    CohortError
        Where fewer than two ECGs were estimated.
    """
    said = np.array([one.status == "estimated" for one in judged.estimates])
    if said.sum() < 2:
        first = next((f"; the first reason is: {one.reason}" for one in judged.estimates if one.reason), "")
        raise CohortError(
            f"{cohort.folder}: {int(said.sum())} of {len(said):,} ECGs could be estimated, at least two are needed"
            f"{first}"
        )
    table = cohort.table[judged.rows[said]]
    true = np.round(table["potassium_meq_l"].to_numpy().astype(np.float64), 2)  # as estimates and bounds are
    names = table["patient"].to_numpy().astype(str)
    potassium, low, high, chance = numbers(judged)
    covered = (true >= low) & (true <= high)
    cut = card.metrics.get("cut_meq_l")
    own = Predictions(potassium, None if cut is None else potassium > cut, covered)
    why = Counter(kind(one.reason or "no reason") for one in judged.estimates if one.status != "estimated")
    called = subgroups.coverage(potassium > HIGH_MEQ_L)
    return {
        "model": {
            "name": card.name,
            "version": card.version,
            "sha256": card.onnx_sha256,
            "trained_on": card.trained_on,
        },
        "kalemia": __version__,
        "cohort": {"labels": cohort.labels, "folder": cohort.folder.name, "ecgs": len(cohort), "digest": cohort.digest},
        "left_out": judged.left_out,
        "judged": {"ecgs": len(said), "estimated": int(said.sum()), "patients": len(set(names))},
        "refused": dict(why.most_common(REASONS)),
        "potassium_sd_meq_l": round(float(true.std()), 4),
        "cut_meq_l": cut,
        "sensitivity_asked": SENSITIVITY,
        "prevalence": resampled.PREVALENCE,
        "interval_coverage": COVERAGE,
        "interval_width_meq_l": round(float(np.median(high - low)), 3),
        "figures": compare.summary(true, [own], names),
        "called_high": called,
        "coverage_by_subgroup": subgroups.coverages(covered, table),
        "probability": _probability(chance, true > HIGH_MEQ_L, card),
    }


def numbers(judged: Judged) -> tuple[Reals, Reals, Reals, Reals]:
    """Return of the ECGs that were estimated (n,) each: estimate, low and high, mEq/L, and probability above 5.5."""
    rows = [
        (one.potassium_meq_l, *(one.interval_meq_l or (0.0, 0.0)), one.probability_above["5.5"])
        for one in judged.estimates
        if one.status == "estimated"
    ]
    potassium, low, high, chance = np.array(rows, dtype=np.float64).T
    return potassium, low, high, chance


def _probability(chance: Reals, above: NDArray[np.bool_], card: Card) -> dict[str, Any]:
    """Return whether probabilities hold: as they are said, and if predicting had been told this cohort's prevalence."""
    share = float(np.mean(above))
    found = {"brier_of_the_share": round(share * (1 - share), 4), **_held(chance, above), "told": None}
    least, most = SHARES
    if least <= share <= most and least <= card.prevalence <= most:
        known = {"prevalence": round(share, 4), "of_the_calibration": card.prevalence}
        found["told"] = {**known, **_held(told(chance, card.odds(share)), above)}
    return found


def told(chance: Reals, odds: float) -> Reals:
    """Return probabilities of more than 5.5 mEq/L where its odds are so many times those of the calibration."""
    return chance * odds / (chance * odds + 1 - chance)


def _held(chance: Reals, above: NDArray[np.bool_]) -> dict[str, Any]:
    return {
        "brier_above_5.5": round(float(np.mean(np.square(chance - above))), 4),
        "tenths": list(_tenths(chance, above)),
    }


def _tenths(chance: Reals, above: NDArray[np.bool_]) -> Iterator[dict[str, float]]:
    """Yield for each tenth of the ECGs by probability what was said, on average, and how many were above 5.5."""
    for part in np.array_split(np.argsort(chance, kind="stable"), min(GROUPS, len(chance))):
        share = subgroups.coverage(above[part])
        yield {"said": round(float(chance[part].mean()), 4), **share}


def kind(sentence: str) -> str:
    """Return a reason or a warning without what differs from one ECG to the next: its figures, and which lead it is."""
    if left_out := re.match(r"Leads? .+ cannot be used \(([^:)]+)", sentence):
        return f"a lead was left out: {kind(left_out[1])}"
    said = re.sub(r"^leads? .+? cannot be used \(", "", re.split("[:;]", sentence)[0]).rstrip(")")
    return re.sub(r"^(V\d|aV[RLF]|I{1,3})(, (V\d|aV[RLF]|I{1,3}))* ", "a lead ", re.sub(r"(?<!V)\d[\d.,]*", "…", said))


def claim(out: Path) -> None:
    """Raise a KalemiaError where a report would have no place, or would lie among others' files."""
    with atomic.writing(out):
        atomic.writable(out)
        if any(out.iterdir()) and not (out / JSON).is_file():
            raise KalemiaError(f"{out}: holds other files; give an empty folder, or that of an earlier evaluation")


def tables(judged: Judged, cohort: Cohort, found: dict[str, Any]) -> dict[str, bytes]:
    """Return by file name the JSON, and a CSV with what the model says of every ECG."""
    stream = io.StringIO()
    written = csv.writer(stream, lineterminator="\n")
    written.writerow(COLUMNS)
    table = cohort.table[judged.rows].select("ecg", "patient", "potassium_meq_l")
    for (ecg, patient, potassium), one in zip(table.iter_rows(), judged.estimates, strict=True):
        bounds = one.interval_meq_l or ("", "")
        chance = one.probability_above.get("5.5", "") if one.probability_above else ""
        estimate = "" if one.potassium_meq_l is None else one.potassium_meq_l
        written.writerow([ecg, patient, f"{potassium:.2f}", one.status, estimate, *bounds, chance, one.reason or ""])
    return {JSON: json.dumps(found, indent=1, allow_nan=False).encode(), CSV: stream.getvalue().encode()}


def text(found: dict[str, Any]) -> str:
    """Return what was found as lines for a terminal."""
    model, judged, own = found["model"], found["judged"], found["figures"]
    lines = [
        f"{model['name']} {model['version']} on {judged['ecgs']:,} ECGs of {found['cohort']['folder']} "
        f"({found['cohort']['labels']} potassium)",
    ]
    lines += [f"  left out: {count:,} {why}" for why, count in found["left_out"].items()]
    lines.append(f"  refused: {judged['ecgs'] - judged['estimated']:,}")
    lines += [f"    {count:,} {why}" for why, count in found["refused"].items()]
    names = {
        "r2": "R2",
        "mae_meq_l": "MAE, mEq/L",
        "auroc_above_5.5": "AUROC > 5.5",
        "sensitivity": "sensitivity at the frozen cut",
        "specificity": "specificity there",
        "coverage": f"share of {COVERAGE:g} intervals that hold",
    }
    lines += [f"  {title}: {shown(own[name])}" for name, title in names.items() if name in own]
    called = found["called_high"]
    lines.append(f"  called high: {called['value']:.1%} ({called['low']:.1%} to {called['high']:.1%})")
    return "\n".join(lines)
