"""Sends incidents to an Alertmanager as alerts.

What is sent follows from the store: every open incident, again and again, and what has changed or ended since the
step of the timeline that was sent last. So whatever is lost on the way is sent again, and the end of no incident
is forgotten.
"""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from urllib3.util import make_headers

from pantau_collector.alertmanager.alerts import Alert, Labels, is_firing, make_alert, to_api
from pantau_collector.alertmanager.config import AlertmanagerConfig
from pantau_collector.clock import Clock
from pantau_collector.exchanges import ExchangeError, HttpClient
from pantau_collector.incidents.incident import Incident
from pantau_collector.inventory import Inventory
from pantau_collector.periodic import PeriodicThread
from pantau_collector.store import Store, StoreError, alert_rows, incident_rows
from pantau_collector.web_page import is_web_page
from pantau_contract.words import words

CHECK_EVERY_S = 1.0
"""Seconds from one check for new steps of incidents to the next."""
_STEPS_PER_ROUND = 1000
_ALERTS_PER_REQUEST = 200
_WITHIN_S = 15.0
"""Seconds for a whole exchange with the Alertmanager."""
_FIRST_RETRY_S = 2.0
"""Seconds until alerts are sent again after a first failure; doubled with each further one."""
_LONGEST_RETRY_S = 60.0
"""Seconds at most until alerts are sent again after a failure."""
_ACCEPTED = 200
"""The status by which an Alertmanager accepts alerts (its API v2, `postAlerts`)."""
_BAD_REQUEST = 400
"""The status by which an Alertmanager rejects alerts for good."""
_log = logging.getLogger(__name__)


class _SendError(Exception):
    """The Alertmanager did not accept alerts; the text says why, without secrets."""


class _RejectedError(Exception):
    """The Alertmanager will never accept an alert; the text is its answer."""


class AlertSender:
    """Sends alerts as soon as they change, and all that are firing each `resend_s`, on its own thread."""

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
        self._http = HttpClient(within_s=_WITHIN_S)
        self._headers = {"Content-Type": "application/json"}
        if config.user is not None:
            password = config.password.get_secret_value() if config.password else ""
            self._headers |= make_headers(basic_auth=f"{config.user}:{password}")
        self._firing: dict[int, Alert] = {}
        """The firing alerts as they were sent last, by the incident's number."""
        self._resend_at = clock.monotonic()
        self._failures = 0
        self._retry_at = clock.monotonic()
        self._thread = PeriodicThread(
            "alertmanager",
            self._step,
            failure="alertmanager: alerts cannot be read from the state",
            first_wait_s=CHECK_EVERY_S,
            retry_s=CHECK_EVERY_S,
            expected=(StoreError,),
            stop_within_s=2 * _WITHIN_S,
        )
        self.sent = 0
        """Alerts accepted since the start; one that is sent again counts each time."""
        self.refused = 0
        """Alerts rejected for good since the start."""
        self.trouble: str | None = None
        """Why the last alerts were not accepted; None once some are."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._thread.stop()

    def send_due(self) -> None:
        """Send the alerts that are due, unless a failure is being waited out.

        Raises:
            StoreError: the store cannot be read or written; the alerts are sent later.
        """
        if self._clock.monotonic() < self._retry_at:
            return
        try:
            while self._send_round() == _STEPS_PER_ROUND:
                pass
        except _SendError as error:
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

    def _send_round(self) -> int:
        """Send one round of alerts, and return the number of timeline steps that it covered."""
        resend = self._clock.monotonic() >= self._resend_at
        with self._store.begin() as connection:
            last = alert_rows.load_position(connection)
            steps = alert_rows.steps_since(connection, last, _STEPS_PER_ROUND)
            changed = {incident for _, incident in steps}
            incidents = incident_rows.load_incidents(connection, changed)
            if resend:
                opened = incident_rows.load_open(connection)
                incidents += [each for each in opened if each.id not in changed and is_firing(each)]
        alerts, firing = self._alerts(incidents)
        self._send(alerts)
        self._firing = {each: alert for each, alert in (self._firing | firing).items() if alert is not None}
        if resend:
            self._resend_at = self._clock.monotonic() + self._config.resend_s
        if steps:
            with self._store.begin() as connection:
                alert_rows.save_position(connection, steps[-1][0])
        return len(steps)

    def _alerts(self, incidents: Iterable[Incident]) -> tuple[list[Alert], dict[int, Alert | None]]:
        """Return the alerts to send for incidents, and each incident's firing alert afterwards, or None.

        Alertmanager takes an alert whose labels have changed for another alert, so the old one is ended.
        """
        now_ms, inventory = self._clock.time_ms(), self._inventory()
        alerts: list[Alert] = []
        firing_after: dict[int, Alert | None] = {}
        for incident in incidents:
            before, firing = self._firing.get(incident.id), is_firing(incident)
            ends_ms = now_ms + int(self._config.expire_s * 1000) if firing else incident.resolved_ms or now_ms
            alert = make_alert(incident, inventory, self._words, ends_ms=ends_ms, public_url=self._public_url)
            if before is not None and before.labels != alert.labels:
                alerts.append(_ended(before, now_ms))
            elif not firing and (before is not None or incident.resolved_ms is not None):
                alerts.append(alert)
            if firing:
                alerts.append(alert)
            firing_after[incident.id] = alert if firing else None
        return alerts, firing_after

    def _send(self, alerts: list[Alert]) -> None:
        for batch in _batches(alerts):
            try:
                self._post(batch)
            except _RejectedError:
                for each in batch:  # some of the batch may have been accepted: single posts show which was not
                    try:
                        self._post([each])
                    except _RejectedError as error:
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
        except ExchangeError as error:
            raise _SendError(f"{self._config.url} {error}") from None
        text = answer.body[:300].decode(errors="replace").strip()
        if answer.status == _BAD_REQUEST and not is_web_page(answer.body):
            raise _RejectedError(text)
        if answer.status != _ACCEPTED or is_web_page(answer.body):
            raise _SendError(f"{self._config.url}: it answered {answer.status}: {text}")
        self.sent += len(alerts)

    def _step(self) -> float:
        self.send_due()
        return CHECK_EVERY_S


def _ended(alert: Alert, now_ms: int) -> Alert:
    return Alert(alert.labels, alert.annotations, min(alert.starts_ms, now_ms), now_ms, alert.generator_url)


def _batches(alerts: list[Alert]) -> Iterator[list[Alert]]:
    rest = iter(alerts)
    while batch := list(islice(rest, _ALERTS_PER_REQUEST)):
        yield batch


def _name(labels: Labels) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels.items())
