"""`pantau-agent picture`: shows what the agent remembers of a camera's view, and accepts a new view.

The running agent owns the memory. A command submits a request beside it (see `picture.view_requests`) and waits
until the agent has carried it out with the camera's next picture. No command decodes a picture itself.
"""

import json
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from pantau_agent.clock import SystemClock
from pantau_agent.commands import interruptible
from pantau_agent.commands.config_option import (
    DEFAULT_PATH,
    EXIT_CONFIG,
    ConfigPath,
    load_or_exit,
)
from pantau_agent.commands.output_file import OutputFile
from pantau_agent.commands.picture_page import explanation_page
from pantau_agent.commands.unprivileged import become_service_user
from pantau_agent.config import AgentConfig, Camera
from pantau_agent.picture.decoder import Decoder
from pantau_agent.picture.explanation import Explanation, read
from pantau_agent.picture.memory_files import MAX_BYTES, memory_path
from pantau_agent.picture.settings import memories_directory
from pantau_agent.picture.view_requests import ViewRequest, ViewRequests
from pantau_agent.streams.keyframe import MAX_KEYFRAME_BYTES, Keyframe
from pantau_contract.words import Words
from pantau_contract.words.evidence import Detail
from pantau_service.language_option import LanguageOption, words_for

EXIT_NOT_CARRIED_OUT = 1
"""Exit code if the agent did not carry out the request in time."""
GRACE_S = 15.0
"""Seconds that a camera's keyframe and the judging may take beyond two intervals."""
POLL_S = 0.2
"""Seconds between two checks whether the request was carried out."""

app = typer.Typer(
    name="picture",
    help="What the agent remembers of a camera's view: accept a new one, explain what differs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

CameraName = Annotated[str, typer.Argument(metavar="CAMERA", help="The camera's id, as in agent.toml.")]
Wait = Annotated[
    float | None,
    typer.Option(min=0, help="Seconds to wait for the agent's next look; default: two of its picture intervals."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

ACCEPT_EPILOG = "Example: sudo pantau-agent picture accept kabil-utara"
EXPLAIN_EPILOG = "Example: sudo pantau-agent picture explain kabil-utara --out kabil-utara.html"


@app.command(epilog=ACCEPT_EPILOG)
def accept(
    camera: CameraName,
    config: ConfigPath = DEFAULT_PATH,
    wait: Wait = None,
    as_json: AsJson = False,
    language: LanguageOption = None,
) -> None:
    """Accept what the camera shows now as the right view, as after it was aimed differently.

    The running agent does it with the camera's next picture, unless that is black, frozen or broken; a dozen
    pictures later it knows the view. Exit code 0: done. 1: the agent took no such picture in time; nothing
    changes. 2: wrong usage.
    """
    say = words_for(language)
    loaded = load_or_exit(config)
    become_service_user(loaded.spool.path, or_nobody=False)
    carried_out = _submit_and_wait(loaded, _camera(loaded, camera, say), ViewRequest.ACCEPT, wait, say)
    _finish(
        say("picture.accepted" if carried_out else "picture.not_granted", camera=camera),
        carried_out,
        as_json,
        camera,
    )


@app.command(epilog=EXPLAIN_EPILOG)
def explain(
    camera: CameraName,
    out: Annotated[Path, typer.Option(help="The page to write, or only its drawing if this ends in .jpg.")],
    picture: Annotated[
        Path | None,
        typer.Option(help="A JPEG (see probe --snapshot) in place of the agent's next one: needs no agent."),
    ] = None,
    config: ConfigPath = DEFAULT_PATH,
    wait: Wait = None,
    as_json: AsJson = False,
    language: LanguageOption = None,
) -> None:
    """Show the remembered view beside the present one, what differs framed, and the evidence for each fault.

    Exit code 0: written. 1: the agent looked at no picture in time. 2: wrong usage.
    """
    say = words_for(language)
    loaded = load_or_exit(config)
    found = _camera(loaded, camera, say)
    content = _read_file(picture, say) if picture is not None else None
    with OutputFile(out) as output:
        become_service_user(loaded.spool.path, or_nobody=False)
        if picture is not None and content is not None:
            explanation = _explain_file(loaded, found, picture, content, say)
        else:
            if not _submit_and_wait(loaded, found, ViewRequest.EXPLAIN, wait, say):
                _finish(say("picture.not_granted", camera=camera), False, as_json, camera)
            explanation = _read_explanation(ViewRequests(_memories(loaded)).explanation_path(camera), say)
        page = explanation_page(camera, explanation, say).encode()
        try:
            output.write(explanation.jpeg if out.suffix.lower() in {".jpg", ".jpeg"} else page)
        except OSError as error:
            raise _usage_error(say("picture.cannot_write", file=out, why=error.strerror)) from None
    plain = {"cause": explanation.cause, "reason": explanation.reason, "evidence": explanation.evidence}
    _finish(say("picture.explained", camera=camera, file=out), True, as_json, camera, **plain)


def _memories(config: AgentConfig) -> Path:
    return memories_directory(config.spool.path)


def _camera(config: AgentConfig, camera: str, say: Words) -> Camera:
    for known in config.camera:
        if known.id == camera:
            return known
    raise _usage_error(say("picture.no_camera", camera=camera, known=", ".join(one.id for one in config.camera)))


def _submit_and_wait(
    config: AgentConfig, camera: Camera, request: ViewRequest, wait: float | None, say: Words
) -> bool:
    """Submit a request and wait for it; withdraw it if it is not carried out in time.

    Returns whether it was carried out.
    """
    requests = ViewRequests(_memories(config))
    try:
        requests.submit(camera.id, request)
        until = time.monotonic() + (2 * camera.picture_interval_s + GRACE_S if wait is None else wait)
        while requests.is_pending(camera.id, request):
            if time.monotonic() >= until:
                requests.remove(camera.id, request)
                return False
            time.sleep(POLL_S)
    except OSError as error:
        raise _usage_error(say("picture.no_memories", directory=_memories(config), why=error.strerror)) from None
    except KeyboardInterrupt:
        requests.remove(camera.id, request)
        raise
    return True


def _read_explanation(path: Path, say: Words) -> Explanation:
    try:
        explanation = read(path)
        path.unlink()
    except (OSError, msgspec.DecodeError) as error:
        raise _usage_error(say("picture.cannot_read", file=path, why=error)) from None
    return explanation


def _read_file(file: Path, say: Words) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_KEYFRAME_BYTES + 1)
    except OSError as error:
        raise _usage_error(say("picture.cannot_read", file=file, why=error.strerror)) from None


def _explain_file(config: AgentConfig, camera: Camera, file: Path, content: bytes, say: Words) -> Explanation:
    """Explain the picture in a file by the memory last saved for the camera. The decode worker looks at both."""
    try:
        memory: bytes | None = memory_path(_memories(config), camera.id).read_bytes()[: MAX_BYTES + 1]
    except OSError:
        memory = None

    async def explain() -> tuple[Explanation | None, Detail]:
        async with Decoder(SystemClock()) as decoder:
            return await decoder.explain(camera.id, Keyframe("mjpeg", content), memory, camera.picture.settings)

    explanation, why = interruptible.run(explain())
    if explanation is None:
        raise _usage_error(f"{say('picture.no_picture', file=file)} ({say.evidence(why)})")
    return explanation


def _finish(text: str, done: bool, as_json: bool, camera: str, **more: object) -> None:
    """Print the result, and exit with an error code if the command did not succeed."""
    if as_json:
        typer.echo(json.dumps({"camera": camera, "done": done, "text": text, **more}, ensure_ascii=False))
    else:
        typer.echo(text, err=not done)
    if not done:
        raise typer.Exit(EXIT_NOT_CARRIED_OUT)


def _usage_error(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(EXIT_CONFIG)
