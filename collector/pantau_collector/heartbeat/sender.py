"""The thread that gives the sign of life."""

import logging
import threading
from collections.abc import Callable

import urllib3
from urllib3.exceptions import HTTPError

from pantau_collector.health import Health
from pantau_collector.heartbeat.config import HeartbeatConfig
from pantau_collector.heartbeat.rule import why_not_well
from pantau_collector.notices.channel import redact

_ANSWER_WITHIN_S = 10.0
_AGAIN_AFTER_S = 10.0
"""A sign that did not arrive is given again before the service outside misses it."""
_log = logging.getLogger(__name__)


class HeartbeatSender:
    """Beats each `interval_s`. A failure is logged once, and counted; it disturbs nothing else."""

    def __init__(self, config: HeartbeatConfig, health: Callable[[], Health]) -> None:
        """Nothing is sent yet.

        Raises:
            ValueError: the configuration has no address.
        """
        if config.url is None:
            raise ValueError("expected an address for the heartbeat")
        self._config = config
        self._url = config.url.get_secret_value()
        self._health = health
        self._http = urllib3.PoolManager(retries=False, timeout=_ANSWER_WITHIN_S)
        self._stopping = threading.Event()
        # It may hang in a name lookup, which knows no deadline: that must not hold up the collector's end.
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._withheld: list[str] = []
        self.beats = 0
        """Signs of life that arrived, since the start."""
        self.failures = 0
        """Signs, of life or of trouble, that did not arrive, since the start."""
        self.trouble: str | None = None
        """Why the last sign did not arrive, without secrets; None once one has."""

    @property
    def well(self) -> bool:
        """Whether the last look found all well."""
        return not self._withheld

    def start(self) -> None:
        """Begins to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._stopping.set()
        self._thread.join(2 * _ANSWER_WITHIN_S)

    def beat(self) -> bool:
        """Gives the sign of life if all is well, or tells what is wrong where that is wanted; False: lost."""
        reasons = why_not_well(self._health())
        if reasons != self._withheld:
            _log.warning("heartbeat: %s", f"withheld: {'; '.join(reasons)}" if reasons else "all is well again")
        self._withheld = reasons
        if not reasons:
            arrived = self._send(self._config.method, self._url)
            self.beats += arrived
            return arrived
        if self._config.failure_url is not None:
            return self._send("POST", self._config.failure_url.get_secret_value(), "\n".join(reasons))
        return True

    def _send(self, method: str, url: str, body: str | None = None) -> bool:
        try:
            answer = self._http.request(method, url, body=body)
        except (HTTPError, OSError) as error:
            return self._failed(redact(str(error), url))
        if not 200 <= answer.status < 300:
            return self._failed(f"the service answered {answer.status}")
        if self.trouble is not None:
            _log.warning("heartbeat: it arrives again")
            self.trouble = None
        return True

    def _failed(self, why: str) -> bool:
        _log.log(
            logging.WARNING if self.trouble is None else logging.DEBUG,
            "heartbeat: it did not arrive, and is tried again: %s",
            why,
        )
        self.trouble = why
        self.failures += 1
        return False

    def _run(self) -> None:
        wait_s = 0.0
        while not self._stopping.wait(wait_s):
            wait_s = self._config.interval_s
            try:
                if not self.beat():
                    wait_s = min(wait_s, _AGAIN_AFTER_S)
            except Exception:  # noqa: BLE001 - whatever it was, the next beat may work
                _log.exception("heartbeat: it failed in a way that nobody foresaw; it is tried again")
