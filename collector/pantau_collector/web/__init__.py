"""The wall page, the API and `/metrics`."""

from pantau_collector.web.app import create_app
from pantau_collector.web.metrics import Figure
from pantau_collector.web.pictures import Pictures

__all__ = ["Figure", "Pictures", "create_app"]
