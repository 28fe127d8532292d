"""How leads stand on a page: the usual layouts, and those that a user names."""

from __future__ import annotations

from dataclasses import dataclass

from kalemia import records
from kalemia.digitize.letters import NAMES as LEAD_NAMES
from kalemia.errors import DigitizeError
from kalemia.records import LEADS

STANDARD = LEADS
CABRERA = (*records.CABRERA, *LEADS[6:])


@dataclass(frozen=True)
class Layout:
    """How leads stand on a page: rows and columns of them, filled column by column in an order, then rhythm strips."""

    rows: int
    columns: int
    strips: int = 0
    order: tuple[str, ...] = STANDARD

    @property
    def name(self) -> str:
        """The name as the command line takes it, such as 3x4+1 or cabrera-6x2."""
        first = "cabrera-" if self.order == CABRERA else ""
        return f"{first}{self.rows}x{self.columns}{f'+{self.strips}' if self.strips else ''}"

    @property
    def leads(self) -> tuple[tuple[str, ...], ...]:
        """The names of the leads, a tuple a row."""
        return tuple(self.order[r :: self.rows] for r in range(self.rows))

    @property
    def known(self) -> bool:
        """Whether it is a usual one of twelve leads; another is taken only where labels or the user say so."""
        return self.order in (STANDARD, CABRERA)

    @property
    def limb(self) -> bool:
        """Whether it has no chest lead."""
        return not any(name.startswith("V") for name in self.order)


GRIDS = ((3, 4), (6, 2), (12, 1), (4, 3))
MAX_STRIPS = 3
TWELVE = tuple(
    Layout(rows, columns, strips, order)
    for order in (STANDARD, CABRERA)
    for rows, columns in GRIDS
    for strips in range(MAX_STRIPS + 1)
)
FEWER = (
    *(Layout(rows, 6 // rows, 0, order) for rows in (6, 3) for order in (STANDARD[:6], STANDARD[6:], CABRERA[:6])),
    *(Layout(3, 1, 0, STANDARD[k : k + 3]) for k in (0, 3, 6, 9)),
)
SHAPES = (*GRIDS, (6, 1), (3, 2), (3, 1), (2, 1), (1, 1), (3, 5))
"""Rows and columns of pages whose labels are read."""
NAMES = ("auto", *(layout.name for layout in TWELVE))
WIDTHS_MM = {1: (250.0,), 2: (125.0,), 3: (62.5, 250 / 3, 500 / 3), 4: (62.5, 125.0), 5: (50.0, 62.5)}
"""How wide a column of leads is printed, by the number of columns."""


def stated(wanted: str) -> Layout | None:
    """Return the layout that a user names, by its name or lead by lead, rows apart by / and leads by commas.

    None is any layout.

    Raises
    ------
    DigitizeError
        Where there is no such layout.
    """
    if wanted == "auto":
        return None
    for layout in TWELVE:
        if layout.name == wanted:
            return layout
    rows = [[name.strip() for name in row.split(",")] for row in wanted.split("/")]
    names = [name for row in rows for name in row]
    known = {name.lower(): name for name in LEAD_NAMES}
    if len({len(row) for row in rows}) == 1 and len(set(names)) == len(names) and {*map(str.lower, names)} <= {*known}:
        order = tuple(known[rows[r][c].lower()] for c in range(len(rows[0])) for r in range(len(rows)))
        return Layout(len(rows), len(rows[0]), 0, order)
    raise DigitizeError(
        f"layout is {wanted!r:.60}; accepted are auto, 3x4, 6x2, 12x1, 4x3, each with +1 to +3 for rhythm strips and "
        "with cabrera- before it, or the leads row by row, such as I/II/III or V1,V4/V2,V5/V3,V6"
    )
