import pytest

from pantau_agent.assessment.diagnosis import cause_of
from pantau_agent.ffmpeg.open_failure import failure_of
from pantau_contract.states import Cause

TRIED = ["Starting connection attempt to 10.0.0.1 port 1935\n"]
CONNECTED = [*TRIED, "Successfully connected to 10.0.0.1 port 1935\n"]
GREETED = [*CONNECTED, "Handshaking...\n", "Type answer 3\n"]
ASKED = [*GREETED, "Creating stream...\n", "Sending play command for 'cam'\n"]
EXIT = 0x54495845


@pytest.mark.parametrize(
    ("code", "log", "late", "cause"),
    [
        (111, TRIED, False, Cause.REFUSED),
        (113, TRIED, False, Cause.UNREACHABLE),
        (EXIT, TRIED, True, Cause.UNREACHABLE),
        (5, CONNECTED, False, Cause.WRONG_PROTOCOL),
        (EXIT, CONNECTED, True, Cause.TIMEOUT),
        (EXIT, [*CONNECTED, "Handshaking...\n"], True, Cause.TIMEOUT),
        (104, [*CONNECTED, "Handshaking...\n"], False, Cause.REFUSED),
        (5, [*GREETED, "Server response validating failed\n"], False, Cause.WRONG_PROTOCOL),
        (EXIT, GREETED, True, Cause.TIMEOUT),
        (EXIT, ASKED, True, Cause.NO_MEDIA),
        (5, ASKED, False, Cause.NO_MEDIA),
        (1, [*ASKED, "Server error: No such stream\n"], False, Cause.NOT_FOUND),
        (1, [*GREETED, "Server error: Connection rejected: authmod=adobe\n"], False, Cause.AUTH_FAILED),
        (1, [*ASKED, "Server error: out of order\n"], False, Cause.NO_MEDIA),
    ],
)
def test_how_far_it_came_tells_the_cause(code: int, log: list[str], late: bool, cause: Cause) -> None:
    assert cause_of(failure_of(code, "no", log, late=late, password=True))[0] is cause


def test_no_password_is_shown() -> None:
    log = [*ASKED, "Server error: rtmp://u:secret@10.0.0.1/cam denied\n"]
    failure = failure_of(1, "rtmp://u:secret@10.0.0.1/cam failed", log, late=False, password=True)
    assert "secret" not in repr(failure)
