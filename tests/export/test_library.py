"""An exported folder as a library: built by CMake, and as Arduino and PlatformIO compile it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("onnx")

import drawn

from kalemia.export import c, golden
from kalemia.export.golden import IntBeats

STRICT = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror"]
BOARD = """
#include <stdint.h>
#include <stdio.h>
#include <Kalemia.h>
static struct { void begin(long) {} void println(const char *said) { puts(said); } } Serial;
static uint32_t micros() { return 4000000000; }
"""
"""What a sketch takes of Arduino.h."""


@pytest.fixture(scope="module", params=[drawn.STATES, 0], ids=["LSTM", "mean"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made, net, stored = tmp_path_factory.mktemp("library"), drawn.net(states=request.param), drawn.beats(2)
    c.lay(c.Device(net, stored, golden.run(net, IntBeats.of(stored))), made)
    return made


def ran(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_cmake_builds_the_folder_and_runs_its_self_test(folder: Path, tmp_path: Path) -> None:
    if reason := drawn.missing("cmake", "ctest", "cc", "make"):
        pytest.skip(reason)
    ran(tmp_path, "cmake", str(folder), f"-DCMAKE_C_FLAGS={' '.join(STRICT)}", "-DCMAKE_BUILD_TYPE=Release")
    ran(tmp_path, "cmake", "--build", ".")
    assert "100% tests passed, 0 tests failed out of 2" in ran(tmp_path, "ctest")


def test_cmake_takes_the_folder_into_a_firmware(folder: Path, tmp_path: Path) -> None:
    if reason := drawn.missing("cmake", "cc", "make"):
        pytest.skip(reason)
    (tmp_path / "main.c").write_text('#include "kal.h"\nint main(void) { return kal_size() == 0; }\n')
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(mine LANGUAGES C)\nadd_executable(mine main.c)\n"
        f"add_subdirectory({folder} kalemia)\ntarget_link_libraries(mine kalemia)\n"
    )
    ran(tmp_path, "cmake", "-B", "build")
    ran(tmp_path, "cmake", "--build", "build")
    ran(tmp_path, "build/mine")
    assert not (tmp_path / "build" / "kalemia" / "selftest").exists()


def test_its_src_alone_is_compiled_and_a_sketch_is_linked_with_it(folder: Path, tmp_path: Path) -> None:
    """As Arduino does it: each C file in src, with src alone to look for headers in, and the sketch as C++."""
    if reason := drawn.missing("cc", "c++"):
        pytest.skip(reason)
    sources = sorted(map(str, (folder / "src").glob("*.c")))
    ran(tmp_path, "cc", "-std=c99", *STRICT, f"-I{folder / 'src'}", "-c", *sources)
    sketch = (folder / "examples" / "Warning" / "Warning.ino").read_text()
    (tmp_path / "sketch.cpp").write_text(f"{BOARD}{sketch}\nint main() {{ setup(); loop(); }}\n")
    objects = sorted(map(str, tmp_path.glob("*.o")))
    ran(tmp_path, "c++", "-Wall", "-Wextra", "-Werror", f"-I{folder / 'src'}", "sketch.cpp", *objects, "-o", "sketch")
    assert ran(tmp_path, "./sketch") == ""
    compiled = {path.stem for path in (folder / "src").glob("*.c")}
    assert {path.stem for path in (folder / "chain").glob("*.c")} | {"kal_net", "kal_model"} < compiled


def test_arduino_and_platformio_are_told_what_it_is(folder: Path) -> None:
    lines = (folder / "library.properties").read_text().splitlines()
    arduino = dict(line.split("=", 1) for line in lines)
    platformio = json.loads((folder / "library.json").read_text())
    assert (arduino["includes"], platformio["headers"]) == ("Kalemia.h", "Kalemia.h")
    assert arduino["version"] == platformio["version"]
    assert "Network drawn 0. Research use. Not a medical device." in arduino["paragraph"]


def test_a_processor_of_16_bits_is_refused(folder: Path) -> None:
    if reason := drawn.missing("cc"):
        pytest.skip(reason)
    (folder / "narrow.h").write_text("#include <limits.h>\n#undef INT_MAX\n#define INT_MAX 32767\n")
    narrow = ["cc", "-fsyntax-only", "-include", "narrow.h", "kal_net.c"]
    done = subprocess.run(narrow, cwd=folder, capture_output=True, text=True)
    assert "a processor of 32 bits is needed" in done.stderr
