"""The model: its card, its numbers, its interval; and that it is the network that torch trained."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgs import recording
from kalemia.errors import ModelError
from kalemia.estimate.model import DEFAULT, Card, Forecast, Model, bundled, inputs
from kalemia.signal.beat import cut

Fields = dict[str, Any]


@pytest.fixture
def altered(tmp_path: Path, tiny_path: Path) -> Callable[..., Path]:
    """Return a function that writes the tiny model with another network or other fields in its card."""

    def write(onnx: bytes | None = None, **fields: object) -> Path:
        path = tmp_path / "altered.onnx"
        card: Fields = json.loads(tiny_path.with_suffix(".json").read_text())
        if onnx is not None:
            card["onnx_sha256"] = hashlib.sha256(onnx).hexdigest()
        path.write_bytes(tiny_path.read_bytes() if onnx is None else onnx)
        path.with_suffix(".json").write_text(json.dumps(card | fields))
        return path

    return write


def some(n: int) -> tuple[Any, Any]:
    """Return n beats and side inputs."""
    rng = np.random.default_rng(n)
    beats = rng.normal(0, 0.3, (n, 1, 270)).astype(np.float32)
    side = np.stack([rng.normal(0, 0.5, n), rng.uniform(0.5, 1.2, n)], axis=1).astype(np.float32)
    return beats, side


def test_a_card_comes_back_as_it_was_written(tiny: Model, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes(tiny.card.dump())
    assert Card.load(tmp_path / "card.json") == tiny.card


def test_the_name_in_an_estimate_is_that_of_the_card(tiny: Model, tiny_path: Path) -> None:
    assert (tiny.name.name, tiny.name.version) == ("tiny", "0.0.1")
    assert tiny.name.sha256 == hashlib.sha256(tiny_path.read_bytes()).hexdigest()
    assert tiny.name.trained_on == tiny.card.trained_on


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"surprise": 1}, "'surprise' is not known"),
        ({"error_levels": 3}, "error_levels is not of its kind"),
        ({"error_levels": [0.1, 0.5, 0.9]}, "differ in length"),
        ({"error_levels": [0.1, 0.9], "error_quantiles": [[0, 1]]}, "differ in length"),
        ({"error_levels": [0.0, 0.5, 0.9], "error_quantiles": [[0, 1, 2]]}, "no shares"),
        ({"error_levels": [0.9, 0.5, 0.1], "error_quantiles": [[0, 1, 2]]}, "error_levels are not rising"),
        ({"error_levels": [0.1, 0.5, 0.9], "error_quantiles": [[2, 1, 0]]}, "error_quantiles row 0 are not rising"),
        (
            {"error_levels": [0.1, 0.5, 0.9], "error_quantiles": [["a", "b", "c"]]},
            "error_quantiles row 0 are not rising",
        ),
        (
            {"error_levels": [0.1, 0.5, 0.9], "error_quantiles": [[0, float("nan"), 1]]},
            "error_quantiles row 0 are not rising",
        ),
        ({"least_leads": 2}, "least_leads is no number of leads"),
        ({"leads": ["V5", "I"]}, "no row for every number of leads"),
        ({"range_meq_l": None}, "range_meq_l is not of its kind"),
        ({"range_meq_l": [9.0]}, "range_meq_l is no range"),
        ({"range_meq_l": [9.0, 2.0]}, "range_meq_l are not rising"),
        ({"leads": "V5"}, "leads is not of its kind"),
        ({"leads": []}, "leads are not names"),
        ({"leads": [5]}, "leads are not names"),
        ({"metrics": None}, "metrics is not of its kind"),
        ({"parameters": "many"}, "parameters is not of its kind"),
        ({"onnx_sha256": "0" * 64}, "its file has sha256 .* its card 000000000000"),
    ],
)
def test_a_damaged_card_is_refused_in_a_sentence(altered: Callable[..., Path], fields: Fields, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence) as caught:
        Model.load(altered(**fields))
    assert "\n" not in str(caught.value)


def test_a_card_without_a_field_is_refused(altered: Callable[..., Path]) -> None:
    path = altered().with_suffix(".json")
    card = json.loads(path.read_text())
    for name in card:
        path.write_text(json.dumps({k: v for k, v in card.items() if k != name}))
        with pytest.raises(ModelError, match=f"not a model card .*{name}"):
            Card.load(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '"card"', "\x00\xff"])
def test_what_is_no_card_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match="not a model card"):
        Card.load(path)


@pytest.mark.parametrize("onnx", [b"", b"garbage", b"\x08\x07" * 500])
def test_a_damaged_network_is_refused_in_a_sentence(altered: Callable[..., Path], onnx: bytes) -> None:
    with pytest.raises(ModelError, match="its ONNX file is damaged") as caught:
        Model.load(altered(onnx)).run(*some(1))
    assert "\n" not in str(caught.value)


def test_half_a_network_is_refused(altered: Callable[..., Path], tiny_path: Path) -> None:
    with pytest.raises(ModelError, match="its ONNX file is damaged"):
        Model.load(altered(tiny_path.read_bytes()[:3000])).run(*some(1))


def test_a_network_of_other_leads_than_its_card_is_refused(altered: Callable[..., Path]) -> None:
    model = Model.load(altered(leads=["I", "V5"], least_leads=2))
    beats = np.zeros((1, 2, 270), np.float32)
    with pytest.raises(ModelError, match="does not take the 2 leads that its card names"):
        model.run(beats, np.zeros((1, 3), np.float32))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("no-such", "no model 'no-such'; the bundled ones are"),
        ("../assets/v5-4k", "no model '../assets/v5-4k'"),
        ("", "no model ''"),
        ("/nowhere/a.onnx", "/nowhere/a.onnx: the file cannot be read .No such file"),
    ],
)
def test_a_model_that_is_not_there_is_named(name: str, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        Model.load(name)


@pytest.mark.parametrize("shape", [(1, 270), (2, 2, 270), (2, 1, 269), (1, 1, 270)])
def test_beats_of_another_shape_are_refused(tiny: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(ModelError, match=r"expected \(n, 1, 270\)"):
        tiny.run(np.zeros(shape, np.float32), np.zeros((2, 2), np.float32))


def test_one_beat_gives_what_it_gives_among_many(tiny: Model) -> None:
    beats, side = some(7)
    together = tiny.run(beats, side)
    for i in range(7):
        alone = tiny.run(beats[i : i + 1], side[i : i + 1])
        np.testing.assert_allclose(np.ravel(alone), [together[0][i], together[1][i]], atol=1e-5)
    assert np.ptp(together[0]) > 0.01
    assert (together[1] > 0).all()


def test_no_estimate_leaves_the_range_of_the_training_patients(altered: Callable[..., Path]) -> None:
    model = Model.load(altered(range_meq_l=[4.0, 4.2]))
    potassium, _ = model.run(*some(50))
    assert potassium.min() >= np.float32(4.0)
    assert potassium.max() <= np.float32(4.2)


def test_the_inputs_are_gathered_by_name() -> None:
    beat = cut(recording())
    waves, side = inputs([beat, beat], ("V5", "I"))
    assert waves.shape == (2, 2, 270)
    assert waves.dtype == side.dtype == np.float32
    np.testing.assert_array_equal(waves[1], beat.waveform[[10, 0]])
    np.testing.assert_allclose(side[0], [np.log(beat.gain_mv[10]), np.log(beat.gain_mv[0]), 0.8], atol=2e-3)


def test_a_gain_of_zero_stays_a_number() -> None:
    beat = replace(cut(recording()), gain_mv=np.zeros(12, np.float32))
    assert np.isfinite(inputs([beat], ("V5",))[1]).all()


def test_forecast_is_run_of_one_beat(tiny: Model) -> None:
    beat = cut(recording(), ("I", "V5"))
    potassium, spread = tiny.run(*inputs([beat], ("V5",)))
    assert tiny.forecast(beat) == Forecast(float(potassium[0]), float(spread[0]))


FORECASTS = [Forecast(4.2, 0.3), Forecast(5.5, 0.6), Forecast(7.1, 1.4), Forecast(2.9, 0.15)]


@pytest.mark.parametrize("forecast", FORECASTS)
def test_a_surer_interval_holds_the_less_sure_one(tiny: Model, forecast: Forecast) -> None:
    bounds = [tiny.interval(forecast, coverage) for coverage in (0.1, 0.5, 0.8, 0.9, 0.95, 0.99)]
    lows, highs = [low for low, _ in bounds], [high for _, high in bounds]
    assert lows == sorted(lows, reverse=True)
    assert highs == sorted(highs)
    assert len(set(lows)) == len(set(highs)) == 6
    assert all(low < forecast.potassium_meq_l < high for low, high in bounds)


@pytest.mark.parametrize("forecast", FORECASTS)
def test_the_interval_of_normal_errors_is_that_of_the_normal_distribution(tiny: Model, forecast: Forecast) -> None:
    low, high = tiny.interval(forecast, 0.9)
    assert high - forecast.potassium_meq_l == pytest.approx(1.645 * forecast.spread_meq_l, rel=1e-3)
    assert forecast.potassium_meq_l - low == pytest.approx(1.645 * forecast.spread_meq_l, rel=1e-3)


@pytest.mark.parametrize("forecast", FORECASTS)
def test_a_higher_cut_is_less_likely_passed(tiny: Model, forecast: Forecast) -> None:
    chances = [tiny.probability_above(forecast, cut_meq_l) for cut_meq_l in np.linspace(0, 15, 301)]
    assert chances == sorted(chances, reverse=True)
    assert chances[0] == 1.0
    assert chances[-1] == 0.0


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.96])
@pytest.mark.parametrize("forecast", FORECASTS)
def test_the_probabilities_are_those_of_the_interval(tiny: Model, forecast: Forecast, coverage: float) -> None:
    low, high = tiny.interval(forecast, coverage)
    assert tiny.probability_above(forecast, low) == pytest.approx((1 + coverage) / 2, abs=1e-6)
    assert tiny.probability_above(forecast, high) == pytest.approx((1 - coverage) / 2, abs=1e-6)


def test_skewed_errors_give_a_skewed_interval(altered: Callable[..., Path]) -> None:
    model = Model.load(altered(error_levels=[0.05, 0.5, 0.95], error_quantiles=[[-1.0, 0.2, 3.0]]))
    assert model.interval(Forecast(5.0, 0.5), 0.9) == pytest.approx((4.4, 6.4))
    assert model.probability_above(Forecast(5.0, 0.5), 5.0) == pytest.approx(0.5)


def test_an_estimate_is_the_median_of_what_it_says(tiny: Model, tiny_path: Path) -> None:
    """The network alone would be off by 0.2 of its spread, as the errors on patients kept apart were."""
    card = replace(tiny.card, error_levels=(0.05, 0.5, 0.95), range_meq_l=(0.0, 20.0))
    cards = [replace(card, error_quantiles=((-1.0, middle, 3.0),)) for middle in (0.0, 0.2)]
    even, odd = (Model(tiny_path.read_bytes(), one) for one in cards)
    (network, spread), (estimate, same) = even.run(*some(20)), odd.run(*some(20))
    np.testing.assert_array_equal(spread, same)
    np.testing.assert_allclose(estimate, network + 0.2 * spread, rtol=1e-5)
    for model, said in ((even, network), (odd, estimate)):
        forecasts = [Forecast(float(k), float(s)) for k, s in zip(said, spread, strict=True)]
        assert [model.probability_above(one, one.potassium_meq_l) for one in forecasts] == pytest.approx([0.5] * 20)
    assert odd.interval(Forecast(4.0, 1.0), 0.9) == pytest.approx((2.8, 6.8))


@pytest.mark.parametrize("prevalence", [0.01, 0.25, 0.6])
@pytest.mark.parametrize("forecast", [*FORECASTS, Forecast(20.0, 0.1), Forecast(0.5, 0.1)])
def test_a_prevalence_changes_the_odds_and_nothing_else(tiny: Model, forecast: Forecast, prevalence: float) -> None:
    odds = prevalence / (1 - prevalence) / (0.25 / 0.75)  # of the training a quarter were above
    assert tiny.card.odds(prevalence) == pytest.approx(odds)
    told = replace(forecast, odds=odds)
    before, after = (tiny.probability_above(one, 5.5) for one in (forecast, told))
    assert after == pytest.approx(before * odds / (before * odds + 1 - before))
    for high in (6.0, 6.5, 8.0):  # among those above, each is as likely as before
        over, known = (tiny.probability_above(one, high) for one in (told, forecast))
        assert over * before == pytest.approx(known * after)
    for low in (3.5, 5.0):
        under, known = (1 - tiny.probability_above(one, low) for one in (told, forecast))
        assert under * (1 - before) == pytest.approx(known * (1 - after))
    levels = np.linspace(0.02, 0.98, 25)
    bounds = [tiny.quantile(told, float(level)) for level in levels]
    assert bounds == sorted(bounds)
    for level, bound in zip(levels, bounds, strict=True):
        assert tiny.probability_above(told, bound) == pytest.approx(1 - level, abs=1e-3)
    if prevalence == 0.25:
        assert tiny.interval(told, 0.9) == tiny.interval(forecast, 0.9)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 3.0, float("nan"), 1e-300, "0.03"])
def test_a_prevalence_that_is_none_gets_a_sentence(tiny: Model, share: Any) -> None:
    with pytest.raises(ModelError, match=r"a share from 0\.0001 to 0\.9999 is accepted, such as 0\.03"):
        tiny.card.odds(share)
    with pytest.raises(ModelError, match=r"none or all of its calibration's patients were above 5\.5 mEq/L"):
        replace(tiny.card, prevalence=0.0).odds(0.03)


NAMES = [card.name for card in bundled()]
MISSING = pytest.param("none", marks=pytest.mark.skip(reason="no model is bundled yet"))
each_bundled = pytest.mark.parametrize("name", NAMES or [MISSING])


@pytest.mark.skipif(not NAMES, reason="no model is bundled yet")
def test_the_default_model_is_bundled() -> None:
    assert DEFAULT in NAMES


@each_bundled
def test_a_bundled_card_tells_what_a_person_must_know(name: str) -> None:
    card = Model.load(name).card
    assert card.name == name
    assert card.trained_on == card.validated_on == "simulated and semi-simulated"
    assert "not a medical device" in card.notice.lower()
    own, others = card.metrics[name], ("training median", "T slope formula, refitted", "ridge on features")
    assert all(own["mae_meq_l"] < card.metrics[other]["mae_meq_l"] for other in others)
    assert card.metrics["patients"] >= 5000
    assert card.training["beats"]["calibration"] >= 5000
    assert 0.88 <= card.metrics["interval_coverage"] <= 0.92
    assert (
        card.architecture["founding_study_parameters"]
        == {"4k": 3979, "10k": 9809, "180k": 180_089}[name.partition("-")[2]]
    )


def test_a_model_of_other_beats_is_not_loaded(tiny: Model, tiny_path: Path) -> None:
    other = replace(tiny.card, preprocessing={**tiny.card.preprocessing, "lowpass_hz": 100.0})
    with pytest.raises(ModelError, match="another lowpass_hz"):
        Model(tiny_path.read_bytes(), other)


@each_bundled
def test_a_bundled_model_follows_potassium(name: str) -> None:
    from kalemia.simulate import simulate_one

    model = Model.load(name)
    found = []
    for potassium in (3.0, 4.5, 6.0, 8.0):
        beats = [cut(simulate_one(99, i, "clean", potassium).recording, model.card.leads) for i in range(12)]
        good = [beat for beat in beats if not any(beat.problems)]
        found.append(float(np.median(model.run(*inputs(good, model.card.leads))[0])))
    assert found == sorted(found)
    assert found[-1] - found[0] > 1.5


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are a matter of POSIX")
@pytest.mark.parametrize("suffix", [".onnx", ".json"])
def test_a_pipe_is_no_model(tiny_path: Path, tmp_path: Path, suffix: str) -> None:
    for each in (".onnx", ".json"):
        shutil.copy(tiny_path.with_suffix(each), tmp_path / f"tiny{each}")
    (tmp_path / f"tiny{suffix}").unlink()
    os.mkfifo(tmp_path / f"tiny{suffix}")
    with pytest.raises(ModelError, match="no regular file"):
        Model.load(tmp_path / "tiny.onnx")


def test_a_huge_file_is_no_model(tmp_path: Path) -> None:
    with (tmp_path / "huge.onnx").open("wb") as file:
        file.truncate(10_000_000_000)
    with pytest.raises(ModelError, match="10,000,000,000 bytes"):
        Model.load(tmp_path / "huge.onnx")


@pytest.mark.parametrize("spread", [-1.0, 0.0, 1e38, float("nan")])
def test_a_spread_that_no_error_has_is_not_sane(spread: float) -> None:
    assert not Forecast(5.0, spread).sane
    assert Forecast(5.0, 0.5).sane
