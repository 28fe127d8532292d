"""Bad input: one sentence that says what is wrong, at once, whatever it is."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path

import ecg_writers as write
import numpy as np
import pytest

from kalemia.errors import ReadError
from kalemia.read import read
from kalemia.records import LEADS

MADE = write.ecg(2)
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
OUTSIDE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>'


def refused(path: Path, saying: str | None = None) -> str:
    """Return the sentence with which a file is refused."""
    with pytest.raises(ReadError, match=saying) as caught:
        read(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path}: ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def made(folder: Path, content: bytes, name: str = "file") -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(content)
    return path


def wfdb(folder: Path, old: str = "", new: str = "") -> Path:
    """Write a WFDB record with one piece of its header replaced."""
    header, data = write.wfdb(MADE)
    made(folder, data, "record.dat")
    assert old.encode() in header
    return made(folder, header.replace(old.encode(), new.encode()), "record.hea")


@pytest.mark.parametrize(
    ("content", "saying"),
    [
        (b"", "is empty"),
        (b"hello, world", "no table of leads"),
        (b"# only a comment\n", "no table of leads"),
        (b"\0" * 1000, "of no format that is known"),
        (bytes(range(256)) * 50, "of no format that is known"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, r"a page .PNG., which `kalemia.digitize` reads; DICOM, "),
        (b"%PDF-1.4", "a page .PDF., which"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b\x08", "a gzip archive"),
        (b"<html><body/></html>", "XML without an ECG"),
        (b"1,2,3\n4,5,6\n", "holds numbers"),
        (b"V1,V2\n1,2\n3\n", "row 3 of the CSV has 1 cells"),
        (b"V1,V2\n1,2\n3,x\n", "something else than numbers"),
        (b"a,b\n1,2\n3,4\n", "no table of leads"),
    ],
)
def test_what_is_no_ecg(tmp_path: Path, content: bytes, saying: str) -> None:
    refused(made(tmp_path, content), saying)


@pytest.mark.parametrize("name", write.SINGLE)
def test_every_format_cut_short(tmp_path: Path, name: str) -> None:
    whole = write.SINGLE[name](MADE)
    for share in (0.05, 0.3, 0.6, 0.97):
        path = made(tmp_path, whole[: int(len(whole) * share)], name)
        if name in {"ecg.csv", "apple.csv"} and share > 0.5:  # a text may end after any line
            whole_lines = whole[: int(len(whole) * share)].rpartition(b"\n")[0]
            assert read(made(tmp_path, whole_lines, name)).signal.shape[1] < MADE.steps.shape[1]
        elif name == "holter.ecg" and share > 0.5:  # many of whose writers state a length that is none
            assert read(path).warnings[0].startswith("The header states 500 samples a lead, the file holds")
        elif name == "ecg.dcm" and share > 0.9:  # only the median beat is cut
            assert read(path).signal.shape == MADE.steps.shape
        else:
            refused(path)


@pytest.mark.parametrize("name", write.SINGLE)
@pytest.mark.parametrize(
    ("steps", "saying"),
    [
        (np.zeros((12, 500), np.int64), "empty or constant"),
        (np.full((12, 500), 7), "empty or constant"),
        (MADE.steps[:, :25], None),
    ],
)  # fmt: skip
def test_every_format_constant_or_short(tmp_path: Path, name: str, steps: np.ndarray, saying: str | None) -> None:
    refused(made(tmp_path, write.SINGLE[name](write.Made(steps, 250, LEADS)), name), saying)


def test_two_samples(tmp_path: Path) -> None:
    refused(made(tmp_path, b"# rate: 500 Hz\nII\n0.1\n2\n"), "2 samples at 500 Hz; at least 1 s")


def test_nothing_but_nan(tmp_path: Path) -> None:
    refused(made(tmp_path, b"# rate: 100 Hz\nII,V1\n" + b"nan,\n" * 300), "empty or constant")


@pytest.mark.parametrize("rate", [0.0, -500.0, float("nan"), float("inf"), 1.0, 1e9])
def test_a_rate_that_no_ecg_has(tmp_path: Path, rate: float) -> None:
    path = made(tmp_path, write.csv(MADE, rate=False))
    with pytest.raises(ReadError, match=r"50 to 20,000 Hz are accepted"):
        read(path, rate=rate)
    refused(wfdb(tmp_path, " 250 500 ", f" {rate} 500 "))


@pytest.mark.parametrize(
    ("old", "new", "saying"),
    [
        ("record.dat", "../../etc/passwd", "must lie beside the header"),
        ("record.dat", "/etc/passwd", "must lie beside the header"),
        ("record.dat", "..", "must lie beside the header"),
        ("record.dat", "~", "must lie beside the header"),
        ("record.dat", "missing.dat", "is missing beside it"),
        ("250 500", "250 5000000000", "states 5000000000 samples"),
        ("250 500", "250 501", "holds 500 samples a signal where the header states 501"),
        ("record 12", "record 13", "describes 12"),
        ("record 12", "record 0", "states 0 signals"),
        ("record 12", "record 99999999999", "states 999999999 signals"),
        ("record 12", "record/3 12", "states 3 segments|a segment that the header names is missing"),
        ("200(0)/mV", "0(0)/mV", "states no gain"),
        ("200(0)/mV", "x/mV", "states no gain"),
        ("200(0)/mV", "1e999(0)/mV", "states no gain"),
        ("/mV", "/mmHg", "no signal of the record is stored in a unit of voltage"),
        (" 16 200", " 508 200", "the FLAC file of the signals is damaged"),
        (" 16 200", " sixteen 200", "no storage format"),
        (" 16 200", " 16+99999999 200", "holds 0 samples"),
        ("250 500", "nan 500", "record line"),
    ],
)
def test_headers_of_wfdb(tmp_path: Path, old: str, new: str, saying: str) -> None:
    refused(wfdb(tmp_path, old, new), saying)


def test_unknown_leads_only(tmp_path: Path) -> None:
    header, data = write.wfdb(write.Made(MADE.steps[:2], 250, ("foo", "bar")))
    made(tmp_path, data, "record.dat")
    refused(made(tmp_path, header, "record.hea"), "named like an ECG lead")


def test_what_is_no_file(tmp_path: Path) -> None:
    refused(tmp_path, "this is a folder")
    refused(tmp_path / "absent", "No such file")
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "no regular file")
    refused(Path("/dev/zero"), "no regular file")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    refused(tmp_path / "loop")
    refused(tmp_path / ("x" * 5000))


def test_a_signal_file_that_is_a_pipe_or_a_folder(tmp_path: Path) -> None:
    path = wfdb(tmp_path)
    (tmp_path / "record.dat").unlink()
    os.mkfifo(tmp_path / "record.dat")
    refused(path, "no regular file")
    (tmp_path / "record.dat").unlink()
    (tmp_path / "record.dat").mkdir()
    refused(path, "this is a folder; a signal file that the header names is accepted")


def test_a_file_that_may_not_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, b"V1\n1\n")

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # tests may run as root, whom no mode stops
    refused(path, r"cannot be opened \(Permission denied\)")


@pytest.mark.parametrize(
    "head", [write.edf(MADE), write.dicom(MADE), write.scp(MADE), write.aecg(MADE), b"V1\n1\n", b"a 1 250"]
)
def test_a_file_of_ten_gigabytes_is_never_read(tmp_path: Path, head: bytes) -> None:
    path = made(tmp_path, head)
    os.truncate(path, 10 * 2**30)
    refused(path)


@pytest.mark.parametrize("root", ["AnnotatedECG", "RestingECG", "restingecgdata", "CardiologyXML", "examdescript"])
@pytest.mark.parametrize("prolog", [BOMB, OUTSIDE])
def test_entities_are_refused(tmp_path: Path, root: str, prolog: str) -> None:
    sentence = refused(made(tmp_path, f"{prolog}<{root}>&i;</{root}>".encode()))
    assert "root:" not in sentence


@pytest.mark.parametrize("root", ["AnnotatedECG", "RestingECG", "restingecgdata"])
def test_xml_nested_a_million_times(tmp_path: Path, root: str) -> None:
    refused(made(tmp_path, f"<{root}>{'<a>' * 1_000_000}{'</a>' * 1_000_000}</{root}>".encode()))


def test_a_compressed_bomb_is_counted_and_not_unpacked(tmp_path: Path) -> None:
    codes = [65, *range(256, 1022), *[1021] * 40_000]  # every code one byte longer than the last
    body = write.packed(codes)
    chunk = struct.pack("<IHh", len(body), 0, 0) + body
    refused(made(tmp_path, write.philips(MADE, waveforms=chunk * 20)), "unpack to more than")


def test_a_deflated_dicom_file_is_refused(tmp_path: Path) -> None:
    refused(made(tmp_path, write.dicom(MADE, deflated=True)), "is deflated")


def test_nothing_is_printed_and_nothing_warned(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name, writer in write.SINGLE.items():
        whole = writer(MADE)
        for share in (0.4, 0.8):
            path = made(tmp_path, whole[: int(len(whole) * share)], name)
            try:
                read(path)
            except ReadError:
                continue
    assert capfd.readouterr() == ("", "")


MEMORY = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from kalemia.errors import ReadError
from kalemia.read import read
for path in sys.argv[1:]:
    try:
        read(path)
    except ReadError as exc:
        print(exc)
# Not getrusage, which counts what the process that started this one had, too.
lines = open("/proc/self/status").read().splitlines()
print(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_claims_in_headers_take_no_memory(tmp_path: Path) -> None:
    edf = bytearray(write.edf(MADE))
    edf[236:244] = b"99999999"
    scp = write.scp(MADE).replace(struct.pack("<IIB", 1, 500, 1), struct.pack("<IIB", 1, 4_000_000_000, 1))
    dicom = write.dicom(MADE).replace(struct.pack("<I", 500), struct.pack("<I", 4_000_000_000))
    paths = [made(tmp_path, bytes(content), name) for name, content in {"e": edf, "s": scp, "d": dicom}.items()]
    paths.append(wfdb(tmp_path, "250 500", "250 9999999999"))
    run = subprocess.run([sys.executable, "-c", MEMORY, *map(str, paths)], capture_output=True, text=True, check=True)
    *sentences, peak_kb = run.stdout.splitlines()
    assert len(sentences) == len(paths)
    assert int(peak_kb) < 500_000


def test_signals_of_many_files_count_together(tmp_path: Path) -> None:
    for name in "ab":
        with (tmp_path / f"{name}.dat").open("wb") as file:
            file.truncate(4_000_000)
    lines = [f"{name}.dat 16 1000/mV 16 0 0 0 0 {lead}" for lead, name in zip(LEADS, "ab" * 6, strict=True)]
    (tmp_path / "r.hea").write_text("\n".join(["r 12 500", *lines]))
    refused(tmp_path / "r.hea", "the record holds 24,000,000 samples; up to 16,000,000 are accepted")


def test_declared_attributes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.xml"
    attributes = " ".join(f'x{number} CDATA "y"' for number in range(200))
    path.write_text(f"<!DOCTYPE r [<!ATTLIST a {attributes}>]><restingecgdata>{'<a/>' * 1000}</restingecgdata>")
    refused(path, "declares entities or attributes")


@pytest.mark.parametrize(
    ("comment", "saying"),
    [
        ("# low-pass freq: 250 Hz", "states no sampling rate"),
        ("# heart rate: 75", "states no sampling rate"),
        ("# rate: -500 Hz", "states no sampling rate"),
        ("# rate: 500 Hz\n# fs: 250", "several sampling rates"),
        ("# rate: 500 Hz, units: mmHg", "a unit that is not known"),
        ("# rate: 500 Hz\n# unit: ADC counts", "a unit that is not known"),
    ],
)
def test_what_a_csv_says_is_not_guessed_at(tmp_path: Path, comment: str, saying: str) -> None:
    path = tmp_path / "ecg.csv"
    path.write_text(f"{comment}\nV5\n" + "0.1\n0.2\n" * 500)
    refused(path, saying)


def test_a_column_of_another_unit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ecg.csv"
    path.write_text("# rate: 500 Hz\nV5 (mmHg)\n" + "0.1\n0.2\n" * 500)
    refused(path, "a unit that is not known")


@pytest.mark.parametrize(
    "comment",
    [
        "rate: 500",
        "Sampling rate (Hz): 500",
        "fs=0.5 kHz",
        "sampling_rate_hz: 500",
        "low-pass: 150 Hz; sample rate: 500 Hz",
    ],
)
def test_rates_in_comments(tmp_path: Path, comment: str) -> None:
    path = tmp_path / "ecg.csv"
    path.write_text(f"# {comment}\nV5 (filtered)\n" + "0.1\n0.2\n" * 500)
    assert read(path).rate == 500


def test_a_name_in_a_header_is_not_repeated(tmp_path: Path) -> None:
    for text in (
        "r 1 Smith-John 500\nr.dat 16",
        "r 1 500\nSmith-John is the patient",
        "r 1 500\nr.dat 16 1000/mV 16 0 0 0 0 Smith-John",
    ):
        (tmp_path / "r.dat").write_bytes(bytes(range(200)) * 10)
        (tmp_path / "r.hea").write_text(text)
        assert "Smith" not in refused(tmp_path / "r.hea")


def test_names_behind_a_mark_as_numpy_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "ecg.csv"
    np.savetxt(
        path, np.tile([[0.1, 0.2, 0.3], [0.2, 0.1, 0.3]], (500, 1)), delimiter=",", header="rate: 500 Hz\nI,II,V5"
    )
    recording = read(path)
    assert (recording.rate, recording.lead("II")[0]) == (500, np.float32(0.2))


def test_microvolts_taken_for_millivolts_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "ecg.csv"
    path.write_text("# rate: 500 Hz\nV5\n" + "-400.5\n500\n" * 500)
    refused(path, "microvolts may have been taken")
