"""`pantau-agent status`: is what runs what is written, and does the collector hear it?"""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from pantau_agent.commands.config_option import DEFAULT_PATH, EXIT_CONFIG, ConfigPath, load_or_exit
from pantau_agent.commands.service_credentials import credential_files
from pantau_agent.config import AgentConfig
from pantau_agent.configuration_digest import configuration_digest
from pantau_agent.reporting.running_status import SERVICE_DIRECTORY, RunningStatus, read, runtime_directory
from pantau_contract.printable import printable_line
from pantau_contract.states import State
from pantau_contract.words import Words
from pantau_service import log
from pantau_service.language_option import LanguageOption, words_for

EXIT_NOT_AS_WRITTEN = 1
"""Exit code if it does not run, runs something else than is written, or is not heard."""
EPILOG = "Example: sudo pantau-agent status"
_MAX_LINE = 1000
"""Characters of a line at most."""
_LATE_S = 60
"""Seconds beyond two intervals after which something should have come."""


def status(
    config: ConfigPath = DEFAULT_PATH,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    language: LanguageOption = None,
) -> None:
    """Show what the agent runs: version, configuration, cameras, spool, and whether the collector hears it.

    Exit code 0: it runs what is written, and is heard. 1: it does not run, runs something else, or is not heard;
    it says which. 2: the configuration is wrong, or this user may not look. How the cameras are does not count.
    """
    log.set_up("error", as_json=False, to_journal=False)
    say = words_for(language)
    loaded = load_or_exit(config)
    try:
        running = read(runtime_directory() or SERVICE_DIRECTORY)
    except PermissionError:
        typer.echo(say("status.with_sudo"), err=True)
        raise typer.Exit(EXIT_CONFIG) from None
    now_ms = time.time_ns() // 1_000_000
    if running is not None and running.site != loaded.site.id:
        running = None
    changed = _changed_since(running, loaded, config) if running is not None else []
    problems = _problems(running, configuration_digest(loaded), changed, now_ms)
    if as_json:
        typer.echo(
            json.dumps(_as_builtins(running, loaded, problems, changed, now_ms), ensure_ascii=False, indent=2)
        )
    else:
        for line in _lines(running, loaded, now_ms, say):
            typer.echo(printable_line(line, _MAX_LINE))
        for problem in problems:
            typer.secho(say(f"status.problem.{problem}", files=", ".join(map(str, changed))), fg=typer.colors.RED)
        if not problems:
            typer.secho(say("status.as_written"), fg=typer.colors.GREEN)
    raise typer.Exit(EXIT_NOT_AS_WRITTEN if problems else 0)


def _changed_since(running: RunningStatus, config: AgentConfig, path: Path) -> list[Path]:
    """Return the passwords and certificates that were written after the agent has read them.

    The configuration itself is compared by its digest.
    """
    cameras = config.camera
    files = {*credential_files(Path("/")).values(), *(camera.password_file for camera in cameras)}
    files |= {config.broker.password_file, config.broker.ca_file, *(camera.tls_ca for camera in cameras)}
    return sorted(
        file
        for file in files - {None, path}
        if file is not None and file.exists() and file.stat().st_mtime * 1000 > running.started_ms
    )


def _problems(running: RunningStatus | None, written: str, changed: list[Path], now_ms: int) -> list[str]:
    """Return what is not as it should be, by the keys of its phrases, the gravest first."""
    if running is None:
        return ["not_running"]
    late_ms = (2 * running.interval_s + _LATE_S) * 1000
    if now_ms - running.time_ms > late_ms:
        return ["hangs"]
    problems = []
    if running.configuration != written:
        problems.append("other_configuration")
    if changed:
        problems.append("other_files")
    if not running.connected:
        problems.append("no_broker")
    elif running.receipt_ms is not None and now_ms - running.receipt_ms > late_ms:
        problems.append("not_heard")
    return problems


def _lines(running: RunningStatus | None, config: AgentConfig, now_ms: int, say: Words) -> list[str]:
    """Return a line for each fact."""
    facts = [("site", f"{config.site.id} {config.site.name}".strip()), ("written", configuration_digest(config))]
    if running is None:
        return [f"{say(f'status.{label}')}: {value}" for label, value in facts]
    heard = say("status.never") if running.receipt_ms is None else _ago(running.receipt_ms, now_ms, say)
    clock = {True: "yes", False: "no", None: "unknown"}[running.clock_synchronised]
    facts += [
        ("runs", f"{running.configuration}, {running.version}, {_ago(running.started_ms, now_ms, say)}"),
        ("broker", running.link),
        ("heard", heard),
        ("spool", f"{running.spool_batches} ({running.spool_mb:.1f} MB)"),
        ("clock", say(f"status.{clock}")),
    ]
    facts += [
        ("certificate", f"{each.name}, {say('status.days', count=_days(each.ends, now_ms))}")
        for each in running.certificates
    ]
    lines = [f"{say(f'status.{label}')}: {value}" for label, value in facts]
    for camera in running.cameras:
        why = f": {say.meaning(camera.cause)}" if camera.cause is not None else ""
        why += f" ({say.evidence(camera.detail)})" if camera.detail else ""
        lines.append(f"  {camera.camera}  {say.state(camera.state)}{why}")
    return lines


def _as_builtins(
    running: RunningStatus | None, config: AgentConfig, problems: list[str], changed: list[Path], now_ms: int
) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "site": config.site.id,
        "running": running is not None and "hangs" not in problems,
        "problems": problems,
        "written": configuration_digest(config),
        "changed_since_start": [str(file) for file in changed],
    }
    if running is None:
        return fields
    watched = [camera for camera in running.cameras if camera.state is not State.DISABLED]
    return fields | {
        "configuration": running.configuration,
        "version": running.version,
        "pid": running.pid,
        "started_s_ago": round((now_ms - running.started_ms) / 1000, 1),
        "written_s_ago": round((now_ms - running.time_ms) / 1000, 1),
        "connected": running.connected,
        "link": running.link,
        "heard_s_ago": None if running.receipt_ms is None else round((now_ms - running.receipt_ms) / 1000, 1),
        "spool_batches": running.spool_batches,
        "spool_mb": running.spool_mb,
        "dropped": running.dropped,
        "clock_synchronised": running.clock_synchronised,
        "certificates": {each.name: _days(each.ends, now_ms) for each in running.certificates},
        "cameras_ok": sum(camera.state is State.OK for camera in watched),
        "cameras": [
            {"camera": each.camera, "state": each.state, "cause": each.cause, "since": each.since}
            for each in running.cameras
        ],
    }


def _days(ends_ms: int, now_ms: int) -> int:
    return (ends_ms - now_ms) // 86_400_000


def _ago(then_ms: int, now_ms: int, say: Words) -> str:
    seconds = max(0, (now_ms - then_ms) // 1000)
    if seconds < 120:
        return say("status.seconds_ago", count=seconds)
    if seconds < 7200:
        return say("status.minutes_ago", count=seconds // 60)
    return say("status.hours_ago", count=seconds // 3600)
