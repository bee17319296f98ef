"""`probe --watch`: keeps one camera open and shows it live, until Ctrl-C."""

import json
import sys
from contextlib import aclosing, nullcontext, suppress

import typer
from rich.console import Console
from rich.live import Live

from pantau_agent.assessment.camera_memory import CameraMemory
from pantau_agent.clock import SystemClock, UtcEpoch
from pantau_agent.commands import interruptible
from pantau_agent.commands.camera_options import AD_HOC_ID
from pantau_agent.commands.live_view import History, render, render_line
from pantau_agent.commands.probe_output import fields
from pantau_agent.config import Camera
from pantau_agent.host import clock_may_be_right
from pantau_agent.identity.firmware import Identity
from pantau_agent.picture.decoder import Decoder
from pantau_agent.spool.dating import date_sample
from pantau_agent.streams import url as rtsp_url
from pantau_agent.streams.safeguards import Remembered
from pantau_agent.watching.watch import watch
from pantau_contract.messages import Sample
from pantau_contract.words import Words

PICTURE_INTERVAL_S = 5.0
"""Seconds between pictures: fewer than in the agent, for a technician who is aiming or cleaning the camera."""


def follow(
    camera: Camera, identity: Identity | None, say: Words, *, remembered: Remembered | None, as_json: bool
) -> Sample | None:
    """Show the camera until interrupted, and return its latest sample, or None if there was none."""
    closely = camera.model_copy(update={"mode": "watch", "picture_interval_s": PICTURE_INTERVAL_S})
    history = History()
    with suppress(KeyboardInterrupt):  # the normal end
        memory = CameraMemory(proof=remembered or Remembered())
        interruptible.run(_show(closely, history, identity, say, memory, as_json=as_json))
    return history.latest


async def _show(
    camera: Camera,
    history: History,
    identity: Identity | None,
    say: Words,
    memory: CameraMemory,
    *,
    as_json: bool,
) -> None:
    address = rtsp_url.redact(camera.url or "")
    name = address if camera.id == AD_HOC_ID else f"{camera.id}  {address}"
    console, clock = Console(), SystemClock()
    epoch = UtcEpoch(clock)
    live = Live(console=console, auto_refresh=False) if console.is_terminal and not as_json else None
    with live or nullcontext():
        async with Decoder(clock) as decoder:
            session = watch(camera, decoder, clock, memory=memory, clock_trusted=clock_may_be_right)
            async with aclosing(session) as observations:
                async for observation in observations:
                    sample = date_sample(observation.sample, epoch.now_ms())
                    new_second = history.record(sample)
                    if live is not None:
                        live.update(render(name, history, identity, say, width=console.width), refresh=True)
                    elif new_second or observation.changed:
                        output = {"time": sample.time, **fields(sample, identity, say)}
                        typer.echo(json.dumps(output, ensure_ascii=False) if as_json else render_line(sample, say))
                        sys.stdout.flush()
