"""Errors of parsers: what came breaks the rules of its format, or belongs to another protocol."""

from pantau_agent.streams.failure import EvidenceError
from pantau_contract.words.evidence import Detail, detail


class MalformedError(EvidenceError):
    """What came breaks the rules of its format, or exceeds a limit; the text says which."""


class OtherProtocolError(MalformedError):
    """What came is not the expected protocol at all; the text names that protocol, and shows how it begins."""


def described(protocol: str, error: MalformedError) -> Detail:
    """Return the evidence of an error, which names the protocol that was expected."""
    if isinstance(error, OtherProtocolError):
        return error.detail
    return detail("malformed", protocol=protocol, problem=error.detail)
