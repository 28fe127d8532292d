"""Reads an ECG on paper, on a photo or in a PDF into a Recording."""

from kalemia.digitize.reader import digitize, pages
from kalemia.digitize.result import Digitized, Trace

__all__ = ["Digitized", "Trace", "digitize", "pages"]
