"""What the studies in docs/study found, in the sentences of their report.

kalemia cohort simulate --level kidney --seed 1 --out kidney
kalemia study lead --seeds 3 --cohort kidney --out study  # and network, size, separable; window without --seeds
cp study/*.json study/*.svg docs/study  # the CSVs, PNGs and report.html are those of whoever runs it
python bench/studied.py | python bench/fill.py studied
"""

from __future__ import annotations

from pathlib import Path

from kalemia.study.findings import findings
from kalemia.study.report import ORDER, TITLES, seeds
from kalemia.study.results import StudyResult

FOLDER = Path(__file__).parent.parent / "docs" / "study"
FIGURES = {"lead": "r2", "window": "learning", "network": "r2", "size": "boxes", "separable": "layers"}


def main() -> None:
    """Print a section a study."""
    for name in ORDER:
        result = StudyResult.from_json((FOLDER / f"{name}.json").read_bytes())
        print(f"### {TITLES[name]}\n\n{result.asks} {seeds(result.budget.seeds)}\n")
        for finding in findings(result):
            verdict = {True: " **Reached.**", False: " **Missed.**", None: ""}[finding.reached]
            print(f"- {finding.sentence}{verdict}")
        print(f"\n![{TITLES[name]}](study/{name}-{FIGURES[name]}.svg)\n\n{links(name)}\n")


def links(name: str) -> str:
    """Return links to the numbers of a study and to its other figures."""
    others = sorted(path.stem for path in FOLDER.glob(f"{name}-*.svg") if path.stem != f"{name}-{FIGURES[name]}")
    figures = ", ".join(f"[{stem.removeprefix(f'{name}-')}](study/{stem}.svg)" for stem in others)
    return f"Figures: {figures}. Numbers: [{name}.json](study/{name}.json)."


if __name__ == "__main__":
    main()
