"""Pages whose true signal is known, with what they print; see `digitize.py`."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image

from common import data
from kalemia.records import Recording
from printed.layouts import PrintedLayout, layout, printed
from printed.pages import PrintedPage

STRIP = layout(3, 4, ("II",))


def true_of(header: Path, shown: PrintedLayout) -> Recording:
    """Return what a page prints of a WFDB record, in the millivolts that its header states."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import wfdb
    record = wfdb.rdrecord(str(header.with_suffix("")))
    whole = Recording(record.p_signal.T, record.fs, tuple(record.sig_name))
    return printed(whole, shown)


def ludb_pages() -> list[tuple[PrintedPage, str]]:
    """Return LUDB's pages with what they print, and their names."""
    found = []
    for path in sorted((data() / "ludb-pages").glob("*.png")):
        true = true_of(data() / "ludb" / "data" / f"{int(path.stem)}.hea", STRIP)
        with Image.open(path) as image:
            found.append((PrintedPage(np.asarray(image.convert("RGB")), true, STRIP.name, 7.7), path.stem))
    return found


def pdf_pages() -> list[tuple[Path, Recording]]:
    """Return the PDF pages with what they print."""
    paths = sorted((data() / "pages-pdf").glob("*.pdf"))
    return [
        (path, true_of(path.with_name(path.stem.removesuffix("_6x2")), layout(6, 2) if "6x2" in path.stem else STRIP))
        for path in paths
    ]
