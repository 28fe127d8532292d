"""The filter: no delay, no phase, the mains gone, the baseline gone, the T wave kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecgs import beat_mv, changed, recording
from kalemia.read import inputs, read
from kalemia.records import LEADS, R_SAMPLE, SAMPLES, Recording
from kalemia.signal import condition as room
from kalemia.signal.beat import cut
from kalemia.signal.condition import BASELINE_SAMPLES, RATE, REACH_S, condition
from kalemia.signal.measure import waves
from kalemia.signal.product import product
from kalemia.simulate import simulate_one

NAN = np.nan
RATES = (128.0, 240.7, 250.0, 257.0, 300.0, 360.0, 500.0, 512.41, 1000.0, 2000.0)
Float32 = NDArray[np.float32]


def times(rate: float, seconds: float = 10.0) -> NDArray[np.float64]:
    return np.arange(round(seconds * rate)) / rate


def once(samples: NDArray[np.floating], rate: float) -> Float32:
    """Condition one lead."""
    out: Float32 = condition(np.asarray(samples, dtype=np.float32)[None], rate)[0]
    return out


def gain(hertz: float, rate: float) -> complex:
    """Return what becomes of a cosine of height 1: its height and, as the angle, its phase."""
    t = times(rate) - 5
    out = once(np.cos(2 * np.pi * hertz * t), rate)
    u = np.arange(len(out)) / RATE - 5
    middle = np.abs(u) < 2.5
    window = np.hanning(middle.sum())
    turned = np.sum(window * out[middle] * np.exp(-2j * np.pi * hertz * u[middle])) / window.sum()
    return complex(2 * turned)


@pytest.mark.parametrize("rate", RATES)
def test_a_wave_stays_where_it_was(rate: float) -> None:
    out = once(np.exp(-0.5 * ((times(rate) - 5.0) / 0.03) ** 2), rate)
    u = np.arange(len(out)) / RATE
    near = np.abs(u - 5.0) < 0.1
    centre = np.sum(u[near] * out[near]) / np.sum(out[near])
    assert centre == pytest.approx(5.0, abs=2e-4)  # 0.2 ms; a sample is 3.3 ms


@pytest.mark.parametrize("rate", [300.0, 600.0, 900.0, 1500.0])
def test_the_impulse_response_is_symmetric(rate: float) -> None:
    impulse = np.zeros(round(10 * rate) + 1)
    impulse[len(impulse) // 2] = 1.0
    out = once(impulse, rate)
    middle = round(5 * RATE)
    right, left = out[middle : middle + 600], out[middle : middle - 600 : -1]
    assert int(out.argmax()) == middle
    np.testing.assert_allclose(right, left, atol=2e-6 * float(out.max()))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz", [50.0, 60.0])
def test_the_mains_are_taken_away(rate: float, hertz: float) -> None:
    assert abs(gain(hertz, rate)) < 0.01  # 40 dB


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("hertz", [1.0, 2.5, 5.0, 10.0, 15.0, 20.0, 25.0])
def test_what_an_ecg_is_made_of_passes(rate: float, hertz: float) -> None:
    passed = gain(hertz, rate)
    assert abs(passed) == pytest.approx(1.0, abs=0.01)
    assert abs(np.angle(passed)) < 0.03


@pytest.mark.parametrize("hertz", [0.05, 0.1, 0.15])
def test_baseline_wander_is_removed(hertz: float) -> None:
    t = times(500.0, 30.0)
    out = once(np.sin(2 * np.pi * hertz * t + 0.3), 500.0)
    assert np.abs(out[5 * RATE : -5 * RATE]).max() < 0.12


@pytest.mark.parametrize("offset", [-3.0, 0.5, 40.0])
def test_an_offset_is_removed_everywhere(offset: float) -> None:
    out = once(np.full(5000, offset), 500.0)
    assert np.abs(out).max() < 1e-4 * abs(offset)


def test_leads_do_not_mix() -> None:
    ecg = recording(("I", "V5"))
    both = condition(ecg.signal, ecg.rate)
    np.testing.assert_allclose(both[1], once(ecg.lead("V5"), ecg.rate), atol=2e-6)  # sums in another order


def test_twice_the_voltage_gives_twice_the_voltage() -> None:
    ecg = simulate_one(1, 0).recording
    np.testing.assert_allclose(condition(2 * ecg.signal, 500.0), 2 * condition(ecg.signal, 500.0), atol=1e-5)


@pytest.mark.parametrize("rate", [250.0, 500.0, 512.41])
def test_the_middle_does_not_depend_on_what_is_out_of_reach(rate: float) -> None:
    rng = np.random.default_rng(2)
    whole = rng.normal(0, 1, round(12 * rate)).astype(np.float32)
    other = whole.copy()
    far = np.abs(times(rate, 12.0) - 6.0) > REACH_S + 1.2
    other[far] = rng.normal(0, 5, int(far.sum()))
    near = slice(round(5.0 * RATE), round(7.0 * RATE))
    np.testing.assert_allclose(once(whole, rate)[near], once(other, rate)[near], atol=2e-5)


def test_the_reach_is_that_of_three_moving_averages() -> None:
    assert pytest.approx(3 * (BASELINE_SAMPLES - 1) / 2 / RATE) == REACH_S
    impulse = np.zeros(3001)
    impulse[1500] = 1.0
    touched = np.flatnonzero(np.abs(once(impulse, 300.0)) > 1e-9)
    assert (touched[-1] - touched[0]) / RATE / 2 == pytest.approx(REACH_S, abs=0.07)


@pytest.mark.parametrize("rate", [250.0, 300.0, 500.0, 512.41])
def test_a_gap_stays_a_gap_and_does_not_spread(rate: float) -> None:
    ecg = recording(("I", "V5"), rate=rate)
    t = times(rate)
    gap = (t >= 4.0) & (t < 4.5)
    holed = condition(changed(ecg, "V5", np.where(gap, np.nan, ecg.lead("V5"))).signal, rate)
    whole = condition(ecg.signal, rate)
    lost = np.flatnonzero(np.isnan(holed[1])) / RATE
    assert lost.min() == pytest.approx(4.0, abs=1 / RATE)
    assert lost.max() == pytest.approx(4.5, abs=2 / RATE)
    assert len(lost) == pytest.approx(0.5 * RATE, abs=2)
    np.testing.assert_array_equal(holed[0], whole[0])
    away = np.abs(np.arange(whole.shape[1]) / RATE - 4.25) > 0.25 + REACH_S + 0.2
    np.testing.assert_allclose(holed[1, away], whole[1, away], atol=1e-5)


def test_a_lead_that_is_all_gap_stays_so() -> None:
    ecg = recording(("I", "V5"))
    out = condition(changed(ecg, "I", np.full(5000, np.nan)).signal, 500.0)
    assert np.isnan(out[0]).all()
    assert np.isfinite(out[1]).all()


@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 50)])
def test_nothing_gives_nothing(shape: tuple[int, int]) -> None:
    assert condition(np.zeros(shape, np.float32), 500.0).shape == (shape[0], 0)


@pytest.mark.parametrize(("samples", "rate"), [(1, 500.0), (2, 500.0), (7, 128.0), (5000, 500.0), (5001, 512.41)])
def test_the_length_follows_the_rate(samples: int, rate: float) -> None:
    out = condition(np.ones((1, samples), np.float32), rate)
    assert out.shape == (1, max(1, round(samples * RATE / rate)))
    assert out.dtype == np.float32


@pytest.mark.parametrize(
    ("samples", "bridged"),
    [
        ([1, NAN, 3], [1, 2, 3]),
        ([NAN, NAN, 3, NAN, 7, NAN], [3, 3, 3, 5, 7, 7]),
        ([NAN, NAN, NAN], [0, 0, 0]),
        ([1, 2, 4], [1, 2, 4]),
    ],
)
def test_gaps_are_bridged_by_straight_lines(samples: list[float], bridged: list[float]) -> None:
    """Lead by lead, and what was given stays as it was."""
    signal = np.array([samples, [9.0] * len(samples)], np.float32)
    before = signal.copy()
    out = room._bridge(signal, np.isnan(signal))
    np.testing.assert_array_equal(out, [bridged, [9.0] * len(samples)])
    np.testing.assert_array_equal(signal, before)


@pytest.mark.parametrize("rate", [300.0, 500.0, 512.41, 1000.0])
def test_the_filter_has_the_length_of_kaisers_formula(rate: float) -> None:
    """45 dB in 20 Hz take (45 - 7.95) / (2.285 * pi) samples a width; the middle tap lets a level pass."""
    taps, up, down = room.kernel(rate)
    assert up / down == pytest.approx(300 / rate, rel=1e-4)
    assert len(taps) % 2 == 1
    assert len(taps) == pytest.approx(37.05 / (2.285 * np.pi) * rate * up / 2 / 20, abs=2)
    assert taps.sum() == pytest.approx(up, rel=1e-4)
    np.testing.assert_allclose(taps, taps[::-1], atol=1e-6 * up)


@pytest.mark.parametrize("rate", [250.0, 300.0, 500.0, 512.41, 1000.0])
def test_a_block_computes_what_the_taps_would_one_by_one(rate: float) -> None:
    taps, up, down = room.kernel(rate)
    matrix, reach, step = room._block(rate)
    half = len(taps) // 2
    assert len(matrix) >= 30
    assert len(matrix) % up == 0
    assert step == len(matrix) // up * down
    for row in (0, 1, len(matrix) - 1):
        for column in range(matrix.shape[1]):
            lag = row * down - (column - reach) * up
            expected = taps[half + lag] if abs(lag) <= half else 0.0
            assert matrix[row, column] == np.float32(expected)
    assert matrix[:, 0].any()  # no column is in vain
    assert matrix[:, -1].any()


@pytest.mark.parametrize(
    ("rows", "inner", "columns"), [(30, 113, 1200), (3, 4, 5), (600, 500, 7), (1, 1, 1), (30, 113, 73)]
)
def test_a_product_in_blocks_is_the_product(
    monkeypatch: pytest.MonkeyPatch, rows: int, inner: int, columns: int
) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (rows, inner)).astype(np.float32), rng.normal(0, 1, (inner, columns)).astype(np.float32)
    expected, work = a @ b, []
    plain = np.matmul

    def counted(a: Float32, b: Float32, out: Float32) -> Float32:
        work.append(a.size * b.shape[1])
        done: Float32 = plain(a, b, out=out)
        return done

    monkeypatch.setattr(np, "matmul", counted)
    out = product(a, b)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-4)
    assert sum(work) == rows * inner * columns
    assert max(work) <= max(250_000, rows * inner)
    assert len(work) == -(-columns // max(1, 250_000 // (rows * inner)))


def test_the_input_is_left_as_it_was() -> None:
    ecg = changed(recording(("V5",)), "V5", np.where(np.arange(5000) == 100, np.nan, 0.5))
    before = ecg.signal.copy()
    condition(ecg.signal, 500.0)
    np.testing.assert_array_equal(ecg.signal, before)


@pytest.mark.parametrize("rate", [250.0, 500.0, 1000.0])
def test_the_t_wave_of_a_known_beat_is_kept(rate: float) -> None:
    beat = cut(recording(("V5",), rate=rate, noise_mv=0.0, scale=1 / 1.3))
    found = waves(beat.waveform[0] * beat.gain_mv[0], beat.rr_s)
    true = waves(beat_mv(), beat.rr_s)
    assert found.t_mv == pytest.approx(true.t_mv, abs=0.005)
    assert found.t_peak_ms == pytest.approx(true.t_peak_ms, abs=4)


def t_change_uv(ecg: Recording) -> dict[str, tuple[float, float]]:
    """Return per usable lead how far the filter moves the T wave of the median beat, and the wave's height, uV.

    Both beats are cut at the same places and both lose the level of the PR segment beat by beat. The wave is read as
    the mean over 23 ms around its top, so that noise does not make the unfiltered one higher.
    """
    beat = cut(ecg)
    filtered = condition(ecg.signal, ecg.rate)
    grid = np.arange(filtered.shape[1]) * ecg.rate / RATE
    plain = np.stack([np.interp(grid, np.arange(ecg.signal.shape[1]), lead) for lead in ecg.signal])
    peaks = np.round(beat.r_peaks_s * RATE).astype(int)
    peaks = peaks[(peaks >= R_SAMPLE) & (peaks < len(grid) - (SAMPLES - R_SAMPLE))]
    after, before = (median_beats(signal, peaks) for signal in (filtered, plain))
    end = R_SAMPLE + int(min(135.0, 0.6 * beat.rr_s * RATE))
    tops = np.abs(after[:, R_SAMPLE + 30 : end]).argmax(axis=1) + R_SAMPLE + 30
    found = {}
    for row, (lead, problem) in enumerate(zip(beat.leads, beat.problems, strict=True)):
        if problem is None:
            near = slice(tops[row] - 3, tops[row] + 4)
            height = 1000 * float(before[row, near].mean())
            found[lead] = (1000 * float(after[row, near].mean()) - height, height)
    return found


def median_beats(signal: NDArray[np.floating], peaks: NDArray[np.int_]) -> NDArray[np.floating]:
    """Return the median beat (leads, 270) at 300 Hz, each beat less its PR segment."""
    beats = signal[:, peaks[:, None] + np.arange(-R_SAMPLE, SAMPLES - R_SAMPLE)]
    return np.asarray(np.median(beats - beats[:, :, 60:72].mean(axis=2, keepdims=True), axis=1))


def test_the_t_waves_of_simulated_patients_are_kept() -> None:
    share = [
        abs(change) / max(5.0, 0.03 * abs(height))
        for index in range(20)
        for change, height in t_change_uv(simulate_one(11, index).recording).values()
    ]
    assert len(share) > 150
    assert np.median(share) <= 0.75


@pytest.mark.data
def test_the_t_waves_of_real_patients_are_kept(data_folder: Path) -> None:
    share: dict[str, list[float]] = {lead: [] for lead in LEADS}
    for path in list(inputs([data_folder / "ptbxl"]))[::2]:
        for lead, (change, height) in t_change_uv(read(path)).items():
            share[lead].append(abs(change) / max(5.0, 0.03 * abs(height)))
    assert all(len(found) > 50 for found in share.values())
    medians = {lead: float(np.median(found)) for lead, found in share.items()}
    assert max(medians.values()) <= 1.0, medians
