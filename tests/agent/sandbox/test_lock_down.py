"""What a process can still do after it has locked itself down, tried in a process of its own."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from pantau_agent.clock import SystemClock
from pantau_agent.picture.decoder import Decoder
from pantau_agent.sandbox import child
from pantau_agent.streams.keyframe import Keyframe
from tests.agent.rtsp.footage import encoded

TRY = """
import ctypes, json, mmap, os, signal, socket, sys, threading
from pantau_agent.sandbox.lock_down import CONNECTING, PURE, lock_down

def outcome(action):
    try:
        action()
    except OSError as error:
        return error.errno
    return 0

def started(target):
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()

def connect(port):
    with socket.socket() as connected:
        connected.connect(("127.0.0.1", port))
        connected.sendall(b"x")

listening = socket.create_server(("127.0.0.1", 0))
port = listening.getsockname()[1]
unfiltered = lock_down({allowed}, memory=256 << 20)
libc = ctypes.CDLL(None, use_errno=True)
print(json.dumps({{
    "unfiltered": unfiltered,
    "read a file": outcome(lambda: open("/etc/passwd")),
    "write a file": outcome(lambda: open("/tmp/pantau-locked-down", "w")),
    "list a folder": outcome(lambda: os.listdir("/")),
    "start a process": outcome(os.fork),
    "run a program": outcome(lambda: os.execv("/bin/true", ["true"])),
    "signal another process": outcome(lambda: os.kill(os.getppid(), 0)),
    "look into another process": libc.ptrace(16, os.getppid(), 0, 0),
    "make memory executable": outcome(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)),
    "a local socket": outcome(lambda: socket.socket(socket.AF_UNIX)),
    "a socket": outcome(lambda: socket.socket(socket.AF_INET)),
    "connect": outcome(lambda: connect(port)),
    "start a thread": outcome(lambda: started(lambda: None)),
}}), flush=True)
"""
EPERM = 1
FORBIDDEN = {
    "read a file": EPERM,
    "write a file": EPERM,
    "list a folder": EPERM,
    "start a process": EPERM,
    "run a program": EPERM,
    "signal another process": EPERM,
    "look into another process": -1,
    "make memory executable": EPERM,
    "a local socket": EPERM,
}


def tried(allowed: str) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-c", TRY.format(allowed=allowed)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    outcomes: dict[str, int] = json.loads(done.stdout)
    if outcomes.pop("unfiltered"):
        pytest.skip("this kernel filters no system calls")
    return outcomes


def test_a_process_that_only_computes_can_do_nothing_else() -> None:
    network = {"a socket": EPERM, "connect": EPERM}
    assert tried("PURE") == FORBIDDEN | network | {"start a thread": 0}


def test_a_process_that_connects_can_do_that_beside() -> None:
    assert tried("CONNECTING") == FORBIDDEN | {"a socket": 0, "connect": 0, "start a thread": 0}


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def environment_of(pid: int) -> set[str]:
    entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return {entry.partition("=")[0] for entry in entries if entry}


def files_of(pid: int) -> list[str]:
    return [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()]


async def test_the_decode_worker_has_no_rights_no_environment_and_no_files_but_its_pipes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/pantau-agent.service")
    monkeypatch.setenv("PANTAU_AGENT_BROKER__PASSWORD", "secret-one")
    async with Decoder(SystemClock()) as decoder:
        assert (await decoder.judge("gate", Keyframe("h264", encoded()[0]))).error is None
        assert decoder._worker is not None
        pid = decoder._worker.process.pid
        status = status_of(pid)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        assert {status[name] for name in ("CapEff", "CapPrm", "CapInh", "CapAmb")} == {"0" * 16}
        assert "0" not in status["Uid"].split()
        assert environment_of(pid) <= {"PYTHONPATH"}
        assert {kind.partition(":")[0] for kind in files_of(pid)} <= {"pipe", "socket"}
        assert os.getsid(pid) == pid


async def test_a_process_is_nobody_before_it_runs_where_this_is_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    script = "import os; print(os.getresuid(), os.getresgid(), os.getgroups())"
    process = await child.start([sys.executable, "-c", script])
    out, _ = await process.communicate()
    assert out.decode().split("\n")[0] == f"{(65534,) * 3} {(65534,) * 3} []"


def test_a_rare_path_of_the_judge_needs_nothing_that_was_not_loaded_before() -> None:
    """A view that has turned is searched for by Fourier transforms, and an explanation is drawn."""
    script = textwrap.dedent("""
        import pantau_agent.picture.worker as worker
        from pantau_contract.words.evidence import detail
        from pantau_agent.picture.exchange import Job
        from pantau_agent.picture.settings import PictureSettings
        from pantau_agent.sandbox.lock_down import PURE, lock_down
        from tests.agent.picture.street import Street
        from tests.agent.picture.test_view import shifted
        detail("no_picture")
        pool, street = worker.JudgePool(), Street()
        shown = [street.picture(k) for k in range(20)] + [shifted(street, k) for k in range(20, 30)]
        lock_down(PURE, memory=512 << 20)
        for k, picture in enumerate(shown):
            settings = PictureSettings(learning_s=0)
            job = Job(k, "gate", "h264", b"", k * 30_000, 30, False, settings, kept=True, explain=k == 29)
            outcome = pool.judge(job, picture, damaged=False)
        print(outcome.verdict.cause, len(outcome.explanation.jpeg) > 1000, len(list(pool.memories())[0]["gate"])
        > 1000)
    """)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "moved True True\n", done.stderr
