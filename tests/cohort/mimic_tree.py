"""A tree of files shaped like MIMIC-IV-ECG and MIMIC-IV, made by our simulator; no line of theirs is in it.

python tests/cohort/mimic_tree.py FOLDER PATIENTS
"""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from kalemia.simulate import Simulated, simulate
from kalemia.system import wfdb

ORDER = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")
"""In which some of MIMIC-IV-ECG's records have their leads."""
FIRST = datetime(2150, 3, 1, 9)
LABS = (
    "labevent_id", "subject_id", "hadm_id", "specimen_id", "itemid", "order_provider_id", "charttime", "storetime",
    "value", "valuenum", "valueuom", "ref_range_lower", "ref_range_upper", "flag", "priority", "comments",
)  # fmt: skip


def subject(number: int) -> str:
    return str(10_000_000 + 37 * number)


def lab(number: int, draw: datetime | None, value: object, item: str = "50971", **other: object) -> dict[str, object]:
    """Return a line of the laboratory for a patient."""
    return {
        "subject_id": subject(number),
        "itemid": item,
        "charttime": "" if draw is None else draw.isoformat(" "),
        "value": value,
        "valuenum": value,
        "valueuom": "mEq/L",
        "comments": "",
        **other,
    }


def write_csv(path: Path, names: Sequence[str], rows: Sequence[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    table = csv.DictWriter(text, names, restval="", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def tree(folder: Path, count: int = 12, extra: Sequence[dict[str, object]] = ()) -> list[Simulated]:
    """Write `folder`/ecg and `folder`/clinical: an ECG a patient, its potassium 20 minutes after it."""
    made = list(simulate(count, 5, "clinic"))
    records, machine, people, labs, codes = [], [], [], [], []
    for number, one in enumerate(made):
        study = 40_000_000 + number
        path = f"files/p{subject(number)[:4]}/p{subject(number)}/s{study}/{study}"
        stem = folder / "ecg" / path
        stem.parent.mkdir(parents=True)
        stored = wfdb.counts(np.stack([one.recording.lead(lead) for lead in ORDER]))
        for name, content in wfdb.files(stem.name, ORDER, 500.0, stored, "simulated").items():
            stem.with_name(name).write_bytes(content)
        at = FIRST + timedelta(days=number)
        records.append(
            {
                "subject_id": subject(number),
                "study_id": study,
                "file_name": study,
                "ecg_time": at.isoformat(" "),
                "path": path,
            }
        )
        report = "Atrial fibrillation" if one.parameters["fibrillation"] else "Sinus rhythm"
        machine.append({"study_id": study, "report_0": report, "qrs_onset": 100, "qrs_end": 190 + 40 * (number % 2)})
        female = one.parameters["female"]
        people.append(
            {
                "subject_id": subject(number),
                "gender": "F" if female else "M",
                "anchor_age": round(one.parameters["age_y"]),
                "anchor_year": 2150,
            }
        )
        labs.append(lab(number, at + timedelta(minutes=20), one.blood.measured_meq_l, specimen_id=number))
        labs.append(lab(number, at + timedelta(minutes=20), 140, item="50983"))
        codes.append({"subject_id": subject(number), "icd_code": ("N186", "Z992", "I10", "5856")[number % 4]})
    labs += extra
    for number, line in enumerate(labs):
        line["labevent_id"] = number
    write_csv(folder / "ecg" / "record_list.csv", tuple(records[0]), records)
    write_csv(folder / "ecg" / "machine_measurements.csv", tuple(machine[0]), machine)
    write_csv(folder / "clinical" / "hosp" / "patients.csv.gz", tuple(people[0]), people)
    write_csv(folder / "clinical" / "hosp" / "labevents.csv.gz", LABS, labs)
    write_csv(folder / "clinical" / "hosp" / "diagnoses_icd.csv.gz", tuple(codes[0]), codes)
    return made


if __name__ == "__main__":
    where, patients = sys.argv[1:]
    tree(Path(where), int(patients))
