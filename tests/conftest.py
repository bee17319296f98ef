"""Fixtures for every test: the real servers, the wheel and the foreign cameras. And Hypothesis's settings."""

import logging
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.prepared import peers, wheel
from tests.servers.alertmanager import alertmanager
from tests.servers.gst_cameras import gst_cameras, start_gst_cameras
from tests.servers.influxdb import influxdb, influxdb_server
from tests.servers.mosquitto import mosquitto
from tests.servers.postgresql import postgresql
from tests.servers.smtp import smtp
from tests.servers.victoria_metrics import victoria_metrics, victoria_metrics_server

__all__ = [
    "alertmanager",
    "gst_cameras",
    "influxdb",
    "influxdb_server",
    "mosquitto",
    "peers",
    "postgresql",
    "smtp",
    "start_gst_cameras",
    "victoria_metrics",
    "victoria_metrics_server",
    "wheel",
]

# A busy machine must not fail a test.
settings.register_profile("pantau", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pantau")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell without job control starts jobs with SIGINT ignored; every program under test would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Undo what a command that runs in the test's process sets for all of it: the log's level and handlers."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
