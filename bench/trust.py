"""Models, the published network and the doctors on the same ECGs: the table of docs/trust.md and MODEL_CARD.md.

python bench/trust.py | python bench/fill.py trust      # after bench/judge.py has written the figures
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from common import Models, table
from kalemia.estimate.evidence import LITTLE
from kalemia.estimate.judged import ASSET, Judged, Reached, RealPotassium, real_potassium
from kalemia.estimate.model import Model
from kalemia.judge.metrics import wilson
from kalemia.judge.resampled import span
from potassium import HIGH, LOW, PUBLISHED, Answers, Bools, Reals, area, asked, common_ecgs, labels

SOURCE = "emergency ECGs with the laboratory's potassium within an hour (JMIR Med Inform 2020, e15931)"
ASSETS = Path(__file__).parent.parent / "src" / "kalemia" / "assets"


def judged(models: Models) -> RealPotassium:
    """Return what everybody reaches on the ECGs that no model refused."""
    answers = common_ecgs({name: asked(model) for name, model in models.items()})
    same = next(iter(answers.values()))
    published = {question: same.published(question) for question in (HIGH, LOW)}
    return RealPotassium(
        source=SOURCE,
        ecgs=len(labels()),
        judged=len(same.records),
        high=int(same.truth(HIGH).sum()),
        low=int(same.truth(LOW).sum()),
        models=tuple(of_model(name, models[name], own) for name, own in answers.items()),
        published=of_somebody(PUBLISHED, same, published[HIGH] > 0.5, published),
        doctors=tuple(of_somebody(name, same, called, {}) for name, called in same.doctors(HIGH).items()),
    )


def of_model(name: str, model: str, own: Answers) -> Judged:
    """Return what a model reaches; it speaks for a high potassium where the ECG is twice as likely there."""
    scores = {question: own.score(question) for question in (HIGH, LOW)}
    return of_somebody(name, own, own.ratios["high"] >= LITTLE, scores, Model.load(model).card.onnx_sha256)


def of_somebody(name: str, ecgs: Answers, called: Bools, scores: Mapping[str, Reals], sha256: str = "") -> Judged:
    """Return what somebody reaches who calls ECGs high, and scores them where there are scores by question."""
    high = ecgs.truth(HIGH)
    areas = {question: resampled(area(ecgs, question, score)) for question, score in scores.items()}
    return Judged(name, sha256, share(called[high]), share(~called[~high]), areas.get(HIGH), areas.get(LOW))


def share(hits: Bools) -> Reached:
    """Return a share with Wilson's interval, which knows that all of a few are not all."""
    low, high = wilson(int(hits.sum()), len(hits))
    return Reached(round(float(hits.mean()), 4), round(low, 4), round(high, 4))


def resampled(values: Reals) -> Reached:
    """Return a value and its interval of its resamples."""
    return Reached(**{key: value for key, value in asdict(span(values)).items() if value is not None})


def keep(models: Models) -> Path:
    """Write what everybody reaches into the package, where `kalemia models` and the docs have it from."""
    path = ASSETS / ASSET
    path.write_text(json.dumps(asdict(judged(models)), indent=1) + "\n", encoding="utf-8")
    return path


def row(who: str, one: Judged) -> list[str]:
    """Return a row of the table."""
    areas = (one.auroc_high, one.auroc_low)
    return [who, *(str(share) if share else "-" for share in (areas[0], one.sensitivity, one.specificity, areas[1]))]


def main() -> None:
    """Print the table."""
    known = real_potassium()
    print(
        f"{known.judged} of {known.ecgs} {known.source}, those that no model refused: {known.high} at 5.5 mEq/L or "
        f"more, {known.low} at 3.5 or less. In brackets 95 % intervals: of areas over 2,000 resamples of the ECGs, of "
        "shares Wilson's.\n"
    )
    rows = [row(f"the {known.published.name}", known.published)]
    rows += [row(f"`{one.name}`", one) for one in sorted(known.models, key=order)]
    rows += [row(f"doctor {number}: {one.name}", one) for number, one in enumerate(known.doctors, start=1)]
    columns = ["who", f"AUROC {HIGH}", "of the high, called high", "of the others, not", f"AUROC {LOW}"]
    print(table(columns, rows))


def order(one: Judged) -> float:
    """Sort models by how well they tell the high ones, best first."""
    return -(one.auroc_high.value if one.auroc_high else 0.0)


if __name__ == "__main__":
    main()
