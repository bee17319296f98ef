"""The MQTT topics, `pantau/v1/{site}/...`."""

import re
from dataclasses import dataclass
from enum import StrEnum

from pantau_contract.errors import ContractError

PREFIX = "pantau/v1"
"""The first levels of every topic; the number is the contract's version."""

SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
"""Ids of sites and cameras, which are safe in a topic, a file name, a URL and a tag."""


class TopicKind(StrEnum):
    """The kind of message that a topic carries."""

    AGENT = "agent"
    TELEMETRY = "telemetry"
    STATE = "state"
    SNAPSHOT = "snapshot"
    COMMAND = "command"
    REPLY = "reply"
    ACK = "ack"


SUBSCRIPTIONS = (
    f"{PREFIX}/+/agent",
    f"{PREFIX}/+/telemetry",
    f"{PREFIX}/+/camera/+/state",
    f"{PREFIX}/+/camera/+/snapshot",
    f"{PREFIX}/+/reply",
)
"""The topic filters that a collector subscribes to."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A parsed topic. `camera` is set for `state` and `snapshot` only."""

    site: str
    kind: TopicKind
    camera: str | None = None

    def __str__(self) -> str:
        if self.camera is None:
            return f"{PREFIX}/{self.site}/{self.kind}"
        return f"{PREFIX}/{self.site}/camera/{self.camera}/{self.kind}"


_SITES = f"{PREFIX}/"
_MAX_SITE = 63

_OF_SITE = {TopicKind.AGENT, TopicKind.TELEMETRY, TopicKind.COMMAND, TopicKind.REPLY, TopicKind.ACK}
_OF_CAMERA = {TopicKind.STATE, TopicKind.SNAPSHOT}


def site_of(text: str) -> str:
    """Return the site level of a topic, without any other check, or an empty text if there is none.

    A broker lets an agent publish below its own site only, so this is who sent a message, whatever the message.
    """
    if not text.startswith(_SITES):
        return ""
    end = text.find("/", len(_SITES), len(_SITES) + _MAX_SITE + 1)
    return text[len(_SITES) : end if end >= 0 else len(_SITES) + _MAX_SITE]


def parse_topic(text: str) -> Topic:
    """Parse a topic.

    Raises:
        ContractError: the contract has no such topic, or an id is not a slug.
    """
    if not text.startswith(PREFIX + "/"):
        raise ContractError(f"topic {text[:200]!r} does not begin with {PREFIX}/")
    site, *rest = text[len(PREFIX) + 1 :].split("/")
    match rest:
        case [kind] if kind in _OF_SITE:
            topic = Topic(site, TopicKind(kind))
        case ["camera", camera, kind] if kind in _OF_CAMERA:
            topic = Topic(site, TopicKind(kind), camera)
        case _:
            raise ContractError(f"topic {text[:200]!r} is not one of the contract's")
    for name, value in (("site", topic.site), ("camera", topic.camera)):
        if value is not None and not SLUG.fullmatch(value):
            raise ContractError(
                f"topic {text[:200]!r}: the {name} {value[:80]!r} must be lower-case letters, digits, '-' or '_'"
            )
    return topic
