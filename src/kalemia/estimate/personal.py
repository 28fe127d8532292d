"""A patient's own earlier ECGs with a measured potassium: what they make of today's ECG.

Hearts differ by more than potassium changes them, so an ECG says more beside another one of the same heart. A network
compares the two beats and the draw (`Model.compare`) and answers, as for one ECG, with a likelihood of potassium now.
And who had a draw is less likely far off it: what is known before the ECG is a little more than of others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from kalemia.body import PLAUSIBLE_MEQ_L
from kalemia.errors import CalibrationError
from kalemia.estimate.evidence import Evidence
from kalemia.estimate.model import Model
from kalemia.estimate.population import Population
from kalemia.records import R_SAMPLE, Beat, ModelName

FORGOTTEN_DAYS = 180.0
"""After so long, an earlier ECG counts by the factor 1/e. Assumed: hearts change over months, and no series that is
long enough to measure how fast is at hand."""
OLDEST_DAYS = 540.0
"""An older one is not used: it would count by less than a twentieth."""
CROWDING = 0.7
"""Several earlier ECGs mostly say the same: n of them count as n ** (1 - 0.7)."""
LONGEST_DAYS = 36525
LABORATORY_MEQ_L, SAME_TIME_DAYS = 1.0, 1 / 24
"""Draws within an hour do not lie further apart by a laboratory's error: the US allowed 0.5 either way for decades
(42 CFR 493.931)."""
QRS = slice(R_SAMPLE - 24, R_SAMPLE + 25)
"""80 ms before R and after it."""
LEAST_ALIKE = 0.7
"""How well the QRS complexes of one heart correlate at least, on the mean over leads; see `alike`."""


@dataclass(frozen=True)
class Draw:
    """A potassium that a laboratory measured, mEq/L, and when: so many days before the ECG of today, or on a day.

    Without either it is of the day of its ECG, where that and today's state when they were recorded; else of now.
    """

    potassium_meq_l: float
    days_ago: float | None = None
    day: date | None = None

    def check(self) -> None:
        """Raise a CalibrationError where no living person had it, or the days are none."""
        low, high = PLAUSIBLE_MEQ_L
        numbers = (self.potassium_meq_l, 0.0 if self.days_ago is None else self.days_ago)
        if not all(isinstance(number, int | float) for number in numbers):
            raise CalibrationError(
                f"a draw is {numbers[0]!r:.40}, {self.days_ago!r:.40} days ago; numbers are accepted"
            )
        if not low <= self.potassium_meq_l <= high:
            raise CalibrationError(
                f"a draw has a potassium of {self.potassium_meq_l:g}; {low:g} to {high:g} mEq/L is accepted (mg/dL: "
                "3.91 times as many)"
            )
        if self.days_ago is not None and not 0 <= self.days_ago <= LONGEST_DAYS:
            raise CalibrationError(f"a draw was {self.days_ago:g} days ago; 0 to {LONGEST_DAYS} days are accepted")


@dataclass(frozen=True, eq=False)
class Earlier:
    """An earlier ECG: its beat, the potassium drawn with it, its file, and when it was recorded, if that is known."""

    beat: Beat
    draw: Draw
    source: str
    start: datetime | None = None
    digitized: bool = False

    def days(self, start: datetime | None) -> float:
        """Return how many days before an ECG it was, negative where it was after it; 0 where nothing says it."""
        return self.told_days(start) or 0.0

    def told_days(self, start: datetime | None) -> float | None:
        """Return the same, or None where nothing says it.

        A day is counted to that of the ECG, or to now where the ECG does not state its own.
        """
        if self.draw.days_ago is not None:
            return self.draw.days_ago
        if self.draw.day is not None:
            return float(((start or datetime.now()).date() - self.draw.day).days)
        return self._between(start)

    def later(self, start: datetime | None) -> bool:
        """Tell whether it is of after an ECG, whatever was said of its draw."""
        return min(self.days(start), self._between(start) or 0.0) < 0

    def _between(self, start: datetime | None) -> float | None:
        if self.start is None or start is None:
            return None
        return (start.replace(tzinfo=None) - self.start.replace(tzinfo=None)).total_seconds() / 86400


@dataclass(frozen=True, eq=False)
class Calibration:
    """A patient's earlier ECGs for one model, those that it could estimate.

    Attributes
    ----------
    earlier
        At least one; of `fitting` maybe none.
    model
        Of which model; its network compares them.
    left_out
        How many ECGs could not be estimated.
    apart_meq_l
        How far draws of the same hour lie apart, at most.
    unused
        Of `fitting`: why others are not used, a sentence each.
    note
        Of `fitting`: what limits those that are, as the end of a sentence.
    """

    earlier: tuple[Earlier, ...]
    model: ModelName
    left_out: int = 0
    apart_meq_l: float = 0.0
    unused: tuple[str, ...] = ()
    note: str = ""

    def check(self, model: Model) -> None:
        """Raise a CalibrationError where this was made with another model."""
        if model.name != self.model:
            raise CalibrationError(
                f"the calibration was made with the model {self.model.name} {self.model.version}, and the estimate is "
                f"of {model.name.name} {model.name.version}; calibrate with that one"
            )

    def fault(self, beat: Beat, start: datetime | None) -> str | None:
        """Say which earlier ECG is of after the one of this beat, which starts then, or is this one; or None."""
        for each in self.earlier:
            if each.later(start):
                return f"the earlier ECG {each.source} was recorded after this one; expected one of before"
            if same(each.beat, beat):
                return f"the earlier ECG {each.source} is this one; expected one of before"
        return None

    def fitting(self, beat: Beat, start: datetime | None) -> Calibration:
        """Return those whose beat can be compared with this one: young, of a common lead, and of a heart like it."""
        reasons = [_unused(each, beat, start) for each in self.earlier]
        used = tuple(each for each, reason in zip(self.earlier, reasons, strict=True) if reason is None)
        unused = tuple(reason for reason in reasons if reason is not None)
        return replace(self, earlier=used, unused=unused, note=_shared(used, beat) + _faded(used, start))

    def apply(self, alone: Evidence, beat: Beat, start: datetime | None, model: Model) -> Evidence:
        """Return what a beat says beside the earlier ones, given what it says alone.

        Older ones count less; where they count less than one ECG together, the rest is what the beat says alone.
        """
        if not self.earlier:
            return alone
        draws, weights = self._draws, self._weights(start)
        said = model.compare(beat, [each.beat for each in self.earlier], draws.tolist())
        total = float(weights.sum())
        together = weights @ said / total
        if total >= 1:
            return Evidence.of(together * total ** (1 - CROWDING))
        return Evidence.of(total * together + (1 - total) * alone.log_likelihood)

    def known(self, population: Population, start: datetime | None) -> Population:
        """Return what the draws say of a patient of a population, before an ECG that starts then."""
        return population.beside(self._draws, self._weights(start)) if self.earlier else population

    @property
    def _draws(self) -> NDArray[np.float64]:
        return np.array([each.draw.potassium_meq_l for each in self.earlier])

    def _weights(self, start: datetime | None) -> NDArray[np.float64]:
        """Return how much each counts by its age."""
        return np.exp(-np.array([each.days(start) for each in self.earlier]) / FORGOTTEN_DAYS)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What an estimate says of them."""
        said = list(self.unused)
        if self.earlier:
            said.append(f"{self._compared}{self.note}{self._apart}.")
        if self.left_out:
            many = _ecgs(self.left_out)
            said.append(f"{many[0].upper()}{many[1:]} could not be estimated, and no use was made of the draw.")
        return tuple(said)

    @property
    def _compared(self) -> str:
        if len(self.earlier) == 1:
            (only,) = self.earlier
            return f"Compared with this patient's earlier ECG at {only.draw.potassium_meq_l:g} mEq/L"
        return f"Compared with {_ecgs(len(self.earlier))} of this patient and their blood draws"

    @property
    def _apart(self) -> str:
        if self.apart_meq_l <= LABORATORY_MEQ_L:
            return ""
        return (
            f"; draws of the same time lie {self.apart_meq_l:.1f} mEq/L apart, more than a laboratory errs: check them "
            "and their days_ago (4.5 are accepted, too)"
        )


def _ecgs(count: int) -> str:
    return "one earlier ECG" if count == 1 else f"{count} earlier ECGs"


def same(beat: Beat, other: Beat) -> bool:
    """Tell whether two beats are cut from one ECG."""
    return beat.leads == other.leads and np.array_equal(beat.waveform, other.waveform)


def _unused(earlier: Earlier, beat: Beat, start: datetime | None) -> str | None:
    """Say why an earlier ECG is not compared with a beat, or None."""
    if (days := earlier.days(start)) > OLDEST_DAYS:
        return (
            f"{earlier.source} is {days:.0f} days older than this ECG, more than {OLDEST_DAYS:.0f}, and was not used."
        )
    if not set(earlier.beat.good) & set(beat.good):
        return f"{earlier.source} has no good lead that this ECG has, and was not used."
    if alike(beat, earlier.beat) < LEAST_ALIKE:
        return f"{earlier.source} shows a beat so unlike this one that it may be another heart's, and was not used."
    return None


def _shared(used: Sequence[Earlier], beat: Beat) -> str:
    """Say in which leads beats are compared, where that is not in all."""
    shared = [lead for lead in beat.good if all(lead in each.beat.good for each in used)]
    if len(shared) == len(beat.good):
        return ""
    if not shared:
        return ", each in the leads that both have"
    return f", in {', '.join(shared)} alone, which both have"


def _faded(used: Sequence[Earlier], start: datetime | None) -> str:
    """Say that they count little, where they do for their age."""
    days = [each.days(start) for each in used]
    if not days or sum(math.exp(-count / FORGOTTEN_DAYS) for count in days) >= 0.5:
        return ""
    return f", which counts little after {min(days):.0f} days"


def alike(beat: Beat, other: Beat) -> float:
    """Return how alike the QRS complexes of two beats are: their correlation, on the mean over leads good in both.

    NaN where there is no such lead.
    """
    leads = [lead for lead in beat.good if lead in other.good]
    if not leads:
        return math.nan
    ours, theirs = (each.waveform[[each.leads.index(lead) for lead in leads], QRS] for each in (beat, other))
    return float(np.mean(_correlations(ours, theirs)))


def _correlations(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the correlation of each row; nought where one is flat."""
    ours, theirs = (rows - rows.mean(axis=1, keepdims=True) for rows in (ours, theirs))
    power = np.sqrt(np.square(ours).sum(axis=1) * np.square(theirs).sum(axis=1))
    return np.asarray((ours * theirs).sum(axis=1) / np.maximum(power, 1e-9), np.float64)


def apart(earlier: Sequence[Earlier]) -> float:
    """Return how far draws of the same hour lie apart, at most, mEq/L."""
    starts = [each.start.replace(tzinfo=None) for each in earlier if each.start is not None]
    last = max(starts, default=None)
    days, potassium = np.array([(each.days(last), each.draw.potassium_meq_l) for each in earlier]).T
    same = np.abs(days[:, None] - days) <= SAME_TIME_DAYS
    return round(float(np.max(np.abs(potassium[:, None] - potassium) * same)), 3)
