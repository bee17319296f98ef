"""`pantau-agent picture`: what the agent remembers of a camera's view, and taking a new view as the right one."""

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from pantau_agent.picture.frame import UnusablePictureError
from pantau_agent.picture.judge import Judge
from pantau_agent.picture.memory import Memory
from pantau_agent.picture.settings import Settings
from pantau_agent.picture.shelf import Shelf
from pantau_agent.picture.views import accept as accept_view
from pantau_agent.picture.views import explain as explain_view
from pantau_agent.picture.views import explain_page

app = typer.Typer(
    name="picture",
    help="What the agent remembers of a camera's view.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Camera = Annotated[str, typer.Argument(help="The camera's id, as in agent.toml.")]
Picture = Annotated[
    Path, typer.Option("--picture", help="What it shows now: `pantau-agent probe URL --snapshot`.")
]
Memories = Annotated[Path, typer.Option("--memories", help="Where the agent keeps its cameras' memories.")]

ACCEPT_EPILOG = (
    "Example: pantau-agent picture accept gate --picture gate.jpg --memories /var/lib/pantau-agent/pictures"
)
EXPLAIN_EPILOG = (
    "Example: pantau-agent picture explain gate --picture gate.jpg --out gate.html "
    "--memories /var/lib/pantau-agent/pictures"
)


@app.command(epilog=ACCEPT_EPILOG)
def accept(camera: Camera, picture: Picture, memories: Memories) -> None:
    """Take the picture for the right view, as after the camera was aimed anew; the rest is learned again."""
    shelf = Shelf(memories)
    try:
        shelf.put(camera, accept_view(_memory(shelf, camera), _read(picture)))
    except (UnusablePictureError, OSError) as error:
        raise _cannot(str(error)) from None
    typer.echo(f"{camera}: this view is now the right one")


@app.command(epilog=EXPLAIN_EPILOG)
def explain(
    camera: Camera,
    picture: Picture,
    memories: Memories,
    out: Annotated[Path, typer.Option(help="The page to write, or only its picture if this ends in .jpg.")],
) -> None:
    """Show the remembered view beside the present one, what differs framed, and the evidence for each fault."""
    shown = _read(picture)
    memory = _memory(Shelf(memories), camera)
    try:
        jpeg = explain_view(memory, shown)
        verdict = Judge(settings=Settings(learning_s=0), memory=memory).update(shown, 0)
        if out.suffix.lower() in {".jpg", ".jpeg"}:
            out.write_bytes(jpeg)
        else:
            out.write_text(explain_page(camera, verdict.reason, dict(verdict.evidence), jpeg), "utf-8")
    except (UnusablePictureError, OSError) as error:
        raise _cannot(str(error)) from None
    typer.echo(f"{camera}: see {out}")


def _memory(shelf: Shelf, camera: str) -> Memory:
    memory, note = shelf.take(camera)
    if note:
        typer.echo(f"{camera}: {note}", err=True)
    return memory


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        picture = cv2.imdecode(np.frombuffer(path.read_bytes() or b"\x00", np.uint8), cv2.IMREAD_COLOR)
    except OSError as error:
        raise _cannot(f"{path} cannot be read: {error.strerror}") from None
    if picture is None:
        raise _cannot(f"{path} is not a picture; save one with `pantau-agent probe URL --snapshot {path}`")
    return np.asarray(picture, np.uint8)


def _cannot(why: str) -> typer.Exit:
    typer.echo(f"pantau-agent picture: {why}", err=True)
    return typer.Exit(2)
