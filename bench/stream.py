"""The chain as a stream: its R peaks, what it says beside `predict`, and its C code beside its Python.

    KALEMIA_DATA=... python bench/stream.py | python bench/fill.py stream

Needs the dev extra: wfdb reads the marks. What needs a C compiler says so where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from common import data, headers, table
from ectopic import patterned
from kalemia.estimate.model import Model
from kalemia.estimate.predict import predict
from kalemia.read import read
from kalemia.records import Estimate, Recording
from kalemia.signal.condition import REACH_S
from kalemia.simulate import LEVELS, simulate_one
from kalemia.simulate.heart import RATE
from kalemia.simulate.noise import add_noise
from kalemia.stream import Chain, Event, Kind, Settings, Statement
from kalemia.stream.chain import Network
from kalemia.stream.tables import Integers
from peaks import Score, marks

MODEL, LEAD = "v5-4k", "V5"
RECORDINGS = 250
"""Real and simulated ones that the chain and `predict` are both asked about."""
HOURS, PIECE_S = 2, 10
"""Simulated hours with noise, and the seconds after which its amounts are drawn anew."""


def silent(_wave: Integers, _log_gain: int, _rr_ms: int) -> Sequence[int]:
    """Say nothing of potassium: a network where none is needed."""
    return [0] * 30


def network(model: Model) -> Network:
    """Return a model of one lead as a network of the chain, in floating point."""

    def run(wave: Integers, log_gain: int, rr_ms: int) -> Sequence[int]:
        side = np.array([[log_gain / 1024, rr_ms / 1000]], np.float32)
        (found,) = model.run((wave[None, None] / 16384).astype(np.float32), side)
        return [round(256 * float(value)) for value in found - found.max()]

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
    return table(["lead II of", "beats", "sensitivity", "PPV", "F1"], rows)


def _scored(streams: Iterable[tuple[Integers, int, NDArray[np.float64]]]) -> tuple[str, ...]:
    score = Score()
    for samples, rate, marked in streams:
        ended = np.append(samples, np.repeat(samples[-1:], 3 * rate))
        score.add(found(Chain(Settings(rate), silent).push(ended)), marked, 0.15)
    f1 = 2 * score.hit / (2 * score.hit + score.missed + score.wrong)
    return (str(score.hit + score.missed), *score.row(), f"{f1:.4f}")


def _ludb() -> Iterable[tuple[Integers, int, NDArray[np.float64]]]:
    for header in headers(data() / "ludb"):
        yield microvolts(read(header).lead("II")), 500, marks(header)


def _noisy(pattern: str, levels: Sequence[float]) -> Iterable[tuple[Integers, int, NDArray[np.float64]]]:
    """Yield ten minutes of a patient each, with the noise of a wearable and motion every ten seconds."""
    noise = replace(LEVELS["wearable"], filtered=False, motion_share=1.0)
    for patient in range(6 * HOURS):
        rng = np.random.default_rng(patient)
        made = patterned(patient, pattern, 1.0, levels[patient % len(levels)], seconds=600)
        pieces = np.split(made.recording.lead("II"), 600 // PIECE_S)
        noisy = np.concatenate([add_noise(piece[None], RATE, noise, rng)[0] for piece in pieces])
        yield microvolts(noisy), RATE, made.at_s


def agreement() -> str:
    """Compare the chain, with the network in floating point, with `predict` on the same lead."""
    model = Model.load(MODEL)
    rows = []
    for name, recordings in (("PTB-XL and others", _real()), ("simulated `clinic`", _simulated())):
        pairs = [(predict(one, MODEL), stated(one, network(model))) for one in recordings]
        both = [(e, s) for e, s in pairs if e.status == "estimated" and not s.reason]
        apart = sum((e.status == "estimated") == bool(s.reason) for e, s in pairs)
        off = np.array([_off(e, s) for e, s in both])
        rows.append([name, len(pairs), apart, *(_spread(column) for column in off.T)])
    columns = ["recordings", "asked", "one alone refuses", "potassium", "5 %", "95 %", "P(above 5.5)"]
    return table(columns, rows)


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


if __name__ == "__main__":
    print(peaks())
    print(f"\nDifference of the chain from `predict`, both with `{MODEL}`, mEq/L (median, 95th percentile):\n")
    print(agreement())
