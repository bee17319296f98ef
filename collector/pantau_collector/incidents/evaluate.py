"""First stage: evaluates the condition of the site and of each of its cameras."""

from collections.abc import Set as AbstractSet

from pantau_collector.fleet import freshness
from pantau_collector.fleet.model import Camera
from pantau_collector.incidents.case import SiteCase
from pantau_collector.incidents.evaluation import Condition, Evaluation
from pantau_collector.incidents.moment import Moment
from pantau_collector.incidents.subjects import WHOLE_SITE
from pantau_contract.states import Cause, State


class Evaluate:
    """Writes the case's `evaluations`.

    Unknown is never a failure: while the agent is gone, its cameras are unknown, whatever their last state was.
    """

    def __init__(self, *, silence_factor: float, states: AbstractSet[State]) -> None:
        self._silence_factor = silence_factor
        self._states = states

    def __call__(self, case: SiteCase, now: Moment) -> None:
        """Write `evaluations`, and whether the site is online."""
        site = case.site
        fresh = freshness.judge(site, now.s, silence_factor=self._silence_factor)
        site.online = fresh.online
        case.schedule(fresh.next_s)
        worked = any(camera.worked for camera in site.cameras.values())
        if fresh.online:
            whole = Evaluation(Condition.WORKING, now.s, now.s, State.OK, "", worked, site.first_s)
        else:
            since_s = fresh.since_s
            whole = Evaluation(
                Condition.FAILED, since_s, since_s, State.UNKNOWN, Cause.AGENT_GONE, worked, site.first_s
            )
        evaluations = {WHOLE_SITE: whole}
        for camera in site.cameras.values():
            evaluations[camera.id] = self._camera(camera, online=fresh.online)
        case.evaluations = evaluations

    def _camera(self, camera: Camera, *, online: bool) -> Evaluation:
        if camera.state is State.DISABLED:
            condition = Condition.DISABLED
        elif not online or camera.state is State.UNKNOWN:
            condition = Condition.UNKNOWN
        else:
            condition = Condition.FAILED if camera.state in self._states else Condition.WORKING
        return Evaluation(
            condition,
            camera.since_s,
            camera.reported_s,
            camera.state,
            camera.cause or camera.state,
            camera.worked,
            camera.first_s,
        )
