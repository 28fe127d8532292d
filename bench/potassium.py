"""How models do on real ECGs with a laboratory's potassium, beside the published network and seven doctors.

    KALEMIA_DATA=... python bench/potassium.py [MODEL ...]

`ndmc-potassium` only judges. An ECG is scored by what it says on its own, in no population. One threshold is frozen for
each model, on other ECGs: the likelihood ratio of a high potassium that 5 % of the real ones that may be trained on
(the odd ones of PTB-XL and CinC 2021) exceed. The bits that a model adds are those over the shares of low, normal and
high potassium of the set, with probabilities that are these shares times the ratios; nothing is fitted. The published
network and the doctors are judged on the ECGs that the model did not refuse; a ridge regression on the measures of all
leads, which learned from the same sources as the models, on those of `12-4k` (`ridge.py`). It is a part of judge.py,
which draws the figure as well.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import ridge
from common import Models, data, headers, named, odd, of_files, percent, refusals, table, targets
from kalemia.estimate.evidence import LITTLE, Evidence
from kalemia.estimate.model import Model
from kalemia.estimate.population import DEFAULT, Population
from kalemia.estimate.predict import examine
from kalemia.judge.figures.roc import Question, beside_people
from kalemia.judge.resampled import ROUNDS, areas, sensitivity_beside, span, weights
from ndmc import BINS, QUESTIONS, labelled

TITLE = "Real potassium"
DOCTORS = "Beside the doctors"
PUBLISHED = "published network"
HIGH, LOW = ">= 5.5", "<= 3.5"
FROZEN_SHARE = 0.05
LEAST_AUROC, LEAST_BITS = 0.86, 0.25
CUTS = {">= 5.5": 5.5, ">= 6.5": 6.5, "<= 3.5": 3.5, "<= 2.5": 2.5}
"""mEq/L, of each question."""
DRAWN = ("12-4k", "v5-4k", "i-4k")
"""Of the bundled models, in the figure: those of other sizes run so close that lines could not be told apart."""

Reals = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says of the n ECGs that it estimates, and what is known of them.

    Attributes
    ----------
    records
        (n,) names.
    potassium
        (n,) estimates of a kidney patient, mEq/L.
    sides
        (n,) by question the probability of yes where every potassium is as likely before the ECG.
    ratios
        (n,) by side, "high" and "low", how many times likelier the ECG is there than at a normal potassium.
    weights
        (resamples, n) how often each counts: once, then as drawn again.
    """

    records: tuple[str, ...]
    potassium: Reals
    sides: Mapping[str, Reals]
    ratios: Mapping[str, Reals]
    weights: Reals

    @property
    def places(self) -> NDArray[np.intp]:
        """Return the bins of the laboratory's potassium, (n,)."""
        return np.array([labels()[record].place for record in self.records])

    def truth(self, question: str) -> Bools:
        """Return the right answers, (n,)."""
        return np.array([QUESTIONS[question](int(place)) for place in self.places])

    def score(self, question: str) -> Reals:
        """Return the model's score, (n,): the higher the likelier yes is."""
        return self.sides[question]

    def published(self, question: str) -> Reals:
        """Return the published network's probability of yes, (n,)."""
        yes = [QUESTIONS[question](place) for place in range(len(BINS))]
        return np.array([labels()[record].published[yes].sum() for record in self.records])

    def doctors(self, question: str) -> dict[str, Bools]:
        """Return each doctor's answers, (n,)."""
        names = sorted({name for one in labels().values() for name in one.doctors})
        asked = QUESTIONS[question]
        return {name: np.array([asked(labels()[record].doctors[name]) for record in self.records]) for name in names}

    def only(self, records: set[str]) -> Answers:
        """Return the answers about some of the ECGs."""
        rows = [place for place, record in enumerate(self.records) if record in records]
        sides, ratios = ({name: own[rows] for name, own in some.items()} for some in (self.sides, self.ratios))
        return answers_of([self.records[row] for row in rows], self.potassium[rows], sides, ratios)


labels = cache(labelled)


def answers_of(
    records: Sequence[str], potassium: Reals, sides: Mapping[str, Reals], ratios: Mapping[str, Reals]
) -> Answers:
    """Return answers with the weights of as many ECGs: patients are not identified, so each counts as its own."""
    return Answers(tuple(records), potassium, sides, ratios, weights(len(records), range(1 + ROUNDS)))


def asked(model: str) -> Answers:
    """Ask a model about every ECG; records are in the order of their names, as their weights are."""
    results = {path.stem: examine(path, model).evidence for path in headers(data() / "ndmc-potassium")}
    return stated({record: evidence for record, evidence in results.items() if evidence is not None})


def stated(found: Mapping[str, Evidence]) -> Answers:
    """Return what evidence says of each record."""
    flat, kidney, records = Population.load("flat"), Population.load(DEFAULT), sorted(found)
    alone = [flat.given(found[record]) for record in records]
    sides = {
        question: np.array([known.above(cut) if question[0] == ">" else known.below(cut) for known in alone])
        for question, cut in CUTS.items()
    }
    ratios = {side: np.array([found[record].likelihood_ratio[side] for record in records]) for side in ("high", "low")}
    potassium = np.array([round(kidney.given(found[record]).quantile(0.5), 2) for record in records])
    return answers_of(records, potassium, sides, ratios)


def threshold(model: str) -> float:
    """Return the likelihood ratio that one in twenty of the real ECGs that may be trained on exceed."""
    if model == ridge.NAME:
        found = [evidence.likelihood_ratio["high"] for evidence in ridge.evidence(odd()).values()]
    else:
        found = [e.likelihood_ratio["high"] for e in of_files(odd(), model) if e.likelihood_ratio]
    return float(np.quantile(found, 1 - FROZEN_SHARE))


def bits(given: Answers) -> Reals:
    """Return what the statement adds to the shares of low, normal and high, bits an ECG; as it is, then resampled."""
    kind = np.where(given.truth(LOW), 0, np.where(given.truth(HIGH), 2, 1))
    shares = np.bincount(kind, minlength=3) / len(kind)
    odds = shares * np.stack([given.ratios["low"], np.ones(len(kind)), given.ratios["high"]], axis=1)
    chance = odds[np.arange(len(kind)), kind] / odds.sum(axis=1)
    return np.asarray(given.weights @ np.log2(chance / shares[kind]) / given.weights.sum(axis=1))


def reliability(name: str, given: Answers) -> list[list[object]]:
    """Return for bins of the likelihood ratio of high the true one: the share of the high ones there by the normal."""
    high = given.truth(HIGH)
    normal = ~(high | given.truth(LOW))
    rows: list[list[object]] = []
    for first, last in itertools.pairwise((0.0, 0.5, 1.0, 2.0, math.inf)):
        inside = (given.ratios["high"] >= first) & (given.ratios["high"] < last) & (high | normal)
        if not inside.any():
            continue
        ill, well = int((inside & high).sum()), int((inside & normal).sum())
        true = f"{ill / high.sum() / (well / normal.sum()):.2f}" if well else "none normal"
        said = float(np.exp(np.log(given.ratios["high"][inside]).mean()))
        rows.append([f"`{name}`", f"{first:g} to {last:g}", ill + well, ill, well, f"{said:.2f}", true])
    return rows


def area(given: Answers, question: str, score: Reals) -> Reals:
    """Return the area under the ROC curve, as it is and of each resample."""
    return areas(given.truth(question), score, given.weights)[0]


def part(given: Answers, inside: Bools, called: Bools) -> Reals:
    """Return the share of the ECGs inside that are called, as it is and of each resample."""
    return np.asarray(given.weights @ (inside & called) / np.maximum(given.weights @ inside, 1e-12))


def orders(found: dict[str, Answers]) -> list[list[object]]:
    """Return how well each model orders its ECGs, and after those of the same ECGs the published network, once."""
    rows: list[list[object]] = []
    for records in dict.fromkeys(one.records for one in found.values()):
        same = {name: one for name, one in found.items() if one.records == records}
        one = next(iter(same.values()))
        published = [area(one, question, one.published(question)) for question in QUESTIONS]
        for name, given in same.items():
            own = [area(given, question, given.score(question)) for question in QUESTIONS]
            minus = f"{span(own[0] - published[0]):+}"
            rows.append([f"`{name}`", len(records), *map(span, own), minus])
        rows.append([f"{PUBLISHED}, the same ECGs", len(records), *map(span, published), ""])
    return rows


def at_cuts(name: str, given: Answers, cuts: dict[str, float]) -> list[list[object]]:
    """Return what the model reaches at each cut, and the published network where it is as specific."""
    high, highest = given.truth(HIGH), given.truth(">= 6.5")
    rows: list[list[object]] = []
    for kind, cut in cuts.items():
        called = given.ratios["high"] >= cut
        shares = part(given, high, called), part(given, ~high, ~called), part(given, highest, called)
        beside = sensitivity_beside(high, given.published(HIGH), called, given.weights)
        rows.append([f"`{name}`", f"{cut:.2g}, {kind}", *map(span, (*shares, beside))])
    return rows


def beside_doctors(given: Answers) -> dict[str, tuple[Reals, Reals, Reals]]:
    """Return each doctor's sensitivity and specificity for 5.5 and above, and the model's sensitivity beside that."""
    high = given.truth(HIGH)
    return {
        name: (
            part(given, high, called),
            part(given, ~high, ~called),
            sensitivity_beside(high, given.score(HIGH), called, given.weights),
        )
        for name, called in given.doctors(HIGH).items()
    }


def doctor_rows(name: str, given: Answers) -> list[list[object]]:
    """Return a row a doctor, numbered as in the figure."""
    rows: list[list[object]] = []
    for number, (doctor, (seen, spared, own)) in enumerate(beside_doctors(given).items(), start=1):
        more = span(own - seen)
        verdict = "yes" if more.above_zero else "no" if more.below_zero else "not told apart"
        numbers = f"{seen[0]:.2f}", f"{spared[0]:.2f}", f"{own[0]:.2f}", f"{more:+}", verdict
        rows.append([f"`{name}`", f"{number}: {doctor}", *numbers])
    return rows


def by_bin(name: str, given: Answers) -> list[object]:
    """Return the median and the quartiles of the estimates in each bin of the laboratory's."""
    cells = []
    for place in range(len(BINS)):
        low, middle, high = np.quantile(given.potassium[given.places == place], [0.25, 0.5, 0.75])
        cells.append(f"{middle:.2f} ({low:.2f} to {high:.2f})")
    return [f"`{name}`", *cells]


def common_ecgs(found: dict[str, Answers]) -> dict[str, Answers]:
    """Return the answers about the ECGs that no model refused."""
    kept = set.intersection(*(set(one.records) for one in found.values()))
    return {name: one.only(kept) for name, one in found.items()}


def figure(models: Models) -> Figure:
    """Draw the published network, the doctors and a model for each set of leads on the ECGs that no model refused."""
    found = common_ecgs({name: asked(model) for name, model in models.items()})
    one = next(iter(found.values()))
    drawn = [name for name in DRAWN if name in found] or list(found)
    titles = {HIGH: "Potassium of 5.5 mEq/L or more", LOW: "Potassium of 3.5 mEq/L or less"}
    panels, notes = {}, {}
    for question, title in titles.items():
        scores = {PUBLISHED: one.published(question)} | {name: found[name].score(question) for name in drawn}
        panels[title] = Question(one.truth(question), scores, one.doctors(question))
        notes[title] = f"{one.truth(question).sum()} of {len(one.records)} real ECGs; area under the curve:"
    return beside_people(panels, PUBLISHED, notes)


def verdicts(models: Models, found: dict[str, Answers]) -> dict[str, dict[str, bool]]:
    """Return by target who reached it."""
    own = {name: float(area(one, HIGH, one.score(HIGH))[0]) for name, one in found.items()}
    beaten = {name: own[name] > float(area(one, HIGH, one.published(HIGH))[0]) for name, one in found.items()}
    several = {name: own[name] >= LEAST_AUROC for name in own if len(Model.load(models[name]).card.leads) > 1}
    informed = {name: float(bits(one)[0]) >= LEAST_BITS for name, one in found.items()}
    doctors = {
        name: [bool(more[0] > seen[0]) for seen, _, more in beside_doctors(one).values()] for name, one in found.items()
    }
    counts = ", ".join(f"`{name}` than {sum(more)} of {len(more)}" for name, more in doctors.items())
    every = {name: all(more) for name, more in doctors.items()}
    return {
        f"AUROC for {HIGH} at least {LEAST_AUROC}, of models that read several leads": several,
        f"At least {LEAST_BITS} bits added to the shares": informed,
        f"Stretch: AUROC for {HIGH} above the published network's on the same ECGs": beaten,
        f"More sensitive than every doctor at that doctor's specificity ({counts})": every,
    }


def outside(given: Answers) -> float:
    """Return the share of ECGs that say more than little of a high potassium."""
    ratio = given.ratios["high"]
    return float(np.mean((ratio <= 1 / LITTLE) | (ratio >= LITTLE)))


def print_areas(found: dict[str, Answers]) -> None:
    """Print how well each model orders its own ECGs, then all models the same ones."""
    asks = [f"AUROC {question}" for question in QUESTIONS]
    print("Area under the ROC curve, on the ECGs that the model did not refuse:\n")
    print(table(["who", "ECGs", *asks, f"{HIGH}, minus published"], orders(found), "real-areas"))
    same = common_ecgs(found)
    one = next(iter(same.values()))
    print(f"\nOn the {len(one.records)} ECGs that no model refused, as in the figure:\n")
    rows = [[f"`{name}`", *(span(area(g, q, g.score(q))) for q in QUESTIONS)] for name, g in same.items()]
    rows.append([PUBLISHED, *(span(area(one, q, one.published(q))) for q in QUESTIONS)])
    print(table(["who", *asks], rows, "real-areas-same"))


def print_cuts(models: Models, found: dict[str, Answers]) -> None:
    """Print sensitivity and specificity at the frozen cut and where an estimate is called high."""
    on = f"frozen on other real ECGs ({percent(FROZEN_SHARE)} of them above)"
    print(f"\nFor potassium {HIGH}, at the likelihood ratio {on} and at {LITTLE:g}:\n")
    reached = ["sensitivity", "specificity", "sensitivity >= 6.5", f"{PUBLISHED}'s sensitivity there"]
    rows: list[list[object]] = []
    for name, one in found.items():
        rows += at_cuts(name, one, {"frozen": threshold(models[name]), "speaks for it": LITTLE})
    print(table(["model", "likelihood ratio", *reached], rows, "real-cuts"))


def print_doctors(found: dict[str, Answers]) -> None:
    """Print each doctor beside each model."""
    print(f"\n{DOCTORS}, for potassium {HIGH}; numbers as in the figure:\n")
    reached = ["sensitivity", "specificity", "model's sensitivity there", "more by", "more sensitive"]
    rows = [row for name, one in found.items() for row in doctor_rows(name, one)]
    print(table(["model", "doctor", *reached], rows, "real-doctors"))


def main(models: Models) -> None:
    """Print the tables and which targets are reached."""
    own = {name: asked(model) for name, model in models.items()}
    found = own | {ridge.NAME: stated(ridge.evidence(headers(data() / "ndmc-potassium")))}
    everything = answers_of(sorted(labels()), np.zeros(len(labels())), {}, {})
    best = span(area(everything, HIGH, everything.published(HIGH)))
    print(f"{len(labels())} ECGs, on all of which the {PUBLISHED} has an AUROC of {best} for {HIGH}.")
    print("Intervals are of 95 %, over 2,000 resamples of the ECGs.\n")
    print_areas(found)
    print_cuts({**models, ridge.NAME: ridge.NAME}, found)
    print_doctors(own)
    print("\nWhat the statement adds to the shares of low, normal and high potassium, bits an ECG:\n")
    added = [[f"`{name}`", len(one.records), span(bits(one)), f"{outside(one):.0%}"] for name, one in found.items()]
    print(table(["model", "ECGs", "bits", f"ratio of high outside 1/{LITTLE:g} to {LITTLE:g}"], added, "real-bits"))
    print("\nThe likelihood ratio of a high potassium, and the true one of the ECGs with about this ratio:\n")
    columns = ["model", "ratio", "ECGs", "high", "normal", "its mean", "true"]
    print(table(columns, [line for name, one in found.items() for line in reliability(name, one)], "real-ratios"))
    print("\nTargets:\n")
    print(targets(verdicts(models, own), "real-targets"))
    print("\nEstimates by the laboratory's bin, mEq/L, median and middle half:\n")
    print(table(["model", *BINS], [by_bin(name, one) for name, one in found.items()], "real-bins"))
    every = {name: of_files(headers(data() / "ndmc-potassium"), model) for name, model in models.items()}
    print(f"\nRefused:\n\n{refusals(every, 'real-refused')}")


if __name__ == "__main__":
    main(named(sys.argv[1:]))
