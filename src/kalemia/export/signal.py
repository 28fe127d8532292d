"""A minute of a simulated patient as C, for the example that is exported with a network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kalemia.export import tables
from kalemia.simulate import LEVELS, simulate_one

RATE, SECONDS = 250, 60
SEED, PATIENT, POTASSIUM_MEQ_L = 11, 2, 7.4
WRITTEN = "/* Written by kalemia export; do not edit. */\n"


def simulated(lead: str) -> NDArray[np.int16]:
    """Return a minute of a lead of a patient with a high potassium, (15000,) microvolts at 250 Hz."""
    from scipy.signal import resample_poly

    level = replace(LEVELS["clinic"], seconds=SECONDS, fibrillation_share=0.0, penetrance=1.0)
    recording = simulate_one(SEED, PATIENT, level, POTASSIUM_MEQ_L).recording
    return np.round(1000 * resample_poly(recording.lead(lead), RATE, int(recording.rate))).astype(np.int16)


def files(lead: str) -> dict[str, str]:
    """Return the text of kal_signal.h and kal_signal.c."""
    samples = simulated(lead)
    return {
        "kal_signal.h": f"""{WRITTEN}\
#ifndef KAL_SIGNAL_H
#define KAL_SIGNAL_H

#include <stdint.h>

#define KAL_SIGNAL_RATE {RATE}
#define KAL_SIGNAL_SAMPLES {len(samples)}

extern const int16_t kal_simulated[KAL_SIGNAL_SAMPLES]; /* microvolts: lead {lead}, {POTASSIUM_MEQ_L} mEq/L */

#endif
""",
        "kal_signal.c": f"""{WRITTEN}\
#include "kal_signal.h"

const int16_t kal_simulated[KAL_SIGNAL_SAMPLES] =
    {tables.braced(samples.tolist())};
""",
    }
