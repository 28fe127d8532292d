"""The one-cycle beat: where R stands, what is left out, and what must not change it."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import HEART, SCALE, R, Wave, beat_mv, changed, drawn, r_times, recording
from kalemia.errors import BeatError
from kalemia.read import inputs, read
from kalemia.records import LEADS, R_SAMPLE, SAMPLES, Beat, Recording
from kalemia.signal.beat import cut, cycles
from kalemia.simulate import simulate_one


def in_mv(beat: Beat, lead: str) -> NDArray[np.float32]:
    row = beat.leads.index(lead)
    waveform: NDArray[np.float32] = beat.waveform[row] * beat.gain_mv[row]
    return waveform


@pytest.mark.parametrize("rate", [128.0, 250.0, 360.0, 500.0, 512.41, 1000.0])
def test_the_beat_is_the_one_that_was_drawn(rate: float) -> None:
    beat = cut(recording(rate=rate))
    assert beat.waveform.shape == (12, SAMPLES) == (12, 270)
    assert beat.problems == (None,) * 12
    assert beat.rr_s == pytest.approx(0.8, abs=0.002)
    assert beat.heart_rate_bpm == pytest.approx(75, abs=0.2)
    for lead in LEADS:
        np.testing.assert_allclose(in_mv(beat, lead), SCALE[lead] * beat_mv(), atol=0.015)


def test_r_stands_at_sample_90_of_every_lead_up_or_down() -> None:
    beat = cut(recording())
    np.testing.assert_array_equal(np.abs(beat.waveform).argmax(axis=1), R_SAMPLE)
    np.testing.assert_allclose(beat.waveform[:, R_SAMPLE], np.sign([SCALE[lead] for lead in LEADS]), atol=1e-6)
    np.testing.assert_allclose(beat.gain_mv, np.abs([SCALE[lead] for lead in LEADS]), rtol=0.015)


def test_the_level_of_the_pr_segment_is_zero() -> None:
    beat = cut(recording(noise_mv=0.0))
    assert np.abs(beat.waveform[:, 64:76]).max() < 0.01


@pytest.mark.parametrize("rr_s", [0.35, 0.5, 0.8, 1.2, 1.5, 2.0, 2.5, 3.0])
def test_rate_and_peaks_from_170_down_to_20_beats_a_minute(rr_s: float) -> None:
    true = r_times(rr_s, 9.95)
    heart = [replace(w, at_s=w.at_s * min(1, rr_s**0.5), sd_s=w.sd_s * min(1.0, rr_s)) for w in HEART]
    beat = cut(recording(rr_s=rr_s, waves=heart, noise_mv=0.01))
    found = beat.r_peaks_s[beat.r_peaks_s < 9.95]  # one more may stand at the very edge
    assert len(found) == len(true)
    np.testing.assert_allclose(found, true, atol=0.004)
    assert beat.rr_s == pytest.approx(rr_s, abs=0.004)


def test_only_whole_beats_count() -> None:
    true = r_times(0.8, 10.0)
    whole = (true > (90 + 18) / 300) & (true < 10 - (180 + 18) / 300)
    assert cut(recording()).count == whole.sum()


def test_leads_are_taken_by_name_and_in_the_order_asked_for() -> None:
    ecg = recording()
    beat = cut(ecg, ["V5", "I", "V5"])
    assert beat.leads == ("V5", "I")
    whole = cut(ecg)
    # Some kernels of a matrix product add up in another order when it has more columns: the last digit may differ.
    np.testing.assert_allclose(beat.waveform, whole.waveform[[10, 0]], rtol=0, atol=1e-6)


@pytest.mark.parametrize("index", range(4))
def test_the_order_of_the_leads_in_the_file_does_not_matter(index: int) -> None:
    ecg = simulate_one(5, index).recording
    order = np.random.default_rng(index).permutation(12)
    shuffled = Recording(ecg.signal[order], ecg.rate, tuple(ecg.leads[i] for i in order))
    one, other = cut(ecg, LEADS), cut(shuffled, LEADS)
    np.testing.assert_array_equal(one.waveform, other.waveform)
    np.testing.assert_array_equal(one.gain_mv, other.gain_mv)
    assert one.rr_s == other.rr_s


@pytest.mark.parametrize("factor", [0.25, 3.0])
def test_voltage_goes_into_the_gain_only(factor: float) -> None:
    ecg = recording(noise_mv=0.004)
    one, other = cut(ecg), cut(Recording(ecg.signal * factor, ecg.rate, ecg.leads))
    usable = [i for i, lead in enumerate(LEADS) if lead != "aVL"]  # at a quarter its 25 uV are flat
    np.testing.assert_allclose(other.waveform[usable], one.waveform[usable], atol=1e-4)
    np.testing.assert_allclose(other.gain_mv, factor * one.gain_mv, rtol=1e-4)
    assert other.rr_s == one.rr_s


@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("rate", [250.0, 360.0, 1000.0])
def test_another_sampling_rate_gives_the_same_beat(index: int, rate: float) -> None:
    from scipy.signal import resample

    ecg = simulate_one(21, index, "clean").recording
    again = Recording(resample(ecg.signal, round(10 * rate), axis=1).astype(np.float32), rate, ecg.leads)
    one, other = cut(ecg, ("V5",)), cut(again, ("V5",))
    assert other.rr_s == pytest.approx(one.rr_s, abs=0.004)
    assert other.gain_mv[0] == pytest.approx(one.gain_mv[0], rel=0.03)
    shifted = [np.abs(np.roll(other.waveform[0], s) - one.waveform[0])[5:-5].mean() for s in (-1, 0, 1)]
    assert min(shifted) < 0.01


def with_ectopics(every: int) -> tuple[Recording, int]:
    """Return regular beats of which every n-th is wide and of the other sign, and how many are."""
    rate = 500.0
    t = np.arange(6000) / rate
    odd = (Wave(0.0, -1.4, 0.04), Wave(0.32, 0.6, 0.05))
    times = r_times(0.8, 12.8)
    signal = sum(drawn(odd if n % every == every - 1 else HEART, t - at) for n, at in enumerate(times))
    noise = np.random.default_rng(1).normal(0, 0.003, t.size)
    whole = [n for n, at in enumerate(times) if 0.36 <= at < 12 - 0.66]
    return Recording((signal + noise)[None].astype(np.float32), rate, ("V5",)), sum(
        n % every == every - 1 for n in whole
    )


@pytest.mark.parametrize("every", [3, 4, 7])
def test_ectopic_beats_are_left_out(every: int) -> None:
    ecg, ectopic = with_ectopics(every)
    beat = cut(ecg)
    assert ectopic > 0
    assert beat.problems == (None,)
    assert beat.count == len(r_times(0.8, 12 - 0.66)) - ectopic
    np.testing.assert_allclose(in_mv(beat, "V5")[:230], beat_mv()[:230], atol=0.03)


def test_a_noisy_stretch_is_left_out() -> None:
    ecg = recording()
    t = np.arange(5000) / 500
    stretch = (t > 3.3) & (t < 5.2)  # the beats at 3.75 and 4.55
    noise = np.random.default_rng(3).normal(0, 1.0, 5000) * stretch
    beat = cut(changed(ecg, "V1", ecg.lead("V1") + noise))
    clean = cut(ecg)
    row = LEADS.index("V1")
    assert beat.problems[row] is None
    assert clean.count - 4 <= beat.count <= clean.count - 2
    np.testing.assert_allclose(beat.waveform[row], clean.waveform[row], atol=0.02)


@pytest.mark.parametrize(("start", "stop", "lost"), [(4.0, 4.2, 1), (4.54, 4.56, 1), (4.3, 4.8, 1), (0.0, 3.0, 4)])
def test_a_gap_costs_its_beats_and_moves_no_other(start: float, stop: float, lost: int) -> None:
    ecg = recording()
    t = np.arange(5000) / 500
    beat = cut(changed(ecg, "V5", np.where((t >= start) & (t < stop), np.nan, ecg.lead("V5"))))
    row = LEADS.index("V5")
    assert beat.problems[row] is None
    assert beat.count == cut(ecg).count - lost
    np.testing.assert_allclose(in_mv(beat, "V5"), 1.3 * beat_mv(), atol=0.02)


def test_the_first_minute_of_a_long_recording_is_used() -> None:
    ecg = recording(("V5",), seconds=90.0, rate=250.0)
    beat = cut(ecg)
    assert 59.0 < beat.r_peaks_s.max() < 60.0
    assert beat.count == len(r_times(0.8, 60.0 - 0.66))


def test_a_lead_without_a_signal_does_not_hide_the_beats_of_the_others() -> None:
    ecg = recording()
    for lead in ("I", "II", "V6"):
        ecg = changed(ecg, lead, np.zeros(5000))
    beat = cut(ecg, ("V5",))
    assert beat.problems == (None,)
    np.testing.assert_allclose(beat.r_peaks_s, r_times(0.8, 10.0), atol=0.004)


SILENT = np.zeros((2, 5000), np.float32)
NO_BEATS = "0 heartbeats found; at least two are needed"
RATE_100 = "100 Hz at least are needed to see the QRS complex, and 20,000 Hz at most are taken"


@pytest.mark.parametrize(
    ("ecg", "leads", "sentence"),
    [
        (recording(("I", "II")), ("V5",), "lead V5 is missing; this recording has I, II"),
        (recording(("I",)), ("V5", "I", "V6"), "lead V5, V6 is missing; this recording has I"),
        (recording(rate=99.0), None, f"sampled at 99 Hz; {RATE_100}"),
        (recording(("I",), rate=20_001.0, seconds=3.0), None, f"sampled at 20001 Hz; {RATE_100}"),
        (recording(seconds=1.99), None, "the recording lasts 2.0 s; at least 2 s are needed"),
        (Recording(SILENT[:0], 500.0, ()), None, "the recording has no leads; at least one is needed"),
        (Recording(SILENT[:1, :0], 500.0, ("I",)), None, "the recording lasts 0.0 s; at least 2 s are needed"),
        (Recording(SILENT, 500.0, ("I", "V5")), None, NO_BEATS),
        (Recording(SILENT + np.float32(np.nan), 500.0, ("I", "V5")), None, NO_BEATS),
    ],
)  # fmt: skip
def test_a_recording_without_a_beat_is_refused_in_a_sentence(
    ecg: Recording, leads: tuple[str, ...] | None, sentence: str
) -> None:
    with pytest.raises(BeatError) as caught:
        cut(ecg, leads)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("rate", [100.0, 20_000.0])
def test_the_slowest_and_the_fastest_rate_are_taken(rate: float) -> None:
    assert cut(recording(("V5",), rate=rate, seconds=2.4)).rr_s == pytest.approx(0.8, abs=0.01)


def test_two_seconds_with_two_beats_are_enough() -> None:
    beat = cut(recording(("V5",), seconds=2.0))
    assert beat.problems == ("short: 1 whole beat recorded, at least 2 are needed",)
    assert beat.count == 0
    assert beat.rr_s == pytest.approx(0.8, abs=0.01)


def test_one_lead_is_named_by_itself() -> None:
    assert cut(recording(), "V5").leads == ("V5",)


def test_a_beat_of_some_leads_is_that_of_all_without_the_others() -> None:
    ecg = changed(recording(), "V1", np.where(np.arange(5000) < 2000, np.nan, recording().lead("V1")))
    whole = cycles(ecg, LEADS)
    beat, alone = whole.beat(("V5", "I")), whole.beat(("V1", "V5"))
    assert (beat.leads, beat.problems) == (("V5", "I"), (None, None))
    np.testing.assert_array_equal(beat.waveform, whole.beat(LEADS).waveform[[10, 0]])
    np.testing.assert_array_equal(beat.gain_mv, whole.beat(LEADS).gain_mv[[10, 0]])
    assert beat.gain_mv.dtype == beat.quality.dtype == beat.waveform.dtype == np.float32
    assert alone.count < beat.count  # the fewest of those that are asked for
    assert whole.beat(LEADS).count == alone.count


@pytest.mark.parametrize("index", range(3))
def test_what_is_measured_beside_a_lead_does_not_change_a_bit_of_it(index: int) -> None:
    ecg = simulate_one(5, index).recording
    alone, among = cycles(ecg, ("V5",)), cycles(ecg, ("V5",), [lead for lead in LEADS if lead != "V5"])
    assert list(among.by_lead)[:2] == ["V5", "I"]
    assert among.by_lead.keys() == set(LEADS)
    np.testing.assert_array_equal(among.by_lead["V5"].waveform, alone.by_lead["V5"].waveform)
    np.testing.assert_allclose(among.by_lead["II"].waveform, cut(ecg, "II").waveform[0], rtol=0, atol=1e-6)


def test_a_lead_with_a_problem_has_no_quality_and_its_beats_do_not_count() -> None:
    flat = cycles(changed(recording(), "V1", np.zeros(5000)), ("V1", "V5"))
    beat = flat.beat(("V1", "V5"))
    assert beat.quality[0] == 0
    assert beat.quality[1] == pytest.approx(flat.by_lead["V5"].score)
    assert beat.count == flat.by_lead["V5"].alike
    assert flat.beat(("V1",)).count == 0


@pytest.mark.parametrize("noise_mv", [0.002, 0.02, 0.2])
def test_one_heartbeat_in_noise_is_not_enough(noise_mv: float) -> None:
    beat = cut(recording(("I", "V5"), waves=[R], rr_s=20.0, noise_mv=noise_mv))
    assert beat.count == 0
    assert all(problem and problem.startswith("too few beats") for problem in beat.problems)
    np.testing.assert_array_equal(beat.quality, 0)


def sensitivity_and_ppv(pairs: list[tuple[NDArray[np.float64], NDArray[np.float64]]], reach_s: float) -> list[float]:
    """Match found and marked peaks within the span of the marks; each peak answers one mark."""
    hits = marked_total = found_total = 0
    for found, marked in pairs:
        inside = found[(found >= marked[0] - reach_s) & (found <= marked[-1] + reach_s)]
        free = list(inside)
        for mark in marked:
            near = [peak for peak in free if abs(peak - mark) <= reach_s]
            if near:
                free.remove(min(near, key=lambda peak: abs(peak - mark)))
                hits += 1
        marked_total += len(marked)
        found_total += len(inside)
    return [hits / marked_total, hits / found_total]


@pytest.mark.data
def test_the_peaks_of_ludb_are_found(data_folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wfdb = pytest.importorskip("wfdb", reason="wfdb reads the marks of LUDB")
    pairs = []
    for header in inputs([data_folder / "ludb"]):
        marks = wfdb.rdann(str(header.path.with_suffix("")), "ii")
        marked = marks.sample[np.array(marks.symbol) == "N"] / marks.fs if marks.fs else marks.sample / 500.0
        pairs.append((cut(read(header), ("II",)).r_peaks_s, np.asarray(marked, dtype=np.float64)))
    assert len(pairs) == 100
    assert min(sensitivity_and_ppv(pairs, 0.15)) >= 0.999
    assert min(sensitivity_and_ppv(pairs, 0.05)) >= 0.95


@pytest.mark.data
def test_real_hearts_do_not_beat_twice_in_250_ms(data_folder: Path) -> None:
    """A detector that takes T waves for beats says that they do."""
    close = total = 0
    for folder in ("ptbxl", "cinc2021"):
        for header in list(inputs([data_folder / folder]))[::2]:
            gaps = np.diff(cut(read(header)).r_peaks_s)
            close += int((gaps < 0.25).sum())
            total += len(gaps)
    assert total > 1000
    assert close <= 0.002 * total


def test_a_t_wave_as_steep_as_the_qrs_complex_is_no_beat() -> None:
    """At 9 mEq/L the detector alone takes the T waves of some patients for beats."""
    found = []
    for patient in range(60):
        made = simulate_one(77, patient, potassium_meq_l=9.0)
        drawn = made.parameters
        if drawn["fibrillation"] or drawn["ectopic_share"]:
            continue
        rr_s = drawn["rr_s"] * drawn["rate_factor"] * np.exp(0.11 * drawn["sinus_sensitivity"] * 3.5)
        found.append(cut(made.recording, ["V5"]).rr_s / min(max(rr_s, 0.4), 1.7))
    assert len(found) > 40
    assert np.mean(np.abs(np.array(found) - 1) < 0.1) >= 0.94


def test_beats_that_come_early_are_beats() -> None:
    early = np.array([0.55, 0.97, 2.0, 2.42, 3.45, 3.87, 4.9, 5.32, 6.35, 6.77, 7.8, 8.22])  # in pairs
    uneven = 0.55 + np.cumsum(np.random.default_rng(5).uniform(0.3, 0.7, 18))  # as in atrial fibrillation
    for times in (early + np.arange(12) % 2 * 0.03, uneven):
        t = np.arange(5000) / 500
        heart = [Wave(0.0, 1.0, 0.012), Wave(0.2, 0.2, 0.03)]
        beats = np.sum([drawn(heart, t - at) for at in times], axis=0)
        ecg = Recording(beats[None].astype(np.float32), 500.0, ("V5",))
        inside = times[times < 9.9]
        np.testing.assert_allclose(cut(ecg).r_peaks_s, inside, atol=0.005)


def test_a_signal_that_begins_at_the_very_end_has_too_few_beats() -> None:
    """The leads of a page may hold ten samples of a stretch, which the detector's filter can't take."""
    signal = np.zeros((1, 2500), dtype=np.float32)
    signal[0, -10:] = np.linspace(0, 1, 10)
    with pytest.raises(BeatError, match="heartbeats found; at least two"):
        cut(Recording(signal, 500.0, ("II",)))


@pytest.mark.parametrize("patient", [8, 42, 52])
def test_tall_t_waves_are_no_beats_of_a_page(patient: int) -> None:
    """On a page a lead is seen for 2.5 s, and the rhythm strip alone may have a T wave larger than its R."""
    whole = simulate_one(1, patient, potassium_meq_l=6.8).recording
    printed = np.full_like(whole.signal, np.nan)
    for row in range(len(whole.leads)):
        column = slice(row // 3 * 1250, (row // 3 + 1) * 1250)
        printed[row, column] = whole.signal[row, column]
    printed[1] = whole.signal[1]
    page = Recording(printed, whole.rate, whole.leads)
    rates = [cut(one, ("I", "II", "V2", "V5")).heart_rate_bpm for one in (whole, page)]
    assert rates[1] == pytest.approx(rates[0], rel=0.03)
