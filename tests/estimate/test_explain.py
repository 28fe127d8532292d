"""What moved an estimate, held against models whose reasons are known."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import HEART, P, R, T, beat_mv, recording
from kalemia.errors import ModelError
from kalemia.estimate import explain as room
from kalemia.estimate.card import Card
from kalemia.estimate.evidence import BINS
from kalemia.estimate.explain import ORDINARY_MEQ_L, PARTS, SHOWN_MEQ_L, explain, simulated_beat
from kalemia.estimate.model import Model
from kalemia.estimate.population import Population
from kalemia.records import EIGHT, LEADS, Beat
from kalemia.signal.beat import cut
from kalemia.signal.measure import qrs_bounds
from kalemia.simulate import simulate_one
from likelihoods import with_median

Float32 = NDArray[np.float32]
FLAT = Population(np.full(BINS, 1 / BINS), "even", "nobody", "a test")


class Known(Model):
    """A model that estimates by a function of the beats (n, leads, 270), and keeps what it was asked."""

    def __init__(self, card: Card, leads: tuple[str, ...], answer: Callable[[Float32], Float32]) -> None:
        self.card = replace(card, leads=leads)
        self.answer = answer

    def run(self, beats: Float32, side: Float32) -> NDArray[np.float64]:
        self.beats, self.side = beats, side
        return with_median(self.answer(beats).astype(np.float64))


def mean_of(samples: slice) -> Callable[[Float32], Float32]:
    return lambda beats: np.asarray(4 + 4 * beats[:, :, samples].mean(axis=(1, 2)), dtype=np.float32)


def lifted(rr_s: float) -> Beat:
    """The beat that replaces others, 1 above itself everywhere: what is taken off shows what was replaced."""
    ordinary = simulated_beat(rr_s, ORDINARY_MEQ_L)
    return replace(ordinary, waveform=ordinary.waveform + np.float32(1.0))


def high(lead: str = "V5") -> Beat:
    return cut(simulate_one(1, 8, "clean", potassium_meq_l=7.0).recording, EIGHT if lead == "all" else (lead,))


@pytest.mark.parametrize("name", ["12-4k", "v5-4k"])
def test_a_tall_t_at_seven_is_explained_by_st_t(name: str) -> None:
    model = Model.load(name)
    beat = high("all")
    why = explain(beat, model, FLAT)
    assert why.potassium_meq_l == pytest.approx(FLAT.given(model.evidence(beat)).quantile(0.5), abs=1e-4)
    assert why.potassium_meq_l > 6.0
    assert 4.0 < why.ordinary_meq_l < 5.5
    assert tuple(why.added_meq_l) == PARTS
    assert why.added_meq_l["ST-T"] > 1.0
    assert why.added_meq_l["ST-T"] > 2 * max(why.added_meq_l["P"], why.added_meq_l["QRS"])


def test_a_flat_t_lowers_an_estimate() -> None:
    flat = cut(recording(EIGHT, waves=(P, R, replace(T, mv=0.05))))
    assert explain(flat, Model.load("12-4k")).added_meq_l["ST-T"] < -0.1


def test_an_explanation_is_of_the_patients_population(tiny: Model) -> None:
    beat, kidney = high(), Population.load("kidney")
    found = explain(beat, tiny, kidney)
    assert found.potassium_meq_l == pytest.approx(kidney.given(tiny.evidence(beat)).quantile(0.5), abs=1e-4)
    assert explain(beat, tiny).added_meq_l == found.added_meq_l  # by default
    assert explain(beat, tiny, FLAT).potassium_meq_l > found.potassium_meq_l


def test_replacing_nothing_changes_nothing() -> None:
    beat = simulated_beat(0.8, ORDINARY_MEQ_L)
    why = explain(beat, Model.load("12-4k"))
    assert why.ordinary_meq_l == why.potassium_meq_l
    assert why.added_meq_l == dict.fromkeys(PARTS, 0.0)


@pytest.mark.parametrize(
    ("part", "seen"), [("P", slice(35, 60)), ("QRS", slice(86, 95)), ("ST-T", slice(135, 200))], ids=PARTS
)
def test_a_model_that_sees_one_part_is_explained_by_it_alone(tiny: Model, part: str, seen: slice) -> None:
    why = explain(high(), Known(tiny.card, ("V5",), mean_of(seen)), FLAT)
    moved = why.potassium_meq_l - why.ordinary_meq_l
    assert abs(moved) > 0.002
    assert why.added_meq_l[part] == pytest.approx(moved, abs=1e-5)
    assert all(abs(added) < 1e-5 for name, added in why.added_meq_l.items() if name != part)


@pytest.mark.parametrize("rr_s", [0.3, 0.45, 0.6, 0.8, 1.2, 2.2])
def test_every_sample_belongs_to_the_three_parts_together(tiny: Model, rr_s: float) -> None:
    """Then the parts of a model that only adds samples up do add up."""
    why = explain(replace(high(), rr_s=rr_s), Known(tiny.card, ("V5",), mean_of(slice(None))), FLAT)
    assert sum(why.added_meq_l.values()) == pytest.approx(why.potassium_meq_l - why.ordinary_meq_l, abs=1e-4)


def test_in_a_fast_heart_the_next_beat_is_replaced_with_this_one(tiny: Model) -> None:
    model = Known(tiny.card, ("V5",), mean_of(slice(None)))
    explain(lifted(0.5), model, FLAT)
    replaced = model.beats[0, 0] - model.beats[1 + PARTS.index("QRS"), 0]
    np.testing.assert_allclose(replaced[[90, 90 + 75, 90 + 150]], [1.0, 0.0, 1.0], atol=1e-5)


def test_beats_pass_into_each_other_without_a_step(tiny: Model) -> None:
    model = Known(tiny.card, ("V5",), mean_of(slice(None)))
    explain(lifted(0.8), model, FLAT)
    taken = model.beats[0] - model.beats[1:4, 0]
    assert taken.max() == pytest.approx(1.0, abs=1e-5)
    assert np.abs(np.diff(taken, axis=1)).max() < 0.15


def complex_of(sd_s: float) -> NDArray[np.float32]:
    """Return one lead (1, 270) with a complex of this width, mV."""
    return beat_mv((replace(R, sd_s=sd_s), T))[None]


@pytest.mark.parametrize(("own_s", "ordinary_s"), [(0.012, 0.03), (0.03, 0.012), (0.012, 0.012)])
def test_the_complex_reaches_from_the_first_onset_of_both_beats_to_the_last_end(
    own_s: float, ordinary_s: float
) -> None:
    """Otherwise exchanging T would bring the end of the wider complex with it."""
    own, ordinary = complex_of(own_s), complex_of(ordinary_s)
    p, qrs, st_t = room._parts(own, ordinary, 0.8)
    bounds = [qrs_bounds(own), qrs_bounds(ordinary)]
    onset, end = min(first for first, _ in bounds), max(last for _, last in bounds)
    np.testing.assert_allclose(qrs[onset : end + 1], 1.0, atol=1e-9)
    assert qrs[onset - 6] == pytest.approx(0.5)  # the middle of the joint
    assert qrs[end + 6] == pytest.approx(0.5)
    assert qrs[onset - 12] == qrs[end + 12] == pytest.approx(0.0)
    assert p[onset - 12] == st_t[end + 12] == pytest.approx(1.0)


@pytest.mark.parametrize(("rr_s", "p_samples"), [(0.5, 45), (0.6, 54)])
def test_p_takes_three_tenths_of_rr_before_the_complex(rr_s: float, p_samples: int) -> None:
    own = complex_of(0.012)
    p, qrs, st_t = room._parts(own, own, rr_s)
    np.testing.assert_allclose(p + qrs + st_t, 1.0, atol=1e-9)
    onset = qrs_bounds(own)[0] - 6
    assert p[onset - p_samples] == pytest.approx(0.5)
    assert st_t[onset - p_samples - 6] == pytest.approx(1.0)
    np.testing.assert_allclose(p[onset - p_samples + 6 : onset - 6], 1.0, atol=1e-9)


def test_where_p_would_begin_within_a_wide_complex_it_follows_it() -> None:
    own = complex_of(0.03)
    p, qrs, st_t = room._parts(own, own, 0.3)
    onset, end = qrs_bounds(own)
    assert end - onset + 12 > 0.7 * 90  # of the 90 samples of a cycle
    np.testing.assert_allclose(p + qrs, 1.0, atol=1e-9)
    np.testing.assert_allclose(st_t, 0.0, atol=1e-9)
    np.testing.assert_allclose(qrs[onset:end], 1.0, atol=1e-9)


def test_a_step_is_smooth_within_a_joint() -> None:
    steps = room._step(np.array([-99.0, -6.0, -3.0, 0.0, 3.0, 6.0, 99.0]))
    np.testing.assert_allclose(steps, [0, 0, 0.5 - 0.25 * 2**0.5, 0.5, 0.5 + 0.25 * 2**0.5, 1, 1], atol=1e-12)


@pytest.mark.parametrize(("mv", "there"), [(0.04, True), (-0.04, True), (0.02, False)])
def test_a_p_wave_stands_out_from_30_uv_on(tiny: Model, mv: float, there: bool) -> None:
    beat = cut(recording(("V5",), waves=(replace(P, mv=mv), R, T), noise_mv=0.0, scale=1 / 1.3))
    assert explain(beat, tiny).has_p is there


@pytest.mark.parametrize(("asked_s", "made_s"), [(0.1, 0.4), (0.404, 0.4), (0.817, 0.82), (3.0, 1.7)])
def test_a_simulated_beat_has_the_nearest_rr_that_the_simulator_makes(asked_s: float, made_s: float) -> None:
    assert simulated_beat(asked_s, 4.0) is simulated_beat(made_s, 4.0)


def test_rate_and_gains_stay_the_patients(tiny: Model) -> None:
    model = Known(tiny.card, EIGHT, mean_of(slice(None)))
    beat = high("all")
    explain(beat, model, FLAT)
    assert model.side.shape == (5, 9)
    np.testing.assert_allclose(model.side, np.broadcast_to([*np.log(beat.gain_mv), beat.rr_s], (5, 9)), rtol=1e-6)


def test_a_lead_with_a_problem_stays_left_out(tiny: Model) -> None:
    model = Known(tiny.card, EIGHT, mean_of(slice(None)))
    beat = high("all")
    why = explain(replace(beat, problems=("flat", *beat.problems[1:])), model, FLAT)
    assert why.leads == EIGHT[1:]
    assert not model.beats[:, 0].any()
    assert model.beats[:, 1:].any(axis=2).all()
    assert why.simulated_mv[7.0].shape == (7, 270)


def test_any_of_the_twelve_leads_can_be_explained(tiny: Model) -> None:
    beat = cut(recording(("aVF", "III")))
    assert explain(beat, Known(tiny.card, ("III", "aVF"), mean_of(slice(None))), FLAT).leads == ("III", "aVF")


@pytest.mark.parametrize("leads", [("MCL1",), ("V6",)])
def test_leads_that_cannot_be_explained_are_named(tiny: Model, leads: tuple[str, ...]) -> None:
    beat = replace(high(), leads=("MCL1",))
    with pytest.raises(ModelError) as caught:
        explain(beat, Known(tiny.card, leads, mean_of(slice(None))), FLAT)
    named = "MCL1" if leads == ("MCL1",) else "none"
    assert str(caught.value) == f"leads {named} cannot be explained; expected some of {', '.join(LEADS)}"


def test_a_network_without_a_number_is_an_error(tiny: Model) -> None:
    def answer(beats: Float32) -> Float32:
        return np.array([4.0, np.nan, 4.0, 4.0, 4.0], np.float32)

    with pytest.raises(ModelError) as caught:
        explain(high(), Known(tiny.card, ("V5",), answer), FLAT)
    assert str(caught.value) == "model tiny: its network returns no number where a part of the beat is replaced"


def test_a_missing_p_wave_is_told(tiny: Model) -> None:
    assert explain(cut(recording(waves=HEART), ("V5",)), tiny).has_p
    without = explain(cut(recording(waves=(R, T)), ("V5",)), tiny)
    assert not without.has_p
    assert without.added_meq_l["P"] != 0.0


def test_the_simulated_beats_are_as_large_as_the_patients_and_their_t_grows() -> None:
    beat = high("all")
    why = explain(beat, Model.load("12-4k"))
    assert tuple(why.simulated_mv) == SHOWN_MEQ_L
    r = np.abs(why.simulated_mv[4.0][:, 90])
    np.testing.assert_allclose(r, beat.gain_mv, rtol=0.05)
    v4 = [mv[EIGHT.index("V4"), 130:200].max() for mv in why.simulated_mv.values()]
    assert v4 == sorted(v4)
    assert v4[-1] > 1.5 * v4[0]


@pytest.mark.parametrize("rr_s", [0.4, 0.7, 1.2, 1.7])
def test_every_simulated_beat_is_a_good_one_of_its_rate(rr_s: float) -> None:
    for potassium in (ORDINARY_MEQ_L, *SHOWN_MEQ_L):
        beat = simulated_beat(rr_s, potassium)
        assert beat.good == LEADS
        assert beat.rr_s == pytest.approx(rr_s, abs=0.01)


def test_the_same_beat_is_explained_alike_whatever_came_before(tiny: Model) -> None:
    first = explain(high(), tiny)
    room._simulate.cache_clear()
    explain(replace(high(), rr_s=0.91), tiny)
    again = explain(high(), tiny)
    assert again.added_meq_l == first.added_meq_l
    for level in SHOWN_MEQ_L:
        np.testing.assert_array_equal(again.simulated_mv[level], first.simulated_mv[level])


def test_predicting_without_a_report_loads_neither_explanation_nor_simulator(patients: Path, tiny_path: Path) -> None:
    code = (
        "import sys\nfrom kalemia.cli import app\n"
        "try: app(['predict', *sys.argv[1:]])\n"
        "except SystemExit as exc: assert exc.code == 0, exc.code\n"
        "print(sum(name.startswith(('kalemia.estimate.explain', 'kalemia.simulate')) for name in sys.modules))"
    )
    arguments = [str(patients / "0000" / "p000001.hea"), "--model", str(tiny_path)]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "0"


def test_simulated_beats_point_the_way_of_the_patients(tiny: Model) -> None:
    own = simulated_beat(0.8, 4.2)
    row = own.leads.index("V5")
    waveform = own.waveform.copy()
    waveform[row] *= -1
    upright, turned = explain(own, tiny), explain(replace(own, waveform=waveform), tiny)
    assert (upright.turned, turned.turned) == ((), ("V5",))
    for level, mv in upright.simulated_mv.items():
        np.testing.assert_allclose(turned.simulated_mv[level], -mv, rtol=1e-5)
