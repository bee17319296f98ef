"""Monitors the collector itself, for the wall, `/healthz`, systemd, and its own figures."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pantau_collector.certificate_watch import certificate_troubles, days_left
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
"""Seconds after which a pipeline that has not renewed its view hangs; it does so each second."""
_NOTICES_WAITING = 20
"""Undelivered messages above which the collector is in trouble."""


@dataclass(frozen=True, slots=True)
class SelfMonitor:
    """Reads the state of the collector's other parts, and changes nothing.

    `own_certificates` returns when those of the collector's link to the broker end (UTC ms), by their names.
    """

    intake: Intake
    pipeline: Pipeline
    sender: Sender
    sink_writer: SinkWriter | None
    journal: Journal
    store: Store
    clock: Clock
    own_certificates: Callable[[], Mapping[str, int]] = dict

    def health(self) -> Health:
        """Return what is wrong now."""
        troubles = [
            (TroubleKind.BROKER_GONE, self.intake.broker_trouble),
            (TroubleKind.NOTHING_DELIVERED, self.intake.delivery_trouble),
            (TroubleKind.CLIENT_ID_SHARED, self.intake.contest_trouble),
            (TroubleKind.BROKER_OVERLOADED, self.intake.overload_trouble),
            (TroubleKind.SITE_SHUT_OUT, self.intake.flood_trouble),
            (TroubleKind.JOURNAL_FAILING, self.intake.disk_trouble),
            (TroubleKind.STORE_FAILING, self.pipeline.trouble),
            (TroubleKind.DOWNTIME_UNUSABLE, self.pipeline.downtime_trouble),
            (TroubleKind.SINK_BEHIND, self.sink_writer and self.sink_writer.trouble),
            (TroubleKind.NOTICES_WAITING, self._notices_trouble()),
        ]
        found = [Trouble(kind, detail) for kind, detail in troubles if detail]
        found += certificate_troubles(self.own_certificates(), self.pipeline.view.sites, self.clock.time_ms())
        return Health(tuple(found), self.pipeline.attention.attentive)

    def health_with_view(self) -> Health:
        """Return what is wrong now, including a pipeline that no longer runs."""
        age_s = (self.clock.time_ms() - self.pipeline.view.time_ms) / 1000
        return with_view(self.health(), view_age_s=age_s, stale_after_s=_ALIVE_WITHIN_S)

    def alive(self) -> bool:
        """Return True while the pipeline runs; systemd restarts a collector that hangs."""
        return self.clock.time_ms() - self.pipeline.view.time_ms < _ALIVE_WITHIN_S * 1000

    def superseded(self) -> bool:
        """Return True once another collector has taken over, so that this one must end."""
        return self.store.superseded

    def status(self) -> str:
        """Return a line for `systemctl status`."""
        view = self.pipeline.view
        cameras = sum(len(site.cameras) for site in view.sites)
        troubles = ", ".join(trouble.kind for trouble in self.health().troubles) or "all well"
        return f"{len(view.sites)} sites, {cameras} cameras; {troubles}"

    def figures(self, name: str) -> Figures:
        """Return the present figures of the collector, which is named `name`, for the series."""
        sites, intake, sink = self.pipeline.view.sites, self.intake, self.sink_writer
        first_end_ms = min(self.own_certificates().values(), default=None)
        attentive_s = self.pipeline.attention.attentive_s(self.clock.monotonic())
        return Figures(
            name=name,
            messages=intake.received,
            samples=intake.samples,
            duplicates=intake.duplicates,
            dead_letters=intake.dead,
            waiting=intake.waiting,
            journal_mb=(self.journal.end - self.journal.start) / 1e6,
            sink_behind_mb=sink.behind_bytes / 1e6 if sink else None,
            sink_lines=sink.lines_written if sink else None,
            sink_dead_lines=sink.lines_dead if sink else None,
            sink_retries=sink.retries if sink else None,
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
            attentive_since_ms=None if attentive_s is None else self.clock.time_ms() - round(attentive_s * 1000),
            certificate_days=None if first_end_ms is None else days_left(first_end_ms, self.clock.time_ms()),
        )

    def _notices_trouble(self) -> str | None:
        pending = self.sender.pending()
        return f"{pending} notices are not delivered yet" if pending > _NOTICES_WAITING else None


def _resident_mb() -> float | None:
    """Return the resident memory of this process in 10^6 bytes (proc(5), statm), or None outside Linux."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
