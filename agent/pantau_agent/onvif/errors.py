"""Errors of ONVIF requests.

OnvifError
├── SilentError            the camera does not answer in time
│   ├── UnreachableError   there is no connection to it
│   └── ClosedError        it closes the connection without a whole answer
├── NotOnvifError          the answer is not ONVIF, or breaks its rules
├── LoginRefusedError      user and password are refused, or there are none
└── SoapFaultError         the camera answers that it cannot do it
    └── UnsupportedError   it does not know the operation at all
"""

from pantau_agent.streams.failure import EvidenceError


class OnvifError(EvidenceError):
    """The camera does not give the answer. The text says why, without secrets."""


class SilentError(OnvifError):
    """The camera is not reached, or does not answer in time."""


class UnreachableError(SilentError):
    """There is no connection to the camera at this address."""


class ClosedError(SilentError):
    """The camera closed the connection before it had answered, or in the middle of the answer."""


class NotOnvifError(OnvifError):
    """What came is not an ONVIF answer."""


class LoginRefusedError(OnvifError):
    """The camera refuses the login, or asks for one and there is none."""


class SoapFaultError(OnvifError):
    """The camera answers with a fault (SOAP 1.2, part 1, section 5.4)."""


class UnsupportedError(SoapFaultError):
    """The camera does not know the operation."""
