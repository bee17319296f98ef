"""First stage: what can be said of the site and of each camera now."""

from collections.abc import Set as AbstractSet

from pantau_collector.fleet import freshness
from pantau_collector.fleet.model import Camera
from pantau_collector.incidents.case import WHOLE_SITE, Moment, Reading, SiteCase, Verdict
from pantau_contract.states import Cause, State


class Read:
    """Unknown is never bad: while the agent is gone, its cameras are unknown, whatever was last told of them."""

    def __init__(self, *, silence_factor: float, states: AbstractSet[State]) -> None:
        self._silence_factor = silence_factor
        self._states = states

    def __call__(self, case: SiteCase, now: Moment) -> None:
        """Writes `readings`, and whether the site is online."""
        site = case.site
        fresh = freshness.judge(site, now.s, silence_factor=self._silence_factor)
        site.online = fresh.online
        case.wake(fresh.next_s)
        worked = any(camera.worked for camera in site.cameras.values())
        if fresh.online:
            whole = Reading(Verdict.GOOD, now.s, now.s, State.OK, "", worked, site.first_s)
        else:
            since_s = fresh.since_s
            whole = Reading(Verdict.BAD, since_s, since_s, State.UNKNOWN, Cause.AGENT_GONE, worked, site.first_s)
        readings = {WHOLE_SITE: whole}
        for camera in site.cameras.values():
            readings[camera.id] = self._camera(camera, online=fresh.online)
        case.readings = readings

    def _camera(self, camera: Camera, *, online: bool) -> Reading:
        if camera.state is State.DISABLED:
            verdict = Verdict.OFF
        elif not online or camera.state is State.UNKNOWN:
            verdict = Verdict.UNKNOWN
        else:
            verdict = Verdict.BAD if camera.state in self._states else Verdict.GOOD
        return Reading(
            verdict,
            camera.since_s,
            camera.told_s,
            camera.state,
            camera.cause or camera.state,
            camera.worked,
            camera.first_s,
        )
