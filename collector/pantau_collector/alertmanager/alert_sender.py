"""The thread that tells an Alertmanager of incidents.

What it tells is what the store holds: all that is open, again and again, and what has ended since the step of the
timeline that it told last. So whatever is lost on the way is told again, and nothing that ended is forgotten.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import urllib3
from urllib3.exceptions import HTTPError
from urllib3.util import make_headers

from pantau_collector.alertmanager.alerts import Alert, Labels, is_firing, make_alert, to_api
from pantau_collector.alertmanager.config import AlertmanagerConfig
from pantau_collector.clock import Clock
from pantau_collector.incidents.incident import Incident
from pantau_collector.inventory import Inventory
from pantau_collector.store import Store, StoreError, alert_rows, incident_rows
from pantau_contract.words import words

LOOK_EVERY_S = 1.0
_STEPS_AT_ONCE = 1000
_ALERTS_A_REQUEST = 200
_ANSWER_WITHIN_S = 15.0
_FIRST_RETRY_S = 2.0
_LONGEST_RETRY_S = 60.0
_REFUSED = 400
_log = logging.getLogger(__name__)


class _NotTakenError(Exception):
    """The Alertmanager did not take alerts; the text says why, without secrets."""


class _RefusedError(Exception):
    """An alert that the Alertmanager will never take; its words."""


class AlertSender:
    """Alerts that change are told at once, and all that go on each `resend_s`."""

    def __init__(
        self,
        config: AlertmanagerConfig,
        store: Store,
        inventory: Callable[[], Inventory],
        clock: Clock,
        *,
        public_url: str | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._inventory = inventory
        self._clock = clock
        self._public_url = public_url
        self._words = words(config.language)
        self._http = urllib3.PoolManager(retries=False, timeout=_ANSWER_WITHIN_S)
        self._headers = {"Content-Type": "application/json"}
        if config.user is not None:
            password = config.password.get_secret_value() if config.password else ""
            self._headers |= make_headers(basic_auth=f"{config.user}:{password}")
        self._going_on: dict[int, Alert] = {}
        """As it was told last, by the incident's number."""
        self._resend_at = clock.monotonic()
        self._failures = 0
        self._retry_at = clock.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alertmanager", daemon=True)
        self.sent = 0
        """Alerts taken, since the start; one that goes on counts each time."""
        self.refused = 0
        """Alerts refused for ever, since the start."""
        self.trouble: str | None = None
        """Why the last ones were not taken; None once some are."""

    def start(self) -> None:
        """Begins to tell."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._stopping.set()
        self._thread.join(2 * _ANSWER_WITHIN_S)

    def look(self) -> None:
        """Tells what is due, if it is not waiting after a failure.

        Raises:
            StoreError: the store cannot be read or written; it is told later.
        """
        if self._clock.monotonic() < self._retry_at:
            return
        try:
            while self._tell() == _STEPS_AT_ONCE:
                pass
        except _NotTakenError as error:
            self._retry_at = self._clock.monotonic() + min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2**self._failures)
            self._failures = min(self._failures + 1, 10)
            level = logging.WARNING if self.trouble is None else logging.DEBUG
            _log.log(level, "alertmanager: alerts were not taken, and are sent again: %s", error)
            self.trouble = str(error)
        else:
            self._failures = 0
            if self.trouble is not None:
                _log.warning("alertmanager: alerts are taken again")
                self.trouble = None

    def _tell(self) -> int:
        """One round; the number of steps of the timeline that it told."""
        resend = self._clock.monotonic() >= self._resend_at
        with self._store.begin() as connection:
            last = alert_rows.load_told(connection)
            steps = alert_rows.steps_since(connection, last, _STEPS_AT_ONCE)
            changed = {incident for _, incident in steps}
            incidents = incident_rows.load_some(connection, changed)
            if resend:
                opened = incident_rows.load_open(connection)
                incidents += [each for each in opened if each.id not in changed and is_firing(each)]
        alerts, going_on = self._alerts(incidents)
        self._send(alerts)
        self._going_on = {each: alert for each, alert in (self._going_on | going_on).items() if alert is not None}
        if resend:
            self._resend_at = self._clock.monotonic() + self._config.resend_s
        if steps:
            with self._store.begin() as connection:
                alert_rows.save_told(connection, steps[-1][0])
        return len(steps)

    def _alerts(self, incidents: Iterable[Incident]) -> tuple[list[Alert], dict[int, Alert | None]]:
        """What is to be told of them, and which alerts go on then; None where none does any more.

        An alert whose labels have changed is another one for Alertmanager, so the old one ends.
        """
        now_ms, inventory = self._clock.time_ms(), self._inventory()
        alerts: list[Alert] = []
        going_on: dict[int, Alert | None] = {}
        for incident in incidents:
            before, firing = self._going_on.get(incident.id), is_firing(incident)
            ends_ms = now_ms + int(self._config.expire_s * 1000) if firing else incident.resolved_ms or now_ms
            alert = make_alert(incident, inventory, self._words, ends_ms=ends_ms, public_url=self._public_url)
            if before is not None and before.labels != alert.labels:
                alerts.append(_ended(before, now_ms))
            elif not firing and (before is not None or incident.resolved_ms is not None):
                alerts.append(alert)
            if firing:
                alerts.append(alert)
            going_on[incident.id] = alert if firing else None
        return alerts, going_on

    def _send(self, alerts: list[Alert]) -> None:
        for some in _in_portions(alerts):
            try:
                self._post(some)
            except _RefusedError:
                for each in some:  # it may have taken the others: it is told one by one which it does not
                    try:
                        self._post([each])
                    except _RefusedError as error:
                        self.refused += 1
                        _log.error("alertmanager: it refused %s: %s", _name(each.labels), error)

    def _post(self, alerts: list[Alert]) -> None:
        try:
            answer = self._http.request(
                "POST",
                f"{self._config.url}/api/v2/alerts",
                body=json.dumps([to_api(alert) for alert in alerts]).encode(),
                headers=self._headers,
            )
        except (HTTPError, OSError) as error:
            raise _NotTakenError(f"{self._config.url}: {error}") from None
        said = answer.data[:300].decode(errors="replace").strip()
        if answer.status == _REFUSED:
            raise _RefusedError(said)
        if not 200 <= answer.status < 300:
            raise _NotTakenError(f"{self._config.url}: it answered {answer.status}: {said}")
        self.sent += len(alerts)

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.look()
            except StoreError as error:
                _log.error("alertmanager: the state cannot be read; it is tried again: %s", error)
            except Exception:  # noqa: BLE001 - whatever it was, the next look may work
                _log.exception("alertmanager: it failed in a way that nobody foresaw; it is tried again")


def _ended(alert: Alert, now_ms: int) -> Alert:
    return Alert(alert.labels, alert.annotations, min(alert.starts_ms, now_ms), now_ms, alert.generator_url)


def _in_portions(alerts: list[Alert]) -> Iterator[list[Alert]]:
    rest = iter(alerts)
    while some := list(islice(rest, _ALERTS_A_REQUEST)):
        yield some


def _name(labels: Labels) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels.items())
