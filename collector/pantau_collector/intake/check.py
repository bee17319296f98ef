"""Checks messages against the contract."""

import logging

from pantau_contract import wire
from pantau_contract.errors import ContractError
from pantau_contract.messages import Message
from pantau_contract.snapshot import SnapshotMetadata, read_stamp
from pantau_contract.topics import TopicKind, parse_topic

_log = logging.getLogger(__name__)


def check_message(topic: str, payload: bytes) -> Message | SnapshotMetadata:
    """Decode a message, or of a snapshot the description that it carries.

    Raises:
        ContractError: the topic or the payload breaks the contract.
    """
    try:
        parsed = parse_topic(topic)
        if parsed.kind is not TopicKind.SNAPSHOT:
            return wire.decode(parsed, payload)
        about = read_stamp(payload)
    except ContractError:
        raise
    except MemoryError:
        raise ContractError("there is not enough memory for the message") from None
    except Exception as error:  # no message may keep the others from being received
        _log.exception("checking a message on %s failed for a reason that was not expected", topic[:200])
        raise ContractError(f"it could not be checked: {type(error).__name__}: {error}") from error
    if (about.site, about.camera) != (parsed.site, parsed.camera):
        raise ContractError(
            f"the picture is of {about.site}/{about.camera}, the topic of {parsed.site}/{parsed.camera}"
        )
    return about
