"""Waves whose T grows with potassium, so that a network of a few weights has something to learn in no time."""

from __future__ import annotations

import numpy as np

from kalemia.train.examples import FEATURES, Examples


def learnable(count: int = 240, leads: int = 1, samples: int = 270, seed: int = 0) -> Examples:
    """Return ECGs of even potassium from 3 to 8 mEq/L, two a patient; features are noise."""
    rng = np.random.default_rng(seed)
    potassium = rng.uniform(3, 8, count).astype(np.float32)
    t = np.arange(samples) * 270 / samples
    qrs, wave = (np.exp(-np.square((t - place) / width)) for place, width in ((90, 4), (170, 18)))
    sizes = (1 + 0.1 * np.arange(leads))[:, None]  # each lead sees it in another size
    waves = sizes * (qrs + potassium[:, None, None] / 10 * wave)
    waves += 0.02 * rng.standard_normal(waves.shape)
    side = np.column_stack([rng.normal(-0.5, 0.2, (count, leads)), rng.normal(0.8, 0.1, count)])
    return Examples(
        waves=waves.astype(np.float32),
        side=side.astype(np.float32),
        potassium=potassium,
        features=rng.standard_normal((count, leads * len(FEATURES))).astype(np.float32),
        patients=np.array([f"p{row // 2}" for row in range(count)]),
        sources=np.full(count, "learnable"),
        number=np.arange(count),
    )
