"""What a patient's earlier draws bring, on simulated dialysis patients whom no model has seen.

    python bench/personal.py | python bench/fill.py personal

150 patients of level dialysis, three sessions of four ECGs each. Draws are of the first session, as the laboratory
measured them, hemolyzed ones left out; the errors are of the ECGs of the two later sessions, against the true
potassium: of all, or of those before dialysis only. The population is that of other such patients, then. What
one draw at any time can bring at best is asked of the linear combination of an estimate, the draw, and the estimate at
the draw that suits as many other patients best.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression

from common import table
from kalemia.estimate.personal import Draw, calibrate
from kalemia.estimate.population import Population
from kalemia.estimate.predict import predict
from kalemia.records import Estimate
from kalemia.simulate import Simulated, simulate

PATIENTS, SEED, OTHERS = 150, 77, 177
BEFORE = "one before dialysis, and so the ECGs"
MODELS = ("12-4k", "v5-4k", "i-4k")
Series = list[tuple[Simulated, Estimate]]


@cache
def population(before: bool = False) -> Population:
    """Return who is asked: other patients of the level, at any time of a session or before it."""
    others = [one for one in simulate(PATIENTS, OTHERS, "dialysis") if not (before and one.minute)]
    when = "before" if before else "at any time of"
    known = np.array([one.potassium_meq_l for one in others])
    return Population.of(known, f"dialysis, {when}", f"dialysis patients {when} a session", "the simulator")


@cache
def series(model: str, seed: int = SEED, before: bool = False) -> list[Series]:
    """Return the ECGs of each patient that are estimated, in the order of time."""
    found: dict[str, Series] = defaultdict(list)
    for one in simulate(PATIENTS, seed, "dialysis"):
        estimate = predict(one.recording, model, population=population(before))
        if estimate.status == "estimated":
            found[one.patient].append((one, estimate))
    return list(found.values())


def chosen(first: Series, way: str, rng: np.random.Generator) -> Series:
    """Return the draws of a first session that a way of drawing takes."""
    first = [pair for pair in first if not pair[0].blood.hemolyzed]
    if way.startswith("one before dialysis"):
        return [pair for pair in first if not pair[0].minute]
    count = {"one at any time": 1, "two": 2, "three": 3}[way]
    return [first[k] for k in rng.permutation(len(first))[:count]]


def rows(model: str) -> list[list[object]]:
    """Return what each way of drawing brings."""
    made: list[list[object]] = []
    for way in (BEFORE, "one before dialysis", "one at any time", "two", "three"):
        patients = series(model, before=way == BEFORE)
        rng = np.random.default_rng(SEED)
        true, before, after, repeated, low, high = [], [], [], [], [], []
        for one in patients:
            used = chosen([pair for pair in one if pair[0].day == 0], way, rng)
            later = [pair for pair in one if pair[0].day > 0 and (way != BEFORE or not pair[0].minute)]
            if not used or not later:
                continue
            measured = [made_.blood.measured_meq_l for made_, _ in used]
            own = calibrate([estimate for _, estimate in used], [Draw(k, later[0][0].day) for k in measured])
            for made_, plain in later:
                shifted = predict(made_.recording, model, calibration=own, population=population(way == BEFORE))
                assert plain.potassium_meq_l is not None
                assert shifted.potassium_meq_l is not None
                assert shifted.interval_meq_l is not None
                true.append(made_.potassium_meq_l)
                before.append(plain.potassium_meq_l)
                after.append(shifted.potassium_meq_l)
                repeated.append(np.mean(measured))
                low.append(shifted.interval_meq_l[0])
                high.append(shifted.interval_meq_l[1])
        mae = [float(np.mean(np.abs(np.array(true) - said))) for said in (before, after, repeated)]
        held = np.mean((np.array(true) >= low) & (np.array(true) <= high))
        width = float(np.median(np.array(high) - low))
        made.append(
            [model, way, len(true), *(f"{m:.3f}" for m in mae), f"{mae[1] / mae[0]:.2f}", f"{held:.3f}", f"{width:.1f}"]
        )
    return made


def at_best(model: str) -> float:
    """Return by how much one draw at any time lowers the MAE where it is used as suits other patients best."""
    fitted, asked = (_pairs(series(model, seed)) for seed in (OTHERS, SEED))
    said = LinearRegression().fit(fitted[:, 1:], fitted[:, 0]).predict(asked[:, 1:])
    true, plain = asked[:, 0], asked[:, 1]
    return float(np.mean(np.abs(said - true)) / np.mean(np.abs(plain - true)))


def _pairs(patients: list[Series]) -> NDArray[np.float64]:
    """Return true potassium, estimate, draw, and estimate at the draw, mEq/L, of each later ECG and draw, (n, 4)."""
    return np.array(
        [
            (later.potassium_meq_l, estimate.potassium_meq_l, first.blood.measured_meq_l, then.potassium_meq_l)
            for one in patients
            for first, then in one
            for later, estimate in one
            if first.day == 0 and later.day > 0 and not first.blood.hemolyzed
        ],
        np.float64,
    )


if __name__ == "__main__":
    names = ["model", "draws", "ECGs", "MAE without", "with", "repeating the draws", "ratio", "coverage", "width"]
    print("MAE in mEq/L on the later sessions; coverage and width, mEq/L, of the interval of 0.9 with the draws.\n")
    print(table(names, [row for model in MODELS for row in rows(model)], "personal"))
    best = ", ".join(f"{at_best(model):.2f} (`{model}`)" for model in MODELS)
    print(f"\nOne draw at any time, used as suits {PATIENTS} other patients of the level best: ratio {best}.")
