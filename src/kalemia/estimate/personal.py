"""A patient's own earlier ECGs with a measured potassium: what they make of today's ECG.

Hearts differ by more than potassium changes them, so an ECG says more beside another one of the same heart. A network
compares the two beats and the draw (`Model.compare`) and answers, as for one ECG, with a likelihood of potassium now.
And who had a draw is less likely far off it: what is known before the ECG is a little more than of others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

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
    """A potassium that a laboratory measured, mEq/L, and how many days before now it was drawn.

    Without days it is of the day of its ECG, where that and today's state when they were recorded; else of now.
    """

    potassium_meq_l: float
    days_ago: float | None = None

    def check(self) -> None:
        """Raise a CalibrationError where no living person had it, or the days are none."""
        low, high = PLAUSIBLE_MEQ_L
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
        """Return how many days before an ECG it was; negative where it was after it."""
        if self.draw.days_ago is not None:
            return self.draw.days_ago
        if self.start is None or start is None:
            return 0.0
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
    unlike
        Of `fitting`: files whose beat is so unlike that of today that the heart may be another one.
    """

    earlier: tuple[Earlier, ...]
    model: ModelName
    left_out: int = 0
    apart_meq_l: float = 0.0
    unlike: tuple[str, ...] = ()

    def check(self, model: Model) -> None:
        """Raise a CalibrationError where this was made with another model."""
        if model.name != self.model:
            raise CalibrationError(
                f"the calibration was made with the model {self.model.name} {self.model.version}, and the estimate is "
                f"of {model.name.name} {model.name.version}; calibrate with that one"
            )

    def fault(self, start: datetime | None) -> str | None:
        """Say which earlier ECG is of after the one that starts then, or None."""
        for each in self.earlier:
            if each.days(start) < 0:
                return f"the earlier ECG {each.source} was recorded after this one; expected one of before"
        return None

    def fitting(self, beat: Beat) -> Calibration:
        """Return those whose beat can be compared with this one: of a common lead, and of a heart like it."""
        common = [each for each in self.earlier if set(each.beat.good) & set(beat.good)]
        fits = [alike(beat, each.beat) >= LEAST_ALIKE for each in common]
        unlike = tuple(each.source for each, fit in zip(common, fits, strict=True) if not fit)
        return replace(self, earlier=tuple(each for each, fit in zip(common, fits, strict=True) if fit), unlike=unlike)

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
        said = [
            f"{source} shows a beat so unlike this one that it may be another heart's, and was not used."
            for source in self.unlike
        ]
        if self.earlier:
            said.append(f"{self._compared}{self._apart}.")
        elif not said:
            said.append("No earlier ECG has a good lead that this one has, so that none was used.")
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
            "and their days_ago"
        )


def _ecgs(count: int) -> str:
    return "one earlier ECG" if count == 1 else f"{count} earlier ECGs"


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
