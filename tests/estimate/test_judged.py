"""What is kept of real potassium belongs to the bundled models, and is a set of shares."""

from __future__ import annotations

import pytest

from kalemia.estimate.judged import Judged, Reached, real_potassium
from kalemia.estimate.model import bundled


def test_every_bundled_model_is_judged_as_it_is_now() -> None:
    assert {one.sha256 for one in real_potassium().models} == {card.onnx_sha256 for card in bundled()}


def test_another_model_is_not_known() -> None:
    assert real_potassium().of("0" * 64) is None


def test_everybody_is_judged_on_the_same_ecgs() -> None:
    real = real_potassium()
    assert real.high + real.low < real.judged < real.ecgs == 149
    assert len(real.doctors) == 7
    for one in (*real.models, real.published, *real.doctors):
        # Nobody sees a fraction of a patient: a share is one of so many ECGs.
        assert one.sensitivity.value * real.high == pytest.approx(round(one.sensitivity.value * real.high), abs=0.01)
        others = real.judged - real.high
        assert one.specificity.value * others == pytest.approx(round(one.specificity.value * others), abs=0.01)


def spans(one: Judged) -> list[Reached]:
    return [span for span in (one.sensitivity, one.specificity, one.auroc_high, one.auroc_low) if span]


def test_intervals_hold_their_values_and_doctors_give_no_scores() -> None:
    real = real_potassium()
    for one in (*real.models, real.published, *real.doctors):
        assert all(0 <= span.low <= span.value <= span.high <= 1 for span in spans(one))
    assert [len(spans(one)) for one in (*real.models, real.published)] == 8 * [4]
    assert [len(spans(one)) for one in real.doctors] == 7 * [2]


def test_a_share_is_shown_with_its_interval() -> None:
    assert str(Reached(0.8394, 0.7624, 0.9067)) == "0.84 (0.76 to 0.91)"
