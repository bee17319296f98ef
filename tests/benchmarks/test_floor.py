"""The floor of the benchmark of watching: what it measures, and what becomes of it where it cannot be compiled."""

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from benchmarks.watchers import floor
from benchmarks.watching import FLOOR, OURS, SUB, Cost, commands, relative

TIMEOUT_S = 60
"""Seconds after which a busy machine counts as hung."""


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_loop_receives_all_that_comes_and_ends_with_its_connection(tmp_path: Path) -> None:
    program = floor.compile_loop(tmp_path)
    assert program is not None
    camera, watcher = socket.socketpair()
    camera.settimeout(TIMEOUT_S)
    with camera, watcher:
        command = [str(program), str(watcher.fileno())]
        with subprocess.Popen(command, pass_fds=[watcher.fileno()]) as process:
            watcher.close()
            camera.sendall(bytes(8 << 20))  # more than the socket holds: it must be read
            assert process.poll() is None
            camera.close()
            assert process.wait(TIMEOUT_S) == 1


def test_without_a_compiler_there_is_no_floor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert floor.compile_loop(tmp_path) is None
    assert FLOOR not in commands(["rtsp://camera/1"], None)


def test_costs_are_relative_to_ours_and_to_the_floor() -> None:
    costs = [
        Cost(SUB.name, FLOOR, 64, 0.2, 1),
        Cost(SUB.name, OURS, 64, 0.5, 60),
        Cost(SUB.name, "other", 64, 2, 9),
    ]
    assert [(cost.ratio, cost.of_floor) for cost in relative(costs)] == [(0.4, 1), (1, 2.5), (4, 10)]
    assert [(cost.ratio, cost.of_floor) for cost in relative(costs[1:])] == [(1, None), (4, None)]
