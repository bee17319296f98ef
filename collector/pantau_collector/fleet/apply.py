"""Messages onto the fleet, in whatever order they come.

MQTT orders within a topic only, and repeats what it is not sure of. So a death is compared with the present birth
by boot and session, a state with what is known by boot and sequence number, and a duplicate is no sign of life.
"""

from typing import NamedTuple

from pantau_collector.clock_correction import EARLIEST_MS, corrected_ms, correction_ms
from pantau_collector.fleet.model import Camera, Fleet, Hardware, Measures, Site
from pantau_contract.messages import Birth, CameraState, Death, Message, Sample, Telemetry
from pantau_contract.states import State

_MOST_BOOTS = 8
_LONGEST_CREDIT_S = 86_400.0
_NOTEWORTHY_S = 1.0
_AFTER_DEATH_S = 5.0
"""What still arrives so soon after a death was under way before it."""


def apply(fleet: Fleet, message: Message, received_ms: int, now_s: float, *, retained: bool = False) -> None:
    """Takes one message; `now_s` is the collector's attention.

    One that the broker `retained` says what was, and is no sign of life: its sender may be gone since.
    """
    heard = None if retained else _Heard(received_ms, now_s)
    match message:
        case Birth():
            _birth(fleet, message, heard, now_s)
        case Death():
            _death(fleet, message, now_s)
        case Telemetry():
            _telemetry(fleet, message, received_ms, heard, now_s)
        case CameraState():
            _camera_state(fleet, message, received_ms, heard, now_s)
        case _:
            pass


class _Heard(NamedTuple):
    """A sign of life: when it was received (UTC ms), and in our attention."""

    ms: int
    s: float


def _birth(fleet: Fleet, birth: Birth, heard: _Heard | None, now_s: float) -> None:
    site = fleet.site(birth.site, now_s)
    same_boot = birth.boot == site.boot
    if (same_boot and birth.session <= site.session) or birth.boot in site.past_boots:
        return
    _new_boot(site, birth.boot)
    site.session, site.dead = birth.session, False
    site.name, site.version, site.interval_s = birth.name, birth.version, birth.interval_s
    _hear(fleet, site, heard)
    fleet.changed(site)
    if not birth.cameras:
        return
    for about in birth.cameras:
        camera = fleet.camera(site, about.id, now_s)
        hardware = Hardware(about.vendor, about.model, about.firmware, about.firmware_note)
        if (camera.name, camera.hardware) != (about.name, hardware):
            camera.name, camera.hardware = about.name, hardware
            fleet.camera_changed(site, camera)
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
    fleet.changed(site)


def _telemetry(fleet: Fleet, batch: Telemetry, received_ms: int, heard: _Heard | None, now_s: float) -> None:
    site = fleet.site(batch.site, now_s)
    newest = site.sequences.newest(batch.boot)
    if not site.sequences.take(batch.boot, batch.seq):
        return
    present = _is_present(site, batch.boot, batch.time)
    _hear(fleet, site, heard)
    if not present or batch.seq < newest:
        return
    if not site.boot:
        _new_boot(site, batch.boot)
    _alive(fleet, site, heard)
    site.interval_s = batch.interval_s
    site.clock_synchronised = batch.clock_synchronised is not False
    shift_ms = _shift_ms(site, batch.time, received_ms)
    for sample in batch.samples:
        camera = fleet.camera(site, sample.camera, now_s)
        if _is_newer(camera, batch.boot, batch.seq, sample.time):
            time_ms = corrected_ms(sample.time, shift_ms, batch.time + shift_ms, received_ms)
            told = _Told(batch.boot, batch.seq, time_ms, shift_ms)
            _tell(fleet, site, camera, sample, told, now_s)
            camera.sample_ms = time_ms
            camera.measures = Measures(
                sample.codec, sample.width, sample.height, sample.fps, sample.bitrate_kbps, sample.rtp_loss_pct
            )


def _camera_state(fleet: Fleet, told: CameraState, received_ms: int, heard: _Heard | None, now_s: float) -> None:
    site = fleet.site(told.site, now_s)
    if not _is_present(site, told.boot, told.time):
        return
    camera = fleet.camera(site, told.camera, now_s)
    if not _is_newer(camera, told.boot, told.seq, told.time):
        return
    known = (camera.boot, camera.seq, camera.told_ms, camera.state, camera.cause)
    if (told.boot, told.seq, told.time, told.state, told.cause) == known:
        return  # kept by the broker, and given out anew when we connect
    _hear(fleet, site, heard)
    _alive(fleet, site, heard)
    shift_ms = _shift_ms(site, told.time, received_ms)
    how = _Told(told.boot, told.seq, told.time + shift_ms, shift_ms)
    _tell(fleet, site, camera, told, how, now_s)


class _Told(NamedTuple):
    """In which batch something is told, at which true time (UTC ms), and what makes a time of its clock true."""

    boot: str
    seq: int
    time_ms: int
    shift_ms: int


def _tell(fleet: Fleet, site: Site, camera: Camera, told: Sample | CameraState, how: _Told, now_s: float) -> None:
    since_ms = told.since + how.shift_ms
    possible = EARLIEST_MS <= since_ms <= how.time_ms
    # How long it has held is both ends of the agent's clock, so it holds where that clock is merely wrong.
    held_s = (told.time - told.since) / 1000 if site.clock_synchronised and possible else 0.0
    credit_s = max(0.0, min(held_s, _LONGEST_CREDIT_S))
    since_s = now_s - credit_s
    changed = (told.state, told.cause) != (camera.state, camera.cause)
    if changed:
        camera.told_s = now_s
    else:
        since_s = min(camera.since_s, since_s)
        changed = told.state is not State.OK and since_s < camera.since_s - _NOTEWORTHY_S
    camera.since_s = since_s
    camera.since_ms = since_ms if possible else how.time_ms
    camera.state, camera.cause, camera.detail = told.state, told.cause, told.detail
    camera.boot, camera.seq, camera.told_ms = how.boot, how.seq, told.time
    if told.state in (State.OK, State.DEGRADED) and not camera.worked:
        camera.worked = changed = True
    if changed:
        fleet.camera_changed(site, camera)


def _is_present(site: Site, boot: str, time_ms: int) -> bool:
    """Whether it is of the agent's present boot, and not of an earlier one whose backlog comes late.

    A boot never heard of may be one whose birth is still under way, or an old one: the time tells.
    """
    if not site.boot or boot == site.boot:
        return True
    return boot not in site.past_boots and time_ms >= site.heard_ms


def _is_newer(camera: Camera, boot: str, seq: int, time_ms: int) -> bool:
    """Whether it is told later than what is known of the camera.

    `seq` is a batch's number; a state has that of the batch which its sample will be in.
    """
    if boot == camera.boot:
        return (seq, time_ms) >= (camera.seq, camera.told_ms)
    return True


def _shift_ms(site: Site, time_ms: int, received_ms: int) -> int:
    if not site.clock_synchronised:
        return received_ms - time_ms
    return correction_ms(time_ms, received_ms)


def _new_boot(site: Site, boot: str) -> None:
    if site.boot and boot != site.boot:
        site.past_boots = [*site.past_boots, site.boot][-_MOST_BOOTS:]
    site.boot = boot


def _hear(fleet: Fleet, site: Site, heard: _Heard | None) -> None:
    if heard is not None:
        site.heard_ms, site.heard_s = heard
    fleet.heard(site)


def _alive(fleet: Fleet, site: Site, heard: _Heard | None) -> None:
    """It goes on telling of itself well after its death: the death was another's, or its birth was lost."""
    if heard is not None and site.dead and heard.s - site.dead_s > _AFTER_DEATH_S:
        site.dead = False
        fleet.changed(site)
