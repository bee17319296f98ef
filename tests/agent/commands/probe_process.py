"""Runs `pantau-agent probe` in a process of its own."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Run(NamedTuple):
    """The exit code and the output of one run."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """The JSON object that it printed."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


async def start_probe(
    *arguments: str, password: str | None = None, out: int = -1, path: Path | None = None
) -> asyncio.subprocess.Process:
    """Start the command.

    `out` is a file descriptor for standard output, or a pipe by default; `path` is searched for modules first.
    """
    environment = {
        name: value for name, value in os.environ.items() if name not in {"LANG", "LC_ALL", "LC_MESSAGES"}
    }
    if password is not None:
        environment["PANTAU_CAMERA_PASSWORD"] = password
    if path is not None:
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(path), environment.get("PYTHONPATH"))))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pantau_agent", "probe", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=out,
        stderr=asyncio.subprocess.PIPE,
        env=environment,
    )


async def probe(*arguments: str, password: str | None = None, path: Path | None = None) -> Run:
    """Run the command to its end."""
    process = await start_probe(*arguments, password=password, path=path)
    out, err = await process.communicate()
    assert process.returncode is not None
    return Run(process.returncode, out.decode(), err.decode())
