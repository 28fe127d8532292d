"""The report: an Estimate as a few lines for a terminal, a Result as one HTML page that needs nothing but itself."""

from kalemia.report.folder import Pages, write_page
from kalemia.report.onepage import page
from kalemia.report.terminal import text

__all__ = ["Pages", "page", "text", "write_page"]
