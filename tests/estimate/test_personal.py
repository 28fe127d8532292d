"""Earlier ECGs of a patient: which of them are compared with today's, how much each counts, and what is said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import cast

import numpy as np
import pytest

from kalemia.errors import CalibrationError
from kalemia.estimate.evidence import Evidence
from kalemia.estimate.model import DEFAULT, Model
from kalemia.estimate.personal import QRS, Calibration, Draw, Earlier, alike, apart
from kalemia.estimate.population import Population
from kalemia.records import SAMPLES, Beat, ModelName
from likelihoods import bell

NAME = ModelName("tiny", "0", "", "")
ALONE = Evidence.of(bell(5.0, 2.0))
NOW = datetime(2026, 3, 10, 12)


def beat(*waves: float, leads: tuple[str, ...] = ("V5",), bad: Sequence[str] = ()) -> Beat:
    """Return a beat whose QRS complex in each lead is a slope of that size over a bump."""
    shape = np.zeros((len(leads), SAMPLES), np.float32)
    time = np.linspace(-1, 1, QRS.stop - QRS.start)
    shape[:, QRS] = np.cos(np.pi * time / 2) + np.array(waves or (0.0,) * len(leads))[:, None] * time
    ones = np.ones(len(leads), np.float32)
    return Beat(shape, ones, leads, 0.8, 9, ones, tuple("flat" if lead in bad else None for lead in leads))


def earlier(potassium: float = 5.0, days: float | None = 0.0, source: str = "a", shown: Beat | None = None) -> Earlier:
    return Earlier(shown or beat(), Draw(potassium, days), source)


def calibration(*some: Earlier) -> Calibration:
    return Calibration(some, NAME)


class Comparing:
    """A model for which an ECG has the potassium that was drawn earlier, surely."""

    def compare(self, _: Beat, others: Sequence[Beat], draws: Sequence[float]) -> np.ndarray:
        assert len(others) == len(draws)
        return np.array([bell(draw, 0.5) for draw in draws])


MODEL = cast(Model, Comparing())


def applied(*some: Earlier) -> np.ndarray:
    return calibration(*some).apply(ALONE, beat(), None, MODEL).log_likelihood


def test_what_is_known_before_the_ecg_is_of_a_patient_with_these_draws() -> None:
    kidney = Population.load("kidney")
    some = calibration(earlier(6.5), earlier(6.0, 180))
    expected = kidney.beside(np.array([6.5, 6.0]), np.array([1.0, math.exp(-1)]))
    np.testing.assert_allclose(some.known(kidney, None).shares, expected.shares)
    assert calibration().known(kidney, None) is kidney


def test_a_young_one_counts_fully_and_an_old_one_leaves_what_the_ecg_says_alone() -> None:
    said = Evidence.of(bell(4.0, 0.5)).log_likelihood
    np.testing.assert_allclose(applied(earlier(4.0)), said)
    np.testing.assert_allclose(applied(earlier(4.0, 36525)), ALONE.log_likelihood, atol=1e-6)
    weight = np.exp(-90 / 180)
    mixed = Evidence.of(weight * bell(4.0, 0.5) + (1 - weight) * ALONE.log_likelihood).log_likelihood
    np.testing.assert_allclose(applied(earlier(4.0, 90)), mixed)


def test_several_say_more_than_one_and_less_than_if_they_were_independent() -> None:
    one = bell(4.0, 0.5)
    for count in (2, 5):
        said = Evidence.of(one * count**0.3).log_likelihood
        np.testing.assert_allclose(applied(*[earlier(4.0)] * count), said)


def test_of_several_younger_ones_count_more() -> None:
    mixed = applied(earlier(4.0, 0), earlier(6.0, 180))
    share = np.exp(-1.0)
    expected = (bell(4.0, 0.5) + share * bell(6.0, 0.5)) / (1 + share) * (1 + share) ** 0.3
    np.testing.assert_allclose(mixed, Evidence.of(expected).log_likelihood)


def test_without_any_the_ecg_speaks_alone() -> None:
    assert calibration().apply(ALONE, beat(), None, MODEL) is ALONE


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (beat(), beat(), 1.0),
        (beat(), replace(beat(), waveform=-beat().waveform), -1.0),
        (beat(), replace(beat(), waveform=0 * beat().waveform), 0.0),
        (beat(leads=("V5", "I")), beat(leads=("I", "V5")), 1.0),  # whatever their order
        (beat(0, 5, leads=("V5", "I")), beat(0, -5, leads=("V5", "I"), bad=["I"]), 1.0),  # good in both
    ],
)
def test_qrs_complexes_are_alike_by_their_correlation(ours: Beat, theirs: Beat, expected: float) -> None:
    assert alike(ours, theirs) == pytest.approx(expected, abs=1e-6)


def test_the_correlation_is_the_mean_over_leads() -> None:
    two, other = beat(0, 1, leads=("V5", "I")), beat(0, 0, leads=("V5", "I"))
    (row,) = (np.corrcoef(two.waveform[1, QRS], other.waveform[1, QRS])[0, 1],)
    assert alike(two, other) == pytest.approx((1 + row) / 2, abs=1e-6)
    assert np.isnan(alike(beat(), beat(leads=("I",))))


def test_beats_of_another_heart_or_of_other_leads_are_not_compared() -> None:
    same, other = earlier(source="same"), earlier(source="other", shown=beat(3.0))
    elsewhere, bad = earlier(shown=beat(leads=("I",))), earlier(shown=beat(bad=["V5"]))
    found = calibration(same, other, elsewhere, bad).fitting(beat())
    assert found.earlier == (same,)
    assert found.unlike == ("other",)
    assert found.sentences == (
        "other shows a beat so unlike this one that it may be another heart's, and was not used.",
        "Compared with this patient's earlier ECG at 5 mEq/L.",
    )
    assert calibration(elsewhere).fitting(beat()).sentences == (
        "No earlier ECG has a good lead that this one has, so that none was used.",
    )


def test_what_is_said_of_several_and_of_those_left_out() -> None:
    two = calibration(earlier(), earlier())
    assert two.sentences == ("Compared with 2 earlier ECGs of this patient and their blood draws.",)
    assert replace(two, left_out=1).sentences[1].startswith("One earlier ECG could not be estimated, and no use was")
    assert replace(two, left_out=3).sentences[1].startswith("3 earlier ECGs could")
    far = replace(two, apart_meq_l=1.24).sentences[0]
    assert far.endswith(
        "draws; draws of the same time lie 1.2 mEq/L apart, more than a laboratory errs: check them and their days_ago."
    )
    assert replace(two, apart_meq_l=1.0).sentences == two.sentences


def at(hour: datetime, potassium: float = 5.0) -> Earlier:
    return Earlier(beat(), Draw(potassium), "a", hour)


def test_days_are_those_between_two_recordings_where_none_are_said() -> None:
    noon = at(datetime(2026, 3, 1, 12, tzinfo=UTC))
    assert noon.days(NOW) == 9
    assert (noon.days(None), earlier(days=None).days(NOW)) == (0, 0)
    assert replace(noon, draw=Draw(5.0, 2.5)).days(NOW) == 2.5


def test_an_ecg_of_later_is_no_earlier_one() -> None:
    late = calibration(earlier(), at(datetime(2026, 3, 11)))
    assert late.fault(NOW) == "the earlier ECG a was recorded after this one; expected one of before"
    assert late.fault(None) is None
    assert calibration(at(NOW)).fault(NOW) is None


@pytest.mark.parametrize(
    ("some", "expected"),
    [
        ([earlier(4.0), earlier(5.2), earlier(4.1)], 1.2),
        ([earlier(4.0, 3), earlier(5.2, 3.04), earlier(8.0, 9)], 1.2),  # within an hour
        ([earlier(4.0, 1), earlier(5.2, 1.05), earlier(4.1, 9)], 0.0),
        ([at(NOW, 4.0), at(NOW, 5.5), at(datetime(2026, 3, 1), 9.0)], 1.5),
        ([earlier(5.0)], 0.0),
    ],
)
def test_draws_of_one_hour_that_disagree_are_known(some: list[Earlier], expected: float) -> None:
    assert apart(some) == pytest.approx(expected, abs=1e-3)


def test_a_calibration_is_one_models() -> None:
    name = Model.load(DEFAULT).name
    with pytest.raises(CalibrationError) as caught:
        calibration().check(Model.load(DEFAULT))
    assert str(caught.value) == (
        f"the calibration was made with the model tiny 0, and the estimate is of 12-4k {name.version}; calibrate with "
        "that one"
    )
    replace(calibration(), model=name).check(Model.load(DEFAULT))
