"""Answers to the collector's commands: a look at one camera now, and a new view of it accepted.

Nothing is done that is old, or that would hurry a camera which must be left alone. What may be asked is bounded,
so that whoever speaks for the collector cannot wear out a site.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import NamedTuple

from msgspec.structs import replace

from pantau_agent.assessment.observation import Looked, Observation
from pantau_agent.clock import Clock
from pantau_agent.picture.view_requests import ViewRequest, ViewRequests
from pantau_contract.messages import Command, Reply, Sample
from pantau_contract.states import State
from pantau_contract.words.evidence import NO_DETAIL, Detail, detail

ACTIONS = ("look", "accept_view")
"""What this agent does beyond `probe` and `snapshot`."""

MAX_AGE_S = 30.0
"""Seconds after which a command is too old to be carried out."""
LOOK_WITHIN_S = 20.0
"""Seconds within which a look is answered, whatever is known by then."""
MAX_LOOKS = 4
"""Cameras that are looked at on request at a time."""
MAX_ANSWERS = 16
"""Commands that are being answered at a time; as many more wait."""
GAP_S = 5.0
"""Seconds from the end of a requested look at a camera to the next."""
_CHECKS = 15
"""Checks after a look whether what was requested with its picture has been carried out."""
_CHECK_EVERY_S = 0.2
"""Seconds between two of them."""

_log = logging.getLogger(__name__)


class Link(NamedTuple):
    """What commands are judged by, and where answers go.

    `connection` returns the name of the connection in progress; `clock_set` whether this machine's clock is set,
    or None if nobody knows.
    """

    connection: Callable[[], str]
    clock_set: Callable[[], bool | None]
    reply: Callable[[Reply], None]


class Cameras(NamedTuple):
    """What is known and asked of cameras.

    `latest` returns a camera's latest sample, or None if there is no such camera; `dated` turns its monotonic
    times into UTC; `request_look` asks whoever watches it.
    """

    latest: Callable[[str], Sample | None]
    dated: Callable[[Sample], Sample]
    request_look: Callable[[str], None]


class Answering:
    """Answers commands. It belongs to the event loop."""

    def __init__(
        self, site: str, link: Link, cameras: Cameras, clock: Clock, views: ViewRequests | None = None
    ) -> None:
        """Begin with no command.

        Args:
            site: the site's id.
            link: where the commands come from.
            cameras: the site's cameras.
            clock: the time.
            views: where accepted views are requested of the decode worker; None if nothing is remembered.
        """
        self._site = site
        self._link = link
        self._cameras = cameras
        self._clock = clock
        self._views = views
        self._looks: dict[str, asyncio.Future[Observation]] = {}
        self._ended: dict[str, float] = {}

    async def run(self, commands: asyncio.Queue[Command]) -> None:
        """Answer commands as they come, for ever; no more than `MAX_ANSWERS` at a time."""
        free = asyncio.Semaphore(MAX_ANSWERS)

        async def answer(command: Command) -> None:
            try:
                self._link.reply(await self._answer(command))
            except Exception:  # noqa: BLE001 # whatever it is, the cameras are watched and further commands answered
                _log.exception("a command was not answered. Please report this")
            finally:
                free.release()

        async with asyncio.TaskGroup() as answers:
            while True:
                await free.acquire()
                answers.create_task(answer(await commands.get()))

    def observe(self, observation: Observation) -> None:
        """Note an observation, which may end a look."""
        look = self._looks.get(observation.sample.camera)
        if look is not None and observation.looked is not None and not look.done():
            look.set_result(observation)

    async def _answer(self, command: Command) -> Reply:
        sample = self._cameras.latest(command.camera)
        error = self._objection(command, sample)
        reply = Reply(self._site, command.id, command.camera, self._clock.time_ms(), error)
        if sample is not None:
            reply = self._with(reply, sample)
        if not error:
            match command.action:
                case "look":
                    reply = await self._look(reply)
                case "accept_view":
                    reply = await self._accept_view(reply)
                case "snapshot":
                    self._cameras.request_look(command.camera)
        said = f": {reply.error}" if reply.error else ""
        _log.info("asked from afar to %s camera %s%s", command.action, command.camera, said)
        return reply

    def _objection(self, command: Command, sample: Sample | None) -> Detail:
        """Return why a command is not carried out, or nothing."""
        if self._is_old(command):
            return detail("command_old")
        if command.action not in (*ACTIONS, "probe", "snapshot"):
            return detail("command_unknown")
        if sample is None:
            return detail("camera_unknown", camera=command.camera)
        if sample.state is State.DISABLED:
            return detail("camera_disabled", camera=command.camera)
        return NO_DETAIL

    def _is_old(self, command: Command) -> bool:
        if command.connection and command.connection != self._link.connection():
            return True
        if command.time is None:
            return command.action in ACTIONS
        if self._link.clock_set() is False:  # its connection tells
            return not command.connection
        return self._clock.time_ms() - command.time > MAX_AGE_S * 1000

    async def _look(self, reply: Reply, gap_s: float = GAP_S) -> Reply:
        """Look at the camera, and return the reply with what was seen."""
        camera = reply.camera
        look = self._looks.get(camera)
        if look is None:
            if self._clock.monotonic() - self._ended.get(camera, float("-inf")) < gap_s:
                return _refused(reply, detail("look_too_often"))
            if len(self._looks) >= MAX_LOOKS:
                return _refused(reply, detail("look_busy"))
            look = self._looks[camera] = asyncio.get_running_loop().create_future()
            self._cameras.request_look(camera)
        try:
            async with asyncio.timeout(LOOK_WITHIN_S):
                observation = await asyncio.shield(look)
        except TimeoutError:
            latest = self._cameras.latest(camera)
            late = _refused(reply, detail("look_late", seconds=f"{LOOK_WITHIN_S:g}"))
            return late if latest is None else self._with(late, latest)
        finally:
            if self._looks.get(camera) is look:
                del self._looks[camera]
            self._ended[camera] = self._clock.monotonic()
        seen = self._with(reply, observation.sample)
        if observation.looked is Looked.HELD:
            return _refused(seen, detail("look_held"))
        if observation.snapshot is not None and seen.sample is not None:
            return replace(seen, picture=seen.sample.time)
        return seen

    async def _accept_view(self, reply: Reply) -> Reply:
        """Let the decode worker take the camera's next picture as the right view."""
        if self._views is None:
            return _refused(reply, detail("command_unknown"))
        camera, accepted = reply.camera, False
        try:
            self._views.submit(camera, ViewRequest.ACCEPT)
            try:
                seen = await self._look(reply, gap_s=0)  # people look first, and then accept what they see
                # The decode worker's side writes what was accepted shortly after the picture is there.
                for _ in range(_CHECKS if seen.picture is not None else 1):
                    if accepted := not self._views.is_pending(camera, ViewRequest.ACCEPT):
                        break
                    await asyncio.sleep(_CHECK_EVERY_S)
            finally:
                self._views.remove(camera, ViewRequest.ACCEPT)
        except OSError as error:
            return _refused(reply, detail("view_unwritable", said=error.strerror or error))
        return seen if accepted or seen.error else _refused(seen, detail("view_not_accepted"))

    def _with(self, reply: Reply, sample: Sample) -> Reply:
        return replace(reply, sample=self._cameras.dated(sample), time=self._clock.time_ms())


def _refused(reply: Reply, error: Detail) -> Reply:
    return replace(reply, error=error)
