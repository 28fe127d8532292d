"""What a user says of a printed ECG that its page does not show, or shows in a way that is not read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Printed:
    """How an ECG is printed, as far as the user says.

    Attributes
    ----------
    layout
        "auto", or what stands on the page: rows x columns + rhythm strips, such as 3x4+1, 6x2, 12x1 or cabrera-3x4; or
        the leads row by row, such as I/II/III.
    dpi
        Dots per inch of a scan, for a page without a grid.
    speed, gain
        Of the paper, mm/s and mm/mV, where no calibration pulse shows them.
    """

    layout: str = "auto"
    dpi: float | None = None
    speed: float | None = None
    gain: float | None = None
