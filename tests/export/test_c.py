"""An exported network in C: equal to the golden model, to the bit, on this computer and on emulated processors."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

import drawn

from kalemia.errors import ModelError
from kalemia.estimate.model import Model
from kalemia.export import c, cost, golden
from kalemia.export.calibration import Beats
from kalemia.export.golden import IntBeats
from kalemia.export.integers import IntNet

BEATS = 200
TABLES = 2 * 2 * 129 + 2 * 30 * 6
SIGNATURES = "void f(const int16_t *wave, int16_t log_gain, uint16_t rr_ms) {", "void f(int32_t microvolts) {"
"""Of a function round each of the examples of the docs."""


KINDS = {"LSTM": drawn.STATES, "mean": 0}
"""States of what reads the steps: none where it is their mean."""


def laid(folder: Path, net: IntNet, beats: int) -> Path:
    stored = drawn.beats(beats)
    c.lay(c.Device(net, stored, golden.run(net, IntBeats.of(stored))), folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return laid(tmp_path_factory.mktemp("c"), drawn.net(), 3)


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, IntNet]:
    net = drawn.net(states=KINDS[request.param])
    return laid(tmp_path_factory.mktemp(request.param), net, 3), net


def make(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["make", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stderr, done.stderr
    return done.stdout


def numbers(text: str, what: str) -> list[int]:
    found = re.search(what, text)
    assert found, text
    return [int(number.replace(",", "")) for number in found.groups()]


@pytest.mark.parametrize("host", drawn.HOSTS)
def test_a_computer_says_what_the_golden_model_says(kind: tuple[Path, IntNet], host: str) -> None:
    folder, net = kind
    compiler, *flags = drawn.HOSTS[host]
    if reason := drawn.missing(compiler, "make"):
        pytest.skip(reason)
    make(folder, "clean", "build/replay", f"CC={compiler}", f"CFLAGS=-O2 -Werror {' '.join(flags)}")
    asked = drawn.every(BEATS)
    said = drawn.replayed(folder, asked, [str(folder / "build/replay")])
    assert np.array_equal(said, golden.run(net, asked))


@pytest.mark.parametrize(("channels", "states"), [(4, 1), (20, 3), (4, 0), (20, 0)])
def test_networks_of_other_sizes_say_what_the_golden_model_says(tmp_path: Path, channels: int, states: int) -> None:
    if reason := drawn.missing("cc", "make"):
        pytest.skip(reason)
    net = drawn.net(channels, states)
    laid(tmp_path, net, 1)
    make(tmp_path, "build/replay", "build/selftest")
    asked = drawn.every(30)
    said = drawn.replayed(tmp_path, asked, [str(tmp_path / "build/replay")])
    assert np.array_equal(said, golden.run(net, asked))
    constants, ram = numbers(make(tmp_path), r"constants (\d+) bytes, RAM (\d+) bytes")
    assert (constants + TABLES, ram) == (cost.constant_bytes(net), cost.ram_bytes(net))


@pytest.mark.parametrize("core", drawn.CORES)
def test_a_processor_says_what_the_golden_model_says(kind: tuple[Path, IntNet], core: str) -> None:
    folder, net = kind
    if reason := drawn.missing(*drawn.EMULATOR, "make"):
        pytest.skip(reason)
    program = f"build/replay-{core}.elf"
    make(folder, program)
    asked = drawn.every(20)
    said = drawn.replayed(folder, asked, ["make", "-s", f"on-{core}", f"PROGRAM={program}"])
    assert np.array_equal(said, golden.run(net, asked))
    printed = make(folder, f"qemu-{core}")
    assert "3 of 3 beats equal the golden model to the bit" in printed
    (instructions,) = numbers(printed, r"(\d+) instructions a beat")
    assert 1 < instructions / cost.macs(net) < 10


SOURCES = ("kal_net.c", "kal_nnet.c", "kal_tables.c", "kal_model.c", "selftest.c", "replay.c", "qemu/startup.c")
CPPCHECK = (
    "--enable=warning,style,performance,portability", "--std=c99", "--quiet", "--error-exitcode=1",
    "--suppress=missingIncludeSystem", "--suppress=unusedStructMember:qemu/startup.c", "-I.", "-Iqemu",
)  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        [
            "clang-tidy",
            "--quiet",
            f"--config-file={drawn.FIRMWARE / '.clang-tidy'}",
            *SOURCES,
            "--",
            "-std=c99",
            "-I.",
            "-Iqemu",
        ],
        ["cppcheck", *CPPCHECK, *SOURCES],
    ],
    ids=lambda command: str(command[0]),
)
def test_static_analysis_finds_nothing(kind: tuple[Path, IntNet], command: list[str]) -> None:
    if reason := drawn.missing(command[0]):
        pytest.skip(reason)
    done = subprocess.run(command, cwd=kind[0], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_runs_the_self_test_which_knows_its_sizes(folder: Path) -> None:
    if reason := drawn.missing("cc", "make"):
        pytest.skip(reason)
    printed = make(folder)
    assert "3 of 3 beats equal the golden model to the bit" in printed
    constants, ram = numbers(printed, r"constants (\d+) bytes, RAM (\d+) bytes")
    assert (constants + TABLES, ram) == (cost.constant_bytes(drawn.net()), cost.ram_bytes(drawn.net()))


def test_a_self_test_that_fails_says_so(folder: Path, tmp_path: Path) -> None:
    if reason := drawn.missing("cc", "make"):
        pytest.skip(reason)
    stored = drawn.beats(2)
    said = golden.run(drawn.net(), IntBeats.of(stored))
    c.lay(c.Device(drawn.net(), stored, said + np.array([[0], [1]], np.int16)), tmp_path)
    done = subprocess.run(["make", "-C", str(tmp_path)], capture_output=True, text=True)
    assert done.returncode
    assert "1 of 2 beats equal" in done.stdout
    assert "DIFFERS" in done.stdout


@pytest.mark.parametrize("place", [0, 1])
def test_the_examples_of_the_docs_compile(folder: Path, tmp_path: Path, place: int) -> None:
    if reason := drawn.missing("cc"):
        pytest.skip(reason)
    page = (drawn.FIRMWARE.parent / "docs" / "device.md").read_text(encoding="utf-8")
    code = re.findall(r"```c\n(.*?)```", page, re.DOTALL)[place]
    above, within = code.split("\n\n")[:2], code.split("\n\n", 2)[2]
    source = "\n".join([*above, SIGNATURES[place], within, "}"])
    (tmp_path / "example.c").write_text(source)
    command = ["cc", "-std=c99", "-Wall", "-Wextra", "-Werror", "-Wno-unused-variable", "-fsyntax-only", "example.c"]
    subprocess.run([*command, f"-I{folder}", f"-I{folder / 'chain'}"], cwd=tmp_path, check=True)


def test_a_runtime_of_another_format_is_not_compiled(folder: Path, tmp_path: Path) -> None:
    if reason := drawn.missing("cc"):
        pytest.skip(reason)
    for path in folder.glob("kal_*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    header = tmp_path / "kal_model.h"
    header.write_text(header.read_text().replace("FORMAT 2", "FORMAT 3"))
    done = subprocess.run(["cc", "-fsyntax-only", "kal_net.c"], cwd=tmp_path, capture_output=True, text=True)
    assert "export the model again" in done.stderr


def test_the_readme_says_what_it_takes(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    for value in (cost.constant_bytes(drawn.net()), cost.ram_bytes(drawn.net()), cost.macs(drawn.net())):
        assert f"{value:,}" in text
    assert "{" not in text


def test_lines_of_weights_fit(folder: Path) -> None:
    for name in ("kal_model.c", "kal_beats.c"):
        assert max(map(len, (folder / name).read_text().splitlines())) <= 140


def test_a_folder_of_other_files_is_left_alone(tmp_path: Path, tiny_path: Path) -> None:
    (tmp_path / "Makefile").write_text("mine")
    with pytest.raises(ModelError, match="holds other files"):
        c.write(Model.load(tiny_path), tmp_path)
    assert (tmp_path / "Makefile").read_text() == "mine"


def test_rows_are_laid_as_the_processor_unpacks_them() -> None:
    assert c._unpacked(np.arange(12).reshape(2, 6)).tolist() == [[0, 2, 1, 3, 4, 0, 5, 0], [6, 8, 7, 9, 10, 0, 11, 0]]


def test_what_is_exported_twice_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(c, "simulated", lambda *_: drawn.beats(6))
    first, second = ([*_files(tmp_path / name)] for name in "ab")
    assert first == second
    assert len(first) > 15


def _files(folder: Path) -> list[tuple[str, bytes]]:
    folder.mkdir()
    c.write(Model.load("v5-4k"), folder)
    return sorted((path.name, path.read_bytes()) for path in folder.rglob("*") if path.is_file())


def test_beats_are_rounded_and_kept_within_their_range() -> None:
    side = np.array([[1.0, 0.8], [40.0, 70.0]], np.float32)
    rounded = IntBeats.of(Beats(np.full((2, 1, 270), [[[1.0]], [[-3.0]]], np.float32), side, np.zeros(2, np.float32)))
    assert rounded.waves[:, 0].tolist() == [16384, -32768]
    assert rounded.log_gain.tolist() == [1024, 32767]
    assert rounded.rr_ms.tolist() == [800, 65535]


def test_an_export_needs_no_torch() -> None:
    code = "import sys, kalemia.export.c, kalemia.export.int8; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("place", ["", *(f"-{core}" for core in drawn.CORES)])
def test_the_example_takes_samples_through_the_chain(folder: Path, place: str) -> None:
    if reason := drawn.missing("cc", "make", *(drawn.EMULATOR if place else ())):
        pytest.skip(reason)
    printed = make(folder, f"chain{place}")
    assert "the signal is good" in printed
    assert len(re.findall(r"beats, RR \d+ ms|nothing is said of potassium", printed)) == 5
    (state,) = numbers(printed, r"the state takes (\d+) bytes")
    assert state < 14_400
    if place:
        a_second, *_ = numbers(printed, r"(\d+) instructions a second of signal")
        assert a_second < 3_000_000
