"""Studies: folds, budget, resuming, what is compared, and that a network learns what is there to learn."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pl = pytest.importorskip("polars")

from typer.testing import CliRunner

from kalemia.cli import app
from kalemia.cohort import Cohort, simulated
from kalemia.errors import TrainError
from kalemia.judge import compare
from kalemia.judge.resampled import Predictions
from kalemia.judge.spans import Span
from kalemia.study import crossval, designs, examples, studies, trial, verdict
from kalemia.study.crossval import CrossValidated
from kalemia.study.designs import KINDS, Shape
from kalemia.study.examples import Examples
from kalemia.study.plan import BOOSTING, Budget, Design, Entrant
from kalemia.study.trial import Data
from kalemia.train import checkpoint, nets

BUDGET = Budget(folds=2, rates=(0.01,), patience=3, halve=2, epochs=4, batch=16)
SHAPE = Shape(1, 270, 4.5, 1.0, (0.0, 0.8), (1.0, 0.2))


def value(span: Span) -> float:
    assert span.value is not None
    return span.value


def run(entrant: Entrant, data: Data, budget: Budget, folder: Path) -> CrossValidated:
    """Cross-validate one entrant."""
    for which in crossval.fits(entrant, budget):
        if not crossval.done(crossval.file_of(folder, entrant, which)):
            crossval.fit(entrant, data, budget, folder, which)
    return crossval.collect(entrant, data, budget, folder)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Cohort:
    folder = tmp_path_factory.mktemp("cohort") / "kidney"
    simulated.write(folder, 60, 1, "kidney")
    return Cohort.open(folder)


def waves_with_potassium(count: int = 240) -> Data:
    """Return beats whose T wave grows with potassium, and a patient for every two."""
    rng = np.random.default_rng(0)
    potassium = rng.uniform(3, 8, count).astype(np.float32)
    t = np.arange(270)
    waves = np.exp(-np.square((t - 90) / 4)) + potassium[:, None] / 10 * np.exp(-np.square((t - 170) / 18))
    waves += 0.02 * rng.standard_normal(waves.shape)
    side = np.column_stack([np.zeros(count), np.full(count, 0.8)])
    measures = np.zeros((count, 18)) + rng.standard_normal((count, 18))
    found = Examples(np.arange(count), *(part.astype(np.float32) for part in (waves[:, None], side, measures)))
    return Data(found, potassium, np.array([f"p{k // 2}" for k in range(count)]))


@pytest.mark.parametrize("kind", KINDS)
def test_every_network_answers_and_says_what_its_layers_cost(kind: str) -> None:
    net = designs.build(SHAPE, Design(kind, 8, 6))
    potassium, spread = net.eval()(torch.zeros(3, 1, 270), torch.zeros(3, 2))
    assert potassium.shape == spread.shape == (3,)
    assert (spread > 0).all()
    layers = designs.layers(net)
    assert sum(int(layer["parameters"]) for layer in layers) == nets.parameters(net)
    assert sum(int(layer["macs"]) for layer in layers) > 0


def test_the_time_of_layers_is_told_one_by_one() -> None:
    net = designs.build(SHAPE, Design("CRNN", 32, 6))
    found = designs.microseconds(net)
    assert list(found) == [layer["layer"] for layer in designs.layers(net)]
    assert all(us >= 0 for us in found.values())
    assert found["body.1.1"] > found["dense"]  # 32 x 32 x 64 weights at 135 places, and a dozen at one


def test_the_separable_networks_are_the_founding_studys() -> None:
    """Its own have one output and no side inputs: 3,979, 9,809 and 180,089 parameters."""
    for size, own in (("4k", 3979), ("10k", 9809), ("180k", 180_089)):
        design = studies.SIZES[size]
        added = 2 * (design.lstm + 3) - (design.lstm + 1)
        assert nets.parameters(designs.build(SHAPE, design)) - added == own


def test_separable_convolutions_cost_what_their_shape_says() -> None:
    standard, separable = (designs.layers(designs.build(SHAPE, Design(kind, 16, 10))) for kind in ("CRNN", "DSCRNN"))
    assert standard[0] == {"layer": "body.0.1", "parameters": 128 * 16 + 16, "macs": 270 * 128 * 16}
    assert [layer["macs"] for layer in separable[:2]] == [270 * 128, 270 * 16]


def test_a_network_learns_what_is_there_and_is_judged_on_patients_it_has_not_seen(tmp_path: Path) -> None:
    data = waves_with_potassium()
    budget = replace(BUDGET, epochs=40, patience=10, halve=4)
    answers = run(Entrant("DSCNN", ("V5",), Design("DSCNN", 8)), data, budget, tmp_path)
    error = np.abs(answers.potassium[0] - data.potassium)
    assert error.mean() < 0.5
    assert np.abs(data.potassium - np.median(data.potassium)).mean() > 1.2
    about = answers.about[0]
    assert about["epochs"] <= 40
    assert about["validation_mae_meq_l"][-1] < about["validation_mae_meq_l"][0]
    shuffled = replace(data, potassium=np.random.default_rng(1).permutation(data.potassium))
    blind = run(Entrant("blind", ("V5",), Design("DSCNN", 8)), shuffled, BUDGET, tmp_path)
    guessed = compare.summary(shuffled.potassium.astype(float), [Predictions(blind.potassium[0])], data.patients)
    assert value(guessed["r2"]) < 0.1


def test_no_patient_is_in_training_and_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data, seen = waves_with_potassium(80), []

    def note(_name: str, train: Data, others: tuple[Data, Data], _seed: int) -> crossval.Fit:
        seen.append((set(train.patients), set(others[0].patients)))
        assert not set(train.patients) & set(others[1].patients)
        zeros, ones = (trial.Estimates(*[np.full(len(data.potassium), float(k)) for k in (0, 1)]) for data in others)
        return crossval.Fit(zeros, ones, {})

    monkeypatch.setattr(crossval, "_measured", note)
    run(Entrant("training median", ("V5",)), data, replace(BUDGET, folds=4), tmp_path)
    assert len(seen) == 4
    assert all(not train & test for train, test in seen)
    assert set().union(*(test for _, test in seen)) == set(data.patients)
    again = run(Entrant("training median", ("V5",)), data, replace(BUDGET, folds=4), tmp_path)
    assert len(seen) == 4  # what lies there is not done again
    assert not again.potassium.any()


def test_a_training_that_is_stopped_goes_on_to_the_same_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    data, budget = waves_with_potassium(80), replace(BUDGET, epochs=6, patience=6, rates=(0.01, 0.003))
    entrant = Entrant("DSCNN", ("V5",), Design("DSCNN", 4))
    whole = run(entrant, data, budget, tmp_path)
    monkeypatch.setattr(checkpoint, "EVERY_S", -1.0)
    epochs = 0

    def stop(*args: Any) -> float:
        nonlocal epochs
        epochs += 1
        if epochs == 9:  # the third of the second rate
            raise KeyboardInterrupt
        return epoch(*args)

    epoch = trial._epoch
    monkeypatch.setattr(trial, "_epoch", stop)
    (tmp_path / "again").mkdir()
    with pytest.raises(KeyboardInterrupt):
        run(entrant, data, budget, tmp_path / "again")
    assert len(list((tmp_path / "again").glob("*.pt"))) == 2
    again = run(entrant, data, budget, tmp_path / "again")
    assert epochs == 9 + 4 + 12  # what was done is not done again
    assert np.array_equal(whole.potassium, again.potassium)
    assert whole.about == again.about
    assert not list((tmp_path / "again").glob("*.pt"))
    broken = tmp_path / "broken.pt"
    for content in (b"PK cut off", b"q\x00", b"\x80\x02}q\x00."):
        broken.write_bytes(content)
        assert checkpoint.Checkpoint(broken, dice=torch.Generator()).restore() is None


@pytest.mark.parametrize("content", [b"", b"PK cut off", None])
def test_a_fit_that_is_damaged_is_made_anew(tmp_path: Path, content: bytes | None) -> None:
    data, entrant = waves_with_potassium(80), Entrant("training median", ("V5",))
    whole = run(entrant, data, BUDGET, tmp_path)
    file = crossval.file_of(tmp_path, entrant, (0, 0))
    file.write_bytes(file.read_bytes()[:300] if content is None else content)
    assert np.array_equal(run(entrant, data, BUDGET, tmp_path).potassium, whole.potassium)


def test_two_processes_of_torchrun_do_a_study_together(
    cohort: Cohort, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(studies, "QUICK", BUDGET)
    sizes = studies.STUDIES["size"]
    small = tuple(replace(one, design=Design("DSCRNN", 2 + k, 2)) for k, one in enumerate(sizes.entrants[:2]))
    monkeypatch.setitem(studies.STUDIES, "size", replace(sizes, entrants=small))
    alone = studies.run("size", cohort, tmp_path / "alone", quick=True)
    out = tmp_path / "both"
    assert studies.run("size", cohort, out, quick=True) == alone  # for what both cut and write
    for fit in (out / "fits").glob("*fold*.npz"):
        fit.unlink()
    (out / "size.json").unlink()
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    waited: list[str] = []

    def absent(files: list[Path]) -> None:
        waited.extend(file.name for file in files if not file.exists())

    monkeypatch.setattr(crossval, "wait_for", absent)
    with pytest.raises(FileNotFoundError):  # of the first process, which has not begun
        studies.run("size", cohort, out, quick=True)
    assert ["fold0" in name for name in waited] == [True]
    assert sorted("fold1" in fit.name for fit in (out / "fits").glob("*fold*.npz")) == [True, True]
    assert not (out / "size.json").exists()  # that is the first one's to write
    monkeypatch.setenv("RANK", "0")
    assert studies.run("size", cohort, out, quick=True) == alone
    assert (out / "size.json").read_bytes() == (tmp_path / "alone" / "size.json").read_bytes()


def test_cuts_and_intervals_are_decided_on_validation_patients_alone(tmp_path: Path) -> None:
    data = waves_with_potassium(480)
    entrant = Entrant("DSCNN", ("V5",), Design("DSCNN", 8))
    said = run(entrant, data, replace(BUDGET, epochs=25, patience=10), tmp_path)
    true = data.potassium.astype(float)
    own = verdict.decide(said, true)
    held = {which: set(data.patients[number]) for which, (number, _) in said.held.items()}
    for (fold, _), patients in held.items():
        assert not patients & set(data.patients[said.fold == fold])
    reached = compare.summary(true, own.seeds, data.patients)
    assert 0.6 < value(reached["sensitivity"]) <= 1  # ten validation patients decide
    assert value(reached["specificity"]) > 0.6
    assert 0.75 < value(reached["coverage"]) <= 1
    tested = np.concatenate([np.flatnonzero(said.fold == fold) for fold in (0, 1)])
    assert sorted(tested) == list(range(len(true)))
    changed = true.copy()
    validation = np.concatenate([number for number, _ in said.held.values()])
    untouched = np.setdiff1d(np.arange(len(true)), validation)
    changed[untouched] += 3  # the truth of test patients moves no cut and no interval
    again = verdict.decide(said, changed)
    assert again.cuts_meq_l == own.cuts_meq_l
    assert np.array_equal(again.low, own.low)


def test_of_few_validation_patients_there_is_no_interval(tmp_path: Path) -> None:
    data = waves_with_potassium(240)
    said = run(Entrant("training median", ("V5",)), data, BUDGET, tmp_path)
    assert min(len(number) for number, _ in said.held.values()) < 19
    own = verdict.decide(said, data.potassium.astype(float))
    assert own.covered is None
    assert np.isnan(own.low).all()
    assert "coverage" not in compare.summary(data.potassium.astype(float), own.seeds, data.patients)


def test_boosting_stops_where_validation_does() -> None:
    data = waves_with_potassium(360)
    data.examples.measures[:, 0] = data.potassium
    parts = [data.only(np.arange(360) % 3 == k) for k in range(3)]
    fit = crossval._measured(BOOSTING, parts[0], (parts[1], parts[2]), 0)
    assert fit.about["learning_rate"] in crossval.TREE_RATES
    assert 1 <= fit.about["rounds"] <= crossval.ROUNDS
    assert np.abs(fit.test.potassium - parts[1].potassium).mean() < 0.5
    parts[2] = replace(parts[2], potassium=-parts[2].potassium)  # against what there is to learn
    assert crossval._measured(BOOSTING, parts[0], (parts[1], parts[2]), 0).about["rounds"] == 1


def test_a_window_holds_the_signal_as_it_is(cohort: Cohort, tmp_path: Path) -> None:
    cycle, beat, two = (examples.load(cohort, ("V5",), s, tmp_path / f"{s}.npz") for s in (None, 0.9, 2.0))
    assert cycle.waves.shape[1:] == beat.waves.shape[1:] == (1, 270)
    assert two.waves.shape[1:] == (1, 600)
    assert (cycle.number == two.number).all()
    alike = [np.corrcoef(a[0, 60:140], b[0, 60:140])[0, 1] for a, b in zip(cycle.waves, two.waves, strict=True)]
    assert np.median(alike) > 0.95  # R at sample 90 in both
    room = [np.array_equal(a[0], b[0, :270]) for a, b in zip(beat.waves, two.waves, strict=True)]
    assert np.mean(room) > 0.9  # the same beat, wherever the first one leaves room for two seconds
    assert not np.array_equal(cycle.waves, beat.waves)
    stored = examples.load(cohort, ("V5",), None, tmp_path / "None.npz")
    assert np.array_equal(stored.waves, cycle.waves)


def test_a_study_from_the_command_line(cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studies, "QUICK", BUDGET)
    small = tuple(replace(one, design=Design("DSCRNN", 3, 2)) for one in studies.STUDIES["size"].entrants)
    monkeypatch.setitem(studies.STUDIES, "size", replace(studies.STUDIES["size"], entrants=small))
    arguments = ["study", "size", "--cohort", str(cohort.folder), "--out", str(tmp_path), "--quick", "--workers", "1"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "On simulated potassium" in result.output
    said = json.loads((tmp_path / "size.json").read_text())
    assert said["quick"]
    assert "Made with --quick" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert [row["name"] for row in said["entrants"]] == ["180k", "10k", "4k", "1k"]
    assert [row["against"] for row in said["differences"]] == ["180k"] * 3
    table = list(csv.DictReader(io.StringIO((tmp_path / "size.csv").read_text())))
    assert len(table) == sum(row["ecgs"] for row in said["entrants"])
    first = (tmp_path / "size.json").read_bytes()
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert (tmp_path / "size.json").read_bytes() == first
    with pytest.raises(TrainError, match="no study depth; the studies are lead, window, network, size, separable"):
        studies.run("depth", cohort, tmp_path)
    with pytest.raises(TrainError, match="another budget; give another folder"):
        studies.run("size", cohort, tmp_path)
    plan = (tmp_path / "fits" / "plan.json").read_bytes()
    (tmp_path / "fits" / "plan.json").unlink()
    with pytest.raises(TrainError, match=r"plan\.json: missing"):
        studies.run("size", cohort, tmp_path, quick=True)
    (tmp_path / "fits" / "plan.json").write_bytes(plan)
    (tmp_path / "fits" / "plan.json").write_text("{")
    with pytest.raises(TrainError, match=r"plan\.json: damaged"):
        studies.run("size", cohort, tmp_path)


def test_a_cohort_that_is_too_small_is_refused(tmp_path: Path) -> None:
    simulated.write(tmp_path / "few", 3, 1)
    with pytest.raises(TrainError, match=r"180k: fold \d has \d ECGs with V5 for \w+; give a larger cohort"):
        studies.run("size", Cohort.open(tmp_path / "few"), tmp_path / "out", quick=True)
    simulated.write(tmp_path / "watch", 8, 1, "wearable")
    with pytest.raises(TrainError, match="needs lead V5; the cohort has I"):
        studies.run("size", Cohort.open(tmp_path / "watch"), tmp_path / "out2", quick=True)
    assert not (tmp_path / "out2").exists()


def test_a_cohort_of_which_nothing_can_be_studied_gets_a_sentence(cohort: Cohort, tmp_path: Path) -> None:
    none = replace(cohort, table=cohort.table.with_columns(hemolyzed=pl.lit(value=True)))
    with pytest.raises(TrainError, match=r"none of its 60 ECGs \(60 hemolyzed\) has a usable V5; give another cohort"):
        studies._data(none, Entrant("4k", ("V5",)), tmp_path)


def test_a_study_is_not_written_among_others_files(cohort: Cohort, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(TrainError, match="holds other files; give an empty folder, or that of earlier studies"):
        studies.run("size", cohort, tmp_path, quick=True)
    assert [one.name for one in tmp_path.iterdir()] == ["report.html"]


def test_a_training_that_diverges_gets_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(trial, "_validated", lambda *_: (float("nan"), float("nan")))
    with pytest.raises(TrainError, match=r"training diverged at every learning rate \(0\.01\)"):
        run(Entrant("DSCNN", ("V5",), Design("DSCNN", 4)), waves_with_potassium(80), BUDGET, tmp_path)
