"""Where a server's program is, and what to do where it is absent."""

import os
import shutil
from typing import NoReturn

import pytest

_HOW = "on Debian: sudo make servers"


def need(program: str, *, path: str | None = None) -> str:
    """The program's path. Where it is absent the test fails in CI, and is skipped elsewhere."""
    found = shutil.which(program, path=path or f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        absent(f"{program} is not installed ({_HOW})")
    return found


def absent(what: str) -> NoReturn:
    """Ends the test: failed in CI, skipped elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)
