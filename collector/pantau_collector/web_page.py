"""Recognises a web page where a program's answer was expected."""

import re

_BEGINNING = 1024
"""Bytes of an answer that are looked at."""
_PAGE = re.compile(rb"<!doctype\s+html|<html[\s>]", re.IGNORECASE)


def is_web_page(body: bytes) -> bool:
    """Return True if `body` is an HTML page.

    Proxies, captive portals and single sign-on answer any request with a login or error page, often with the
    status 200. The program behind them has not seen the request then.
    """
    return _PAGE.search(body[:_BEGINNING]) is not None
