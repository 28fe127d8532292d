"""What the benchmarks share: where the real recordings are, which models are asked, tables, shares and targets."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import KalemiaError
from kalemia.estimate.model import Model, bundled
from kalemia.estimate.population import DEFAULT
from kalemia.estimate.predict import predict
from kalemia.judge.reasons import kind
from kalemia.judge.resampled import ROUNDS, areas, weights
from kalemia.records import Estimate, Recording

Reals = NDArray[np.float64]
Models = Mapping[str, str]
"""What a model is called in the tables, and its bundled name or the path of its ONNX file."""
AT_ONCE = 200
"""Resamples that are weighed together."""


def data() -> Path:
    """Return the folder of real recordings that KALEMIA_DATA names, or leave with a sentence."""
    folder = Path(os.environ.get("KALEMIA_DATA", ""))
    if not (folder / "ptbxl").is_dir():
        sys.exit("set KALEMIA_DATA to the folder of real recordings (it holds ptbxl, ludb, cinc2021, ndmc-potassium)")
    return folder


def area(truth: NDArray[np.bool_], score: NDArray[np.floating]) -> Reals:
    """Return the area under the ROC curve (1 + resamples,) of a score (n,), every ECG of a patient of its own."""
    pieces = [range(first, min(first + AT_ONCE, 1 + ROUNDS)) for first in range(0, 1 + ROUNDS, AT_ONCE)]
    own = score.astype(np.float64)
    return np.concatenate([areas(truth, own, weights(len(own), piece))[0] for piece in pieces])


def headers(folder: Path) -> list[Path]:
    """Return the WFDB headers below a folder, sorted."""
    return sorted(folder.rglob("*.hea"))


def even() -> list[Path]:
    """Return the real ordinary ECGs that only judge."""
    return [path for name in ("ptbxl", "cinc2021") for path in headers(data() / name)[::2]]


def odd() -> list[Path]:
    """Return the real ordinary ECGs that may be fitted and trained on."""
    return [path for name in ("ptbxl", "cinc2021") for path in headers(data() / name)[1::2]]


def named(given: Sequence[str]) -> Models:
    """Return the models of a command line, all bundled ones if it has none; a path is called by its file's stem.

    Where one cannot be loaded, leave with a sentence.
    """
    given = given or [card.name for card in bundled()]
    try:
        for one in given:
            Model.load(one)
    except KalemiaError as exc:
        sys.exit(str(exc))
    stems = Counter(Path(one).stem for one in given)
    return {Path(one).stem if stems[Path(one).stem] == 1 else one: one for one in given}


@cache
def of_file(path: Path, model: str, population: str = DEFAULT) -> Estimate:
    """Estimate one file, once in a run."""
    return predict(path, model, population=population)


def of_files(paths: Iterable[Path], model: str, population: str = DEFAULT) -> list[Estimate]:
    """Estimate files in their order."""
    return [of_file(path, model, population) for path in paths]


def of_recordings(
    recordings: Iterable[Recording], models: Models, population: str = DEFAULT
) -> dict[str, list[Estimate]]:
    """Ask all models about one recording after the other, so that none needs to be kept."""
    found: dict[str, list[Estimate]] = {name: [] for name in models}
    for recording in recordings:
        for name, model in models.items():
            found[name].append(predict(recording, model, population=population))
    return found


def values(estimates: Iterable[Estimate]) -> NDArray[np.float64]:
    """Return the potassium of those that were estimated, mEq/L."""
    return np.array([e.potassium_meq_l for e in estimates if e.potassium_meq_l is not None], dtype=np.float64)


def kinds(sentences: Iterable[str]) -> Counter[str]:
    """Count reasons or warnings of one kind: without their figures, and whichever lead they are about."""
    return Counter(map(kind, sentences))


def refusals(found: Mapping[str, Sequence[Estimate]], file: str = "") -> str:
    """Return a table of how many ECGs each model refused, and why."""
    rows: list[list[object]] = []
    for name, estimates in found.items():
        reasons = [e.reason for e in estimates if e.reason]
        rows.append([f"`{name}`", "**any**", f"{len(reasons)}: {share(len(reasons), len(estimates))}"])
        rows += [[f"`{name}`", *pair] for pair in kinds(reasons).most_common()]
    return table(["model", "refused because of", "ECGs"], rows, file)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], file: str = "") -> str:
    """Return a Markdown table; one that names a file is a long one, which `fill.py` keeps there as CSV."""
    lines = [f"<!-- {file}.csv -->"] if file else []
    lines += ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def share(hits: int, count: int) -> str:
    """Return a share in percent with Wilson's 95 % interval, e.g. "1.8 % (0.5 to 6.2)"."""
    from kalemia.judge.metrics import wilson

    if not count:
        return "-"
    low, high = wilson(hits, count)
    return f"{100 * hits / count:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def percent(value: float) -> str:
    """Return a share in percent, e.g. "5 %"."""
    return f"{100 * value:g} %"


def targets(reached: Mapping[str, Mapping[str, bool]], file: str = "") -> str:
    """Return a table of who reached each target and who missed it."""
    rows = [
        [target, *(", ".join(f"`{who}`" for who, yes in by.items() if yes is side) for side in (True, False))]
        for target, by in reached.items()
    ]
    return table(["target", "reached by", "missed by"], rows, file)
