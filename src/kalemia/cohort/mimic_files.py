"""Where the files of MIMIC-IV-ECG and MIMIC-IV lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kalemia.cohort.foreign import find, needed

HEMOLYZED_INDEX = 50.0
"""A specimen with at least this index counts as hemolyzed: from the fourth of seven grades on potassium was higher by
half a mmol/L (Goyal and Schmotzer 2015, DOI 10.1309/AJCPDUDE1HRA0YMR). A comment that says so counts, too."""


@dataclass(frozen=True)
class MimicFolders:
    """Where the two halves lie, and how they are paired.

    Attributes
    ----------
    ecg
        The folder of MIMIC-IV-ECG, with `record_list.csv`.
    clinical
        The folder of MIMIC-IV, with `hosp/labevents.csv.gz`.
    window_min
        How many minutes before or after the ECG the draw may be.
    hemolyzed_index
        The index of hemolysis from which a specimen counts as hemolyzed.
    """

    ecg: Path
    clinical: Path
    window_min: float = 60.0
    hemolyzed_index: float = HEMOLYZED_INDEX


class MimicFiles(NamedTuple):
    """The files that are read; those that may be missing are None then."""

    records: Path
    labs: Path
    patients: Path | None
    diagnoses: Path | None
    machine: Path | None

    @classmethod
    def of(cls, mimic: MimicFolders) -> MimicFiles:
        """Find them, as they are or gzipped; CohortError where one that is needed is not there."""
        hosp = mimic.clinical / "hosp" if (mimic.clinical / "hosp").is_dir() else mimic.clinical
        return cls(
            needed(mimic.ecg, "record_list.csv"),
            needed(hosp, "labevents.csv"),
            find(hosp, "patients.csv"),
            find(hosp, "diagnoses_icd.csv"),
            find(mimic.ecg, "machine_measurements.csv"),
        )
