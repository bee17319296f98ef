"""A report as a PDF."""

from pantau_collector.paper.pdf import to_pdf
from pantau_collector.reports.document import Report
from pantau_collector.reports.outage_views import NO_PICTURES, PictureSource
from pantau_collector.reports.pages import pages
from pantau_contract.words import Words


def render_pdf(report: Report, words: Words, pictures: PictureSource = NO_PICTURES) -> bytes:
    """Return the report as a PDF, with its pictures in it."""
    return to_pdf(pages(report, words, pictures))
