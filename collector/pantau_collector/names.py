"""Ids and time zones, as configuration and inventory hold them."""

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from pantau_contract.topics import SLUG


def slug(text: str) -> str:
    """The id, if it is one.

    Raises:
        ValueError: it is not; the text says what was expected.
    """
    if not SLUG.fullmatch(text):
        raise ValueError("expected 1 to 63 lower-case letters, digits, '-' or '_', the first a letter or digit")
    return text


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # each of them, by what is wrong with the name
        raise ValueError("expected a time zone such as Asia/Jakarta, Asia/Makassar or Asia/Jayapura") from None
    return name


Slug = Annotated[str, AfterValidator(slug)]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
