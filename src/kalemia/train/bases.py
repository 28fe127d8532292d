"""Lists of real records to be changed, and the part of the data that each belongs to."""

from __future__ import annotations

from pathlib import Path, PurePath

from kalemia.cohort.split import SHARES
from kalemia.cohort.split import part_of as split_part
from kalemia.errors import TrainError
from kalemia.system import bounded

LARGEST_BYTES = 64_000_000


def split(listed: Path, base: Path | None) -> dict[str, dict[str, str]]:
    """Read a list of records and share them out.

    Parameters
    ----------
    listed
        A text file with one record a line, relative to `base`; what follows a # is a comment.
    base
        The folder that holds them.

    Returns
    -------
    Of each part the records and their files. A record is in one part only, so the lists can be given to `read_bases`
    apart: what it puts together, it takes from one list.

    Raises
    ------
    TrainError
        No `base`, a list that cannot be read, records that are not there, or a part without any.
    """
    if base is None:
        raise TrainError(f"{listed} names real records; give the folder that holds them with --base")
    records = _records(listed)
    files = {record: _file(base / record) for record in records}
    if missing := [record for record, file in files.items() if file is None]:
        raise TrainError(
            f"{len(missing)} of the {len(records)} records that {listed} names are not in {base}; "
            f"the first is {missing[0]}"
        )
    parts: dict[str, dict[str, str]] = {name: {} for name in SHARES}
    for record, file in files.items():
        parts[part_of(record)][record] = str(file)
    if bare := [name for name, part in parts.items() if not part]:
        raise TrainError(f"{listed}: none of its {len(records)} records falls to {bare[0]}; list more")
    return parts


def part_of(record: str) -> str:
    """Return the part of a record: its file's name alone decides, so that further records move none."""
    return split_part(PurePath(record).stem)


def _records(listed: Path) -> list[str]:
    content = bounded.content(listed, LARGEST_BYTES, "a text file with one record a line", TrainError)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise TrainError(f"{listed}: no text; expected one record a line") from exc
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return list(dict.fromkeys(line for line in lines if line))


def _file(path: Path) -> Path | None:
    """Return the file of a record, which WFDB names without its suffix, or None."""
    try:
        return next((file for file in (path, path.with_name(f"{path.name}.hea")) if file.is_file()), None)
    except (OSError, ValueError):  # what no file can be called
        return None
