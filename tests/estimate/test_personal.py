"""Earlier ECGs of a patient: which of them are compared with today's, how much each counts, and what is said."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
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
    elsewhere, bad = (earlier(shown=shown) for shown in (beat(leads=("I",)), beat(bad=["V5"])))
    found = calibration(same, other, elsewhere, bad).fitting(beat(), None)
    assert found.earlier == (same,)
    assert found.sentences == (
        "other shows a beat so unlike this one that it may be another heart's, and was not used.",
        "a has no good lead that this ECG has, and was not used.",
        "a has no good lead that this ECG has, and was not used.",
        "Compared with this patient's earlier ECG at 5 mEq/L.",
    )


def test_an_ecg_of_years_ago_is_not_used_and_one_of_months_said_to_count_little() -> None:
    old = calibration(earlier(days=541), earlier(days=540)).fitting(beat(), None)
    assert [each.draw.days_ago for each in old.earlier] == [540]
    assert old.sentences == (
        "a is 541 days older than this ECG, more than 540, and was not used.",
        "Compared with this patient's earlier ECG at 5 mEq/L, which counts little after 540 days.",
    )
    assert calibration(earlier(days=124)).fitting(beat(), None).note == ""
    assert calibration(earlier(days=126)).fitting(beat(), None).note == ", which counts little after 126 days"
    assert calibration(earlier(days=126), earlier(days=400)).fitting(beat(), None).note == ""


def test_the_leads_of_a_comparison_are_said_where_they_are_not_all() -> None:
    two = beat(0, 1, leads=("V5", "I"))
    one, other = earlier(shown=beat()), earlier(shown=beat(1, leads=("I",)))
    assert calibration(one).fitting(two, None).sentences == (
        "Compared with this patient's earlier ECG at 5 mEq/L, in V5 alone, which both have.",
    )
    assert calibration(one, other).fitting(two, None).note == ", each in the leads that both have"
    assert calibration(earlier(shown=two)).fitting(two, None).note == ""


def test_what_is_said_of_several_and_of_those_left_out() -> None:
    two = calibration(earlier(), earlier())
    assert two.sentences == ("Compared with 2 earlier ECGs of this patient and their blood draws.",)
    assert replace(two, left_out=1).sentences[1].startswith("One earlier ECG could not be estimated, and no use was")
    assert replace(two, left_out=3).sentences[1].startswith("3 earlier ECGs could")
    far = replace(two, apart_meq_l=1.24).sentences[0]
    assert far.endswith(
        "draws; draws of the same time lie 1.2 mEq/L apart, more than a laboratory errs: check them and "
        "their days_ago (4.5 are accepted, too)."
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
    why = "the earlier ECG a was recorded after this one; expected one of before"
    today = beat(0.1)
    assert late.fault(today, NOW) == why
    assert late.fault(today, None) is None
    assert calibration(at(NOW)).fault(today, NOW) is None
    told = replace(at(datetime(2026, 3, 11)), draw=Draw(5.0, 3))  # whatever is said of its draw
    assert calibration(told).fault(today, NOW) == why
    assert calibration(replace(at(NOW), draw=Draw(5.0, day=date(2026, 3, 11)))).fault(today, NOW) == why


def test_an_ecg_is_no_earlier_one_of_itself() -> None:
    assert calibration(earlier()).fault(beat(), None) == "the earlier ECG a is this one; expected one of before"
    assert calibration(earlier()).fault(beat(0.1), None) is None
    assert calibration(earlier()).fault(beat(leads=("I",)), None) is None


def test_a_day_is_counted_to_that_of_the_ecg_or_to_today() -> None:
    drawn = earlier(days=None)
    drawn = replace(drawn, draw=Draw(5.0, day=date(2026, 3, 1)))
    assert (drawn.days(NOW), drawn.told_days(NOW)) == (9, 9)
    today = replace(drawn, draw=Draw(5.0, day=datetime.now().date() - timedelta(3)))
    assert today.days(None) in (3, 4)  # at midnight
    assert (earlier(days=None).told_days(NOW), earlier(days=2.5).told_days(NOW)) == (None, 2.5)


@pytest.mark.parametrize("draw", [Draw("5,1"), Draw(5.0, "2")])  # type: ignore[arg-type]
def test_what_is_no_number_is_no_draw(draw: Draw) -> None:
    with pytest.raises(CalibrationError, match=r"a draw is .* days ago; numbers are accepted"):
        draw.check()


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
