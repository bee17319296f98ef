"""How asking a camera by ONVIF fails.

OnvifError
├── SilentError     nothing there, or it says nothing in time
├── NotOnvifError   what answers is not ONVIF, or breaks its rules
├── RefusedError    user and password are not taken, or there are none
└── FaultError      it answers that it cannot do what was asked
"""

from pantau_agent.streams.failure import EvidenceError


class OnvifError(EvidenceError):
    """The camera does not tell. The text says why, for people, without secrets."""


class SilentError(OnvifError):
    """It is not reached, or does not answer in time."""


class NotOnvifError(OnvifError):
    """What came is not an answer of ONVIF."""


class RefusedError(OnvifError):
    """It does not take the user and password, or asks for them and there are none."""


class FaultError(OnvifError):
    """It answers with a fault (SOAP 1.2, part 1, section 5.4)."""
