"""Draws the picture of docs/number.md: what is known before an ECG, what it says, what is known after it.

    python bench/number.py

Three simulated patients that the default model reads: one whose ECG speaks for a high potassium, one whose says little,
one whose speaks against it. Of the first hundred of level `clinic`, the ones nearest to a ratio of 15, 1 and 0.3.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kalemia.estimate.evidence import CENTRES_MEQ_L
from kalemia.estimate.predict import Result, examine
from kalemia.judge.figures.style import INK, REFERENCE, drawn, styled
from kalemia.records import HIGH_MEQ_L, LOW_MEQ_L
from kalemia.report import words
from kalemia.simulate import simulate

PICTURE = Path(__file__).parent.parent / "docs" / "number.svg"
SEED, PATIENTS = 18, 100
RATIOS = {15.0: "speaks for a high potassium", 1.0: "says little", 0.3: "speaks against a high potassium"}
BEFORE, AFTER = "#b9b9b4", "#b3261e"


def examples() -> dict[str, Result]:
    """Return an ECG for each thing that one may say."""
    found = [examine(made.recording) for made in simulate(PATIENTS, SEED)]
    known = [result for result in found if result.evidence is not None]
    little = [result for result in known if result.evidence is not None and result.evidence.says_little]

    def nearest(ratio: float, some: list[Result]) -> Result:
        return min(some, key=lambda result: abs(np.log(result.estimate.likelihood_ratio["high"] / ratio)))

    return {text: nearest(ratio, little if ratio == 1.0 else known) for ratio, text in RATIOS.items()}


def panel(axes: Axes, title: str, result: Result) -> None:
    """Draw the three curves of an ECG."""
    assert result.evidence is not None
    assert result.population is not None
    before, after = result.population.shares, result.population.given(result.evidence).shares
    says = np.exp(result.evidence.log_likelihood - result.evidence.log_likelihood.max())
    axes.fill_between(CENTRES_MEQ_L, before / before.max(), color=BEFORE, alpha=0.8, linewidth=0)
    axes.fill_between(CENTRES_MEQ_L, after / before.max(), color=AFTER, alpha=0.45, linewidth=0)
    axes.plot(CENTRES_MEQ_L, says, color=INK, linestyle="--", linewidth=1.3)
    for cut in (LOW_MEQ_L, HIGH_MEQ_L):
        axes.axvline(cut, **{**REFERENCE, "linewidth": 0.8})
    estimate, chances = result.estimate, words.chances(result.estimate)[0]
    axes.set_title(f"An ECG that {title}", loc="left", fontsize=9)
    assert estimate.potassium_meq_l is not None
    text = f"{words.potassium(estimate.potassium_meq_l)} mEq/L\n{words.interval(estimate)}\n"
    text += f"above 5.5: {chances[1]} before, {chances[2]} after"
    axes.text(0.99, 0.98, text, ha="right", va="top", fontsize=8, transform=axes.transAxes)
    axes.set(xlim=(2, 9.5), ylim=(0, 1.6), yticks=[], xlabel="potassium, mEq/L")


@styled
def picture() -> Figure:
    """Return the three panels."""
    figure = Figure(figsize=(10.5, 2.9), layout="constrained")
    for axes, (title, result) in zip(figure.subplots(1, 3), examples().items(), strict=True):
        panel(axes, title, result)
    return figure


if __name__ == "__main__":
    PICTURE.write_bytes(drawn(picture(), "svg"))
    print(PICTURE)
