"""Beats changed by potassium: what changes, what stays, and that nothing gives the change away."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bases import eight, write_bases
from test_dataset import contents
from typer.testing import CliRunner

from ecgs import P, R, T, Wave, recording
from kalemia.cli import app
from kalemia.errors import SimulateError
from kalemia.records import EIGHT, LEADS, Recording
from kalemia.signal.beat import cut
from kalemia.signal.measure import Waves, measure
from kalemia.simulate import Bases, Design, Simulated, dataset, morph, morph_one, read_bases, simulate_one, write
from kalemia.simulate.base import Base, base_of
from kalemia.simulate.change import Change, draw
from kalemia.simulate.difference import atlas_difference
from kalemia.simulate.marks import TIMES_MS
from kalemia.simulate.shape import changed, moved, recombined

PLAIN = Design(recombine=0.0, nuisance=0.0, penetrance=1.0, sensitivity_spread=0.0, part_spread=0.0)
"""Everybody answers alike, and nothing but potassium acts."""
NOTHING = Change(
    t_gain=1.0,
    t_width=1.0,
    t_fall=1.0,
    t_late_ms=0.0,
    qrs_width=1.0,
    qrs_gain=1.0,
    p_gain=1.0,
    p_width=1.0,
    pr_ms=0.0,
    u_mv=0.0,
    u_late_ms=45.0,
    u_sd_ms=40.0,
    st_mv=0.0,
    blur_ms=0.0,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bases") / "set"
    write_bases(path)
    return path


@pytest.fixture(scope="module")
def bases(folder: Path) -> Bases:
    return read_bases(folder)


def beneath(bases: Bases, made: Simulated) -> Base:
    return bases.usable[int(made.parameters["base"])]


def v4(made: Simulated) -> Waves:
    return measure(cut(made.recording))["V4"]


def test_the_assumed_normal_leaves_the_recording_as_it_was(bases: Bases) -> None:
    for index in range(6):
        normal = morph_one(bases, 3, index, "clean", design=PLAIN).parameters["normal_meq_l"]
        assert 3.0 < normal < 5.4
        made = morph_one(bases, 3, index, "clean", normal, PLAIN)
        original = beneath(bases, made).signal
        np.testing.assert_allclose(eight(made.recording), original, atol=0.001)
        high = morph_one(bases, 3, index, "clean", 8.0, PLAIN)
        assert np.abs(eight(high.recording) - original).max() > 0.1


@pytest.mark.parametrize("index", range(4))
def test_a_patients_waves_follow_potassium(bases: Bases, index: int) -> None:
    levels = (2.5, 3.3, 4.2, 5.5, 6.5, 7.8)
    found = [v4(morph_one(bases, 4, index, "clean", k, PLAIN)) for k in levels]
    t = np.array([waves.t_mv for waves in found])
    steepness = np.array([waves.t_downslope_mv_s / waves.t_mv for waves in found])
    assert (np.diff(t) > 0.01 * t[2]).all()
    assert 1.25 < t[4] / t[2] < 1.6
    assert (np.diff(steepness[2:]) > 0).all()
    assert found[0].qt_ms > found[2].qt_ms + 15 > found[4].qt_ms + 15
    assert found[5].qrs_ms > found[2].qrs_ms


def test_far_above_normal_p_is_lost_and_qrs_runs_into_t(bases: Bases) -> None:
    own = bases.usable[0].marks
    base = bases.usable[0]
    person = replace(draw(np.random.default_rng(0), PLAIN, 1.0), qrs_high=1.5, p_high=1.5)
    at = {k: person.at(k, PLAIN) for k in (4.2, 7.5, 9.0)}
    beats = {k: changed(base.beat, own, change) for k, change in at.items()}
    p = (own.begin + 20 < TIMES_MS) & (moved(own, at[9.0]).onset - 10 > TIMES_MS)
    assert np.ptp(beats[9.0][1, p]) < 0.25 * np.ptp(beats[4.2][1, p])
    new = moved(own, at[9.0])
    assert new.end - new.onset > 1.7 * (own.end - own.onset)
    assert new.t_start - new.end < 0.5 * (own.t_start - own.end)
    # in a sine wave no part is much steeper than the others
    steepest = {k: np.abs(np.diff(beat)).max() / np.ptp(beat) for k, beat in beats.items()}
    assert steepest[9.0] < 0.3 * steepest[4.2]


def test_the_answer_grows_without_jumps() -> None:
    person = draw(np.random.default_rng(1), Design(), 1.0)
    path = np.array([list(vars(person.at(k, Design())).values()) for k in np.arange(2.0, 9.5, 0.01)])
    step = np.abs(np.diff(path, axis=0)).max(axis=0)
    assert (step <= 0.05 * np.ptp(path, axis=0) + 1e-9).all()


def test_what_one_person_draws_does_not_depend_on_potassium(bases: Bases) -> None:
    low, high = (morph_one(bases, 5, 0, potassium_meq_l=k) for k in (2.5, 8.0))
    assert low.parameters == high.parameters
    assert (low.potassium_meq_l, high.potassium_meq_l) == (2.5, 8.0)
    drawn = [morph_one(bases, 5, i).potassium_meq_l for i in range(60)]
    assert min(drawn) < 3.5
    assert max(drawn) > 6.5


def test_some_do_not_answer_and_all_differ_without_potassium() -> None:
    people = [draw(np.random.default_rng(seed), Design(), 1.0) for seed in range(2000)]
    t = np.log([person.t_high for person in people])
    assert np.mean(t < np.log(0.35)) == pytest.approx(0.25, abs=0.06)
    gains = np.array([person.own_t_gain for person in people])
    assert np.mean(gains < 0) == pytest.approx(0.06, abs=0.02)
    assert np.log(gains[gains > 0]).std() == pytest.approx(0.35, abs=0.03)
    assert np.mean([person.own_u_mv > 0.04 for person in people]) > 0.05  # U waves at any potassium
    calm = [draw(np.random.default_rng(seed), Design(), 0.4) for seed in range(500)]
    assert np.std([person.own_t_late_ms for person in calm]) == pytest.approx(5.6, abs=0.6)


@pytest.mark.parametrize("potassium", [2.2, 4.2, 6.5, 9.3])
def test_no_seam_shows(bases: Bases, potassium: float) -> None:
    """Outside of the QRS complex nothing that is added is as steep as a wave is."""
    for index in range(12):
        made = morph_one(bases, 6, index, "clean", potassium)
        base = beneath(bases, made)
        added = eight(made.recording) / made.parameters["gain"] - base.signal
        reach = 2.8 * np.array([base.marks.onset - 12, base.marks.end + 12])
        near = [np.abs((np.arange(5000) - peak) * 2 - reach.mean()) < np.ptp(reach) / 2 for peak in base.peaks]
        outside = ~np.any(near, axis=0)
        kink = np.abs(added[:, 8:] - 2 * added[:, 4:-4] + added[:, :-8])[:, outside[4:-4]]
        assert kink.max() < 0.06 * max(1.0, np.ptp(added)) + 0.004


def test_rhythm_noise_and_rest_stay(bases: Bases) -> None:
    made = morph_one(bases, 3, 1, "clean", 8.0)
    base, gain = beneath(bases, made), made.parameters["gain"]
    assert abs(gain - 1) > 0.02
    untouched = np.ones(5000, bool)
    for peak, share in zip(base.peaks, base.shares, strict=True):
        at = peak - 150 + np.flatnonzero(share)
        untouched[at[(at >= 0) & (at < 5000)]] = False
    assert untouched.any()
    np.testing.assert_allclose(eight(made.recording)[:, untouched], gain * base.signal[:, untouched], atol=0.0006)
    found, before = cut(made.recording), cut(Recording(base.signal, 500.0, EIGHT))
    assert found.rr_s == pytest.approx(before.rr_s, abs=0.007)


def test_einthoven_holds_in_steps_of_the_level(bases: Bases) -> None:
    made = morph_one(bases, 7, 2)
    lead = made.recording.lead
    assert made.recording.leads == LEADS
    assert made.recording.signal.shape == (12, 5000)
    np.testing.assert_allclose(lead("I") + lead("III"), lead("II"), atol=1e-5)
    np.testing.assert_allclose(lead("aVR") + lead("aVL") + lead("aVF"), 0, atol=1e-5)
    steps = lead("V3") / 0.005
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)


def test_a_record_says_what_it_is(bases: Bases) -> None:
    made = morph_one(bases, 7, 123)
    assert (made.name, made.patient, made.labels) == ("m000123", "m000123", "semi-simulated")
    assert made.recording.source == "semi-simulated"
    assert made.variant in {"base0", "base1", "base2", "base5"}
    assert made.variant == beneath(bases, made).name
    assert abs(made.blood.measured_meq_l - made.potassium_meq_l) < 3


def test_a_record_depends_on_seed_level_and_index_alone(bases: Bases) -> None:
    many = list(morph(bases, 3, 8, start=4))
    one = morph_one(bases, 8, 5)
    np.testing.assert_array_equal(many[1].recording.signal, one.recording.signal)
    assert many[1].parameters == one.parameters
    others = morph_one(bases, 9, 5), morph_one(bases, 8, 5, "clean"), morph_one(bases, 8, 6)
    assert all(other.parameters != one.parameters for other in others)


def test_p_and_qrs_of_one_heart_and_t_of_another() -> None:
    inverted = Wave(0.32, -0.5, 0.04)
    a, b = base_of(recording(), "a"), base_of(recording(waves=(P, R, inverted)), "b")
    beat, where = recombined(a, b)
    before = a.marks.end > TIMES_MS
    np.testing.assert_allclose(beat[:, before], a.beat[:, before], atol=1e-6)
    assert where.t_peak == pytest.approx(b.marks.t_peak, abs=8)
    at = int(where.t_peak / 2) + 150
    assert beat[6, at] == pytest.approx(-0.5 * 1.3, rel=0.15)
    large = base_of(recording(waves=(P, R, inverted), scale=4.0), "large")  # T follows the root of the QRS's size
    np.testing.assert_allclose(recombined(a, large)[0][6, at], 2 * beat[6, at], rtol=0.1)
    raised = base_of(recording(waves=(P, R, Wave(0.15, 0.4, 0.08), T)), "raised")  # an ST segment above a's
    steps = np.abs(np.diff(recombined(a, raised)[0], axis=1))[:, TIMES_MS[1:] > a.marks.end + 4]
    assert steps.max() < 0.06
    slower = base_of(recording(rr_s=1.2, waves=(P, R, inverted)), "slow")
    assert recombined(a, slower)[1].t_peak == pytest.approx(slower.marks.t_peak * (0.8 / 1.2) ** (1 / 3), rel=0.06)


def test_the_share_that_is_recombined_is_the_designs(bases: Bases) -> None:
    def share(pool: Bases, recombine: float) -> float:
        made = [morph_one(pool, 2, i, design=Design(recombine=recombine)).parameters for i in range(60)]
        return float(np.mean([p["base"] != p["t_base"] for p in made]))

    assert share(bases, 0.0) == 0
    assert share(bases, 1.0) == 1
    assert 0.6 < share(bases, 0.8) < 0.95
    assert share(Bases(bases.usable[:1]), 0.8) == 0


def test_nothing_to_do_is_done() -> None:
    base = base_of(recording(), "drawn")
    np.testing.assert_allclose(changed(base.beat, base.marks, NOTHING), base.beat, atol=1e-4)
    tall = changed(base.beat, base.marks, replace(NOTHING, t_gain=1.5))
    assert tall[6].max() == pytest.approx(base.beat[6].max(), rel=0.01)
    assert tall[6, 280:300].max() == pytest.approx(1.5 * base.beat[6, 280:300].max(), rel=0.02)


def test_low_potassium_adds_u_and_sinks_st_and_so_does_chance() -> None:
    base = base_of(recording(), "drawn")
    own = base.marks
    st, u = (int(ms / 2) + 150 for ms in (own.end + 45, own.t_end + 60))

    def of(change: Change) -> tuple[float, float]:
        """Return what V4 has more than before at the ST segment and after T, mV."""
        more = changed(base.beat, own, replace(NOTHING, u_mv=change.u_mv, u_late_ms=60, st_mv=change.st_mv)) - base.beat
        return float(more[5, st]), float(more[5, u])

    plain = draw(np.random.default_rng(0), PLAIN, 1.0)
    low = of(plain.at(plain.normal_meq_l - 2.0, PLAIN))
    assert low == pytest.approx((-0.04, 0.09), abs=0.012)
    assert of(plain.at(8.0, PLAIN)) == (0, 0)
    chance = replace(plain, own_st_mv=-0.04, own_u_mv=0.1)
    assert of(chance.at(8.0, PLAIN)) == pytest.approx(low, abs=1e-3)


def test_impossible_changes_keep_the_waves_in_order() -> None:
    own = base_of(recording(rr_s=0.45, waves=(Wave(-0.12, 0.1, 0.012), R, Wave(0.2, 0.3, 0.03))), "fast").marks
    for late, width, pr in ((-300, 2.8, 200), (300, 0.85, -100), (0, 2.8, -300)):
        new = moved(own, replace(NOTHING, t_late_ms=late, qrs_width=width, t_width=1.8, pr_ms=pr))
        assert (np.diff(new.knots) > 0).all()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"level": "moon"}, "no level 'moon'"),
        ({"seed": -1}, "seed is -1"),
        ({"index": -1}, "index is -1"),
        ({"potassium_meq_l": 12.0}, r"potassium 12\.0 mEq/L is beyond .* expected 2\.0 to 9\.5"),
        ({"potassium_meq_l": float("nan")}, "potassium nan"),
    ],
)
def test_bad_arguments_are_said_so(bases: Bases, arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(SimulateError, match=sentence):
        morph_one(bases, **({"seed": 1, "index": 0} | arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize(("count", "start"), [(-1, 0), (1, -1)])
def test_negative_counts_are_refused_at_the_call(bases: Bases, count: int, start: int) -> None:
    with pytest.raises(SimulateError, match="expected 0 or more"):
        morph(bases, count, 1, start=start)


def test_the_same_bytes_for_any_number_of_workers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "CHUNK", 3)
    write(tmp_path / "one", 5, seed=2, base=folder)
    write(tmp_path / "two", 5, seed=2, base=[folder], workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    with (tmp_path / "one" / "labels.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert {row["labels"] for row in rows} == {"semi-simulated"}
    assert rows[4]["record"] == "0000/m000004"
    assert "not a person" not in (tmp_path / "one" / "0000" / "m000004.hea").read_text()


def test_the_command_counts_what_it_skips(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.hea").write_text("broken 12 500 5000\n")
    try:
        out = tmp_path / "set"
        arguments = ["simulate", "--count", "2", "--base", str(folder), "--out", str(out), "--workers", "1"]
        result = CliRunner().invoke(app, arguments)
    finally:
        (folder / "broken.hea").unlink()
    assert result.exit_code == 0, result.output
    assert "4 real recordings to be changed, 1 skipped (broken.hea: " in result.stderr
    assert result.stdout == f"2 records of 2 patients and labels.csv in {out}\n"
    assert "semi-simulated" in CliRunner().invoke(app, ["simulate", "--help"], env={"COLUMNS": "300"}).output


def test_no_usable_base_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SimulateError, match="no usable ECG in"):
        write(tmp_path / "set", 1, seed=1, base=tmp_path / "empty")
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_the_atlass_own_difference_on_real_beats(bases: Bases) -> None:
    usual, high = (atlas_difference(bases, 1, 2, "clean", k) for k in (4.2, 6.5))
    base = next(base for base in bases.usable if base.name == usual.variant)
    np.testing.assert_allclose(eight(usual.recording), base.signal, atol=0.001)
    simulated = [v4(simulate_one(1, 2, "clean", k)).t_mv for k in (4.2, 6.5)]
    assert v4(high).t_mv / v4(usual).t_mv == pytest.approx(simulated[1] / simulated[0], rel=0.1)
    small, large = (Bases((base_of(recording(scale=scale), "drawn"),)) for scale in (0.5, 1.0))
    growth = [v4(atlas_difference(one, 1, 2, "clean", 6.5)).t_mv - 0.33 * n for one, n in ((small, 0.5), (large, 1))]
    assert growth[1] == pytest.approx(2 * growth[0], rel=0.1)
    assert (high.labels, high.name, high.potassium_meq_l) == ("semi-simulated", "d000002", 6.5)
    assert high.recording.source == "semi-simulated"


@pytest.mark.data
def test_real_recordings_can_be_changed(data_folder: Path) -> None:
    paths = sorted((data_folder / "ptbxl").glob("*.hea"))[1::2][:24]
    bases = read_bases(paths)
    assert len(bases.usable) >= 0.8 * len(paths)
    design = replace(PLAIN, recombine=1.0)
    t = np.array([[v4(morph_one(bases, 1, i, "clean", k, design)).t_mv for k in (2.8, 4.2, 6.5)] for i in range(12)])
    upright = t[t[:, 1] > 0.1]
    assert len(upright) > 6
    assert (np.diff(upright, axis=1) > 0).all()
    assert 1.2 < np.median(upright[:, 2] / upright[:, 1]) < 1.6


@pytest.mark.parametrize("level", ["dialysis", "wearable"])
def test_levels_of_other_records_are_refused(folder: Path, tmp_path: Path, level: str) -> None:
    with pytest.raises(SimulateError, match=f"level '{level}' has other records than one of 12 leads"):
        write(tmp_path / "set", 2, seed=1, level=level, base=folder)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_name_is_not_the_current_folder() -> None:
    for name in ("", Path()):
        with pytest.raises(SimulateError, match="the folder of real ECGs is empty"):
            read_bases(name)
