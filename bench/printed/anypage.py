"""Pages of any layout and look, drawn at random: what reads one machine's pages doesn't read all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kalemia.records import LEADS, Recording
from printed.brush import FONTS, RGB
from printed.layouts import PrintedLayout, layout
from printed.pages import BLACK, PrintedPage, Ruling, Style, draw

LIMB, CHEST = LEADS[:6], LEADS[6:]
GRIDS: dict[str, tuple[RGB, RGB, RGB]] = {
    "red": ((250, 205, 205), (232, 120, 120), (255, 253, 252)),
    "strong red": ((240, 150, 150), (205, 60, 60), (255, 240, 236)),
    "orange": ((250, 220, 190), (240, 165, 105), (255, 250, 242)),
    "pink": ((246, 208, 226), (226, 150, 186), (253, 236, 244)),
    "green": ((200, 228, 204), (120, 180, 130), (240, 250, 240)),
    "blue": ((205, 218, 240), (140, 165, 215), (250, 252, 255)),
    "grey": ((222, 222, 222), (176, 176, 176), (255, 255, 255)),
    "black": ((150, 150, 150), (85, 85, 85), (250, 250, 250)),
    "brown": ((226, 208, 192), (178, 146, 120), (250, 244, 236)),
}
"""Of each color of paper: the fine lines, the thick ones, the ground."""
INKS: tuple[RGB, ...] = (BLACK, BLACK, (0, 0, 0), (50, 50, 55), (25, 30, 110), (85, 85, 90))
FIRST = ("Ada", "Bruno", "Chidi", "Dana", "Elif", "Farid", "Greta", "Hana", "Ivo", "June")
LAST = ("Alder", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple", "Oak", "Rowan")
STATEMENTS = (
    "Normal sinus rhythm", "Sinus tachycardia", "Nonspecific T wave abnormality", "Left axis deviation",
    "Abnormal ECG", "Borderline ECG", "Unconfirmed", "Left ventricular hypertrophy", "Poor data quality",
)  # fmt: skip


def random_page(recording: Recording, rng: np.random.Generator) -> PrintedPage:
    """Draw a recording in a layout and a look of its own; the same generator state gives the same page.

    Layouts are those that the recording's leads and length allow; it needs one lead and 2 s at least.
    """
    style = random_style(rng)
    style = replace(style, gain_mm_mv=_gain(recording, rng))
    shown = random_layout(recording, rng, style.speed_mm_s)
    if len(shown.leads) < 12 and style.separator == "dotted":
        style = replace(style, separator="none")
    if len(shown.columns) == 1 and rng.random() < 0.5:
        style = replace(style, label="beside")
    return draw(recording, shown, _titled(style, rng))


def random_layout(recording: Recording, rng: np.random.Generator, speed_mm_s: float = 25.0) -> PrintedLayout:
    """Draw one of the layouts that a recording can fill, common ones more often."""
    whole = min(10.0, recording.duration_s)
    seconds = min(whole, 5.0) if speed_mm_s > 25 else whole
    strips = (("II",), ("II", "V1"), ("V1", "II", "V5"))[int(rng.choice(3, p=[0.7, 0.15, 0.15]))]
    cabrera = bool(rng.random() < 0.2)
    kinds: list[tuple[float, PrintedLayout]] = [
        (6, layout(3, 4, strips, cabrera, whole)),  # at 50 mm/s too: shorter columns hold no two beats
        (2, layout(3, 4, (), cabrera, whole)),
        (2, layout(6, 2, (), cabrera, seconds)),
        (1, layout(6, 2, strips[:1], cabrera, seconds)),
        (2, layout(12, 1, (), cabrera, seconds)),
        (1, layout(4, 3, (), False, seconds if speed_mm_s <= 25 else whole)),
        (0.5, PrintedLayout((LIMB,), (), seconds)),
        (0.5, PrintedLayout((CHEST,), (), seconds)),
        (0.5, PrintedLayout((LIMB[:3], LIMB[3:]), (), seconds)),
        (0.5, PrintedLayout((("I", "II", "III"),), (), seconds)),
        (0.5, PrintedLayout((("V4", "V5"),), (), seconds)),
        (1, PrintedLayout(((recording.leads[int(rng.integers(len(recording.leads)))],),), (), seconds)),
    ]
    there = {*recording.leads, *(f"-{name}" for name in recording.leads)}
    possible = [(share, kind) for share, kind in kinds if set(kind.leads) <= there]
    shares = np.array([share for share, _ in possible])
    return possible[int(rng.choice(len(possible), p=shares / shares.sum()))][1]


def random_style(rng: np.random.Generator) -> Style:
    """Draw a look: scale, speed, pulse, separators, labels, grid and ink; without header and footer."""
    grid, paper = _random_grid(rng)
    colored: RGB = (grid.major[0] // 2, grid.major[1] // 2, grid.major[2] // 2)
    ink = colored if rng.random() < 0.06 else INKS[int(rng.integers(len(INKS)))]
    return Style(
        px_per_mm=float(np.exp(rng.uniform(np.log(3), np.log(12)))),
        speed_mm_s=50.0 if rng.random() < 0.12 else 25.0,
        chest=0.5 if rng.random() < 0.04 else 1.0,
        row_mm=float(rng.uniform(17, 34)),
        margin_mm=float(rng.uniform(1, 10)),
        pulse=("left", "right", "none")[int(rng.choice(3, p=[0.6, 0.25, 0.15]))],
        separator=("none", "line", "split", "tick", "dotted")[int(rng.integers(5))],
        label=("above", "below", "on", "beside")[int(rng.choice(4, p=[0.5, 0.3, 0.1, 0.1]))],
        label_mm=float(rng.uniform(1.9, 3.4)),
        font=FONTS[int(rng.integers(len(FONTS)))],
        pen_mm=float(rng.uniform(0.2, 0.6)),
        ink=ink,
        opacity=float(rng.uniform(0.55, 1)) if rng.random() < 0.2 else 1.0,
        paper=paper,
        grid=grid,
        text_mm=float(rng.uniform(1.8, 2.8)),
    )


def _gain(recording: Recording, rng: np.random.Generator) -> float:
    """Draw mm/mV as a technician sets it: half where the traces would overlap, double where they are small."""
    largest = float(np.nanmax(np.nanmax(recording.signal, axis=1) - np.nanmin(recording.signal, axis=1)))
    other = 5.0 if largest > 3.0 else 20.0 if largest < 1.5 else 10.0
    return other if rng.random() < 0.35 else 10.0


def _random_grid(rng: np.random.Generator) -> tuple[Ruling, RGB]:
    minor, major, paper = GRIDS[list(GRIDS)[int(rng.integers(len(GRIDS)))]]
    kind = ("lines", "dots", "dotted", "major", "none")[int(rng.choice(5, p=[0.62, 0.12, 0.08, 0.12, 0.06]))]
    grid = Ruling(
        kind=kind,  # type: ignore[arg-type]  # numpy's choice widens it to str
        minor=(100, 100, 100) if kind == "dots" and rng.random() < 0.5 else minor,
        major=major,
        minor_mm=float(rng.uniform(0.08, 0.2)),
        major_mm=float(rng.uniform(0.14, 0.35)),
        bold=bool(rng.random() < 0.1),
        crisp=bool(rng.random() < 0.3),
        shift_mm=(float(rng.uniform(0, 5)), float(rng.uniform(0, 5))),
        whole=bool(rng.random() < 0.6),
    )
    return grid, (255, 255, 255) if kind == "none" or rng.random() < 0.4 else paper


def _titled(style: Style, rng: np.random.Generator) -> Style:
    """Add a header with an invented patient and measures, and a footer, as some pages have."""
    speed = f"{style.speed_mm_s:g} mm/s"
    gain = f"{style.gain_mm_mv:g}{f'/{style.gain_mm_mv * style.chest:g}' if style.chest != 1 else ''} mm/mV"
    scales = f"{speed}    {gain}    {('0.05-150 Hz', '0.5-40 Hz', '~ 50 Hz')[int(rng.integers(3))]}"
    header: tuple[tuple[str, ...], ...] = ()
    if rng.random() < 0.5:
        header = (_who(rng), _measures(rng), tuple(map(str, rng.choice(STATEMENTS, 2, replace=False))))
    # Where nothing is printed that says them, a chest gain of its own or another speed could only be guessed.
    unusual = style.chest != 1 or style.speed_mm_s != 25 or (style.gain_mm_mv != 10 and style.pulse == "none")
    return replace(style, header=header, footer=scales if unusual or rng.random() < 0.6 else "")


def _who(rng: np.random.Generator) -> tuple[str, ...]:
    name = f"{LAST[int(rng.integers(10))]}, {FIRST[int(rng.integers(10))]}"
    born = f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.{rng.integers(1930, 2005)}"
    return name, f"ID {rng.integers(10**5, 10**7)}", born


def _measures(rng: np.random.Generator) -> tuple[str, ...]:
    qt = int(rng.integers(320, 460))
    return (
        f"PR interval  {rng.integers(120, 220)} ms",
        f"QRS duration  {rng.integers(78, 130)} ms",
        f"QT/QTc  {qt}/{qt + int(rng.integers(-10, 60))} ms",
        f"P-R-T axes  {rng.integers(0, 80)}  {rng.integers(-40, 100)}  {rng.integers(-20, 90)}",
    )
