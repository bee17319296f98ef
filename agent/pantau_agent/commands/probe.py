"""`pantau-agent probe`: inspects a camera, for the technician in front of it and for monitoring plugins."""

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
from rich.console import Console
from rich.text import Text

from pantau_agent import vendors
from pantau_agent.assessment import camera_memory
from pantau_agent.clock import SystemClock
from pantau_agent.commands import interruptible, probe_all, probe_output, probe_watch
from pantau_agent.commands.camera_options import (
    CameraOptions,
    CannotProbeError,
    StreamChoice,
    camera_from_options,
    configured_camera,
    load_configuration,
)
from pantau_agent.commands.config_option import DEFAULT_PATH, ConfigPath
from pantau_agent.commands.output_file import OutputFile
from pantau_agent.commands.password import PASSWORD_VARIABLE, from_environment
from pantau_agent.commands.unprivileged import become_service_user
from pantau_agent.config import Camera
from pantau_agent.host import clock_may_be_right
from pantau_agent.identity.firmware import Identity
from pantau_agent.identity.identities import saved_identities
from pantau_agent.picture.decoder import Decoder
from pantau_agent.sources.registry import SOURCES
from pantau_agent.streams import url as rtsp_url
from pantau_agent.streams.failure import MachineError
from pantau_agent.streams.safeguards import Remembered
from pantau_agent.watching.inspection import Inspected, inspect
from pantau_contract.messages import Sample
from pantau_contract.printable import printable_line
from pantau_contract.states import State
from pantau_contract.words import Words
from pantau_contract.words.evidence import detail
from pantau_service import log
from pantau_service.language_option import LanguageOption, words_for

EXIT_CODES = {State.OK: 0, State.DEGRADED: 1, State.IMPAIRED: 1, State.DOWN: 2}
"""Exit codes by state, after the convention of monitoring plugins: 0 ok, 1 warning, 2 critical, 3 unknown."""
EXIT_CANNOT_TELL = 3
"""Exit code for an unknown state or wrong usage."""
_SCHEMES = ", ".join(f"{scheme}://" for scheme in SOURCES)
EPILOG = (
    "Example: pantau-agent probe rtsp://192.168.1.64/Streaming/Channels/102 --user operator --snapshot gate.jpg. "
    "For all cameras of the configuration: sudo pantau-agent probe --all"
)


class ProbeCommand(typer.core.TyperCommand):
    """Exits with code 3 on wrong usage, because code 2 (Click's) would say that the camera is down."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the command line."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            if getattr(error, "exit_code", None) == EXIT_CODES[State.DOWN]:
                error.exit_code = EXIT_CANNOT_TELL  # type: ignore[attr-defined] # it has one, as was just seen
            raise

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help. The vendors are read from their notes only then."""
        for parameter in self.params:
            if parameter.name == "vendor":
                known = ", ".join(vendors.vendors())
                parameter.help = f"Makes the URL, with --host: {known}."  # type: ignore[attr-defined] # an option has it
        super().format_help(ctx, formatter)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.exit_code = EXIT_CANNOT_TELL
            raise


def probe(
    source: Annotated[
        str | None,
        typer.Argument(
            help=f"The camera's URL without a password ({_SCHEMES}), or its id in the configuration.",
            metavar="[URL|ID]",
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every camera of the configuration.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on looking, live, until Ctrl-C.")] = False,
    config: ConfigPath = DEFAULT_PATH,
    vendor: Annotated[str | None, typer.Option(help="Makes the URL, with --host.")] = None,
    host: Annotated[str | None, typer.Option(help="The camera's address, with --vendor.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535)] = None,
    channel: Annotated[int, typer.Option(min=1, help="Of a recorder, or of a camera with several lenses.")] = 1,
    stream: Annotated[StreamChoice, typer.Option()] = StreamChoice.SUB,
    user: Annotated[str | None, typer.Option(help="Asks for the password, unless it is given otherwise.")] = None,
    password_file: Annotated[Path | None, typer.Option(help=f"Or set {PASSWORD_VARIABLE}.")] = None,
    allow_basic: Annotated[
        bool, typer.Option("--allow-basic", help="Send the password in clear if the camera wants it so (Basic).")
    ] = False,
    certificate: Annotated[
        str, typer.Option(help="SHA-256 fingerprint of the camera's certificate.", show_default=False)
    ] = "",
    seconds: Annotated[float, typer.Option(min=1, max=300, help="How long to look.")] = 5,
    timeout: Annotated[float, typer.Option(min=1, max=300, help="Seconds to begin streaming in.")] = 10,
    expected_fps: Annotated[float | None, typer.Option(min=0.1, help="Pictures a second it should reach.")] = None,
    firmware: Annotated[
        bool, typer.Option("--firmware", help="Log in once more, and ask for model and firmware.")
    ] = False,
    snapshot: Annotated[Path | None, typer.Option(help="Save the picture as a JPEG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; with --watch, a line each second.")] = False,
    language: LanguageOption = None,
) -> None:
    """Look at a camera, or at all of them, and say what is wrong and what to do.

    Exit code 0: it works. 1: degraded, or the picture is not true. 2: down. 3: cannot tell, as with wrong usage,
    or without the camera's password, which root alone may read. Of several cameras the worst counts.
    """
    log.set_up("error", as_json=False, to_journal=False)
    say = words_for(language)
    if watch and (snapshot is not None or firmware or every):
        raise typer.BadParameter("--watch goes with one camera, and without --snapshot and --firmware")
    options = CameraOptions(
        *(source, vendor, host, port, channel, stream, user, password_file, allow_basic, certificate),
        *(timeout, expected_fps),
    )
    try:
        with OutputFile(snapshot) as out:
            if every:
                code = _probe_all(options, config, seconds, say, ask=firmware, snapshot=snapshot, as_json=as_json)
            else:
                chosen = _selected_camera(options, config, say)
                if watch:
                    sample = probe_watch.follow(
                        chosen.camera, chosen.identity, say, remembered=chosen.remembered, as_json=as_json
                    )
                else:
                    sample = _probe_one(chosen, seconds, say, ask=firmware, as_json=as_json, out=out)
                code = EXIT_CANNOT_TELL if sample is None else exit_code(sample.state)
    except (CannotProbeError, MachineError) as error:
        typer.echo(f"pantau-agent probe: {say.evidence(str(error))}", err=True)
        raise typer.Exit(EXIT_CANNOT_TELL) from None
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_CANNOT_TELL) from None
    raise typer.Exit(code)


def exit_code(state: State) -> int:
    """Return the exit code of a state."""
    return EXIT_CODES.get(state, EXIT_CANNOT_TELL)


class _Chosen(NamedTuple):
    """The camera to probe and, if it is a configured one, what the agent knows of it."""

    camera: Camera
    identity: Identity | None = None
    remembered: Remembered | None = None


def _selected_camera(options: CameraOptions, config: Path, say: Words) -> _Chosen:
    """Return the selected camera. All secrets are read then, and root is given up."""
    if not options.names_configured_camera:
        camera = camera_from_options(options, say)
        become_service_user()
        return _Chosen(camera)
    loaded, configured = configured_camera(options, config)
    become_service_user(loaded.spool.path)
    camera = from_environment(configured)
    if camera.lacks_password:
        raise CannotProbeError(detail("password_unknown", user=camera.user or ""))
    file = loaded.spool.path.with_name(camera_memory.FILE)
    remembered = camera_memory.remembered(file, [camera]).get(camera.id)
    return _Chosen(camera, saved_identities(loaded.spool.path).get(camera.id), remembered)


def _probe_all(
    options: CameraOptions,
    config: Path,
    seconds: float,
    say: Words,
    *,
    ask: bool,
    snapshot: Path | None,
    as_json: bool,
) -> int:
    if options.selects_camera or options.user is not None or snapshot is not None:
        raise CannotProbeError(
            "--all goes with --config, --seconds, --firmware, --json and --language alone: "
            "the cameras, with their users, are those of the configuration"
        )
    loaded = load_configuration(config)
    if not loaded.camera:
        raise CannotProbeError(f"{config} has no cameras: `pantau-agent discover` proposes how to write them")
    become_service_user(loaded.spool.path)
    inspected = probe_all.inspect_all(loaded, seconds, say, ask=ask)
    typer.echo(probe_all.json_text(inspected, say) if as_json else probe_all.table(inspected, say), nl=False)
    return max((exit_code(state) for state in probe_all.states(inspected)), key=_GRAVEST_LAST.index, default=0)


_GRAVEST_LAST = (0, EXIT_CANNOT_TELL, 1, 2)
"""Exit codes in order of gravity, the worst last."""


def _probe_one(
    chosen: _Chosen, seconds: float, say: Words, *, ask: bool, as_json: bool, out: OutputFile
) -> Sample | None:
    camera = chosen.camera

    async def inspect_once() -> Inspected:
        clock = SystemClock()
        # What nobody may see is black in its picture too.
        async with Decoder(clock, settings={camera.id: camera.picture.settings}) as decoder:
            trusted = clock_may_be_right()
            known = {camera.id: chosen.remembered} if chosen.remembered is not None else {}
            results = inspect(
                [camera], decoder, clock, seconds=seconds, ask=ask, clock_trusted=trusted, remembered=known
            )
            return await anext(results)

    looking = Text(printable_line(say("probe.looking", camera=rtsp_url.redact(camera.url or ""))))
    with Console(stderr=True).status(looking):
        inspected = interruptible.run(inspect_once())
    if inspected.observation is None:
        raise CannotProbeError(say("probe.failed", why=say.evidence(inspected.failed)))
    sample = inspected.observation.sample
    identity = inspected.identity or chosen.identity
    if as_json:
        typer.echo(probe_output.json_text(sample, identity, say), nl=False)
    else:
        typer.echo(probe_output.table(sample, identity, inspected.no_identity, say), nl=False)
    if out.path is not None:
        _save_snapshot(out, inspected.observation.snapshot, say, quiet=as_json)
    return sample


def _save_snapshot(out: OutputFile, jpeg: bytes | None, say: Words, *, quiet: bool) -> None:
    if jpeg is None:
        typer.echo(say("probe.no_snapshot"), err=True)
        return
    try:
        out.write(jpeg)
    except OSError as error:
        raise CannotProbeError(f"--snapshot {out.path} cannot be written: {error.strerror}") from None
    if not quiet:
        typer.echo(f"{say('probe.snapshot')}: {out.path}")
