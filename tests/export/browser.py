"""Chromium without a window, which runs a page and says what it shows."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

SOURCES = resources.files("kalemia.export") / "page"
needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium not installed")


def shown(page: Path, part: str = "") -> str:
    """Return the document of a page after it ran for a while, opened from its folder."""
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=30000", "--dump-dom"]
    done = subprocess.run([*command, page.as_uri() + part], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def text(document: str, name: str) -> str:
    """Return the text of the element of an id, which holds nothing but text and inline elements."""
    found = re.search(rf'<(\w+)[^>]*\bid="{name}"[^>]*>(.*?)</\1>', document, re.S)
    assert found, name
    return html.unescape(re.sub(r"<[^>]*>", "", found[2])).strip()


def run(folder: Path, scripts: tuple[str, ...], code: str) -> Any:
    """Return what an expression is worth after some of the page's scripts."""
    sources = "\n".join((SOURCES / name).read_text(encoding="utf-8") for name in scripts)
    tell = f"document.getElementById('told').textContent = JSON.stringify({code})"
    page = folder / "harness.html"
    page.write_text(f'<meta charset="utf-8"><pre id="told"></pre><script>{sources}\n{tell}</script>', encoding="utf-8")
    return json.loads(text(shown(page), "told"))
