"""Writes the notifications that follow from what happened, in the transaction in which it is saved."""

from collections.abc import Iterable

from sqlalchemy import Connection

from pantau_collector.incidents.coverage import Coverage
from pantau_collector.incidents.downtime import Downtime
from pantau_collector.incidents.transition import Transition
from pantau_collector.inventory import Inventory
from pantau_collector.notices.announcements import plan_announcements
from pantau_collector.notices.build import Sites
from pantau_collector.notices.plan import plan
from pantau_collector.notices.recipients import NoticeRules, People
from pantau_collector.store import notice_rows

ANNOUNCE_EVERY_MS = 60_000
"""Milliseconds between two looks for maintenance to be announced."""


class Notifier:
    """Decides who is notified, and adds the notifications to the store."""

    def __init__(self, people: People, rules: NoticeRules) -> None:
        self._people = people
        self._rules = rules
        self._announced_ms = 0

    def notify(
        self,
        connection: Connection,
        transitions: Iterable[Transition],
        inventory: Inventory,
        sites: Sites,
        now_ms: int,
    ) -> None:
        """Add the notifications about these transitions."""
        for transition in transitions:
            notified = notice_rows.kinds_sent(connection, transition.incident.id)
            notifications = plan(transition, notified, self._people, inventory, sites, self._rules)
            notice_rows.add(connection, notifications, created_ms=now_ms)

    def announce(
        self,
        connection: Connection,
        downtimes: Iterable[Downtime],
        inventory: Inventory,
        coverage: Coverage,
        sites: Sites,
        now_ms: int,
    ) -> None:
        """Add the announcements of those downtimes that are about to begin, once a minute."""
        if 0 <= now_ms - self._announced_ms < ANNOUNCE_EVERY_MS:
            return
        notifications = plan_announcements(
            downtimes,
            lambda step: notice_rows.announced(connection, step),
            self._people,
            inventory,
            coverage,
            sites,
            self._rules,
            now_ms,
        )
        notice_rows.add(connection, notifications, created_ms=now_ms)
        self._announced_ms = now_ms
