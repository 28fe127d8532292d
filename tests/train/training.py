"""A configuration that trains in seconds."""

from __future__ import annotations

from kalemia.train.config import Config, Patients

TINY = Config(
    name="tiny-v5",
    version="0.0.1",
    leads=("V5",),
    channels=2,
    lstm=2,
    level="clean",
    seed=3,
    patients=Patients(train=64, validation=16, calibration=60, test=60),
    epochs=2,
    batch=16,
    learning_rate=0.01,
)
