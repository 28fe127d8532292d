"""ECGs that carry nothing, so that only a calibration can make an interval hold."""

from __future__ import annotations

import numpy as np

from kalemia.train.examples import FEATURES, Examples


def noise(n: int, seed: int) -> Examples:
    """Return n beats of noise, and a potassium with skewed errors."""
    rng = np.random.default_rng(seed)
    return Examples(
        waves=rng.normal(0, 0.3, (n, 1, 270)).astype(np.float32),
        side=rng.normal(0, 1, (n, 2)).astype(np.float32),
        potassium=(4.5 + rng.exponential(0.8, n)).astype(np.float32),
        features=np.zeros((n, len(FEATURES)), np.float32),
        patients=np.array([f"p{i}" for i in range(n)]),
        sources=np.full(n, "noise"),
        number=np.arange(n),
    )
