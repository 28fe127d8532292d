"""Reads an ECG on paper, on a photo or in a PDF into a Recording."""

from kalemia.digitize import write
from kalemia.digitize.reader import check_options, digitize, pages
from kalemia.digitize.result import Digitized, Trace

__all__ = ["Digitized", "Trace", "check_options", "digitize", "pages", "write"]
