"""What a validation's page is made of: charts, the sections on potassium, the one patient, real ECGs, NeuroKit2."""

from __future__ import annotations

import re
import types
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from tables import patients, table

from ecgs import recording
from kalemia.errors import SimulateError, ValidateError
from kalemia.records import LEADS, Recording
from kalemia.simulate import LEVELS, simulate_one
from kalemia.validate import charts, curves, example, oracle, page
from kalemia.validate.acceptance import assess, checks
from kalemia.validate.charts import HEIGHT, WIDTH, Curve, Reference
from kalemia.validate.criterion import Criterion, Measurement, Outcome
from kalemia.validate.curves import CURVES, SHARES
from kalemia.validate.patients import POTASSIUM, examine, ordinary, own_potassium
from kalemia.validate.real import against_real
from kalemia.validate.table import COLUMNS, Table
from kalemia.validate.validation import Validation

K = np.array([2.0, 5.5, 9.0])


def parsed(drawn: str) -> ElementTree.Element:
    return ElementTree.fromstring(drawn)


def points(drawn: str, kind: str) -> list[tuple[float, float]]:
    """Return the corners of a path of a class."""
    [path] = re.findall(rf'd="([^"]*)" class="{kind}"', drawn)
    return [(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)]


def test_a_curve_goes_from_left_to_right_and_up_with_its_values() -> None:
    drawn = charts.chart("T", "mV", Curve(K, np.array([0.1, 0.2, 0.4])))
    corners = points(drawn, "median")
    assert [x for x, _ in corners] == sorted(x for x, _ in corners)
    assert [y for _, y in corners] == sorted((y for _, y in corners), reverse=True)
    assert corners[1][0] == pytest.approx((corners[0][0] + corners[2][0]) / 2)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in corners)
    assert corners[1][1] - corners[0][1] == pytest.approx((corners[2][1] - corners[1][1]) / 2, abs=0.1)


def test_a_share_begins_at_nought_and_a_measure_where_it_is() -> None:
    low = points(charts.chart("S", "%", Curve(K, np.array([20.0, 30.0, 40.0]))), "median")[0][1]
    assert low < HEIGHT - charts.BOTTOM - 50  # 20 % is far above the axis
    assert points(charts.chart("S", "ms", Curve(K, np.array([20.0, 30.0, 40.0]))), "median")[0][1] > low + 50


def test_a_band_goes_there_and_back() -> None:
    band = points(charts.chart("T", "mV", Curve(K, K, K - 1, K + 1)), "band")
    assert len(band) == 6
    assert [x for x, _ in band[3:]] == [x for x, _ in band[:3]][::-1]
    assert all(upper < lower for (_, upper), (_, lower) in zip(band[:3], band[:2:-1], strict=True))


def test_a_reference_is_a_box_with_its_middle_at_its_potassium() -> None:
    drawn = charts.chart("T", "mV", Curve(K, K), [Reference((2.0, 5.5), 3.0, 7.0, 5.0)])
    box = next(element for element in parsed(drawn).iter() if element.tag.endswith("rect"))
    left, middle, _ = (x for x, _ in points(drawn, "median"))
    assert float(box.attrib["x"]) == pytest.approx(left, abs=0.1)
    assert float(box.attrib["width"]) == pytest.approx(middle - left, abs=0.2)
    assert float(box.attrib["height"]) > 20


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.0, 1.0, [0.0, 0.5, 1.0]), (-0.11, 0.31, [-0.1, 0.0, 0.1, 0.2, 0.3]), (380, 470, [380, 400, 420, 440, 460])],
)
def test_ticks_are_round_and_few(low: float, high: float, ticks: Sequence[float]) -> None:
    np.testing.assert_allclose(charts._Axes(low, high).ticks(), ticks, atol=1e-9)


@pytest.mark.parametrize("span", [1e-3, 0.03, 2.0, 47.0, 3e4])
def test_any_span_has_three_to_six_ticks(span: float) -> None:
    found = charts._Axes(0.123, 0.123 + span).ticks()
    assert 2 <= len(found) <= 6
    assert ((found >= 0.123 - 1e-9) & (found <= 0.123 + span + 1e-9)).all()


def test_a_chart_is_told_to_who_cannot_see_it() -> None:
    drawn = parsed(charts.chart("QRS", "ms", Curve(K, np.array([np.nan, 90.0, 120.0]))))
    assert drawn.attrib["role"] == "img"
    assert drawn.attrib["aria-label"] == "QRS: 90 ms at 5.5 mEq/L, 120 ms at 9 mEq/L"
    nothing = parsed(charts.chart("QRS", "ms", Curve(K, np.full(3, np.nan))))
    assert nothing.attrib["aria-label"] == "QRS: not measured"


def test_a_strip_shows_the_middle_half_within_the_tails() -> None:
    drawn = parsed(charts.strip(np.linspace(0, 10, 101), np.linspace(5, 6, 101)))
    boxes = [
        (e.attrib["class"], float(e.attrib["x"][:-1]), float(e.attrib["width"][:-1])) for e in drawn if "rect" in e.tag
    ]
    of = {kind: (x, x + width) for kind, x, width in boxes}
    for kind in ("real", "simulated"):
        tails, half = of[f"{kind} tails"], of[kind]
        assert tails[0] < half[0] < half[1] < tails[1]
    assert of["simulated"][1] - of["simulated"][0] < 0.3 * (of["real"][1] - of["real"][0])


def validated(real: Table | None = None) -> Validation:
    """Return a validation of patients whose T grows and whose QRS widens."""
    made = patients(8, lambda k: {("V5", "t_mv"): 0.05 * k, ("II", "qrs_ms"): 130.0 if k > 7 else 90.0})
    ordinary_ = () if real is None else tuple(against_real(made, real))
    return Validation(made, 1, "clean", tuple(assess(made)), ordinary_, real)


def test_every_curve_and_share_is_drawn() -> None:
    found = curves.measures(validated())
    assert found.count("<svg") == len(CURVES)
    assert all(title in found for title, *_ in CURVES)
    assert "Grey" not in found
    shares = curves.shares(validated())
    assert shares.count("<svg") == len(SHARES)
    assert shares.count('class="seen"') == sum(len(sources) for *_, sources in SHARES)


def test_real_ecgs_stand_behind_the_curves() -> None:
    found = curves.measures(validated(table(21)))
    assert found.count('class="seen"') == len(CURVES)
    assert "Grey: the middle half" in found


def test_a_curve_is_of_the_median_and_four_fifths_of_the_patients() -> None:
    made = patients(11, lambda k: {("II", "qrs_ms"): np.arange(11, dtype=np.float64) + 10 * k})
    curve = curves._curve(made, lambda t: t.of("II", "qrs_ms"), None)
    assert curve.low is not None
    assert curve.high is not None
    np.testing.assert_allclose(curve.potassium, POTASSIUM)
    np.testing.assert_allclose(curve.middle, 5 + 10 * np.array(POTASSIUM))
    np.testing.assert_allclose(curve.high - curve.low, 8.0)


def test_who_was_not_measured_is_in_no_curve_and_no_share() -> None:
    made = patients(4, lambda k: {("II", "qrs_ms"): np.array([130.0, np.nan, 90.0, 90.0])})
    assert curves._curve(made, lambda t: t.of("II", "qrs_ms"), None).middle[0] == 90.0
    share = curves._share(made, lambda t: np.asarray(t.of("II", "qrs_ms") > 120))
    np.testing.assert_allclose(share.middle, 100 / 3)
    gone = patients(2, lambda _: {("II", "qrs_ms"): np.nan})
    assert np.isnan(curves._share(gone, lambda t: t.measured).middle).all()
    assert np.isnan(curves._curve(gone, lambda t: t.of("II", "qrs_ms"), None).middle).all()


def test_shares_are_seen_at_the_potassium_of_their_source() -> None:
    criteria = {criterion.id: criterion for criterion, _ in checks()}
    for _, _, sources in SHARES:
        seen = curves._seen(criteria, sources)
        assert [each.potassium for each in seen] == [span for _, span in sources]
        assert all(each.low < each.middle < each.high for each in seen)


def test_the_one_patient_is_shown_at_seven_potassiums() -> None:
    sheets = example.sheets(validated())
    assert len(re.findall(r"<figure", sheets)) == len(example.SHOWN_MEQ_L) == 7
    assert sheets.count("simulated ·") == 7
    assert "heart rate" in sheets
    beats = example.beats(validated())
    assert beats.count("mEq/L") >= 14
    assert f"Patient {example.answering(validated().patients)} of seed 1" in beats


def test_beats_that_cannot_be_cut_are_left_out() -> None:
    flat = Recording(np.zeros((12, 5000), np.float32), 500.0, LEADS)
    made = {4.0: recording(), 9.0: flat}
    beat = example._side_by_side(made, "V5")
    assert beat is not None
    assert beat.leads == ("V5 at 4 mEq/L",)
    assert example._side_by_side({9.0: flat}, "V5") is None


def test_beats_side_by_side_keep_their_own_size() -> None:
    made = {4.0: recording(), 8.0: recording(scale=2.0)}
    beat = example._side_by_side(made, "V5")
    assert beat is not None
    assert beat.gain_mv[1] == pytest.approx(2 * beat.gain_mv[0], rel=0.05)
    assert beat.waveform.shape == (2, 270)
    assert len(beat.problems) == 2


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(Criterion("A1", "x", "ms", "1", "s"), Measurement(1.0), "pass"), ("verdict-pass", "●")),
        (Outcome(Criterion("A1", "x", "ms", "1", "s"), Measurement(1.0), "missed"), ("verdict-missed", "▲")),
        (Outcome(Criterion("A1", "x", "ms", "1", "s"), Measurement(1.0), "reported"), ("verdict-reported", "reported")),
        (
            Outcome(Criterion("A1", "x", "ms", "1", "s"), Measurement(1.0), "not installed"),
            ("verdict-reported", "not installed"),
        ),
    ],
)
def test_a_verdict_has_a_shape_beside_its_color(outcome: Outcome, words: tuple[str, str]) -> None:
    drawn = page._verdict(outcome)
    assert all(word in drawn for word in words)


def test_rows_stand_in_their_groups_with_their_sources() -> None:
    drawn = page._table(assess(patients(3, lambda _: {})))
    assert drawn.count("<tbody") == len({criterion.id[0] for criterion, _ in checks()})
    assert drawn.count('scope="rowgroup"') == drawn.count("<tbody")
    for letter in "ABDEFGHIM":
        assert page.GROUPS[letter] in drawn
    assert drawn.count("PubMed 31629993") == 1  # once a group, not once a row


def test_everybody_has_an_ordinary_potassium_of_ones_own() -> None:
    own = own_potassium(400, 2)
    assert ((own >= 3.5) & (own <= 5.0)).all()
    np.testing.assert_allclose([own.mean(), own.std()], [4.25, 1.5 / 12**0.5], atol=0.06)
    np.testing.assert_array_equal(own, own_potassium(400, 2))
    assert not np.array_equal(own, own_potassium(400, 3))
    first = next(iter(ordinary(3, 2, "clean")))
    expected = simulate_one(2, 0, "clean", float(own_potassium(3, 2)[0])).recording
    np.testing.assert_array_equal(first.signal, expected.signal)


def test_a_level_of_one_lead_cannot_be_examined() -> None:
    assert LEVELS["wearable"].leads == ("I",)
    with pytest.raises(ValidateError, match="level 'wearable' has fewer than 12 leads; expected one such as clinic"):
        examine(2, 1, "wearable")
    with pytest.raises(SimulateError, match="outside the simulator's atlas"):
        examine(2, 1, "clean", potassium=(1.0,))


@pytest.fixture
def delineator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in for NeuroKit2 with places that are known: QRS from -40 to 40 ms, T at 280 and over at 360 ms."""

    def delineate(
        signal: np.ndarray, peaks: np.ndarray, sampling_rate: int, method: str
    ) -> tuple[None, dict[str, list[float]]]:
        assert method == "dwt"
        step = sampling_rate / 1000
        names = {"R_Onsets": -40, "R_Offsets": 40, "T_Peaks": 280, "T_Offsets": 360}
        places = {f"ECG_{name}": [float(round(peak + ms * step)) for peak in peaks[:-1]] for name, ms in names.items()}
        places["ECG_T_Peaks"][0] = np.nan
        return None, places

    def ecg_simulate(**asked: object) -> object:
        class Made:
            columns = LEADS

            def to_numpy(self) -> np.ndarray:
                return recording(rr_s=60 / float(str(asked["heart_rate"]))).signal.T

        return Made()

    monkeypatch.setattr(oracle, "installed", lambda: True)
    module = types.SimpleNamespace(ecg_delineate=delineate, ecg_simulate=ecg_simulate)
    monkeypatch.setattr(oracle, "_neurokit2", lambda: module)


def test_the_second_opinion_is_ours_less_theirs(delineator: None) -> None:
    [(height, qrs, qt)] = oracle.differences([recording()])
    assert height == pytest.approx(0.0, abs=0.03)  # T of lead II is 0.3 mV high and begins at zero
    assert abs(qrs) < 25
    assert abs(qt) < 40
    rows = oracle.second_opinion([recording(), recording(rr_s=0.9)])
    assert [row.criterion.id for row in rows] == ["Oa", "Ob", "Oc"]
    assert {row.verdict for row in rows} == {"reported"}
    assert all(row.measured.note == "median of 2" for row in rows)


def test_where_one_finds_nothing_there_is_no_difference(delineator: None) -> None:
    flat = Recording(np.zeros((12, 5000), np.float32), 500.0, LEADS)
    assert np.isnan(oracle.differences([flat])).all()
    assert oracle.differences([]).shape == (0, 3)
    rows = oracle.second_opinion([flat])
    assert [row.shown for row in rows] == ["median of 0"] * 3


def test_another_simulators_patients_have_their_own_rates(delineator: None) -> None:
    seen: list[int] = []
    found = oracle.tabulate(4, 7, progress=seen.append)
    assert seen == [1, 1, 1, 1]
    assert found.values.shape == (4, len(COLUMNS))
    rates = np.random.default_rng(7).uniform(50, 100, 4)
    np.testing.assert_allclose(found.rate_bpm, np.round(rates), rtol=0.02)


def test_samples_are_read_where_a_place_is_known() -> None:
    found = oracle._at(np.array([1.0, 2.0, 3.0]), np.array([0.0, np.nan, 2.0]))
    np.testing.assert_array_equal(found, [1.0, np.nan, 3.0])


def test_real_ecgs_that_cannot_be_read_are_left_out(tmp_path: Path, patients: Path) -> None:
    from kalemia.validate.real import real_table

    for path in sorted(patients.rglob("*.hea")) + sorted(patients.rglob("*.dat")):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    whole = real_table(tmp_path)
    first = sorted(tmp_path.glob("*.hea"))[1]
    first.write_text("damaged")  # at an odd place: never looked at
    np.testing.assert_array_equal(real_table(tmp_path).values, whole.values)
    (tmp_path / sorted(tmp_path.glob("*.hea"))[0].name).write_text("damaged")
    with pytest.raises(ValidateError, match="19 12-lead ECGs that can be measured at even places"):
        real_table(tmp_path)
