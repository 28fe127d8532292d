"""Write the constants of the C code: `python -m kalemia.stream firmware/chain`."""

from __future__ import annotations

import sys
from pathlib import Path

from kalemia.stream.tables import header

Path(sys.argv[1], "kal_constants.h").write_text(header(), encoding="utf-8")
