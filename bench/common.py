"""What the benchmarks share: where the real recordings are, and tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path


def data() -> Path:
    """Return the folder of real recordings that KALEMIA_DATA names, or leave with a sentence."""
    folder = Path(os.environ.get("KALEMIA_DATA", ""))
    if not (folder / "ptbxl").is_dir():
        sys.exit("set KALEMIA_DATA to the folder of real recordings (it holds ptbxl, ludb, cinc2021, ndmc-potassium)")
    return folder


def headers(folder: Path) -> list[Path]:
    """Return the WFDB headers below a folder, sorted."""
    return sorted(folder.rglob("*.hea"))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
