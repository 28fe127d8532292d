"""FHIR Observations with SampledData."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import inputs, read

MADE = write.ecg(3, leads=("I", "II", "V5"))
OBSERVATION = json.loads(write.fhir(MADE))


def of(tmp_path: Path, resource: Any) -> Path:
    path = tmp_path / "ecg.json"
    path.write_text(resource if isinstance(resource, str) else json.dumps(resource), encoding="utf-8")
    return path


def changed(**fields: Any) -> dict[str, Any]:
    """Change the first lead; None takes a field away."""
    first = {**OBSERVATION["component"][0]}
    sampled = {**first["valueSampledData"], **fields}
    first["valueSampledData"] = {name: value for name, value in sampled.items() if value is not None}
    return {**OBSERVATION, "component": [first, *OBSERVATION["component"][1:]]}


def test_one_observation_of_a_bundle_is_read(tmp_path: Path) -> None:
    entries = [{"resource": {"resourceType": "Patient", "name": write.PATIENT}}, {"resource": OBSERVATION}, {}]
    recording = read(of(tmp_path, {"resourceType": "Bundle", "entry": entries}))
    np.testing.assert_allclose(recording.lead("V5"), MADE.mv[2], atol=1e-6)
    with pytest.raises(ReadError, match="holds 2 Observations with SampledData; one is accepted"):
        read(of(tmp_path, {"resourceType": "Bundle", "entry": entries[1:2] * 2}))


def test_an_observation_that_is_one_lead_with_its_interval(tmp_path: Path) -> None:
    sampled = {**OBSERVATION["component"][1]["valueSampledData"], "interval": 4000, "intervalUnit": "us"}
    del sampled["period"]
    code = {"coding": [{"system": "urn:oid:2.16.840.1.113883.6.24", "code": "131330"}]}
    recording = read(of(tmp_path, {"resourceType": "Observation", "code": code, "valueSampledData": sampled}))
    assert (recording.leads, recording.rate, recording.start) == (("II",), 250, None)
    np.testing.assert_allclose(recording.signal, MADE.mv[1:2], atol=1e-6)


def test_millivolts_origin_factor_and_errors(tmp_path: Path) -> None:
    data = OBSERVATION["component"][0]["valueSampledData"]["data"].split()
    data[5], data[6] = "E", "U"
    lead = changed(data=" ".join(data), factor=0.005, origin={"value": 0.5, "unit": "mV"})
    recording = read(of(tmp_path, {**lead, "component": lead["component"][:1]}))
    assert np.flatnonzero(np.isnan(recording.signal[0])).tolist() == [5, 6]
    np.testing.assert_allclose(recording.signal[0, 7:], MADE.mv[0, 7:] + 0.5, atol=1e-6)


def test_a_rounded_period_is_that_of_a_whole_rate(tmp_path: Path) -> None:
    rounded = [
        {**lead, "valueSampledData": {**lead["valueSampledData"], "period": 1.953}} for lead in OBSERVATION["component"]
    ]
    assert read(of(tmp_path, {**OBSERVATION, "component": rounded})).rate == 512


@pytest.mark.parametrize(
    ("resource", "sentence"),
    [
        (json.dumps(OBSERVATION)[:3000], "the JSON is cut short"),
        ({**OBSERVATION, "component": []}, "holds 0 Observations with SampledData"),
        ({**OBSERVATION, "component": 7}, "is not as FHIR defines it"),
        (changed(origin={"value": 0}), "states no unit of voltage"),
        (changed(period=None), "states no time between its samples"),
        (changed(period=0), "states no time between its samples"),
        (changed(period=2), "have several rates or lengths"),
        (changed(data="1 2 3"), "have several rates or lengths"),
        (changed(data="1 2 x"), "are no numbers between spaces"),
        (changed(data=""), "holds no samples"),
        (changed(dimensions=2), "or those of several dimensions"),
        ('{"resourceType": "Observation", "component": ' + "[" * 200_000, "the JSON is cut short|not as FHIR"),
    ],
)
def test_what_is_damaged_or_lacks_something_gives_a_sentence(tmp_path: Path, resource: Any, sentence: str) -> None:
    with pytest.raises(ReadError, match=sentence):
        read(of(tmp_path, resource))


def test_other_json_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    of(tmp_path, OBSERVATION)
    (tmp_path / "other.json").write_text('{"resourceType": "Patient"}', encoding="utf-8")
    (tmp_path / "settings.json").write_text('{"a": [1, 2]}', encoding="utf-8")
    assert [entry.path.name for entry in inputs([tmp_path])] == ["ecg.json"]
