"""What the tests of judging share: a simulated cohort, and estimates of it that were made up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from kalemia.cohort import Cohort
    from kalemia.judge.estimates import CohortEstimates


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    """Sixty simulated patients with kidney disease; some draws were hemolyzed."""
    pytest.importorskip("polars")
    from kalemia.cohort import Cohort, simulated

    folder = tmp_path_factory.mktemp("cohort") / "kidney"
    simulated.write(folder, 60, 4, "kidney")
    return Cohort.open(folder)


@pytest.fixture(scope="session")
def made_up(cohort: Cohort) -> CohortEstimates:
    """Estimates that miss what was measured by up to 1 mEq/L; of every ten ECGs one is refused, for two reasons.

    Ratios follow the estimates, but not in their order.
    """
    pytest.importorskip("sklearn")
    from kalemia.judge.estimates import CohortEstimates
    from kalemia.records import Estimate

    rows = np.flatnonzero(~cohort.table["hemolyzed"].to_numpy())
    rng = np.random.default_rng(0)
    estimates = []
    for place, true in enumerate(cohort.table["potassium_meq_l"].to_numpy()[rows]):
        if place % 10 == 3:
            reason = f"a heart rate of {place} bpm" if place % 20 == 3 else "V5 is flat"
            estimates.append(Estimate(f"e{place}", "refused", reason=reason))
            continue
        potassium = round(float(true + rng.uniform(-1, 1)), 2)
        chance = round(float(np.clip((potassium - 3.3) / 4, 0.01, 0.99)), 3)
        interval = round(potassium - 0.8, 2), round(potassium + 0.8, 2)
        ratios = {"high": round(float(2 ** (potassium - 5.2 + rng.uniform(-0.5, 0.5))), 3), "low": 0.25 + place}
        made = Estimate(f"e{place}", "estimated", potassium, interval, 0.9, {"5.5": chance}, likelihood_ratio=ratios)
        estimates.append(made)
    return CohortEstimates(rows, tuple(estimates), {"hemolyzed": len(cohort) - len(rows)}, "dialysis")


@pytest.fixture
def own_model(tiny_path: Path, tmp_path: Path) -> Path:
    """A copy of the tiny network whose card may be changed."""
    for suffix in (".onnx", ".json"):
        (tmp_path / f"own{suffix}").write_bytes(tiny_path.with_suffix(suffix).read_bytes())
    return tmp_path / "own.onnx"
