"""FHIR Observation in JSON whose leads are SampledData, alone or the only one of a Bundle.

Source: HL7 FHIR R4 and R5, SampledData: what was measured is data x factor + origin, in the unit of the origin; samples
are apart by `period` in ms (R4), or by `interval` in `intervalUnit` (R5). Neither subject nor performer is decoded.
"""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError
from kalemia.read.leads import canonical
from kalemia.read.raw import MAX_VALUES, Raw, mv_per

_POTENTIAL = 131_328
"""MDC_ECG_ELEC_POTL, the potential of no lead that is named; each lead's follows it by its number in ISO/IEEE 11073."""
_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
_NOTHING = {"E", "U", "L", "e", "u", "l"}


class _Part(msgspec.Struct, rename="camel"):
    pass


class _Quantity(_Part):
    value: float = 0.0
    unit: str = ""
    code: str = ""


class _Sampled(_Part):
    origin: _Quantity
    dimensions: int = 1
    data: str = ""
    factor: float = 1.0
    period: float | None = None
    interval: float | None = None
    interval_unit: str = "ms"


class _Coding(_Part):
    code: str = ""
    display: str = ""


class _Concept(_Part):
    coding: list[_Coding] = []
    text: str = ""


class _Lead(_Part):
    code: _Concept
    value_sampled_data: _Sampled | None = None


class _Period(_Part):
    start: str = ""


class _Observation(_Lead):
    component: list[_Lead] = []
    effective_date_time: str = ""
    effective_period: _Period | None = None

    @property
    def leads(self) -> list[tuple[_Concept, _Sampled]]:
        """What it holds of samples, in itself or in its components."""
        held = [(lead.code, lead.value_sampled_data) for lead in (self, *self.component)]
        return [(code, sampled) for code, sampled in held if sampled is not None]


class _Resource(_Part):
    resource_type: str = ""


class _Entry(_Part):
    resource: msgspec.Raw = msgspec.Raw(b"{}")


class _Bundle(_Part):
    entry: list[_Entry] = []


def load(path: Path) -> Raw:
    """Read the leads of one Observation.

    Raises
    ------
    ReadError
        Where there is none with samples, or several, or its samples lack their unit, their time or a number.
    """
    try:
        found = [each for each in _observations(path.read_bytes()) if each.leads]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise ReadError("the JSON is cut short, or its FHIR resource is not as FHIR defines it") from exc
    if len(found) != 1:
        raise ReadError(f"the FHIR resource holds {len(found)} Observations with SampledData; one is accepted")
    leads = found[0].leads
    steps_ms = {_step_ms(sampled) for _, sampled in leads}
    signals = [_millivolts(sampled) for _, sampled in leads]
    if len(steps_ms) > 1 or len({len(samples) for samples in signals}) > 1:
        raise ReadError("the leads of the FHIR Observation have several rates or lengths; one is accepted")
    return Raw(
        signal=np.stack(signals).astype(np.float32),
        rate=_rate(steps_ms.pop()),
        names=tuple(_name(code) for code, _ in leads),
        start=_start(found[0]),
        lsb_mv=max(abs(sampled.factor) * _unit_mv(sampled) for _, sampled in leads),
    )


def _observations(content: bytes) -> list[_Observation]:
    """Return the resource, or those that it bundles, as far as they are Observations."""
    resources = [content]
    if _kind(content) == "Bundle":
        resources = [bytes(entry.resource) for entry in msgspec.json.decode(content, type=_Bundle).entry]
    return [msgspec.json.decode(each, type=_Observation) for each in resources if _kind(each) == "Observation"]


def _kind(content: bytes) -> str:
    return msgspec.json.decode(content, type=_Resource).resource_type


def _step_ms(sampled: _Sampled) -> float:
    """Return the time between two samples, ms."""
    step = sampled.period if sampled.interval is None else sampled.interval * _MS.get(sampled.interval_unit, math.nan)
    if step is None or not step > 0:
        raise ReadError("a lead of the FHIR Observation states no time between its samples")
    return step


def _rate(step_ms: float) -> float:
    """Return samples per second, Hz; a period such as 1.953 ms is rounded, and means 512 Hz."""
    rate = 1000 / step_ms
    return float(round(rate)) if math.isclose(rate, round(rate), rel_tol=5e-4) else rate


def _unit_mv(sampled: _Sampled) -> float:
    for unit in (sampled.origin.code, sampled.origin.unit):
        if (scale := mv_per(unit)) is not None:
            return scale
    raise ReadError(
        "a lead of the FHIR Observation states no unit of voltage; mV and uV as unit of origin are accepted"
    )


def _millivolts(sampled: _Sampled) -> NDArray[np.float64]:
    """Return the samples in mV; those that are an error or beyond the range are NaN."""
    words = sampled.data.split()
    if sampled.dimensions != 1 or not words or len(words) > MAX_VALUES:
        raise ReadError("a lead of the FHIR Observation holds no samples, or those of several dimensions")
    try:
        numbers = np.array(["nan" if word in _NOTHING else word for word in words], dtype=np.float64)
    except ValueError as exc:
        raise ReadError("the samples of a lead of the FHIR Observation are no numbers between spaces") from exc
    return (numbers * sampled.factor + sampled.origin.value) * _unit_mv(sampled)


def _name(concept: _Concept) -> str:
    """Return what names a lead: the first text or code that is understood."""
    named = [text for coding in concept.coding for text in (coding.display, coding.code)] + [concept.text]
    for text in named:
        bare = text.removeprefix("MDC_ECG_ELEC_POTL_")
        if text.isdecimal() and len(text) < 10:
            bare = f"2:{int(text) - _POTENTIAL}"
        if canonical(bare):
            return bare
    return ""


def _start(observation: _Observation) -> datetime | None:
    """Return when it was taken, by the clock of where it was."""
    period = observation.effective_period
    try:
        return datetime.fromisoformat(observation.effective_date_time or (period.start if period else "")).replace(
            tzinfo=None
        )
    except ValueError:
        return None
