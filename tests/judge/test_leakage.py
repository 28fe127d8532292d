"""No model is judged on patients that its training may have known."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("polars")

import polars as pl

from kalemia.errors import CohortError
from kalemia.estimate.card import Card
from kalemia.estimate.model import Model
from kalemia.judge.leakage import KNOWN, unseen

if TYPE_CHECKING:
    from kalemia.cohort import Cohort


@pytest.fixture
def card(tiny: Model) -> Card:
    return replace(tiny.card, name="own", training={})


def trained(card: Card, *sources: dict[str, Any], config: dict[str, Any] | None = None) -> Card:
    """Say what a model was trained on."""
    return replace(card, training={"sources": list(sources), "config": config or {}})


def everybody(cohort: Cohort) -> tuple[int, ...]:
    return tuple(sorted(row for rows in cohort.parts().values() for row in rows))


def measured(cohort: Cohort) -> Cohort:
    """Say that a cohort's potassium was measured."""
    return replace(cohort, table=cohort.table.with_columns(labels=pl.lit("measured")))


def test_a_stranger_is_judged_on_every_ecg_that_was_not_hemolyzed(cohort: Cohort, card: Card) -> None:
    rows, left_out = unseen(card, cohort, outside=False)
    assert rows == everybody(cohort)
    assert not cohort.table["hemolyzed"].to_numpy()[list(rows)].any()
    assert left_out == {"hemolyzed": cohort.hemolyzed}
    assert cohort.hemolyzed > 0


def test_where_nothing_is_left_out_nothing_is_said(cohort: Cohort, card: Card) -> None:
    whole = replace(cohort, table=cohort.table.with_columns(hemolyzed=pl.lit(value=False)))
    assert unseen(card, whole, outside=False) == (tuple(range(len(cohort))), {})


@pytest.mark.parametrize("outside", [False, True])
def test_of_its_own_cohort_only_the_test_part_is_left(cohort: Cohort, card: Card, outside: bool) -> None:
    """Nobody's word that patients are others makes them so."""
    own = trained(card, {"name": "level clinic"}, {"name": "cohort kidney", "cohort": cohort.digest})
    rows, left_out = unseen(own, cohort, outside=outside)
    assert rows == cohort.parts()["test"]
    assert 0 < len(rows) < len(cohort) / 2
    assert left_out[KNOWN] == len(everybody(cohort)) - len(rows)


def test_of_the_same_simulated_patients_under_another_digest_only_the_test_part_is_left(
    cohort: Cohort, card: Card
) -> None:
    assert cohort.made is not None
    level, seed = cohort.made
    source = {"name": "cohort k", "cohort": "another", "level": level, "seed": seed}
    assert unseen(trained(card, source), cohort, outside=True)[0] == cohort.parts()["test"]
    assert unseen(trained(card, source | {"seed": seed + 1}), cohort, outside=False)[0] == everybody(cohort)


@pytest.mark.parametrize(("labels", "outside", "known"), [
    ("measured", False, True),
    ("measured and simulated", False, True),
    ("measured", True, False),
    ("simulated", False, False),
    (None, False, False),
])  # fmt: skip
def test_a_hospitals_patients_may_come_again(
    cohort: Cohort, card: Card, labels: str | None, outside: bool, known: bool
) -> None:
    """Another period has the same people under the same names; --outside says that it has not."""
    hospital = measured(cohort)
    own = trained(card, {"name": "cohort before", "cohort": "another", "labels": labels})
    expected = hospital.parts()["test"] if known else everybody(hospital)
    assert unseen(own, hospital, outside=outside)[0] == expected


def test_simulated_patients_are_nobody_whom_a_hospital_measured(cohort: Cohort, card: Card) -> None:
    own = trained(card, {"name": "cohort before", "cohort": "another", "labels": "measured"})
    assert unseen(own, cohort, outside=False)[0] == everybody(cohort)


def test_patients_that_a_training_simulated_judge_nothing(cohort: Cohort, card: Card) -> None:
    assert cohort.made is not None
    level, seed = cohort.made
    config = {"seed": seed, "sources": [{"level": "clinic"}, {"level": level, "bases": None}]}
    with pytest.raises(CohortError) as error:
        unseen(trained(card, config=config), cohort, outside=True)
    assert str(error.value) == (
        f"{cohort.folder}: level kidney with seed 4 makes the patients that own was trained on; simulate a cohort with "
        "another --seed"
    )


@pytest.mark.parametrize(
    "config",
    [
        {"seed": 5, "sources": [{"level": "kidney"}]},
        {"seed": 4, "sources": [{"level": "clinic"}]},
        {"seed": 4, "sources": [{"level": "kidney", "bases": "bases.txt"}]},
        {"seed": 4, "sources": [{"cohort": "k"}]},
        {"sources": [{"level": "kidney"}]},
        {"seed": 4},
    ],
)
def test_other_simulated_patients_judge(cohort: Cohort, card: Card, config: dict[str, Any]) -> None:
    """Those of another seed or level, and those whose beats were real ones."""
    assert unseen(trained(card, config=config), cohort, outside=False)[0] == everybody(cohort)


def test_a_cohort_of_which_nothing_is_left_gets_a_sentence(cohort: Cohort, card: Card) -> None:
    none = replace(cohort, table=cohort.table.with_columns(hemolyzed=pl.lit(value=True)))
    with pytest.raises(CohortError, match=r"none of its 60 ECGs is left to judge on \(60 hemolyzed\); give another"):
        unseen(card, none, outside=False)
    known = trained(card, {"cohort": cohort.digest})
    with pytest.raises(CohortError, match=rf"\(60 hemolyzed; 0 {KNOWN}\)"):
        unseen(known, none, outside=False)
