"""How the collector itself fares: its troubles for the wall and `/healthz`, its life for systemd."""

from dataclasses import dataclass

from pantau_collector.clock import Clock
from pantau_collector.intake import Intake
from pantau_collector.notices.sender import Sender
from pantau_collector.pipeline import Pipeline
from pantau_collector.sinks import Drain
from pantau_collector.web import Health, Trouble, TroubleKind

_ALIVE_WITHIN_S = 30
"""The pipeline renews its view each second; one that has not for so long hangs."""
_NOTICES_WAITING = 20


@dataclass(frozen=True, slots=True)
class Supervision:
    """Looks at the other rooms; changes nothing."""

    intake: Intake
    pipeline: Pipeline
    sender: Sender
    drain: Drain | None
    clock: Clock

    def health(self) -> Health:
        """Everything that is wrong now."""
        troubles = [
            (TroubleKind.BROKER_GONE, self.intake.broker_trouble),
            (TroubleKind.JOURNAL_FAILING, self.intake.disk_trouble),
            (TroubleKind.STORE_FAILING, self.pipeline.trouble),
            (TroubleKind.SINK_BEHIND, self.drain and self.drain.trouble),
            (TroubleKind.NOTICES_WAITING, self._waiting_notices()),
        ]
        return Health(tuple(Trouble(kind, detail) for kind, detail in troubles if detail))

    def alive(self) -> bool:
        """Whether the pipeline still steps; a hanging collector is better started anew."""
        return self.clock.time_ms() - self.pipeline.view.time_ms < _ALIVE_WITHIN_S * 1000

    def status(self) -> str:
        """One line for `systemctl status`."""
        view = self.pipeline.view
        cameras = sum(len(site.cameras) for site in view.sites)
        troubles = ", ".join(trouble.kind for trouble in self.health().troubles) or "all well"
        return f"{len(view.sites)} sites, {cameras} cameras; {troubles}"

    def _waiting_notices(self) -> str | None:
        pending = self.sender.pending()
        return f"{pending} notices are not delivered yet" if pending > _NOTICES_WAITING else None
