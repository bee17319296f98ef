"""An incident's acknowledgement by a person, and the request for one."""

from typing import NamedTuple

from msgspec import Struct


class Acknowledgement(Struct, frozen=True):
    """Who acknowledged an incident, when, and until when (UTC ms; None: until the incident is resolved)."""

    by: str
    at_ms: int
    until_ms: int | None = None


class AcknowledgementRequest(NamedTuple):
    """A person's request to acknowledge an incident until `until_ms` (UTC ms; None: until it is resolved).

    `withdrawn`: it asks for the acknowledgement to be withdrawn instead.
    """

    id: int
    incident: int
    by: str
    created_ms: int
    until_ms: int | None
    withdrawn: bool
