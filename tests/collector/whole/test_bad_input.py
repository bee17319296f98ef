"""A whole collector under messages that no agent should send, and on a full disk."""

import json
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pantau_collector.journal import JournalReader
from pantau_contract.messages import CameraState, Sample, Telemetry
from pantau_contract.states import Cause, State
from pantau_contract.topics import Topic, TopicKind
from pantau_contract.wire import encode
from tests.collector.intake.messages import Publisher
from tests.collector.test_cli import dead_letters
from tests.collector.whole.city import Agent, Collector, now_ms
from tests.servers.mosquitto import Mosquitto
from tests.servers.process import until
from tests.servers.programs import skip_without_privileges
from tests.servers.screen import asked

YEAR_1970, YEAR_2100, LATEST = 5_000, 4_102_444_800_000, (1 << 53) - 1
LARGE = 100 << 20


def get(collector: Collector, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(asked(f"http://127.0.0.1:{collector.port}{path}"), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def metric(collector: Collector, name: str) -> float:
    lines = get(collector, "/metrics")[1].splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def city(collector: Collector) -> dict[str, Any]:
    sites = json.loads(get(collector, "/api/city")[1])["sites"]
    return {site["id"]: site for site in sites}


@pytest.fixture
def collector(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Collector]:
    with Collector(tmp_path / "collector", mosquitto.port) as collector:
        assert isinstance(collector, Collector)
        yield collector


def test_a_message_of_100_mb_is_set_aside_and_the_rest_goes_on(collector: Collector, mosquitto: Mosquitto) -> None:
    with Publisher(mosquitto.port) as publisher:
        publisher.send("pantau/v1/kabil/telemetry", b"[" * LARGE)
        Agent(publisher).batch()
    assert until(lambda: metric(collector, "pantau_intake_journaled_total") == 1, every_s=0.1)
    assert until(lambda: metric(collector, "pantau_intake_dead_letters_total") == 1, every_s=0.1)
    (letter,) = dead_letters(collector.data)
    assert LARGE <= letter["size"] < LARGE + 100, "with its topic and header"
    assert "over the limit" in letter["reason"]
    assert len(letter["payload"]) < 100_000


def test_a_broker_with_a_limit_lets_no_such_message_through(tmp_path: Path) -> None:
    settings = "allow_anonymous true\nmessage_size_limit 8388608\n"
    with (
        Mosquitto(tmp_path / "limited", settings=settings) as broker,
        Collector(tmp_path / "collector", broker.port) as collector,
    ):
        assert isinstance(collector, Collector)
        assert isinstance(broker, Mosquitto)
        with Publisher(broker.port) as publisher:
            publisher.send("pantau/v1/kabil/telemetry", b"x" * (9 << 20))
            Agent(publisher).batch()
        assert until(lambda: metric(collector, "pantau_intake_journaled_total") == 1, every_s=0.1)
        assert metric(collector, "pantau_intake_messages_total") == 1


@pytest.mark.parametrize("wrong", [YEAR_1970, YEAR_2100, LATEST])
def test_impossible_times_are_shown_as_now_and_break_no_page(
    collector: Collector, mosquitto: Mosquitto, wrong: int
) -> None:
    now = now_ms()
    samples = (
        Sample("cam1", wrong, State.DOWN, wrong, Cause.STALLED),
        Sample("cam2", now, State.DOWN, wrong, Cause.STALLED),
        Sample("cam3", now, State.OK, now),
    )
    batches = (
        Telemetry("kabil", "b1", 1, wrong, 0, True, 30, samples),
        Telemetry("nongsa", "b1", 1, now, 0, True, 30, samples),
    )
    with Publisher(mosquitto.port) as publisher:
        for batch in batches:
            publisher.send(str(Topic(batch.site, TopicKind.TELEMETRY)), encode(batch))
        told = CameraState("nongsa", "cam4", "b1", 2, wrong, State.DOWN, wrong, Cause.REFUSED)
        publisher.send(str(Topic("nongsa", TopicKind.STATE, "cam4")), encode(told))
    assert until(lambda: len(city(collector).get("nongsa", {}).get("cameras", ())) == 4, every_s=0.1)
    for site in city(collector).values():
        for camera in site["cameras"]:
            assert now - 60_000 < camera["since_ms"] < now + 660_000, camera
            assert now - 60_000 < camera["sample_ms"] < now + 660_000 or camera["id"] == "cam4", camera
    for page in ("/", "/?lang=en", "/api/incidents", "/metrics"):
        assert get(collector, page)[0] == 200
    assert "Traceback" not in collector.new_log()


def test_a_sequence_that_runs_back_costs_no_sample_and_is_no_gap(
    collector: Collector, mosquitto: Mosquitto
) -> None:
    with Publisher(mosquitto.port) as publisher:
        for seq in (5, 6, 3, 4, 7, 6, 1, 2, 0):
            batch = Telemetry("kabil", "b1", seq, now_ms(), 0, True, 30, ())
            publisher.send(str(Topic("kabil", TopicKind.TELEMETRY)), encode(batch))
    assert until(lambda: metric(collector, "pantau_intake_journaled_total") == 8, every_s=0.1)
    assert metric(collector, "pantau_intake_duplicates_total") == 1
    assert until(lambda: city(collector).get("kabil", {}).get("gaps") == 0)


def test_a_site_that_invents_cameras_is_stopped_and_the_others_are_not(
    collector: Collector, mosquitto: Mosquitto
) -> None:
    with Publisher(mosquitto.port) as publisher:
        for seq in range(12):
            samples = tuple(
                Sample(f"x{seq * 100 + i}", now_ms(), State.DOWN, now_ms(), Cause.BLACK) for i in range(100)
            )
            batch = Telemetry("kabil", "b1", seq, now_ms(), 0, True, 30, samples)
            publisher.send(str(Topic("kabil", TopicKind.TELEMETRY)), encode(batch))
        Agent(publisher, "nongsa").batch()
    assert until(lambda: metric(collector, "pantau_intake_dead_letters_total") == 2, every_s=0.1)
    assert until(lambda: len(city(collector).get("nongsa", {}).get("cameras", ())) == 4, every_s=0.1)
    assert len(city(collector)["kabil"]["cameras"]) == 1000


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        skip_without_privileges(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_told_and_nothing_is_acknowledged_until_there_is_room(
    tmp_path: Path, mosquitto: Mosquitto, small_disk: Path
) -> None:
    collector = Collector(tmp_path / "collector", mosquitto.port, data_dir=str(small_disk))
    with Publisher(mosquitto.port) as publisher, collector:
        agent = Agent(publisher)
        agent.birth()
        agent.batch()
        assert until(lambda: metric(collector, "pantau_intake_journaled_total") == 2)
        filler = small_disk / "filler"
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], capture_output=True, check=False)
        for _ in range(100):
            agent.batch()
        assert until(lambda: get(collector, "/healthz")[0] == 503, every_s=0.1)
        assert until(lambda: "journal_failing" in get(collector, "/healthz")[1], every_s=0.1)
        assert metric(collector, "pantau_intake_acknowledged_total") < 102
        filler.unlink()
        assert until(lambda: metric(collector, "pantau_intake_acknowledged_total") == 102, every_s=0.1)
        assert until(lambda: get(collector, "/healthz")[0] == 200, every_s=0.1), get(collector, "/healthz")
        records, _ = JournalReader(small_disk / "journal").read(0, 1000)
        assert sum(record.topic.endswith("/telemetry") for record in records) == 101
