"""XML whose declaration does not say what its bytes are is read by its bytes."""

from __future__ import annotations

import re
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.read import identify, read
from kalemia.read.xml import honest

MADE = write.ecg()
FILES = {
    "aecg.xml": "HL7 aECG", "muse.xml": "GE MUSE XML", "philips.xml": "Philips XML", "cardiosoft.xml": "CardioSoft XML",
    "mortara.xml": "Mortara XML", "schiller.xml": "Schiller XML",
}  # fmt: skip
BODIES = ("ascii", "utf-8", "cp1252", "utf-16", "utf-16-le", "utf-16-be")
DECLARED = ("utf-16", "UTF-16LE", "unicode", "utf-8", "ISO-8859-1", "windows-1252", "x-of-nobody", None)


def declared(name: str, encoding: str | None, body: str) -> bytes:
    """Return a file that declares one encoding and is in another, with a name of a patient that shows which."""
    text = write.SINGLE[name](MADE).decode("latin-1")
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    if body != "ascii":
        text = re.sub(r"(<[^!?][^>]*>)", "\\1<!-- J\u00f6rg -->", text, count=1)
    start = "" if encoding is None else f'<?xml version="1.0" encoding="{encoding}"?>\n'
    return (start + text).encode(body)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("encoding", DECLARED)
def test_a_declaration_may_lie(tmp_path: Path, name: str, body: str, encoding: str | None) -> None:
    path = tmp_path / name
    path.write_bytes(declared(name, encoding, body))
    assert identify(path).format.name == FILES[name]
    got = read(path)
    assert (got.leads, got.rate, got.warnings) == (MADE.leads, MADE.rate, ())
    np.testing.assert_allclose(got.signal, MADE.mv, atol=2e-6)


@pytest.mark.parametrize("name", FILES)
def test_what_says_what_it_is_stays_as_it_is(name: str) -> None:
    content = write.SINGLE[name](MADE)
    assert honest(content) is content
