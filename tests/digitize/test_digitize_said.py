"""What a user says of a page: at the command line and from Python, for digitizing and for estimating."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_pages import ecg, page, snr_db
from typer.testing import CliRunner

from kalemia import Printed, digitize, predict
from kalemia.cli import app
from kalemia.errors import DigitizeError

TRUE = ecg(5.0)


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a strip of II at 50 mm/s and 20 mm/mV that shows neither, nor its name."""
    path = tmp_path_factory.mktemp("said") / "strip.png"
    rows = (("II",),)
    picture = page(TRUE, rows, speed=50.0, gain=20.0, pulse=False, labels=False, seconds=5.0, row_mm=40.0)
    assert cv2.imwrite(str(path), picture[..., ::-1])
    return path


def test_a_page_is_read_as_it_is_said_to_be_printed(fast: Path) -> None:
    found = digitize(fast, layout="II", speed=50, gain=20)
    assert (found.speed_mm_per_s, found.gain_mm_per_mv) == (50, 20)
    assert not any("assumed" in sentence for sentence in found.assumed)
    assert snr_db(TRUE["II"], found.recording.lead("II")) > 14
    assert np.nanmax(found.recording.signal) == pytest.approx(TRUE["II"].max(), rel=0.06)


def test_predict_takes_the_same(fast: Path) -> None:
    assert "give the leads row by row, such as --layout" in str(predict(fast).reason)
    estimate = predict(fast, page=Printed("II", speed=50, gain=20))
    assert estimate.leads_used == ("II",) or estimate.reason is None or "--layout" not in estimate.reason
    assert estimate.heart_rate_bpm == pytest.approx(72, abs=2)
    assert not any("assumed" in sentence for sentence in estimate.warnings)
    with pytest.raises(DigitizeError, match="speed is 1; 5 to 200 are accepted"):
        predict(fast, page=Printed(speed=1))


@pytest.mark.parametrize("command", [("predict",), ("digitize", "--out", "out")])
def test_both_commands_take_what_errors_advise(command: tuple[str, ...], fast: Path, tmp_path: Path) -> None:
    asked = [str(part).replace("out", str(tmp_path)) if part == "out" else part for part in command]
    options = ["--layout", "II", "--speed", "50", "--gain", "20", "--dpi", "300"]
    result = CliRunner().invoke(app, [*asked, str(fast), *options])
    assert result.exit_code == 0, result.output
    wrong = CliRunner().invoke(app, [*asked, str(fast), "--gain", "0"])
    assert wrong.exit_code != 0
    assert "1 to 80 are accepted" in str(wrong.exception) + wrong.output
