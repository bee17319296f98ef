"""The command `pantau-simcam`."""

import asyncio
import contextlib
import json
import signal
from importlib import metadata
from typing import Annotated, NoReturn

import typer

from pantau_simcam.camera import Authentication, CameraSpec
from pantau_simcam.footage.take import Codec
from pantau_simcam.simcam import Simcam

app = typer.Typer(add_completion=False)

EPILOG = "Example: pantau-simcam --camera gate --camera road --port-per-camera --control-port 8600"


def _print_version(given: bool) -> None:
    if given:
        typer.echo(f"pantau-simcam {metadata.version('pantau')}")
        raise typer.Exit


@app.command(epilog=EPILOG)
def main(
    count: Annotated[int, typer.Option("--cameras", min=1, max=5000, help="How many, named cam1, cam2, ...")] = 1,
    camera: Annotated[
        list[str] | None, typer.Option(help="A camera's id, in place of --cameras; may be repeated.")
    ] = None,
    rtsp_port: Annotated[int, typer.Option(min=0, max=65535, help="0 is a free port.")] = 0,
    control_port: Annotated[int, typer.Option(min=0, max=65535, help="0 is a free port.")] = 0,
    host: Annotated[
        str,
        typer.Option(
            help="This machine's address on which the cameras are; the control port is on loopback always."
        ),
    ] = "127.0.0.1",
    port_per_camera: Annotated[
        bool, typer.Option("--port-per-camera", help="A port for each camera, so that 'refuse' is a true refusal.")
    ] = False,
    codec: Annotated[Codec, typer.Option(help="Of all cameras.")] = Codec.H264,
    size: Annotated[str, typer.Option(help="Width and height of the pictures.")] = "640x360",
    fps: Annotated[float, typer.Option(min=1, max=60)] = 15,
    bitrate: Annotated[int, typer.Option(min=50, max=20000, help="kbit/s.")] = 400,
    audio: Annotated[bool, typer.Option("--audio", help="With a microphone: a tone beside the pictures.")] = False,
    user: Annotated[str, typer.Option(help="Asks clients for this user.")] = "",
    password: Annotated[
        str, typer.Option(envvar="PANTAU_SIMCAM_PASSWORD", help="Of that user; better from the environment.")
    ] = "",
    authentication: Annotated[Authentication, typer.Option()] = Authentication.DIGEST,
    json_: Annotated[bool, typer.Option("--json", help="Says where everything is as one line of JSON.")] = False,
    version: Annotated[  # noqa: ARG001 # its callback uses it
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Simulated cameras over RTSP on this machine, for demonstration, tests and training.

    Each can be told to fail, over HTTP on the control port: GET /cameras, PUT and DELETE /cameras/ID/fault.
    """
    width, height = _size(size)
    try:
        specs = [
            CameraSpec(
                name,
                codec=codec,
                width=width,
                height=height,
                fps=fps,
                bitrate_kbps=bitrate,
                audio=audio,
                user=user,
                password=password,
                authentication=authentication,
            )
            for name in camera or [f"cam{number}" for number in range(1, count + 1)]
        ]
        simcam = Simcam(
            specs, host=host, rtsp_port=rtsp_port, control_port=control_port, port_per_camera=port_per_camera
        )
        asyncio.run(_serve(simcam, as_json=json_))
    except OSError as error:
        _fail(error.strerror or str(error))
    except ValueError as error:
        _fail(str(error))


def _fail(why: str) -> NoReturn:
    typer.echo(f"pantau-simcam: {why}", err=True)
    raise typer.Exit(2)


async def _serve(simcam: Simcam, *, as_json: bool) -> None:
    serving = asyncio.ensure_future(_serve_until_cancelled(simcam, as_json=as_json))
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def _serve_until_cancelled(simcam: Simcam, *, as_json: bool) -> None:
    async with simcam:
        await simcam.filmed()
        urls = {camera: simcam.url(camera) for camera in simcam.cameras}
        if as_json:
            typer.echo(json.dumps({"control": simcam.control_url, "cameras": urls}))
        else:
            typer.echo("\n".join([*urls.values(), f"control: {simcam.control_url}/cameras; Ctrl-C ends"]))
        await asyncio.Event().wait()


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise typer.BadParameter("must be WIDTHxHEIGHT, such as 640x360", param_hint="--size") from None
