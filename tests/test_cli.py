"""The command line: exit status, JSON lines, reports, and one sentence for whatever is wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import kalemia
from kalemia.cli import app
from kalemia.cli import main as cli_main
from kalemia.errors import KalemiaError, ModelError
from kalemia.estimate.judged import real_potassium
from kalemia.estimate.model import bundled
from kalemia.records import NOTICE

COMMANDS = ("predict", "demo", "models", "simulate", "train")
HEADLESS = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}


def invoke(*arguments: object) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(app, [str(a) for a in arguments], env=HEADLESS)


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "kalemia", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | HEADLESS | {"PYTHONWARNINGS": "error"} | environment,
        errors="surrogateescape",
    )


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@dataclass(frozen=True)
class Said:
    """What `main` printed before it ended."""

    status: object
    out: str
    err: str


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return a function that calls `main` as the console script does."""

    def call(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["kalemia", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli_main()
        printed = capsys.readouterr()
        return Said(ended.value.code, printed.out, printed.err)

    return call


@pytest.fixture(scope="module")
def good(patients: Path) -> Path:
    return patients / "0000" / "p000001.hea"


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording that reads but whose only lead has no heartbeat."""
    path = tmp_path_factory.mktemp("flat") / "flat.csv"
    t = np.arange(0, 10, 0.004)
    samples = 0.1 * np.sin(2 * np.pi * 0.2 * t)
    path.write_text("time,V5\n" + "".join(f"{a:.3f},{b:.5f}\n" for a, b in zip(t, samples, strict=True)))
    return path


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("damaged") / "ecg.dcm"
    path.write_bytes(b"this is not an ECG")
    return path


@pytest.mark.parametrize(
    ("kinds", "status"),
    [
        (["good"], 0),
        (["good", "good"], 0),
        (["flat"], 3),
        (["good", "flat"], 3),
        (["damaged"], 1),
        (["good", "damaged"], 1),
        (["flat", "damaged", "good"], 1),
    ],
)
def test_the_exit_status_says_what_happened(
    request: pytest.FixtureRequest, tiny_path: Path, kinds: Sequence[str], status: int
) -> None:
    paths = [request.getfixturevalue(kind) for kind in kinds]
    result = invoke("predict", *paths, "--model", tiny_path, "--json")
    assert result.exit_code == status
    said = {"good": "estimated", "flat": "refused", "damaged": "failed"}
    found = lines(result.stdout)
    assert [line["status"] for line in found] == [said[kind] for kind in kinds]
    assert [line["source"] for line in found] == [str(path) for path in paths]
    assert all((line["reason"] is None) == (line["status"] == "estimated") for line in found)


def test_a_line_of_json_is_what_predict_returns(tiny_path: Path, good: Path) -> None:
    (line,) = lines(invoke("predict", good, "--model", tiny_path, "--json").stdout)
    returned = kalemia.predict(str(good), tiny_path).to_dict()
    assert line == returned
    assert list(line) == list(returned)
    assert line["notice"] == NOTICE


def test_the_text_says_the_estimate_and_what_it_is_not(tiny_path: Path, good: Path) -> None:
    result = invoke("predict", good, "--model", tiny_path)
    estimate = kalemia.predict(str(good), tiny_path)
    assert result.exit_code == 0
    assert f"{estimate.potassium_meq_l:.1f} mEq/L" in result.stdout
    assert NOTICE in result.stdout
    assert "exclude" not in result.stdout


def test_a_folder_is_searched_and_its_one_bad_file_harms_no_other(
    tiny_path: Path, patients: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "ward"
    shutil.copytree(patients, folder)
    (folder / "0000" / "p000011.dat").write_bytes(b"short")
    result = run("predict", folder, "--model", tiny_path, "--json", "--workers", 2)
    found = lines(result.stdout)
    assert result.returncode == 1
    assert len(found) == 40
    assert [Path(line["source"]).stem for line in found if line["status"] == "failed"] == ["p000011"]
    assert [line["source"] for line in found] == sorted(line["source"] for line in found)
    assert result.stderr == ""


def test_a_report_is_a_page_an_input_and_an_index(
    tiny_path: Path, good: Path, flat: Path, damaged: Path, tmp_path: Path
) -> None:
    out = tmp_path / "reports"
    result = invoke("predict", good, flat, damaged, "--model", tiny_path, "--report", out)
    assert result.exit_code == 1
    assert {page.name for page in out.iterdir()} == {"index.html", "p000001.html", "flat.html", "ecg.html"}
    assert f"report: {out / 'index.html'}" in result.stderr
    links = re.findall(r'href="([^"]+\.html)"', (out / "index.html").read_text())
    assert sorted(links) == ["ecg.html", "flat.html", "p000001.html"]
    for page in out.iterdir():
        html = page.read_text()
        assert "Not a medical device" in html
        assert not re.search(r"(src|href)=.(https?:)?//", html)
        assert ("What moved the estimate" in html) == (page.name == "p000001.html")


def test_an_estimate_that_cannot_be_explained_is_reported_all_the_same(
    tiny_path: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ModelError("no")

    monkeypatch.setattr("kalemia.estimate.explain.explain", refuse)
    result = invoke("predict", good, "--model", tiny_path, "--report", tmp_path / "one")
    assert result.exit_code == 0
    html = (tmp_path / "one" / "p000001.html").read_text()
    assert "Estimated" in html
    assert "What moved" not in html


def test_a_report_of_one_input_is_one_page(tiny_path: Path, good: Path, tmp_path: Path) -> None:
    result = invoke("predict", good, "--model", tiny_path, "--report", tmp_path / "one")
    assert result.exit_code == 0
    assert [page.name for page in (tmp_path / "one").iterdir()] == ["p000001.html"]


def test_two_inputs_of_one_name_get_two_pages(tiny_path: Path, patients: Path, tmp_path: Path) -> None:
    for ward in ("a", "b"):
        (tmp_path / ward).mkdir()
        for suffix in (".hea", ".dat"):
            shutil.copy(patients / "0000" / f"p000001{suffix}", tmp_path / ward)
    invoke("predict", tmp_path / "a", tmp_path / "b", "--model", tiny_path, "--report", tmp_path / "out")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"index.html", "p000001.html", "p000001-2.html"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("predict", "{good}", "--model", "no-such"), "no model 'no-such'"),
        (("predict", "{good}", "--model", "{tmp}/no.onnx"), "no.onnx: the file cannot be read"),
        (("predict", "{good}", "--model", "{damaged_model}"), "its file has sha256"),
        (("predict", "{good}", "--model", "{tiny}", "--report", "{file}"), "cannot be written"),
        (("predict", "{empty}", "--model", "{tiny}"), "no ECG found in {empty}"),
        (("simulate", "--count", "0", "--out", "{tmp}/new"), "count is 0; expected 1 to 10,000,000"),
        (("simulate", "--count", "1", "--seed", "-1", "--out", "{tmp}/new"), "seed is -1"),
        (("simulate", "--count", "1", "--level", "moon", "--out", "{tmp}/new"), "no level 'moon'"),
        (("simulate", "--count", "1", "--out", "{tmp}"), "already exists"),
        (("simulate", "--count", "1", "--out", "{file}/new"), "cannot write"),
    ],
)
def test_what_is_asked_wrongly_is_answered_in_one_sentence(
    main: Callable[..., Said], tiny_path: Path, good: Path, tmp_path: Path, arguments: Sequence[str], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    shutil.copy(tiny_path.with_suffix(".json"), tmp_path / "model.json")
    (tmp_path / "model.onnx").write_bytes(tiny_path.read_bytes() + b"\0")
    places = {
        "good": good, "tmp": tmp_path, "tiny": tiny_path, "empty": tmp_path / "empty", "file": tmp_path / "file",
        "damaged_model": tmp_path / "model.onnx",
    }  # fmt: skip
    result = main(*(argument.format(**places) for argument in arguments))
    assert result.status == 2
    assert result.out == ""
    (only,) = result.err.splitlines()
    assert only.startswith("kalemia: ")
    assert said.format(**places) in only


def test_there_is_no_traceback_in_a_process_of_its_own(good: Path) -> None:
    result = run("predict", good, "--model", "no-such")
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr.startswith("kalemia: no model 'no-such'")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read .No such file"),
        ("", "no fields"),
        ("[1, 2]", "no fields"),
        ("name: [", "not YAML"),
        ("name: tiny\n", ": missing; a value is needed"),
        ("surprise: 1\n", "surprise: not a field"),
    ],
)
def test_a_wrong_training_configuration_is_said_in_one_sentence(tmp_path: Path, content: str | None, said: str) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    path = tmp_path / "config.yaml"
    if content is not None:
        path.write_text(content)
    result = invoke("train", path, "--out", tmp_path / "runs")
    assert isinstance(result.exception, KalemiaError)
    assert re.search(said, str(result.exception))
    assert "\n" not in str(result.exception)


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict",),
        ("frobnicate",),
        ("predict", "a", "--workers", "0"),
        ("predict", "a", "--workers", "many"),
        ("predict", "a", "--surprise"),
        ("simulate", "--count", "one", "--out", "x"),
        ("simulate", "--out", "x"),
        ("train",),
    ],
)
def test_wrong_usage_has_status_2_and_points_at_help(arguments: Sequence[str]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "--help" in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: kalemia {command}" in result.stdout or f"{command} [OPTIONS]" in result.stdout
    assert "Traceback" not in result.output


def test_the_root_names_the_commands_the_statuses_and_what_it_is_not() -> None:
    said = " ".join(invoke("--help").stdout.split())
    assert all(command in said for command in COMMANDS)
    assert "Not a medical device" in said
    assert "0 every input estimated; 3 one or more refused" in said


def test_without_a_command_help_is_shown() -> None:
    result = invoke()
    assert result.exit_code == 2
    assert "Usage" in result.output


def test_the_version_is_printed() -> None:
    result = run("--version")
    assert (result.returncode, result.stdout) == (0, f"kalemia {kalemia.__version__}\n")


def test_simulate_writes_records_that_predict_reads(tiny_path: Path, tmp_path: Path) -> None:
    out = tmp_path / "set"
    made = invoke("simulate", "--count", 3, "--seed", 5, "--level", "clean", "--out", out, "--workers", 1)
    assert made.exit_code == 0
    assert made.stdout == f"3 records of 3 patients and labels.csv in {out}\n"
    assert (out / "labels.csv").read_text().count("\n") == 4
    found = lines(invoke("predict", out, "--model", tiny_path, "--json").stdout)
    assert [Path(line["source"]).stem for line in found] == ["p000000", "p000001", "p000002"]


@pytest.mark.skipif(os.name != "posix", reason="a pipe that closes early is a matter of POSIX")
@pytest.mark.parametrize("workers", [1, 2])
def test_a_closed_pipe_is_quiet(tiny_path: Path, patients: Path, workers: int) -> None:
    inputs = [str(patients)] * 8  # more output than a pipe holds: nobody can have finished before it closes
    command = [sys.executable, "-m", "kalemia", "predict", *inputs, "--model", str(tiny_path), "--json"]
    with subprocess.Popen(
        [*command, "--workers", str(workers)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["status"] == "estimated"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 141  # as any command that a closed pipe ended: not every input was answered


@pytest.mark.skipif(sys.platform != "linux", reason="children are counted in /proc")
@pytest.mark.parametrize(("kind", "status"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_workers_do_not_outlive_the_command(tmp_path: Path, kind: signal.Signals, status: int) -> None:
    command = [sys.executable, "-m", "kalemia", "simulate", "--count", "20000", "--out", str(tmp_path / "set")]
    with subprocess.Popen([*command, "--workers", "2"], stderr=subprocess.DEVNULL) as process:
        assert soon(lambda: any(tmp_path.glob(".set-partial-*/*/*.hea")))
        workers = [int(child) for child in children(process.pid)]
        assert len(workers) >= 2
        process.send_signal(kind)
        assert process.wait(60) == status
    assert soon(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
    if kind == signal.SIGTERM:  # nothing can be tidied up by what was killed
        assert list(tmp_path.iterdir()) == []


def children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def soon(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Wait until something is true, and say whether it became so."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems allow no such name")
@pytest.mark.parametrize(("encoding", "option"), [("utf-8:strict", "--json"), ("latin-1:strict", "--report=out")])
def test_names_and_terminals_may_be_of_any_alphabet(
    tiny_path: Path, patients: Path, tmp_path: Path, encoding: str, option: str
) -> None:
    names = (os.fsencode("칼륨"), b"\xff\xfe")
    for name in names:
        for suffix in (".hea", ".dat"):
            there = tmp_path / os.fsdecode(name + suffix.encode())
            shutil.copy(patients / "0000" / f"p000001{suffix}", there)
    option = option.replace("out", str(tmp_path / "out"))
    result = run("predict", tmp_path, "--model", tiny_path, option, PYTHONIOENCODING=encoding)
    assert "Traceback" not in result.stderr
    assert result.returncode == 1  # the header names another data file
    if option == "--json":
        assert [os.fsencode(Path(line["source"]).stem) for line in lines(result.stdout)] == list(names)
    else:
        assert len(list((tmp_path / "out").glob("*.html"))) == 3


def test_a_csv_without_a_rate_is_read_at_the_rate_that_is_given(tiny_path: Path, tmp_path: Path) -> None:
    from ecgs import recording

    path = tmp_path / "v5.csv"
    samples = recording(("V5",), rate=250.0).signal[0]
    path.write_text("V5\n" + "".join(f"{value:.4f}\n" for value in samples))
    without = lines(invoke("predict", path, "--model", tiny_path, "--json").stdout)
    given = lines(invoke("predict", path, "--model", tiny_path, "--json", "--rate", 250).stdout)
    assert without[0]["status"] == "failed"
    assert given[0]["status"] == "estimated"
    assert given[0]["heart_rate_bpm"] == pytest.approx(75, abs=0.3)


def test_a_rate_that_contradicts_the_file_is_said(tiny_path: Path, good: Path) -> None:
    (line,) = lines(invoke("predict", good, "--model", tiny_path, "--json", "--rate", 250).stdout)
    assert "The ECG states 500 Hz; the 250 Hz given with it were not used." in line["warnings"]
    (line,) = lines(invoke("predict", good, "--model", tiny_path, "--json", "--rate", 500).stdout)
    assert line["warnings"] == []


def test_files_that_are_passed_over_are_named(tiny_path: Path, patients: Path, tmp_path: Path) -> None:
    for suffix in (".hea", ".dat"):
        shutil.copy(patients / "0000" / f"p000001{suffix}", tmp_path)
    for number in range(5):
        (tmp_path / f"damaged{number}.dcm").write_bytes(bytes(200))
    for other, head in {
        ".hidden": bytes(200),
        "notes.md": b"seen",
        "labels.csv": b"a,b",
    }.items():
        (tmp_path / other).write_bytes(head)
    result = run("predict", tmp_path, "--model", tiny_path, "--json")
    assert len(lines(result.stdout)) == 1
    (said,) = result.stderr.splitlines()
    assert said.startswith("passed over in folders, beginning like no ECG that is read: ")
    assert said.endswith("damaged2.dcm and 2 more")


has_bundled = pytest.mark.skipif(not bundled(), reason="no model is bundled yet")


@has_bundled
def test_models_lists_the_bundled_ones() -> None:
    said = invoke("models").stdout
    cards = lines(invoke("models", "--json").stdout)
    assert {"12-4k", "v5-4k", "i-4k", "12-10k", "v5-10k", "12-180k", "v5-180k"} == {card["name"] for card in cards}
    assert all(card["name"] in said for card in cards)
    assert "simulated" in said
    assert NOTICE in said


@has_bundled
def test_models_quotes_what_each_reaches_on_real_potassium() -> None:
    said = invoke("models").stdout
    cards = lines(invoke("models", "--json").stdout)
    real = real_potassium()
    for card in cards:
        reached = real.of(card["onnx_sha256"])
        assert reached is not None, f"{card['name']} is not judged: run bench/judge.py"
        assert reached.name == card["name"]
        assert card["real_potassium"]["auroc_high"]["value"] == reached.auroc_high.value  # type: ignore[union-attr]
        assert f"AUROC for 5.5 mEq/L or more {reached.auroc_high}, sensitivity {reached.sensitivity}" in said
    assert f"The published network reaches AUROC for 5.5 mEq/L or more {real.published.auroc_high}" in said
    assert "docs/trust.md" in said


@has_bundled
def test_the_demo_estimates_and_writes_a_report(tmp_path: Path) -> None:
    result = run("demo", "--out", tmp_path / "demo")
    assert result.returncode == 0
    assert "mEq/L" in result.stdout
    (page,) = (tmp_path / "demo").glob("*.html")
    assert str(page) in result.stdout
    assert "What moved the estimate" in page.read_text()


@has_bundled
def test_without_a_model_the_bundled_ones_are_used(good: Path) -> None:
    (line,) = lines(run("predict", good, "--json").stdout)
    assert line["status"] == "estimated"
    assert line["model"]["name"] == "12-4k"


@pytest.mark.data
@has_bundled
@pytest.mark.parametrize("name", ["dicom", "aecg", "muse-xml", "apple-watch", "philips-xml", "contec-scp"])
def test_real_files_of_every_kind_are_answered(data_folder: Path, name: str) -> None:
    result = run("predict", data_folder / "formats" / name, "--json")
    found = lines(result.stdout)
    assert found
    assert result.returncode in {0, 1, 3}
    assert all(line.startswith("passed over in folders") for line in result.stderr.splitlines())
    assert all(line["status"] == "estimated" or line["reason"] for line in found)


@pytest.mark.skipif(sys.platform != "linux", reason="children are counted in /proc")
def test_a_second_signal_ends_at_once(tiny_path: Path, patients: Path, tmp_path: Path) -> None:
    for number in range(30):
        shutil.copytree(patients / "0000", tmp_path / "many" / str(number))
    command = [sys.executable, "-m", "kalemia", "predict", str(tmp_path / "many"), "--model", str(tiny_path)]
    with subprocess.Popen([*command, "--workers", "2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (130, b"")


def test_what_a_terminal_would_obey_is_not_printed(tiny_path: Path, good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a\x1b]0;own\x07\x9b"
    folder.mkdir()
    (folder / "damaged.bin").write_bytes(bytes(9))
    for suffix in (".hea", ".dat"):
        shutil.copy(good.with_suffix(suffix), folder)
    result = run("predict", folder, "--model", tiny_path, "--json")
    assert not set(result.stdout + result.stderr) & set("\x1b\x07\x9b")
    (line,) = lines(result.stdout)
    assert line["source"] == str(folder / good.name)


def test_a_path_that_cannot_be_is_a_failed_input_like_any_other(tiny_path: Path, good: Path) -> None:
    found = lines(invoke("predict", "a" * 300, good, "--model", tiny_path, "--json").stdout)
    assert [line["status"] for line in found] == ["failed", "estimated"]


def test_nothing_is_written_into_the_home_of_who_predicts(good: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    assert run("predict", good, "--json", HOME=str(home), XDG_CACHE_HOME=str(home / "cache")).returncode == 0
    assert list(home.rglob("*")) == []


@pytest.mark.parametrize("extra", ["version: !!timestamp x", "seed: 18446744073709551616", "epochs: [1]", "other: 1"])
def test_odd_values_in_a_configuration_are_said_in_one_sentence(tmp_path: Path, extra: str) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    whole = (Path(__file__).parent.parent / "configs" / "12-4k.yaml").read_text()
    path = tmp_path / "config.yaml"
    path.write_text(
        "\n".join(line for line in whole.splitlines() if not line.startswith(extra.split(":")[0])) + f"\n{extra}\n"
    )
    result = invoke("train", path, "--out", tmp_path / "runs")
    assert isinstance(result.exception, KalemiaError)
    assert f": {extra.split(':')[0]}" in str(result.exception)
    assert not (tmp_path / "runs").exists()


def test_a_configuration_that_lists_real_records_needs_their_folder(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    config = Path(__file__).parent.parent / "configs" / "12-4k.yaml"
    for more, said in ((), "give the folder that holds them with --base"), (("--base", tmp_path), "212 of the 212"):
        result = invoke("train", config, "--out", tmp_path / "runs", *more)
        assert isinstance(result.exception, KalemiaError)
        assert said in str(result.exception)
        assert "\n" not in str(result.exception)
    assert not (tmp_path / "runs").exists()


def test_a_model_is_trained_from_the_command_line(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="training needs torch")
    config = tmp_path / "tiny.yaml"
    config.write_text(
        "{name: tiny, version: 0.0.1, leads: [V5], channels: 2, lstm: 2, sources: [{level: clean, share: 1}], seed: 3,"
        " records: {train: 32, validation: 8, calibration: 20, test: 20}, epochs: 1, batch: 16, learning_rate: 0.01}"
    )
    result = invoke("train", config, "--out", tmp_path / "runs", "--workers", 1)
    assert result.exit_code == 0
    assert re.search(r"tiny\.onnx: MAE \d\.\d{3} .* on \d+ simulated patients\n", result.stdout)
    assert "training, validation MAE" in result.stderr


@pytest.mark.parametrize(
    ("command", "room", "extra"),
    [
        (("cohort", "table", "t.csv", "--out", "c"), "cohort", "cohort"),
        (("study", "lead", "--cohort", "c", "--out", "s"), "cohort", "train,cohort"),
        (("simulate", "validate", "--out", "v"), "validate", "train"),
        (("train", "c.yaml"), "train", "train"),
    ],
)
def test_a_missing_package_is_named_with_what_brings_it(
    command: Sequence[str], room: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (f"kalemia.{room}", *(name for name in sys.modules if name.startswith(f"kalemia.{room}."))):
        monkeypatch.setitem(sys.modules, name, None)
    result = invoke(*command)
    assert isinstance(result.exception, KalemiaError)
    said = rf"this needs the package kalemia\.{room}\S*; install it with pip install 'kalemia\[{extra}\]'"
    assert re.fullmatch(said, str(result.exception))
