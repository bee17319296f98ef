"""Why the agent started, and what is known of the time before: for whoever asks later whose fault that was."""

from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from pantau_agent.spool.previous import PreviousRun
from pantau_contract.messages import Start

RESULT_FILE = "service-result"
"""The file beside the spool to which systemd's unit writes how the service ended (`$SERVICE_RESULT`)."""


def describe_start(
    previous: PreviousRun | None,
    *,
    version: str,
    machine_boot: str,
    uptime_s: float | None,
    service_result: str,
    now: float,
) -> Start:
    """Return the start of the agent at `now`; like a sample it carries monotonic time, but for `before`.

    Args:
        previous: the run before, or None if nothing is known of it.
        version: of this agent.
        machine_boot: the kernel's id of the boot.
        uptime_s: how long the machine has been up, or None if it cannot say.
        service_result: how systemd says that the service ended, or empty.
        now: monotonic seconds.
    """
    machine_ms = None if uptime_s is None else max(0, round((now - uptime_s) * 1000))
    start = Start(time=int(now * 1000), machine_boot=machine_boot, machine_time=machine_ms)
    if previous is None:
        return start
    reason = "service"
    if previous.machine_boot != machine_boot:
        reason = "machine"
    elif previous.version and previous.version != version:
        reason = "upgrade"
    elif service_result == "watchdog":
        reason = "watchdog"
    return replace(start, reason=reason, before=previous.alive_ms, clean=previous.clean)


def take_service_result(spool: Path) -> str:
    """Return how the service ended, and remove the note, so that it is not taken for that of a later end."""
    path = spool.with_name(RESULT_FILE)
    result = ""
    with suppress(OSError, ValueError):
        result = path.read_text("utf-8").strip()[:40]
    with suppress(OSError):
        path.unlink()
    return result
