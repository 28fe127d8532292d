"""Leads by name: one spelling for each, and the limb leads that follow exactly from I and II."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kalemia.records import LEADS

EXTRA = ("V7", "V8", "V9", "V3R", "V4R", "V5R", "V6R", "V7R", "V8R", "V9R", "X", "Y", "Z")
"""Leads beyond the twelve that are kept under their own name."""

_KNOWN = {name.lower(): name for name in LEADS + EXTRA}
_SPELLED = _KNOWN | {"d1": "I", "d2": "II", "d3": "III", "di": "I", "dii": "II", "diii": "III"}
_SPELLED |= {"mlii": "II", "ml2": "II", "vx": "X", "vy": "Y", "vz": "Z"}
_CODES = dict(zip(("1", "2", "61", "62", "63", "64"), LEADS[:6], strict=True))
_CODES |= {str(n + 2): f"V{n}" for n in range(1, 8)} | {"66": "V8", "67": "V9", "68": "V8R", "69": "V9R"}
_CODES |= {str(n + 8): f"V{n}R" for n in range(3, 8)} | {"16": "X", "17": "Y", "18": "Z"}
_WORDS = (
    r"ecg|ekg|lead|einthoven|goldberger|wilson|frank|abl(?:eitung)?|d[e\u00e9]rivation|derivaci[o\u00f3]n|derivazione"
)
_WORDS += r"|deriva[c\u00e7][a\u00e3]o|\u043e\u0442\u0432\u0435\u0434\u0435\u043d\u0438\u0435"
_PREFIX = re.compile(rf"^(?:mdc_ecg_(?:lead_|elec_potl_)?|ecg_lead_|(?:{_WORDS})[\s_:.-]*)+")
_SUFFIX = re.compile(r"(?:\s*\(.*\)|\s*\[.*\]|[\s_]+(?:mv|uv|\u00b5v|\u03bcv|v)|[\s_-]+(?:lead|filtered|raw))$")
_CODE = re.compile(r"(?:5\.6\.3-9-|2:)(\d+)$")
_MDC = re.compile(r"131(?:0[7-9]|1[0-9]|3[2-9]|4[0-4])\d")
_ECG = re.compile(r"(?<![a-z])(?:ecg|ekg)(?![a-z])", re.I)
_CHEST = re.compile(r"c[1-9]r?")
"""V1 to V9 as IEC 60601-2-25 also calls them. Places of an electroencephalogram are called so, too."""


@functools.lru_cache(maxsize=1024)
def canonical(name: str) -> str | None:
    """Return the one spelling of a lead's name, or None where it names no lead that is known.

    "MDC_ECG_LEAD_V1", "Lead I (Einthoven)", "EKG II", "DI", "D1", "avr", "aVR [uV]" and "MLII" are understood, and the
    codes of SCP-ECG ("5.6.3-9-61") and of ISO/IEEE 11073 ("2:61", "131133"). MLII, a lead II from electrodes on the
    chest, counts as II. Of what C1 to C9 are called, only all names of a file tell: see `canonicals`.
    """
    text = name.strip().lower()
    code = _CODE.match(text)
    if code:
        return _CODES.get(code[1])
    if _MDC.fullmatch(text):  # of partition 2, or its electrode potentials
        return _CODES.get(str((int(text) - 0x20000) % 256))
    return _SPELLED.get(_stem(text))


@functools.lru_cache(maxsize=64)
def canonicals(names: tuple[str, ...]) -> tuple[str | None, ...]:
    """Return what `canonical` does of all names of a file; C1 to C9 are V1 to V9 where I and II stand beside them.

    Places of an electroencephalogram are called C1 to C6, too: where Cz is among the names, C3 is no lead.
    """
    known = tuple(map(canonical, names))
    if not {"I", "II"} <= set(known) or any(_stem(name.strip().lower()) == "cz" for name in names):
        return known
    chest = [text if _CHEST.fullmatch(text := _stem(name.strip().lower())) else "" for name in names]
    if not {"c1", "c2"} <= set(chest):
        return known
    return tuple(_KNOWN.get(text.replace("c", "v"), lead) for text, lead in zip(chest, known, strict=True))


def says_ecg(name: str) -> bool:
    """Tell whether a channel is called an ECG, whatever lead."""
    return _ECG.search(name) is not None


def unnamed(names: Sequence[str]) -> int | None:
    """Return which channel is the ECG where none is named like a lead: the only one, or the only one called ECG."""
    called = [row for row, name in enumerate(names) if says_ecg(name)]
    rows = called or range(len(names))
    return rows[0] if len(rows) == 1 else None


def _stem(text: str) -> str:
    """Return a name in small letters without what is not of the lead itself."""
    if text in _SPELLED:
        return text
    text = _PREFIX.sub("", text)
    for _ in range(3):
        if text in _SPELLED:
            return text
        text = _SUFFIX.sub("", text).strip()
    return text


def select(names: Sequence[str], recorded: Sequence[bool]) -> tuple[list[int], list[str], list[str]]:
    """Choose which channels are leads of the ECG.

    Parameters
    ----------
    names
        The names as the file writes them.
    recorded
        Whether each channel holds a signal at all.

    Returns
    -------
    rows, leads, warnings
        The channels to keep, their canonical names, and a sentence for whatever was left out.
    """
    best: dict[str, int] = {}
    unknown = twice = 0
    for row, lead in enumerate(canonicals(tuple(names))):
        if lead is None:
            unknown += 1
        elif lead not in best:
            best[lead] = row
        else:
            twice += 1
            if recorded[row] and not recorded[best[lead]]:
                best[lead] = row
    warnings = []
    if unknown:  # their names stay behind: a label may hold anything
        warnings.append(f"{unknown} of {len(names)} channels are named like no ECG lead and were left out.")
    if twice:
        warnings.append(f"{twice} of {len(names)} channels repeat a lead; the first that was recorded was taken.")
    if any("ml" in names[row].lower() for row in best.values()):
        warnings.append("Lead MLII, a lead II from electrodes on the chest, was taken as lead II.")
    leads = sorted(best, key=(LEADS + EXTRA).index)
    return [best[lead] for lead in leads], leads, warnings


def derive(signal: NDArray[np.float32], leads: Sequence[str]) -> tuple[NDArray[np.float32], list[str]]:
    """Add those of III, aVR, aVL and aVF that are absent where I and II are present.

    Exact by Einthoven's and Goldberger's definitions: III = II - I, aVR = -(I + II)/2, aVL = I - II/2, aVF = II - I/2.

    Parameters
    ----------
    signal
        (leads, samples), mV.
    leads
        Canonical names, in the order of `LEADS`.

    Returns
    -------
    signal, leads
        With the derived leads, in the order of `LEADS`.
    """
    if not {"I", "II"} <= set(leads) or {"III", "aVR", "aVL", "aVF"} <= set(leads):
        return signal, list(leads)
    rows = dict(zip(leads, signal, strict=True))
    one, two = rows["I"], rows["II"]
    formed = {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    rows = formed | rows
    order = sorted(rows, key=(LEADS + EXTRA).index)
    return np.stack([rows[lead] for lead in order]), order
