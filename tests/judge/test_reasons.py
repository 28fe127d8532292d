"""Reasons that differ in figures or leads alone are of one kind."""

from __future__ import annotations

import pytest

from kalemia.judge.reasons import kind


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("its rate of 212.5 bpm is outside of the 35 to 200 bpm", "its rate of … bpm is outside of the … to … bpm"),
        ("pacing spikes", "pacing spikes"),
        ("QRS 142 ms: wide; T is not told from it", "QRS … ms"),
        ("no beat; give a longer ECG", "no beat"),
        ("V5 is flat", "a lead is flat"),
        ("V1, V2, aVL is flat", "a lead is flat"),
        ("III, aVR are flat", "a lead are flat"),
        ("I is flat", "a lead is flat"),
        ("It is flat", "It is flat"),
        ("Lead V5 is flat", "Lead V5 is flat"),
        ("lead V5 cannot be used (it is flat)", "it is flat"),
        ("leads V1, V2 cannot be used (V1 is flat)", "a lead is flat"),
        ("Lead V5 cannot be used (V5 is flat: 0 mV)", "a lead was left out: a lead is flat"),
        ("Leads V1, V2 cannot be used (clipped at 5 mV) and are left out", "a lead was left out: clipped at … mV"),
        ("1,234.5 samples of V2 are lost", "… samples of V2 are lost"),
    ],
)
def test_figures_and_leads_are_left_out(sentence: str, expected: str) -> None:
    assert kind(sentence) == expected


def test_two_ecgs_with_one_problem_are_of_one_kind() -> None:
    assert kind("lead V1 cannot be used (its quality is 0.31)") == kind("lead V6 cannot be used (its quality is 0.12)")
    assert kind("V2 is flat") != kind("V2 is noisy")
