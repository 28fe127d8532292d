"""Reasons and warnings of one kind, to be counted."""

from __future__ import annotations

import re

LEADS = r"(V\d|aV[RLF]|I{1,3})(, (V\d|aV[RLF]|I{1,3}))*"


def kind(sentence: str) -> str:
    """Return a reason or a warning without what differs from one ECG to the next: its figures, and which lead it is."""
    if left_out := re.match(r"Leads? .+ cannot be used \(([^:)]+)", sentence):
        return f"a lead was left out: {kind(left_out[1])}"
    first = re.split("[:;]", sentence)[0]
    reason = re.sub(r"^leads? .+? cannot be used \(", "", first).rstrip(")")
    return re.sub(rf"^{LEADS} ", "a lead ", re.sub(r"(?<!V)\d[\d.,]*", "…", reason))
