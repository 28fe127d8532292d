"""From a file to pages of pixels: Pillow decodes images, pypdfium2 draws the pages of a PDF."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kalemia.errors import DigitizeError, ReadError
from kalemia.read.formats import PAGES, listed

NO_PAGE = f"this is no image that is read; {listed(PAGES)} are"
MAX_PIXELS = 120_000_000
"""More than a scanner of A3 gives at 600 dpi; a file that claims more is refused before it is decoded."""
MAX_SIDE = 4600
"""Larger pages are halved while they are decoded: 11 pixels a mm of an A3 page are more than any tracing needs."""
MIN_SIDE = 120
MAX_PAGES = 50
PDF_DPI = 250

Pixels = NDArray[np.uint8]
_TURNS = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
    8: "ROTATE_90",
}  # fmt: skip
"""How a picture is turned upright, by the value of EXIF's orientation."""


def count(path: Path) -> int:
    """Return how many pages an image has: a TIFF may have several; of what moves only the first picture counts.

    Raises
    ------
    ReadError
        Where the file is no image or is damaged.
    DigitizeError
        Where it has more pages than are accepted.
    """
    from PIL import Image as Pillow

    with _decoding(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Pillow.open(path) as file:
            pages = int(getattr(file, "n_frames", 1)) if file.format == "TIFF" else 1
            if pages > MAX_PAGES:
                raise DigitizeError(f"the image has {pages} pages; at most {MAX_PAGES} are accepted")
            return pages


def load(path: Path, page: int = 0) -> Pixels:
    """Return a page of an image, from 0, as uint8 (height, width, 3), upright as its EXIF orientation says.

    Raises
    ------
    ReadError
        Where the file is no image or is damaged.
    DigitizeError
        Where the image is too small or too large to be a page.
    """
    from PIL import Image as Pillow

    # The bomb check of Pillow is replaced by our own limit: a warning is an error nowhere else.
    with _decoding(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Pillow.open(io.BytesIO(path.read_bytes())) as file:
            if page:
                file.seek(page)
            _check_shape(*file.size)
            if file.format == "JPEG":
                file.draft("RGB", (file.width // _reduction(*file.size), file.height // _reduction(*file.size)))
            file.load()
            return _upright_rgb(file)


@contextmanager
def _decoding() -> Iterator[None]:
    """Translate what Pillow raises about a damaged file."""
    from PIL import Image, UnidentifiedImageError

    try:
        yield
    except DigitizeError:
        raise
    except Image.DecompressionBombError as exc:
        raise DigitizeError(
            f"the image has more than {MAX_PIXELS // 1_000_000} megapixels, which is the limit"
        ) from exc
    except UnidentifiedImageError as exc:
        raise ReadError(NO_PAGE) from exc
    except FileNotFoundError:
        raise
    except Exception as exc:  # decoders raise anything, from struct.error to SyntaxError
        raise ReadError(f"the image is damaged or incomplete ({type(exc).__name__} while decoding)") from exc


def _check_shape(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise DigitizeError(
            f"the image has {width} x {height} pixels; at most {MAX_PIXELS // 1_000_000} megapixels are accepted"
        )
    if min(width, height) < MIN_SIDE:
        raise DigitizeError(f"the image has {width} x {height} pixels; at least {MIN_SIDE} on each side are needed")


def _reduction(width: int, height: int) -> int:
    """Return by which power of two a page is reduced."""
    return 1 << max(0, math.ceil(math.log2(max(width, height) / MAX_SIDE)))


def _upright_rgb(file: Any) -> Pixels:
    """Return what a person sees: turned as EXIF says, on white where it is transparent, 8 bits a channel."""
    from PIL import Image as Pillow

    image = file
    if image.mode.startswith(("I", "F")):
        image = _eight_bits(image)
    factor = _reduction(*image.size)
    if image.mode in ("P", "PA", "LA", "RGBA", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Pillow.alpha_composite(Pillow.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    if factor > 1:
        image = image.reduce(factor)
    turn = _TURNS.get(int(file.getexif().get(0x0112, 1)))
    if turn:
        image = image.transpose(getattr(Pillow.Transpose, turn))
    return np.array(image, dtype=np.uint8)


def _eight_bits(image: Any) -> Any:
    """Return a picture of 16 or 32 bits a sample as 8 bits, from its darkest to its brightest value."""
    from PIL import Image as Pillow

    values = np.asarray(image, dtype=np.float32)
    values = np.where(np.isfinite(values), values, 0)
    low, high = float(values.min()), float(values.max())
    return Pillow.fromarray(((values - low) * (255 / max(high - low, 1e-9))).astype(np.uint8))
