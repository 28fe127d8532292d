"""The C chain says what the Python chain says, to the bit, whatever it is fed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from streams import heart

from compiled import (
    CHAIN,
    FIRMWARE,
    POPULATIONS,
    QEMU,
    SANITIZED,
    SOURCES,
    STRICT,
    Script,
    build,
    build_for,
    emulator,
    missing,
    said_by_c,
    said_by_python,
)
from ecgs import P, R
from kalemia.stream import Settings
from kalemia.stream.events import MISSING, MOST_UV
from kalemia.stream.tables import RATES_HZ, header, log_prior

CORES = {"m3": ("mps2-an385", "mps2.ld"), "m4": ("mps2-an386", "mps2.ld"), "m7": ("mps2-an500", "mps2.ld")} | {
    "m55": ("mps3-an547", "mps3.ld")
}  # fmt: skip
LEAST, MOST = -(1 << 31), (1 << 31) - 2
needs_gcc = pytest.mark.skipif(missing("gcc") is not None, reason=str(missing("gcc")))
CROSS = missing("arm-none-eabi-gcc", "qemu-system-arm")
needs_emulator = pytest.mark.skipif(CROSS is not None, reason=str(CROSS))

Integers = NDArray[np.int64]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("chain"), "-O2")


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("sanitized"), *SANITIZED)


def ten_minutes(rate: int, seed: int) -> Integers:
    """Return a heart that speeds up, noise, a lead that comes off, hum and a limit of the converter."""
    rng = np.random.default_rng(seed)
    hearts = [heart(rate, 60.0, rr_s=rr_s, noise_mv=0.03) for rr_s in (1.1, 0.8, 0.55, 0.4)]
    noisy = heart(rate, 120.0) + np.round(np.cumsum(rng.normal(0, 9, 120 * rate)) % 900).astype(np.int64)
    off, hum = np.full(60 * rate, 4321), np.round(500 * np.sin(np.arange(60 * rate) * 314.16 / rate)).astype(np.int64)
    clipped = np.clip(heart(rate, 60.0), -MOST_UV, 700) * 300
    lost = heart(rate, 60.0)
    lost[rng.integers(len(lost), size=40)] = MISSING
    return np.concatenate([*hearts, noisy, off, hum, clipped, lost])


def fuzzed(rng: np.random.Generator, rate: int) -> Integers:
    """Return up to half a minute of something."""
    count = int(rng.integers(1, 30 * rate))
    kind = rng.integers(8)
    if kind < 3:
        mv = float(rng.choice([0.05, 0.3, 1.0, 5.0, 30.0]))
        beats = heart(rate, max(1.0, count / rate), rr_s=float(rng.uniform(0.25, 2.0)), noise_mv=0.05)
        samples = np.round(beats * mv).astype(np.int64)
        samples[rng.integers(len(samples), size=5)] = MISSING
        samples[:: int(rng.integers(rate // 2, rate))] += int(rng.integers(-5000, 5000))
    elif kind == 3:
        samples = np.full(count, int(rng.choice([MISSING, MOST_UV, 0, int(rng.integers(LEAST, MOST))])))
    elif kind == 4:
        samples = rng.integers(LEAST, MOST, count)
    elif kind == 5:
        samples = np.cumsum(rng.integers(-90, 90, count))
    elif kind == 6:
        samples = np.where(np.arange(count) // int(rng.integers(1, rate)) % 2, MOST_UV - 1, 1 - MOST_UV)
    else:
        samples = rng.integers(-600, 600, count) * int(rng.choice([1, 100, 800]))
    return np.clip(samples, LEAST, MOST)


def fuzzed_script(seed: int) -> tuple[Settings, int, Script]:
    """Return settings, a population and what a stream is fed."""
    rng = np.random.default_rng(seed)
    rate, among, on, population = int(rng.choice(RATES_HZ)), int(rng.integers(1, 33)), int(rng.integers(10_001)), 0
    settings = Settings(
        rate, log_prior(POPULATIONS[population]), int(rng.choice([MOST_UV, 2000, 700])), on, int(rng.integers(on + 1)),
        int(rng.integers(1, among + 1)), among, int(rng.integers(5)), int(rng.integers(1 << 32)),
    )  # fmt: skip
    script: list[tuple[str, int | Integers]] = []
    for _ in range(int(rng.integers(1, 6))):
        script.append(("samples", fuzzed(rng, rate)))
        if rng.random() < 0.4:
            script.append(("gap", int(rng.choice([0, 1, 77, 5000, MOST]))))
        if rng.random() < 0.3:
            rate = int(rng.choice(RATES_HZ))
            script.append(("rate", rate))
        if rng.random() < 0.3:
            script.append(("prior", int(rng.integers(len(POPULATIONS)))))
    return settings, population, script


def test_the_constants_are_as_they_are_written() -> None:
    assert (CHAIN / "kal_constants.h").read_text(encoding="utf-8") == header(), (
        "python -m kalemia.stream firmware/chain"
    )


def test_numbers_of_events_are_those_of_python() -> None:
    from kalemia.stream import Kind, Level, Reason, Signal

    text = re.sub(r"/\*.*?\*/", "", (CHAIN / "kal.h").read_text(encoding="utf-8"), flags=re.DOTALL)
    for enum, first in ((Kind, 1), (Reason, 0), (Signal, 0), (Level, 0)):
        body = re.search(rf"enum kal_{enum.__name__.lower()} \{{(.*?)\}}", text, flags=re.DOTALL)
        assert body is not None
        names = [name.strip().partition(" ")[0] for name in body[1].split(",") if name.strip()]
        values = {name.removeprefix("KAL_"): number for number, name in enumerate(names, first)}
        values = {"RATE" if name == "RATE_LIMIT" else name: number for name, number in values.items()}
        assert values == {member.name: int(member) for member in enum}


def test_it_uses_no_heap_no_floating_point_and_no_library_of_numbers() -> None:
    for source in (*CHAIN.glob("*.c"), *CHAIN.glob("*.h")):
        code = re.sub(r"/\*.*?\*/", "", source.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"\b(malloc|calloc|realloc|free|float|double|math\.h|alloca)\b", code), source.name
        assert len(source.read_text(encoding="utf-8").splitlines()) <= 350, source.name


@needs_gcc
@pytest.mark.parametrize("rate", RATES_HZ)
def test_ten_minutes_are_the_same(rate: int, program: Path, tmp_path: Path) -> None:
    script = [("samples", ten_minutes(rate, rate))]
    settings = Settings(rate, enough=1, among=2, rest=2, on=0, off=0, rail_uv=200_000)
    expected = said_by_python(settings, script)
    assert said_by_c([str(program)], tmp_path, settings, 0, script) == expected
    assert {int(line.split()[0]) for line in expected} == {0, 1, 2, 3, 4, 5}


@needs_gcc
@pytest.mark.parametrize("first_tick", [(1 << 32) - 1, (1 << 32) - 3000, (1 << 31) - 100])
def test_the_counter_of_ticks_may_begin_anew(first_tick: int, program: Path, tmp_path: Path) -> None:
    script: Script = [("samples", heart(250, 40.0)), ("gap", 100), ("samples", heart(250, 30.0))]
    settings = Settings(250, first_tick=first_tick)
    expected = said_by_python(settings, script)
    assert said_by_c([str(program)], tmp_path, settings, 0, script) == expected
    assert any(int(line.split()[1]) < 9000 for line in expected[:-1]) == (first_tick > 1 << 31)


@needs_gcc
@pytest.mark.parametrize("gap_s", [20, 300])
def test_the_rest_after_a_warning_runs_on_in_a_gap(gap_s: int, program: Path, tmp_path: Path) -> None:
    small = np.concatenate([heart(250, 34.0), heart(250, 50.0, waves=(P, R)), np.full(250, 7)])
    script: Script = [("samples", small), ("gap", gap_s * 250), ("samples", heart(250, 40.0))]
    settings = Settings(250, enough=2, among=3, rest=20, on=200, off=200)
    assert said_by_c([str(program)], tmp_path, settings, 0, script) == said_by_python(settings, script)


@needs_gcc
@pytest.mark.parametrize("seed", range(40))
def test_whatever_comes_is_the_same(seed: int, program: Path, tmp_path: Path) -> None:
    settings, population, script = fuzzed_script(seed)
    found = said_by_c([str(program)], tmp_path, settings, population, script)
    assert found == said_by_python(settings, script)


@needs_gcc
def test_a_million_samples_break_no_rule_of_c(sanitized: Path, tmp_path: Path) -> None:
    rng, script, count = np.random.default_rng(0), list[tuple[str, int | Integers]](), 0
    while count < 1_000_000:
        script.append(("samples", fuzzed(rng, 250)))
        count += len(script[-1][1])  # type: ignore[arg-type]
        script.append(("gap", int(rng.integers(9000))) if rng.random() < 0.2 else ("prior", int(rng.integers(5))))
    assert said_by_c([str(sanitized)], tmp_path, Settings(250), 0, script)


@needs_gcc
@pytest.mark.parametrize("options", [("-O0",), ("-O3", "-fwrapv"), ("-Os", "-funsigned-char"), SANITIZED])
def test_options_of_the_compiler_make_no_difference(options: tuple[str, ...], tmp_path: Path) -> None:
    settings, population, script = fuzzed_script(3)
    command = [str(build(tmp_path, *options))]
    assert said_by_c(command, tmp_path, settings, population, script) == said_by_python(settings, script)


@needs_gcc
@pytest.mark.parametrize(("place", "value"), [(0, 360), (1, 0), (3, 10_001), (4, 6000), (5, 0), (5, 7), (6, 33)])
def test_settings_that_cannot_be_are_refused(place: int, value: int, program: Path, tmp_path: Path) -> None:
    own = [250, MOST_UV, 0, 5000, 3000, 4, 6, 30, 0]
    own[place] = value
    np.array(own, "<i4").tofile(tmp_path / "samples.bin")
    done = subprocess.run([str(program)], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, f"kal_init returns {-1 if place == 0 else -2}\n")


NOTHING = r"""
#include <assert.h>
#include <string.h>
#include "kal.h"
static struct kal_room room, zero;
int main(void) {
    struct kal *state = (struct kal *)&room;
    struct kal_event events[KAL_MOST_EVENTS];
    struct kal_settings settings;
    kal_usual(&settings, 250);
    for (int refused = 0; refused < 2; refused++) {
        assert(!kal_push(state, 5, events) && !kal_gap(state, 5, events) && !kal_set_rate(state, 500, events));
        assert(kal_set_prior(state, settings.log_prior) == KAL_ERROR_SETTINGS);
        assert(!kal_latest(state) && kal_signal_now(state) == KAL_UNKNOWN && !kal_warns(state));
        assert(!memcmp(&room, &zero, sizeof room));
        settings.rate = 360;
        assert(kal_init(state, &kal_model, &settings) == KAL_ERROR_RATE);
        settings.rate = 250;
    }
    assert(kal_init(NULL, &kal_model, &settings) == KAL_ERROR_SETTINGS);
    assert(kal_init(state, NULL, &settings) == KAL_ERROR_SETTINGS);
    assert(kal_init(state, &kal_model, NULL) == KAL_ERROR_SETTINGS);
    assert(kal_init(state, &kal_model, &settings) == KAL_OK);
    assert(kal_set_prior(state, NULL) == KAL_ERROR_SETTINGS && kal_set_prior(state, settings.log_prior) == KAL_OK);
    for (int i = 0; i < 9000; i++) {
        assert(!kal_push(state, i % 200 ? 0 : 999, NULL) && !kal_push(NULL, 0, events));
    }
    assert(!kal_gap(state, 5, NULL) && !kal_set_rate(state, 500, NULL) && !kal_latest(state) && !kal_latest(NULL));
    return 0;
}
"""


@needs_gcc
def test_without_a_begun_state_or_room_for_events_nothing_happens(tmp_path: Path) -> None:
    source, program = tmp_path / "nothing.c", tmp_path / "nothing"
    source.write_text(NOTHING, encoding="utf-8")
    files = [str(source), *(str(path) for path in SOURCES if path.name != "stream.c")]
    includes = [f"-I{folder}" for folder in (CHAIN, FIRMWARE / "net", CHAIN / "test")]
    subprocess.run(["gcc", *STRICT, *SANITIZED, *includes, *files, "-o", str(program)], check=True)
    subprocess.run([str(program)], check=True, timeout=60)


@needs_emulator
@pytest.mark.skipif(not (QEMU / "startup.c").exists(), reason="no start-up code for emulated processors")
@pytest.mark.parametrize("core", CORES)
def test_emulated_processors_say_the_same(core: str, tmp_path: Path) -> None:
    machine, memory = CORES[core]
    rng = np.random.default_rng(1)
    script: Script = [("samples", heart(250, 60.0, noise_mv=0.05)), ("gap", 9), ("samples", fuzzed(rng, 250))]
    program = build_for(tmp_path, core, memory)
    found = said_by_c(emulator(machine, program), tmp_path, Settings(250), 0, script)
    assert found == said_by_python(Settings(250), script)


CPPCHECK = ("--enable=warning,style,performance,portability", "--std=c99", "--error-exitcode=1", "--quiet")


@pytest.mark.parametrize("tool", ["cppcheck", "clang-tidy", "clang"])
def test_static_analysis_finds_nothing(tool: str) -> None:
    if reason := missing(tool):
        pytest.skip(reason)
    files, includes = [*map(str, SOURCES)], [f"-I{folder}" for folder in (CHAIN, FIRMWARE / "net", CHAIN / "test")]
    command = {
        "cppcheck": ["cppcheck", *CPPCHECK, *includes, *files],
        "clang-tidy": [
            "clang-tidy",
            "--quiet",
            f"--config-file={FIRMWARE / '.clang-tidy'}",
            *files,
            "--",
            "-std=c99",
            *includes,
        ],
        "clang": ["clang", "-fsyntax-only", "-Wsign-conversion", *STRICT, *includes, *files],
    }
    done = subprocess.run(command[tool], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
