"""Test each fault of the picture that simcam simulates, from the stream to the wall and back to health."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from pantau_contract.states import Cause
from pantau_simcam import Fault
from tests.end_to_end.test_city import City
from tests.servers.influxdb import Database
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until
from tests.servers.smtp import Mailbox

FAULTS = {
    Fault.BLACK: {Cause.BLACK},
    Fault.OVEREXPOSED: {Cause.OVEREXPOSED},
    Fault.FREEZE: {Cause.FROZEN},
    Fault.NO_SIGNAL: {Cause.NO_SIGNAL},
    Fault.DEFOCUSED: {Cause.DEFOCUSED},
    Fault.COVERED: {Cause.COVERED},
    Fault.MOVED: {Cause.MOVED},
    Fault.COLOUR_CAST: {Cause.COLOUR_CAST},
    Fault.NOISY: {Cause.NOISY},
    Fault.CORRUPT: {Cause.CORRUPTED, Cause.UNDECODABLE},
}
LEARNED = 40
"""Samples, one a second, with evidence of a covered lens, after which the agent has learned the view: it takes 20
pictures, and one picture is taken every 2 s."""


class Cameras:
    """Simcam's cameras, one for each fault; faults are set and cleared over its control interface."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        listing = json.loads(process.stdout.readline())
        self._control = listing["control"]
        self._names = dict(zip(FAULTS, listing["cameras"], strict=True))
        self.urls = {fault: listing["cameras"][name] for fault, name in self._names.items()}

    def set(self, fault: Fault) -> None:
        self._request(fault, "PUT", json.dumps({"fault": fault.value}).encode())

    def clear(self, fault: Fault) -> None:
        self._request(fault, "DELETE", None)

    def _request(self, fault: Fault, method: str, body: bytes | None) -> None:
        url = f"{self._control}/cameras/{self._names[fault]}/fault"
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=60):
            pass


@pytest.fixture
def cameras() -> Iterator[Cameras]:
    command = [sys.executable, "-m", "pantau_simcam", "--json", "--port-per-camera", "--control-port", "0"]
    command += ["--cameras", str(len(FAULTS)), "--fps", "5", "--bitrate", "150"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield Cameras(process)
        process.terminate()


def test_each_fault_of_the_picture_is_named_to_the_collector_and_clears(
    tmp_path: Path, mosquitto: Mosquitto, influxdb: Database, smtp: Mailbox, cameras: Cameras
) -> None:
    city = City(tmp_path, mosquitto, influxdb, smtp, list(FAULTS))
    ours = [{"id": str(fault), "url": url, "picture": {"learning_h": 0}} for fault, url in cameras.urls.items()]
    with city.collector, city.agent(ours):
        assert until(lambda: city.is_healthy(FAULTS), within_s=180), city.states()

        def learned() -> bool:
            counts = influxdb.query("SELECT count(evidence_covered) FROM camera GROUP BY camera")
            return len(counts) == len(FAULTS) and all(row["count"] >= LEARNED for row in counts)

        assert until(learned, within_s=400), "each camera's evidence is in the database"
        assert city.is_healthy(FAULTS), city.states()

        for fault in FAULTS:
            cameras.set(fault)

        def causes() -> dict[str, str | None]:
            return {camera: cause for camera, (_, cause) in city.states().items()}

        def as_expected() -> bool:
            reported = causes()
            return all(reported[str(fault)] in expected for fault, expected in FAULTS.items())

        assert until(as_expected, within_s=300), causes()

        for fault in FAULTS:
            cameras.clear(fault)
        assert until(lambda: city.is_healthy(FAULTS), within_s=300), city.states()
