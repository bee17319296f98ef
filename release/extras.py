"""Starts each program in an environment that holds its lock and the wheel, nothing else (`make extras`)."""

import subprocess
import sys
import tempfile
from pathlib import Path

from release.paths import LOCKS, ROOT

PROGRAMS = {
    "agent": ("pantau-agent", ("check", "--config", "agent/agent.example.toml")),
    "collector": ("pantau-collector", ("check", "--config", "collector/collector.example.toml")),
    "collector-postgresql": ("pantau-collector", ("check", "--config", "collector/collector.example.toml")),
    "demo": ("pantau-demo", ("--help",)),
}
"""By the lock's name, the program that its extra is for, and a command that imports all of it."""
_WRONG_CONFIGURATION = 2
"""Exit code of `check` where the example names files that only a real site has: everything was imported."""


def start(name: str, wheel: Path, folder: Path) -> None:
    """Make the environment of a lock, and start its program there.

    Raises:
        subprocess.CalledProcessError: it cannot be made.
        SystemExit: the program does not start.
    """
    program, command = PROGRAMS[name]
    python = folder / "bin/python"
    uv = [sys.executable, "-m", "uv"]
    install = [*uv, "pip", "install", "--quiet", "--no-config", "--python", str(python)]
    subprocess.run([*uv, "venv", "--quiet", "--no-config", "--python", sys.executable, str(folder)], check=True)
    lock = str(LOCKS / f"{name}.txt")
    subprocess.run([*install, "--only-binary", ":all:", "--require-hashes", "--requirements", lock], check=True)
    subprocess.run([*install, "--no-deps", "--no-index", str(wheel)], check=True)
    for arguments in (("--version",), command):
        done = subprocess.run(
            [str(folder / "bin" / program), *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
        started = done.returncode == 0 or (arguments == command and done.returncode == _WRONG_CONFIGURATION)
        if not started or "Traceback" in done.stderr:
            raise SystemExit(
                f"{name}: {program} {' '.join(arguments)} ends with {done.returncode}:\n{done.stderr}"
            )
    print(f"{name}: {program} starts")


def main() -> None:
    """Start all of them, from the wheel that `make wheel` has built."""
    wheels = sorted((ROOT / "build/wheel").glob("pantau-*.whl"))
    if not wheels:
        raise SystemExit("build/wheel is empty: make wheel")
    for name in PROGRAMS:
        with tempfile.TemporaryDirectory(prefix=f"pantau-{name}-") as folder:
            start(name, wheels[-1], Path(folder))


if __name__ == "__main__":
    main()
