"""What `measure` says of many ECGs as one table, and the abnormalities that the clinic's figures count."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import BeatError
from kalemia.records import EIGHT, Recording
from kalemia.signal.beat import cut
from kalemia.signal.measure import Waves, measure

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]

NAMES = tuple(field.name for field in fields(Waves))
HEART = ("rate_bpm", "rr_change")
"""Of the whole recording: beats a minute; the median change from one RR interval to the next, in RR intervals."""
COLUMNS = {
    key: k for k, key in enumerate([(lead, name) for lead in EIGHT for name in NAMES] + [("", h) for h in HEART])
}

PEAKED_CHEST_MV, PEAKED_LIMB_MV = 1.0, 0.5
NO_P_MV = 0.03
IRREGULAR = 0.1


def row(recording: Recording) -> Numbers:
    """Measure one recording, (columns,); NaN for a lead that cannot be used, all NaN where there is no beat."""
    measures = np.full(len(COLUMNS), np.nan)
    try:
        beat = cut(recording, EIGHT)
    except BeatError:
        return measures
    for lead, waves in measure(beat).items():
        first = COLUMNS[lead, NAMES[0]]
        measures[first : first + len(NAMES)] = [getattr(waves, name) for name in NAMES]
    rr_s = np.diff(beat.r_peaks_s)
    measures[COLUMNS["", "rate_bpm"]] = beat.heart_rate_bpm
    if len(rr_s) > 1:
        measures[COLUMNS["", "rr_change"]] = np.median(np.abs(np.diff(rr_s))) / np.median(rr_s)
    return measures


def tabulate(recordings: Iterable[Recording]) -> Table:
    """Measure recordings, a row each."""
    return Table(np.array([row(recording) for recording in recordings]).reshape(-1, len(COLUMNS)))


@dataclass(frozen=True, eq=False)
class Table:
    """Measures of n ECGs.

    Attributes
    ----------
    values
        (n, columns), as in `COLUMNS`; NaN where there is no measure.
    """

    values: Numbers

    def of(self, lead: str, name: str) -> Numbers:
        """Return one measure of `Waves` in one lead, (n,), with its unit."""
        return self.values[:, COLUMNS[lead, name]]

    def leads(self, names: Iterable[str], measure_name: str) -> Numbers:
        """Return one measure in several leads, (n, leads)."""
        return np.stack([self.of(lead, measure_name) for lead in names], axis=1)

    def only(self, chosen: Flags | NDArray[np.intp]) -> Table:
        """Return the table of some of the ECGs."""
        return Table(self.values[chosen])

    @property
    def rate_bpm(self) -> Numbers:
        """Beats per minute, (n,)."""
        return self.of("", "rate_bpm")

    @property
    def measured(self) -> Flags:
        """Where a beat was found and lead II can be used, (n,)."""
        return ~np.isnan(self.of("II", "qrs_ms"))

    @property
    def irregular(self) -> Flags:
        """Where one RR interval typically differs from the next by a tenth: atrial fibrillation, most likely."""
        return self.of("", "rr_change") > IRREGULAR

    @property
    def p_present(self) -> Flags:
        """Where the rhythm is regular and P reaches 0.03 mV in II or V1, (n,)."""
        return ~self.irregular & (np.abs(self.leads(("II", "V1"), "p_mv")) >= NO_P_MV).any(axis=1)

    @property
    def axis_deg(self) -> Numbers:
        """Frontal QRS axis from the net areas in I and aVF, degrees, (n,)."""
        one, two = self.of("I", "qrs_area_mv_ms"), self.of("II", "qrs_area_mv_ms")
        return np.asarray(np.degrees(np.arctan2((2 * two - one) / np.sqrt(3), one)))


def slope_ratio(table: Table, lead: str) -> Numbers:
    """Return T downslope / T amplitude, 1/s, (n,); NaN for a T wave below 0.1 mV, which says nothing."""
    height = np.abs(table.of(lead, "t_mv"))
    return np.asarray(table.of(lead, "t_downslope_mv_s") / np.where(height >= 0.1, height, np.nan))


def peaked_t(table: Table) -> Flags:
    """T above 1.0 mV in a chest lead or 0.5 mV in lead I or II."""
    chest = table.leads(EIGHT[2:], "t_mv") > PEAKED_CHEST_MV
    limb = table.leads(EIGHT[:2], "t_mv") > PEAKED_LIMB_MV
    return np.asarray(chest.any(axis=1) | limb.any(axis=1))


def wide_qrs(table: Table) -> Flags:
    """QRS above 120 ms."""
    return np.asarray(table.of("II", "qrs_ms") > 120)


def long_pr(table: Table) -> Flags:
    """PR above 200 ms where there is a P wave: first-degree block."""
    return np.asarray(table.p_present & (table.of("II", "pr_ms") > 200))


def slow(table: Table) -> Flags:
    """Below 60 beats a minute."""
    return np.asarray(table.rate_bpm < 60)


def p_absent(table: Table) -> Flags:
    """No P wave above 0.03 mV in II and V1 though the rhythm is regular; fibrillation has a diagnosis of its own."""
    return np.asarray(table.measured & ~table.irregular & ~table.p_present)


def normal(table: Table) -> Flags:
    """None of the listed abnormalities, our definition of a normal ECG.

    They are: peaked T; T inverted (below -0.05 mV) in I, II or V4 to V6; ST beyond 0.1 mV there (V1 to V3 lie above it
    in health); QRS > 120 ms; PR > 200 ms; no P wave; QTc (Fridericia) > 470 ms; a rate below 50 or above 100; RR
    intervals as irregular as in atrial fibrillation.
    """
    seen = ("I", "II", "V4", "V5", "V6")
    inverted = (table.leads(seen, "t_mv") < -0.05).any(axis=1)
    shifted = (np.abs(table.leads(seen, "st_mv")) > 0.1).any(axis=1)
    rate = (table.rate_bpm < 50) | (table.rate_bpm > 100)
    long_qt = table.of("II", "qtc_ms") > 470
    shape = peaked_t(table) | inverted | shifted | wide_qrs(table) | long_qt
    return np.asarray(table.measured & ~(shape | long_pr(table) | p_absent(table) | rate | table.irregular))
