"""Text as people's files have it: in any encoding, with the numbers of any region."""

from __future__ import annotations

import codecs
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ReadError

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_PRINTED = {"\u2212": "-", "\u2013": "-", "\u2019": "'", "\u066b": ".", "\u066c": "'", "\u060c": ",", "\u061b": ";"}
"""Minus signs, apostrophes and Arabic marks as a computer writes them."""


def decode(content: bytes) -> str:
    """Return bytes as text, whose last character may be cut: UTF-8, UTF-16 with or without its mark, else cp1252.

    What people and spreadsheets write in several ways becomes one: no-break and thin spaces become spaces, the two
    micro signs one, digits of other scripts 0 to 9, and marks that are not seen go.
    """
    ascii_ = content.isascii() and b"\0" not in content[:64]
    return content.decode("ascii") if ascii_ else _plain(_decoded(content))


def utf_16(content: bytes) -> str | None:
    """Return the kind of UTF-16 that bytes are, by their mark or by the zeros in every other one; None where neither.

    A zero stands beside each letter, digit and mark of ASCII, of which every table has some, and beside nothing else.
    """
    if content.startswith(_UTF_16):
        return "utf-16"
    first, second = content[:512:2], content[1:512:2]
    for low, high, kind in ((first, second, "utf-16-le"), (second, first, "utf-16-be")):
        latin = bytes(letter for letter, zero in zip(low, high, strict=False) if zero == 0)
        if len(latin) > len(low) // 4 and min(latin) >= 9 and low.count(0) * 50 <= len(low):
            return kind
    return None


def _decoded(content: bytes) -> str:
    if (kind := utf_16(content)) is not None:
        return content.decode(kind, errors="ignore")
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(content)
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _plain(text: str) -> str:
    for letter in set(_FOREIGN.findall(text)):
        text = text.replace(letter, _written(letter))
    return text


def _written(letter: str) -> str:
    """Return what a computer would write for a character."""
    if letter in _PRINTED:
        return _PRINTED[letter]
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    return "" if unicodedata.category(letter) == "Cf" else unicodedata.normalize("NFKC", letter)


@dataclass(frozen=True)
class Style:
    """One way to write numbers: what stands before the decimals, and between groups of three digits."""

    decimal: str
    group: str

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a cell looks like that holds a number, or none: nothing, nan or inf."""
        point, part = re.escape(self.decimal), re.escape(self.group)
        whole = rf"(?:\d+|[1-9]\d{{0,2}}(?:{part}\d{{3}})+)"
        number = rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)|[+-]?\d+(?:{point}\d*)?e[+-]?\d+"
        return re.compile(rf"(?P<number>{number})|[+-]?(?:nan|inf(?:inity)?)|", re.I)

    def value(self, cell: str) -> float:
        """Return the number that a cell of this style holds, NaN where it holds none."""
        found = self.pattern.fullmatch(cell)
        if found is None or found["number"] is None:
            return math.nan
        return float(cell.replace(self.group, "").replace(self.decimal, "."))

    def doubtful(self, cells: Iterable[str]) -> bool:
        """Tell whether some cell is whole thousands where others have three decimals: 35.834 beside 0,071.

        It may as well be a decimal that somebody wrote the other way, where nothing has both marks, as 1.234,5 has.
        """
        if self.group not in ".,":
            return False
        three = any(cell[-4:-3] == self.decimal for cell in cells)
        parted = [cell for cell in cells if self.group in cell]
        return three and bool(parted) and not any(self.decimal in cell for cell in parted)

    def reads(self, cells: Iterable[str]) -> bool:
        """Tell whether all cells are of this style."""
        return all(self.pattern.fullmatch(cell) for cell in cells)


STYLES = tuple(Style(*marks) for marks in (".,", ",.", ".'", ",'", ". ", ", "))
"""Those of all regions: 1,234.5 and 1.234,5 and 1'234.5 and 1 234,5; the first is also how programs write."""


_PROGRAMMED = re.compile(r"[+-]?\d+(?:\.\d+)?")


def is_number(cell: str) -> bool:
    """Tell whether a cell holds a number of any style, nan or inf."""
    return bool(cell) and (_PROGRAMMED.fullmatch(cell) is not None or any(style.reads([cell]) for style in STYLES))


def numbers(cells: Sequence[str], styles: Sequence[Style] = STYLES) -> NDArray[np.float64] | None:
    """Return the numbers of cells that were written in one style; where a cell holds none, NaN.

    Parameters
    ----------
    cells
        What stands in each, without spaces around it.
    styles
        Those that are possible.

    Returns
    -------
    One number a cell, or None where no style reads all of them.

    Raises
    ------
    ReadError
        Where two styles read them all, and not alike: 1,234 may be more than a thousand, or little more than one.
    """
    if (plain := _programmed(cells, {style.decimal for style in styles})) is not None:
        return plain
    kinds = set(cells)
    sure = [style for style in styles if style.reads(kinds) and not style.doubtful(kinds)]
    readings = [{cell: style.value(cell) for cell in kinds} for style in sure]
    if not readings:
        return None
    found, *others = (np.array([reading[cell] for cell in cells]) for reading in readings)
    if any(not np.array_equal(found, other, equal_nan=True) for other in others):
        raise ReadError(
            "whether a point or comma parts thousands or decimals cannot be told from the numbers; such with a decimal "
            "point and nothing between thousands are accepted"
        )
    return found


def _programmed(cells: Sequence[str], decimals: set[str]) -> NDArray[np.float64] | None:
    """Return numbers as programs write them, with a mark that must be a decimal one; None where they are none.

    `numbers` would find the same in ten times the time.
    """
    text = "\n".join(cells)
    mark = "," if "," in text else "."
    if mark not in decimals or any(odd in text for odd in "_' ") or ("." in text and mark == ","):
        return None
    if mark in text and not decides(mark, text):
        return None
    try:
        found = np.array([float(cell or "nan") for cell in text.replace(",", ".").split("\n")])
    except ValueError:
        return None
    return np.where(np.isfinite(found), found, np.nan)


def decides(mark: str, text: str) -> bool:
    """Tell whether a mark in a text of numbers must be a decimal one, because no thousands are written so."""
    return _DECIDING[mark].search(text) is not None


_DECIDING = {
    mark: re.compile(r"(?<!\d)0+M|(?<!\d)M\d|M\d{0,2}(?!\d)|M\d{4}|\d{4}M|M\d+e".replace("M", re.escape(mark)), re.I)
    for mark in ".,"
}


def check_blank(lines: Sequence[str], kind: str) -> None:
    """Raise a ReadError where a line among the numbers of a text is blank, which may be a sample that is missing.

    One below every other is how some systems end lines. `kind` is what the text is.
    """
    filled = np.array([number for number, line in enumerate(lines, start=1) if line.strip()], dtype=np.intp)
    cells = (re.split(r"[\t;,|]", lines[number - 1])[0].strip() for number in filled)
    first = next((place for place, cell in enumerate(cells) if is_number(cell)), len(filled))
    steps = np.diff(filled[first:])
    if len(steps) and steps.min() != steps.max():
        blank = filled[first:-1][steps > steps.min()][0] + 1
        raise ReadError(
            f"line {blank} of the {kind} is blank among numbers, where a sample may be missing; none may be"
        )
