"""The page for a browser: it holds all that it needs, reaches nothing, and shows what the chain says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

import browser
import drawn
from browser import needs_chromium
from fed import golden_network

from kalemia.errors import ReadError
from kalemia.estimate.evidence import Evidence
from kalemia.export import c, golden, hour, wasm, web
from kalemia.export.golden import IntBeats
from kalemia.read import read
from kalemia.records import NOTICE, ModelName
from kalemia.report import words
from kalemia.stream import Chain, Settings
from kalemia.stream.tables import log_prior

MODEL = ModelName("drawn", "0", "0" * 64, "simulated")
NOTHING = b"\0asm\1\0\0\0"
TOOLS = drawn.missing(*wasm.TOOLS)
MINUTES = 3


@pytest.fixture(scope="module")
def played() -> hour.Hour:
    return hour.simulated("V5", MINUTES)


@pytest.fixture(scope="module")
def page(played: hour.Hour) -> str:
    return web.page(NOTHING, played, "V5", MODEL)


def test_it_refers_to_nothing_outside_itself(page: str) -> None:
    markup = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", page, flags=re.S)
    assert not re.findall(r"\b(?:src|srcset|data|action|poster|background)\s*=", markup)
    assert set(re.findall(r'href="([^"]*)"', markup)) == {"#trust"}
    style = re.findall(r"<style>(.*?)</style>", page, re.S)
    assert len(style) == 1
    assert not re.search(r"url\(|@import", style[0])
    script = re.findall(r"<script[^>]*>(.*?)</script>", page, re.S)
    assert len(script) == 1
    assert not re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts|eval)\b", script[0])
    assert set(re.findall(r"https?:[^\s\"'`]*", page)) == {"http://www.w3.org/2000/svg"}  # a name space, never asked
    assert not re.search(r"\s(?:style|on[a-z]+)=", markup)


def test_its_policy_admits_its_own_script_and_style_alone(page: str) -> None:
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    (script,), (style,) = (
        re.findall(r"<script[^>]*>(.*?)</script>", page, re.S),
        re.findall(r"<style>(.*?)</style>", page, re.S),
    )
    assert rules["default-src"] == rules["connect-src"] == rules["form-action"] == rules["base-uri"] == ["'none'"]
    assert rules["script-src"] == [f"'{digest(script)}'", "'wasm-unsafe-eval'"]
    assert rules["style-src"] == [f"'{digest(style)}'"]
    assert page.index("Content-Security-Policy") < page.index("<style")


def digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def test_it_says_what_it_is(page: str) -> None:
    for said in (NOTICE, "trained on simulated ECGs", "A simulated patient", "How far to trust this", "drawn 0"):
        assert said in page
    assert "an Apple Watch's export, or a CSV with lead I" in web.page(NOTHING, hour.simulated("I", 1), "I", MODEL)


def test_what_is_beside_it_is_for_a_server_and_names_only_files_that_are_there(page: str) -> None:
    beside = web.beside(page)
    manifest = json.loads(beside[web.MANIFEST])
    kept = re.search(r"FILES = (\[.*?\])", beside[web.WORKER])
    assert kept
    assert set(json.loads(kept[1])) - {"./"} == {web.PAGE, web.MANIFEST, web.ICON}
    assert {icon["src"] for icon in manifest["icons"]} <= {*beside}
    assert web.beside(page + " ")[web.WORKER] != beside[web.WORKER]  # another page replaces the one that was kept
    assert web.WORKER in page
    assert web.MANIFEST in page


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    from kalemia.errors import ModelError
    from kalemia.estimate.model import Model

    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ModelError, match="holds other files"):
        web.write(Model.load("v5-4k"), tmp_path)


def test_the_hour_rises_and_is_packed_small(played: hour.Hour) -> None:
    assert len(played.steps) == 60 * MINUTES * hour.RATE
    assert len(played.potassium_meq_l) == MINUTES
    assert len(played.packed()) < 1.2 * len(played.steps)
    assert np.array_equal(hour.simulated("V5", 1).steps[: 50 * hour.RATE], played.steps[: 50 * hour.RATE])


@needs_chromium
@pytest.mark.skipif(bool(TOOLS), reason=TOOLS)
def test_a_browser_shows_what_the_chain_says(played: hour.Hour, tmp_path: Path) -> None:
    stored = drawn.beats(1)
    device = c.Device(drawn.net(), stored, golden.run(drawn.net(), IntBeats.of(stored)))
    (tmp_path / "index.html").write_text(web.page(wasm.module(device), played, "V5", MODEL), encoding="utf-8")
    document = browser.shown(tmp_path / "index.html", "#all")
    chain = Chain(Settings(hour.RATE, log_prior(web.HOUR_OF)), golden_network(drawn.net()))
    chain.push(played.microvolts)
    said = chain.statement
    assert said is not None
    assert not said.reason
    assert browser.text(document, "refused") == ""
    assert browser.text(document, "time") == f"{MINUTES}:00 of {MINUTES}:00"
    assert browser.text(document, "number") == words.potassium(said.middle_meq / 1000)
    assert browser.text(document, "range") == f"90 % interval {said.low_meq / 1000:.1f} to {said.high_meq / 1000:.1f}"
    assert browser.text(document, "above-after") == words.probability(said.above / 10_000)
    assert browser.text(document, "used") == f"{said.alike} of {said.beats}"
    ratios = Evidence.of(np.array(said.log_likelihood) / 256).likelihood_ratio
    assert words.times(ratios["low"]) in browser.text(document, "evidence")
    assert "Signal: good" in browser.text(document, "signal")
    assert 'class="line"' in document


WAVE = np.round(300 * np.sin(np.arange(20 * 250) / 9), 3)
"""Microvolts."""


def rows(*cells: str, mark: str = ",") -> str:
    return "\n".join(mark.join(row) for row in zip(*(cell.split() for cell in cells), strict=True))


def column(scale: float = 1.0, comma: bool = False) -> str:
    text = " ".join(f"{scale * value:.4f}" for value in WAVE)
    return text.replace(".", ",") if comma else text


def watch(comma: bool = False, lead: str = "Lead V5") -> str:
    rate = "250,014 Hertz" if comma else "250.014 hertz"
    person = 'Name,"A, B"\nDate of Birth,1\nRecorded Date,2024-01-24 07:04:49 +0100'
    head = f"{person}\nSample Rate,{rate}\n\nLead,{lead}\nUnit,µV\n\n"
    return head + column(comma=comma).replace(" ", "\n") + "\n"


TIMES = " ".join(f"{k / 250:.3f}" for k in range(len(WAVE)))
READ = {
    "a comment and a unit in the name": "# rate: 250 Hz\n" + rows("V5[uV] " + column()),
    "millivolts": "# fs: 250\n# units: mV\n" + rows("V5 " + column(0.001)),
    "decimal commas": "# rate: 250 Hz\n" + rows("I " + column(0.002, True), "V5 " + column(0.001, True), mark=";"),
    "tabs and times": rows("time " + TIMES, "V5[mV] " + column(0.001), mark="\t"),
    "a row of units": "# rate: 250 Hz\n" + rows("ii uV " + column(2), "v5 uV " + column()),
    "a watch": watch(),
    "a watch with decimal commas": watch(True),
    "a watch in another language": watch().replace("Sample Rate", "Abtastrate").replace("Lead,", "Ableitung,"),
}
REFUSED = {
    "no rate": rows("V5 " + column()),
    "no names": rows(column()),
    "another lead": "# rate: 250 Hz\n" + rows("II " + column()),
    "a word": "# rate: 250 Hz\n" + rows("V5 " + column()) + "\nend",
    "a blank line": "# rate: 250 Hz\n" + rows("V5 " + column()) + "\n\n5",
    "several marks": "# rate: 250 Hz\n" + rows("V5 " + column(), mark=";") + "\n0,25",
    "thousands": "# rate: 250 Hz\n" + rows("V5 " + " ".join(["1,234", "2,345"] * 2000), mark=";"),
    "another unit": "# rate: 250 Hz\n" + rows("V5[kg] " + column()),
    "a row too long": "# rate: 250 Hz\n" + rows("I " + column(), "V5 " + column()) + "\n1,2,3",
    "too short": "# rate: 250 Hz\n" + rows("V5 " + " ".join(column().split()[:900])),
    "counts for millivolts": "# rate: 250 Hz\n" + rows("V5 " + column()),
    "a page": "<html><body>ECG</body></html>",
    "nothing": "",
    "another lead of a watch": watch(lead="Lead I"),
}


@needs_chromium
def test_texts_are_read_as_the_package_reads_them_or_refused_in_a_sentence(tmp_path: Path) -> None:
    code = (
        "Object.fromEntries(Object.entries(%s).map(([name, text]) => { try { const { rate, samples } = readText("
        "decoded(new TextEncoder().encode(text).buffer), 'V5'); return [name, { rate, samples: [...samples] }]; } "
        "catch (error) { return [name, error instanceof Refused ? error.message : `crash: ${error}`]; } }))"
    )
    found = browser.run(tmp_path, ("chain.js", "text.js"), code % json.dumps(READ | REFUSED))
    for name, text in READ.items():
        (tmp_path / "ecg.csv").write_text(text, encoding="utf-8")
        recording = read(tmp_path / "ecg.csv")
        assert isinstance(found[name], dict), found[name]
        assert found[name]["rate"] == 250, name
        assert len(found[name]["samples"]) == pytest.approx(len(WAVE), abs=1), name
        size = min(len(WAVE), len(found[name]["samples"]))
        lead = 1000 * recording.lead("V5")[:size]
        assert np.abs(np.array(found[name]["samples"])[:size] - lead).max() <= 1, name
    for name in REFUSED:
        assert isinstance(found[name], str), name
        assert not found[name].startswith("crash"), (name, found[name])


@needs_chromium
def test_other_rates_become_ones_that_the_chain_takes(tmp_path: Path) -> None:
    sine = "Float64Array.from({ length: 4 * from }, (_, k) => 1000 * Math.sin(20 * k / from))"
    rates = "[[512, 500], [1000, 500], [360, 300], [130, 125]]"
    code = f"{rates}.map(([from, to]) => [...resampled({sine}, from, to)])"
    found = browser.run(tmp_path, ("chain.js", "text.js"), code)
    for rate, samples in zip((500, 500, 300, 125), found, strict=True):
        inner = slice(rate // 4, -rate // 4)
        expected = 1000 * np.sin(20 * np.arange(len(samples)) / rate)
        assert len(samples) == pytest.approx(4 * rate, abs=1)
        assert np.abs(np.array(samples) - expected)[inner].max() < 5


@needs_chromium
def test_ten_seconds_are_mirrored_at_their_ends(tmp_path: Path) -> None:
    text = "# rate: 250 Hz\n" + rows("V5[uV] " + " ".join(column().split()[:2500]))
    code = f"(({{ samples, notes }}) => [[...samples], notes])(readText({json.dumps(text)}, 'V5'))"
    samples, notes = browser.run(tmp_path, ("chain.js", "text.js"), code)
    assert len(samples) == 13.2 * 250
    assert samples[375 : 375 + 2500] == np.floor(WAVE[:2500] + 0.5).tolist()
    assert samples[:375] == samples[375:750][::-1]
    assert samples[2875:] == samples[2450:2875][::-1]
    assert "mirrored" in notes[0]


@needs_chromium
def test_its_words_are_those_of_the_report(tmp_path: Path) -> None:
    asked = [0.001, 0.3, 0.6, 0.95, 1.2, 1.6, 2.04, 3.6, 40, 230]
    chances = [0, 0.004, 0.032, 0.0994, 0.0996, 0.5, 0.994, 1]
    found = browser.run(tmp_path, ("chain.js", "words.js"), f"[{asked}.map(times), {chances}.map(probability)]")
    assert found == [[*map(words.times, asked)], [*map(words.probability, chances)]]
    told = browser.run(tmp_path, ("chain.js", "words.js"), "[MEANT, NAMED, SYMBOL, REASONS.length]")
    assert told == [words.WHERE, words.NAMED, words.SYMBOL, 15]


def test_a_text_that_the_page_refuses_is_not_one_that_the_package_reads_otherwise(tmp_path: Path) -> None:
    for name in ("no rate", "a word", "a blank line", "a row too long", "nothing"):
        (tmp_path / "ecg.csv").write_text(REFUSED[name], encoding="utf-8")
        with pytest.raises(ReadError):
            read(tmp_path / "ecg.csv")
