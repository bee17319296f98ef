"""The failures behind a camera's answer, a refused login or an error status, with the camera's own reason."""

from pantau_agent.streams.authentication import Authenticator, LoginRefusal
from pantau_agent.streams.failure import Failure, Kind, Step
from pantau_contract.printable import printable_line
from pantau_contract.words.evidence import Detail, detail


def answered(step: Step, status: int, reason: str) -> Detail:
    """Return the evidence of how a request was answered, with the camera's own reason."""
    return detail("answered", step=step, answer=f"{status} {printable(reason)}".rstrip())


def error_status(step: Step, status: int, reason: str) -> Failure:
    """Return the failure of a request that was answered with an error status."""
    return Failure(step, Kind.STATUS, answered(step, status, reason), status=status, reason=printable(reason))


def refused_login(
    step: Step, status: int, reason: str, refusal: LoginRefusal, authenticator: Authenticator, *, trusted: bool
) -> Failure:
    """Return the failure of a request whose login was refused.

    `trusted` says that the camera has accepted the same credentials in an earlier session.
    """
    answer = answered(step, status, reason)
    match refusal:
        case LoginRefusal.FORBIDDEN:
            kind, evidence = Kind.STATUS, answer
        case LoginRefusal.NO_CREDENTIALS:
            kind, evidence = Kind.NO_PASSWORD, detail("no_password", what=answer)
        case LoginRefusal.UNKNOWN_SCHEME:
            offered = authenticator.offered or detail("nothing")
            kind, evidence = Kind.UNKNOWN_SCHEME, detail("unknown_scheme", what=answer, offered=offered)
        case LoginRefusal.IN_CLEAR:
            kind, evidence = Kind.IN_CLEAR, detail("login_in_clear", what=answer)
        case LoginRefusal.UNPROVEN:
            shown = authenticator.channel.fingerprint or detail("any_certificate")
            kind, evidence = Kind.UNPROVEN, detail("login_unproven", what=answer, fingerprint=shown)
        case LoginRefusal.WEAKER:
            before = f"Digest ({authenticator.best_before})"
            kind, evidence = Kind.WEAKER_LOGIN, detail("login_weaker", what=answer, before=before)
        case LoginRefusal.WRONG_PASSWORD:
            kind, evidence = Kind.WRONG_PASSWORD, detail("password_refused", what=answer)
    return Failure(
        step,
        kind,
        evidence,
        status=status,
        reason=printable(reason),
        realm=authenticator.realm,
        trusted=trusted or authenticator.accepted,
        trusted_now=authenticator.accepted,
    )


def printable(text: str) -> str:
    """Return a camera's text fit to be shown: one printable line of at most 80 characters."""
    return printable_line(text, 80)
