"""Each fault of the picture that simcam makes, from its stream to the collector's word and back to health."""

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
"""Samples with evidence of a cover, one each second: that many pictures' half, and the view is known."""


class Cameras:
    """Simcam's, by the fault that each is to have; those are set and cleared over its control interface."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        self._control = said["control"]
        self._names = dict(zip(FAULTS, said["cameras"], strict=True))
        self.urls = {fault: said["cameras"][name] for fault, name in self._names.items()}

    def set(self, fault: Fault) -> None:
        self._ask(fault, "PUT", json.dumps({"fault": fault.value}).encode())

    def clear(self, fault: Fault) -> None:
        self._ask(fault, "DELETE", None)

    def _ask(self, fault: Fault, method: str, body: bytes | None) -> None:
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
        assert until(lambda: city.is_well(FAULTS), within_s=180), city.states()

        def learned() -> bool:
            counts = influxdb.query("SELECT count(evidence_covered) FROM camera GROUP BY camera")
            return len(counts) == len(FAULTS) and all(row["count"] >= LEARNED for row in counts)

        assert until(learned, within_s=400), "the evidence of each camera reaches the database"
        assert city.is_well(FAULTS), city.states()

        for fault in FAULTS:
            cameras.set(fault)

        def named() -> dict[str, str | None]:
            return {camera: cause for camera, (_, cause) in city.states().items()}

        def right() -> bool:
            said = named()
            return all(said[str(fault)] in causes for fault, causes in FAULTS.items())

        assert until(right, within_s=300), named()

        for fault in FAULTS:
            cameras.clear(fault)
        assert until(lambda: city.is_well(FAULTS), within_s=300), city.states()
