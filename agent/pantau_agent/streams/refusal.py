"""How a refusal is described: the answer in the camera's own words, and what kind of failure it is."""

from pantau_agent.streams.authentication import Answer, Authenticator
from pantau_agent.streams.failure import Kind, Step
from pantau_contract.words.evidence import Detail, detail


def answered(step: Step, status: int, reason: str) -> Detail:
    """How a request was answered, in the camera's own words."""
    return detail("answered", step=step, answer=f"{status} {printable(reason)}".rstrip())


def refused(said: Detail, authenticator: Authenticator, answer: Answer) -> tuple[Kind, Detail]:
    """What is made of a 401 that `said` so."""
    match answer:
        case Answer.NO_CREDENTIALS:
            return Kind.NO_PASSWORD, detail("no_password", what=said)
        case Answer.UNKNOWN_SCHEME:
            offered = authenticator.offered or detail("nothing")
            return Kind.UNKNOWN_SCHEME, detail("unknown_scheme", what=said, offered=offered)
        case _:
            return Kind.WRONG_PASSWORD, detail("password_refused", what=said)


def printable(text: str) -> str:
    """A camera's words, fit to be shown: one line, no control characters, not long."""
    return "".join(character for character in text if character.isprintable())[:80]
