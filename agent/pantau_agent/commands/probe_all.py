"""`probe --all`: inspects every configured camera, and prints a table or JSON."""

import json
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pantau_agent.assessment import camera_memory
from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import SystemClock
from pantau_agent.commands import interruptible
from pantau_agent.commands.probe_output import COLOURS, fields, firmware_text, formatted, rendered
from pantau_agent.commands.progress import progress_bar
from pantau_agent.config import AgentConfig, Camera
from pantau_agent.host import clock_may_be_right
from pantau_agent.identity.identities import saved_identities
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.inspection import Inspected, inspect
from pantau_contract.messages import Sample
from pantau_contract.states import State
from pantau_contract.words import Words

_GRAVEST_FIRST = (State.DOWN, State.UNKNOWN, State.IMPAIRED, State.DEGRADED, State.OK, State.DISABLED)
"""States in order of gravity, the worst first."""


def inspect_all(config: AgentConfig, seconds: float, say: Words, *, ask: bool) -> list[Inspected]:
    """Inspect each enabled camera and return the results, the gravest first.

    Identities that the agent already knows are used where the camera was not asked.
    """
    known = saved_identities(config.spool.path)
    remembered = camera_memory.remembered(config.spool.path.with_name(camera_memory.FILE), config.camera)
    clock = SystemClock()

    async def inspect_cameras() -> list[Inspected]:
        inspections = [
            Inspected(camera, _disabled_observation(camera)) for camera in config.camera if not camera.enabled
        ]
        enabled = [camera for camera in config.camera if camera.enabled]
        with progress_bar() as progress:
            looking = progress.add_task(say("probe.looking_at_all"), total=len(enabled))
            async with Decoder(clock) as decoder:
                trusted = clock_may_be_right()
                results = inspect(
                    *(enabled, decoder, clock),
                    seconds=seconds,
                    ask=ask,
                    clock_trusted=trusted,
                    remembered=remembered,
                )
                async with aclosing(results):
                    async for inspected in results:
                        inspections.append(
                            replace(inspected, identity=inspected.identity or known.get(inspected.camera.id))
                        )
                        progress.advance(looking)
        return sorted(
            inspections, key=lambda inspected: (_GRAVEST_FIRST.index(_state(inspected)), inspected.camera.id)
        )

    return interruptible.run(inspect_cameras())


def states(inspections: Iterable[Inspected]) -> list[State]:
    """Return the states of the cameras that are not disabled."""
    return [state for state in map(_state, inspections) if state is not State.DISABLED]


def json_text(inspections: Iterable[Inspected], say: Words) -> str:
    """Return a JSON list with the object of each camera, and its id."""
    return json.dumps([_plain(inspected, say) for inspected in inspections], indent=2, ensure_ascii=False) + "\n"


def table(inspections: Sequence[Inspected], say: Words) -> str:
    """Return a table with a line per camera, followed by the remedies."""
    grid = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("camera", "state", "meaning", "stream", "fps", "bitrate", "loss"):
        right = name in {"fps", "bitrate", "loss"}
        grid.add_column(say(f"probe.column.{name}"), justify="right" if right else "left", no_wrap=right)
    remedies = Text()
    for inspected in inspections:
        sample = inspected.observation.sample if inspected.observation is not None else None
        grid.add_row(*_row(inspected, sample, say))
        if sample is not None and sample.cause is not None:
            remedies.append(f"\n{inspected.camera.id}: ", style="bold")
            why = f" ({say.evidence(sample.detail)})" if sample.detail else ""
            remedies.append(f"{say.remedy(sample.cause)}{why}")
        warned = firmware_text(inspected.identity, say)
        if warned is not None and "\n" in warned.plain:
            remedies.append(f"\n{inspected.camera.id}: ", style="bold")
            remedies.append(warned.plain.replace("\n", ": "))
    return rendered(Group(grid, remedies) if remedies else grid)


def _row(inspected: Inspected, sample: Sample | None, say: Words) -> list[Text]:
    state = _state(inspected)
    cells = [Text(inspected.camera.id), Text(say.state(state), style=COLOURS.get(state, "bold"))]
    if sample is None:
        return [*cells, Text(say.evidence(inspected.failed))]
    size = f"{sample.width}x{sample.height}" if sample.width and sample.height else ""
    figures = (
        say.meaning(sample.cause) if sample.cause is not None else None,
        " ".join(part for part in (sample.codec, size) if part),
        formatted(sample.fps, "{:.1f}"),
        formatted(sample.bitrate_kbps, "{:.0f}"),
        formatted(sample.rtp_loss_pct, "{:.2f}"),
    )
    return [*cells, *(Text(figure or "") for figure in figures)]


def _plain(inspected: Inspected, say: Words) -> dict[str, object]:
    sample = (
        inspected.observation.sample
        if inspected.observation is not None
        else _unknown_sample(inspected.camera, inspected.failed)
    )
    return {"camera": inspected.camera.id, **fields(sample, inspected.identity, say)}


def _state(inspected: Inspected) -> State:
    return inspected.observation.sample.state if inspected.observation is not None else State.UNKNOWN


def _unknown_sample(camera: Camera, why: str) -> Sample:
    now_ms = SystemClock.time_ms()
    return Sample(camera.id, now_ms, State.UNKNOWN, now_ms, detail=why[:400])


def _disabled_observation(camera: Camera) -> Observation:
    now_ms = SystemClock.time_ms()
    return Observation(Sample(camera.id, now_ms, State.DISABLED, now_ms))
