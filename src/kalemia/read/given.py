"""What a caller says of a file that does not say it itself: its rate, its one lead, its unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.read.leads import canonical, canonicals, unnamed
from kalemia.read.raw import Raw, mv_per_step
from kalemia.records import Recording

_CSV_RATELESS = "the CSV states no sampling rate; a comment '# rate: 500 Hz', a column of times or --rate is accepted"


@dataclass(frozen=True)
class Given:
    """What a caller knows of files; it counts where a file does not say, and must not contradict one that does.

    Attributes
    ----------
    rate
        Samples per second, Hz.
    lead
        Which lead the one channel is that has no name.
    unit
        What the numbers are: mV, uV, V, or, as in WFDB, 200/mV, which is 200 steps a mV.
    """

    rate: float | None = None
    lead: str | None = None
    unit: str | None = None

    def check(self) -> None:
        """Raise a ReadError where a lead or unit is none, whatever the file."""
        if self.lead is not None and canonical(self.lead) is None:
            raise ReadError(f"--lead is {self.lead:.20}, which is no lead; I, II, V1 and the like are accepted")
        if self.unit is not None and mv_per_step(self.unit) is None:
            raise ReadError(
                f"--unit is {self.unit:.20}, which is none; mV, uV, V, or 200/mV for 200 steps a mV is accepted"
            )

    def __bool__(self) -> bool:
        return self != Given()

    def completed(self, raw: Raw, kind: str) -> Raw:
        """Return what was read of a file of some kind with all that it does not state.

        Raises
        ------
        ReadError
            Where neither says what is needed, or the file states something else than the caller.
        """
        self.check()
        self._contradict(raw, kind)
        row = None if any(canonicals(raw.names)) else unnamed(raw.names)
        if needed := self._needed(raw, row):
            raise ReadError(_needs(needed, kind))
        names = raw.names if row is None or self.lead is None else (*raw.names[:row], self.lead, *raw.names[row + 1 :])
        rate = self.rate if self.rate is not None and math.isnan(raw.rate) else raw.rate
        if raw.unit is not None:
            return replace(raw, rate=rate, names=names)
        if self.unit is None:
            taken = f"The {kind} file states no unit; its numbers were taken as mV."
            return replace(raw, rate=rate, names=names, warnings=(*raw.warnings, taken))
        scale = np.float32(mv_per_step(self.unit))
        return replace(raw, rate=rate, names=names, signal=raw.signal * scale, unit=self.unit)

    def agrees(self, recording: Recording) -> Recording:
        """Return a recording, of which all is known; a ReadError where something else was given."""
        lead = self.lead and canonical(self.lead)
        if lead and recording.leads != (lead,):
            raise ReadError(f"lead {lead} was given, and the recording has {', '.join(recording.leads)}")
        if self.unit and mv_per_step(self.unit) != 1:
            raise ReadError(f"the unit {self.unit} was given, and a Recording is in mV")
        if self.rate is not None and not _same(self.rate, recording.rate):
            raise ReadError(f"{self.rate:g} Hz were given, and the recording has {recording.rate:g} Hz")
        return recording

    @staticmethod
    def orders(leads: Sequence[str], recording: Recording) -> None:
        """Raise a ReadError where leads were named for a recording that names others, or in another order."""
        if tuple(map(canonical, leads)) != recording.leads:
            raise ReadError(
                f"leads {', '.join(map(str, leads))} were given, and the recording has {', '.join(recording.leads)}"
            )

    def _contradict(self, raw: Raw, kind: str) -> None:
        """Raise a ReadError where a file states something else than the caller."""
        known = sorted({lead for lead in canonicals(raw.names) if lead})
        if self.rate is not None and not math.isnan(raw.rate) and not _same(self.rate, raw.rate):
            raise ReadError(
                f"{self.rate:g} Hz were given, and the {kind} file states {raw.rate:g} Hz; leave --rate out"
            )
        if self.lead is not None and known and known != [canonical(self.lead)]:
            stated = ", ".join(known)
            raise ReadError(f"lead {self.lead} was given, and the {kind} file names {stated}; leave --lead out")
        if self.lead is not None and not known and unnamed(raw.names) is None:
            raise ReadError(f"the {kind} file has {len(raw.names)} channels without names; --lead is for one")
        if self.unit and raw.unit is not None and mv_per_step(self.unit) != mv_per_step(raw.unit):
            raise ReadError(f"unit {self.unit} was given, and the {kind} file states {raw.unit}; leave --unit out")

    def _needed(self, raw: Raw, row: int | None) -> list[str]:
        """Name the options without which a file cannot be read whose channel `row` has no name."""
        whole = raw.unit is None and self.unit is None and _whole(raw.signal[:, :50]) and _whole(raw.signal)
        missing = {
            "--rate": math.isnan(raw.rate) and self.rate is None,
            "--lead": row is not None and self.lead is None,
            "--unit": whole and np.ptp(np.nan_to_num(raw.signal)) > 0,
        }
        return [option for option, absent in missing.items() if absent]


_SAID = {
    "--rate": ("sampling rate", "--rate 500"),
    "--lead": ("lead", "--lead I"),
    "--unit": ("unit (numbers are whole)", "--unit uV (or 200/mV where 200 steps are a mV)"),
}


def _needs(options: list[str], kind: str) -> str:
    """Say which options a file needs, and why."""
    if options == ["--rate"] and kind in ("CSV", "text"):
        return _CSV_RATELESS
    lacks, give = (_listed([_SAID[option][k] for option in options]) for k in (0, 1))
    return f"the {kind} file does not state its {lacks}; {give} {'are' if options[1:] else 'is'} accepted"


def _listed(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _whole(signal: NDArray[np.float32]) -> bool:
    return bool((np.nan_to_num(signal) % 1 == 0).all())


def _same(given: float, stated: float) -> bool:
    return math.isclose(given, stated, rel_tol=0.001)
