"""`kalemia models`: what is bundled, and what each reaches."""

from __future__ import annotations

from commands import invoke, lines

from kalemia.estimate.judged import real_potassium
from kalemia.estimate.model import DEFAULT, bundled
from kalemia.records import NOTICE


def test_models_lists_the_bundled_ones() -> None:
    printed = invoke("models").stdout
    cards = lines(invoke("models", "--json").stdout)
    assert {"12-4k", "v5-4k", "i-4k", "12-10k", "v5-10k", "12-180k", "v5-180k"} == {card["name"] for card in cards}
    assert all(card["name"] in printed for card in cards)
    assert "simulated" in printed
    assert NOTICE in printed


def test_models_quotes_what_each_reaches_on_real_potassium() -> None:
    printed = invoke("models").stdout
    cards = lines(invoke("models", "--json").stdout)
    real = real_potassium()
    for card in cards:
        reached = real.of(card["onnx_sha256"])
        assert reached is not None, f"{card['name']} is not judged: run bench/judge.py"
        assert reached.name == card["name"]
        assert card["real_potassium"]["auroc_high"]["value"] == reached.auroc_high.value  # type: ignore[union-attr]
        assert f"AUROC for 5.5 mEq/L or more {reached.auroc_high}, sensitivity {reached.sensitivity}" in printed
    assert f"The published network reaches AUROC for 5.5 mEq/L or more {real.published.auroc_high}" in printed
    assert "docs/trust.md" in printed


def test_every_model_has_its_leads_size_and_error_on_two_lines_below_its_name() -> None:
    printed = invoke("models").stdout.splitlines()
    for card in bundled():
        (first,) = (k for k, line in enumerate(printed) if line.startswith(f"{card.name} "))
        default = ", the default" if card.name == DEFAULT else ""
        assert f"{card.version}{default}: lead {'+'.join(card.leads)}, {card.parameters:,} parameters" in printed[first]
        assert f"MAE {card.metrics[card.name]['mae_meq_l']:.2f} mEq/L" in printed[first + 1]
        assert printed[first + 2].startswith("         on real potassium: AUROC")
    assert printed[-1] == NOTICE
