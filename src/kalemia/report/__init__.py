"""The report: an Estimate as a few lines for a terminal, or as one HTML page that needs nothing but itself."""

from kalemia.report.document import page
from kalemia.report.folder import Row, index, page_name, write_page
from kalemia.report.terminal import text

__all__ = ["Row", "index", "page", "page_name", "text", "write_page"]
