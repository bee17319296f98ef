"""A report for programs: the document as JSON, whose shape has a version (`version`)."""

import msgspec

from pantau_collector.reports.document import VERSION, Report

_DECODER = msgspec.json.Decoder(Report)


def render(report: Report) -> bytes:
    """Return the report as JSON in one line. Times are UTC epoch ms, money is text, so that it stays exact."""
    return msgspec.json.encode(report)  # no line break after it: that would copy all of it once more


def parse(content: bytes) -> Report:
    """Return the report that `render` made.

    Raises:
        ValueError: it is no report, or of a version that this program does not know.
    """
    try:
        report = _DECODER.decode(content)
    except msgspec.DecodeError as error:
        raise ValueError(f"not a report: {error}") from None
    if report.version != VERSION:
        raise ValueError(f"a report of version {report.version}, and this program knows {VERSION}")
    return report
