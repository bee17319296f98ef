"""Applies messages to the fleet, in whatever order they arrive.

MQTT keeps the order only within a topic, and repeats messages whose delivery is uncertain. So a death is compared
with the latest birth by boot and session, a state with the known one by boot and sequence number, and a duplicate
is not a sign of life.
"""

from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from pantau_collector.clock_correction import EARLIEST_MS, corrected_ms, correction_ms
from pantau_collector.fleet.absence import Absence
from pantau_collector.fleet.model import Camera, CameraMeasures, Fleet, Hardware, Site
from pantau_contract.messages import Birth, CameraState, Death, DeviceAnswer, Message, Sample, Start, Telemetry
from pantau_contract.states import State

_MAX_PAST_BOOTS = 8
"""Earlier boots of an agent that are remembered, so that their late messages are recognised."""
_MAX_CREDIT_S = 86_400.0
"""Seconds that a state may have lasted already, according to the agent, when the collector learns of it."""
_MIN_SHIFT_S = 1.0
"""Seconds by which a problem must have begun earlier than known for its incidents to be judged again."""
_IN_FLIGHT_S = 5.0
"""Seconds after a death during which its agent's messages are taken to have been under way before it."""


def apply(
    fleet: Fleet,
    message: Message,
    received_ms: int,
    now_s: float,
    *,
    retained: bool = False,
    undated: bool = False,
) -> None:
    """Apply one message; `now_s` is the collector's attention.

    The times of telemetry that is `undated` are not believed.

    A message that the broker `retained` describes the past and is not a sign of life: its sender may be gone
    since.
    """
    heard = None if retained else _SignOfLife(received_ms, now_s)
    match message:
        case Birth():
            _birth(fleet, message, heard, now_s)
        case Death():
            _death(fleet, message, now_s)
        case Telemetry():
            _telemetry(fleet, message, received_ms, heard, now_s, undated=undated)
        case CameraState():
            _camera_state(fleet, message, received_ms, heard, now_s)
        case _:
            pass


class _SignOfLife(NamedTuple):
    """When a sign of life was received: UTC ms, and in seconds of attention."""

    ms: int
    s: float


def _birth(fleet: Fleet, birth: Birth, heard: _SignOfLife | None, now_s: float) -> None:
    site = fleet.site(birth.site, now_s)
    same_boot = birth.boot == site.boot
    if (same_boot and birth.session <= site.session) or birth.boot in site.past_boots:
        return
    _record_sign_of_life(fleet, site, heard)
    _new_boot(site, birth.boot)
    site.session, site.dead = birth.session, False
    site.name, site.version, site.interval_s = birth.name, birth.version, birth.interval_s
    site.configuration, site.start, site.actions = birth.configuration, birth.start, birth.actions
    fleet.mark_changed(site)
    if not birth.cameras:
        return
    for about in birth.cameras:
        camera = fleet.camera(site, about.id, now_s)
        hardware = Hardware(about.vendor, about.model, about.firmware, about.firmware_note)
        if (camera.name, camera.hardware) != (about.name, hardware):
            camera.name, camera.hardware = about.name, hardware
            fleet.mark_camera_changed(site, camera)
    for gone in site.cameras.keys() - {about.id for about in birth.cameras}:
        fleet.remove(site, gone)


def _death(fleet: Fleet, death: Death, now_s: float) -> None:
    site = fleet.sites.get(death.site)
    if site is None or death.boot in site.past_boots or death.session < site.session:
        return
    if site.dead and (death.boot, death.session) == (site.boot, site.session):
        return
    _new_boot(site, death.boot)
    site.session = death.session
    site.dead, site.dead_s = True, now_s
    fleet.mark_changed(site)


def _telemetry(
    fleet: Fleet,
    batch: Telemetry,
    received_ms: int,
    heard: _SignOfLife | None,
    now_s: float,
    *,
    undated: bool,
) -> None:
    site = fleet.site(batch.site, now_s)
    newest = site.sequences.newest(batch.boot)
    if not site.sequences.add(batch.boot, batch.seq):
        return
    present = _is_present(site, batch.boot, batch.time)
    _record_sign_of_life(fleet, site, heard)
    if present and batch.start is not None:
        shift_ms = received_ms - batch.time if undated else correction_ms(batch.time, received_ms)
        _start(fleet, site, batch.start, shift_ms)
    if not present or batch.seq < newest:
        return
    if not site.boot:
        _new_boot(site, batch.boot)
    _revive(fleet, site, heard)
    site.interval_s = batch.interval_s
    site.clock_synchronised = batch.clock_synchronised is not False
    clock_correction_ms = (
        received_ms - batch.time if undated else _clock_correction_ms(site, batch.time, received_ms)
    )
    _devices(fleet, site, batch.devices, clock_correction_ms)
    if batch.certificates:
        site.certificates = {each.name: each.ends for each in batch.certificates}
    for sample in batch.samples:
        camera = fleet.camera(site, sample.camera, now_s)
        if _is_newer(camera, batch.boot, batch.seq, sample.time):
            time_ms = corrected_ms(sample.time, clock_correction_ms, batch.time + clock_correction_ms, received_ms)
            origin = _Origin(batch.boot, batch.seq, time_ms, clock_correction_ms)
            _update_camera(fleet, site, camera, sample, origin, now_s)
            camera.sample_ms = time_ms
            camera.measures = CameraMeasures(
                sample.codec,
                sample.width,
                sample.height,
                sample.fps,
                sample.bitrate_kbps,
                sample.rtp_loss_pct,
                sample.picture_unseen,
            )


def _camera_state(
    fleet: Fleet, message: CameraState, received_ms: int, heard: _SignOfLife | None, now_s: float
) -> None:
    site = fleet.site(message.site, now_s)
    if not _is_present(site, message.boot, message.time):
        return
    camera = fleet.camera(site, message.camera, now_s)
    if not _is_newer(camera, message.boot, message.seq, message.time):
        return
    known = (camera.boot, camera.seq, camera.reported_ms, camera.state, camera.cause)
    if (message.boot, message.seq, message.time, message.state, message.cause) == known:
        return  # retained by the broker, and sent again when the collector connects
    _record_sign_of_life(fleet, site, heard)
    _revive(fleet, site, heard)
    clock_correction_ms = _clock_correction_ms(site, message.time, received_ms)
    origin = _Origin(message.boot, message.seq, message.time + clock_correction_ms, clock_correction_ms)
    _update_camera(fleet, site, camera, message, origin, now_s)


class _Origin(NamedTuple):
    """The batch that a report belongs to, its true time (UTC ms), and the correction of the agent's clock."""

    boot: str
    seq: int
    time_ms: int
    clock_correction_ms: int


def _update_camera(
    fleet: Fleet, site: Site, camera: Camera, report: Sample | CameraState, origin: _Origin, now_s: float
) -> None:
    since_ms = report.since + origin.clock_correction_ms
    possible = EARLIEST_MS <= since_ms <= origin.time_ms
    # Both ends of this span are by the agent's clock, so it is right even if that clock is wrong.
    held_s = (report.time - report.since) / 1000 if site.clock_synchronised and possible else 0.0
    credit_s = max(0.0, min(held_s, _MAX_CREDIT_S))
    since_s = now_s - credit_s
    changed = (report.state, report.cause) != (camera.state, camera.cause)
    if changed:
        camera.reported_s = now_s
    else:
        since_s = min(camera.since_s, since_s)
        changed = report.state is not State.OK and since_s < camera.since_s - _MIN_SHIFT_S
    camera.since_s = since_s
    camera.since_ms = since_ms if possible else origin.time_ms
    camera.state, camera.cause, camera.detail = report.state, report.cause, report.detail
    camera.boot, camera.seq, camera.reported_ms = origin.boot, origin.seq, report.time
    if report.state in (State.OK, State.DEGRADED) and not camera.worked:
        camera.worked = changed = True
    if changed:
        fleet.mark_camera_changed(site, camera)


def _is_present(site: Site, boot: str, time_ms: int) -> bool:
    """Return True if a message is from the agent's present boot, not from the late backlog of an earlier one.

    A boot that was never heard of may be a new one whose birth is still under way, or an old one; the time
    decides.
    """
    if not site.boot or boot == site.boot:
        return True
    return boot not in site.past_boots and time_ms >= site.heard_ms


def _is_newer(camera: Camera, boot: str, seq: int, time_ms: int) -> bool:
    """Return True if a report is newer than what is known of the camera.

    `seq` is the number of a batch; a state has the number of the batch that its sample will be in.
    """
    if boot == camera.boot:
        return (seq, time_ms) >= (camera.seq, camera.reported_ms)
    return True


def _clock_correction_ms(site: Site, time_ms: int, received_ms: int) -> int:
    if not site.clock_synchronised:
        return received_ms - time_ms
    return correction_ms(time_ms, received_ms)


def _new_boot(site: Site, boot: str) -> None:
    if site.boot and boot != site.boot:
        site.past_boots = [*site.past_boots, site.boot][-_MAX_PAST_BOOTS:]
    site.boot = boot


def _start(fleet: Fleet, site: Site, start: Start, shift_ms: int) -> None:
    machine_ms = None if start.machine_time is None else start.machine_time + shift_ms
    dated = replace(start, time=start.time + shift_ms, machine_time=machine_ms)
    if site.start is None or site.start.time < dated.time:
        site.start = dated
        fleet.mark_changed(site)


def _devices(fleet: Fleet, site: Site, answers: Iterable[DeviceAnswer], shift_ms: int) -> None:
    devices = {
        answer.device: replace(answer, since=answer.since + shift_ms, asked=answer.asked + shift_ms)
        for answer in answers
    }
    if devices != site.devices:
        site.devices = devices
        fleet.mark_changed(site)


def _record_sign_of_life(fleet: Fleet, site: Site, heard: _SignOfLife | None) -> None:
    if heard is not None:
        if not site.online:
            site.absence, site.online = Absence(site.heard_ms, heard.ms, site.boot), True
        site.heard_ms, site.heard_s = heard
    fleet.mark_heard(site)


def _revive(fleet: Fleet, site: Site, heard: _SignOfLife | None) -> None:
    """Revive a site that reports long after its death: that was another session's, or the birth was lost."""
    if heard is not None and site.dead and heard.s - site.dead_s > _IN_FLIGHT_S:
        site.dead = False
        fleet.mark_changed(site)
