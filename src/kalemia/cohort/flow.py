"""How many rows and ECGs each step of a cohort left: as text, and as the diagram that a paper shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from kalemia.report.markup import Markup, element

BOX, SIDE, GAP, LINE, PAD = 360, 320, 34, 18, 12
"""Widths of the boxes in the middle and beside them, what is between them, and the height of a line, px."""


@dataclass(frozen=True)
class Step:
    """What is left after a step, such as "ECGs", of how many patients where known, and what was left out and why.

    `notes` are sentences on what a count does not show; they are printed, and not drawn.
    """

    what: str
    count: int
    patients: int | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)

    @property
    def shown(self) -> str:
        """E.g. "1,204 ECGs of 803 patients"."""
        people = "" if self.patients is None else f" of {self.patients:,} patient{'' if self.patients == 1 else 's'}"
        return f"{self.count:,} {self.what}{people}"

    @property
    def lost(self) -> list[str]:
        """A line for each reason for which something was left out."""
        return [f"{count:,} {why}" for why, count in self.left_out.items() if count]


def text(steps: Sequence[Step]) -> str:
    """Return the steps as lines."""
    lines = []
    for step in steps:
        lines += [f"  left out: {line}" for line in step.lost]
        lines += [step.shown, *(f"  note: {note}" for note in step.notes)]
    return "\n".join(lines)


def svg(steps: Sequence[Step]) -> str:
    """Return the steps as a diagram: boxes from top to bottom, and beside each arrow what was left out there.

    The first step is what there was, of which nothing is left out yet.
    """
    drawn: list[Markup] = []
    y, middle = PAD, PAD + BOX / 2
    for number, step in enumerate(steps):
        height = LINE + 2 * PAD
        lost = ["left out:", *step.lost] if step.lost else []
        beside = len(lost) * LINE + 2 * PAD if lost else 0
        if number:
            span = GAP + beside
            drawn.append(_arrow(middle, y, middle, y + span))
            if beside:
                at = y + GAP / 2 + beside / 2
                drawn.append(_arrow(middle, at, PAD + BOX + GAP, at))
                drawn.append(_box(PAD + BOX + GAP, y + GAP / 2, SIDE, lost, "start"))
            y += round(span)
        drawn.append(_box(PAD, y, BOX, [step.shown], "middle"))
        y += height
    width = 2 * PAD + BOX + GAP + SIDE
    return str(
        element(
            "svg",
            element("title", "How many were left at each step"),
            *drawn,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width} {max(y, 1) + PAD + LINE}",
            font_family="sans-serif",
            font_size="13",
        )
    )


def _box(x: float, y: float, width: float, lines: Sequence[str], anchor: str) -> Markup:
    frame = element(
        "rect", x=x, y=y, width=width, height=float(len(lines) * LINE + 2 * PAD), rx=4.0, fill="#fff", stroke="#345"
    )
    at = x + width / 2 if anchor == "middle" else x + PAD
    texts = [
        element("text", line, x=at, y=y + PAD + (n + 0.75) * LINE, text_anchor=anchor, fill="#123")
        for n, line in enumerate(lines)
    ]
    return element("g", frame, *texts)


def _arrow(x: float, y: float, to_x: float, to_y: float) -> Markup:
    head = f"M{to_x:g} {to_y:g}l-5 -8h10z" if to_y > y else f"M{to_x:g} {to_y:g}l-8 -5v10z"
    line = element("path", d=f"M{x:g} {y:g}L{to_x:g} {to_y:g}", stroke="#345", fill="none")
    return element("g", line, element("path", d=head, fill="#345"))
