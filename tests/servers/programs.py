"""Where a server's program is, and what to do where it is absent, or the machine does not let it be used."""

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


def forbidden(what: str) -> NoReturn:
    """Skips the test, in CI too: the machine, as a container without privileges, does not let anybody do it."""
    pytest.skip(f"{what}; it needs root, and a machine that lets root do it")
