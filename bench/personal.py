"""What a patient's earlier ECGs bring, on simulated dialysis patients whom no model has seen.

    python bench/personal.py | python bench/fill.py personal

150 patients of level dialysis, three sessions of four ECGs each. Earlier ECGs are of the first session, with the
potassium that the laboratory measured, hemolyzed draws left out; the errors are of the ECGs of the two later sessions,
against the true potassium: of all, or of those before dialysis only. The population is that of other such patients,
then. Two other designs are fitted on these others, who have the same sessions: a line through what both ECGs say and
the draw, and a ridge on the measures of both ECGs and the draw.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from common import table
from kalemia.estimate.model import Model
from kalemia.estimate.personal import LEAST_ALIKE, Calibration, Draw, Earlier, alike
from kalemia.estimate.population import Population
from kalemia.estimate.predict import Result, examine
from kalemia.records import EIGHT
from kalemia.signal.beat import cut
from kalemia.simulate import Simulated, simulate, simulate_one
from kalemia.train.labelled import features

PATIENTS, SEED, OTHERS = 150, 77, 177
BEFORE = "one before dialysis, and so the ECGs"
WAYS = (BEFORE, "one before dialysis", "one at any time", "two", "three")
MODELS = ("12-4k", "v5-4k", "i-4k")
Reals = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """An ECG that is estimated: what it was made from, and what became of it."""

    made: Simulated
    result: Result

    @property
    def estimate(self) -> float:
        """The number, mEq/L."""
        assert self.result.estimate.potassium_meq_l is not None
        return self.result.estimate.potassium_meq_l

    def earlier(self, days: float) -> Earlier:
        """Return it as an earlier ECG."""
        assert self.result.beat is not None
        return Earlier(self.result.beat, Draw(self.made.blood.measured_meq_l, days), self.made.name)


@cache
def population(before: bool = False) -> Population:
    """Return who is asked: other patients of the level, at any time of a session or before it."""
    others = [one for one in simulate(PATIENTS, OTHERS, "dialysis") if not (before and one.minute)]
    when = "before" if before else "at any time of"
    known = np.array([one.potassium_meq_l for one in others])
    return Population.of(known, f"dialysis, {when}", f"dialysis patients {when} a session", "the simulator")


@cache
def series(model: str, seed: int = SEED, before: bool = False) -> list[list[Seen]]:
    """Return the ECGs of each patient that are estimated, in the order of time."""
    found: dict[str, list[Seen]] = defaultdict(list)
    for one in simulate(PATIENTS, seed, "dialysis"):
        result = examine(one.recording, model, population=population(before))
        if result.estimate.status == "estimated":
            found[one.patient].append(Seen(one, result))
    return list(found.values())


def chosen(one: list[Seen], way: str, rng: np.random.Generator) -> list[Seen]:
    """Return the ECGs of a patient's first session that a way of drawing takes."""
    first = [seen for seen in one if seen.made.day == 0 and not seen.made.blood.hemolyzed]
    if way.startswith("one before dialysis") or way == BEFORE:
        return [seen for seen in first if not seen.made.minute]
    count = {"one at any time": 1, "two": 2, "three": 3}[way]
    return [first[k] for k in rng.permutation(len(first))[:count]]


def pairs(patients: list[list[Seen]], way: str) -> list[tuple[Seen, list[Seen]]]:
    """Return every later ECG with the earlier ones that it is compared with."""
    rng = np.random.default_rng(SEED)
    found = []
    for one in patients:
        used = chosen(one, way, rng)
        later = [seen for seen in one if seen.made.day > 0 and (way != BEFORE or not seen.made.minute)]
        found += [(seen, used) for seen in later if used]
    return found


def compared(model: str, way: str) -> list[object]:
    """Return what a way of drawing brings."""
    found, name = pairs(series(model, before=way == BEFORE), way), Model.load(model).name
    true, plain, after, repeated, low, high = (np.empty(len(found)) for _ in range(6))
    for row, (now, used) in enumerate(found):
        own = Calibration(tuple(seen.earlier(now.made.day - seen.made.day) for seen in used), name)
        estimate = examine(now.made.recording, model, calibration=own, population=population(way == BEFORE)).estimate
        assert estimate.potassium_meq_l is not None
        assert estimate.interval_meq_l is not None
        true[row], plain[row], after[row] = now.made.potassium_meq_l, now.estimate, estimate.potassium_meq_l
        repeated[row] = np.mean([seen.made.blood.measured_meq_l for seen in used])
        low[row], high[row] = estimate.interval_meq_l
    mae = [float(np.mean(np.abs(true - said))) for said in (plain, after, repeated)]
    follows = float(np.corrcoef(after - repeated, true - repeated)[0, 1])
    held, width = float(np.mean((true >= low) & (true <= high))), float(np.median(high - low))
    return [
        model, way, len(true), *(f"{m:.3f}" for m in mae), f"{mae[1] / mae[0]:.2f}", f"{follows:.2f}", f"{held:.3f}",
        f"{width:.1f}",
    ]  # fmt: skip


def designs(model: str, way: str) -> list[list[str]]:
    """Return what two other designs reach with one earlier ECG, fitted on other patients of the level."""
    fitted, asked = (pairs(series(model, seed, way == BEFORE), way) for seed in (OTHERS, SEED))
    true, drawn = (np.array([value(pair) for pair in asked]) for value in (_now, _draw))
    rows = []
    for name, inputs, regression in (
        ("a line through both estimates and the draw", _numbers, LinearRegression()),
        (
            "a ridge on the measures of both and the draw",
            _measures,
            make_pipeline(
                QuantileTransformer(n_quantiles=200, output_distribution="normal"), RidgeCV(np.logspace(-1, 4, 8))
            ),
        ),
    ):
        regression.fit(np.array([inputs(pair) for pair in fitted]), [_now(pair) for pair in fitted])
        said = regression.predict(np.array([inputs(pair) for pair in asked]))
        mae, follows = float(np.mean(np.abs(said - true))), float(np.corrcoef(said - drawn, true - drawn)[0, 1])
        rows.append([model, way, name, f"{mae:.3f}", f"{follows:.2f}"])
    return rows


def _now(pair: tuple[Seen, list[Seen]]) -> float:
    return pair[0].made.potassium_meq_l


def _draw(pair: tuple[Seen, list[Seen]]) -> float:
    return pair[1][0].made.blood.measured_meq_l


def _numbers(pair: tuple[Seen, list[Seen]]) -> list[float]:
    return [pair[0].estimate, pair[1][0].estimate, _draw(pair)]


def _measures(pair: tuple[Seen, list[Seen]]) -> Reals:
    now, then = (np.nan_to_num(_features(seen)) for seen in (pair[0], pair[1][0]))
    return np.concatenate([now, now - then, [_draw(pair)]])


def _features(seen: Seen) -> NDArray[np.float32]:
    assert seen.result.beat is not None
    return features(seen.result.beat, tuple(Model.load(seen.result.estimate.model.name).card.leads))  # type: ignore[union-attr]


def unchanged(model: str) -> list[list[object]]:
    """Return what is said of the same heart and potassium on another day: other electrodes, posture, fluid, rate."""
    name, rows = Model.load(model).name, []
    for level in (4.0, 5.5, 7.0):
        off, held, count = [], 0, 0
        for index in range(PATIENTS):
            first, again = (simulate_one(SEED + 1, index, "dialysis", level, visit) for visit in (0, 4))
            then, plain = (examine(one.recording, model, population="flat") for one in (first, again))
            if "estimated" not in (then.estimate.status, plain.estimate.status) or then.beat is None:
                continue
            own = Calibration((Earlier(then.beat, Draw(level), first.name),), name)
            estimate = examine(again.recording, model, calibration=own, population="flat").estimate
            if estimate.potassium_meq_l is None or estimate.interval_meq_l is None or not estimate.earlier_ecgs:
                continue
            off.append(estimate.potassium_meq_l - level)
            held += estimate.interval_meq_l[0] <= level <= estimate.interval_meq_l[1]
            count += 1
        rows.append([model, level, count, f"{np.mean(off):+.2f}", f"{np.std(off):.2f}", f"{held / count:.3f}"])
    return rows


def strangers() -> list[list[object]]:
    """Return how many earlier ECGs of the same heart, and of another one, are too unlike to be compared."""
    days: dict[str, list[tuple[int, object]]] = defaultdict(list)
    for one in simulate(PATIENTS, SEED, "dialysis"):
        if not one.minute:
            days[one.patient].append((one.day, cut(one.recording, EIGHT)))
    firsts = [rows[0][1] for rows in days.values()]
    same = [alike(rows[0][1], beat) for rows in days.values() for _, beat in rows[1:]]  # type: ignore[arg-type]
    other = [alike(a, b) for a, b in zip(firsts, firsts[1:] + firsts[:1], strict=True)]  # type: ignore[arg-type]
    return [
        [whose, len(values), f"{np.mean(np.array(values) < LEAST_ALIKE):.1%}"]
        for whose, values in (("the same heart, another day", same), ("another heart", other))
    ]


if __name__ == "__main__":
    names = ["model", "earlier ECGs", "ECGs", "MAE without", "with", "repeating the draws", "ratio", "r of the change"]
    print("MAE in mEq/L on the later sessions; coverage and width, mEq/L, of the interval of 0.9 with earlier ECGs.\n")
    made = [compared(model, way) for model in MODELS for way in WAYS]
    print(table([*names, "coverage", "width"], made, "personal"))
    print("\nOther designs of one earlier ECG, fitted on other patients of the level.\n")
    rows = [row for model in MODELS for way in WAYS[:3] for row in designs(model, way)]
    print(table(["model", "earlier ECG", "design", "MAE", "r of the change"], rows, "personal-designs"))
    print("\nThe same heart and potassium on another day, compared with the first: how far off, and how often held.\n")
    same = [row for model in MODELS for row in unchanged(model)]
    print(table(["model", "mEq/L", "ECGs", "mean", "SD", "coverage"], same, "personal-unchanged"))
    print("\nHow many earlier ECGs are too unlike to be compared.\n")
    print(table(["whose", "pairs", "too unlike"], strangers(), "personal-strangers"))
