"""The collector over HTTP: the wall page, the page to acknowledge an outage, the API and `/metrics`."""

from pantau_collector.web.app import create_app
from pantau_collector.web.metrics import RoomMetric
from pantau_collector.web.pictures import PictureLookup

__all__ = ["PictureLookup", "RoomMetric", "create_app"]
