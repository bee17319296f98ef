"""The messages, as they go over the wire in JSON.

Times are UTC epoch milliseconds. Unknown fields are ignored, so that an older collector understands a newer agent.
Units stand in the names: `_ms`, `_s`, `_pct` (0 to 100), `_kbps` (1000 bit/s), `_mb` (10^6 bytes), `_c` (Celsius).
"""

from typing import Annotated

from msgspec import Meta, Struct

from pantau_contract.states import Cause, State

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}(?![\s\S])")]
"""What `topics.SLUG` says, with an end that lets no line break through (`$` would)."""
Time = Annotated[int, Meta(ge=0, lt=1 << 53)]
"""UTC, milliseconds since 1970."""
Count = Annotated[int, Meta(ge=0, lt=1 << 53)]
ShortText = Annotated[str, Meta(max_length=400)]


class CameraAbout(Struct, frozen=True, omit_defaults=True):
    """What an agent knows of a camera: by its configuration, and what the camera says it is, once it was asked.

    `firmware_note` warns of the firmware: `faulty` or `vulnerable`, why, and who says so; empty where nothing is
    known against it.
    """

    id: Slug
    name: ShortText = ""
    vendor: ShortText = ""
    model: ShortText = ""
    firmware: ShortText = ""
    firmware_note: ShortText = ""


class Birth(Struct, frozen=True, omit_defaults=True, tag_field="status", tag="online"):
    """On `agent`, retained: the agent has connected.

    `session` counts the agent's connections, over restarts too, so that a will which overtakes a birth is known.
    """

    site: Slug
    boot: ShortText
    session: Count
    time: Time
    version: ShortText
    interval_s: Annotated[float, Meta(gt=0, le=3600)]
    name: ShortText = ""
    cameras: tuple[CameraAbout, ...] = ()


class Death(Struct, frozen=True, omit_defaults=True, tag_field="status", tag="offline"):
    """On `agent`, retained: the broker's word (the will), or the agent's own (`clean`), of a session's end."""

    site: Slug
    boot: ShortText
    session: Count
    clean: bool = False


class Host(Struct, frozen=True, omit_defaults=True):
    """The agent's machine. What it cannot measure is absent."""

    cpu_pct: float | None = None
    load_1m: float | None = None
    memory_used_pct: float | None = None
    disk_used_pct: float | None = None
    disk_free_mb: float | None = None
    temperature_c: float | None = None
    throttled: bool | None = None
    undervoltage: bool | None = None
    uptime_s: float | None = None
    agent_memory_mb: float | None = None
    spool_batches: Count | None = None
    spool_mb: float | None = None


class Sample(Struct, frozen=True, omit_defaults=True):
    """What one look, or one reporting interval of watching, said of one camera.

    `state` has held since `since`. `detail` is the evidence in a few words, without secrets. `evidence` holds the
    picture faults' values in [0, 1] by cause.
    """

    camera: Slug
    time: Time
    state: State
    since: Time
    cause: Cause | None = None
    detail: ShortText = ""
    codec: ShortText | None = None
    width: Count | None = None
    height: Count | None = None
    fps: float | None = None
    bitrate_kbps: float | None = None
    keyframe_interval_s: float | None = None
    rtp_loss_pct: float | None = None
    jitter_ms: float | None = None
    connect_ms: float | None = None
    first_packet_ms: float | None = None
    first_keyframe_ms: float | None = None
    clock_offset_s: float | None = None
    transport: ShortText | None = None
    evidence: dict[str, float] | None = None


class Drop(Struct, frozen=True):
    """What an agent's spool gave up: so many batches, of times from `first` to `last` by its own clock."""

    batches: Count
    first: Time
    last: Time


class Telemetry(Struct, frozen=True, omit_defaults=True):
    """On `telemetry`: one batch a reporting interval. `(site, boot, seq)` makes it unique.

    A camera has one sample at the end of the interval, and one more for each change of state within it.
    `monotonic_ms` is the agent's monotonic clock at `time`, so that times taken before the clock was set can be
    corrected. `dropped` counts batches that the spool had to drop since the boot;
    `drop` tells of those that no batch before has told of.
    """

    site: Slug
    boot: ShortText
    seq: Count
    time: Time
    monotonic_ms: Count
    clock_synchronised: bool | None
    interval_s: Annotated[float, Meta(gt=0, le=3600)]
    samples: tuple[Sample, ...]
    host: Host | None = None
    dropped: Count = 0
    drop: Drop | None = None


class CameraState(Struct, frozen=True, omit_defaults=True):
    """On `camera/{camera}/state`, retained: sent on each change, and anew on each connection."""

    site: Slug
    camera: Slug
    boot: ShortText
    seq: Count
    time: Time
    state: State
    since: Time
    cause: Cause | None = None
    detail: ShortText = ""


class Command(Struct, frozen=True, omit_defaults=True):
    """On `command`: all that can be asked of an agent from afar is `probe` or `snapshot`, now."""

    id: ShortText
    action: Annotated[str, Meta(pattern="^(probe|snapshot)$")]
    camera: Slug


class Reply(Struct, frozen=True, omit_defaults=True):
    """On `reply`: what came of a command. `error` is empty when it was done."""

    site: Slug
    id: ShortText
    camera: Slug
    time: Time
    error: ShortText = ""
    sample: Sample | None = None


Message = Birth | Death | Telemetry | CameraState | Command | Reply
