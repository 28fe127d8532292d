"""The chain as a stream: its R peaks, what it says beside `predict`, and its C code beside its Python.

    KALEMIA_DATA=... python bench/stream.py | python bench/fill.py stream

Needs the dev extra, as wfdb reads the marks, and make, gcc, arm-none-eabi-gcc with newlib, and qemu-system-arm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

import compiled
from common import data, headers, table
from ectopic import patterned
from kalemia.estimate.model import Model
from kalemia.estimate.predict import predict
from kalemia.export import c, golden
from kalemia.export.golden import IntBeats
from kalemia.export.integers import IntNet
from kalemia.read import read
from kalemia.records import Estimate, Recording
from kalemia.signal.condition import REACH_S
from kalemia.simulate import LEVELS, simulate_one
from kalemia.simulate.heart import RATE
from kalemia.simulate.noise import add_noise
from kalemia.stream import Chain, Event, Kind, Network, Settings, Statement, of_model
from kalemia.stream.tables import RATES_HZ, Integers
from peaks import Score, marks

MODEL, LEAD = "v5-4k", "V5"
RECORDINGS = 250
"""Real and simulated ones that the chain and `predict` are both asked about."""
FUZZED, FUZZED_AT_ONCE = 100_000_000, 5_000_000
HOURS, PIECE_S = 2, 10
"""Simulated hours with noise, and the seconds after which its amounts are drawn anew."""

Marked = tuple[Integers, int, NDArray[np.float64]]
"""Samples, uV, their rate, Hz, and where the beats stand, s."""


def silent(_wave: Integers, _log_gain: int, _rr_ms: int) -> Sequence[int]:
    """Say nothing of potassium: a network where none is needed."""
    return [0] * 30


def in_integers(net: IntNet) -> Network:
    """Return the golden model of an exported network as a network of the chain."""

    def run(wave: Integers, log_gain: int, rr_ms: int) -> Sequence[int]:
        beat = IntBeats(wave[None].astype(np.int16), np.array([log_gain], np.int16), np.array([rr_ms], np.uint16))
        return [int(value) for value in golden.run(net, beat)[0]]

    return run


def microvolts(lead: NDArray[np.float32]) -> Integers:
    """Return samples in mV as the chain takes them."""
    return np.asarray(np.round(lead * 1000), np.int64)


def found(events: Iterable[Event]) -> NDArray[np.float64]:
    """Return the times of all R peaks, those of refused beats too, s."""
    return np.array([event.tick / 300 for event in events if event.kind in (Kind.BEAT, Kind.REFUSED)])


def peaks() -> str:
    """Score the R peaks of the stream on LUDB and in noise."""
    noisy = [
        [f"simulated, {HOURS} h, {name}", *_scored(_noisy(pattern, levels))]
        for name, pattern, levels in (
            ("sinus rhythm at 4.2 to 6.2 mEq/L", "S", (4.2, 5.2, 6.2)),
            ("the same with one in seven beats ectopic", "SSSSSSE", (4.2, 5.2, 6.2)),
            ("sinus rhythm at 7.2 mEq/L", "S", (7.2,)),
        )
    ]
    rows = [["LUDB", *_scored(_ludb())], *noisy]
    return table(["lead II of", "beats", "sensitivity", "PPV", "F1"], rows, "stream-peaks")


def _scored(streams: Iterable[Marked]) -> tuple[str, ...]:
    score = Score()
    for samples, rate, marked in streams:
        ended = np.append(samples, np.repeat(samples[-1:], 3 * rate))
        score.add(found(Chain(Settings(rate), silent).push(ended)), marked, 0.15)
    f1 = 2 * score.hit / (2 * score.hit + score.missed + score.wrong)
    return (str(score.hit + score.missed), *score.row(), f"{f1:.4f}")


def _ludb() -> Iterable[Marked]:
    for header in headers(data() / "ludb"):
        yield microvolts(read(header).lead("II")), 500, marks(header)


def _noisy(pattern: str, levels: Sequence[float], patients: int = 6 * HOURS) -> Iterable[Marked]:
    """Yield ten minutes of a patient each, with the noise of a wearable and motion every ten seconds."""
    noise = replace(LEVELS["wearable"], filtered=False, motion_share=1.0)
    for patient in range(patients):
        rng = np.random.default_rng(patient)
        made = patterned(patient, pattern, 1.0, levels[patient % len(levels)], seconds=600)
        pieces = np.split(made.recording.lead("II"), 600 // PIECE_S)
        noisy = np.concatenate([add_noise(piece[None], RATE, noise, rng)[0] for piece in pieces])
        yield microvolts(noisy), RATE, made.at_s


def agreement(integers: IntNet) -> str:
    """Compare the chain with `predict` on the same lead, with the network in floating point and in integers."""
    networks = {"floating point": of_model(Model.load(MODEL)), "integers": in_integers(integers)}
    asked = {"PTB-XL and others": list(_real()), "simulated `clinic`": list(_simulated())}
    rows = []
    for (name, recordings), (way, own) in product(asked.items(), networks.items()):
        pairs = [(predict(one, MODEL), stated(one, own)) for one in recordings]
        both = [(e, s) for e, s in pairs if e.status == "estimated" and not s.reason]
        apart = sum((e.status == "estimated") == bool(s.reason) for e, s in pairs)
        off = np.array([_off(e, s) for e, s in both])
        rows.append([name, way, len(pairs), apart, *(_spread(column) for column in off.T)])
    columns = ["recordings", "network in", "asked", "one alone refuses", "potassium", "5 %", "95 %", "P(above 5.5)"]
    return table(columns, rows, "stream-agreement")


def stated(recording: Recording, network: Network) -> Statement:
    """Return what the chain says of a recording of ten seconds, whose ends are mirrored as `condition` does it."""
    rate = int(recording.rate)
    reach = round(REACH_S * rate)
    samples = np.pad(microvolts(recording.signal[0]), (reach, reach + rate // 5), mode="symmetric")
    chain = Chain(Settings(rate), network)
    chain.push(samples)
    assert chain.statement is not None
    return chain.statement


def _off(estimate: Estimate, statement: Statement) -> tuple[float, float, float, float]:
    assert estimate.potassium_meq_l is not None
    assert estimate.interval_meq_l is not None
    low, high = estimate.interval_meq_l
    return (
        abs(statement.middle_meq / 1000 - estimate.potassium_meq_l),
        abs(statement.low_meq / 1000 - low),
        abs(statement.high_meq / 1000 - high),
        abs(statement.above / 10_000 - estimate.probability_above["5.5"]),
    )


def _spread(off: NDArray[np.float64]) -> str:
    return f"{np.median(off):.3f}, {np.quantile(off, 0.95):.3f}"


def _real() -> Iterable[Recording]:
    paths = [path for name in ("ptbxl", "cinc2021", "ptbxl-more") for path in headers(data() / name)[::2]]
    leads = (_one(read(path)) for path in paths)
    whole = (one for one in leads if one.duration_s == 10 and np.isfinite(one.signal).all())
    return [one for one, _ in zip(whole, range(RECORDINGS), strict=False)]


def _simulated() -> Iterable[Recording]:
    return (_one(simulate_one(5, patient).recording) for patient in range(RECORDINGS))


def _one(recording: Recording) -> Recording:
    return Recording(recording.lead(LEAD)[None], recording.rate, (LEAD,))


def same(folder: Path, net: IntNet) -> list[list[object]]:
    """Compare every event of the chain in C and in Python over an hour, and let sanitizers watch fuzzed samples."""
    settings, rows = Settings(250, rail_uv=4000), list[list[object]]()
    pieces = [resample_poly(samples, 1, 2) for samples, _, _ in _noisy("SSSSSSE", (4.2, 6.2, 7.2), patients=6)]
    script: compiled.Script = [("samples", np.round(np.concatenate(pieces)).astype(np.int64))]
    found = compiled.said_by_c([str(compiled.build_with(folder))], folder, settings, 0, script)
    expected = compiled.said_by_python(settings, script, in_integers(net))
    equal = sum(one == other for one, other in zip(found, expected, strict=False))
    rows.append(["events of a noisy hour that are the same in C and in Python", f"{equal:,} of {len(expected):,}"])
    rng, watched = np.random.default_rng(0), compiled.build(folder, *compiled.SANITIZED)
    for _ in range(FUZZED // FUZZED_AT_ONCE):
        quieter = rng.integers(0, 20, FUZZED_AT_ONCE // 500).repeat(500)
        wild = rng.integers(-(1 << 19), 1 << 19, FUZZED_AT_ONCE) >> quieter
        compiled.said_by_c([str(watched)], folder, Settings(int(rng.choice(RATES_HZ))), 0, [("samples", wild)])
    return [*rows, ["fuzzed samples without a finding of ASan and UBSan", f"{FUZZED:,}"]]


def cost(folder: Path) -> list[list[object]]:
    """Return what the whole chain, its network included, takes on an emulated Cortex-M4."""
    printed = compiled.run(["make", "-s", "-C", str(folder), "chain-m4"])
    numbers = [int(number) for number in re.findall(r"(\d+) (?:bytes|instructions|where)", printed)]
    size = compiled.run(["make", "-s", "-C", str(folder), "size-chain-m4"]).split()
    names = ("RAM of the state, bytes", "instructions a second of signal", "instructions a sample, most")
    rows = zip((*names, "instructions of a sample that ends a window, most"), numbers, strict=True)
    found: list[list[object]] = [[name, f"{number:,}"] for name, number in rows]
    return [["code and constants, bytes", f"{int(size[6]):,}"], *found]


def main() -> None:
    """Print all tables."""
    print(peaks())
    with TemporaryDirectory() as name:
        net = c.write(Model.load(MODEL), Path(name)).net
        print(f"\nDifference of the chain from `predict`, both with `{MODEL}`, mEq/L (median, 95th percentile):\n")
        print(agreement(net))
        print("\nThe chain in C:\n")
        print(table(["what", "how much"], [*same(Path(name), net), *cost(Path(name))], "stream-device"))


if __name__ == "__main__":
    main()
