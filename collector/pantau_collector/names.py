"""The types of ids and time zones in configuration and inventory."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from pantau_contract.topics import SLUG


def slug(text: str) -> str:
    """Check an id, and return it.

    Raises:
        ValueError: it is not valid; the text says what was expected.
    """
    if not SLUG.fullmatch(text):
        raise ValueError("expected 1 to 63 lower-case letters, digits, '-' or '_', the first a letter or digit")
    return text


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # which one depends on what is wrong with the name
        raise ValueError("expected a time zone such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura") from None
    return name


Slug = Annotated[str, AfterValidator(slug)]
"""An id."""

ZoneName = Annotated[str, AfterValidator(_known_zone)]
"""The IANA name of a time zone that this machine knows."""
