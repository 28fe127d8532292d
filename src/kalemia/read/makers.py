"""ECGs in the XML of CardioSoft, Mortara and Schiller, of which none has a public specification.

The layouts are those that public readers of real exports agree on: BRAVEHEART (load_cardiosoftxml, load_elixml,
load_schillerxml) and, of UK Biobank's CardioSoft files, ml4h. Whatever differs from them is refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kalemia.errors import ReadError
from kalemia.read import kit, xml
from kalemia.read.raw import MAX_VALUES, Raw, mv_per

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_TIME = ("Year", "Month", "Day", "Hour", "Minute", "Second")


def load_mortara(path: Path) -> Raw:
    """Read the rhythm channels of a Mortara (ELI) export; its typical cycle is left."""
    from ecgdatakit.parsing.parsers.mortara_el250 import MortaraEL250Parser

    return kit.raw(*xml.parsed(MortaraEL250Parser, path))


def load_cardiosoft(path: Path) -> Raw:
    """Read the strip of a CardioSoft export, whose numbers are uV per `Resolution`; its median beats are left.

    Raises
    ------
    ReadError
        Where it holds no strip, or that lacks its rate, its resolution or samples that it states.
    """
    root = _root(path)
    strip = root.find(".//StripData")
    if strip is None:
        raise ReadError("the CardioSoft XML holds no StripData; an export of a resting ECG is accepted")
    unit = strip.find("Resolution")
    if unit is None or (unit.get("units") or "").lower() != "uvperlsb":
        raise ReadError("the CardioSoft XML states no resolution in uVperLsb, so millivolts cannot be known")
    leads = [(lead.get("lead") or "", _numbers(lead.text)) for lead in strip.findall("WaveformData")]
    stated = _number(strip.findtext("ChannelSampleCountTotal"))
    if any(stated > len(samples) for _, samples in leads):
        raise ReadError(f"a lead of the CardioSoft XML holds fewer samples than the {stated:,.0f} that it states")
    step_mv = _number(unit.text) * 1e-3
    return _raw("CardioSoft", leads, _number(strip.findtext("SampleRate")), step_mv, _observed(root))


def load_schiller(path: Path) -> Raw:
    """Read the rhythm leads of a Schiller export; its median beats are left.

    Raises
    ------
    ReadError
        Where it holds none, or they lack their rate or the voltage of a bit, or state an exponent other than 1.
    """
    waves = [wave for wave in _root(path).iter("wavedata") if wave.findtext("type", "").strip() == "ECG_RHYTHMS"]
    if not waves:
        raise ReadError("the Schiller XML holds no ECG_RHYTHMS; an export of a resting ECG is accepted")
    wave = waves[0]
    rate, voltage = wave.find("resolution/samplerate"), wave.find("resolution/yres")
    if rate is None or voltage is None or rate.findtext("exponent", "1").strip() != "1":
        raise ReadError("the Schiller XML states no sampling rate in Hz, or no voltage of a bit")
    unit = mv_per(voltage.findtext("units") or voltage.findtext("unit") or "")
    per_bit = _number(voltage.findtext("unitperbit") or voltage.findtext("value"))
    if unit is None:
        raise ReadError("the Schiller XML states no unit of voltage; mV and uV are accepted")
    leads = [(lead.findtext("name", "").strip(), _numbers(lead.findtext("data"))) for lead in wave.findall("channel")]
    return _raw("Schiller", leads, _number(rate.findtext("value")), per_bit * unit)


def _root(path: Path) -> Element:
    from ecgdatakit.parsing.helpers.xml import parse_xml_root

    content = xml.honest(path.read_bytes())
    xml.guard(content)
    return parse_xml_root(content)


def _raw(
    maker: str, leads: list[tuple[str, np.ndarray]], rate: float, step_mv: float, start: datetime | None = None
) -> Raw:
    """Return leads of one length, in steps of so many mV, as a Raw."""
    lengths = {len(samples) for _, samples in leads}
    if len(lengths) != 1 or sum(len(samples) for _, samples in leads) > MAX_VALUES:
        raise ReadError(f"the {maker} XML holds no leads, or some of several lengths; leads of one length are accepted")
    if not (rate > 0 and step_mv > 0):
        raise ReadError(f"the {maker} XML states no positive sampling rate, or no positive voltage of a step")
    signal = np.stack([samples for _, samples in leads]) * step_mv
    return Raw(signal.astype(np.float32), rate, tuple(name for name, _ in leads), start, lsb_mv=step_mv)


def _numbers(text: str | None) -> np.ndarray:
    """Return the whole numbers that a text lists between commas or spaces."""
    try:
        return np.array((text or "").replace(",", " ").split(), dtype=np.float64)
    except ValueError as exc:
        raise ReadError("the samples of a lead are no numbers between commas") from exc


def _number(text: str | None) -> float:
    """Return a finite number, NaN where there is none."""
    try:
        number = float(text or "nan")
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def _observed(root: Element) -> datetime | None:
    """Return when a CardioSoft ECG was taken."""
    time = root.find("ObservationDateTime")
    try:
        return None if time is None else datetime(*_whole(time.findtext(part) for part in _TIME))
    except ValueError:
        return None


def _whole(texts: Iterable[str | None]) -> tuple[int, int, int, int, int, int]:
    year, month, day, hour, minute, second = (int(text or "") for text in texts)
    return year, month, day, hour, minute, second
