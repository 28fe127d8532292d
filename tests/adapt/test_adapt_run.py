"""A model is calibrated on a cohort, says so wherever it speaks, and is not written where it is no better."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

for package in ("polars", "sklearn", "onnx"):
    pytest.importorskip(package)

from kalemia.adapt.folds import fitted
from kalemia.adapt.gather import gather
from kalemia.adapt.layer import Layer
from kalemia.adapt.run import NAMES, adapt, seen
from kalemia.errors import AdaptError, ModelError, NoGainError
from kalemia.estimate.model import Model
from kalemia.estimate.predict import predict
from kalemia.export.head import head_of
from kalemia.judge.leakage import KNOWN, unseen
from kalemia.report.terminal import text
from kalemia.simulate import simulate_one

if TYPE_CHECKING:
    from kalemia.adapt.run import Adapted
    from kalemia.cohort import Cohort


@pytest.fixture
def written(adapted: Adapted, tmp_path: Path) -> Path:
    return adapted.write(tmp_path / "adapted")


def test_a_model_that_was_wrong_is_better_after_it(adapted: Adapted) -> None:
    before, after = adapted.figures.before, adapted.figures.after
    assert adapted.figures.sure
    assert (after.bits.value or 0) > (before.bits.value or 0)
    assert (before.coverage.value or 0) < (after.coverage.value or 0)


def test_it_says_what_it_was_calibrated_on_wherever_it_speaks(adapted: Adapted, written: Path) -> None:
    card, on = Model.load(written).card, f"{adapted.ecgs} simulated ECGs of kidney ({adapted.ecgs} patients)"
    assert card == adapted.card
    assert card.name == "loud-adapted"
    assert card.trained_on == f"nothing: the weights are drawn, calibrated on {on}"
    assert card.validated_on == on
    estimate = predict(simulate_one(1, 8, potassium_meq_l=6.5).recording, written)
    assert estimate.model is not None
    assert estimate.model.trained_on == card.trained_on
    assert estimate.interval_validated_on == on
    assert f"calibrated on {on}" in text(estimate)


def test_measured_ecgs_are_called_real(cohort: Cohort, tiny_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(cohort), "labels", "measured")
    assert "simulated" not in (found := adapt(tiny_path, cohort)).card.trained_on
    assert f"calibrated on {found.ecgs} real ECGs of kidney" in found.card.trained_on


def test_the_network_says_what_was_fitted(adapted: Adapted, loud_path: Path, cohort: Cohort) -> None:
    gathered = gather(loud_path, cohort)
    before, after = Model.load(loud_path), Model(adapted.onnx, adapted.card)
    old = head_of(before.onnx)
    fit = fitted(Layer(old.layer, old.polynomials), seen(before, old, gathered))
    said = fit.layer.says(seen(before, old, gathered).states)
    np.testing.assert_allclose(after.run(gathered.waves, gathered.side), said, rtol=1e-3, atol=1e-3)
    assert np.abs(before.run(gathered.waves, gathered.side) - said).max() > 1
    assert adapted.card.training["adapted"]["strength"] == (None if math.isinf(fit.strength) else fit.strength)


def test_it_compares_no_two_ecgs(written: Path) -> None:
    model = Model.load(written)
    assert model.card.reference is None
    with pytest.raises(ModelError, match="has no network that compares two ECGs"):
        model.check_compares()


def test_only_patients_who_were_kept_apart_judge_it(adapted: Adapted, cohort: Cohort) -> None:
    rows, left_out = unseen(adapted.card, cohort, outside=True)
    assert rows == cohort.parts()["test"]
    assert left_out[KNOWN] > 0


def test_it_is_adapted_once(written: Path, cohort: Cohort) -> None:
    with pytest.raises(AdaptError, match="was adapted already; give the model that it was made from"):
        adapt(written, cohort)


@pytest.mark.parametrize(
    ("enough", "said"), [(0.02, r"about \d[\d,]*0 ECGs like these \d+ may"), (-9.0, "nothing in these")]
)
def test_nothing_is_written_where_it_is_no_better(adapted: Adapted, tmp_path: Path, enough: float, said: str) -> None:
    gain = replace(adapted.figures.gain, value=enough)
    worse = replace(adapted, figures=replace(adapted.figures, gain=gain, gain_error=0.03))
    with pytest.raises(NoGainError, match=rf"patients kept apart do not show that adapting loud helps.*{said}"):
        worse.write(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_where_it_cannot_be_written_a_sentence_says_so(adapted: Adapted, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AdaptError, match="cannot be written"):
        adapted.write(tmp_path / "file")


def test_the_text_has_every_figure(adapted: Adapted) -> None:
    assert adapted.text.startswith(f"loud on {adapted.ecgs} simulated ECGs of kidney")
    for field, name in NAMES.items():
        for one in (adapted.figures.before, adapted.figures.after):
            assert f"{getattr(one, field)}" in adapted.text
        assert name in adapted.text
    for count in adapted.left_out.values():
        assert f"\n  {count} " in adapted.text
    assert adapted.text.endswith(f"Adapting adds {adapted.figures.gain:+} bits an ECG.")
