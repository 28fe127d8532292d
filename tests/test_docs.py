"""What the README and the docs show is run."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from kalemia.cli import app
from kalemia.cli.predict import predict as predict_command
from kalemia.cohort.simulated import write as write_cohort
from kalemia.digitize import digitize
from kalemia.estimate.model import DEFAULT, bundled
from kalemia.estimate.predict import predict
from kalemia.read import formats
from kalemia.read.formats import ECGS, listed
from kalemia.records import Before, DoubtfulDraw, Estimate
from kalemia.report import words
from kalemia.simulate import simulate, simulate_one
from kalemia.simulate.formats import write_wfdb

ROOT = Path(__file__).parent.parent


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page."""
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/predict.md"])
def test_python_examples_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {}
    examples = blocks(page, "python")
    assert examples
    for code in examples:
        exec(compile(code, page, "exec"), space)
    assert isinstance(space["estimate"], Estimate)
    if page == "docs/python.md":
        assert {path.name for path in Path("reports").iterdir()} == {
            "index.html", "estimates.csv", "simulated.html", "p000000.html", "p000001.html", "p000002.html"
        }  # fmt: skip


def test_the_notebook_prints_what_it_shows() -> None:
    for package in ("wfdb", "neurokit2", "polars", "matplotlib"):
        pytest.importorskip(package)
    notebook = json.loads((ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8"))
    assert all(cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code")
    command = [sys.executable, str(ROOT / "bench" / "notebook.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


def test_python_examples_of_digitizing_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.open(ROOT / "src" / "kalemia" / "assets" / "demo" / "page.png").convert("RGB").save("page.jpg", quality=95)
    space: dict[str, object] = {}
    for code in blocks("docs/digitize.md", "python"):
        exec(compile(code, "docs/digitize.md", "exec"), space)
    assert {path.suffix for path in Path("digitized").iterdir()} == {".dat", ".hea", ".json", ".png"}
    assert Path("overlay.png").stat().st_size > 10_000


def test_python_examples_of_cohorts_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cohort(tmp_path / "kidney", 3, 1)
    monkeypatch.chdir(tmp_path)
    space: dict[str, object] = {}
    for code in blocks("docs/cohort.md", "python"):
        exec(compile(code, "docs/cohort.md", "exec"), space)
    assert len(list(space["fold"])) == 3  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("page", "command"), [("docs/trust.md", "trust"), ("docs/study.md", "studied"), ("MODEL_CARD.md", "card")]
)
def test_what_a_page_says_was_found_is_what_its_command_prints(
    page: str, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    importlib.import_module(command).main()
    text = (ROOT / page).read_text(encoding="utf-8")
    assert f"<!-- {command} -->\n\n{capsys.readouterr().out.strip()}\n\n<!-- /{command} -->" in text


PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_picture_of_a_page_is_there(page: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#([^)\s]*))?\)", (ROOT / page).read_text(encoding="utf-8"))
    for target, anchor in links:
        if not target.startswith("http"):
            path = (ROOT / page).parent / target
            assert path.is_file(), target
            assert not anchor or anchor in anchors(path), f"{target}#{anchor}"


def anchors(page: Path) -> list[str]:
    """Return the anchors of a page's headings, as GitHub and mkdocs make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


MEASURED = [
    line.strip("| ").split(" | ")
    for page in ("measured", "digitize")
    for line in (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and "](measured/" in line
]


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: str(row[0])[:40])
def test_every_figure_of_a_summary_stands_in_a_file_beside_it(row: list[str]) -> None:
    _, reached, links = row
    files = [ROOT / "docs" / link for link in re.findall(r"\]\((measured/[^)]+)\)", links)]
    cells = " ".join(path.read_text(encoding="utf-8") for path in files)
    for number in re.findall(r"\d+\.\d+|\d+(?=%)", reached):
        assert re.search(rf"(?<![\d.]){re.escape(number)}(?![\d])", cells), number


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "docs/cohort.md",
        "docs/predict.md",
        "docs/digitize.md",
        "docs/study.md",
        "docs/train.md",
        "docs/hospital.md",
        "docs/adapt.md",
    ],
)
def test_commands_exist(page: str) -> None:
    shown = {
        line.split()[1] for block in blocks(page, "sh") for line in block.splitlines() if line.startswith("kalemia ")
    }
    assert shown
    for command in shown:
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0, command


def test_a_stranger_goes_from_raw_files_to_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line of the page, on a tree that its own first line makes; two entrants of nine, a few epochs."""
    for package in ("torch", "polars", "duckdb", "matplotlib"):
        pytest.importorskip(package)
    from kalemia.study.studies import STUDIES

    monkeypatch.chdir(tmp_path)
    few = tuple(entrant for entrant in STUDIES["lead"].entrants if entrant.name in ("V5", "all twelve"))
    monkeypatch.setitem(STUDIES, "lead", replace(STUDIES["lead"], entrants=few))
    (config,) = blocks("docs/hospital.md", "yaml")
    Path("hospital.yaml").write_text(config.replace("epochs: 20", "epochs: 4"), encoding="utf-8")
    for line in "".join(blocks("docs/hospital.md", "sh")).splitlines():
        program, *arguments = line.split()
        if program == "python":
            path, *given = arguments
            made = subprocess.run([sys.executable, ROOT / path, *given], capture_output=True, text=True, timeout=300)
            assert made.returncode == 0, made.stderr
            continue
        assert program == "kalemia"
        # Other processes would load torch again.
        one = ["--workers", "1"] if arguments[0] in ("study", "train", "evaluate") else []
        done = CliRunner().invoke(app, [*arguments, *one])
        assert done.exit_code in (0, 3), f"{line}: {done.output} {done.exception}"
    for page in ("study/report.html", "judged/report.html", "bundled/report.html", "pages/40000000.html"):
        assert Path(page).stat().st_size > 10_000
    judged = json.loads(Path("judged/evaluation.json").read_text())
    assert judged["model"]["trained_on"] == "measured"
    assert judged["left_out"]["of patients that the model may have been trained with"] > judged["judged"]["ecgs"] > 5
    assert "cut_likelihood_ratio" in judged


def test_a_bundled_model_is_calibrated_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("polars", "duckdb", "onnx", "sklearn"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    made, adapted = "".join(blocks("docs/adapt.md", "sh")).replace("--count 300", "--count 90").splitlines()
    assert CliRunner().invoke(app, [*made.split()[1:], "--workers", "1"]).exit_code == 0
    done = CliRunner().invoke(app, [*adapted.split()[1:], "--workers", "1"])
    assert done.exit_code in (0, 3), done.output  # whether so few show a gain is not for a test to say
    (shown,) = blocks("docs/adapt.md", "text")
    for line in shown.splitlines():
        if line.startswith(("Of patients", "bits added", "AUROC", "0.9 intervals")):
            assert line[:40] in done.output


def test_the_configuration_that_is_shown_is_the_bundled_one() -> None:
    (shown,) = blocks("docs/train.md", "yaml")
    assert shown == (ROOT / "configs" / "12-4k.yaml").read_text(encoding="utf-8")


def test_make_targets_exist() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"demo", "test"} <= set(targets)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in readme
    assert "make test" in readme


def test_the_json_that_is_shown_has_the_fields_that_are_printed() -> None:
    shown, draw = (json.loads(block) for block in blocks("docs/predict.md", "json"))
    assert draw.keys() == {field.name for field in fields(DoubtfulDraw)}
    printed = predict(next(iter(simulate(1, seed=1))).recording).to_dict()
    assert list(shown) == list(printed)
    assert list(shown["model"]) == list(printed["model"])
    assert list(shown["probability_above"]) == list(printed["probability_above"])


def test_the_model_card_speaks_of_the_bundled_models() -> None:
    text = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert {card.name for card in bundled()} >= {DEFAULT}
    for card in bundled():
        assert f"`{card.name}` {card.version}" in text
        assert f"{card.metrics[card.name]['mae_meq_l']:.2f}" in text
    assert "simulated" in text


def test_the_ecg_of_the_demo_is_the_one_that_the_docs_name(tmp_path: Path) -> None:
    """Patient 8 of seed 1 at 6.5 mEq/L; another processor may round a few samples to the next step of 5 uV."""
    write_wfdb(tmp_path / "simulated", simulate_one(1, 8, potassium_meq_l=6.5))
    files = (ROOT / "src" / "kalemia" / "assets" / "demo" / "simulated.dat", tmp_path / "simulated.dat")
    ours, again = (np.frombuffer(path.read_bytes(), dtype="<i2").astype(int) for path in files)
    assert len(ours) == len(again) == 12 * 5000
    assert np.abs(ours - again).max() <= 5
    assert np.mean(ours != again) < 1e-3


def test_the_page_of_the_demo_shows_that_ecg_and_is_read_as_it() -> None:
    shown = simulate_one(1, 8, potassium_meq_l=6.5).recording
    read = digitize(ROOT / "src" / "kalemia" / "assets" / "demo" / "page.png").recording
    for lead in read.leads:
        traced = read.lead(lead)
        printed = np.isfinite(traced)
        true = shown.lead(lead)[: len(traced)][printed[: shown.signal.shape[1]]]
        assert np.corrcoef(true, traced[printed][: len(true)])[0, 1] > 0.95, lead


def test_the_map_of_the_house_has_every_room_in_the_order_of_the_layers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in page.splitlines() if line.startswith("| `")]
    assert shown == [layer.split(" | ") for layer in layers]


@pytest.fixture(scope="module")
def walked() -> dict[str, str]:
    """The code of the walked examples, by the file whose name stands last before it."""
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Three examples")[2]
    fence = r"```(?:python|text)\n(.*?)```"
    texts = re.split(fence, page, flags=re.DOTALL)
    files = [re.findall(r"`((?:src|tests)/[\w/]+\.py)`", text)[-1] for text in texts[:-1:2]]
    return dict(zip(files, texts[1::2], strict=True))


def test_the_example_of_a_format_is_read(
    walked: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = ModuleType("recorder")
    exec(walked["src/kalemia/read/recorder.py"], vars(recorder))
    line = walked["src/kalemia/read/formats.py"].strip().removesuffix(",")
    monkeypatch.setitem(sys.modules, "kalemia.read.recorder", recorder)
    known = eval(line, vars(formats))
    assert isinstance(known, formats.Format)
    monkeypatch.setattr(formats, "FORMATS", (known, *formats.FORMATS))
    space: dict[str, Any] = {}
    exec(walked["tests/read/test_read_recorder.py"], space)
    tests = [space[name] for name in space if name.startswith("test_")]
    assert len(tests) == 2
    for test in tests:
        test(tmp_path)


def test_the_example_of_a_network_answers(walked: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from kalemia.train import nets
    from kalemia.train.design import Design

    space: dict[str, Any] = {}
    exec(walked["src/kalemia/train/nets/tcn.py"], space)
    for name, network in eval(f"{{{walked['src/kalemia/train/nets/__init__.py']}}}", space).items():
        monkeypatch.setitem(nets.NETWORKS, name, network)
        net = nets.build(Design(name, 4), nets.Shape(3)).eval()
        assert net(torch.randn(2, 3, 270), torch.randn(2, 4)).shape == (2, 30)


def test_the_sentences_that_are_explained_are_those_of_a_report() -> None:
    page = " ".join((ROOT / "docs" / "number.md").read_text(encoding="utf-8").split())
    before = Before("kidney", "", {"5.5": 0.061}, {"3.5": 0.037})
    speaks = Estimate("", "estimated", likelihood_ratio={"high": 14.2, "low": 0.3}, population=before)
    little = replace(speaks, likelihood_ratio={"high": 1.0, "low": 1.0})
    for estimate in (speaks, little):
        assert f"`{words.evidence(estimate)}`" in page
    normal = replace(speaks, level="normal", probability_above={"5.5": 0.03}, probability_below={"3.5": 0.04})
    uncertain = replace(speaks, level="uncertain", probability_above={"5.5": 0.34}, probability_below={"3.5": 0.04})
    for estimate in (normal, uncertain):
        assert f"`{(words.level(estimate) or ('', ''))[1]}`" in page


def test_the_line_of_the_example_of_a_picture_is_there(walked: dict[str, str]) -> None:
    file = "src/kalemia/report/scales.py"
    assert walked[file].strip() in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [listed(ECGS), listed(formats.PAGES)])
def test_the_help_and_the_docs_list_what_is_read(words: str) -> None:
    for text in (predict_command.__doc__ or "", (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")):
        assert words in " ".join(text.split())
    assert listed(ECGS) in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_docs_have_a_line_of_each_format_with_its_largest_file() -> None:
    lines = re.findall(r"^\| ([^|]*) \|.*\| (\d+) MB \|$", (ROOT / "docs" / "formats.md").read_text("utf-8"), re.M)
    for known in ECGS:
        stated = [int(size) for names, size in lines if re.match(rf"(.*, )?{known.name}\b(?!-)", names)]
        assert stated == [64 if known is formats.WFDB else known.largest / 1e6], known.name
