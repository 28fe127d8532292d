"""The file that a stopped training goes on from: whole, damaged, of another program."""

from __future__ import annotations

import hashlib
import io
import time
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from kalemia.errors import TrainError
from kalemia.train.checkpoint import Checkpoint
from kalemia.train.training import Curve


def parts(seed: int) -> dict[str, Any]:
    """Return a layer, an optimizer, a curve and dice whose states are of this seed."""
    torch.manual_seed(seed)
    layer = torch.nn.Linear(2, 2)
    curve = Curve()
    curve.add(1.0, 2.0, float(seed))
    return {
        "net": layer,
        "optimizer": torch.optim.AdamW(layer.parameters(), lr=seed / 10),
        "curve": curve,
        "dice": torch.Generator().manual_seed(seed),
    }


def seen(some: dict[str, Any]) -> tuple[object, ...]:
    return (
        some["net"].weight.detach().flatten().tolist(),
        some["optimizer"].param_groups[0]["lr"],
        some["curve"],
        some["dice"].get_state().tolist(),
    )


def test_every_part_comes_back(tmp_path: Path) -> None:
    saved, other = parts(1), parts(2)
    Checkpoint(tmp_path / "kept.pt", **saved).save(now=True)
    assert seen(other) != seen(saved)
    assert Checkpoint(tmp_path / "kept.pt", **other).restore()
    assert seen(other) == seen(saved)
    assert float(torch.rand((), generator=other["dice"])) == float(torch.rand((), generator=saved["dice"]))


def test_where_nothing_is_kept_nothing_is_there(tmp_path: Path) -> None:
    for path in (None, tmp_path / "none.pt"):
        own = parts(1)
        assert not Checkpoint(path, **own).restore()
        assert seen(own) == seen(parts(1))
    Checkpoint(None, **parts(1)).save(now=True)
    assert not list(tmp_path.iterdir())


def test_it_is_written_every_half_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    kept, written = Checkpoint(tmp_path / "kept.pt", **parts(1)), []
    for now in (100.0, 129.0, 131.0, 160.0, 162.0):
        clock[0] = now
        kept.save()
        written.append((tmp_path / "kept.pt").exists())
        (tmp_path / "kept.pt").unlink(missing_ok=True)
    assert written == [False, False, True, False, True]


@pytest.mark.parametrize("content", [b"", b"PK cut off", b"q\x00", b"\x80\x02}q\x00."])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kept.pt").write_bytes(content)
    own = parts(1)
    assert not Checkpoint(tmp_path / "kept.pt", **own).restore()
    assert seen(own) == seen(parts(1))


@pytest.mark.parametrize("place", [0.0, 0.3, 0.9999])
def test_one_byte_that_changed_is_enough(tmp_path: Path, place: float) -> None:
    """An optimizer takes a state without its moments, and fails at its next step."""
    Checkpoint(tmp_path / "kept.pt", **parts(1)).save(now=True)
    content = bytearray((tmp_path / "kept.pt").read_bytes())
    content[int(place * len(content))] ^= 1
    (tmp_path / "kept.pt").write_bytes(content)
    own = parts(2)
    assert not Checkpoint(tmp_path / "kept.pt", **own).restore()
    assert seen(own) == seen(parts(2))


def test_a_state_that_somebody_else_wrote_is_as_good_as_none(tmp_path: Path) -> None:
    saved = Checkpoint(None, **parts(1))._states()
    saved["optimizer"]["state"] = {0: {"step": torch.tensor(1.0)}}
    torch.save(saved, tmp_path / "kept.pt")
    assert not Checkpoint(tmp_path / "kept.pt", **parts(2)).restore()


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "kept.pt").mkdir()
    kept = Checkpoint(tmp_path / "kept.pt", **parts(1))
    assert not kept.restore()
    with pytest.raises(TrainError, match=r"kept\.pt: cannot be written \(Is a directory\)"):
        kept.save(now=True)


@pytest.mark.parametrize("missing", ["optimizer", "dice"])
def test_the_file_of_another_program_changes_nothing(tmp_path: Path, missing: str) -> None:
    """Nor the parts that it has, which would begin with weights that have learned and a schedule that has not."""
    saved = {name: part for name, part in parts(1).items() if name != missing}
    Checkpoint(tmp_path / "kept.pt", **saved).save(now=True)
    own = parts(2)
    assert not Checkpoint(tmp_path / "kept.pt", **own).restore()
    assert seen(own) == seen(parts(2))


def test_a_file_that_could_run_code_is_not_read(tmp_path: Path) -> None:
    stream = io.BytesIO()
    torch.save({name: Path() for name in parts(1)}, stream)
    body = stream.getvalue()
    (tmp_path / "kept.pt").write_bytes(body + hashlib.sha256(body).digest())
    assert not Checkpoint(tmp_path / "kept.pt", **parts(2)).restore()
