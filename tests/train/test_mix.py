"""Several sources in one training: who is in which part, what the card says, the same bytes again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")
pytest.importorskip("polars", reason="cohorts need polars")

import polars as pl
from training import ALL, NAMES, TINY, shipped, write_bases

from kalemia.cohort import Cohort, simulated
from kalemia.errors import KalemiaError, TrainError
from kalemia.estimate.model import Model
from kalemia.export.onnx import to_onnx
from kalemia.judge import resampled
from kalemia.simulate import Simulated, read_bases
from kalemia.train import card as card_of
from kalemia.train import labelled, mix, run, teaching
from kalemia.train.bases import split
from kalemia.train.config import Config, Portion, Records
from kalemia.train.nets import Estimator
from kalemia.train.run import Trained

MIX = TINY.model_copy(
    update={
        "name": "mix",
        "leads": ("V5", "II"),
        "parts": {"mix-ii": ("II",)},
        "seeds": 2,
        "records": Records(train=60, validation=24, calibration=40, test=48),
        "sources": (
            Portion(level="clean", share=0.25),
            Portion(level="dialysis", share=0.25),
            Portion(level="clean", share=0.5, bases="bases.txt"),
        ),
    }
)


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bases(tmp_path_factory.mktemp("bases"))


@pytest.fixture(scope="module")
def config(listed: Path) -> Config:
    """MIX as if it had been read beside the list."""
    config = MIX.model_copy()
    config._folder = listed.parent
    return config


class Exporter:
    """Exports a network once: of the same weights it says the same again, since every export takes seconds."""

    def __init__(self) -> None:
        self.files: list[tuple[dict[str, Any], bytes]] = []
        self.again = 0

    def __call__(self, net: Estimator, leads: int) -> bytes:
        """Return the network's file."""
        state = net.state_dict()
        for known, content in self.files:
            if all(torch.equal(known[name], own) for name, own in state.items()):
                self.again += 1
                return content
        self.files.append((state, to_onnx(net, leads)))
        return self.files[-1][1]


@pytest.fixture(scope="module")
def exporter() -> Iterator[Exporter]:
    with pytest.MonkeyPatch.context() as patch:
        exporter = Exporter()
        patch.setattr(card_of, "to_onnx", exporter)
        patch.setattr(resampled, "ROUNDS", 40)
        patch.setattr(resampled, "LEAST_ROUNDS", 40)
        yield exporter


@pytest.fixture(scope="module")
def models(config: Config, tmp_path_factory: pytest.TempPathFactory, exporter: Exporter) -> list[Trained]:
    return run.train(config, tmp_path_factory.mktemp("runs"), base=config.folder)


@pytest.fixture(scope="module")
def trained(models: list[Trained]) -> Trained:
    return models[0]


def disjoint(several: Iterable[Iterable[object]]) -> bool:
    return not any(set(one) & set(other) for one, other in combinations(several, 2))


def test_no_real_record_is_beneath_two_parts(config: Config) -> None:
    """T comes from another record of the same list: that one counts too."""
    (_, _, plan) = mix.plans(config, config.folder)
    assert isinstance(plan, mix.Generated)
    beneath = {}
    for part in NAMES:
        maker = plan.maker(part, config.seed)
        usable = read_bases(maker.bases).usable
        made = [one for one in maker(plan.patients[part]) if isinstance(one, Simulated)]
        pairs = [(usable[int(m.parameters["base"])].name, usable[int(m.parameters["t_base"])].name) for m in made]
        assert any(one != other for one, other in pairs)
        beneath[part] = {name for pair in pairs for name in pair}
        assert {m.variant for m in made} <= beneath[part] <= set(NAMES[part])
    assert disjoint(beneath.values())


def test_no_patient_is_in_two_parts(config: Config) -> None:
    for plan in mix.plans(config, config.folder):
        made = [{one.patient for one in plan.maker(part, 3)(plan.patients[part])} for part in NAMES]
        assert all(made)
        assert disjoint(made)


def test_shares_are_of_records_and_patients_are_whole(config: Config) -> None:
    clean, dialysis, changed = mix.plans(config, config.folder)
    assert [clean.count(part) for part in NAMES] == [15, 6, 10, 12]
    assert [len(dialysis.patients[part]) for part in NAMES] == [1, 1, 1, 1]
    assert [dialysis.count(part) for part in NAMES] == [12] * 4
    assert [changed.count(part) for part in NAMES] == [30, 12, 20, 24]


def test_the_same_configuration_gives_the_same_bytes_for_any_number_of_workers(
    models: list[Trained], config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exporter: Exporter
) -> None:
    """Also whoever watches. Processes of their own are started in test_labelled, as that takes seconds."""
    for module in (labelled, teaching):
        monkeypatch.setattr(module, "mapped", shipped)
    told: dict[str, tuple[int, int]] = {}

    def report(what: str, done: int, total: int) -> None:
        told[what] = (done, total)

    again = run.train(config, tmp_path / "again", 2, report, config.folder)
    assert [one.onnx.read_bytes() for one in again] == [one.onnx.read_bytes() for one in models]
    assert [one.card.dump() for one in again] == [one.card.dump() for one in models]
    assert exporter.again == 2  # to the last bit the same weights
    assert told["making records: train"] == (15 + 12 + 30, 15 + 12 + 30)
    stages = [what.partition(",")[0] for what, (done, total) in told.items() if done == total]
    makes = [f"making records: {part}" for part in ("train", "validation", "calibration", "test")]
    assert stages == [*makes, "training teachers", "training on their mean"]


def test_the_card_names_seeds_of_network_and_teachers(trained: Trained) -> None:
    training = trained.card.training
    assert [one["seed"] for one in training["teachers"]] == [3, 4]
    assert training["network"]["seed"] == 5
    assert len({one["validation_loss"] for one in (*training["teachers"], training["network"])}) == 3


def test_a_part_is_the_same_network_with_fewer_leads(models: list[Trained]) -> None:
    """It says of its lead what the whole says of an ECG that has no other."""
    whole, part = (Model.load(one.onnx) for one in models)
    assert (part.card.name, part.card.leads) == ("mix-ii", ("II",))
    assert part.card.training["network"] == whole.card.training["network"]
    assert part.card.metrics["records"] == whole.card.metrics["records"]
    rng = np.random.default_rng(1)
    waves = rng.normal(0, 0.3, (5, 2, 270)).astype(np.float32)
    waves[:, 0] = 0
    side = rng.normal(0, 1, (5, 3)).astype(np.float32)
    every = whole._session.run(None, {"beats": waves, "side": side})
    own = part._session.run(None, {"beats": waves[:, 1:], "side": side[:, 1:]})
    for one, other in zip(every, own, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_the_card_names_sources_and_real_records(trained: Trained, listed: Path) -> None:
    card = trained.card
    assert card.trained_on == card.validated_on == card.metrics["ecgs"] == "simulated and semi-simulated"
    clean, dialysis, changed = card.training["sources"]
    assert [s["name"] for s in (clean, dialysis, changed)] == [
        "simulated clean", "simulated dialysis", "semi-simulated clean"
    ]  # fmt: skip
    assert dialysis["patients"]["test"] == 1
    assert dialysis["records"]["test"] == 12
    assert "bases" not in clean
    assert changed["base_records"] == {part: tuple(f"records/{n}" for n in names) for part, names in NAMES.items()}
    assert changed["bases"] == {part: len(names) for part, names in NAMES.items()}
    assert changed["bases_skipped"] == ()
    for part, count in card.training["beats"].items():
        assert count == sum(source["beats"][part] for source in (clean, dialysis, changed))
        wanted = sum(source["records"][part] for source in (clean, dialysis, changed))
        assert count + card.training["refused"][part] == wanted
    assert str(listed.parent) not in card.dump().decode()


def test_the_test_part_is_measured_for_each_source(trained: Trained) -> None:
    metrics, sources = trained.card.metrics, trained.card.training["sources"]
    assert metrics["records"] == trained.card.training["beats"]["test"]
    assert metrics["patients"] < metrics["records"]
    total = 0.0
    for source in sources:
        assert metrics[source["name"]]["records"] == source["beats"]["test"]
        total += metrics[source["name"]]["mae_meq_l"] * source["beats"]["test"]
    assert total / metrics["records"] == pytest.approx(metrics["mix"]["mae_meq_l"], abs=1e-3)


def test_a_model_of_two_leads_runs(trained: Trained) -> None:
    model = Model.load(trained.onnx)
    rng = np.random.default_rng(1)
    answer = model.run(rng.normal(0, 0.3, (5, 2, 270)).astype(np.float32), rng.normal(0, 1, (5, 3)).astype(np.float32))
    assert answer.shape == (5, 30)
    assert len(np.unique(answer[:, 0])) == 5
    assert "log-likelihoods are added up" in model.card.architecture["leads"]


def test_a_record_that_cannot_be_changed_is_named(tmp_path: Path) -> None:
    listed = write_bases(tmp_path, [*ALL, "r6"])
    (tmp_path / "records" / "r6.dat").write_bytes(b"")
    config = MIX.model_copy()
    config._folder = tmp_path
    plan = mix.plans(config, tmp_path)[2]
    assert isinstance(plan, mix.Generated)
    assert plan.skipped == ("records/r6",)
    assert "records/r6" not in plan.bases["train"]
    assert "records/r6" in split(listed, tmp_path)["train"]


def test_without_a_folder_of_records_nothing_starts(config: Config, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=re.escape("give the folder that holds them with --base")):
        run.train(config, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def from_cohort(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cohort, Config]:
    folder = tmp_path_factory.mktemp("hospital")
    simulated.write(folder / "dialysis", 60, 1, "dialysis")
    config = TINY.model_copy(update={"sources": (), "records": None, "cohorts": ("dialysis",)})
    config._folder = folder
    return Cohort.open(folder / "dialysis"), config


def test_a_model_is_trained_on_a_cohort_alone(
    from_cohort: tuple[Cohort, Config], tmp_path: Path, tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another network of one lead is exported in its place, since that takes seconds."""
    monkeypatch.setattr(card_of, "to_onnx", lambda _net, _leads: tiny_path.read_bytes())
    cohort, config = from_cohort
    card = run.train(config, tmp_path)[0].card
    (source,) = card.training["sources"]
    assert source["name"] == "cohort dialysis"
    assert source["cohort"] == cohort.digest
    assert (source["level"], source["seed"]) == cohort.made
    assert source["hemolyzed"] == cohort.hemolyzed
    hemolyzed = int(cohort.table["hemolyzed"].sum())
    assert sum(source["records"].values()) == len(cohort) - hemolyzed
    assert sum(source["patients"].values()) == 60
    assert card.metrics["records"] == source["beats"]["test"]
    assert card.trained_on == card.validated_on == "simulated"


def test_no_patient_of_a_cohort_is_in_two_parts(from_cohort: tuple[Cohort, Config]) -> None:
    cohort, config = from_cohort
    (plan,) = mix.plans(config, None)
    assert isinstance(plan, mix.FromCohort)
    names = cohort.table["patient"]
    assert disjoint(names[list(rows)].to_list() for rows in plan.rows.values())
    laboratory, true = cohort.table["potassium_meq_l"], cohort.table["true_meq_l"]
    (one, *_) = plan.maker("test", 0)(range(1))
    row = plan.rows["test"][0]
    assert one.potassium_meq_l == laboratory[row] != true[row]  # what the laboratory said, as in a hospital
    assert one.patient == names[row]


def test_a_cohort_is_added_to_what_is_made(from_cohort: tuple[Cohort, Config]) -> None:
    _, config = from_cohort
    both = TINY.model_copy(update={"cohorts": ("dialysis",)})
    both._folder = config.folder
    plans = mix.plans(both, None)
    assert mix.labels(plans) == "simulated"
    assert [plan.count("train") > 0 for plan in plans] == [True, True]
    own = plans[1]
    assert isinstance(own, mix.FromCohort)
    table = own.cohort.table.with_columns(labels=pl.lit("measured"))
    measured = replace(own, cohort=replace(own.cohort, table=table))
    assert mix.labels([plans[0], measured]) == "measured and simulated"
    twice = TINY.model_copy(update={"cohorts": ("dialysis", f"../{config.folder.name}/dialysis")})
    twice._folder = config.folder
    with pytest.raises(TrainError, match="hold one cohort twice; each is accepted once"):
        mix.plans(twice, None)
    level, seed = own.cohort.made or ("", 0)
    same = both.model_copy(update={"sources": (Portion(level=level, share=1.0),), "seed": seed})
    same._folder = config.folder
    with pytest.raises(TrainError, match=rf"has the patients that the source of level {level} makes with the seed"):
        mix.plans(same, None)


def test_a_cohort_that_is_too_small_or_none_gets_a_sentence(tmp_path: Path) -> None:
    simulated.write(tmp_path / "few", 2, 1)
    for name, said in (
        ("few", r"few: none of its 2 ECGs \(0 hemolyzed\) falls to \w+; give a larger cohort"),
        ("nope", "no cohort"),
    ):
        config = TINY.model_copy(update={"sources": (), "records": None, "cohorts": (name,)})
        config._folder = tmp_path
        with pytest.raises(KalemiaError, match=said):
            mix.plans(config, None)


def test_an_ecg_lends_the_leads_that_it_has(tmp_path: Path) -> None:
    simulated.write(tmp_path / "watch", 150, 5, "wearable")  # of lead I alone
    config = TINY.model_copy(
        update={"leads": ("V5", "I"), "least_leads": 1, "sources": (), "records": None, "cohorts": ("watch",)}
    )
    config._folder = tmp_path
    (plan,) = mix.plans(config, None)
    beats = {part: mix.gather([plan], part, config) for part in mix.PARTS}
    assert len(beats["train"]) > 50
    assert not beats["train"].waves[:, 0].any()
    assert beats["train"].waves[:, 1].any(axis=1).all()
    (facts,) = mix.facts([plan], beats)
    assert facts.beats == {part: len(some) for part, some in beats.items()}
    with pytest.raises(TrainError, match=r"cohort watch: none of its \d+ ECGs for train has enough good leads"):
        mix.facts([plan], {part: some.only(np.zeros(len(some), bool)) for part, some in beats.items()})


@pytest.mark.parametrize("sizes", [(5, 2, 3, 1), (1, 1, 1, 1), (0, 4, 0, 2)])
def test_parts_have_patients_of_their_own(sizes: tuple[int, ...]) -> None:
    found = mix.parts(dict(zip(mix.PARTS, sizes, strict=True)))
    assert [len(found[name]) for name in mix.PARTS] == list(sizes)
    assert disjoint(found.values())
    assert sorted(n for part in found.values() for n in part) == list(range(sum(sizes)))


def test_two_cohorts_of_one_name_are_refused(tmp_path: Path) -> None:
    for number, folder in enumerate(("north/ecgs", "south/ecgs"), start=1):
        simulated.write(tmp_path / folder, 40, number)
    config = TINY.model_copy(update={"sources": (), "records": None, "cohorts": ("north/ecgs", "south/ecgs")})
    config._folder = tmp_path
    with pytest.raises(TrainError, match="two folders are called ecgs; give them different names"):
        mix.plans(config, None)


def test_what_does_not_apply_to_a_source_is_not_in_the_card() -> None:
    facts = mix.SourceFacts("simulated clean", {"train": 1}, {"train": 2}, {"train": 0}, share=0.5)
    assert facts.to_json() == {
        "name": "simulated clean", "patients": {"train": 1}, "records": {"train": 2}, "beats": {"train": 0},
        "share": 0.5,
    }  # fmt: skip
