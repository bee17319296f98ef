"""The wall page, the API and `/metrics`."""

from pantau_collector.web.app import create_app
from pantau_collector.web.health import Health, Trouble, TroubleKind
from pantau_collector.web.metrics import Figure
from pantau_collector.web.pictures import Pictures

__all__ = ["Figure", "Health", "Pictures", "Trouble", "TroubleKind", "create_app"]
