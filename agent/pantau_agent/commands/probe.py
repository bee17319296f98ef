"""`pantau-agent probe`: one look at one camera, for the technician in front of it and for monitoring plugins."""

import asyncio
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from pydantic import SecretStr, ValidationError
from rich.console import Console

from pantau_agent import vendors
from pantau_agent.clock import SystemClock
from pantau_agent.commands import probe_output
from pantau_agent.config import Camera
from pantau_agent.event_loop import new_event_loop
from pantau_agent.look import Looker
from pantau_agent.observation import Observation
from pantau_agent.picture.decoder import Decoder
from pantau_agent.rtsp import url as rtsp_url
from pantau_contract.states import State
from pantau_contract.words import LANGUAGES, Language, words
from pantau_service import log

PASSWORD_VARIABLE = "PANTAU_CAMERA_PASSWORD"  # noqa: S105 # the name of a variable
EXIT_CODES = {State.OK: 0, State.DEGRADED: 1, State.IMPAIRED: 1, State.DOWN: 2}
EXIT_CANNOT_TELL = 3
"""The monitoring plugins' convention: ok, warning, critical, unknown."""
EPILOG = (
    "Example: pantau-agent probe rtsp://192.168.1.64/Streaming/Channels/102 --user operator --snapshot gate.jpg"
)


class Stream(StrEnum):
    """Which of a camera's streams."""

    MAIN = "main"
    SUB = "sub"


class ProbeCommand(typer.core.TyperCommand):
    """Wrong usage tells nothing of the camera: its exit code is 3, for 2 says that the camera is down."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Reads the command line."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if getattr(error, "exit_code", None) == EXIT_CODES[State.DOWN]:
                error.exit_code = EXIT_CANNOT_TELL  # type: ignore[attr-defined] # it has one, as was just seen
            raise


class CannotTellError(Exception):
    """No look can be had; the text says why and what to do."""


def probe(
    url: Annotated[str | None, typer.Argument(help="rtsp://HOST/PATH, without a password.")] = None,
    vendor: Annotated[
        str | None, typer.Option(help="Makes the URL, with --host: hikvision, dahua, axis, ...")
    ] = None,
    host: Annotated[str | None, typer.Option(help="The camera's address, with --vendor.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    channel: Annotated[int, typer.Option(min=1, help="Of a recorder, or of a camera with several lenses.")] = 1,
    stream: Annotated[Stream, typer.Option()] = Stream.SUB,
    user: Annotated[str | None, typer.Option(help="Asks for the password, unless it is given otherwise.")] = None,
    password_file: Annotated[Path | None, typer.Option(help=f"Or set {PASSWORD_VARIABLE}.")] = None,
    seconds: Annotated[float, typer.Option(min=1, max=300, help="How long to look.")] = 5,
    timeout: Annotated[float, typer.Option(min=1, max=300, help="Seconds to begin streaming in.")] = 10,
    expected_fps: Annotated[float | None, typer.Option(min=0.1, help="Pictures a second it should reach.")] = None,
    snapshot: Annotated[Path | None, typer.Option(help="Save the picture as a JPEG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    language: Annotated[str | None, typer.Option(help="en or id; otherwise as LANG has it.")] = None,
) -> None:
    """Look at one camera, and say what is wrong with it and what to do.

    Exit code 0: it works. 1: degraded, or the picture is not true. 2: down. 3: cannot tell, as with wrong usage.
    """
    log.set_up("error", as_json=False, to_journal=False)
    try:
        chosen = _language(language)
        camera = _camera(
            _address(url, vendor, host, port, channel, stream), user, password_file, timeout, expected_fps, chosen
        )
        observation = _look(camera, seconds, chosen)
        text = probe_output.json_text if as_json else probe_output.table
        typer.echo(text(observation.sample, chosen), nl=False)
        if snapshot is not None:
            _save(snapshot, observation.snapshot, chosen, quiet=as_json)
    except CannotTellError as error:
        typer.echo(f"pantau-agent probe: {error}", err=True)
        raise typer.Exit(EXIT_CANNOT_TELL) from None
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_CANNOT_TELL) from None
    raise typer.Exit(EXIT_CODES.get(observation.sample.state, EXIT_CANNOT_TELL))


def _language(asked: str | None) -> Language:
    if asked is None:
        variables = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
        return "id" if next(filter(None, variables), "").startswith("id") else "en"
    for known in LANGUAGES:
        if asked == known:
            return known
    raise CannotTellError(f"--language must be one of {', '.join(LANGUAGES)}, not {asked!r}")


def _address(
    url: str | None, vendor: str | None, host: str | None, port: int | None, channel: int, stream: Stream
) -> rtsp_url.StreamUrl:
    """The URL that was given, or the vendor's."""
    if (url is None) == (vendor is None or host is None) or (url is not None and (vendor or host)):
        raise CannotTellError("give a URL, or --vendor and --host")
    name: Literal["main", "sub"] = "main" if stream is Stream.MAIN else "sub"
    try:
        made = url or vendors.stream_url(vendor or "", host or "", channel=channel, stream=name, port=port)
        parsed = rtsp_url.parse(made)
    except (vendors.VendorError, rtsp_url.UrlError) as error:
        raise CannotTellError(str(error)) from None
    _, _, in_path = vendors.take_credentials(parsed.without_credentials)
    if parsed.password is not None or in_path:
        raise CannotTellError(
            "the URL holds a password, and everyone on this machine could read it in the list of processes. "
            f"Leave it out; give --user, and type the password, or give --password-file or set {PASSWORD_VARIABLE}"
        )
    return parsed


def _camera(
    address: rtsp_url.StreamUrl,
    user: str | None,
    password_file: Path | None,
    timeout: float,
    expected_fps: float | None,
    language: Language,
) -> Camera:
    user = user if user is not None else address.user
    password = _password(user, password_file, language)
    try:
        return Camera(
            id="probe",
            url=address.without_credentials,
            user=user,
            password=None if password is None else SecretStr(password),
            timeout_s=timeout,
            expected_fps=expected_fps,
        )
    except ValidationError as error:
        raise CannotTellError("; ".join(str(problem["msg"]) for problem in error.errors())) from None


def _password(user: str | None, file: Path | None, language: Language) -> str | None:
    """From the file, the environment, or whoever sits there; never from the command line."""
    password: str | None = os.environ.get(PASSWORD_VARIABLE)
    if file is not None:
        try:
            password = file.read_text("utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise CannotTellError(f"--password-file {file} cannot be read: {reason}") from None
    if user is None:
        if file is not None:
            raise CannotTellError("there is a password and no user: give --user too")
        return None
    if password is None and sys.stdin.isatty():
        asked: str = typer.prompt(words(language)("probe.password", user=user), hide_input=True, err=True)
        password = asked
    return password


def _look(camera: Camera, seconds: float, language: Language) -> Observation:
    async def look() -> Observation:
        clock = SystemClock()
        async with Decoder(clock) as decoder:
            return await Looker(camera, decoder, clock).look(seconds)

    console = Console(stderr=True)
    shown = rtsp_url.redact(camera.url or "")
    with console.status(words(language)("probe.looking", camera=shown)), _runner() as runner:
        return runner.run(look())


def _runner() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=new_event_loop)


def _save(file: Path, jpeg: bytes | None, language: Language, *, quiet: bool) -> None:
    say = words(language)
    if jpeg is None:
        typer.echo(say("probe.no_snapshot"), err=True)
        return
    try:
        file.write_bytes(jpeg)
    except OSError as error:
        raise CannotTellError(f"--snapshot {file} cannot be written: {error.strerror}") from None
    if not quiet:
        typer.echo(f"{say('probe.snapshot')}: {file}")
