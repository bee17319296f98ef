"""A report as one HTML file."""

from pantau_collector.paper.html import to_html
from pantau_collector.reports.document import Report
from pantau_collector.reports.outage_views import NO_PICTURES, PictureSource
from pantau_collector.reports.pages import pages
from pantau_contract.words import Words


def render_html(report: Report, words: Words, pictures: PictureSource = NO_PICTURES) -> bytes:
    """Return the report as one HTML file without scripts, with its pictures in it."""
    return to_html(pages(report, words, pictures))
