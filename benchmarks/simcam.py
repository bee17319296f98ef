"""Measures what simulated cameras cost: `python -m benchmarks.simcam --cameras 200 --seconds 10`."""

import argparse
import json
import selectors
import socket
import subprocess
import sys
import time

import psutil

from benchmarks.plain_session import play


def main() -> int:
    """Start the cameras, read one session of each, and print what that cost the cameras."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    command = [sys.executable, "-m", "pantau_simcam", "--cameras", str(options.cameras), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            urls = json.loads(process.stdout.readline())["cameras"].values()
            clients = [play(url) for url in urls]
            print(_row(process.pid, clients, options.seconds))
        finally:
            process.terminate()
    return 0


def _row(pid: int, clients: list[socket.socket], seconds: float) -> str:
    simcam = psutil.Process(pid)
    _drain(clients, 3)
    before, began = simcam.cpu_times(), time.monotonic()
    received = _drain(clients, seconds)
    took, after = time.monotonic() - began, simcam.cpu_times()
    cpu = (after.user + after.system - before.user - before.system) / took
    return (
        "| cameras | received | CPU, of one core | CPU per camera-second | resident |\n"
        "| --- | --- | --- | --- | --- |\n"
        f"| {len(clients)} | {received * 8 / took / 1e6:.0f} Mbit/s | {cpu:.0%} "
        f"| {cpu / len(clients) * 1000:.2f} ms "
        f"| {simcam.memory_info().rss / 1e6:.0f} MB |"
    )


def _drain(clients: list[socket.socket], seconds: float) -> int:
    received, end = 0, time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for client in clients:
            client.setblocking(False)
            selector.register(client, selectors.EVENT_READ)
        while time.monotonic() < end:
            for key, _ in selector.select(0.1):
                assert isinstance(key.fileobj, socket.socket)
                received += len(key.fileobj.recv(1 << 18))
    return received


if __name__ == "__main__":
    sys.exit(main())
