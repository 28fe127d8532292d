"""The acceptance table of the simulator for the docs, and the page beside it.

    KALEMIA_DATA=... python bench/simulator.py | python bench/fill.py simulator

The same as `kalemia simulate validate`; docs/validation.html is written anew. Real records are PTB-XL's even ones (by
name, from 0); the odd ones were fitted on.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from common import data, table
from kalemia.validate.validate import validate, write

PATIENTS, SEED, WORKERS = 400, 3, 2
PAGE = Path(__file__).parent.parent / "docs" / "validation.html"


def main() -> None:
    """Print the table and write the page."""
    validation = validate(PATIENTS, SEED, "clinic", data() / "ptbxl", WORKERS, _tell)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), validation)
        PAGE.write_bytes((Path(folder) / "index.html").read_bytes())
    rows = []
    for outcome in validation.all:
        row = outcome.criterion
        cells = (row.id, row.what, row.expected_shown, outcome.shown, row.tolerance, outcome.verdict)
        rows.append([cell.replace("|", "\\|") for cell in cells])
    print(f"{PATIENTS} patients of `clinic`, seed {SEED}: {validation.summary}.\n")
    print(table(["row", "what", "expected", "simulated", "tolerance", "verdict"], rows, "simulator"))


def _tell(what: str, done: int, of: int) -> None:
    if done == of:
        print(f"{what} {done}/{of}", file=sys.stderr)


if __name__ == "__main__":
    main()
