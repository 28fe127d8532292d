"""From a source to an Estimate: every status, every reason, and many files of which some are bad."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

import kalemia
from ecgs import HEART, R, changed, recording, traced
from kalemia.cli import app
from kalemia.digitize import Digitized, write
from kalemia.errors import CalibrationError, DigitizeError, KalemiaError, ModelError, PopulationError
from kalemia.estimate.card import Card
from kalemia.estimate.evidence import Evidence, Shares
from kalemia.estimate.known import PAGE_ERROR_MEQ_L, Known
from kalemia.estimate.model import DEFAULT, Model
from kalemia.estimate.personal import Calibration, Draw, Earlier
from kalemia.estimate.population import Population
from kalemia.estimate.predict import Result, _answered, _estimated, examine, level
from kalemia.read import inputs
from kalemia.records import EIGHT, LEADS, NOTICE, Before, Estimate, Recording
from kalemia.simulate import simulate_one
from kalemia.simulate.formats import write_wfdb
from likelihoods import bell

KIDNEY = Population.load("kidney")


def answering(monkeypatch: pytest.MonkeyPatch, log_likelihood: NDArray[np.float64]) -> None:
    """Have every network say the same of every beat."""
    monkeypatch.setattr(Model, "run", lambda _model, beats, _side: np.tile(log_likelihood, (len(beats), 1)))


def test_a_recording_is_estimated(tiny_path: Path, tiny: Model) -> None:
    made = simulate_one(2, 3, "clean").recording
    found = kalemia.predict(made, tiny_path)
    assert found.status == "estimated"
    assert found.reason is None
    assert found.source == "simulated"
    assert found.leads_used == ("V5",)
    assert found.beats_used >= 5
    assert found.quality["V5"] > 0.9
    assert found.interval_coverage == 0.9
    assert found.interval_validated_on == tiny.card.validated_on
    assert found.model == tiny.name
    assert found.notice == NOTICE
    assert found.potassium_meq_l is not None
    assert found.interval_meq_l is not None
    assert found.interval_meq_l[0] < found.potassium_meq_l < found.interval_meq_l[1]


def test_the_numbers_are_those_of_the_model(tiny_path: Path, tiny: Model) -> None:
    made = simulate_one(2, 3, "clean").recording
    evidence = tiny.evidence(kalemia.cut(made, ("V5",)))
    found = kalemia.predict(made, tiny_path)
    after = KIDNEY.given(evidence)
    assert found.potassium_meq_l == pytest.approx(after.quantile(0.5), abs=0.005)
    assert found.interval_meq_l == pytest.approx(after.interval(0.9), abs=0.005)
    assert found.likelihood_ratio == evidence.likelihood_ratio
    assert list(found.probability_above) == ["5.5", "6.0", "6.5"]
    assert list(found.probability_below) == ["3.5"]
    for cut, chance in found.probability_above.items():
        assert chance == pytest.approx(after.above(float(cut)), abs=5e-4)
    assert found.probability_below["3.5"] == pytest.approx(after.below(3.5), abs=5e-4)


def test_a_file_gives_what_its_recording_gives(tiny_path: Path, patients: Path) -> None:
    path = patients / "0000" / "p000003.hea"
    from_file = kalemia.predict(path, tiny_path)
    from_memory = kalemia.predict(kalemia.read(path), tiny_path)
    assert from_file == from_memory
    assert from_file.source == str(path)


def test_a_rate_that_is_given_beside_another_is_said(tiny_path: Path) -> None:
    refused = kalemia.predict(recording(), tiny_path, rate=250.0)
    assert (refused.status, refused.reason) == ("refused", "250 Hz were given, and the recording has 500 Hz")
    assert kalemia.predict(recording(), tiny_path, rate=500.0).warnings == ()


def test_the_heart_rate_and_the_quality_are_rounded(tiny_path: Path) -> None:
    found = examine(recording(("V5",), rr_s=0.7321, noise_mv=0.2), tiny_path)
    assert found.beat is not None
    assert found.estimate.heart_rate_bpm == round(found.beat.heart_rate_bpm, 1)
    assert 0.8 < found.beat.quality[0] < 0.99
    assert found.estimate.quality == {"V5": round(float(found.beat.quality[0]), 2)}
    assert found.estimate.beats_used == found.beat.count


def test_what_misleads_is_seen_in_leads_that_the_model_does_not_read(tiny_i_path: Path) -> None:
    """T is turned over in V4, V5 and V6 alone, and the model reads I."""
    ecg = recording()
    turned = [replace(wave, mv=-wave.mv) if wave.at_s > 0.1 else wave for wave in HEART]
    over = recording(waves=turned)
    for lead in ("V4", "V5", "V6"):
        ecg = changed(ecg, lead, over.lead(lead))
    (warning,) = [w for w in kalemia.predict(ecg, tiny_i_path).warnings if "turned over" in w]
    assert warning.startswith("T is turned over in V4, V5, V6:")


def test_examine_keeps_what_a_report_draws(tiny_path: Path, tiny: Model) -> None:
    ecg = recording()
    result = examine(ecg, tiny_path)
    assert result.model is not None
    assert result.model.name == tiny.name
    assert result.recording is ecg
    assert result.beat is not None
    assert result.beat.leads == ("V5",)
    assert result.evidence is not None
    assert result.evidence.likelihood_ratio == result.estimate.likelihood_ratio
    assert result.population is not None
    assert result.population.name == "kidney"


@pytest.mark.parametrize(
    ("leads", "least", "own", "reason"),
    [
        (("V5",), 1, ("I",), "the ECG has lead I; lead V5 is needed"),
        (("V5",), 1, ("I", "aVF"), "the ECG has lead I, aVF; lead V5 is needed"),
        (("V5",), 1, (), "the ECG has no leads; lead V5 is needed"),
        (("I", "V5"), 1, ("II",), "the ECG has lead II; at least 1 of the leads I, V5 are needed"),
        (("I", "V5"), 2, ("I", "II"), "the ECG has lead I, II; at least 2 of the leads I, V5 are needed"),
    ],
)
def test_which_leads_would_be_needed_is_said(
    tiny: Model, leads: tuple[str, ...], least: int, own: tuple[str, ...], reason: str
) -> None:
    ecg = Recording(np.zeros((len(own), 5000), np.float32), 500.0, own, source="a.csv", warnings=("dim",))
    model = Model.__new__(Model)
    model.card = replace(tiny.card, leads=leads, least_leads=least)
    found = _estimated(ecg, model, Known(KIDNEY))
    assert found.recording is ecg
    assert found.beat is None
    looked_at = tuple(lead for lead in leads if lead in own)
    assert found.estimate == Estimate(
        "a.csv", "refused", reason=reason, model=model.name, leads_used=looked_at, warnings=("dim",)
    )


@pytest.mark.parametrize(
    ("ecg", "reason"),
    [
        (changed(recording(), "V5", np.zeros(5000)), r"lead V5 cannot be used \(flat: it spans 0 uV\)"),
        (changed(recording(), "V5", np.full(5000, np.nan)), r"lead V5 cannot be used \(not recorded for 100%"),
        (recording(rate=90.0), "sampled at 90 Hz"),
        (recording(seconds=1.0), "the recording lasts 1.0 s; at least 2 s are needed"),
        (Recording(np.zeros((1, 5000), np.float32), 500.0, ("V5",)), "0 heartbeats found"),
        (recording(("V5",), waves=[R], rr_s=20.0), r"lead V5 cannot be used \(too few beats: 1 of"),
    ],
)
def test_what_cannot_be_trusted_is_refused_with_the_reason(tiny_path: Path, ecg: Recording, reason: str) -> None:
    found = kalemia.predict(ecg, tiny_path)
    assert found.status == "refused"
    assert (found.potassium_meq_l, found.interval_meq_l, found.level, found.interval_coverage) == (None,) * 4
    assert found.probability_above == found.probability_below == {}
    assert found.model is not None
    assert found.reason is not None
    assert re.match(reason, found.reason), found.reason
    assert "\n" not in found.reason


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_network_that_returns_no_number_is_refused(
    monkeypatch: pytest.MonkeyPatch, tiny_path: Path, bad: float
) -> None:
    answering(monkeypatch, np.array([bad] * 30))
    result = examine(recording(), tiny_path)
    found = result.estimate
    assert (found.status, found.reason) == ("refused", "the network returned no number for this beat")
    assert (result.evidence, result.population, result.model) == (None, None, None)
    json.dumps(found.to_dict(), allow_nan=False)


@pytest.mark.parametrize("name", ["nothing.dcm", "no/such/folder/ecg.xml"])
def test_a_file_that_is_not_there_has_failed(tiny_path: Path, tmp_path: Path, name: str) -> None:
    found = kalemia.predict(tmp_path / name, tiny_path)
    assert found.status == "failed"
    assert found.source == str(tmp_path / name)
    assert found.reason is not None
    assert name in found.reason
    assert found.potassium_meq_l is None


@pytest.mark.parametrize("content", [b"", b"hello", bytes(range(256)) * 20, b"<html></html>", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_is_no_ecg_has_failed(tiny_path: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ecg.dcm"
    path.write_bytes(content)
    found = kalemia.predict(path, tiny_path)
    assert found.status == "failed"
    assert found.reason is not None
    assert str(path) in found.reason
    assert "\n" not in found.reason


def test_only_a_wrong_model_raises(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no model 'no-such'"):
        kalemia.predict(recording(), "no-such")
    with pytest.raises(ModelError, match="cannot be read"):
        kalemia.predict(tmp_path / "nothing", tmp_path / "no.onnx")


def flattened(*leads: str) -> Recording:
    """Return an ECG with some leads flat."""
    ecg = recording()
    for lead in leads:
        ecg = changed(ecg, lead, np.zeros(5000))
    return ecg


@pytest.mark.parametrize("leads", [LEADS, ("II",), ("V5",), ("I",), ("V2", "III", "II")])
def test_whichever_leads_are_there_are_read(leads: tuple[str, ...]) -> None:
    found = kalemia.predict(recording(leads))
    assert (found.status, found.warnings) == ("estimated", ())
    assert found.leads_used == tuple(lead for lead in EIGHT if lead in leads)


def test_a_bad_lead_is_left_out_and_the_estimate_says_so() -> None:
    found = kalemia.predict(flattened("V5"))
    assert (found.status, found.leads_used) == ("estimated", tuple(lead for lead in EIGHT if lead != "V5"))
    assert found.warnings == ("Lead V5 cannot be used (flat: it spans 0 uV).",)
    without = kalemia.predict(recording([lead for lead in LEADS if lead != "V5"])).potassium_meq_l
    assert found.potassium_meq_l == pytest.approx(without, abs=0.05)  # the beats are found in other leads


def test_fewer_leads_give_a_wider_interval() -> None:
    made = [simulate_one(2, index, "clean").recording for index in range(12)]
    widths = []
    for leads in (LEADS, ("V5",)):
        some = [Recording(np.stack([ecg.lead(name) for name in leads]), ecg.rate, tuple(leads)) for ecg in made]
        found = [kalemia.predict(ecg).interval_meq_l for ecg in some]
        widths.append(np.median([interval[1] - interval[0] for interval in found if interval]))
    assert widths[0] < widths[1]


def test_where_most_leads_are_bad_the_others_are_not_trusted_either() -> None:
    assert kalemia.predict(flattened("I", "II", "V1", "V2")).status == "estimated"
    found = kalemia.predict(flattened("I", "II", "V1", "V2", "V3"))
    assert found.status == "refused"
    assert found.reason == "leads I, II, V1, V2, V3 cannot be used (flat: it spans 0 uV)"


PAGE = Path(kalemia.__file__).parent / "assets" / "demo" / "page.png"


@pytest.fixture(scope="module")
def demo() -> Result:
    """What is said of the demo's page, which takes a second to read."""
    return examine(PAGE)


def test_a_page_is_estimated_as_the_ecg_printed_on_it(demo: Result) -> None:
    digital = kalemia.predict(PAGE.with_name("simulated.hea"))
    assert demo.page is not None
    assert demo.estimate.status == digital.status == "estimated"
    assert demo.estimate.source == str(PAGE)
    assert demo.estimate.potassium_meq_l == pytest.approx(digital.potassium_meq_l, abs=0.3)


def test_reading_a_page_widens_the_interval(demo: Result) -> None:
    assert demo.recording is not None
    digital = examine(replace(demo.recording, digitized=False))
    assert demo.evidence is not None
    assert digital.evidence is not None
    np.testing.assert_allclose(
        demo.evidence.log_likelihood, digital.evidence.widened(PAGE_ERROR_MEQ_L).log_likelihood, atol=1e-9
    )
    assert demo.estimate.likelihood_ratio["high"] < digital.estimate.likelihood_ratio["high"]


@pytest.mark.parametrize("form", ["wfdb", "csv"])
def test_what_was_digitized_is_estimated_as_the_page(demo: Result, tmp_path: Path, form: str) -> None:
    assert demo.page is not None
    write.write(demo.page, tmp_path, "page", form)
    again = kalemia.predict(tmp_path / ("page.hea" if form == "wfdb" else "page.csv"))
    assert any("digitized from a picture" in warning for warning in again.warnings)
    assert again.potassium_meq_l == pytest.approx(demo.estimate.potassium_meq_l, abs=0.02)
    assert again.interval_meq_l == pytest.approx(demo.estimate.interval_meq_l, abs=0.05)


def pages_of(monkeypatch: pytest.MonkeyPatch, *pages: Digitized | KalemiaError) -> Result:
    """Return what is said of a page on which these were read."""

    def read_pages(source: object) -> list[Digitized]:
        for page in pages:
            if isinstance(page, KalemiaError):
                raise page
        return [page for page in pages if isinstance(page, Digitized)]

    monkeypatch.setattr(sys.modules["kalemia.digitize"], "pages", read_pages)
    return examine(PAGE)


@pytest.mark.parametrize(
    ("residual", "reason"),
    [
        (None, None),
        (0.2, None),
        (0.201, "I + III differs from II by 20% of their power: leads were read wrong, or turned over"),
        (0.87, "I + III differs from II by 87% of their power: leads were read wrong, or turned over"),
    ],
)
def test_a_page_whose_limb_leads_contradict_each_other_is_refused(
    monkeypatch: pytest.MonkeyPatch, residual: float | None, reason: str | None
) -> None:
    page = replace(traced(recording()), einthoven=residual)
    found = pages_of(monkeypatch, page)
    assert (found.estimate.status, found.estimate.reason) == ("refused" if reason else "estimated", reason)
    assert found.page is page
    assert found.recording is page.recording
    assert (found.model is None) is (reason is not None)
    assert found.estimate.source == (str(PAGE) if reason else "memory")
    assert found.estimate.model == Model.load(DEFAULT).name


def test_of_several_pages_the_first_is_taken_and_the_estimate_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    first = replace(traced(replace(recording(), warnings=("dim",))), page=2)
    found = pages_of(monkeypatch, first, traced(recording()), traced(recording()))
    assert found.page is first
    assert found.estimate.warnings == ("dim", "3 pages of the file show an ECG; page 2 was taken.")
    assert pages_of(monkeypatch, first).estimate.warnings == ("dim",)


@pytest.mark.parametrize(("error", "status"), [(DigitizeError, "refused"), (KalemiaError, "failed")])
def test_a_page_that_cannot_be_digitized_is_refused_and_one_that_cannot_be_read_has_failed(
    monkeypatch: pytest.MonkeyPatch, error: type[KalemiaError], status: str
) -> None:
    found = pages_of(monkeypatch, error("too dark"))
    assert (found.estimate.status, found.estimate.reason) == (status, "too dark")
    assert found.estimate.source == str(PAGE)
    assert found.estimate.model == Model.load(DEFAULT).name
    assert found.recording is None
    assert found.page is None


def test_a_picture_without_an_ecg_is_refused(tmp_path: Path) -> None:
    from PIL import Image

    Image.fromarray(np.random.default_rng(1).integers(0, 255, (400, 600, 3), np.uint8)).save(tmp_path / "cat.png")
    found = kalemia.predict(tmp_path / "cat.png")
    assert found.status == "refused"
    assert found.reason
    assert "\n" not in found.reason


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "the file is empty; .* and as pages PNG, JPEG"), (b"hello, this is a letter", "image")]
)
def test_a_damaged_picture_is_told_what_pictures_are_accepted(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "page.png"
    path.write_bytes(content)
    found = examine(path).estimate
    assert found.status == "failed"
    assert re.search(why, str(found.reason))


def test_a_lead_that_was_traced_unsurely_is_left_out() -> None:
    ecg = recording()
    unsure = replace(ecg, confidence=tuple(0.3 if lead == "V2" else 0.9 for lead in ecg.leads))
    found = kalemia.predict(unsure)
    assert "V2" not in found.leads_used
    assert any("V2 cannot be used (it was traced with a confidence of 0.30" in said for said in found.warnings)


def test_what_reading_had_to_infer_is_said_in_the_estimate(tiny_path: Path) -> None:
    warned = replace(recording(), warnings=("The gain is inferred.",))
    assert kalemia.predict(warned, tiny_path).warnings[0] == "The gain is inferred."
    flat = replace(changed(warned, "V5", np.zeros(5000)), warnings=("The gain is inferred.",))
    assert kalemia.predict(flat, tiny_path).warnings == ("The gain is inferred.",)


def test_a_wide_complex_is_warned_of(tiny_path: Path) -> None:
    wide = [replace(wave, sd_s=0.035) if wave is R else wave for wave in HEART]
    assert any(
        "QRS" in warning and "wide" in warning for warning in kalemia.predict(recording(waves=wide), tiny_path).warnings
    )
    assert kalemia.predict(recording(), tiny_path).warnings == ()


def test_a_fast_heart_is_warned_of(tiny_path: Path) -> None:
    quick = [replace(wave, at_s=0.6 * wave.at_s, sd_s=min(wave.sd_s, 0.02)) for wave in HEART]
    found = kalemia.predict(recording(waves=quick, rr_s=0.4), tiny_path)
    assert any(warning.startswith("Heart rate 150 bpm") for warning in found.warnings)


def known(low: float, high: float) -> Shares:
    """Return what is known of a patient: these probabilities of less than 3.5 and of more than 5.5."""
    shares = np.zeros(30)
    shares[[0, 10, 29]] = low, 1 - low - high, high
    return Shares(shares)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.2, 0.5, "high"),
        (0.2, 0.499, "uncertain"),
        (0.2, 0.4996, "high"),  # as it is printed
        (0.5, 0.2, "low"),
        (0.499, 0.2, "uncertain"),
        (0.4996, 0.2, "low"),
        (0.5, 0.5, "high"),
        (0.05, 0.05, "normal"),
        (0.0, 0.1, "normal"),
        (0.05, 0.051, "uncertain"),
        (0.051, 0.05, "uncertain"),
        (0.0, 0.0, "normal"),
    ],
)
def test_the_level_follows_the_contract(low: float, high: float, word: str) -> None:
    assert level(known(low, high)) == word


def test_what_is_known_is_rounded_into_an_estimate(tiny: Model) -> None:
    evidence = Evidence.of(bell(5.7, 0.9))
    answer = _answered(Estimate("a", "refused", beats_used=7), evidence, KIDNEY, tiny.card)
    after = KIDNEY.given(evidence)
    low, high = after.interval(0.9)
    assert answer == Estimate(
        "a",
        "estimated",
        potassium_meq_l=round(after.quantile(0.5), 2),
        interval_meq_l=(round(low, 2), round(high, 2)),
        interval_coverage=0.9,
        probability_above={f"{cut:.1f}": round(after.above(cut), 3) for cut in (5.5, 6.0, 6.5)},
        probability_below={"3.5": round(after.below(3.5), 3)},
        level="uncertain",
        likelihood_ratio=evidence.likelihood_ratio,
        population=Before(
            "kidney",
            "outpatients with chronic kidney disease",
            {f"{cut:.1f}": round(KIDNEY.above(cut), 3) for cut in (5.5, 6.0, 6.5)},
            {"3.5": round(KIDNEY.below(3.5), 3)},
        ),
        interval_validated_on=tiny.card.validated_on,
        beats_used=7,
    )


def test_what_is_known_beside_the_ecg_is_applied_and_noted(tiny: Model) -> None:
    made = simulate_one(2, 3, "clean").recording
    shown = kalemia.cut(made, ("V5",))
    own = Calibration((Earlier(shown, Draw(6.0), "a"),), tiny.name)
    beside = Known(KIDNEY, own).fitting(shown, None)
    alone, said = tiny.evidence(shown), beside.evidence(shown, made, tiny)
    expected = own.apply(alone, shown, None, tiny)
    np.testing.assert_array_equal(said.log_likelihood, expected.log_likelihood)
    assert abs(said.log_likelihood - alone.log_likelihood).max() > 0.1
    assert beside.population.above(5.5) == own.known(KIDNEY, None).above(5.5) > KIDNEY.above(5.5)
    noted = beside.noted(Estimate("a", "refused", warnings=("dim",)))
    assert noted == Estimate("a", "refused", earlier_ecgs=1, warnings=("dim", *own.sentences))
    assert beside.last(None) is own.earlier[0]
    nothing = Known(KIDNEY)
    assert nothing.fitting(shown, None) is nothing
    np.testing.assert_array_equal(
        nothing.fitting(shown, None).evidence(shown, made, tiny).log_likelihood, alone.log_likelihood
    )
    assert nothing.noted(noted) is noted
    assert nothing.last(None) is None
    with pytest.raises(CalibrationError, match="calibrate with that one"):
        beside.check(Model.load(DEFAULT))
    beside.check(tiny)


def test_a_comparison_with_a_page_is_less_sure(tiny: Model) -> None:
    made = simulate_one(2, 3, "clean").recording
    shown = kalemia.cut(made, ("V5",))
    paper = Known(KIDNEY, Calibration((Earlier(shown, Draw(6.0), "a", digitized=True),), tiny.name))
    plain = Known(KIDNEY, Calibration((Earlier(shown, Draw(6.0), "a"),), tiny.name))
    for beside, given, pages in (
        (plain, made, 0),
        (paper, made, 1),
        (plain, replace(made, digitized=True), 1),
        (paper, replace(made, digitized=True), 2),
    ):
        expected = plain.evidence(shown, made, tiny).widened(0.2 * pages**0.5)
        np.testing.assert_allclose(beside.evidence(shown, given, tiny).log_likelihood, expected.log_likelihood)


def test_the_last_earlier_ecg_is_drawn_and_one_of_later_refused(tiny: Model, tiny_path: Path) -> None:
    made = replace(simulate_one(2, 3, "clean").recording, start=datetime(2026, 3, 1))
    shown = kalemia.cut(simulate_one(2, 3, "clean", visit=0, potassium_meq_l=5.9).recording, ("V5",))
    old, young = Earlier(shown, Draw(6.0, 30), "old"), Earlier(shown, Draw(6.0, 2), "young")
    found = examine(made, tiny_path, calibration=Calibration((old, young), tiny.name))
    assert found.earlier is young
    assert found.estimate.earlier_ecgs == 2
    late = Earlier(shown, Draw(6.0), "late", datetime(2026, 3, 2))
    refused = kalemia.predict(made, tiny_path, calibration=Calibration((late,), tiny.name))
    assert (refused.status, refused.reason) == (
        "refused",
        "the earlier ECG late was recorded after this one; expected one of before",
    )


@pytest.mark.parametrize(("middle", "word"), [(8.5, "high"), (2.5, "low"), (4.4, "normal"), (5.4, "uncertain")])
def test_a_clear_ecg_is_called_by_its_level(
    monkeypatch: pytest.MonkeyPatch, tiny_path: Path, middle: float, word: str
) -> None:
    answering(monkeypatch, bell(middle, 0.5))
    assert kalemia.predict(recording(), tiny_path).level == word


def test_a_flat_t_wave_makes_nobody_normal(monkeypatch: pytest.MonkeyPatch, tiny_path: Path) -> None:
    answering(monkeypatch, bell(4.4, 0.5))
    flat = recording(waves=[replace(wave, mv=wave.mv / 20) if wave.at_s > 0.1 else wave for wave in HEART])
    found = kalemia.predict(flat, tiny_path)
    assert (found.status, found.level) == ("estimated", "uncertain")
    assert any(warning.startswith("No T wave to speak of") for warning in found.warnings)


def test_nothing_that_is_estimated_is_no_json(tiny_path: Path) -> None:
    for index in range(5):
        line = kalemia.predict(simulate_one(4, index).recording, tiny_path).to_dict()
        assert json.loads(json.dumps(line, allow_nan=False)) == line


def test_the_bundled_models_estimate_simulated_patients() -> None:
    found = [kalemia.predict(simulate_one(77, index).recording) for index in range(40)]
    assert sum(e.status == "estimated" for e in found) >= 34
    assert all(set(e.leads_used) <= set(EIGHT) and len(e.leads_used) >= 4 for e in found if e.status == "estimated")
    assert all(e.interval_validated_on == "simulated and semi-simulated" for e in found if e.status == "estimated")


@pytest.mark.data
def test_ordinary_real_patients_are_seldom_called_high_or_refused(data_folder: Path) -> None:
    found = [kalemia.predict(path) for path in list(inputs([data_folder / "ptbxl"]))[::2]]
    estimated = [e.potassium_meq_l for e in found if e.potassium_meq_l is not None]
    assert len(estimated) >= 0.9 * len(found)
    assert 3.8 <= np.median(estimated) <= 4.8
    assert np.mean([e.level == "high" for e in found]) <= 0.05


def test_the_card_of_the_tiny_model_is_read_once(tiny_path: Path) -> None:
    assert Model.load(tiny_path) is Model.load(str(tiny_path))
    assert Card.load(tiny_path.with_suffix(".json")) == Model.load(tiny_path).card


def test_a_recording_made_in_memory_is_held_against_einthovens_law(tiny_path: Path) -> None:
    made = simulate_one(2, 3, "clean").recording
    wrong = changed(made, "I", 1.3 * made.lead("I"))
    found = kalemia.predict(wrong, tiny_path)
    assert found.status == "refused"
    assert "I, II and III contradict each other" in str(found.reason)
    traced = replace(wrong, confidence=(0.9,) * 12)  # from a page
    assert kalemia.predict(traced, tiny_path).status == "estimated"
    coarse = replace(made, signal=np.round(made.signal, 2))  # rounding to 10 uV breaks the law a little
    assert kalemia.predict(coarse, tiny_path).status == "estimated"


def test_a_recording_made_in_memory_is_warned_of_an_odd_gain(tiny_path: Path) -> None:
    made = simulate_one(2, 3, "clean").recording
    large = kalemia.predict(replace(made, signal=6 * made.signal), tiny_path)
    assert any("gain" in sentence for sentence in large.warnings)
    assert kalemia.predict(made, tiny_path).warnings == ()
    microvolts = kalemia.predict(replace(made, signal=1e5 * made.signal), tiny_path)
    assert microvolts.status == "refused"
    assert "mV" in str(microvolts.reason)


def test_a_chest_lead_upside_down_is_refused(tiny_path: Path) -> None:
    made = simulate_one(2, 3, "clean").recording
    found = kalemia.predict(changed(made, "V5", -made.lead("V5")), tiny_path)
    assert found.status == "refused"
    assert found.reason == "lead V5 cannot be used (it runs against V4 and V6: its electrode or its sign is wrong)"
    alone = Recording(-made.lead("V5")[None], 500.0, ("V5",))  # nothing to hold it against
    assert kalemia.predict(alone, tiny_path).status == "estimated"


def test_exchanged_arms_are_warned_of(tiny_i_path: Path) -> None:
    made = simulate_one(2, 3, "clean").recording
    signal = {name: made.lead(name) for name in made.leads}
    swapped = {"I": -signal["I"], "II": signal["III"], "III": signal["II"], "aVR": signal["aVL"], "aVL": signal["aVR"]}
    arms = replace(made, signal=np.stack([swapped.get(name, signal[name]) for name in made.leads]))
    assert "Lead I runs against V6: the arm electrodes may be exchanged." in kalemia.predict(arms, tiny_i_path).warnings
    assert kalemia.predict(made, tiny_i_path).warnings == ()


@pytest.mark.parametrize("rate", [0.1, 1e-300])
def test_recordings_of_no_use_are_refused(tiny_path: Path, rate: float) -> None:
    for samples in (0, 1, 100):
        found = kalemia.predict(Recording(np.zeros((1, samples), np.float32), rate, ("V5",)), tiny_path)
        assert found.status == "refused"


def test_millivolts_that_no_heart_makes_are_refused(tiny_path: Path) -> None:
    made = simulate_one(2, 3, "clean").recording
    found = kalemia.predict(changed(made, "V5", 100 * made.lead("V5")), tiny_path)
    assert found.status == "refused"
    assert "more than 20 mV is no heart" in str(found.reason)


def test_an_ecg_upside_down_is_warned_of(tiny_path: Path) -> None:
    made = simulate_one(2, 3, "clean").recording
    said = "I, II, V5 and V6 point down and aVR up: the ECG may be stored upside down."
    assert said in kalemia.predict(replace(made, signal=-made.signal), tiny_path).warnings
    assert said not in kalemia.predict(made, tiny_path).warnings


def test_a_chest_lead_out_of_proportion_is_warned_of(tiny_path: Path) -> None:
    made = simulate_one(2, 3, "clean").recording
    found = kalemia.predict(changed(made, "V5", 6 * made.lead("V5")), tiny_path)
    assert any(
        re.search(r"V5 is [4-7] times as large as the leads beside it: its gain may be wrong\.", w)
        for w in found.warnings
    )


NAMES = ("hospital", "kidney", "dialysis")


def test_an_ecg_says_the_same_everywhere_and_the_estimate_does_not(tiny_path: Path, tmp_path: Path) -> None:
    made = simulate_one(2, 3, "clean")
    found = [kalemia.predict(made.recording, tiny_path, population=name) for name in NAMES]
    chances = [estimate.probability_above["5.5"] for estimate in found]
    assert chances == sorted(set(chances))
    values = [estimate.potassium_meq_l or 0 for estimate in found]
    assert values == sorted(set(values))
    assert found[0].likelihood_ratio == found[1].likelihood_ratio == found[2].likelihood_ratio
    assert [estimate.population.name for estimate in found if estimate.population] == list(NAMES)
    write_wfdb(tmp_path / "a", made)
    arguments = ["predict", str(tmp_path / "a.hea"), "--model", str(tiny_path), "--json", "--population"]
    line = json.loads(CliRunner().invoke(app, [*arguments, "dialysis"]).output)
    assert line["potassium_meq_l"] == pytest.approx(found[2].potassium_meq_l, abs=0.02)
    assert line["population"]["name"] == "dialysis"
    assert line["population"]["probability_above"]["5.5"] == round(Population.load("dialysis").above(5.5), 3)
    wrong = CliRunner().invoke(app, [*arguments, "ward"])
    assert "no population 'ward'; kidney, dialysis, hospital, emergency, flat are known" in str(wrong.exception)


def test_a_population_of_ones_own_is_taken(tiny_path: Path, tmp_path: Path) -> None:
    table = tmp_path / "ward.csv"
    table.write_text("potassium_meq_l\n" + "".join(f"{value:.1f}\n" for value in np.linspace(5.6, 6.4, 200)))
    found = kalemia.predict(recording(), tiny_path, population=table)
    assert (found.level, found.population and found.population.name) == ("high", "ward.csv")
    assert kalemia.predict(recording(), tiny_path, population=Population.load(table)) == found


def test_a_population_that_is_none_raises(tiny_path: Path) -> None:
    with pytest.raises(PopulationError, match="no population 'ward'"):
        kalemia.predict(recording(), tiny_path, population="ward")


def test_leads_that_a_recording_does_not_have_are_not_ignored(tiny_path: Path) -> None:
    made = simulate_one(2, 3, "clean").recording
    said = kalemia.predict(made, tiny_path, leads=["I"])
    assert said.status == "refused"
    assert (said.reason or "").startswith("leads I were given, and the recording has I, II, III, aVR")
    assert kalemia.predict(made, tiny_path, leads=made.leads).status == "estimated"
