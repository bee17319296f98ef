"""The series: every measurement, tag, field and unit in InfluxDB, and the conversion of messages to them.

The number of tag values is bounded by the number of cameras. A field's type never changes; to change it, add
another field.
"""

from collections.abc import Iterator

from pantau_collector.clock_correction import corrected_ms, correction_ms
from pantau_collector.journal import Record
from pantau_collector.ledger import Bucket
from pantau_collector.own_records import Figures, IncidentStep, is_own, read_record
from pantau_collector.sinks.line_protocol import Field, FieldType, Measurement
from pantau_contract import wire
from pantau_contract.messages import Birth, CameraState, Death, Host, Sample, Telemetry
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import parse_topic

STATE_CODES = {
    State.OK: 0,
    State.DEGRADED: 1,
    State.IMPAIRED: 2,
    State.DOWN: 3,
    State.UNKNOWN: 4,
    State.DISABLED: 5,
}
"""Values of `state_code`, for panels that colour or count by number; the first four are in order of severity."""

MAX_DROP_AGE_MS = 31 * 86_400_000
"""Milliseconds before its batch at which a drop is dated at most; its span says how long it lasted in truth."""

_PICTURE_CAUSES = tuple(cause for cause in Cause if STATE_OF[cause] is State.IMPAIRED)
_FLOAT, _INTEGER, _STRING = FieldType.FLOAT, FieldType.INTEGER, FieldType.STRING

CAMERA = Measurement(
    "camera",
    tags=("camera", "site"),
    fields=(
        Field("state", _STRING, "", "ok, degraded, impaired, down, unknown or disabled"),
        Field("state_code", _INTEGER, "", "the state as a number: 0 ok, 1 degraded, 2 impaired, 3 down, 4, 5"),
        Field("cause", _STRING, "", "why it is not ok; empty when it is"),
        Field("codec", _STRING, "", "h264, h265, mjpeg"),
        Field("transport", _STRING, "", "how the stream comes: tcp, tls, udp, multicast"),
        Field("width", _INTEGER, "pixel", "of the picture"),
        Field("height", _INTEGER, "pixel", "of the picture"),
        Field("fps", _FLOAT, "1/s", "pictures a second"),
        Field("bitrate_kbps", _FLOAT, "1000 bit/s", "of the stream"),
        Field("keyframe_interval_s", _FLOAT, "s", "from one keyframe to the next"),
        Field("rtp_loss_pct", _FLOAT, "%", "RTP packets that never came"),
        Field("jitter_ms", _FLOAT, "ms", "interarrival jitter (RFC 3550)"),
        Field("connect_ms", _FLOAT, "ms", "to the TCP connection"),
        Field("first_packet_ms", _FLOAT, "ms", "to the first packet of the stream"),
        Field("first_keyframe_ms", _FLOAT, "ms", "to the first keyframe"),
        Field("clock_offset_s", _FLOAT, "s", "the camera's clock less the agent's"),
        Field("picture_unseen", _STRING, "", "why none of its pictures is judged; absent while they are"),
        *(
            Field(f"evidence_{cause}", _FLOAT, "0..1", f"how {cause} the picture looks")
            for cause in _PICTURE_CAUSES
        ),
    ),
)

HOST = Measurement(
    "host",
    tags=("site",),
    fields=(
        Field("cpu_pct", _FLOAT, "%", "processor time in use"),
        Field("load_1m", _FLOAT, "", "load average of a minute"),
        Field("memory_used_pct", _FLOAT, "%", "memory in use"),
        Field("disk_used_pct", _FLOAT, "%", "disk in use"),
        Field("disk_free_mb", _FLOAT, "10^6 byte", "disk free"),
        Field("temperature_c", _FLOAT, "Celsius", "of the processor"),
        Field("throttled", _INTEGER, "0/1", "slowed down by heat or voltage"),
        Field("undervoltage", _INTEGER, "0/1", "the power supply is too weak"),
        Field("uptime_s", _FLOAT, "s", "since the machine started"),
        Field("agent_memory_mb", _FLOAT, "10^6 byte", "resident memory of the agent"),
        Field("spool_batches", _INTEGER, "", "batches that wait on the agent's disk"),
        Field("spool_mb", _FLOAT, "10^6 byte", "their size"),
        Field("starved_s", _FLOAT, "s", "in which the agent did not get to run since the last batch"),
    ),
)

AGENT = Measurement(
    "agent",
    tags=("site",),
    fields=(
        Field("online", _INTEGER, "0/1", "connected to the broker; written when that changes"),
        Field("session", _INTEGER, "", "count of the agent's connections"),
        Field("version", _STRING, "", "of the agent"),
        Field("seq", _INTEGER, "", "number of the batch since the agent's start"),
        Field("samples", _INTEGER, "", "camera samples in the batch"),
        Field("dropped", _INTEGER, "", "batches the spool had to drop since the agent's start"),
        Field("clock_synchronised", _INTEGER, "0/1", "the agent's clock is set"),
        Field("delay_s", _FLOAT, "s", "from the batch's time to its arrival; large while a backlog drains"),
        Field("dropped_batches", _INTEGER, "", "how many the spool dropped from this point's time on"),
        Field("dropped_span_s", _FLOAT, "s", "from the first of those batches to the last"),
        Field("certificate_days", _FLOAT, "d", "until the first certificate of its link to the broker ends"),
    ),
)

INCIDENT = Measurement(
    "incident",
    tags=("camera", "device", "kind", "site", "uplink"),
    fields=(
        Field("id", _INTEGER, "", "number of the incident; its steps have the same"),
        Field(
            "cause",
            _STRING,
            "",
            "a camera's, `agent_gone`, `power_lost`, `link_lost`, `site_dark`, `device_down`, `uplink_down`, "
            "`unlisted_cameras`",
        ),
        Field("cameras", _INTEGER, "", "how many it takes down"),
        Field("open", _INTEGER, "0/1", "the outage goes on after this step"),
        Field("lasted_s", _FLOAT, "s", "from its beginning, by the agent's word, to this step"),
    ),
)

COLLECTOR = Measurement(
    "collector",
    tags=("collector",),
    fields=(
        Field("messages", _INTEGER, "", "from the broker, since the collector's start"),
        Field("samples", _INTEGER, "", "camera samples written to the journal, since its start"),
        Field("duplicates", _INTEGER, "", "batches that came again, since its start"),
        Field("dead_letters", _INTEGER, "", "messages that broke the contract, since its start"),
        Field("waiting", _INTEGER, "", "messages that arrived and are not yet on disk"),
        Field("journal_mb", _FLOAT, "10^6 byte", "the journal on disk"),
        Field("sink_behind_mb", _FLOAT, "10^6 byte", "journal that InfluxDB does not have yet"),
        Field("sink_lines", _INTEGER, "", "lines that InfluxDB took, since its start"),
        Field("sink_dead_lines", _INTEGER, "", "lines refused for ever, since its start"),
        Field("sink_retries", _INTEGER, "", "writes tried again, since its start"),
        Field("sites", _INTEGER, "", "sites known"),
        Field("sites_online", _INTEGER, "", "sites heard"),
        Field("cameras", _INTEGER, "", "cameras known"),
        Field("batches_missing", _INTEGER, "", "batches that never came, of all sites"),
        Field("incidents_open", _INTEGER, "", "open incidents"),
        Field("notices_pending", _INTEGER, "", "notices not delivered yet"),
        Field("troubles", _INTEGER, "", "what is wrong with the collector; 0 is all well"),
        Field("memory_mb", _FLOAT, "10^6 byte", "resident memory of the collector"),
        Field("attentive", _INTEGER, "0/1", "it listens, and its grace after a break is over"),
        Field("attention_breaks", _INTEGER, "", "stalls and lost brokers that opened no outage, since its start"),
        Field("clock_steps", _INTEGER, "", "how often its clock was stepped by more than 2 s, since its start"),
        Field("attentive_since_ms", _INTEGER, "UTC ms", "since when it has listened without a break"),
        Field("certificate_days", _FLOAT, "d", "until the first certificate of its link to the broker ends"),
    ),
)

CAMERA_DAY = Measurement(
    "camera_day",
    tags=("camera", "site"),
    fields=(
        *(
            Field(f"{bucket}_ms", _INTEGER, "ms", f"of the day in the ledger's bucket `{bucket}`")
            for bucket in Bucket
        ),
        Field("service_ms", _INTEGER, "ms", "of the day in service: all but `out_of_service`"),
        Field("judged_ms", _INTEGER, "ms", "of that, what rates are parts of (docs/availability.md)"),
        Field("online_ms", _INTEGER, "ms", "of that, in which the camera streamed"),
        Field("intact_ms", _INTEGER, "ms", "of that, in which it streamed a true picture"),
        Field("measured_ms", _INTEGER, "ms", "of the time in service, in which an agent measured the camera"),
        Field("owner", _STRING, "", "whose the camera is, by the present inventory; `-` for nobody's"),
        Field("maintainer", _STRING, "", "who mends it"),
        Field("project", _STRING, "", "of the city, that it looks at"),
    ),
)
"""A point at the beginning of each day, written and corrected by `day_writer`."""

LISTING = Measurement(
    "listing",
    tags=("camera", "maintainer", "owner", "project", "site"),
    fields=(
        Field("state", _STRING, "", "as the collector knows it: `unknown` while the site's agent is gone"),
        Field("state_code", _INTEGER, "", "the state as a number"),
        Field("cause", _STRING, "", "why it is not ok; empty when it is"),
        Field("since_ms", _INTEGER, "UTC ms", "when that began"),
        Field("name", _STRING, "", "what people call the camera"),
        Field("heard", _INTEGER, "0/1", "the site's agent is heard"),
        Field("rtp_loss_pct", _FLOAT, "%", "RTP packets that never came, when it was last measured"),
    ),
)
"""A point a camera and minute, by `listing_writer`: the only one that knows to whom a camera belongs."""

MEASUREMENTS = (CAMERA, HOST, AGENT, INCIDENT, COLLECTOR, CAMERA_DAY, LISTING)
"""Every measurement."""

_NO_EVIDENCE = (None,) * len(_PICTURE_CAUSES)
_NO_MEASURES = (None,) * (len(CAMERA.fields) - 3)


def lines(record: Record) -> list[str]:
    """Convert a journal record to lines, with times in milliseconds.

    Raises:
        ContractError: the record holds neither a message of the contract nor one of our own records.
    """
    if is_own(record):
        return _own_record(record)
    message = wire.decode(parse_topic(record.topic), record.payload)
    match message:
        case Telemetry():
            converted = _telemetry(message, record)
        case CameraState():
            converted = _camera_state(message, record)
        case Birth() | Death():
            converted = _agent(message, record)
        case _:
            return []
    return [line for line in converted if line is not None]


def _own_record(record: Record) -> list[str]:
    match read_record(record):
        case IncidentStep() as step:
            lasted_s = (step.time_ms - step.since_ms) / 1000
            values = (step.incident, step.cause, step.cameras, step.kind not in ("resolved", "merged"), lasted_s)
            tags = (step.camera or "", step.device or "", step.kind, step.site, step.uplink or "")
            line = INCIDENT.line(tags, values, step.time_ms)
        case Figures() as figures:
            numbers = [getattr(figures, field.name) for field in COLLECTOR.fields]
            line = COLLECTOR.line((figures.name,), numbers, record.received_ms)
    return [line] if line else []


def _telemetry(batch: Telemetry, record: Record) -> Iterator[str | None]:
    received_ms = record.received_ms
    correction = received_ms - batch.time if record.undated else correction_ms(batch.time, received_ms)
    time_ms = batch.time + correction
    for sample in batch.samples:
        sample_ms = corrected_ms(sample.time, correction, time_ms, received_ms)
        yield CAMERA.line((sample.camera, batch.site), (*_state(sample), *_measures(sample)), sample_ms)
    if batch.host is not None:
        yield HOST.line((batch.site,), _host(batch.host), time_ms)
    counts = (batch.seq, len(batch.samples), batch.dropped, batch.clock_synchronised)
    delay_s = (received_ms - time_ms) / 1000
    first_end_ms = min((each.ends for each in batch.certificates), default=None)
    days = None if first_end_ms is None else round((first_end_ms - time_ms) / 86_400_000, 2)
    yield AGENT.line((batch.site,), (None, None, None, *counts, delay_s, None, None, days), time_ms)
    if (drop := batch.drop) is not None:
        first_ms = time_ms if correction_ms(drop.first, received_ms) else drop.first
        first_ms = max(first_ms, time_ms - MAX_DROP_AGE_MS)
        lost = (drop.batches, max(0, drop.last - drop.first) / 1000)
        yield AGENT.line((batch.site,), (*(None,) * 8, *lost, None), first_ms)


def _camera_state(message: CameraState, record: Record) -> Iterator[str | None]:
    if record.undated and record.retained:  # what was true long ago, and whether it still is nobody knows
        return
    time_ms = _believed_ms(message.time, record)
    yield CAMERA.line((message.camera, message.site), (*_state(message), *_NO_MEASURES), time_ms)


def _agent(message: Birth | Death, record: Record) -> Iterator[str | None]:
    nothing = (None,) * 8
    if isinstance(message, Birth):
        if record.undated and record.retained:
            return
        time_ms = _believed_ms(message.time, record)
        yield AGENT.line((message.site,), (1, message.session, message.version, *nothing), time_ms)
    elif not record.retained:  # a death message has no time of its own, and a retained one may be days old
        yield AGENT.line((message.site,), (0, message.session, None, *nothing), record.received_ms)


def _believed_ms(time_ms: int, record: Record) -> int:
    """Return a message's own time, or that of its arrival if its own is not believed."""
    return record.received_ms if record.undated else time_ms + correction_ms(time_ms, record.received_ms)


def _state(about: Sample | CameraState) -> tuple[str, int, str]:
    return about.state.value, STATE_CODES[about.state], about.cause.value if about.cause else ""


def _measures(sample: Sample) -> tuple[float | int | str | None, ...]:
    evidence = sample.evidence
    return (
        sample.codec,
        sample.transport,
        sample.width,
        sample.height,
        sample.fps,
        sample.bitrate_kbps,
        sample.keyframe_interval_s,
        sample.rtp_loss_pct,
        sample.jitter_ms,
        sample.connect_ms,
        sample.first_packet_ms,
        sample.first_keyframe_ms,
        sample.clock_offset_s,
        sample.picture_unseen,
        *(map(evidence.get, _PICTURE_CAUSES) if evidence else _NO_EVIDENCE),
    )


def _host(host: Host) -> tuple[float | int | None, ...]:
    return (
        host.cpu_pct,
        host.load_1m,
        host.memory_used_pct,
        host.disk_used_pct,
        host.disk_free_mb,
        host.temperature_c,
        host.throttled,
        host.undervoltage,
        host.uptime_s,
        host.agent_memory_mb,
        host.spool_batches,
        host.spool_mb,
        host.starved_s,
    )
