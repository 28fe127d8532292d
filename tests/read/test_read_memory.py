"""What is in memory becomes a Recording, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgs import recording
from kalemia.errors import ReadError
from kalemia.read.memory import held, is_bare, spelled
from kalemia.records import LEADS, Recording

SHOWN = recording(("I", "II", "V5"))


@dataclass
class Raw:
    """What of MNE's Raw is looked at."""

    volts: Any
    ch_names: list[str]
    info: dict[str, Any] = field(default_factory=lambda: {"sfreq": 500.0, "meas_date": None})
    filenames: tuple[Any, ...] = ()

    def get_data(self) -> Any:
        return self.volts


def same(read: Recording, shown: Recording = SHOWN) -> None:
    assert set(shown.leads) <= set(read.leads)
    assert read.rate == shown.rate
    for lead in shown.leads:
        np.testing.assert_allclose(read.lead(lead), shown.lead(lead), atol=1e-5)


def test_an_array_may_lie_either_way() -> None:
    same(held(SHOWN.signal, 500, SHOWN.leads))
    same(held(SHOWN.signal.T, 500, list(SHOWN.leads)))
    same(held(SHOWN.signal.astype(float)[0], 500, "I"), recording(("I",)))


def test_the_limb_leads_that_follow_are_derived_and_names_are_understood() -> None:
    read = held(SHOWN.signal, 500, ["ecg_i", "lead II", "v5"])
    assert read.leads == (*LEADS[:6], "V5")
    assert read.source == "memory"


def test_what_a_caller_gave_is_not_changed() -> None:
    given = SHOWN.signal.copy()
    given[0, 3] = np.inf
    held(given, 500, SHOWN.leads)
    assert np.isinf(given[0, 3])


def test_what_is_masked_was_not_recorded() -> None:
    masked = np.ma.masked_array(SHOWN.signal, np.zeros(SHOWN.signal.shape, bool))
    masked[0, :500] = np.ma.masked
    assert np.isnan(held(masked, 500, SHOWN.leads).lead("I")[:500]).all()


def test_a_recording_is_taken_as_it_is() -> None:
    assert held(SHOWN) is SHOWN


def test_tables_of_pandas_and_polars_and_mappings_name_their_leads() -> None:
    columns = dict(zip(SHOWN.leads, SHOWN.signal.astype(float), strict=True))
    same(held(columns, 500))
    for name in ("pandas", "polars"):
        same(held(pytest.importorskip(name).DataFrame(columns), 500))


def test_a_record_of_wfdb_says_rate_leads_and_unit(patients: Path) -> None:
    wfdb = pytest.importorskip("wfdb")
    from kalemia.read import read

    path = patients / "0000" / "p000001"
    record = held(wfdb.rdrecord(str(path)))
    same(record, read(path))
    assert record.source == "p000001"
    microvolts = wfdb.rdrecord(str(path))
    microvolts.p_signal, microvolts.units = microvolts.p_signal * 1000, ["uV"] * microvolts.n_sig
    same(held(microvolts), read(path))
    with pytest.raises(TypeError, match="physical=True"):
        held(wfdb.rdrecord(str(path), physical=False))


def test_channels_of_wfdb_in_no_unit_of_voltage_are_left_out() -> None:
    @dataclass
    class Record:
        p_signal: Any
        fs: int
        sig_name: list[str]
        units: list[str]

    read = held(
        Record(np.concatenate([SHOWN.signal, SHOWN.signal[:1]]).T, 500, [*SHOWN.leads, "V1"], ["mV"] * 3 + ["mmHg"])
    )
    assert "V1" not in read.leads
    same(read)


def test_a_raw_of_mne_is_in_volts_and_may_say_when() -> None:
    raw = Raw(SHOWN.signal / 1000, ["I", "II", "V5"])
    raw.info["meas_date"] = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
    same(held(raw))
    assert held(raw).start == datetime(2026, 3, 2, 8, 15)
    raw.filenames = (None, Path("ward/one.edf"))
    assert held(raw).source == "ward/one.edf"
    with pytest.raises(ValueError, match=r"\(channels, samples\)"):
        held(Raw(SHOWN.signal[None], ["I", "II", "V5"]))


@pytest.mark.parametrize(
    ("ecg", "rate", "leads", "error", "sentence"),
    [
        (SHOWN.signal, None, ["I", "II", "V5"], TypeError, "such as rate=500"),
        (SHOWN.signal, 500, None, TypeError, "such as leads="),
        (SHOWN.signal, 500, ["I", "II"], ValueError, r"\(2, samples\) is accepted"),
        (SHOWN.signal[None], 500, ["I", "II", "V5"], ValueError, "have shape"),
        (0.3, 500, ["I"], TypeError, "an ECG cannot be a float"),
        (None, 500, ["I"], TypeError, "an ECG cannot be a NoneType"),
        ({"I": [0.1, 0.2], "II": [0.1]}, 500, None, ValueError, "several lengths"),
        (np.array(["a"]), 500, ["I"], ValueError, "no numbers"),
        (SHOWN.signal, 500, ["EEG", "resp", "x1"], ReadError, "named like an ECG lead"),
        (SHOWN.signal[:, :50], 500, ["I", "II", "V5"], ReadError, "at least 1 s"),
        (SHOWN.signal, 7, ["I", "II", "V5"], ReadError, "sampling rate"),
        (SHOWN.signal * 1e6, 500, ["I", "II", "V5"], ReadError, "no ECG"),
    ],
)
def test_what_is_no_ecg_is_told_in_a_sentence(
    ecg: Any, rate: float | None, leads: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        held(ecg, rate, leads)


@pytest.mark.parametrize(
    ("word", "ours"), [("sampling_rate", "rate"), ("fs", "rate"), ("sfreq", "rate"), ("channels", "leads")]
)
def test_the_words_of_other_packages_are_answered_with_ours(word: str, ours: str) -> None:
    @spelled
    def asked(rate: float | None = None, leads: Any = None) -> float | None:
        return rate

    with pytest.raises(TypeError, match=rf"asked\(\) takes {ours}=500, not {word}="):
        asked(**{word: 500})
    with pytest.raises(TypeError, match="unexpected keyword"):
        asked(**{"color": 500})
    assert asked(rate=250) == 250


def test_samples_alone_may_be_of_another_unit() -> None:
    same(held(SHOWN.signal * 200, 500, SHOWN.leads, "200/mV"))
    same(held(SHOWN.signal * 1000, 500, SHOWN.leads, "uV"))
    assert is_bare(SHOWN.signal)
    assert not is_bare(SHOWN)
    with pytest.raises(ValueError, match="unit is mm; mV, uV, V, or 200/mV for 200 steps a mV is accepted"):
        held(SHOWN.signal, 500, SHOWN.leads, "mm")
