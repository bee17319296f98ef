"""The messages that go over the wire as JSON.

Times are UTC epoch milliseconds. Unknown fields are ignored, so that an older collector understands a newer agent.
Names end in the unit: `_ms`, `_s`, `_pct` (0 to 100), `_kbps` (1000 bit/s), `_mb` (10^6 bytes), `_c` (Celsius).
"""

from typing import Annotated

from msgspec import Meta, Struct

from pantau_contract.states import Cause, State

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}(?![\s\S])")]
"""An id, by the rule of `topics.SLUG`. The pattern's end rejects a final line break, which `$` would accept."""

Time = Annotated[int, Meta(ge=0, lt=1 << 53)]
"""UTC epoch milliseconds."""

Count = Annotated[int, Meta(ge=0, lt=1 << 53)]
"""A number of things, below 2^53 so that programs with 64-bit floats read it exactly."""

ShortText = Annotated[str, Meta(max_length=400)]
"""A text of at most 400 characters, of which decoding makes one printable line."""

MAX_CAMERAS = 1024
"""Cameras of a site at most."""

MAX_MESSAGES_PER_S = 200
"""Messages a second, in the long run, beyond which a site floods the broker and is shut out."""

MAX_DEVICES = 1024
"""Devices in one batch at most."""

MAX_CERTIFICATES = 16
"""Certificates in one batch at most."""

MAX_SAMPLES = 16_384
"""Samples in one batch at most."""

MAX_EVIDENCE = 64
"""Keys of one `evidence` at most; about twice as many as there are causes, for agents that know more of them."""

EvidenceKey = Annotated[str, Meta(max_length=64)]
"""The name of a cause in `evidence`. Decoding leaves out those that this version does not know."""

MAX_RANGES = 64
"""Ranges of batches in one receipt at most."""

ActionName = Annotated[str, Meta(pattern="^[a-z_]{1,40}(?![\\s\\S])")]
"""What a command asks for. An agent answers one that it does not know with an error."""

MAX_ACTIONS = 32
"""Actions in one birth at most."""


class CameraAbout(Struct, frozen=True, omit_defaults=True):
    """What an agent knows about a camera, from its configuration and from what the camera reports of itself.

    `firmware_note` warns of the firmware: `faulty` or `vulnerable`, why, and the source; empty if there is none.
    """

    id: Slug
    name: ShortText = ""
    vendor: ShortText = ""
    model: ShortText = ""
    firmware: ShortText = ""
    firmware_note: ShortText = ""


class Start(Struct, frozen=True, omit_defaults=True):
    """A start of the agent: why, and what is known of the time before it.

    `reason` is `machine` (its machine has started), `upgrade` (it is another version than before), `watchdog` (it
    hung and was ended), `service` (anything else) or empty (unknown). `time` is when the agent started, and
    `machine_time` when its machine did; `machine_boot` is the kernel's id of that boot. `before` is the last sign
    of life of the agent that ran before, and `clean` whether that one ended in order; None if nothing is known.
    """

    time: Time
    reason: Annotated[str, Meta(max_length=40)] = ""
    machine_boot: ShortText = ""
    machine_time: Time | None = None
    before: Time | None = None
    clean: bool | None = None


class DeviceAnswer(Struct, frozen=True):
    """Whether a device of the site, such as a switch or the gateway, answers on the network.

    `since` is when that began, and `asked` when the device was asked last.
    """

    device: Slug
    answers: bool
    since: Time
    asked: Time


class CertificateEnd(Struct, frozen=True):
    """When a certificate ends: `broker` (the one that it shows), `client` (the agent's own), `authority`."""

    name: Annotated[str, Meta(max_length=40)]
    ends: Time


class Birth(Struct, frozen=True, omit_defaults=True, tag_field="status", tag="online"):
    """On `agent`, retained: the agent has connected.

    `session` counts the agent's connections, across restarts, so that a will that overtakes a birth is recognised.
    `start` is the latest start of the agent. `configuration` is a digest of the configuration that it runs,
    without secrets; empty from an agent that tells none. `actions` are the commands that it takes beyond `probe`
    and `snapshot`, which every agent takes.
    """

    site: Slug
    boot: ShortText
    session: Count
    time: Time
    version: ShortText
    interval_s: Annotated[float, Meta(gt=0, le=3600)]
    name: ShortText = ""
    cameras: Annotated[tuple[CameraAbout, ...], Meta(max_length=MAX_CAMERAS)] = ()
    start: Start | None = None
    configuration: ShortText = ""
    actions: Annotated[tuple[ActionName, ...], Meta(max_length=MAX_ACTIONS)] = ()


class Death(Struct, frozen=True, omit_defaults=True, tag_field="status", tag="offline"):
    """On `agent`, retained: the end of a session, sent by the broker (the will) or the agent itself (`clean`)."""

    site: Slug
    boot: ShortText
    session: Count
    clean: bool = False


class Host(Struct, frozen=True, omit_defaults=True):
    """The agent's machine. Figures that it cannot measure are absent.

    `starved_s` is the time since the last batch in which the agent was not running although it had work to do.
    """

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
    starved_s: float | None = None


class Sample(Struct, frozen=True, omit_defaults=True):
    """The result of one look at a camera, or of one reporting interval of watching it.

    `state` has lasted since `since`. `detail` is the evidence in a few words, without secrets. `evidence` maps
    picture faults to values in [0, 1]. `picture_unseen` is why no picture of the stream is judged, so that nothing
    is known of them; None while they are. `exact_cause` exists on the wire only (see `states.STAND_INS`).
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
    evidence: Annotated[dict[EvidenceKey, float], Meta(max_length=MAX_EVIDENCE)] | None = None
    picture_unseen: ShortText | None = None
    exact_cause: ShortText | None = None


class Drop(Struct, frozen=True):
    """Batches that an agent's spool discarded; `first` and `last` are their times by the agent's clock."""

    batches: Count
    first: Time
    last: Time


class Telemetry(Struct, frozen=True, omit_defaults=True):
    """On `telemetry`: one batch per reporting interval, identified by `(site, boot, seq)`.

    A camera has one sample at the end of the interval, and one more for each change of state within it.
    `monotonic_ms` is the agent's monotonic clock at `time`, so that times taken before the clock was set can be
    corrected. `dropped` counts the batches that the spool has dropped since the boot; `drop` describes those
    that no earlier batch has reported. `start` is in the first batch after each start of the agent. `devices` are
    those that the agent asks whether they answer, as far as it has asked them. `certificates` are those of the
    link to the broker; they are sent when one is new, and every ten minutes.
    """

    site: Slug
    boot: ShortText
    seq: Count
    time: Time
    monotonic_ms: Count
    clock_synchronised: bool | None
    interval_s: Annotated[float, Meta(gt=0, le=3600)]
    samples: Annotated[tuple[Sample, ...], Meta(max_length=MAX_SAMPLES)]
    host: Host | None = None
    dropped: Count = 0
    drop: Drop | None = None
    start: Start | None = None
    devices: Annotated[tuple[DeviceAnswer, ...], Meta(max_length=MAX_DEVICES)] = ()
    certificates: Annotated[tuple[CertificateEnd, ...], Meta(max_length=MAX_CERTIFICATES)] = ()


class CameraState(Struct, frozen=True, omit_defaults=True):
    """On `camera/{camera}/state`, retained: sent on each change, and again on each connection.

    `exact_cause` exists on the wire only (see `states.STAND_INS`).
    """

    site: Slug
    camera: Slug
    boot: ShortText
    seq: Count
    time: Time
    state: State
    since: Time
    cause: Cause | None = None
    detail: ShortText = ""
    exact_cause: ShortText | None = None


class Command(Struct, frozen=True, omit_defaults=True):
    """On `command`: asks the agent for something about one camera, now.

    `look`: look at the camera, and answer with what is seen and a fresh picture. `accept_view`: take what the
    camera shows now as its right view. Older agents know only `probe`, which is answered with the latest sample at
    once, and `snapshot`, after which a picture follows. Nothing else can be asked of an agent remotely.

    `time` is when it was asked. `connection` is the agent's connection that it is meant for, as
    `connection_name` of its birth; empty for any. A command that is old, or meant for an earlier connection, is
    answered with an error and not carried out.
    """

    id: ShortText
    action: ActionName
    camera: Slug
    time: Time | None = None
    connection: ShortText = ""


def connection_name(boot: str, session: int) -> str:
    """Return the name of an agent's connection, which no other connection of it has."""
    return f"{boot}/{session}"


class Reply(Struct, frozen=True, omit_defaults=True):
    """On `reply`: the result of a command.

    `error` is empty if it succeeded, otherwise evidence of why not. `picture` is the time of the fresh
    snapshot that follows, or None if there is none.
    """

    site: Slug
    id: ShortText
    camera: Slug
    time: Time
    error: ShortText = ""
    sample: Sample | None = None
    picture: Time | None = None


class BatchRange(Struct, frozen=True):
    """The batches of one boot from `first` to `last`, both included, by their `seq`."""

    boot: ShortText
    first: Count
    last: Count

    def __post_init__(self) -> None:
        """Check the order.

        Raises:
            ValueError: `last` comes before `first`.
        """
        if self.last < self.first:
            raise ValueError(f"the range ends at {self.last}, before it begins at {self.first}")


class Receipt(Struct, frozen=True):
    """On `ack`: these batches are on the collector's disk, so the agent may delete them."""

    site: Slug
    batches: Annotated[tuple[BatchRange, ...], Meta(max_length=MAX_RANGES)]


Message = Birth | Death | Telemetry | CameraState | Command | Reply | Receipt
