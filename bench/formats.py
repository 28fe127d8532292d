"""What becomes of every real file: read with which leads, or refused with which sentence.

KALEMIA_DATA=... python bench/formats.py | python bench/fill.py formats
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from common import data, headers, table
from kalemia.errors import KalemiaError
from kalemia.read import read
from kalemia.records import Recording

DATABASES = ("ptbxl", "ludb", "cinc2021", "ndmc-potassium", "ndmc-emergency")
NOT_ECG = {".md", ".png", ".pdf"}


def residual(recording: Recording) -> float:
    """Return RMS(I + III - II) over SD(II); nan where a lead is missing."""
    if not {"I", "II", "III"} <= set(recording.leads):
        return float("nan")
    one, two, three = (recording.lead(name) for name in ("I", "II", "III"))
    return float(np.sqrt(np.nanmean(np.square(one + three - two))) / np.nanstd(two))


def device_files() -> list[list[object]]:
    """Return a row a file that a device wrote."""
    folder = data() / "formats"
    rows: list[list[object]] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix not in NOT_ECG):
        name = f"{path.relative_to(folder).parts[0]}, {path.suffix.lower()}"
        try:
            found = read(path)
        except KalemiaError as exc:
            rows.append([name, "refused", str(exc).removeprefix(f"{path}: "), ""])
            continue
        what = f"{len(found.leads)} leads, {found.duration_s:.1f} s at {found.rate:g} Hz"
        rows.append([name, what, " ".join(found.warnings), f"{residual(found):.3f}"])
    return rows


def databases() -> list[list[object]]:
    """Return a row a database."""
    rows: list[list[object]] = []
    for name in DATABASES:
        paths = headers(data() / name)
        found: list[Recording] = []
        failed: list[Path] = []
        for path in paths:
            try:
                found.append(read(path))
            except KalemiaError:
                failed.append(path)
        residuals = [residual(recording) for recording in found]
        repaired = sum(any("counts" in w for w in r.warnings) for r in found)
        rows.append(
            [name, len(paths), len(failed), repaired, f"{np.median(residuals):.4f}", f"{np.max(residuals):.4f}"]
        )
    return rows


if __name__ == "__main__":
    columns = ["database", "records", "not read", "scale repaired", "median of I + III - II", "largest"]
    print(table(columns, databases(), "formats"))
    print("\nFiles as devices write them:\n")
    print(table(["from", "result", "warnings or the reason", "I + III - II"], device_files(), "formats-files"))
