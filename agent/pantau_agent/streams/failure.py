"""How watching a camera failed: at which step and in what way. The table in `diagnosis` turns it into a cause."""

from dataclasses import dataclass
from enum import StrEnum

from pantau_contract.words.evidence import Detail


class Step(StrEnum):
    """The steps of reaching a stream, in order. RTSP's methods have their own names (RFC 2326, section 10)."""

    RESOLVE = "resolving the name"
    CONNECT = "connecting"
    TLS = "TLS handshake"
    OPTIONS = "OPTIONS"
    GET = "GET"
    DESCRIBE = "DESCRIBE"
    SETUP = "SETUP"
    PLAY = "PLAY"
    STREAM = "streaming"


class Kind(StrEnum):
    """The ways to fail."""

    NAME = "name not resolved"
    OS_ERROR = "error of the operating system"
    SILENT = "no answer in time"
    NO_MEDIA = "plays, but no picture arrives"
    CLOSED = "connection closed"
    WRONG_PROTOCOL = "not the protocol that was expected"
    STATUS = "answered with an error status"
    NO_VIDEO = "no video that can be watched"
    NO_PASSWORD = "a password is needed, and there is none"  # noqa: S105 # not a password
    WRONG_PASSWORD = "the password is refused"  # noqa: S105 # not a password
    FLOODING = "takes more of the agent than a camera may"
    CRASHED = "the process that reads the stream crashed"
    UNKNOWN_SCHEME = "no supported authentication scheme is offered"
    IN_CLEAR = "the password would have to be sent in clear"  # not a password
    UNPROVEN = "the password would have to be sent to a certificate that is not known"  # not a password
    WEAKER_LOGIN = "a weaker login is offered than before"
    CERTIFICATE = "the certificate is not the camera's"


@dataclass(frozen=True, slots=True)
class Failure:
    """What is known about a failure.

    `errno` is the operating system's; `status` and `reason` are the camera's, from RTSP or HTTP. `trusted` says
    that the camera has accepted the same password before, `trusted_now` that it did so in this session. `realm` is
    that of the camera's challenge. `detail` is the evidence as text, without secrets.
    """

    step: Step
    kind: Kind
    detail: Detail
    errno: int | None = None
    status: int | None = None
    reason: str = ""
    realm: str = ""
    trusted: bool = False
    trusted_now: bool = False


class EvidenceError(Exception):
    """An error whose text is evidence."""

    def __init__(self, detail: Detail) -> None:
        super().__init__(detail)
        self.detail = detail


class MachineError(EvidenceError):
    """This machine cannot watch, which says nothing about the camera. The text says what to do."""


class LookError(Exception):
    """A camera could not be watched, or no longer. Carries the `Failure`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure
