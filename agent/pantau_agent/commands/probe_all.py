"""`probe --all`: every camera of the configuration, as a table or JSON."""

import json
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import replace

from rich.console import Group
from rich.table import Table
from rich.text import Text

from pantau_agent.assessment.observation import Observation
from pantau_agent.clock import SystemClock
from pantau_agent.commands import interruptible
from pantau_agent.commands.probe_output import COLOURS, fields, firmware_text, number, printed
from pantau_agent.commands.progress import counting
from pantau_agent.config import AgentConfig, Camera
from pantau_agent.host import clock_may_be_right
from pantau_agent.identity.identities import saved_identities
from pantau_agent.picture.decoder import Decoder
from pantau_agent.watching.inspection import Inspected, inspect
from pantau_contract.messages import Sample
from pantau_contract.states import State
from pantau_contract.words import Words

_GRAVEST_FIRST = (State.DOWN, State.UNKNOWN, State.IMPAIRED, State.DEGRADED, State.OK, State.DISABLED)


def look(config: AgentConfig, seconds: float, say: Words, *, ask: bool) -> list[Inspected]:
    """Looks at each that is not disabled; gravest first. What the agent knows of a camera stands in for asking."""
    known = saved_identities(config.spool.path)
    clock = SystemClock()

    async def look_at_all() -> list[Inspected]:
        seen = [Inspected(camera, _disabled(camera)) for camera in config.camera if not camera.enabled]
        to_see = [camera for camera in config.camera if camera.enabled]
        with counting() as progress:
            looking = progress.add_task(say("probe.looking_at_all"), total=len(to_see))
            async with Decoder(clock) as decoder:
                trusted = clock_may_be_right()
                looks = inspect(to_see, decoder, clock, seconds=seconds, ask=ask, clock_trusted=trusted)
                async with aclosing(looks):
                    async for one in looks:
                        seen.append(replace(one, identity=one.identity or known.get(one.camera.id)))
                        progress.advance(looking)
        return sorted(seen, key=lambda one: (_GRAVEST_FIRST.index(_state(one)), one.camera.id))

    return interruptible.run(look_at_all())


def states(seen: Iterable[Inspected]) -> list[State]:
    """Those of the cameras that are not disabled."""
    return [state for state in map(_state, seen) if state is not State.DISABLED]


def json_text(seen: Iterable[Inspected], say: Words) -> str:
    """A list with an object for each camera, as of a single one, and its id."""
    return json.dumps([_plain(one, say) for one in seen], indent=2, ensure_ascii=False) + "\n"


def table(seen: Sequence[Inspected], say: Words) -> str:
    """A line for each camera, and below what to do."""
    made = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("camera", "state", "meaning", "stream", "fps", "bitrate", "loss"):
        right = name in {"fps", "bitrate", "loss"}
        made.add_column(say(f"probe.column.{name}"), justify="right" if right else "left", no_wrap=right)
    remedies = Text()
    for one in seen:
        sample = one.observation.sample if one.observation is not None else None
        made.add_row(*_row(one, sample, say))
        if sample is not None and sample.cause is not None:
            remedies.append(f"\n{one.camera.id}: ", style="bold")
            why = f" ({say.evidence(sample.detail)})" if sample.detail else ""
            remedies.append(f"{say.remedy(sample.cause)}{why}")
        warned = firmware_text(one.identity, say)
        if warned is not None and "\n" in warned.plain:
            remedies.append(f"\n{one.camera.id}: ", style="bold")
            remedies.append(warned.plain.replace("\n", ": "))
    return printed(Group(made, remedies) if remedies else made)


def _row(one: Inspected, sample: Sample | None, say: Words) -> list[Text]:
    state = _state(one)
    cells = [Text(one.camera.id), Text(say.state(state), style=COLOURS.get(state, "bold"))]
    if sample is None:
        return [*cells, Text(say.evidence(one.failed))]
    size = f"{sample.width}x{sample.height}" if sample.width and sample.height else ""
    figures = (
        say.meaning(sample.cause) if sample.cause is not None else None,
        " ".join(part for part in (sample.codec, size) if part),
        number(sample.fps, "{:.1f}"),
        number(sample.bitrate_kbps, "{:.0f}"),
        number(sample.rtp_loss_pct, "{:.2f}"),
    )
    return [*cells, *(Text(figure or "") for figure in figures)]


def _plain(one: Inspected, say: Words) -> dict[str, object]:
    sample = one.observation.sample if one.observation is not None else _nothing(one.camera, one.failed)
    return {"camera": one.camera.id, **fields(sample, one.identity, say)}


def _state(one: Inspected) -> State:
    return one.observation.sample.state if one.observation is not None else State.UNKNOWN


def _nothing(camera: Camera, why: str) -> Sample:
    now_ms = SystemClock.time_ms()
    return Sample(camera.id, now_ms, State.UNKNOWN, now_ms, detail=why[:400])


def _disabled(camera: Camera) -> Observation:
    now_ms = SystemClock.time_ms()
    return Observation(Sample(camera.id, now_ms, State.DISABLED, now_ms))
