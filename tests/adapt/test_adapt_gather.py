"""The ECGs that a model may be adapted to, and cohorts that cannot do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("polars")

import polars as pl

from kalemia.adapt.gather import KEPT, gather
from kalemia.errors import AdaptError, CohortError

if TYPE_CHECKING:
    from kalemia.cohort import Cohort


def test_everybody_is_used_or_counted_and_the_test_part_is_left_alone(cohort: Cohort, tiny_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = gather(tiny_path, cohort, progress=lambda done, total: told.append((done, total)))
    assert len(found.potassium) + sum(found.left_out.values()) == len(cohort)
    test = cohort.table[list(cohort.parts()["test"])]["patient"].to_list()
    assert not set(test) & set(found.patients.tolist())
    assert found.left_out[KEPT] == len(test) > 0
    assert found.left_out["hemolyzed"] == cohort.hemolyzed
    assert told[-1] == (len(cohort) - len(test) - cohort.hemolyzed,) * 2
    assert found.waves.shape == (len(found.potassium), 1, 270)
    named = dict(cohort.table.select("patient", "potassium_meq_l").iter_rows())
    np.testing.assert_allclose(found.potassium, [round(named[name], 2) for name in found.patients], atol=1e-6)


def test_a_cohort_of_other_leads_is_refused(cohort: Cohort, tiny_path: Path) -> None:
    other = replace(cohort, card=replace(cohort.card, leads=("I", "II")))
    with pytest.raises(AdaptError, match=r"its ECGs have I, II, of which the model needs at least 1 of V5; give"):
        gather(tiny_path, other)


def test_a_few_labels_are_refused_with_how_many_are_needed(cohort: Cohort, tiny_path: Path) -> None:
    with pytest.raises(AdaptError, match=r"kidney: has 12 labelled ECGs; at least 50 are needed$"):
        gather(tiny_path, replace(cohort, table=cohort.table.head(12)))


def test_labels_of_few_patients_are_refused(cohort: Cohort, tiny_path: Path) -> None:
    train = cohort.table[list(cohort.parts()["train"])]["patient"][0]
    few = replace(cohort, table=cohort.table.with_columns(patient=pl.lit(train)))
    with pytest.raises(AdaptError, match=r"ECGs of 1 patients may be used .* at least 30 of 10 patients are needed$"):
        gather(tiny_path, few)


@pytest.mark.parametrize(("potassium", "high"), [(4.5, "0"), (6.5, r"\d+")])
def test_labels_of_one_class_are_refused(cohort: Cohort, tiny_path: Path, potassium: float, high: str) -> None:
    alike = cohort.table.with_columns(potassium_meq_l=pl.lit(potassium, pl.Float32))
    with pytest.raises(
        AdaptError, match=rf"{high} of them above 5.5 mEq/L; at least 5 above it and 5 below are needed"
    ):
        gather(tiny_path, replace(cohort, table=alike))


def test_the_patients_of_the_training_are_refused(cohort: Cohort) -> None:
    level, seed = "clinic", 20220501  # of configs/12-4k.yaml
    origin = replace(cohort.card.origin, level=level, seed=seed)
    with pytest.raises(CohortError, match="makes the patients that 12-4k was trained on"):
        gather("12-4k", replace(cohort, card=replace(cohort.card, origin=origin)))
