"""Find the programs of servers, and decide whether a test without one fails or is skipped."""

import os
import shutil
from typing import NoReturn

import pytest

_INSTALLATION = "on Debian: sudo make servers"


def require_program(program: str, *, path: str | None = None) -> str:
    """Return the program's path; without it the test fails in CI and is skipped elsewhere."""
    found = shutil.which(program, path=path or f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        fail_or_skip(f"{program} is not installed ({_INSTALLATION})")
    return found


def fail_or_skip(what: str) -> NoReturn:
    """Fail the test in CI, skip it elsewhere; `what` says what is missing."""
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def skip_without_privileges(what: str) -> NoReturn:
    """Skip the test, in CI too, because this machine (an unprivileged container) does not permit what it needs."""
    pytest.skip(f"{what}; the test needs root on a machine that permits it")
