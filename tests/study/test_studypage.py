"""The report of studies: what it says is in the JSON, its figures are files, and bad folders get a sentence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("polars")

from PIL import Image

from kalemia.errors import KalemiaError
from kalemia.judge.resampled import Predictions, figures, spans
from kalemia.judge.spans import shown, signed
from kalemia.study import page as studypage
from kalemia.study.findings import findings

N = 120
RNG = np.random.default_rng(0)
TRUE = RNG.uniform(3, 8, N)
PATIENTS = np.array([f"p{k}" for k in range(N)])
NAMES = {
    "lead": ("V4", "V5"),
    "window": ("one cycle", "one beat", "2 s"),
    "network": ("DSCRNN", "gradient boosting on features", "training median"),
    "size": ("180k", "4k"),
    "separable": ("CRNN 4k", "DSCRNN 4k"),
}
LAYERS = {
    "CRNN 4k": ("body.0.1", 32000),
    "DSCRNN 4k": ("body.0.0", 3600),
    "180k": ("body.3", 180000),
    "4k": ("dense", 4000),
}
KINDS = {"r2", "scatter", "bland-altman", "alarms", "calibration", "boxes", "coverage", "learning", "layers"}


def three(value: float | None, low: float | None = None, high: float | None = None) -> dict[str, float | None]:
    return {"value": value, "low": low, "high": high}


def entrant(name: str, estimate: np.ndarray) -> dict[str, Any]:
    layer, count = LAYERS.get(name, ("dense", 3994))
    learned = {"fold": 0, "seed": 0, "training_mae_meq_l": [1.0, 0.9], "validation_mae_meq_l": [1.1, 1.0]}
    return {
        "name": name,
        "parameters": count,
        "macs": 10 * count,
        "us_per_ecg": count / 100,
        "layers": [{"layer": layer, "parameters": count, "macs": 10 * count, "us": count / 100}],
        "ecgs": N,
        "figures": spans(figures(TRUE, Predictions(estimate, estimate > 5.5, np.abs(estimate - TRUE) < 1), PATIENTS)),
        "r2_by_seed": [0.5, 0.47] if layer != "dense" else [0.5],
        "coverage_by_subgroup": {"all": {"ecgs": N, "value": 0.9, "low": 0.84, "high": 0.94}},
        "fits": [{"fold": 0, "seed": 0}] if "boosting" in name or "median" in name else [learned],
    }


def result(study: str, estimates: dict[str, np.ndarray]) -> dict[str, Any]:
    base, *others = estimates
    return {
        "study": study,
        "asks": "Which?",
        "cohort": {"labels": "simulated", "ecgs": N, "hemolyzed": 3, "level": "kidney", "digest": "0"},
        "budget": {"folds": 5, "seeds": 1, "rates": [0.006], "patience": 12, "epochs": 150},
        "quick": False,
        "potassium_sd_meq_l": 1.4,
        "sensitivity_asked": 0.9,
        "prevalence": 0.04,
        "interval_coverage": 0.9,
        "entrants": [entrant(name, estimate) for name, estimate in estimates.items()],
        "differences": [
            {
                "name": name,
                "against": base,
                "r2": three(-0.02, -0.04, -0.01),
                "mae_meq_l": three(0.1, 0.0, 0.2),
                "auroc_above_5.5": three(-0.03, -0.05, -0.01),
                "ecgs": N,
            }
            for name in others
        ],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for study, names in NAMES.items():
        said = {name: TRUE + RNG.normal(0, 0.5 + 0.2 * k, N) for k, name in enumerate(names)}
        if "training median" in said:
            said["training median"] = np.full(N, 5.0)
        (tmp_path / f"{study}.json").write_text(json.dumps(result(study, said)))
        rows = [f"e{k},p{k},{TRUE[k]:.2f},{name},0,{own[k]:.4f},3,7" for name, own in said.items() for k in range(N)]
        head = "ecg,patient,potassium_meq_l,entrant,fold,estimate_meq_l,low_meq_l,high_meq_l"
        (tmp_path / f"{study}.csv").write_text("\n".join([head, *rows]))
    return tmp_path


def test_the_report_has_every_figure_as_svg_and_png(folder: Path) -> None:
    page = studypage.write(folder)
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"\(([a-z0-9-]+)\.svg\)", text)
    assert {name.partition("-")[2] for name in named} == KINDS
    for name in named:
        assert (folder / f"{name}.svg").read_text(encoding="utf-8").startswith("<?xml")
        with Image.open(folder / f"{name}.png") as picture:
            assert min(picture.size) > 150
    assert text.count("data:image/svg+xml") == len(named)
    assert "<script" not in text
    assert "These potassium values are simulated." in text
    assert "Not a medical device" in text


def test_the_same_studies_give_the_same_bytes(folder: Path) -> None:
    for name in ("lead", "network", "size", "separable"):
        (folder / f"{name}.json").unlink()
    studypage.write(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    studypage.write(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_every_number_in_a_sentence_is_in_the_json(folder: Path) -> None:
    for study in NAMES:
        said = json.loads((folder / f"{study}.json").read_text())
        best = max(said["entrants"], key=lambda row: row["figures"]["r2"]["value"])
        text = " ".join(one.said for one in findings(said))
        assert f"Best is {best['name']}: R2 {shown(best['figures']['r2'])}" in text
        assert f"(R2 {signed(said['differences'][0]['r2'])})" in text


@pytest.mark.parametrize(("loss", "bound", "reached"), [(0.02, 0.04, True), (0.04, 0.045, False), (0.02, 0.06, False)])
def test_the_aim_of_the_small_network_is_judged(folder: Path, loss: float, bound: float, reached: bool) -> None:
    said = json.loads((folder / "size.json").read_text())
    said["differences"][0]["r2"] = three(-loss, -bound, 0.01)
    assert [one.reached for one in findings(said) if one.reached is not None] == [reached]


def test_the_aims_of_separable_networks_and_of_boosting_are_judged(folder: Path) -> None:
    separable = json.loads((folder / "separable.json").read_text())
    one = next(one for one in findings(separable) if one.reached is not None)
    assert one.said.startswith("DSCRNN 4k has 11% of the parameters of CRNN 4k")
    standard, saving = (row["figures"]["r2"]["value"] for row in separable["entrants"])
    assert one.reached is (saving >= standard - 0.02)
    network = json.loads((folder / "network.json").read_text())
    assert all(one.reached is None for one in findings(network))  # the aim is for another level
    network["cohort"]["level"] = "hospital"
    one = next(one for one in findings(network) if one.reached is not None)
    assert one.reached
    assert "minus that of boosted features is +0.030 (+0.010 to +0.050)" in one.said
    assert "Worse than DSCRNN by these patients" in " ".join(one.said for one in findings(network))


def test_averaging_is_told_from_length(folder: Path) -> None:
    said = json.loads((folder / "window.json").read_text())
    beat, two = said["differences"]
    beat["r2"], two["r2"] = three(-0.04, -0.07, -0.02), three(-0.1, -0.13, -0.07)
    text = " ".join(one.said for one in findings(said))
    assert "Without the median R2 changes by −0.040 (−0.070 to −0.020), and from one beat to 2 s by −0.060." in text
    two["r2"] = three(None)
    assert "Without the median" not in " ".join(one.said for one in findings(said))


def test_a_folder_without_studies_or_with_damaged_ones_gets_a_sentence(folder: Path) -> None:
    (folder / "empty").mkdir()
    with pytest.raises(KalemiaError, match="holds no study; run kalemia study first"):
        studypage.write(folder / "empty")
    (folder / "size.csv").write_text("junk")
    with pytest.raises(KalemiaError, match=r"size\.csv: missing or damaged; .+report\.html has the other studies"):
        studypage.write(folder)
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "Which network" in text
    assert "How small" not in text
    whole = (folder / "window.csv").read_text()
    head = whole.splitlines()[0]
    nothing = "\n".join([head, *(line.replace(",0,", ",0,nan,", 1) for line in whole.splitlines()[1:])])
    for damaged in (head, whole[: len(whole) // 2], nothing):
        (folder / "window.csv").write_text(damaged)
        with pytest.raises(KalemiaError, match=r"csv: missing or damaged"):
            studypage.write(folder)
    (folder / "window.csv").write_text(whole)
    (folder / "lead.json").write_text("{")
    with pytest.raises(KalemiaError, match=r"lead\.json: no study, or damaged"):
        studypage.write(folder)


def test_it_is_said_where_nobody_beats_the_mean_and_that_several_are_compared(folder: Path) -> None:
    said = json.loads((folder / "network.json").read_text())
    text = " ".join(one.said for one in findings(said))
    assert "Nobody" not in text
    assert "These are 2 comparisons" in text
    assert "another seed" not in text  # there is one each
    separable = " ".join(one.said for one in findings(json.loads((folder / "separable.json").read_text())))
    assert "trained from another seed differs by up to 0.030, in the median by 0.030" in separable
    for row in said["entrants"]:
        row["figures"]["r2"] = three(0.0 if row["name"] == "DSCRNN" else -0.2, -0.4, 0.1)
    text = " ".join(one.said for one in findings(said))
    assert "Nobody is better than predicting the mean for everybody. Best is DSCRNN" in text


def test_figures_that_are_not_defined_are_said_to_be(folder: Path) -> None:
    """As of a cohort whose potassium is one, or of a handful of patients."""
    for study in ("size", "separable", "network"):
        said = json.loads((folder / f"{study}.json").read_text())
        for row in (*said["entrants"], *said["differences"]):
            for name in ("r2", "auroc_above_5.5"):
                row.get("figures", row)[name] = three(None)
        (folder / f"{study}.json").write_text(json.dumps(said))
        assert all(one.reached is None for one in findings(said))
    for study in ("lead", "window"):
        (folder / f"{study}.json").unlink()
    assert "R2 undefined" in studypage.write(folder).read_text(encoding="utf-8")
