"""Fetches the open demos of MIMIC-IV and MIMIC-IV-ECG from PhysioNet, checked against their SHA-256."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from kalemia.errors import CohortError
from kalemia.system import atomic

SERVER = "https://physionet.org/files"
"""`KALEMIA_PHYSIONET` names another that serves the same layout."""
CLINICAL, ECG = "mimic-iv-demo/2.2", "mimic-iv-ecg-demo/0.1"
HOSP = ("labevents.csv.gz", "patients.csv.gz", "diagnoses_icd.csv.gz")
SUMS = "SHA256SUMS.txt"
TIMEOUT_S = 60
LARGEST_BYTES = 1 << 30

Report = Callable[[str, int, int], None]


def fetch_demos(ecg: Path, clinical: Path, report: Report | None = None) -> None:
    """Fetch what `mimic_iv.write` reads into two folders; files that are there already are not fetched again.

    Raises
    ------
    CohortError
        The server cannot be reached, a file is not what its checksum says, or a folder cannot be written.
    """
    server = os.environ.get("KALEMIA_PHYSIONET", SERVER).rstrip("/")
    if not server.startswith(("https://", "http://")):
        raise CohortError(f"KALEMIA_PHYSIONET is {server!r:.60}; an address that begins with https:// is accepted")
    sums = _sums(f"{server}/{CLINICAL}")
    for name in HOSP:
        _fetch(f"{server}/{CLINICAL}", f"hosp/{name}", clinical, sums)
    sums = _sums(f"{server}/{ECG}")
    _fetch(f"{server}/{ECG}", "record_list.csv", ecg, sums)
    listed = (ecg / "record_list.csv").read_text(encoding="utf-8")
    paths = [row["path"] for row in csv.DictReader(io.StringIO(listed)) if row.get("path")]
    for number, path in enumerate(paths, 1):
        for suffix in (".hea", ".dat"):
            _fetch(f"{server}/{ECG}", path + suffix, ecg, sums)
        if report:
            report("fetching ECGs", number, len(paths))


def _fetch(base: str, name: str, folder: Path, sums: dict[str, str]) -> None:
    parts = PurePosixPath(name).parts
    if not parts or ".." in parts or PurePosixPath(name).is_absolute():
        raise CohortError(f"{base}: names the file {name!r:.80}, which leads out of the folder")
    path = folder.joinpath(*parts)
    if path.is_file():
        return
    content = _get(f"{base}/{name}")
    if hashlib.sha256(content).hexdigest() != sums.get(name):
        raise CohortError(f"{base}/{name}: differs from its checksum in {SUMS}, or has none; fetch it again")
    with atomic.writing(path, CohortError):
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write({path: content})


def _sums(base: str) -> dict[str, str]:
    """Return the SHA-256 of each file as the server lists them."""
    lines = _get(f"{base}/{SUMS}").decode("utf-8", "replace").splitlines()
    split = (line.split(maxsplit=1) for line in lines)
    return {parts[1].strip(): parts[0].lower() for parts in split if len(parts) == 2}


def _get(address: str) -> bytes:
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer:  # noqa: S310 - https or http, see above
            content = bytes(answer.read(LARGEST_BYTES + 1))
    except (urllib.error.URLError, OSError, ValueError) as exc:
        why = getattr(exc, "reason", None) or exc
        raise CohortError(f"{address}: cannot be fetched ({why}); check the network, or fetch it by hand") from exc
    if len(content) > LARGEST_BYTES:
        raise CohortError(f"{address}: is larger than {LARGEST_BYTES:,} bytes; fetch it by hand")
    return content
