"""What a study found: its JSON, a CSV with what everybody said of every ECG, and a table for a terminal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia import __version__
from kalemia.cohort.cohort import Cohort
from kalemia.errors import TrainError
from kalemia.estimate.predict import COVERAGE
from kalemia.judge import compare
from kalemia.judge.metrics import SENSITIVITY, regression
from kalemia.judge.resampled import PREVALENCE
from kalemia.judge.spans import shown, signed
from kalemia.judge.subgroups import coverages
from kalemia.study import designs, examples, verdict
from kalemia.study.crossval import CrossValidated
from kalemia.study.designs import Shape
from kalemia.study.plan import Budget, Entrant, Study
from kalemia.system import atomic

COLUMNS = ("ecg", "patient", "potassium_meq_l", "entrant", "fold", "estimate_meq_l", "low_meq_l", "high_meq_l")


def result(
    study: Study,
    entrants: Sequence[Entrant],
    answers: dict[str, CrossValidated],
    cohort: Cohort,
    budget: Budget,
    *,
    quick: bool,
) -> dict[str, Any]:
    """Return what the JSON of a study says: what each entrant is, how it was fitted, what it reaches, who is better."""
    table = cohort.table
    true, patients = table["potassium_meq_l"].to_numpy().astype(np.float64), table["patient"].to_numpy().astype(str)
    judged = {name: verdict.decide(one, true) for name, one in answers.items()}
    rows = []
    for entrant in entrants:
        said, own = answers[entrant.name], judged[entrant.name]
        reached = compare.summary(true[said.number], own.seeds, patients[said.number])
        rows.append(
            {
                "name": entrant.name,
                **_described(entrant, timed=study.timed),
                "ecgs": len(said.number),
                "figures": reached,
                "r2_by_seed": [_r2(true[said.number], one.potassium) for one in own.seeds],
                "cuts_meq_l": own.cuts_meq_l,
                "coverage_by_subgroup": {} if own.covered is None else coverages(own.covered, table[said.number]),
                "fits": list(said.about),
            }
        )
    base = answers[study.reference]
    differences = []
    for name, other in answers.items():
        if name != study.reference:
            common, ours, theirs = np.intersect1d(base.number, other.number, return_indices=True)
            first = [one.only(ours) for one in judged[study.reference].seeds]
            second = [one.only(theirs) for one in judged[name].seeds]
            told = compare.paired(true[common], first, second, patients[common])
            differences.append({"name": name, "against": study.reference, **told})
    return {
        "study": study.name,
        "asks": study.asks,
        "kalemia": __version__,
        "cohort": {
            "labels": cohort.labels,
            "ecgs": len(cohort),
            "hemolyzed": cohort.hemolyzed,
            "digest": cohort.digest,
            **_named(cohort),
        },
        "budget": asdict(budget),
        "quick": quick,
        "potassium_sd_meq_l": round(float(true[base.number].std()), 4),
        "sensitivity_asked": SENSITIVITY,
        "prevalence": PREVALENCE,
        "interval_coverage": COVERAGE,
        "entrants": rows,
        "differences": differences,
    }


def _r2(true: NDArray[np.float64], estimate: NDArray[np.float64]) -> float | None:
    return regression(true, estimate)["r2"]


def _named(cohort: Cohort) -> dict[str, Any]:
    return {name: value for name, value in cohort.card.origin.to_dict().items() if name != "window_min"}


def _described(entrant: Entrant, *, timed: bool) -> dict[str, Any]:
    about: dict[str, Any] = {"leads": list(entrant.leads), "window_s": entrant.window_s, "parameters": 0, "macs": 0}
    if entrant.design is None:
        return about
    sides = len(entrant.leads) + 1
    shape = Shape(sides - 1, examples.samples(entrant.window_s), 0.0, 1.0, (0.0,) * sides, (1.0,) * sides)
    net = designs.build(shape, entrant.design)
    layers: list[dict[str, Any]] = [*designs.layers(net)]
    if timed:
        times = designs.microseconds(net)
        about["us_per_ecg"] = round(sum(times.values()), 1)
        layers = [{**layer, "us": times[layer["layer"]]} for layer in layers]
    return {
        **about,
        "design": asdict(entrant.design),
        "parameters": sum(int(layer["parameters"]) for layer in layers),
        "macs": sum(int(layer["macs"]) for layer in layers),
        "layers": layers,
    }


def write(out: Path, result: dict[str, Any], answers: dict[str, CrossValidated], cohort: Cohort) -> None:
    """Write the JSON, and a CSV with what each entrant says of each ECG: the means of its seeds."""
    stream = io.StringIO()
    written = csv.writer(stream, lineterminator="\n")
    written.writerow(COLUMNS)
    table = cohort.table
    true = table["potassium_meq_l"].to_numpy().astype(np.float64)
    for entrant, said in answers.items():
        own = verdict.decide(said, true)
        numbers = np.stack([part.mean(axis=0) for part in (said.potassium, own.low, own.high)], axis=1)
        chosen = table[said.number].select("ecg", "patient", "potassium_meq_l")
        for row, fold, three in zip(chosen.iter_rows(), said.fold, numbers, strict=True):
            said_of = ("" if np.isnan(value) else f"{value:.4f}" for value in three)
            written.writerow([*row[:2], f"{row[2]:.2f}", entrant, fold, *said_of])
    content = json.dumps(result, indent=1, allow_nan=False).encode()
    name = result["study"]
    with atomic.writing(out, TrainError):
        atomic.write({out / f"{name}.json": content, out / f"{name}.csv": stream.getvalue().encode()})


def text(result: dict[str, Any]) -> str:
    """Return a study's result as lines: each entrant's size and errors, then the differences that matter."""
    lines = [f"{result['study']}: {result['asks']}", ""]
    width = max(len(row["name"]) for row in result["entrants"])
    lines.append(f"{'':{width}}  parameters     ECGs  {'R2 (95 %)':26}  {'MAE':6}  AUROC > 5.5")
    for row in result["entrants"]:
        r2, mae, area = (shown(row["figures"][name]) for name in ("r2", "mae_meq_l", "auroc_above_5.5"))
        counts = f"{row['parameters']:10,}  {row['ecgs']:7,}"
        lines.append(f"{row['name']:{width}}  {counts}  {r2:26}  {mae.partition(' ')[0]:6}  {area}")
    lines.append("")
    lines += [
        f"R2 of {row['name']} minus that of {row['against']}: {signed(row['r2'])}" for row in result["differences"]
    ]
    cohort, sd = result["cohort"], result["potassium_sd_meq_l"]
    left = f" Hemolyzed and left out: {cohort['hemolyzed']:,}." if cohort["hemolyzed"] else ""
    return "\n".join([*lines, "", f"On {cohort['labels']} potassium; its standard deviation is {sd:.2f} mEq/L.{left}"])
