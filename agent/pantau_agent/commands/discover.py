"""`pantau-agent discover`: finds the cameras of a network, and proposes how to write them into `agent.toml`."""

import asyncio
import ipaddress
import json
import socket
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from pantau_agent.clock import SystemClock
from pantau_agent.commands import interruptible
from pantau_agent.commands.password import PASSWORD_VARIABLE, credentials
from pantau_agent.commands.progress import progress_bar
from pantau_agent.commands.unprivileged import become_service_user
from pantau_agent.discovery import proposal
from pantau_agent.discovery.scan import scan
from pantau_agent.discovery.subnet import SubnetError, host_addresses
from pantau_agent.discovery.survey import Candidate, DiscoveredDevice, candidate_for_host, survey_device
from pantau_agent.onvif.discovery import Match
from pantau_agent.onvif.search import Interface, interfaces, search
from pantau_agent.streams.credentials import Credentials
from pantau_contract.words import Words
from pantau_service import log
from pantau_service.language_option import LanguageOption, words_for

EXIT_NOTHING = 1
"""Exit code if no camera was found, or the command was interrupted."""
MAX_CONCURRENT = 8
"""Devices that are surveyed at the same time."""
EPILOG = "Example: pantau-agent discover --user pantau --subnet 10.20.3.0/24"


def discover(
    host: Annotated[
        list[str] | None, typer.Argument(help="Hosts to ask by name or address, where multicast does not reach.")
    ] = None,
    subnet: Annotated[
        list[str] | None,
        typer.Option(help="Scan the ports of every address of it too, as 10.20.3.0/24; a /22 at most."),
    ] = None,
    interface: Annotated[list[str] | None, typer.Option(help="Search over this network interface only.")] = None,
    user: Annotated[str | None, typer.Option(help="Asks for the password, unless it is given otherwise.")] = None,
    password_file: Annotated[Path | None, typer.Option(help=f"Or set {PASSWORD_VARIABLE}.")] = None,
    ask_each: Annotated[bool, typer.Option("--ask-each", help="Ask for a password of each host, once.")] = False,
    wait: Annotated[float, typer.Option(min=0.1, max=60, help="Seconds to wait for answers to the search.")] = 4,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    language: LanguageOption = None,
) -> None:
    """Find cameras, and print what to write into agent.toml for each, without passwords.

    Without a user most cameras tell only that they are there. A password that a camera refuses is sent to it once,
    and never in clear. Exit code 0: something was found. 1: nothing was. 2: wrong usage.
    """
    log.set_up("error", as_json=False, to_journal=False)
    say = words_for(language)
    try:
        scanned = [address for network in subnet or () for address in host_addresses(network)]
    except SubnetError as error:
        raise typer.BadParameter(str(error)) from None
    searched = _interfaces(interface)
    if ask_each and (user is None or password_file is not None or not sys.stdin.isatty()):
        raise typer.BadParameter("--ask-each asks at the terminal for the passwords of --user; without a file")
    login = None if ask_each else credentials(user, password_file, say)
    become_service_user()
    try:
        candidates = interruptible.run(_find_candidates(host or [], scanned, searched, wait, say))
        hosts = dict.fromkeys(candidate.host for candidate in candidates)
        logins = _prompted_logins(hosts, user or "", say) if ask_each else {}
        found = interruptible.run(_survey_all(candidates, login, logins, say))
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_NOTHING) from None
    if as_json:
        typer.echo(json.dumps([proposal.fields(device) for device in found], indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(proposal.toml(device, user, say) for device in found), nl=False)
    typer.echo(say("discover.found", count=len(found)) if found else say("discover.nothing"), err=True)
    raise typer.Exit(0 if found else EXIT_NOTHING)


def _interfaces(names: list[str] | None) -> list[Interface]:
    available = interfaces()
    if names is None:
        return available
    unknown = set(names) - {interface.name for interface in available}
    if unknown:
        known = ", ".join(sorted({interface.name for interface in available})) or "none"
        raise typer.BadParameter(
            f"--interface {', '.join(sorted(unknown))}: not here, or without an address. Known: {known}"
        )
    return [interface for interface in available if interface.name in names]


def _prompted_logins(hosts: Iterable[str], user: str, say: Words) -> dict[str, Credentials | None]:
    """Prompt for a password for each host; a host without a password is surveyed without a login."""
    logins: dict[str, Credentials | None] = {}
    for host in hosts:
        question = say("discover.password_of", user=user, host=host)
        password: str = typer.prompt(question, default="", show_default=False, hide_input=True, err=True)
        logins[host] = Credentials(user, password) if password else None
    return logins


async def _find_candidates(
    hosts: list[str], scanned: list[str], searched: list[Interface], wait_s: float, say: Words
) -> list[Candidate]:
    """Return the candidates by host: those that answer the search, and others that have open ports.

    A host may have several devices, each at a port of its own.
    """
    hosts = [await _resolved(host) for host in hosts]
    with progress_bar() as progress:
        searching = progress.add_task(say("discover.searching"), total=None)
        found = await search(searched, hosts, wait_s=wait_s)
        devices = Counter(match.url.host for match in found)
        candidates = [_candidate(match, alone=devices[match.url.host] == 1) for match in found]
        progress.remove_task(searching)
        to_scan = [address for address in dict.fromkeys([*hosts, *scanned]) if address not in devices]
        if to_scan:
            scanning = progress.add_task(say("discover.scanning"), total=len(to_scan))
            async for result in scan(to_scan):
                progress.advance(scanning)
                if result.ports:
                    candidates.append(candidate_for_host(result.host, result.ports, named=result.host in hosts))
    return sorted(candidates, key=lambda candidate: (ipaddress.ip_address(candidate.host).packed, candidate.port))


async def _survey_all(
    candidates: list[Candidate], login: Credentials | None, logins: dict[str, Credentials | None], say: Words
) -> list[DiscoveredDevice]:
    """Survey each candidate, with the login typed for it or else `login`.

    Devices are in the order of their candidates; what is not a camera is left out.
    """
    slots = asyncio.Semaphore(MAX_CONCURRENT)
    with progress_bar() as progress:
        asking = progress.add_task(say("discover.asking"), total=len(candidates))

        async def ask(candidate: Candidate) -> DiscoveredDevice | None:
            async with slots:
                found = await survey_device(candidate, logins.get(candidate.host, login), SystemClock())
            progress.advance(asking)
            return found

        devices = await asyncio.gather(*(ask(candidate) for candidate in candidates))
    return [found for found in devices if found is not None]


async def _resolved(host: str) -> str:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise typer.BadParameter(f"the name {host!r} cannot be resolved to an IPv4 address") from None
    return str(found[0][4][0])


def _candidate(match: Match, *, alone: bool) -> Candidate:
    """Return a device as a candidate; one that is not alone at its host is asked at its own address only."""
    urls = (match.url, *match.more_urls) if alone else (match.url,)
    port = 0 if alone else match.url.port
    return Candidate(match.url.host, urls, match.name, match.model, answered_search=True, port=port)
