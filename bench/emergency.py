"""What models say of emergency patients with another disease: whose ECG looks odd, and not for potassium.

    KALEMIA_DATA=... python bench/emergency.py [MODEL ...]

`ndmc-emergency` only judges. Its potassium is unknown, and taken for normal. An ECG with several diagnoses counts in
each of them. It is a part of judge.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from common import Models, data, headers, kinds, named, of_files, percent, refusals, share, table, targets
from kalemia.records import Estimate
from ndmc import diagnoses

TITLE = "Emergency patients with another disease"
MOST_HIGH = 0.12
FEWEST = 4
"""ECGs of a diagnosis that has a row of its own."""
OTHERS = "any rarer one"

Found = list[Estimate]


def called(estimates: Iterable[Estimate]) -> str:
    """Return how many of those that are estimated are called high."""
    known = [e for e in estimates if e.status == "estimated"]
    high = sum(e.level == "high" for e in known)
    return f"{high} of {len(known)}: {share(high, len(known))}" if known else "none estimated"


def by_diagnosis(found: Found) -> dict[str, Found]:
    """Return the estimates by diagnosis, those with most ECGs first."""
    known = diagnoses()
    groups: dict[str, Found] = {}
    for one in found:
        for diagnosis in known[Path(one.source).stem]:
            groups.setdefault(diagnosis, []).append(one)
    large = {name: some for name, some in groups.items() if len(some) >= FEWEST}
    rare = {e.source: e for some in groups.values() if len(some) < FEWEST for e in some}
    return dict(sorted(large.items(), key=lambda one: (-len(one[1]), one[0]))) | {OTHERS: list(rare.values())}


def warned(name: str, found: Found) -> list[list[object]]:
    """Return which warnings ECGs carry that are called high, and others."""
    known = [e for e in found if e.status == "estimated"]
    sides = [[e for e in known if (e.level == "high") is high] for high in (True, False)]
    none = [sum(not e.warnings for e in side) for side in sides]
    counts = [kinds(kind for e in side for kind in {*e.warnings}) for side in sides]
    most = (counts[0] + counts[1]).most_common()
    rows: list[list[object]] = [[f"`{name}`", "no warning", *none]]
    return rows + [[f"`{name}`", kind, *(count[kind] for count in counts)] for kind, _ in most]


def main(models: Models) -> None:
    """Print the tables and which target is reached."""
    found = {name: of_files(headers(data() / "ndmc-emergency"), model) for name, model in models.items()}
    groups = {name: by_diagnosis(some) for name, some in found.items()}
    rows: list[list[object]] = [
        ["**all**", len(next(iter(found.values()))), *(called(some) for some in found.values())]
    ]
    for diagnosis, some in next(iter(groups.values())).items():
        rows.append([diagnosis, len(some), *(called(one[diagnosis]) for one in groups.values())])
    print('Called high among those that were not refused; "none" are those of a contest who had not got its disease:\n')
    print(table(["diagnosis", "ECGs", *(f"`{name}`" for name in models)], rows, "emergency"))
    reached = {}
    for name, some in found.items():
        known = [e for e in some if e.status == "estimated"]
        reached[name] = sum(e.level == "high" for e in known) / len(known) <= MOST_HIGH
    asked = f"Called high: at most {percent(MOST_HIGH)} of all"
    print(f"\nTarget:\n\n{targets({asked: reached}, 'emergency-targets')}")
    print("\nWarnings that they carry:\n")
    rows = [row for name, some in found.items() for row in warned(name, some)]
    print(table(["model", "warning", "called high", "not called high"], rows, "emergency-warnings"))
    print(f"\nRefused:\n\n{refusals(found, 'emergency-refused')}")


if __name__ == "__main__":
    main(named(sys.argv[1:]))
