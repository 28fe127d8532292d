"""How many small faults in the code the tests notice: mutants that mutmut makes, room by room.

    python bench/mutants.py [ROOM ...] [--most N] [--seed S] [--show] | python bench/fill.py mutants

ROOM is any of read, digitize, condition, beat, quality, model, predict, caveats, personal; all of them without one. Of
each room N mutants (200) are drawn at random, and the room's tests are run against each, without real recordings, as
in a fresh clone. `--show` prints those that survive. A mutant that no test runs counts as alive. Needs
`pip install mutmut==3.8.1`, which the gate does not.

mutmut changes the bodies of functions: numbers, operators, arguments, texts. It passes over constants of modules and
functions with decorators.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common import table

ROOT = Path(__file__).parent.parent
MOST = 200
KILLED = {1: "killed", 3: "killed", 24: "timeout", 36: "timeout", 152: "timeout", 255: "timeout", -24: "timeout"}
"""What mutmut notes of a mutant that the tests noticed."""


@dataclass(frozen=True)
class Room:
    """What is mutated, as patterns below `src/kalemia`, and the tests that should notice."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


ROOMS = {
    "read": Room(("read/*", "body.py"), ("read",)),
    "digitize": Room(("digitize/*",), ("digitize", "printed")),
    "condition": Room(("signal/condition.py", "signal/product.py"), ("signal",)),
    "beat": Room(("signal/beat.py", "signal/peaks.py", "signal/cycle.py"), ("signal",)),
    "quality": Room(("signal/quality.py", "signal/pacing.py", "signal/electrodes.py"), ("signal", "estimate")),
    "model": Room(
        ("estimate/model.py", "estimate/card.py", "estimate/evidence.py", "estimate/population.py"), ("estimate",)
    ),
    "predict": Room(("estimate/predict.py", "estimate/gate.py", "estimate/many.py"), ("estimate",)),
    "caveats": Room(("estimate/caveats.py",), ("estimate",)),
    "personal": Room(("estimate/personal.py", "estimate/draws.py"), ("estimate",)),
}


def copied(room: Room, folder: Path) -> None:
    """Copy the project as git sees it, and tell mutmut in it what to mutate and which tests to run."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file() and not name.startswith("docs/"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    tests = [f"tests/{name}" for name in room.tests]
    options = {
        "source_paths": ["src"],
        "only_mutate": [f"src/kalemia/{pattern}" for pattern in room.files],
        "also_copy": ["bench", "configs"],
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": ["-p", "no:cacheprovider"],
        "timeout_constant": 5.0,
        "process_isolation": "forkserver",  # a plain fork would inherit what the clean run has cached
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in options.items()]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as project:
        project.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def mutmut(folder: Path, names: Sequence[str]) -> str:
    """Run the mutants of these names."""
    kept = {key: value for key, value in os.environ.items() if key not in {"KALEMIA_DATA", "PYTHONPATH"}}
    threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "mutmut", "run", "--max-children", "2", *names]
    ran = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, env=kept | threads)
    return ran.stdout + ran.stderr


def verdicts(folder: Path) -> dict[str, int | None]:
    """Return what mutmut noted of each mutant, None where it was not run."""
    found: dict[str, int | None] = {}
    for path in sorted((folder / "mutants").rglob("*.py.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def row(name: str, most: int, seed: int, show: bool) -> list[object]:
    """Return how many mutants there are, how many were tried, and what became of them."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        copied(ROOMS[name], folder)
        printed = mutmut(folder, ["nothing"])  # makes the mutants, and learns which tests run which function
        every = sorted(verdicts(folder))
        if not every:
            sys.exit(f"{name}: mutmut made no mutants\n{printed[-2000:]}")
        drawn = random.Random(seed).sample(every, min(most, len(every)))
        printed = mutmut(folder, drawn)
        codes = verdicts(folder)
        tried = [mutant for mutant in drawn if codes[mutant] is not None]
        if not tried:
            sys.exit(f"{name}: mutmut ran no mutants\n{printed[-2000:]}")
        alive = [mutant for mutant in tried if codes[mutant] not in KILLED]
        if show:
            for mutant in alive:
                shown = [sys.executable, "-m", "mutmut", "show", mutant]
                print(subprocess.run(shown, cwd=folder, check=False, capture_output=True, text=True).stdout)
        kinds = Counter("no test runs it" if codes[mutant] == 33 else "survived" for mutant in alive)
    dead = len(tried) - len(alive)
    return [name, len(every), len(tried), f"{dead / len(tried):.0%}", kinds["survived"], kinds["no test runs it"]]


def main() -> None:
    """Print a table, a row a room."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("rooms", nargs="*", metavar="ROOM", choices=[[], *ROOMS])
    parser.add_argument("--most", type=int, default=MOST)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    rows = [row(name, given.most, given.seed, given.show) for name in given.rooms or ROOMS]
    print(table(["room", "mutants", "tried", "killed", "survived", "no test runs it"], rows))


if __name__ == "__main__":
    main()
