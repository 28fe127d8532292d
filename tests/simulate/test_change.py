"""The rules by which real beats are changed: the numbers of docs/morphed.md, one by one."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from kalemia.simulate.change import Change, Design, Person, _Chance, draw

PLAIN = Design(recombine=0.0, nuisance=0.0, penetrance=1.0, sensitivity_spread=0.0, part_spread=0.0)
NORMAL = 4.2
PERSON = replace(draw(np.random.default_rng(0), PLAIN, 1.0), normal_meq_l=NORMAL, p_answers=1.0)
"""Answers with a sensitivity of one everywhere, P included."""


def at(above: float, person: Person = PERSON) -> Change:
    return person.at(NORMAL + above, PLAIN)


def levelled(value: float, most: float) -> float:
    return float(most * np.tanh(value / most))


def test_at_the_normal_potassium_nothing_changes() -> None:
    change = at(0.0)
    assert (change.t_gain, change.t_width, change.t_fall, change.t_late_ms) == (1.0, 1.0, 1.0, 0.0)
    assert (change.qrs_width, change.qrs_gain, change.p_gain, change.p_width, change.pr_ms) == (1.0, 1.0, 1.0, 1.0, 0.0)
    assert (change.u_mv, change.st_mv, change.blur_ms) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("high", [0.5, 1.0, 2.0, 3.5])
def test_above_normal(high: float) -> None:
    change = at(high)
    assert change.t_gain == pytest.approx(np.exp(0.13 * levelled(high, 3.0)))
    assert change.t_width == pytest.approx(np.exp(-0.06 * levelled(high, 4.0)))
    assert change.t_fall == pytest.approx(np.exp(-0.05 * levelled(high, 4.0)))
    assert change.t_late_ms == pytest.approx(-6.0 * levelled(high, 2.5))
    assert change.qrs_width == pytest.approx(np.exp(0.015 * high + 0.06 * max(high - 1.2, 0.0)))
    assert change.p_gain == pytest.approx(np.exp(-0.35 * max(high - 0.8, 0.0)))
    assert change.p_width == pytest.approx(np.exp(0.03 * high))
    assert change.pr_ms == pytest.approx(6.0 * high)
    assert (change.u_mv, change.st_mv, change.blur_ms) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("low", [0.4, 1.0, 1.8])
def test_below_normal(low: float) -> None:
    change = at(-low)
    assert change.t_gain == pytest.approx(np.exp(-0.16 * low) - 0.03 * low)
    assert change.t_width == pytest.approx(np.exp(0.08 * low))
    assert change.t_late_ms == pytest.approx(18.0 * low)
    assert change.u_mv == pytest.approx(0.05 * low)
    assert change.u_late_ms == pytest.approx(45.0 + 13.0 * low)
    assert change.st_mv == pytest.approx(-0.02 * low)
    assert (change.t_fall, change.qrs_width, change.p_gain, change.pr_ms) == (1.0, 1.0, 1.0, 0.0)


@pytest.mark.parametrize("above", [4.2, 5.0])
def test_far_above_normal_the_waves_merge(above: float) -> None:
    merge = levelled(above - 3.8, 3.0)
    change = at(above)
    assert change.blur_ms == pytest.approx(7.0 * merge)
    assert change.qrs_width == pytest.approx(np.exp(0.015 * above + 0.06 * (above - 1.2) + 0.25 * merge))
    assert change.p_gain == pytest.approx(np.exp(-0.35 * (above - 0.8) - 1.5 * merge))
    assert change.t_gain == pytest.approx(np.exp(0.13 * levelled(above, 3.0) + 0.12 * merge))
    assert change.t_width == pytest.approx(np.exp(0.12 * merge - 0.06 * levelled(above, 4.0)))
    assert change.qrs_gain == pytest.approx(change.qrs_width**-0.1)


def test_half_of_the_persons_keep_their_p() -> None:
    assert at(3.0, replace(PERSON, p_answers=0.0)).p_gain == 1.0


@pytest.mark.parametrize(
    ("part", "touched", "above"),
    [
        ("t_high", {"t_gain"}, 2.0),
        ("width_high", {"t_width", "t_fall", "t_late_ms"}, 2.0),
        ("qrs_high", {"qrs_width", "qrs_gain"}, 2.0),
        ("p_high", {"p_gain", "p_width", "pr_ms"}, 2.0),
        ("t_low", {"t_gain", "t_width"}, -1.0),
        ("qt_low", {"t_late_ms"}, -1.0),
        ("u_low", {"u_mv", "u_late_ms"}, -1.0),
        ("st_low", {"st_mv"}, -1.0),
    ],
)
def test_a_waves_sensitivity_moves_that_wave_alone(part: str, touched: set[str], above: float) -> None:
    usual, deaf = at(above), at(above, replace(PERSON, **{part: 0.0}))
    assert {f.name for f in fields(Change) if getattr(usual, f.name) != getattr(deaf, f.name)} == touched
    other_side = at(-above), at(-above, replace(PERSON, **{part: 0.0}))
    assert other_side[0] == other_side[1]


@pytest.mark.parametrize(
    ("own", "change", "size"),
    [
        ("own_t_gain", "t_gain", -0.5),
        ("own_t_width", "t_width", 1.1),
        ("own_t_fall", "t_fall", 1.2),
        ("own_t_late_ms", "t_late_ms", 12.0),
        ("own_qrs_width", "qrs_width", 1.4),
        ("own_p_gain", "p_gain", 0.2),
        ("own_p_width", "p_width", 1.1),
        ("own_pr_ms", "pr_ms", -20.0),
        ("own_u_mv", "u_mv", 0.07),
        ("own_st_mv", "st_mv", -0.1),
    ],
)
def test_a_persons_own_departure_is_there_at_normal_potassium(own: str, change: str, size: float) -> None:
    assert getattr(at(0.0, replace(PERSON, **{own: size})), change) == pytest.approx(size)


@pytest.mark.parametrize(
    ("own", "change", "extreme", "limit"),
    [
        ("own_t_width", "t_width", 9.0, 1.8),
        ("own_t_width", "t_width", 0.1, 0.45),
        ("own_t_fall", "t_fall", 9.0, 1.6),
        ("own_t_fall", "t_fall", 0.1, 0.5),
        ("own_t_late_ms", "t_late_ms", 500.0, 90.0),
        ("own_t_late_ms", "t_late_ms", -500.0, -60.0),
        ("own_qrs_width", "qrs_width", 9.0, 2.8),
        ("own_qrs_width", "qrs_width", 0.1, 0.85),
        ("own_pr_ms", "pr_ms", 500.0, 60.0),
        ("own_pr_ms", "pr_ms", -500.0, -40.0),
    ],
)
def test_no_change_is_beyond_what_a_beat_can_have(own: str, change: str, extreme: float, limit: float) -> None:
    assert getattr(at(0.0, replace(PERSON, **{own: extreme})), change) == limit


def test_without_nuisance_persons_differ_in_nothing_but_their_normal_and_u_width() -> None:
    people = [draw(np.random.default_rng(seed), PLAIN, 1.0).parameters() for seed in range(40)]
    differing = {name for name in people[0] if len({person[name] for person in people}) > 1}
    assert differing == {"normal_meq_l", "u_sd_ms", "p_answers"}
    assert np.mean([person["normal_meq_l"] for person in people]) == pytest.approx(4.2, abs=0.2)


def test_the_spreads_of_persons_are_those_of_the_design() -> None:
    people = [draw(np.random.default_rng(seed), Design(), 1.0).parameters() for seed in range(3000)]
    of = {name: np.array([person[name] for person in people]) for name in people[0]}
    assert of["normal_meq_l"].std() == pytest.approx(0.3, abs=0.02)
    assert np.log(of["gain"]).std() == pytest.approx(0.15, abs=0.01)
    assert of["own_pr_ms"].std() == pytest.approx(12.0, abs=0.8)
    assert np.log(of["own_t_width"]).std() == pytest.approx(0.09, abs=0.006)
    assert of["p_answers"].mean() == pytest.approx(0.5, abs=0.04)
    assert np.mean(of["own_qrs_width"] > 1.2) == pytest.approx(0.06, abs=0.025)
    assert np.mean(of["own_p_gain"] < 0.25) == pytest.approx(0.07, abs=0.025)
    assert np.mean(of["own_st_mv"] < -0.07) == pytest.approx(0.045, abs=0.02)
    assert (of["u_sd_ms"].min() >= 30.0) & (of["u_sd_ms"].max() <= 60.0)
    answering = of["t_high"][of["t_high"] > 0]
    between = np.log(of["t_high"] / of["qrs_high"])  # what one person's waves share is gone
    assert between.std() == pytest.approx(0.35 * np.sqrt(2), abs=0.03)
    assert len(answering) == len(people)


def test_chance_draws_a_range_in_its_share() -> None:
    of = _Chance(np.random.default_rng(0), Design(), 1.0, 2.0)
    drawn = np.array([of.rarely(0.2, 5.0, 6.0, 1.0) for _ in range(4000)])
    assert set(np.unique(drawn[drawn < 5.0])) == {1.0}
    assert np.mean(drawn >= 5.0) == pytest.approx(0.2, abs=0.03)
    assert drawn.max() <= 6.0
    still = _Chance(np.random.default_rng(0), Design(), 0.0, 1.0)
    assert {still.rarely(0.9, 5.0, 6.0, 1.0) for _ in range(200)} == {1.0}
    assert {still.factor(0.5) for _ in range(20)} == {1.0}
    parts = np.log([of.part() / 2.0 for _ in range(4000)])
    assert parts.mean() == pytest.approx(0.0, abs=0.03)
    assert parts.std() == pytest.approx(0.35, abs=0.02)
