"""What holds for every format: names of leads, derived leads, Einthoven's law, amplitudes, samples not recorded."""

from __future__ import annotations

from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia import body
from kalemia.errors import ReadError
from kalemia.read import read
from kalemia.read.leads import EXTRA, canonical, canonicals
from kalemia.records import LEADS, Recording

MADE = write.ecg()


def record(folder: Path, made: write.Made, **options: object) -> Recording:
    """Write a WFDB record and read it."""
    header, data = write.wfdb(made, **options)  # type: ignore[arg-type]
    (folder / "record.hea").write_bytes(header)
    (folder / "record.dat").write_bytes(data)
    return read(folder / "record.hea")


@pytest.mark.parametrize("name", LEADS + EXTRA)
@pytest.mark.parametrize(
    "form", ["{}", " {} ", "Lead {}", "ECG {}", "ECG Lead {}", "MDC_ECG_LEAD_{}", "EKG_{}", "{} (x)"]
)
def test_leads_are_known_by_every_spelling(name: str, form: str) -> None:
    for spelled in (name, name.upper(), name.lower()):
        assert canonical(form.format(spelled)) == name


@pytest.mark.parametrize(
    ("written", "lead"),
    [
        ("5.6.3-9-61", "III"), ("2:3", "V1"), ("Lead I (Einthoven)", "I"), ("MLII", "II"), ("V1 [uV]", "V1"),
        ("aVR_mV", "aVR"), ("5.6.3-9-99", None),
        ("RESP", None), ("Pleth", None), ("", None), ("V10", None),
        ("DI", "I"), ("dii", "II"), ("D3", "III"), ("EKG II", "II"), ("Ableitung I", "I"), ("131074", "II"),
        ("131389", "III"),
        ("2:66", "V8"), ("5.6.3-9-12", "V4R"), ("MDC_ECG_ELEC_POTL_AVF", "aVF"), ("Frank X", "X"), ("VY", "Y"),
        ("C1", None), ("D4", None), ("131329000", None), ("131200", None),
        ("IV", None), ("ECG", None), ("V", None), ("Doe^Jane", None),
    ],
)  # fmt: skip
def test_other_spellings(written: str, lead: str | None) -> None:
    assert canonical(written) == lead


@pytest.mark.parametrize(
    ("names", "leads"),
    [
        ("I II C1 C2 C6 C4R", "I II V1 V2 V6 V4R"), ("DI DII C1 C2 C9", "I II V1 V2 V9"),
        ("C3 C4 ECG_I", "- - I"), ("I II C3 C4", "I II - -"), ("I II C1 C2 Cz", "I II - - -"), ("C1 C2 C3", "- - -"),
    ],
)  # fmt: skip
def test_chest_leads_of_another_name_are_told_from_places_of_an_electroencephalogram(names: str, leads: str) -> None:
    assert [lead or "-" for lead in canonicals(tuple(names.split()))] == leads.split()


def test_iii_and_the_augmented_leads_follow_from_i_and_ii(tmp_path: Path) -> None:
    got = record(tmp_path, MADE.only(["V5", "II", "I"]))
    assert got.leads == ("I", "II", "III", "aVR", "aVL", "aVF", "V5")
    np.testing.assert_allclose(got.signal, MADE.only(got.leads).mv, atol=2e-6)


def test_without_i_nothing_is_derived(tmp_path: Path) -> None:
    assert record(tmp_path, MADE.only(["II", "V5"])).leads == ("II", "V5")


def test_a_repeated_lead_is_taken_once(tmp_path: Path) -> None:
    twice = write.Made(MADE.steps[[0, 1, 1]], MADE.rate, ("II", "V1", "Lead II"))
    got = record(tmp_path, twice)
    assert got.leads == ("II", "V1")
    assert got.warnings == ("1 of 3 channels repeat a lead; the first that was recorded was taken.",)
    np.testing.assert_allclose(got.lead("II"), MADE.mv[0], atol=2e-6)


def test_channels_that_are_no_lead_stay_behind_with_their_names(tmp_path: Path) -> None:
    odd = write.Made(MADE.steps[:2], MADE.rate, ("V5", "Doe_Jane"))
    got = record(tmp_path, odd)
    assert got.leads == ("V5",)
    assert got.warnings == ("1 of 2 channels are named like no ECG lead and were left out.",)


def test_mlii_counts_as_ii_and_says_so(tmp_path: Path) -> None:
    got = record(tmp_path, write.Made(MADE.steps[:1], MADE.rate, ("MLII",)))
    assert got.leads == ("II",)
    assert "MLII" in got.warnings[0]


def test_a_lead_that_never_moves_was_not_recorded(tmp_path: Path) -> None:
    steps = MADE.steps.copy()
    steps[[7, 9]] = 17
    got = record(tmp_path, write.Made(steps, MADE.rate, LEADS))
    assert np.isnan(got.lead("V2")).all()
    assert np.isnan(got.lead("V4")).all()
    assert np.isfinite(got.lead("V3")).all()
    assert got.warnings == ("V2, V4 never change and count as not recorded.",)


def test_the_lowest_count_of_wfdb_means_not_recorded(tmp_path: Path) -> None:
    steps = MADE.steps.copy()
    steps[3, 100:200] = -32768
    got = record(tmp_path, write.Made(steps, MADE.rate, LEADS))
    assert np.flatnonzero(np.isnan(got.lead("aVR"))).tolist() == list(range(100, 200))


def test_contradicting_limb_leads_are_refused(tmp_path: Path) -> None:
    steps = MADE.steps.copy()
    steps[[1, 2]] = steps[[2, 1]]
    with pytest.raises(ReadError, match="I, II and III contradict each other"):
        record(tmp_path, write.Made(steps, MADE.rate, LEADS))


def test_a_limb_lead_of_another_gain_is_refused_by_every_format(tmp_path: Path) -> None:
    steps = MADE.steps.copy()
    steps[0] = np.rint(steps[0] * 1.25).astype(np.int64)
    for name in ("ecg.dcm", "ecg.edf", "aecg.xml", "ecg.scp", "ecg.csv"):
        (tmp_path / name).write_bytes(write.SINGLE[name](write.Made(steps, MADE.rate, LEADS)))
        with pytest.raises(ReadError, match="contradict"):
            read(tmp_path / name)


def test_a_header_that_normalizes_each_lead_is_repaired(tmp_path: Path) -> None:
    """LUDB: gains that make every lead span 1 mV, counts that obey the law at 1,000 a mV."""
    counts = write.Made(MADE.steps * 5, MADE.rate, LEADS)
    got = record(tmp_path, counts, gain=np.ptp(counts.steps, axis=1).tolist())
    np.testing.assert_allclose(got.signal, MADE.mv, atol=2e-6)
    assert len(got.warnings) == 1
    assert "1,000 counts/mV, which is inferred" in got.warnings[0]


def test_flat_limb_leads_neither_refuse_nor_divide_by_zero(tmp_path: Path) -> None:
    steps = MADE.steps.copy()
    steps[1] = 0
    got = record(tmp_path, write.Made(steps, MADE.rate, LEADS))
    assert np.isnan(got.lead("II")).all()
    assert np.isfinite(got.lead("I")).all()


def test_einthoven_ignores_rounding_drift_and_mains_but_not_a_gain() -> None:
    rng = np.random.default_rng(1)
    t = np.arange(5000) / 500
    limb = write.ecg(10, 500, ("I", "II", "III")).mv.astype(np.float64)
    drift = 0.1 * np.exp((t - 10) / 0.35)
    hum = 0.05 * np.sin(2 * np.pi * 60 * t)
    rounded = np.round(limb + rng.uniform(-0.005, 0.005, limb.shape), 2)
    spoiled = (rounded + np.stack([drift, drift, drift + hum])).astype(np.float32)
    assert body.einthoven(limb.astype(np.float32), 500.0) < 1e-5
    assert body.einthoven(spoiled, 500.0, 0.01) < body.EINTHOVEN
    for row in range(3):
        wrong = spoiled.copy()
        wrong[row] *= 1.2
        assert body.einthoven(wrong, 500.0, 0.01) > body.EINTHOVEN


@pytest.mark.parametrize(("factor", "word"), [(5, "large"), (0.2, "small"), (1, None)])
def test_a_gain_five_times_off_is_said(tmp_path: Path, factor: float, word: str | None) -> None:
    warnings = record(tmp_path, MADE, gain=200 / factor).warnings
    assert (word is None) == (warnings == ())
    if word:
        assert f"unusually {word} for a body" in warnings[0]


def test_nan_and_infinity_in_a_csv_are_samples_not_recorded(tmp_path: Path) -> None:
    lines = write.csv(MADE).decode().splitlines()
    lines[10] = "," * 11
    lines[11] = ",".join(["inf"] * 12)
    (tmp_path / "ecg.csv").write_text("\n".join(lines))
    got = read(tmp_path / "ecg.csv")
    assert np.flatnonzero(np.isnan(got.signal).all(axis=0)).tolist() == [8, 9]


def csv(folder: Path, text: str, rate: float | None = None) -> Recording:
    """Write a CSV file and read it."""
    (folder / "ecg.csv").write_text(text, encoding="utf-8")
    return read(folder / "ecg.csv", rate=rate)


def test_a_csv_takes_its_rate_from_comment_clock_or_caller(tmp_path: Path) -> None:
    values = MADE.only(["V5"]).mv[0]
    plain = "V5\n" + "\n".join(f"{v:.3f}" for v in values)
    assert csv(tmp_path, "# fs = 0.25 kHz\n" + plain).rate == 250
    assert csv(tmp_path, plain, 250).rate == 250
    assert csv(tmp_path, "# rate: 250 Hz\n" + plain, 250.1).rate == 250
    with pytest.raises(ReadError, match="500 Hz were given, and the CSV file states 250 Hz; leave --rate out"):
        csv(tmp_path, "# rate: 250 Hz\n" + plain, 500)
    clock = "time (ms);V5\n" + "\n".join(f"{4 * k};{v:.3f}".replace(".", ",") for k, v in enumerate(values))
    got = csv(tmp_path, clock)
    assert (got.rate, got.leads) == (250, ("V5",))
    np.testing.assert_allclose(got.signal[0], values, atol=2e-6)
    with pytest.raises(ReadError, match="states no sampling rate"):
        csv(tmp_path, plain)
    with pytest.raises(ReadError, match="times of the CSV have gaps"):
        csv(tmp_path, clock.replace("\n3000;", "\n3003;").replace("\n400;", "\n401;") + "\n9999;0")


@pytest.mark.parametrize("text", ["# units: uV\nV5", "V5 (uV)", "V5_uv", "V5 [µV]"])
def test_a_csv_states_microvolts_in_a_comment_or_a_name(tmp_path: Path, text: str) -> None:
    values = MADE.only(["V5"]).mv[0]
    got = csv(tmp_path, text + "\n" + "\n".join(f"{v * 1000:.0f}" for v in values), 250)
    assert got.leads == ("V5",)
    np.testing.assert_allclose(got.signal[0], values, atol=6e-4)
