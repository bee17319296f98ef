"""How the collector itself fares: its troubles for the wall and `/healthz`, its life for systemd."""

import os
from dataclasses import dataclass
from pathlib import Path

from pantau_collector.clock import Clock
from pantau_collector.delivery.sender import Sender
from pantau_collector.health import Health, Trouble, TroubleKind, with_view
from pantau_collector.intake import Intake
from pantau_collector.journal import Journal
from pantau_collector.own_records import Figures
from pantau_collector.pipeline import Pipeline
from pantau_collector.sinks import SinkWriter
from pantau_collector.store import Store

_ALIVE_WITHIN_S = 30
"""The pipeline renews its view each second; one that has not for so long hangs."""
_NOTICES_WAITING = 20


@dataclass(frozen=True, slots=True)
class SelfMonitor:
    """Looks at the other rooms; changes nothing."""

    intake: Intake
    pipeline: Pipeline
    sender: Sender
    sink_writer: SinkWriter | None
    journal: Journal
    store: Store
    clock: Clock

    def health(self) -> Health:
        """Everything that is wrong now."""
        troubles = [
            (TroubleKind.BROKER_GONE, self.intake.broker_trouble),
            (TroubleKind.JOURNAL_FAILING, self.intake.disk_trouble),
            (TroubleKind.STORE_FAILING, self.pipeline.trouble),
            (TroubleKind.SINK_BEHIND, self.sink_writer and self.sink_writer.trouble),
            (TroubleKind.NOTICES_WAITING, self._waiting_notices()),
        ]
        told = tuple(Trouble(kind, detail) for kind, detail in troubles if detail)
        return Health(told, self.pipeline.attention.attentive)

    def health_with_view(self) -> Health:
        """Everything that is wrong now, with a pipeline that no longer steps."""
        age_s = (self.clock.time_ms() - self.pipeline.view.time_ms) / 1000
        return with_view(self.health(), view_age_s=age_s, stale_after_s=_ALIVE_WITHIN_S)

    def alive(self) -> bool:
        """Whether the pipeline still steps; a hanging collector is better started anew."""
        return self.clock.time_ms() - self.pipeline.view.time_ms < _ALIVE_WITHIN_S * 1000

    def superseded(self) -> bool:
        """Whether another collector has taken over, so that this one must end."""
        return self.store.superseded

    def status(self) -> str:
        """One line for `systemctl status`."""
        view = self.pipeline.view
        cameras = sum(len(site.cameras) for site in view.sites)
        troubles = ", ".join(trouble.kind for trouble in self.health().troubles) or "all well"
        return f"{len(view.sites)} sites, {cameras} cameras; {troubles}"

    def figures(self, name: str) -> Figures:
        """How the collector of that name fares now, for the series."""
        sites, intake, sink_writer = self.pipeline.view.sites, self.intake, self.sink_writer
        return Figures(
            name=name,
            messages=intake.received,
            samples=intake.samples,
            duplicates=intake.duplicates,
            dead_letters=intake.dead,
            waiting=intake.waiting,
            journal_mb=(self.journal.end - self.journal.start) / 1e6,
            sink_behind_mb=sink_writer.behind_bytes / 1e6 if sink_writer else None,
            sink_lines=sink_writer.lines_written if sink_writer else None,
            sink_dead_lines=sink_writer.lines_dead if sink_writer else None,
            sink_retries=sink_writer.retries if sink_writer else None,
            sites=len(sites),
            sites_online=sum(site.online for site in sites),
            cameras=sum(len(site.cameras) for site in sites),
            batches_missing=sum(site.gaps for site in sites),
            incidents_open=sum(each.resolved_ms is None for each in self.pipeline.view.incidents),
            notices_pending=self.sender.pending(),
            troubles=len(self.health().troubles),
            memory_mb=_resident_mb(),
            attentive=int(self.pipeline.attention.attentive),
            attention_breaks=self.pipeline.attention.breaks,
            clock_steps=self.pipeline.clock_steps,
        )

    def _waiting_notices(self) -> str | None:
        pending = self.sender.pending()
        return f"{pending} notices are not delivered yet" if pending > _NOTICES_WAITING else None


def _resident_mb() -> float | None:
    """Resident memory of this process, where Linux tells it (proc(5), statm)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
