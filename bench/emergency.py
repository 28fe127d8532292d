"""What models say of emergency patients with another disease: whose ECG looks odd, and not for potassium.

    KALEMIA_DATA=... python bench/emergency.py [MODEL ...]

`ndmc-emergency` only judges. Its potassium is unknown, and taken for normal. An ECG with several diagnoses counts in
each of them. It is a part of judge.py.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from common import Models, data, headers, kinds, named, of_files, percent, refusals, share, table, targets
from kalemia.records import Estimate
from ndmc import diagnoses

TITLE = "Emergency patients with another disease"
MOST_HIGH = 0.12
LEAST_TOLD, MOST_ALARMED = 0.70, 0.05
RAISED = "ST is raised"
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


def raised(found: Found) -> tuple[Found, Found]:
    """Return the ST-elevation infarctions, and those that a contest called normal."""
    known = diagnoses()
    of = {e.source: known[Path(e.source).stem] for e in found}
    infarcts = [e for e in found if any(one.startswith("STEMI") for one in of[e.source])]
    return infarcts, [e for e in found if any(one.endswith(": none") for one in of[e.source])]


def told(found: Found) -> int:
    """Return how many carry the warning that ST is raised, refused ones included."""
    return sum(any(one.startswith(RAISED) for one in e.warnings) for e in found)


def warned(name: str, found: Found) -> list[list[object]]:
    """Return which warnings ECGs carry that are called high, and others."""
    known = [e for e in found if e.status == "estimated"]
    sides = [[e for e in known if (e.level == "high") is high] for high in (True, False)]
    none = [sum(not e.warnings for e in side) for side in sides]
    counts = [kinds(kind for e in side for kind in {*e.warnings}) for side in sides]
    most = (counts[0] + counts[1]).most_common()
    rows: list[list[object]] = [[f"`{name}`", "no warning", *none]]
    return rows + [[f"`{name}`", kind, *(count[kind] for count in counts)] for kind, _ in most]


def elevation(found: Mapping[str, Found]) -> str:
    """Return a table of who is warned that ST is raised, and which of the infarctions are refused or called high."""
    rows: list[list[object]] = []
    for name, some in found.items():
        infarcts, normal = raised(some)
        refused = sum(e.status != "estimated" for e in infarcts)
        shares = [share(told(group), len(group)) for group in (infarcts, normal)]
        rows.append([f"`{name}`", f"{told(infarcts)} of {len(infarcts)}: {shares[0]}",
                     f"{told(normal)} of {len(normal)}: {shares[1]}", refused, called(infarcts)])  # fmt: skip
    columns = ["model", "ST-elevation infarctions", "none", "infarctions refused", "infarctions called high"]
    return table(columns, rows, "emergency-st")


def reached(found: Mapping[str, Found]) -> dict[str, dict[str, bool]]:
    """Return which model reaches each target."""
    few: dict[str, bool] = {}
    told_of: dict[str, bool] = {}
    alarmed: dict[str, bool] = {}
    for name, some in found.items():
        known = [e for e in some if e.status == "estimated"]
        infarcts, normal = raised(some)
        few[name] = sum(e.level == "high" for e in known) / len(known) <= MOST_HIGH
        told_of[name] = told(infarcts) / len(infarcts) >= LEAST_TOLD
        alarmed[name] = told(normal) / len(normal) <= MOST_ALARMED
    return {
        f"Called high: at most {percent(MOST_HIGH)} of all": few,
        f"ST-elevation infarctions: at least {percent(LEAST_TOLD)} warned that ST is raised": told_of,
        f"None of the contest's disease: at most {percent(MOST_ALARMED)} warned that ST is raised": alarmed,
    }


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
    print(f'\nWarned that ST is raised, refused ones included ("none" as above):\n\n{elevation(found)}')
    print(f"\nTargets:\n\n{targets(reached(found), 'emergency-targets')}")
    print("\nWarnings that they carry:\n")
    rows = [row for name, some in found.items() for row in warned(name, some)]
    print(table(["model", "warning", "called high", "not called high"], rows, "emergency-warnings"))
    print(f"\nRefused:\n\n{refusals(found, 'emergency-refused')}")


if __name__ == "__main__":
    main(named(sys.argv[1:]))
