"""`pantau-agent doctor`: examines the machine, the broker and the cameras, and says what to fix first."""

import json
import sys
from contextlib import aclosing
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from pantau_agent.clock import SystemClock
from pantau_agent.commands import interruptible
from pantau_agent.commands.config_option import DEFAULT_PATH, ConfigPath, load_or_exit
from pantau_agent.commands.progress import progress_bar
from pantau_agent.commands.unprivileged import become_service_user
from pantau_agent.config import AgentConfig
from pantau_agent.doctor.examination import examine
from pantau_agent.doctor.finding import Finding, FindingLevel, ranked
from pantau_agent.doctor.time_server import time_servers
from pantau_agent.host import Machine
from pantau_agent.picture.decoder import Decoder
from pantau_contract.words import Words
from pantau_service import log
from pantau_service.language_option import LanguageOption, words_for

EXIT_TO_MEND = 1
"""Exit code if anything has to be fixed."""
EXIT_CANNOT_TELL = 3
"""Exit code if nothing has to be fixed, and something was not examined because its password is not known here."""
EXIT_INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells report it."""
EPILOG = "Example: sudo pantau-agent doctor --config /etc/pantau/agent.toml"
_COLOURS = {
    FindingLevel.OK: typer.colors.GREEN,
    FindingLevel.UNKNOWN: typer.colors.BRIGHT_BLACK,
    FindingLevel.WARNING: typer.colors.YELLOW,
    FindingLevel.ERROR: typer.colors.RED,
}
"""Terminal colour of each level."""


def doctor(
    config: ConfigPath = DEFAULT_PATH,
    time_server: Annotated[
        list[str] | None, typer.Option(help="Compare the clock with this one; otherwise with the machine's own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    language: LanguageOption = None,
) -> None:
    """Examine clock, disk, temperature, broker and each camera; end with what to mend, most important first.

    A camera sees one viewer more for some seconds. Exit code 0: nothing to mend. 1: something to mend. 2: the
    configuration is wrong. 3: what was examined is well, and cameras or the broker were not, since this user may
    not read their passwords: run it with sudo.
    """
    log.set_up("error", as_json=False, to_journal=False)
    say = words_for(language)
    loaded = load_or_exit(config)
    become_service_user(loaded.spool.path)
    try:
        findings = interruptible.run(_examine(loaded, time_server or time_servers(), say, quiet=as_json))
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    if as_json:
        typer.echo(json.dumps(_fields(findings, say), indent=2, ensure_ascii=False))
    else:
        _print_list(ranked(findings), say)
        if unknown := sum(map(_lacks_password, findings)):
            typer.echo(f"\n{say('doctor.not_examined', count=unknown)}")
    raise typer.Exit(_exit_code(findings))


def _exit_code(findings: list[Finding]) -> int:
    if ranked(findings):
        return EXIT_TO_MEND
    return EXIT_CANNOT_TELL if any(map(_lacks_password, findings)) else 0


def _lacks_password(finding: Finding) -> bool:
    return finding.key == "password_unknown"


async def _examine(config: AgentConfig, servers: list[str], say: Words, *, quiet: bool) -> list[Finding]:
    findings: list[Finding] = []
    clock = SystemClock()
    subjects: set[str] = set()
    with progress_bar() as progress:
        cameras = progress.add_task(say("doctor.examining"), total=len(config.camera) or None)
        async with Decoder(clock) as decoder:
            this_machine = Machine(config.spool.path.parent)
            async with aclosing(examine(config, this_machine, decoder, clock, servers)) as examined:
                async for finding in examined:
                    findings.append(finding)
                    subjects.add(finding.subject)
                    progress.update(cameras, completed=len(subjects - {""}))
                    if not quiet:
                        _print(_line(finding, say), progress.console)
    return findings


def _line(finding: Finding, say: Words) -> str:
    level = typer.style(f"{say(f'doctor.level.{finding.level}'):8}", fg=_COLOURS[finding.level])
    return f"{level} {_subject(finding, say)}: {finding.found(say)}"


def _print(line: str, bar: Console) -> None:
    """Print a line to standard output, above the progress bar if both share a terminal."""
    if bar.is_terminal and sys.stdout.isatty():
        bar.print(Text.from_ansi(line), soft_wrap=True)
    else:
        typer.echo(line)


def _print_list(to_mend: list[Finding], say: Words) -> None:
    if not to_mend:
        typer.echo(f"\n{say('doctor.nothing')}")
        return
    typer.echo(f"\n{say('doctor.to_mend')}")
    for number, finding in enumerate(to_mend, 1):
        typer.echo(f"{number:3}. {_subject(finding, say)}: {finding.mend(say)}")
        typer.echo(f"     {finding.found(say)}")


def _subject(finding: Finding, say: Words) -> str:
    return " ".join(part for part in (say(f"doctor.check.{finding.check}"), finding.subject) if part)


def _fields(findings: list[Finding], say: Words) -> dict[str, object]:
    return {
        "findings": [_plain(finding, say) for finding in findings],
        "to_mend": [_plain(finding, say) for finding in ranked(findings)],
    }


def _plain(finding: Finding, say: Words) -> dict[str, object]:
    return {
        "check": finding.check,
        "level": finding.level,
        "key": finding.key,
        "camera": finding.subject or None,
        "cause": finding.cause,
        "found": finding.found(say),
        "mend": finding.mend(say),
    }
