"""Reads an ECG on paper, on a photo or in a PDF into a Recording.

The way of a page, top to bottom in `reader`: its pixels (`image`, `vector`), its grid (`grid`, by `carrier` and
`tiles`; `ungridded` where there is none), squared up (`page`), its ink (`ink`; once for all turns: `inked`), its rows
(`trace`, `follow`, `stroke`), their names (`leads`: of a `sheet` with its `pulse` and `paper`, a `reading` for each
`layout` that `borders`, labels in `cells`, `laws` and `strips`, each on its `own` ink, allow), the `doubts` about it,
and what is handed on (`compose`, `result`, `write`).
"""

from kalemia.digitize import write
from kalemia.digitize.reader import check_options, digitize, pages
from kalemia.digitize.result import Digitized, Trace

__all__ = ["Digitized", "Trace", "check_options", "digitize", "pages", "write"]
