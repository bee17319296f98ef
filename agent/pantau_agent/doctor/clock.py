"""The machine's clock: whether a time server sets it, and how far off it is."""

from collections.abc import Sequence

from pantau_agent.clock import Clock
from pantau_agent.doctor.finding import Finding, Level
from pantau_agent.doctor.time_server import PORT, offset_s
from pantau_agent.host import ClockStatus

OFF_S = 1.0
WRONG_S = 30.0
"""Further off than that, certificates, logs and the collector's order of things begin to suffer."""
_MOST_SERVERS = 3


def synchronised(status: ClockStatus, *, right: bool = False) -> Finding:
    """Whether a time server sets it; one that is `right` all the same, as of a virtual machine, may wait."""
    keys = {
        True: (Level.OK, "synchronised"),
        False: (Level.WARNING if right else Level.ERROR, "unsynchronised"),
        None: (Level.WARNING, "unsaid"),
    }
    level, key = keys[status.synchronised]
    return Finding("clock", level, key, values={"source": status.source.removeprefix("the ")})


async def offset(servers: Sequence[str], clock: Clock, *, port: int = PORT) -> Finding:
    """How far it is from the first time server that answers."""
    for server in servers[:_MOST_SERVERS]:
        try:
            off_s = await offset_s(server, lambda: clock.time_ms() / 1000, port=port)
        except (OSError, UnicodeError):  # a time out is an OSError too
            continue
        return of_offset(off_s, server)
    return Finding("clock", Level.UNKNOWN, "unmeasured", values={"server": ", ".join(servers[:_MOST_SERVERS])})


def of_offset(off_s: float, server: str) -> Finding:
    """What an offset means: `off_s` is the server's clock less ours."""
    values: dict[str, object] = {"offset": f"{-off_s:+.2f}", "server": server}
    if abs(off_s) < OFF_S:
        return Finding("clock", Level.OK, "right", values=values)
    return Finding("clock", Level.ERROR if abs(off_s) >= WRONG_S else Level.WARNING, "off", values=values)
