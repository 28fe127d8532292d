"""A digitized page as files: the signal as WFDB or CSV, how it was read as JSON, and the overlay as PNG."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

from kalemia.digitize.overlay import overlay
from kalemia.digitize.result import Digitized
from kalemia.errors import DigitizeError, KalemiaError
from kalemia.records import DIGITIZED, Recording
from kalemia.system import atomic, wfdb

FORMATS = ("wfdb", "csv")


def stem(source: str, page: int, taken: set[str]) -> str:
    """Return a name for the files of a page that WFDB allows and no other page has, and remember it."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", Path(source).stem).strip("_") or "page"
    first = plain if page == 1 else f"{plain}_p{page}"
    name, number = first, 1
    while name.lower() in taken:
        number += 1
        name = f"{first}_{number}"
    taken.add(name.lower())
    return name


def write(page: Digitized, folder: Path, name: str, form: str = "wfdb", *, blank: bool = True) -> list[Path]:
    """Write the files of a page into a folder, made if need be, all or none; return their paths.

    Raises
    ------
    KalemiaError
        Where the folder cannot be written; a DigitizeError where the page itself would be overwritten.
    """
    contents = _wfdb(page.recording, name) if form == "wfdb" else {f"{name}.csv": _csv(page.recording)}
    contents[f"{name}.json"] = _json(page)
    contents[f"{name}.png"] = overlay(page, blank=blank)
    paths = {folder / file: data for file, data in contents.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(path.exists() and path.samefile(page.recording.source) for path in paths):
            raise DigitizeError(f"{page.recording.source}: its own overlay would take its place; give another folder")
        atomic.write(paths)
    except OSError as exc:
        raise KalemiaError(f"{folder}: the files of {name} cannot be written ({exc.strerror})") from exc
    return list(paths)


def _json(page: Digitized) -> bytes:
    """Return how a page was read; a name that is no text has its bytes as JSON writes them."""
    text = json.dumps(page.to_dict(), indent=1, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")


def _wfdb(recording: Recording, name: str) -> dict[str, bytes]:
    stored = wfdb.counts(recording.signal)
    return wfdb.files(name, recording.leads, recording.rate, stored, DIGITIZED)


def _csv(recording: Recording) -> bytes:
    """Return a table of seconds and mV; nothing stands where nothing is printed."""
    rows = [f"# {DIGITIZED}", "# units: mV", "time_s," + ",".join(recording.leads)]
    for k, samples in enumerate(recording.signal.T):
        values = ",".join("" if np.isnan(v) else f"{v:.4f}" for v in samples)
        rows.append(f"{k / recording.rate:.4f},{values}")
    return ("\n".join(rows) + "\n").encode("ascii")
