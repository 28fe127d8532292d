"""Results of studies that nobody ran, small enough to be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from kalemia.judge.figures.agreement import Pairs
from kalemia.judge.spans import Span
from kalemia.judge.subgroups import Share
from kalemia.study.plan import BOOSTING
from kalemia.study.results import (
    Difference,
    EntrantResult,
    Layer,
    StudiedBudget,
    StudiedCohort,
    StudyResult,
    Training,
)
from kalemia.train.baselines import MEDIAN
from kalemia.train.design import Design

N = 60
RNG = np.random.default_rng(0)
TRUE = RNG.uniform(3, 8, N)
NAMES = {
    "lead": ("V4", "V5"),
    "window": ("one cycle", "one beat", "2 s"),
    "network": ("DSCRNN", BOOSTING, MEDIAN),
    "size": ("180k", "4k"),
    "separable": ("CRNN 4k", "DSCRNN 4k"),
}
"""Who takes part; the first is whom the others are measured against."""
LAYERS = {
    "CRNN 4k": ("body.0.1", 32000),
    "DSCRNN 4k": ("body.0.0", 3600),
    "180k": ("body.3", 180_000),
    "4k": ("dense", 4000),
}
LEARNED = Training(0, 0, 0.006, None, 1, 0.7, (1.0, 0.9), (1.1, 1.0), 3994)
LOSS = Difference("", "", Span(-0.02, -0.04, -0.01), Span(0.1, 0.0, 0.2), Span(-0.03, -0.05, -0.01), N)
UNDEFINED = Span(None, None, None)


def entrant(name: str, place: int = 0) -> EntrantResult:
    """Make an entrant whose R2 is 0.5 less a tenth a place, and whose network has one layer."""
    layer, count = LAYERS.get(name, ("dense", 3994))
    learned = name not in (BOOSTING, MEDIAN)
    return EntrantResult(
        name=name,
        leads=("V5",),
        window_s=None,
        parameters=count if learned else 0,
        macs=10 * count if learned else 0,
        us_per_ecg=count / 100 if learned else None,
        design=Design("DSCRNN", 16, 10) if learned else None,
        layers=(Layer(layer, count, 10 * count, count / 100),) if learned else None,
        ecgs=N,
        figures={
            "r2": Span(0.5 - 0.1 * place, 0.4 - 0.1 * place, 0.6 - 0.1 * place),
            "mae_meq_l": Span(0.75, 0.7, 0.8),
            "auroc_above_5.5": Span(0.9, 0.85, 0.95),
            "ppv": Span(0.3, None, None),
        },
        r2_by_seed=(0.5, 0.47) if name in ("CRNN 4k", "DSCRNN 4k", "180k") else (0.5,),
        cuts_meq_l=(5.1, None),
        coverage_by_subgroup={"all": Share(N, 0.9, 0.84, 0.94)},
        fits=(
            Training(0, 0, 0.006, None, 1, 0.7, (1.0, 0.9), (1.1, 1.0), count)
            if learned
            else Training(0, 0, 0.05, 200),
        ),
    )


def result(study: str) -> StudyResult:
    """Make a study in which everybody is worse than the first."""
    reference, *others = NAMES[study]
    return StudyResult(
        study=study,
        asks="Which?",
        kalemia="0",
        cohort=StudiedCohort("simulated", N, 3, "0", level="kidney"),
        budget=StudiedBudget(5, 1, (0.006,), 12, 6, 150, 64),
        quick=False,
        potassium_sd_meq_l=1.4,
        sensitivity_asked=0.9,
        prevalence=0.04,
        interval_coverage=0.9,
        entrants=tuple(entrant(name, place) for place, name in enumerate(NAMES[study])),
        differences=tuple(replace(LOSS, name=name, against=reference) for name in others),
    )


def pairs(study: str) -> dict[str, Pairs]:
    """Make estimates that are the worse the later somebody is; the median is the same for everybody."""
    estimates = {name: TRUE + RNG.normal(0, 0.5 + 0.2 * place, N) for place, name in enumerate(NAMES[study])}
    return {name: Pairs(TRUE, np.full(N, 5.0) if name == MEDIAN else own) for name, own in estimates.items()}


def write(folder: Path, study: str, found: StudyResult | None = None) -> None:
    """Write both files of a study."""
    (folder / f"{study}.json").write_bytes((found or result(study)).to_json())
    head = "ecg,patient,potassium_meq_l,entrant,fold,estimate_meq_l,low_meq_l,high_meq_l"
    rows = [
        f"e{k},p{k},{one.true[k]:.2f},{name},0,{one.estimate[k]:.4f},3,7"
        for name, one in pairs(study).items()
        for k in range(N)
    ]
    (folder / f"{study}.csv").write_text("\n".join([head, *rows]))
