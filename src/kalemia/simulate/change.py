"""How the beat of one person changes with potassium, and how it differs without it: rules, not cells.

The sizes were chosen with throw-away networks by how their estimates followed recordings of other origin; the direction
and order of every effect are those of the clinic. docs/morphed.md lists them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Design:
    """What morphed data are like. Shares are 0..1; a change is per mEq/L felt, in logarithms where no unit is named."""

    recombine: float = 0.8  # share of records whose T comes from another base record than their P and QRS
    nuisance: float = 1.0  # scale of everything that potassium does not decide
    normal_meq_l: tuple[float, float] = (4.2, 0.3)  # mean and spread of what the base record is assumed to have had
    penetrance: float = 0.75
    weak: float = 0.2  # sensitivity of the others
    sensitivity_spread: float = 0.45  # log standard deviation between persons
    part_spread: float = 0.35  # and between the waves of one person
    # Above the assumed normal.
    t_taller: float = 0.13
    t_narrower: float = 0.06
    t_steeper: float = 0.05
    qt_shorter_ms: float = 6.0
    qrs_wider: float = 0.015
    qrs_wider_late: float = 0.06  # more, from 1.2 mEq/L on
    p_lower: float = 0.35  # from 0.8 mEq/L on, in half of the persons
    pr_longer_ms: float = 6.0
    # Far above it, from 3.8 mEq/L on (8 for most): QRS and T run into each other, P is lost.
    merge_wider: float = 0.25
    merge_blur_ms: float = 7.0
    merge_p: float = 1.5
    merge_t: float = 0.12  # T widens and outgrows the blur
    # Below it.
    t_lower: float = 0.16
    t_lower_linear: float = 0.03  # may turn T over at last
    t_wider: float = 0.08
    qt_longer_ms: float = 18.0
    u_mv: float = 0.05
    st_mv: float = 0.02


DESIGN = Design()


@dataclass(frozen=True)
class Change:
    """What is done to a beat; gains and widths are factors, 1 where nothing changes."""

    t_gain: float
    t_width: float
    t_fall: float  # of the part after the peak, on top of `t_width`
    t_late_ms: float
    qrs_width: float
    qrs_gain: float
    p_gain: float
    p_width: float
    pr_ms: float
    u_mv: float
    u_late_ms: float  # after the end of T
    u_sd_ms: float
    st_mv: float
    blur_ms: float


@dataclass(frozen=True)
class Person:
    """Sensitivities of the waves, and the departures that potassium does not decide (`own_`)."""

    normal_meq_l: float
    t_high: float
    width_high: float
    qrs_high: float
    p_high: float
    t_low: float
    qt_low: float
    u_low: float
    st_low: float
    p_answers: float
    own_t_gain: float
    own_t_width: float
    own_t_fall: float
    own_t_late_ms: float
    own_qrs_width: float
    own_qrs_gain: float
    own_p_gain: float
    own_p_width: float
    own_pr_ms: float
    own_u_mv: float
    u_sd_ms: float
    own_st_mv: float
    gain: float  # of the whole recording
    shape_mv: float  # smooth departures of every lead

    def at(self, potassium: float, design: Design) -> Change:
        """Return what a potassium, mEq/L, does to this person's beat, the own departures with it."""
        high, low = max(potassium - self.normal_meq_l, 0.0), max(self.normal_meq_l - potassium, 0.0)
        width, qrs = self.width_high * high, self.qrs_high * high
        t_low, p = self.t_low * low, self.p_high * high
        merge = _limited(max(qrs - 3.8, 0.0), 3.0)
        t_gain = np.exp(
            design.t_taller * _limited(self.t_high * high, 3.0) + design.merge_t * merge - design.t_lower * t_low
        )
        narrow, wide = _limited(width, 4.0), design.t_wider * t_low + design.merge_t * merge
        wider = np.exp(
            design.qrs_wider * qrs + design.qrs_wider_late * max(qrs - 1.2, 0.0) + design.merge_wider * merge
        )
        qrs_width = float(np.clip(wider * self.own_qrs_width, 0.85, 2.8))
        late = design.qt_longer_ms * self.qt_low * low - design.qt_shorter_ms * _limited(width, 2.5)
        p_lower = design.p_lower * max(p - 0.8, 0.0) * self.p_answers
        return Change(
            t_gain=float(t_gain - design.t_lower_linear * t_low) * self.own_t_gain,
            t_width=_clip(np.exp(wide - design.t_narrower * narrow) * self.own_t_width, 0.45, 1.8),
            t_fall=_clip(np.exp(-design.t_steeper * narrow) * self.own_t_fall, 0.5, 1.6),
            t_late_ms=_clip(late + self.own_t_late_ms, -60.0, 90.0),
            qrs_width=qrs_width,
            qrs_gain=min(1.0, qrs_width**-0.1) * self.own_qrs_gain,
            p_gain=float(np.exp(-p_lower - design.merge_p * merge)) * self.own_p_gain,
            p_width=float(np.exp(0.03 * p)) * self.own_p_width,
            pr_ms=_clip(design.pr_longer_ms * p + self.own_pr_ms, -40.0, 60.0),
            u_mv=design.u_mv * self.u_low * low + self.own_u_mv,
            u_late_ms=45.0 + 13.0 * self.u_low * low,
            u_sd_ms=self.u_sd_ms,
            st_mv=self.own_st_mv - design.st_mv * self.st_low * low,
            blur_ms=design.merge_blur_ms * merge,
        )

    def parameters(self) -> dict[str, float]:
        """Return every drawn number by name."""
        return {name: float(getattr(self, name)) for name in NAMES}


NAMES = tuple(field.name for field in fields(Person))


def _limited(value: float, most: float) -> float:
    """Let a change grow less and less towards `most`."""
    return most * float(np.tanh(value / most))


def _clip(value: float, low: float, high: float) -> float:
    return float(np.clip(value, low, high))


@dataclass(frozen=True)
class _Chance:
    """Draws of one person; `own` scales what potassium does not decide, `sensitivity` is of the whole heart."""

    rng: np.random.Generator
    design: Design
    own: float
    sensitivity: float

    def normal(self) -> float:
        """Draw from a standard normal."""
        return float(self.rng.standard_normal())

    def part(self) -> float:
        """Draw the sensitivity of one wave."""
        return self.sensitivity * float(np.exp(self.design.part_spread * self.normal()))

    def factor(self, sd: float) -> float:
        """Draw a factor round 1."""
        return float(np.exp(self.own * sd * self.normal()))

    def rarely(self, share: float, low: float, high: float, usual: float) -> float:
        """Draw from a range in a share of the persons, `usual` in the others."""
        value = float(self.rng.uniform(low, high))
        return value if self.rng.random() < share * self.own else usual


def draw(rng: np.random.Generator, design: Design, spread: float) -> Person:
    """Draw a person; `spread` is the level's scale of what potassium does not decide."""
    own = design.nuisance * spread
    mean, sd = design.normal_meq_l
    responds = 1.0 if rng.random() < design.penetrance else design.weak
    sensitivity = responds * float(np.exp(design.sensitivity_spread * rng.standard_normal()))
    of = _Chance(rng, design, own, sensitivity)
    return Person(
        normal_meq_l=mean + sd * of.normal(),
        t_high=of.part(),
        width_high=of.part(),
        qrs_high=of.part(),
        p_high=of.part(),
        t_low=of.part(),
        qt_low=of.part(),
        u_low=of.part(),
        st_low=of.part(),
        p_answers=float(rng.random() < 0.5),
        own_t_gain=of.factor(0.35) * of.rarely(0.06, -0.9, -0.2, 1.0),
        own_t_width=of.factor(0.09),
        own_t_fall=of.factor(0.08),
        own_t_late_ms=own * 14.0 * of.normal(),
        own_qrs_width=float(np.exp(own * 0.07 * max(of.normal(), -0.4))) * of.rarely(0.06, 1.2, 1.6, 1.0),
        own_qrs_gain=of.factor(0.1),
        own_p_gain=of.factor(0.3) * of.rarely(0.08, 0.0, 0.3, 1.0),
        own_p_width=of.factor(0.05),
        own_pr_ms=own * 12.0 * of.normal(),
        # U waves and sunken ST segments at any potassium, or the added shape itself would give it away.
        own_u_mv=own * 0.015 * abs(of.normal()) + of.rarely(0.1, 0.0, 0.1, 0.0),
        u_sd_ms=float(rng.uniform(30.0, 60.0)),
        own_st_mv=own * 0.025 * of.normal() - of.rarely(0.08, 0.0, 0.15, 0.0),
        gain=of.factor(0.15),
        shape_mv=own * 0.012 * float(np.exp(0.5 * of.normal())),
    )
