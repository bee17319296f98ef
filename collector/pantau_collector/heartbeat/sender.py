"""Sends the heartbeat: a regular request to a service outside, which raises an alarm when it stops."""

import logging
import time
from collections.abc import Callable

from pantau_collector.exchanges import ExchangeError, HttpClient
from pantau_collector.health import Health
from pantau_collector.heartbeat.config import HeartbeatConfig
from pantau_collector.heartbeat.rule import vital_troubles
from pantau_collector.notices.channel import redact
from pantau_collector.periodic import PeriodicThread
from pantau_collector.web_page import is_web_page

_WITHIN_S = 10.0
"""Seconds for a whole exchange with the service."""
_RETRY_AFTER_S = 10.0
"""Seconds until a heartbeat that did not arrive is sent again, so that the service outside does not miss it."""
_STARTUP_S = 10.0
"""Seconds after the start in which a trouble is not reported yet: the collector may still be connecting."""
_STARTUP_CHECK_S = 0.5
"""Seconds between checks during startup, so that the first heartbeat is sent as soon as all is well."""
_log = logging.getLogger(__name__)


class HeartbeatSender:
    """Sends a heartbeat each `interval_s`, on its own thread.

    A failure is logged once and counted; it affects nothing else.
    """

    def __init__(self, config: HeartbeatConfig, health: Callable[[], Health]) -> None:
        """Prepare the sender; nothing is sent yet.

        Raises:
            ValueError: the configuration has no address.
        """
        if config.url is None:
            raise ValueError("expected an address for the heartbeat")
        self._config = config
        self._url = config.url.get_secret_value()
        self._health = health
        self._http = HttpClient(within_s=_WITHIN_S)
        self._thread = PeriodicThread(
            "heartbeat",
            self._step,
            failure="heartbeat: it could not be sent",
            retry_s=config.interval_s,
            stop_within_s=2 * _WITHIN_S,  # a name lookup has no deadline, and must not delay the collector's end
        )
        self._withheld: list[str] = []
        self._startup_ends_at: float | None = None
        self.sent = 0
        """Heartbeats that arrived since the start."""
        self.failures = 0
        """Requests, heartbeats or reports of trouble, that failed since the start."""
        self.trouble: str | None = None
        """Why the last request failed, without secrets; None once one has succeeded."""

    @property
    def healthy(self) -> bool:
        """True if the last check found nothing that withholds the heartbeat."""
        return not self._withheld

    def start(self) -> None:
        """Start the thread; the first heartbeat is sent as soon as all is well."""
        self._startup_ends_at = time.monotonic() + _STARTUP_S
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._thread.stop()

    def send_due(self) -> bool:
        """Send the heartbeat, or report the trouble that withholds it if `failure_url` is configured.

        Return False if the request failed.
        """
        reasons = vital_troubles(self._health())
        if reasons != self._withheld:
            _log.warning("heartbeat: %s", f"withheld: {'; '.join(reasons)}" if reasons else "all is well again")
        self._withheld = reasons
        if not reasons:
            arrived = self._send(self._config.method, self._url)
            self.sent += arrived
            return arrived
        if self._config.failure_url is not None:
            return self._send("POST", self._config.failure_url.get_secret_value(), "\n".join(reasons).encode())
        return True

    def _send(self, method: str, url: str, body: bytes | None = None) -> bool:
        try:
            answer = self._http.request(method, url, body=body)
        except ExchangeError as error:
            return self._note_failure(redact(f"the service {error}", url))
        if not 200 <= answer.status < 300:
            return self._note_failure(f"the service answered {answer.status}")
        if is_web_page(answer.body):
            return self._note_failure("a web page came back, as if from a proxy or a login page on the way")
        if self.trouble is not None:
            _log.warning("heartbeat: it arrives again")
            self.trouble = None
        return True

    def _note_failure(self, reason: str) -> bool:
        _log.log(
            logging.WARNING if self.trouble is None else logging.DEBUG,
            "heartbeat: it did not arrive, and is tried again: %s",
            reason,
        )
        self.trouble = reason
        self.failures += 1
        return False

    def _step(self) -> float:
        if self._startup_ends_at is not None:
            if time.monotonic() < self._startup_ends_at and vital_troubles(self._health()):
                return _STARTUP_CHECK_S
            self._startup_ends_at = None
        interval_s = self._config.interval_s
        return interval_s if self.send_due() else min(interval_s, _RETRY_AFTER_S)
