"""What moved an estimate: P, QRS and ST-T are replaced in turn, and the same model is asked again.

That is occlusion (Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks"). What replaces a part
is no grey patch, which no heart makes, but the part of an ordinary beat: the middle of the simulated population at
4.2 mEq/L, at the patient's RR interval, its QRS complex as large as the patient's in every lead. The network's other
inputs, the RR interval and the gains, stay the patient's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import ModelError
from kalemia.estimate.evidence import Evidence
from kalemia.estimate.model import Model, inputs
from kalemia.estimate.population import DEFAULT, Population
from kalemia.records import LEADS, R_SAMPLE, SAMPLES, Beat, Recording
from kalemia.signal.beat import cut
from kalemia.signal.condition import RATE
from kalemia.signal.measure import measure, qrs_bounds
from kalemia.simulate.heart import RATE as SIMULATED_RATE
from kalemia.simulate.levels import LEVELS
from kalemia.simulate.patient import Day, Patient, draw
from kalemia.simulate.records import twelve
from kalemia.simulate.rhythm import place

PARTS = ("P", "QRS", "ST-T")
ORDINARY_MEQ_L = 4.2
SHOWN_MEQ_L = (3.0, 4.0, 5.0, 6.0, 7.0)
SIMULATED_RR_S = (0.4, 1.7)
"""The RR intervals that the simulator makes; a faster or slower patient is held against the nearest."""
MIDDLE_VARIANT = 20
"""Of the 40 ionic variants the one whose beats from 3 to 7 mEq/L the bundled models put nearest to their median."""
DAY = Day(0, 0, 0, 0, 0, rate_factor=1.0, voltage_factor=1.0, repolarization_ms=0)
SECONDS = 6
JOINT = 6
"""Samples (20 ms) to either side of a border within which one beat passes into the other: a step would be a wave."""
TURN, TURNED = 18, -0.5
"""Samples (60 ms) to either side of R that show which way QRS points, and the likeness from which on it is turned."""
P_SHARE = 0.3
"""Of the RR interval, what before the QRS complex counts as P; in fast hearts the rest is needed for T."""
LEAST_P_MV = 0.03

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Explanation:
    """What the parts of a beat did to the network's estimate of it, and beats of known potassium to see it beside.

    Attributes
    ----------
    potassium_meq_l
        The estimate, in the patient's population and before any personal offset.
    ordinary_meq_l
        Its estimate with all three parts replaced: what is left are the patient's RR interval and gains.
    added_meq_l
        For "P", "QRS" and "ST-T": the estimate minus that with the part replaced. They do not add up, because the
        network weighs the parts together.
    leads
        The leads that the network was given and in which the parts were replaced.
    has_p
        Whether a P wave of at least 0.03 mV stands out in any of them; P is replaced even where none does.
    simulated_mv
        By potassium, mEq/L: the simulated beat, (leads, 270) in mV, R at sample 90 of 300 Hz.
    turned
        The leads in which QRS points the other way than in the simulated beat, which was turned over there.
    """

    potassium_meq_l: float
    ordinary_meq_l: float
    added_meq_l: Mapping[str, float]
    leads: tuple[str, ...]
    has_p: bool
    simulated_mv: Mapping[float, Float32]
    turned: tuple[str, ...] = ()


def explain(beat: Beat, model: Model, population: Population | None = None, *, error_meq_l: float = 0.0) -> Explanation:
    """Say what P, QRS and ST-T did to a model's estimate of a beat.

    Parameters
    ----------
    beat
        From `cut`; the leads without a problem that the model takes are used, as in `Model.evidence`.
    model
        The one that made the estimate.
    population
        Where the patient comes from, as for the estimate; by default as there.
    error_meq_l
        By how much the estimate's evidence was widened, such as for the reading of a page.

    Raises
    ------
    ModelError
        None of the model's leads is good, the simulator does not make one of them, or the network returns no number.
    """
    leads = tuple(lead for lead in model.card.leads if lead in beat.good)
    if not leads or not set(leads) <= set(LEADS):
        raise ModelError(f"leads {', '.join(leads) or 'none'} cannot be explained; expected some of {', '.join(LEADS)}")
    own, gain_mv = _rows(beat, leads)
    ordinary, ordinary_mv = _rows(simulated_beat(beat.rr_s, ORDINARY_MEQ_L), leads)
    parts = _parts(own * gain_mv, ordinary * gain_mv, beat.rr_s)
    # Nothing, P, QRS, ST-T, everything.
    shares = np.concatenate([np.zeros((1, SAMPLES)), parts, np.ones((1, SAMPLES))])[:, None]
    waves = own + shares * (ordinary - own)
    known = population or Population.load(DEFAULT)
    answers = [
        known.given(evidence.widened(error_meq_l)).quantile(0.5) for evidence in _asked(model, beat, leads, waves)
    ]
    sign = _signs(own, ordinary)
    scale = sign * gain_mv / ordinary_mv  # once, by QRS at ordinary potassium: what potassium does to it is to be seen
    return Explanation(
        potassium_meq_l=answers[0],
        ordinary_meq_l=answers[-1],
        added_meq_l={name: answers[0] - without for name, without in zip(PARTS, answers[1:-1], strict=True)},
        leads=leads,
        has_p=any(abs(waves.p_mv) >= LEAST_P_MV for lead, waves in measure(beat).items() if lead in leads),
        simulated_mv={level: _millivolts(beat.rr_s, level, leads) * scale for level in SHOWN_MEQ_L},
        turned=tuple(lead for lead, way in zip(leads, sign.ravel(), strict=True) if way < 0),
    )


def _signs(own: Float32, ordinary: Float32) -> Float32:
    """Return -1 for leads whose QRS complex is clearly turned over against the ordinary beat's, else 1, (leads, 1)."""
    near = slice(R_SAMPLE - TURN, R_SAMPLE + TURN)
    lengths = (np.linalg.norm(waves[:, near], axis=1, keepdims=True) for waves in (own, ordinary))
    alike = (own[:, near] * ordinary[:, near]).sum(axis=1, keepdims=True) / math.prod(lengths)
    return np.where(alike < TURNED, -1, 1).astype(np.float32)


def _rows(beat: Beat, leads: tuple[str, ...]) -> tuple[Float32, Float32]:
    """Return the normalized waves (leads, 270) and the gains (leads, 1), mV, of some leads."""
    rows = [beat.leads.index(lead) for lead in leads]
    return beat.waveform[rows], beat.gain_mv[rows, None]


def _millivolts(rr_s: float, potassium_meq_l: float, leads: tuple[str, ...]) -> Float32:
    waves, gain_mv = _rows(simulated_beat(rr_s, potassium_meq_l), leads)
    return waves * gain_mv


def _asked(model: Model, beat: Beat, leads: tuple[str, ...], waves: Float64) -> list[Evidence]:
    """Return the evidence of the beat with other waves (n, leads, 270), all in one run of the network."""
    whole, side = inputs([beat], model.card.leads)
    beats = np.repeat(whole, len(waves), axis=0)
    beats[:, [model.card.leads.index(lead) for lead in leads]] = waves
    answers = model.run(beats, np.repeat(side, len(waves), axis=0))
    if not np.isfinite(answers).all():
        raise ModelError(f"model {model.card.name}: its network returns no number where a part of the beat is replaced")
    return [Evidence.of(answer) for answer in answers]


def _parts(own_mv: Float32, ordinary_mv: Float32, rr_s: float) -> Float64:
    """Return how far every sample belongs to P, QRS and ST-T, (3, 270); they sum to one, and repeat with every beat.

    The QRS complex reaches from where the first of the two beats has its own to where the last one ends, so that
    exchanging T never brings the end of a wide complex with it.
    """
    bounds = np.array([qrs_bounds(own_mv), qrs_bounds(ordinary_mv)])
    onset, end = bounds[:, 0].min() - JOINT, bounds[:, 1].max() + JOINT
    cycle, width = rr_s * RATE, end - onset
    p_start = max((1 - P_SHARE) * cycle, width)
    since = np.mod(np.arange(SAMPLES) - onset, cycle)

    def between(first: float, last: float) -> Float64:
        turns = since + np.array([[-cycle], [0.0], [cycle]])
        return np.asarray((_step(turns - first) - _step(turns - last)).sum(axis=0))

    return np.stack([between(p_start, cycle), between(0.0, width), between(width, p_start)])


def _step(samples: Float64) -> Float64:
    """Return a smooth step from 0 to 1 within a joint round zero."""
    return np.asarray(0.5 + 0.5 * np.sin(0.5 * np.pi * np.clip(samples / JOINT, -1, 1)))


def simulated_beat(rr_s: float, potassium_meq_l: float) -> Beat:
    """Return the twelve-lead beat of the middle heart; RR in steps of 10 ms, so that a folder's ECGs share beats."""
    return _simulate(round(float(np.clip(rr_s, *SIMULATED_RR_S)), 2), potassium_meq_l)


@lru_cache(maxsize=256)
def _simulate(rr_s: float, potassium_meq_l: float) -> Beat:
    patient = _middle()
    patient = replace(patient, body=replace(patient.body, rr_s=rr_s, rr_spread=0.0))
    signal = place(patient, DAY, potassium_meq_l, SECONDS * SIMULATED_RATE, np.random.default_rng(0))
    # Cut as the patient's own beat is, so that the filter leaves the same of both.
    return cut(Recording(twelve(signal, 0.001), float(SIMULATED_RATE), LEADS, source="simulated"))


@lru_cache(maxsize=1)
def _middle() -> Patient:
    """Return the middle of the population, without conditions, whose heart answers fully; nothing of it is drawn.

    What it makes of real beats is near the mean over five patients of level `clean` with a like QRS complex; each of
    these would add 0.1 to 0.2 mEq/L of its own T.
    """
    level = replace(LEVELS["clean"], spread=0.0, sensitivity_spread=0.0)
    return replace(draw(np.random.default_rng(0), level), variant=MIDDLE_VARIANT, sinus_sensitivity=0.0)
