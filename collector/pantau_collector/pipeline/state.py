"""What a step works on: the state that the store holds, as it is in memory."""

import itertools
from collections import deque
from collections.abc import Iterable

from pantau_collector.fleet.attention import Attention
from pantau_collector.incidents.calendar import Calendar
from pantau_collector.incidents.coverage import Coverage
from pantau_collector.incidents.incident import Incident
from pantau_collector.incidents.mute import Mute
from pantau_collector.incidents.rules import IncidentRules
from pantau_collector.incidents.scheduler import Scheduler
from pantau_collector.incidents.stages import make_stages
from pantau_collector.incidents.topology import Topology
from pantau_collector.inventory import Inventory
from pantau_collector.journal import Journal
from pantau_collector.notices.recipients import People
from pantau_collector.pipeline.position import resume_cursor
from pantau_collector.store import Store, fleet_rows, incident_rows

RECENT_INCIDENTS = 50
"""Resolved incidents that are shown beside the open ones."""


class State:
    """Everything that a start, or a new start after a failed transaction, loads from the store."""

    def __init__(
        self, store: Store, journal: Journal, inventory: Inventory, people: People, rules: IncidentRules
    ) -> None:
        """Load the state.

        Raises:
            StoreError: the store cannot be read.
        """
        with store.begin() as connection:
            saved = fleet_rows.load_cursor(connection)
            self.fleet = fleet_rows.load_fleet(connection)
            opened = incident_rows.load_open(connection)
            resolved = incident_rows.load_resolved(connection, RECENT_INCIDENTS)
            symptoms = incident_rows.load_symptoms(connection)
            ids = itertools.count(incident_rows.next_id(connection))
        cursor = resume_cursor(journal, saved)
        self.position = cursor.position
        self.received_ms = cursor.received_ms
        """When the last record before `position` was received, UTC ms."""
        self.attention = Attention(grace_s=rules.restart_grace_s, seconds=cursor.attention_s)
        self.calendar = Calendar()
        topology = Topology(inventory)
        self.coverage = Coverage(inventory, topology)
        self.mute = Mute(self.coverage)
        escalate_after_s = [60 * level.after_min for level in people.levels]
        stages = make_stages(
            rules, self.mute, ids, is_unlisted=inventory.is_unlisted, escalate_after_s=escalate_after_s
        )
        self.scheduler = Scheduler(stages, topology, open_incidents=opened, symptoms=symptoms)
        self.open = {incident.id: incident for incident in opened}
        self.resolved = deque(resolved, maxlen=RECENT_INCIDENTS)

    def update_incidents(self, changed: Iterable[Incident]) -> None:
        """Replace incidents by their new state."""
        for incident in changed:
            if incident.resolved_ms is None:
                self.open[incident.id] = incident
            else:
                self.open.pop(incident.id, None)
                self.resolved.appendleft(incident)
