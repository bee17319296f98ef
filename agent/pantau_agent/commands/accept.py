"""`pantau-agent accept-certificate` and `accept-login`: a person vouches for a camera that has changed.

The running agent owns the camera memory. A command leaves its word beside it (see `assessment.acceptances`), and
the agent takes it over within a second.
"""

import json
import sys
from typing import Annotated

import typer

from pantau_agent.assessment import camera_memory
from pantau_agent.assessment.acceptances import FOLDER, Acceptance, Acceptances
from pantau_agent.commands import interruptible
from pantau_agent.commands.config_option import (
    DEFAULT_PATH,
    EXIT_CONFIG,
    ConfigPath,
    load_or_exit,
)
from pantau_agent.commands.unprivileged import become_service_user
from pantau_agent.config import AgentConfig, Camera
from pantau_agent.identity.presented_certificate import presented_certificate
from pantau_agent.streams.failure import LookError
from pantau_agent.streams.safeguards import endpoint
from pantau_agent.streams.url import StreamUrl, parse
from pantau_contract.words import Words
from pantau_service.language_option import LanguageOption, words_for

EXIT_NOT_ACCEPTED = 1
"""Exit code if the camera is not reached, or its certificate was not accepted."""
CERTIFICATE_EPILOG = "Example: sudo pantau-agent accept-certificate kabil-utara"
LOGIN_EPILOG = "Example: sudo pantau-agent accept-login kabil-utara"
_ENCRYPTED = {"rtsps", "rtsps+http", "https"}

CameraName = Annotated[str, typer.Argument(metavar="CAMERA", help="The camera's id, as in agent.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def accept_certificate(
    camera: CameraName,
    config: ConfigPath = DEFAULT_PATH,
    fingerprint: Annotated[
        str | None, typer.Option(help="Accept this one (SHA-256) without a question, and no other.")
    ] = None,
    as_json: AsJson = False,
    language: LanguageOption = None,
) -> None:
    """Accept the certificate that a camera shows now, as after it was renewed or the camera replaced.

    It shows the fingerprint and asks: compare it with the one in the camera's own settings. It goes for all
    cameras of that host. Exit code 0: accepted, or known already. 1: not accepted. 2: wrong usage.
    """
    say = words_for(language)
    loaded, found = _load(camera, config, say)
    url = parse(found.url or "")
    if url.scheme not in _ENCRYPTED:
        raise _usage_error(say("accept.no_tls", camera=camera))
    now = _presented(url, say)
    at = endpoint(url.host, url.port)
    file = loaded.spool.path.with_name(camera_memory.FILE)
    known = camera_memory.remembered(file, loaded.camera)
    before = known[camera].certificates.get(at) if camera in known else None
    if not as_json:
        typer.echo(say("accept.shows", camera=camera, address=at, before=before or "-", now=now))
    if before == now:
        _finish(say("accept.known", camera=camera), True, as_json, camera, fingerprint=now)
    if not _is_accepted(now, fingerprint, say):
        _finish(say("accept.not_accepted", camera=camera), False, as_json, camera, fingerprint=now)
    for other in loaded.camera:
        if parse(other.url or "").host == url.host:
            _submit(loaded, other.id, Acceptance(certificates={at: now}), say)
    _finish(say("accept.done", camera=camera), True, as_json, camera, fingerprint=now)


def accept_login(
    camera: CameraName,
    config: ConfigPath = DEFAULT_PATH,
    as_json: AsJson = False,
    language: LanguageOption = None,
) -> None:
    """Accept that a camera wants a weaker login than before, as after it was replaced or reset.

    What it may ask for is what the configuration allows: the password in clear still takes allow_basic. Exit
    code 0: accepted. 2: wrong usage.
    """
    say = words_for(language)
    loaded, _ = _load(camera, config, say)
    _submit(loaded, camera, Acceptance(weaker_login=True), say)
    _finish(say("accept.done", camera=camera), True, as_json, camera)


def _load(camera: str, config: ConfigPath, say: Words) -> tuple[AgentConfig, Camera]:
    """Return the configuration and the camera of that id. All secrets are read then, and root is given up."""
    loaded = load_or_exit(config)
    become_service_user(loaded.spool.path, or_nobody=False)
    for known in loaded.camera:
        if known.id == camera:
            return loaded, known
    raise _usage_error(say("picture.no_camera", camera=camera, known=", ".join(one.id for one in loaded.camera)))


def _presented(url: StreamUrl, say: Words) -> str:
    try:
        return interruptible.run(presented_certificate(url.host, url.port))
    except LookError as error:
        why = say.evidence(error.failure.detail)
    except TimeoutError:
        why = say("accept.silent")
    typer.echo(say("accept.not_reached", address=endpoint(url.host, url.port), why=why), err=True)
    raise typer.Exit(EXIT_NOT_ACCEPTED)


def _is_accepted(now: str, given: str | None, say: Words) -> bool:
    if given is not None:
        return given.strip().lower().removeprefix("sha256:").replace(":", "") == now
    if not sys.stdin.isatty():
        raise _usage_error(say("accept.nobody_to_ask"))
    return typer.confirm(say("accept.question"), err=True)


def _submit(config: AgentConfig, camera: str, acceptance: Acceptance, say: Words) -> None:
    folder = config.spool.path.with_name(FOLDER)
    try:
        Acceptances(folder).submit(camera, acceptance)
    except OSError as error:
        raise _usage_error(say("accept.cannot_write", directory=folder, why=error.strerror)) from None


def _finish(text: str, done: bool, as_json: bool, camera: str, **more: object) -> None:
    """Print the result, and end the command."""
    if as_json:
        typer.echo(json.dumps({"camera": camera, "done": done, "text": text, **more}, ensure_ascii=False))
    else:
        typer.echo(text, err=not done)
    raise typer.Exit(0 if done else EXIT_NOT_ACCEPTED)


def _usage_error(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(EXIT_CONFIG)
