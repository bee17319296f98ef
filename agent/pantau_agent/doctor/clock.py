"""Checks the machine's clock: whether a time server sets it, and how far off it is."""

from collections.abc import Sequence

from pantau_agent.clock import Clock
from pantau_agent.doctor.finding import Finding, FindingLevel
from pantau_agent.doctor.time_server import PORT, offset_s
from pantau_agent.host import ClockStatus

OFF_S = 1.0
"""Seconds off from which to warn."""
WRONG_S = 30.0
"""Seconds off from which certificates, logs and the collector's order of events begin to suffer."""
_MAX_SERVERS = 3
"""Time servers to try."""


def check_synchronised(status: ClockStatus, *, is_right: bool = False) -> Finding:
    """Check that a time server sets the clock.

    A clock that `is_right` all the same, as in a virtual machine, is less urgent.
    """
    keys = {
        True: (FindingLevel.OK, "synchronised"),
        False: (FindingLevel.WARNING if is_right else FindingLevel.ERROR, "unsynchronised"),
        None: (FindingLevel.WARNING, "unsaid"),
    }
    level, key = keys[status.synchronised]
    return Finding("clock", level, key, values={"source": status.source.removeprefix("the ")})


async def check_offset(servers: Sequence[str], clock: Clock, *, port: int = PORT) -> Finding:
    """Measure the offset to the first time server that answers."""
    for server in servers[:_MAX_SERVERS]:
        try:
            off_s = await offset_s(server, lambda: clock.time_ms() / 1000, port=port)
        except (OSError, UnicodeError):  # includes TimeoutError
            continue
        return finding_of_offset(off_s, server)
    return Finding(
        "clock", FindingLevel.UNKNOWN, "unmeasured", values={"server": ", ".join(servers[:_MAX_SERVERS])}
    )


def finding_of_offset(off_s: float, server: str) -> Finding:
    """Return the finding about an offset; `off_s` is the server's clock minus ours, in seconds."""
    values: dict[str, object] = {"offset": f"{-off_s:+.2f}", "server": server}
    if abs(off_s) < OFF_S:
        return Finding("clock", FindingLevel.OK, "right", values=values)
    return Finding(
        "clock", FindingLevel.ERROR if abs(off_s) >= WRONG_S else FindingLevel.WARNING, "off", values=values
    )
