"""`pantau-agent sheet`: one printable page about the site, for the door of the cabinet."""

import socket
import time
from contextlib import aclosing
from pathlib import Path
from typing import Annotated

import typer

from pantau_agent.assessment import camera_memory
from pantau_agent.clock import SystemClock
from pantau_agent.commands import interruptible
from pantau_agent.commands.config_option import DEFAULT_PATH, ConfigPath, load_or_exit
from pantau_agent.commands.output_file import OutputFile
from pantau_agent.commands.progress import progress_bar
from pantau_agent.commands.sheet_page import CameraRow, sheet_page
from pantau_agent.commands.unprivileged import become_service_user
from pantau_agent.config import AgentConfig
from pantau_agent.configuration_digest import configuration_digest
from pantau_agent.host import clock_may_be_right
from pantau_agent.identity.identities import saved_identities
from pantau_agent.picture.decoder import Decoder
from pantau_agent.streams.url import parse
from pantau_agent.watching.inspection import Inspected, inspect
from pantau_contract.version import __version__
from pantau_contract.words import Words
from pantau_service import log
from pantau_service.language_option import LanguageOption, words_for

EXIT_NOT_WRITTEN = 1
"""Exit code if the page could not be written."""
LOOK_S = 4.0
"""Seconds to look at each camera."""
EPILOG = "Example: sudo pantau-agent sheet --out nongsa.html --call 'Control room, +62 778 000000'"


def sheet(
    out: Annotated[Path, typer.Option(help="The page to write, in HTML: print it from any browser.")],
    call: Annotated[list[str] | None, typer.Option(help="Whom to call, and how; may be repeated.")] = None,
    look: Annotated[
        bool, typer.Option("--look/--no-look", help="Look at each camera now, for its state and picture.")
    ] = True,
    config: ConfigPath = DEFAULT_PATH,
    language: LanguageOption = None,
) -> None:
    """Make one printable page of the site: its cameras with address, state and picture, and whom to call.

    It holds no password and no user. A camera whose password is not known here is shown without a picture: run it
    with sudo. Exit code 0: written. 1: it cannot be written. 2: the configuration is wrong.
    """
    log.set_up("error", as_json=False, to_journal=False)
    say = words_for(language)
    loaded = load_or_exit(config)
    with OutputFile(out) as output:
        become_service_user(loaded.spool.path)
        try:
            inspected = interruptible.run(_look(loaded, say)) if look else {}
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_NOT_WRITTEN) from None
        facts = {
            "site": f"{loaded.site.name} ({loaded.site.id})" if loaded.site.name else loaded.site.id,
            "machine": socket.gethostname(),
            "broker": f"{loaded.broker.host}:{loaded.broker.port}",
            "version": f"{__version__}, {configuration_digest(loaded)}",
            "made": time.strftime("%Y-%m-%d %H:%M %Z"),
        }
        page = sheet_page(facts, call or [], _rows(loaded, inspected), say)
        try:
            output.write(page.encode())
        except OSError as error:
            typer.echo(say("picture.cannot_write", file=out, why=error.strerror), err=True)
            raise typer.Exit(EXIT_NOT_WRITTEN) from None
    typer.echo(say("sheet.written", file=out))


async def _look(config: AgentConfig, say: Words) -> dict[str, Inspected]:
    """Look at each enabled camera, by its id. What nobody may see is black in the pictures."""
    file = config.spool.path.with_name(camera_memory.FILE)
    remembered = camera_memory.remembered(file, config.camera)
    cameras = [camera for camera in config.camera if camera.enabled]
    settings = {camera.id: camera.picture.settings for camera in cameras}
    clock, found = SystemClock(), dict[str, Inspected]()
    with progress_bar() as progress:
        looking = progress.add_task(say("probe.looking_at_all"), total=len(cameras))
        async with Decoder(clock, settings=settings) as decoder:
            results = inspect(
                *(cameras, decoder, clock),
                seconds=LOOK_S,
                ask=False,
                clock_trusted=clock_may_be_right(),
                remembered=remembered,
            )
            async with aclosing(results):
                async for inspected in results:
                    found[inspected.camera.id] = inspected
                    progress.advance(looking)
    return found


def _rows(config: AgentConfig, inspected: dict[str, Inspected]) -> list[CameraRow]:
    known = saved_identities(config.spool.path)
    rows = []
    for camera in config.camera:
        url, seen, identity = parse(camera.url or ""), inspected.get(camera.id), known.get(camera.id)
        observation = seen.observation if seen is not None else None
        rows.append(
            CameraRow(
                id=camera.id,
                name=camera.name,
                address=f"{url.host}:{url.port}",
                model=" ".join(filter(None, (identity.vendor, identity.model)))
                if identity
                else camera.vendor or "",
                enabled=camera.enabled,
                sample=observation.sample if observation is not None else None,
                failed=seen.failed if seen is not None else "",
                jpeg=observation.snapshot if observation is not None else None,
            )
        )
    return rows
