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
_CODES = {"1": "I", "2": "II", "61": "III", "62": "aVR", "63": "aVL", "64": "aVF"} | {
    str(n + 2): f"V{n}" for n in range(1, 7)
}
_PREFIX = re.compile(r"^(?:mdc_ecg_lead_|mdc_ecg_|ecg_lead_|(?:ecg|ekg|lead|einthoven|goldberger|wilson)[\s_:.-]*)+")
_SUFFIX = re.compile(r"(?:\s*\(.*\)|\s*\[.*\]|[\s_]+(?:mv|uv|\u00b5v|\u03bcv|v)|[\s_-]+(?:lead|filtered|raw))$")
_CODE = re.compile(r"(?:5\.6\.3-9-|2:)(\d+)$")


@functools.lru_cache(maxsize=1024)
def canonical(name: str) -> str | None:
    """Return the one spelling of a lead's name, or None where it names no lead that is known.

    "MDC_ECG_LEAD_V1", "Lead I (Einthoven)", "ECG I", "avr", "aVR [uV]" and "MLII" are understood, and the codes of
    SCP-ECG ("5.6.3-9-61") and of ISO/IEEE 11073 ("2:61") that DICOM uses. MLII, a lead II from electrodes on the chest,
    counts as II.
    """
    text = name.strip().lower()
    code = _CODE.match(text)
    if code:
        return _CODES.get(code[1])
    if text in _KNOWN:
        return _KNOWN[text]
    text = _PREFIX.sub("", text)
    for _ in range(3):
        if text in _KNOWN:
            return _KNOWN[text]
        text = _SUFFIX.sub("", text).strip()
    return "II" if text in {"mlii", "ml2"} else _KNOWN.get(text)


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
    for row, name in enumerate(names):
        lead = canonical(name)
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
