"""Fixtures for every test: the real servers, and the wheel. And what Hypothesis asks of every machine."""

from hypothesis import HealthCheck, settings

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

# A machine that is busy with other things is no failure.
settings.register_profile("pantau", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pantau")
