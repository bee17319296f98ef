"""`pantau-agent probe` as a program of its own."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Ran(NamedTuple):
    """What came of one run."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> dict[str, Any]:
        """The JSON object it printed."""
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


async def begun(
    *arguments: str, password: str | None = None, out: int = -1, path: Path | None = None
) -> asyncio.subprocess.Process:
    """It runs; `out` is a file descriptor for what it prints, or a pipe; `path` is searched for modules first."""
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


async def probe(*arguments: str, password: str | None = None, path: Path | None = None) -> Ran:
    """It has run."""
    process = await begun(*arguments, password=password, path=path)
    out, err = await process.communicate()
    assert process.returncode is not None
    return Ran(process.returncode, out.decode(), err.decode())
