"""A whole collector as a process, an agent that reports to it, and the mails that it sends."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import tomli_w

from pantau_contract.messages import Birth, CameraAbout, CameraState, Sample, Telemetry
from pantau_contract.states import STATE_OF, Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.collector.intake.messages import Publisher
from tests.servers.process import Server, free_port
from tests.servers.screen import WEB
from tests.servers.smtp import Mailbox

AT_ONCE = {
    "settle_s": 0,
    "recovery_s": 0,
    "new_camera_grace_s": 0,
    "restart_grace_s": 0,
    "regroup_s": 0,
    "silence_factor": 100,
}
"""Rules under which an incident opens as soon as an outage is reported."""


class Collector(Server):
    """`pantau-collector run` with its data below `folder`; ready once its log contains `ready_when`."""

    def __init__(
        self,
        folder: Path,
        broker_port: int,
        *,
        mailbox: Mailbox | None = None,
        ready_when: str = "connected to the broker",
        client_id: str = "pantau-collector",
        **settings: Any,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        self.config = folder / "collector.toml"
        self.port = free_port()
        recipients = []
        if mailbox is not None:
            url = f"mailto://127.0.0.1:{mailbox.port}/?from=pantau@city.example&to=noc@city.example"
            recipients = [{"id": "noc", "language": "en", "urls": [url]}]
        content = {
            "data_dir": str(self.data),
            "broker": {"port": broker_port, "client_id": client_id},
            "web": {"port": self.port, **WEB},
            "incidents": AT_ONCE,
            "notices": {"first_retry_s": 0.5, "max_retry_s": 1, "gather_s": 0},
            "recipient": recipients,
        }
        self.config.write_text(tomli_w.dumps(content | settings))
        super().__init__(
            [sys.executable, "-m", "pantau_collector", "run", "--config", str(self.config)],
            ready=lambda: ready_when in self.new_log(),
            log=folder / "log",
        )
        self._read_from = 0

    def start(self, *, within_s: float = 120) -> Self:
        self._read_from = self.log.stat().st_size if self.log.exists() else 0
        return super().start(within_s=within_s)

    def new_log(self) -> str:
        """Return what it has logged since its latest start."""
        return self.log.read_bytes()[self._read_from :].decode() if self.log.exists() else ""


class Agent:
    """A site's agent. `sent` holds the numbers of the batches that the broker has acknowledged."""

    def __init__(self, publisher: Publisher, site: str = "kabil", cameras: int = 4) -> None:
        self._publisher = publisher
        self.site = site
        self.states: dict[str, tuple[State, Cause | None, int]] = {
            f"cam{i + 1}": (State.OK, None, now_ms()) for i in range(cameras)
        }
        self.sent: list[int] = []
        self._seq = 0
        self._sending = threading.Lock()

    def birth(self) -> None:
        cameras = tuple(CameraAbout(camera) for camera in self.states)
        birth = Birth(self.site, "b1", 1, now_ms(), "1", 30, cameras=cameras)
        self._publisher.send(str(Topic(self.site, TopicKind.AGENT)), encode(birth), retain=True)

    def batch(self) -> None:
        with self._sending:
            seq, self._seq = self._seq, self._seq + 1
            now = now_ms()
            samples = tuple(
                Sample(camera, now, state, since, cause) for camera, (state, cause, since) in self.states.items()
            )
            batch = Telemetry(self.site, "b1", seq, now, seq * 30_000, True, 30, samples)
            self._publisher.send(str(Topic(self.site, TopicKind.TELEMETRY)), encode(batch))
            self.sent.append(seq)

    def set(self, camera: str, cause: Cause | None) -> None:
        with self._sending:
            state = STATE_OF[cause] if cause else State.OK
            self.states[camera] = (state, cause, now_ms())
            state_message = CameraState(self.site, camera, "b1", self._seq, now_ms(), state, now_ms(), cause)
            self._publisher.send(
                str(Topic(self.site, TopicKind.STATE, camera)), encode(state_message), retain=True
            )

    @contextmanager
    def reporting(self, *, every_s: float = 0.02) -> Iterator[None]:
        """Send a batch each `every_s` while the `with` block runs."""
        stopping = threading.Event()

        def run() -> None:
            while not stopping.wait(every_s):
                self.batch()

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()


def subjects(mailbox: Mailbox) -> list[str]:
    """Return the subjects of the mails, in order."""
    return [str(mail["Subject"]) for mail in mailbox.mails]


def now_ms() -> int:
    return time.time_ns() // 1_000_000
