"""What a stream is told beforehand, and what it tells: events, and the statement of a window.

A tick is 1/300 s. Ticks are counted from the first sample on, modulo 2**32: they begin anew after 165 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from kalemia.estimate.evidence import BINS
from kalemia.estimate.population import DEFAULT
from kalemia.stream.integers import is_whole
from kalemia.stream.tables import RATES_HZ, log_prior

MOST_UV = 1 << 19
"""A sample beyond is one of a converter at its limit."""
MISSING = -(1 << 31)
"""Instead of a sample: none was taken, as where the front end itself finds the lead off."""
MOST_WINDOWS = 32


class Kind(IntEnum):
    """What an event is about, and what its value is."""

    BEAT = 1
    """A beat was found at the tick; the interval since the one before, ticks, or 0 where it is not known."""
    REFUSED = 2
    """A beat was found at the tick, of which no use can be made; a `Reason`."""
    STATEMENT = 3
    """A window ended; a `Reason`, which is NONE where potassium was estimated."""
    SIGNAL = 4
    """The signal became another; a `Signal`."""
    WARNING = 5
    """The warning began, 1, or is over, 0."""


class Reason(IntEnum):
    """Why a window says nothing of potassium, or a beat is not used."""

    NONE = 0
    LEAD_OFF = 1
    GAP = 2
    """The stream was interrupted."""
    UNMEASURED = 3
    """Samples are missing, or the converter was at its limit."""
    NO_BEATS = 4
    FEW = 5
    """Fewer than two beats were recorded whole."""
    DIFFERENT = 6
    """Too few beats look alike."""
    NOISY = 7
    LOUD = 8
    """The beat is higher than a heart's."""
    FLAT = 9
    RATE = 10
    """Slower or faster than 35 to 170 bpm."""
    HIDDEN_QRS = 11
    LONE_QRS = 12
    PACED = 13
    UNSETTLED = 14
    """The filter has not seen enough before the beat."""


class Signal(IntEnum):
    """What a signal is worth; kept apart from what it says of potassium."""

    UNKNOWN = 0
    GOOD = 1
    POOR = 2
    OFF = 3


class Level(IntEnum):
    """The word for a potassium, as `Estimate.level` has it."""

    UNCERTAIN = 0
    LOW = 1
    NORMAL = 2
    HIGH = 3


@dataclass(frozen=True)
class Settings:
    """What a stream is told beforehand.

    Attributes
    ----------
    rate
        Samples per second: 125, 250, 300 or 500 Hz.
    log_prior
        (30,) natural logarithms of the shares of a population, or of what is known of a patient, times 256.
    rail_uv
        From which absolute value on a sample is one of a converter at its limit, microvolts.
    on, off
        From which probability of more than 5.5 mEq/L on a window speaks for the warning, and below which against it, in
        10,000ths.
    enough, among
        How many of the last windows make it begin, or end: 4 of 6 are 40 s of a minute.
    rest
        Windows after its end before it can begin again.
    first_tick
        The tick of the first sample.
    """

    rate: int
    log_prior: Sequence[int] = field(default_factory=lambda: log_prior(DEFAULT))
    rail_uv: int = MOST_UV
    on: int = 5000
    off: int = 3000
    enough: int = 4
    among: int = 6
    rest: int = 30
    first_tick: int = 0

    def __post_init__(self) -> None:
        for name in ("rate", "rail_uv", "on", "off", "enough", "among", "rest", "first_tick"):
            if not is_whole(getattr(self, name)):
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected a whole number")
        if self.rate not in RATES_HZ:
            raise ValueError(f"a stream of {self.rate} Hz; {', '.join(map(str, RATES_HZ))} Hz are taken")
        if not 1 <= self.enough <= self.among <= MOST_WINDOWS:
            raise ValueError(f"{self.enough} of {self.among} windows; expected 1 to {MOST_WINDOWS} of as many or more")
        if not 0 <= self.off <= self.on <= 10_000:
            raise ValueError(f"off at {self.off} and on at {self.on}; expected 0 to 10,000, off at most as high as on")
        if not 0 < self.rail_uv <= MOST_UV:
            raise ValueError(f"a limit of {self.rail_uv} uV; expected 1 to {MOST_UV:,}")
        if not 0 <= self.rest < 1 << 16:
            raise ValueError(f"a rest of {self.rest} windows; expected 0 to 65,535")
        if len(self.log_prior) != BINS or not all(
            is_whole(value) and -(1 << 15) <= value < 1 << 15 for value in self.log_prior
        ):
            raise ValueError(f"{len(self.log_prior)} logarithms of a prior; expected {BINS} whole ones within 16 bits")


@dataclass(frozen=True)
class Statement:
    """What a window of ten seconds says.

    Attributes
    ----------
    tick
        The last of the window.
    reason
        Why it says nothing of potassium, or NONE.
    beats, alike
        How many beats were recorded whole and kept, at most 16, and how many of them look alike.
    rr_ms, gain_uv, quality
        RR interval; the largest deflection of the beat; the share of its power that beats have in common, 0..1000.
    low_meq, middle_meq, high_meq
        The quantiles 5, 50 and 95 % of potassium, thousandths of mEq/L; zero where it says nothing.
    above, below
        The probabilities of more than 5.5 and of less than 3.5 mEq/L, in 10,000ths.
    level
        The word for it; UNCERTAIN where it says nothing.
    log_likelihood
        (30,) what the beat says without a population, natural logarithms times 256; empty where it says nothing.
    """

    tick: int
    reason: Reason
    beats: int = 0
    alike: int = 0
    rr_ms: int = 0
    gain_uv: int = 0
    quality: int = 0
    low_meq: int = 0
    middle_meq: int = 0
    high_meq: int = 0
    above: int = 0
    below: int = 0
    level: Level = Level.UNCERTAIN
    log_likelihood: tuple[int, ...] = ()


@dataclass(frozen=True)
class Event:
    """Something that happened at a tick; see `Kind` for its value. A STATEMENT carries it."""

    kind: Kind
    tick: int
    value: int
    statement: Statement | None = None
