"""Earlier ECGs and the potassium drawn with each, given or in a table, become a patient's Calibration."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kalemia.errors import CalibrationError
from kalemia.estimate.model import DEFAULT, Model
from kalemia.estimate.personal import Calibration, Draw, Earlier, apart, same
from kalemia.estimate.predict import Result, examine
from kalemia.read.identity import marks
from kalemia.records import Recording
from kalemia.system import bounded

COLUMNS = ("ecg", "potassium_meq_l", "days_ago")
READ = "ecg, potassium_meq_l and days_ago are read"
BETWEEN = ",;\t"
"""What may lie between the fields of a table; its header tells."""
MOST_DRAWS = 1000
LARGEST_BYTES = 1_000_000


def calibrate(
    ecgs: Sequence[str | os.PathLike[str] | Recording],
    lab_draws: Sequence[Draw | float],
    model: str | Path | None = None,
    *,
    rate: float | None = None,
    leads: str | None = None,
    unit: str | None = None,
    told: Callable[[str, str], None] | None = None,
) -> Calibration:
    """Return what a patient's earlier ECGs, whose potassium was measured at about the same time, say of later ones.

    Parameters
    ----------
    ecgs
        Files or Recordings; those that cannot be estimated are left out with their draw.
    lab_draws
        The draw that belongs to each: a Draw, or just its potassium in mEq/L.
    model, rate, leads, unit
        As in `predict`.
    told
        Called with the file and the reason of each that is left out.

    Raises
    ------
    CalibrationError
        Where nothing is left, or a potassium is none.
    ModelError
        The model has no network that compares two ECGs.
    """
    if isinstance(ecgs, str | os.PathLike | Recording) or not isinstance(lab_draws, Sequence):
        raise CalibrationError("one ECG or one draw is given; lists of both are accepted")
    if len(ecgs) != len(lab_draws):
        raise CalibrationError(f"{len(ecgs)} ECGs and {len(lab_draws)} draws are given; expected one each")
    draws = [draw if isinstance(draw, Draw) else Draw(float(draw)) for draw in lab_draws]
    for draw in draws:
        draw.check()
    loaded = Model.load(DEFAULT if model is None else model)
    loaded.check_compares()
    earlier: list[Earlier] = []
    reasons: list[str] = []
    for ecg, draw in zip(ecgs, draws, strict=True):
        result = examine(ecg, model, rate=rate, leads=leads, unit=unit)
        if found := _earlier(result, draw):
            earlier.append(found)
            continue
        reason, source = result.estimate.reason or "it has no beat", result.estimate.source
        reasons.append(reason if reason.startswith(source) else f"{source}: {reason}")
        if told:
            told(source, reason)
    if not earlier:
        raise CalibrationError(_none(reasons))
    _check_twice(earlier)
    return Calibration(tuple(earlier), loaded.name, len(ecgs) - len(earlier), apart(earlier))


def _check_twice(earlier: Sequence[Earlier]) -> None:
    """Raise where two are one ECG."""
    for place, each in enumerate(earlier):
        if twin := next((other for other in earlier[:place] if same(other.beat, each.beat)), None):
            raise CalibrationError(
                f"{twin.source} and {each.source} are one ECG; an ECG has one potassium and counts once"
            )


def _none(reasons: Sequence[str]) -> str:
    """Say that nothing is left of as many ECGs as there are reasons."""
    if len(reasons) == 1:
        return f"the earlier ECG cannot be used: {reasons[0]}"
    why = f"; of the first: {reasons[0]}" if reasons else ""
    return f"none of the {len(reasons)} earlier ECGs can be used; expected at least one{why}"


def _earlier(result: Result, draw: Draw) -> Earlier | None:
    recording, beat = result.recording, result.beat
    if result.estimate.status != "estimated" or recording is None or beat is None:
        return None
    return Earlier(beat, draw, result.estimate.source, recording.start, recording.digitized)


def from_file(
    path: Path,
    model: str | Path | None = None,
    today: Sequence[str | os.PathLike[str]] = (),
    *,
    rate: float | None = None,
    leads: str | None = None,
    unit: str | None = None,
    told: Callable[[str, str], None] | None = None,
) -> Calibration:
    """Return the calibration that a table of earlier ECGs gives.

    Parameters
    ----------
    path
        A CSV file with the columns `ecg` (a file, from the table's folder on), `potassium_meq_l` and, if wanted,
        `days_ago`.
    model, rate, leads, unit, told
        As in `calibrate`.
    today
        The files that are to be estimated, none of which may be among the earlier ones.

    Raises
    ------
    CalibrationError
        The table cannot be read, lacks a column, holds what is no number, or names an ECG twice or one of today: one
        sentence.
    """
    rows = _rows(path)
    _check_names(path, [row["ecg"].strip() for row in rows], today)
    draws = [_draw(f"{path}: line {number}", row) for number, row in enumerate(rows, 2)]
    try:
        ecgs = [str(path.parent / row["ecg"].strip()) for row in rows]
        return calibrate(ecgs, draws, model, rate=rate, leads=leads, unit=unit, told=told)
    except CalibrationError as exc:
        raise CalibrationError(f"{path}: {exc}") from exc


def _draw(where: str, row: Mapping[str, str]) -> Draw:
    """Read the draw of a row."""
    if "\0" in row["ecg"]:
        raise CalibrationError(f"{where} names no file; expected an ECG")
    try:
        days = row.get("days_ago")
        draw = Draw(_number(row["potassium_meq_l"]), _number(days) if days else None)
        draw.check()
    except ValueError as exc:
        raise CalibrationError(f"{where} holds what is no number; expected mEq/L and days") from exc
    except CalibrationError as exc:
        raise CalibrationError(f"{where}: {exc}") from exc
    return draw


def _number(text: str) -> float:
    """Read a number, whose comma is a decimal one: where commas lie between the fields, none is left in them."""
    return float(text.replace(",", "."))


def _check_names(path: Path, named: Sequence[str], today: Sequence[str | os.PathLike[str]]) -> None:
    """Raise where an ECG is named twice, by whatever names, or is one of those to be estimated."""
    lines: dict[str, int] = {}
    for number, name in enumerate(named, 2):
        first = min(lines.setdefault(mark, number) for mark in marks(path.parent / name))
        if first != number:
            raise CalibrationError(
                f"{path}: names {name} more than once, in lines {first} and {number}; an ECG has one potassium and "
                "counts once"
            )
    for source in today:
        if known := lines.keys() & marks(source):
            raise CalibrationError(
                f"{path}: line {lines[known.pop()]} is {source}, which is to be estimated; only other ECGs are accepted"
            )


def _rows(path: Path) -> list[dict[str, str]]:
    content = bounded.content(path, LARGEST_BYTES, "a CSV table of earlier ECGs", CalibrationError)
    try:
        text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig").read()  # lines may end as on any system
        between = max(BETWEEN, key=text.partition("\n")[0].count)
        table = csv.DictReader(io.StringIO(text), restval="", restkey="", delimiter=between)
        names = [name.strip() for name in table.fieldnames or ()]
        table.fieldnames = names
        rows = [row for row in table if any(row.values())]
    except (ValueError, csv.Error) as exc:
        raise CalibrationError(f"{path}: no CSV text; expected a table of earlier ECGs") from exc
    if not names:
        raise CalibrationError(f"{path}: is empty; {READ}")
    _check_columns(path, names)
    if long := next((number for number, row in enumerate(rows, 2) if "" in row), None):
        raise CalibrationError(f"{path}: line {long} has a field too many, as an unquoted 3,8 has; {READ}")
    if not 1 <= len(rows) <= MOST_DRAWS:
        raise CalibrationError(f"{path}: has {len(rows):,} rows; 1 to {MOST_DRAWS:,} earlier ECGs are accepted")
    return rows


def _check_columns(path: Path, names: Sequence[str]) -> None:
    """Raise where a column is missing, is none that is read, or is there twice."""
    if missing := [name for name in ("ecg", "potassium_meq_l") if name not in names]:
        raise CalibrationError(f"{path}: has no column {', '.join(missing)}; {READ}")
    if strange := [name for name in names if name not in COLUMNS]:
        raise CalibrationError(f"{path}: has a column {strange[0] or 'without a name':.40}; {READ}")
    if twice := [name for name in COLUMNS if names.count(name) > 1]:
        raise CalibrationError(f"{path}: has more than one column {twice[0]}; {READ}, each from one")
