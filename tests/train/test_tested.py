"""The metrics of a card: by source, by leads, by person, with a cut that validation froze."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch", reason="training needs torch")

from noise import noise

from kalemia.estimate.card import Card
from kalemia.estimate.evidence import ratios
from kalemia.estimate.model import Model
from kalemia.train.examples import Examples, joined, mix_of
from kalemia.train.tested import metrics_of
from likelihoods import with_median

MIX = mix_of(noise(60, 1).potassium)


class Knowing(Model):
    """A model that reads the potassium, which the gain of its first lead tells, off by what RR tells.

    In the mix of `MIX` its interval reaches half a mEq/L to either side.
    """

    def run(self, beats: Any, side: Any) -> NDArray[np.float64]:
        """Say what the first lead that is there tells."""
        first = np.argmax(beats.any(axis=2), axis=1)
        potassium = side[np.arange(len(side)), first] + side[:, -1]
        return with_median(potassium.astype(np.float64), apart=2) - np.log(MIX.shares)


@pytest.fixture(scope="module")
def tiny_onnx(tiny_path: Path) -> bytes:
    return tiny_path.read_bytes()


def known(n: int, seed: int, off: float, source: str, leads: int = 1) -> Examples:
    """Return ECGs of a source whose potassium the model says `off` mEq/L too high."""
    own = noise(n, seed)
    side = np.repeat(own.potassium[:, None], leads + 1, axis=1)
    side[:, -1] = off
    waves = np.repeat(own.waves, leads, axis=1)
    features = np.repeat(own.features, leads, axis=1)
    return replace(own, waves=waves, side=side, features=features, sources=np.full(n, source))


def parts(leads: int = 1) -> dict[str, Examples]:
    return {
        "train": known(60, 1, 0.0, "simulated clinic", leads),
        "validation": known(60, 2, 0.1, "simulated clinic", leads),
        "test": joined([known(40, 3, 0.2, "simulated clinic", leads), known(20, 3, -1.9, "cohort a", leads)]),
    }


def card_of(tiny: Model, leads: tuple[str, ...] = ("V5",), least: int = 1) -> Card:
    sureness = (1.0,) * (len(leads) - least + 1)
    return replace(tiny.card, name="knowing", leads=leads, least_leads=least, sureness=sureness)


def test_all_and_each_source_are_measured(tiny: Model, tiny_onnx: bytes) -> None:
    metrics = metrics_of(Knowing(tiny_onnx, card_of(tiny)), parts(), MIX, 0)
    assert metrics["records"] == 60
    assert metrics["knowing"]["mae_meq_l"] == pytest.approx((40 * 0.2 + 20 * 1.9) / 60, abs=1e-3)
    assert metrics["figures"]["mae_meq_l"]["value"] == pytest.approx(metrics["knowing"]["mae_meq_l"], abs=2e-4)
    assert metrics["simulated clinic"] | {"records": 40, "interval_coverage": 1.0} == metrics["simulated clinic"]
    assert metrics["simulated clinic"]["mae_meq_l"] == pytest.approx(0.2, abs=1e-3)
    assert metrics["cohort a"]["mae_meq_l"] == pytest.approx(1.9, abs=1e-3)
    assert metrics["cohort a"]["interval_coverage"] == 0.0  # its interval ends where it is 1.9 off
    assert metrics["interval_coverage"] == pytest.approx(40 / 60, abs=1e-4)
    assert 0.9 < metrics["interval_width_meq_l"] < 1.3
    assert {"training median", "T slope formula, refitted", "ridge on features"} <= set(metrics)


def test_the_cut_is_that_of_validation(tiny: Model, tiny_onnx: bytes) -> None:
    """It lets one in ten of those above 5.5 go."""
    examples, model = parts(), Knowing(tiny_onnx, card_of(tiny))
    metrics = metrics_of(model, examples, MIX, 0)
    held = examples["validation"]
    high = np.sort(ratios(model.run(held.waves, held.side))["high"][held.potassium > 5.5])
    assert metrics["cut_likelihood_ratio"] == pytest.approx(high[int(len(high) * 0.1)], abs=1e-3)
    others = examples["test"]
    called = ratios(model.run(others.waves, others.side))["high"] > high[int(len(high) * 0.1)]
    ill = others.potassium > 5.5
    assert 0 < called[ill].mean() < 1
    assert metrics["figures"]["sensitivity"]["value"] == pytest.approx(called[ill].mean(), abs=1e-3)
    assert metrics["figures"]["specificity"]["value"] == pytest.approx(np.mean(~called[~ill]), abs=1e-3)
    low = {**examples, "validation": held.only(held.potassium < 5.5)}
    assert metrics_of(model, low, MIX, 0)["cut_likelihood_ratio"] is None


def test_patients_of_two_generators_differ_and_those_of_cohorts_may_not(tiny: Model, tiny_onnx: bytes) -> None:
    examples = parts()
    first = known(20, 3, 0.2, "simulated clinic")
    for source, people in (("simulated clinic", 20), ("simulated clean", 40), ("cohort a", 40)):
        test = joined([first, replace(first, sources=np.full(20, source))])
        assert metrics_of(Knowing(tiny_onnx, card_of(tiny)), {**examples, "test": test}, MIX, 0)["patients"] == people
    cohorts = joined([replace(first, sources=np.full(20, name)) for name in ("cohort a", "cohort b")])
    assert metrics_of(Knowing(tiny_onnx, card_of(tiny)), {**examples, "test": cohorts}, MIX, 0)["patients"] == 20


@pytest.mark.parametrize(
    ("least", "rows"),
    [
        (1, {"1 of the leads", "2 of the leads", "I alone", "V5 alone"}),
        (2, {"2 of the leads"}),
    ],
)
def test_fewer_leads_are_measured_too(tiny: Model, tiny_onnx: bytes, least: int, rows: set[str]) -> None:
    """The second lead says 0.3 more than the first, which the model believes where it is there."""
    examples = parts(2)
    side = examples["test"].side.copy()
    side[:, 1] += 0.3
    examples["test"] = replace(examples["test"], side=side)
    metrics = metrics_of(Knowing(tiny_onnx, card_of(tiny, ("I", "V5"), least)), examples, MIX, 0)
    assert {name for name in metrics if "leads" in name or "alone" in name} == rows
    first, second = (40 * 0.2 + 20 * 1.9) / 60, (40 * 0.5 + 20 * 1.6) / 60
    for row in rows & {"2 of the leads", "I alone"}:
        assert metrics[row]["mae_meq_l"] == pytest.approx(first, abs=1e-3)
        assert metrics[row]["interval_coverage"] == pytest.approx(40 / 60, abs=1e-4)
    if least == 1:
        assert metrics["V5 alone"]["mae_meq_l"] == pytest.approx(second, abs=1e-3)
        drawn = metrics["1 of the leads"]["mae_meq_l"]
        assert min(abs(drawn - first), abs(drawn - second)) > 1e-3  # of some records the one, of some the other


def test_of_one_lead_there_are_none_fewer(tiny: Model, tiny_onnx: bytes) -> None:
    assert not any(
        "leads" in name or "alone" in name for name in metrics_of(Knowing(tiny_onnx, card_of(tiny)), parts(), MIX, 0)
    )
