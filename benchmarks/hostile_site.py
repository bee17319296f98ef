"""One hostile site among fifty others: `python -m benchmarks.hostile_site [--minutes 10] [--json]`.

A site's login does all that mosquitto, as our role sets it up, lets it do, at full speed, while the agents of 50
other sites report and their cameras fail. Measured are how late each outage is told, what never arrives, and the
memory of broker and collector. It begins with a minute or more of calm, to compare with.

An outage is told when its notice comes to a webhook. By rules that wait for nothing that takes about two seconds
while it is calm: the collector looks each second, and opens an incident at the second look.
"""

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import tomli_w
from rich.console import Console
from rich.table import Table

from benchmarks.hostile_city import CAMERAS
from pantau_collector.intake.quarantine import CATCHING_UP_S
from pantau_collector.journal import JournalReader
from pantau_contract.errors import ContractError
from pantau_contract.messages import Telemetry
from pantau_contract.topics import parse_topic, site_of
from pantau_contract.wire import decode
from tests.servers.http import Quiet, serve
from tests.servers.process import Server, free_port
from tests.servers.role_broker import COLLECTOR, RoleBroker

SITES = 50
HOSTILE = "hostile"
MINUTES = 1.0
"""Minutes of attacks, unless `--minutes` is given; the promise is for 10."""
LATER_BY_S = 2.0
"""Seconds by which an outage may be told later than half of them were while it was calm."""
MAX_COLLECTOR_MB = 1000.0
MAX_BROKER_MB = 1000.0
_WEBHOOKS = 8
_ARRIVE_WITHIN_S = 120.0
"""Seconds without any missing batch arriving after which those that are missing count as lost."""
_AT_ONCE = {
    "settle_s": 0,
    "recovery_s": 0,
    "new_camera_grace_s": 0,
    "restart_grace_s": 0,
    "regroup_s": 0,
    "silence_factor": 100,
}


@dataclass
class Outages:
    """When each outage began, and when notices of its camera came (s since the epoch)."""

    began: list[tuple[str, str, float]] = field(default_factory=list)
    told: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def receive(self, body: Any) -> None:
        """Note the outages that a message to a webhook tells of."""
        now_s = time.time()
        for notice in body["notices"]:
            if notice["kind"] == "opened":
                for camera in notice["cameras"]:
                    self.told.setdefault((camera["site"], camera["id"]), []).append(now_s)

    def delays(self, from_s: float, to_s: float) -> tuple[list[float], int]:
        """Return how late those were told that began between two times, sorted, and how many never were."""
        began = [(site, camera, at) for site, camera, at in self.began if from_s <= at < to_s]
        told = [
            min((at - began_s for at in self.told.get((site, camera), []) if at >= began_s), default=None)
            for site, camera, began_s in began
        ]
        found = sorted(delay for delay in told if delay is not None)
        return found, len(told) - len(found)


class Memory:
    """The highest resident memory of processes (10^6 bytes), looked at twice a second."""

    def __init__(self, **pids: int) -> None:
        self._pids = pids
        self.highest_mb = dict.fromkeys(pids, 0.0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.5):
            for name, pid in self._pids.items():
                self.highest_mb[name] = max(self.highest_mb[name], _resident_mb(pid))


def _resident_mb(pid: int) -> float:
    """Return the resident memory of a process (proc(5), status), 0 if it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)


def make_collector(folder: Path, port: int, webhooks: list[int]) -> Server:
    """Return a collector that knows all cameras, and tells of each site at once, to one of the webhooks."""
    sites = [{"id": f"site{number}"} for number in range(SITES)] + [{"id": HOSTILE}]
    cameras = [{"site": site["id"], "id": f"cam{number}"} for site in sites for number in range(CAMERAS)]
    (folder / "inventory.toml").write_text(tomli_w.dumps({"site": sites, "camera": cameras}))
    recipients = [
        {
            "id": site["id"],
            "sites": [site["id"]],
            "hourly_limit": 10_000,
            "urls": [f"webhook://:secret@127.0.0.1:{webhook}/"],
        }
        for site, webhook in zip(sites, itertools.cycle(webhooks), strict=False)
    ]
    settings = {
        "data_dir": str(folder / "collector"),
        "inventory": "inventory.toml",
        "broker": {"port": port, "user": COLLECTOR, "password": COLLECTOR},
        "web": {"port": free_port()},
        "incidents": _AT_ONCE,
        "notices": {"gather_s": 0},
        "recipient": recipients,
    }
    config = folder / "collector.toml"
    config.touch(0o600)
    config.write_text(tomli_w.dumps(settings))
    log = folder / "collector.log"
    command = [sys.executable, "-m", "benchmarks.hostile_collector", "run", "--config", str(config)]
    return Server(command, ready=lambda: "connected to the broker" in log.read_text(), log=log)


@contextmanager
def receiving(outages: Outages) -> Iterator[list[int]]:
    """Receive what is sent to webhooks, and yield their ports."""

    class Receiver(Quiet, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            outages.receive(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

    with ExitStack() as stack:
        servers = [
            stack.enter_context(serve(ThreadingHTTPServer(("127.0.0.1", 0), Receiver))) for _ in range(_WEBHOOKS)
        ]
        yield [server.server_address[1] for server in servers]


class Trial:
    """The city, calm and then attacked; what happened when, and how many batches each site has made."""

    def __init__(
        self, folder: Path, port: int, seconds: float, only: str, outages: Outages, progress: Console
    ) -> None:
        self._attack = [sys.executable, "-m", "benchmarks.hostile_login", str(port), HOSTILE, str(seconds), only]
        self._calm_s = max(seconds / 4, CATCHING_UP_S + 5)
        self._city = [sys.executable, "-m", "benchmarks.hostile_city", str(port), str(folder), str(SITES)]
        self._city.append(str(self._calm_s + seconds + 5))
        self._outages = outages
        self._progress = progress
        self.batches: dict[str, int] = {}
        self.attacks: list[dict[str, Any]] = []
        self.began_s = self.attacked_s = self.over_s = 0.0

    @contextmanager
    def run(self) -> Iterator[None]:
        """Run until the sites report no more; they send what they have until the end of the block."""
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen(self._city, **pipes) as city:  # type: ignore[call-overload] # of text
            attack: subprocess.Popen[str] | None = None
            for line in city.stdout:
                self._read(json.loads(line))
                if self.batches:
                    break
                if attack is None and time.time() >= self.began_s + self._calm_s:
                    self._progress.log("the hostile site begins")
                    self.attacked_s = time.time()
                    attack = subprocess.Popen(self._attack, stdout=subprocess.PIPE, text=True)
            if attack is None:
                raise RuntimeError("the city ended before it was attacked")
            self.attacks = [json.loads(line) for line in attack.communicate()[0].splitlines()]
            self.over_s = time.time()
            yield
            city.communicate("\n", timeout=60)

    def _read(self, said: dict[str, Any]) -> None:
        if "since" in said:
            self._outages.began.append((said["site"], said["camera"], said["since"] / 1000))
        elif "batches" in said:
            self.batches = said["batches"]
        else:
            self._progress.log("the sites report; it is calm")
            self.began_s = time.time()


def batches_in(journal: Path) -> dict[str, set[int]]:
    """Return the `seq` of each site's batches in the collector's journal, but the hostile one's."""
    found: dict[str, set[int]] = {}
    reader = JournalReader(journal)
    position = reader.start
    while True:
        records, position = reader.read(position, 5000)
        if not records:
            return found
        for record in records:
            if not record.topic.endswith("/telemetry") or site_of(record.topic) == HOSTILE:
                continue
            try:
                message = decode(parse_topic(record.topic), record.payload)
            except ContractError:
                continue
            if isinstance(message, Telemetry):
                found.setdefault(message.site, set()).add(message.seq)


def count_lost(journal: Path, made: dict[str, int], progress: Console) -> int:
    """Wait until all batches are in the journal, and return how many are not."""
    changed_s = time.monotonic()
    missing = -1
    while missing and time.monotonic() - changed_s < _ARRIVE_WITHIN_S:
        found = batches_in(journal)
        now_missing = sum(len(set(range(count)) - found.get(site, set())) for site, count in made.items())
        if now_missing != missing:
            missing, changed_s = now_missing, time.monotonic()
            progress.log(f"{missing} batches have not arrived yet")
        if missing:
            time.sleep(2)
    return missing


def run(folder: Path, seconds: float, only: str, progress: Console) -> dict[str, Any]:
    """Run it all, and return the result."""
    outages = Outages()
    sites = [*(f"site{number}" for number in range(SITES)), HOSTILE]
    cameras = {site: [f"cam{number}" for number in range(CAMERAS)] for site in sites}
    (folder / "spools").mkdir()
    with ExitStack() as stack:
        webhooks = stack.enter_context(receiving(outages))
        broker = stack.enter_context(RoleBroker(folder / "broker", sites, pantau_broker_cameras=cameras))
        assert isinstance(broker, RoleBroker)
        collector = stack.enter_context(make_collector(folder, broker.collector_port, webhooks))
        memory = stack.enter_context(Memory(broker=broker.pid, collector=collector.pid))
        trial = Trial(folder / "spools", broker.port, seconds, only, outages, progress)
        with trial.run():
            lost = count_lost(folder / "collector" / "journal", trial.batches, progress)
        survived = broker.running and collector.running
    calm, calm_missing = outages.delays(trial.began_s, trial.attacked_s)
    attacked, missing = outages.delays(trial.attacked_s, trial.over_s)
    limit_s = statistics.median(calm) + LATER_BY_S
    result = {
        "seconds": seconds,
        "calm": _summary(calm, calm_missing, limit_s),
        "attacked": _summary(attacked, missing, limit_s),
        "batches": sum(trial.batches.values()),
        "batches_lost": lost,
        "collector_mb": round(memory.highest_mb["collector"]),
        "broker_mb": round(memory.highest_mb["broker"]),
        "survived": survived,
        "attacks": [
            each | {"max_s": max(outages.delays(each["from_s"], each["to_s"])[0], default=None)}
            for each in trial.attacks
        ],
    }
    return result | {"passed": _passed(result)}


def _summary(delays: list[float], missing: int, limit_s: float) -> dict[str, Any]:
    def at(share: float) -> float | None:
        return round(delays[min(len(delays) - 1, int(share * len(delays)))], 2) if delays else None

    return {
        "told": len(delays),
        "never_told": missing,
        "median_s": at(0.5),
        "p99_s": at(0.99),
        "max_s": at(1),
        "late": sum(delay > limit_s for delay in delays),
    }


def _passed(result: dict[str, Any]) -> bool:
    """Return True if the promise is kept."""
    attacked = result["attacked"]
    return bool(
        result["survived"]
        and attacked["told"]
        and not attacked["never_told"]
        and not attacked["late"]
        and not result["batches_lost"]
        and result["collector_mb"] <= MAX_COLLECTOR_MB
        and result["broker_mb"] <= MAX_BROKER_MB
    )


def _print(result: dict[str, Any]) -> None:
    table = Table("", "calm", "attacked")
    for name in ("told", "never_told", "median_s", "p99_s", "max_s", "late"):
        table.add_row(name, str(result["calm"][name]), str(result["attacked"][name]))
    for name in ("batches", "batches_lost", "collector_mb", "broker_mb", "survived", "passed"):
        table.add_row(name, "", str(result[name]))
    Console().print(table)
    sent = Table("attack", "messages", "MB", "messages/s", "told after, at most (s)")
    for each in result["attacks"]:
        rate = each["messages"] / (each["to_s"] - each["from_s"])
        worst = "no outage" if each["max_s"] is None else f"{each['max_s']:.2f}"
        row = (f"{each['messages']:,}", f"{each['mb']:,.0f}", f"{rate:,.0f}", worst)
        sent.add_row(each["attack"], *row)
    Console().print(sent)


def main() -> int:
    """Print the result; exit code 1 if the promise is broken."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hostile_site",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of attacks")
    parser.add_argument("--attack", default="", help="only those whose name contains this")
    parser.add_argument("--folder", type=Path, help="kept, with every log; a temporary one by default")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = run(folder, options.minutes * 60, options.attack, Console(stderr=True))
    if options.json:
        print(json.dumps(result))
    else:
        _print(result)
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
