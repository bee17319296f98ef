"""What a person has sent with a form."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from starlette.requests import Request

from pantau_collector.access.principal import Principal
from pantau_collector.actions.action_error import ActionError
from pantau_collector.store import submission_rows

ONCE_FIELD = "once"
"""The field that tells two submissions of the same form from two forms."""


async def read_form(request: Request) -> dict[str, str]:
    """Return the text fields of a form, each without the blanks around it. Of a repeated field the last counts."""
    form = await request.form()
    return {name: value.strip() for name, value in form.multi_items() if isinstance(value, str)}


def new_once() -> str:
    """Return the value of `ONCE_FIELD` for a form that is being shown."""
    return secrets.token_urlsafe(16)


def is_first(connection: Connection, form: Mapping[str, str], who: Principal, *, now_ms: int) -> bool:
    """Return False if this person has submitted the same form before; what it asks for is done already then."""
    once = form.get(ONCE_FIELD, "")
    if not once:
        return True
    token = hashlib.sha256(repr((who.kind, who.name, once)).encode()).hexdigest()
    return submission_rows.is_first(connection, token, now_ms=now_ms)


def moment_ms(form: Mapping[str, str], field: str, zone: ZoneInfo) -> int | None:
    """Return the moment of a `datetime-local` input in UTC ms; None if it was left empty.

    Raises:
        ActionError: it is no time.
    """
    text = form.get(field, "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text[:40])
        return int((at if at.tzinfo else at.replace(tzinfo=zone)).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise ActionError(field, "no_time") from None


def hours_s(form: Mapping[str, str], field: str, *, most: int) -> int:
    """Return the seconds of a number of hours; 0 if it was left empty.

    Raises:
        ActionError: it is no number of hours, or too many.
    """
    text = form.get(field, "").replace(",", ".")
    if not text:
        return 0
    try:
        seconds = round(float(text) * 3600) if len(text) <= 12 else 0
    except (ValueError, OverflowError):
        seconds = 0
    if not 0 < seconds <= most * 3600:
        raise ActionError(field, "no_hours", most=most)
    return seconds
