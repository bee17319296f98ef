"""Fixtures for every test: the real servers, and the wheel."""

from tests.servers.alertmanager import alertmanager
from tests.servers.gst_cameras import gst_cameras, start_gst_cameras
from tests.servers.influxdb import influxdb, influxdb_server
from tests.servers.mosquitto import mosquitto
from tests.servers.postgresql import postgresql
from tests.servers.smtp import smtp
from tests.servers.victoria_metrics import victoria_metrics, victoria_metrics_server
from tests.wheel import wheel

__all__ = [
    "alertmanager",
    "gst_cameras",
    "influxdb",
    "influxdb_server",
    "mosquitto",
    "postgresql",
    "smtp",
    "start_gst_cameras",
    "victoria_metrics",
    "victoria_metrics_server",
    "wheel",
]
