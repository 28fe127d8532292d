"""Whether a change of the code left every estimate as it was, to the byte.

    KALEMIA_DATA=... python bench/same.py OUT.jsonl          write what all bundled models say of everything
    python bench/same.py OUT.jsonl --against BEFORE.jsonl    the same, then compare with a file of the code before

Everything: each file and page below KALEMIA_DATA (left out where it is unset) and simulated patients of all levels. A
line is an input and a model: what `predict --json` would print, and a hash of the millivolts it was made from. Run
both sides on one machine: other processors round the last digit differently.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kalemia.estimate.model import bundled
from kalemia.estimate.predict import Result, examine
from kalemia.read import inputs
from kalemia.records import Recording
from kalemia.simulate import simulate
from kalemia.simulate.levels import LEVELS
from kalemia.system.workers import mapped

PATIENTS = 40
"""Simulated patients of each level."""


def of_file(source: str) -> list[str]:
    """Return the lines of one file: it is read once, and its recording shown to the other models."""
    names = [card.name for card in bundled()]
    first = examine(source, names[0])
    lines = [line(source, first)]
    if first.recording is not None:
        bare = replace(first.recording, source=source)
        lines += [line(source, examine(bare, name)) for name in names[1:]]
    return lines


def of_level(level: str) -> list[str]:
    """Return the lines of the simulated patients of one level."""
    names = [card.name for card in bundled()]
    patients = enumerate(simulate(PATIENTS, seed=17, level=level))
    return [line(f"{level} {nth}", examine(one.recording, name)) for nth, one in patients for name in names]


def line(source: str, result: Result) -> str:
    """Return what was said as one line of JSON."""
    said = {**result.estimate.to_dict(), "source": source, "signal": digest(result.recording)}
    return json.dumps(said)


def digest(recording: Recording | None) -> str | None:
    """Return a hash of the signal, its rate and its leads."""
    if recording is None:
        return None
    head = f"{recording.rate!r} {recording.leads} {recording.confidence}".encode()
    return hashlib.sha256(head + recording.signal.tobytes()).hexdigest()


def everything() -> Iterator[str]:
    """Yield all lines, real files first."""
    if folder := os.environ.get("KALEMIA_DATA"):
        os.chdir(folder)
        for lines in mapped(of_file, [str(path) for path in inputs(["."])], 2):
            yield from lines
    for lines in mapped(of_level, list(LEVELS), 2):
        yield from lines


def main() -> None:
    """Write, and compare where asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--against", type=Path)
    given = parser.parse_args()
    out, against = given.out.resolve(), given.against and given.against.resolve()
    lines = list(everything())
    out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} estimates, sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}")
    if against is not None:
        before = against.read_text(encoding="utf-8").splitlines()
        other = [(a, b) for a, b in zip(before, lines, strict=False) if a != b]
        for a, b in other[:5]:
            print(f"before {a}\nnow    {b}")
        print(f"{len(other)} differ; {len(before)} before, {len(lines)} now")
        sys.exit(bool(other) or len(before) != len(lines))


if __name__ == "__main__":
    main()
