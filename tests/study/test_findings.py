"""What a study is said to have found: every number is in the JSON, and aims are judged as they are stated."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("polars")
pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")

from study_results import NAMES, UNDEFINED, result

from kalemia.judge.spans import Span
from kalemia.study.findings import Finding, findings
from kalemia.study.results import Difference, StudyResult
from kalemia.train.baselines import MEDIAN


def with_differences(found: StudyResult, *r2: Span) -> StudyResult:
    """Change by how much R2 differs, in the order of the entrants."""
    rows = [replace(row, r2=own) for row, own in zip(found.differences, r2, strict=True)]
    return replace(found, differences=tuple(rows))


def with_r2(found: StudyResult, *r2: Span) -> StudyResult:
    """Change the R2 of the entrants, in their order."""
    rows = [replace(row, figures={**row.figures, "r2": own}) for row, own in zip(found.entrants, r2, strict=True)]
    return replace(found, entrants=tuple(rows))


def text(found: StudyResult) -> str:
    return " ".join(finding.sentence for finding in findings(found))


def aim(found: StudyResult) -> Finding:
    """Return the one finding that has an aim."""
    (finding,) = [finding for finding in findings(found) if finding.reached is not None]
    return finding


@pytest.mark.parametrize("study", NAMES)
def test_the_best_and_who_is_worse_are_named_with_their_numbers(study: str) -> None:
    first, *others = NAMES[study]
    best, worse, *_ = findings(result(study))
    assert best == Finding(
        f"Best is {first}: R2 0.500 (0.400 to 0.600), MAE 0.750 (0.700 to 0.800) mEq/L, area under the ROC curve "
        "above 5.5 mEq/L 0.900 (0.850 to 0.950).",
        f"entrants, {first}, figures",
    )
    listed = "; ".join(f"{name} (R2 −0.020 (−0.040 to −0.010))" for name in others)
    assert worse == Finding(f"Worse than {first} by these patients: {listed}.", "differences, r2")


def test_who_is_better_worse_and_not_told_apart_stand_in_sentences_of_their_own() -> None:
    found = with_differences(result("window"), Span(0.1, 0.05, 0.15), Span(0.01, -0.02, 0.04))
    assert "Better than one cycle by these patients: one beat (R2 +0.100 (+0.050 to +0.150))." in text(found)
    assert "Not told apart from one cycle by these patients: 2 s (R2 +0.010 (−0.020 to +0.040))." in text(found)
    assert "Worse" not in text(found)
    assert "Not told apart from one cycle by these patients: one beat (R2 undefined); 2 s" in text(
        with_differences(found, UNDEFINED, Span(0.1, 0.0, 0.2))
    )


def test_several_comparisons_are_said_to_be_several() -> None:
    assert "These are 2 comparisons, each with a 95 % interval of its own" in text(result("window"))
    assert "comparisons" not in text(result("size"))
    assert len(findings(replace(result("lead"), differences=()))) == 1


def test_where_nobody_beats_the_mean_it_is_said() -> None:
    none = "Nobody is better than predicting the mean for everybody. Best is 4k: R2 0.000"
    assert none in text(with_r2(result("size"), Span(-0.2, -0.4, 0.1), Span(0.0, -0.4, 0.1)))
    assert "Nobody" not in text(with_r2(result("size"), Span(-0.2, None, None), Span(0.001, None, None)))
    assert "Nobody" not in text(with_r2(result("size"), UNDEFINED, UNDEFINED))


def test_how_far_another_seed_moves_r2_is_told_where_there_are_several() -> None:
    moved = "trained from another seed differs by up to 0.050, in the median by 0.040"
    found = result("separable")
    first, second = found.entrants
    rows = replace(first, r2_by_seed=(0.5, 0.47, None)), replace(second, r2_by_seed=(0.3, 0.35))
    assert moved in text(replace(found, entrants=rows))
    assert "another seed" not in text(result("network"))


@pytest.mark.parametrize(
    ("loss", "bound", "reached"),
    [(0.02, 0.04, True), (0.03, 0.05, True), (0.031, 0.04, False), (0.04, 0.045, False), (0.02, 0.06, False)],
)
def test_the_aim_of_the_small_network_is_judged(loss: float, bound: float, reached: bool) -> None:
    finding = aim(with_differences(result("size"), Span(-loss, -bound, 0.01)))
    assert finding.reached is reached
    assert finding.sentence.startswith(f"From 180k to 4k parameters R2 changes by −{loss:.3f} (−{bound:.3f} to +0.010)")


def test_the_small_network_has_no_aim_against_another_or_without_an_interval() -> None:
    found = result("size")
    assert len(findings(with_differences(found, Span(-0.02, None, None)))) == len(findings(found)) - 1
    other = replace(found, differences=(replace(found.differences[0], against="10k"),))
    assert all(finding.reached is None for finding in findings(other))


@pytest.mark.parametrize(
    ("parameters", "lost", "reached"), [(8000, 0.02, True), (8001, 0.0, False), (8000, 0.021, False)]
)
def test_the_aim_of_separable_networks_is_judged(parameters: int, lost: float, reached: bool) -> None:
    found = with_r2(result("separable"), Span(lost, None, None), Span(0.0, None, None))
    twin, row = found.entrants
    finding = aim(replace(found, entrants=(twin, replace(row, parameters=parameters))))
    assert finding.reached is reached
    assert finding.where == "entrants, DSCRNN 4k and CRNN 4k"
    assert finding.sentence.startswith(
        "DSCRNN 4k has 25% of the parameters of CRNN 4k, 11% of its multiply-accumulates and takes 11% of its time "
        f"(36 us of a thread an ECG); its R2 differs by {'−' if lost else '+'}{lost:.3f}."
    )


def test_a_separable_network_without_a_twin_or_a_time_has_no_aim() -> None:
    found = result("separable")
    twin, row = found.entrants
    lacking = (replace(twin, us_per_ecg=None), replace(twin, macs=0), replace(twin, parameters=0))
    for entrants in ((row,), (twin, replace(row, us_per_ecg=None)), *((one, row) for one in lacking)):
        assert all(finding.reached is None for finding in findings(replace(found, entrants=entrants)))


@pytest.mark.parametrize(
    ("level", "minus", "reached"),
    [("hospital", -0.03, True), ("hospital", -0.02, True), ("hospital", -0.019, False), ("kidney", -0.03, None)],
)
def test_the_aim_against_boosting_is_for_a_hospital(level: str, minus: float, reached: bool | None) -> None:
    found = result("network")
    boosting, median = found.differences
    turned = replace(boosting, auroc=Span(minus, -0.05, -0.01))
    found = replace(found, cohort=replace(found.cohort, level=level), differences=(turned, median))
    (finding,) = [finding for finding in findings(found) if "boosted features" in finding.sentence]
    assert finding.reached is reached
    assert f"minus that of boosted features is +{-minus:.3f} (+0.010 to +0.050)" in finding.sentence


def test_the_median_is_told_beside_the_networks() -> None:
    assert findings(result("network"))[-1] == Finding(
        "Predicting the training median for everybody has an MAE of 0.750 (0.700 to 0.800) mEq/L.",
        f"entrants, {MEDIAN}, figures",
    )


def test_averaging_is_told_from_length() -> None:
    found = result("window")
    told = "Without the median R2 changes by −0.040 (−0.070 to −0.020), and from one beat to 2 s by −0.060."
    beat = Span(-0.04, -0.07, -0.02)
    assert told in text(with_differences(found, beat, Span(-0.1, -0.13, -0.07)))
    assert "Without the median" not in text(with_differences(found, beat, UNDEFINED))
    assert "Without the median" not in text(with_differences(found, UNDEFINED, beat))


@pytest.mark.parametrize("study", NAMES)
def test_figures_that_are_not_defined_reach_no_aim(study: str) -> None:
    """As of a cohort whose potassium is one, or of a handful of patients."""

    def blank(row: Difference) -> Difference:
        return replace(row, r2=UNDEFINED, auroc=UNDEFINED)

    found = with_r2(result(study), *[UNDEFINED] * len(NAMES[study]))
    found = replace(found, differences=tuple(map(blank, found.differences)))
    assert "Best is" in text(found)
    assert all(finding.reached is None for finding in findings(found))
